"""Query parameters to values, with errors that say which parameter, which value and what to write."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime

from twin.errors import ParameterError, TimeError
from twin.types import BBox, LonLat, parse_time

Interval = tuple[datetime | None, datetime | None]

MAX_LIMIT = 10_000


def parse_bbox(text: str | None, *, where: str = "bbox") -> BBox | None:
    """Box of four numbers, or six with heights (which are ignored), in WGS 84 degrees, longitude first."""
    return None if text is None else _box(_edges(text, where), where)


def parse_boxes(text: str | None, *, where: str = "bbox") -> list[BBox] | None:
    """OGC's ``bbox``: as :func:`parse_bbox`, but a box whose west exceeds its east crosses the 180° meridian."""
    if text is None:
        return None
    west, south, east, north = _edges(text, where)
    if west <= east:
        return [_box((west, south, east, north), where)]
    return [_box((west, south, 180.0, north), where), _box((-180.0, south, east, north), where)]


def _edges(text: str, where: str) -> tuple[float, float, float, float]:
    numbers = [parse_number(part, where=where) for part in text.split(",")]
    if len(numbers) == 6:
        numbers = [numbers[i] for i in (0, 1, 3, 4)]
    if len(numbers) != 4:
        raise ParameterError(
            f"{text!r} is not four numbers", where=where, hint="Write west,south,east,north in degrees."
        )
    west, south, east, north = numbers
    if not all(-180 <= x <= 180 for x in (west, east)) or not all(-90 <= y <= 90 for y in (south, north)):
        raise ParameterError(f"{text!r} is not on Earth", where=where, hint="Longitude comes first.")
    return west, south, east, north


def _box(edges: tuple[float, float, float, float], where: str) -> BBox:
    try:
        return BBox(*edges)
    except ParameterError as exc:
        raise ParameterError(exc.message, where=where, hint=exc.hint) from None


def parse_number(text: str, *, where: str) -> float:
    """Parse a finite number."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ParameterError(f"{text!r} is not a number", where=where)
    return value


def parse_lonlat(lon: str | None, lat: str | None) -> LonLat:
    """Position of two parameters that must both be there."""
    if lon is None or lat is None:
        raise ParameterError("a position needs lon and lat", where="lon, lat", hint="For instance lon=106.9&lat=11.5.")
    return LonLat(parse_number(lon, where="lon"), parse_number(lat, where="lat"))


def parse_count(text: str | None, *, where: str, default: int, low: int = 1, high: int = MAX_LIMIT) -> int:
    """Whole number at least ``low``; what exceeds ``high`` is answered with ``high``."""
    if text is None:
        return default
    try:
        value = int(text)
    except ValueError:
        value = low - 1
    if value < low:
        raise ParameterError(f"{text!r} is not a whole number from {low} up", where=where)
    return min(value, high)


def parse_moment(text: str | None, *, where: str) -> datetime | None:
    """Time with zone, or ``None`` where absent, empty or ``now``."""
    if text is None or text in ("", "now"):
        return None
    return parse_time(text, where=where)


def parse_datetime(text: str | None, *, where: str = "datetime") -> Interval | datetime | None:
    """OGC's ``datetime``: an instant, or an interval ``start/end`` with ``..`` or nothing for an open end."""
    if text is None or text == "":
        return None
    if "/" not in text:
        return parse_time(text, where=where)
    parts = text.split("/")
    if len(parts) != 2:
        raise TimeError(f"{text!r} is not an interval", where=where, hint="Write start/end, .. for an open end.")
    start, end = (None if part in ("", "..") else parse_time(part, where=where) for part in parts)
    if start is not None and end is not None and start > end:
        raise TimeError(f"{text!r} ends before it starts", where=where)
    return (start, end)


def parse_names(text: str | None) -> list[str] | None:
    """Names separated by commas; ``None`` where absent or empty."""
    names = [part.strip() for part in (text or "").split(",") if part.strip()]
    return names or None


def refuse_unknown(given: Iterable[str], allowed: Iterable[str]) -> None:
    """Raise :class:`ParameterError` if a parameter is given that the route does not know.

    The text lists what is allowed and never repeats what was asked for.
    """
    known = sorted(set(allowed))
    if set(given) - set(known):
        raise ParameterError(
            "a query parameter is not known here", where="query", hint=f"Known are {', '.join(known)}."
        )
