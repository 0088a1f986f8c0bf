from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from twin.core import Twin, create, open_twin
from twin.files.datakeys import SafeSettings

MASTER = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def safe(tmp_path: Path) -> SafeSettings:
    return SafeSettings("env:THE_MASTER", str(tmp_path / "second"), {"THE_MASTER": MASTER})


@pytest.fixture
def t(tmp_path: Path, safe: SafeSettings) -> Iterator[Twin]:
    create(tmp_path / "city.duckdb", {"title": "Thành phố"})
    with open_twin(tmp_path / "city.duckdb", safe=safe) as opened:
        yield opened
