"""Moments as whole microseconds, with the ends of time. One conversion for every store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from twin.types import BEGINNING

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OPEN_START = -(2**62)
"""Stored for a valid time that has no known beginning."""
OPEN_END = 2**62
"""Stored for an interval that is still open."""
_MICROSECOND = timedelta(microseconds=1)


def to_us(moment: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z; ``BEGINNING`` is the open start."""
    return OPEN_START if moment == BEGINNING else (moment - EPOCH) // _MICROSECOND


def from_us(value: int) -> datetime:
    """Aware UTC moment of :func:`to_us`; the value must be finite."""
    return EPOCH + value * _MICROSECOND


def start_us(moment: datetime | None) -> int:
    """Start of an interval; ``None`` is open."""
    return OPEN_START if moment is None else to_us(moment)


def end_us(moment: datetime | None) -> int:
    """End of an interval; ``None`` is open."""
    return OPEN_END if moment is None else to_us(moment)


def bound(value: int) -> datetime | None:
    """Aware moment, or ``None`` for an open end or start."""
    return None if value in (OPEN_START, OPEN_END) else from_us(value)
