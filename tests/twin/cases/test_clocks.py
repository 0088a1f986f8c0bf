"""Clocks against days and hours counted by hand. 2026-11-30 is a Monday; days are 7:30-11:30 and 13:00-17:00."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from case_support import BODY, OTHER, PLANNER, REVIEWER, Calendar, Wall, local, plain_kind

from twin.cases import clocks
from twin.cases.case import CaseChangedError
from twin.cases.clocks import ClockState, Phase
from twin.cases.engine import CaseFilter, Cases
from twin.cases.kind import (
    Amount,
    AmountFor,
    CaseKind,
    Clock,
    Condition,
    Escalation,
    FormField,
    State,
    Transition,
    Unit,
)
from twin.errors import NotFoundError
from twin.model.view import Role, Viewer
from twin.types import Json

WEEK = Calendar()
DUTY = Viewer("truc", Role.DUTY_OFFICER, person="p-duty")


def clock(number: float, unit: Unit, **more: object) -> Clock:
    return Clock("c", Amount(number, unit), runs=("a",), meets=("b",), **more)  # type: ignore[arg-type]


def started(number: float, unit: Unit, at: object, calendar: Calendar = WEEK) -> ClockState:
    one = clock(number, unit)
    return clocks.start(one, one.budget, at, calendar)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("number", "unit", "at", "due"),
    [
        (30, Unit.MINUTES, local(30, 16, 45), local(30, 17, 15)),
        (2, Unit.HOURS, local(28, 23), local(29, 1)),
        (3, Unit.DAYS, local(27, 9), local(30, 9)),
        # Two hours from 16:30: half an hour that day, an hour and a half from 7:30 the next.
        (2, Unit.WORKING_HOURS, local(30, 16, 30), local(1, 9, month=12)),
        # From Friday 16:30 the next is Monday.
        (2, Unit.WORKING_HOURS, local(27, 16, 30), local(30, 9)),
        (8, Unit.WORKING_HOURS, local(30, 12), local(1, 11, 30, month=12)),
        # The day of the event is not counted: Monday to the end of Tuesday; Friday to the end of Monday.
        (1, Unit.WORKING_DAYS, local(30, 9), local(1, 17, month=12)),
        (1, Unit.WORKING_DAYS, local(27, 9), local(30, 17)),
        (5, Unit.WORKING_DAYS, local(30, 9), local(7, 17, month=12)),
        # To the end of the same day of the month; 31 August and six months is 28 February, a Sunday: Monday.
        (12, Unit.MONTHS, local(30, 9), local(1, 0, month=12, year=2027)),
        (6, Unit.MONTHS, local(31, 9, month=8), local(2, 0, month=3, year=2027)),
    ],
)
def test_what_is_allowed_ends_when_counted_by_hand(number: float, unit: Unit, at: object, due: object) -> None:
    assert started(number, unit, at).due == due


def test_a_clock_that_stood_still_goes_on_with_what_is_left() -> None:
    """Seven days from Monday; stopped on Thursday two are used; from the next Monday five are left."""
    one = clock(7, Unit.WORKING_DAYS)
    running = clocks.start(one, one.budget, local(30, 9), WEEK)
    assert running.due == local(9, 17, month=12)
    stood = clocks.stop(running, local(3, 10, month=12), WEEK)
    assert (stood.phase, stood.used, stood.due) == (Phase.STOPPED, 2, None)
    assert clocks.share(stood, local(31, 9, month=12), WEEK) == pytest.approx(2 / 7)
    again = clocks.resume(one, stood, local(7, 8, month=12), WEEK)
    assert again.due == local(14, 17, month=12)


def test_a_clock_stopped_on_the_day_it_began_has_used_nothing() -> None:
    one = clock(7, Unit.WORKING_DAYS)
    stood = clocks.stop(clocks.start(one, one.budget, local(30, 9), WEEK), local(30, 16), WEEK)
    assert stood.used == 0
    assert clocks.resume(one, stood, local(30, 16, 30), WEEK).due == local(9, 17, month=12)


def test_working_hours_that_were_used_stay_used() -> None:
    one = clock(8, Unit.WORKING_HOURS)
    stood = clocks.stop(clocks.start(one, one.budget, local(30, 9), WEEK), local(30, 14), WEEK)
    assert stood.used == 3.5 * 3600
    assert clocks.resume(one, stood, local(2, 13, month=12), WEEK).due == local(3, 8, month=12)


def test_months_are_later_by_the_days_the_clock_stood_still() -> None:
    one = clock(1, Unit.MONTHS)
    running = clocks.start(one, one.budget, local(2, 9), WEEK)
    assert running.due == local(3, 0, month=12)
    stood = clocks.stop(running, local(12, 9), WEEK)
    assert clocks.resume(one, stood, local(19, 9), WEEK).due == local(10, 0, month=12)


def test_a_changed_holiday_moves_what_runs_and_nothing_else() -> None:
    later = Calendar(off=frozenset({date(2026, 12, 3)}), version="2")
    one = clock(5, Unit.WORKING_DAYS)
    running = started(5, Unit.WORKING_DAYS, local(30, 9))
    moved = clocks.recount(one, running, later)
    assert (moved.due, moved.calendar) == (local(8, 17, month=12), "2")
    met = clocks.meet(running, local(2, 9, month=12))
    assert clocks.recount(one, met, later) is met
    assert (met.due, met.calendar) == (local(7, 17, month=12), "1")
    wall = started(5, Unit.DAYS, local(30, 9))
    assert clocks.recount(clock(5, Unit.DAYS), wall, later) is wall


def test_a_saturday_that_is_worked_instead_brings_it_forward() -> None:
    later = Calendar(worked=frozenset({date(2026, 12, 5)}), version="2")
    moved = clocks.recount(clock(5, Unit.WORKING_DAYS), started(5, Unit.WORKING_DAYS, local(30, 9)), later)
    assert moved.due == local(5, 17, month=12)


def test_how_much_is_used_and_left_is_working_time() -> None:
    running = started(8, Unit.WORKING_HOURS, local(27, 9))
    assert clocks.share(running, local(27, 11), WEEK) == pytest.approx(2 / 8)
    assert clocks.left_s(running, local(27, 11), WEEK) == 6 * 3600
    # Over the weekend nothing is used; after its end on Monday 8:30 what is left is negative.
    assert clocks.share(running, local(29, 11), WEEK) == pytest.approx(6.5 / 8)
    assert running.due == local(30, 9)
    assert clocks.left_s(running, local(30, 10), WEEK) == -3600


def test_a_state_of_a_clock_is_kept_and_read_back_whole() -> None:
    one = replace(clock(7, Unit.WORKING_DAYS), escalations=(Escalation(0.5), Escalation(0.8)))
    running = clocks.start(one, one.budget, local(30, 9, 0), WEEK)
    stood = clocks.stop(running, local(3, 10, month=12), WEEK)
    for state in (running, stood, clocks.meet(running, local(1, 9, month=12)), clocks.miss(running)):
        assert clocks.clock_from_json(clocks.clock_to_json(state)) == state


# -- in cases -----------------------------------------------------------------------------------------------------


def test_the_clock_of_a_case_runs_stops_goes_on_and_is_met(cases: Cases, wall: Wall) -> None:
    case = cases.open(PLANNER, "errand", BODY)
    assert case.clocks["handle"].due == local(7, 17, month=12)
    case = cases.act(PLANNER, case.id, "begin", seen=1)
    assert case.clocks["handle"].due == local(7, 17, month=12)
    wall.moment = local(3, 10, month=12)
    case = cases.act(PLANNER, case.id, "wait", seen=2)
    assert case.clocks["handle"].phase is Phase.STOPPED
    wall.moment = local(24, 10, month=12)
    assert cases.tick() == 0
    case = cases.act(PLANNER, case.id, "go_on", seen=3)
    assert case.clocks["handle"].due == local(29, 17, month=12)
    for who in (REVIEWER, OTHER):
        case = cases.act(who, case.id, "finish", seen=case.version)
    assert (case.clocks["handle"].phase, case.clocks["handle"].ended) == (Phase.MET, wall.now())


def test_a_case_that_ends_otherwise_has_met_nothing(cases: Cases) -> None:
    case = cases.open(PLANNER, "errand", BODY)
    done = cases.act(PLANNER, case.id, "drop", seen=1, reason="trùng")
    assert done.clocks["handle"].phase is Phase.CANCELLED


def test_what_ran_out_stays_missed_though_it_is_done_at_last(cases: Cases, wall: Wall) -> None:
    case = cases.open(PLANNER, "errand", BODY)
    cases.act(PLANNER, case.id, "begin", seen=1)
    wall.moment = local(10, month=12)
    case = cases.get(PLANNER, case.id)
    assert case.clocks["handle"].phase is Phase.MISSED
    for who in (REVIEWER, OTHER):
        case = cases.act(who, case.id, "finish", seen=case.version)
    assert (case.clocks["handle"].phase, case.clocks["handle"].ended) == (Phase.MISSED, wall.now())


def test_what_was_missed_comes_first_until_it_is_done(cases: Cases, wall: Wall) -> None:
    late = cases.open(PLANNER, "errand", BODY)
    wall.moment = local(10, month=12)
    fresh = cases.open(PLANNER, "errand", BODY)
    cases.tick()

    def queue() -> list[str]:
        return [case.id for case in cases.find(PLANNER, CaseFilter(is_open=True), order="due")[0]]

    assert queue() == [late.id, fresh.id]
    began = cases.act(PLANNER, late.id, "begin", seen=cases.get(PLANNER, late.id).version)
    cases.act(REVIEWER, late.id, "finish", seen=began.version)
    assert queue() == [late.id, fresh.id]  # one of the two approvals it takes is there
    cases.act(OTHER, late.id, "finish", seen=cases.get(PLANNER, late.id).version)
    assert queue() == [fresh.id]


def test_when_four_fifths_are_used_the_duty_officer_is_told_and_sees_the_case(cases: Cases, wall: Wall) -> None:
    """46.5 working hours from Monday 9:00 to the next Monday 17:00; 37.2 of them are over on Friday at 15:42."""
    case = cases.open(PLANNER, "errand", BODY)
    wall.moment = local(4, 15, 41, month=12)
    assert cases.tick() == 0
    with pytest.raises(NotFoundError):
        cases.get(DUTY, case.id)
    wall.moment = local(4, 15, 42, month=12)
    assert cases.tick() == 1
    assert cases.get(DUTY, case.id).told == ("duty_officer",)
    assert cases.find(DUTY, CaseFilter(told="duty_officer"))[1] == 1
    assert [s.act for s in cases.log(PLANNER, case.id)] == ["open", "clock"]
    assert cases.tick() == 0
    # Nobody decided anything meanwhile: version 1 is still good enough to act by.
    assert cases.act(PLANNER, case.id, "begin", seen=1).version == 3


def test_a_holiday_announced_later_moves_the_due_time_of_open_cases_only(
    make: Callable[..., Cases], wall: Wall
) -> None:
    calendar = Calendar()
    cases = make(calendar=calendar)
    ended, going = cases.open(PLANNER, "errand", BODY), cases.open(PLANNER, "errand", BODY)
    cases.act(PLANNER, ended.id, "begin", seen=1)
    for version, who in ((2, REVIEWER), (3, OTHER)):
        cases.act(who, ended.id, "finish", seen=version)
    assert cases.tick() == 0
    calendar.off, calendar.version = frozenset({date(2026, 12, 3)}), "2"
    assert cases.tick() == 1
    moved = cases.get(PLANNER, going.id).clocks["handle"]
    assert (moved.due, moved.calendar) == (local(8, 17, month=12), "2")
    kept = cases.get(PLANNER, ended.id).clocks["handle"]
    assert (kept.phase, kept.due, kept.calendar) == (Phase.MET, local(7, 17, month=12), "1")
    assert cases.tick() == 0


def test_a_deadline_moved_by_a_holiday_is_not_missed_at_its_old_hour(make: Callable[..., Cases], wall: Wall) -> None:
    calendar = Calendar()
    cases = make(calendar=calendar)
    case = cases.open(PLANNER, "errand", BODY)
    calendar.off, calendar.version = frozenset({date(2026, 12, 7)}), "2"
    wall.moment = local(7, 18, month=12)
    assert cases.get(PLANNER, case.id).clocks["handle"].phase is Phase.RUNNING
    wall.moment = local(8, 17, 1, month=12)
    assert cases.get(PLANNER, case.id).clocks["handle"].phase is Phase.MISSED


CATEGORY = FormField("category", "text")
DANGER = FormField("danger", "boolean")


def with_categories() -> CaseKind:
    handle = Clock(
        "handle",
        Amount(10, Unit.WORKING_DAYS),
        runs=("new", "working"),
        meets=("done",),
        by="category",
        amounts=(
            AmountFor(("CS", "GT"), Amount(3, Unit.WORKING_DAYS)),
            AmountFor(("NG",), Amount(5, Unit.WORKING_DAYS)),
        ),
    )
    dispatch = Clock(
        "dispatch", Amount(30, Unit.MINUTES), runs=("new",), meets=("working",), when=Condition("danger", (True,))
    )
    kind = plain_kind(clocks=(handle, dispatch))
    return replace(kind, form=(*kind.form, CATEGORY, DANGER), transitions=(
        *kind.transitions, Transition("sort", ("new",), "new", roles=("planner",), edits=("category", "danger")),
    ))  # fmt: skip


@pytest.mark.parametrize(
    ("given", "due"),
    [
        ({"category": "CS"}, local(3, 17, month=12)),
        ({"category": "NG"}, local(7, 17, month=12)),
        ({}, local(14, 17, month=12)),
    ],
)
def test_a_category_has_its_own_time(make: Callable[..., Cases], given: dict[str, Json], due: object) -> None:
    case = make(with_categories()).open(PLANNER, "errand", {**BODY, **given})
    assert case.clocks["handle"].due == due
    assert "dispatch" not in case.clocks


def test_a_case_sorted_anew_gets_the_time_of_its_new_category_and_what_it_now_needs(
    make: Callable[..., Cases], wall: Wall
) -> None:
    cases = make(with_categories())
    case = cases.open(PLANNER, "errand", {**BODY, "category": "NG"})
    wall.moment = local(1, month=12)
    case = cases.act(PLANNER, case.id, "sort", seen=1, changes={"category": "CS", "danger": True})
    assert case.clocks["handle"].due == local(3, 17, month=12)
    assert case.clocks["dispatch"].due == local(1, 9, 30, month=12)


# -- what happens by itself ---------------------------------------------------------------------------------------


def consultation() -> CaseKind:
    """An agency answers in two working days; silence is consent."""
    return CaseKind(
        name="consultation",
        code="LY",
        title="Lấy ý kiến",
        initial="asked",
        states=(State("asked"), State("agreed", end=True), State("objected", end=True), State("silent", end=True)),
        transitions=(
            Transition("agree", ("asked",), "agreed", roles=("planner",)),
            Transition("object", ("asked",), "objected", roles=("planner",)),
            Transition("consent", ("asked",), "silent", timer="answer"),
        ),
        clocks=(Clock("answer", Amount(2, Unit.WORKING_DAYS), runs=("asked",), meets=("agreed", "objected")),),
        open_roles=("reviewer",),
        seen_by=("reviewer",),
    )


def permit() -> CaseKind:
    """The life of a building permit (domain: construction permits), as far as it tries every part of the engine."""
    return CaseKind(
        name="permit",
        code="GP",
        title="Cấp phép",
        initial="received",
        states=(
            State("received"), State("appraisal"), State("supplement"), State("consulting"), State("signing"),
            State("issued"), State("started", end=True), State("expired", end=True), State("refused", end=True),
        ),
        transitions=(
            Transition("accept", ("received",), "appraisal", roles=("reviewer",)),
            Transition("ask_supplement", ("appraisal",), "supplement", roles=("reviewer",), once=1),
            Transition("supplemented", ("supplement",), "appraisal", roles=("opener",), edits=("*",)),
            Transition("consult", ("appraisal",), "consulting", roles=("reviewer",)),
            Transition("all_answered", ("consulting",), "signing", automatic=True, children="ended"),
            Transition("issue", ("signing",), "issued", roles=("reviewer",), separate=True),
            Transition("refuse", ("appraisal", "signing"), "refused", roles=("reviewer",)),
            Transition("start", ("issued",), "started", roles=("opener",)),
            Transition("expire", ("issued",), "expired", timer="validity"),
        ),
        clocks=(
            Clock("decide", Amount(10, Unit.WORKING_DAYS), by="object", amounts=(
                      AmountFor(("house",), Amount(7, Unit.WORKING_DAYS)),),
                  runs=("received", "appraisal", "consulting", "signing"), stops=("supplement",),
                  meets=("issued", "refused")),
            Clock("validity", Amount(12, Unit.MONTHS), runs=("issued",), meets=("started",)),
        ),
        form=(FormField("object", "text", required=True),),
        open_roles=("citizen",),
        seen_by=("reviewer",),
    )  # fmt: skip


OWNER = Viewer("chu-nha", Role.CITIZEN, person="p-owner")


def test_a_permit_lives_its_whole_life_on_the_engine(make: Callable[..., Cases], wall: Wall) -> None:
    cases = make(permit(), consultation())
    case = cases.open(OWNER, "permit", {"object": "house"})
    assert case.clocks["decide"].due == local(9, 17, month=12)
    case = cases.act(REVIEWER, case.id, "accept", seen=1)
    wall.moment = local(3, month=12)
    case = cases.act(REVIEWER, case.id, "ask_supplement", seen=2)
    wall.moment = local(7, month=12)
    case = cases.act(OWNER, case.id, "supplemented", seen=3)
    assert case.clocks["decide"].due == local(14, 17, month=12)
    case = cases.act(REVIEWER, case.id, "consult", seen=4)
    first = cases.open(REVIEWER, "consultation", {}, parent=case.id)
    second = cases.open(REVIEWER, "consultation", {}, parent=case.id)
    cases.act(PLANNER, first.id, "agree", seen=1)
    assert cases.get(REVIEWER, case.id).state == "consulting"
    wall.moment = local(9, 17, 1, month=12)
    assert cases.tick() == 1
    assert cases.get(REVIEWER, second.id).state == "silent"
    case = cases.get(REVIEWER, case.id)
    assert (case.state, case.running.keys()) == ("signing", {"decide"})
    last = cases.log(REVIEWER, case.id)[-1]
    assert (last.role, last.transition) == ("system", "all_answered")
    case = cases.act(REVIEWER, case.id, "issue", seen=case.version)
    assert case.clocks["decide"].phase is Phase.MET
    wall.moment = local(9, 23, month=12, year=2027)
    assert cases.tick() == 0
    wall.moment = local(10, 0, 1, month=12, year=2027)
    assert cases.tick() == 1
    assert cases.get(OWNER, case.id).state == "expired"


def test_an_answer_that_comes_after_silence_was_consent_comes_too_late(make: Callable[..., Cases], wall: Wall) -> None:
    cases = make(consultation())
    case = cases.open(REVIEWER, "consultation", {})
    wall.moment = local(2, 17, 1, month=12)
    with pytest.raises(CaseChangedError) as caught:
        cases.act(PLANNER, case.id, "object", seen=1)
    assert [s.to for s in caught.value.changed] == ["asked", "silent"]
    assert cases.get(REVIEWER, case.id).state == "silent"


def test_what_waits_for_its_cases_goes_on_though_the_server_stopped_between(
    make: Callable[..., Cases], wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = make(permit(), consultation())
    case = cases.open(OWNER, "permit", {"object": "house"})
    cases.act(REVIEWER, case.id, "accept", seen=1)
    cases.act(REVIEWER, case.id, "consult", seen=2)
    asked = cases.open(REVIEWER, "consultation", {}, parent=case.id)
    monkeypatch.setattr(Cases, "_ended", lambda _, case: case)  # killed right after the answer was committed
    cases.act(PLANNER, asked.id, "agree", seen=1)
    monkeypatch.undo()
    again = make(permit(), consultation())
    assert again.store.record("case", case.id).body["state"] == "consulting"
    assert again.tick() == 1
    assert again.get(REVIEWER, case.id).state == "signing"


def test_without_another_calendar_the_public_holidays_of_viet_nam_count(make: Callable[..., Cases], wall: Wall) -> None:
    """From Monday 23 November 2026, with the 24th off, two working days end with Thursday the 26th."""
    wall.moment = local(23)
    cases = Cases(make().store, kinds=(consultation(),), now=wall.now)
    case = cases.open(REVIEWER, "consultation", {})
    assert case.clocks["answer"].due == local(27, 0)


def test_a_day_off_that_is_proposed_and_countersigned_moves_what_runs(make: Callable[..., Cases], wall: Wall) -> None:
    """Monday 30 November, five working days: Monday the 7th; with Thursday 3 December off, Tuesday the 8th."""
    from twin.law.editing import countersign, propose
    from twin.law.shipped import load_builtin, shipped_rules

    name = "calendar.state_bodies"
    store = make().store
    load_builtin(store)
    cases = Cases(store, kinds=(plain_kind(),), now=wall.now)
    case = cases.open(PLANNER, "errand", BODY)
    assert case.clocks["handle"].due == local(8, 0, month=12)
    shipped = shipped_rules()[name][0]
    content = dict(shipped.content)
    content["rows"] = [
        *content["rows"],
        {"date": "2026-12-03", "working": False, "name": "Nghỉ bão", "name_en": "Storm"},
    ]
    said = {"kind": "calendar", "title": shipped.title, "title_en": shipped.title_en, "document": shipped.document,
            "clause": shipped.clause, "confidence": "C", "valid_from": "2025-01-01", "sources": list(shipped.sources),
            "content": content, "replaces": 1}  # fmt: skip
    propose(store, PLANNER, name, said, seen=1, reason="Thông báo nghỉ tránh bão")
    assert cases.tick() == 0
    countersign(store, REVIEWER, name, seen=2)
    assert cases.tick() == 1
    moved = cases.get(PLANNER, case.id).clocks["handle"]
    assert (moved.due, moved.calendar.split()[0]) == (local(9, 0, month=12), f"{name}#2")


def test_a_case_that_a_clock_cannot_move_holds_up_no_other_and_can_be_read(
    make: Callable[..., Cases], wall: Wall
) -> None:
    from twin.cases.extension import Act, Effects, Extensions
    from twin.errors import ConflictError

    first = ""

    def refuse(act: Act) -> Effects:
        if act.id == first:
            raise ConflictError("the map says otherwise")
        return Effects()

    kind = consultation()
    kind = replace(kind, transitions=tuple(replace(t, effect="mark") if t.timer else t for t in kind.transitions))
    cases = make(kind, extensions=Extensions(effects={"mark": refuse}))
    first = cases.open(REVIEWER, "consultation", {}).id
    second = cases.open(REVIEWER, "consultation", {}).id
    wall.moment = local(3, month=12)
    with pytest.raises(ConflictError, match="the map says otherwise"):
        cases.tick()
    assert cases.get(REVIEWER, second).state == "silent"
    assert cases.get(REVIEWER, first).state == "asked"
    first, stuck = "", first
    assert cases.tick() == 1
    assert cases.store.record("case", stuck).body["state"] == "silent"
    assert cases.tick() == 0


@pytest.mark.parametrize(
    ("number", "unit", "at", "is_provisional"),
    [
        # 2027-12-24 is a Friday: the fifth working day is the 31st, whose end is the first moment of 2028.
        (5, Unit.WORKING_DAYS, local(24, month=12, year=2027), False),
        (6, Unit.WORKING_DAYS, local(24, month=12, year=2027), True),
        (30, Unit.DAYS, local(24, month=12, year=2027), False),
    ],
)
def test_an_end_in_a_year_whose_days_off_are_not_announced_says_so(
    number: float, unit: Unit, at: object, is_provisional: bool
) -> None:
    state = started(number, unit, at)
    assert clocks.is_provisional(state, WEEK) is is_provisional
    assert not clocks.is_provisional(replace(state, ended=state.due), WEEK)
