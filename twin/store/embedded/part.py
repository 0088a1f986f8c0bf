"""What the parts of the embedded store share: the database, known layers, provenance, clauses of time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from twin.errors import NotFoundError
from twin.model.layer import Commit, Layer, Source
from twin.model.policy import CURRENT, DEFAULT, KIND, Policies, Policy
from twin.model.policy import from_json as policies_from_json
from twin.model.record import RecordOp
from twin.model.secrecy import Secrecy
from twin.model.thing import IngestReceipt
from twin.model.time import OPEN_END, from_us, to_us
from twin.model.view import Role, View, Viewer
from twin.store.codec import layer_from_json
from twin.store.embedded.database import Database, Transaction, dump, wall_us
from twin.types import Json

_Read: TypeAlias = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class KnownLayer:
    """A layer with its number in the tables."""

    id: int
    layer: Layer


@dataclass(frozen=True, slots=True)
class Moment:
    """A resolved View in the tables' terms."""

    at: int
    known: int
    policy: Policy
    veiled: frozenset[int] = frozenset()
    """Layers with rows above the viewer's clearance."""
    bounded: frozenset[int] = frozenset()
    """Layers of which the viewer sees an area."""

    def limits(self, layer: int) -> bool:
        """Whether some rows of a layer may not exist for the viewer."""
        return layer in self.veiled or layer in self.bounded

    def rows_sql(self, layer: int | None = None, alias: str = "", *, own: bool = False) -> str:
        """Clauses (each with ``AND`` before) that leave out rows of ``feature`` the viewer may not see; often none.

        ``layer`` is the one layer that is read; ``None``: any. With ``own``, rows are left out for what they say
        themselves, not for what became of their feature later.
        """
        dot = f"{alias}." if alias else ""
        clauses = ""
        if self.veiled if layer is None else layer in self.veiled:
            column = "own" if own else "class"
            clauses += f" AND {dot}vid NOT IN (SELECT vid FROM secret WHERE {column} > {int(self.clearance)})"
        inside = f"{dot}vid IN ({self._members('feature')})"
        if layer is None and self.bounded:
            clauses += f" AND ({dot}layer NOT IN ({', '.join(map(str, self.bounded))}) OR {inside})"
        elif layer in self.bounded:
            clauses += f" AND {inside}"
        return clauses

    def grids_sql(self) -> str:
        """As :meth:`rows_sql`, for rows of ``raster``."""
        if not self.bounded:
            return ""
        ids = ", ".join(map(str, self.bounded))
        return f" AND (layer NOT IN ({ids}) OR id IN ({self._members('raster')}))"

    def things_sql(self, layer: str, uid: str) -> str:
        """A clause for things, by columns: those of which the viewer may see every version of the feature."""
        clauses = ["true"]
        if self.veiled:
            hidden = f"SELECT layer, fid FROM secret WHERE class > {int(self.clearance)}"
            clauses.append(f"({layer}, {uid}) NOT IN ({hidden})")
        if self.bounded:
            ids = ", ".join(map(str, self.bounded))
            inside = (
                f"SELECT layer, fid FROM feature WHERE layer IN ({ids}) AND recorded_to = {OPEN_END} "
                f"GROUP BY layer, fid HAVING bool_and(vid IN ({self._members('feature')}))"
            )
            clauses.append(f"({layer} NOT IN ({ids}) OR ({layer}, {uid}) IN ({inside}))")
        return " AND ".join(clauses)

    def _members(self, kind: str) -> str:
        # The key is a hash of our own making, never the caller's text.
        return f"SELECT id FROM area_member WHERE area = '{self.policy.rule.area_key}' AND kind = '{kind}'"

    @property
    def clearance(self) -> Secrecy:
        """Up to which class the viewer sees rows."""
        return self.policy.rule.clearance

    def known_sql(self, alias: str = "") -> str:
        """Rows known at ``known`` (a trusted integer, not user text)."""
        dot = f"{alias}." if alias else ""
        return f"{dot}recorded_from <= {self.known} AND {dot}recorded_to > {self.known}"


class Part:
    """Base of the store's parts."""

    db: Database
    known_layers: dict[str, KnownLayer]
    policies: Policies
    _by_role: Mapping[Role, Policy]

    def moment(self, view: View) -> Moment:
        """Resolve a View for use in SQL."""
        resolved = self.db.resolve(view)
        assert resolved.at is not None
        assert resolved.known_at is not None
        at, known, policy = to_us(resolved.at), to_us(resolved.known_at), self.policy(view.viewer)
        if policy.sees_everything:
            return Moment(at, known, policy)
        # Read after the moment is fixed: what a later commit hides or shows is recorded after `known`.
        return Moment(at, known, policy, self.veiled(policy, self.db.read), self._bounded(policy))

    def policy(self, viewer: Viewer) -> Policy:
        """The policy of a viewer."""
        return self._by_role[viewer.role]

    def load_policies(self) -> None:
        """Read the policies in force."""
        self.use_policies(self.read_policies(self.db.read))

    @staticmethod
    def read_policies(read: _Read) -> Policies:
        """The policies in the current record, or those built in."""
        rows = read(
            f"SELECT version, body FROM record WHERE kind = '{KIND}' AND key = '{CURRENT}' AND recorded_to = {OPEN_END}"
        )
        return policies_from_json(loads(rows[0][1]).get("policy"), int(rows[0][0])) if rows else DEFAULT

    def use_policies(self, policies: Policies) -> None:
        """Let every read from now on see what these say."""
        self.policies, self._by_role = policies, {role: policies.of(Viewer("", role)) for role in Role}

    def policy_written(self, tx: Transaction, ops: Sequence[RecordOp]) -> None:
        """Hook for operations on records that may hold the policy."""

    @staticmethod
    def veiled(policy: Policy, read: _Read) -> frozenset[int]:
        """Layers of which some rows are, or were, above a viewer's clearance."""
        clearance = int(policy.rule.clearance)
        rows = read(
            f"SELECT layer FROM secret WHERE class > {clearance} "
            f"UNION SELECT layer FROM veil WHERE low <= {clearance} AND high > {clearance}"
        )
        return frozenset(layer for (layer,) in rows)

    def _bounded(self, policy: Policy) -> frozenset[int]:
        return frozenset(k.id for k in list(self.known_layers.values()) if policy.limits_area(k.layer))

    def load_layers(self) -> None:
        """Read the current layer descriptions."""
        rows = self.db.read(f"SELECT id, body FROM layer WHERE recorded_to = {OPEN_END}")
        found = [KnownLayer(i, layer_from_json(json.loads(body))) for i, body in rows]
        self.known_layers = {k.layer.name: k for k in found}

    def existing(self, name: str) -> KnownLayer:
        """A layer by name, for writers; NotFoundError if there is none."""
        known = self.known_layers.get(name)
        if known is None:
            raise no_layer(name)
        return known

    def visible(self, name: str, policy: Policy) -> KnownLayer:
        """A layer the viewer may see; the error for a hidden one is that for one that never was."""
        known = self.known_layers.get(name)
        if known is None or not policy.sees_layer(known.layer):
            raise no_layer(name)
        return known

    def visible_layers(self, policy: Policy) -> dict[int, Layer]:
        """All layers the viewer may see, by number."""
        return {k.id: k.layer for k in self.known_layers.values() if policy.sees_layer(k.layer)}

    def hidden_layers_sql(self, policy: Policy, column: str) -> str:
        """Clause that leaves out rows of layers the viewer may not see (numbers are ours)."""
        ids = sorted(self.visible_layers(policy))
        return f"{column} IN ({', '.join(map(str, ids))})" if ids else "false"

    def add_source_row(self, tx: Transaction, source: Source) -> int:
        """Store provenance within a commit; its id becomes the commit's source.

        A connector writes batch after batch: it is stored once and named again.
        """
        if source.kind == "connector":
            known = tx.rows(
                "SELECT id FROM source WHERE kind = 'connector' AND name = ? AND report = ? ORDER BY id LIMIT 1",
                [source.name, dump(source.report)],
            )
            if known:
                tx.source = int(known[0][0])
                return tx.source
        number = tx.next_id("source")
        tx.append(
            "source",
            [
                {
                    "id": number,
                    "kind": source.kind,
                    "name": source.name,
                    "sha256": source.sha256,
                    "crs_given": source.crs_given,
                    "crs_used": source.crs_used,
                    "decision": source.decision,
                    "actor": source.actor,
                    "report": dump(source.report),
                    "recorded_at": tx.recorded_at,
                }
            ],
        )
        tx.source = number
        return number

    def report_commit(self, tx: Transaction, source: Source, commit: Commit) -> None:
        """Complete the report of a commit's source with what the commit did; a connector's is for many commits."""
        if source.report and source.kind != "connector":
            done: dict[str, Json] = {
                "stored": commit.stored,
                "revised": commit.revised,
                "duplicate": commit.duplicate,
                "ended": commit.ended,
            }
            tx.execute("UPDATE source SET report = ? WHERE id = ?", [dump({**source.report, **done}), tx.source])


COUNTS = ("received", "stored", "revised", "duplicate", "quarantined")


def count(tx: Transaction, connector: str, receipt: IngestReceipt) -> None:
    """Add to a connector's totals, with the same commit as what is counted."""
    # One row a commit would grow without end: the connector's row of the same minute is added to.
    minute = tx.recorded_at // 60_000_000 * 60_000_000
    values = [getattr(receipt, c) for c in COUNTS]
    added = tx.rows(
        f"UPDATE counter SET {', '.join(f'{c} = {c} + ?' for c in COUNTS)}, recorded_at = ? "
        "WHERE connector = ? AND recorded_at >= ? RETURNING 1",
        [*values, tx.recorded_at, connector, minute],
    )
    if not added:
        tx.execute("INSERT INTO counter VALUES (?, ?, ?, ?, ?, ?, ?)", [connector, *values, tx.recorded_at])


def commit_of(tx: Transaction, **counts: int) -> Commit:
    """The receipt of a commit."""
    tx.counts = counts
    return Commit(tx.seq, from_us(tx.recorded_at), source=tx.source, **counts)


def no_layer(name: str) -> NotFoundError:
    """The one error for a layer that does not exist, or not for this viewer."""
    return NotFoundError(f"there is no layer {name!r}", hint="The list of layers is at /app/layers, or: twin layers.")


def folded(expression: str) -> str:
    """SQL that folds case and diacritics of a text expression, đ included."""
    return f"replace(lower(strip_accents({expression})), 'đ', 'd')"


def loads(text: str | None) -> Any:
    """JSON text from the tables, ``None`` for NULL."""
    return None if text is None else json.loads(text)


def now_us() -> int:
    """The wall clock, for what is not versioned."""
    return wall_us()
