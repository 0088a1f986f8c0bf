"""From a message to the store: what is kept, what is refused, and that nothing is lost on the way."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from ingestion_support import AIR, GAUGE, LAMP, NOW, RAIN, event, gauge, lamp, results, sent, thing, totals

from ingestion.kinds import KINDS, kind
from ingestion.message import Message
from ingestion.pipeline import MAX_PAYLOAD, Pipeline
from ingestion.routes import route_of
from twin.core import Twin
from twin.model.layer import Source
from twin.model.thing import IngestReceipt
from twin.types import Quality


def reasons(t: Twin) -> list[str]:
    return [entry.reason for entry in reversed(t.store.quarantined(t.view()))]


def test_a_gauge_message_becomes_distance_level_and_battery(city: Twin, pipeline: Pipeline) -> None:
    receipt = pipeline.process([gauge(1.234)])
    # The sensor hangs at 84.5 m: 84.5 - 1.234 = 83.266 m.
    assert results(city, "gauge-11") == {"water_distance": [1.234], "battery_voltage": [3.0], "water_level": [83.266]}
    assert receipt == IngestReceipt(received=3, stored=3)
    assert totals(city) == (3, 3, 0, 0, 0)


def test_rain_is_stored_with_its_interval(city: Twin, pipeline: Pipeline) -> None:
    pipeline.process([sent("decentlab-dl-tbrg", RAIN, {"rain": 4.2, "rain_total": 100.0, "battery_voltage": 3.1})])
    (stream,) = [s for s in city.store.datastreams(city.view()) if s.key == "rain"]
    (observation,) = city.store.observations(city.view(at=NOW), stream.id)
    assert observation.result == 4.2
    assert observation.phenomenon_start == NOW - timedelta(minutes=10)
    assert observation.phenomenon_end == NOW


def test_both_lorawan_platforms_reach_the_same_device(city: Twin, pipeline: Pipeline) -> None:
    values = {"water_distance": 2.0}
    later = NOW + timedelta(minutes=1)
    pipeline.process(
        [
            sent("decentlab-dl-mbx", GAUGE, values, platform="chirpstack"),
            sent("decentlab-dl-mbx", GAUGE, values, at=later, platform="thethings"),
        ]
    )
    assert results(city, "gauge-11")["water_distance"] == [2.0, 2.0]


def test_the_same_message_again_is_a_duplicate_and_another_result_a_suspect_revision(
    city: Twin, pipeline: Pipeline
) -> None:
    pipeline.process([gauge(1.0), gauge(1.0)])
    pipeline.process([replace(gauge(1.0), duplicate=True), replace(gauge(1.0), retained=True)])
    assert totals(city) == (12, 3, 0, 9, 0)
    pipeline.process([gauge(1.5)])
    assert totals(city) == (15, 3, 2, 10, 0)
    (stream,) = [s for s in city.store.datastreams(city.view()) if s.key == "water_distance"]
    (observation,) = city.store.observations(city.view(at=NOW), stream.id)
    assert (observation.result, observation.quality, observation.reason) == (1.5, Quality.SUSPECT, "conflicting")


def test_late_data_are_stored_where_they_belong(city: Twin, pipeline: Pipeline) -> None:
    pipeline.process([gauge(1.0), gauge(2.0, at=NOW - timedelta(days=40)), gauge(3.0, at=NOW - timedelta(hours=1))])
    assert results(city, "gauge-11")["water_distance"] == [2.0, 3.0, 1.0]


def test_a_value_outside_the_gross_range_is_kept_as_rejected(city: Twin, pipeline: Pipeline) -> None:
    pipeline.process([gauge(60.0)])
    (stream,) = [s for s in city.store.datastreams(city.view()) if s.key == "water_distance"]
    (observation,) = city.store.observations(city.view(at=NOW), stream.id)
    assert (observation.result, observation.quality) == (60.0, Quality.REJECTED)
    assert observation.reason == "range: 60 m is above 50"
    assert totals(city)[4] == 0


def test_a_value_inside_the_range_is_good_and_a_word_is_unchecked(city: Twin, pipeline: Pipeline) -> None:
    pipeline.process([lamp(powerState="on", powerConsumption=80)])
    states = {s.datastream.key: s.observation for s in city.store.latest(city.view(at=NOW)) if s.observation}
    assert states["lamp_power"].quality is Quality.GOOD
    assert states["lamp_state"].quality is Quality.UNCHECKED


BAD = {
    "unknown device": (sent("decentlab-dl-mbx", "70b3d57ba00000ff", {"water_distance": 1.0}), "unknown device"),
    "empty": (Message("ngsi/Streetlight/x", b"", NOW), "empty"),
    "not JSON": (Message(f"application/a/device/{GAUGE}/event/up", b"\xff\x00 no", NOW), "not JSON"),
    "truncated": (replace(gauge(), payload=gauge().payload[:80]), "not JSON"),
    "deep JSON": (Message(f"application/a/device/{GAUGE}/event/up", b"[" * 100_000, NOW), "not JSON"),
    "too large": (Message(f"ngsi/Streetlight/{LAMP}", b"x" * (MAX_PAYLOAD + 1), NOW), "more than"),
    "no route": (Message("something/else", b"{}", NOW), "no route"),
    "other topic": (replace(gauge(), topic=f"application/a/device/{RAIN}/event/up"), "the topic is of device"),
    "topic no EUI": (replace(gauge(), topic="application/a/device/gauge/event/up"), "no EUI-64"),
    "future": (gauge(at=NOW + timedelta(minutes=6)), "future"),
    "no zone": (lamp(powerState="on", observationDateTime="2026-11-23T12:00:00"), "no zone"),
    "NaN": (lamp(powerConsumption=float("nan")), "not finite"),
    "infinity": (lamp(powerConsumption=float("inf")), "not finite"),
    "huge number": (lamp(powerConsumption=10**400), "not finite|range|too large|decoder failed"),
    "wrong type": (lamp(powerConsumption="eighty"), "must be a number"),
    "unknown word": (lamp(powerState="glowing"), "none of bootingUp"),
    "other model's bytes": (
        replace(
            gauge(),
            payload=sent("milesight-em500-udl", GAUGE, {"water_distance": 1.0, "battery_level": 50}).payload,
        ),
        "Decentlab|version",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_goes_to_quarantine_with_bytes_and_reason(city: Twin, pipeline: Pipeline, name: str) -> None:
    message, reason = BAD[name]
    receipt = pipeline.process([gauge(1.0, at=NOW - timedelta(hours=1)), message, gauge(1.1)])
    assert receipt.balanced
    assert receipt.stored == 6  # the messages before and after go through
    (kept,) = city.store.quarantined(city.view())
    assert kept.topic == message.topic
    assert kept.payload == (message.payload if name != "too large" else message.payload[: 1 << 16])
    assert kept.received_at == message.received_at
    assert re.search(reason, kept.reason), kept.reason


def test_the_good_readings_of_a_message_are_kept_and_the_bad_one_quarantined(city: Twin, pipeline: Pipeline) -> None:
    receipt = pipeline.process([lamp(powerState="on", powerConsumption=float("nan"), voltage=231)])
    assert receipt == IngestReceipt(received=3, stored=2, quarantined=1)
    assert results(city, "LTK-01") == {"lamp_state": ["on"], "voltage": [231]}
    (kept,) = city.store.quarantined(city.view())
    assert (kept.readings, kept.device) == (1, LAMP)


def test_five_minutes_ahead_is_still_accepted(city: Twin, pipeline: Pipeline) -> None:
    pipeline.process([gauge(at=NOW + timedelta(minutes=5))])
    assert totals(city) == (3, 3, 0, 0, 0)


def test_a_device_registered_later_is_heard_at_once(city: Twin, pipeline: Pipeline) -> None:
    new = sent("milesight-em500-udl", "24e1240000000001", {"water_distance": 1.0, "battery_level": 90})
    pipeline.process([new])
    assert "unknown device" in reasons(city)[0]
    city.store.register_things(
        [thing("stations", "gauge-12", "milesight-em500-udl", "24E1240000000001")], Source("user", "test")
    )
    pipeline.process([new])
    assert results(city, "gauge-12") == {"water_distance": [1.0], "battery_level": [90]}


def test_a_device_name_of_the_platform_must_be_registered(city: Twin, pipeline: Pipeline) -> None:
    def renamed(device_id: str) -> Message:
        message = sent("decentlab-dl-mbx", GAUGE, {"water_distance": 1.0}, platform="thethings")
        body = json.loads(message.payload)
        body["end_device_ids"]["device_id"] = device_id
        return Message(f"v3/a@ttn/devices/{device_id}/up", json.dumps(body).encode(), NOW)

    pipeline.process([renamed("cau-11")])
    assert "no registered 'tts_device_id'" in reasons(city)[0]
    spec = thing("stations", "gauge-11", "decentlab-dl-mbx", GAUGE)
    device = replace(spec.devices[0], properties={"tts_device_id": "cau-11"})
    city.store.register_things([replace(spec, devices=(device,))], Source("user", "test"))
    fresh = Pipeline(city, connector="mqtt", salt=b"s", clock=lambda: NOW)
    assert fresh.process([renamed("cau-11")]).stored == 1
    assert fresh.process([renamed("cau-12")]).quarantined == 1
    assert fresh.process([replace(renamed("cau-11"), topic="v3/a@ttn/devices/cau-12/up")]).quarantined == 1


def test_readings_without_a_datastream_are_ignored_and_said_so(city: Twin, pipeline: Pipeline) -> None:
    spec = thing("stations", "air-08", "decentlab-dl-pm", "70b3d57ba0000008")
    only = tuple(stream for stream in spec.datastreams if stream.key == "pm25")
    city.store.register_things([replace(spec, datastreams=only)], Source("user", "test"))
    values = {"pm1": 1.0, "pm25": 2.0, "pm4": 3.0, "pm10": 4.0}
    receipt = pipeline.process([sent("decentlab-dl-pm", "70b3d57ba0000008", values)])
    assert receipt == IngestReceipt(received=1, stored=1)
    assert pipeline.ignored == 3
    pipeline.process([sent("decentlab-dl-pm", "70b3d57ba0000008", {"battery_voltage": 3.0})])
    assert "no datastream for battery_voltage" in reasons(city)[0]


def test_air_readings_arrive_with_all_quantities(city: Twin, pipeline: Pipeline) -> None:
    values = {"pm1": 8.0, "pm25": 21.5, "pm4": 25.0, "pm10": 34.2, "temperature": 28.0, "humidity": 80.0,
              "pressure": 1003.2, "battery_voltage": 3.1}  # fmt: skip
    pipeline.process([sent("decentlab-dl-pm", AIR, values)])
    got = {key: values[0] for key, values in results(city, "air-07").items()}
    assert got == pytest.approx(values, abs=0.01)


# -- camera events ------------------------------------------------------------------------------------------------


def camera_events(t: Twin) -> list:
    return t.store.features(t.view(), "camera_events", interval=(None, None))


def test_new_update_and_end_become_one_event_revised(city: Twin, pipeline: Pipeline) -> None:
    receipt = pipeline.process([event("new"), event("update", seconds=2)])
    receipt += pipeline.process([event("end", seconds=9)])
    assert receipt.balanced
    assert (receipt.stored, receipt.revised) == (1, 2)
    (found,) = camera_events(city)
    assert found.fid == "frigate:cam-07:e-1"
    assert (found.valid_from, found.valid_to) == (NOW, NOW + timedelta(seconds=9))
    assert found.properties["camera"] == "cam-07"
    assert found.properties["title"] == "Ô tô"
    assert found.geometry.equals(city.store.features(city.view(), "cameras", fids=["cam-07"])[0].geometry)
    assert totals(city) == (3, 1, 2, 0, 0)


def test_an_older_state_delivered_late_does_not_undo_a_newer_one(city: Twin, pipeline: Pipeline) -> None:
    pipeline.process([event("end", seconds=9)])
    receipt = pipeline.process([event("update", seconds=2), event("new")])
    assert (receipt.stored, receipt.revised, receipt.duplicate) == (0, 0, 2)
    (found,) = camera_events(city)
    assert found.valid_to == NOW + timedelta(seconds=9)


def test_a_repeated_batch_of_events_changes_nothing(city: Twin, pipeline: Pipeline) -> None:
    batch = [event("new"), event("update", seconds=2), event("end", seconds=9)]
    pipeline.process(batch)
    seq = camera_events(city)[0].recorded_from
    receipt = pipeline.process(batch)
    assert (receipt.received, receipt.duplicate) == (3, 3)
    assert camera_events(city)[0].recorded_from == seq


def test_an_event_with_half_a_character_is_quarantined_and_the_others_are_stored(
    city: Twin, pipeline: Pipeline
) -> None:
    bad = event("new")
    bad = replace(bad, payload=bad.payload.replace(b'"car"', rb'"\ud800"'))
    receipt = pipeline.process([bad, event("new", number="2")])
    assert (receipt.received, receipt.stored, receipt.quarantined) == (2, 1, 1)
    assert "surrogates not allowed" in reasons(city)[0]


def test_an_event_in_the_future_is_quarantined(city: Twin, pipeline: Pipeline) -> None:
    receipt = pipeline.process([event("update", seconds=3600)])
    assert (receipt.received, receipt.quarantined) == (1, 1)
    assert "future" in reasons(city)[0]


def test_a_plate_is_nowhere_in_the_twin(city: Twin, pipeline: Pipeline, tmp_path) -> None:
    good = sent("hikvision-anpr", "ltk-01", {"plate": "93A-987.65", "vehicle_type": "truck"})
    unknown = replace(good, topic="hikvision/elsewhere/anpr")
    cut = replace(good, payload=good.payload[: good.payload.index(b"987.65") + 4])
    receipt = pipeline.process([good, unknown, cut])
    assert receipt.balanced
    assert (receipt.stored, receipt.quarantined) == (1, 2)
    (found,) = camera_events(city)
    assert found.properties["label"] == "truck"
    assert len(found.properties["plate_hash"]) == 32
    kept = b"".join(entry.payload for entry in city.store.quarantined(city.view()))
    assert b"987" not in kept
    assert b"hash:" in kept
    city.close()
    for path in tmp_path.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"987.65" not in content, path
            assert b"98765" not in content, path


def test_a_plate_message_that_is_no_text_is_counted_but_its_bytes_are_not_kept(city: Twin, pipeline: Pipeline) -> None:
    message = Message("hikvision/ltk-01/anpr", "<licensePlate>93A98765".encode("utf-16"), NOW)
    assert pipeline.process([message]).quarantined == 1
    (kept,) = city.store.quarantined(city.view())
    assert kept.payload == b""
    assert "not kept" in kept.reason


# -- SensorThings over MQTT ---------------------------------------------------------------------------------------


def number_of(t: Twin, key: str) -> int:
    return next(s.id for s in t.store.datastreams(t.view()) if s.key == key)


def observation(topic: str, **body: object) -> Message:
    return Message(topic, json.dumps(body).encode(), NOW)


def test_an_observation_is_created_in_the_datastream_of_the_topic(city: Twin, pipeline: Pipeline) -> None:
    number = number_of(city, "pm25")
    pipeline.process(
        [
            observation(
                f"v1.1/Datastreams({number})/Observations", result=12.5, phenomenonTime="2026-11-23T18:30:00+07:00"
            )
        ]
    )
    (found,) = city.store.observations(city.view(at=NOW), number)
    assert (found.result, found.phenomenon_start) == (12.5, NOW - timedelta(minutes=30))
    assert found.quality is Quality.GOOD


def test_an_observation_of_an_interval_and_with_parameters(city: Twin, pipeline: Pipeline) -> None:
    number = number_of(city, "rain")
    pipeline.process(
        [
            observation(
                "v1.1/Observations",
                result=3.0,
                phenomenonTime="2026-11-23T11:00:00Z/2026-11-23T12:00:00Z",
                resultTime="2026-11-23T12:00:00Z",
                resultQuality={"quality": "Good"},
                parameters={"operator": "A"},
                Datastream={"@iot.id": number},
            )
        ]
    )
    (found,) = city.store.observations(city.view(at=NOW), number)
    assert (found.phenomenon_start, found.phenomenon_end) == (NOW - timedelta(hours=1), NOW)
    assert found.parameters == {"operator": "A", "resultQuality": {"quality": "Good"}}


@pytest.mark.parametrize(
    "member",
    [
        rb'"parameters": {"a": "\ud800"}',
        b'"parameters": {"a": 1e400}',
        rb'"resultQuality": "\ud800"',
        b'"phenomenonTime": "9999-12-31T23:59:59-14:00"',
    ],
)
def test_what_the_store_cannot_keep_goes_to_quarantine_and_stops_no_other_message(
    city: Twin, pipeline: Pipeline, member: bytes
) -> None:
    topic = f"v1.1/Datastreams({number_of(city, 'pm25')})/Observations"
    bad = Message(topic, b'{"result": 1.0, %b}' % member, NOW)
    receipt = pipeline.process([bad, gauge()])
    assert (receipt.received, receipt.stored, receipt.quarantined) == (4, 3, 1)
    assert re.search("surrogates not allowed|cannot be stored|years 1 to 9999", reasons(city)[0])


def test_without_a_time_arrival_counts_but_not_for_a_repeated_message(city: Twin, pipeline: Pipeline) -> None:
    message = observation(f"v1.1/Datastreams({number_of(city, 'pm25')})/Observations", result=1.0)
    assert pipeline.process([message]).stored == 1
    assert pipeline.process([replace(message, duplicate=True)]).quarantined == 1
    assert pipeline.process([replace(message, retained=True)]).quarantined == 1


@pytest.mark.data
def test_observations_of_a_real_sensorthings_server_are_taken_as_they_are(
    city: Twin, pipeline: Pipeline, shared_data: Path
) -> None:
    path = shared_data / "device_payloads/sensorthings/bgs_frost_observations.json"
    number = number_of(city, "pm25")
    bodies = json.loads(path.read_text(encoding="utf-8"))
    pipeline.process([observation(f"v1.1/Datastreams({number})/Observations", **body) for body in bodies])
    found = city.store.observations(city.view(at=NOW), number)
    assert [(o.result, o.phenomenon_start.isoformat()) for o in found] == [
        (3.444444444444444, "2023-03-28T10:00:00+00:00"),
        (1.2, "2023-03-28T12:15:00+00:00"),
    ]
    assert found[0].parameters["sen_id"] == 211806245


def test_an_observation_may_name_a_feature_of_interest_that_exists(city: Twin, pipeline: Pipeline) -> None:
    pipeline.process([gauge()])
    (known,) = city.store.observations(city.view(at=NOW), number_of(city, "water_distance"))
    number = number_of(city, "pm25")
    pipeline.process(
        [
            observation(
                f"v1.1/Datastreams({number})/Observations",
                result=1.5,
                phenomenonTime="2026-11-23T12:00:00Z",
                FeatureOfInterest={"@iot.id": known.feature_of_interest},
            )
        ]
    )
    (found,) = city.store.observations(city.view(at=NOW), number)
    assert found.feature_of_interest == known.feature_of_interest


@pytest.mark.parametrize(
    ("topic", "body", "reason"),
    [
        ("v1.1/Datastreams(999)/Observations", {"result": 1}, "no Datastream 999"),
        ("v1.1/Observations", {"result": 1}, "names no Datastream"),
        ("v1.1/Observations", {"result": 1, "Datastream": {"@iot.id": "x"}}, "must be an integer"),
        ("v1.1/Things(1)/Observations", {"result": 1}, "no set that observations"),
        ("v1.1/Datastreams({pm25})/Observations", {}, "no result"),
        ("v1.1/Datastreams({pm25})/Observations", {"result": "x"}, "not a number"),
        ("v1.1/Datastreams({pm25})/Observations", {"result": True}, "not a number"),
        ("v1.1/Datastreams({pm25})/Observations", {"result": None}, "not a number"),
        ("v1.1/Datastreams({pm25})/Observations", {"result": 1, "Datastream": {"@iot.id": 1}}, "payload names 1"),
        ("v1.1/Datastreams({pm25})/Observations", {"result": 1, "phenomenonTime": "2026-11-23"}, "not a date-time"),
        ("v1.1/Datastreams({pm25})/Observations", {"result": 1, "phenomenonTime": "2027-01-01T00:00:00Z"}, "future"),
        (
            "v1.1/Datastreams({pm25})/Observations",
            {"result": 1, "phenomenonTime": "2026-11-23T12:00:00Z/2026-11-23T11:00:00Z"},
            "before it begins",
        ),
        (
            "v1.1/Datastreams({pm25})/Observations",
            {"result": 1, "FeatureOfInterest": {"@iot.id": 4711}},
            "no FeatureOfInterest 4711",
        ),
    ],
)
def test_an_observation_that_cannot_be_is_quarantined(
    city: Twin, pipeline: Pipeline, topic: str, body: dict, reason: str
) -> None:
    pm25 = number_of(city, "pm25")
    assert pm25 != 1
    receipt = pipeline.process([observation(topic.format(pm25=pm25), **body)])
    assert receipt == IngestReceipt(received=1, quarantined=1)
    assert reason in reasons(city)[0]


# -- every kind ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_reachable_by_a_route_and_names_its_quantities(name: str) -> None:
    entry = kind(name)
    assert entry.name == name == name.lower()
    assert entry.title
    assert bool(entry.quantities) != entry.events
    assert entry.settable
    if entry.quantities:
        assert set(entry.settable) <= set(entry.quantities)


def example(name: str) -> dict:
    words = {"lamp_state": "on", "lamp_status": "ok"}
    if name == "frigate-camera":
        return {"type": "new", "id": "1", "label": "car", "start": NOW.isoformat()}
    if name == "hikvision-anpr":
        return {"plate": "93A-123.45"}
    values = {key: words.get(key, 1.0) for key in kind(name).settable}
    return values | {"pressure": 1000.0} if "pressure" in values else values


@pytest.mark.parametrize("name", KINDS)
def test_what_a_kind_publishes_is_stored_by_the_whole_chain(city: Twin, pipeline: Pipeline, name: str) -> None:
    address = {"lorawan": "70b3d57ba00000aa", "ngsi": "urn:x:1"}.get(kind(name).family, "camera-x")
    city.store.register_things([thing("stations", "x", name, address)], Source("user", "test"))
    message = sent(name, address, example(name))
    assert route_of(message.topic) is not None
    receipt = pipeline.process([message])
    assert receipt.quarantined == 0, reasons(city)
    assert receipt.stored == (1 if kind(name).events else len(kind(name).settable))
    assert pipeline.process([message]).duplicate == receipt.stored
