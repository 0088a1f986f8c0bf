"""The law as shipped, and a store that holds it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from twin.law.book import Law
from twin.law.shipped import load_builtin
from twin.store.base import Store


@pytest.fixture(scope="session")
def law() -> Law:
    return Law.shipped()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    from twin.store.embedded.store import EmbeddedStore

    store = EmbeddedStore(tmp_path / "city.duckdb", create=True)
    load_builtin(store)
    yield store
    store.close()
