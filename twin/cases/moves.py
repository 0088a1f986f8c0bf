"""What an act makes of a case's clocks and readers: pure functions that the engine puts into log entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from twin.cases import clocks
from twin.cases.case import Who
from twin.cases.clocks import Calendar, ClockState, Phase, clock_to_json, stamp
from twin.cases.kind import Body, CaseKind, Clock, Transition

Clocks = dict[str, ClockState]


def moved(
    kind: CaseKind,
    held: Mapping[str, ClockState],
    body: Body,
    *,
    source: str | None,
    to: str,
    now: datetime,
    calendar: Calendar,
) -> Clocks:
    """The clocks that an act changes: entering ``to`` (unless it was there already), with ``body`` as it will be."""
    changed: Clocks = {}
    for clock in kind.clocks:
        before = held.get(clock.name)
        after = _amount_as_body_says(clock, before, body, calendar)
        if source != to or (after is None and to in clock.runs):
            after = _entered(kind, clock, after, body, to, now, calendar)
        if after is not None and after != before:
            changed[clock.name] = after
    return changed


def _entered(
    kind: CaseKind, clock: Clock, held: ClockState | None, body: Body, to: str, now: datetime, calendar: Calendar
) -> ClockState | None:
    state = kind.state(to)
    if held is not None and held.ended is None:
        if to in clock.meets:
            return clocks.meet(held, now)
        if state is not None and state.end:
            return clocks.meet(held, now) if held.phase is Phase.MISSED else clocks.cancel(held, now)
    if to in clock.runs:
        fresh = held is None or (clock.again and held.ended is not None)
        if fresh and (clock.when is None or clock.when.met(body)):
            return clocks.start(clock, clock.amount(body), now, calendar)
        if held is not None and held.phase is Phase.STOPPED:
            return clocks.resume(clock, held, now, calendar)
    if to in clock.stops and held is not None and held.phase is Phase.RUNNING:
        return clocks.stop(held, now, calendar)
    return held


def _amount_as_body_says(clock: Clock, held: ClockState | None, body: Body, calendar: Calendar) -> ClockState | None:
    """A changed field may allow another time; what another unit had counted begins again from the start."""
    if held is None or held.phase not in (Phase.RUNNING, Phase.STOPPED) or held.amount == clock.amount(body):
        return held
    amount = clock.amount(body)
    same_unit = amount.unit is held.amount.unit
    since = held.since if same_unit else held.started
    other = replace(held, amount=amount, used=held.used if same_unit else 0.0, since=since)
    return clocks.resume(clock, other, other.since, calendar) if held.phase is Phase.RUNNING else other


def due_time(held: Mapping[str, ClockState]) -> datetime | None:
    """When something happens by itself next: a clock runs out, or an escalation is due."""
    moments = []
    for clock in held.values():
        if clock.phase is Phase.RUNNING and clock.due is not None:
            moments += [clock.due, *clock.shares[clock.told :][:1]]
    return min(moments, default=None)


def clock_members(held: Mapping[str, ClockState], changed: Mapping[str, ClockState]) -> Body:
    """Members of an entry that say what became of the clocks."""
    after = {**held, **changed}
    upcoming = due_time(after)
    by_calendar = sorted(c.calendar for c in after.values() if c.phase is Phase.RUNNING and c.calendar)
    members: Body = {
        "next": None if upcoming is None else stamp(upcoming),
        "calendar": by_calendar[0] if by_calendar else None,
    }
    if changed:
        members["clocks"] = {name: clock_to_json(state) for name, state in changed.items()}
    return members


@dataclass(frozen=True, slots=True)
class Ringing:
    """What clocks have done by themselves at a moment."""

    clocks: Clocks
    tell: tuple[str, ...] = ()
    assign: str = ""

    def __bool__(self) -> bool:
        return bool(self.clocks)


def ringing(kind: CaseKind, held: Mapping[str, ClockState], now: datetime, calendar: Calendar) -> Ringing:
    """Running clocks under the present calendar, their escalations that are due, and those that ran out."""
    changed: Clocks = {}
    tell: list[str] = []
    assign = ""
    for name, before in held.items():
        clock = kind.clock(name)
        if clock is None or before.phase is not Phase.RUNNING:
            continue
        after = clocks.recount(clock, before, calendar)
        for escalation, moment in list(zip(clock.escalations, after.shares, strict=False))[after.told :]:
            if moment <= now:
                after = replace(after, told=after.told + 1)
                tell += [role for role in escalation.tell if role not in tell]
                assign = escalation.assign or assign
        if after.due is not None and after.due <= now:
            after = clocks.miss(after)
        if after != before:
            changed[name] = after
    return Ringing(changed, tuple(tell), assign)


def by_itself(kind: CaseKind, state: str, held: Mapping[str, ClockState], body: Body) -> list[Transition]:
    """Transitions from a state that a clock that ran out, or the body alone, carries out; children not looked at."""
    possible = []
    for transition in kind.transitions:
        if state not in transition.sources or not all(c.met(body) for c in transition.when):
            continue
        clock = held.get(transition.timer) if transition.timer else None
        ran_out = clock is not None and clock.phase is Phase.MISSED and clock.ended is None
        if ran_out or transition.automatic:
            possible.append(transition)
    return possible


def waits(kind: CaseKind, state: str, held: Mapping[str, ClockState]) -> bool:
    """Whether something may happen by itself in a state without any clock running out first."""
    late = {name for name, clock in held.items() if clock.phase is Phase.MISSED and clock.ended is None}
    return any(state in t.sources and (t.automatic or t.timer in late) for t in kind.transitions)


def readers(kind: CaseKind, opener: str, assigned: Who | None, told: tuple[str, ...]) -> list[str]:
    """Who may see a case, as kept in its record."""
    persons = {opener, assigned.person if assigned else ""} - {""}
    roles = kind.readers | set(told)
    return [*(f"role:{r}" for r in sorted(roles)), *(f"person:{p}" for p in sorted(persons))]
