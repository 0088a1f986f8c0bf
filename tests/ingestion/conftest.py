"""A twin with registered devices, and a pipeline into it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from ingestion_support import NOW, SALT, make_city

from ingestion.events import ensure_layer
from ingestion.pipeline import Pipeline
from twin.core import Twin, open_twin


@pytest.fixture(scope="session")
def city_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "city.duckdb"
    make_city(path)
    return path


@pytest.fixture
def city_path(city_template: Path, tmp_path: Path) -> Path:
    """A fresh copy of the same city, which is quicker than registering it again."""
    return Path(shutil.copy(city_template, tmp_path))


@pytest.fixture
def city(city_path: Path) -> Iterator[Twin]:
    with open_twin(city_path) as t:
        yield t


@pytest.fixture
def pipeline(city: Twin) -> Pipeline:
    ensure_layer(city)
    return Pipeline(city, connector="mqtt", salt=SALT, clock=lambda: NOW)
