"""Provenance, changes for live listeners, health and backup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twin.errors import ConflictError, NotFoundError
from twin.model.layer import Source
from twin.model.policy import Policy
from twin.model.record import KINDS
from twin.model.thing import ResultType
from twin.model.time import OPEN_END, from_us
from twin.model.view import View, Viewer
from twin.store.base import Change
from twin.store.codec import layer_from_json
from twin.store.embedded.links import LinkPart
from twin.store.embedded.observations import decode_result
from twin.store.embedded.part import Moment, loads
from twin.types import Json, Quality, format_time

_SOURCE = "id, kind, name, sha256, crs_given, crs_used, decision, actor, report, recorded_at"


class JournalPart(LinkPart):
    """Sources, changes, checks."""

    def add_source(self, source: Source) -> Source:
        """See :meth:`twin.store.base.Store.add_source`."""
        with self.db.transaction() as tx:
            number = self.add_source_row(tx, source)
            tx.touch("source")
        rows = self.db.read(f"SELECT {_SOURCE} FROM source WHERE id = ?", [number])
        return _source(rows[0])

    def source(self, view: View, source_id: int) -> Source:
        """See :meth:`twin.store.base.Store.source`."""
        moment = self.moment(view)
        rows = self.db.read(
            f"SELECT {_SOURCE} FROM source WHERE id = ? AND recorded_at <= {moment.known} AND {self._seen(moment)}",
            [source_id, *_own(moment, view)],
        )
        if not rows:
            raise NotFoundError(f"there is no source {source_id}")
        return _for(_source(rows[0]), moment.policy, view.viewer)

    def sources(self, view: View, *, kind: str | None = None, limit: int = 50) -> list[Source]:
        """See :meth:`twin.store.base.Store.sources`."""
        moment = self.moment(view)
        rows = self.db.read(
            f"SELECT {_SOURCE} FROM source WHERE recorded_at <= {moment.known} AND {self._seen(moment)} "
            f"{'AND kind = ?' if kind else ''} ORDER BY id DESC LIMIT {int(limit)}",
            [*_own(moment, view), *([kind] if kind else [])],
        )
        return [_for(_source(row), moment.policy, view.viewer) for row in rows]

    def _seen(self, moment: Moment) -> str:
        """Whoever does not see all sees the sources of what they see.

        These are sources of commits that touched only layers they may see, and something in them that they may see.
        Staff see what they brought themselves.
        """
        if moment.policy.sees_everything:
            return "true"
        internal = "true" if moment.policy.sees_internals else "t.layer <> 0"
        visible = self.hidden_layers_sql(moment.policy, "t.layer")
        own = "actor = ? OR" if moment.policy.sees_internals else ""
        return (
            f"({own} id IN (SELECT c.source FROM commit_log c JOIN commit_touch t ON t.seq = c.seq GROUP BY c.source "
            f"HAVING bool_and({internal} AND (t.layer = 0 OR {visible}))) {_seen_rows(moment)})"
        )

    def last_seq(self) -> int:
        """See :meth:`twin.store.base.Store.last_seq`."""
        return self.db.seq

    def wait_for_commit(self, after: int, timeout_s: float) -> int:
        """See :meth:`twin.store.base.Store.wait_for_commit`."""
        return self.db.wait(after, timeout_s)

    def changes(self, view: View, after: int, *, limit: int = 1000) -> list[Change]:
        """See :meth:`twin.store.base.Store.changes`."""
        moment = self.moment(view)
        visible = self.visible_layers(moment.policy)
        shown = self.hidden_layers_sql(moment.policy, "layer")
        internal = " OR layer = 0" if moment.policy.sees_internals else ""
        rows = self.db.read(
            f"SELECT seq, kind, layer, recorded_at FROM commit_touch WHERE seq > ? AND recorded_at <= {moment.known} "
            f"AND ({shown}{internal}) ORDER BY seq, kind, layer LIMIT {int(limit)}",
            [after],
        )
        found = []
        for seq, kind, layer, recorded_at in rows:
            items = self._items(kind, layer, recorded_at, moment)
            if not items and moment.limits(layer) and not self._changed_for(kind, layer, recorded_at, moment):
                continue
            if kind == "layer" and not self._described_anew(layer, recorded_at, moment):
                continue
            name = visible[layer].name if layer in visible else ""
            found.append(Change(seq, from_us(recorded_at), kind, name, tuple(items)))
        return found

    def _changed_for(self, kind: str, layer: int, recorded_at: int, moment: Moment) -> bool:
        """Whether a commit changed something for a viewer although nothing of it can be named to them."""
        if kind not in {"feature", "event"}:
            return kind != "observation"
        # A row they saw is hidden now.
        clearance = int(moment.clearance)
        return bool(
            self.db.read(
                f"SELECT 1 FROM veil WHERE layer = {layer} AND recorded_at = {recorded_at} AND low <= {clearance} "
                f"AND high > {clearance} UNION ALL SELECT 1 FROM feature WHERE layer = {layer} "
                f"AND (recorded_from = {recorded_at} OR recorded_to = {recorded_at}) "
                f"{moment.rows_sql(layer, own=True)} LIMIT 1"
            )
        )

    def _described_anew(self, layer: int, recorded_at: int, moment: Moment) -> bool:
        """Whether a commit changed what a viewer is told of a layer, or of the links from it."""
        if moment.policy.sees_everything:
            return True
        rows = self.db.read(
            f"SELECT body FROM layer WHERE id = {layer} AND {recorded_at} IN (recorded_from, recorded_to)"
        )
        told = [moment.policy.shown(layer_from_json(loads(body))) for (body,) in rows]
        if any(one != told[0] for one in told[1:]) or len(told) == 1:
            return True
        rules = (
            f"SELECT 1 FROM link_rule WHERE from_layer = {layer} AND {recorded_at} IN (recorded_from, recorded_to) "
            f"AND {self.hidden_layers_sql(moment.policy, 'to_layer')} LIMIT 1"
        )
        return bool(self.db.read(rules))

    def _items(self, kind: str, layer: int, recorded_at: int, moment: Moment) -> list[dict[str, Json]]:
        if kind in {"feature", "event"}:
            rows = self.db.read(
                "SELECT DISTINCT fid FROM feature WHERE layer = ? AND (recorded_from = ? OR recorded_to = ?) "
                f"{moment.rows_sql(layer)} ORDER BY fid LIMIT 1000",
                [layer, recorded_at, recorded_at],
            )
            return [{"fid": fid} for (fid,) in rows]
        if kind == "record":
            changed = self.db.read(
                "SELECT DISTINCT kind, key FROM record WHERE recorded_from = ? OR recorded_to = ? "
                "ORDER BY kind, key LIMIT 1000",
                [recorded_at, recorded_at],
            )
            return [{"kind": k, "key": key} for k, key in changed if k in KINDS and KINDS[k].announced]
        if kind != "observation":
            return []
        rows = self.db.read(
            "SELECT d.id, d.uid, d.key, d.result_type, o.phenomenon_end, o.number, o.text, o.quality "
            f"FROM observation o JOIN datastream d ON d.id = o.datastream AND d.recorded_to = {OPEN_END} "
            f"WHERE o.recorded_from = ? AND d.layer = ? AND {moment.things_sql('d.layer', 'd.uid')} "
            "ORDER BY o.id LIMIT 5000",
            [recorded_at, layer],
        )
        name = next(k.layer.name for k in self.known_layers.values() if k.id == layer)
        return [
            {
                "datastream": number,
                "uid": uid,
                "layer": name,
                "key": key,
                "time": format_time(from_us(time)),
                "result": decode_result(value, text, ResultType(kind_)),
                "quality": Quality(quality).label,
            }
            for number, uid, key, kind_, time, value, text, quality in rows
        ]

    def check(self) -> dict[str, Json]:
        """See :meth:`twin.store.base.Store.check`."""
        problems: list[Json] = []
        for what, sql in _INVARIANTS.items():
            broken = self.db.read(sql)[0][0]
            if broken:
                problems.append(f"{what}: {broken}")
        tables = (
            "feature",
            "raster",
            "link",
            "thing",
            "datastream",
            "observation",
            "observation_history",
            "quarantine",
        )
        rows: dict[str, Json] = {t: self.db.read(f"SELECT count(*) FROM {t}")[0][0] for t in tables}
        size = self.db.path.stat().st_size
        return {"ok": not problems, "problems": problems, "rows": rows, "bytes": size, "commits": self.db.seq}

    def backup(self, folder: Path) -> None:
        """See :meth:`twin.store.base.Store.backup`."""
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ConflictError(f"{folder} is not empty", hint="Name a new folder for the backup.")
        self.db.copy_to(folder / "twin.duckdb")


_INVARIANTS = {
    "recorded times that do not grow with the commits": (
        "SELECT count(*) FROM (SELECT recorded_at <= lag(recorded_at) OVER (ORDER BY seq) AS bad FROM commit_log) "
        "WHERE bad"
    ),
    "features with overlapping current versions": (
        f"SELECT count(*) FROM (SELECT valid_from < lag(valid_to) OVER (PARTITION BY layer, fid ORDER BY valid_from) "
        f"AS bad FROM feature WHERE recorded_to = {OPEN_END}) WHERE bad"
    ),
    "observations that share a key": (
        "SELECT count(*) FROM (SELECT 1 FROM observation GROUP BY datastream, foi, phenomenon_start, phenomenon_end "
        "HAVING count(*) > 1)"
    ),
    "connectors whose counters do not add up": (
        "SELECT count(*) FROM (SELECT connector FROM counter GROUP BY connector "
        "HAVING sum(received) <> sum(stored + revised + duplicate + quarantined))"
    ),
    "observations of unknown datastreams": (
        "SELECT count(*) FROM observation WHERE datastream NOT IN (SELECT id FROM datastream)"
    ),
}


def _seen_rows(moment: Moment) -> str:
    """A clause for sources: something they brought, or a commit of theirs brought, is seen by the viewer."""
    limited = sorted(moment.veiled | moment.bounded)
    if not limited:
        return ""
    ids = ", ".join(map(str, limited))
    streams = f"SELECT id FROM datastream d WHERE {moment.things_sql('d.layer', 'd.uid')}"
    return (
        f"AND (id IN (SELECT c.source FROM commit_log c JOIN commit_touch t ON t.seq = c.seq "
        f"WHERE t.layer <> 0 AND t.layer NOT IN ({ids})) "
        f"OR id IN (SELECT source FROM feature WHERE true {moment.rows_sql()}) "
        f"OR id IN (SELECT source FROM raster WHERE true {moment.grids_sql()}) "
        "OR id IN (SELECT c.source FROM commit_log c JOIN observation o ON o.recorded_from = c.recorded_at "
        f"WHERE o.datastream IN ({streams})))"
    )


def _source(row: tuple[Any, ...]) -> Source:
    number, kind, name, sha256, given, used, decision, actor, report, recorded_at = row
    return Source(kind, name, sha256, given, used, decision, actor, loads(report), number, from_us(recorded_at))


def _own(moment: Moment, view: View) -> list[object]:
    """What :meth:`JournalPart._seen` binds."""
    limited = moment.policy.sees_internals and not moment.policy.sees_everything
    return [view.viewer.name] if limited else []


def _for(source: Source, policy: Policy, viewer: Viewer) -> Source:
    if policy.sees_everything or (policy.sees_internals and source.actor == viewer.name):
        return source
    return Source(
        source.kind,
        source.name,
        source.sha256,
        source.crs_given,
        source.crs_used,
        source.decision,
        source.actor if policy.sees_internals else "",
        {},
        source.id,
        source.recorded_at,
    )
