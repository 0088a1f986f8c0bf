"""Jobs done by worker processes: results, problems, limits, stopping."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from jobs_for_tests import KINDS
from support import STAFF, staff

from twin.errors import ConflictError, LimitError
from twin.jobs.fence import FencedStore
from twin.jobs.model import Job, JobState
from twin.jobs.queue import Queue
from twin.jobs.runner import Runner
from twin.model.layer import Source

LONG_S = 60.0


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LONG_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {LONG_S:.0f} s: {what}"
        time.sleep(0.02)


def done(queue: Queue, kind: str, **inputs: object) -> Job:
    job = queue.submit(kind, inputs, STAFF)  # type: ignore[arg-type]
    with Runner(queue):
        return queue.wait(job.id, LONG_S)


def effects(queue: Queue) -> list[str]:
    return [f.properties["name"] for f in queue.store.features(staff(), "effects")]


def test_a_job_is_done_in_a_process_of_its_own_and_its_result_kept(queue: Queue) -> None:
    job = done(queue, "add")
    assert (job.state, job.attempt, job.progress, job.problem) == (JobState.SUCCESSFUL, 1, 1.0, None)
    assert effects(queue) == [job.id]
    (step,) = queue.steps(job.id)
    assert job.result == {"seq": step.commit.seq, "attempt": 1, "told_by": 1}
    assert (step.method, step.commit.stored) == ("write_features", 1)


def test_progress_is_kept_while_it_runs(queue: Queue) -> None:
    job = queue.submit("sleep", {}, STAFF)
    with Runner(queue):
        until(lambda: queue.get(job.id).progress == 0.6, "progress")
        assert queue.get(job.id).state is JobState.RUNNING


def test_what_was_wrong_is_the_jobs_problem_and_is_not_tried_again(queue: Queue) -> None:
    job = done(queue, "refuse")
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.problem is not None
    assert job.problem.kind == "unreadable"
    assert str(job.problem.error()) == "x.geojson: this is no map. Send another."


def test_an_error_nobody_foresaw_is_a_failure_and_goes_to_the_log(
    queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    job = done(queue, "raise_something")
    assert job.problem is not None
    assert job.problem.kind == "internal"
    assert "raise KeyError" in caplog.text


def test_a_failure_outside_is_tried_again_after_a_pause(queue: Queue) -> None:
    job = queue.submit("fail_outside", {}, STAFF)
    with Runner(queue):
        until(lambda: queue.get(job.id).not_before is not None, "a pause")
        waiting = queue.get(job.id)
        assert "does not answer" in waiting.message_en
        job = queue.wait(job.id, LONG_S)
    assert (job.state, job.attempt, job.retries) == (JobState.FAILED, 2, 0)


def test_a_job_that_eats_memory_fails_and_says_which_limit(queue: Queue) -> None:
    job = done(queue, "eat_memory")
    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.problem is not None
    assert "more than 400 MB of memory" in job.problem.message
    assert isinstance(job.problem.error(), LimitError)


def test_a_process_that_a_job_starts_has_the_same_limit(queue: Queue) -> None:
    assert done(queue, "eat_memory_in_a_child").result == {"status": 1, "last": "MemoryError"}


@pytest.mark.parametrize(("kind", "text"), [("burn_cpu", "1 s of processor time"), ("burn_time", "longer than 1 s")])
def test_a_job_that_takes_too_long_is_ended_and_says_so(queue: Queue, kind: str, text: str) -> None:
    job = done(queue, kind)
    assert job.problem is not None
    assert (job.problem.kind, job.attempt) == ("limit", 1)
    assert text in job.problem.message


def test_a_worker_that_breaks_down_fails_its_job_only(queue: Queue) -> None:
    crashing, other = queue.submit("crash", {}, STAFF), queue.submit("add", {}, STAFF)
    with Runner(queue):
        job = queue.wait(crashing.id, LONG_S)
        assert queue.wait(other.id, LONG_S).state is JobState.SUCCESSFUL
    assert job.problem is not None
    assert "SIGSEGV" in job.problem.message


def test_what_a_worker_prints_disturbs_nothing_and_its_files_are_removed(queue: Queue) -> None:
    job = done(queue, "chatter")
    assert job.result is not None
    assert len(job.result["large"]) == 300_000  # type: ignore[arg-type]
    assert not Path(str(job.result["temporary"])).exists()


def test_a_stopped_job_and_all_its_processes_end(queue: Queue) -> None:
    job = queue.submit("sleep", {}, STAFF)
    with Runner(queue) as runner:
        until(lambda: queue.get(job.id).progress == 0.6, "a child process")
        worker, child = psutil.Process(runner.workers()[job.id]), psutil.Process(int(queue.get(job.id).message))
        assert queue.cancel(job.id, STAFF).state is JobState.DISMISSED
        runner.wake()
        _, alive = psutil.wait_procs([worker, child], timeout=LONG_S)
        assert [p for p in alive if p.status() != psutil.STATUS_ZOMBIE] == []
        until(lambda: runner.workers() == {}, "no worker")
    assert queue.get(job.id).state is JobState.DISMISSED


@pytest.mark.parametrize("pause_s", [0, 60])
def test_a_process_that_left_the_workers_group_ends_with_the_job_too(queue: Queue, pause_s: int) -> None:
    job = queue.submit("leave_the_group", {"pause_s": pause_s}, STAFF)
    with Runner(queue) as runner:
        until(lambda: queue.get(job.id).state.is_over or queue.get(job.id).progress == 0.6, "a child process")
        if pause_s:
            child = int(queue.get(job.id).message)
            queue.cancel(job.id, STAFF)
            runner.wake()
        else:
            child = int(str((queue.wait(job.id, LONG_S).result or {})["child"]))
        until(lambda: runner.workers() == {}, "no worker")
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_a_worker_that_will_not_stop_is_ended_and_writes_nothing(queue: Queue, tmp_path: Path) -> None:
    job = queue.submit("late", {"ready": str(tmp_path / "ready")}, STAFF)
    with Runner(queue) as runner:
        until((tmp_path / "ready").exists, "the worker's start")
        queue.cancel(job.id, STAFF)
        until(lambda: runner.workers() == {}, "no worker")
    assert queue.store.sources(staff()) == []
    assert queue.steps(job.id) == ()


def test_a_write_after_the_dismissal_is_refused_whatever_the_worker_does(queue: Queue) -> None:
    job = queue.claim(queue.submit("add", {}, STAFF), "somebody:1:1")
    assert job is not None
    fenced = FencedStore(queue.store, job.id, job.attempt)
    fenced.add_source(Source("user", "in time"))
    stopped = queue.cancel(job.id, STAFF)
    assert "committed before and kept" in stopped.message_en
    with pytest.raises(ConflictError, match="state is 'dismissed'"):
        fenced.add_source(Source("user", "too late"))
    with pytest.raises(ConflictError, match="state is 'dismissed'"):
        fenced.write_records([])
    assert [s.name for s in queue.store.sources(staff())] == ["in time"]


def test_a_waiting_job_that_is_stopped_never_begins(queue: Queue, tmp_path: Path) -> None:
    job = queue.submit("add", {"marks": str(tmp_path)}, STAFF)
    queue.cancel(job.id, STAFF)
    other = done(queue, "add")
    assert other.state is JobState.SUCCESSFUL
    assert list(tmp_path.glob("attempt-*")) == []
    assert effects(queue) == [other.id]


def test_two_runners_share_a_queue_and_each_job_is_done_once(queue: Queue, tmp_path: Path) -> None:
    jobs = [queue.submit("add", {"marks": str(tmp_path)}, STAFF).id for _ in range(6)]
    with Runner(queue), Runner(Queue(queue.store, KINDS)):
        found = [queue.wait(job, LONG_S) for job in jobs]
    assert [job.attempt for job in found] == [1] * 6
    assert sorted(effects(queue)) == sorted(jobs)


def test_no_more_work_at_a_time_than_there_are_places_but_what_is_urgent_goes_first(queue: Queue) -> None:
    jobs = [queue.submit("sleep", {}, STAFF).id for _ in range(2)]
    with Runner(queue, places=1) as runner:
        until(lambda: len(runner.workers()) == 1, "one worker")
        urgent = queue.submit("urgent", {}, STAFF).id
        until(lambda: urgent in runner.workers(), "the urgent one")
        assert len(runner.workers()) == 2
        assert sorted(queue.get(job).state for job in jobs) == ["accepted", "running"]


def test_a_runner_that_stops_gives_its_work_back_to_the_next(queue: Queue, tmp_path: Path) -> None:
    job = queue.submit("add", {"marks": str(tmp_path), "pause_s": 20}, STAFF)
    with Runner(queue):
        until((tmp_path / "attempt-1").exists, "the first attempt")
    given = queue.get(job.id)
    assert (given.state, given.retries) == (JobState.ACCEPTED, job.retries)
    with Runner(queue):
        until((tmp_path / "attempt-2").exists, "the second attempt")
