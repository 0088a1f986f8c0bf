"""What every test may use: the real files, and a fresh twin."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("TWIN_TEST_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real input files; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"shared data absent: {SHARED}")
    return SHARED
