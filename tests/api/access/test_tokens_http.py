"""Tokens and device keys over HTTP: what they may do, rotation, and a stolen one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from access_support import MACHINE, Staff

from tests.api.conftest import HIDDEN_LAYER, City
from twin.access import audit
from twin.access.tokens import Scope
from twin.model.view import Right, Role

HIDDEN_STREAM = 2


@pytest.fixture
def integrator(address: str, staff: Staff) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=30) as opened:
        yield staff.session(opened, Role.INTEGRATOR)


def made(client: httpx.Client, **more: object) -> dict:
    response = client.post("/app/tokens", json={"title": "Cổng dữ liệu", "role": "integrator", **more})
    assert response.status_code == 201, response.text
    return response.json()


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def reading(value: float, *, datastream: int = 1) -> dict:
    now = datetime.now(UTC).isoformat()
    return {"phenomenonTime": now, "result": value, "Datastream": {"@iot.id": datastream}}


def test_a_token_acts_in_its_role_and_its_secret_is_shown_once(client: httpx.Client, integrator: httpx.Client) -> None:
    token = made(integrator)
    said = client.get("/app/session", headers=bearer(token["secret"])).json()
    assert (said["viewer"]["role"], said["roles"], said["csrf"]) == ("integrator", ["integrator"], None)
    listed = integrator.get("/app/tokens")
    assert token["id"] in listed.text
    assert token["secret"] not in listed.text


@pytest.mark.parametrize("shown", ["Bearer twin_aaaaaaaaaaaa_" + "x" * 43, "Bearer", "Basic dHdpbjp0d2lu", "nonsense"])
@pytest.mark.parametrize("path", ["/app/layers", "/app/session", "/sta/v1.1/Things", "/ogc/collections"])
def test_a_token_that_is_none_is_refused_even_where_nobody_needs_one(
    client: httpx.Client, path: str, shown: str
) -> None:
    response = client.get(path, headers={"Authorization": shown})
    assert (response.status_code, response.json()["type"]) == (401, "urn:twin:problem:sign-in")


def test_a_person_makes_tokens_of_their_own_roles_only(integrator: httpx.Client) -> None:
    body = {"title": "x", "role": "administrator"}
    assert integrator.post("/app/tokens", json=body).status_code == 403
    too_much = {"title": "x", "role": "integrator", "scope": {"rights": ["administer"]}}
    assert integrator.post("/app/tokens", json=too_much).status_code == 400


def test_a_token_for_reading_writes_nothing(client: httpx.Client, integrator: httpx.Client) -> None:
    headers = bearer(made(integrator, scope={"rights": []})["secret"])
    assert HIDDEN_LAYER in client.get("/app/layers", headers=headers).text
    assert client.post("/sta/v1.1/Observations", json=reading(1.0), headers=headers).status_code == 403


def test_a_token_makes_neither_tokens_nor_people(client: httpx.Client, staff: Staff) -> None:
    headers = staff.token(Role.ADMINISTRATOR)
    assert client.get("/app/people", headers=headers).status_code == 200
    body = {"title": "x", "role": "integrator"}
    assert client.post("/app/tokens", json=body, headers=headers).status_code == 403
    assert client.post("/app/people", json={"name": "Ai đó"}, headers=headers).status_code == 403
    person = staff.people[Role.PLANNER].id
    assert client.post(f"/app/people/{person}/reset", headers=headers).status_code == 403


def test_somebody_elses_token_is_none(integrator: httpx.Client, address: str, staff: Staff) -> None:
    token = made(integrator)
    with httpx.Client(base_url=address) as planner:
        staff.session(planner, Role.PLANNER)
        assert token["id"] not in planner.get("/app/tokens").text
        known = planner.delete(f"/app/tokens/{token['id']}")
        never = planner.delete("/app/tokens/never0000000")
        assert (known.status_code, known.content) == (404, never.content)
        assert planner.post(f"/app/tokens/{token['id']}/rotate").status_code == 404


def test_an_administrator_ends_a_token_but_never_holds_its_secret(
    integrator: httpx.Client, client: httpx.Client, address: str, staff: Staff
) -> None:
    token = made(integrator)
    with httpx.Client(base_url=address) as admin:
        staff.session(admin, Role.ADMINISTRATOR)
        assert admin.post(f"/app/tokens/{token['id']}/rotate").status_code == 403
        assert admin.delete(f"/app/tokens/{token['id']}").status_code == 204
    assert client.get("/app/layers", headers=bearer(token["secret"])).status_code == 401


def test_a_stolen_token_is_refused_with_the_next_request_and_the_audit_shows_what_it_did(
    client: httpx.Client, integrator: httpx.Client, own_city: City
) -> None:
    token = made(integrator)
    headers = bearer(token["secret"])
    zones = {"params": {"layer": "tu_ke_trom", "filename": "x.geojson"}, "content": POINT}
    assert client.post("/app/import", headers=headers, **zones).status_code == 200
    assert integrator.delete(f"/app/tokens/{token['id']}").status_code == 204
    for path in ("/app/layers", "/app/session", "/sta/v1.1/Things"):
        assert client.get(path, headers=headers).status_code == 401
    assert client.post("/app/import", headers=headers, **zones).status_code == 401
    acts = audit.search(own_city.twin.store, object=f"token:{token['id']}")
    assert [a.action for a in acts] == ["token.revoke", "token.use", "token.add"]
    assert acts[1].details == {"method": "POST", "path": "/app/import"}
    listed = integrator.get("/app/tokens").json()["tokens"]
    assert next(t for t in listed if t["id"] == token["id"])["last_used"] is not None


POINT = (
    b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "x"}, '
    b'"geometry": {"type": "Point", "coordinates": [106.9, 11.5]}}]}'
)


def test_after_rotation_both_secrets_work_for_the_overlap(client: httpx.Client, integrator: httpx.Client) -> None:
    token = made(integrator)
    new = integrator.post(f"/app/tokens/{token['id']}/rotate", params={"overlap_h": 1}).json()
    for secret in (token["secret"], new["secret"]):
        assert client.get("/app/layers", headers=bearer(secret)).status_code == 200
    newest = integrator.post(f"/app/tokens/{token['id']}/rotate", params={"overlap_h": 0}).json()
    assert client.get("/app/layers", headers=bearer(new["secret"])).status_code == 401
    assert client.get("/app/layers", headers=bearer(newest["secret"])).status_code == 200


def test_a_token_ends_with_the_role_or_the_person(client: httpx.Client, staff: Staff) -> None:
    headers = staff.token(Role.OPERATOR)
    assert client.get("/app/people", headers=headers).status_code == 200
    staff.desk.people.withdraw(MACHINE, staff.people[Role.OPERATOR].id, Role.OPERATOR)
    assert client.get("/app/layers", headers=headers).status_code == 401


def test_a_token_acts_in_no_other_role(client: httpx.Client, staff: Staff) -> None:
    headers = {**staff.token(Role.REVIEWER), "X-Twin-Role": "administrator"}
    assert client.get("/app/layers", headers=headers).status_code == 403


# -- devices ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scope", [{"layers": ["gauges"]}, {"datastreams": [1]}])
def test_a_device_adds_observations_of_its_scope(client: httpx.Client, integrator: httpx.Client, scope: dict) -> None:
    key = made(integrator, kind="device", scope=scope)
    headers = bearer(key["secret"])
    first = client.post("/sta/v1.1/Observations", json=reading(1.25), headers=headers)
    assert first.status_code == 201, first.text
    through = client.post("/sta/v1.1/Datastreams(1)/Observations", json={**reading(1.5)}, headers=headers)
    assert through.status_code == 201, through.text


FOREIGN = [
    ("/sta/v1.1/Observations", reading(1.0, datastream=HIDDEN_STREAM)),
    ("/sta/v1.1/Observations", reading(1.0, datastream=987654)),
    (f"/sta/v1.1/Datastreams({HIDDEN_STREAM})/Observations", {"result": 1.0}),
    (f"/sta/v1.1/Datastreams({HIDDEN_STREAM})/Observations", reading(1.0)),
    ("/sta/v1.1/Observations", {"result": 1.0}),
    ("/sta/v1.1/Observations", {"result": 1.0, "Datastream": {"@iot.id": True}}),
    ("/sta/v1.1/Observations", {"result": 1.0, "Datastream": {"name": "new", "description": "x"}}),
    ("/sta/v1.1/Observations", {**reading(1.0), "FeatureOfInterest": {"name": "x", "description": "x"}}),
]


@pytest.mark.parametrize(("path", "body"), FOREIGN)
def test_a_device_adds_nothing_else_and_learns_nothing_of_what_there_is(
    client: httpx.Client, staff: Staff, path: str, body: dict
) -> None:
    _, headers = staff.device(layers={"gauges"})
    response = client.post(path, json=body, headers=headers)
    never = client.post("/sta/v1.1/Observations", json=reading(1.0, datastream=987654), headers=headers)
    assert (response.status_code, response.content) == (403, never.content)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/app/layers"), ("GET", "/sta/v1.1/Observations"), ("HEAD", "/sta/v1.1/Observations"),
     ("POST", "/sta/v1.1/Things"), ("POST", "/app/import?layer=x&filename=x.geojson"), ("POST", "/app/tokens"),
     ("POST", "/sta/v1.1/Things(1)/Datastreams"), ("PATCH", "/sta/v1.1/Things(1)"), ("GET", "/app/session"),
     ("GET", "/live"), ("GET", "/app/tokens")],
)  # fmt: skip
def test_a_device_reads_and_changes_nothing(client: httpx.Client, staff: Staff, method: str, path: str) -> None:
    _, headers = staff.device(layers={"gauges"}, datastreams={1})
    assert client.request(method, path, headers=headers).status_code == 403


def test_a_key_for_what_is_not_there_is_refused(integrator: httpx.Client) -> None:
    for scope in ({"layers": ["chua_he_co"]}, {"datastreams": [987654]}, {}):
        body = {"title": "x", "kind": "device", "scope": scope}
        assert integrator.post("/app/tokens", json=body).status_code == 400


def test_who_may_not_write_makes_no_key(address: str, staff: Staff) -> None:
    with httpx.Client(base_url=address) as planner:
        staff.session(planner, Role.PLANNER)
        body = {"title": "x", "kind": "device", "scope": {"layers": ["gauges"]}}
        assert planner.post("/app/tokens", json=body).status_code == 403


def test_a_scope_of_rights_is_enforced_by_the_viewer(client: httpx.Client, staff: Staff) -> None:
    headers = staff.token(Role.ADMINISTRATOR, scope=Scope(rights=frozenset({Right.AUDIT})))
    assert client.get("/app/audit", headers=headers).status_code == 200
    assert client.get("/app/people", headers=headers).status_code == 403
