"""Signing in over HTTP: cookies, forgery, roles, second factor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pyotp
import pytest
import time_machine
from access_support import MACHINE, Staff

from api.access import COOKIE
from api.access_settings import AccessSettings
from api.app import create_app
from api.serve import running
from api.settings import Settings
from tests.api.conftest import HIDDEN_LAYER, City
from twin.access import audit
from twin.access.accounts import Account
from twin.access.people import Person
from twin.model.view import Role, Viewer

PASSWORD = "ba con mèo trên mái"


@pytest.fixture
def lan(staff: Staff) -> Iterator[Person]:
    """A planner and integrator with a password."""
    people, second = staff.desk.people, staff.people[Role.ADMINISTRATOR]
    person = people.add(MACHINE, name="Lê Thị Lan", roles=[Role.PLANNER, Role.INTEGRATOR])
    people.confirm(Viewer("a", Role.ADMINISTRATOR, second.id), person.id, Role.PLANNER)
    staff.desk.accounts.add(MACHINE, Account("lan.le", person.id))
    staff.desk.accounts.set_password(MACHINE, "lan.le", PASSWORD)
    yield person
    staff.desk.accounts.remove(MACHINE, "lan.le")
    staff.desk.store.write_records(staff.desk.lockout.release("lan.le"))


def sign_in(client: httpx.Client, password: str = PASSWORD, **more: str) -> httpx.Response:
    return client.post("/app/session", json={"account": "lan.le", "password": password, **more})


def signed_in(client: httpx.Client) -> dict:
    response = sign_in(client)
    assert response.status_code == 200, response.text
    client.headers["X-Twin-CSRF"] = response.json()["csrf"]
    return response.json()


def test_an_anonymous_caller_is_a_citizen_without_rights(client: httpx.Client) -> None:
    said = client.get("/app/session").json()
    assert said["viewer"] == {"name": "anonymous", "role": "citizen", "person": None}
    assert (said["roles"], said["rights"], said["csrf"], said["must"]) == ([], [], None, [])


def test_who_signs_in_acts_in_their_role_and_sees_what_it_sees(client: httpx.Client, lan: Person) -> None:
    said = signed_in(client)
    assert said["viewer"] == {"name": "Lê Thị Lan", "role": "planner", "person": lan.id}
    assert said["roles"] == ["planner", "integrator"]
    assert HIDDEN_LAYER in client.get("/app/layers").text
    assert client.get("/app/session").json()["csrf"] == said["csrf"]


def test_the_cookie_cannot_be_read_by_scripts_nor_sent_by_other_sites(client: httpx.Client, lan: Person) -> None:
    cookie = sign_in(client).headers["set-cookie"].lower()
    for flag in ("httponly", "samesite=lax", "path=/", "max-age=43200"):
        assert flag in cookie
    assert "secure" not in cookie  # this server is reached by http


def test_a_wrong_password_and_an_unknown_account_are_answered_to_the_byte_alike(
    client: httpx.Client, lan: Person
) -> None:
    wrong = sign_in(client, "không phải đâu")
    never = client.post("/app/session", json={"account": "chua.tung", "password": PASSWORD})
    assert (wrong.status_code, wrong.content) == (401, never.content)
    assert set(wrong.headers) == set(never.headers)
    assert wrong.json()["type"] == "urn:twin:problem:sign-in"


def test_signing_out_ends_the_session_and_not_only_the_cookie(client: httpx.Client, lan: Person) -> None:
    signed_in(client)
    secret = client.cookies[COOKIE]
    assert client.delete("/app/session").status_code == 204
    assert COOKIE not in client.cookies
    client.cookies.set(COOKIE, secret)
    assert client.get("/app/sessions").status_code == 401


def test_signing_in_again_ends_the_session_before(client: httpx.Client, lan: Person) -> None:
    signed_in(client)
    before = client.cookies[COOKIE]
    signed_in(client)
    assert client.cookies[COOKIE] != before
    client.cookies.set(COOKIE, before)
    assert client.get("/app/sessions").status_code == 401


# -- forgery ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, "", "0" * 64])
def test_a_writing_request_without_the_sessions_token_is_refused(
    client: httpx.Client, lan: Person, token: str | None
) -> None:
    signed_in(client)
    del client.headers["X-Twin-CSRF"]
    headers = {} if token is None else {"X-Twin-CSRF": token}
    response = client.post("/app/session/role", json={"role": "integrator"}, headers=headers)
    assert (response.status_code, response.json()["where"]) == (403, "X-Twin-CSRF")
    assert client.get("/app/session").json()["viewer"]["role"] == "planner"


def test_the_token_of_another_session_is_refused(client: httpx.Client, lan: Person, address: str) -> None:
    signed_in(client)
    with httpx.Client(base_url=address) as other:
        foreign = signed_in(other)["csrf"]
    assert client.delete("/app/session", headers={"X-Twin-CSRF": foreign}).status_code == 403


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"},
                                     {"Sec-Fetch-Site": "cross-site"}])  # fmt: skip
def test_a_page_of_another_origin_neither_writes_nor_signs_in(
    client: httpx.Client, lan: Person, headers: dict[str, str]
) -> None:
    given = {"account": "lan.le", "password": PASSWORD}
    assert client.post("/app/session", json=given, headers=headers).status_code == 403
    signed_in(client)
    assert client.delete("/app/session", headers=headers).status_code == 403


def test_our_own_page_writes(client: httpx.Client, lan: Person, address: str) -> None:
    signed_in(client)
    headers = {"Origin": address, "Sec-Fetch-Site": "same-origin"}
    assert client.post("/app/session/role", json={"role": "integrator"}, headers=headers).status_code == 200


def test_a_cookie_that_is_over_does_not_stand_in_the_way(client: httpx.Client, lan: Person) -> None:
    client.cookies.set(COOKIE, "gone")
    assert client.get("/app/layers").status_code == 200
    response = client.get("/app/session")
    assert response.json()["viewer"]["role"] == "citizen"
    assert "max-age=0" in response.headers["set-cookie"].lower()
    client.cookies.set(COOKIE, "gone")
    assert sign_in(client).status_code == 200


# -- roles --------------------------------------------------------------------------------------------------------


def test_a_person_acts_in_the_roles_they_have_and_no_other(client: httpx.Client, lan: Person) -> None:
    signed_in(client)
    assert client.get("/app/config", headers={"X-Twin-Role": "integrator"}).json()["viewer"]["role"] == "integrator"
    assert client.get("/app/config", headers={"X-Twin-Role": "citizen"}).json()["viewer"]["role"] == "citizen"
    assert client.get("/app/config", headers={"X-Twin-Role": "reviewer"}).status_code == 403
    assert client.get("/app/config", headers={"X-Twin-Role": "mayor"}).status_code == 400


def test_the_chosen_role_stays_until_another_is_chosen_or_it_is_lost(
    client: httpx.Client, lan: Person, staff: Staff
) -> None:
    signed_in(client)
    assert client.post("/app/session/role", json={"role": "integrator"}).json()["viewer"]["role"] == "integrator"
    assert client.get("/app/config").json()["viewer"]["role"] == "integrator"
    assert client.post("/app/session/role", json={"role": "administrator"}).status_code == 403
    staff.desk.people.withdraw(MACHINE, lan.id, Role.INTEGRATOR)
    assert client.get("/app/config").json()["viewer"]["role"] == "planner"


def test_who_is_shut_out_is_out_with_the_next_request(client: httpx.Client, lan: Person, staff: Staff) -> None:
    signed_in(client)
    assert client.get("/app/sessions").status_code == 200
    staff.desk.people.disable(MACHINE, lan.id)
    assert client.get("/app/sessions").status_code == 401
    assert HIDDEN_LAYER not in client.get("/app/layers").text


# -- sessions and passwords ------------------------------------------------------------------------------------------


def test_one_sees_and_ends_ones_own_sessions(client: httpx.Client, lan: Person, address: str) -> None:
    signed_in(client)
    with httpx.Client(base_url=address) as other:
        signed_in(other)
        listed = client.get("/app/sessions").json()["sessions"]
        assert sorted(s["this"] for s in listed) == [False, True]
        away = next(s["id"] for s in listed if not s["this"])
        assert client.delete(f"/app/sessions/{away}").status_code == 204
        assert other.get("/app/sessions").status_code == 401
    assert client.delete(f"/app/sessions/{away}").status_code == 404


def test_a_new_password_ends_every_other_session(client: httpx.Client, lan: Person, address: str) -> None:
    signed_in(client)
    with httpx.Client(base_url=address) as other:
        signed_in(other)
        new = "một mật khẩu khác hẳn"
        wrong = client.post("/app/session/password", json={"old": "sai", "new": new})
        assert (wrong.status_code, wrong.json()["where"]) == (401, "old")
        weak = client.post("/app/session/password", json={"old": PASSWORD, "new": "matkhau123456"})
        assert (weak.status_code, "matkhau123456" in weak.text) == (400, False)
        assert client.post("/app/session/password", json={"old": PASSWORD, "new": new}).status_code == 204
        assert other.get("/app/sessions").status_code == 401
        assert client.get("/app/sessions").status_code == 200
        assert sign_in(other).status_code == 401
        assert sign_in(other, new).status_code == 200


def test_five_wrong_passwords_lock_the_account_and_say_until_when(client: httpx.Client, lan: Person) -> None:
    for _ in range(5):
        assert sign_in(client, "sai mật khẩu").status_code == 401
    locked = sign_in(client)
    assert locked.status_code == 429
    assert 20 <= int(locked.headers["Retry-After"]) <= 30
    assert locked.json()["type"] == "urn:twin:problem:too-many"


def test_an_old_session_is_over(client: httpx.Client, lan: Person) -> None:
    signed_in(client)
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61)):
        assert client.get("/app/sessions").status_code == 401


# -- the second factor ----------------------------------------------------------------------------------------------


def test_the_second_factor_from_setting_up_to_signing_in(client: httpx.Client, lan: Person) -> None:
    signed_in(client)
    made = client.post("/app/session/second-factor").json()
    assert made["uri"].startswith("otpauth://totp/urban-twin:lan.le?secret=")
    assert made["qr"].startswith("<svg")
    totp = pyotp.TOTP(made["secret"])
    assert client.post("/app/session/second-factor/confirm", json={"code": "x"}).status_code == 401
    recovery = client.post("/app/session/second-factor/confirm", json={"code": totp.now()}).json()["recovery"]
    client.cookies.clear()
    needed = sign_in(client)
    assert (needed.status_code, needed.json()["type"]) == (401, "urn:twin:problem:second-factor")
    assert sign_in(client, code=recovery[0]).status_code == 200
    wrong = sign_in(client, code=recovery[0])
    assert (wrong.status_code, wrong.json()["type"]) == (401, "urn:twin:problem:sign-in")


def test_an_administrator_without_a_second_factor_can_only_set_it_up(own_city: City, staff: Staff) -> None:
    settings = Settings(store=str(own_city.path), http_port=0, access="closed", entry=AccessSettings())
    with (
        running(create_app(own_city.twin, settings), settings) as url,
        httpx.Client(base_url=url) as client,
    ):
        staff.session(client, Role.ADMINISTRATOR)
        said = client.get("/app/session").json()
        assert (said["must"], said["viewer"]["role"], said["rights"]) == (["second_factor"], "citizen", [])
        assert client.get("/app/people").status_code == 403
        assert HIDDEN_LAYER not in client.get("/app/layers").text
        secret = client.post("/app/session/second-factor").json()["secret"]
        code = pyotp.TOTP(secret).now()
        assert client.post("/app/session/second-factor/confirm", json={"code": code}).status_code == 200
        assert client.get("/app/session").json()["viewer"]["role"] == "administrator"
        assert client.get("/app/people").status_code == 200
    staff.desk.accounts.remove_second_factor(MACHINE, "administrator")


def test_a_reset_link_lets_a_person_in_once(client: httpx.Client, lan: Person, staff: Staff, address: str) -> None:
    with httpx.Client(base_url=address) as admin:
        staff.session(admin, Role.ADMINISTRATOR)
        made = admin.post(f"/app/people/{lan.id}/reset").json()
        assert made["link"].startswith(f"{address}/reset#")
    secret = made["link"].split("#")[1]
    new = "một mật khẩu khác hẳn"
    assert client.post("/app/session/reset", json={"secret": secret, "new": "ngắn"}).status_code == 400
    assert client.post("/app/session/reset", json={"secret": secret, "new": new}).status_code == 204
    assert client.post("/app/session/reset", json={"secret": secret, "new": new}).status_code == 404
    assert sign_in(client, new).status_code == 200
    # Somebody else could have used the link, so the role that decides waits for a second administrator.
    assert client.get("/app/session").json()["roles"] == ["integrator"]


def test_what_happened_is_in_the_audit_and_what_was_typed_is_not(
    client: httpx.Client, lan: Person, own_city: City
) -> None:
    sign_in(client, "mật khẩu gõ nhầm")
    signed_in(client)
    client.delete("/app/session")
    acts = [(a.action, a.outcome.value) for a in audit.search(own_city.twin.store, limit=3)]
    assert acts == [("session.end", "done"), ("session.open", "done"), ("session.open", "refused")]
    assert "gõ nhầm" not in str(own_city.twin.store.entries(audit.LOG))
