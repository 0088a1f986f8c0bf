"""Jobs: work that outlives a request, as the queue keeps it. States are those of OGC API - Processes.

::

    accepted ─ claimed ─▶ running ─┬─▶ successful
        ▲                          ├─▶ failed
        └── again, after a pause ──┘
    accepted or running ─ asked to stop ─▶ dismissed
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from twin.errors import TwinError
from twin.jobs.limits import Limits
from twin.model.layer import Commit
from twin.model.record import Body, Entry, Record
from twin.model.view import Right, Role, Viewer
from twin.types import Json, format_time, parse_time

RECORD: Final = "job"


class JobState(StrEnum):
    """Where a job is, in the words of OGC API - Processes."""

    ACCEPTED = "accepted"
    RUNNING = "running"
    SUCCESSFUL = "successful"
    FAILED = "failed"
    DISMISSED = "dismissed"

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self not in (JobState.ACCEPTED, JobState.RUNNING)


OPEN_STATES: Final = (JobState.ACCEPTED.value, JobState.RUNNING.value)


class Priority:
    """Which of the waiting jobs is taken first: the greatest."""

    WARNING: Final = 90
    INGESTION: Final = 80
    NORMAL: Final = 50
    SIMULATION: Final = 30
    HOUSEKEEPING: Final = 10
    URGENT: Final = 80
    """From here on a job is also taken when all ordinary places are busy."""


@dataclass(frozen=True, slots=True)
class JobProblem:
    """Why a job failed; ``kind`` is that of a :class:`~twin.errors.TwinError`."""

    kind: str
    message: str
    where: str = ""
    hint: str = ""

    @classmethod
    def of(cls, error: TwinError) -> JobProblem:
        """The problem that an error is."""
        return cls(error.kind, error.message, error.where, error.hint)

    def error(self) -> TwinError:
        """The error again, as whoever waits for the job meets it."""
        return _error_class(self.kind)(self.message, where=self.where, hint=self.hint)

    def as_dict(self) -> dict[str, Json]:
        """The problem as JSON."""
        return {"kind": self.kind, "message": self.message, "where": self.where, "hint": self.hint}


def _error_class(kind: str) -> type[TwinError]:
    waiting: list[type[TwinError]] = [TwinError]
    for found in waiting:
        if found.kind == kind:
            return found
        waiting += found.__subclasses__()
    return TwinError


@dataclass(frozen=True, slots=True)
class Step:
    """A commit that an attempt of a job made."""

    number: int
    attempt: int
    method: str
    commit: Commit

    @classmethod
    def of(cls, entry: Entry) -> Step:
        """The step that an entry of a job's log says."""
        body: dict[str, Any] = entry.body
        return cls(
            entry.number,
            int(body["attempt"]),
            str(body["step"]),
            Commit(recorded_at=entry.recorded_at, **body["commit"]),
        )


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work and how far it is.

    Parameters
    ----------
    by
        Who asked for it; it is done with their eyes and in their name.
    priority
        See :class:`Priority`.
    not_before
        When it may be taken, at the earliest.
    attempt
        How many times it was taken.
    retries
        How often it may still be taken again after it was cut off or something outside failed.
    lease
        Until when the runner that took it is believed to work on it; it prolongs this while it does.
    runner
        Which process takes care of it.
    bound_to
        The only process that may take it (a command that waits for its own work); ``""`` is any.
    progress
        Share done, 0 to 1, or ``None`` where that is not known.
    """

    id: str
    kind: str
    title: str
    by: Viewer
    created: datetime
    title_en: str = ""
    inputs: dict[str, Json] = field(default_factory=dict)
    priority: int = Priority.NORMAL
    limits: Limits = field(default_factory=Limits)
    state: JobState = JobState.ACCEPTED
    not_before: datetime | None = None
    attempt: int = 0
    retries: int = 2
    lease: datetime | None = None
    runner: str = ""
    bound_to: str = ""
    progress: float | None = None
    message: str = ""
    message_en: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    result: dict[str, Json] | None = None
    problem: JobProblem | None = None
    schedule: str = ""
    version: int = 0
    """Version of the record it was read from; 0 before it is kept."""

    @property
    def log(self) -> str:
        """Name of the log of what happened to it."""
        return log_of(self.id)

    def changed(self, **changes: Any) -> Job:
        """The same job with other values."""
        return replace(self, **changes)

    def as_body(self) -> Body:
        """The record's body."""
        return {
            "kind": self.kind,
            "title": self.title,
            "title_en": self.title_en,
            "inputs": self.inputs,
            "by": body_of(self.by),
            "owner": owner_of(self.by),
            "priority": self.priority,
            "limits": self.limits.as_dict(),
            "state": self.state.value,
            "created": format_time(self.created),
            "not_before": _time(self.not_before),
            "attempt": self.attempt,
            "retries": self.retries,
            "lease": _time(self.lease),
            "runner": self.runner,
            "bound_to": self.bound_to,
            "progress": self.progress,
            "message": self.message,
            "message_en": self.message_en,
            "started": _time(self.started),
            "finished": _time(self.finished),
            "result": self.result,
            "problem": None if self.problem is None else self.problem.as_dict(),
            "schedule": self.schedule,
        }  # fmt: skip

    @classmethod
    def of(cls, record: Record) -> Job:
        """The job that a record keeps."""
        body: dict[str, Any] = record.body
        plain: dict[str, Any] = {name: body[name] for name in _PLAIN}
        return cls(
            id=record.key,
            by=viewer_of(body["by"]),
            created=parse_time(body["created"], where="created"),
            limits=Limits(**body["limits"]),
            state=JobState(body["state"]),
            problem=None if body["problem"] is None else JobProblem(**body["problem"]),
            version=record.version,
            not_before=_moment(body["not_before"]),
            lease=_moment(body["lease"]),
            started=_moment(body["started"]),
            finished=_moment(body["finished"]),
            **plain,
        )


_PLAIN = (
    "kind", "title", "title_en", "inputs", "priority", "attempt", "retries", "runner", "bound_to", "progress",
    "message", "message_en", "result", "schedule",
)  # fmt: skip


def log_of(job: str) -> str:
    """Name of a job's log."""
    return f"job:{job}"


def body_of(viewer: Viewer) -> dict[str, Json]:
    """A viewer as JSON."""
    limited: list[Json] | None = None if viewer.limited_to is None else [r.value for r in sorted(viewer.limited_to)]
    return {
        "name": viewer.name,
        "role": viewer.role.value,
        "person": viewer.person,
        "token": viewer.token,
        "limited_to": limited,
    }


def viewer_of(body: Mapping[str, Any]) -> Viewer:
    """The viewer again."""
    limited = body["limited_to"]
    rights = None if limited is None else frozenset(map(Right, limited))
    return Viewer(body["name"], Role(body["role"]), body["person"], body["token"], rights)


def owner_of(viewer: Viewer) -> str:
    """What a person's own jobs are found by: the person, or the account's name where nobody signed in."""
    return viewer.person or viewer.name


def _time(value: datetime | None) -> str | None:
    return None if value is None else format_time(value)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else parse_time(text, where="job")


@dataclass(frozen=True, slots=True)
class JobKind:
    """What the queue knows of a kind of work.

    Parameters
    ----------
    run
        ``module:function`` of a :class:`~twin.jobs.work.Work`, carried out in a process of its own.
    title, title_en
        How jobs of this kind are called where nothing better is said.
    resumes
        Whether ``run`` looks at the steps that earlier attempts committed and goes on from them. One that does
        not is not begun again once something was committed.
    """

    name: str
    run: str
    title: str
    title_en: str
    priority: int = Priority.NORMAL
    limits: Limits = field(default_factory=Limits)
    retries: int = 2
    resumes: bool = False


Kinds = Mapping[str, JobKind]
