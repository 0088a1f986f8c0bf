"""Working days and working time of state bodies, and how terms are counted.

Days off come from the ``holidays`` library for the country; the record's own list wins over it, and is complete for the
years it names as announced. Other years are provisional: swaps and the Lunar New Year days are decided year by year.

Terms are counted as the Civil Code 2015 Arts. 147-148 lays down: the day of the event is not counted, and a term whose
last day is off ends with the next working day, at its 24th hour.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import metadata
from importlib.resources import files
from itertools import pairwise
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from twin.errors import ParameterError, SchemaError
from twin.types import Json, require_aware

CALENDAR_ID: Final = "calendar.state_bodies"
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the calendar."""

    date: date
    working: bool
    name: str = ""
    """Why it differs from an ordinary day of the week; empty for ordinary days."""
    name_en: str = ""
    source: str = "week"
    """``week``, ``library`` (the library's holiday) or ``record`` (our list)."""
    confidence: str = "C"
    provisional: bool = False
    """Whether the days off of its year were not announced yet."""


class WorkingCalendar:
    """Working days and office hours.

    Parameters
    ----------
    content
        A calendar record's content: ``zone``, ``library`` (country code), ``working_weekdays`` (ISO, Monday 1),
        ``office_hours`` (pairs of ``HH:MM``), ``announced_years`` and ``rows`` of ``date``, ``working``, ``name``,
        ``name_en``, ``confidence``.
    version
        Names the record and its version. With the library's it makes :attr:`version`, which results keep: it changes
        whenever a day may become working or free.

    Raises
    ------
    SchemaError
        If the content cannot be a calendar (no working hour or day, hours that overlap, a day listed twice).
    """

    def __init__(self, content: Mapping[str, Any], *, version: str, confidence: str = "C") -> None:
        self.version = version
        try:
            self.zone = ZoneInfo(str(content["zone"]))
            self._library = str(content.get("library", ""))
            self._week = frozenset(int(number) for number in content["working_weekdays"])
            self.office_hours = tuple((_clock(a), _clock(b)) for a, b in content["office_hours"])
            self._announced = frozenset(int(year) for year in content.get("announced_years", ()))
            self._listed = _listed(content["rows"], confidence)
        except (KeyError, TypeError, ValueError) as exc:
            raise SchemaError(f"not a working calendar: {exc}", where=version) from exc
        self._check()
        if self._library:
            self.version = f"{version} holidays/{_library_version()}"
        self._years: dict[int, dict[date, tuple[str, str]]] = {}

    def _check(self) -> None:
        if not self._week or not self._week <= frozenset(range(1, 8)):
            raise SchemaError("no working weekday, or one outside 1 to 7", where=self.version)
        ends = [end for pair in self.office_hours for end in pair]
        if any(end.tzinfo for end in ends):
            raise SchemaError("office hours are those of the zone, without one of their own", where=self.version)
        if not ends or any(a >= b for a, b in pairwise(ends)):
            raise SchemaError("office hours are missing, overlap or end before they start", where=self.version)

    # -- days -------------------------------------------------------------------------------------------------

    def day(self, day: date) -> Day:
        """What a day is and why.

        Raises
        ------
        ParameterError
            Outside the years 2000 to 2100.
        """
        if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            raise ParameterError(f"the working calendar does not reach {day}", where=self.version)
        provisional = day.year not in self._announced
        if (known := self._listed.get(day)) is not None:
            return known if not provisional else _provisional(known)
        in_week = day.isoweekday() in self._week
        name = self._from_library(day.year).get(day)
        if name is None:
            return Day(day, in_week, provisional=provisional)
        # In an announced year the list is complete: a weekday the library alone calls off is worked.
        # In the others it is a forecast: the law names the holidays, a notice of the year their days.
        worked = in_week and not provisional
        mark = "M" if provisional else "C"
        return Day(day, worked, *name, source="library", confidence=mark, provisional=provisional)

    def days(self, start: date, end: date) -> list[Day]:
        """Every day from ``start`` to ``end``, both included."""
        return [self.day(start + timedelta(days=n)) for n in range((end - start).days + 1)]

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on a day."""
        return self.day(day).working

    def is_provisional(self, day: date) -> bool:
        """Whether the days off of the day's year were not announced when the record was written."""
        return day.year not in self._announced

    def next_working_day(self, day: date) -> date:
        """The day itself if offices work on it, else the next on which they do."""
        while not self.is_working_day(day):
            day += _ONE_DAY
        return day

    # -- terms ------------------------------------------------------------------------------------------------

    def add_working_days(self, start: datetime, days: int) -> datetime:
        """End of a term of working days: 24:00 local time of its last day, in UTC.

        Parameters
        ----------
        start
            The event that starts the term; its day is not counted.
        days
            Length of the term, 0 or more; a term of 0 days ends with the start's day, or the next working day.
        """
        self._require_not_negative(days)
        last = self.next_working_day(self.local_date(start))
        if days:
            last = self.local_date(start)
            for _ in range(days):
                last = self.next_working_day(last + _ONE_DAY)
        return self._end_of(last)

    def add_days(self, start: datetime, days: int) -> datetime:
        """End of a term of calendar days: 24:00 local of its last day, or of the next working day if that is off."""
        self._require_not_negative(days)
        return self._end_of(self.next_working_day(self.local_date(start) + timedelta(days=days)))

    def last_day(self, end: datetime) -> date:
        """The last day of a term that ends at ``end``: the term to say to people is "by the end of" this day."""
        return self.local_date(require_aware(end, where="end") - timedelta(microseconds=1))

    def add_working_seconds(self, start: datetime, seconds: float) -> datetime:
        """The moment at which ``seconds`` of office hours after ``start`` have passed, in UTC."""
        self._require_not_negative(seconds)
        begun = require_aware(start, where="start")
        left = timedelta(seconds=seconds)
        if not left:
            return begun
        for opens, closes in self._spans(begun):
            here = closes - max(opens, begun)
            if left <= here:
                return max(opens, begun) + left
            left -= here
        raise ParameterError(f"{seconds} s of office hours do not end before {_LAST_YEAR}", where=self.version)

    def working_seconds(self, start: datetime, end: datetime) -> float:
        """Office hours between two moments; negative if ``end`` is before ``start``. [s]"""
        begun, ended = require_aware(start, where="start"), require_aware(end, where="end")
        if ended < begun:
            return -self.working_seconds(ended, begun)
        total = timedelta()
        for opens, closes in self._spans(begun):
            if opens >= ended:
                break
            total += min(closes, ended) - max(opens, begun)
        return total.total_seconds()

    def is_office_time(self, moment: datetime) -> bool:
        """Whether offices are open at a moment."""
        opens, closes = next(self._spans(require_aware(moment, where="moment")), (None, None))
        return opens is not None and closes is not None and opens <= moment < closes

    def local_date(self, moment: datetime) -> date:
        """Date of a moment in the calendar's zone."""
        return require_aware(moment, where="start").astimezone(self.zone).date()

    # -- parts ------------------------------------------------------------------------------------------------

    def _spans(self, after: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Office hours that end later than ``after``, in UTC and in order."""
        day = self.local_date(after)
        while day.year <= _LAST_YEAR:
            if self.is_working_day(day):
                for opens, closes in self.office_hours:
                    span = self._moment(day, opens), self._moment(day, closes)
                    if span[1] > after:
                        yield span
            day += _ONE_DAY

    def _moment(self, day: date, clock: time) -> datetime:
        return datetime.combine(day, clock, tzinfo=self.zone).astimezone(UTC)

    def _end_of(self, day: date) -> datetime:
        return self._moment(day + _ONE_DAY, time(0))

    def _require_not_negative(self, amount: float) -> None:
        if not amount >= 0:
            raise ParameterError(f"a term cannot have the length {amount}", where=self.version)

    def _from_library(self, year: int) -> dict[date, tuple[str, str]]:
        if year not in self._years:
            self._years[year] = _library_days(self._library, year) if self._library else {}
        return self._years[year]


@cache
def builtin_calendar() -> WorkingCalendar:
    """The calendar as shipped, for where there is no store at hand."""
    text = files("twin.law").joinpath("data/calendar.toml").read_text(encoding="utf-8")
    rule = next(r for r in tomllib.loads(text)["rule"] if r["id"] == CALENDAR_ID)
    return WorkingCalendar(rule["content"], version=f"{CALENDAR_ID}/{rule['edition']}")


@cache
def _library_version() -> str:
    return metadata.version("holidays")


@cache
def _library_days(country: str, year: int) -> dict[date, tuple[str, str]]:
    import holidays  # noqa: PLC0415  a tenth of a second that most commands do not need

    try:
        vi = holidays.country_holidays(country, years=year, language="vi")
        en = holidays.country_holidays(country, years=year, language="en_US")
    except NotImplementedError as exc:
        raise SchemaError(f"the holidays of {country!r} are not known", where="library") from exc
    return {day: (name, str(en.get(day, name))) for day, name in vi.items()}


def _listed(rows: Sequence[Mapping[str, Any]], confidence: str) -> dict[date, Day]:
    listed: dict[date, Day] = {}
    for row in rows:
        day = _date(row["date"])
        if day in listed:
            raise ValueError(f"{day} is listed twice")
        working = row["working"]
        if not isinstance(working, bool):
            raise TypeError(f"working of {day} is {working!r}")
        name, name_en = str(row.get("name", "")), str(row.get("name_en", ""))
        listed[day] = Day(day, working, name, name_en, "record", str(row.get("confidence", confidence)))
    return listed


def _provisional(day: Day) -> Day:
    return Day(day.date, day.working, day.name, day.name_en, day.source, day.confidence, provisional=True)


def _date(value: Json | date) -> date:
    return value if isinstance(value, date) else date.fromisoformat(cast("str", value))


def _clock(text: str) -> time:
    return time.fromisoformat(text)
