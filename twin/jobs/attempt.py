"""One attempt of a job: its process, what it says, and how it ended."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from twin.errors import StoreError
from twin.jobs.fence import FencedStore
from twin.jobs.model import Job, JobKind, JobProblem, Priority, body_of
from twin.jobs.worker import OUT_OF_MEMORY, Order
from twin.store.base import Store
from twin.store.remote import Owner
from twin.types import Json

_log = logging.getLogger(__name__)

GRACE_S: Final = 0.5
"""Time that a process asked to end has, before it is ended."""
_TICK_S = 0.1
_TAIL = 4000
_LONGEST_PLACE = 50
_PREFIX = "twin-job-"
_MEMORY_SIGNS = (
    "MemoryError", "bad_alloc", "Cannot allocate memory", "Unable to allocate", "failed to map segment",
    "Out of memory", "out of memory",
)  # fmt: skip
_CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP}


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended: with a result, a problem, or ``cut`` off from outside."""

    result: dict[str, Json] | None = None
    problem: JobProblem | None = None
    cut: str = ""


@dataclass
class Heard:
    """What the process has said so far."""

    progress: float | None = None
    message: str = ""
    message_en: str = ""
    result: dict[str, Json] | None = None
    problem: JobProblem | None = None
    pending: bytes = b""
    news: bool = False

    def take(self, data: bytes) -> None:
        """Take in bytes of its lines."""
        *lines, self.pending = (self.pending + data).split(b"\n")
        for line in lines:
            self._line(json.loads(line))

    def _line(self, said: dict[str, Any]) -> None:
        if "result" in said:
            self.result = said["result"]
        elif "problem" in said:
            self.problem = JobProblem(**said["problem"])
        else:
            self.progress = said["progress"]
            self.message, self.message_en = said["message"], said["message_en"]
            self.news = True


@dataclass
class Attempt:
    """Carries out a claimed job in a process group of its own.

    Parameters
    ----------
    store
        The store the fence is put around.
    on_tick
        Called several times a second with what was heard; prolongs the lease, keeps the progress.
    """

    job: Job
    kind: JobKind
    store: Store
    on_tick: Callable[[Heard], None]
    heard: Heard = field(default_factory=Heard)
    _stop: threading.Event = field(default_factory=threading.Event)
    _pid: int = 0

    @property
    def pid(self) -> int:
        """The worker's process id; 0 before it runs."""
        return self._pid

    def stop(self) -> None:
        """Let the process group be ended."""
        self._stop.set()

    def run(self) -> Ending:
        """Start the process and stay until it and all it started have ended.

        The calling thread must live as long as the process: the operating system ends the process with it.
        """
        remove_folders(self.job.id)
        folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{self.job.id}-", dir=_place()))
        try:
            (folder / "work").mkdir()
            fenced: Any = FencedStore(self.store, self.job.id, self.job.attempt)
            with (folder / "output").open("w+b") as output, Owner(fenced, folder / "store"):
                return self._run(folder, output)
        except OSError as exc:
            raise StoreError(f"a worker cannot be started: {exc}", where=self.job.id) from exc
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _run(self, folder: Path, output: Any) -> Ending:
        with _pipe() as (ear, mouth):
            process = self._start(folder, output, mouth)
            os.close(mouth)
            self._pid = process.pid
            try:
                late = self._listen(process, ear)
            finally:
                end_group(process)
                _end_processes_of(folder)  # those that left the group, which only a library that nobody read does
            with contextlib.suppress(BlockingIOError):
                while data := os.read(ear, 1 << 16):
                    self.heard.take(data)
        output.seek(max(0, output.seek(0, os.SEEK_END) - _TAIL))
        said = output.read().decode("utf-8", "replace")
        return self._ending(process.returncode, said, late=late)

    def _start(self, folder: Path, output: Any, mouth: int) -> subprocess.Popen[bytes]:
        job = self.job
        order = Order(
            job=job.id,
            kind=job.kind,
            attempt=job.attempt,
            run=self.kind.run,
            inputs=job.inputs,
            by=body_of(job.by),
            limits=asdict(job.limits),
            twin=str(self.store.path.absolute()),
            socket=str(folder / "store"),
            folder=str(folder / "work"),
            answer=mouth,
            runner=os.getpid(),
            nice=0 if job.priority >= Priority.URGENT else 5,
        )
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "twin.jobs.worker"],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            pass_fds=[mouth],
            start_new_session=True,
            cwd=folder / "work",
            env=_environment(folder / "work"),
        )
        assert process.stdin is not None
        # A process that died at once is met below, by its exit status.
        with contextlib.suppress(BrokenPipeError), process.stdin:
            process.stdin.write(order.as_json().encode() + b"\n")
        return process

    def _listen(self, process: subprocess.Popen[bytes], ear: int) -> bool:
        """Take in what the process says until it ends, is stopped or has had its time; the last is told."""
        deadline = time.monotonic() + self.job.limits.time_s
        with selectors.DefaultSelector() as selector:
            selector.register(ear, selectors.EVENT_READ)
            is_open = True
            while not _has_ended(process):
                if self._stop.is_set() or time.monotonic() > deadline:
                    _ask_to_end(process)
                    return not self._stop.is_set()
                if is_open and selector.select(_TICK_S):
                    data = os.read(ear, 1 << 16)
                    self.heard.take(data)
                    is_open = bool(data)
                elif not is_open:
                    time.sleep(_TICK_S / 10)
                self.on_tick(self.heard)
        return False

    def _ending(self, status: int, said: str, *, late: bool) -> Ending:
        heard, limits = self.heard, self.job.limits
        if heard.result is not None:
            return Ending(result=heard.result)
        if self._stop.is_set():
            return Ending(cut="it was stopped")
        if said.strip():
            _log.warning("job %s (%s), attempt %d: %s", self.job.id, self.job.kind, self.job.attempt, said.strip())
        if late:
            return _too_much(f"The work took longer than {limits.time_s} s and was stopped")
        told = heard.problem.message if heard.problem and heard.problem.kind in ("internal", "store") else ""
        if status == OUT_OF_MEMORY or any(sign in text for sign in _MEMORY_SIGNS for text in (told, _last_line(said))):
            return _too_much(f"The work needed more than {limits.memory_mb} MB of memory")
        if heard.problem is not None:
            return Ending(problem=heard.problem)
        return self._death(status)

    def _death(self, status: int) -> Ending:
        limits = self.job.limits
        if -status == signal.SIGXCPU:
            return _too_much(f"The work needed more than {limits.cpu_s} s of processor time")
        if -status in _CRASHES:
            name = signal.Signals(-status).name
            problem = JobProblem(
                "internal", f"the program broke down ({name})", hint="Nothing else was affected; the log may have more."
            )
            return Ending(problem=problem)
        return Ending(cut=f"its process ended with status {status}")


def _too_much(text: str) -> Ending:
    hint = "Give it less at a time, or raise the limit (TWIN_JOB_MEMORY_MB for memory)."
    return Ending(problem=JobProblem("limit", text, hint=hint))


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


def _environment(folder: Path) -> dict[str, str]:
    """Our own installation first, temporary files where they are removed, numerical libraries on one thread."""
    root = str(Path(__file__).parents[2])
    rest = [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join([root, *rest]),
        "TMPDIR": str(folder),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    ear, mouth = os.pipe()
    os.set_blocking(ear, False)
    try:
        yield ear, mouth
    finally:
        os.close(ear)


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Whether the process has ended; it is not reaped, so that its number stays its group's."""
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _ask_to_end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    while not _has_ended(process) and time.monotonic() < deadline:
        time.sleep(0.01)


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the process and all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def remove_folders(job: str) -> None:
    """Remove what a killed runner left of earlier attempts: folders, and processes that workers had started."""
    for folder in _place().glob(f"{_PREFIX}{job}-*"):
        if folder.stat().st_uid == os.getuid():
            _end_processes_of(folder)
            shutil.rmtree(folder, ignore_errors=True)


def _place() -> Path:
    """Where attempts have their folders; a socket's path may not be long."""
    usual = Path(tempfile.gettempdir())
    return usual if len(os.fsencode(usual)) <= _LONGEST_PLACE else Path("/tmp")  # noqa: S108  mkdtemp makes it private


def _end_processes_of(folder: Path) -> None:
    """End every process that has the folder of an attempt for its temporary files."""
    mark = f"TMPDIR={folder / 'work'}".encode()
    for place in Path("/proc").glob("[0-9]*"):
        # Most are not ours to read, and each may end meanwhile.
        with contextlib.suppress(OSError):
            if mark in (place / "environ").read_bytes().split(b"\0"):
                os.kill(int(place.name), signal.SIGKILL)
