"""Creating SensorThings entities with everything nested in them, in one commit."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from twin.errors import ConflictError, SchemaError, TimeError
from twin.model.entity import KINDS
from twin.model.entity_body import Link, NewEntity, geometry_of, read_body, read_interval, read_quality
from twin.model.layer import FeatureChange, Field, FieldType, Layer, Source
from twin.model.thing import ObservationIn, ResultType
from twin.model.time import OPEN_END, from_us, to_us
from twin.model.view import Access
from twin.store.embedded.database import Transaction, dump
from twin.store.embedded.entities import EntityReadPart
from twin.store.embedded.entity_sql import VALID_TIME
from twin.store.embedded.feature_content import prepare
from twin.store.embedded.part import count
from twin.store.embedded.things import GEOJSON
from twin.types import Json, Quality, parse_time

HOME = Layer(
    name="sta_things",
    title="Thiết bị tạo qua SensorThings",
    title_en="Things created through SensorThings",
    fields=(Field("name", FieldType.STRING, "Tên", "Name", access=Access.PUBLIC),),
    group="sensors",
)
"""Where the features of things live that were created without naming a layer."""

_AHEAD = timedelta(minutes=1)
"""How far a client's clock may run ahead of ours."""
_TABLES = {
    "Things": "thing",
    "Locations": "location",
    "Sensors": "sensor",
    "ObservedProperties": "observed_property",
    "FeaturesOfInterest": "feature_of_interest",
    "Datastreams": "datastream",
}
_RESULT_TYPES = {
    "OM_Measurement": ResultType.NUMBER,
    "OM_CountObservation": ResultType.NUMBER,
    "OM_TruthObservation": ResultType.BOOLEAN,
    "OM_CategoryObservation": ResultType.TEXT,
}
_OPEN = f"recorded_to = {OPEN_END}"


class EntityPart(EntityReadPart):
    """SensorThings reads and creation."""

    def create_entities(self, kind: str, body: dict[str, Json], source: Source) -> int:
        """See :meth:`twin.store.base.Store.create_entities`."""
        entity = read_body(kind, body)
        if HOME.name not in self.known_layers:
            self.put_layer(HOME)
        with self.db.transaction() as tx:
            if kind != "Observations" or any(isinstance(m, NewEntity) for r in entity.related.values() for m in r):
                self.add_source_row(tx, source)
            writer = _Writer(self, tx)
            number = writer.create(entity)
            recorded = writer.finish(source.name)
            return recorded[number] if kind == "Observations" else number

    def record_within(self, tx: Transaction, batch: Sequence[ObservationIn], connector: str) -> list[int]:
        """Record observations within a commit; their ids in order."""
        streams = self._streams(tx, {o.datastream for o in batch})
        rows = [self._row(o, streams) for o in batch]
        count(tx, connector, self._record_rows(tx, rows, [o.correction for o in batch]))
        for layer in {streams[o.datastream].layer for o in batch}:
            tx.touch("observation", layer)
        keys = ("datastream", "foi", "phenomenon_start", "phenomenon_end")
        return [
            tx.rows(
                f"SELECT id FROM observation WHERE {' AND '.join(f'{key} = ?' for key in keys)}",
                [row[key] for key in keys],
            )[0][0]
            for row in rows
        ]


@dataclass(frozen=True, slots=True)
class _ThingRef:
    """A thing, new or known: its id and its feature."""

    id: int
    layer: int
    uid: str


@dataclass(frozen=True, slots=True)
class _Move:
    """A thing stands at a place from ``start`` until ``end``. [µs since 1970, ``None`` is open]"""

    thing: _ThingRef
    geojson: dict[str, Json]
    start: int
    end: int | None


class _Writer:
    """Collects the rows of one body and writes them in an order that keeps every reference whole."""

    def __init__(self, store: EntityPart, tx: Transaction) -> None:
        self.store = store
        self.tx = tx
        self.home = store.existing(HOME.name)
        self.rows: dict[str, list[dict[str, object]]] = defaultdict(list)
        self.next: dict[str, int] = {}
        self.features: list[FeatureChange] = []
        self.moves: list[_Move] = []
        self.observations: list[ObservationIn] = []
        self.things: dict[int, _ThingRef] = {}
        self.own_features: dict[int, int] = {}

    def create(self, entity: NewEntity, **given: int) -> int:
        """Create one entity; ``given`` holds ids of entities it belongs to, by singular name.

        Of an observation the answer is its place in the batch.
        """
        build = {
            "Things": self._thing,
            "Locations": self._location,
            "Sensors": self._sensor,
            "ObservedProperties": self._observed_property,
            "FeaturesOfInterest": self._feature,
            "Datastreams": self._datastream,
            "Observations": self._observation,
            "HistoricalLocations": self._historical_location,
        }[entity.kind]
        return build(entity, given)

    # -- ids and references -----------------------------------------------------------------------------------

    def _number(self, table: str) -> int:
        number = self.next.get(table) or self.tx.next_id(table)
        self.next[table] = number + 1
        return number

    def _add(self, table: str, number: int, row: dict[str, object]) -> int:
        self.rows[table].append({"id": number, **row, "recorded_from": self.tx.recorded_at, "recorded_to": OPEN_END})
        return number

    def _one(self, entity: NewEntity, name: str, given: dict[str, int]) -> int | None:
        """The id of a single related entity: given from around, linked, or created."""
        members = entity.related.get(name)
        if not members:
            return given.get(name)
        member = members[0]
        return self._linked(member) if isinstance(member, Link) else self.create(member)

    def _needed(self, entity: NewEntity, name: str, given: dict[str, int]) -> int:
        number = self._one(entity, name, given)
        if number is None:
            raise SchemaError(f"a {KINDS[entity.kind].single} needs {name!r}", where=entity.kind)
        return number

    def _linked(self, link: Link) -> int:
        if not self._row(link.kind, "id", link.id):
            raise SchemaError(
                f"there is no {KINDS[link.kind].single}({link.id})", hint="Link to an entity that exists."
            )
        return link.id

    def _row(self, kind: str, columns: str, number: int) -> tuple[Any, ...] | None:
        rows = self.tx.rows(f"SELECT {columns} FROM {_TABLES[kind]} WHERE id = ? AND {_OPEN}", [number])
        return rows[0] if rows else None

    # -- entities -------------------------------------------------------------------------------------------------

    def _thing(self, entity: NewEntity, given: dict[str, int]) -> int:  # noqa: ARG002  one shape for all
        number = self._number("thing")
        ref = self.things[number] = _ThingRef(number, self.home.id, f"sta-{number}")
        places = [self._place(member) for member in entity.related.get("Locations", [])]
        located = places[0][1] if places else None
        properties = entity.document("properties")
        name, geometry = entity.text("name"), None if located is None else geometry_of(located)
        self.features.append(FeatureChange(ref.uid, geometry, {"name": name, **properties}))
        self._add(
            "thing",
            number,
            {
                "layer": ref.layer,
                "uid": ref.uid,
                "name": name,
                "description": entity.text("description"),
                "properties": dump(properties),
            },
        )
        if places:
            self._stand(number, [place for place, _ in places], self.tx.recorded_at)
        self._own_feature(ref, name, located)
        for member in entity.related.get("Datastreams", []):
            self._member(member, Thing=number)
        return number

    def _member(self, member: Link | NewEntity, **given: int) -> None:
        if isinstance(member, Link):
            raise SchemaError(
                f"{KINDS[member.kind].single}({member.id}) belongs to another entity already",
                hint="Describe a new one here.",
            )
        self.create(member, **given)

    def _place(self, member: Link | NewEntity) -> tuple[int, dict[str, Json]]:
        if isinstance(member, NewEntity):
            return self._location(member, {}, places_things=False), member.document("location")
        row = self._row("Locations", "geojson", self._linked(member))
        assert row is not None
        return member.id, json.loads(row[0])

    def _stand(self, thing: int, places: list[int], time: int) -> int:
        """The thing stands at these places from then on: one historical location."""
        number = self._number("thing_location")
        for place in places:
            self._add("thing_location", number, {"thing": thing, "location": place, "time": time})
        return number

    def _own_feature(self, ref: _ThingRef, name: str, located: dict[str, Json] | None) -> int:
        number = self._number("feature_of_interest")
        self.own_features[ref.id] = number
        body = {"thing": ref.id, "layer": ref.layer, "name": name, "description": "", "encoding": GEOJSON}
        return self._add("feature_of_interest", number, {**body, "geojson": dump(located), "properties": "{}"})

    def _location(self, entity: NewEntity, given: dict[str, int], *, places_things: bool = True) -> int:
        geojson = entity.document("location")
        number = self._add("location", self._number("location"), {"layer": self.home.id, **_place_row(entity, geojson)})
        if places_things:
            linked = [*entity.related.get("Things", []), *(Link("Things", i) for i in given.values())]
            for member in linked:
                if isinstance(member, NewEntity):
                    raise SchemaError(
                        "things are not created inside a location", hint="Create the thing with its location."
                    )
                self._move(self._thing_ref(member.id), [number], geojson, self.tx.recorded_at)
        return number

    def _historical_location(self, entity: NewEntity, given: dict[str, int]) -> int:
        ref = self._thing_ref(self._needed(entity, "Thing", given))
        places = [self._place(member) for member in entity.related["Locations"]]
        text = entity.text("time")
        time = self.tx.recorded_at if not text else to_us(parse_time(text, where="HistoricalLocations/time"))
        if time > self.tx.recorded_at + _AHEAD // timedelta(microseconds=1):
            raise TimeError(f"time {text} lies in the future", where="HistoricalLocations/time")
        return self._move(ref, [place for place, _ in places], places[0][1], time)

    def _move(self, ref: _ThingRef, places: list[int], geojson: dict[str, Json], time: int) -> int:
        later = self.tx.rows(
            f"SELECT min(time) FROM thing_location WHERE thing = ? AND time >= ? AND {_OPEN}", [ref.id, time]
        )[0][0]
        if later == time or any(move.thing == ref for move in self.moves):
            raise ConflictError(f"Thing({ref.id}) has a place at that time already", where="Locations")
        self.moves.append(_Move(ref, geojson, time, later))
        return self._stand(ref.id, places, time)

    def _thing_ref(self, number: int) -> _ThingRef:
        known = self.things.get(number)
        if known is None:
            row = self._row("Things", "layer, uid", self._linked(Link("Things", number)))
            assert row is not None
            known = self.things[number] = _ThingRef(number, row[0], row[1])
        return known

    def _sensor(self, entity: NewEntity, given: dict[str, int]) -> int:  # noqa: ARG002  one shape for all
        number = self._add(
            "sensor",
            self._number("sensor"),
            {
                "name": entity.text("name"),
                "description": entity.text("description"),
                "encoding": entity.text("encodingType"),
                "metadata": dump(entity.properties.get("metadata")),
                "properties": dump(entity.document("properties")),
            },
        )
        for member in entity.related.get("Datastreams", []):
            self._member(member, Sensor=number)
        return number

    def _observed_property(self, entity: NewEntity, given: dict[str, int]) -> int:  # noqa: ARG002  one shape
        number = self._add(
            "observed_property",
            self._number("observed_property"),
            {
                "name": entity.text("name"),
                "title": "",
                "definition": entity.text("definition"),
                "description": entity.text("description"),
                "properties": dump(entity.document("properties")),
            },
        )
        for member in entity.related.get("Datastreams", []):
            self._member(member, ObservedProperty=number)
        return number

    def _feature(self, entity: NewEntity, given: dict[str, int]) -> int:  # noqa: ARG002  one shape for all
        place = _place_row(entity, entity.document("feature"))
        number = self._add(
            "feature_of_interest", self._number("feature_of_interest"), {"thing": None, "layer": None, **place}
        )
        for member in entity.related.get("Observations", []):
            self._member(member, FeatureOfInterest=number)
        return number

    def _datastream(self, entity: NewEntity, given: dict[str, int]) -> int:
        ref = self._thing_ref(self._needed(entity, "Thing", given))
        number = self._number("datastream")
        kind = entity.text("observationType")
        self._add(
            "datastream",
            number,
            {
                "thing": ref.id,
                "layer": ref.layer,
                "uid": ref.uid,
                "key": f"sta-{number}",
                "name": entity.text("name"),
                "description": entity.text("description"),
                "sensor": self._needed(entity, "Sensor", given),
                "observed_property": self._needed(entity, "ObservedProperty", given),
                "feature_of_interest": self._own(ref),
                "unit": dump(entity.document("unitOfMeasurement")),
                "observation_type": kind,
                "result_type": _RESULT_TYPES.get(kind.rsplit("/", 1)[-1], ResultType.JSON).value,
                "max_age_s": None,
                "properties": dump(entity.document("properties")),
            },
        )
        for member in entity.related.get("Observations", []):
            self._member(member, Datastream=number)
        return number

    def _own(self, ref: _ThingRef) -> int:
        """The thing's own feature of interest."""
        if ref.id not in self.own_features:
            rows = self.tx.rows(f"SELECT id FROM feature_of_interest WHERE thing = ? AND {_OPEN}", [ref.id])
            self.own_features[ref.id] = rows[0][0] if rows else self._own_feature(ref, ref.uid, None)
        return self.own_features[ref.id]

    def _observation(self, entity: NewEntity, given: dict[str, int]) -> int:
        parameters = dict(entity.document("parameters"))
        if (valid := entity.text("validTime")) != "":
            start, end = read_interval(valid, where="validTime")
            parameters[VALID_TIME] = [to_us(start), to_us(end or start)]
        now = from_us(self.tx.recorded_at)
        start, end = now, None
        if (phenomenon := entity.text("phenomenonTime")) != "":
            start, end = read_interval(phenomenon, where="phenomenonTime")
        if start > now + _AHEAD:
            raise TimeError(f"phenomenonTime {phenomenon} lies in the future", where="Observations/phenomenonTime")
        quality, reason = Quality.UNCHECKED, ""
        if (said := entity.properties.get("resultQuality")) is not None:
            quality, reason = read_quality(said, where="resultQuality")
        result_time = entity.text("resultTime")
        self.observations.append(
            ObservationIn(
                self._needed(entity, "Datastream", given),
                start,
                entity.properties.get("result"),
                phenomenon_end=end,
                feature_of_interest=self._one(entity, "FeatureOfInterest", given),
                result_time=parse_time(result_time, where="resultTime") if result_time else None,
                quality=quality,
                reason=reason,
                parameters=parameters or None,
            )
        )
        return len(self.observations) - 1

    # -- writing --------------------------------------------------------------------------------------------------

    def finish(self, connector: str) -> list[int]:
        """Write everything; the ids of the observations in order."""
        store, tx = self.store, self.tx
        if self.features:
            # Before the rows of the things, so that their places are the ones described here.
            store.write_features_rows(tx, HOME.name, self.features, prepare(self.home.layer, self.features))
        for table, rows in self.rows.items():
            tx.append(table, rows)
            tx.touch("thing")
        self._write_moves()
        return store.record_within(tx, self.observations, connector) if self.observations else []

    def _write_moves(self) -> None:
        """Things that stood elsewhere: so did their features; those that moved now are observed there."""
        names = {known.id: known.layer for known in self.store.known_layers.values()}
        by_layer: dict[int, list[FeatureChange]] = defaultdict(list)
        for move in self.moves:
            properties = self._properties_at(move.thing, move.start)
            if properties is not None:
                end = None if move.end is None else from_us(move.end)
                place, start = geometry_of(move.geojson), from_us(move.start)
                by_layer[move.thing.layer].append(FeatureChange(move.thing.uid, place, properties, start, end))
            if move.end is None:
                self._renew_own_feature(move.thing, move.geojson)
        for number, changes in by_layer.items():
            layer = names[number]
            self.store.write_features_rows(self.tx, layer.name, changes, prepare(layer, changes))

    def _properties_at(self, ref: _ThingRef, time: int) -> dict[str, Json] | None:
        """Attributes of a thing's feature then, or at its beginning; ``None`` if it has ended or never was."""
        rows = self.tx.rows(
            f"SELECT properties FROM feature WHERE layer = ? AND fid = ? AND {_OPEN} AND valid_to > ? "
            "ORDER BY valid_from LIMIT 1",
            [ref.layer, ref.uid, time],
        )
        return json.loads(rows[0][0]) if rows else None

    def _renew_own_feature(self, ref: _ThingRef, geojson: dict[str, Json]) -> None:
        """Later observations are made at the new place; earlier ones stay where they were made."""
        number = self._own(ref)
        used = self.tx.rows("SELECT 1 FROM observation WHERE foi = ? LIMIT 1", [number])
        if not used:
            self._change("feature_of_interest", "id", number, {"geojson": dump(geojson)})
            return
        fresh = self.tx.next_id("feature_of_interest")
        name = self.tx.rows(f"SELECT name FROM feature_of_interest WHERE id = ? AND {_OPEN}", [number])[0][0]
        self._change("feature_of_interest", "id", number, {"thing": None})
        self.tx.append(
            "feature_of_interest",
            [
                {
                    "id": fresh, "thing": ref.id, "layer": ref.layer, "name": name, "description": "",
                    "encoding": GEOJSON, "geojson": dump(geojson), "properties": "{}",
                    "recorded_from": self.tx.recorded_at, "recorded_to": OPEN_END,
                }
            ],
        )  # fmt: skip
        self._change("datastream", "thing", ref.id, {"feature_of_interest": fresh})

    def _change(self, table: str, key: str, number: int, change: dict[str, object]) -> None:
        """Give the current rows of that key a new version; what this commit made is changed in place."""
        at = self.tx.recorded_at
        columns = [row[0] for row in self.tx.rows(f"DESCRIBE {table}")]
        known = self.tx.rows(f"SELECT * FROM {table} WHERE {key} = ? AND {_OPEN}", [number])
        self.tx.execute(f"DELETE FROM {table} WHERE {key} = ? AND {_OPEN} AND recorded_from = {at}", [number])
        self.tx.execute(f"UPDATE {table} SET recorded_to = {at} WHERE {key} = ? AND {_OPEN}", [number])
        versioned = {**change, "recorded_from": at, "recorded_to": OPEN_END}
        self.tx.append(table, [{**dict(zip(columns, row, strict=True)), **versioned} for row in known])


def _place_row(entity: NewEntity, geojson: dict[str, Json]) -> dict[str, object]:
    return {
        "name": entity.text("name"),
        "description": entity.text("description"),
        "encoding": entity.text("encodingType"),
        "geojson": dump(geojson),
        "properties": dump(entity.document("properties")),
    }
