"""Design storms: rain that never fell, for asking what would happen.

The intensity formula of Vietnamese practice is q = A (1 + C lg P) / (t + b)^n with q in l/s/ha, duration t in
minutes and return period P in years; 1 l/s/ha is 0.36 mm/h.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twin.errors import ParameterError
from twin.simulation.series import Series, steps


@dataclass(frozen=True, slots=True)
class IntensityFormula:
    """Coefficients A, C, b, n of one place.

    ``verified`` is false for numbers not checked against the text of the standard: fit for exercises, not for
    design.
    """

    name: str
    a: float
    c: float
    b: float
    n: float
    verified: bool = False

    def mean_mm_h(self, minutes: float, years: float) -> float:
        """Mean intensity of the storm of that duration and return period. [mm/h]"""
        if not (0 < minutes <= 180 and 0 < years <= 50):
            raise ParameterError(
                f"a storm of {minutes:g} minutes once in {years:g} years is beyond the formula",
                hint="It holds up to 180 minutes and 50 years.",
            )
        return 0.36 * self.a * (1 + self.c * math.log10(years)) / math.pow(minutes + self.b, self.n)


FORMULAS: dict[str, IntensityFormula] = {
    f.name: f
    for f in (
        IntensityFormula("TP.HCM", 11650, 0.58, 32, 0.95),
        IntensityFormula("Hà Nội", 5890, 0.65, 20, 0.84),
        IntensityFormula("Huế", 1610, 0.55, 12, 0.55),
        IntensityFormula("Vinh", 3430, 0.55, 20, 0.69),
        IntensityFormula("Đà Nẵng", 2170, 0.52, 10, 0.65),
        IntensityFormula("Buôn Ma Thuột", 8920, 0.58, 28, 0.93),
    )
}
"""Coefficients as in the annex of TCVN 7957:2008, from memory of it; none verified against the text."""


def chicago_storm(
    formula: IntensityFormula, *, years: float, minutes: float, peak_at: float = 0.4, step_minutes: float = 5.0
) -> Series:
    """Chicago storm: at every duration around its peak it has the formula's mean intensity.

    Depths are exact over each step, so that the total does not depend on the step.

    Parameters
    ----------
    formula
        Intensity of the place.
    years
        Return period. [years]
    minutes
        Duration. [min]
    peak_at
        Where in the duration the peak lies, in (0, 1). [-]
    step_minutes
        Length of a step. [min]

    Returns
    -------
    Series
        Rain over time from 0. [m/s]
    """
    if not 0 < peak_at < 1:
        raise ParameterError(f"peak position {peak_at} is outside (0, 1)")
    count = round(minutes / step_minutes)
    if count < 1 or abs(count * step_minutes - minutes) > 1e-6:
        raise ParameterError(f"{minutes:g} minutes are not a whole number of steps of {step_minutes:g}")
    formula.mean_mm_h(minutes, years)
    edges = np.linspace(0.0, minutes, count + 1)
    fallen = np.array([_fallen_mm(formula, years, edge, minutes, peak_at) for edge in edges])
    return steps(edges * 60.0, np.diff(fallen) / 1000.0 / (step_minutes * 60.0))


def _fallen_mm(formula: IntensityFormula, years: float, minute: float, minutes: float, peak_at: float) -> float:
    """Depth from the beginning to a minute: each side of the peak holds its share of the depth-duration curve."""
    peak = peak_at * minutes

    def side(distance: float, share: float) -> float:
        # A duration d around the peak reaches d·share to this side and holds share of the depth of d.
        duration = distance / share
        return share * formula.mean_mm_h(duration, years) * duration / 60.0 if duration > 0 else 0.0

    before = side(peak, peak_at)
    if minute <= peak:
        return before - side(peak - minute, peak_at)
    return before + side(minute - peak, 1 - peak_at)
