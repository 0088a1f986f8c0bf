"""The queue by itself: who may take, see and stop what; the same key twice; the fence; schedules; old jobs."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support import STAFF

from twin.access import audit
from twin.errors import ConflictError, ForbiddenError, InternalError, NotFoundError, ParameterError
from twin.jobs import retention
from twin.jobs.fence import READS, WRITES, FencedStore, steps_of
from twin.jobs.limits import Limits
from twin.jobs.model import Job, JobProblem, JobState
from twin.jobs.queue import Queue
from twin.jobs.runner import is_gone, process_name
from twin.jobs.schedules import Schedule, put_schedule, schedules, submit_due
from twin.jobs.work import Task
from twin.model.record import broken_link
from twin.model.view import CITIZEN, Right, Role, Viewer
from twin.store.base import Store

T0 = datetime(2026, 11, 23, 1, 0, 0, 500, tzinfo=UTC)
PLANNER = Viewer("binh", Role.PLANNER, person="p-binh")
OTHER = Viewer("chi", Role.PLANNER, person="p-chi")


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = T0

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(queue: Queue) -> Clock:
    queue.clock = Clock()
    return queue.clock


def test_a_kept_job_reads_as_it_was_written(queue: Queue) -> None:
    by = replace(PLANNER, token="t", limited_to=frozenset({Right.LAW}))
    job = Job(
        "j", "add", "Việc", by, T0, "Work", {"a": [1]}, 7, Limits(1, 2, 3), JobState.FAILED, T0, 2, 1, T0,
        "host:1:2", "host:1:2", 0.5, "m", "m_en", T0, T0, {"r": 1}, JobProblem("k", "m", "w", "h"), "nightly",
    )  # fmt: skip
    assert queue.write(job, "kept")
    assert queue.get("j") == replace(job, version=1)


def test_of_many_that_want_a_job_one_gets_it(queue: Queue) -> None:
    job = queue.submit("add", {}, STAFF)
    got: list[Job] = []

    def want(number: int) -> None:
        if taken := queue.claim(job, f"host:{number}:1"):
            got.append(taken)

    threads = [threading.Thread(target=want, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    assert queue.get(job.id) == got[0]


def test_jobs_are_taken_by_priority_and_then_by_age(queue: Queue, clock: Clock) -> None:
    ids = []
    for priority in (10, 50, 90, 50):
        clock.now += timedelta(seconds=1)
        ids.append(queue.submit("add", {}, STAFF, priority=priority).id)
    assert [job.id for job in queue.open_jobs()] == [ids[2], ids[1], ids[3], ids[0]]


def test_the_same_key_gives_the_same_job_however_many_ask_at_once(queue: Queue) -> None:
    ids: list[str] = []
    threads = [
        threading.Thread(target=lambda: ids.append(queue.submit("add", {"n": 1}, PLANNER, key="k").id))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1
    assert len(queue.found(STAFF)) == 1
    assert queue.submit("add", {"n": 1}, OTHER, key="k").id not in ids
    with pytest.raises(ConflictError, match="used for other work"):
        queue.submit("add", {"n": 2}, PLANNER, key="k")


def test_an_unknown_kind_is_refused(queue: Queue) -> None:
    with pytest.raises(ParameterError, match="no kind of job 'nonsense'"):
        queue.submit("nonsense", {}, STAFF)


def test_ones_own_jobs_are_seen_and_those_of_others_only_with_the_right(queue: Queue) -> None:
    mine, theirs = queue.submit("add", {}, PLANNER), queue.submit("add", {}, OTHER)
    assert [job.id for job in queue.found(PLANNER)] == [mine.id]
    assert {job.id for job in queue.found(STAFF)} == {mine.id, theirs.id}
    assert [job.id for job in queue.found(STAFF, mine=True)] == []
    for ask in (queue.seen_by, lambda viewer, job: queue.cancel(job, viewer)):
        with pytest.raises(NotFoundError) as hidden:
            ask(PLANNER, theirs.id)
        with pytest.raises(NotFoundError) as absent:
            ask(PLANNER, "x" * len(theirs.id))
        assert str(hidden.value).replace(theirs.id, "") == str(absent.value).replace("x" * len(theirs.id), "")
    with pytest.raises(ForbiddenError):
        queue.found(CITIZEN)


def test_jobs_are_found_by_state_and_kind_newest_first(queue: Queue, clock: Clock) -> None:
    first = queue.submit("add", {}, STAFF)
    clock.now += timedelta(seconds=1)
    second = queue.submit("sleep", {}, STAFF)
    queue.cancel(first.id, STAFF)
    assert [job.id for job in queue.found(STAFF)] == [second.id, first.id]
    assert [job.id for job in queue.found(STAFF, states=[JobState.DISMISSED])] == [first.id]
    assert [job.id for job in queue.found(STAFF, kind="sleep")] == [second.id]


def test_asking_and_stopping_are_audited_and_the_log_holds_together(queue: Queue) -> None:
    job = queue.submit("add", {}, PLANNER)
    queue.cancel(job.id, STAFF)
    queue.cancel(job.id, STAFF)
    said = [(act.action, act.actor, act.object) for act in audit.search(queue.store, object=f"job:{job.id}")]
    assert said == [("job.cancel", "officer", f"job:{job.id}"), ("job.submit", "p-binh", f"job:{job.id}")]
    entries = queue.store.entries(job.log)
    assert [entry.body["what"] for entry in entries] == ["accepted", "dismissed"]
    assert broken_link(entries) is None


# -- the fence -------------------------------------------------------------------------------------------------------


def test_every_method_of_a_store_either_reads_or_goes_through_the_fence() -> None:
    methods = {name for name, value in vars(Store).items() if callable(value) and not name.startswith("_")}
    assert methods == READS | WRITES | {"write_records", "along", "close"}
    assert not READS & WRITES


def test_an_attempt_that_was_given_up_can_write_nothing(queue: Queue) -> None:
    job = queue.claim(queue.submit("add", {}, STAFF), "a:1:1")
    assert job is not None
    late = FencedStore(queue.store, job.id, job.attempt)
    queue.give_back(job, pause_s=0, counts=True, message="", message_en="")
    for write in (lambda: late.put_info({"title": "x"}), lambda: late.write_records([])):
        with pytest.raises(ConflictError, match="has changed meanwhile"):
            write()
    again = queue.claim(queue.get(job.id), "b:1:1")
    assert again is not None
    with pytest.raises(ConflictError, match="attempt is 2, not 1"):
        late.put_info({"title": "x"})
    FencedStore(queue.store, job.id, again.attempt).put_info({"title": "y"})
    assert queue.store.info()["title"] == "y"
    assert [(step.attempt, step.method) for step in steps_of(queue.store, job.id)] == [(2, "put_info")]


def test_a_worker_cannot_call_what_the_fence_does_not_know(queue: Queue) -> None:
    with pytest.raises(InternalError):
        _ = FencedStore(queue.store, "j", 1).close


# -- who is still there ------------------------------------------------------------------------------------------------


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    own = process_name()
    assert not is_gone(own)
    host, pid, began = own.split(":")
    assert is_gone(f"{host}:{pid}:{int(began) - 1}")
    assert not is_gone(f"another-{host}:{pid}:1")


# -- schedules -------------------------------------------------------------------------------------------------------


def test_a_schedule_gives_one_job_a_moment_however_many_look(queue: Queue, clock: Clock) -> None:
    put_schedule(queue, Schedule("often", "add", every_s=60))
    assert submit_due(queue) == []
    clock.now += timedelta(seconds=61)
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.extend(submit_due(queue))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert [(job.id, job.schedule) for job in queue.found(STAFF)] == [(made[0], "often")]


def test_what_was_missed_is_done_once_and_the_rhythm_is_kept(queue: Queue, clock: Clock) -> None:
    put_schedule(queue, Schedule("often", "add", every_s=60))
    clock.now += timedelta(seconds=330)
    assert len(submit_due(queue)) == 1
    assert submit_due(queue) == []
    assert schedules(queue)["often"].due == T0 + timedelta(seconds=360)


def test_a_schedule_waits_while_its_last_job_is_open(queue: Queue, clock: Clock) -> None:
    put_schedule(queue, Schedule("often", "add", every_s=60))
    clock.now += timedelta(seconds=60)
    (job,) = submit_due(queue)
    clock.now += timedelta(seconds=60)
    assert submit_due(queue) == []
    queue.cancel(job, STAFF)
    clock.now += timedelta(seconds=60)
    assert len(submit_due(queue)) == 1


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-23T19:29:59+00:00", "2026-11-23T19:30:00+00:00"),
        ("2026-11-23T19:30:00+00:00", "2026-11-24T19:30:00+00:00"),
        ("2026-12-31T20:00:00+00:00", "2027-01-01T19:30:00+00:00"),
    ],
)
def test_a_time_of_day_is_that_of_viet_nam(now: str, due: str) -> None:
    schedule = Schedule("night", "add", daily="02:30")
    assert schedule.after(datetime.fromisoformat(now)) == datetime.fromisoformat(due)


@pytest.mark.parametrize("times", [{}, {"every_s": 5, "daily": "02:30"}, {"daily": "25:00"}, {"every_s": -1}])
def test_a_schedule_without_a_time_is_refused(times: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        Schedule("x", "add", **times)


def test_a_schedule_made_again_keeps_its_rhythm_and_a_changed_one_gets_its_own(queue: Queue, clock: Clock) -> None:
    first = put_schedule(queue, Schedule("often", "add", every_s=60))
    clock.now += timedelta(seconds=30)
    assert put_schedule(queue, Schedule("often", "add", every_s=60)) == first
    assert put_schedule(queue, Schedule("often", "add", every_s=10)).due == clock.now + timedelta(seconds=10)
    assert put_schedule(queue, replace(first, every_s=10, is_on=False)).is_on is False
    clock.now += timedelta(days=1)
    assert submit_due(queue) == []


# -- old jobs -------------------------------------------------------------------------------------------------------


def test_jobs_that_were_over_long_ago_are_dropped_and_their_logs_stay(queue: Queue, clock: Clock) -> None:
    clock.now = datetime.now(UTC) - timedelta(days=40)
    old, open_job = queue.submit("add", {}, STAFF), queue.submit("add", {}, STAFF)
    queue.cancel(old.id, STAFF)
    clock.now = datetime.now(UTC) - timedelta(days=20)
    young = queue.submit("add", {}, STAFF)
    queue.cancel(young.id, STAFF)
    task = Task("t", "forget_jobs", {"days": 30}, STAFF, 1, queue.store, queue.store.path, (), lambda *_: None)
    assert retention.forget(task) == {"forgotten": 1}
    assert {job.id for job in queue.found(STAFF)} == {open_job.id, young.id}
    assert [entry.body["what"] for entry in queue.store.entries(old.log)] == ["accepted", "dismissed"]
    with pytest.raises(ParameterError, match="not a number of days"):
        retention.forget(replace(task, inputs={"days": "many"}))
