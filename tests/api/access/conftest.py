"""A closed server with people of every role."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from access_support import Staff, quick_passwords, staff_of

from api.access_settings import AccessSettings, default_rates, parse_rate
from api.app import create_app
from api.serve import running
from api.settings import Settings
from tests.api.conftest import City, build
from twin.access.signin import SecondFactorFor


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    with quick_passwords():
        yield


@pytest.fixture(scope="module")
def own_city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """A city that the tests of one module may write into."""
    built = build(tmp_path_factory.mktemp("closed") / "town.duckdb")
    with built.twin:
        yield built


@pytest.fixture(scope="module")
def staff(own_city: City) -> Staff:
    return staff_of(own_city.twin)


def closed_settings(path: Path, **more: object) -> Settings:
    """Settings of a closed server without limits of rate and without the demand of a second factor."""
    wide = {name: parse_rate("100000/second", where=name) for name in default_rates()}
    given = {"rates": wide, "second_factor": SecondFactorFor.NOBODY, **more}
    return Settings(store=str(path), http_port=0, access="closed", entry=AccessSettings(**given))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def address(own_city: City, staff: Staff) -> Iterator[str]:
    settings = closed_settings(own_city.path)
    with running(create_app(own_city.twin, settings), settings) as url:
        yield url


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=30) as opened:
        yield opened
