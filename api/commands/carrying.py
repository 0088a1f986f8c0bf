"""Work of a command as a job: by the server that owns the twin, or by a runner of the command's own."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from api.commands.common import opened, settings_of
from api.jobs import outcome, queue_of
from api.settings import Settings
from twin.core import Twin
from twin.errors import StoreBusyError
from twin.jobs.model import Job, JobState
from twin.jobs.queue import Queue
from twin.jobs.runner import Runner, process_name
from twin.store.remote import Owner, RemoteStore
from twin.types import Json

_LOOK_S: Final = 0.1
_PATIENCE_S: Final = 2.0
"""How long another process that has the twin open is given to take the job."""
_REOPEN: Final = 20
"""How often a twin is opened again when the process that owned it goes away."""

Show = Callable[[Job], None]


@dataclass
class Carrier:
    """Has one job done and waits for it.

    A job of a command that owns the twin's file is bound to it: killed with it, the job fails instead of being done
    by a later process, where it could overtake newer work. The server's jobs go on without the command.
    """

    store: str | None
    kind: str
    inputs: Callable[[], dict[str, Json]]
    """Made once the twin is open: without a twin nothing else matters."""
    title: str = ""
    title_en: str = ""
    job: str = ""
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        self.settings = settings_of(self.store)

    def result(self, *, quiet: bool) -> dict[str, Any]:
        """The job's result; raises what it failed of. Interrupted, it stops the job."""
        with job_bar(quiet=quiet) as show:
            return outcome(self._over(show))

    def _over(self, show: Show) -> Job:
        for left in reversed(range(_REOPEN)):
            try:
                with opened(self.store) as t:
                    return self._done(t, show)
            except StoreBusyError:
                # Whoever owned the twin went away; the job is still in it, and this process can be the next.
                if not self.job or not left:
                    raise
                time.sleep(_LOOK_S)
        raise AssertionError("unreachable")

    def _done(self, t: Twin, show: Show) -> Job:
        queue = queue_of(t.store, self.settings)
        is_guest = isinstance(t.store, RemoteStore)
        if not self.job:
            self.job = queue.submit(
                self.kind, self.inputs(), t.viewer, title=self.title, title_en=self.title_en,
                bound_to="" if is_guest else process_name(),
            ).id  # fmt: skip
        with _interrupts() as asked, contextlib.ExitStack() as stack:
            try:
                if not is_guest:
                    stack.enter_context(Owner(t.store))
                    stack.enter_context(Runner(queue, only=self.job))
                return self._follow(queue, show, stack, asked, is_guest=is_guest)
            except KeyboardInterrupt:
                queue.cancel(self.job, t.viewer)
                raise

    def _follow(
        self, queue: Queue, show: Show, stack: contextlib.ExitStack, asked: list[int], *, is_guest: bool
    ) -> Job:
        began = time.monotonic()
        while not (job := queue.get(self.job)).state.is_over:
            show(job)
            if asked:
                raise KeyboardInterrupt
            if is_guest and time.monotonic() - began > _PATIENCE_S and _nobody_works(queue, job):
                is_guest = False
                stack.enter_context(Runner(queue, only=self.job))
            time.sleep(_LOOK_S)
        show(job)
        return job


@contextlib.contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Gives a list that Ctrl+C adds to.

    The exception it otherwise raises can come up anywhere, and is lost where nothing can be raised (a finaliser, a
    library's callback); a request to stop must not be.
    """
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = signal.signal(signal.SIGINT, lambda number, _: asked.append(number))
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, before)


def _nobody_works(queue: Queue, job: Job) -> bool:
    """Whether the job waits although nothing is being worked on: the twin's owner has no runner."""
    waits = job.state is JobState.ACCEPTED and job.not_before is None
    return waits and all(other.state is not JobState.RUNNING for other in queue.open_jobs())


@contextlib.contextmanager
def job_bar(*, quiet: bool) -> Iterator[Show]:
    """Gives a function that draws how far a job is, on a terminal."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        line = progress.add_task("", total=None)

        def show(job: Job) -> None:
            text = job.message or ("Đang chờ" if job.state is JobState.ACCEPTED else job.title)
            total = None if job.progress is None else 1.0
            progress.update(line, description=text, total=total, completed=job.progress or 0.0)

        yield show
