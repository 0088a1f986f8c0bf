"""The law as shipped, and a store that holds it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from twin.law.shipped import load_builtin
from twin.store.base import Store
from twin.store.embedded.store import EmbeddedStore


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a store that holds the shipped law, to be copied."""
    path = tmp_path_factory.mktemp("law") / "loaded.duckdb"
    store = EmbeddedStore(path, create=True)
    load_builtin(store)
    store.close()
    return path


@pytest.fixture
def store(loaded: Path, tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "city.duckdb"
    shutil.copy(loaded, path)
    store = EmbeddedStore(path)
    yield store
    store.close()
