"""Whatever people try, in whatever order, from however many places: nothing is lost, reordered or approved wrongly."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from case_support import Calendar, plain_kind
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twin.cases.case import CaseChangedError, log_of, replay
from twin.cases.engine import CaseFilter, Cases
from twin.cases.kind import Reason
from twin.errors import ConflictError, ForbiddenError, ParameterError
from twin.model.record import Put, broken_link
from twin.model.view import Role, Viewer
from twin.store.embedded.store import EmbeddedStore

PEOPLE = ("an", "binh", "chi", "dung")
ROLES = (Role.PLANNER, Role.REVIEWER, Role.ADMINISTRATOR)

KIND = plain_kind(
    transitions=(
        *(replace(t, reason=Reason.OPTIONAL, once=None) for t in plain_kind().transitions if t.name != "finish"),
        replace(plain_kind().transition("finish"), approvals=3),  # type: ignore[type-var]
    )
)

viewers = st.one_of(
    st.builds(
        # Each person has two accounts and may act in any role.
        lambda person, account, role: Viewer(f"{person}{account}", role, person=f"p-{person}"),
        st.sampled_from(PEOPLE), st.integers(1, 2), st.sampled_from(ROLES),
    ),
    st.builds(lambda role: Viewer("anonymous", role), st.sampled_from(ROLES)),
    st.builds(lambda person: Viewer("api", Role.REVIEWER, person=f"p-{person}", token="t1"), st.sampled_from(PEOPLE)),
)  # fmt: skip
deeds = st.lists(
    st.tuples(
        viewers,
        st.sampled_from(["wait", "go_on", *["finish"] * 6, "note", "attach", "assign", "time"]),
        st.sampled_from([0, 0, 0, 0, 1]),  # how old the version is that they decide by
    ),
    min_size=8,
    max_size=30,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path_factory.mktemp("cases") / "city.duckdb", create=True)
    for person in PEOPLE:
        store.write_records([Put("person", f"p-{person}", {"name": person, "active": True})])
    yield store
    store.close()


class Clockwork:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 30, 2, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def attempt(cases: Cases, viewer: Viewer, what: str, case: str, seen: int) -> None:
    if what == "note":
        cases.note(viewer, case, "ghi", seen=seen)
    elif what == "attach":
        cases.attach(viewer, case, file="ab" * 32, name="a.pdf", size=1)
    elif what == "assign":
        cases.assign(viewer, case, "p-an", seen=seen)
    else:
        changes: dict[str, Any] = {"what": "viết lại"} if what == "go_on" else {}
        cases.act(viewer, case, what, seen=seen, changes=changes)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PEOPLE), deeds)
def test_three_persons_who_did_not_write_it_approved_what_is_done(
    shared: EmbeddedStore, opener: str, sequence: list[tuple[Viewer, str, int]]
) -> None:
    wall = Clockwork()
    cases = Cases(shared, calendar=Calendar(), kinds=(KIND,), now=wall)
    author = Viewer(opener, Role.PLANNER, person=f"p-{opener}")
    case = cases.act(author, cases.open(author, "errand", {"what": "việc"}).id, "begin", seen=1)
    # The test keeps its own account: who wrote the body, who approved it as it lies, counted in human beings.
    authors, approved, accepted = {f"p-{opener}"}, list[Viewer](), 1
    reader = Viewer("x", Role.PLANNER)
    for viewer, what, age in sequence:
        before = cases.get(reader, case.id)
        if what == "time":
            wall.now += timedelta(days=2)
            continue
        try:
            attempt(cases, viewer, what, case.id, before.version - age)
        except (ConflictError, ForbiddenError, ParameterError):
            assert cases.get(reader, case.id) == before
            continue
        accepted += 1
        if what == "finish":
            assert viewer.person, "a decision without a person"
            assert viewer.person not in authors, "who wrote it decided on it"
            assert viewer.person not in {v.person for v in approved}, "one person decided twice"
            assert viewer.role is not Role.ADMINISTRATOR, "an administrator decided"
            assert not viewer.token, "a program decided"
            approved.append(viewer)
        elif what not in ("note", "assign"):
            approved = []
        if what == "go_on":
            authors.add(viewer.person)
        after = cases.get(reader, case.id)
        assert after.version > before.version
        if after.state == "done":
            break
    final = cases.get(reader, case.id)
    assert (final.state == "done") == (len(approved) == 3)
    entries = shared.entries(log_of(case.id))
    assert [e.number for e in entries] == list(range(1, final.version + 1))
    assert sum(e.body["act"] != "clock" for e in entries) == accepted + 1
    assert replay(entries) == shared.record("case", case.id).body
    assert broken_link(entries) is None
    for one, following in itertools.pairwise(entries):
        assert following.body["from"] == one.body["to"]
        assert str(following.body["time"]) >= str(one.body["time"])


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.sampled_from(["note", "begin", "wait", "go_on"]), min_size=3, max_size=6), min_size=4, max_size=6
    )
)
def test_what_many_do_at_once_is_neither_lost_nor_reordered(shared: EmbeddedStore, plans: list[list[str]]) -> None:
    cases = Cases(shared, calendar=Calendar(), kinds=(KIND,))
    case = cases.open(Viewer("an", Role.PLANNER, person="p-an"), "errand", {"what": "việc"})
    done: list[list[str]] = [[] for _ in plans]
    gate = threading.Barrier(len(plans))

    def work(number: int, plan: list[str]) -> None:
        own = Cases(shared, calendar=Calendar(), kinds=(KIND,))  # as another server process would
        viewer = Viewer(f"v{number}", Role.PLANNER, person=f"p-{number}")
        gate.wait(30)
        for step, what in enumerate(plan):
            label = f"{number}.{step}"
            try:
                if what == "note":
                    own.note(viewer, case.id, label)
                else:
                    seen = own.get(viewer, case.id).version
                    own.act(viewer, case.id, what, seen=seen, reason=label)
            except ConflictError:
                continue
            done[number].append(label)

    threads = [threading.Thread(target=work, args=(n, plan)) for n, plan in enumerate(plans)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    entries = shared.entries(log_of(case.id))
    said = [str(e.body.get("note") or e.body.get("reason")) for e in entries[1:]]
    assert sorted(said) == sorted(label for labels in done for label in labels)
    for number, labels in enumerate(done):
        assert [s for s in said if s.startswith(f"{number}.")] == labels
    assert replay(entries) == shared.record("case", case.id).body
    assert broken_link(entries) is None
    for one, following in itertools.pairwise(entries):
        assert following.body["from"] == one.body["to"]


def test_of_two_officers_at_once_exactly_one_acts_and_the_other_sees_it(shared: EmbeddedStore) -> None:
    for _ in range(8):
        case = Cases(shared, calendar=Calendar(), kinds=(KIND,)).open(
            Viewer("an", Role.PLANNER, person="p-an"), "errand", {"what": "việc"}
        )
        gate = threading.Barrier(2)
        results: list[object] = []

        def officer(
            number: int, case: str = case.id, gate: threading.Barrier = gate, into: list[object] = results
        ) -> None:
            own = Cases(shared, calendar=Calendar(), kinds=(KIND,))
            gate.wait(30)
            try:
                into.append(own.act(Viewer(f"o{number}", Role.PLANNER, person=f"p{number}"), case, "begin", seen=1))
            except CaseChangedError as error:
                into.append(error)

        threads = [threading.Thread(target=officer, args=(n,)) for n in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        (late,) = [r for r in results if isinstance(r, CaseChangedError)]
        assert len(results) == 2
        assert [s.transition for s in late.changed] == ["begin"]
        assert len(shared.entries(log_of(case.id))) == 2


def test_codes_are_given_once_however_many_open_cases_at_once(shared: EmbeddedStore) -> None:
    before = Cases(shared, calendar=Calendar(), kinds=(KIND,)).find(Viewer("x", Role.PLANNER), CaseFilter())[1]
    opened: list[str] = []

    def work(number: int) -> None:
        own = Cases(shared, calendar=Calendar(), kinds=(KIND,))
        viewer = Viewer("an", Role.PLANNER, person=f"p-{number}")
        opened.extend(own.open(viewer, "errand", {"what": "việc"}).id for _ in range(4))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(opened)) == len(opened) == 24
    assert Cases(shared, calendar=Calendar(), kinds=(KIND,)).find(Viewer("x", Role.PLANNER))[1] == before + 24
