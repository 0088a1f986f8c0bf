"""Actility ThingPark's JSON uplink (``DevEUI_uplink``), ThingPark Enterprise included."""

from __future__ import annotations

from sensors.jsonpayload import child, integer_at, load_object, object_at, text_at
from sensors.lorawan.uplink import Uplink, eui, from_hex
from twin.types import parse_time


def read(payload: bytes) -> Uplink:
    """The uplink in a ThingPark message."""
    body = object_at(load_object(payload), "DevEUI_uplink")
    counter = child(body, "FCntUp")
    return Uplink(
        address=eui(text_at(body, "DevEUI"), where="DevEUI"),
        fport=integer_at(body, "FPort"),
        payload=from_hex(text_at(body, "payload_hex"), where="payload_hex"),
        time=parse_time(text_at(body, "Time"), where="Time"),
        counter=counter if isinstance(counter, int) else None,
    )
