"""Old jobs go: a record is dropped some time after its job was over. Its log, which says what it did, stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from twin.errors import ParameterError
from twin.jobs.limits import Limits
from twin.jobs.model import OPEN_STATES, RECORD, JobKind, JobState, Priority
from twin.jobs.work import Task
from twin.model.record import Drop, Range, RecordOp
from twin.types import Json, format_time

KIND: Final = JobKind(
    "forget_jobs",
    "twin.jobs.retention:forget",
    "Dọn các công việc cũ",
    "Drop old jobs",
    priority=Priority.HOUSEKEEPING,
    limits=Limits(memory_mb=1024, cpu_s=300, time_s=600),
    resumes=True,
)
_OVER = [state.value for state in JobState if state.value not in OPEN_STATES]
_AT_ONCE = 500


def forget(task: Task) -> dict[str, Json]:
    """Drop the records of jobs that were over more than ``days`` ago."""
    days = task.inputs.get("days")
    if not isinstance(days, int | float) or days <= 0:
        raise ParameterError(f"{days!r} is not a number of days", where="days")
    until = format_time(datetime.now(UTC) - timedelta(days=days))
    count = 0
    # Each block is a commit of its own; an attempt that follows finds those dropped already gone.
    while found := task.store.records(
        RECORD, where={"state": _OVER, "finished": Range(None, until)}, order="finished", limit=_AT_ONCE
    ):
        task.check()
        ops: list[RecordOp] = [Drop(RECORD, record.key, expect=record.version) for record in found]
        task.store.write_records(ops)
        count += len(found)
    return {"forgotten": count}
