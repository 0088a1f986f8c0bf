"""Small frozen types and time rules shared by every room. Imports nothing of the project but errors."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from typing import TypeAlias

from twin.errors import ParameterError, TimeError

Json: TypeAlias = "None | bool | int | float | str | list[Json] | dict[str, Json]"


LOCAL = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Viet Nam keeps one time all year; no table of zones needs to be installed."""

BEGINNING = datetime.min.replace(tzinfo=UTC)
"""A valid time meaning "since always, as far as is known"."""


class Quality(IntEnum):
    """Quality of an observation; the numbers are QARTOD's where QARTOD has one."""

    GOOD = 1
    UNCHECKED = 2
    SUSPECT = 3
    REJECTED = 4
    ESTIMATED = 5
    """Filled or modelled, not measured. [not in QARTOD]"""
    MISSING = 9

    @property
    def label(self) -> str:
        """The word used in documents and interfaces, for instance ``"good"``."""
        return self.name.lower()

    @classmethod
    def parse(cls, label: str) -> Quality:
        """Quality from its label; raises :class:`ParameterError` for an unknown one."""
        try:
            return cls[label.upper()]
        except KeyError:
            known = ", ".join(q.label for q in cls)
            raise ParameterError(f"unknown quality {label!r}", hint=f"Use one of {known}.") from None


class Freshness(StrEnum):
    """How old the newest data is against what its source declares."""

    FRESH = "fresh"
    STALE = "stale"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class LonLat:
    """A WGS 84 position: longitude first, latitude second. [degrees]"""

    lon: float
    lat: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.lon) and math.isfinite(self.lat)):
            raise ParameterError(f"position ({self.lon}, {self.lat}) is not finite")
        if not (-180 <= self.lon <= 180 and -90 <= self.lat <= 90):
            raise ParameterError(
                f"position lon {self.lon}, lat {self.lat} is not on Earth",
                hint="Give longitude first, in degrees; projected coordinates need their CRS.",
            )


@dataclass(frozen=True, slots=True)
class BBox:
    """A box in WGS 84, west ≤ east and south ≤ north. [degrees]"""

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        if not all(map(math.isfinite, (self.west, self.south, self.east, self.north))):
            raise ParameterError(f"box {self} is not finite")
        if self.west > self.east or self.south > self.north:
            raise ParameterError(f"box {self} is inside out", hint="The order is west, south, east, north.")

    def tuple(self) -> tuple[float, float, float, float]:
        """``(west, south, east, north)``."""
        return (self.west, self.south, self.east, self.north)


def require_aware(moment: datetime, *, where: str) -> datetime:
    """Return ``moment`` in UTC; raise :class:`TimeError` if it carries no time zone."""
    if moment.tzinfo is None:
        raise TimeError(
            f"time {moment.isoformat()} has no zone",
            where=where,
            hint="Write an offset, for instance 2026-11-23T19:42:00+07:00.",
        )
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise TimeError(f"time {moment.isoformat()} lies outside the years 1 to 9999", where=where) from None


def parse_time(text: str, *, where: str) -> datetime:
    """Parse an RFC 3339 date-time with zone into UTC.

    A space where a URL-decoded ``+`` stood is accepted. A date alone, a time without zone and anything else
    raise :class:`TimeError`.
    """
    cleaned = text.strip()
    if len(cleaned) > 6 and cleaned[-6] == " " and cleaned[-3] == ":":
        cleaned = cleaned[:-6] + "+" + cleaned[-5:]
    try:
        moment = datetime.fromisoformat(cleaned.upper())
        is_date_time = "T" in cleaned.upper() or " " in cleaned
    except ValueError:
        is_date_time = False
    if not is_date_time:
        raise TimeError(
            f"{text!r} is not a date-time", where=where, hint="Write 2026-11-23T19:42:00+07:00 (RFC 3339)."
        ) from None
    return require_aware(moment, where=where)


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with ``Z``; microseconds only where there are any."""
    utc = require_aware(moment, where="format_time")
    return utc.isoformat(timespec="microseconds" if utc.microsecond else "seconds").replace("+00:00", "Z")


def fold(text: str) -> str:
    """Text for comparing: lower case, without diacritics, ``đ`` as ``d``."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(c for c in plain if not unicodedata.combining(c))
