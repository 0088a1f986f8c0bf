"""Observations created over MQTT, SensorThings 1.1 part 1, section 14.2.

The topic ``v1.1/Datastreams(7)/Observations`` owns datastream 7; on ``v1.1/Observations`` the payload names
it. Only datastreams that exist can be written to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from ingestion.message import Message
from sensors.jsonpayload import Object, child, integer_at, load_object, object_at
from twin.errors import FormatError, SchemaError, TimeError
from twin.model.thing import ObservationIn, Result
from twin.types import Json, Quality, parse_time

_DATASTREAM = re.compile(r"Datastreams\((\d{1,18})\)")


@dataclass(frozen=True, slots=True)
class Named:
    """An observation as it was sent; checks still have to pass."""

    observation: ObservationIn
    feature_of_interest: int | None


def read(message: Message) -> Named:
    """The observation in a message.

    Without ``phenomenonTime`` it is ``resultTime``, else, as the standard says, the time of arrival; but not
    for a message that is delivered again or was retained, which would become a second or a wrongly dated
    observation.
    """
    body = load_object(message.payload)
    datastream = _datastream(message.topic, body)
    start, end = _phenomenon(body, message)
    if "result" not in body:
        raise FormatError("the observation has no result")
    result_time = child(body, "resultTime")
    return Named(
        ObservationIn(
            datastream=datastream,
            phenomenon_start=start,
            phenomenon_end=end,
            result=_result(body["result"]),
            result_time=parse_time(result_time, where="resultTime") if isinstance(result_time, str) else None,
            quality=Quality.UNCHECKED,
            parameters=_parameters(body),
        ),
        integer_at(body, "FeatureOfInterest", "@iot.id") if "FeatureOfInterest" in body else None,
    )


def _datastream(topic: str, body: Object) -> int:
    named = integer_at(body, "Datastream", "@iot.id") if "Datastream" in body else None
    level = topic.split("/")[1]
    if level == "Observations":
        if named is None:
            raise FormatError("the observation names no Datastream", hint='Send "Datastream": {"@iot.id": …}.')
        return named
    found = _DATASTREAM.fullmatch(level)
    if found is None:
        raise FormatError(f"{level!r} is no set that observations are created in", hint="It is Datastreams(id).")
    owned = int(found[1])
    if named not in {None, owned}:
        raise SchemaError(f"the topic is of Datastream {owned}, the payload names {named}")
    return owned


def _phenomenon(body: Object, message: Message) -> tuple[datetime, datetime | None]:
    text = child(body, "phenomenonTime") or child(body, "resultTime")
    if text is None:
        if message.repeated:
            raise TimeError("a retained or repeated observation without phenomenonTime cannot be dated")
        return message.received_at, None
    if not isinstance(text, str):
        raise TimeError(f"phenomenonTime {text!r} is not a text")
    start, slash, end = text.partition("/")
    return (
        parse_time(start, where="phenomenonTime"),
        parse_time(end, where="phenomenonTime") if slash else None,
    )


def _result(value: Json) -> Result:
    return value


def _parameters(body: Object) -> dict[str, Json] | None:
    parameters = object_at(body, "parameters") if child(body, "parameters") is not None else {}
    quality = child(body, "resultQuality")
    merged = {**parameters, "resultQuality": quality} if quality is not None else parameters
    return merged or None
