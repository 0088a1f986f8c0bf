"""What ``make bench`` prints: one JSON line a figure, all with the same keys."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def test_a_flood_figure_has_every_key_and_a_ratio_of_rates() -> None:
    figure = runpy.run_path(str(BENCHMARKS / "flood.py"))["figure"]("tiny", 24, 32, 1)
    assert list(figure) == ["name", "value", "unit", "peer", "peer_value", "ratio", "goal", "runs"]
    assert figure["value"] > 0
    assert figure["ratio"] == pytest.approx(figure["value"] / figure["peer_value"], abs=2e-4)
