"""SensorThings entity sets as relations under a View: what a viewer may not see is in none of them.

Each set is one common table expression. Policy and clocks are compiled into it, so that filters, counts,
expansions and paths built on it cannot reach around them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from twin.model.layer import Layer
from twin.store.embedded.features import properties_sql
from twin.store.embedded.part import Moment

VALID_TIME = "@validTime"
"""Reserved key of an observation's parameters: its valid time as ``[start, end]``. [µs since 1970]"""

RELATION = {
    "Things": "r_thing",
    "Locations": "r_location",
    "HistoricalLocations": "r_historical",
    "Datastreams": "r_datastream",
    "Sensors": "r_sensor",
    "ObservedProperties": "r_property",
    "Observations": "r_observation",
    "FeaturesOfInterest": "r_feature",
}


class Kind(Enum):
    """Type of an operand; what may be compared with what."""

    NUMBER = "a number"
    TEXT = "a text"
    BOOLEAN = "true or false"
    TIME = "a time"
    DATE = "a date"
    CLOCK = "a time of day"
    DURATION = "a duration"
    GEOMETRY = "a geometry"
    NULL = "null"
    JSON = "a value of any type"


@dataclass(frozen=True, slots=True)
class Column:
    """A property: its type and its SQL with ``{e}`` for the relation's alias.

    ``end`` is the end of an interval. Of JSON, ``sql`` is the JSON text; ``number`` is a shorter way to its number.
    """

    kind: Kind
    sql: str
    end: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """How a navigation leads from alias ``{p}`` to alias ``{e}``: relations joined between, and the condition.

    ``parent`` is the id of the entity it started from, where the condition is met without ``{p}``.
    """

    condition: str
    parent: str
    between: str = ""


def _child(column: str) -> Step:
    return Step(f"{{e}}.{column} = {{p}}.id", f"{{e}}.{column}")


def _owner(column: str, relation: str) -> Step:
    return Step(f"{{e}}.id = {{p}}.{column}", "l.id", f"{relation} l ON l.{column} = {{e}}.id")


def _pairs(relation: str, here: str, there: str) -> Step:
    return Step(
        f"{{e}}.id IN (SELECT {there} FROM {relation} l WHERE l.{here} = {{p}}.id)",
        f"l.{here}",
        f"{relation} l ON l.{there} = {{e}}.id",
    )


STEPS: dict[tuple[str, str], Step] = {
    ("Things", "Datastreams"): _child("thing"),
    ("Things", "HistoricalLocations"): _child("thing"),
    ("Things", "Locations"): _pairs("r_place", "thing", "location"),
    ("Locations", "Things"): _pairs("r_place", "location", "thing"),
    ("Locations", "HistoricalLocations"): _pairs("r_history", "location", "id"),
    ("HistoricalLocations", "Thing"): _owner("thing", "r_historical"),
    ("HistoricalLocations", "Locations"): _pairs("r_history", "id", "location"),
    ("Datastreams", "Thing"): _owner("thing", "r_datastream"),
    ("Datastreams", "Sensor"): _owner("sensor", "r_datastream"),
    ("Datastreams", "ObservedProperty"): _owner("observed_property", "r_datastream"),
    ("Datastreams", "Observations"): _child("datastream"),
    ("Sensors", "Datastreams"): _child("sensor"),
    ("ObservedProperties", "Datastreams"): _child("observed_property"),
    ("Observations", "Datastream"): _owner("datastream", "r_observation"),
    ("Observations", "FeatureOfInterest"): _owner("foi", "r_observation"),
    ("FeaturesOfInterest", "Observations"): _child("foi"),
}

_ID = Column(Kind.NUMBER, "{e}.id")
_NAME = Column(Kind.TEXT, "{e}.name")
_DESCRIPTION = Column(Kind.TEXT, "{e}.description")
_ENCODING = Column(Kind.TEXT, "{e}.encoding")
_PROPERTIES = Column(Kind.JSON, "{e}.properties")
_GEOJSON = Column(Kind.GEOMETRY, "{e}.geojson")


def _extreme(function: str, column: str) -> str:
    return f"(SELECT {function}(x.{column}) FROM r_observation x WHERE x.datastream = {{e}}.id)"


def _valid(index: int) -> str:
    return f"CAST(json_extract({{e}}.parameters, '$.\"{VALID_TIME}\"[{index}]') AS BIGINT)"


_QUALITY = (
    "CASE {e}.quality WHEN 1 THEN 'good' WHEN 2 THEN 'unchecked' WHEN 3 THEN 'suspect' WHEN 4 THEN 'rejected' "
    "WHEN 5 THEN 'estimated' ELSE 'missing' END"
)

_RESULT = (
    "CASE {e}.result_type WHEN 'number' THEN to_json({e}.number) WHEN 'boolean' THEN to_json({e}.number <> 0) "
    "WHEN 'text' THEN to_json({e}.text) ELSE CAST({e}.text AS JSON) END"
)

_RESULT_NUMBER = (
    "CASE {e}.result_type WHEN 'number' THEN {e}.number WHEN 'json' THEN "
    "CASE WHEN json_type({e}.text) NOT IN ('NULL', 'OBJECT', 'ARRAY', 'VARCHAR', 'BOOLEAN') "
    "THEN TRY_CAST({e}.text AS DOUBLE) END END"
)

COLUMNS: dict[str, dict[str, Column]] = {
    "Things": {"id": _ID, "name": _NAME, "description": _DESCRIPTION, "properties": _PROPERTIES},
    "Locations": {
        "id": _ID, "name": _NAME, "description": _DESCRIPTION, "encodingType": _ENCODING,
        "location": _GEOJSON, "properties": _PROPERTIES,
    },
    "HistoricalLocations": {"id": _ID, "time": Column(Kind.TIME, "{e}.time")},
    "Datastreams": {
        "id": _ID, "name": _NAME, "description": _DESCRIPTION,
        "observationType": Column(Kind.TEXT, "{e}.observation_type"),
        "unitOfMeasurement": Column(Kind.JSON, "{e}.unit"),
        "phenomenonTime": Column(
            Kind.TIME, _extreme("min", "phenomenon_start"), _extreme("max", "phenomenon_end")
        ),
        "resultTime": Column(Kind.TIME, _extreme("min", "result_time"), _extreme("max", "result_time")),
        "properties": _PROPERTIES,
    },
    "Sensors": {
        "id": _ID, "name": _NAME, "description": _DESCRIPTION, "encodingType": _ENCODING,
        "metadata": Column(Kind.JSON, "{e}.metadata"), "properties": _PROPERTIES,
    },
    "ObservedProperties": {
        "id": _ID, "name": _NAME, "definition": Column(Kind.TEXT, "{e}.definition"),
        "description": _DESCRIPTION, "properties": _PROPERTIES,
    },
    "Observations": {
        "id": _ID,
        "phenomenonTime": Column(Kind.TIME, "{e}.phenomenon_start", "{e}.phenomenon_end"),
        "result": Column(Kind.JSON, _RESULT, number=_RESULT_NUMBER),
        "resultTime": Column(Kind.TIME, "{e}.result_time"),
        "resultQuality": Column(
            Kind.JSON, f"json_object('label', {_QUALITY}, 'reason', {{e}}.reason)"
        ),
        "validTime": Column(Kind.TIME, _valid(0), _valid(1)),
        "parameters": Column(Kind.JSON, f"json_merge_patch({{e}}.parameters, '{{{{\"{VALID_TIME}\": null}}}}')"),
    },
    "FeaturesOfInterest": {
        "id": _ID, "name": _NAME, "description": _DESCRIPTION, "encodingType": _ENCODING,
        "feature": _GEOJSON, "properties": _PROPERTIES,
    },
}  # fmt: skip
"""Properties of each set that can be filtered and ordered by."""


def relations(moment: Moment, layers: dict[int, Layer]) -> str:
    """``WITH`` all entity sets as the viewer may see them at the View's times.

    ``layers`` are those visible to the viewer. Numbers in the text are ours, never the caller's.
    """
    every = moment.policy.sees_everything
    visible = _among("layer", sorted(layers))
    # On a layer of which some rows are hidden, what belongs to a thing is there only with that thing.
    whole = _among("layer", sorted(number for number in layers if not moment.limits(number)))
    used = "" if every else "AND id IN (SELECT {column} FROM r_datastream)"
    known = moment.known_sql()
    parts = {
        "r_thing": (
            f"SELECT id, layer, uid, name, description, {_properties(moment, layers)} AS properties "
            f"FROM thing WHERE {known} AND {visible} AND {moment.things_sql('layer', 'uid')}"
        ),
        "r_history": (
            f"SELECT id, thing, location, time FROM thing_location WHERE {known} AND time <= {moment.at} "
            "AND thing IN (SELECT id FROM r_thing)"
        ),
        "r_historical": "SELECT DISTINCT id, thing, time FROM r_history",
        "r_place": (
            "SELECT thing, location FROM r_history "
            "QUALIFY rank() OVER (PARTITION BY thing ORDER BY time DESC, id DESC) = 1"
        ),
        "r_location": (
            f"SELECT * FROM location WHERE {known} AND ({whole} OR id IN (SELECT location FROM r_history) "
            f"OR ({visible} AND id NOT IN (SELECT location FROM thing_location "
            "WHERE thing NOT IN (SELECT id FROM r_thing))))"
        ),
        "r_datastream": f"SELECT * FROM datastream WHERE {known} AND thing IN (SELECT id FROM r_thing)",
        "r_sensor": f"SELECT * FROM sensor WHERE {known} {used.format(column='sensor')}",
        "r_property": (
            "SELECT id, name, definition, description, CASE WHEN title = '' THEN properties "
            "ELSE json_merge_patch(json_object('title', title), properties) END AS properties "
            f"FROM observed_property WHERE {known} {used.format(column='observed_property')}"
        ),
        "r_observation": _observations(moment),
        "r_feature": (
            f"SELECT * FROM feature_of_interest WHERE {known} AND ({whole} OR ({visible} AND "
            f"thing IN (SELECT id FROM r_thing)) OR (layer IS NULL AND "
            f"{'true' if every else 'id IN (SELECT foi FROM r_observation)'}))"
        ),
    }
    return "WITH " + ", ".join(f"{name} AS NOT MATERIALIZED ({sql})" for name, sql in parts.items())


def _observations(moment: Moment) -> str:
    columns = (
        "id, datastream, foi, phenomenon_start, phenomenon_end, result_time, number, text, quality, reason, lon, "
        "lat, parameters"
    )
    return (
        f"SELECT o.*, d.result_type FROM (SELECT {columns} FROM observation WHERE recorded_from <= {moment.known} "
        f"UNION ALL SELECT {columns} FROM observation_history WHERE {moment.known_sql()}) o "
        f"JOIN r_datastream d ON d.id = o.datastream WHERE o.phenomenon_start <= {moment.at}"
    )


def _properties(moment: Moment, layers: dict[int, Layer]) -> str:
    """Attributes of a thing without those of its layer that do not exist for the viewer."""
    shown = {number: properties_sql(moment, layer) for number, layer in layers.items()}
    cases = [f"WHEN {number} THEN {sql}" for number, sql in shown.items() if sql != "properties"]
    return f"CASE layer {' '.join(cases)} ELSE properties END" if cases else "properties"


def _among(column: str, numbers: Sequence[int]) -> str:
    return f"{column} IN ({', '.join(map(str, numbers))})" if numbers else "false"
