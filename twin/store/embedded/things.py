"""Things, datastreams, devices and places: registered once, under one identity with their feature."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from twin.errors import NotFoundError
from twin.model.layer import FeatureChange, Source
from twin.model.thing import (
    Datastream,
    DatastreamSpec,
    Device,
    DeviceSpec,
    ObservedProperty,
    ResultType,
    SensorSpec,
    Thing,
    ThingSpec,
    Unit,
)
from twin.model.time import OPEN_END
from twin.model.view import View
from twin.store.base import ThingIds
from twin.store.embedded.database import Transaction, dump
from twin.store.embedded.feature_content import prepare
from twin.store.embedded.features import FeaturePart, properties_sql
from twin.store.embedded.part import KnownLayer, loads

GEOJSON = "application/geo+json"
_OBSERVATION_TYPE = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_"
OBSERVATION_TYPES = {
    ResultType.NUMBER: _OBSERVATION_TYPE + "Measurement",
    ResultType.TEXT: _OBSERVATION_TYPE + "Observation",
    ResultType.BOOLEAN: _OBSERVATION_TYPE + "TruthObservation",
    ResultType.JSON: _OBSERVATION_TYPE + "Observation",
}
_OPEN = f"recorded_to = {OPEN_END}"


@dataclass(frozen=True, slots=True)
class _Row:
    """A current entity row: its id and its content."""

    id: int
    body: tuple[object, ...]


class Entities:
    """Current rows of one entity table by a natural key, written only where they change."""

    def __init__(self, tx: Transaction, table: str, key: Sequence[str], body: Sequence[str]) -> None:
        self.tx, self.table = tx, table
        self.columns = [*key, *body]
        self.keys = len(key)
        rows = tx.rows(f"SELECT id, {', '.join(self.columns)} FROM {table} WHERE {_OPEN}")
        self.known = {tuple(r[1 : 1 + self.keys]): _Row(r[0], tuple(r[1 + self.keys :])) for r in rows}
        self.next_id = tx.next_id(table)
        self.fresh: list[dict[str, object]] = []
        self.replaced: list[int] = []

    def put(self, key: tuple[object, ...], body: tuple[object, ...]) -> int:
        """The id of the row with that key, new or changed where needed."""
        known = self.known.get(key)
        if known is not None and known.body == body:
            return known.id
        number = known.id if known else self.next_id
        if known:
            self.replaced.append(number)
        else:
            self.next_id += 1
        values = dict(zip(self.columns, (*key, *body), strict=True))
        self.fresh.append({"id": number, **values, "recorded_from": self.tx.recorded_at, "recorded_to": OPEN_END})
        self.known[key] = _Row(number, body)
        return number

    def write(self) -> bool:
        """Write what changed; whether anything did."""
        if self.replaced:
            self.tx.execute(
                f"UPDATE {self.table} SET recorded_to = {self.tx.recorded_at} "
                f"WHERE {_OPEN} AND id IN (SELECT unnest(?))",
                [self.replaced],
            )
        self.tx.append(self.table, self.fresh)
        return bool(self.fresh)


class ThingPart(FeaturePart):
    """Things, datastreams, devices."""

    def register_things(self, specs: Sequence[ThingSpec], source: Source) -> list[ThingIds]:
        """See :meth:`twin.store.base.Store.register_things`."""
        for spec in specs:
            self.existing(spec.layer)
        prepared = self._prepare_features(specs)
        with self.db.transaction() as tx:
            self.add_source_row(tx, source)
            registrar = _Registrar(tx)
            ids = [registrar.register(spec, self.existing(spec.layer).id) for spec in specs]
            registrar.write()
            if registrar.changed:
                tx.touch("thing")
            for layer, (changes, contents) in prepared.items():
                self.write_features_rows(tx, layer, changes, contents, only_if_changed=True)
            return ids

    def _prepare_features(self, specs: Sequence[ThingSpec]) -> dict[str, tuple[list[FeatureChange], list[Any]]]:
        by_layer: dict[str, list[FeatureChange]] = {}
        for spec in specs:
            properties = {"name": spec.name, **spec.properties}
            change = FeatureChange(spec.uid, spec.geometry, properties, spec.valid_from)
            by_layer.setdefault(spec.layer, []).append(change)
        return {name: (c, prepare(self.existing(name).layer, c)) for name, c in by_layer.items()}

    def after_features(self, tx: Transaction, known: KnownLayer, fids: Sequence[str]) -> None:
        """A thing whose feature moved gets a new location and a historical location."""
        super().after_features(tx, known, fids)
        things = dict(
            tx.rows(
                f"SELECT uid, id FROM thing WHERE layer = ? AND {_OPEN} AND uid IN (SELECT unnest(?))",
                [known.id, list(fids)],
            )
        )
        if things:
            self._record_places(tx, known, things)

    def _record_places(self, tx: Transaction, known: KnownLayer, things: dict[str, int]) -> None:
        """Bring the recorded places of things in line with the versions of their features."""
        versions = tx.rows(
            f"SELECT fid, valid_from, geometry, json_extract_string(properties, '$.name') FROM feature "
            f"WHERE layer = ? AND {_OPEN} AND geometry IS NOT NULL AND fid IN (SELECT unnest(?)) "
            "ORDER BY fid, valid_from",
            [known.id, list(things)],
        )
        placed = self._places(tx, list(things.values()))
        location, historical = tx.next_id("location"), tx.next_id("thing_location")
        locations: list[dict[str, object]] = []
        rows: list[dict[str, object]] = []
        stale: list[int] = []
        last: tuple[str, bytes] | None = None
        for fid, valid_from, geometry, name in versions:
            if last == (fid, geometry):
                continue  # another version at the same place
            last = (fid, geometry)
            geojson = shapely.to_geojson(shapely.from_wkb(bytes(geometry)))
            found = placed.get((things[fid], valid_from))
            if found is not None and _shape_in(found[1]) == json.loads(geojson):
                continue
            if found is not None:
                stale.append(found[0])
            versioned = {"recorded_from": tx.recorded_at, "recorded_to": OPEN_END}
            locations.append(
                {
                    "id": location,
                    "layer": known.id,
                    "name": name or fid,
                    "description": "",
                    "encoding": GEOJSON,
                    "geojson": geojson,
                    "properties": "{}",
                    **versioned,
                }
            )
            number = found[0] if found is not None else historical
            rows.append({"id": number, "thing": things[fid], "location": location, "time": valid_from, **versioned})
            location += 1
            historical += found is None
        if stale:
            tx.execute(
                f"UPDATE thing_location SET recorded_to = {tx.recorded_at} WHERE {_OPEN} AND id IN (SELECT unnest(?))",
                [stale],
            )
        tx.append("location", locations)
        tx.append("thing_location", rows)

    @staticmethod
    def _places(tx: Transaction, things: Sequence[int]) -> dict[tuple[int, int], tuple[int, str]]:
        rows = tx.rows(
            f"SELECT h.thing, h.time, h.id, l.geojson FROM thing_location h JOIN location l ON l.id = h.location "
            f"WHERE h.{_OPEN} AND l.{_OPEN} AND h.thing IN (SELECT unnest(?))",
            [list(things)],
        )
        return {(thing, time): (number, geojson) for thing, time, number, geojson in rows}

    # -- reading ------------------------------------------------------------------------------------------------

    def thing(self, view: View, layer: str, uid: str) -> Thing:
        """See :meth:`twin.store.base.Store.thing`."""
        moment = self.moment(view)
        known = self.visible(layer, moment.policy)
        rows = self.db.read(
            f"SELECT id, name, description, {properties_sql(moment, known.layer)} FROM thing "
            f"WHERE layer = ? AND uid = ? AND {moment.known_sql()} AND {moment.things_sql('layer', 'uid')}",
            [known.id, uid],
        )
        if not rows:
            raise NotFoundError(f"no thing {uid!r} on layer {layer!r}")
        number, name, description, properties = rows[0]
        return Thing(number, layer, uid, name, description, loads(properties))

    def datastreams(
        self,
        view: View,
        *,
        ids: Sequence[int] | None = None,
        thing: int | None = None,
        layer: str | None = None,
        observed_property: str | None = None,
    ) -> list[Datastream]:
        """See :meth:`twin.store.base.Store.datastreams`."""
        moment = self.moment(view)
        clauses = [self.hidden_layers_sql(moment.policy, "d.layer"), moment.known_sql("d"), moment.known_sql("p")]
        clauses.append(moment.things_sql("d.layer", "d.uid"))
        values: list[object] = []
        if ids is not None:
            clauses.append("d.id IN (SELECT unnest(?))")
            values.append(list(ids))
        if thing is not None:
            clauses.append("d.thing = ?")
            values.append(thing)
        if layer is not None:
            clauses.append("d.layer = ?")
            values.append(self.visible(layer, moment.policy).id)
        if observed_property is not None:
            clauses.append("p.name = ?")
            values.append(observed_property)
        names = {number: known.name for number, known in self.visible_layers(moment.policy).items()}
        rows = self.db.read(
            "SELECT d.id, d.thing, d.layer, d.uid, d.key, d.name, p.name, d.unit, d.result_type, d.max_age_s, "
            "d.properties FROM datastream d JOIN observed_property p ON p.id = d.observed_property "
            f"WHERE {' AND '.join(clauses)} ORDER BY d.id",
            values,
        )
        return [
            Datastream(
                r[0],
                r[1],
                names[r[2]],
                r[3],
                r[4],
                r[5],
                r[6],
                Unit(**loads(r[7])),
                ResultType(r[8]),
                r[9],
                loads(r[10]),
            )
            for r in rows
        ]

    def devices(self, view: View) -> list[Device]:
        """See :meth:`twin.store.base.Store.devices`."""
        moment = self.moment(view)
        streams: dict[int, dict[str, int]] = {}
        for stream in self.datastreams(view):
            streams.setdefault(stream.thing, {})[stream.key] = stream.id
        names = {number: layer.name for number, layer in self.visible_layers(moment.policy).items()}
        rows = self.db.read(
            "SELECT v.address, v.kind, v.thing, t.layer, t.uid, v.properties "
            f"FROM device v JOIN thing t ON t.id = v.thing "
            f"WHERE {self.hidden_layers_sql(moment.policy, 't.layer')} AND {moment.known_sql('v')} "
            f"AND {moment.known_sql('t')} AND {moment.things_sql('t.layer', 't.uid')} ORDER BY v.kind, v.address"
        )
        return [
            Device(address, kind, thing, names[layer], uid, streams.get(thing, {}), loads(properties))
            for address, kind, thing, layer, uid, properties in rows
        ]


def _shape_in(geojson: str) -> Any:
    """The geometry in a location, which may be described as a GeoJSON feature."""
    document = json.loads(geojson)
    return document.get("geometry") if document.get("type") == "Feature" else document


class _Registrar:
    """Writes things and what belongs to them within one commit."""

    def __init__(self, tx: Transaction) -> None:
        self.sensors = Entities(tx, "sensor", ["name"], ["description", "encoding", "metadata", "properties"])
        self.properties = Entities(
            tx, "observed_property", ["name"], ["title", "definition", "description", "properties"]
        )
        self.things = Entities(tx, "thing", ["layer", "uid"], ["name", "description", "properties"])
        self.features = Entities(
            tx,
            "feature_of_interest",
            ["thing"],
            ["layer", "name", "description", "encoding", "geojson", "properties"],
        )
        self.datastreams = Entities(
            tx,
            "datastream",
            ["thing", "key"],
            [
                "layer",
                "uid",
                "name",
                "description",
                "sensor",
                "observed_property",
                "feature_of_interest",
                "unit",
                "observation_type",
                "result_type",
                "max_age_s",
                "properties",
            ],
        )
        self.tx = tx
        self.devices: dict[tuple[str, str], tuple[int, str]] = {
            (kind, address): (thing, properties)
            for kind, address, thing, properties in tx.rows(
                f"SELECT kind, address, thing, properties FROM device WHERE {_OPEN}"
            )
        }
        self.changed = False

    def register(self, spec: ThingSpec, layer: int) -> ThingIds:
        """Register one thing; returns its ids."""
        thing = self.things.put((layer, spec.uid), (spec.name, spec.description, dump(spec.properties)))
        sensor = self.sensor(spec.sensor)
        foi = self.feature_of_interest(thing, layer, spec.name, spec.geometry)
        streams = {d.key: self.datastream(d, thing, layer, spec.uid, sensor, foi) for d in spec.datastreams}
        for device in spec.devices:
            self.device(device, thing)
        return ThingIds(thing, streams)

    def sensor(self, spec: SensorSpec) -> int:
        """Id of the sensor of that name."""
        return self.sensors.put((spec.name,), (spec.description, spec.encoding, dump(spec.metadata), "{}"))

    def observed_property(self, spec: ObservedProperty) -> int:
        """Id of the observed property of that name."""
        return self.properties.put((spec.name,), (spec.title, spec.definition, spec.description, "{}"))

    def feature_of_interest(self, thing: int, layer: int, name: str, geometry: BaseGeometry | None) -> int:
        """The thing's own feature of interest."""
        geojson = "null" if geometry is None else shapely.to_geojson(geometry)
        return self.features.put((thing,), (layer, name, "", GEOJSON, geojson, "{}"))

    def datastream(self, spec: DatastreamSpec, thing: int, layer: int, uid: str, sensor: int, foi: int) -> int:
        """Id of the thing's datastream with that key."""
        unit = dump({"name": spec.unit.name, "symbol": spec.unit.symbol, "definition": spec.unit.definition})
        return self.datastreams.put(
            (thing, spec.key),
            (
                layer,
                uid,
                spec.title,
                "",
                sensor,
                self.observed_property(spec.observed_property),
                foi,
                unit,
                OBSERVATION_TYPES[spec.result_type],
                spec.result_type.value,
                spec.max_age_s,
                dump(spec.properties),
            ),
        )

    def device(self, spec: DeviceSpec, thing: int) -> None:
        """Route a device address to the thing from now on."""
        body = (thing, dump(spec.properties))
        if self.devices.get((spec.kind, spec.address)) == body:
            return
        at = self.tx.recorded_at
        self.tx.execute(
            f"UPDATE device SET recorded_to = {at} WHERE kind = ? AND address = ? AND {_OPEN}",
            [spec.kind, spec.address],
        )
        self.tx.execute(f"INSERT INTO device VALUES (?, ?, ?, ?, {at}, {OPEN_END})", [spec.kind, spec.address, *body])
        self.devices[spec.kind, spec.address] = body
        self.changed = True

    def write(self) -> None:
        """Write everything that changed."""
        for table in (self.sensors, self.properties, self.things, self.features, self.datastreams):
            self.changed |= table.write()
