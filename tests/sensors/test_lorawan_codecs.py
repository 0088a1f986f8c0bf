"""What a device can say comes back; what it cannot say, or did not, is refused."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors.air.decentlab import DL_IAM, DL_PM
from sensors.air.milesight import AM319
from sensors.lorawan import chirpstack, loriot, thethings, thingpark
from sensors.lorawan.device import LoraModel
from sensors.lorawan.uplink import Uplink
from sensors.rain.decentlab import DL_TBRG
from sensors.water.decentlab import DL_CTD10, DL_MBX
from sensors.water.milesight import EM500_SWL, EM500_UDL
from twin.errors import FormatError, InputError, ParameterError, TimeError, UnsupportedFormatError

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)

# Spans the device's fields can hold, in stored units.
SPANS: dict[str, dict[str, tuple[float, float]]] = {
    "DL-CTD10": {
        "water_depth": (-32, 32),
        "water_temperature": (-50, 80),
        "conductivity": (0, 65535),
        "battery_voltage": (0, 65),
    },
    "DL-MBX": {"water_distance": (0, 65), "battery_voltage": (0, 65)},
    "DL-TBRG": {"rain": (0, 6553), "rain_total": (0, 400_000_000), "battery_voltage": (0, 65)},
    "DL-PM": {
        "pm1": (0, 6553),
        "pm25": (0, 6553),
        "pm4": (0, 6553),
        "pm10": (0, 6553),
        "temperature": (-46, 128),
        "humidity": (-6, 118),
        "pressure": (0, 1310),
        "battery_voltage": (0, 65),
    },
    "EM500-UDL": {"water_distance": (0, 65), "battery_level": (0, 255)},
    "EM500-SWL": {"water_depth": (0, 655), "battery_level": (0, 255)},
    "AM319": {
        "temperature": (-3276, 3276),
        "humidity": (0, 127),
        "co2": (0, 65535),
        "pressure": (0, 6553),
        "hcho": (0, 655_000),
        "pm25": (0, 65535),
        "pm10": (0, 65535),
        "battery_level": (0, 255),
    },
}
MODELS: list[LoraModel] = [DL_CTD10, DL_MBX, DL_TBRG, DL_PM, EM500_UDL, EM500_SWL, AM319]
MODEL_IDS = [model.name for model in MODELS]


def uplink(payload: bytes) -> Uplink:
    return Uplink("70b3d57ba0003bb8", 1, payload, NOON, 7)


@pytest.mark.parametrize("model", MODELS, ids=MODEL_IDS)
@given(data=st.data())
def test_decoding_what_was_encoded_gives_it_back_within_the_resolution(model: LoraModel, data: st.DataObject) -> None:
    spans = SPANS[model.name]
    values = {key: data.draw(st.floats(*span, allow_nan=False), label=key) for key, span in spans.items()}
    decoded = model.decode(uplink(model.encode(values, interval_s=600)))
    got = {reading.quantity: reading.value for reading in decoded.readings}
    assert got.keys() == values.keys()
    for key, value in values.items():
        assert abs(got[key] - value) <= model.resolution(key) * (0.5 + 1e-9), key


@pytest.mark.parametrize("platform", [chirpstack, thethings], ids=["chirpstack", "thethings"])
@given(
    payload=st.binary(min_size=1, max_size=60),
    counter=st.integers(0, 2**32 - 1),
    microseconds=st.integers(0, 10**14),
)
def test_an_envelope_gives_the_uplink_back(platform: object, payload: bytes, counter: int, microseconds: int) -> None:
    sent = Uplink(
        "70b3d57ba0003bb8",
        85,
        payload,
        NOON + timedelta(microseconds=microseconds),
        counter,
        "eui-70b3d57ba0003bb8",
    )
    topic, body = platform.write(sent, application="do-thi")
    got = platform.read(body)
    assert (got.address, got.fport, got.payload, got.time, got.counter) == (
        sent.address, 85, payload, sent.time, counter,
    )  # fmt: skip
    assert "70b3d57ba0003bb8" in topic


@pytest.mark.parametrize("model", [*MODELS, DL_IAM], ids=[*MODEL_IDS, "DL-IAM"])
@given(payload=st.binary(max_size=80))
def test_any_bytes_are_decoded_or_refused_never_a_crash(model: LoraModel, payload: bytes) -> None:
    with contextlib.suppress(InputError):
        model.decode(uplink(payload))


@pytest.mark.parametrize("platform", [chirpstack, thethings, loriot, thingpark])
@given(payload=st.binary(max_size=60) | st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["deviceInfo", "devEui", "data", "fPort", "time", "rxInfo", "uplink_message", "EUI", "ts"]
    ), inner, max_size=4),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_any_envelope_is_read_or_refused_never_a_crash(platform: object, payload: bytes) -> None:
    with contextlib.suppress(InputError):
        platform.read(payload)


def test_a_frame_cut_short_or_too_long_is_refused() -> None:
    whole = DL_MBX.encode({"water_distance": 1.234, "battery_voltage": 3.0})
    for broken in (whole[:-1], whole + b"\0", whole[:3], b""):
        with pytest.raises(FormatError):
            DL_MBX.decode(uplink(broken))


def test_another_protocol_version_is_named() -> None:
    frame = bytearray(DL_MBX.encode({"water_distance": 1.0, "battery_voltage": 3.0}))
    frame[0] = 1
    with pytest.raises(UnsupportedFormatError, match="protocol version 1"):
        DL_MBX.decode(uplink(bytes(frame)))


def test_a_frame_of_another_model_is_refused() -> None:
    frame = DL_PM.encode({"pm1": 1, "pm25": 2, "pm4": 3, "pm10": 4})
    with pytest.raises(FormatError):
        DL_TBRG.decode(uplink(frame))


def test_an_unknown_milesight_entry_refuses_the_message() -> None:
    with pytest.raises(FormatError, match="ff 01"):
        EM500_UDL.decode(uplink(bytes.fromhex("017564ff0100")))


def test_a_value_the_field_cannot_hold_is_refused() -> None:
    with pytest.raises(ParameterError, match="does not fit"):
        DL_MBX.encode({"water_distance": 66.0})
    with pytest.raises(ParameterError, match="does not report"):
        DL_MBX.encode({"pm25": 1.0})
    with pytest.raises(ParameterError, match="no field"):
        DL_IAM.encode({"illuminance": 100.0})


def test_an_event_without_any_time_is_refused() -> None:
    _, body = chirpstack.write(uplink(b"\2"), application="a")
    event = json.loads(body)
    del event["time"]
    with pytest.raises(TimeError, match="no time"):
        chirpstack.read(json.dumps(event).encode())
    event["time"] = "2026-11-23T05:00:00"
    with pytest.raises(TimeError, match="no zone"):
        chirpstack.read(json.dumps(event).encode())
