"""A desk over a fresh twin."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from access_support import quick_passwords

import twin
from twin.access.accounts import Account
from twin.access.desk import Desk, desk_of
from twin.access.people import Person
from twin.core import create
from twin.model.view import Role, Viewer

MACHINE = Viewer("root", Role.ADMINISTRATOR)
PASSWORD = "ba con mèo trên mái"


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    with quick_passwords():
        yield


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a fresh twin, to be copied: making one takes longer than most of these tests."""
    folder = tmp_path_factory.mktemp("fresh")
    create(folder / "t.duckdb")
    return folder


@pytest.fixture
def desk(tmp_path: Path, fresh: Path) -> Iterator[Desk]:
    shutil.copytree(fresh, tmp_path, dirs_exist_ok=True)
    with twin.open(tmp_path / "t.duckdb") as t:
        yield desk_of(t.store, t.keys)


@pytest.fixture
def admins(desk: Desk) -> tuple[Viewer, Viewer]:
    """Two administrators, made on the machine."""
    made = [desk.people.add(MACHINE, name=name, roles=[Role.ADMINISTRATOR]) for name in ("An", "Bình")]
    first, second = (Viewer(p.name, Role.ADMINISTRATOR, p.id) for p in made)
    return first, second


@pytest.fixture
def minh(desk: Desk) -> Person:
    """Somebody with an account and a password, and no role."""
    person = desk.people.add(MACHINE, name="Minh")
    desk.accounts.add(MACHINE, Account("minh", person.id))
    desk.accounts.set_password(MACHINE, "minh", PASSWORD)
    return person
