"""The audit's head, signed and laid outside the store once a day.

A hash chain shows that an entry was changed; it does not show that the whole chain was written anew, or that its end
was cut off. Whoever keeps yesterday's signed head can: it names the number and hash the chain must still pass through.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path

from twin.access import audit
from twin.errors import ConflictError, FormatError, NotFoundError, StorageFullError
from twin.keys import KeyFolder
from twin.model.record import GENESIS, canonical
from twin.signing import from_text, is_signed, key_id, public_key, sign, to_text
from twin.store.base import Store
from twin.types import LOCAL, format_time

KEY = "audit-ed25519"
"""Name of the signing key in the twin's folder of keys."""

_FULL = {27, 28, 122}


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry at a moment, signed."""

    number: int
    hash: str
    signed_at: str
    key: str
    """Id of the public key."""
    public: str
    signature: str
    """Over the canonical JSON of the other members, URL-safe base64."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What an examination of the audit found. ``problems`` are sentences; none if all is well."""

    entries: int
    heads: int
    broken_at: int | None
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def audit_folder(store: Path) -> Path:
    """Where heads are laid unless another folder is set: ``x.duckdb`` has ``x.audit/``."""
    return store.with_suffix(".audit")


def sign_head(store: Store, keys: KeyFolder, now: datetime) -> Head:
    """Sign the audit's head as it is now; the key is made when it is first needed."""
    private = keys.get_or_make(KEY)
    public = public_key(private)
    number, mark = audit.head(store)
    unsigned = Head(number, mark, format_time(now), key_id(public), to_text(public), "")
    return Head(*_parts(unsigned), to_text(sign(private, _message(unsigned))))


def export_head(store: Store, keys: KeyFolder, folder: Path, now: datetime) -> Path | None:
    """Lay the day's signed head into ``folder`` as ``audit-2026-11-23.json``.

    The day is that of Viet Nam. A day's head is written once: ``None`` if it is there already.
    """
    day = now.astimezone(LOCAL).date()
    place = folder / f"audit-{day.isoformat()}.json"
    if place.exists():
        return None
    text = json.dumps(asdict(sign_head(store, keys, now)), indent=1) + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with place.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return None  # another process was first
    except OSError as exc:
        if exc.errno in _FULL:
            raise StorageFullError(f"the disk holding {folder} is full", hint="Free some space.") from exc
        raise ConflictError(f"{place} cannot be written: {exc.strerror}", where="TWIN_AUDIT_FOLDER") from exc
    return place


def heads(folder: Path) -> list[tuple[date, Head]]:
    """The exported heads by day; FormatError names one that cannot be read."""
    found: list[tuple[date, Head]] = []
    for path in sorted(folder.glob("audit-????-??-??.json")):
        try:
            body = json.loads(path.read_text(encoding="utf-8"))
            found.append((date.fromisoformat(path.stem.removeprefix("audit-")), Head(**body)))
        except (OSError, ValueError, TypeError) as exc:
            raise FormatError(f"not a signed head of the audit: {exc}", where=str(path)) from exc
    return found


def verify(store: Store, exported: Sequence[tuple[date, Head]], *, public: bytes | None) -> Verified:
    """Check the chain, and that it still passes through every exported head.

    Parameters
    ----------
    public
        The key heads must be signed with; ``None`` takes each head's own word (its signature is checked, not whose
        it is).
    """
    problems: list[str] = []
    broken = audit.first_broken(store)
    if broken is not None:
        problems.append(f"entry {broken} is not what was written, or one before it is missing")
    for day, head in exported:
        problems += [f"head of {day.isoformat()}: {said}" for said in _wrong(store, head, public)]
    return Verified(audit.head(store)[0], len(exported), broken, tuple(problems))


def own_public_key(keys: KeyFolder) -> bytes | None:
    """The public key heads are signed with; ``None`` before the first was signed."""
    private = keys.read(KEY)
    return None if private is None else public_key(private)


def _wrong(store: Store, head: Head, public: bytes | None) -> list[str]:
    named = from_text(head.public)
    if public is not None and named != public:
        return [f"signed with another key ({head.key})"]
    if key_id(named) != head.key or not is_signed(named, _message(head), from_text(head.signature)):
        return ["its signature does not hold"]
    try:
        kept = _hash_at(store, head.number)
    except NotFoundError:
        return [f"entry {head.number} is missing: the audit was cut"]
    return [] if kept == head.hash else [f"entry {head.number} is another one: the audit was written anew"]


def _hash_at(store: Store, number: int) -> str:
    if number == 0:
        return GENESIS
    found = store.entries(audit.LOG, after=number - 1, before=number + 1)
    if not found:
        raise NotFoundError(f"the audit has no entry {number}")
    return found[0].hash


def _parts(head: Head) -> tuple[int, str, str, str, str]:
    return head.number, head.hash, head.signed_at, head.key, head.public


def _message(head: Head) -> bytes:
    return canonical(["twin audit head", *_parts(head)]).encode()
