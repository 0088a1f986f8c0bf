"""``twin jobs``."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from api.commands.common import BAD, Json, Store, local_time, opened, print_json, say, say_table, settings_of
from twin.errors import ParameterError
from twin.jobs.model import RECORD, Job, JobState
from twin.jobs.queue import Queue
from twin.jobs.runner import Runner

jobs_app = typer.Typer(help="See what is being worked on, and stop it.", no_args_is_help=True)

JobId = Annotated[str, typer.Argument(help="Id of a job, or its beginning.")]

_STATES = {
    JobState.ACCEPTED: "đang chờ",
    JobState.RUNNING: "đang làm",
    JobState.SUCCESSFUL: "xong",
    JobState.FAILED: "không được",
    JobState.DISMISSED: "đã dừng",
}


@jobs_app.callback()
def jobs() -> None:
    """See what is being worked on, and stop it."""


@jobs_app.command("list", epilog="Example: twin jobs list --state running")
def list_(
    state: Annotated[str | None, typer.Option(help="accepted, running, successful, failed or dismissed.")] = None,
    kind: Annotated[str | None, typer.Option(help="Kind of job, for instance import.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most jobs shown.")] = 20,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """List jobs, newest first."""
    from api.jobs import queue_of, shape  # noqa: PLC0415  what the kinds need takes a second to load

    with opened(store) as t:
        queue = queue_of(t.store, settings_of(store))
        Runner(queue).settle()
        found = queue.found(t.viewer, states=[_state(state)] if state else [], kind=kind, limit=limit)
    if as_json:
        print_json({"jobs": [shape(job, full=False) for job in found]})
        return
    rows = [(j.id[:8], j.title, _STATES[j.state], _share(j), j.by.name, local_time(j.created)) for j in found]
    say_table(["Mã", "Việc", "Trạng thái", "Tiến độ", "Ai", "Lúc"], rows)


@jobs_app.command("show", epilog="Example: twin jobs show 3f2a --json")
def show(job: JobId, store: Store = None, as_json: Json = False) -> None:
    """Show one job with its result. Exit status 1: it failed or was stopped."""
    from api.jobs import queue_of, shape  # noqa: PLC0415  as above

    with opened(store) as t:
        queue = queue_of(t.store, settings_of(store))
        Runner(queue).settle()
        found = _find(queue, job)
    if as_json:
        print_json(shape(found))
    else:
        _print(found)
    if found.state in (JobState.FAILED, JobState.DISMISSED):
        raise typer.Exit(BAD)


@jobs_app.command("cancel", epilog="Example: twin jobs cancel 3f2a")
def cancel(job: JobId, store: Store = None, as_json: Json = False) -> None:
    """Stop a job. Exit status 1: it was over already."""
    from api.jobs import queue_of, shape  # noqa: PLC0415  as above

    with opened(store) as t:
        queue = queue_of(t.store, settings_of(store))
        before = _find(queue, job)
        found = queue.cancel(before.id, t.viewer)
    if as_json:
        print_json(shape(found))
    else:
        _print(found)
    if before.state.is_over:
        raise typer.Exit(BAD)


@jobs_app.command("watch", epilog="Example: twin jobs watch 3f2a")
def watch(job: JobId, store: Store = None, as_json: Json = False) -> None:
    """Follow a job until it is over. Exit status 1: it failed or was stopped."""
    from api.commands.carrying import job_bar  # noqa: PLC0415  as above
    from api.jobs import queue_of, shape  # noqa: PLC0415  as above

    with opened(store) as t, job_bar(quiet=as_json) as draw:
        queue = queue_of(t.store, settings_of(store))
        found = _find(queue, job)
        while not found.state.is_over:
            draw(found)
            time.sleep(0.2)
            found = queue.get(found.id)
    if as_json:
        print_json(shape(found))
    else:
        _print(found)
    if found.state is not JobState.SUCCESSFUL:
        raise typer.Exit(BAD)


def _find(queue: Queue, job: str) -> Job:
    """A job by its id or the beginning of one; only one may begin so."""
    found = [record.key for record in queue.store.records(RECORD) if record.key.startswith(job)]
    if len(found) > 1:
        raise ParameterError(f"{len(found)} jobs begin with {job!r}", hint="Give more of the id.")
    return queue.get(found[0] if found else job)


def _state(text: str) -> JobState:
    try:
        return JobState(text)
    except ValueError:
        known = ", ".join(state.value for state in JobState)
        raise ParameterError(f"{text!r} is not a state of jobs", where="--state", hint=f"There are {known}.") from None


def _print(job: Job) -> None:
    rows: list[tuple[str, object]] = [
        ("Mã", job.id),
        ("Trạng thái", _STATES[job.state]),
        ("Tiến độ", _share(job)),
        ("Đang làm", job.message),
        ("Ai yêu cầu", job.by.name),
        ("Lúc", local_time(job.created)),
        ("Lần làm", job.attempt),
        ("Xong lúc", local_time(job.finished)),
    ]
    say_table([job.title, ""], rows)
    if job.problem is not None:
        say(str(job.problem.error()))


def _share(job: Job) -> str:
    return "" if job.progress is None else f"{100 * job.progress:.0f} %"
