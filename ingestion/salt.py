"""The twin's secret for hashing number plates: made once, kept beside the twin, readable by its owner only."""

from __future__ import annotations

import os
import secrets
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
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        salt = path.read_bytes()
    else:
        salt = secrets.token_bytes(_BYTES)
        with os.fdopen(handle, "wb") as file:
            file.write(salt)
            file.flush()
            os.fsync(file.fileno())
    if len(salt) != _BYTES:
        raise StoreError(f"{path} has {len(salt)} bytes instead of {_BYTES}", hint="Restore it from the backup.")
    return salt
