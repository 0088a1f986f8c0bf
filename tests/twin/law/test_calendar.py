"""Days off as announced for 2025 to 2027, terms by the Civil Code, office hours. Local times are UTC+7."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import ParameterError, SchemaError, TimeError
from twin.law.calendar import WorkingCalendar, builtin_calendar

HERE = timezone(timedelta(hours=7))
CALENDAR = builtin_calendar()

# Days off on weekdays, as the guide lists them (Labour Code Art. 112 and the yearly notices).
OFF = {
    2025: "1/1 27/1 28/1 29/1 30/1 31/1 7/4 30/4 1/5 2/5 1/9 2/9",
    2026: "1/1 2/1 16/2 17/2 18/2 19/2 20/2 27/4 30/4 1/5 31/8 1/9 2/9 24/11",
    2027: "1/1 4/2 5/2 8/2 9/2 10/2 16/4 30/4 3/5 2/9 3/9 24/11",
}
WORKED_SATURDAYS = {2025: "26/4", 2026: "10/1 22/8", 2027: ""}


def dates(year: int, text: str) -> set[date]:
    return {date(year, int(m), int(d)) for d, m in (part.split("/") for part in text.split())}


def at(day: str, clock: str = "00:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=HERE)


@pytest.mark.parametrize("year", OFF)
def test_days_off_are_exactly_those_announced(year: int) -> None:
    days = CALENDAR.days(date(year, 1, 1), date(year, 12, 31))
    assert {d.date for d in days if not d.working and d.date.isoweekday() < 6} == dates(year, OFF[year])
    assert {d.date for d in days if d.working and d.date.isoweekday() >= 6} == dates(year, WORKED_SATURDAYS[year])
    assert not any(d.provisional for d in days)


def test_our_list_wins_over_the_library() -> None:
    library = holidays.country_holidays("VN", years=2026)
    swapped = CALENDAR.day(date(2026, 1, 2))
    assert date(2026, 1, 2) not in library
    assert (swapped.working, swapped.source, swapped.name_en) == (False, "record", "Exchanged for 10 January 2026")
    assert CALENDAR.is_working_day(date(2026, 1, 10))


def test_in_an_announced_year_a_weekday_that_only_the_library_calls_off_is_worked() -> None:
    shorter = WorkingCalendar({**content(), "announced_years": [2027]}, version="v")
    assert shorter.is_working_day(date(2027, 11, 24))
    assert not WorkingCalendar(content(), version="v").is_working_day(date(2027, 11, 24))


def test_culture_day_is_off_from_2026_and_was_worked_in_2025() -> None:
    assert CALENDAR.is_working_day(date(2025, 11, 24))
    assert not CALENDAR.is_working_day(date(2026, 11, 24))
    assert CALENDAR.day(date(2026, 11, 24)).name == "Ngày Văn hóa Việt Nam"


def test_a_year_not_yet_announced_follows_the_library_and_says_that_it_is_provisional() -> None:
    day = CALENDAR.day(date(2028, 1, 26))
    assert (day.working, day.source, day.provisional) == (False, "library", True)
    assert CALENDAR.is_provisional(date(2028, 6, 1))
    assert not CALENDAR.is_provisional(date(2027, 6, 1))


def test_what_is_unconfirmed_keeps_its_mark() -> None:
    assert CALENDAR.day(date(2026, 8, 31)).confidence == "M"
    assert CALENDAR.day(date(2026, 9, 1)).confidence == "C"


@pytest.mark.parametrize(
    ("start", "days", "last"),
    [
        ("2026-11-23", 1, "2026-11-25"),  # Tuesday 24/11 is off
        ("2026-11-20", 7, "2026-12-02"),  # 23, 25, 26, 27, 30, 1, 2
        ("2026-01-01", 1, "2026-01-05"),  # 2/1 is off, then a weekend
        ("2026-01-08", 2, "2026-01-10"),  # Saturday 10/1 is worked
        ("2026-02-13", 1, "2026-02-23"),  # over the Lunar New Year
        ("2026-11-21", 1, "2026-11-23"),  # begun on a Saturday
        ("2026-11-21", 0, "2026-11-23"),
        ("2026-11-23", 0, "2026-11-23"),
    ],
)
def test_a_term_of_working_days_leaves_out_the_day_of_the_event(start: str, days: int, last: str) -> None:
    due = CALENDAR.add_working_days(at(start, "16:59"), days)
    assert due == at(last) + timedelta(days=1)
    assert CALENDAR.last_day(due) == date.fromisoformat(last)


@pytest.mark.parametrize(
    ("start", "days", "last"),
    [
        ("2026-11-20", 4, "2026-11-25"),  # the fourth day, 24/11, is off
        ("2026-11-20", 3, "2026-11-23"),
        ("2026-11-20", 1, "2026-11-23"),  # Saturday, so Monday
        ("2026-04-15", 15, "2026-05-04"),  # 30/4, 1/5, weekend
    ],
)
def test_a_term_of_calendar_days_that_ends_on_a_day_off_ends_with_the_next_working_day(
    start: str, days: int, last: str
) -> None:
    assert CALENDAR.last_day(CALENDAR.add_days(at(start, "08:00"), days)) == date.fromisoformat(last)


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        (("2026-11-23", "08:00"), 2, ("2026-11-23", "10:00")),
        (("2026-11-23", "10:30"), 2, ("2026-11-23", "14:30")),  # over the break at noon
        (("2026-11-23", "16:00"), 2, ("2026-11-25", "08:30")),  # over 24/11
        (("2026-11-21", "03:00"), 4, ("2026-11-23", "11:30")),  # Saturday night; ends as the morning closes
        (("2026-11-23", "16:00"), 1, ("2026-11-23", "17:00")),
        (("2026-11-21", "03:00"), 0, ("2026-11-21", "03:00")),
    ],
)
def test_working_time_passes_only_in_office_hours(start: tuple[str, str], hours: float, end: tuple[str, str]) -> None:
    assert CALENDAR.add_working_seconds(at(*start), hours * 3600) == at(*end)
    assert CALENDAR.working_seconds(at(*start), at(*end)) == hours * 3600


def test_a_working_day_has_seven_and_a_half_hours() -> None:
    assert CALENDAR.working_seconds(at("2026-11-23"), at("2026-11-26")) == 2 * 7.5 * 3600
    assert CALENDAR.working_seconds(at("2026-11-26"), at("2026-11-23")) == -2 * 7.5 * 3600


def test_offices_are_open_from_the_first_moment_to_before_the_last() -> None:
    assert CALENDAR.is_office_time(at("2026-11-23", "07:30"))
    assert not CALENDAR.is_office_time(at("2026-11-23", "11:30"))
    assert not CALENDAR.is_office_time(at("2026-11-24", "09:00"))


MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 1)).map(lambda t: t.replace(tzinfo=UTC))  # noqa: DTZ001


@settings(deadline=None)
@given(start=MOMENTS, seconds=st.floats(0, 40 * 27_000))
def test_time_added_is_time_counted(start: datetime, seconds: float) -> None:
    end = CALENDAR.add_working_seconds(start, seconds)
    assert end >= start
    assert CALENDAR.working_seconds(start, end) == pytest.approx(seconds, abs=1e-6)


@settings(deadline=None)
@given(moments=st.tuples(MOMENTS, MOMENTS, MOMENTS))
def test_working_time_adds_up_over_any_split(moments: tuple[datetime, datetime, datetime]) -> None:
    a, b, c = sorted(moments)
    parts = CALENDAR.working_seconds(a, b) + CALENDAR.working_seconds(b, c)
    assert parts == pytest.approx(CALENDAR.working_seconds(a, c), abs=1e-6)


@settings(deadline=None)
@given(start=MOMENTS, days=st.integers(1, 60))
def test_a_term_ends_on_a_working_day_and_holds_as_many_as_it_says(start: datetime, days: int) -> None:
    last = CALENDAR.last_day(CALENDAR.add_working_days(start, days))
    first = CALENDAR.local_date(start) + timedelta(days=1)
    assert CALENDAR.is_working_day(last)
    assert sum(d.working for d in CALENDAR.days(first, last)) == days


def content(**changes: Any) -> dict[str, Any]:
    return {
        "zone": "Asia/Ho_Chi_Minh",
        "library": "VN",
        "working_weekdays": [1, 2, 3, 4, 5],
        "office_hours": [["07:30", "11:30"], ["13:30", "17:00"]],
        "rows": [],
        **changes,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"working_weekdays": []},
        {"working_weekdays": [8]},
        {"office_hours": []},
        {"office_hours": [["13:30", "17:00"], ["07:30", "11:30"]]},
        {"office_hours": [["09:00", "08:00"]]},
        {"office_hours": [["9 giờ", "10 giờ"]]},
        {"zone": "Asia/Nowhere"},
        {"rows": [{"date": "2026-01-01", "working": False}, {"date": "2026-01-01", "working": True}]},
        {"rows": [{"date": "2026-13-01", "working": False}]},
        {"rows": [{"date": "2026-01-01", "working": "no"}]},
    ],
)
def test_content_that_is_no_calendar_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SchemaError):
        WorkingCalendar(content(**changes), version="v")


def test_what_a_calendar_cannot_answer_is_refused() -> None:
    with pytest.raises(TimeError):
        CALENDAR.add_working_days(datetime(2026, 11, 23), 1)  # noqa: DTZ001
    with pytest.raises(ParameterError):
        CALENDAR.add_working_days(at("2026-11-23"), -1)
    with pytest.raises(ParameterError):
        CALENDAR.add_working_seconds(at("2026-11-23"), float("nan"))
    with pytest.raises(ParameterError):
        CALENDAR.is_working_day(date(1999, 12, 31))
    with pytest.raises(SchemaError, match="XX"):
        WorkingCalendar(content(library="XX"), version="v").day(date(2028, 1, 1))
