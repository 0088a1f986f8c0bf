"""Names that tests of cases share: a calendar written by hand, a clock, people, a plain kind."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from twin.cases.kind import Amount, CaseKind, Clock, Escalation, FormField, Reason, State, Transition, Unit
from twin.model.view import CITIZEN, Role, Viewer
from twin.types import Json

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MORNING, NOON, AFTERNOON, EVENING = time(7, 30), time(11, 30), time(13), time(17)
"""Eight hours a day."""

PLANNER = Viewer("an", Role.PLANNER, person="p-an")
REVIEWER = Viewer("binh", Role.REVIEWER, person="p-binh")
OTHER = Viewer("chi", Role.REVIEWER, person="p-chi")
ADMIN = Viewer("quan", Role.ADMINISTRATOR, person="p-quan")
ANYBODY = CITIZEN


def local(day: int, hour: int = 9, minute: int = 0, *, month: int = 11, year: int = 2026) -> datetime:
    """A moment in Viet Nam, as UTC."""
    return datetime(year, month, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


@dataclass
class Wall:
    """A clock on the wall."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def ahead(self, **length: float) -> None:
        self.moment += timedelta(**length)


@dataclass
class Calendar:
    """Monday to Friday, 7:30-11:30 and 13:00-17:00, less days off, plus days worked."""

    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()
    version: str = field(default="1")

    def is_working_day(self, day: date) -> bool:
        return day in self.worked or (day.weekday() < 5 and day not in self.off)

    def is_provisional(self, day: date) -> bool:
        return day.year > 2027

    def add_working_days(self, start: datetime, days: int) -> datetime:
        day = start.astimezone(ZONE).date()
        while days:
            day += timedelta(days=1)
            days -= self.is_working_day(day)
        return datetime.combine(day, EVENING, ZONE).astimezone(UTC)

    def add_working_seconds(self, start: datetime, seconds: float) -> datetime:
        day = start.astimezone(ZONE).date()
        while True:
            for opening, end in self._hours(day):
                begin = max(opening, start)
                length = (end - begin).total_seconds()
                if length >= 0 and seconds <= length:
                    return begin + timedelta(seconds=seconds)
                seconds -= max(length, 0)
            day += timedelta(days=1)

    def working_seconds(self, start: datetime, end: datetime) -> float:
        day, total = start.astimezone(ZONE).date(), 0.0
        while day <= end.astimezone(ZONE).date():
            for begin, stop in self._hours(day):
                total += max(0.0, (min(stop, end) - max(begin, start)).total_seconds())
            day += timedelta(days=1)
        return total

    def _hours(self, day: date) -> list[tuple[datetime, datetime]]:
        if not self.is_working_day(day):
            return []
        return [
            (datetime.combine(day, a, ZONE).astimezone(UTC), datetime.combine(day, b, ZONE).astimezone(UTC))
            for a, b in ((MORNING, NOON), (AFTERNOON, EVENING))
        ]


def plain_kind(**changes: object) -> CaseKind:
    """New, at work, waiting, then done or dropped; two people must agree that it is done."""
    kind = CaseKind(
        name="errand",
        code="ER",
        initial="new",
        title="Việc",
        title_en="Errand",
        states=(State("new"), State("working"), State("waiting"), State("done", end=True), State("dropped", end=True)),
        transitions=(
            Transition("begin", ("new",), "working", roles=("planner", "reviewer")),
            Transition("wait", ("working",), "waiting", roles=("planner", "reviewer"), once=1),
            Transition("go_on", ("waiting",), "working", roles=("opener", "planner"), edits=("what",)),
            Transition("finish", ("working",), "done", roles=("planner", "reviewer"), approvals=2),
            Transition("drop", ("new", "working"), "dropped", roles=("planner",), reason=Reason.REQUIRED),
        ),
        clocks=(
            Clock(
                "handle",
                Amount(5, Unit.WORKING_DAYS),
                runs=("new", "working"),
                stops=("waiting",),
                meets=("done",),
                escalations=(Escalation(0.8, tell=("duty_officer",)),),
            ),
        ),
        form=(FormField("what", "text", required=True), FormField("size", "number", low=0)),
        open_roles=("planner", "reviewer"),
        seen_by=("planner", "reviewer", "administrator"),
        title_field="what",
    )
    return replace(kind, **changes)  # type: ignore[arg-type]


BODY: dict[str, Json] = {"what": "Sửa ranh thửa"}
