"""ChirpStack's JSON uplink, versions 4 (``deviceInfo.devEui``) and 3 (``devEUI``, base64 or hexadecimal)."""

from __future__ import annotations

import base64
import json
from datetime import datetime

from sensors.jsonpayload import Object, child, integer_at, load_object, text_at
from sensors.lorawan.uplink import Uplink, eui, from_base64
from twin.errors import FormatError, TimeError
from twin.types import format_time, parse_time


def read(payload: bytes) -> Uplink:
    """The uplink in a ChirpStack ``up`` event.

    The time is the event's; version 3 has it with the receiving gateways only. An event without any is
    refused, because a message delivered a second time would otherwise become a second reading.
    """
    body = load_object(payload)
    counter = child(body, "fCnt")
    return Uplink(
        address=_address(body),
        fport=integer_at(body, "fPort"),
        payload=from_base64(text_at(body, "data"), where="data"),
        time=_time(body),
        counter=counter if isinstance(counter, int) else None,
    )


def _address(body: Object) -> str:
    if "deviceInfo" in body:
        return eui(text_at(body, "deviceInfo", "devEui"), where="deviceInfo.devEui")
    text = text_at(body, "devEUI")
    if len(text) == 12:  # 8 bytes in base64: the protobuf form of version 3
        return eui(from_base64(text, where="devEUI").hex(), where="devEUI")
    return eui(text, where="devEUI")


def _time(body: Object) -> datetime:
    received = child(body, "rxInfo", 0)
    for found in (
        child(body, "time"),
        child(received, "time"),
        child(received, "gwTime"),
        child(received, "nsTime"),
    ):
        if isinstance(found, str) and found:
            return parse_time(found, where="time")
    raise TimeError("the event says no time", where="time", hint="Let the gateways keep time.")


def write(uplink: Uplink, *, application: str, name: str = "") -> tuple[str, bytes]:
    """Topic and event (version 4) as ChirpStack would publish the uplink."""
    if not application or "/" in application:
        raise FormatError(f"application {application!r} cannot stand in a topic")
    body = {
        "time": format_time(uplink.time),
        "deviceInfo": {
            "applicationId": application,
            "deviceName": name or uplink.address,
            "devEui": uplink.address,
        },
        "fCnt": uplink.counter or 0,
        "fPort": uplink.fport,
        "data": base64.b64encode(uplink.payload).decode("ascii"),
    }
    return f"application/{application}/device/{uplink.address}/event/up", json.dumps(body).encode()
