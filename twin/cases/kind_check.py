"""Finds what is wrong with a kind before anybody works by it."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from twin.cases.form import TYPES
from twin.cases.kind import ASSIGNED, OPENER, Amount, CaseKind, Clock, Condition, FormField, Transition, Unit
from twin.model.view import RIGHTS, Right, Role

_SLUG = re.compile(r"[a-z][a-z0-9_]{0,62}")
_CODE = re.compile(r"[A-Z]{2,4}")
_ROLES = frozenset(role.value for role in Role)
_DECIDING = frozenset(role.value for role, rights in RIGHTS.items() if Right.CASES in rights)
_MOST = 500
"""States, transitions, clocks or fields of a form: people work by a kind, and nobody reads more."""
_LONGEST_DAYS = 3660
_DAYS = {
    Unit.MINUTES: 1 / 1440, Unit.HOURS: 1 / 24, Unit.DAYS: 1, Unit.MONTHS: 31, Unit.WORKING_HOURS: 1 / 8,
    Unit.WORKING_DAYS: 1,
}  # fmt: skip
"""Roughly how many days a unit is, for the longest time a clock may count."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong: what, where in the kind, in Vietnamese and English."""

    code: str
    where: str
    text: str
    text_en: str
    hint: str = ""


def faults(
    kind: CaseKind, *, checks: Collection[str] = (), effects: Collection[str] = (), deciding: Collection[str] = ()
) -> list[Fault]:
    """Everything wrong with a kind; ``checks`` and ``effects`` are the names this program has.

    ``deciding`` are effects that only another person than the author may bring about.
    """
    too_many = list(_too_many(kind))
    if too_many:
        return too_many
    found = [*_names(kind), *_states(kind), *_open(kind)]
    for transition in kind.transitions:
        found += _transition(kind, transition, checks, effects)
        if transition.effect in deciding and not transition.is_separate:
            found.append(
                Fault(
                    "approver",
                    f"transitions.{transition.name}",
                    f"{transition.effect} phải do người khác duyệt (separate)",
                    f"{transition.effect} needs another person than the author: make it separate",
                )
            )
    for clock in kind.clocks:
        found += _clock(kind, clock)
    found += _form(kind)
    found += [
        Fault("check", "checks", f"không có phép kiểm tra {n}", f"this program has no check {n!r}")
        for n in kind.checks
        if n not in checks
    ]
    if kind.on_open in deciding:
        found.append(
            Fault(
                "approver", "on_open", f"{kind.on_open} phải do người khác duyệt", f"{kind.on_open} needs an approval"
            )
        )
    if kind.on_open and kind.on_open not in effects:
        found.append(
            Fault(
                "effect", "on_open", f"không có tác động {kind.on_open}", f"this program has no effect {kind.on_open!r}"
            )
        )
    return found


def _too_many(kind: CaseKind) -> Iterator[Fault]:
    parts = {"states": kind.states, "transitions": kind.transitions, "clocks": kind.clocks, "form": kind.fields}
    for where, items in parts.items():
        if len(items) > _MOST:
            yield Fault(
                "too_many", where, f"{len(items)}, nhiều nhất {_MOST}", f"there are {len(items)}, at most {_MOST}"
            )


def _names(kind: CaseKind) -> Iterator[Fault]:
    if not _SLUG.fullmatch(kind.name):
        yield Fault("name", "name", f"{kind.name!r} không phải tên hợp lệ", f"{kind.name!r} is no name of a kind")
    if not _CODE.fullmatch(kind.code):
        yield Fault(
            "code", "code", f"{kind.code!r} không phải 2-4 chữ hoa", f"{kind.code!r} is not 2 to 4 capital letters"
        )
    if not kind.title.strip():
        yield Fault("title", "title", "thiếu tên gọi", "it has no title")
    for where, names in (
        ("states", [s.name for s in kind.states]),
        ("transitions", [t.name for t in kind.transitions]),
        ("clocks", [c.name for c in kind.clocks]),
        ("form", [f.name for f in kind.form]),
    ):
        for name in sorted(n for n, count in Counter(names).items() if count > 1):
            yield Fault("twice", where, f"{name} có hai lần", f"{name!r} is there twice")
        for name in names:
            if not _SLUG.fullmatch(name):
                yield Fault("name", where, f"{name!r} không phải tên hợp lệ", f"{name!r} is no name")


def _states(kind: CaseKind) -> Iterator[Fault]:
    names = {s.name for s in kind.states}
    ends = {s.name for s in kind.states if s.end}
    if kind.initial not in names:
        yield _unknown_state("initial", kind.initial)
        return
    if not ends:
        yield Fault("no_end", "states", "không có trạng thái kết thúc", "there is no end state")
    forward = {(s, t.to) for t in kind.transitions for s in t.sources}
    for name in (s.name for s in kind.states if s.name not in _reach({kind.initial}, forward)):
        yield Fault(
            "unreachable",
            f"states.{name}",
            f"không thể tới trạng thái {name}",
            f"state {name!r} is unreachable from {kind.initial!r}",
            "Add a transition that leads to it, or take it out.",
        )
    yield from _loops(kind)
    leading = _reach(ends, {(to, source) for source, to in forward})
    for name in (s.name for s in kind.states if ends and s.name not in leading):
        yield Fault(
            "dead_end",
            f"states.{name}",
            f"từ {name} không tới được trạng thái kết thúc nào",
            f"no end can be reached from state {name!r}",
        )


def _loops(kind: CaseKind) -> Iterator[Fault]:
    """Transitions that happen by themselves and lead back to themselves would never come to rest."""
    by_itself = [t for t in kind.transitions if t.automatic and t.once is None]
    edges = {(source, t.to) for t in by_itself for source in t.sources}
    for transition in by_itself:
        if set(transition.sources) & _reach({transition.to}, edges):
            yield Fault(
                "loop",
                f"transitions.{transition.name}",
                "tự lặp lại không ngừng",
                "it happens by itself and leads back to where it starts, without end",
                "Give it a number in once, or let a person do it.",
            )


def _reach(begin: Iterable[str], edges: Collection[tuple[str, str]]) -> set[str]:
    onward: dict[str, list[str]] = {}
    for source, to in edges:
        onward.setdefault(source, []).append(to)
    reached = set(begin)
    waiting = list(reached)
    while waiting:
        for to in onward.get(waiting.pop(), ()):
            if to not in reached:
                reached.add(to)
                waiting.append(to)
    return reached


def _unknown_state(where: str, name: str) -> Fault:
    return Fault("state", where, f"không có trạng thái {name}", f"there is no state {name!r}")


def _roles(where: str, roles: Iterable[str], also: Collection[str] = ()) -> Iterator[Fault]:
    for role in roles:
        if role not in _ROLES and role not in also:
            yield Fault("role", where, f"không có vai trò {role}", f"there is no role {role!r}")


def _open(kind: CaseKind) -> Iterator[Fault]:
    yield from _roles("open_roles", kind.open_roles)
    yield from _roles("seen_by", kind.seen_by)
    if not kind.readers:
        yield Fault("seen_by", "seen_by", "không ai xem được", "nobody would see its cases")
    if kind.title_field:
        named = kind.field(kind.title_field)
        if named is None or named.personal:
            yield Fault(
                "title_field",
                "title_field",
                f"{kind.title_field} không dùng làm tên được",
                f"{kind.title_field!r} is no field, or a personal one",
            )


def _transition(
    kind: CaseKind, transition: Transition, checks: Collection[str], effects: Collection[str]
) -> Iterator[Fault]:
    where = f"transitions.{transition.name}"
    ends = {s.name for s in kind.states if s.end}
    if not transition.sources:
        yield Fault("from", where, "không bắt đầu từ đâu", "it starts from no state")
    for name in (*transition.sources, transition.to):
        if kind.state(name) is None:
            yield _unknown_state(where, name)
    for name in transition.sources:
        if name in ends:
            yield Fault("from_end", where, f"bắt đầu từ kết thúc {name}", f"it starts from the end {name!r}")
    yield from _roles(where, transition.roles, {OPENER, ASSIGNED})
    yield from _who(transition, where)
    if transition.once is not None and transition.once < 1:
        yield Fault("once", where, "số lần phải từ 1", "it could never happen: once is below 1")
    if transition.children not in ("", "ended"):
        yield Fault("children", where, "children chỉ có thể là ended", f"{transition.children!r} is not 'ended'")
    yield from _names_of_others(kind, transition, checks, effects)


def _names_of_others(
    kind: CaseKind, transition: Transition, checks: Collection[str], effects: Collection[str]
) -> Iterator[Fault]:
    where = f"transitions.{transition.name}"
    if transition.timer and kind.clock(transition.timer) is None:
        yield Fault("clock", where, f"không có đồng hồ {transition.timer}", f"there is no clock {transition.timer!r}")
    for name in transition.edits:
        if name != "*" and name not in {f.name for f in kind.form}:
            yield Fault("field", where, f"không có trường {name}", f"the form has no field {name!r}")
    for condition in transition.when:
        yield from _condition(kind, condition, where)
    for name in transition.checks:
        if name not in checks:
            yield Fault("check", where, f"không có phép kiểm tra {name}", f"this program has no check {name!r}")
    if transition.effect and transition.effect not in effects:
        yield Fault(
            "effect",
            where,
            f"không có tác động {transition.effect}",
            f"this program has no effect {transition.effect!r}",
        )


def _who(transition: Transition, where: str) -> Iterator[Fault]:
    alone = bool(transition.timer or transition.automatic)
    if not transition.roles and not alone:
        yield Fault("roles", where, "không ai thực hiện được", "nobody may carry it out")
    if transition.approvals < 1:
        yield Fault("approvals", where, "số người duyệt phải từ 1", f"approvals is {transition.approvals}, at least 1")
    if not transition.is_separate:
        return
    wrong = sorted(set(transition.roles) - _DECIDING)
    if wrong:
        yield Fault(
            "approver",
            where,
            f"{wrong[0]} không được duyệt",
            f"{wrong[0]!r} may not approve",
            f"Roles that decide are {', '.join(sorted(_DECIDING))}.",
        )
    if alone:
        yield Fault("approver", where, "máy không được duyệt", "what people approve cannot happen by itself")
    if transition.approvals > 1 and (transition.form or transition.edits):
        yield Fault(
            "form", where, "không sửa khi nhiều người duyệt", "what several approve cannot be changed by approving"
        )


def _condition(kind: CaseKind, condition: Condition, where: str) -> Iterator[Fault]:
    if kind.field(condition.field) is None:
        yield Fault("field", where, f"không có trường {condition.field}", f"there is no field {condition.field!r}")
    elif not condition.values:
        yield Fault("values", where, "điều kiện không có giá trị", "a condition without values is never met")


def _clock(kind: CaseKind, clock: Clock) -> Iterator[Fault]:
    where = f"clocks.{clock.name}"
    for name in (*clock.runs, *clock.stops, *clock.meets):
        if kind.state(name) is None:
            yield _unknown_state(where, name)
    if not clock.runs:
        yield Fault("runs", where, "không bao giờ chạy", "it never runs")
    twice = (
        (set(clock.runs) & set(clock.stops))
        | (set(clock.runs) & set(clock.meets))
        | (set(clock.stops) & set(clock.meets))
    )
    for name in sorted(twice):
        yield Fault("twice", where, f"{name} vừa chạy vừa dừng", f"state {name!r} is given two meanings")
    for amount in (clock.budget, *(a.amount for a in clock.amounts)):
        yield from _amount(amount, where)
    if clock.amounts and kind.field(clock.by) is None:
        yield Fault("field", where, f"không có trường {clock.by}", f"there is no field {clock.by!r}")
    if clock.when:
        yield from _condition(kind, clock.when, where)
    shares = [e.share for e in clock.escalations]
    if any(not 0 < share <= 1 for share in shares) or shares != sorted(shares):
        yield Fault("share", where, "tỷ lệ phải tăng dần trong (0, 1]", "shares must ascend within (0, 1]")
    for escalation in clock.escalations:
        yield from _roles(where, escalation.tell)


def _amount(amount: Amount, where: str) -> Iterator[Fault]:
    if not (math.isfinite(amount.number) and amount.number > 0):
        yield Fault("budget", where, "thời hạn phải lớn hơn 0", "the time allowed must be above 0")
    elif amount.number * _DAYS[amount.unit] > _LONGEST_DAYS:
        yield Fault("budget", where, "thời hạn quá 10 năm", "the time allowed is longer than ten years")
    elif amount.unit in (Unit.WORKING_DAYS, Unit.MONTHS) and amount.number != round(amount.number):
        yield Fault("budget", where, "ngày làm việc và tháng phải chẵn", "working days and months are whole numbers")


def _form(kind: CaseKind) -> Iterator[Fault]:
    seen: dict[str, FormField] = {}
    for place, form in (("form", kind.form), *((f"transitions.{t.name}", t.form) for t in kind.transitions)):
        for field in form:
            where = f"{place}.{field.name}"
            other = seen.setdefault(field.name, field)
            if (other.type, other.personal, other.many) != (field.type, field.personal, field.many):
                yield Fault("twice", where, "trường trùng tên khác loại", "a field of that name has another type")
            yield from _field(field, where)


def _field(field: FormField, where: str) -> Iterator[Fault]:
    if not _SLUG.fullmatch(field.name):
        yield Fault("name", where, f"{field.name!r} không phải tên hợp lệ", f"{field.name!r} is no name")
    if field.type not in TYPES:
        yield Fault("type", where, f"không có loại {field.type}", f"there is no type of field {field.type!r}")
    if field.type == "choice" and not field.choices:
        yield Fault("choices", where, "không có gì để chọn", "there is nothing to choose")
    if field.personal and not field.retention:
        yield Fault(
            "retention", where, "dữ liệu cá nhân cần lớp lưu giữ", "a personal field needs a class of retention"
        )
