"""A store, a small calendar and a plain kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from case_support import Calendar, Wall, plain_kind

from twin.cases.engine import Cases
from twin.cases.kind import CaseKind
from twin.store.base import Store


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the same store again and again (closing it first), as a restart would."""
    from twin.store.embedded.store import EmbeddedStore

    path = tmp_path / "city.duckdb"
    opened: list[EmbeddedStore] = []

    def open_it() -> EmbeddedStore:
        for store in opened:
            store.close()
        opened.append(EmbeddedStore(path, create=not path.exists()))
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    return open_store()


@pytest.fixture
def wall() -> Wall:
    """A clock that stands at Monday 2026-11-30 09:00 in Viet Nam until a test moves it."""
    return Wall(datetime(2026, 11, 30, 2, tzinfo=UTC))


@pytest.fixture
def make(store: Store, wall: Wall) -> Callable[..., Cases]:
    def of(*kinds: CaseKind, calendar: Calendar | None = None, **more: object) -> Cases:
        return Cases(
            store,
            calendar=calendar or Calendar(),
            kinds=kinds or (plain_kind(),),
            now=wall.now,
            **more,  # type: ignore[arg-type]
        )

    return of


@pytest.fixture
def cases(make: Callable[..., Cases]) -> Cases:
    return make()
