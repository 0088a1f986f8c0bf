"""Hikvision's plate event (ISAPI ``EventNotificationAlert`` of type ANPR), whatever its XML namespace.

Only the hash of the plate is kept, with the vehicle's class and the country; see
:mod:`sensors.camera.plates`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from sensors.camera.labels import VEHICLE_TYPES, titles
from sensors.camera.plates import plate_hash, redacted
from sensors.reading import Decoded, DetectedEvent
from twin.errors import FormatError, ParameterError, UnsupportedFormatError
from twin.model.thing import Result
from twin.types import Json, format_time, parse_time

_PLATE = re.compile(r"(<(?:[\w.-]+:)?(?:\w*[lL]icensePlate\w*)(?:\s[^>]*)?>)([^<]*)")
_NOT_SAID = {"", "unknown"}


def document(payload: bytes) -> Element:
    """The event's root; refuses document types and entities."""
    try:
        root: Element = defusedxml.ElementTree.fromstring(payload, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as exc:
        raise FormatError(f"not XML: {type(exc).__name__} {exc}") from exc
    if _local(root) != "EventNotificationAlert":
        raise UnsupportedFormatError(f"the root is {_local(root)!r}, not EventNotificationAlert")
    return root


def mac_address(root: Element) -> str:
    """The camera's MAC address in lower case, ``""`` where the event does not say."""
    return _text(root, "macAddress").lower()


def decode(root: Element, *, camera: str, salt: bytes) -> Decoded:
    """The passage of a vehicle.

    The event's id is made of camera, time, lane and hash, because a camera that gets no answer sends the
    event again and some firmware leaves ``UUID`` empty.
    """
    kind = _text(root, "eventType")
    if kind != "ANPR":
        raise UnsupportedFormatError(f"event type {kind!r}; only ANPR is read")
    time = parse_time(_text(root, "dateTime"), where="dateTime")
    block = _child(root, "ANPR")
    if block is None:
        raise FormatError("the event has no ANPR block")
    hashed = plate_hash(_text(block, "licensePlate"), salt)
    lane = _text(block, "line") or _text(block, "laneNo")
    return Decoded(
        events=(
            DetectedEvent(
                fid=f"anpr:{camera}:{format_time(time)}:{lane or '-'}:{hashed[:12] or '-'}",
                start=time,
                end=time,
                observed_at=time,
                properties=_properties(block, hashed, lane),
            ),
        )
    )


def _properties(block: Element, hashed: str, lane: str) -> dict[str, Json]:
    vehicle_type = _text(block, "vehicleType")
    label = VEHICLE_TYPES.get(vehicle_type, "vehicle")
    title, title_en = titles(label)
    properties: dict[str, Json] = {"kind": "passage", "title": title, "title_en": title_en, "label": label}
    confidence = _text(block, "confidenceLevel")
    said: dict[str, str] = {
        "plate_hash": hashed,
        "vehicle_type": vehicle_type,
        "country_code": _text(block, "country"),
        "direction": _text(block, "direction"),
        "lane": lane,
        "plate_color": _text(block, "plateColor"),
        "vehicle_color": _text(block, "vehicleInfo", "color"),
    }
    properties.update({name: text for name, text in said.items() if text not in _NOT_SAID})
    if confidence:
        properties["score"] = _confidence(confidence)
    return properties


def _confidence(text: str) -> float:
    """Confidence as a share; most firmware sends percent, some a share."""
    try:
        value = float(text)
    except ValueError as exc:
        raise FormatError(f"confidenceLevel {text!r} is no number") from exc
    share = value if value <= 1 and "." in text else value / 100
    if not 0 <= share <= 1:
        raise FormatError(f"confidenceLevel {text!r} is outside 0 to 100")
    return share


def redact(payload: bytes, *, salt: bytes) -> bytes | None:
    """The message with every plate replaced by its hash, for quarantine; ``None`` where it is not text."""
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return _PLATE.sub(lambda found: found[1] + redacted(found[2], salt), text).encode()


def encode(time: datetime, values: Mapping[str, Result]) -> bytes:
    """A plate event of ``plate`` and optionally ``vehicle_type``, ``direction``, ``lane``, ``confidence``."""
    plate = values.get("plate")
    if not isinstance(plate, str):
        raise ParameterError(f"a plate event needs a plate, not {plate!r}")

    def text(name: str, otherwise: str) -> str:
        return escape(str(values.get(name, otherwise)))

    return f"""<?xml version="1.0" encoding="utf-8"?>
<EventNotificationAlert version="2.0" xmlns="http://www.isapi.org/ver20/XMLSchema">
<channelID>1</channelID>
<dateTime>{format_time(time)}</dateTime>
<activePostCount>1</activePostCount>
<eventType>ANPR</eventType>
<eventState>active</eventState>
<ANPR>
<country>64</country>
<licensePlate>{escape(plate)}</licensePlate>
<line>{text("lane", "1")}</line>
<direction>{text("direction", "forward")}</direction>
<confidenceLevel>{text("confidence", "95")}</confidenceLevel>
<vehicleType>{text("vehicle_type", "SUVMPV")}</vehicleType>
</ANPR>
</EventNotificationAlert>""".encode()


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _child(element: Element, name: str) -> Element | None:
    return next((part for part in element if _local(part) == name), None)


def _text(element: Element, *path: str) -> str:
    found: Element | None = element
    for name in path:
        found = _child(found, name) if found is not None else None
    return (found.text or "").strip() if found is not None else ""
