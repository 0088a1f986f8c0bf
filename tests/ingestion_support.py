"""A small city with registered devices, and the messages they send."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shapely.geometry import Point

from ingestion.kinds import KINDS, kind
from ingestion.message import Message
from sensors.catalogue import quantity
from twin.core import Twin, create, open_twin
from twin.model.layer import Layer, Source
from twin.model.thing import DatastreamSpec, DeviceSpec, ThingSpec
from twin.model.view import Access

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GAUGE = "70b3d57ba0000001"
RAIN = "70b3d57ba0000002"
AIR = "70b3d57ba0000003"
LAMP = "urn:ngsi-ld:Streetlight:LTK-01"
SALT = b"0123456789abcdef0123456789abcdef"
PLACE = Point(106.9, 11.53)


def make_city(path: Path) -> None:
    """A new twin with a gauge, a rain gauge, an air station, a lamp and two cameras."""
    create(path)
    with open_twin(path) as t:
        for name in ("stations", "lamps", "cameras"):
            t.store.put_layer(Layer(name, name, geometry_type="Point", access=Access.PUBLIC, group="sensors"))
        specs = [
            thing("stations", "gauge-11", "decentlab-dl-mbx", GAUGE, sensor_level_m=84.5),
            thing("stations", "rain-1", "decentlab-dl-tbrg", RAIN),
            thing("stations", "air-07", "decentlab-dl-pm", AIR),
            thing("lamps", "LTK-01", "ngsi-streetlight", LAMP),
            thing("cameras", "cam-07", "frigate-camera", "cam-07"),
            thing("cameras", "anpr-1", "hikvision-anpr", "ltk-01"),
        ]
        t.store.register_things(specs, Source("user", "test"))


def thing(layer: str, uid: str, kind_name: str, address: str, **properties: float) -> ThingSpec:
    """A thing with one device and all datastreams its kind can fill."""
    streams: tuple[DatastreamSpec, ...] = tuple(quantity(key).datastream() for key in kind(kind_name).quantities)
    return ThingSpec(
        layer,
        uid,
        uid,
        geometry=PLACE,
        datastreams=streams,
        devices=(DeviceSpec(address, kind_name, dict(properties)),),
    )


def sent(
    kind_name: str, address: str, values: dict, *, at: datetime = NOW, period_s: float = 600, **options: str
) -> Message:
    """What a device of that kind would publish."""
    topic, payload = KINDS[kind_name].encode(address, at, values, period_s, options)
    return Message(topic, payload, at)


def gauge(distance_m: float = 1.234, *, at: datetime = NOW) -> Message:
    return sent("decentlab-dl-mbx", GAUGE, {"water_distance": distance_m, "battery_voltage": 3.0}, at=at)


def lamp(**attributes: object) -> Message:
    body = {"id": LAMP, "type": "Streetlight", "observationDateTime": "2026-11-23T12:00:00Z", **attributes}
    return Message(f"ngsi/Streetlight/{LAMP}", json.dumps(body).encode(), NOW)


def event(step: str, *, seconds: float = 0, number: str = "1") -> Message:
    values = {"type": step, "id": f"e-{number}", "label": "car", "start": NOW.isoformat()}
    at = NOW + timedelta(seconds=seconds)
    if step == "end":
        values["end"] = at.isoformat()
    return sent("frigate-camera", "cam-07", values, at=at)


def results(t: Twin, uid: str) -> dict[str, list]:
    """Results by datastream key, oldest first, of every observation of a thing."""
    found: dict[str, list] = {}
    for stream in t.store.datastreams(t.view()):
        if stream.uid == uid:
            values = t.store.observations(t.view(at=NOW + timedelta(days=1)), stream.id)
            if values:
                found[stream.key] = [value.result for value in values]
    return found


def totals(t: Twin) -> tuple[int, int, int, int, int]:
    """Received, stored, revised, duplicate, quarantined, as the store counts them; checked to balance."""
    receipt = t.store.counters(t.view())["mqtt"]
    assert receipt.balanced
    return (receipt.received, receipt.stored, receipt.revised, receipt.duplicate, receipt.quarantined)
