from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sensors.streetlight import ngsi
from twin.errors import FormatError, TimeError, UnsupportedFormatError

OBSERVED = datetime(2021, 1, 11, 10, 21, 2, tzinfo=UTC)  # 15:51:02 at +05:30


@pytest.mark.data
@pytest.mark.parametrize(
    "name", ["example.json", "example.jsonld", "example-normalized.json", "example-normalized.jsonld"]
)
def test_the_four_forms_of_the_published_example_say_the_same(shared_data: Path, name: str) -> None:
    folder = shared_data / "device_payloads/smart_data_models/Streetlighting/Streetlight/examples"
    body = ngsi.entity((folder / name).read_bytes())
    decoded = ngsi.decode(body)
    assert {r.quantity: r.value for r in decoded.readings} == {
        "lamp_state": "off",
        "lamp_status": "ok",
        "lamp_power": 10,
        "voltage": 50,
        "power_factor": 0.7,
    }
    assert {r.start for r in decoded.readings} == {OBSERVED}
    assert ngsi.entity_id(body).endswith("streetlight:guadalajara:4567")


@pytest.mark.data
def test_another_entity_type_is_named(shared_data: Path) -> None:
    folder = shared_data / "device_payloads/smart_data_models/Streetlighting/StreetlightControlCabinet/examples"
    with pytest.raises(UnsupportedFormatError, match="StreetlightControlCabinet"):
        ngsi.decode(ngsi.entity((folder / "example-normalized.json").read_bytes()))


def entity(**attributes: object) -> bytes:
    return json.dumps({"id": "urn:x", "type": "Streetlight", **attributes}).encode()


def test_a_unit_code_decides_the_unit() -> None:
    body = entity(
        current={"type": "Property", "value": 250, "unitCode": "4K", "observedAt": "2026-11-23T12:00:00Z"},
        powerConsumption={
            "type": "Property",
            "value": 0.08,
            "unitCode": "KWT",
            "observedAt": "2026-11-23T12:00:00Z",
        },
    )
    decoded = ngsi.decode(ngsi.entity(body))
    assert {r.quantity: r.value for r in decoded.readings} == {"current": 0.25, "lamp_power": 80}


@pytest.mark.parametrize("code", ["XYZ", "KWH"])
def test_an_unknown_or_unfitting_unit_code_is_refused(code: str) -> None:
    body = entity(current={"value": 1, "unitCode": code, "observedAt": "2026-11-23T12:00:00Z"})
    with pytest.raises(FormatError, match="current"):
        ngsi.decode(ngsi.entity(body))


def test_an_entity_without_time_is_refused() -> None:
    with pytest.raises(TimeError, match="when it was observed"):
        ngsi.decode(ngsi.entity(entity(powerState="on")))
    with pytest.raises(TimeError, match="no zone"):
        ngsi.decode(ngsi.entity(entity(powerState="on", observationDateTime="2026-11-23T12:00:00")))


def test_a_word_where_a_number_is_needed_is_refused() -> None:
    with pytest.raises(FormatError, match="voltage must be a number"):
        ngsi.decode(ngsi.entity(entity(voltage="220", observationDateTime="2026-11-23T12:00:00Z")))


def test_a_notification_of_one_entity_is_opened_and_of_two_refused() -> None:
    one = json.loads(entity(powerState="on", observationDateTime="2026-11-23T12:00:00Z"))
    body = ngsi.entity(json.dumps({"type": "Notification", "data": [one]}).encode())
    assert ngsi.decode(body).readings[0].value == "on"
    with pytest.raises(UnsupportedFormatError, match="2 entities"):
        ngsi.entity(json.dumps({"data": [one, one]}).encode())


def test_an_encoded_lamp_reads_back() -> None:
    values = {
        "lamp_state": "on",
        "lamp_dimming": 70,
        "lamp_power": 56.0,
        "voltage": 229.5,
        "current": 0.25,
        "energy": 812.5,
    }
    time = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    decoded = ngsi.decode(ngsi.entity(ngsi.encode("urn:ngsi-ld:Streetlight:D-01", time, values)))
    assert {r.quantity: r.value for r in decoded.readings} == pytest.approx(values)
    assert {r.start for r in decoded.readings} == {time}
