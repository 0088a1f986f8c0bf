"""Features and events: writing versions on both clocks, reading them under a View."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from twin.errors import CrsError, SchemaError
from twin.geo.crs import to_wgs84
from twin.geo.geodesy import box_around, geodesic_distances
from twin.model.layer import Commit, Feature, FeatureChange, Field, FieldType, Layer, LayerKind, Source
from twin.model.query import Expression
from twin.model.thing import IngestReceipt
from twin.model.time import OPEN_END, bound, end_us, from_us, start_us, to_us
from twin.model.view import Access, View
from twin.store.embedded.database import Transaction, dump
from twin.store.embedded.filters import compile_filter
from twin.store.embedded.layers import Interval, LayerPart
from twin.store.embedded.overlay import Piece, overlay, says_the_same
from twin.store.embedded.part import KnownLayer, Moment, commit_of, count, folded, loads
from twin.types import BBox, Json, LonLat

_GEOMETRY_TYPES = {"Point", "LineString", "Polygon"}
_COLUMNS = "fid, geometry, valid_from, valid_to, recorded_from, recorded_to, source, crs"


@dataclass(frozen=True, slots=True)
class _Content:
    """What a change puts in: the row's content in the tables' terms."""

    geometry: bytes | None
    native: bytes | None
    crs: str
    properties: str
    box: tuple[float, float, float, float] | None

    @property
    def key(self) -> tuple[object, ...]:
        return (self.native if self.native is not None else self.geometry, self.crs, self.properties)


class FeaturePart(LayerPart):
    """Features and events."""

    # -- writing ------------------------------------------------------------------------------------------------

    def write_features(
        self,
        layer: str,
        changes: Sequence[FeatureChange],
        source: Source,
        *,
        only_if_changed: bool = False,
        end_missing_at: datetime | None = None,
        define: Layer | None = None,
    ) -> Commit:
        """See :meth:`twin.store.base.Store.write_features`."""
        contents = prepare(define or self.existing(layer).layer, changes)
        with self.db.transaction() as tx:
            self.add_source_row(tx, source)
            commit = self.write_features_rows(
                tx,
                layer,
                changes,
                contents,
                only_if_changed=only_if_changed,
                end_missing_at=end_missing_at,
                known=self.put_layer_row(tx, define) if define else None,
            )
            self.report_commit(tx, source, commit)
            if source.kind == "connector":
                done = (commit.stored, commit.revised, commit.duplicate)
                count(tx, source.name, IngestReceipt(sum(done), *done))
            return commit

    def write_features_rows(
        self,
        tx: Transaction,
        layer: str,
        changes: Sequence[FeatureChange],
        contents: Sequence[_Content | None],
        *,
        only_if_changed: bool = False,
        end_missing_at: datetime | None = None,
        known: KnownLayer | None = None,
    ) -> Commit:
        """Write changes within a commit; ``contents`` come from :func:`prepare`.

        ``known`` is the layer where this commit makes it.
        """
        known = known or self.existing(layer)
        undeclared = _undeclared(known.layer, changes)
        if undeclared:
            known = self.declare(tx, known, undeclared)
        fids = sorted({c.fid for c in changes})
        before = self._pieces(tx, known.id, None if end_missing_at else fids)
        after = {fid: list(pieces) for fid, pieces in before.items()}
        counts = dict.fromkeys(("stored", "revised", "duplicate", "ended"), 0)
        event = known.layer.kind is LayerKind.EVENT
        for index, (change, content) in enumerate(zip(changes, contents, strict=True)):
            pieces = after.get(change.fid, [])
            result, outcome = _apply(pieces, change, content, index, tx.recorded_at, event, only_if_changed)
            after[change.fid] = result
            counts[outcome] += 1
        if end_missing_at is not None:
            counts["ended"] += _end_missing(after, set(fids), to_us(end_missing_at))
        closed = self._write_pieces(tx, known, before, after, contents)
        if closed or counts["stored"] or counts["revised"]:
            tx.touch("event" if event else "feature", known.id)
            self.after_features(tx, known, [f for f in after if before.get(f, []) != after[f]])
        return commit_of(tx, **counts)

    def after_features(self, tx: Transaction, known: KnownLayer, fids: Sequence[str]) -> None:
        """Hook for what depends on features: links in space, places of things."""

    def _pieces(self, tx: Transaction, layer: int, fids: Sequence[str] | None) -> dict[str, list[Piece]]:
        chosen = "" if fids is None else "AND fid IN (SELECT unnest(?))"
        rows = tx.rows(
            f"SELECT fid, vid, valid_from, valid_to, coalesce(native, geometry), crs, properties FROM feature "
            f"WHERE layer = ? AND recorded_to = {OPEN_END} {chosen} ORDER BY fid, valid_from",
            [layer] if fids is None else [layer, list(fids)],
        )
        pieces: dict[str, list[Piece]] = {}
        for fid, vid, start, end, shape, crs, properties in rows:
            pieces.setdefault(fid, []).append(Piece(start, end, (shape, crs, properties), vid=vid))
        return pieces

    def _write_pieces(
        self,
        tx: Transaction,
        known: KnownLayer,
        before: Mapping[str, list[Piece]],
        after: Mapping[str, list[Piece]],
        contents: Sequence[_Content | None],
    ) -> int:
        """Close versions that changed and append what holds instead; how many were closed."""
        kept = {(p.vid, p.start, p.end) for pieces in after.values() for p in pieces if p.vid is not None}
        closed = [p.vid for pieces in before.values() for p in pieces if (p.vid, p.start, p.end) not in kept and p.vid]
        whole = {(p.vid, p.start, p.end) for pieces in before.values() for p in pieces}
        if closed:
            tx.execute(f"UPDATE feature SET recorded_to = {tx.recorded_at} WHERE vid IN (SELECT unnest(?))", [closed])
        vid = tx.next_id("feature", "vid")
        copies: list[dict[str, object]] = []
        rows: list[dict[str, object]] = []
        for fid, pieces in after.items():
            for piece in pieces:
                if piece.vid is None:
                    content = contents[piece.change]
                    assert content is not None
                    rows.append(_row(vid, known.id, fid, piece, content, tx))
                elif (piece.vid, piece.start, piece.end) not in whole:
                    copies.append({"vid": vid, "old": piece.vid, "start": piece.start, "stop": piece.end})
                else:
                    continue
                vid += 1
        _copy_rows(tx, copies)
        tx.append("feature", rows)
        return len(closed)

    # -- reading ------------------------------------------------------------------------------------------------

    def features(
        self,
        view: View,
        layer: str,
        *,
        bbox: BBox | None = None,
        interval: Interval | None = None,
        fids: Sequence[str] | None = None,
        where: Expression | None = None,
        limit: int | None = None,
        offset: int = 0,
        geometry: bool = True,
    ) -> list[Feature]:
        """See :meth:`twin.store.base.Store.features`."""
        moment = self.moment(view)
        known = self.visible(layer, moment.policy)
        clause, values = self._where(moment, known, bbox=bbox, interval=interval, fids=fids, where=where)
        last = "QUALIFY row_number() OVER (PARTITION BY fid ORDER BY valid_from DESC) = 1" if interval else ""
        page = f"LIMIT {int(limit)} OFFSET {int(offset)}" if limit is not None else f"OFFSET {int(offset)}"
        columns = _COLUMNS if geometry else _COLUMNS.replace("geometry", "NULL")
        rows = self.db.read(
            f"SELECT {columns}, {properties_sql(moment, known.layer)} FROM feature WHERE {clause} {last} "
            f"ORDER BY fid {page}",
            values,
        )
        return [feature_of(layer, row) for row in rows]

    def count_features(
        self,
        view: View,
        layer: str,
        *,
        bbox: BBox | None = None,
        interval: Interval | None = None,
        where: Expression | None = None,
    ) -> int:
        """See :meth:`twin.store.base.Store.count_features`."""
        moment = self.moment(view)
        known = self.visible(layer, moment.policy)
        clause, values = self._where(moment, known, bbox=bbox, interval=interval, where=where)
        return int(self.db.read(f"SELECT count(DISTINCT fid) FROM feature WHERE {clause}", values)[0][0])

    def _where(
        self,
        moment: Moment,
        known: KnownLayer,
        *,
        bbox: BBox | None = None,
        interval: Interval | None = None,
        fids: Sequence[str] | None = None,
        where: Expression | None = None,
    ) -> tuple[str, list[object]]:
        start, end = (moment.at, moment.at) if interval is None else (start_us(interval[0]), end_us(interval[1]))
        # An event that is over still touched its last moment; a state no longer holds then.
        ends_after = ">=" if known.layer.kind is LayerKind.EVENT else ">"
        clauses = ["layer = ?", moment.known_sql(), "valid_from <= ?", f"valid_to {ends_after} ?"]
        values: list[object] = [known.id, end, start]
        if bbox is not None:
            clauses.append("west <= ? AND east >= ? AND south <= ? AND north >= ?")
            values += [bbox.east, bbox.west, bbox.north, bbox.south]
        if fids is not None:
            clauses.append("fid IN (SELECT unnest(?))")
            values.append(list(fids))
        if where is not None:
            sql, more = compile_filter(where, moment.policy.fields(known.layer), known.layer.name)
            clauses.append(sql)
            values += more
        return " AND ".join(clauses), values

    def history(self, view: View, layer: str, fid: str) -> list[Feature]:
        """See :meth:`twin.store.base.Store.history`."""
        moment = self.moment(view)
        known = self.visible(layer, moment.policy)
        rows = self.db.read(
            f"SELECT {_COLUMNS}, {properties_sql(moment, known.layer)} FROM feature "
            f"WHERE layer = ? AND fid = ? AND recorded_from <= {moment.known} ORDER BY valid_from, recorded_from",
            [known.id, fid],
        )
        # What was not yet superseded at known_at shows no end of its record.
        features = [feature_of(layer, row) for row in rows]
        known_at = from_us(moment.known)
        return [_still_open(f) if f.recorded_to is not None and f.recorded_to > known_at else f for f in features]

    def within(
        self,
        view: View,
        point: LonLat,
        metres: float,
        *,
        layers: Sequence[str] | None = None,
        event_window_s: float = 3600.0,
    ) -> list[tuple[Feature, float]]:
        """See :meth:`twin.store.base.Store.within`."""
        moment = self.moment(view)
        visible = self.visible_layers(moment.policy)
        if layers is not None:
            chosen = [self.visible(name, moment.policy) for name in layers]
            visible = {k.id: k.layer for k in chosen}
        box = box_around(point, metres)
        found: list[Feature] = []
        for number, layer in visible.items():
            if layer.kind is not LayerKind.RASTER:
                found += self._touching(moment, KnownLayer(number, layer), box, event_window_s)
        shapes = [f.geometry for f in found if f.geometry is not None]
        distances = geodesic_distances(point, shapes)
        near = [(f, float(d)) for f, d in zip(found, distances, strict=True) if d <= metres]
        return sorted(near, key=lambda pair: (pair[1], pair[0].layer, pair[0].fid))

    def _touching(self, moment: Moment, known: KnownLayer, box: BBox, event_window_s: float) -> list[Feature]:
        interval: Interval | None = None
        if known.layer.kind is LayerKind.EVENT:
            interval = (from_us(moment.at - int(event_window_s * 1e6)), from_us(moment.at))
        clause, values = self._where(moment, known, bbox=box, interval=interval)
        rows = self.db.read(
            f"SELECT {_COLUMNS}, {properties_sql(moment, known.layer)} FROM feature WHERE {clause} "
            "QUALIFY row_number() OVER (PARTITION BY fid ORDER BY valid_from DESC) = 1",
            values,
        )
        return [feature_of(known.layer.name, row) for row in rows]

    def search(self, view: View, text: str, *, limit: int = 10) -> list[Feature]:
        """See :meth:`twin.store.base.Store.search`.

        Every word must begin a word of what the layer's ``search_template`` (layer property, for instance
        ``"thửa {plot} tờ {sheet} {commune}"``; otherwise name and title) makes of the visible attributes.
        """
        moment = self.moment(view)
        words = fold(text).split()
        if not words:
            return []
        found: list[tuple[int, str, str, tuple[Any, ...]]] = []
        for number, layer in self.visible_layers(moment.policy).items():
            haystack = search_sql(layer, {f.name for f in moment.policy.fields(layer)})
            if layer.kind is not LayerKind.FEATURE or haystack is None:
                continue
            matches = " AND ".join("hay LIKE ?" for _ in words)
            rank = " + ".join("CAST(hay LIKE ? AS INTEGER)" for _ in words)
            clause, values = self._where(moment, KnownLayer(number, layer))
            rows = self.db.read(
                f"WITH hays AS (SELECT {_COLUMNS}, {properties_sql(moment, layer)} AS shown, {haystack} AS hay "
                f"FROM feature WHERE {clause}) SELECT * EXCLUDE (hay), {rank} AS rank, length(hay) AS size FROM hays "
                f"WHERE {matches} ORDER BY rank DESC, size, fid LIMIT {int(limit)}",
                [*values, *(f"% {escape_like(w)} %" for w in words), *(f"% {escape_like(w)}%" for w in words)],
            )
            found += [(-row[-2] * 1000 + row[-1], layer.name, row[0], row) for row in rows]
        found.sort(key=lambda entry: entry[:3])
        return [feature_of(name, row) for _, name, _, row in found[:limit]]


# -- rows and clauses --------------------------------------------------------------------------------------------


def prepare(layer: Layer, changes: Sequence[FeatureChange]) -> list[_Content | None]:
    """Check changes against the layer and bring them into the tables' terms; nothing is written."""
    if layer.kind is LayerKind.RASTER:
        raise SchemaError(f"layer {layer.name!r} holds grids, not features")
    for change in changes:
        _check(layer, change)
    world = _in_wgs84(changes)
    return [
        None if change.properties is None else _content(layer, change, shape)
        for change, shape in zip(changes, world, strict=True)
    ]


def _check(layer: Layer, change: FeatureChange) -> None:
    where = f"layer {layer.name}, feature {change.fid!r}"
    if not change.fid or len(change.fid) > 200:
        raise SchemaError("a feature id has 1 to 200 characters", where=where)
    shape = change.geometry
    if change.properties is not None and shape is not None:
        kind = shape.geom_type.removeprefix("Multi")
        if layer.geometry_type in _GEOMETRY_TYPES and kind != layer.geometry_type:
            raise SchemaError(f"geometry is {shape.geom_type}, the layer holds {layer.geometry_type}", where=where)
        if not np.isfinite(shapely.get_coordinates(shape, include_z=False)).all():
            raise SchemaError("geometry has coordinates that are not finite", where=where)
    if change.valid_to is not None and change.valid_from is not None:
        empty = (
            change.valid_to < change.valid_from
            if layer.kind is LayerKind.EVENT
            else (change.valid_to <= change.valid_from)
        )
        if empty:
            raise SchemaError(
                f"valid time ends ({change.valid_to}) before it begins ({change.valid_from})", where=where
            )


def _in_wgs84(changes: Sequence[FeatureChange]) -> list[BaseGeometry | None]:
    shapes: list[BaseGeometry | None] = [c.geometry for c in changes]
    for crs in {c.crs for c in changes if c.geometry is not None and c.crs != "EPSG:4326"}:
        chosen = [i for i, c in enumerate(changes) if c.crs == crs and c.geometry is not None]
        moved = to_wgs84([g for i in chosen if (g := changes[i].geometry) is not None], crs)
        for i, shape in zip(chosen, moved, strict=True):
            shapes[i] = shape
    return shapes


def _content(layer: Layer, change: FeatureChange, world: BaseGeometry | None) -> _Content:
    box = None
    if world is not None and not world.is_empty:
        box = world.bounds
        if not (np.isfinite(box).all() and box[0] >= -180 and box[2] <= 180 and box[1] >= -90 and box[3] <= 90):
            raise CrsError(
                f"coordinates {tuple(round(float(v), 3) for v in box)} are not longitude and latitude",
                where=f"layer {layer.name}, feature {change.fid!r}",
                hint=f"They were read as {change.crs}; name the right CRS.",
            )
    try:
        properties = dump(change.properties)
    except ValueError as exc:
        raise SchemaError(
            f"attributes hold a value that is not JSON ({exc})", where=f"layer {layer.name}, feature {change.fid!r}"
        ) from exc
    same = change.crs == "EPSG:4326" or change.geometry is None
    native = None if same else shapely.to_wkb(change.geometry)
    return _Content(None if world is None else shapely.to_wkb(world), native, change.crs, properties, box)


def _apply(
    pieces: list[Piece],
    change: FeatureChange,
    content: _Content | None,
    index: int,
    recorded_at: int,
    event: bool,
    only_if_changed: bool,
) -> tuple[list[Piece], str]:
    start = recorded_at if change.valid_from is None else to_us(change.valid_from)
    end = end_us(change.valid_to)
    new = None if content is None else Piece(start, end, content.key, change=index)
    if event:
        if only_if_changed and len(pieces) == 1 and new == _plain(pieces[0], index):
            return pieces, "duplicate"
        return ([] if new is None else [new]), _outcome(pieces, new)
    if only_if_changed and says_the_same(pieces, start, end, None if new is None else new.content):
        return pieces, "duplicate"
    return overlay(pieces, start, end, new), _outcome(pieces, new)


def _plain(piece: Piece, index: int) -> Piece:
    return Piece(piece.start, piece.end, piece.content, change=index)


def _outcome(before: list[Piece], new: Piece | None) -> str:
    if new is None:
        return "ended"
    return "revised" if before else "stored"


def _end_missing(after: dict[str, list[Piece]], named: set[str], when: int) -> int:
    ended = 0
    for fid, pieces in after.items():
        if fid not in named and any(p.end > when for p in pieces):
            after[fid] = overlay(pieces, when, OPEN_END, None)
            ended += 1
    return ended


def _row(vid: int, layer: int, fid: str, piece: Piece, content: _Content, tx: Transaction) -> dict[str, object]:
    west, south, east, north = content.box or (None, None, None, None)
    return {
        "vid": vid,
        "layer": layer,
        "fid": fid,
        "valid_from": piece.start,
        "valid_to": piece.end,
        "recorded_from": tx.recorded_at,
        "recorded_to": OPEN_END,
        "west": west,
        "south": south,
        "east": east,
        "north": north,
        "geometry": content.geometry,
        "native": content.native,
        "crs": content.crs,
        "properties": content.properties,
        "source": tx.source,
    }


def _copy_rows(tx: Transaction, copies: Sequence[dict[str, object]]) -> None:
    """Remainders of cut versions: the old content over what is left of its interval."""
    for copy in copies:
        tx.execute(
            f"INSERT INTO feature SELECT ?, layer, fid, ?, ?, {tx.recorded_at}, {OPEN_END}, west, south, east, north, "
            "geometry, native, crs, properties, source FROM feature WHERE vid = ?",
            [copy["vid"], copy["start"], copy["stop"], copy["old"]],
        )


def _undeclared(layer: Layer, changes: Sequence[FeatureChange]) -> list[Field]:
    declared = {f.name for f in layer.fields}
    found: dict[str, Json] = {}
    for change in changes:
        for name, value in (change.properties or {}).items():
            if name not in declared and found.get(name) is None:
                found[name] = value
    return [Field(name, _type_of(value), title=name, access=Access.STAFF) for name, value in found.items()]


def _type_of(value: Json) -> FieldType:
    match value:
        case bool():
            return FieldType.BOOLEAN
        case int():
            return FieldType.INTEGER
        case float():
            return FieldType.NUMBER
        case list() | dict():
            return FieldType.JSON
        case _:
            return FieldType.STRING


def properties_sql(moment: Moment, layer: Layer, column: str = "properties") -> str:
    """The attributes that exist for the viewer: the policy compiled into the query."""
    hidden = moment.policy.hidden(layer)
    if not hidden:
        return column
    patch = dump(dict.fromkeys(hidden, None)).replace("'", "''")
    return f"json_merge_patch({column}, '{patch}')"


def feature_of(layer: str, row: tuple[Any, ...]) -> Feature:
    """A feature from ``_COLUMNS`` followed by its attributes."""
    fid, geometry, valid_from, valid_to, recorded_from, recorded_to, source, crs, properties = row[:9]
    return Feature(
        layer=layer,
        fid=fid,
        geometry=None if geometry is None else shapely.from_wkb(bytes(geometry)),
        properties=loads(properties) or {},
        valid_from=bound(valid_from),
        valid_to=bound(valid_to),
        recorded_from=from_us(recorded_from),
        recorded_to=bound(recorded_to),
        source=source,
        crs=crs,
    )


def _still_open(feature: Feature) -> Feature:
    return Feature(
        feature.layer,
        feature.fid,
        feature.geometry,
        feature.properties,
        feature.valid_from,
        feature.valid_to,
        feature.recorded_from,
        None,
        feature.source,
        feature.crs,
    )


def fold(text: str) -> str:
    """Text without case and diacritics, as :func:`twin.store.embedded.part.folded` makes it in SQL."""
    import unicodedata  # noqa: PLC0415  only searches need it

    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(c for c in plain if not unicodedata.combining(c))


def escape_like(word: str) -> str:
    """A word for LIKE without its wildcards."""
    return word.replace("%", " ").replace("_", " ")


def search_sql(layer: Layer, visible: set[str]) -> str | None:
    """SQL for the searchable text of a feature, from attributes the viewer sees; ``None`` if there are none."""
    template = layer.properties.get("search_template")
    if not isinstance(template, str):
        template = " ".join("{" + n + "}" for n in ("name", "title", "code") if n in visible)
    parts: list[str] = []
    named = 0
    for piece in template.replace("}", "{").split("{"):
        field = layer.field(piece)
        if field is not None:
            if piece in visible:
                path = dump(piece).replace("'", "''")
                parts.append(f"coalesce(json_extract_string(properties, '$.{path}'), '')")
                named += 1
        elif piece:
            parts.append("'" + piece.replace("'", "''") + "'")
    if not named:
        return None
    text = " || ' ' || ".join(parts)
    return f"' ' || {folded(text)} || ' '"
