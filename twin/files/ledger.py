"""The ledger of deletions: which data keys were destroyed, by which rule, when. It lies beside the keys.

A restored backup is older than some deletions; the ledger tells it of them. A deletion stands in the ledger, here and
in the second place, before the key goes, so that an interrupted one is carried on. Lines are hash-chained.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from twin.errors import StoreError
from twin.model.record import GENESIS, canonical
from twin.types import format_time

NAME = "deletions.jsonl"


@dataclass(frozen=True, slots=True)
class Deletion:
    """One data key destroyed. Never what it protected."""

    key: str
    retention: str
    """Class of what was deleted."""
    rule: str
    """Why: the retention rule, or the request."""
    time: str
    """When. [RFC 3339]"""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a ledger goes: how many lines, and the hash of the last."""

    count: int = 0
    hash: str = GENESIS


def deletion(key: str, retention: str, rule: str, time: datetime) -> Deletion:
    """A deletion as it is written."""
    return Deletion(key, retention, rule, format_time(time))


def read(folder: Path) -> tuple[list[Deletion], list[Mark]]:
    """Every deletion of a folder's ledger, and the mark after each.

    A last line that was cut off while it was written is no line: its deletion had not begun.

    Raises
    ------
    StoreError
        If a line is not what was written.
    """
    path = folder / NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return [], []
    except (OSError, UnicodeDecodeError) as exc:
        raise StoreError(f"the ledger of deletions {path} cannot be read: {exc}") from exc
    found: list[Deletion] = []
    marks: list[Mark] = []
    before = GENESIS
    for number, line in enumerate(text.split("\n")[:-1], 1):
        try:
            body = json.loads(line)
            hash_ = body.pop("hash")
            found.append(Deletion(**body))
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise StoreError(f"line {number} of the ledger {path} cannot be read") from exc
        if hash_ != _chain(before, body):
            raise StoreError(f"line {number} of the ledger {path} is not what was written")
        before = hash_
        marks.append(Mark(number, hash_))
    return found, marks


def mark(folder: Path) -> Mark:
    """How far a folder's ledger goes."""
    marks = read(folder)[1]
    return marks[-1] if marks else Mark()


def append(folder: Path, deletions: Sequence[Deletion]) -> None:
    """Add deletions whose key is not in the ledger yet, durably."""
    private_folder(folder)
    with _locked(folder):
        known, marks = read(folder)
        keys = {d.key for d in known}
        before = marks[-1].hash if marks else GENESIS
        lines = []
        for body in (asdict(d) for d in deletions if d.key not in keys):
            before = _chain(before, body)
            lines.append(canonical({**body, "hash": before}) + "\n")
        if not lines:
            return
        with (folder / NAME).open("r+b" if (folder / NAME).exists() else "w+b") as file:
            file.truncate(_whole(file.read()))
            file.seek(0, os.SEEK_END)
            file.write("".join(lines).encode())
            file.flush()
            os.fsync(file.fileno())
        (folder / NAME).chmod(0o600)


def copy_on(folder: Path, second: Path) -> None:
    """Bring a copy of the ledger up to date.

    Raises
    ------
    StoreError
        If the copy says something else.
    """
    if not (folder / NAME).is_file():
        return
    private_folder(second)
    with _locked(second):
        ours = (folder / NAME).read_bytes()
        ours = ours[: _whole(ours)]
        path = second / NAME
        theirs = path.read_bytes() if path.is_file() else b""
        theirs = theirs[: _whole(theirs)]
        if not ours.startswith(theirs):
            raise StoreError(
                f"the ledger in {second} says something else than that in {folder}",
                hint="Does another twin use the same folder?",
            )
        with path.open("r+b" if path.exists() else "w+b") as file:
            file.truncate(len(theirs))
            file.seek(0, os.SEEK_END)
            file.write(ours[len(theirs) :])
            file.flush()
            os.fsync(file.fileno())
        path.chmod(0o600)


def private_folder(folder: Path) -> None:
    """Make a folder, and the one it is in, for their owner alone (``parents=True`` would leave that one open)."""
    if folder.is_dir():
        return
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def covers(folder: Path, wanted: Mark) -> bool:
    """Whether a ledger goes at least as far as ``wanted``, and is the same up to there."""
    if wanted.count == 0:
        return True
    marks = read(folder)[1]
    return len(marks) >= wanted.count and marks[wanted.count - 1] == wanted


def _whole(content: bytes) -> int:
    return content.rfind(b"\n") + 1


def _chain(before: str, body: dict[str, str]) -> str:
    return hashlib.sha256(canonical([before, body]).encode()).hexdigest()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / ".ledger.lock").open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)
