"""What somebody wants to create as SensorThings entities: read and checked before anything is written.

A body is the standard's JSON. A related entity is either linked (``{"@iot.id": 7}``) or described in full and
created with it. Control information (every name with ``@``) and what the server itself makes are passed over.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from twin.errors import SchemaError, TwinError
from twin.model.entity import EntityKind, Navigation, entity_kind
from twin.types import Json, Quality, parse_time

GEOJSON_ENCODINGS = ("application/geo+json", "application/vnd.geo+json")
MAX_ENTITIES = 10_000
"""Most entities in one body."""
_MAX_DEPTH = 8
_DEEPEST_JSON = 60
_SERVER_MADE = {"Datastreams": {"observedArea", "phenomenonTime", "resultTime"}}
_LONGEST_TEXT = 100_000


@dataclass(frozen=True, slots=True)
class Link:
    """An entity that exists already."""

    kind: str
    id: int


@dataclass(frozen=True, slots=True)
class NewEntity:
    """An entity to be created: checked properties, and its related entities by navigation."""

    kind: str
    properties: dict[str, Json]
    related: dict[str, list[Link | NewEntity]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A text property; empty where absent."""
        value = self.properties.get(name, "")
        return value if isinstance(value, str) else ""

    def document(self, name: str) -> dict[str, Json]:
        """An object property; empty where absent."""
        value = self.properties.get(name)
        return value if isinstance(value, dict) else {}


def read_body(kind: str, body: Json) -> NewEntity:
    """Check a body and what is nested in it.

    Raises
    ------
    SchemaError
        If something required lacks, has the wrong type, or is not known; the text says where.
    """
    _require_storable(body, kind)
    found = _read(entity_kind(kind), body, kind, given=None, depth=0)
    if sum(1 for _ in _walk(found)) > MAX_ENTITIES:
        raise SchemaError(f"the body describes more than {MAX_ENTITIES} entities", where=kind)
    return found


def geometry_of(document: dict[str, Json]) -> BaseGeometry | None:
    """The geometry of a GeoJSON geometry or feature; ``None`` where it has none.

    Raises
    ------
    SchemaError
        If it is no GeoJSON, or does not lie on Earth.
    """
    shape: object = document
    if document.get("type") == "Feature":
        shape = document.get("geometry")
        if shape is None:
            return None
    try:
        geometry = shapely.from_geojson(json.dumps(shape))
    except (ShapelyError, ValueError) as exc:
        raise SchemaError(f"{_short(document)} is not GeoJSON ({exc})") from exc
    if geometry is None or geometry.is_empty:
        raise SchemaError(f"{_short(document)} holds no coordinates")
    west, south, east, north = geometry.bounds
    inside = all(map(math.isfinite, geometry.bounds)) and -180 <= west <= east <= 180
    if not (inside and -90 <= south <= north <= 90):
        raise SchemaError(
            f"coordinates {west}, {south} are not on Earth", hint="GeoJSON has longitude first, in degrees."
        )
    return geometry


def read_interval(text: str, *, where: str) -> tuple[datetime, datetime | None]:
    """An instant, or an interval ``start/end``, with zones."""
    parts = text.split("/")
    if len(parts) > 2:
        raise SchemaError(f"{text!r} is neither a time nor an interval", where=where)
    start = parse_time(parts[0], where=where)
    if len(parts) == 1:
        return start, None
    end = parse_time(parts[1], where=where)
    if end < start:
        raise SchemaError(f"{text!r} ends before it starts", where=where)
    return start, end


def read_quality(value: Json, *, where: str) -> tuple[Quality, str]:
    """A ``resultQuality`` as quality and reason: a label, or an object with ``label`` and ``reason``."""
    label, reason = (value.get("label"), value.get("reason", "")) if isinstance(value, dict) else (value, "")
    if not isinstance(label, str) or not isinstance(reason, str):
        raise SchemaError(
            f"{_short(value)} is not a quality", where=where, hint='Write {"label": "good", "reason": ""}.'
        )
    try:
        return Quality.parse(label), reason
    except TwinError as exc:
        raise SchemaError(exc.message, where=where, hint=exc.hint) from exc


def _require_storable(body: Json, where: str) -> None:
    """Refuse JSON that no table keeps: numbers out of range, broken characters, bottomless nesting."""
    level: list[Json] = [body]
    for _ in range(_DEEPEST_JSON):
        below: list[Json] = []
        for value in level:
            if isinstance(value, dict):
                below += [*value, *value.values()]
            elif isinstance(value, list):
                below += value
            else:
                _require_storable_leaf(value, where)
        if not below:
            return
        level = below
    raise SchemaError(f"nested deeper than {_DEEPEST_JSON}", where=where)


def _require_storable_leaf(value: Json, where: str) -> None:
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value)):
        raise SchemaError(f"text {_short(value)} holds a character that is not one", where=where)
    if isinstance(value, float) and not math.isfinite(value):
        raise SchemaError("a number is too large", where=where, hint="Numbers are at most 1.8e308.")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise SchemaError(f"integer {_short(value)} is too large", where=where, hint="Integers have 64 bits.")


def _walk(entity: NewEntity) -> Iterator[NewEntity]:
    yield entity
    for members in entity.related.values():
        for member in members:
            if isinstance(member, NewEntity):
                yield from _walk(member)


def _read(kind: EntityKind, body: Json, where: str, *, given: str | None, depth: int) -> NewEntity:
    """``given`` is the set of the entity around this one, which it belongs to."""
    if not isinstance(body, dict):
        raise SchemaError(f"{_short(body)} is not an object", where=where)
    if depth > _MAX_DEPTH:
        raise SchemaError(f"nested deeper than {_MAX_DEPTH}", where=where)
    properties: dict[str, Json] = {}
    related: dict[str, list[Link | NewEntity]] = {}
    for name, value in body.items():
        navigation = kind.navigation(name)
        if "@" in name or name in _SERVER_MADE.get(kind.name, ()):
            continue
        if navigation is not None:
            related[name] = _related(kind, navigation, value, f"{where}/{name}", depth)
        elif name in kind.properties:
            properties[name] = _check(kind, name, value, body, f"{where}/{name}")
        else:
            raise SchemaError(
                f"a {kind.single} has no {name!r}",
                where=where,
                hint=f"It has {', '.join((*kind.properties, *(n.name for n in kind.navigations)))}.",
            )
    for name in kind.required:
        around = (navigation := kind.navigation(name)) is not None and navigation.target == given
        if name not in properties and not related.get(name) and not around:
            raise SchemaError(f"a {kind.single} needs {name!r}", where=where)
    return NewEntity(kind.name, properties, related)


def _related(kind: EntityKind, navigation: Navigation, value: Json, where: str, depth: int) -> list[Link | NewEntity]:
    if navigation.many != isinstance(value, list):
        raise SchemaError(f"{'a list' if navigation.many else 'one object'} is needed", where=where)
    members = value if isinstance(value, list) else [value]
    return [_member(kind, navigation, member, where, depth) for member in members]


def _member(kind: EntityKind, navigation: Navigation, member: Json, where: str, depth: int) -> Link | NewEntity:
    if isinstance(member, dict) and member and all("@" in name for name in member):
        number = member.get("@iot.id")
        if not isinstance(number, int) or isinstance(number, bool):
            raise SchemaError(f"{_short(number)} is not an id", where=where, hint="Ids are integers.")
        return Link(navigation.target, number)
    if navigation.target == "HistoricalLocations":
        raise SchemaError("historical locations are made by the server", where=where)
    return _read(entity_kind(navigation.target), member, where, given=kind.name, depth=depth + 1)


# -- properties ---------------------------------------------------------------------------------------------------


def _check(kind: EntityKind, name: str, value: Json, body: dict[str, Json], where: str) -> Json:
    if name in {"location", "feature"}:
        return _geojson(value, body.get("encodingType"), where)
    checked = _CHECKS.get(name, _any)(value, where)
    if name in kind.required and name != "result" and checked is None:
        raise SchemaError("null is not enough", where=where)
    return checked


def _text(value: Json, where: str) -> Json:
    if not isinstance(value, str):
        raise SchemaError(f"{_short(value)} is not a text", where=where)
    if len(value) > _LONGEST_TEXT:
        raise SchemaError(f"text of {len(value)} characters; at most {_LONGEST_TEXT} are kept", where=where)
    return value


def _name(value: Json, where: str) -> Json:
    text = _text(value, where)
    if not str(text).strip():
        raise SchemaError("a name is not empty", where=where)
    return text


def _object(value: Json, where: str) -> Json:
    if value is not None and not isinstance(value, dict):
        raise SchemaError(f"{_short(value)} is not an object", where=where)
    return value


def _unit(value: Json, where: str) -> Json:
    if not isinstance(value, dict):
        raise SchemaError(f"{_short(value)} is not a unit", where=where, hint="It has name, symbol and definition.")
    parts = {part: value.get(part) for part in ("name", "symbol", "definition")}
    if any(part is not None and not isinstance(part, str) for part in parts.values()):
        raise SchemaError("name, symbol and definition of a unit are texts or null", where=where)
    return {part: text or "" for part, text in parts.items()}


def _interval(value: Json, where: str) -> Json:
    if value is not None:
        read_interval(str(_text(value, where)), where=where)
    return value


def _moment(value: Json, where: str) -> Json:
    if value is not None:
        parse_time(str(_text(value, where)), where=where)
    return value


def _quality(value: Json, where: str) -> Json:
    if value is not None:
        read_quality(value, where=where)
    return value


def _any(value: Json, where: str) -> Json:  # noqa: ARG001  one shape for all checks
    return value


def _geojson(value: Json, encoding: Json, where: str) -> Json:
    if encoding not in GEOJSON_ENCODINGS:
        raise SchemaError(
            f"encodingType {_short(encoding)} is not read", where=where, hint=f"Use {GEOJSON_ENCODINGS[0]}."
        )
    if not isinstance(value, dict):
        raise SchemaError(f"{_short(value)} is not GeoJSON", where=where)
    try:
        geometry_of(value)
    except SchemaError as exc:
        raise SchemaError(exc.message, where=where, hint=exc.hint) from exc
    return value


_CHECKS: dict[str, Callable[[Json, str], Json]] = {
    "name": _name,
    "description": _text,
    "encodingType": _text,
    "definition": _text,
    "observationType": _text,
    "properties": _object,
    "parameters": _object,
    "unitOfMeasurement": _unit,
    "phenomenonTime": _interval,
    "validTime": _interval,
    "resultTime": _moment,
    "resultQuality": _quality,
    "time": _moment,
}


def _short(value: Json) -> str:
    text = ascii(value) if isinstance(value, str) and not value.isprintable() else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
