"""What every act on a case stands on: reading it, writing its next entry, and what happens by itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol, cast

from twin.access.audit import audited
from twin.cases import case as model
from twin.cases import moves
from twin.cases.builtin import EXTENSIONS, KINDS
from twin.cases.case import Case, CaseChangedError, Who, case_of, fold, log_of, step_of
from twin.cases.clocks import Calendar, stamp
from twin.cases.extension import Act, Effects, Extensions
from twin.cases.kind import Body, CaseKind, FormField, Transition
from twin.cases.kinds import Kinds
from twin.cases.law_calendar import LawCalendar
from twin.cases.rules import keys_of, who_is
from twin.errors import ConflictError, ForbiddenError, InternalError, NotFoundError, ParameterError, TwinError
from twin.files.registry import use
from twin.model.record import Append, Condition, Put, Range, RecordOp
from twin.model.view import Right, Role, Viewer
from twin.store.base import Store
from twin.types import LOCAL, Json

log = logging.getLogger(__name__)

CLOCK = Viewer("clock", Role.ADMINISTRATOR)
"""Who carries out what happens by itself."""

TRIES = 50
_MOST_BY_ITSELF = 25


class PersonalData(Protocol):
    """Keeps personal values sealed, so that they can be forgotten."""

    def seal(self, subject: str, value: Json, retention_class: str) -> str:
        """Keep a value of a subject; returns a reference to it."""

    def claim(self, ref: str, by: str) -> RecordOp:
        """The operation that says who refers to it, for the commit that does."""

    def open(self, ref: str) -> Json | None:
        """The value; ``None`` once it was forgotten."""


@dataclass(frozen=True, slots=True)
class Held:
    """A case as the store holds it, under the version of its kind."""

    body: Body
    case: Case
    kind: CaseKind


@dataclass(frozen=True, slots=True)
class Number:
    """The next id of a series, and the operation that takes it."""

    case: str
    op: Put


class CaseBase:
    """The cases of a store: what acts stand on.

    Parameters
    ----------
    calendar
        Working time; without one, that of state bodies.
    personal
        Where personal values are sealed; without it kinds that ask for any cannot be used.
    extensions, kinds
        Checks and effects, and kinds, that the program brings.
    now
        The clock on the wall.
    """

    def __init__(
        self,
        store: Store,
        *,
        calendar: Calendar | None = None,
        personal: PersonalData | None = None,
        extensions: Extensions = EXTENSIONS,
        kinds: Sequence[CaseKind] = KINDS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.store = store
        self._calendar = calendar
        self._law = LawCalendar(store)
        self.kinds = Kinds(store, kinds, extensions)
        self._personal = personal
        self._extensions = extensions
        self._now = now
        self._swept = ""

    @property
    def calendar(self) -> Calendar:
        """Working time as it is known now; take it once for what belongs together."""
        return self._calendar or self._law.calendar()

    def now(self) -> datetime:
        """The time on the wall, as every act takes it."""
        return self._now()

    # -- what happens by itself -------------------------------------------------------------------------------

    def tick(self, now: datetime | None = None) -> int:
        """Carry out what clocks demand by ``now``, and count anew under a changed calendar; how many cases moved.

        A case that cannot be moved is logged and left for the next time; its error is raised after all others.
        """
        now = now or self._now()
        due: dict[str, None] = {}
        for where in self._waiting(now):
            due |= dict.fromkeys(r.key for r in self.store.records(model.KIND, where={**where, "open": True}))
        version = self.calendar.version
        count, failed = 0, list[TwinError]()
        for case in due:
            try:
                count += self._tick_one(case, now)
            except TwinError as exc:  # one case must not hold up the others
                log.warning("case %s: %s", case, exc)
                failed.append(exc)
        if failed:
            raise failed[0]
        self._swept = version
        return count

    def _waiting(self, now: datetime) -> list[dict[str, Condition]]:
        which: list[dict[str, Condition]] = [{"next": Range(high=stamp(now))}, {"waits": True}]
        if self.calendar.version != self._swept:
            which.append({"calendar": Range()})
        return which

    def _tick_one(self, case: str, now: datetime) -> bool:
        for _ in range(TRIES):
            held = self._held(case)
            try:
                return self._settled(held, now).case.version != held.case.version
            except ConflictError:
                if self._held(case).case.version == held.case.version:
                    raise
                # Else somebody acts on it at this moment.
        return False

    def _settled(self, held: Held, now: datetime | None = None) -> Held:
        """The case after everything that has happened by itself by now."""
        first = held
        for _ in range(_MOST_BY_ITSELF):
            if not held.case.is_open:
                break
            entry, effects, action = self._by_itself(held, max(now or self._now(), held.case.changed))
            if entry is None:
                break
            try:
                self._commit(CLOCK, held.case.id, held, entry, effects, action)
            except ConflictError:
                if self._held(held.case.id).case.version == held.case.version:
                    raise
            held = self._held(held.case.id)
        if first.case.is_open and not held.case.is_open:
            self._ended(held.case)
        return held

    def _by_itself(self, held: Held, now: datetime) -> tuple[Body | None, Effects, str]:
        case, kind = held.case, held.kind
        rung = moves.ringing(kind, case.clocks, now, self.calendar)
        if rung:
            told = (*case.told, *(role for role in rung.tell if role not in case.told))
            entry = self._entry("clock", CLOCK, held, now) | moves.clock_members(case.clocks, rung.clocks)
            # If what it demands is not done in the next moment, the next ring finds it.
            entry["waits"] = moves.waits(kind, case.state, {**case.clocks, **rung.clocks})
            if rung.assign or told != case.told:
                assigned = Who(rung.assign) if rung.assign else case.assigned
                entry |= self._assigned(held, assigned, told)
            return entry, Effects(), "case.clock"
        for wanted in moves.by_itself(kind, case.state, case.clocks, case.body):
            if self._blocked(case, wanted, case.body, by_itself=True):
                continue
            act = Act(self.store, CLOCK, kind, case.id, case, wanted, case.body, {}, now)
            effects = self._effects(act, wanted.checks, wanted.effect)
            entry = self._transition_entry(CLOCK, held, wanted, now, effects.changes)
            if effects.title:
                entry["title"] = effects.title
            return entry, effects, "case.timer"
        return None, Effects(), ""

    def _ended(self, case: Case) -> Case:
        """After an end: what waited for this case may go on."""
        if not case.is_open and case.parent:
            self._settled(self._held(case.parent))
        return case

    # -- conditions -------------------------------------------------------------------------------------------

    def _blocked(self, case: Case, wanted: Transition, body: Body, *, by_itself: bool = False) -> str | None:
        """Why a transition is not possible now, for anybody."""
        if wanted.once is not None and case.counts.get(wanted.name, 0) >= wanted.once:
            return f"{wanted.name} may happen {wanted.once} time(s) in a case, and has"
        if any(not condition.met(body) for condition in wanted.when):
            return f"a condition of {wanted.name} is not met"
        if wanted.children == "ended":
            below: dict[str, Condition] = {"parent": case.id}
            if self.store.count_records(model.KIND, where={**below, "open": True}):
                return f"{wanted.name} waits for cases opened under this one"
            if by_itself and wanted.automatic and not self.store.count_records(model.KIND, where=below):
                return "no case was opened under this one"
        return None

    def require_seen(self, case: Case, seen: int) -> None:
        """Raise :class:`CaseChangedError` if something was decided in a case since the version that was seen."""
        if seen == case.version:
            return
        changed = tuple(step_of(e) for e in self.store.entries(log_of(case.id), after=max(seen, 0)))
        if seen < 1 or seen > case.version:
            raise ParameterError(f"version {seen} was never there, the newest is {case.version}", where="seen")
        # That a clock told somebody or was counted anew changes nothing that was decided by.
        if any(step.act != "clock" for step in changed):
            raise CaseChangedError(case.id, seen, changed)

    # -- writing ----------------------------------------------------------------------------------------------

    def _entry(self, act: str, viewer: Viewer, held: Held, now: datetime) -> Body:
        state = held.case.state
        role = "system" if viewer is CLOCK else viewer.role.value
        return {
            "act": act, "time": stamp(now), "who": who_is(viewer).as_json(), "role": role, "from": state, "to": state,
        }  # fmt: skip

    def _transition_entry(self, viewer: Viewer, held: Held, wanted: Transition, now: datetime, changes: Body) -> Body:
        case, kind = held.case, held.kind
        body = {**case.body, **changes}
        clocks = moves.moved(kind, case.clocks, body, source=case.state, to=wanted.to, now=now, calendar=self.calendar)
        if wanted.timer and viewer is CLOCK:
            rung = clocks.get(wanted.timer, case.clocks.get(wanted.timer))
            if rung is not None and rung.ended is None:
                clocks[wanted.timer] = replace(rung, ended=now)  # it has done what it was for
        state = kind.state(wanted.to)
        entry = self._entry("transition", viewer, held, now) | {
            "transition": wanted.name,
            "to": wanted.to,
            "open": not (state and state.end),
            "changes": changes,
            "waits": moves.waits(kind, wanted.to, {**case.clocks, **clocks}),
            **moves.clock_members(case.clocks, clocks),
        }
        given = case.approvals.get(wanted.name, ())
        if given:
            entry["approved"] = [who.as_json() for who in (*given, who_is(viewer))]
        return entry

    def _assigned(self, held: Held, assigned: Who | None, told: tuple[str, ...]) -> Body:
        return {
            "assigned": assigned.as_json() if assigned else None,
            "assigned_to": assigned.person if assigned else "",
            "told": list(told),
            "readers": cast("Json", moves.readers(held.kind, held.case.opener.person, assigned, told)),
        }

    def _commit_seen(self, viewer: Viewer, held: Held, entry: Body, action: str, seen: int) -> Case:
        try:
            return self._commit(viewer, held.case.id, held, entry, Effects(), action)
        except ConflictError:
            self.require_seen(self._held(held.case.id).case, seen)
            raise

    def _commit(self, viewer: Viewer, case: str, held: Held | None, entry: Body, effects: Effects, action: str) -> Case:
        ops = [*self._writes(viewer, case, held, entry), *effects.ops]
        ops.append(audited(viewer, action, f"case:{case}", details=_details(entry)))
        if effects.write is None:
            self.store.write_records(ops)
        else:
            write = effects.write
            self.store.along(ops, write.method, *write.args, **dict(write.kwargs))
        return self._held(case).case

    def _writes(self, viewer: Viewer, case: str, held: Held | None, entry: Body) -> list[RecordOp]:
        version = held.case.version if held else 0
        after = fold(held.body if held else None, entry)
        actor = viewer.person or viewer.name
        return [
            Append(log_of(case), entry, actor=actor, object=f"case:{case}", expect=version),
            Put(model.KIND, case, after, expect=version),
        ]

    def _effects(self, act: Act, checks: Sequence[str], effect: str) -> Effects:
        self._check(act, checks)
        return self._extensions.effect(effect)(act) if effect else Effects()

    def _check(self, act: Act, names: Sequence[str]) -> None:
        for name in names:
            self._extensions.check(name)(act)

    def _sealed(self, case: str, form: Sequence[FormField], values: Body) -> tuple[Body, tuple[RecordOp, ...]]:
        """Values with the personal ones replaced by references to where they are sealed.

        The operations say that the case refers to those, and to the files among the values.
        """
        kept, ops = dict(values), list[RecordOp]()
        for field in form:
            value = values.get(field.name)
            if value is None:
                continue
            if field.personal:
                if self._personal is None:
                    raise InternalError(f"{field.name} is personal, and nothing keeps personal data", where=case)
                ref = self._personal.seal(f"case:{case}", value, field.retention)
                kept[field.name] = {"personal": ref}
                ops.append(self._personal.claim(ref, f"case:{case}"))
            elif field.type == "file":
                ops += [use(str(one), f"case:{case}") for one in (value if isinstance(value, list) else [value])]
        return kept, tuple(ops)

    # -- the store --------------------------------------------------------------------------------------------

    def _held(self, case: str) -> Held:
        record = self.store.record(model.KIND, case)
        found = case_of(case, record.body)
        return Held(record.body, found, self.kinds.get(found.kind, found.kind_version))

    def _seen_by(self, viewer: Viewer, case: str) -> Held:
        missing = NotFoundError(f"there is no case {case!r}")
        try:
            held = self._held(case)
        except NotFoundError:
            raise missing from None
        is_reader = set(keys_of(viewer)) & set(held.case.readers)
        if not is_reader or not self._extensions.sees(self.store, viewer, held.case):
            raise missing
        return held

    def _worked_by(self, viewer: Viewer, case: str, *, or_opener: bool = False) -> Held:
        held = self._seen_by(viewer, case)
        is_own = or_opener and bool(viewer.person) and viewer.person == held.case.opener.person
        if not viewer.may(Right.CASES) and not is_own:
            raise ForbiddenError("only who works on cases may do this", where=case)
        return held

    def _is_person(self, person: str) -> bool:
        try:
            return self.store.record("person", person).body.get("active", True) is not False
        except NotFoundError:
            return False

    def _moment(self, case: Case | None) -> datetime:
        """Now; never before what has happened in the case, even if the wall clock went back."""
        now = self._now()
        return now if case is None else max(now, case.changed)

    def _next_number(self, kind: CaseKind, now: datetime) -> Number:
        series = f"{kind.code}-{now.astimezone(LOCAL).year}"
        try:
            record = self.store.record("case_number", series)
            last, version = int(cast("int", record.body["last"])), record.version
        except NotFoundError:
            last, version = 0, 0
        op = Put("case_number", series, {"last": last + 1}, expect=version)
        return Number(f"{series}-{last + 1:06d}", op)


def _details(entry: Body) -> Body:
    said = ("act", "transition", "from", "to", "kind_version", "assigned_to", "seen")
    return {name: entry[name] for name in said if name in entry}
