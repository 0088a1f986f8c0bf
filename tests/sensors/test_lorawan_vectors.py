"""Real uplinks of real devices on real platforms, against the makers' expected results."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sensors.air.decentlab import DL_IAM, DL_PM
from sensors.air.milesight import AM319
from sensors.lorawan import chirpstack, loriot, thethings, thingpark
from sensors.lorawan.device import merge
from sensors.rain.decentlab import DL_TBRG
from sensors.water.decentlab import DL_CTD10, DL_MBX
from sensors.water.milesight import EM310_UDL, EM500_SWL, EM500_UDL
from twin.errors import TimeError
from twin.types import parse_time

MODELS = {
    "Decentlab/DL-CTD10": DL_CTD10,
    "Decentlab/DL-MBX": DL_MBX,
    "Decentlab/DL-TBRG": DL_TBRG,
    "Decentlab/DL-PM": DL_PM,
    "Decentlab/DL-IAM": DL_IAM,
    "Milesight/AM319": AM319,
    "Milesight/EM310-UDL": EM310_UDL,
    "Milesight/EM500-UDL": EM500_UDL,
    "Milesight/EM500-SWL": EM500_SWL,
}
PLATFORMS = {
    "ChirpStack": chirpstack,
    "ThingsStackCommunity": thethings,
    "ThingsStackIndustries": thethings,
    "LORIOT": loriot,
    "ThingPark": thingpark,
    "ThingParkEnterprise": thingpark,
}
# What the expected results take from the radio, not from the device's bytes.
RADIO = ("lora_", "rssi", "snr")
# The shared vectors hold Milesight on ChirpStack, The Things Stack and LORIOT only.
CASES = [
    (model, platform)
    for model in MODELS
    for platform in PLATFORMS
    if not (model.startswith("Milesight") and platform.startswith("ThingPark"))
]

pytestmark = pytest.mark.data


def vectors(shared_data: Path, model: str, platform: str) -> list[tuple[Path, Path]]:
    folder = shared_data / "device_payloads" / "lorawan_uplinks" / model / platform / "uplink"
    return [(path, path.with_name(path.name.replace("payload", "result"))) for path in sorted(folder.glob("payload*"))]


def expected(path: Path) -> list[dict]:
    result = json.loads(path.read_text(encoding="utf-8"))
    return (result[0] if isinstance(result, list) else result)["telemetry"]


def moment(ts: str | int) -> datetime:
    return parse_time(ts, where="ts") if isinstance(ts, str) else datetime.fromtimestamp(ts / 1000, UTC)


def without(fields: dict) -> dict:
    """Leave out two fields of AM319's stored measurements.

    The converter behind the expected results reads their temperature without sign and their PIR byte 1 as
    idle, other than the same device's live entries, which these vectors confirm too.
    """
    return {name: value for name, value in fields.items() if name not in {"temperature", "trigger"}}


def same(got: dict, want: dict) -> bool:
    """Equal words, and numbers equal but for the last digit of a double."""
    return got.keys() == want.keys() and all(
        got[k] == v if isinstance(v, str) else got[k] == pytest.approx(v, rel=1e-12) for k, v in want.items()
    )


@pytest.mark.parametrize(("model", "platform"), CASES, ids=lambda text: text.split("/")[-1])
def test_every_vector_decodes_to_the_published_numbers(shared_data: Path, model: str, platform: str) -> None:
    found = vectors(shared_data, model, platform)
    assert found
    for payload, result in found:
        uplink = PLATFORMS[platform].read(payload.read_bytes())
        records = MODELS[model].codec.decode(uplink.payload)
        blocks = expected(result)
        own = {k: v for k, v in blocks[0]["values"].items() if not k.startswith(RADIO)}
        assert same(merge(records), own), payload
        stored = [record for record in records if record.time is not None]
        assert [record.time for record in stored] == [moment(block["ts"]) for block in blocks[1:]], payload
        for record, block in zip(stored, blocks[1:], strict=True):
            assert same(without(record.fields), without(block["values"])), payload


@pytest.mark.parametrize("platform", PLATFORMS)
def test_address_and_time_are_those_of_the_vectors(shared_data: Path, platform: str) -> None:
    checked = 0
    for model in MODELS:
        for payload, result in vectors(shared_data, model, platform):
            uplink = PLATFORMS[platform].read(payload.read_bytes())
            body = json.loads(result.read_text(encoding="utf-8"))
            attributes = (body[0] if isinstance(body, list) else body)["attributes"]
            name = attributes.get("lora_dev_eui") or attributes.get("eui")
            assert uplink.address == name.lower(), payload
            ts = expected(result)[0].get("ts")
            if ts is not None:
                # The two makers' converters disagree which of two receptions counts; they are 0.3 s apart.
                assert abs((uplink.time - moment(ts)).total_seconds()) < 0.5, payload
            checked += 1
    assert checked >= 10


def test_chirpstack_3_takes_the_time_of_the_receiving_gateway(shared_data: Path) -> None:
    payload, _ = vectors(shared_data, "Decentlab/DL-MBX", "ChirpStack")[2]
    uplink = chirpstack.read(payload.read_bytes())
    assert uplink.time == datetime(2019, 11, 8, 13, 59, 25, 48445, tzinfo=UTC)
    assert (uplink.address, uplink.fport, uplink.counter) == ("0202020202020202", 5, 10)


def test_a_malformed_time_is_refused_not_guessed(shared_data: Path) -> None:
    folder = shared_data / "device_payloads/lorawan_uplinks/Milesight/EM500-UDL/HTTP/uplink"
    with pytest.raises(TimeError, match="2020-0327T12:39:05"):
        chirpstack.read((folder / "payload.json").read_bytes())


def readings(shared_data: Path, model: str) -> dict[str, object]:
    payload, _ = vectors(shared_data, model, "ChirpStack")[0]
    decoded = MODELS[model].decode(chirpstack.read(payload.read_bytes()))
    return {reading.quantity: reading.value for reading in decoded.readings}


def test_readings_come_in_the_stored_units(shared_data: Path) -> None:
    # 4232 mm, 1234 mm, 30 mm, 2 cm, 96800 Pa, 0.04 mg/m³ by the published results
    assert readings(shared_data, "Decentlab/DL-CTD10")["water_depth"] == 4.232
    assert readings(shared_data, "Decentlab/DL-MBX") == {"water_distance": 1.234, "battery_voltage": 2.993}
    assert readings(shared_data, "Milesight/EM500-UDL") == {"water_distance": 0.03, "battery_level": 100}
    assert readings(shared_data, "Milesight/EM500-SWL") == {"water_depth": 0.02, "battery_level": 100}
    air = readings(shared_data, "Decentlab/DL-PM")
    assert (air["pm25"], air["pm10"], air["pressure"]) == (3.9, 3.9, 968)
    assert readings(shared_data, "Milesight/AM319")["hcho"] == 40


def test_rain_is_of_the_interval_the_gauge_names(shared_data: Path) -> None:
    payload, _ = vectors(shared_data, "Decentlab/DL-TBRG", "ChirpStack")[0]
    decoded = DL_TBRG.decode(chirpstack.read(payload.read_bytes()))
    rain = next(r for r in decoded.readings if r.quantity == "rain")
    assert (rain.value, rain.start, rain.end) == (
        0.4,
        datetime(2024, 11, 10, 12, 41, 50, tzinfo=UTC),
        datetime(2024, 11, 10, 12, 51, 50, tzinfo=UTC),
    )
    total = next(r for r in decoded.readings if r.quantity == "rain_total")
    assert (total.value, total.end) == (1653.8, None)
