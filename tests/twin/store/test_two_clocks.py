"""Both clocks held to their definition against a plain list: the last write in commit order decides."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point
from support import SOURCE, day, staff

from twin.errors import TimeError
from twin.model.layer import FeatureChange, Layer
from twin.model.thing import DatastreamSpec, ObservationIn, ObservedProperty, ThingSpec
from twin.store.base import Store
from twin.store.embedded import database
from twin.store.embedded.store import EmbeddedStore

LAST_DAY = 6


@dataclass(frozen=True)
class Write:
    """One line of the plain list."""

    recorded_at: datetime
    fid: str
    start: datetime
    end: datetime | None
    value: int | None


def expected(writes: list[Write], at: datetime, known_at: datetime) -> dict[str, int]:
    state: dict[str, int] = {}
    for write in sorted(writes, key=lambda w: w.recorded_at):
        if write.recorded_at <= known_at and write.start <= at and (write.end is None or at < write.end):
            if write.value is None:
                state.pop(write.fid, None)
            else:
                state[write.fid] = write.value
    return state


def actual(store: Store, at: datetime, known_at: datetime) -> dict[str, int]:
    return {f.fid: f.properties["value"] for f in store.features(staff(at, known_at), "things")}


operations = st.lists(
    st.one_of(
        st.tuples(
            st.just("write"),
            st.sampled_from("ab"),
            st.integers(0, LAST_DAY),
            st.one_of(st.none(), st.integers(1, LAST_DAY)),
            st.one_of(st.none(), st.integers(0, 3)),
            st.booleans(),
        ),
        st.tuples(st.just("clock"), st.sampled_from([-3600, 60])),
        st.tuples(st.just("reopen")),
    ),
    min_size=1,
    max_size=14,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations)
def test_a_view_sees_the_last_write_known_by_then(monkeypatch: pytest.MonkeyPatch, steps: list[tuple]) -> None:
    shift = 0
    real = database.wall_us

    with tempfile.TemporaryDirectory() as folder, monkeypatch.context() as patched:
        patched.setattr(database, "wall_us", lambda: real() + shift * 1_000_000)
        path = Path(folder) / "city.duckdb"
        store = EmbeddedStore(path, create=True)
        store.put_layer(Layer("things", "Things"))
        writes: list[Write] = []
        for step in steps:
            if step[0] == "clock":
                shift += step[1]
            elif step[0] == "reopen":
                store.close()
                store = EmbeddedStore(path)
            else:
                _, fid, start, length, value, only_if_changed = step
                end = None if length is None else day(start + length)
                change = FeatureChange(
                    fid, Point(106, 11), None if value is None else {"value": value}, day(start), end
                )
                commit = store.write_features("things", [change], SOURCE, only_if_changed=only_if_changed)
                writes.append(Write(commit.recorded_at, fid, day(start), end, value))
        times = [w.recorded_at for w in writes]
        assert times == sorted(set(times)), "recorded time grows with every commit"
        for known_at in [day(-1), *times]:
            for number in range(-1, 2 * LAST_DAY + 1):
                at = day(number + 0.5)
                assert actual(store, at, known_at) == expected(writes, at, known_at)
                boundary = day(number)
                assert actual(store, boundary, known_at) == expected(writes, boundary, known_at)
        assert store.check()["problems"] == []
        store.close()


def test_overlapping_writers_and_readers_agree_with_the_plain_list(store: Store) -> None:
    store.put_layer(Layer("things", "Things"))
    writes: list[Write] = []
    answers: list[tuple[datetime, datetime, dict[str, int]]] = []
    failures: list[BaseException] = []
    done = threading.Event()

    def write(writer: int) -> None:
        try:
            for number in range(12):
                start, end = day((writer * 5 + number * 3) % 7), day(8 + number % 3)
                value = None if number % 5 == 4 else writer * 100 + number
                change = FeatureChange(
                    "ab"[number % 2], Point(106, 11), None if value is None else {"value": value}, start, end
                )
                commit = store.write_features("things", [change], SOURCE)
                writes.append(Write(commit.recorded_at, change.fid, start, end, value))
        except BaseException as exc:  # noqa: BLE001  a thread must report whatever happened
            failures.append(exc)

    def read() -> None:
        try:
            while not done.is_set():
                for at in (day(2.5), day(6.5)):
                    view = store.resolve(staff(at))
                    assert view.known_at is not None
                    answers.append((at, view.known_at, actual(store, at, view.known_at)))
        except BaseException as exc:  # noqa: BLE001  a thread must report whatever happened
            failures.append(exc)

    readers = [threading.Thread(target=read) for _ in range(2)]
    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in (*readers, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in readers:
        thread.join()

    assert failures == []
    assert len({w.recorded_at for w in writes}) == 48
    for at, known_at, answer in answers:
        assert answer == expected(writes, at, known_at)
        assert actual(store, at, known_at) == answer


def test_recorded_time_grows_although_the_wall_clock_is_set_back_an_hour(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_layer(Layer("things", "Things"))
    first = store.write_features("things", [FeatureChange("a", None, {"value": 1}, day(0))], SOURCE)
    real = database.wall_us
    monkeypatch.setattr(database, "wall_us", lambda: real() - 3_600_000_000)
    second = store.write_features("things", [FeatureChange("a", None, {"value": 2}, day(0))], SOURCE)
    assert second.recorded_at > first.recorded_at
    assert actual(store, day(1), first.recorded_at) == {"a": 1}
    assert actual(store, day(1), second.recorded_at) == {"a": 2}


def test_a_moment_once_asked_about_is_never_written_into_afterwards(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_layer(Layer("things", "Things"))
    asked = store.write_features("things", [FeatureChange("a", None, {"value": 1}, day(0))], SOURCE).recorded_at
    real = database.wall_us
    monkeypatch.setattr(database, "wall_us", lambda: real() + 60_000_000)
    later = asked + timedelta(seconds=30)
    before = actual(store, day(1), later)
    monkeypatch.setattr(database, "wall_us", real)
    commit = store.write_features("things", [FeatureChange("a", None, {"value": 2}, day(0))], SOURCE)
    assert commit.recorded_at > later
    assert actual(store, day(1), later) == before == {"a": 1}


def test_that_promise_outlives_a_restart(open_store, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store()
    store.put_layer(Layer("things", "Things"))
    asked = store.write_features("things", [FeatureChange("a", None, {"value": 1}, day(0))], SOURCE).recorded_at
    real = database.wall_us
    monkeypatch.setattr(database, "wall_us", lambda: real() + 60_000_000)
    later = asked + timedelta(seconds=30)
    actual(store, day(1), later)
    monkeypatch.setattr(database, "wall_us", real)
    store = open_store()
    commit = store.write_features("things", [FeatureChange("a", None, {"value": 2}, day(0))], SOURCE)
    assert commit.recorded_at > later


def test_what_will_be_known_tomorrow_cannot_be_asked(store: Store) -> None:
    tomorrow = store.resolve(staff()).at + timedelta(days=1)
    with pytest.raises(TimeError, match="lies in the future"):
        store.resolve(staff(known_at=tomorrow))


observations = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2), st.booleans()), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(observations)
def test_an_observation_at_any_recorded_time_is_the_last_revision_known(steps: list[tuple[int, int, bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder) / "city.duckdb", create=True)
        store.put_layer(Layer("gauges", "Gauges"))
        spec = ThingSpec(
            "gauges", "g", "Gauge", datastreams=(DatastreamSpec("level", "Level", ObservedProperty("level")),)
        )
        stream = store.register_things([spec], SOURCE)[0].datastreams["level"]
        said: list[tuple[datetime, int, int]] = []
        for minute, value, correction in steps:
            batch = [ObservationIn(stream, day(minute), float(value), correction=correction)]
            receipt = store.record_observations(batch, SOURCE)
            assert receipt.received == 1
            assert receipt.balanced
            said.append((store.resolve(staff()).known_at, minute, value))
        for known_at, *_ in said:
            truth = {day(m): float(v) for recorded, m, v in said if recorded <= known_at}
            found = store.observations(staff(day(9), known_at), stream)
            assert {o.phenomenon_start: o.result for o in found} == truth
            newest = max(truth)
            assert store.latest(staff(day(9), known_at))[0].observation.result == truth[newest]
        assert store.check()["problems"] == []
        store.close()
