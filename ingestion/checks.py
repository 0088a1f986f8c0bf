"""The checks between decoding and storing: pure functions; what they refuse goes to quarantine with their words."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import datetime, timedelta

from sensors.catalogue import QUANTITIES
from sensors.reading import DetectedEvent
from twin.errors import SchemaError, TimeError
from twin.model.thing import Datastream, ObservationIn, Result, ResultType
from twin.types import Json, Quality, require_aware

FUTURE = timedelta(minutes=5)
"""How far ahead a device's clock may be."""


def check_time(moment: datetime, now: datetime, *, where: str) -> None:
    """Raise :class:`TimeError` for a time without zone or more than five minutes ahead. Late is fine."""
    if require_aware(moment, where=where) > now + FUTURE:
        raise TimeError(
            f"{moment.isoformat()} lies in the future (it is {now.isoformat(timespec='seconds')})",
            where=where,
            hint="Set the device's clock.",
        )


def check_observation(observation: ObservationIn, datastream: Datastream, now: datetime) -> ObservationIn:
    """The observation with its quality after the gross-range test.

    Raises
    ------
    TimeError
        If it lies in the future, or has no zone.
    SchemaError
        If the result is not of the datastream's type, not finite, or a word the quantity does not have.
    """
    where = f"datastream {datastream.id} ({datastream.key})"
    start, end = observation.phenomenon_start, observation.phenomenon_end
    for moment in (start, end, observation.result_time):
        if moment is not None:
            check_time(moment, now, where=where)
    if end is not None and end < start:
        raise TimeError(f"ends at {end.isoformat()} before it begins at {start.isoformat()}", where=where)
    check_result(observation.result, datastream.result_type, where=where)
    if not isinstance(observation.result, bool | int | float) or observation.parameters:
        check_storable([observation.result, observation.parameters], where=where)
    quantity = QUANTITIES.get(datastream.observed_property)
    if quantity is None or not _in_unit(quantity.unit.symbol, datastream):
        return observation
    if quantity.values and observation.result not in quantity.values:
        raise SchemaError(f"{observation.result!r} is none of {', '.join(quantity.values)}", where=where)
    quality, reason = quantity.assess(observation.result)
    return observation if quality is Quality.UNCHECKED else replace(observation, quality=quality, reason=reason)


def _in_unit(symbol: str, datastream: Datastream) -> bool:
    """Whether the catalogue's range can be applied: the datastream is in the catalogue's unit."""
    return datastream.unit.symbol == symbol


def check_result(result: Result, kind: ResultType, *, where: str) -> None:
    """Raise :class:`SchemaError` if a result is not of the type, or holds a number that is not finite."""
    fits = {
        ResultType.NUMBER: isinstance(result, (int, float)) and not isinstance(result, bool),
        ResultType.TEXT: isinstance(result, str),
        ResultType.BOOLEAN: isinstance(result, bool),
        ResultType.JSON: isinstance(result, (dict, list)),
    }[kind]
    if not fits:
        raise SchemaError(f"result {result!r} is not a {kind.value}", where=where)
    if not _finite(result):
        raise SchemaError(f"result {result!r} is not finite", where=where)


def _finite(value: Result | Json) -> bool:
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    if isinstance(value, list):
        return all(map(_finite, value))
    if isinstance(value, int):
        return abs(value) < 1 << 1023
    return not isinstance(value, float) or math.isfinite(value)


def check_storable(value: object, *, where: str) -> None:
    """Raise :class:`SchemaError` for what parses as JSON and cannot be kept: half a character, infinity, deep nesting.

    The store would refuse the whole batch for it, again and again.
    """
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as exc:
        raise SchemaError(f"holds what cannot be stored ({type(exc).__name__})", where=where) from exc


def check_event(event: DetectedEvent, now: datetime) -> None:
    """Raise :class:`TimeError` if the event lies in the future, :class:`SchemaError` if it cannot be stored."""
    check_storable([event.fid, event.properties], where="event")
    for moment in (event.start, event.end, event.observed_at):
        if moment is not None:
            check_time(moment, now, where=f"event {event.fid}")
