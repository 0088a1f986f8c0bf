"""Which rows have a class of secrecy and which are in an area, kept beside the rows with each commit.

Reads then leave hidden rows out by a small table, inside the same query. Versions never change, so that a version is
judged when it is written, when a later one of its feature is, and when the rules change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from twin.model.layer import Layer, LayerKind
from twin.model.policy import CURRENT, KIND, Policies
from twin.model.record import Drop, Put, RecordOp
from twin.model.secrecy import Secrecy, SecrecyRule, judge, suspicion
from twin.model.time import OPEN_END
from twin.model.view import View
from twin.store.embedded.database import Transaction
from twin.store.embedded.part import KnownLayer, Part, folded, loads

_LOWER = "lower(properties::VARCHAR)"
_FOLDED = folded("properties::VARCHAR")


class SightPart(Part):
    """Keeps the tables ``secret``, ``veil`` and ``area_member`` true."""

    def policy_key(self, view: View) -> str:
        """See :meth:`twin.store.base.Store.policy_key`."""
        policy = self.policy(view.viewer)
        if policy.sees_everything:
            return policy.key
        # What was hidden meanwhile is hidden under an earlier `known_at` too, of which no revision tells.
        clearance = int(policy.rule.clearance)
        ((veils,),) = self.db.read(f"SELECT count(*) FROM veil WHERE low <= {clearance} AND high > {clearance}")
        return f"{policy.key}-{veils}" if veils else policy.key

    # -- the policy in force --------------------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Judge every row anew if the rules in force are not those the tables were made by."""
        if self.db.noted("judged_by") == _state(self.policies):
            return
        with self.db.upkeep() as tx:
            self.judge_all(tx, self.policies)

    def policy_written(self, tx: Transaction, ops: Sequence[RecordOp]) -> None:
        """Bring a policy that a commit writes into force with it; SchemaError if it is none."""
        if not any(isinstance(op, Put | Drop) and (op.kind, op.key) == (KIND, CURRENT) for op in ops):
            return
        fresh = tx.policies = self.read_policies(tx.rows)
        self.judge_all(tx, fresh)
        tx.after_commit.append(lambda: self.use_policies(fresh))

    def judge_all(self, tx: Transaction, policies: Policies) -> None:
        """Make the tables what some policies say of every row."""
        for table in ("secret", "veil", "area_member"):
            tx.execute(f"DELETE FROM {table}")
        for known in self.known_layers.values():
            rules = _rules_of(policies, known.layer)
            if rules and known.layer.kind is not LayerKind.RASTER:
                tx.append("secret", _secret_rows(tx, known, rules, None))
        self._fill_areas(tx, policies.areas(), "true", "true")
        self.db.note(tx, "judged_by", _state(policies))

    # -- each commit ----------------------------------------------------------------------------------------------

    def judge_features(self, tx: Transaction, known: KnownLayer, fids: Sequence[str]) -> None:
        """Judge the versions of features that a commit changes."""
        policies = tx.policies or self.policies
        rules = _rules_of(policies, known.layer)
        if rules:
            self._rejudge(tx, known, rules, fids)
        areas = policies.areas()
        if areas:
            self._fill_areas(tx, areas, f"layer = {known.id} AND recorded_from = {tx.recorded_at}", "false")

    def judge_layer(self, tx: Transaction, known: KnownLayer) -> None:
        """Judge a layer anew whose description changed."""
        if known.layer.kind is not LayerKind.RASTER:
            self._rejudge(tx, known, _rules_of(tx.policies or self.policies, known.layer), None)

    def judge_rasters(self, tx: Transaction) -> None:
        """Find the areas that the grids of a commit are in."""
        areas = (tx.policies or self.policies).areas()
        if areas:
            self._fill_areas(tx, areas, "false", f"recorded_from = {tx.recorded_at}")

    def _rejudge(
        self, tx: Transaction, known: KnownLayer, rules: Sequence[SecrecyRule], fids: Sequence[str] | None
    ) -> None:
        chosen, values = _among(known.id, fids)
        before = {
            vid: (own, most) for vid, own, most in tx.rows(f"SELECT vid, own, class FROM secret {chosen}", values)
        }
        rows = _secret_rows(tx, known, rules, fids)
        after = {row["vid"]: (row["own"], row["class"]) for row in rows}
        if before == after:
            return
        tx.execute(f"DELETE FROM secret {chosen}", values)
        tx.append("secret", rows)
        fresh = {
            vid for (vid,) in tx.rows(f"SELECT vid FROM feature {chosen} AND recorded_from = {tx.recorded_at}", values)
        }
        moved = {
            (min(was, now), max(was, now))
            for vid in (before.keys() | after.keys()) - fresh
            if (was := before.get(vid, (0, 0))[1]) != (now := after.get(vid, (0, 0))[1])
        }
        tx.append(
            "veil",
            [
                {"layer": known.id, "low": low, "high": high, "recorded_at": tx.recorded_at}
                for low, high in sorted(moved)
            ],
        )

    def _fill_areas(self, tx: Transaction, areas: dict[str, BaseGeometry], features: str, grids: str) -> None:
        for key, area in areas.items():
            shapely.prepare(area)
            west, south, east, north = area.bounds
            near = f"west <= {east!r} AND east >= {west!r} AND south <= {north!r} AND north >= {south!r}"
            found = tx.rows(f"SELECT vid, geometry FROM feature WHERE {features} AND geometry IS NOT NULL AND {near}")
            inside = _touching(area, found)
            held = [
                number
                for number, *box in tx.rows(f"SELECT id, west, south, east, north FROM raster WHERE {grids} AND {near}")
                if area.covers(shapely.box(*box))
            ]
            tx.append(
                "area_member",
                [
                    {"area": key, "kind": kind, "id": number}
                    for kind, numbers in (("feature", inside), ("raster", held))
                    for number in numbers
                ],
            )


def _rules_of(policies: Policies, layer: Layer) -> tuple[SecrecyRule, ...]:
    """The rules that look at a layer's rows."""
    return tuple(r for r in policies.secrecy if not r.every and r.layers.holds(layer))


def _state(policies: Policies) -> str:
    """Text equal for policies that make the same tables."""
    return " ".join([policies.secrecy_key, *sorted(policies.areas())])


def _among(layer: int, fids: Sequence[str] | None) -> tuple[str, list[object]]:
    if fids is None:
        return f"WHERE layer = {layer}", []
    return f"WHERE layer = {layer} AND fid IN (SELECT unnest(?))", [list(fids)]


def _touching(area: BaseGeometry, rows: Sequence[tuple[Any, ...]]) -> list[int]:
    if not rows:
        return []
    shapes = shapely.from_wkb([bytes(geometry) for _, geometry in rows])
    return [rows[int(k)][0] for k in np.flatnonzero(shapely.intersects(area, shapes))]


def _secret_rows(
    tx: Transaction, known: KnownLayer, rules: Sequence[SecrecyRule], fids: Sequence[str] | None
) -> list[dict[str, object]]:
    """Rows of ``secret`` for some features of a layer (``None``: all)."""
    if not rules:
        return []
    chosen, values = _among(known.id, fids)
    wanted = [(text, find) for text, find in zip((_LOWER, _FOLDED), suspicion(rules), strict=True) if find]
    suspects = tx.rows(
        f"SELECT vid, fid, properties FROM feature {chosen} "
        f"AND ({' OR '.join(f'regexp_matches({text}, ?)' for text, _ in wanted) or 'false'})",
        [*values, *(find for _, find in wanted)],
    )
    own = {vid: int(judge(rules, loads(properties))) for vid, _, properties in suspects}
    secret = sorted({fid for vid, fid, _ in suspects if own[vid]})
    if not secret:
        return []
    versions = tx.rows(
        f"SELECT fid, vid, valid_from, valid_to, recorded_to = {OPEN_END} FROM feature WHERE layer = {known.id} "
        "AND fid IN (SELECT unnest(?)) ORDER BY fid, vid",
        [secret],
    )
    by_fid: dict[str, list[tuple[Any, ...]]] = {}
    for fid, *version in versions:
        by_fid.setdefault(fid, []).append(tuple(version))
    event = known.layer.kind is LayerKind.EVENT
    return [
        {"vid": vid, "layer": known.id, "fid": fid, "own": own.get(vid, 0), "class": most}
        for fid, found in by_fid.items()
        for vid, most in _with_later(found, own, event=event)
        if most > Secrecy.PUBLIC
    ]


def _with_later(versions: Iterable[tuple[Any, ...]], own: dict[int, int], *, event: bool) -> list[tuple[int, int]]:
    """The class of each version: its own, or that of a version that holds later as the twin knows it now."""
    rows = list(versions)
    current = [(valid_to, own.get(vid, 0)) for vid, _, valid_to, is_current in rows if is_current]
    return [
        (vid, max([own.get(vid, 0), *(most for end, most in current if event or end > valid_from)]))
        for vid, valid_from, _, _ in rows
    ]
