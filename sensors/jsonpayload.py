"""Reading JSON that a device sent: every surprise becomes a FormatError that names the member."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from twin.errors import FormatError
from twin.types import Json

Object: TypeAlias = dict[str, Json]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def load_object(payload: bytes) -> Object:
    """The JSON object in ``payload``; raises :class:`FormatError` for anything else."""
    try:
        value = json.loads(payload)
        if b"\\u" in payload:
            # An escape can name half a character, which parses and which nothing can keep.
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as exc:
        raise FormatError(f"not JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise FormatError(f"a JSON object is needed, not {type(value).__name__}")
    return value


def child(value: Json, *path: str | int) -> Json:
    """The value at a path, ``None`` where there is none."""
    for step in path:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                return None
            value = value[step]
        else:
            if not isinstance(value, dict):
                return None
            value = value.get(step)
    return value


def text_at(value: Json, *path: str | int) -> str:
    """The text at a path."""
    found = child(value, *path)
    if not isinstance(found, str) or not found:
        raise FormatError(f"{_name(path)} must be a text, not {found!r}")
    return found


def integer_at(value: Json, *path: str | int) -> int:
    """The integer at a path."""
    found = child(value, *path)
    if isinstance(found, bool) or not isinstance(found, int):
        raise FormatError(f"{_name(path)} must be an integer, not {found!r}")
    return found


def number_at(value: Json, *path: str | int) -> float:
    """The number at a path."""
    found = child(value, *path)
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise FormatError(f"{_name(path)} must be a number, not {found!r}")
    return found


def object_at(value: Json, *path: str | int) -> Object:
    """The object at a path."""
    found = child(value, *path)
    if not isinstance(found, dict):
        raise FormatError(f"{_name(path)} must be an object, not {found!r}")
    return found


def from_epoch(seconds: float, *, where: str) -> datetime:
    """UTC from seconds since 1970, to the microsecond; raises :class:`FormatError` outside the calendar."""
    try:
        return EPOCH + timedelta(microseconds=round(seconds * 1_000_000))
    except (OverflowError, ValueError) as exc:
        raise FormatError(f"{where} {seconds!r} is no time in seconds since 1970") from exc


def _name(path: tuple[str | int, ...]) -> str:
    return ".".join(str(step) for step in path)
