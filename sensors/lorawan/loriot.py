"""LORIOT's JSON uplink: ``cmd`` is ``rx`` (one gateway) or ``gw`` (all gateways); milliseconds since 1970."""

from __future__ import annotations

from sensors.jsonpayload import child, from_epoch, integer_at, load_object, text_at
from sensors.lorawan.uplink import Uplink, eui, from_hex
from twin.errors import UnsupportedFormatError


def read(payload: bytes) -> Uplink:
    """The uplink in a LORIOT message."""
    body = load_object(payload)
    command = child(body, "cmd")
    if command not in {"rx", "gw"}:
        raise UnsupportedFormatError(f"LORIOT command {command!r} is no uplink")
    counter = child(body, "fcnt")
    return Uplink(
        address=eui(text_at(body, "EUI"), where="EUI"),
        fport=integer_at(body, "port"),
        payload=from_hex(text_at(body, "data"), where="data"),
        time=from_epoch(integer_at(body, "ts") / 1000, where="ts"),
        counter=counter if isinstance(counter, int) else None,
    )
