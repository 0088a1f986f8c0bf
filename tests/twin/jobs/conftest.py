"""A twin with a queue, and runners whose workers find the tests' kinds of work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from jobs_for_tests import KINDS

from twin.core import create
from twin.jobs.queue import Queue
from twin.model.layer import Layer
from twin.store.embedded.store import EmbeddedStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "town.duckdb"
    create(place)
    return place


@pytest.fixture
def queue(path: Path) -> Iterator[Queue]:
    store = EmbeddedStore(path)
    store.put_layer(Layer("effects", "Kết quả", geometry_type="Point"))
    yield Queue(store, KINDS)
    store.close()


@pytest.fixture(autouse=True)
def _workers_find_the_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
