"""People over HTTP: two administrators, identities, resets."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from access_support import MACHINE, Staff

from twin.access.accounts import Account
from twin.model.view import Role


@pytest.fixture
def admin(address: str, staff: Staff) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=30) as opened:
        yield staff.session(opened, Role.ADMINISTRATOR)


@pytest.fixture
def other_admin(address: str, staff: Staff) -> Iterator[httpx.Client]:
    second = next(p for p in staff.desk.people.administrators() if p.id != staff.people[Role.ADMINISTRATOR].id)
    if not staff.desk.accounts.of(second.id):
        staff.desk.accounts.add(MACHINE, Account("second.admin", second.id))
    with httpx.Client(base_url=address, timeout=30) as opened:
        secret, opening = staff.desk.sessions.opening(person=second.id, account="second.admin")
        staff.desk.store.write_records(opening)
        opened.cookies.set("twin_session", secret)
        opened.headers["X-Twin-CSRF"] = opened.get("/app/session").json()["csrf"]
        yield opened


def test_a_person_is_registered_with_an_account_and_a_link(admin: httpx.Client, client: httpx.Client) -> None:
    body = {"name": "Phạm Văn Dũng", "roles": ["reviewer"], "account": "Dung.Pham", "identity": "CB-1042"}
    made = admin.post("/app/people", json=body)
    assert made.status_code == 201
    said = made.json()
    assert [(a["account"], a["second_factor"]) for a in said["accounts"]] == [("dung.pham", False)]
    assert [(r["role"], r["state"]) for r in said["roles"]] == [("reviewer", "proposed")]
    secret = said["link"].split("#")[1]
    new = "ba con mèo trên mái"
    assert client.post("/app/session/reset", json={"secret": secret, "new": new}).status_code == 204
    signed_in = client.post("/app/session", json={"account": "dung.pham", "password": new}).json()
    assert (signed_in["viewer"]["role"], signed_in["roles"]) == ("citizen", [])


def test_a_proposed_role_is_confirmed_by_the_other_administrator(
    admin: httpx.Client, other_admin: httpx.Client
) -> None:
    person = admin.post("/app/people", json={"name": "Hồ Thị Em", "roles": ["duty_officer"]}).json()["id"]
    confirm = f"/app/people/{person}/roles/duty_officer/confirm"
    assert admin.post(confirm).status_code == 403
    assert other_admin.post(confirm).json()["roles"][0]["state"] == "active"
    assert other_admin.post(confirm).status_code == 404


def test_who_made_a_link_cannot_decide_by_it_in_the_place_of_a_person_confirmed_before(
    admin: httpx.Client, other_admin: httpx.Client
) -> None:
    body = {"name": "Đỗ Văn Giang", "roles": ["duty_officer"], "account": "giang.do"}
    person = admin.post("/app/people", json=body).json()["id"]
    other_admin.post(f"/app/people/{person}/roles/duty_officer/confirm")
    assert admin.post(f"/app/people/{person}/reset").status_code == 200
    (role,) = admin.get(f"/app/people/{person}").json()["roles"]
    assert role["state"] == "proposed"
    assert admin.post(f"/app/people/{person}/roles/duty_officer/confirm").status_code == 403


def test_the_same_identity_is_refused_and_registers_nobody(admin: httpx.Client) -> None:
    assert admin.post("/app/people", json={"name": "Một", "identity": "e.ho@x.example.vn"}).status_code == 201
    before = len(admin.get("/app/people").json()["people"])
    again = admin.post("/app/people", json={"name": "Hai", "identity": "E.Ho@x.example.vn", "account": "hai.ho"})
    assert (again.status_code, again.json()["where"]) == (409, "identity")
    assert len(admin.get("/app/people").json()["people"]) == before


def test_a_name_of_an_account_that_is_taken_registers_nobody(admin: httpx.Client) -> None:
    before = len(admin.get("/app/people").json()["people"])
    assert admin.post("/app/people", json={"name": "Ai", "account": "planner"}).status_code == 409
    assert len(admin.get("/app/people").json()["people"]) == before


def test_roles_are_set_as_a_whole_and_people_shut_out(admin: httpx.Client, staff: Staff) -> None:
    person = admin.post("/app/people", json={"name": "Võ Văn G", "roles": ["integrator"]}).json()["id"]
    changed = admin.patch(f"/app/people/{person}", json={"roles": ["operator"], "name": "Võ Văn Giang"}).json()
    assert (changed["name"], [(r["role"], r["state"]) for r in changed["roles"]]) == (
        "Võ Văn Giang", [("operator", "proposed")],
    )  # fmt: skip
    assert admin.patch(f"/app/people/{person}", json={"active": False}).json()["active"] is False
    assert admin.patch(f"/app/people/{person}", json={"oops": 1}).status_code == 400
    assert admin.get("/app/people/never").status_code == 404


def test_an_administrator_gives_themselves_nothing(admin: httpx.Client, staff: Staff) -> None:
    own = staff.people[Role.ADMINISTRATOR].id
    given = admin.patch(f"/app/people/{own}", json={"roles": ["administrator", "reviewer"]}).json()
    assert {r["role"]: r["state"] for r in given["roles"]} == {"administrator": "active", "reviewer": "proposed"}
    assert admin.post(f"/app/people/{own}/roles/reviewer/confirm").status_code == 403
    admin.patch(f"/app/people/{own}", json={"roles": ["administrator"]})


def test_who_works_on_cases_sees_names_and_no_accounts(client: httpx.Client, staff: Staff) -> None:
    staff.session(client, Role.DUTY_OFFICER)
    people = client.get("/app/people").json()["people"]
    assert {frozenset(p) for p in people} == {frozenset({"id", "name", "roles"})}
    assert staff.people[Role.PLANNER].id in {p["id"] for p in people}


def test_a_lost_second_factor_is_taken_away_and_the_deciding_role_with_it(
    admin: httpx.Client, other_admin: httpx.Client, staff: Staff
) -> None:
    person = staff.people[Role.REVIEWER].id
    assert admin.delete(f"/app/people/{person}/accounts/reviewer/second-factor").status_code == 204
    assert admin.delete(f"/app/people/{person}/accounts/planner/second-factor").status_code == 404
    assert staff.desk.people.get(person).roles == ()
    assert other_admin.post(f"/app/people/{person}/roles/reviewer/confirm").status_code == 200
