"""Kinds as data: what is refused, versions, dry run, migration."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from case_support import ADMIN, BODY, OTHER, PLANNER, REVIEWER, plain_kind

from twin.cases.builtin import EXTENSIONS, KINDS
from twin.cases.engine import Cases
from twin.cases.kind import (
    Amount,
    AmountFor,
    CaseKind,
    Choice,
    Clock,
    Condition,
    Escalation,
    FormField,
    State,
    Transition,
    Unit,
    kind_from_json,
    kind_to_json,
)
from twin.cases.kind_check import faults
from twin.errors import ConflictError, ForbiddenError, NotFoundError, SchemaError

PLAIN = plain_kind()


def found(kind: CaseKind) -> list[tuple[str, str]]:
    return [(f.code, f.text_en) for f in faults(kind)]


def with_state(name: str, *transitions: Transition) -> CaseKind:
    return replace(PLAIN, states=(*PLAIN.states, State(name)), transitions=(*PLAIN.transitions, *transitions))


def with_transition(**changes: Any) -> CaseKind:
    first, *rest = PLAIN.transitions
    return replace(PLAIN, transitions=(replace(first, **changes), *rest))


def with_clock(**changes: Any) -> CaseKind:
    return replace(PLAIN, clocks=(replace(PLAIN.clocks[0], **changes),))


def test_a_kind_that_can_be_worked_by_has_no_faults() -> None:
    assert faults(PLAIN) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.name)
def test_every_kind_the_program_brings_can_be_worked_by(kind: CaseKind) -> None:
    known = EXTENSIONS
    assert faults(kind, checks=known.checks, effects=known.effects, deciding=known.deciding) == []
    assert all(s.title and s.title_en for s in kind.states)
    assert all(t.title and t.title_en for t in kind.transitions)


def test_an_unreachable_state_is_named() -> None:
    kind = with_state("limbo", Transition("back", ("limbo",), "new", roles=("planner",)))
    assert found(kind) == [("unreachable", "state 'limbo' is unreachable from 'new'")]


def test_two_states_that_only_reach_each_other_are_unreachable() -> None:
    kind = with_state(
        "a", Transition("ab", ("a",), "b", roles=("planner",)), Transition("ba", ("b",), "a", roles=("planner",))
    )
    kind = replace(kind, states=(*kind.states, State("b")))
    unreachable = [text for code, text in found(kind) if code == "unreachable"]
    assert unreachable == ["state 'a' is unreachable from 'new'", "state 'b' is unreachable from 'new'"]


def test_what_would_happen_by_itself_without_end_is_refused() -> None:
    there = Transition("there", ("new",), "limbo", automatic=True)
    back = Transition("back", ("limbo",), "new", automatic=True)
    assert [(f.code, f.where) for f in faults(with_state("limbo", there, back))] == [
        ("loop", "transitions.there"),
        ("loop", "transitions.back"),
    ]
    assert faults(with_state("limbo", there, replace(back, once=1))) == []


def test_a_kind_nobody_could_read_is_refused_at_once() -> None:
    count = 5000
    states = tuple(State(f"s{n}") for n in range(count))
    steps = tuple(Transition(f"t{n}", (f"s{n}",), f"s{n + 1}", roles=("planner",)) for n in range(count))
    kind = replace(PLAIN, states=states, transitions=steps)
    assert {(f.code, f.where) for f in faults(kind)} == {("too_many", "states"), ("too_many", "transitions")}


@pytest.mark.parametrize(
    "amount",
    [
        Amount(float("nan"), Unit.WORKING_DAYS),
        Amount(float("inf"), Unit.MONTHS),
        Amount(float("inf"), Unit.HOURS),
        Amount(1e12, Unit.DAYS),
        Amount(121, Unit.MONTHS),
        Amount(1e9, Unit.WORKING_DAYS),
    ],
)
def test_a_time_that_no_calendar_reaches_is_refused(amount: Amount) -> None:
    assert [code for code, _ in found(with_clock(budget=amount))] == ["budget"]


def test_nobody_can_make_a_kind_by_which_one_person_publishes_alone(make: Callable[..., Cases]) -> None:
    kinds = make(*KINDS, extensions=EXTENSIONS).kinds
    mine = replace(kinds.get("plan_edit"), name="my_edit", code="ME")
    alone = tuple(replace(t, separate=False) if t.name == "approve" else t for t in mine.transitions)
    with pytest.raises(SchemaError, match="needs another person than the author"):
        kinds.put(ADMIN, replace(mine, transitions=alone), seen=0, reason="r")
    with pytest.raises(SchemaError, match="plan_edit_publish needs an approval"):
        kinds.put(ADMIN, replace(mine, on_open="plan_edit_publish"), seen=0, reason="r")


def test_a_decision_under_another_name_is_no_way_round_the_people_it_needs(cases: Cases) -> None:
    case = cases.open(PLANNER, PLAIN.name, BODY)
    finish = next(t for t in PLAIN.transitions if t.is_separate)
    others = tuple(t for t in PLAIN.transitions if t is not finish)
    short = replace(finish, name="finish_fast", approvals=1, separate=False, roles=("reviewer", "administrator"))
    kind = cases.kinds.put(ADMIN, replace(PLAIN, transitions=(*others, short)), seen=1, reason="r")
    with pytest.raises(ConflictError, match="fewer people"):
        cases.migrate(ADMIN, case.id, kind.version, seen=case.version, reason="r")


def test_a_state_without_a_way_to_an_end_is_named() -> None:
    kind = with_state("limbo", Transition("into", ("new",), "limbo", roles=("planner",)))
    assert found(kind) == [("dead_end", "no end can be reached from state 'limbo'")]


SEVERAL = Transition("x", ("new",), "done", roles=("reviewer",), approvals=2, edits=("what",))


@pytest.mark.parametrize(
    ("kind", "code", "text"),
    [
        (replace(PLAIN, name="Việc"), "name", "no name of a kind"),
        (replace(PLAIN, code="errand"), "code", "capital letters"),
        (replace(PLAIN, title=" "), "title", "no title"),
        (replace(PLAIN, initial="birth"), "state", "no state 'birth'"),
        (replace(PLAIN, states=tuple(replace(s, end=False) for s in PLAIN.states)), "no_end", "no end state"),
        (replace(PLAIN, states=(*PLAIN.states, State("new"))), "twice", "'new' is there twice"),
        (with_transition(to="nowhere"), "state", "no state 'nowhere'"),
        (with_transition(sources=("nowhere",)), "state", "no state 'nowhere'"),
        (with_transition(sources=("new", "done")), "from_end", "starts from the end 'done'"),
        (with_transition(sources=()), "from", "starts from no state"),
        (with_transition(roles=("king",)), "role", "no role 'king'"),
        (with_transition(roles=()), "roles", "nobody may carry it out"),
        (with_transition(approvals=0), "approvals", "approvals is 0"),
        (with_transition(approvals=2, roles=("administrator",)), "approver", "'administrator' may not approve"),
        (with_transition(separate=True, roles=("reviewer", "citizen")), "approver", "'citizen' may not approve"),
        (with_transition(separate=True, timer="handle"), "approver", "cannot happen by itself"),
        (with_transition(once=0), "once", "below 1"),
        (with_transition(timer="egg"), "clock", "no clock 'egg'"),
        (with_transition(children="sleep"), "children", "not 'ended'"),
        (with_transition(edits=("colour",)), "field", "no field 'colour'"),
        (with_transition(when=(Condition("colour", ("red",)),)), "field", "no field 'colour'"),
        (with_transition(when=(Condition("what", ()),)), "values", "never met"),
        (with_transition(checks=("sniff",)), "check", "no check 'sniff'"),
        (with_transition(effect="explode"), "effect", "no effect 'explode'"),
        (with_transition(form=(FormField("what", "number"),)), "twice", "another type"),
        (replace(PLAIN, transitions=(*PLAIN.transitions, SEVERAL)), "form", "cannot be changed by approving"),
        (with_clock(runs=("never",)), "state", "no state 'never'"),
        (with_clock(runs=()), "runs", "never runs"),
        (with_clock(stops=("new",)), "twice", "two meanings"),
        (with_clock(budget=Amount(0, Unit.HOURS)), "budget", "above 0"),
        (with_clock(budget=Amount(1.5, Unit.WORKING_DAYS)), "budget", "whole numbers"),
        (with_clock(by="colour", amounts=(AmountFor(("red",), Amount(1, Unit.DAYS)),)), "field", "no field 'colour'"),
        (with_clock(escalations=(Escalation(0.8), Escalation(0.5))), "share", "ascend"),
        (with_clock(escalations=(Escalation(1.2),)), "share", "ascend"),
        (with_clock(escalations=(Escalation(0.5, tell=("king",)),)), "role", "no role 'king'"),
        (replace(PLAIN, form=(FormField("x", "colour"),)), "type", "no type of field"),
        (replace(PLAIN, form=(FormField("x", "choice"),)), "choices", "nothing to choose"),
        (replace(PLAIN, form=(FormField("x", "text", personal=True),)), "retention", "class of retention"),
        (replace(PLAIN, title_field="colour"), "title_field", "no field"),
        (replace(PLAIN, checks=("sniff",)), "check", "no check 'sniff'"),
        (replace(PLAIN, on_open="explode"), "effect", "no effect 'explode'"),
        (replace(PLAIN, open_roles=("king",)), "role", "no role 'king'"),
    ],
)
def test_what_nobody_could_work_by_is_found(kind: CaseKind, code: str, text: str) -> None:
    assert any(c == code and text in t for c, t in found(kind)), found(kind)


def test_a_kind_goes_to_json_and_back() -> None:
    rich = replace(
        PLAIN,
        form=(*PLAIN.form, FormField("c", "choice", choices=(Choice("CS", "Chiếu sáng"),), many=True)),
        clocks=(Clock("k", Amount(3, Unit.WORKING_DAYS), ("new",), ("done",), by="c", when=Condition("c", ("CS",)),
                      amounts=(AmountFor(("CS",), Amount(2, Unit.WORKING_HOURS)),),
                      escalations=(Escalation(0.5, ("planner",)),)),),
    )  # fmt: skip
    for kind in (rich, *KINDS):
        assert kind_from_json(json.loads(json.dumps(kind_to_json(kind)))) == kind


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"colour": "red"}, "'colour' is not known"),
        ({"states": "new"}, "a list is needed"),
        ({"states": [3]}, "an object is needed"),
        ({"states": [{}]}, "'name' is missing"),
        ({"transitions": [{"name": "x", "from": "new", "to": "done"}]}, "no list of texts"),
        ({"transitions": [{"name": "x", "from": ["new"], "to": "done", "approvals": True}]}, "not of type int"),
        ({"transitions": [{"name": "x", "from": ["new"], "to": "done", "reason": "maybe"}]}, "not required, optional"),
        ({"clocks": [{"name": "c", "runs": [], "meets": [], "budget": {"number": 1, "unit": "moons"}}]}, "no unit"),
        ({"name": 3}, "not of type str"),
    ],
)
def test_json_that_is_no_kind_is_refused_with_the_place(change: dict[str, Any], text: str) -> None:
    with pytest.raises(SchemaError, match=text) as caught:
        kind_from_json({**kind_to_json(PLAIN), **change})
    assert caught.value.where.startswith("kind")


def test_only_administrators_publish_and_only_what_can_be_worked_by(cases: Cases) -> None:
    kinds = cases.kinds
    assert kinds.get("errand").version == 1
    better = replace(PLAIN, title="Việc vặt")
    for who in (PLANNER, REVIEWER):
        with pytest.raises(ForbiddenError):
            kinds.put(who, better, seen=1, reason="x")
    with pytest.raises(SchemaError, match="unreachable"):
        kinds.put(
            ADMIN, with_state("limbo", Transition("b", ("limbo",), "new", roles=("planner",))), seen=1, reason="x"
        )
    with pytest.raises(SchemaError, match="reason"):
        kinds.put(ADMIN, better, seen=1, reason=" ")
    assert kinds.put(ADMIN, better, seen=1, reason="gọi cho đúng").version == 2
    with pytest.raises(ConflictError):
        kinds.put(ADMIN, better, seen=1, reason="lần nữa")
    assert [v.kind.title for v in kinds.history("errand")] == ["Việc", "Việc vặt"]


def test_no_two_kinds_share_the_letters_of_their_codes(cases: Cases) -> None:
    with pytest.raises(SchemaError, match="ER is of kind errand"):
        cases.kinds.put(ADMIN, replace(PLAIN, name="other"), seen=0, reason="x")
    assert cases.kinds.put(ADMIN, replace(PLAIN, name="other", code="OT"), seen=0, reason="x").version == 1
    with pytest.raises(NotFoundError):
        cases.kinds.get("third")


def test_cases_keep_the_version_they_began_with(cases: Cases, make: Callable[..., Cases]) -> None:
    case = cases.open(PLANNER, "errand", BODY)
    later = replace(PLAIN.transition("drop"), sources=("working",))  # type: ignore[type-var]
    fewer = replace(PLAIN, transitions=(*(t for t in PLAIN.transitions if t.name != "drop"), later))
    cases.kinds.put(ADMIN, fewer, seen=1, reason="mới mở thì không bỏ")
    assert make().act(PLANNER, case.id, "drop", seen=1, reason="trùng").state == "dropped"
    second = cases.open(PLANNER, "errand", BODY)
    assert second.kind_version == 2
    assert "drop" not in cases.actions(PLANNER, second)


def test_the_dry_run_says_which_open_cases_could_not_go_on(cases: Cases) -> None:
    new, working, ended = (cases.open(PLANNER, "errand", BODY) for _ in range(3))
    cases.act(PLANNER, working.id, "begin", seen=1)
    cases.act(PLANNER, ended.id, "drop", seen=1, reason="x")
    without = replace(
        PLAIN,
        states=tuple(s for s in PLAIN.states if s.name not in ("working", "waiting")),
        transitions=(Transition("finish", ("new",), "done", roles=("reviewer",), approvals=2), PLAIN.transitions[-1]),
        clocks=(replace(PLAIN.clocks[0], runs=("new",), stops=()),),
    )
    without = replace(without, transitions=(without.transitions[0], replace(PLAIN.transitions[-1], sources=("new",))))
    tried = cases.kinds.dry_run(without)
    assert (tried.faults, tried.open, tried.unaffected) == ((), 2, 1)
    assert [(a.id, a.text_en) for a in tried.affected] == [(working.id, "state working is gone")]
    needs_more = replace(PLAIN, form=(*PLAIN.form, FormField("why", "text", required=True)))
    assert [a.text_en for a in cases.kinds.dry_run(needs_more).affected] == ["why is needed and not there"] * 2
    no_clock = replace(PLAIN, clocks=())
    assert [a.text for a in cases.kinds.dry_run(no_clock).affected] == ["đồng hồ handle không còn"] * 2
    assert cases.kinds.get("errand").version == 1
    assert new.kind_version == 1


def test_a_case_is_migrated_by_an_administrator_with_a_reason_that_stays_in_its_log(cases: Cases) -> None:
    case = cases.open(PLANNER, "errand", BODY)
    cases.act(PLANNER, case.id, "begin", seen=1)
    cases.act(REVIEWER, case.id, "finish", seen=2)
    more = replace(
        PLAIN, transitions=(*PLAIN.transitions, Transition("skip", ("working",), "dropped", roles=("planner",)))
    )
    cases.kinds.put(ADMIN, more, seen=1, reason="thêm")
    with pytest.raises(ForbiddenError):
        cases.migrate(PLANNER, case.id, 2, seen=3, reason="x")
    with pytest.raises(NotFoundError):
        cases.migrate(ADMIN, case.id, 9, seen=3, reason="x")
    moved = cases.migrate(ADMIN, case.id, 2, seen=3, reason="quy trình mới")
    assert (moved.kind_version, moved.state, moved.approvals) == (2, "working", {})
    step = cases.log(PLANNER, case.id)[-1]
    assert (step.act, step.who.person, step.reason, step.more["kind_version"]) == (
        "migrate",
        "p-quan",
        "quy trình mới",
        2,
    )
    assert cases.act(PLANNER, case.id, "skip", seen=4).state == "dropped"
    with pytest.raises(ConflictError, match="has ended"):
        cases.migrate(ADMIN, case.id, 1, seen=5, reason="x")


@pytest.mark.parametrize("change", [{"approvals": 1}, {"approvals": 1, "separate": True}])
def test_an_administrator_cannot_migrate_a_case_to_where_fewer_must_approve(
    cases: Cases, change: dict[str, Any]
) -> None:
    case = cases.open(PLANNER, "errand", BODY)
    cases.act(PLANNER, case.id, "begin", seen=1)
    easier = replace(
        PLAIN, transitions=tuple(replace(t, **change) if t.name == "finish" else t for t in PLAIN.transitions)
    )
    cases.kinds.put(ADMIN, easier, seen=1, reason="nhanh hơn")
    with pytest.raises(ConflictError, match="fewer people"):
        cases.migrate(ADMIN, case.id, 2, seen=2, reason="x")
    assert cases.act(OTHER, case.id, "finish", seen=2).state == "working"
