"""The kinds of work there are, and jobs as answers show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import bim
from api.problems import BROKEN, SAID, STATUS, Problem
from api.settings import Settings
from api.shape import moment
from layers import import_job
from twin.errors import ParameterError
from twin.jobs import retention
from twin.jobs.model import Job, JobKind, JobProblem, JobState
from twin.jobs.queue import Queue
from twin.jobs.schedules import Schedule, put_schedule
from twin.jobs.work import Task
from twin.model.view import Right
from twin.scenario import flood_job
from twin.store.base import Store
from twin.types import Json

_IMPORT: Final = replace(import_job.KIND, run="api.jobs:run_import")
KINDS: Final[dict[str, JobKind]] = {kind.name: kind for kind in (_IMPORT, flood_job.KIND, retention.KIND)}
"""Every kind; a room adds its own."""

_STOPPED: Final = JobProblem("cancelled", "the job was stopped on request", hint="What it had recorded stays.")


def _check_flood(inputs: Mapping[str, Any]) -> dict[str, Json]:
    given = inputs.get("options", inputs)
    if not isinstance(given, dict):
        raise ParameterError("a flood run needs options", where="inputs")
    options = flood_job.options_of(given)
    flood_job.refuse_files(options)
    return flood_job.inputs_of(options)


OFFERED: Final[dict[str, tuple[Right, Callable[[Mapping[str, Any]], dict[str, Json]]]]] = {
    "flood": (Right.SIMULATE, _check_flood)
}
"""Kinds that ``POST /app/jobs`` takes: the right they need, and what checks their inputs and names no file."""


def run_import(task: Task) -> dict[str, Json]:
    """Import with every reader there is."""
    bim.register_readers()
    return import_job.run(task)


def queue_of(store: Store, settings: Settings) -> Queue:
    """The queue of a store, with the limits of the settings."""
    heavy = {
        kind.name: replace(kind, limits=replace(kind.limits, memory_mb=settings.job_memory_mb))
        for kind in (_IMPORT, flood_job.KIND)
    }
    return Queue(store, {**KINDS, **heavy})


def put_schedules(queue: Queue, settings: Settings) -> None:
    """The server's own schedules."""
    put_schedule(queue, Schedule("forget_jobs", retention.KIND.name, daily="02:40", inputs={"days": settings.job_days}))


def outcome(job: Job) -> dict[str, Json]:
    """The result of a job that is over; raises what it failed of."""
    if job.state is JobState.SUCCESSFUL:
        return job.result or {}
    raise (job.problem or _STOPPED).error()


def shape(job: Job, *, full: bool = True) -> dict[str, Any]:
    """A job as ``docs/http.md`` describes it; without ``full`` its result is left out (a list of jobs)."""
    return {
        "id": job.id,
        "kind": job.kind,
        "title": job.title,
        "title_en": job.title_en,
        "state": job.state.value,
        "progress": job.progress,
        "message": job.message,
        "message_en": job.message_en,
        "created": moment(job.created),
        "started": moment(job.started),
        "finished": moment(job.finished),
        "by": job.by.name,
        "attempt": job.attempt,
        "schedule": job.schedule or None,
        "limits": job.limits.as_dict(),
        "result": job.result if full else None,
        "problem": None if job.problem is None else _problem(job.problem),
    }


def _problem(problem: JobProblem) -> dict[str, Json]:
    """As an error of the same kind is answered: what broke inside is in the log alone, under the job's id."""
    status = STATUS.get(problem.kind, 500)
    if status >= 500:
        return Problem(problem.kind, status, SAID.get(problem.kind, BROKEN)).body()
    return Problem(problem.kind, status, problem.message, problem.where, problem.hint).body()
