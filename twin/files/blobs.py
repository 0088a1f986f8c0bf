"""Files beside the store, named by the SHA-256 of their content: written once, never changed."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path
from typing import BinaryIO

from twin.errors import NotFoundError, ParameterError, StorageFullError

_NAME = re.compile(r"[0-9a-f]{64}")
_BLOCK = 1 << 20


class Files:
    """Content-addressed files in a folder.

    A file appears whole or not at all: it is written under a temporary name, flushed to disk and renamed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: Path | bytes) -> str:
        """Keep a file (streamed) or bytes; returns the SHA-256. The same content is kept once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".part-", dir=self.folder)
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as target:
                digest = _copy(content, target)
                target.flush()
                os.fsync(target.fileno())
            final = self._place(digest)
            final.parent.mkdir(exist_ok=True)
            part.replace(final)
        except OSError as exc:
            if exc.errno in {27, 28, 122}:  # file too large, no space left, quota exceeded
                raise StorageFullError(
                    f"the disk holding {self.folder} is full; nothing was kept", hint="Free some space and try again."
                ) from exc
            raise
        finally:
            part.unlink(missing_ok=True)
        return digest

    def path(self, digest: str) -> Path:
        """Where the file of that SHA-256 lies; NotFoundError if it is not kept."""
        if not _NAME.fullmatch(digest):
            raise ParameterError(f"{digest!r} is not a SHA-256")
        place = self._place(digest)
        if not place.is_file():
            raise NotFoundError(f"there is no file {digest}")
        return place

    def holds(self, digest: str) -> bool:
        """Whether the file of that SHA-256 is kept."""
        return self._place(digest).is_file()

    def damaged(self) -> list[str]:
        """Names of kept files whose content is no longer what their name says."""
        kept = (p for p in self.folder.glob("??/*") if p.is_file() and _NAME.fullmatch(p.name))
        return sorted(p.name for p in kept if _digest(p) != p.name)

    def _place(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _copy(content: Path | bytes, target: BinaryIO) -> str:
    digest = hashlib.sha256()
    if isinstance(content, bytes):
        digest.update(content)
        target.write(content)
    else:
        with content.open("rb") as source:
            while block := source.read(_BLOCK):
                digest.update(block)
                target.write(block)
    return digest.hexdigest()
