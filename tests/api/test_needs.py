"""The dependency by which a route says which right it needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.context import Needs, for_anybody, needs
from api.serve import running
from api.settings import Settings
from tests.api.conftest import City
from twin.model.view import RIGHTS, Right, Role


def app_with_routes(city: City, access: str) -> FastAPI:
    # Routes added afterwards come behind the pages, which take every path where they are built.
    app = create_app(city.twin, Settings(http_port=0, access=access), web_files=Path("not-built"))

    def answer() -> str:
        return "done"

    app.get("/probe/work", dependencies=[needs(Right.WORK)])(answer)
    app.get("/probe/either", dependencies=[needs(Right.LAW, Right.WRITE)])(answer)
    app.get("/probe/signed-in", dependencies=[needs()])(answer)
    app.post("/probe/anybody", dependencies=[for_anybody()])(answer)
    return app


@pytest.fixture(scope="module", params=["open", "closed"])
def probed(city: City, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    settings = Settings(http_port=0, access=request.param)
    with (
        running(app_with_routes(city, request.param), settings) as url,
        httpx.Client(base_url=url, params={}) as client,
    ):
        client.mode = request.param  # type: ignore[attr-defined]
        yield client


def test_an_anonymous_caller_of_a_closed_twin_is_asked_to_sign_in(probed: httpx.Client) -> None:
    if probed.mode == "open":  # type: ignore[attr-defined]
        assert probed.get("/probe/work").status_code == 200
        return
    for path in ("/probe/work", "/probe/either", "/probe/signed-in"):
        response = probed.get(path)
        assert response.status_code == 401
        assert response.json()["type"] == "urn:twin:problem:sign-in"
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("role", Role)
def test_a_role_without_the_right_is_refused(probed: httpx.Client, role: Role) -> None:
    if probed.mode == "closed":  # type: ignore[attr-defined]
        return
    headers = {"X-Twin-Role": role.value}
    expected = 200 if Right.WORK in RIGHTS[role] else 403
    assert probed.get("/probe/work", headers=headers).status_code == expected
    either = 200 if RIGHTS[role] & {Right.LAW, Right.WRITE} else 403
    assert probed.get("/probe/either", headers=headers).status_code == either
    assert probed.get("/probe/signed-in", headers=headers).status_code == 200


def test_what_is_for_anybody_asks_nothing(probed: httpx.Client) -> None:
    assert probed.post("/probe/anybody").status_code == 200


def test_a_test_can_read_what_a_route_needs(city: City) -> None:
    app = app_with_routes(city, "closed")
    declared = {
        route.path: [part.call for part in route.dependant.dependencies if isinstance(part.call, Needs)]
        for route in app.routes
        if getattr(route, "path", "").startswith("/probe")
    }
    assert declared["/probe/either"] == [Needs((Right.LAW, Right.WRITE))]
    assert declared["/probe/signed-in"] == [Needs()]
    assert declared["/probe/anybody"] == [Needs(anybody=True)]
