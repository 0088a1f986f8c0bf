"""What another policy would change, counted on the rows themselves and then taken back."""

from __future__ import annotations

from dataclasses import dataclass

from twin.model.layer import Layer
from twin.model.policy import Policies, Policy
from twin.model.policy import from_json as policies_from_json
from twin.model.record import Body
from twin.model.time import OPEN_END
from twin.model.view import Role, Viewer
from twin.store.base import AccessChange, Rehearsal
from twin.store.embedded.database import Transaction, dump
from twin.store.embedded.part import Moment
from twin.store.embedded.sight import SightPart
from twin.types import BBox

_CURRENT = f"recorded_to = {OPEN_END}"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one role sees: its policy, and the number under which its rows stand in the table ``seen``."""

    policy: Policy
    number: int


class RehearsalPart(SightPart):
    """Tries policies."""

    def rehearse_policy(self, policy: Body) -> Rehearsal:
        """See :meth:`twin.store.base.Store.rehearse_policy`."""
        fresh = policies_from_json(policy)
        layers = {known.id: known.layer for known in self.known_layers.values()}
        with self.db.rehearsal() as tx:
            tx.execute("CREATE TEMP TABLE seen (number INTEGER, layer INTEGER, fid VARCHAR)")
            before = self._look(tx, self.policies, layers, 0)
            self.judge_all(tx, fresh)
            after = self._look(tx, fresh, layers, len(Role))
            changes = [
                change
                for role in Role
                for change in (
                    *_rows_changed(tx, role, before[role], after[role], layers),
                    *_attributes_changed(tx, role, before[role], after[role], layers),
                )
            ]
            boxes = _extents(tx)
        changes.sort(key=lambda c: (list(Role).index(c.role), c.layer.group, c.layer.order, c.layer.name, c.attribute))
        return Rehearsal(tuple((layer, boxes.get(number)) for number, layer in layers.items()), tuple(changes))

    def _look(self, tx: Transaction, policies: Policies, layers: dict[int, Layer], first: int) -> dict[Role, _Seen]:
        """Put down what each role sees; roles that see the same share a number."""
        found: dict[Role, _Seen] = {}
        by_key: dict[str, _Seen] = {}
        for number, role in enumerate(Role, first):
            policy = policies.of(Viewer("", role))
            if policy.key not in by_key:
                by_key[policy.key] = _Seen(policy, number)
                self._put_down(tx, policy, layers, number)
            found[role] = by_key[policy.key]
        return found

    def _put_down(self, tx: Transaction, policy: Policy, layers: dict[int, Layer], number: int) -> None:
        seen = [i for i, layer in layers.items() if policy.sees_layer(layer)]
        if not seen:
            return
        bounded = frozenset(i for i in seen if policy.limits_area(layers[i]))
        moment = Moment(0, 0, policy, self.veiled(policy, tx.rows), bounded)
        chosen = f"{_CURRENT} AND layer IN ({', '.join(map(str, seen))})"
        tx.execute(
            f"INSERT INTO seen SELECT DISTINCT {number}, layer, fid FROM feature WHERE {chosen} {moment.rows_sql()} "
            f"UNION ALL SELECT {number}, layer, CAST(id AS VARCHAR) FROM raster WHERE {chosen} {moment.grids_sql()}"
        )


def _rows_changed(
    tx: Transaction, role: Role, before: _Seen, after: _Seen, layers: dict[int, Layer]
) -> list[AccessChange]:
    gains, loses = _only(tx, after.number, before.number), _only(tx, before.number, after.number)
    found = []
    for number, layer in layers.items():
        was, now = before.policy.sees_layer(layer), after.policy.sees_layer(layer)
        more, fewer = gains.get(number, 0), loses.get(number, 0)
        if more or fewer or was != now:
            found.append(AccessChange(role, layer, more, fewer, before=was, after=now))
    return found


def _only(tx: Transaction, here: int, there: int) -> dict[int, int]:
    """How many rows of each layer are seen here and not there."""
    rows = tx.rows(
        f"SELECT layer, count(*) FROM (SELECT layer, fid FROM seen WHERE number = {here} "
        f"EXCEPT SELECT layer, fid FROM seen WHERE number = {there}) GROUP BY layer"
    )
    return {int(layer): int(count) for layer, count in rows}


def _attributes_changed(
    tx: Transaction, role: Role, before: _Seen, after: _Seen, layers: dict[int, Layer]
) -> list[AccessChange]:
    """Attributes of layers seen under both; with a layer its attributes come and go."""
    found = []
    for number, layer in layers.items():
        if not (before.policy.sees_layer(layer) and after.policy.sees_layer(layer)):
            continue
        was, now = set(before.policy.hidden(layer)), set(after.policy.hidden(layer))
        found += [AccessChange(role, layer, _holding(tx, after, number, a), 0, a) for a in sorted(was - now)]
        found += [AccessChange(role, layer, 0, _holding(tx, before, number, a), a) for a in sorted(now - was)]
    return found


def _holding(tx: Transaction, seen: _Seen, layer: int, attribute: str) -> int:
    """How many features that are seen hold an attribute."""
    ((count,),) = tx.rows(
        f"SELECT count(DISTINCT fid) FROM feature WHERE {_CURRENT} AND layer = {layer} "
        "AND json_extract_string(properties, ?) IS NOT NULL "
        f"AND fid IN (SELECT fid FROM seen WHERE number = {seen.number} AND layer = {layer})",
        [f"$.{dump(attribute)}"],
    )
    return int(count)


def _extents(tx: Transaction) -> dict[int, BBox]:
    rows = tx.rows(
        "SELECT layer, min(west), min(south), max(east), max(north) FROM "
        f"(SELECT layer, west, south, east, north FROM feature WHERE {_CURRENT} UNION ALL "
        f"SELECT layer, west, south, east, north FROM raster WHERE {_CURRENT}) WHERE west IS NOT NULL GROUP BY layer"
    )
    return {int(layer): BBox(*box) for layer, *box in rows}
