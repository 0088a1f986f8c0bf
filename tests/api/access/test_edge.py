"""The edge of a closed server: headers, proxies, rates, addresses that may be listened on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from access_support import MACHINE, Staff

import twin
from api import settings as server_settings
from api.access import AccessMode, decide_mode
from api.access_settings import AccessSettings, default_rates, parse_rate
from api.app import create_app
from api.serve import running
from api.settings import Settings
from tests.api.access.conftest import closed_settings
from tests.api.conftest import City
from twin.access.accounts import Account
from twin.access.desk import desk_of
from twin.core import create
from twin.errors import ParameterError
from twin.model.view import Role

PASSWORD = "ba con mèo trên mái"


@contextmanager
def serving(city: City, settings: Settings) -> Iterator[httpx.Client]:
    with running(create_app(city.twin, settings), settings) as url, httpx.Client(base_url=url) as client:
        yield client


def limited(city: City, name: str, rate: str) -> Settings:
    rates = {**default_rates(), name: parse_rate(rate, where=name)}
    return Settings(store=str(city.path), http_port=0, access="closed", entry=AccessSettings(rates=rates))


# -- where to listen --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "mode"),
    [(Settings(), AccessMode.CLOSED), (Settings(access="open"), AccessMode.OPEN),
     (Settings(http_host="0.0.0.0"), AccessMode.CLOSED),
     (Settings(http_host="::", access="closed"), AccessMode.CLOSED)],
)  # fmt: skip
def test_with_accounts_closed_is_the_default_and_other_addresses_may_be_listened_on(
    settings: Settings, mode: AccessMode
) -> None:
    assert decide_mode(settings, has_accounts=True) is mode


def test_open_is_never_reachable_from_outside() -> None:
    with pytest.raises(ParameterError, match="TWIN_ACCESS"):
        decide_mode(Settings(http_host="0.0.0.0", access="open"), has_accounts=True)


def test_the_first_account_lets_a_server_start_for_others(tmp_path: Path) -> None:
    create(tmp_path / "t.duckdb")
    settings = Settings(store=str(tmp_path / "t.duckdb"), http_host="0.0.0.0", http_port=0)
    with twin.open(tmp_path / "t.duckdb") as t:
        with pytest.raises(ParameterError, match="no accounts"):
            create_app(t, settings)
        desk = desk_of(t.store, t.keys)
        person = desk.people.add(MACHINE, name="An", roles=[Role.ADMINISTRATOR])
        desk.accounts.add(MACHINE, Account("an.le", person.id))
        assert create_app(t, settings).state.context.gate.mode is AccessMode.CLOSED


# -- proxies and headers ----------------------------------------------------------------------------------------------


FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}


@pytest.mark.parametrize(("proxies", "believed"), [((), False), (("10.0.0.0/8",), False), (("127.0.0.0/8",), True)])
def test_forwarding_headers_count_only_from_the_proxies_that_were_named(
    own_city: City, staff: Staff, proxies: tuple[str, ...], believed: bool
) -> None:
    settings = closed_settings(own_city.path, trusted_proxies=proxies)
    staff.desk.accounts.set_password(MACHINE, "planner", PASSWORD)
    with serving(own_city, settings) as client:
        answer = client.post("/app/session", json={"account": "planner", "password": PASSWORD}, headers=FORWARDED)
        assert answer.status_code == 200
        assert ("secure" in answer.headers["set-cookie"].lower()) is believed
        assert ("strict-transport-security" in answer.headers) is believed


def test_every_answer_carries_the_headers_of_safety(client: httpx.Client) -> None:
    for path in ("/", "/app/layers", "/app/people", "/nowhere", "/sta/v1.1/Things"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("path", ["/app/session", "/app/people", "/app/tokens", "/app/sessions"])
def test_what_is_about_people_is_kept_by_no_cache(client: httpx.Client, staff: Staff, path: str) -> None:
    staff.session(client, Role.ADMINISTRATOR)
    assert client.get(path).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/app/session", "/app/policy/dry-run", "/sta/v1.1/Observations", "/nowhere"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_would_fill_the_memory_is_refused(client: httpx.Client, path: str, chunked: bool) -> None:
    part = b"[" * (1 << 20)
    content = (part for _ in range(17)) if chunked else part * 17
    answer = client.post(path, content=content, headers={"Content-Type": "application/json"})
    # Without a length it is refused when it is read; a route that reads none refuses for its own reason.
    is_read = path.startswith("/app") or not chunked
    assert (answer.status_code == 413) is is_read
    assert answer.status_code < 500


# -- rates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "method", "path"),
    [("sign_in", "POST", "/app/session"), ("sign_in", "POST", "/app/session/reset"),
     ("search", "GET", "/app/search?q=a"),
     ("reports", "POST", "/app/reports"), ("uploads", "POST", "/app/import"), ("all", "GET", "/app/layers")],
)  # fmt: skip
def test_one_too_many_is_told_when_to_come_again(own_city: City, name: str, method: str, path: str) -> None:
    with serving(own_city, limited(own_city, name, "3/minute")) as client:
        first = [client.request(method, path).status_code for _ in range(3)]
        assert 429 not in first
        refused = client.request(method, path)
        assert (refused.status_code, refused.json()["type"]) == (429, "urn:twin:problem:too-many")
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        if name != "all":
            assert client.get("/app/config").status_code == 200


def test_a_token_is_counted_wherever_it_is_used_from(own_city: City, staff: Staff) -> None:
    settings = limited(own_city, "all", "4/minute")
    entry = AccessSettings(rates=settings.entry.rates, trusted_proxies=("127.0.0.1",))
    headers = staff.token(Role.INTEGRATOR)
    with serving(own_city, Settings(store=str(own_city.path), http_port=0, access="closed", entry=entry)) as client:
        found = [
            client.get("/app/config", headers={**headers, "X-Forwarded-For": f"203.0.113.{n}"}).status_code
            for n in range(5)
        ]
        assert found == [200, 200, 200, 200, 429]
        assert client.get("/app/config", headers={"X-Forwarded-For": "203.0.113.77"}).status_code == 200


def test_an_open_twin_counts_nothing(own_city: City) -> None:
    rates = {**default_rates(), "all": parse_rate("1/minute", where="all")}
    settings = Settings(store=str(own_city.path), http_port=0, access="open", entry=AccessSettings(rates=rates))
    with serving(own_city, settings) as client:
        assert [client.get("/app/config").status_code for _ in range(3)] == [200, 200, 200]


# -- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "text"),
    [("TWIN_TRUSTED_PROXIES", "proxy.example.vn"), ("TWIN_PUBLIC_URL", "twin.example.vn"),
     ("TWIN_PUBLIC_URL", "https://x.vn/path"), ("TWIN_SECOND_FACTOR", "everybody"), ("TWIN_RATE_ALL", "often"),
     ("TWIN_SESSION_HOURS", "0"), ("TWIN_SESSIONS_EACH", "x")],
)  # fmt: skip
def test_a_setting_that_is_wrong_is_named(tmp_path: Path, variable: str, text: str) -> None:
    with pytest.raises(ParameterError, match=variable):
        server_settings.load({variable: text}, folder=tmp_path)
