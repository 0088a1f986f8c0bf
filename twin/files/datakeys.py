"""Keys of personal data: files beside the twin, wrapped by the master key, in no store and in no backup.

They lie in ``x.keys/data/`` with the ledger of deletions, and as a copy in a second place where one is configured
(``TWIN_DELETIONS``, best on another disk). The master key is ``TWIN_MASTER_KEY`` by reference, else a key the twin made
for itself in ``x.keys/``; it is not in the second place.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import logging
import secrets
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from twin.errors import ConflictError, ParameterError, StoreError
from twin.files import ledger
from twin.files.ledger import Deletion, private_folder
from twin.files.sealing import KEY
from twin.keys import KeyFolder, read_secret
from twin.settings import DELETIONS, MASTER_KEY

_log = logging.getLogger(__name__)
_MAGIC = b"TWK1"
_NONCE = 12
_MARK = 8
_SHORTEST_SECRET = 32
MASTER: Final = "master"


@dataclass(frozen=True, slots=True)
class SafeSettings:
    """Where the master key comes from, and the second place.

    Parameters
    ----------
    master_key
        Reference (``env:NAME``, ``file:/path``); ``""``: the twin's own.
    deletions
        Folder of the second place; ``""``: none.
    environ
        Variables that a reference may name.
    """

    master_key: str = field(default="", repr=False)
    deletions: str = ""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)


def safe_of(environ: Mapping[str, str]) -> SafeSettings:
    """Settings as the environment gives them."""
    return SafeSettings(environ.get(MASTER_KEY.variable, ""), environ.get(DELETIONS.variable, ""), environ)


class DataKeys:
    """The folder of data keys of one twin.

    Parameters
    ----------
    own
        The twin's keys (``x.keys/``).
    safe
        Settings.
    twin_id
        Names the twin's folder in the second place.
    """

    def __init__(self, own: KeyFolder, safe: SafeSettings, twin_id: str) -> None:
        self.own = own
        self.folder = own.folder / "data"
        self._keys = KeyFolder(self.folder)
        self._safe = safe
        self.second = Path(safe.deletions) / twin_id if safe.deletions else None
        self._derived: dict[bytes, bytes] = {}

    # -- the master key -----------------------------------------------------------------------------------------

    def _derive(self, purpose: bytes) -> bytes:
        """A key from the master key for one purpose."""
        if purpose not in self._derived:
            kdf = HKDF(algorithm=SHA256(), length=KEY, salt=None, info=b"twin master " + purpose)
            self._derived[purpose] = kdf.derive(self._master())
        return self._derived[purpose]

    def _master(self) -> bytes:
        reference = self._safe.master_key
        if not reference:
            if self.own.read(MASTER) is None and self.ids():
                raise StoreError(
                    f"there are keys of personal data in {self.folder} and no master key",
                    hint="Set TWIN_MASTER_KEY, or bring back the file 'master' of the keys folder.",
                )
            return self.own.get_or_make(MASTER)
        value = read_secret(reference, environ=self._safe.environ, where="TWIN_MASTER_KEY")
        if len(value) < _SHORTEST_SECRET:
            raise ParameterError(
                f"the master key has fewer than {_SHORTEST_SECRET} characters",
                where="TWIN_MASTER_KEY",
                hint="Make one with: openssl rand -hex 32",
            )
        return value.encode()

    def name_of(self, subject: str) -> str:
        """The keyed hash that stands for a subject; without the master key it says nothing."""
        text = unicodedata.normalize("NFC", subject).strip()
        if not text:
            raise ParameterError("a subject is needed", where="subject")
        return hmac.new(self._derive(b"subjects"), text.encode(), hashlib.sha256).hexdigest()[:32]

    # -- keys -----------------------------------------------------------------------------------------------------

    def ids(self) -> set[str]:
        """Ids of the keys there are."""
        return {name for name in self._keys.names() if is_key_id(name)}

    def make(self) -> tuple[str, bytes]:
        """A new key, kept in both places before it is used; its id and the key."""
        key_id, key = secrets.token_hex(16), secrets.token_bytes(KEY)
        wrapped = self._wrap(key_id, key)
        private_folder(self.folder)
        self._keys.add(key_id, wrapped)
        if self.second is not None:
            with _reached(self.second):
                private_folder(self.second)
                KeyFolder(self.second).add(key_id, wrapped)
        return key_id, key

    def read(self, key_id: str) -> bytes | None:
        """A key; ``None`` if it is not here."""
        wrapped = self._keys.read(key_id)
        return None if wrapped is None else self._unwrap(key_id, wrapped)

    def destroy(self, deletions: Sequence[Deletion]) -> None:
        """Write deletions into the ledger, then destroy the keys, in both places."""
        ledger.append(self.folder, deletions)
        for key_id in (d.key for d in deletions):
            self._keys.destroy(key_id)
        self.settle(d.key for d in deletions)

    def deleted(self) -> dict[str, Deletion]:
        """Every deletion of the ledger, by key."""
        return {d.key: d for d in ledger.read(self.folder)[0]}

    # -- the second place -----------------------------------------------------------------------------------------

    def settle(self, destroyed: Iterable[str] = ()) -> None:
        """Tell the second place of the ledger, and destroy keys there; what it missed is made good by :meth:`sync`."""
        if self.second is None:
            return
        with _reached(self.second):
            ledger.copy_on(self.folder, self.second)
            there = KeyFolder(self.second)
            for key_id in destroyed:
                there.destroy(key_id)

    def sync(self) -> list[str]:
        """Make both places agree with the ledger and each other; what could not be done, as sentences."""
        for key_id in self.ids() & self.deleted().keys():
            self._keys.destroy(key_id)
        if self.second is None:
            return []
        try:
            ledger.copy_on(self.folder, self.second)
            there, here = KeyFolder(self.second), self.ids()
            known = {name for name in there.names() if is_key_id(name)}
            for key_id in known & self.deleted().keys():
                there.destroy(key_id)
            for key_id in here - known:
                wrapped = self._keys.read(key_id)
                if wrapped is not None:
                    with contextlib.suppress(ConflictError):
                        there.add(key_id, wrapped)
        except (OSError, StoreError) as exc:
            return [f"the second place {self.second} does not follow: {exc}"]
        return []

    def behind(self) -> str:
        """What the second place lacks; ``""`` if nothing, or if there is none."""
        if self.second is None:
            return ""
        try:
            if ledger.mark(self.second) != ledger.mark(self.folder):
                return "its ledger of deletions is older"
            missing = self.ids() - set(KeyFolder(self.second).names())
        except (OSError, StoreError) as exc:
            return str(exc)
        return f"{len(missing)} keys are not in it" if missing else ""

    # -- wrapping --------------------------------------------------------------------------------------------------

    def _wrap(self, key_id: str, key: bytes) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCM(self._derive(b"wrap")).encrypt(nonce, key, key_id.encode())
        return _MAGIC + self._derive(b"mark")[:_MARK] + nonce + sealed

    def _unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        mark, rest = wrapped[len(_MAGIC) : len(_MAGIC) + _MARK], wrapped[len(_MAGIC) + _MARK :]
        if not wrapped.startswith(_MAGIC) or len(rest) != _NONCE + KEY + 16:
            raise StoreError(f"the key {key_id} in {self.folder} is damaged")
        if mark != self._derive(b"mark")[:_MARK]:
            raise StoreError(
                f"the key {key_id} was wrapped by another master key", hint="Set TWIN_MASTER_KEY as it was then."
            )
        try:
            return AESGCM(self._derive(b"wrap")).decrypt(rest[:_NONCE], rest[_NONCE:], key_id.encode())
        except InvalidTag as exc:
            raise StoreError(f"the key {key_id} in {self.folder} is damaged") from exc


def is_key_id(name: str) -> bool:
    """Whether a file's name is that of a data key."""
    return len(name) == 2 * 16 and all(c in "0123456789abcdef" for c in name)


@contextlib.contextmanager
def _reached(place: Path) -> Iterator[None]:
    """The first place is right whatever happens in the second; doctor says it is behind, sync makes it good."""
    try:
        yield
    except (OSError, StoreError, ConflictError) as exc:
        _log.warning("second place %s: %s", place, exc)
