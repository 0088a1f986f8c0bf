"""Files beside the store, named by the SHA-256 of their content: written once, never changed.

A file that a commit is to name is kept before that commit; one that is being taken away is taken away while nobody
copies the folder (:meth:`Files.holding`). So whatever a copy of the store names lies in the copy of the folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from twin.errors import NotFoundError, ParameterError, StorageFullError, TooLargeError

_NAME = re.compile(r"[0-9a-f]{64}")
_FULL = frozenset({27, 28, 122})
"""Numbers of system errors: file too large, no space left, quota exceeded."""
BLOCK = 1 << 20
"""Files are read and written in parts of this size. [bytes]"""

Content = Path | bytes | BinaryIO | Iterable[bytes]
"""What can be kept: a file, bytes, an opened file, or parts as they come."""


@dataclass(frozen=True, slots=True)
class Blob:
    """A kept file."""

    digest: str
    size: int
    written: datetime


class Writer:
    """A file while it is being written. Left without :meth:`keep`, nothing of it stays.

    Parameters
    ----------
    folder
        Where files are kept.
    most
        Largest size taken; ``None`` for any. [bytes]
    """

    def __init__(self, folder: Path, *, most: int | None = None) -> None:
        self._folder = folder
        self._most = most
        self._hash = hashlib.sha256()
        self.size = 0
        with _full(folder):
            folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=".part-", dir=folder)
        self._part = Path(name)
        self._file = os.fdopen(handle, "wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # what could not be flushed is thrown away
            self._file.close()
        self._part.unlink(missing_ok=True)

    def write(self, part: bytes) -> None:
        """Add to the file.

        Raises
        ------
        TooLargeError
            If it becomes larger than ``most``.
        StorageFullError
            If the disk is full.
        """
        self.size += len(part)
        if self._most is not None and self.size > self._most:
            raise TooLargeError(f"the file is larger than {self._most} bytes")
        with _full(self._folder):
            self._file.write(part)
        self._hash.update(part)

    def keep(self) -> str:
        """Flush to disk and give it its name; the SHA-256. The same content is kept once."""
        digest = self._hash.hexdigest()
        final = place_in(self._folder, digest)
        with _full(self._folder):
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            final.parent.mkdir(exist_ok=True)
            with _locked(self._folder, fcntl.LOCK_SH):  # see Files.remove
                self._part.replace(final)
            _flush_folder(final.parent)
        return digest


class Files:
    """Content-addressed files in a folder. A file appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: Content, *, most: int | None = None) -> str:
        """Keep a file (streamed), bytes, or parts as they come; the SHA-256. ``most`` as in :class:`Writer`."""
        with self.writer(most=most) as writer:
            for part in parts_of(content):
                writer.write(part)
            return writer.keep()

    def writer(self, *, most: int | None = None) -> Writer:
        """A file to be written part by part."""
        return Writer(self.folder, most=most)

    def open(self, digest: str) -> BinaryIO:
        """The file of that SHA-256, opened for reading; NotFoundError if it is not kept."""
        try:
            return self.path(digest).open("rb")
        except FileNotFoundError as exc:
            raise NotFoundError(f"there is no file {digest}") from exc

    def path(self, digest: str) -> Path:
        """Where the file of that SHA-256 lies; NotFoundError if it is not kept."""
        if not _NAME.fullmatch(digest):
            raise ParameterError(f"{digest!r} is not a SHA-256")
        place = place_in(self.folder, digest)
        if not place.is_file():
            raise NotFoundError(f"there is no file {digest}")
        return place

    def holds(self, digest: str) -> bool:
        """Whether the file of that SHA-256 is kept."""
        return place_in(self.folder, digest).is_file()

    def all(self) -> Iterator[Blob]:
        """Every kept file, in no order."""
        for folder in self.folder.glob("??"):
            for path in folder.iterdir():
                if _NAME.fullmatch(path.name):
                    with contextlib.suppress(FileNotFoundError):  # collected meanwhile
                        found = path.stat()
                        yield Blob(path.name, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def remove(self, digests: Iterable[str], *, written_before: datetime | None = None, wait: bool = True) -> list[str]:
        """Take files away, but none kept (again) since ``written_before``; those that were there.

        Who copies the folder is waited for; without ``wait`` nothing is taken away meanwhile.
        """
        try:
            with _locked(self.folder, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB)):
                return [d for d in digests if _remove(place_in(self.folder, d), written_before)]
        except BlockingIOError:
            return []

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Nothing is taken away meanwhile, by any process."""
        with _locked(self.folder, fcntl.LOCK_SH):
            yield

    def damaged(self) -> list[str]:
        """Names of kept files whose content is no longer what their name says; reads every one."""
        return sorted(
            blob.digest for blob in self.all() if digest_of(place_in(self.folder, blob.digest)) != blob.digest
        )


def place_in(folder: Path, digest: str) -> Path:
    """Where a file of that SHA-256 lies in a folder of files."""
    return folder / digest[:2] / digest


def digest_of(path: Path) -> str:
    """The SHA-256 of a file's content; ``""`` where it is gone."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def parts_of(content: Content) -> Iterator[bytes]:
    """Any content as parts of bounded size."""
    if isinstance(content, bytes):
        for start in range(0, len(content), BLOCK):
            yield content[start : start + BLOCK]
    elif isinstance(content, Path):
        with content.open("rb") as file:
            while part := file.read(BLOCK):
                yield part
    elif hasattr(content, "read"):
        while part := content.read(BLOCK):
            yield part
    else:
        yield from content


def _remove(path: Path, written_before: datetime | None) -> bool:
    try:
        if written_before is not None and path.stat().st_mtime >= written_before.timestamp():
            return False
        path.unlink()
    except FileNotFoundError:
        return False
    return True


@contextlib.contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    """A lock on the folder between threads and processes."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+b") as file:
        fcntl.flock(file, how)
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _full(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno in _FULL:
            raise StorageFullError(
                f"the disk holding {folder} is full; nothing was kept", hint="Free some space and try again."
            ) from exc
        raise
