"""The queue: jobs as records of the store, so that every process that reaches the store shares it.

A change of a job is one write that names the version it has seen. Of several runners that want the same job one gets
it; the others read again.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from twin.access.audit import audited
from twin.errors import ConflictError, ForbiddenError, NotFoundError, ParameterError
from twin.jobs.fence import steps_of
from twin.jobs.limits import Limits
from twin.jobs.model import (
    OPEN_STATES,
    RECORD,
    Job,
    JobKind,
    JobProblem,
    JobState,
    Kinds,
    Step,
    log_of,
    owner_of,
)
from twin.model.record import Append, Body, Condition, Put, RecordOp
from twin.model.view import Right, Viewer
from twin.store.base import Store
from twin.types import Json

LEASE: Final = timedelta(seconds=12)
"""How long a runner that says nothing more is believed to be at work."""
_TRIES = 20
_LONGEST_KEY = 200


def now_utc() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Queue:
    """Jobs of one store.

    Parameters
    ----------
    kinds
        The kinds of work there are.
    clock
        Says what time it is.
    """

    def __init__(self, store: Store, kinds: Kinds, *, clock: Callable[[], datetime] = now_utc) -> None:
        self.store = store
        self.kinds = kinds
        self.clock = clock

    # -- asking ------------------------------------------------------------------------------------------------

    def submit(
        self,
        kind: str,
        inputs: Mapping[str, Json],
        by: Viewer,
        *,
        title: str = "",
        title_en: str = "",
        key: str = "",
        priority: int | None = None,
        limits: Limits | None = None,
        bound_to: str = "",
        schedule: str = "",
        ops: Sequence[RecordOp] = (),
    ) -> Job:
        """Ask for work; it is done some time after.

        Parameters
        ----------
        key
            Idempotency key: the same person's same key gives the job that it gave before.
        bound_to
            The only process that may take it.
        ops
            Further operations for the same commit.

        Raises
        ------
        ParameterError
            If there is no such kind, or the inputs cannot be kept.
        ConflictError
            If the key was used for other work.
        """
        known = self.kind(kind)
        job = Job(
            id=_id(kind, by, key),
            kind=kind,
            title=title or known.title,
            title_en=title_en or (known.title_en if not title else ""),
            by=by,
            created=self.clock(),
            inputs=dict(inputs),
            priority=known.priority if priority is None else priority,
            limits=limits or known.limits,
            retries=known.retries,
            bound_to=bound_to,
            schedule=schedule,
        )
        try:
            self.store.write_records(
                [
                    Put(RECORD, job.id, job.as_body(), expect=0),
                    _entry(job, "accepted"),
                    audited(by, "job.submit", f"job:{job.id}", details={"kind": kind}),
                    *ops,
                ]
            )
        except ConflictError:
            same = self._with_key(job) if key else None
            if same is None:
                raise
            return same
        return self.get(job.id)

    def identity(self, kind: str, by: Viewer, key: str) -> str:
        """The id of the job that an idempotency key gives."""
        return _id(kind, by, key)

    def _with_key(self, wanted: Job) -> Job | None:
        try:
            there = self.get(wanted.id)
        except NotFoundError:
            return None
        if (there.kind, there.inputs) != (wanted.kind, wanted.inputs):
            raise ConflictError(
                "this idempotency key was used for other work", where="Idempotency-Key", hint="Take a new key."
            )
        return there

    def cancel(self, job: str, by: Viewer) -> Job:
        """Stop a job: it is dismissed at once, and whoever works on it is stopped.

        What it committed before stays; its message says so. A job that is over stays as it is.

        Raises
        ------
        NotFoundError
            If there is none the viewer may stop.
        """
        for _ in range(_TRIES):
            found = self.seen_by(by, job)
            if found.state.is_over:
                return found
            done = found.changed(
                state=JobState.DISMISSED,
                finished=self.clock(),
                message=f"Đã dừng theo yêu cầu của {by.name}",
                message_en=f"Stopped at the request of {by.name}",
            )
            if self.write(done, "dismissed", also=[audited(by, "job.cancel", f"job:{job}")], who=by):
                return self._say_what_stays(job)
        raise ConflictError(f"job {job} changes all the time", hint="Try again.")

    def _say_what_stays(self, job: str) -> Job:
        """No step can follow the dismissal, so what the log holds now is all that the job ever did."""
        found, steps = self.get(job), self.steps(job)
        if not steps:
            return found
        numbers = ", ".join(str(step.commit.seq) for step in steps)
        told = found.changed(
            message=f"{found.message}; đã ghi trước đó và giữ nguyên: lần ghi {numbers}",
            message_en=f"{found.message_en}; committed before and kept: {numbers}",
        )
        self.write(told, "")
        return self.get(job)

    # -- reading -----------------------------------------------------------------------------------------------

    def kind(self, name: str) -> JobKind:
        """A kind of work; ParameterError if there is none of that name."""
        try:
            return self.kinds[name]
        except KeyError:
            known = ", ".join(sorted(self.kinds))
            raise ParameterError(
                f"there is no kind of job {name!r}", where="kind", hint=f"There are {known}."
            ) from None

    def get(self, job: str) -> Job:
        """A job; NotFoundError if there is none."""
        return Job.of(self.store.record(RECORD, job))

    def seen_by(self, viewer: Viewer, job: str) -> Job:
        """A job the viewer may see: their own, or any with the right to; NotFoundError otherwise."""
        found = self.get(job)
        if owner_of(found.by) != owner_of(viewer) and not viewer.may(Right.WORK):
            raise NotFoundError(f"there is no {RECORD} {job!r}")
        return found

    def found(
        self,
        viewer: Viewer,
        *,
        states: Sequence[JobState] = (),
        kind: str | None = None,
        mine: bool = False,
        limit: int = 50,
        offset: int = 0,
    ) -> list[Job]:
        """Jobs the viewer may see, newest first.

        Raises
        ------
        ForbiddenError
            If a citizen asks.
        """
        if not viewer.is_staff:
            raise ForbiddenError("jobs are for the staff", where=viewer.role.value)
        where: dict[str, Condition] = {}
        if states:
            where["state"] = [state.value for state in states]
        if kind:
            where["kind"] = kind
        if mine or not viewer.may(Right.WORK):
            where["owner"] = owner_of(viewer)
        records = self.store.records(RECORD, where=where, order="created", descending=True, limit=limit, offset=offset)
        return [Job.of(record) for record in records]

    def open_jobs(self) -> list[Job]:
        """Every job that waits or runs, in the order they are to be taken."""
        found = [Job.of(r) for r in self.store.records(RECORD, where={"state": list(OPEN_STATES)})]
        return sorted(found, key=lambda job: (-job.priority, job.created, job.id))

    def steps(self, job: str) -> tuple[Step, ...]:
        """What a job has committed."""
        return steps_of(self.store, job)

    def wait(self, job: str, timeout_s: float | None = None, *, every_s: float = 0.1) -> Job:
        """Wait until a job is over, or the time is up; the job as it is then."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not (found := self.get(job)).state.is_over:
            if deadline is not None and time.monotonic() > deadline:
                break
            time.sleep(every_s)
        return found

    # -- changing, for runners -----------------------------------------------------------------------------------

    def write(
        self, job: Job, what: str, *, also: Sequence[RecordOp] = (), who: Viewer | None = None, **details: Json
    ) -> bool:
        """Keep a changed job unless it changed meanwhile; whether it was kept.

        Parameters
        ----------
        what
            What happened, for the job's log; ``""`` for nothing worth an entry.
        """
        ops: list[RecordOp] = [Put(RECORD, job.id, job.as_body(), expect=job.version), *also]
        if what:
            ops.append(_entry(job, what, who, **details))
        try:
            self.store.write_records(ops)
        except ConflictError:
            return False
        return True

    def claim(self, job: Job, runner: str) -> Job | None:
        """Take a waiting job; ``None`` if another was faster."""
        now = self.clock()
        taken = job.changed(
            state=JobState.RUNNING,
            attempt=job.attempt + 1,
            runner=runner,
            lease=now + LEASE,
            started=job.started or now,
            progress=None,
            message="",
            message_en="",
        )
        if not self.write(taken, "started", runner=runner):
            return None
        return taken.changed(version=job.version + 1)

    def give_back(self, job: Job, *, pause_s: float, counts: bool, message: str, message_en: str) -> bool:
        """Let a running job be taken again after a pause; ``counts`` takes one from its retries."""
        again = job.changed(
            state=JobState.ACCEPTED,
            not_before=self.clock() + timedelta(seconds=pause_s),
            retries=job.retries - (1 if counts else 0),
            lease=None,
            runner="",
            message=message,
            message_en=message_en,
        )
        return self.write(again, "again", reason=message_en)

    def fail(self, job: Job, problem: JobProblem) -> bool:
        """End a job as failed."""
        done = job.changed(
            state=JobState.FAILED, finished=self.clock(), lease=None, problem=problem, message="", message_en=""
        )
        return self.write(done, "failed", problem=problem.kind)

    def succeed(self, job: Job, result: dict[str, Json]) -> bool:
        """End a job with its result."""
        done = job.changed(
            state=JobState.SUCCESSFUL,
            finished=self.clock(),
            lease=None,
            progress=1.0,
            result=result,
            message="",
            message_en="",
        )
        return self.write(done, "successful")


def _entry(job: Job, what: str, who: Viewer | None = None, **details: Json) -> Append:
    body: Body = {"what": what, "attempt": job.attempt, **details}
    return Append(log_of(job.id), body, actor=owner_of(who or job.by), object=f"job:{job.id}")


def _id(kind: str, by: Viewer, key: str) -> str:
    """An id of its own, or the one that follows from who asks with which key."""
    if not key:
        return secrets.token_hex(10)
    if len(key) > _LONGEST_KEY:
        raise ParameterError(f"an idempotency key has at most {_LONGEST_KEY} characters", where="Idempotency-Key")
    return hashlib.sha256("\n".join((kind, owner_of(by), key)).encode()).hexdigest()[:20]
