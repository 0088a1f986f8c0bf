"""Cases and their kinds as ``docs/http.md`` describes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from api.shape import moment
from twin.cases import clocks
from twin.cases.case import Case, Step, Who
from twin.cases.clocks import Calendar, ClockState
from twin.cases.engine import Cases
from twin.cases.kind import Body, CaseKind, kind_to_json
from twin.cases.kinds import DryRun
from twin.errors import NotFoundError
from twin.model.view import Viewer
from twin.store.base import Store


class Names:
    """What people are called, each looked up once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, str] = {}

    def who(self, who: Who | None) -> dict[str, str] | None:
        """A person with their name, or the role or program that acted."""
        if who is None:
            return None
        return {"person": who.person, "name": self.of(who.person) if who.person else who.name}

    def of(self, person: str) -> str:
        """A person's name; their id where there is none."""
        if person not in self._known:
            try:
                name = self._store.record("person", person).body.get("name")
            except NotFoundError:
                name = None
            self._known[person] = str(name or person)
        return self._known[person]


def kind(value: CaseKind) -> dict[str, Any]:
    """KIND."""
    return {**kind_to_json(value), "version": value.version}


def dry_run(value: DryRun) -> dict[str, Any]:
    """What an edited kind would mean."""
    return {
        "problems": [
            {"code": f.code, "where": f.where, "text": f.text, "text_en": f.text_en, "hint": f.hint}
            for f in value.faults
        ],
        "open": value.open,
        "unaffected": value.unaffected,
        "affected": [{"id": a.id, "text": a.text, "text_en": a.text_en} for a in value.affected],
    }


class CaseShaper:
    """Shapes cases of one answer: one calendar, one moment, each name and kind read once."""

    def __init__(self, cases: Cases, now: datetime) -> None:
        self._cases = cases
        self._now = now
        self._calendar: Calendar = cases.calendar
        self.names = Names(cases.store)

    def brief(self, case: Case) -> dict[str, Any]:
        """CASE."""
        kind = self._cases.kind_of(case)
        state = kind.state(case.state)
        return {
            "id": case.id,
            "code": case.code,
            "kind": case.kind,
            "kind_version": case.kind_version,
            "kind_title": kind.title,
            "kind_title_en": kind.title_en,
            "title": case.title,
            "state": case.state,
            "state_title": (state.title if state else "") or case.state,
            "state_title_en": (state.title_en if state else "") or case.state,
            "open": case.is_open,
            "version": case.version,
            "opened": moment(case.opened),
            "changed": moment(case.changed),
            "opener": self.names.who(case.opener),
            "lon": case.place.lon if case.place else None,
            "lat": case.place.lat if case.place else None,
            "assigned": self.names.who(case.assigned),
            "parent": case.parent or None,
            "told": list(case.told),
            "approvals": {
                t.name: {"have": len(case.approvals.get(t.name, ())), "need": t.approvals}
                for t in kind.transitions
                if t.is_separate and case.state in t.sources
            },
            "clocks": [self._clock(kind, name, clock) for name, clock in case.clocks.items()],
        }

    def whole(self, case: Case, viewer: Viewer) -> dict[str, Any]:
        """CASE with its body, files, links, log and what the viewer may do."""
        return {
            **self.brief(case),
            "body": {name: value for name, value in case.body.items() if not name.startswith("_")},
            "files": list(case.files),
            "links": list(case.links),
            "log": self.log(self._cases.log(viewer, case.id)),
            "actions": self._cases.actions(viewer, case),
        }

    def log(self, steps: Sequence[Step]) -> list[dict[str, Any]]:
        """Entries of a log."""
        return [self._step(step) for step in steps]

    def _step(self, step: Step) -> dict[str, Any]:
        who = self.names.who(step.who) or {}
        return {
            "number": step.number,
            "time": moment(step.time),
            "act": step.act,
            "actor": who.get("name", ""),
            "person": step.who.person,
            "role": step.role,
            "transition": step.transition or None,
            "from": step.source or None,
            "to": step.to,
            "reason": step.reason,
            "changes": {name: value for name, value in step.changes.items() if not name.startswith("_")},
            "note": step.note,
            "approved": [self.names.of(p) for p in _persons(step.more)],
            "assigned": self._assigned(step),
        }

    def _assigned(self, step: Step) -> str | None:
        person = step.more.get("assigned_to")
        return self.names.of(person) if isinstance(person, str) and person else None

    def _clock(self, kind: CaseKind, name: str, state: ClockState) -> dict[str, Any]:
        clock = kind.clock(name)
        if clock is not None:
            state = clocks.recount(clock, state, self._calendar)
        return {
            "name": name,
            "title": clock.title if clock else name,
            "title_en": clock.title_en if clock else name,
            "state": state.phase.value,
            "due": moment(state.due),
            "provisional": clocks.is_provisional(state, self._calendar),
            "ended": moment(state.ended),
            "left_s": clocks.left_s(state, self._now, self._calendar),
            "share": round(clocks.share(state, self._now, self._calendar), 4),
            "number": state.amount.number,
            "unit": state.amount.unit.value,
            "calendar": state.calendar or None,
        }


def _persons(more: Body) -> list[str]:
    approved = more.get("approved")
    if not isinstance(approved, list):
        return []
    return [str(who["person"]) for who in approved if isinstance(who, dict)]
