"""The Things Stack's JSON uplink, version 3."""

from __future__ import annotations

import base64
import json

from sensors.jsonpayload import child, integer_at, load_object, text_at
from sensors.lorawan.uplink import Uplink, eui, from_base64
from twin.types import format_time, parse_time


def read(payload: bytes) -> Uplink:
    """The uplink in a The Things Stack message.

    The time is when the network server received it (``uplink_message.received_at``); the outer
    ``received_at`` is the application server's, some tenths of a second later, and gateway clocks may be
    wrong.
    """
    body = load_object(payload)
    received = child(body, "uplink_message", "received_at") or child(body, "received_at")
    counter = child(body, "uplink_message", "f_cnt")
    return Uplink(
        address=eui(text_at(body, "end_device_ids", "dev_eui"), where="end_device_ids.dev_eui"),
        fport=integer_at(body, "uplink_message", "f_port"),
        payload=from_base64(text_at(body, "uplink_message", "frm_payload"), where="uplink_message.frm_payload"),
        time=parse_time(received if isinstance(received, str) else "", where="received_at"),
        counter=counter if isinstance(counter, int) else None,
        device_id=text_at(body, "end_device_ids", "device_id"),
    )


def write(uplink: Uplink, *, application: str, tenant: str = "ttn") -> tuple[str, bytes]:
    """Topic and message as The Things Stack would publish the uplink."""
    device_id = uplink.device_id or f"eui-{uplink.address}"
    body = {
        "end_device_ids": {
            "device_id": device_id,
            "application_ids": {"application_id": application},
            "dev_eui": uplink.address.upper(),
        },
        "received_at": format_time(uplink.time),
        "uplink_message": {
            "f_port": uplink.fport,
            "f_cnt": uplink.counter or 0,
            "frm_payload": base64.b64encode(uplink.payload).decode("ascii"),
            "received_at": format_time(uplink.time),
        },
    }
    return f"v3/{application}@{tenant}/devices/{device_id}/up", json.dumps(body).encode()
