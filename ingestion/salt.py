"""The twin's secret for hashing number plates: made once, kept beside the twin, readable by its owner only."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from twin.errors import StoreError

NAME = "plate-salt"
_BYTES = 32


def plate_salt(folder: Path) -> bytes:
    """The salt in ``folder/keys/plate-salt``, made on first use with mode 0600.

    Raises
    ------
    StoreError
        If the file is damaged: a new salt would silently break every earlier comparison.
    """
    path = folder / "keys" / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _make(path)
    salt = path.read_bytes()
    if len(salt) != _BYTES:
        raise StoreError(f"{path} has {len(salt)} bytes instead of {_BYTES}", hint="Restore it from the backup.")
    return salt


def _make(path: Path) -> None:
    """Write a whole new file under another name, then give it the name unless someone else was first."""
    handle, name = tempfile.mkstemp(prefix=".part-", dir=path.parent)  # mkstemp makes it with mode 0600
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(part)
    finally:
        part.unlink()
