"""A fresh twin for scenarios."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import twin
from twin.core import Twin, create


@pytest.fixture
def t(tmp_path: Path) -> Iterator[Twin]:
    create(tmp_path / "city.duckdb")
    with twin.open(tmp_path / "city.duckdb") as opened:
        yield opened
