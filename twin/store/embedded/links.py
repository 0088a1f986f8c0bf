"""Links in space, computed when either end changes and kept with history on both clocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from twin.errors import SchemaError
from twin.geo.crs import from_wgs84, metric_crs
from twin.geo.geodesy import box_around
from twin.model.layer import Commit, LayerKind
from twin.model.link import Link, LinkRule, Relation
from twin.model.time import OPEN_END, bound, from_us
from twin.model.view import View
from twin.store.embedded.database import Transaction
from twin.store.embedded.observations import ObservationPart
from twin.store.embedded.part import KnownLayer, Moment, commit_of
from twin.types import LonLat

_OPEN = f"recorded_to = {OPEN_END}"
_FEW = 200
"""Up to this many changed features the other layer is read around each; beyond it, whole."""


@dataclass(frozen=True, slots=True)
class _Versions:
    """Versions of features in a metric plane; arrays of equal length."""

    fids: list[str]
    starts: list[int]
    ends: list[int]
    shapes: NDArray[np.object_]


@dataclass(frozen=True, slots=True, order=True)
class _Fact:
    """One link over an interval of valid time."""

    to_fid: str
    start: int
    end: int
    measure: float


class LinkPart(ObservationPart):
    """Link rules and links."""

    def put_link_rule(self, rule: LinkRule) -> Commit:
        """See :meth:`twin.store.base.Store.put_link_rule`."""
        origin, target = self.existing(rule.from_layer), self.existing(rule.to_layer)
        for known in (origin, target):
            if known.layer.kind is not LayerKind.FEATURE:
                raise SchemaError(f"links join features; layer {known.layer.name!r} holds {known.layer.kind}s")
        body = (rule.title, origin.id, target.id, rule.relation.value, rule.max_distance_m)
        with self.db.transaction() as tx:
            columns = "title, from_layer, to_layer, relation, max_distance_m"
            known_rows = tx.rows(f"SELECT {columns} FROM link_rule WHERE name = ? AND {_OPEN}", [rule.name])
            if known_rows == [body]:
                return commit_of(tx, duplicate=1)
            tx.execute(f"UPDATE link_rule SET recorded_to = ? WHERE name = ? AND {_OPEN}", [tx.recorded_at, rule.name])
            tx.execute(
                f"INSERT INTO link_rule (name, {columns}, recorded_from, recorded_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [rule.name, *body, tx.recorded_at, OPEN_END],
            )
            fids = [f for (f,) in tx.rows(f"SELECT DISTINCT fid FROM feature WHERE layer = ? AND {_OPEN}", [origin.id])]
            self._relink(tx, rule, origin, target, fids)
            tx.touch("layer", origin.id)
            return commit_of(tx, stored=0 if known_rows else 1, revised=1 if known_rows else 0)

    def after_features(self, tx: Transaction, known: KnownLayer, fids: Sequence[str]) -> None:
        """Refresh the links that the changed features take part in."""
        super().after_features(tx, known, fids)
        by_id = {k.id: k for k in self.known_layers.values()}
        rules = tx.rows(
            f"SELECT name, title, from_layer, to_layer, relation, max_distance_m FROM link_rule "
            f"WHERE {_OPEN} AND (from_layer = ? OR to_layer = ?)",
            [known.id, known.id],
        )
        for name, title, origin_id, target_id, relation, distance in rules:
            origin, target = by_id[origin_id], by_id[target_id]
            rule = LinkRule(name, origin.layer.name, target.layer.name, Relation(relation), distance, title)
            affected = set(fids) if origin_id == known.id else set()
            if target_id == known.id:
                affected |= self._near(tx, origin_id, known.id, fids, distance)
            self._relink(tx, rule, origin, target, sorted(affected))

    @staticmethod
    def _near(tx: Transaction, origin: int, changed: int, fids: Sequence[str], metres: float) -> set[str]:
        """Features of a layer near any version (old or new) of the changed features."""
        boxes = tx.rows(
            "SELECT min(west), min(south), max(east), max(north) FROM feature "
            "WHERE layer = ? AND fid IN (SELECT unnest(?)) AND west IS NOT NULL GROUP BY fid",
            [changed, list(fids)],
        )
        if not boxes:
            return set()
        margin = max(metres, 1.0) / 100_000  # a degree is never shorter than this within 25 degrees of the equator …
        lat = max(abs(b[3]) for b in boxes)
        margin /= max(0.05, np.cos(np.radians(min(lat, 85.0))))  # … and is stretched by latitude elsewhere
        array = np.array(boxes, dtype=float)
        tx.cursor.register("changed_boxes", _frame(array[:, :2] - margin, array[:, 2:] + margin))
        try:
            rows = tx.rows(
                f"SELECT DISTINCT f.fid FROM feature f JOIN changed_boxes b ON f.west <= b.east AND f.east >= b.west "
                f"AND f.south <= b.north AND f.north >= b.south WHERE f.layer = ? AND f.{_OPEN}",
                [origin],
            )
        finally:
            tx.cursor.unregister("changed_boxes")
        return {fid for (fid,) in rows}

    def _relink(
        self, tx: Transaction, rule: LinkRule, origin: KnownLayer, target: KnownLayer, fids: Sequence[str]
    ) -> None:
        """Bring the links of some features in line with what both layers hold now."""
        if not fids:
            return
        facts = self._facts(tx, rule, origin.id, target.id, fids)
        before: dict[str, set[_Fact]] = {}
        for fid, *fact in tx.rows(
            f"SELECT from_fid, to_fid, valid_from, valid_to, measure FROM link WHERE rule = ? AND {_OPEN} "
            "AND from_fid IN (SELECT unnest(?))",
            [rule.name, list(fids)],
        ):
            before.setdefault(fid, set()).add(_Fact(*fact))
        fresh = []
        for fid in fids:
            now, then = facts.get(fid, set()), before.get(fid, set())
            for gone in then - now:
                tx.execute(
                    f"UPDATE link SET recorded_to = {tx.recorded_at} WHERE rule = ? AND from_fid = ? AND to_fid = ? "
                    f"AND valid_from = ? AND {_OPEN}",
                    [rule.name, fid, gone.to_fid, gone.start],
                )
            fresh += [
                {
                    "rule": rule.name,
                    "from_layer": origin.id,
                    "from_fid": fid,
                    "to_layer": target.id,
                    "to_fid": f.to_fid,
                    "measure": f.measure,
                    "valid_from": f.start,
                    "valid_to": f.end,
                    "recorded_from": tx.recorded_at,
                    "recorded_to": OPEN_END,
                }
                for f in sorted(now - then)
            ]
        tx.append("link", fresh)

    def _facts(
        self, tx: Transaction, rule: LinkRule, origin: int, target: int, fids: Sequence[str]
    ) -> dict[str, set[_Fact]]:
        clause = "fid IN (SELECT unnest(?))"
        starts = _versions(tx, origin, clause, [list(fids)])
        if not starts:
            return {}
        crs = _plane(starts)
        near: str = "true"
        values: list[object] = []
        if len(fids) <= _FEW:
            near, values = _around(starts, rule.max_distance_m)
        ends = _versions(tx, target, near, values)
        return _link_all(_in_plane(starts, crs), _in_plane(ends, crs), rule)

    def links(self, view: View, layer: str, fid: str) -> list[Link]:
        """See :meth:`twin.store.base.Store.links`."""
        moment = self.moment(view)
        number = self.visible(layer, moment.policy).id
        visible = self.visible_layers(moment.policy)
        rows = self.db.read(
            "SELECT rule, from_layer, from_fid, to_layer, to_fid, measure, valid_from, valid_to, recorded_from "
            "FROM link WHERE ((from_layer = ? AND from_fid = ?) OR (to_layer = ? AND to_fid = ?)) "
            f"AND {moment.known_sql()} AND {self.hidden_layers_sql(moment.policy, 'from_layer')} "
            f"AND {self.hidden_layers_sql(moment.policy, 'to_layer')} "
            f"AND valid_from <= {moment.at} AND valid_to > {moment.at} {_seen_ends(moment)} "
            "ORDER BY rule, from_fid, to_fid",
            [number, fid, number, fid],
        )
        return [
            Link(
                r[0], visible[r[1]].name, r[2], visible[r[3]].name, r[4], r[5], bound(r[6]), bound(r[7]), from_us(r[8])
            )
            for r in rows
        ]


def _seen_ends(moment: Moment) -> str:
    """Clauses that leave out links of which an end does not exist for the viewer."""
    rows = moment.rows_sql(alias="f")
    if not rows:
        return ""
    holding = (
        f"SELECT f.layer, f.fid FROM feature f WHERE {moment.known_sql('f')} AND f.valid_from <= {moment.at} "
        f"AND f.valid_to > {moment.at} {rows}"
    )
    return f"AND (from_layer, from_fid) IN ({holding}) AND (to_layer, to_fid) IN ({holding})"


# -- geometry and time of links ----------------------------------------------------------------------------------


def _frame(low: NDArray[np.float64], high: NDArray[np.float64]) -> Any:
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame({"west": low[:, 0], "south": low[:, 1], "east": high[:, 0], "north": high[:, 1]})


def _versions(tx: Transaction, layer: int, clause: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
    return tx.rows(
        f"SELECT fid, valid_from, valid_to, geometry FROM feature WHERE layer = ? AND {_OPEN} "
        f"AND geometry IS NOT NULL AND {clause} ORDER BY fid, valid_from",
        [layer, *values],
    )


def _shapes(rows: Sequence[tuple[Any, ...]]) -> NDArray[np.object_]:
    shapes: NDArray[np.object_] = shapely.from_wkb([bytes(r[3]) for r in rows])
    return shapes


def _plane(rows: Sequence[tuple[Any, ...]]) -> str:
    west, south, east, north = shapely.total_bounds(_shapes(rows))
    return metric_crs((west + east) / 2, (south + north) / 2)


def _around(rows: Sequence[tuple[Any, ...]], metres: float) -> tuple[str, list[object]]:
    clauses: list[str] = []
    values: list[object] = []
    for west, south, east, north in shapely.bounds(_shapes(rows)):
        low, high = box_around(LonLat(west, south), metres + 1.0), box_around(LonLat(east, north), metres + 1.0)
        clauses.append("(west <= ? AND east >= ? AND south <= ? AND north >= ?)")
        values += [high.east, low.west, high.north, low.south]
    return f"({' OR '.join(clauses)})", values


def _in_plane(rows: Sequence[tuple[Any, ...]], crs: str) -> _Versions:
    shapes = np.array(from_wgs84(list(_shapes(rows)), crs), dtype=object) if rows else np.array([], dtype=object)
    return _Versions([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows], shapes)


def _link_all(origin: _Versions, target: _Versions, rule: LinkRule) -> dict[str, set[_Fact]]:
    pairs: dict[int, list[tuple[int, float]]] = {}
    for i, j, measure in _candidates(origin.shapes, target.shapes, rule):
        pairs.setdefault(i, []).append((j, measure))
    facts: dict[str, set[_Fact]] = {}
    for i, found in pairs.items():
        timed = [(target.fids[j], target.starts[j], target.ends[j], measure) for j, measure in found]
        links = _over_time(origin.starts[i], origin.ends[i], timed, nearest=rule.relation is Relation.NEAREST)
        facts.setdefault(origin.fids[i], set()).update(links)
    return facts


def _candidates(
    origin: NDArray[np.object_], target: NDArray[np.object_], rule: LinkRule
) -> Iterator[tuple[int, int, float]]:
    """Pairs of versions that satisfy the relation, whatever their times; measures to 1 mm, 0.01 m²."""
    if not len(origin) or not len(target):
        return
    tree = shapely.STRtree(target)
    match rule.relation:
        case Relation.WITHIN:
            i, j = tree.query(shapely.point_on_surface(origin), predicate="within")
            measures = np.zeros(len(i))
        case Relation.INTERSECTS:
            i, j = tree.query(origin, predicate="intersects")
            measures = np.round(shapely.area(shapely.intersection(origin[i], target[j])), 2)
        case Relation.NEAREST:
            i, j = tree.query(origin, predicate="dwithin", distance=rule.max_distance_m)
            measures = np.round(shapely.distance(origin[i], target[j]), 3)
    yield from zip(i.tolist(), j.tolist(), measures.tolist(), strict=True)


def _over_time(start: int, end: int, timed: Sequence[tuple[str, int, int, float]], *, nearest: bool) -> list[_Fact]:
    """Links of one version, cut where the other ends change; equal neighbours in time are joined."""
    cuts = sorted({start, end, *(t for _, s, e, _ in timed for t in (s, e) if start < t < end)})
    open_facts: dict[tuple[str, float], _Fact] = {}
    done: list[_Fact] = []
    for low, high in pairwise(cuts):
        holding = [(fid, measure) for fid, s, e, measure in timed if s <= low and e >= high]
        if nearest and holding:
            holding = [min(holding, key=lambda pair: (pair[1], pair[0]))]
        following: dict[tuple[str, float], _Fact] = {}
        for fid, measure in holding:
            earlier = open_facts.pop((fid, measure), None)
            following[fid, measure] = _Fact(fid, earlier.start if earlier else low, high, measure)
        done += open_facts.values()
        open_facts = following
    return done + list(open_facts.values())
