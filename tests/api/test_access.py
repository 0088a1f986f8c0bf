from __future__ import annotations

import httpx
import pytest

from api.access import AccessMode, decide_mode, is_loopback
from api.settings import Settings
from tests.api.conftest import HIDDEN_LAYER
from twin.errors import ParameterError


def names(response: httpx.Response) -> set[str]:
    return {layer["name"] for layer in response.json()["layers"]}


@pytest.mark.parametrize(
    ("settings", "mode"),
    [
        (Settings(), AccessMode.OPEN),
        (Settings(access="closed"), AccessMode.CLOSED),
        (Settings(access="open", http_host="::1"), AccessMode.OPEN),
        (Settings(store="postgresql://db/twin"), AccessMode.CLOSED),
        (Settings(store="postgresql://db/twin", access="open"), AccessMode.OPEN),
    ],
)
def test_open_is_the_default_only_for_an_embedded_twin_on_loopback(settings: Settings, mode: AccessMode) -> None:
    assert decide_mode(settings) is mode


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "twin.example.vn", ""])
@pytest.mark.parametrize("access", ["", "open", "closed"])
def test_without_accounts_an_address_reachable_from_outside_refuses_to_start(host: str, access: str) -> None:
    with pytest.raises(ParameterError, match="TWIN_HTTP_HOST"):
        decide_mode(Settings(http_host=host, access=access))


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("[::1]", True), ("localhost", True), ("LOCALHOST", True),
     ("10.0.0.1", False), ("localhost.evil.example", False), ("127.0.0.1.evil.example", False)],
)  # fmt: skip
def test_only_loopback_names_are_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_open_shows_an_anonymous_caller_everything(http: httpx.Client) -> None:
    assert http.get("/app/config").json()["viewer"]["role"] == "integrator"
    assert HIDDEN_LAYER in names(http.get("/app/layers"))


@pytest.mark.parametrize("way", [{"headers": {"X-Twin-Role": "citizen"}}, {"params": {"as": "citizen"}}])
def test_open_lets_a_caller_act_as_a_citizen(http: httpx.Client, way: dict) -> None:
    assert http.get("/app/config", **way).json()["viewer"]["role"] == "citizen"
    assert HIDDEN_LAYER not in names(http.get("/app/layers", **way))


def test_closed_treats_an_anonymous_caller_as_a_citizen(citizen_http: httpx.Client) -> None:
    config = citizen_http.get("/app/config").json()
    assert config["viewer"]["role"] == "citizen"
    assert config["access"] == "closed"
    assert config["roles"] == []


@pytest.mark.parametrize("way", [{"headers": {"X-Twin-Role": "administrator"}}, {"params": {"as": "administrator"}}])
@pytest.mark.parametrize("path", ["/app/layers", "/ogc/collections", "/sta/v1.1/Things", "/live", "/metrics"])
def test_closed_refuses_every_role_that_is_asked_for(citizen_http: httpx.Client, path: str, way: dict) -> None:
    response = citizen_http.get(path, **way)
    assert response.status_code == 403
    assert response.json()["type"] == "urn:twin:problem:forbidden"


def test_a_role_that_does_not_exist_is_refused(http: httpx.Client) -> None:
    response = http.get("/app/layers", headers={"X-Twin-Role": "mayor"})
    assert response.status_code == 400
    assert "duty_officer" in response.json()["hint"]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""])
def test_open_answers_no_request_addressed_to_another_name(http: httpx.Client, host: str) -> None:
    response = http.get("/app/layers", headers={"Host": host})
    assert response.status_code == 403
    assert response.json()["where"] == "Host"


def test_open_lets_no_page_of_another_origin_write(http: httpx.Client) -> None:
    body = {"name": "x", "description": "x"}
    response = http.post("/sta/v1.1/Things", json=body, headers={"Origin": "http://evil.example"})
    assert response.status_code == 403
    assert response.json()["where"] == "Origin"


def test_closed_does_not_mind_the_name_a_proxy_gave(citizen_http: httpx.Client) -> None:
    assert citizen_http.get("/app/layers", headers={"Host": "twin.binhphuoc.example"}).status_code == 200


def test_a_citizen_may_not_write(citizen_http: httpx.Client, http: httpx.Client) -> None:
    body = {"name": "x", "description": "x"}
    assert citizen_http.post("/sta/v1.1/Things", json=body).status_code == 401
    assert http.post("/sta/v1.1/Things", json=body, headers={"X-Twin-Role": "citizen"}).status_code == 403
