"""What the parts of the embedded store share: the database, known layers, provenance, clauses of time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from twin.errors import NotFoundError
from twin.model.layer import Commit, Layer, Source
from twin.model.policy import Policy, policy_of
from twin.model.thing import IngestReceipt
from twin.model.time import OPEN_END, from_us, to_us
from twin.model.view import View
from twin.store.codec import layer_from_json
from twin.store.embedded.database import Database, Transaction, dump, wall_us
from twin.types import Json


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

    def known_sql(self, alias: str = "") -> str:
        """Rows known at ``known`` (a trusted integer, not user text)."""
        dot = f"{alias}." if alias else ""
        return f"{dot}recorded_from <= {self.known} AND {dot}recorded_to > {self.known}"


class Part:
    """Base of the store's parts."""

    db: Database
    known_layers: dict[str, KnownLayer]

    def moment(self, view: View) -> Moment:
        """Resolve a View for use in SQL."""
        resolved = self.db.resolve(view)
        assert resolved.at is not None
        assert resolved.known_at is not None
        return Moment(to_us(resolved.at), to_us(resolved.known_at), policy_of(view.viewer))

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
