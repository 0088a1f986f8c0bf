"""A twin that issues documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from document_support import PLANNER

from twin.core import Twin, create, open_twin


@pytest.fixture
def t(tmp_path: Path) -> Iterator[Twin]:
    create(tmp_path / "city.duckdb")
    with open_twin(tmp_path / "city.duckdb", PLANNER) as opened:
        yield opened
