"""Which reader reads which format. Rooms above register theirs here when the program starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from layers.readers.record import Reading, ReadOptions
from twin.errors import UnsupportedFormatError

Reader: TypeAlias = Callable[[Path, ReadOptions], Reading]

_READERS: dict[str, Reader] = {}


def register(name: str, reader: Reader) -> None:
    """Make ``reader`` the one for the format ``name`` (for instance ``"ifc"``); a later one replaces it."""
    _READERS[name] = reader


def reader_for(name: str) -> Reader:
    """Find the reader of a format; :class:`UnsupportedFormatError` if none is registered."""
    try:
        return _READERS[name]
    except KeyError:
        known = ", ".join(sorted(_READERS))
        raise UnsupportedFormatError(
            f"no reader for {name} files is installed here", hint=f"These formats can be read: {known}."
        ) from None


def formats() -> tuple[str, ...]:
    """Names of the formats that can be read now."""
    return tuple(sorted(_READERS))
