"""Frigate's ``frigate/events``: new, update and end of one tracked object are states of one event.

``sub_label`` (a face or a known plate by name) is never read; a recognised plate becomes its salted hash.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from sensors.camera.labels import titles
from sensors.camera.plates import plate_hash, redacted
from sensors.jsonpayload import Object, child, from_epoch, load_object, number_at, object_at, text_at
from sensors.reading import Decoded, DetectedEvent
from twin.errors import FormatError, ParameterError
from twin.model.thing import Result
from twin.types import Json, parse_time

_TYPES = ("new", "update", "end")
_PRIVATE = ("sub_label", "recognized_license_plate")


def camera(body: Object) -> str:
    """The name of the camera an event is of."""
    return text_at(body, "after", "camera")


def decode(body: Object, *, salt: bytes) -> Decoded:
    """The state of the event after the change. Box, area and zones are of the best frame so far."""
    kind = text_at(body, "type")
    if kind not in _TYPES:
        raise FormatError(f"event type {kind!r} is none of {', '.join(_TYPES)}")
    after = object_at(body, "after")
    end = child(after, "end_time")
    if kind == "end" and end is None:
        raise FormatError("the event ends without end_time")
    start = from_epoch(number_at(after, "start_time"), where="start_time")
    ended = None if end is None else from_epoch(number_at(after, "end_time"), where="end_time")
    if ended is not None and ended < start:
        raise FormatError(f"end_time {end} is before start_time {after['start_time']}")
    observed = from_epoch(number_at(after, "frame_time"), where="frame_time")
    return Decoded(
        events=(
            DetectedEvent(
                fid=f"frigate:{camera(body)}:{text_at(after, 'id')}",
                start=start,
                end=ended,
                observed_at=max(observed, ended or observed),
                properties=_properties(after, salt),
            ),
        )
    )


def _properties(after: Object, salt: bytes) -> dict[str, Json]:
    label = text_at(after, "label")
    title, title_en = titles(label)
    properties: dict[str, Json] = {"kind": "object", "title": title, "title_en": title_en, "label": label}
    for name in ("score", "top_score", "stationary", "entered_zones", "current_zones", "box", "has_clip"):
        if child(after, name) is not None:
            properties[name] = after[name]
    plate = child(after, "recognized_license_plate")
    if isinstance(plate, str) and plate:
        properties["plate_hash"] = plate_hash(plate, salt)
    return properties


def redact(payload: bytes, *, salt: bytes) -> bytes | None:
    """The message without personal fields, for quarantine; ``None`` where it cannot be read."""
    try:
        body = load_object(payload)
    except FormatError:
        return None
    for part in ("before", "after"):
        state = body.get(part)
        if isinstance(state, dict):
            state["sub_label"] = None
            plate = state.get("recognized_license_plate")
            state["recognized_license_plate"] = redacted(plate, salt) if isinstance(plate, str) else None
    return json.dumps(body, ensure_ascii=False).encode()


def encode(camera: str, time: datetime, values: Mapping[str, Result]) -> bytes:
    """A Frigate message.

    Parameters
    ----------
    values
        ``type`` (new, update, end), ``id``, ``label``, ``start`` and, when ended, ``end`` (RFC 3339), and
        optionally ``score``, ``zones``.
    """
    kind, event, label, start = (values.get(name) for name in ("type", "id", "label", "start"))
    if kind not in _TYPES or not (isinstance(event, str) and isinstance(label, str) and isinstance(start, str)):
        raise ParameterError(f"a Frigate event needs type, id, label and start, not {dict(values)!r}")
    end = values.get("end")
    after: dict[str, Json] = {
        "id": event,
        "camera": camera,
        "frame_time": time.timestamp(),
        "label": label,
        "sub_label": None,
        "top_score": values.get("score", 0.8),
        "score": values.get("score", 0.8),
        "false_positive": False,
        "start_time": parse_time(start, where="start").timestamp(),
        "end_time": parse_time(end, where="end").timestamp() if isinstance(end, str) else None,
        "box": [0, 0, 0, 0],
        "stationary": False,
        "current_zones": values.get("zones", []),
        "entered_zones": values.get("zones", []),
        "has_clip": False,
        "has_snapshot": False,
    }
    return json.dumps({"type": kind, "before": after, "after": after}, ensure_ascii=False).encode()
