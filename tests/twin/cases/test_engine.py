"""Opening, acting, seeing, and the second of two officers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from case_support import ADMIN, ANYBODY, BODY, OTHER, PLANNER, REVIEWER, Calendar, Wall, plain_kind

from twin.cases.base import CaseBase
from twin.cases.case import CaseChangedError, log_of, replay
from twin.cases.clocks import Phase
from twin.cases.engine import CaseFilter, Cases
from twin.cases.extension import Effects, Extensions
from twin.cases.kind import Transition
from twin.errors import ConflictError, ForbiddenError, NotFoundError, ParameterError, SchemaError
from twin.model.record import broken_link
from twin.model.view import Role, Viewer
from twin.store.base import Store


def test_a_case_gets_a_code_of_its_kind_and_year(cases: Cases) -> None:
    first, second = cases.open(PLANNER, "errand", BODY), cases.open(PLANNER, "errand", BODY)
    assert (first.id, second.id) == ("ER-2026-000001", "ER-2026-000002")
    assert (first.state, first.version, first.title, first.is_open) == ("new", 1, "Sửa ranh thửa", True)
    assert first.opener.person == "p-an"


def test_what_happened_stands_in_the_log_with_who_when_why_and_what_was_seen(cases: Cases, wall: Wall) -> None:
    case = cases.open(PLANNER, "errand", BODY)
    wall.ahead(minutes=5)
    cases.act(REVIEWER, case.id, "begin", seen=1, reason="đủ hồ sơ")
    step = cases.log(PLANNER, case.id, after=1)[0]
    assert (step.who.person, step.role, step.transition, step.source, step.to) == (
        "p-binh",
        "reviewer",
        "begin",
        "new",
        "working",
    )
    assert (step.reason, step.time, step.more["seen"]) == ("đủ hồ sơ", wall.now(), 1)


def test_the_second_officer_is_refused_and_sees_what_changed(cases: Cases) -> None:
    case = cases.open(PLANNER, "errand", BODY)
    cases.act(PLANNER, case.id, "begin", seen=1)
    with pytest.raises(CaseChangedError, match="version 1 was seen, there is version 2") as caught:
        cases.act(REVIEWER, case.id, "begin", seen=1)
    assert [(s.number, s.transition, s.who.person) for s in caught.value.changed] == [(2, "begin", "p-an")]
    assert cases.get(PLANNER, case.id).version == 2


def test_a_version_that_never_was_cannot_have_been_seen(cases: Cases) -> None:
    case = cases.open(PLANNER, "errand", BODY)
    for seen in (0, -1, 2):
        with pytest.raises(ParameterError, match="never there"):
            cases.act(PLANNER, case.id, "begin", seen=seen)


def test_the_record_is_what_the_log_says_and_the_chain_holds(cases: Cases, store: Store) -> None:
    case = cases.open(PLANNER, "errand", BODY)
    cases.act(PLANNER, case.id, "begin", seen=1)
    cases.note(REVIEWER, case.id, "gọi lại sau")
    cases.assign(PLANNER, case.id, "p-an", seen=3)
    entries = store.entries(log_of(case.id))
    assert [e.body["act"] for e in entries] == ["open", "transition", "note", "assign"]
    assert replay(entries) == store.record("case", case.id).body
    assert broken_link(entries) is None


def test_a_transition_needs_its_role_state_and_reason(cases: Cases) -> None:
    case = cases.open(PLANNER, "errand", BODY)
    with pytest.raises(ForbiddenError, match="may not drop"):
        cases.act(REVIEWER, case.id, "drop", seen=1, reason="x")
    with pytest.raises(ParameterError, match="reason is needed"):
        cases.act(PLANNER, case.id, "drop", seen=1, reason="  ")
    with pytest.raises(ConflictError, match="not possible in state 'new'"):
        cases.act(PLANNER, case.id, "wait", seen=1)
    with pytest.raises(ParameterError, match="no transition"):
        cases.act(PLANNER, case.id, "vanish", seen=1)
    assert cases.act(PLANNER, case.id, "drop", seen=1, reason="trùng").is_open is False
    with pytest.raises(ConflictError, match="not possible in state 'dropped'"):
        cases.act(PLANNER, case.id, "begin", seen=2)


def test_what_may_happen_once_does_not_happen_twice(cases: Cases) -> None:
    case = cases.open(PLANNER, "errand", BODY)
    for number, name in enumerate(("begin", "wait", "go_on"), 1):
        cases.act(PLANNER, case.id, name, seen=number)
    with pytest.raises(ConflictError, match="may happen 1 time"):
        cases.act(PLANNER, case.id, "wait", seen=4)
    assert "wait" not in cases.actions(PLANNER, cases.get(PLANNER, case.id))


def test_only_fields_that_the_transition_lets_be_edited_change(cases: Cases) -> None:
    case = cases.open(PLANNER, "errand", BODY)
    cases.act(PLANNER, case.id, "begin", seen=1)
    with pytest.raises(ParameterError, match="no field of this form"):
        cases.act(PLANNER, case.id, "wait", seen=2, changes={"what": "khác"})
    cases.act(PLANNER, case.id, "wait", seen=2)
    with pytest.raises(ParameterError, match="no field of this form"):
        cases.act(PLANNER, case.id, "go_on", seen=3, changes={"size": 3})
    with pytest.raises(ParameterError, match="'what' is needed"):
        cases.act(PLANNER, case.id, "go_on", seen=3, changes={"what": " "})
    after = cases.act(PLANNER, case.id, "go_on", seen=3, changes={"what": "khác"})
    assert (after.body["what"], after.title) == ("khác", "khác")


@pytest.mark.parametrize(
    ("body", "text"),
    [({}, "'what' is needed"), ({"what": 3}, "no text"), ({"what": "x", "size": -1}, "not in"),
     ({"what": "x", "size": float("nan")}, "no number"), ({"what": "x" * 501}, "501 characters"),
     ({"what": "a\x00b"}, "control"), ({"what": "x", "colour": "red"}, "no field")],
)  # fmt: skip
def test_a_body_that_does_not_fit_the_form_opens_nothing(cases: Cases, body: dict[str, object], text: str) -> None:
    with pytest.raises(ParameterError, match=text):
        cases.open(PLANNER, "errand", body)  # type: ignore[arg-type]
    assert cases.find(PLANNER)[1] == 0


def test_who_may_not_see_a_case_is_told_that_there_is_none(cases: Cases) -> None:
    case = cases.open(PLANNER, "errand", BODY)
    operator = Viewer("op", Role.OPERATOR, person="p-op")
    texts = []
    for who, which in ((operator, case.id), (operator, "ER-2026-999999"), (ANYBODY, case.id)):
        with pytest.raises(NotFoundError) as caught:
            cases.get(who, which)
        texts.append(str(caught.value).replace(which, "?"))
        with pytest.raises(NotFoundError):
            cases.act(who, which, "begin", seen=1)
        with pytest.raises(NotFoundError):
            cases.note(who, which, "x")
    assert len(set(texts)) == 1
    assert cases.find(operator) == ([], 0)


def test_who_a_case_is_given_to_sees_it_and_may_act(cases: Cases, store: Store) -> None:
    case = cases.open(PLANNER, "errand", BODY)
    with pytest.raises(ParameterError, match="no person"):
        cases.assign(PLANNER, case.id, "p-op", seen=1)
    from twin.model.record import Put

    store.write_records([Put("person", "p-op", {"name": "Ông Phúc"})])
    cases.assign(PLANNER, case.id, "p-op", seen=1)
    operator = Viewer("op", Role.OPERATOR, person="p-op")
    assert cases.get(operator, case.id).assigned.person == "p-op"  # type: ignore[union-attr]
    assert [c.id for c in cases.find(operator, CaseFilter(assigned="p-op"))[0]] == [case.id]
    cases.assign(PLANNER, case.id, None, seen=2)
    with pytest.raises(NotFoundError):
        cases.get(operator, case.id)
    assert cases.find(PLANNER, CaseFilter(assigned="none"))[1] == 1


def test_cases_are_found_by_what_people_wrote_not_by_words_of_the_record(cases: Cases) -> None:
    cases.open(PLANNER, "errand", {"what": "Đường Lý Thường Kiệt"})
    assert cases.find(PLANNER, CaseFilter(text="ly thuong"))[1] == 1
    assert cases.find(PLANNER, CaseFilter(text="ER-2026"))[1] == 1
    assert cases.find(PLANNER, CaseFilter(text="opened_by"))[1] == 0


def test_two_different_people_who_did_not_write_it_must_approve(cases: Cases) -> None:
    case = cases.open(PLANNER, "errand", BODY)
    cases.act(REVIEWER, case.id, "begin", seen=1)
    refused = {
        PLANNER: "wrote it",
        replace(PLANNER, name="an2", role=Role.REVIEWER): "wrote it",
        replace(REVIEWER, person=""): "signed in",
        replace(REVIEWER, token="t1"): "token",
    }
    for who, text in refused.items():
        with pytest.raises(ForbiddenError, match=text):
            cases.act(who, case.id, "finish", seen=2)
    with pytest.raises(ForbiddenError, match="administrator may not"):
        cases.act(ADMIN, case.id, "finish", seen=2)
    half = cases.act(REVIEWER, case.id, "finish", seen=2)
    assert (half.state, [w.person for w in half.approvals["finish"]]) == ("working", ["p-binh"])
    with pytest.raises(ForbiddenError, match="approved already"):
        cases.act(replace(REVIEWER, name="binh2"), case.id, "finish", seen=3)
    done = cases.act(OTHER, case.id, "finish", seen=3)
    assert (done.state, done.is_open) == ("done", False)
    last = cases.log(PLANNER, case.id)[-1]
    assert [w["person"] for w in last.more["approved"]] == ["p-binh", "p-chi"]  # type: ignore[index,union-attr]


def test_what_changes_after_an_approval_must_be_approved_anew(cases: Cases) -> None:
    case = cases.open(PLANNER, "errand", BODY)
    cases.act(PLANNER, case.id, "begin", seen=1)
    cases.act(REVIEWER, case.id, "finish", seen=2)
    cases.attach(PLANNER, case.id, file="ab" * 32, name="ảnh.jpg", size=3)
    assert cases.get(PLANNER, case.id).approvals == {}
    cases.act(OTHER, case.id, "finish", seen=4)
    assert cases.get(PLANNER, case.id).state == "working"


def test_a_case_and_its_clocks_survive_a_restart(open_store: Callable[[], Store], wall: Wall) -> None:
    def opened() -> Cases:
        return Cases(open_store(), calendar=Calendar(), kinds=(plain_kind(),), now=wall.now)

    first = opened()
    case = first.open(PLANNER, "errand", BODY)
    before = first.act(PLANNER, case.id, "begin", seen=1)
    wall.ahead(days=20)
    again = opened()
    after = again.get(PLANNER, case.id)
    assert after.clocks["handle"].due == before.clocks["handle"].due
    assert after.clocks["handle"].phase is Phase.MISSED
    assert again.act(PLANNER, case.id, "wait", seen=after.version).state == "waiting"


def test_a_case_whose_clock_ran_out_heads_those_ordered_by_it(make: Callable[..., Cases], wall: Wall) -> None:
    cases = make(plain_kind())
    late = cases.open(PLANNER, "errand", BODY).id
    cases.act(PLANNER, late, "begin", seen=1)
    wall.ahead(days=20)
    cases.tick()
    fresh = cases.open(PLANNER, "errand", BODY).id
    cases.act(PLANNER, fresh, "begin", seen=1)
    assert cases.get(PLANNER, late).clocks["handle"].phase is Phase.MISSED
    found, _ = cases.find(PLANNER, order="due")
    assert [case.id for case in found] == [late, fresh]
    assert replay(cases.store.entries(log_of(late))) == cases.store.record("case", late).body


def test_a_case_that_cannot_go_on_does_not_stop_the_clocks_of_others(make: Callable[..., Cases], wall: Wall) -> None:
    broken = plain_kind(name="broken", code="BR")
    late = Transition("late", ("working",), "dropped", timer="handle", effect="of_an_older_program")
    broken = replace(broken, transitions=(*broken.transitions, late))
    kinds = broken, plain_kind()
    before = make(*kinds, extensions=Extensions(effects={"of_an_older_program": lambda _: Effects()}))
    ids = [before.open(PLANNER, kind, BODY).id for kind in ("broken", "errand")]
    for case in ids:
        before.act(PLANNER, case, "begin", seen=1)
    wall.ahead(days=20)
    after = make(*kinds)
    with pytest.raises(SchemaError, match="no effect 'of_an_older_program'"):
        after.tick()
    record = after.store.record("case", ids[1]).body
    assert record["clocks"]["handle"]["phase"] == "missed"  # type: ignore[call-overload, index]


def test_every_act_stands_in_the_audit(cases: Cases, store: Store) -> None:
    from twin.access import audit

    case = cases.open(PLANNER, "errand", BODY)
    cases.act(REVIEWER, case.id, "begin", seen=1)
    found = audit.search(store, object=f"case:{case.id}")
    assert [(a.action, a.actor) for a in found] == [("case.act", "p-binh"), ("case.open", "p-an")]
    assert isinstance(cases, CaseBase)
