"""Schedules: jobs that come again, every so many seconds or at a time of day in Viet Nam.

A schedule's job and the schedule's next moment are one commit, so that each moment gives one job however many runners
look. What was missed while nothing ran is done once.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from twin.errors import ConflictError, NotFoundError, ParameterError, TwinError
from twin.jobs.model import body_of, viewer_of
from twin.model.record import Body, Put, Range, Record
from twin.model.view import Role, Viewer
from twin.types import LOCAL, Json, format_time, parse_time

if TYPE_CHECKING:
    from twin.jobs.queue import Queue

_log = logging.getLogger(__name__)

RECORD: Final = "schedule"
SYSTEM = Viewer("system", Role.ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When which job comes.

    Parameters
    ----------
    every_s
        Time from one to the next [s], or
    daily
        Time of day in Viet Nam, ``"02:30"``.
    due
        The next moment; ``None`` before it was first planned.
    job
        The newest job it gave.
    """

    name: str
    kind: str
    every_s: int = 0
    daily: str = ""
    inputs: dict[str, Json] = field(default_factory=dict)
    by: Viewer = SYSTEM
    is_on: bool = True
    due: datetime | None = None
    job: str = ""
    version: int = 0

    def __post_init__(self) -> None:
        if (self.every_s > 0) == bool(self.daily):
            raise ParameterError(
                f"schedule {self.name!r} needs either a number of seconds or a time of day", hint="Such as 02:30."
            )
        if self.daily:
            _time_of_day(self.daily)

    def after(self, now: datetime) -> datetime:
        """The first moment later than ``now``; moments that were missed are left out."""
        if self.every_s:
            step = timedelta(seconds=self.every_s)
            if self.due is None:
                return now + step
            return self.due + step * max(0, (now - self.due) // step + 1)
        local = now.astimezone(LOCAL)
        today = datetime.combine(local.date(), _time_of_day(self.daily), LOCAL)
        return (today if today > local else today + timedelta(days=1)).astimezone(now.tzinfo)

    def as_body(self) -> Body:
        """The record's body."""
        return {
            "kind": self.kind,
            "every_s": self.every_s,
            "daily": self.daily,
            "inputs": self.inputs,
            "by": body_of(self.by),
            "is_on": self.is_on,
            "due": None if self.due is None else format_time(self.due),
            "job": self.job,
        }

    @classmethod
    def of(cls, record: Record) -> Schedule:
        """The schedule that a record keeps."""
        body: dict[str, Any] = record.body
        return cls(
            record.key,
            by=viewer_of(body["by"]),
            due=None if body["due"] is None else parse_time(body["due"], where=record.key),
            version=record.version,
            **{name: body[name] for name in ("kind", "every_s", "daily", "inputs", "is_on", "job")},
        )


def _time_of_day(text: str) -> time:
    try:
        return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007  a time of day has no zone
    except ValueError:
        raise ParameterError(f"{text!r} is not a time of day", hint="Write hours and minutes, 02:30.") from None


def put_schedule(queue: Queue, schedule: Schedule) -> Schedule:
    """Make or change a schedule; what it has of its own (next moment, last job) stays unless its times changed."""
    queue.kind(schedule.kind)
    known = _find(queue, schedule.name)
    timed = schedule
    if known is not None and (known.every_s, known.daily) == (schedule.every_s, schedule.daily):
        timed = replace(schedule, due=known.due, job=known.job)
        if replace(timed, version=known.version) == known:
            return known
    if timed.due is None:
        timed = replace(timed, due=timed.after(queue.clock()))
    queue.store.write_records(
        [Put(RECORD, schedule.name, timed.as_body(), expect=0 if known is None else known.version)]
    )
    return Schedule.of(queue.store.record(RECORD, schedule.name))


def _find(queue: Queue, name: str) -> Schedule | None:
    try:
        return Schedule.of(queue.store.record(RECORD, name))
    except NotFoundError:
        return None


def schedules(queue: Queue) -> Mapping[str, Schedule]:
    """All schedules by name."""
    return {record.key: Schedule.of(record) for record in queue.store.records(RECORD)}


def submit_due(queue: Queue) -> list[str]:
    """Ask for the jobs of every schedule whose moment has come; their ids."""
    now = queue.clock()
    found = queue.store.records(RECORD, where={"is_on": True, "due": Range(None, format_time(now))})
    made = []
    for schedule in map(Schedule.of, found):
        if schedule.kind in queue.kinds and schedule.due is not None and schedule.due <= now:
            try:
                job = _submit(queue, schedule, now)
            except ConflictError:
                continue  # another runner was faster
            except TwinError as exc:
                _log.warning("schedule %s: %s", schedule.name, exc)
                continue
            if job:
                made.append(job)
    return made


def _submit(queue: Queue, schedule: Schedule, now: datetime) -> str:
    """One job, unless that of the last moment is still open; ``""`` then."""
    following = replace(schedule, due=schedule.after(now))
    if schedule.job and _is_open(queue, schedule.job):
        queue.store.write_records([Put(RECORD, schedule.name, following.as_body(), expect=schedule.version)])
        return ""
    assert schedule.due is not None
    key = f"{schedule.name}@{format_time(schedule.due)}"
    identity = queue.identity(schedule.kind, schedule.by, key)
    following = replace(following, job=identity)
    ops = [Put(RECORD, schedule.name, following.as_body(), expect=schedule.version)]
    return queue.submit(schedule.kind, schedule.inputs, schedule.by, key=key, schedule=schedule.name, ops=ops).id


def _is_open(queue: Queue, job: str) -> bool:
    try:
        return not queue.get(job).state.is_over
    except NotFoundError:
        return False
