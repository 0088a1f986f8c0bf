"""Records and logs in the embedded store. See :mod:`twin.model.record` for what they promise."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from twin.errors import ConflictError, InternalError, NotFoundError, ParameterError
from twin.model.layer import Commit, Source
from twin.model.record import (
    GENESIS,
    KINDS,
    Append,
    Condition,
    Drop,
    Entry,
    Expect,
    ExpectFeatures,
    Put,
    Range,
    Record,
    RecordOp,
    chain,
    check_member,
)
from twin.model.time import OPEN_END, from_us, to_us
from twin.store.base import FileMention
from twin.store.embedded.database import Transaction, dump
from twin.store.embedded.part import Part, commit_of, folded, loads
from twin.types import Json

_COLUMNS = "kind, key, version, body, recorded_from, recorded_to"
_MANY = 8
"""So many new records are written at once rather than one by one."""
_CURRENT = f"recorded_to = {OPEN_END}"
_WRITING = frozenset(
    {
        "put_info",
        "put_layer",
        "write_features",
        "put_rasters",
        "put_link_rule",
        "register_things",
        "record_observations",
        "create_entities",
        "add_source",
    }
)

_LAYER = "'layer:' || (SELECT max(layer.name) FROM layer WHERE layer.id = {table}.layer)"
_HASHES = "unnest(regexp_extract_all(body::VARCHAR, '[0-9a-f]{64}'))"
_MENTIONS = f"""
SELECT DISTINCT file, {_LAYER.format(table="raster")}, true FROM raster
UNION SELECT digest, 'layer:' || (SELECT max(name) FROM layer WHERE id = found.layer), true FROM (
    SELECT layer, unnest(regexp_extract_all(properties::VARCHAR, '_file":"([0-9a-f]{{64}})"', 1)) AS digest
    FROM feature WHERE contains(properties::VARCHAR, '_file":"')
) found
UNION SELECT json_extract_string(body, '$.digest'), json_extract_string(body, '$.by'), true FROM record
    WHERE kind = 'file_use' AND {_CURRENT}
UNION SELECT {_HASHES}, kind || ':' || key, false FROM record WHERE kind NOT IN ('file', 'file_use', 'data_key')
UNION SELECT {_HASHES}, 'log:' || log, false FROM entry WHERE log NOT IN ('audit', 'forgotten')
"""

_Sql = tuple[str, list[object]]


class RecordPart(Part):
    """Versioned records and hash-chained logs."""

    def write_records(self, ops: Sequence[RecordOp], source: Source | None = None) -> Commit:
        """See :meth:`twin.store.base.Store.write_records`."""
        with self.db.transaction() as tx:
            if source is not None:
                self.add_source_row(tx, source)
            self._apply(tx, ops)
        return commit_of(tx)

    def along(self, ops: Sequence[RecordOp], method: str, /, *args: object, **kwargs: object) -> Any:
        """See :meth:`twin.store.base.Store.along`."""
        if method not in _WRITING:
            raise InternalError(f"{method!r} is no method that writes")
        with self.db.along(lambda tx: self._apply(tx, ops)):
            return getattr(self, method)(*args, **kwargs)

    def _apply(self, tx: Transaction, ops: Sequence[RecordOp]) -> None:
        apply(tx, ops)
        self.policy_written(tx, ops)

    def record(self, kind: str, key: str, *, known_at: datetime | None = None) -> Record:
        """See :meth:`twin.store.base.Store.record`."""
        rows = self.db.read(
            f"SELECT {_COLUMNS} FROM record WHERE kind = ? AND key = ? AND {_known(kind, known_at)}", [kind, key]
        )
        if not rows:
            raise NotFoundError(f"there is no {kind} {key!r}")
        return _record(rows[0])

    def records(
        self,
        kind: str,
        *,
        where: Mapping[str, Condition] | None = None,
        text: str = "",
        known_at: datetime | None = None,
        order: str = "key",
        descending: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Record]:
        """See :meth:`twin.store.base.Store.records`."""
        clause, values = _where(kind, where or {}, text, known_at)
        column = {"key": "key", "recorded": "recorded_from"}.get(order) or _member(order)
        page = f"LIMIT {int(limit)} OFFSET {int(offset)}" if limit is not None else f"OFFSET {int(offset)}"
        sort = f"{column} {'DESC' if descending else 'ASC'}"
        rows = self.db.read(f"SELECT {_COLUMNS} FROM record WHERE {clause} ORDER BY {sort}, key {page}", values)
        return [_record(row) for row in rows]

    def count_records(
        self,
        kind: str,
        *,
        where: Mapping[str, Condition] | None = None,
        text: str = "",
        known_at: datetime | None = None,
    ) -> int:
        """See :meth:`twin.store.base.Store.count_records`."""
        clause, values = _where(kind, where or {}, text, known_at)
        return int(self.db.read(f"SELECT count(*) FROM record WHERE {clause}", values)[0][0])

    def record_history(self, kind: str, key: str) -> list[Record]:
        """See :meth:`twin.store.base.Store.record_history`."""
        rows = self.db.read(f"SELECT {_COLUMNS} FROM record WHERE kind = ? AND key = ? ORDER BY version", [kind, key])
        return [_record(row) for row in rows]

    def entries(
        self,
        log: str,
        *,
        after: int = 0,
        before: int | None = None,
        actor: str | None = None,
        object: str | None = None,  # noqa: A002  as in Entry
        start: datetime | None = None,
        end: datetime | None = None,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> list[Entry]:
        """See :meth:`twin.store.base.Store.entries`."""
        clauses, values = ["log = ?", "number > ?"], [log, after]
        for clause, value in (
            ("number < ?", before),
            ("actor = ?", actor),
            ("object = ?", object),
            ("recorded_at >= ?", None if start is None else to_us(start)),
            ("recorded_at <= ?", None if end is None else to_us(end)),
        ):
            if value is not None:
                clauses.append(clause)
                values.append(value)
        rows = self.db.read(
            "SELECT log, number, recorded_at, actor, object, body, hash FROM entry "
            f"WHERE {' AND '.join(clauses)} ORDER BY number {'DESC' if newest_first else 'ASC'}"
            + (f" LIMIT {int(limit)}" if limit is not None else ""),
            values,
        )
        return [Entry(log, n, from_us(t), who, what, loads(body), mark) for log, n, t, who, what, body, mark in rows]

    def file_mentions(self) -> list[FileMention]:
        """See :meth:`twin.store.base.Store.file_mentions`."""
        return [FileMention(*row) for row in self.db.read(_MENTIONS)]


def apply(tx: Transaction, ops: Sequence[RecordOp]) -> None:
    """Carry out operations within a commit, in their order."""
    fresh = _put_fresh(tx, ops)
    for op in ops:
        match op:
            case Put():
                if id(op) not in fresh:
                    _put(tx, op)
            case Drop():
                _drop(tx, op)
            case Expect():
                _check(tx, op)
            case Append(with_commit=True):
                tx.before_commit.append(functools.partial(_append_done, tx, op))
            case Append():
                _append(tx, op)
            case ExpectFeatures():
                _check_features(tx, op)
    if any(isinstance(op, Put | Drop) and KINDS[op.kind].announced for op in ops):
        tx.touch("record")


def _put_fresh(tx: Transaction, ops: Sequence[RecordOp]) -> set[int]:
    """Write records there never were all at once, if they are many; the ``id`` of each operation done."""
    puts = [op for op in ops if isinstance(op, Put)]
    named = {(op.kind, op.key) for op in ops if isinstance(op, Put | Drop | Expect)}
    if len(puts) < _MANY or len(named) < len([op for op in ops if isinstance(op, Put | Drop | Expect)]):
        return set()  # few, or several about one record, whose order counts
    marks = ", ".join("?" * len(puts))
    known = tx.rows(f"SELECT DISTINCT kind, key FROM record WHERE key IN ({marks})", [op.key for op in puts])
    fresh = [op for op in puts if (op.kind, op.key) not in set(known)]
    for op in fresh:
        _seen(op.kind, op.key, op.expect, 0)
    tx.append(
        "record",
        [
            {
                "kind": op.kind,
                "key": op.key,
                "version": 1,
                "body": _text(op.body, f"{op.kind} {op.key}"),
                "recorded_from": tx.recorded_at,
                "recorded_to": OPEN_END,
            }
            for op in fresh
        ],
    )
    return {id(op) for op in fresh}


def _newest(tx: Transaction, kind: str, key: str) -> tuple[int, bool]:
    """Number of the newest version there ever was (0: none), and whether it is current."""
    rows = tx.rows(
        f"SELECT version, {_CURRENT} FROM record WHERE kind = ? AND key = ? ORDER BY version DESC LIMIT 1", [kind, key]
    )
    return (int(rows[0][0]), bool(rows[0][1])) if rows else (0, False)


def _seen(kind: str, key: str, expect: int | None, current: int) -> None:
    if expect is not None and expect != current:
        there = f"version {current}" if current else "none"
        seen = f"version {expect}" if expect else "none"
        raise ConflictError(
            f"{kind} {key!r} has changed meanwhile: {seen} was seen, there is {there}",
            hint="Read it again and repeat what still holds.",
        )


def _put(tx: Transaction, op: Put) -> None:
    newest, is_current = _newest(tx, op.kind, op.key)
    _seen(op.kind, op.key, op.expect, newest if is_current else 0)
    body = _text(op.body, f"{op.kind} {op.key}")
    if newest and not KINDS[op.kind].keeps_history:
        tx.execute(
            f"UPDATE record SET version = ?, body = ?, recorded_from = ?, recorded_to = {OPEN_END} "
            "WHERE kind = ? AND key = ?",
            [newest + 1, body, tx.recorded_at, op.kind, op.key],
        )
        return
    if is_current:
        _close(tx, op.kind, op.key)
    tx.execute(
        "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)", [op.kind, op.key, newest + 1, body, tx.recorded_at, OPEN_END]
    )


def _drop(tx: Transaction, op: Drop) -> None:
    newest, is_current = _newest(tx, op.kind, op.key)
    _seen(op.kind, op.key, op.expect, newest if is_current else 0)
    if KINDS[op.kind].keeps_history:
        _close(tx, op.kind, op.key)
    else:
        tx.execute("DELETE FROM record WHERE kind = ? AND key = ?", [op.kind, op.key])


def _close(tx: Transaction, kind: str, key: str) -> None:
    tx.execute(
        f"UPDATE record SET recorded_to = ? WHERE kind = ? AND key = ? AND {_CURRENT}", [tx.recorded_at, kind, key]
    )


def _check(tx: Transaction, op: Expect) -> None:
    rows = tx.rows(f"SELECT version, body FROM record WHERE kind = ? AND key = ? AND {_CURRENT}", [op.kind, op.key])
    version, body = (int(rows[0][0]), loads(rows[0][1])) if rows else (0, {})
    _seen(op.kind, op.key, op.version, version)
    for name, value in op.values.items():
        if body.get(name) != value:
            raise ConflictError(
                f"{op.kind} {op.key!r} has changed meanwhile: {name} is {body.get(name)!r}, not {value!r}",
                hint="Read it again and repeat what still holds.",
            )


def _append_done(tx: Transaction, op: Append) -> None:
    """Append an entry that says what its commit did; the last thing before it."""
    done: dict[str, Json] = {"seq": tx.seq, "source": tx.source, **tx.counts}
    _append(tx, replace(op, body={**op.body, "commit": done}))


def _check_features(tx: Transaction, op: ExpectFeatures) -> None:
    since = to_us(op.since)
    # Nothing of this commit is looked at: what it writes itself is recorded at its own time.
    rows = tx.rows(
        f"SELECT DISTINCT fid FROM feature WHERE layer IN (SELECT id FROM layer WHERE name = ?) "
        f"AND fid IN (SELECT unnest(?)) AND recorded_from < {tx.recorded_at} "
        f"AND (recorded_from > {since} OR (recorded_to > {since} AND recorded_to < {tx.recorded_at})) ORDER BY fid",
        [op.layer, list(op.fids)],
    )
    if rows:
        raise ConflictError(
            f"{op.layer}/{rows[0][0]} has changed meanwhile",
            where=op.layer,
            hint="Look at what it says now, and decide again.",
        )


def _append(tx: Transaction, op: Append) -> None:
    rows = tx.rows("SELECT number, hash FROM entry WHERE log = ? ORDER BY number DESC LIMIT 1", [op.log])
    number, before = rows[0] if rows else (0, GENESIS)
    if op.expect is not None and op.expect != number:
        raise ConflictError(
            f"{op.log!r} has changed meanwhile: {op.expect} entries were seen, there are {number}",
            hint="Read it again and repeat what still holds.",
        )
    text = _text(op.body, op.log)
    mark = chain(
        before,
        log=op.log,
        number=number + 1,
        recorded_at=from_us(tx.recorded_at),
        actor=op.actor,
        object=op.object,
        body=loads(text),
    )
    tx.execute(
        "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)",
        [op.log, number + 1, tx.recorded_at, op.actor, op.object, text, mark],
    )


def _text(body: dict[str, Json], where: str) -> str:
    try:
        return dump(body)
    except (TypeError, ValueError) as exc:
        raise ParameterError(f"what is to be kept is not JSON: {exc}", where=where) from exc


def _known(kind: str, known_at: datetime | None) -> str:
    if known_at is None:
        return _CURRENT
    if kind in KINDS and not KINDS[kind].keeps_history:
        raise ParameterError(f"earlier versions of a {kind} are not kept", where="known_at")
    known = to_us(known_at)
    return f"recorded_from <= {known} AND recorded_to > {known}"


def _member(name: str) -> str:
    return f"json_extract_string(body, '$.{check_member(name)}')"


def _where(kind: str, where: Mapping[str, Condition], text: str, known_at: datetime | None) -> _Sql:
    clauses, values = [f"kind = ? AND {_known(kind, known_at)}"], [kind]
    found: list[object] = list(values)
    for name, condition in where.items():
        clause, more = _condition(name, condition)
        clauses.append(clause)
        found += more
    if text:
        clauses.append(f"contains({folded('body::VARCHAR')}, {folded('?')})")
        found.append(text)
    return " AND ".join(clauses), found


def _condition(name: str, condition: Condition) -> _Sql:
    member = _member(name)
    match condition:
        case Range(low, high):
            return _range(member, low, high)
        case list() | tuple():
            parts = [_condition(name, value) for value in condition]
            return f"({' OR '.join(c for c, _ in parts) or 'false'})", [v for _, found in parts for v in found]
        case None:
            return f"{member} IS NULL", []
        case _:
            # A list of the body meets each value it holds.
            return f"json_contains(json_extract(body, '$.{name}'), ?::JSON)", [dump(condition)]


def _range(member: str, low: str | float | None, high: str | float | None) -> _Sql:
    clauses: list[str] = ["true"]
    values: list[object] = []
    for sign, bound in ((">=", low), ("<=", high)):
        if bound is not None:
            side = member if isinstance(bound, str) else f"TRY_CAST({member} AS DOUBLE)"
            clauses.append(f"{side} {sign} ?")
            values.append(bound)
    if low is None and high is None:
        clauses.append(f"{member} IS NOT NULL")
    return f"({' AND '.join(clauses)})", values


def _record(row: tuple[Any, ...]) -> Record:
    kind, key, version, body, since, until = row
    return Record(kind, key, version, loads(body), from_us(since), None if until == OPEN_END else from_us(until))
