from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from shapely.geometry import Point

from api.live import QUEUE, Listener
from tests.api.conftest import SOURCE, City
from tests.api.stream import events_until
from twin.model.layer import FeatureChange
from twin.model.thing import ObservationIn
from twin.model.view import CITIZEN
from twin.store.base import Change


def name_of(number: object) -> FeatureChange:
    return FeatureChange(f"new-{number}", Point(106.9, 11.5), {"name": f"Đường {number}"})


def test_a_reading_reaches_a_listener_with_its_place_in_the_twin(city: City, server: str) -> None:
    when = datetime.now(UTC).replace(microsecond=0)
    reading = ObservationIn(city.level, when, 7.25)
    events = events_until(server, "7.25", then=lambda: city.twin.store.record_observations([reading], SOURCE))
    assert events[0]["event"] == "hello"
    change = events[-1]
    assert change["event"] == "change"
    assert change["data"]["kind"] == "observation"
    assert change["data"]["layer"] == "gauges"
    (item,) = change["data"]["items"]
    assert item["datastream"] == city.level
    assert (item["uid"], item["key"], item["result"]) == ("g1", "level", 7.25)
    assert datetime.fromisoformat(item["time"]) == when
    assert int(change["id"]) == change["data"]["seq"] > events[0]["data"]["seq"]


def test_a_listener_hears_only_the_layers_it_asked_for(city: City, server: str) -> None:
    def commit() -> None:
        city.twin.store.write_features("sightings", [name_of("zone")], SOURCE)
        city.twin.store.write_features("gauges", [name_of("gauge")], SOURCE)

    events = events_until(server, "new-gauge", then=commit, query={"layers": "gauges,roads"})
    assert "new-zone" not in json.dumps(events)


def test_a_listener_hears_only_what_touches_its_box(city: City, server: str) -> None:
    far = FeatureChange("new-far", Point(106.99, 11.59), {"name": "xa"})

    def commit() -> None:
        city.twin.store.write_features("gauges", [far], SOURCE)
        city.twin.store.write_features("gauges", [name_of("near")], SOURCE)

    events = events_until(server, "new-near", then=commit, query={"bbox": "106.8,11.4,106.95,11.55"})
    assert "new-far" not in json.dumps(events)


def test_a_client_that_was_away_is_told_what_it_missed_once_and_in_order(city: City, server: str) -> None:
    store = city.twin.store
    seen = store.last_seq()
    for number in range(3):
        store.write_features("gauges", [name_of(f"away-{number}")], SOURCE)
    last = name_of("back")
    events = events_until(
        server,
        "new-back",
        then=lambda: store.write_features("gauges", [last], SOURCE),
        headers={"Last-Event-ID": str(seen)},
    )
    assert "id" not in events[0], "hello must not move a resuming client forward"
    fids = [item["fid"] for e in events[1:] for item in e["data"]["items"]]
    assert fids == ["new-away-0", "new-away-1", "new-away-2", "new-back"]
    assert [int(e["id"]) for e in events[1:]] == [seen + 1, seen + 2, seen + 3, seen + 4]


def test_a_number_from_another_twin_is_answered_with_a_gap(city: City, server: str) -> None:
    events = events_until(server, "gap", then=lambda: None, headers={"Last-Event-ID": "999999999"})
    assert events[-1]["event"] == "gap"
    assert events[-1]["data"]["seq"] == city.twin.store.last_seq()


def test_nothing_recorded_after_known_at_is_told(city: City, server: str) -> None:
    store = city.twin.store
    seen = store.last_seq()
    store.write_features("gauges", [name_of("before")], SOURCE)
    known_at = store.write_features("gauges", [name_of("until")], SOURCE).recorded_at
    store.write_features("gauges", [name_of("after")], SOURCE)
    query = {"known_at": (known_at + timedelta(0)).isoformat()}
    events = events_until(server, "new-until", then=lambda: None, query=query, headers={"Last-Event-ID": str(seen)})
    assert [e["data"]["items"][0]["fid"] for e in events[1:]] == ["new-before", "new-until"]


@pytest.mark.parametrize("number", ["-1", "abc", "1.5"])
def test_a_number_that_is_none_is_refused(http: httpx.Client, number: str) -> None:
    assert http.get("/live", headers={"Last-Event-ID": number}).status_code == 400


def test_a_slow_reader_loses_its_queue_and_is_told_so() -> None:
    listener = Listener(CITIZEN)
    change = Change(1, datetime.now(UTC), "feature", "roads", ({"fid": "r1"},))
    listener.offer([change] * QUEUE)
    assert len(listener.queue) == QUEUE
    listener.offer([change])
    assert listener.missed
    assert not listener.queue
    listener.offer([change])
    assert list(listener.queue) == [change]


def test_many_listeners_leave_the_server_answering(city: City, server: str) -> None:
    heard: list[str] = []
    ready = threading.Barrier(61)
    errors: list[BaseException] = []

    def listen(number: int) -> None:
        try:
            events = events_until(server, "new-many", then=lambda: ready.wait(30))
            heard.append(events[-1]["event"])
        except BaseException as exc:  # noqa: BLE001 - a thread's failure must reach the test
            errors.append(exc)
            ready.abort()

    threads = [threading.Thread(target=listen, args=(n,)) for n in range(60)]
    for thread in threads:
        thread.start()
    ready.wait(30)
    assert httpx.get(f"{server}/health").status_code == 200
    city.twin.store.write_features("gauges", [name_of("many")], SOURCE)
    for thread in threads:
        thread.join(30)
    assert not errors
    assert heard == ["change"] * 60
