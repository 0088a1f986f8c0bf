"""From rows of the entity relations to SensorThings properties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twin.model.thing import ResultType
from twin.model.time import bound
from twin.store.embedded.entity_sql import VALID_TIME
from twin.store.embedded.observations import decode_result
from twin.store.embedded.part import loads
from twin.types import BEGINNING, Json, Quality, format_time

_PLACE = ("id", "name", "description", "encoding", "geojson", "properties")
UNLOCATED: dict[str, Json] = {"type": "Feature", "geometry": None, "properties": {}}
"""Shown where nobody said where a thing is: GeoJSON for a feature without a place."""

COLUMNS_READ: dict[str, tuple[str, ...]] = {
    "Things": ("id", "name", "description", "properties", "layer", "uid"),
    "Locations": _PLACE,
    "HistoricalLocations": ("id", "time"),
    "Datastreams": ("id", "name", "description", "observation_type", "unit", "properties"),
    "Sensors": ("id", "name", "description", "encoding", "metadata", "properties"),
    "ObservedProperties": ("id", "name", "definition", "description", "properties"),
    "Observations": (
        "id", "phenomenon_start", "phenomenon_end", "result_time", "number", "text", "result_type", "quality",
        "reason", "lon", "lat", "parameters",
    ),
    "FeaturesOfInterest": _PLACE,
}  # fmt: skip
"""Columns of each relation that make up an entity, ``id`` first."""


def entity_of(kind: str, row: tuple[Any, ...]) -> dict[str, Any]:
    """The entity in a row of :data:`COLUMNS_READ`."""
    return _BUILD[kind](dict(zip(COLUMNS_READ[kind], row, strict=True)))


def spans_of(row: tuple[Any, ...]) -> dict[str, Json]:
    """Times that observations cover, from least and greatest phenomenon and result time."""
    first, last, result_first, result_last = row
    spans: dict[str, Json] = {"phenomenonTime": _interval(first, last, whole=True)}
    if result_first is not None:
        spans["resultTime"] = _interval(result_first, result_last, whole=True)
    return spans


def _moment(value: int) -> str:
    return format_time(bound(value) or BEGINNING)


def _interval(start: int, end: int, *, whole: bool = False) -> str:
    return _moment(start) if start == end and not whole else f"{_moment(start)}/{_moment(end)}"


def _thing(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "properties": loads(row["properties"]),
        "@layer": row["layer"],
        "@uid": row["uid"],
    }


def _place(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def build(row: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": row["id"],
            "name": row["name"],
            "description": row["description"],
            "encodingType": row["encoding"],
            name: loads(row["geojson"]) or dict(UNLOCATED),
            "properties": loads(row["properties"]),
        }

    return build


def _datastream(row: dict[str, Any]) -> dict[str, Any]:
    unit = loads(row["unit"])
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "observationType": row["observation_type"],
        "unitOfMeasurement": {part: unit.get(part) or None for part in ("name", "symbol", "definition")},
        "properties": loads(row["properties"]),
    }


def _sensor(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "encodingType": row["encoding"],
        "metadata": loads(row["metadata"]),
        "properties": loads(row["properties"]),
    }


def _property(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": row["name"],
        "definition": row["definition"],
        "description": row["description"],
        "properties": loads(row["properties"]),
    }


def _observation(row: dict[str, Any]) -> dict[str, Any]:
    result = decode_result(row["number"], row["text"], ResultType(row["result_type"]))
    if isinstance(result, float) and result.is_integer() and abs(result) < 2**53:
        result = int(result)
    parameters = loads(row["parameters"]) or {}
    valid = parameters.pop(VALID_TIME, None)
    entity = {
        "id": row["id"],
        "phenomenonTime": _interval(row["phenomenon_start"], row["phenomenon_end"]),
        "result": result,
        "resultTime": None if row["result_time"] is None else _moment(row["result_time"]),
        "resultQuality": {"label": Quality(row["quality"]).label, "reason": row["reason"]},
    }
    if valid is not None:
        entity["validTime"] = _interval(valid[0], valid[1])
    if parameters:
        entity["parameters"] = parameters
    if row["lon"] is not None:
        entity["@position"] = {"type": "Point", "coordinates": [row["lon"], row["lat"]]}
    return entity


_BUILD: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "Things": _thing,
    "Locations": _place("location"),
    "HistoricalLocations": lambda row: {"id": row["id"], "time": _moment(row["time"])},
    "Datastreams": _datastream,
    "Sensors": _sensor,
    "ObservedProperties": _property,
    "Observations": _observation,
    "FeaturesOfInterest": _place("feature"),
}
