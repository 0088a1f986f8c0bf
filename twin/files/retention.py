"""Retention applied: what is past its time is forgotten, with a report. Doing it twice does nothing more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from twin.files import registry
from twin.files.blobs import Files
from twin.files.classes import DataClass, classes
from twin.files.registry import FILE, KEPT, USE
from twin.files.vault import FORGOTTEN, Audited, KeyState, Vault, keys_named
from twin.model.record import Append, Put, Record, RecordOp
from twin.store.base import Store
from twin.types import Json, format_time, parse_time

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ClassReport:
    """What there is of a class and what became of it."""

    name: str
    held: int = 0
    forgotten: int = 0
    """Keys destroyed (files removed) by this run."""
    on_hold: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """What a run did."""

    time: datetime
    classes: tuple[ClassReport, ...]
    completed: int
    """Deletions that were cut off before, or undone by a restore, and are complete now."""
    collected: int
    collected_bytes: int
    problems: tuple[str, ...] = field(default=())

    def as_dict(self) -> dict[str, Json]:
        """As JSON."""
        body: dict[str, Json] = {**asdict(self), "time": format_time(self.time), "problems": [*self.problems]}
        body["classes"] = [
            {**asdict(c), "oldest": None if c.oldest is None else format_time(c.oldest)} for c in self.classes
        ]
        return body


Ended = Callable[[str], datetime | None]
"""When what refers to a file (``case:7``) came to its end; ``None`` while it goes on, or where nobody knows."""


def apply(
    vault: Vault, *, now: datetime | None = None, audit: Audited | None = None, ended: Ended = lambda _: None
) -> RetentionReport:
    """Forget what is past its time.

    Parameters
    ----------
    now
        The time that counts; the wall clock's if not given.
    audit
        Makes the audit's entry of each deletion.
    ended
        Says when what data serves came to its end, for classes that count from there.
    """
    moment = now or datetime.now(UTC)
    completed = vault.carry_on(audit=audit)
    problems = tuple(vault.keys.sync())
    holds = vault.holds()
    by_class = keys_named(_with_ends(vault, ended))
    reports = []
    for item in classes(vault.store).values():
        states = by_class.get(item.name, [])
        due = [s for s in states if _is_due(item, s, moment)]
        free = [s for s in due if s.subject not in holds]
        if free:
            vault.destroy(free, rule=f"{item.name}: {item.days} d, {item.rule}", audit=audit, now=moment)
        left = [s for s in states if s not in free]
        gone, files = _apply_to_open(vault, item, moment) if item.what == "file" else (0, 0)
        reports.append(
            ClassReport(
                item.name,
                len(left) + files,
                len(free) + gone,
                len(due) - len(free),
                min((s.created for s in left), default=None),
            )
        )
    collected = registry.collect(vault.store, vault.files, now=moment)
    return RetentionReport(moment, tuple(reports), completed, collected.files, collected.bytes, problems)


def overview(vault: Vault) -> list[dict[str, Json]]:
    """Every class: its rule, how much is held, since when, and how much was forgotten so far."""
    by_class = keys_named(vault.key_states())
    open_files = _open_files(vault.store)
    found: list[dict[str, Json]] = []
    for item in classes(vault.store).values():
        since = [s.created for s in by_class.get(item.name, [])]
        since += [parse_time(str(r.body["since"]), where="since") for r in open_files.get(item.name, [])]
        found.append(
            {
                "name": item.name,
                "title": item.title,
                "title_en": item.title_en,
                "days": item.days,
                "starts": item.starts,
                "at_most_days": item.at_most_days,
                "what": item.what,
                "rule": item.rule,
                "confidence": item.confidence,
                "held": len(since),
                "oldest": format_time(min(since)) if since else None,
                "forgotten": len(vault.store.entries(FORGOTTEN, object=item.name)),
            }
        )
    return found


def _with_ends(vault: Vault, ended: Ended) -> list[KeyState]:
    """Keys with the time at which all that refers to their files came to its end."""
    users: dict[str, set[str]] = {}
    for record in vault.store.records(USE):
        users.setdefault(str(record.body["digest"]), set()).add(str(record.body["by"]))
    serving: dict[str, set[str]] = {}
    for record in vault.store.records(FILE, where={"state": KEPT}):
        serving.setdefault(str(record.body["sealed"]), set()).update(users.get(record.key, ()))
    states = []
    for state in vault.key_states():
        ends = [ended(by) for by in serving.get(state.id, ())]
        known = [end for end in ends if end is not None]
        is_over = bool(ends) and len(known) == len(ends)
        states.append(replace(state, released=state.released or (max(known) if is_over else None)))
    return states


def _is_due(item: DataClass, state: KeyState, now: datetime) -> bool:
    """Whether a key's time is up. A day's key covers its whole day, so its time counts from the day's end."""
    got = datetime.fromisoformat(state.day).replace(tzinfo=UTC) + _DAY
    if item.what != "key":
        return False
    if item.at_most_days is not None and got + item.at_most_days * _DAY <= now:
        return True
    if item.days is None:
        return False
    start = got if item.starts == "got" else state.released
    return start is not None and start + item.days * _DAY <= now


def _open_files(store: Store) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in store.records(FILE, where={"state": KEPT, "sealed": None}):
        found.setdefault(str(record.body.get("retention")), []).append(record)
    return found


def _apply_to_open(vault: Vault, item: DataClass, now: datetime) -> tuple[int, int]:
    """Remove open files of a class that are past their time; how many, and how many are left."""
    files = _open_files(vault.store).get(item.name, [])
    if item.days is None:
        return 0, len(files)
    limit = now - item.days * _DAY
    due = [r for r in files if parse_time(str(r.body["since"]), where="since") <= limit]
    if due:
        ops: list[RecordOp] = []
        for record in due:
            told: dict[str, Json] = {"class": item.name, "rule": item.rule, "time": format_time(now)}
            ops.append(Put(FILE, record.key, {**record.body, "state": FORGOTTEN}, expect=record.version))
            ops.append(Append(FORGOTTEN, {**told, "files": 1}, object=item.name))
        vault.store.write_records(ops)
        _remove(vault.files, [record.key for record in due])
    return len(due), len(files) - len(due)


def _remove(files: Files, digests: list[str]) -> None:
    files.remove(digests, wait=False)
