"""Clocks of a case: time allowed, in working or wall time, that can be stopped, resumed and met.

A clock's state is plain data in the case's log; the functions here say what it becomes. Working time comes from a
:class:`Calendar`. When the calendar gets a new version, what still runs is counted anew (:func:`recount`); what was
met or missed keeps the version it was decided by.

Days are counted as the Civil Code 2015 does (Arts. 147-148): the day of the event is not counted, the term ends with
the last day. When a clock of working days is stopped, the days that ended before the day of the stop are used; after
the day on which it goes on, the rest is counted in the same way.
"""

from __future__ import annotations

import calendar as months
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Protocol

from twin.cases.kind import Amount, Clock, Unit
from twin.types import LOCAL, Json, parse_time


class Calendar(Protocol):
    """Working time of the state's bodies."""

    @property
    def version(self) -> str:
        """Changes whenever a day becomes working or free."""

    def is_working_day(self, day: date) -> bool:
        """Whether a day is worked."""

    def is_provisional(self, day: date) -> bool:
        """Whether the days off of the day's year were not announced yet."""

    def add_working_days(self, start: datetime, days: int) -> datetime:
        """End of the last of ``days`` working days after the day of ``start``."""

    def add_working_seconds(self, start: datetime, seconds: float) -> datetime:
        """When that much working time after ``start`` has passed."""

    def working_seconds(self, start: datetime, end: datetime) -> float:
        """Working time between two moments. [s]"""


class Phase(StrEnum):
    """What a clock does."""

    RUNNING = "running"
    STOPPED = "stopped"
    MET = "met"
    MISSED = "missed"
    """Ran out before it was met; ``ended`` says when it was met after all."""
    CANCELLED = "cancelled"
    """The case ended in a state that does not meet it."""


_WORKING = frozenset({Unit.WORKING_HOURS, Unit.WORKING_DAYS, Unit.MONTHS})
_SECONDS = {Unit.MINUTES: 60.0, Unit.HOURS: 3600.0, Unit.DAYS: 86400.0, Unit.WORKING_HOURS: 3600.0}


@dataclass(frozen=True, slots=True)
class ClockState:
    """A clock of one case.

    ``used`` is what was used before ``since``, when it began to run this time: seconds, or whole days (working
    ones, if it counts those).
    ``shares`` are the moments of its escalations, ``told`` how many of them have happened.
    """

    phase: Phase
    amount: Amount
    started: datetime
    since: datetime
    used: float = 0.0
    due: datetime | None = None
    calendar: str = ""
    ended: datetime | None = None
    shares: tuple[datetime, ...] = ()
    told: int = 0

    @property
    def is_working(self) -> bool:
        """Whether the calendar has a say."""
        return self.amount.unit in _WORKING

    @property
    def budget(self) -> float:
        """The time allowed, in what ``used`` is counted in."""
        if self.amount.unit is Unit.MONTHS:
            return float(_month_days(self))
        return self.amount.number * _SECONDS.get(self.amount.unit, 1.0)


def start(clock: Clock, amount: Amount, now: datetime, calendar: Calendar) -> ClockState:
    """The clock begins to run."""
    return _counted(clock, ClockState(Phase.RUNNING, amount, now, now), calendar)


def stop(state: ClockState, now: datetime, calendar: Calendar) -> ClockState:
    """The clock stands still; what was used is kept."""
    used = min(state.used + _passed(state, now, calendar), state.budget)
    return replace(state, phase=Phase.STOPPED, used=used, since=now, due=None, shares=())


def resume(clock: Clock, state: ClockState, now: datetime, calendar: Calendar) -> ClockState:
    """The clock goes on with what is left."""
    return _counted(clock, replace(state, phase=Phase.RUNNING, since=now), calendar)


def meet(state: ClockState, now: datetime) -> ClockState:
    """What the clock was for has happened; a clock that had run out stays missed."""
    phase = Phase.MISSED if state.phase is Phase.MISSED else Phase.MET
    return replace(state, phase=phase, ended=now)


def miss(state: ClockState) -> ClockState:
    """The clock ran out."""
    return replace(state, phase=Phase.MISSED)


def cancel(state: ClockState, now: datetime) -> ClockState:
    """The case ended otherwise."""
    return replace(state, phase=Phase.CANCELLED, ended=now, due=None, shares=())


def recount(clock: Clock, state: ClockState, calendar: Calendar) -> ClockState:
    """A running clock under the present calendar; any other is returned as it is."""
    if state.phase is not Phase.RUNNING or not state.is_working or state.calendar == calendar.version:
        return state
    return _counted(clock, state, calendar)


def share(state: ClockState, now: datetime, calendar: Calendar) -> float:
    """How much of the time allowed is used, from 0 to 1."""
    if state.phase is Phase.MISSED:
        return 1.0
    before = min(1.0, state.used / state.budget) if state.budget else 1.0
    if state.due is None:
        return before
    now = state.ended or now
    length = _length(state, state.since, state.due, calendar)
    part = _length(state, state.since, min(now, state.due), calendar) / length if length > 0 else 1.0
    return min(1.0, max(0.0, before + (1.0 - before) * part))


def left_s(state: ClockState, now: datetime, calendar: Calendar) -> float | None:
    """Seconds left, working ones for a working clock; negative when it ran out; ``None`` unless it runs. [s]"""
    if state.due is None or state.ended is not None:
        return None
    if now <= state.due:
        return _length(state, now, state.due, calendar)
    return -_length(state, state.due, now, calendar)


def is_provisional(state: ClockState, calendar: Calendar) -> bool:
    """Whether a running clock ends in a year whose days off were not announced, so that its end may yet move."""
    if not state.is_working or state.due is None or state.ended is not None:
        return False
    return calendar.is_provisional(_local(state.due - timedelta(microseconds=1)))


def _counted(clock: Clock, state: ClockState, calendar: Calendar) -> ClockState:
    due = _due(state, calendar)
    counted = replace(state, due=due, calendar=calendar.version if state.is_working else "")
    shares = tuple(_moment_of(e.share, counted, due, calendar) for e in clock.escalations)
    return replace(counted, shares=shares)


def _due(state: ClockState, calendar: Calendar) -> datetime:
    rest = max(0.0, state.budget - state.used)
    match state.amount.unit:
        case Unit.WORKING_DAYS:
            return calendar.add_working_days(state.since, max(1, round(rest)))
        case Unit.WORKING_HOURS:
            return calendar.add_working_seconds(state.since, rest)
        case Unit.MONTHS:
            return _after_months(state, calendar)
        case _:
            return state.since + timedelta(seconds=rest)


def _after_months(state: ClockState, calendar: Calendar) -> datetime:
    """End of the same day of a later month, later by the days the clock stood still, on a working day."""
    first = _local(state.started)
    stood_still = (_local(state.since) - first).days - round(state.used)
    day = first + timedelta(days=_month_days(state) + stood_still)
    while not calendar.is_working_day(day):
        day += timedelta(days=1)
    return datetime.combine(day + timedelta(days=1), time.min, LOCAL).astimezone(UTC)


def _month_days(state: ClockState) -> int:
    """Days of so many months from the day the clock was started on."""
    first = _local(state.started)
    count = first.month - 1 + round(state.amount.number)
    year, month = first.year + count // 12, count % 12 + 1
    return (date(year, month, min(first.day, months.monthrange(year, month)[1])) - first).days


def _local(moment: datetime) -> date:
    return moment.astimezone(LOCAL).date()


def _passed(state: ClockState, now: datetime, calendar: Calendar) -> float:
    """Time used since it began to run this time, in what ``used`` is counted in."""
    match state.amount.unit:
        case Unit.WORKING_DAYS:
            return float(_days_between(state.since, now, calendar))
        case Unit.WORKING_HOURS:
            return calendar.working_seconds(state.since, now)
        case Unit.MONTHS:
            return float((_local(now) - _local(state.since)).days)
        case _:
            return (now - state.since).total_seconds()


def _days_between(since: datetime, now: datetime, calendar: Calendar) -> int:
    """Working days that lie wholly between the days of two moments."""
    day, last = _local(since) + timedelta(days=1), _local(now)
    count = 0
    while day < last:
        count += calendar.is_working_day(day)
        day += timedelta(days=1)
    return count


def _length(state: ClockState, begin: datetime, end: datetime, calendar: Calendar) -> float:
    if state.amount.unit in (Unit.WORKING_DAYS, Unit.WORKING_HOURS):
        return calendar.working_seconds(begin, end) if end > begin else 0.0
    return (end - begin).total_seconds()


def _moment_of(wanted: float, state: ClockState, due: datetime, calendar: Calendar) -> datetime:
    """When a share of the whole time allowed is used; the beginning of this run if it was before."""
    before = state.used / state.budget if state.budget else 1.0
    part = (wanted - before) / (1.0 - before) if before < 1.0 else 1.0
    if part <= 0.0:
        return state.since
    if part >= 1.0:
        return due
    length = _length(state, state.since, due, calendar) * part
    if state.amount.unit in (Unit.WORKING_DAYS, Unit.WORKING_HOURS):
        return calendar.add_working_seconds(state.since, length)
    return state.since + timedelta(seconds=length)


def clock_to_json(state: ClockState) -> dict[str, Json]:
    """The state as it is kept in the log."""
    return {
        "phase": state.phase.value,
        "number": state.amount.number,
        "unit": state.amount.unit.value,
        "started": stamp(state.started),
        "since": stamp(state.since),
        "used": state.used,
        "due": None if state.due is None else stamp(state.due),
        "calendar": state.calendar,
        "ended": None if state.ended is None else stamp(state.ended),
        "shares": [stamp(s) for s in state.shares],
        "told": state.told,
    }


def clock_from_json(body: Any) -> ClockState:
    """What :func:`clock_to_json` kept."""
    return ClockState(
        Phase(body["phase"]),
        Amount(body["number"], Unit(body["unit"])),
        _time(body["started"]),
        _time(body["since"]),
        body["used"],
        None if body["due"] is None else _time(body["due"]),
        body["calendar"],
        None if body["ended"] is None else _time(body["ended"]),
        tuple(_time(s) for s in body["shares"]),
        body["told"],
    )


def stamp(moment: datetime) -> str:
    """A time whose texts order as the times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _time(text: str) -> datetime:
    return parse_time(text, where="case")
