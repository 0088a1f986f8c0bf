"""Whether kept files still are what was kept: all of them, or a part of them each time.

What was found right is noted beside the files (``x.files/ab/.checked``) with its size and time of change. A file of
another size or time is looked at anew at once, the others in turn, the longest unseen first.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from twin.files.blobs import Files, digest_of, place_in

_NOTE = ".checked"


@dataclass(frozen=True, slots=True)
class Verified:
    """Outcome of a look at the kept files."""

    damaged: tuple[str, ...]
    looked_at: int
    files: int
    bytes: int
    """Read this time. [bytes]"""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as it was when it was found right. Times are those of the file system. [ns]"""

    size: int
    changed: int
    seen: int


def verify(files: Files, *, budget: int | None = None, now: datetime | None = None) -> Verified:
    """Read files again and compare with their names.

    Parameters
    ----------
    budget
        About how much to read; ``None``: all. What changed since it was seen is read in any case. [bytes]
    """
    moment = int((now or datetime.now(UTC)).timestamp() * 1e9)
    notes = _notes(files.folder)
    queue = []
    for blob in files.all():
        with contextlib.suppress(FileNotFoundError):
            found = place_in(files.folder, blob.digest).stat()
            seen = notes.get(blob.digest)
            is_same = seen is not None and (seen.size, seen.changed) == (found.st_size, found.st_mtime_ns)
            queue.append((seen.seen if seen and is_same else -1, blob.digest, found.st_size, found.st_mtime_ns))
    damaged, looked, read = [], 0, 0
    for when, digest, size, changed in sorted(queue):
        if when >= 0 and budget is not None and read >= budget:
            break
        looked, read = looked + 1, read + size
        actual = digest_of(place_in(files.folder, digest))
        if actual == digest:
            notes[digest] = _Seen(size, changed, moment)
        elif actual:
            damaged.append(digest)
            notes.pop(digest, None)
    _write(files.folder, notes, {digest for _, digest, _, _ in queue})
    return Verified(tuple(sorted(damaged)), looked, len(queue), read)


def _notes(folder: Path) -> dict[str, _Seen]:
    found: dict[str, _Seen] = {}
    for path in folder.glob(f"??/{_NOTE}"):
        # A note that cannot be read is no note: the files are looked at again.
        with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
            found.update({digest: _Seen(*item) for digest, item in json.loads(path.read_text()).items()})
    return found


def _write(folder: Path, notes: dict[str, _Seen], kept: Iterable[str]) -> None:
    by_folder: dict[str, dict[str, list[int]]] = {}
    for digest in kept:
        shelf = by_folder.setdefault(digest[:2], {})
        if digest in notes:
            shelf[digest] = [notes[digest].size, notes[digest].changed, notes[digest].seen]
    for name, shelf in by_folder.items():
        part = folder / name / f"{_NOTE}.part"
        # Whoever may only read looks at everything each time.
        with contextlib.suppress(OSError):
            part.write_text(json.dumps(shelf))
            part.replace(folder / name / _NOTE)
