"""Features and events under a View."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import shapely

from twin.geo.geodesy import box_around, geodesic_distances
from twin.model.layer import Feature, Layer, LayerKind
from twin.model.query import Expression
from twin.model.time import bound, end_us, from_us, start_us
from twin.model.view import View
from twin.store.embedded.database import dump
from twin.store.embedded.feature_writing import FeatureWriting
from twin.store.embedded.filters import compile_filter
from twin.store.embedded.layers import Interval
from twin.store.embedded.part import KnownLayer, Moment, folded, loads
from twin.types import BBox, LonLat, fold

_COLUMNS = "fid, geometry, valid_from, valid_to, recorded_from, recorded_to, source, crs"


_TOUCHES = "west <= ? AND east >= ? AND south <= ? AND north >= ?"
_INSIDE = "west >= ? AND south >= ? AND east <= ? AND north <= ?"


class FeaturePart(FeatureWriting):
    """Reads features and events under a View."""

    def features(
        self,
        view: View,
        layer: str,
        *,
        bbox: BBox | Sequence[BBox] | None = None,
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
        clause, values = self._where(moment, known, interval=interval, fids=fids, where=where)
        clause, values = self._in_boxes(clause, values, bbox)
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
        bbox: BBox | Sequence[BBox] | None = None,
        interval: Interval | None = None,
        where: Expression | None = None,
    ) -> int:
        """See :meth:`twin.store.base.Store.count_features`."""
        moment = self.moment(view)
        known = self.visible(layer, moment.policy)
        clause, values = self._where(moment, known, interval=interval, where=where)
        clause, values = self._in_boxes(clause, values, bbox)
        return int(self.db.read(f"SELECT count(DISTINCT fid) FROM feature WHERE {clause}", values)[0][0])

    def _where(
        self,
        moment: Moment,
        known: KnownLayer,
        *,
        interval: Interval | None = None,
        fids: Sequence[str] | None = None,
        where: Expression | None = None,
    ) -> tuple[str, list[object]]:
        start, end = (moment.at, moment.at) if interval is None else (start_us(interval[0]), end_us(interval[1]))
        # An event that is over still touched its last moment; a state no longer holds then.
        ends_after = ">=" if known.layer.kind is LayerKind.EVENT else ">"
        clauses = ["layer = ?", moment.known_sql(), "valid_from <= ?", f"valid_to {ends_after} ?"]
        values: list[object] = [known.id, end, start]
        if fids is not None:
            clauses.append("fid IN (SELECT unnest(?))")
            values.append(list(fids))
        if where is not None:
            sql, more = compile_filter(where, moment.policy.fields(known.layer), known.layer.name)
            clauses.append(sql)
            values += more
        return " AND ".join(clauses) + moment.rows_sql(known.id), values

    def _in_boxes(
        self, clause: str, values: list[object], bbox: BBox | Sequence[BBox] | None
    ) -> tuple[str, list[object]]:
        """Narrow a selection to what truly touches a box.

        Boxes of features select first; where a feature's box only crosses the border, its geometry decides.
        """
        if bbox is None:
            return clause, values
        boxes = [bbox] if isinstance(bbox, BBox) else list(bbox)
        touching, touching_values = _any_box(_TOUCHES, [(b.east, b.west, b.north, b.south) for b in boxes])
        inside, inside_values = _any_box(_INSIDE, [b.tuple() for b in boxes])
        narrowed, bound_values = f"{clause} AND {touching}", [*values, *touching_values]
        border = self.db.read(
            f"SELECT vid, geometry FROM feature WHERE {narrowed} AND NOT {inside} "
            "AND NOT (west = east AND south = north)",
            [*bound_values, *inside_values],
        )
        if not border:
            return narrowed, bound_values
        shapes = shapely.from_wkb([bytes(geometry) for _, geometry in border])
        area = shapely.union_all([shapely.box(*b.tuple()) for b in boxes])
        shapely.prepare(area)
        missing = [
            vid for (vid, _), touches in zip(border, shapely.intersects(area, shapes), strict=True) if not touches
        ]
        return f"{narrowed} AND vid NOT IN (SELECT unnest(?::BIGINT[]))", [*bound_values, missing]

    def history(self, view: View, layer: str, fid: str) -> list[Feature]:
        """See :meth:`twin.store.base.Store.history`."""
        moment = self.moment(view)
        known = self.visible(layer, moment.policy)
        rows = self.db.read(
            f"SELECT {_COLUMNS}, {properties_sql(moment, known.layer)} FROM feature "
            f"WHERE layer = ? AND fid = ? AND recorded_from <= {moment.known} {moment.rows_sql(known.id)} "
            "ORDER BY valid_from, recorded_from",
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
        clause, values = self._where(moment, known, interval=interval)
        near, near_values = _any_box(_TOUCHES, [(box.east, box.west, box.north, box.south)])
        rows = self.db.read(
            f"SELECT {_COLUMNS}, {properties_sql(moment, known.layer)} FROM feature WHERE {clause} AND {near} "
            "QUALIFY row_number() OVER (PARTITION BY fid ORDER BY valid_from DESC) = 1",
            [*values, *near_values],
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


def _any_box(test: str, edges: Sequence[tuple[float, ...]]) -> tuple[str, list[object]]:
    """A clause that holds where a test holds for any of the boxes, with its values."""
    return f"({' OR '.join([f'({test})'] * len(edges)) or 'false'})", [value for edge in edges for value in edge]


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
