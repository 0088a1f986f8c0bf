"""A case: what its log says. The log is the truth; the record is what :func:`fold` makes of it.

Each entry says what happened (``act``) and what became different, so that a case can be derived from its log alone,
without its kind, the calendar or the wall clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from twin.cases.clocks import ClockState, Phase, clock_from_json
from twin.cases.kind import Body
from twin.errors import ConflictError, InternalError
from twin.model.record import Entry
from twin.types import Json, LonLat, parse_time

KIND = "case"
"""The kind of record that holds the derived state; its key is the case's id."""

ACTS = ("open", "transition", "approval", "assign", "note", "attach", "link", "clock", "migrate")


class CaseChangedError(ConflictError):
    """Somebody was faster. ``changed`` is what happened since the version that was seen."""

    def __init__(self, case: str, seen: int, changed: tuple[Step, ...]) -> None:
        super().__init__(
            f"case {case} has changed meanwhile: version {seen} was seen, there is version {seen + len(changed)}",
            where=case,
            hint="See what changed, and decide again.",
        )
        self.changed = changed


@dataclass(frozen=True, slots=True)
class Who:
    """A person, or the name of a role or program where nobody signed in."""

    person: str = ""
    name: str = ""

    def as_json(self) -> Body:
        """As kept in the log."""
        return {"person": self.person, "name": self.name}


@dataclass(frozen=True, slots=True)
class Step:
    """One entry of a case's log."""

    number: int
    time: datetime
    act: str
    who: Who
    role: str
    transition: str = ""
    source: str = ""
    to: str = ""
    reason: str = ""
    note: str = ""
    changes: Body = field(default_factory=dict)
    more: Body = field(default_factory=dict)
    """Everything else the entry says."""


@dataclass(frozen=True, slots=True)
class Case:
    """The state of a case at one version."""

    id: str
    version: int
    kind: str
    kind_version: int
    title: str
    state: str
    is_open: bool
    opened: datetime
    changed: datetime
    opener: Who
    body: Body
    assigned: Who | None = None
    place: LonLat | None = None
    parent: str = ""
    links: tuple[Body, ...] = ()
    files: tuple[Body, ...] = ()
    authors: tuple[str, ...] = ()
    """Persons who wrote the body; none of them may approve it."""
    approvals: dict[str, tuple[Who, ...]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    """How often each transition happened."""
    clocks: dict[str, ClockState] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    """Roles that an escalation told."""
    readers: tuple[str, ...] = ()
    """``role:NAME`` and ``person:ID`` of who may see it."""

    @property
    def code(self) -> str:
        """The code people use; it is the id."""
        return self.id

    @property
    def running(self) -> dict[str, ClockState]:
        """The clocks that run."""
        return {name: clock for name, clock in self.clocks.items() if clock.phase is Phase.RUNNING}


_SET = (
    "open", "title", "kind_version", "assigned", "assigned_to", "readers", "told", "next", "calendar", "waits", "lon",
    "lat",
)  # fmt: skip
"""Members of an entry that simply are so from then on."""


def fold(before: Body | None, entry: Body) -> Body:
    """The record after one more entry. ``None`` before the first."""
    if before is None:
        return _opened(entry)
    if entry["act"] == "open" or entry["from"] != before["state"]:
        raise InternalError(f"an entry from {entry['from']!r} follows state {before['state']!r}")
    after = {**before, "version": cast("int", before["version"]) + 1, "changed": entry["time"]}
    after["state"] = entry["to"]
    after.update({name: entry[name] for name in _SET if name in entry})
    if before["open"] and not after["open"]:
        after["ended"] = entry["time"]
    after["body"] = {**_object(before["body"]), **_object(entry.get("changes", {}))}
    after["clocks"] = {**_object(before["clocks"]), **_object(entry.get("clocks", {}))}
    after["due"] = _first_due(after["clocks"])
    for name in ("links", "files"):
        after[name] = [*_list(before[name]), *_list(entry.get(name, []))]
    _count(after, before, entry)
    return after


def _opened(entry: Body) -> Body:
    if entry["act"] != "open":
        raise InternalError("the first entry of a case does not open it")
    clocks = _object(entry.get("clocks", {}))
    who = _object(entry["who"])
    return {
        "code": entry["code"],
        "kind": entry["kind"],
        "kind_version": entry["kind_version"],
        "title": entry["title"],
        "state": entry["to"],
        "open": entry["open"],
        "version": 1,
        "opened": entry["time"],
        "changed": entry["time"],
        "ended": None if entry["open"] else entry["time"],
        "opener": who,
        "opened_by": who["person"],
        "assigned": None,
        "assigned_to": "",
        "parent": entry["parent"],
        "lon": entry["lon"],
        "lat": entry["lat"],
        "body": entry["changes"],
        "links": _list(entry.get("links", [])),
        "files": _list(entry.get("files", [])),
        "authors": [who["person"]] if who["person"] else [],
        "approvals": {},
        "counts": {},
        "clocks": clocks,
        "due": _first_due(clocks),
        "next": entry.get("next"),
        "calendar": entry.get("calendar"),
        "waits": entry.get("waits", False),
        "told": [],
        "readers": entry["readers"],
    }


def _count(after: Body, before: Body, entry: Body) -> None:
    """Approvals, how often, and who wrote the body."""
    name = cast("str", entry.get("transition", ""))
    who = cast("str", _object(entry["who"])["person"])
    if entry["act"] == "approval":
        given = _object(before["approvals"])
        after["approvals"] = {**given, name: [*_list(given.get(name, [])), entry["who"]]}
        return
    if entry["act"] == "transition":
        counts = _object(before["counts"])
        after["counts"] = {**counts, name: cast("int", counts.get(name, 0)) + 1}
    if entry["act"] in ("transition", "migrate", "attach", "link"):
        # Something else lies before those who decide.
        after["approvals"] = {}
    wrote = entry.get("wrote", False)
    if wrote and who and who not in _list(before["authors"]):
        after["authors"] = [*_list(before["authors"]), who]


def _first_due(clocks: Json) -> str | None:
    """When the first thing still to be done is, or was, due; what was missed stays first until it is done."""
    open_ = [
        c
        for c in _object(clocks).values()
        if isinstance(c, dict) and (c["phase"] == "running" or (c["phase"] == "missed" and c["ended"] is None))
    ]
    return min((str(c["due"]) for c in open_ if c["due"] is not None), default=None)


def _object(value: Json) -> Body:
    return cast("Body", value)


def _list(value: Json) -> list[Json]:
    return cast("list[Json]", value)


def replay(entries: Iterable[Entry]) -> Body | None:
    """What a log says of its case; ``None`` for an empty log."""
    state: Body | None = None
    for entry in entries:
        state = fold(state, entry.body)
    return state


def case_of(key: str, body: Mapping[str, Any]) -> Case:
    """The case that a record holds."""
    lon, lat = body["lon"], body["lat"]
    return Case(
        id=key,
        version=body["version"],
        kind=body["kind"],
        kind_version=body["kind_version"],
        title=body["title"],
        state=body["state"],
        is_open=body["open"],
        opened=_time(body["opened"]),
        changed=_time(body["changed"]),
        opener=who_of(body["opener"]),
        body=body["body"],
        assigned=None if body["assigned"] is None else who_of(body["assigned"]),
        place=None if lon is None or lat is None else LonLat(lon, lat),
        parent=body["parent"],
        links=tuple(body["links"]),
        files=tuple(body["files"]),
        authors=tuple(body["authors"]),
        approvals={name: tuple(who_of(w) for w in whos) for name, whos in body["approvals"].items()},
        counts=dict(body["counts"]),
        clocks={name: clock_from_json(c) for name, c in body["clocks"].items()},
        told=tuple(body["told"]),
        readers=tuple(body["readers"]),
    )


_STEP = frozenset({"act", "time", "who", "role", "transition", "from", "to", "reason", "note", "changes"})


def step_of(entry: Entry) -> Step:
    """An entry as people read it."""
    body: Mapping[str, Any] = entry.body
    return Step(
        entry.number,
        _time(body["time"]),
        body["act"],
        who_of(body["who"]),
        body["role"],
        body.get("transition", ""),
        body.get("from", ""),
        body["to"],
        body.get("reason", ""),
        body.get("note", ""),
        body.get("changes", {}),
        {k: v for k, v in body.items() if k not in _STEP},
    )


def who_of(value: Mapping[str, Any]) -> Who:
    """Somebody as kept in the log."""
    return Who(value["person"], value["name"])


def log_of(case: str) -> str:
    """Name of a case's log."""
    return f"case:{case}"


def _time(text: str) -> datetime:
    return parse_time(text, where="case")
