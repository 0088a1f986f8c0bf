from __future__ import annotations

import itertools

import numpy as np
import pytest

from twin.errors import ParameterError
from twin.simulation.series import Series, constant, steps


def test_linear_series_integrates_its_triangles_exactly() -> None:
    series = Series(np.array([0.0, 10.0, 30.0]), np.array([0.0, 4.0, 0.0]))
    assert series.integral(0, 30) == 20 + 40
    assert series.integral(5, 10) == 15
    assert series.mean(10, 30) == 2


def test_linear_series_keeps_its_end_values_outside() -> None:
    series = Series(np.array([10.0, 20.0]), np.array([1.0, 3.0]))
    assert series.at(0) == 1
    assert series.at(99) == 3
    assert series.integral(0, 30) == 10 + 20 + 30


def test_steps_hold_until_the_next_time_and_are_nothing_outside() -> None:
    rain = steps([0.0, 600.0, 1800.0], [2.0, 1.0])
    assert [rain.at(t) for t in (-1.0, 0.0, 599.0, 600.0, 1800.0)] == [0, 2, 2, 1, 0]
    assert rain.integral(-100, 5000) == 600 * 2 + 1200
    assert rain.integral(300, 900) == 300 * 2 + 300


def test_parts_of_an_integral_add_up() -> None:
    series = Series(np.array([0.0, 7.0, 11.0]), np.array([1.0, 5.0, 2.0]))
    cuts = np.linspace(-3, 15, 50)
    parts = sum(series.integral(a, b) for a, b in itertools.pairwise(cuts))
    assert parts == pytest.approx(series.integral(-3, 15), rel=1e-13)


def test_a_constant_is_the_same_everywhere() -> None:
    assert constant(3.0).mean(-5, 1e6) == 3


@pytest.mark.parametrize(
    ("times", "values", "reason"),
    [
        ([0.0, 0.0], [1.0, 2.0], "do not increase"),
        ([0.0, 1.0], [1.0], "as many values"),
        ([0.0, 1.0], [1.0, np.nan], "missing or infinite"),
        ([], [], "as many values"),
    ],
)
def test_a_broken_series_is_refused(times: list[float], values: list[float], reason: str) -> None:
    with pytest.raises(ParameterError, match=reason):
        Series(np.array(times), np.array(values))
