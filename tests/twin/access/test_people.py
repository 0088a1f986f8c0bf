from __future__ import annotations

import threading

import pytest

from tests.twin.access.conftest import MACHINE
from twin.access import audit
from twin.access.accounts import Account
from twin.access.desk import Desk
from twin.access.people import GrantState, Person, names, needs_second
from twin.errors import ConflictError, ForbiddenError, NotFoundError, ParameterError
from twin.model.view import Role, Viewer

Admins = tuple[Viewer, Viewer]


def state(desk: Desk, person: str, role: Role) -> GrantState:
    return next(g.state for g in desk.people.get(person).grants if g.role is role)


@pytest.mark.parametrize(
    ("role", "second"),
    [(Role.CITIZEN, False), (Role.INTEGRATOR, False), (Role.PLANNER, True), (Role.REVIEWER, True),
     (Role.OPERATOR, True), (Role.DUTY_OFFICER, True), (Role.ADMINISTRATOR, True)],
)  # fmt: skip
def test_roles_that_decide_or_administer_need_a_second_administrator(role: Role, second: bool) -> None:
    assert needs_second(role) is second


def test_the_machine_makes_two_administrators_and_no_third(desk: Desk, admins: Admins) -> None:
    third = desk.people.add(MACHINE, name="Cúc", roles=[Role.ADMINISTRATOR])
    assert [state(desk, a.person, Role.ADMINISTRATOR) for a in admins] == [GrantState.ACTIVE] * 2
    assert state(desk, third.id, Role.ADMINISTRATOR) is GrantState.PROPOSED
    assert Role.ADMINISTRATOR not in third.roles


def test_a_role_that_decides_waits_for_another_administrator(desk: Desk, admins: Admins) -> None:
    one, other = admins
    person = desk.people.add(one, name="Dũng", roles=[Role.REVIEWER, Role.INTEGRATOR])
    assert person.roles == (Role.INTEGRATOR,)
    confirmed = desk.people.confirm(other, person.id, Role.REVIEWER)
    assert confirmed.roles == (Role.REVIEWER, Role.INTEGRATOR)


def test_nobody_confirms_what_they_proposed(desk: Desk, admins: Admins) -> None:
    person = desk.people.add(admins[0], name="Dũng", roles=[Role.REVIEWER])
    with pytest.raises(ForbiddenError, match="cannot confirm"):
        desk.people.confirm(admins[0], person.id, Role.REVIEWER)


def test_nobody_confirms_their_own_role(desk: Desk, admins: Admins) -> None:
    desk.people.grant(admins[0], admins[1].person, Role.REVIEWER)
    with pytest.raises(ForbiddenError, match="cannot confirm"):
        desk.people.confirm(admins[1], admins[1].person, Role.REVIEWER)


@pytest.mark.parametrize(
    "second",
    [MACHINE, Viewer("x", Role.ADMINISTRATOR, "p-never"), Viewer("x", Role.REVIEWER, "p1")],
)
def test_only_a_registered_administrator_confirms(desk: Desk, admins: Admins, second: Viewer) -> None:
    person = desk.people.add(admins[0], name="Dũng", roles=[Role.REVIEWER])
    with pytest.raises((ForbiddenError, NotFoundError)):
        desk.people.confirm(second, person.id, Role.REVIEWER)
    assert desk.people.get(person.id).roles == ()


def test_a_token_confirms_nothing(desk: Desk, admins: Admins) -> None:
    person = desk.people.add(admins[0], name="Dũng", roles=[Role.REVIEWER])
    with pytest.raises(ForbiddenError, match="in person"):
        desk.people.confirm(Viewer("x", Role.ADMINISTRATOR, admins[1].person, "t1"), person.id, Role.REVIEWER)


def test_two_administrators_who_confirm_at_once_confirm_once(desk: Desk, admins: Admins) -> None:
    person = desk.people.add(MACHINE, name="Dũng", roles=[Role.REVIEWER])
    outcomes: list[str] = []

    def confirm(viewer: Viewer) -> None:
        try:
            desk.people.confirm(viewer, person.id, Role.REVIEWER)
            outcomes.append("done")
        except (ConflictError, NotFoundError):
            outcomes.append("late")

    threads = [threading.Thread(target=confirm, args=[a]) for a in admins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "late"]


def test_the_same_identity_is_the_same_person(desk: Desk, admins: Admins) -> None:
    desk.people.add(admins[0], name="Lan", identities=["lan.nguyen@binhphuoc.example.vn"])
    with pytest.raises(ConflictError, match="has this identity already"):
        desk.people.add(admins[0], name="Lan (2)", identities=[" LAN.Nguyen@binhphuoc.example.vn "])


def test_two_who_register_one_identity_at_once_make_one_person(desk: Desk, admins: Admins) -> None:
    outcomes: list[bool] = []
    ready = threading.Barrier(4)

    def register(number: int) -> None:
        ready.wait()
        try:
            desk.people.add(admins[0], name=f"Lan {number}", identities=["CB-0042"])
            outcomes.append(True)
        except ConflictError:
            outcomes.append(False)

    threads = [threading.Thread(target=register, args=[n]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False, False, False, True]
    assert len([p for p in desk.people.all() if p.name.startswith("Lan")]) == 1


def test_an_identity_is_kept_only_as_a_keyed_digest(desk: Desk, admins: Admins) -> None:
    desk.people.add(admins[0], name="Lan", identities=["CB-0042"])
    kept = [r for kind in ("person", "identity", "account") for r in desk.store.records(kind)]
    said = str(kept) + str(desk.store.entries(audit.LOG))
    assert "CB-0042" not in said
    assert "cb-0042" not in said


def test_the_last_administrator_stays(desk: Desk, admins: Admins) -> None:
    desk.people.disable(admins[0], admins[1].person)
    for act in (
        lambda: desk.people.withdraw(admins[0], admins[0].person, Role.ADMINISTRATOR),
        lambda: desk.people.disable(MACHINE, admins[0].person),
    ):
        with pytest.raises(ConflictError, match="last administrator"):
            act()


def test_who_is_shut_out_has_no_role_and_comes_back_without_deciding(desk: Desk, admins: Admins) -> None:
    person = desk.people.add(admins[0], name="Dũng", roles=[Role.REVIEWER, Role.INTEGRATOR])
    desk.people.confirm(admins[1], person.id, Role.REVIEWER)
    assert desk.people.disable(admins[0], person.id).roles == ()
    assert desk.people.disable(admins[0], person.id, active=True).roles == (Role.INTEGRATOR,)


@pytest.mark.parametrize("way", ["account", "reset", "identity", "factor"])
def test_an_administrator_who_could_sign_in_as_a_reviewer_leaves_no_reviewer(
    desk: Desk, admins: Admins, minh: Person, way: str
) -> None:
    one, other = admins
    desk.people.grant(one, minh.id, Role.REVIEWER)
    desk.people.confirm(other, minh.id, Role.REVIEWER)
    also = desk.people.unsettling(one, minh.id)
    match way:
        case "account":
            desk.accounts.add(one, Account("minh2", minh.id), also=also)
        case "reset":
            desk.accounts.start_reset(one, "minh", also=also)
        case "factor":
            desk.accounts.remove_second_factor(one, "minh", also=also)
        case "identity":
            desk.people.identify(one, minh.id, "an@example.vn")
    assert desk.people.get(minh.id).roles == ()
    assert desk.people.confirm(other, minh.id, Role.REVIEWER).roles == (Role.REVIEWER,)


def test_a_provider_gives_and_takes_the_roles_it_says(desk: Desk, admins: Admins, minh: Person) -> None:
    desk.people.grant(admins[0], minh.id, Role.OPERATOR)
    desk.people.follow("so", minh.id, frozenset({Role.INTEGRATOR, Role.REVIEWER}))
    assert desk.people.get(minh.id).roles == (Role.INTEGRATOR,)
    assert desk.people.confirm(admins[0], minh.id, Role.REVIEWER).roles == (Role.REVIEWER, Role.INTEGRATOR)
    followed = desk.people.follow("so", minh.id, frozenset({Role.INTEGRATOR}))
    assert followed.roles == (Role.INTEGRATOR,)
    assert state(desk, minh.id, Role.OPERATOR) is GrantState.PROPOSED  # given by people, not by the provider


def test_grants_are_in_the_audit(desk: Desk, admins: Admins) -> None:
    person = desk.people.add(admins[0], name="Dũng", roles=[Role.REVIEWER])
    desk.people.confirm(admins[1], person.id, Role.REVIEWER)
    acts = audit.search(desk.store, object=f"person:{person.id}")
    assert [(a.actor, a.action) for a in acts] == [
        (admins[1].person, "person.confirm"),
        (admins[0].person, "person.role"),
        (admins[0].person, "person.add"),
    ]
    assert audit.first_broken(desk.store) is None


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_a_name_that_is_none_is_refused(desk: Desk, name: str) -> None:
    with pytest.raises(ParameterError, match="1 to 120"):
        desk.people.add(MACHINE, name=name)


def test_names_are_those_of_people_and_of_demonstration_roles(desk: Desk, minh: Person) -> None:
    found = names(desk.store, [minh.id, "demo:planner", "p-never", ""])
    assert found == {minh.id: "Minh", "demo:planner": "Thử nghiệm (planner)"}
