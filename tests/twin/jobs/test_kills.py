"""Killed at any moment, a job is done once or not at all, and within half a minute it says which."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from jobs_for_tests import KINDS
from support import STAFF, staff

from twin.jobs.model import Job, JobState
from twin.jobs.queue import Queue
from twin.jobs.runner import Runner
from twin.jobs.schedules import Schedule, put_schedule, schedules
from twin.model.layer import Layer
from twin.store.embedded.store import EmbeddedStore

PROMISE_S = 30.0
MOMENTS = int(os.environ.get("TWIN_TEST_KILLS", "5"))
"""How many moments of each kind are tried; the same ones every time."""
SERVER = """
import sys, threading
from pathlib import Path
sys.path[:0] = [sys.argv[2]]
from jobs_for_tests import KINDS
from twin.jobs.queue import Queue
from twin.jobs.runner import Runner
from twin.jobs.schedules import Schedule, put_schedule, schedules
from twin.store.embedded.store import EmbeddedStore
store = EmbeddedStore(Path(sys.argv[1]))
with Runner(Queue(store, KINDS)):
    print("ready", flush=True)
    threading.Event().wait()
"""


def effects(queue: Queue) -> list[str]:
    return [f.properties["name"] for f in queue.store.features(staff(), "effects")]


def wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def assert_done_once(queue: Queue, job: Job) -> None:
    """The job says that it is done, the effect is there once, and the log knows of one commit."""
    assert job.state is JobState.SUCCESSFUL, job.problem
    assert effects(queue) == [job.id]
    (step,) = queue.steps(job.id)
    assert job.result is not None
    assert (job.result["seq"], job.result["attempt"]) == (step.commit.seq, step.attempt)


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_a_worker_killed_at_any_moment_leaves_a_job_that_is_done_once(queue: Queue, moment: int) -> None:
    pick = random.Random(moment)
    job = queue.submit("add", {"parts": 5, "pause_s": 0.05, "after_s": 0.3}, STAFF)
    with Runner(queue) as runner:
        wait_until(lambda: runner.workers().get(job.id))
        pid = runner.workers()[job.id]
        # A quiet machine needs a second for all of it; moments lie all over.
        time.sleep(pick.uniform(0.0, 1.2))
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        done = queue.wait(job.id, PROMISE_S, every_s=0.02)
        assert time.monotonic() - killed < PROMISE_S
    assert_done_once(queue, done)


def test_a_worker_killed_right_after_its_commit_is_not_repeated(queue: Queue) -> None:
    job = queue.submit("add", {"after_s": 20}, STAFF)
    with Runner(queue) as runner:
        wait_until(lambda: queue.steps(job.id))
        os.kill(runner.workers()[job.id], signal.SIGKILL)
        done = queue.wait(job.id, PROMISE_S)
    assert_done_once(queue, done)
    assert done.result is not None
    assert (done.result["attempt"], done.result["told_by"], done.attempt) == (1, 2, 2)


def test_work_that_does_not_look_at_its_steps_fails_rather_than_being_repeated(queue: Queue) -> None:
    job = queue.submit("add_without_looking", {}, STAFF)
    with Runner(queue) as runner:
        wait_until(lambda: queue.steps(job.id))
        os.kill(runner.workers()[job.id], signal.SIGKILL)
        done = queue.wait(job.id, PROMISE_S)
    (step,) = queue.steps(job.id)
    assert done.problem is not None
    assert done.problem.kind == "broken-off"
    assert f"commits {step.commit.seq}" in done.problem.message
    assert len(queue.store.sources(staff())) == 1


def test_a_worker_killed_again_and_again_fails_in_the_end(queue: Queue) -> None:
    job = queue.submit("add", {"pause_s": 20}, STAFF)
    killed: set[int] = set()
    with Runner(queue) as runner:
        while not queue.get(job.id).state.is_over:
            pid = runner.workers().get(job.id, 0)
            if pid and pid not in killed:
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)
    done = queue.get(job.id)
    assert done.problem is not None
    assert "it was begun 3 times" in done.problem.message
    assert len(killed) == 3
    assert effects(queue) == []


@contextmanager
def server(path: Path) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-c", SERVER, str(path), str(Path(__file__).parents[2])]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def prepared(path: Path, **inputs: object) -> str:
    store = EmbeddedStore(path)
    store.put_layer(Layer("effects", "Kết quả", geometry_type="Point"))
    job = Queue(store, KINDS).submit("add", inputs, STAFF)  # type: ignore[arg-type]
    store.close()
    return job.id


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_a_server_killed_at_any_moment_leaves_a_job_that_its_next_start_does_once(
    path: Path, tmp_path: Path, moment: int
) -> None:
    pick = random.Random(moment)
    job = prepared(path, parts=5, pause_s=0.05, after_s=0.3, marks=str(tmp_path))
    with server(path) as process:
        wait_until((tmp_path / "attempt-1").exists)
        workers = psutil.Process(process.pid).children(recursive=True)
        time.sleep(pick.uniform(0.0, 0.7))
        process.kill()
        process.wait()
        _, alive = psutil.wait_procs(workers, timeout=10)
        assert alive == []
    store = EmbeddedStore(path)
    queue = Queue(store, KINDS)
    try:
        with Runner(queue):
            done = queue.wait(job, PROMISE_S)
        assert_done_once(queue, done)
    finally:
        store.close()
    assert list(Path(tempfile.gettempdir()).glob(f"twin-job-{job}-*")) == []


def test_a_server_killed_leaves_no_process_of_its_jobs_behind(path: Path) -> None:
    store = EmbeddedStore(path)
    job = Queue(store, KINDS).submit("sleep", {}, STAFF).id
    store.close()
    with server(path) as process:
        parent = psutil.Process(process.pid)
        wait_until(lambda: len(parent.children(recursive=True)) == 2)
        processes = parent.children(recursive=True)
        process.kill()
        process.wait()
    store = EmbeddedStore(path)
    queue = Queue(store, KINDS)
    try:
        with Runner(queue):
            wait_until(lambda: queue.get(job).attempt == 2)
            _, alive = psutil.wait_procs(processes, timeout=10)
            assert alive == []
            queue.cancel(job, STAFF)
    finally:
        store.close()


def test_work_that_only_one_command_may_do_is_not_done_after_it(path: Path, tmp_path: Path) -> None:
    """Somebody who killed an import and then imported something newer must not find the older on top."""
    store = EmbeddedStore(path)
    queue = Queue(store, KINDS)
    program = "from twin.jobs.runner import process_name; print(process_name())"
    gone = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    name = gone.stdout.strip()
    waiting = queue.submit("add", {"marks": str(tmp_path)}, STAFF, bound_to=name)
    begun = queue.claim(queue.submit("add", {"marks": str(tmp_path)}, STAFF, bound_to=name), name)
    assert begun is not None
    try:
        with Runner(queue):
            found = [queue.wait(job, PROMISE_S) for job in (waiting.id, begun.id)]
    finally:
        store.close()
    assert [job.problem.kind for job in found if job.problem] == ["broken-off", "broken-off"]
    assert list(tmp_path.glob("attempt-*")) == []


@pytest.mark.parametrize(("age_s", "is_taken"), [(30, True), (0, False)])
def test_a_runner_of_another_machine_is_given_up_when_its_lease_is_over(
    queue: Queue, age_s: int, is_taken: bool
) -> None:
    elsewhere = Queue(queue.store, KINDS, clock=lambda: datetime.now(UTC) - timedelta(seconds=age_s))
    job = elsewhere.claim(queue.submit("add", {}, STAFF), "another-machine:1:1")
    assert job is not None
    Runner(queue).settle()
    assert (queue.get(job.id).state is JobState.ACCEPTED) is is_taken


def test_a_schedule_goes_on_with_the_next_server(path: Path) -> None:
    store = EmbeddedStore(path)
    store.put_layer(Layer("effects", "Kết quả", geometry_type="Point"))
    now = datetime.now(UTC)
    planned = Queue(store, KINDS, clock=lambda: now - timedelta(hours=5))
    put_schedule(planned, Schedule("hourly", "add", every_s=3600))
    store.close()
    store = EmbeddedStore(path)
    queue = Queue(store, KINDS)
    try:
        with Runner(queue):
            wait_until(lambda: queue.found(STAFF))
            (job,) = queue.found(STAFF)
            assert queue.wait(job.id, PROMISE_S).state is JobState.SUCCESSFUL
        assert effects(queue) == [job.id]
        due = schedules(queue)["hourly"].due
        assert due is not None
        # Missed four times and done once; the rhythm is that of the first plan.
        assert now < due <= now + timedelta(hours=1)
        assert (due - now).total_seconds() % 3600 == pytest.approx(0.0, abs=1e-3)
    finally:
        store.close()
