"""Writing features and events: versions on both clocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from twin.model.layer import Commit, FeatureChange, Layer, LayerKind, Source
from twin.model.thing import IngestReceipt
from twin.model.time import OPEN_END, end_us, to_us
from twin.store.embedded.database import Transaction
from twin.store.embedded.feature_content import Content, prepare, undeclared
from twin.store.embedded.layers import LayerPart
from twin.store.embedded.overlay import Piece, overlay, says_the_same
from twin.store.embedded.part import KnownLayer, commit_of, count


class FeatureWriting(LayerPart):
    """Writes features and events."""

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
        contents: Sequence[Content | None],
        *,
        only_if_changed: bool = False,
        end_missing_at: datetime | None = None,
        known: KnownLayer | None = None,
    ) -> Commit:
        """Write changes within a commit; ``contents`` come from :func:`prepare`.

        ``known`` is the layer where this commit makes it.
        """
        known = known or self.existing(layer)
        fresh_fields = undeclared(known.layer, changes)
        if fresh_fields:
            known = self.declare(tx, known, fresh_fields)
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
            changed = [f for f in after if before.get(f, []) != after[f]]
            self.judge_features(tx, known, changed)
            self.after_features(tx, known, changed)
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
        contents: Sequence[Content | None],
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


def _apply(
    pieces: list[Piece],
    change: FeatureChange,
    content: Content | None,
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


def _row(vid: int, layer: int, fid: str, piece: Piece, content: Content, tx: Transaction) -> dict[str, object]:
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
