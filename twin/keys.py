"""Secrets by reference, and the folder of a twin's own keys. A secret is never logged, printed or backed up.

A setting names a secret as ``env:NAME`` (a variable holds it) or ``file:/path`` (a file only its owner may read).
Keys the twin makes for itself lie in a folder beside it (``x.keys/``, mode 0700), one file each (mode 0600).
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from twin.errors import ConflictError, ParameterError, StoreError

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")


def read_secret(reference: str, *, environ: Mapping[str, str], where: str) -> str:
    """The secret that a setting refers to, without the line end of its file.

    Raises
    ------
    ParameterError
        If ``reference`` is no reference (a secret itself is refused), or nothing is there. The text never holds
        the secret.
    """
    scheme, _, rest = reference.partition(":")
    if scheme == "env" and rest:
        value = environ.get(rest, "")
        if not value:
            raise ParameterError(f"the variable {rest} is not set", where=where, hint="It must hold the secret.")
        return value
    if scheme == "file" and rest:
        return _from_file(Path(rest), where)
    raise ParameterError(
        "a secret is given by reference only", where=where, hint="Write env:NAME_OF_VARIABLE or file:/path/of/file."
    )


def _from_file(path: Path, where: str) -> str:
    try:
        mode = path.stat().st_mode
        value = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise ParameterError(f"the secret in {path} cannot be read: {type(exc).__name__}", where=where) from exc
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ParameterError(f"others may read {path}", where=where, hint=f"Run: chmod 600 {path}")
    if not value:
        raise ParameterError(f"{path} is empty", where=where)
    return value


class KeyFolder:
    """Keys the twin made for itself. Each appears whole or not at all and is never overwritten."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def names(self) -> list[str]:
        """Names of the keys there are."""
        return sorted(p.name for p in self.folder.glob("*") if p.is_file() and _NAME.fullmatch(p.name))

    def read(self, name: str) -> bytes | None:
        """The key of that name; ``None`` if there is none."""
        try:
            return self._place(name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise StoreError(f"the key {name} in {self.folder} cannot be read: {exc.strerror}") from exc

    def add(self, name: str, key: bytes) -> None:
        """Keep a new key; ConflictError if there is one of that name."""
        place = self._place(name)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = place.with_name(f".{name}.{secrets.token_hex(8)}")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(key)
                file.flush()
                os.fsync(file.fileno())
            os.link(part, place)  # unlike a rename it fails if another process was first
        except FileExistsError as exc:
            raise ConflictError(f"there is a key {name!r} already") from exc
        finally:
            part.unlink(missing_ok=True)

    def get_or_make(self, name: str, size: int = 32) -> bytes:
        """The key of that name; made of ``size`` random bytes if there is none."""
        known = self.read(name)
        if known is not None:
            return known
        with contextlib.suppress(ConflictError):  # another process was first
            self.add(name, secrets.token_bytes(size))
        made = self.read(name)
        if made is None:
            raise StoreError(f"the key {name} in {self.folder} was made and is gone")
        return made

    def destroy(self, name: str) -> None:
        """Overwrite and remove a key, durably; what it protected cannot be read any more.

        Where the file system writes anew instead of over (copy-on-write, snapshots, flash memory) old blocks may stay
        until they are used again; a disk that is encrypted as a whole covers them.
        """
        place = self._place(name)
        try:
            with place.open("r+b") as file:
                file.write(secrets.token_bytes(place.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            place.unlink()
            handle = os.open(self.folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        except FileNotFoundError:
            return
        except OSError as exc:
            raise StoreError(f"the key {name} in {self.folder} cannot be destroyed: {exc.strerror}") from exc

    def _place(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ParameterError(f"{name!r} is not a name of a key")
        return self.folder / name
