"""Layers: descriptions, counts, extents, revisions, rasters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from twin.errors import ConflictError, SchemaError
from twin.model.layer import Commit, Field, Layer, LayerKind, RasterItem, Source
from twin.model.time import OPEN_END, OPEN_START, bound, end_us, from_us, start_us, to_us
from twin.model.view import View
from twin.store.base import LayerSummary
from twin.store.codec import layer_to_json
from twin.store.embedded.database import Transaction, dump
from twin.store.embedded.part import KnownLayer, Moment, commit_of, loads
from twin.store.embedded.sight import SightPart
from twin.types import BBox

Interval = tuple[datetime | None, datetime | None]
_Touched: TypeAlias = tuple[int, int | None]


class LayerPart(SightPart):
    """Layers and rasters."""

    def put_layer(self, layer: Layer) -> Commit:
        """See :meth:`twin.store.base.Store.put_layer`."""
        with self.db.transaction() as tx:
            self.put_layer_row(tx, layer)
            return commit_of(tx, stored=1)

    def put_layer_row(self, tx: Transaction, layer: Layer) -> KnownLayer:
        """Record a layer's description within a commit."""
        known = self.known_layers.get(layer.name)
        if known is not None and known.layer == layer:
            return known
        if known is not None:
            _refuse_change_of_kind(known.layer, layer)
            tx.execute(
                f"UPDATE layer SET recorded_to = ? WHERE name = ? AND recorded_to = {OPEN_END}",
                [tx.recorded_at, layer.name],
            )
        number = known.id if known else tx.next_id("layer")
        tx.execute(
            "INSERT INTO layer VALUES (?, ?, ?, ?, ?, ?)",
            [number, layer.name, layer.access.value, dump(layer_to_json(layer)), tx.recorded_at, OPEN_END],
        )
        tx.touch("layer", number)
        fresh = KnownLayer(number, layer)
        tx.after_commit.append(lambda: self.known_layers.__setitem__(layer.name, fresh))
        if known is not None and known.layer.group != layer.group:
            self.judge_layer(tx, fresh)
        return fresh

    def declare(self, tx: Transaction, known: KnownLayer, fields: Iterable[Field]) -> KnownLayer:
        """Add attributes to a layer's description within a commit."""
        return self.put_layer_row(tx, replace(known.layer, fields=known.layer.fields + tuple(fields)))

    def layers(self, view: View) -> list[LayerSummary]:
        """See :meth:`twin.store.base.Store.layers`."""
        moment = self.moment(view)
        visible = self.visible_layers(moment.policy)
        summaries = self._summaries(moment, visible)
        return sorted(summaries, key=lambda s: (s.layer.group, s.layer.order, s.layer.name))

    def layer(self, view: View, name: str) -> LayerSummary:
        """See :meth:`twin.store.base.Store.layer`."""
        moment = self.moment(view)
        known = self.visible(name, moment.policy)
        return self._summaries(moment, {known.id: known.layer})[0]

    def _summaries(self, moment: Moment, layers: dict[int, Layer]) -> list[LayerSummary]:
        if not layers:
            return []
        ids = ", ".join(map(str, layers))
        events = ", ".join(str(i) for i, layer in layers.items() if layer.kind is LayerKind.EVENT) or "-1"
        rows = self.db.read(
            f"""
            SELECT layer, count(DISTINCT fid), min(west), min(south), max(east), max(north)
            FROM feature WHERE layer IN ({ids}) AND {moment.known_sql()}
              AND (layer IN ({events}) OR (valid_from <= {moment.at} AND valid_to > {moment.at}))
              {moment.rows_sql()}
            GROUP BY layer
            UNION ALL
            SELECT layer, count(*), min(west), min(south), max(east), max(north)
            FROM raster WHERE layer IN ({ids}) AND {moment.known_sql()} {moment.grids_sql()} GROUP BY layer
            """
        )
        touched = self._touched(moment, [i for i in layers if not moment.limits(i)])
        touched |= {i: self._touched_rows(moment, i) for i in layers if moment.limits(i)}
        found = {row[0]: row for row in rows}
        return [
            _summary(moment.policy.shown(layer), found.get(number), touched.get(number))
            for number, layer in layers.items()
        ]

    def _touched(self, moment: Moment, layers: Sequence[int]) -> dict[int, _Touched]:
        """How many commits changed each layer, and when the newest did."""
        if not layers:
            return {}
        rows = self.db.read(
            "SELECT layer, count(DISTINCT CASE WHEN kind IN ('feature', 'event', 'raster') THEN seq END), "
            f"max(recorded_at) FROM commit_touch WHERE layer IN ({', '.join(map(str, layers))}) "
            f"AND recorded_at <= {moment.known} AND kind <> 'layer' GROUP BY layer"
        )
        return {layer: (count, newest) for layer, count, newest in rows}

    def _touched_rows(self, moment: Moment, layer: int) -> _Touched:
        """As :meth:`_touched`, from the rows the viewer may see: what only touched others is no change to them."""
        clearance, known = int(moment.clearance), moment.known
        own = moment.rows_sql(layer, own=True)
        # What a version said while it could be seen stays counted: the number must never be that of another state.
        changes = (
            f"SELECT recorded_from AS t FROM feature WHERE layer = {layer} {own} "
            f"UNION ALL SELECT recorded_to FROM feature WHERE layer = {layer} {own} "
            f"UNION ALL SELECT recorded_from FROM raster WHERE layer = {layer} {moment.grids_sql()} "
            f"UNION ALL SELECT recorded_to FROM raster WHERE layer = {layer} {moment.grids_sql()} "
            f"UNION ALL SELECT recorded_at FROM veil WHERE layer = {layer} AND low <= {clearance} "
            f"AND high > {clearance}"
        )
        ((count, newest),) = self.db.read(f"SELECT count(DISTINCT t), max(t) FROM ({changes}) WHERE t <= {known}")
        streams = f"SELECT id FROM datastream WHERE layer = {layer} AND {moment.things_sql('layer', 'uid')}"
        ((heard,),) = self.db.read(
            "SELECT max(recorded_from) FROM (SELECT datastream, recorded_from FROM observation "
            "UNION ALL SELECT datastream, recorded_from FROM observation_history) "
            f"WHERE recorded_from <= {known} AND datastream IN ({streams})"
        )
        return int(count), max((t for t in (newest, heard) if t is not None), default=None)

    def breakpoints(self, view: View, layers: Iterable[str], start: datetime, end: datetime) -> list[datetime]:
        """See :meth:`twin.store.base.Store.breakpoints`."""
        moment = self.moment(view)
        ids = [str(self.visible(name, moment.policy).id) for name in layers]
        if not ids:
            return []
        chosen = f"layer IN ({', '.join(ids)}) AND {moment.known_sql()}"
        seen, grids = chosen + moment.rows_sql(), chosen + moment.grids_sql()
        rows = self.db.read(
            f"""
            SELECT DISTINCT t FROM (
                SELECT valid_from AS t FROM feature WHERE {seen}
                UNION ALL SELECT valid_to FROM feature WHERE {seen}
                UNION ALL SELECT valid_from FROM raster WHERE {grids}
                UNION ALL SELECT valid_to FROM raster WHERE {grids}
            ) WHERE t BETWEEN ? AND ? AND t NOT IN ({OPEN_START}, {OPEN_END}) ORDER BY t
            """,
            [to_us(start), to_us(end)],
        )
        return [from_us(t) for (t,) in rows]

    # -- rasters ------------------------------------------------------------------------------------------------

    def put_rasters(self, items: Sequence[RasterItem], source: Source, *, define: Sequence[Layer] = ()) -> Commit:
        """See :meth:`twin.store.base.Store.put_rasters`."""
        with self.db.transaction() as tx:
            number = self.add_source_row(tx, source)
            made = {layer.name: self.put_layer_row(tx, layer) for layer in define}
            next_id = tx.next_id("raster")
            revised = 0
            for offset, item in enumerate(items):
                known = made.get(item.layer) or self.existing(item.layer)
                if known.layer.kind is not LayerKind.RASTER:
                    raise SchemaError(f"layer {item.layer!r} holds {known.layer.kind}s, not grids")
                revised += self._replace_raster(tx, known, item)
                tx.execute(
                    f"INSERT INTO raster VALUES ({', '.join('?' * 17)})",
                    [
                        next_id + offset,
                        known.id,
                        item.file,
                        item.crs,
                        *item.bbox.tuple(),
                        start_us(item.valid_from),
                        end_us(item.valid_to),
                        item.unit,
                        item.minimum,
                        item.maximum,
                        dump(item.properties),
                        number,
                        tx.recorded_at,
                        OPEN_END,
                    ],
                )
                tx.touch("raster", known.id)
            self.judge_rasters(tx)
            commit = commit_of(tx, stored=len(items) - revised, revised=revised)
            self.report_commit(tx, source, commit)
            return commit

    @staticmethod
    def _replace_raster(tx: Transaction, known: KnownLayer, item: RasterItem) -> int:
        open_now = f"layer = ? AND valid_from = ? AND recorded_to = {OPEN_END}"
        keys = [known.id, start_us(item.valid_from)]
        replaced = len(tx.rows(f"SELECT id FROM raster WHERE {open_now}", keys))
        tx.execute(f"UPDATE raster SET recorded_to = ? WHERE {open_now}", [tx.recorded_at, *keys])
        return min(replaced, 1)

    def rasters(self, view: View, layer: str, *, interval: Interval | None = None) -> list[RasterItem]:
        """See :meth:`twin.store.base.Store.rasters`."""
        moment = self.moment(view)
        known = self.visible(layer, moment.policy)
        start, end = (moment.at, moment.at) if interval is None else (start_us(interval[0]), end_us(interval[1]))
        rows = self.db.read(
            f"""
            SELECT file, crs, west, south, east, north, valid_from, valid_to, unit, minimum, maximum, properties,
                   source, recorded_from
            FROM raster WHERE layer = ? AND valid_from <= ? AND valid_to > ? AND {moment.known_sql()}
              {moment.grids_sql()}
            ORDER BY valid_from, id
            """,
            [known.id, end, start],
        )
        return [
            RasterItem(
                layer,
                r[0],
                r[1],
                BBox(*r[2:6]),
                bound(r[6]),
                bound(r[7]),
                r[8],
                r[9],
                r[10],
                loads(r[11]),
                r[12],
                from_us(r[13]),
            )
            for r in rows
        ]

    def raster_times(self, view: View, layer: str) -> list[datetime]:
        """See :meth:`twin.store.base.Store.raster_times`."""
        moment = self.moment(view)
        known = self.visible(layer, moment.policy)
        rows = self.db.read(
            f"SELECT DISTINCT valid_from FROM raster WHERE layer = ? AND {moment.known_sql()} {moment.grids_sql()} "
            "ORDER BY 1",
            [known.id],
        )
        return [t for t in (bound(value) for (value,) in rows) if t is not None]


def _refuse_change_of_kind(old: Layer, new: Layer) -> None:
    if old.kind is not new.kind:
        raise ConflictError(
            f"layer {new.name!r} exists and holds {old.kind}s, not {new.kind}s", hint="Choose another layer name."
        )
    if old.geometry_type not in {new.geometry_type, "Any"}:
        raise ConflictError(
            f"layer {new.name!r} exists with geometry {old.geometry_type}, not {new.geometry_type}",
            hint="Choose another layer name.",
        )


def _summary(layer: Layer, found: tuple[object, ...] | None, touched: _Touched | None) -> LayerSummary:
    count, extent = 0, None
    if found is not None:
        count = int(str(found[1]))
        box = [float(str(v)) for v in found[2:6] if v is not None]
        extent = BBox(*box) if len(box) == 4 else None
    revision, newest = touched or (0, None)
    return LayerSummary(layer, count, extent, from_us(newest) if newest is not None else None, revision)
