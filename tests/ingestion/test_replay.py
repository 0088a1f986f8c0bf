from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from ingestion_support import NOW, event, gauge, lamp, results, sent, thing, totals

from ingestion.message import Message
from ingestion.pipeline import Pipeline
from ingestion.replay import replay
from sensors.catalogue import quantity
from twin.core import Twin
from twin.model.layer import Source
from twin.model.thing import ThingSpec

NEW = "24e1240000000001"


def late_device() -> ThingSpec:
    return thing("stations", "gauge-12", "milesight-em500-udl", NEW)


def test_messages_of_a_device_registered_later_go_through_exactly_once(city: Twin, pipeline: Pipeline) -> None:
    values = {"water_distance": 1.0, "battery_level": 90}
    early = [sent("milesight-em500-udl", NEW, values, at=NOW - timedelta(minutes=m)) for m in (20, 10)]
    pipeline.process([*early, gauge()])
    assert totals(city) == (5, 3, 0, 0, 2)
    assert replay(city, pipeline=pipeline).passed == 0

    city.store.register_things([late_device()], Source("user", "test"))
    report = replay(city, pipeline=pipeline)
    assert (report.tried, report.passed, report.remaining) == (2, 2, ())
    assert results(city, "gauge-12") == {"water_distance": [1.0, 1.0], "battery_level": [90, 90]}
    assert totals(city) == (7, 7, 0, 0, 0)
    assert city.store.quarantined(city.view()) == []

    again = replay(city, pipeline=pipeline)
    assert (again.tried, again.receipt.received) == (0, 0)
    assert totals(city) == (7, 7, 0, 0, 0)


def test_what_still_cannot_be_used_stays_with_its_reason(city: Twin, pipeline: Pipeline) -> None:
    pipeline.process([Message("ngsi/Streetlight/x", b"no", NOW), lamp(powerConsumption=float("nan"), voltage=230)])
    before = totals(city)
    report = replay(city, pipeline=pipeline)
    assert report.passed == 0
    assert [reason.partition(":")[0] for _, reason in report.remaining][:1] == ["not JSON"]
    assert len(city.store.quarantined(city.view())) == 2
    after = totals(city)
    assert after[1] == before[1]  # nothing new is stored
    assert after[4] == before[4] == 2
    assert results(city, "LTK-01") == {"voltage": [230]}


def test_a_message_of_the_future_goes_through_when_its_time_has_come(city: Twin, pipeline: Pipeline) -> None:
    pipeline.process([gauge(at=NOW + timedelta(hours=1))])
    later = Pipeline(city, connector="mqtt", salt=b"s", clock=lambda: NOW + timedelta(hours=2))
    assert replay(city, pipeline=later).passed == 1
    assert results(city, "gauge-11")["water_distance"] == [1.234]


def test_an_event_goes_through_with_its_quarantine_mark(city: Twin, pipeline: Pipeline) -> None:
    message = event("end", seconds=9)
    body = json.loads(message.payload)
    body["after"]["camera"] = body["before"]["camera"] = "cam-99"
    pipeline.process([replace(message, payload=json.dumps(body).encode())])
    city.store.register_things([thing("cameras", "cam-99", "frigate-camera", "cam-99")], Source("user", "test"))
    report = replay(city, pipeline=pipeline)
    assert report.passed == 1
    (found,) = city.store.features(city.view(), "camera_events", interval=(None, None))
    assert found.properties["camera"] == "cam-99"
    assert city.store.quarantined(city.view()) == []
    assert totals(city) == (1, 1, 0, 0, 0)


def test_a_timeless_observation_gets_the_time_it_first_arrived(city: Twin, pipeline: Pipeline) -> None:
    number = max(s.id for s in city.store.datastreams(city.view())) + 1
    message = Message(f"v1.1/Datastreams({number})/Observations", b'{"result": 7}', NOW - timedelta(hours=3))
    pipeline.process([message])
    spec = ThingSpec("stations", "new", "new", datastreams=(quantity("pm25").datastream(),))
    (ids,) = city.store.register_things([spec], Source("user", "test"))
    assert ids.datastreams == {"pm25": number}
    replay(city, pipeline=pipeline)
    (found,) = city.store.observations(city.view(at=NOW), number)
    assert (found.result, found.phenomenon_start) == (7, NOW - timedelta(hours=3))
