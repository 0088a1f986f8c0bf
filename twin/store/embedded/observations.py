"""Observations: exactly once in, revisions kept, the state of any datastream at any time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from twin.errors import NotFoundError, SchemaError
from twin.model.layer import Source
from twin.model.thing import (
    Datastream,
    DatastreamState,
    IngestReceipt,
    Observation,
    ObservationIn,
    Quarantined,
    QuarantineIn,
    Result,
    ResultType,
    SeriesPoint,
)
from twin.model.time import OPEN_END, bound, end_us, from_us, start_us, to_us
from twin.model.view import View
from twin.store.embedded.database import Transaction, dump
from twin.store.embedded.part import COUNTS, Moment, count, loads
from twin.store.embedded.things import ThingPart
from twin.types import Freshness, LonLat, Quality

CONFLICTING = "conflicting"
_COLUMNS = (
    "id, datastream, foi, phenomenon_start, phenomenon_end, result_time, number, text, quality, reason, lon, lat, "
    "parameters, recorded_from"
)
_USABLE = ", ".join(str(int(q)) for q in (Quality.GOOD, Quality.UNCHECKED, Quality.ESTIMATED))


@dataclass(frozen=True, slots=True)
class _Stream:
    """What a writer needs to know of a datastream."""

    result_type: ResultType
    foi: int
    layer: int


@dataclass(slots=True)
class _Current:
    """The current row of a key while a batch is worked through."""

    row: dict[str, object]
    stored: bool
    """Whether the row stands in the table (else it is new in this batch)."""
    changed: bool = False


class ObservationPart(ThingPart):
    """Observations, latest values, series, quarantine and counters."""

    # -- writing ------------------------------------------------------------------------------------------------

    def record_observations(
        self,
        batch: Sequence[ObservationIn],
        source: Source,
        *,
        quarantine: Sequence[QuarantineIn] = (),
        replayed: Sequence[int] = (),
    ) -> IngestReceipt:
        """See :meth:`twin.store.base.Store.record_observations`."""
        with self.db.transaction() as tx:
            streams = self._streams(tx, {o.datastream for o in batch})
            rows = [self._row(o, streams) for o in batch]
            receipt = self._record_rows(tx, rows, [o.correction for o in batch])
            for layer in {streams[o.datastream].layer for o in batch}:
                tx.touch("observation", layer)
            receipt += self._quarantine(tx, quarantine)
            self._mark_replayed(tx, replayed)
            count(tx, source.name, receipt)
            return receipt

    def _streams(self, tx: Transaction, ids: set[int]) -> dict[int, _Stream]:
        rows = tx.rows(
            f"SELECT id, result_type, feature_of_interest, layer FROM datastream WHERE recorded_to = {OPEN_END} "
            "AND id IN (SELECT unnest(?))",
            [list(ids)],
        )
        return {i: _Stream(ResultType(kind), foi, layer) for i, kind, foi, layer in rows}

    @staticmethod
    def _row(o: ObservationIn, streams: dict[int, _Stream]) -> dict[str, object]:
        stream = streams.get(o.datastream)
        if stream is None:
            raise SchemaError(f"there is no datastream {o.datastream}", hint="Register the thing first.")
        start = to_us(o.phenomenon_start)
        end = start if o.phenomenon_end is None else to_us(o.phenomenon_end)
        if end < start:
            raise SchemaError(
                f"phenomenon ends before it begins ({o.phenomenon_start})", where=f"datastream {o.datastream}"
            )
        number, text = encode_result(o.result, stream.result_type, o.datastream)
        quality = Quality.MISSING if o.result is None else o.quality
        return {
            "id": 0,
            "datastream": o.datastream,
            "foi": stream.foi if o.feature_of_interest is None else o.feature_of_interest,
            "phenomenon_start": start,
            "phenomenon_end": end,
            "result_time": None if o.result_time is None else to_us(o.result_time),
            "number": number,
            "text": text,
            "quality": int(quality),
            "reason": o.reason,
            "lon": o.position.lon if o.position else None,
            "lat": o.position.lat if o.position else None,
            "parameters": None if o.parameters is None else dump(o.parameters),
        }

    def _record_rows(
        self, tx: Transaction, rows: Sequence[dict[str, object]], corrections: Sequence[bool]
    ) -> IngestReceipt:
        current = self._current(tx, rows)
        next_id = tx.next_id("observation")
        stored = revised = duplicate = 0
        history: list[dict[str, object]] = []
        for row, correction in zip(rows, corrections, strict=True):
            key = _key(row)
            known = current.get(key)
            if known is None:
                fresh = {**row, "id": next_id, "recorded_from": tx.recorded_at}
                current[key] = _Current(fresh, stored=False)
                next_id += 1
                stored += 1
            elif _result(known.row) == _result(row):
                duplicate += 1
            else:
                history.append({**known.row, "recorded_to": tx.recorded_at})
                known.row = {**_revision(row, correction), "id": known.row["id"], "recorded_from": tx.recorded_at}
                known.changed = True
                revised += 1
        tx.append("observation", [c.row for c in current.values() if not c.stored])
        for change in current.values():
            if change.stored and change.changed:
                self._replace(tx, change.row)
        tx.append("observation_history", history)
        return IngestReceipt(len(rows), stored, revised, duplicate, 0)

    @staticmethod
    def _current(tx: Transaction, rows: Sequence[dict[str, Any]]) -> dict[tuple[Any, ...], _Current]:
        """Rows that hold the batch's keys already."""
        if not rows:
            return {}
        starts = [r["phenomenon_start"] for r in rows]
        found = tx.rows(
            f"SELECT {_COLUMNS} FROM observation WHERE phenomenon_start BETWEEN ? AND ? "
            "AND datastream IN (SELECT unnest(?)) AND phenomenon_start IN (SELECT unnest(?))",
            [min(starts), max(starts), sorted({r["datastream"] for r in rows}), sorted(set(starts))],
        )
        names = _COLUMNS.split(", ")
        known = [dict(zip(names, values, strict=True)) for values in found]
        return {_key(row): _Current(row, stored=True) for row in known}

    @staticmethod
    def _replace(tx: Transaction, row: dict[str, object]) -> None:
        changed = [c for c in row if c != "id"]
        tx.execute(
            f"UPDATE observation SET {', '.join(f'{c} = ?' for c in changed)} WHERE id = ?",
            [*(row[c] for c in changed), row["id"]],
        )

    def _quarantine(self, tx: Transaction, messages: Sequence[QuarantineIn]) -> IngestReceipt:
        if not messages:
            return IngestReceipt()
        number = tx.next_id("quarantine")
        tx.append(
            "quarantine",
            [
                {
                    "id": number + i,
                    "connector": m.connector,
                    "topic": m.topic,
                    "payload": m.payload,
                    "reason": m.reason,
                    "received_at": to_us(m.received_at),
                    "device": m.device,
                    "readings": m.readings,
                    "recorded_at": tx.recorded_at,
                    "replayed_at": None,
                }
                for i, m in enumerate(messages)
            ],
        )
        tx.touch("quarantine")
        lost = sum(m.readings for m in messages)
        return IngestReceipt(received=lost, quarantined=lost)

    def _mark_replayed(self, tx: Transaction, ids: Sequence[int]) -> None:
        """Messages that went through after all leave the quarantine's count, and were received with it."""
        if not ids:
            return
        rows = tx.rows(
            "SELECT connector, sum(readings) FROM quarantine WHERE id IN (SELECT unnest(?)) AND replayed_at IS NULL "
            "GROUP BY connector",
            [list(ids)],
        )
        for name, readings in rows:
            count(tx, name, IngestReceipt(received=-int(readings), quarantined=-int(readings)))
        tx.execute(
            "UPDATE quarantine SET replayed_at = ? WHERE id IN (SELECT unnest(?)) AND replayed_at IS NULL",
            [tx.recorded_at, list(ids)],
        )
        tx.touch("quarantine")

    # -- reading ------------------------------------------------------------------------------------------------

    def observations(
        self,
        view: View,
        datastream: int,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Observation]:
        """See :meth:`twin.store.base.Store.observations`."""
        moment = self.moment(view)
        stream = self._one_stream(view, datastream)
        first, last = start_us(start), min(end_us(end), moment.at)
        rows = self.db.read(
            f"{known_observations(moment)} SELECT * FROM known WHERE datastream = ? "
            f"AND phenomenon_start BETWEEN ? AND ? ORDER BY phenomenon_start {'DESC' if newest_first else 'ASC'}, "
            f"phenomenon_end, foi {f'LIMIT {int(limit)}' if limit is not None else ''}",
            [datastream, first, last],
        )
        return [observation_of(row, stream.result_type, moment) for row in rows]

    def _one_stream(self, view: View, number: int) -> Datastream:
        found = self.datastreams(view, ids=[number])
        if not found:
            raise no_datastream(number)
        return found[0]

    def observation_history(self, view: View, observation: int) -> list[Observation]:
        """See :meth:`twin.store.base.Store.observation_history`."""
        moment = self.moment(view)
        rows = self.db.read(
            f"SELECT {_COLUMNS}, recorded_to FROM observation_history WHERE id = ? AND recorded_from <= {moment.known} "
            f"UNION ALL SELECT {_COLUMNS}, {OPEN_END} FROM observation WHERE id = ? "
            f"AND recorded_from <= {moment.known} ORDER BY recorded_from",
            [observation, observation],
        )
        streams = self.datastreams(view, ids=[rows[0][1]]) if rows else []
        return [observation_of(row, streams[0].result_type, moment) for row in rows] if streams else []

    def latest(self, view: View, datastreams: Sequence[int] | None = None) -> list[DatastreamState]:
        """See :meth:`twin.store.base.Store.latest`."""
        resolved = self.db.resolve(view)
        moment = self.moment(resolved)
        streams = self.datastreams(resolved, ids=datastreams)
        chosen = {s.id: s for s in streams}
        chosen_only = "AND datastream IN (SELECT unnest(?))" if datastreams is not None else ""
        # The newest end of each stream first (a plain aggregate), then the rows that have it: ranking all rows of
        # all streams costs three times as much.
        rows = self.db.read(
            f"{known_observations(moment)}, ends AS (SELECT datastream AS stream, max(phenomenon_end) AS newest "
            f"FROM known WHERE phenomenon_start <= {moment.at} {chosen_only} GROUP BY datastream) "
            "SELECT known.* FROM known JOIN ends ON datastream = stream AND phenomenon_end = newest "
            f"WHERE phenomenon_start <= {moment.at} QUALIFY row_number() OVER "
            "(PARTITION BY datastream ORDER BY phenomenon_start DESC, id DESC) = 1",
            [list(chosen)] if datastreams is not None else [],
        )
        newest = {row[1]: observation_of(row, chosen[row[1]].result_type, moment) for row in rows if row[1] in chosen}
        return [_state(stream, newest.get(stream.id), moment) for stream in streams]

    def series(
        self, view: View, datastream: int, *, start: datetime, end: datetime, points: int = 2000
    ) -> list[SeriesPoint]:
        """See :meth:`twin.store.base.Store.series`."""
        moment = self.moment(view)
        stream = self._one_stream(view, datastream)
        if stream.result_type not in {ResultType.NUMBER, ResultType.BOOLEAN}:
            raise SchemaError(f"datastream {datastream} holds {stream.result_type}; a series needs numbers")
        first, last = to_us(start), to_us(end)
        width = max(1, math.ceil((last - first + 1) / max(1, points)))
        rows = self.db.read(
            f"{known_observations(moment)} "
            f"SELECT (phenomenon_start - {first}) // {width} AS bucket, count(*), avg(number), min(number), "
            "max(number), arg_max(number, phenomenon_start) FROM known WHERE datastream = ? AND number IS NOT NULL "
            f"AND quality IN ({_USABLE}) AND phenomenon_start BETWEEN ? AND ? GROUP BY bucket ORDER BY bucket",
            [datastream, first, min(last, moment.at)],
        )
        return [SeriesPoint(from_us(first + bucket * width), *values) for bucket, *values in rows]

    def counters(self, view: View) -> dict[str, IngestReceipt]:
        """See :meth:`twin.store.base.Store.counters`."""
        moment = self.moment(view)
        if not moment.policy.sees_internals:
            return {}
        rows = self.db.read(
            f"SELECT connector, {', '.join(f'sum({c})' for c in COUNTS)} FROM counter GROUP BY connector "
            "ORDER BY connector"
        )
        return {name: IngestReceipt(*(int(v) for v in values)) for name, *values in rows}

    def quarantined(self, view: View, *, limit: int = 100, replayed: bool = False) -> list[Quarantined]:
        """See :meth:`twin.store.base.Store.quarantined`."""
        moment = self.moment(view)
        if not moment.policy.sees_everything:
            return []
        still = "" if replayed else f"AND (replayed_at IS NULL OR replayed_at > {moment.known})"
        rows = self.db.read(
            "SELECT id, connector, topic, payload, reason, received_at, device, readings, recorded_at, replayed_at "
            f"FROM quarantine WHERE recorded_at <= {moment.known} {still} ORDER BY id DESC LIMIT {int(limit)}"
        )
        return [
            Quarantined(
                r[0],
                r[1],
                r[2],
                bytes(r[3]),
                r[4],
                from_us(r[5]),
                r[6],
                r[7],
                from_us(r[8]),
                None if r[9] is None else from_us(r[9]),
            )
            for r in rows
        ]


# -- rows and clauses --------------------------------------------------------------------------------------------


def known_observations(moment: Moment) -> str:
    """``WITH known AS`` every observation as it stood at the View's recorded time."""
    return (
        f"WITH known AS (SELECT {_COLUMNS}, {OPEN_END} AS recorded_to FROM observation "
        f"WHERE recorded_from <= {moment.known} "
        f"UNION ALL SELECT {_COLUMNS}, recorded_to FROM observation_history WHERE {moment.known_sql()})"
    )


def observation_of(row: tuple[Any, ...], kind: ResultType, moment: Moment) -> Observation:
    """An observation from the columns of :func:`known_observations`."""
    number, foi_position = row[6], (row[10], row[11])
    recorded_to = bound(row[14])
    if recorded_to is not None and row[14] > moment.known:
        recorded_to = None
    return Observation(
        id=row[0],
        datastream=row[1],
        feature_of_interest=row[2],
        phenomenon_start=from_us(row[3]),
        phenomenon_end=from_us(row[4]),
        result=decode_result(number, row[7], kind),
        quality=Quality(row[8]),
        reason=row[9],
        recorded_from=from_us(row[13]),
        recorded_to=recorded_to,
        result_time=None if row[5] is None else from_us(row[5]),
        position=None if foi_position[0] is None else LonLat(*foi_position),
        parameters=loads(row[12]),
    )


def encode_result(result: Result, kind: ResultType, datastream: int) -> tuple[float | None, str | None]:
    """A result as ``(number, text)`` columns; SchemaError if it is not of the datastream's type."""
    if result is None:
        return None, None
    match kind:
        case ResultType.BOOLEAN if isinstance(result, bool):
            return float(result), None
        case ResultType.NUMBER if isinstance(result, (int, float)) and not isinstance(result, bool):
            if math.isfinite(result):
                return float(result), None
        case ResultType.TEXT if isinstance(result, str):
            return None, result
        case ResultType.JSON:
            return None, dump(result)
    raise SchemaError(f"result {result!r} is not a {kind.value}", where=f"datastream {datastream}")


def decode_result(number: float | None, text: str | None, kind: ResultType) -> Result:
    """The result that :func:`encode_result` stored."""
    match kind:
        case ResultType.NUMBER:
            return number
        case ResultType.BOOLEAN:
            return None if number is None else bool(number)
        case ResultType.TEXT:
            return text
        case ResultType.JSON:
            result: Result = loads(text)
            return result


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["datastream"], row["foi"], row["phenomenon_start"], row["phenomenon_end"])


def _result(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["number"], row["text"])


def _revision(row: dict[str, object], correction: bool) -> dict[str, object]:
    if correction:
        return row
    reason = f"{row['reason']}; {CONFLICTING}" if row["reason"] else CONFLICTING
    worst = max(int(Quality.SUSPECT), int(str(row["quality"])))
    quality = worst if worst == Quality.REJECTED else int(Quality.SUSPECT)
    return {**row, "quality": quality, "reason": reason}


def _state(stream: Datastream, observation: Observation | None, moment: Moment) -> DatastreamState:
    if observation is None or observation.result is None:
        return DatastreamState(stream, observation, Freshness.MISSING, None)
    age = (moment.at - to_us(observation.phenomenon_end)) / 1e6
    fresh = stream.max_age_s is None or age <= stream.max_age_s
    return DatastreamState(stream, observation, Freshness.FRESH if fresh else Freshness.STALE, age)


def no_datastream(number: int) -> NotFoundError:
    """The one error for a datastream that does not exist, or not for this viewer."""
    return NotFoundError(f"there is no datastream {number}")
