"""A job's view of the store: it reads everything, and writes only as long as the job is still its own.

The process that owns the store holds the fence, not the worker. Every write of a worker goes in one commit with two
operations: *expect* that the job is still running in this attempt, and *append* what was done to the job's log. So a
worker that was given up, or whose job was stopped, cannot change anything any more, however late it comes; and an
attempt that follows finds in the log what has been committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twin.errors import ConflictError, InternalError
from twin.jobs.model import RECORD, JobState, Step, log_of
from twin.model.layer import Commit, Source
from twin.model.record import Append, Body, Expect, RecordOp
from twin.store.base import Store

READS = frozenset(
    {
        "info", "resolve", "layers", "layer", "features", "count_features", "history", "within", "search", "rasters",
        "raster_times", "links", "thing", "datastreams", "devices", "observations", "observation_history", "latest",
        "series", "counters", "quarantined", "entities", "record", "records", "count_records", "record_history",
        "entries", "file_mentions", "source", "sources", "last_seq", "wait_for_commit", "changes", "breakpoints",
        "check", "backup", "policy_key", "rehearse_policy",
    }
)  # fmt: skip
"""Methods that commit nothing."""
WRITES = frozenset(
    {
        "put_info", "put_layer", "write_features", "put_rasters", "put_link_rule", "register_things",
        "record_observations", "create_entities", "add_source",
    }
)  # fmt: skip
"""Methods that are one commit; :meth:`~twin.store.base.Store.along` takes them with more operations."""


class FencedStore:
    """A store for one attempt of a job; every write is refused once the job is not running in that attempt."""

    def __init__(self, store: Store, job: str, attempt: int) -> None:
        self.path = store.path
        self._store = store
        self._job = job
        self._attempt = attempt

    def write_records(self, ops: Sequence[RecordOp], source: Source | None = None) -> Commit:
        """See :meth:`twin.store.base.Store.write_records`."""
        return self._store.write_records([*ops, *self._fence("write_records")], source)

    def along(self, ops: Sequence[RecordOp], method: str, /, *args: object, **kwargs: object) -> Any:
        """See :meth:`twin.store.base.Store.along`."""
        return self._store.along([*ops, *self._fence(method)], method, *args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name in READS:
            return getattr(self._store, name)
        if name in WRITES:
            return lambda *args, **kwargs: self.along([], name, *args, **kwargs)
        raise InternalError(f"{name!r} is not for jobs")

    def _fence(self, method: str) -> list[RecordOp]:
        holds: Body = {"state": JobState.RUNNING.value, "attempt": self._attempt}
        step: Body = {"step": method, "attempt": self._attempt}
        return [
            Expect(RECORD, self._job, holds),
            Append(log_of(self._job), step, object=f"job:{self._job}", with_commit=True),
        ]


def steps_of(store: Store, job: str) -> tuple[Step, ...]:
    """What a job has committed so far, in any attempt."""
    return tuple(Step.of(entry) for entry in store.entries(log_of(job)) if "step" in entry.body)


def is_fenced_off(error: ConflictError, job: str) -> bool:
    """Whether a write was refused because the job is not the worker's own any more."""
    return f"job {job!r} has changed meanwhile" in error.message
