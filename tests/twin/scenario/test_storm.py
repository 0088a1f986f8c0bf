"""Design storms against worked values: Hà Nội, ten years, sixty minutes, peak at 0.4 of the duration."""

from __future__ import annotations

import pytest

from twin.errors import ParameterError
from twin.scenario.storm import FORMULAS, chicago_storm

HA_NOI = FORMULAS["Hà Nội"]


@pytest.mark.parametrize(
    ("city", "five", "ten", "three_hours"),
    [
        ("TP.HCM", 80.3, 90.3, 122.6),
        ("Hà Nội", 77.7, 88.2, 122.5),
        ("Huế", 76.4, 85.5, 149.5),
        ("Vinh", 83.1, 93.1, 148.4),
        ("Đà Nẵng", 67.3, 75.0, 117.6),
        ("Buôn Ma Thuột", 70.2, 78.9, 106.3),
    ],
)
def test_depths_of_the_formula(city: str, five: float, ten: float, three_hours: float) -> None:
    formula = FORMULAS[city]
    assert formula.mean_mm_h(60, 5) == pytest.approx(five, abs=0.05)
    assert formula.mean_mm_h(60, 10) == pytest.approx(ten, abs=0.06)
    assert formula.mean_mm_h(180, 10) * 3 == pytest.approx(three_hours, abs=0.06)


def test_a_storm_holds_the_depth_of_its_duration_whatever_the_step() -> None:
    for step in (1.0, 5.0, 15.0):
        storm = chicago_storm(HA_NOI, years=10, minutes=60, step_minutes=step)
        assert storm.integral(0, 3600) * 1000 == pytest.approx(88.167, abs=5e-4)


def test_the_peak_and_what_stands_around_it() -> None:
    storm = chicago_storm(HA_NOI, years=10, minutes=60, peak_at=0.4, step_minutes=0.01)
    assert storm.values.max() * 3.6e6 == pytest.approx(282.51, rel=1e-3)
    # Intensity five minutes before and after the peak at minute 24.
    assert storm.mean(19 * 60 - 1, 19 * 60 + 1) * 3.6e6 == pytest.approx(127.19, rel=1e-3)
    assert storm.mean(29 * 60 - 1, 29 * 60 + 1) * 3.6e6 == pytest.approx(158.76, rel=1e-3)


def test_a_storm_beyond_the_formula_is_refused() -> None:
    for minutes, years in ((240.0, 10.0), (60.0, 100.0), (60.0, 0.0)):
        with pytest.raises(ParameterError, match="beyond the formula"):
            chicago_storm(HA_NOI, years=years, minutes=minutes)
    with pytest.raises(ParameterError, match="whole number of steps"):
        chicago_storm(HA_NOI, years=10, minutes=60, step_minutes=7)
    with pytest.raises(ParameterError, match="peak position"):
        chicago_storm(HA_NOI, years=10, minutes=60, peak_at=1.0)


def test_numbers_nobody_checked_say_so() -> None:
    assert not any(f.verified for f in FORMULAS.values())
