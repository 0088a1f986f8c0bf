"""Takes waiting jobs from the queue and carries them out in worker processes, within the limits of each.

Any process that reaches the store may have a runner: they share the queue by what is written in it. A runner that
died is noticed by its lease (or at once by one that was on the same machine), and its jobs go on from what they have
committed.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from twin.errors import ExternalError, StoreBusyError, TwinError
from twin.jobs.attempt import Attempt, Ending, Heard, remove_folders
from twin.jobs.model import Job, JobProblem, JobState, Priority
from twin.jobs.queue import LEASE, Queue
from twin.jobs.schedules import submit_due

_log = logging.getLogger(__name__)

POLL_S: Final = 0.5
WORKING_POLL_S: Final = 0.25
"""How often the queue is looked at, while nothing runs and while something does: what was asked for or stopped by
another process is seen by looking. What was asked in this process is seen at once."""
_BEAT_S = 3.0
_KEEP_PROGRESS_S = 1.0
_STOP_S = 20.0
_AGAIN: Final = (ExternalError.kind, StoreBusyError.kind)
_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 300.0


def process_name(pid: int | None = None) -> str:
    """A name that no other process has or had: machine, process id, moment it began."""
    number = os.getpid() if pid is None else pid
    return f"{socket.gethostname()}:{number}:{_began(number)}"


def _began(pid: int) -> str:
    """When a process began, in the kernel's ticks; empty if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]


def is_gone(name: str) -> bool:
    """Whether a named process was on this machine and is no more."""
    host, _, rest = name.partition(":")
    pid, _, began = rest.partition(":")
    return host == socket.gethostname() and pid.isdigit() and _began(int(pid)) != began


class Runner:
    """Carries out jobs until it is stopped. Use as a context manager.

    Parameters
    ----------
    places
        How many jobs are worked on at a time; an urgent one may come on top.
    only
        The one job it is for; ``None`` is every job, and schedules as well.
    """

    def __init__(self, queue: Queue, *, places: int = 2, only: str | None = None) -> None:
        self.queue = queue
        self.name = process_name()
        self._places = places
        self._only = only
        self._wake = threading.Event()
        self._stopping = False
        self._lock = threading.Lock()
        self._running: dict[str, tuple[Attempt, threading.Thread]] = {}
        self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to look at the queue."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is being worked on is given back and taken again by the next runner."""
        self._stopping = True
        self._wake.set()
        self._thread.join()
        with self._lock:
            left = list(self._running.values())
        for attempt, _ in left:
            attempt.stop()
        for _, thread in left:
            thread.join(_STOP_S)

    def wake(self) -> None:
        """Look at the queue now."""
        self._wake.set()

    def workers(self) -> dict[str, int]:
        """Process ids of the workers, by job."""
        with self._lock:
            return {job: attempt.pid for job, (attempt, _) in self._running.items()}

    # -- the loop ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._look()
            except TwinError as exc:
                _log.warning("jobs: the queue cannot be read: %s", exc)
            self._wake.wait(WORKING_POLL_S if self.workers() else POLL_S)
            self._wake.clear()

    def _look(self) -> None:
        if self._only is None:
            submit_due(self.queue)
        jobs = self.queue.open_jobs()
        self._stop_lost({job.id: job for job in jobs})
        self._settle(jobs)
        for job in jobs:
            is_mine = self._only in (None, job.id) and job.state is JobState.ACCEPTED
            if is_mine and not self._stopping and self._may_take(job):
                self._take(job)

    def settle(self) -> None:
        """Say of jobs whose process is no more what becomes of them, without doing any."""
        self._settle(self.queue.open_jobs())

    def _settle(self, jobs: list[Job]) -> None:
        for job in jobs:
            if job.state is JobState.RUNNING:
                self._look_after(job)
            elif job.bound_to not in ("", self.name) and is_gone(job.bound_to):
                # A later process must not overtake with it what came since.
                self.queue.fail(job, _broken_off("the command that asked for it has ended"))

    def _stop_lost(self, jobs: dict[str, Job]) -> None:
        """Stop work on jobs that were dismissed or that another runner has taken."""
        with self._lock:
            mine = [attempt for attempt, _ in self._running.values()]
        for attempt in mine:
            job = jobs.get(attempt.job.id)
            if job is None or (job.state, job.attempt) != (JobState.RUNNING, attempt.job.attempt):
                attempt.stop()

    def _may_take(self, job: Job) -> bool:
        if job.kind not in self.queue.kinds or job.bound_to not in ("", self.name):
            return False
        if job.not_before is not None and job.not_before > self.queue.clock():
            return False
        with self._lock:
            busy = len(self._running)
        return busy < self._places + (1 if job.priority >= Priority.URGENT else 0)

    def _take(self, job: Job) -> None:
        taken = self.queue.claim(job, self.name)
        if taken is None:
            return
        kind = self.queue.kinds[job.kind]
        if taken.attempt > 1 and not kind.resumes and (steps := self.queue.steps(job.id)):
            seqs = ", ".join(str(step.commit.seq) for step in steps)
            self.queue.fail(taken, _broken_off(f"it was cut off after part of it was recorded (commits {seqs})"))
            return
        keeper = _Keeper(self.queue, taken)
        attempt = Attempt(taken, kind, self.queue.store, keeper.tick)
        thread = threading.Thread(target=self._work, args=(attempt, keeper), name=f"job-{job.id}", daemon=True)
        with self._lock:
            self._running[job.id] = (attempt, thread)
        thread.start()

    def _work(self, attempt: Attempt, keeper: _Keeper) -> None:
        try:
            try:
                ending = attempt.run()
            except TwinError as exc:
                ending = Ending(problem=JobProblem.of(exc))
            self._close(keeper.job, ending)
        except TwinError as exc:
            # Its lease runs out, and a runner that reaches the store goes on from what was committed.
            _log.warning("job %s ended and this could not be written: %s", attempt.job.id, exc)
        finally:
            # Only now: whoever stops the runner waits for what is still being written.
            with self._lock:
                del self._running[attempt.job.id]
            self._wake.set()

    def _close(self, job: Job, ending: Ending) -> None:
        if ending.result is not None:
            self.queue.succeed(job, ending.result)
        elif ending.problem is not None and not (ending.problem.kind in _AGAIN and job.retries > 0):
            self.queue.fail(job, ending.problem)
        elif ending.problem is not None:
            pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (job.attempt - 1))
            said = f"thử lại sau {pause:g} s: {ending.problem.message}"
            self.queue.give_back(
                job, pause_s=pause, counts=True, message=said,
                message_en=f"again in {pause:g} s: {ending.problem.message}",
            )  # fmt: skip
        elif self._stopping:
            self.queue.give_back(
                job, pause_s=0, counts=False, message="Máy chủ dừng; sẽ làm tiếp",
                message_en="the server stopped; it goes on with the next",
            )  # fmt: skip
        else:
            self._again(job, ending.cut)

    # -- jobs of runners that are no more ------------------------------------------------------------------------

    def _look_after(self, job: Job) -> None:
        """Take over a running job whose runner is gone or says nothing any more."""
        with self._lock:
            if job.id in self._running:
                return
        if job.runner == self.name:
            # This process ends it right now, unless it could not write so; then the lease tells.
            is_left = _is_over(job, self.queue)
        else:
            is_left = is_gone(job.runner) or _is_over(job, self.queue)
        if is_left:
            remove_folders(job.id)
            self._again(job, f"its runner {job.runner} is gone")

    def _again(self, job: Job, why: str) -> None:
        """Let a job that was cut off be taken again, or say that it is not."""
        is_foreign = job.bound_to not in ("", self.name)
        if is_foreign and not self._can_finish(job):
            self.queue.fail(job, _broken_off(f"{why}, and the command that waited for it has ended"))
        elif job.retries <= 0:
            self.queue.fail(job, _broken_off(f"{why}; it was begun {job.attempt} times"))
        else:
            self.queue.give_back(
                replace(job, bound_to="") if is_foreign else job,
                pause_s=0, counts=True, message="Bị ngắt giữa chừng; làm tiếp",
                message_en=f"cut off ({why}); it goes on",
            )  # fmt: skip

    def _can_finish(self, job: Job) -> bool:
        """Whether all that is left is to say what was committed already."""
        kind = self.queue.kinds.get(job.kind)
        return kind is not None and kind.resumes and bool(self.queue.steps(job.id))


class _Keeper:
    """Keeps the lease and the progress of one attempt in the queue."""

    def __init__(self, queue: Queue, job: Job) -> None:
        self.queue = queue
        self.job = job
        self._beat = time.monotonic()
        self._kept = 0.0

    def tick(self, heard: Heard) -> None:
        """Write what is due: progress at most once a second, the lease every few seconds."""
        now = time.monotonic()
        if not (heard.news and now - self._kept >= _KEEP_PROGRESS_S) and now - self._beat < _BEAT_S:
            return
        self._beat = self._kept = now
        heard.news = False
        told = self.job.changed(
            lease=self.queue.clock() + LEASE,
            progress=heard.progress,
            message=heard.message,
            message_en=heard.message_en,
        )
        try:
            if self.queue.write(told, ""):
                self.job = told.changed(version=told.version + 1)
        except TwinError as exc:
            _log.warning("job %s: its progress cannot be written: %s", self.job.id, exc)


def _is_over(job: Job, queue: Queue) -> bool:
    return job.lease is None or job.lease < queue.clock()


def _broken_off(text: str) -> JobProblem:
    return JobProblem("broken-off", text, hint="See what it did, then start it again.")
