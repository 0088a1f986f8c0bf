"""Every route as every role and as nobody. A new route is walked by itself; one that changes something and does not say
who may call it fails until it does."""

from __future__ import annotations

import re

import httpx
import pytest
from access_support import MACHINE, Staff

from api.app import create_app
from api.route_table import NO_PAGES, PAGE, RouteNeeds, route_needs, table, with_table
from tests.api.access.conftest import closed_settings
from tests.api.conftest import City
from twin.access.tokens import TokenKind
from twin.model.view import Role

STREAMS = {"/live"}
"""Routes whose answer never ends; only how it begins is looked at."""

NEVER = {"layer": "chua_he_co", "fid": "chua-he-co", "datastream": "987654", "z": "14", "x": "1", "y": "1", "row": "1",
         "col": "1", "matrix_set": "WebMercatorQuad", "path": "Things(987654)", "role": "reviewer"}  # fmt: skip
"""What stands for a path parameter; any other is filled with what never was."""

REFUSED_LATER: dict[tuple[str, str], str] = {}
"""Routes that refuse (403) even a caller with the declared right when nothing else is said; with the reason."""


def routes(city: City) -> list[RouteNeeds]:
    return route_needs(create_app(city.twin, closed_settings(city.path)))


def filled(path: str, values: dict[str, str] | None = None) -> str:
    known = {**NEVER, **(values or {})}
    return re.sub(r"{(\w+)(?::\w+)?}", lambda m: known.get(m[1], "chua-he-co"), path)


def status(client: httpx.Client, route: RouteNeeds) -> tuple[int, dict]:
    with client.stream(route.method, filled(route.path)) as response:
        if route.path in STREAMS:
            return response.status_code, {}
        is_problem = response.headers.get("content-type", "").startswith("application/problem+json")
        response.read()
        return response.status_code, response.json() if is_problem else {}


def test_every_route_that_changes_something_says_who_may_call_it(own_city: City) -> None:
    silent = [f"{r.method} {r.path}" for r in routes(own_city) if not r.is_declared]
    assert silent == [], "declare needs(Right.…), needs() or for_anybody() of api.context"


@pytest.mark.parametrize("role", [None, *Role], ids=lambda r: str(r.value if r else "anonymous"))
def test_every_route_answers_each_role_as_it_declares(
    own_city: City, staff: Staff, client: httpx.Client, role: Role | None
) -> None:
    asked = refused = 0
    for route in routes(own_city):
        if role is not None:
            staff.session(client, role)  # anew, because one of the routes signs out
        found, problem = status(client, route)
        expected, name = route.expected(role), f"{route.method} {route.path} as {role}: {found} {problem}"
        asked += 1
        if expected == 200:
            allowed = {403} if (route.method, route.path) in REFUSED_LATER else set()
            assert found not in {401, 403} - allowed or is_about_more(route, problem), name
            assert found < 500 or found == 501, name
            continue
        refused += 1
        kind = "sign-in" if expected == 401 else "forbidden"
        assert (found, problem.get("type")) == (expected, f"urn:twin:problem:{kind}"), name
    assert asked > 60
    assert refused > (10 if role is not Role.ADMINISTRATOR else -1)


def is_about_more(route: RouteNeeds, problem: dict) -> bool:
    """Whether a sign-in was refused for what was shown in it, not for who asks."""
    return route.path.startswith("/app/oidc/") and problem.get("status") == 401


@pytest.mark.parametrize("role", [None, *Role], ids=lambda r: str(r.value if r else "anonymous"))
def test_what_is_there_is_refused_to_the_byte_like_what_never_was(
    own_city: City, staff: Staff, client: httpx.Client, role: Role | None
) -> None:
    person = staff.people[Role.PLANNER].id
    token, _ = staff.desk.tokens.add(MACHINE, title="x", kind=TokenKind.API, person=person, role=Role.PLANNER)
    (session, *_) = staff.desk.sessions.of(person) or [None]
    there = {"/app/people/": person, "/app/tokens/": token.id, "/app/sessions/": session.id if session else "s"}
    pairs = 0
    for route in routes(own_city):
        start = next((p for p in there if route.path.startswith(p)), None)
        if start is None:
            continue
        if role is Role.PLANNER or (role is Role.ADMINISTRATOR and "/sessions/" not in start):
            continue  # who may see it, may know that it is there
        if role is not None:
            staff.session(client, role)
        known = client.request(route.method, filled(route.path, {"id": there[start], "account": "planner"}))
        never = client.request(route.method, filled(route.path))
        assert known.status_code in (401, 403, 404), route
        assert (known.status_code, known.content) == (never.status_code, never.content), route
        assert set(known.headers) == set(never.headers)
        pairs += 1
    assert pairs >= 7 or role in (Role.PLANNER, Role.ADMINISTRATOR)
    assert staff.desk.tokens.get(token.id).revoked is None


def test_the_page_shows_the_routes_as_they_are(own_city: City) -> None:
    page = PAGE.read_text(encoding="utf-8")
    made = table(create_app(own_city.twin, closed_settings(own_city.path), web_files=NO_PAGES))
    assert page == with_table(page, made), "run: python -m api.route_table"
