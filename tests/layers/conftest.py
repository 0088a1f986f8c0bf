"""A fresh twin to import into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from twin.core import Twin, create, open_twin


@pytest.fixture
def city(tmp_path: Path) -> Iterator[Twin]:
    create(tmp_path / "city.duckdb")
    with open_twin(tmp_path / "city.duckdb") as t:
        yield t
