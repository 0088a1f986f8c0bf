"""A twin with registered devices, and a pipeline into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ingestion_support import NOW, SALT, make_city

from ingestion.events import ensure_layer
from ingestion.pipeline import Pipeline
from twin.core import Twin, open_twin


@pytest.fixture
def city_path(tmp_path: Path) -> Path:
    path = tmp_path / "city.duckdb"
    make_city(path)
    return path


@pytest.fixture
def city(city_path: Path) -> Iterator[Twin]:
    with open_twin(city_path) as t:
        yield t


@pytest.fixture
def pipeline(city: Twin) -> Pipeline:
    ensure_layer(city)
    return Pipeline(city, connector="mqtt", salt=SALT, clock=lambda: NOW)
