"""Number plates are personal data: the twin keeps a salted hash, never the text.

The hash is HMAC-SHA-256 of the normalised plate under a key that stays with the twin, so that the same
vehicle can be recognised inside one twin while nobody can try all plates without the key (there are only some
ten million).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata

PREFIX = "hash:"
"""Marks a plate field whose text was already replaced by its hash."""

_HASH = re.compile(rf"{PREFIX}[0-9a-f]{{32}}")
_SEPARATORS = re.compile(r"[\s.\-_·]+")
_NOT_READ = {"", "UNKNOWN", "NOPLATE", "无车牌"}


def normalise(plate: str) -> str:
    """Upper case without separators: ``93a-123.45`` is ``93A12345``; ``""`` where none was read."""
    compact = _SEPARATORS.sub("", unicodedata.normalize("NFC", plate)).upper()
    return "" if compact in _NOT_READ else compact


def plate_hash(plate: str, salt: bytes) -> str:
    """The hash of a plate, 32 hexadecimal digits; ``""`` where none was read; one already hashed stays."""
    if _HASH.fullmatch(plate.strip()):
        return plate.strip().removeprefix(PREFIX)
    compact = normalise(plate)
    return hmac.new(salt, compact.encode(), hashlib.sha256).hexdigest()[:32] if compact else ""


def redacted(plate: str, salt: bytes) -> str:
    """What stands in a stored message in the plate's place; reads back as the same hash."""
    hashed = plate_hash(plate, salt)
    return f"{PREFIX}{hashed}" if hashed else ""
