"""Values over simulated time, with exact integrals, so that what goes into a model can be booked exactly."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from twin.errors import ParameterError
from twin.simulation.component import FloatArray


class Interpolation(StrEnum):
    """What holds between two times."""

    LINEAR = "linear"
    """A straight line; before the first and after the last time their values."""
    STEP = "step"
    """Each value from its time up to the next; before the first and from the last time on, 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """A value over simulated time.

    Parameters
    ----------
    times_s : array (n,)
        Strictly increasing. [s]
    values : array (n,)
        Values at ``times_s`` (for steps, the last one ends the last step and does not count).
    interpolation
        What holds in between.
    """

    times_s: FloatArray
    values: FloatArray
    interpolation: Interpolation = Interpolation.LINEAR
    # The same as plain lists, which are faster to look up one time at a time.
    _points: tuple[list[float], list[float]] = field(init=False, repr=False)
    _integral: list[float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        times = np.atleast_1d(np.array(self.times_s, dtype=np.float64))
        values = np.atleast_1d(np.array(self.values, dtype=np.float64))
        if times.ndim != 1 or times.shape != values.shape or not times.size:
            raise ParameterError(f"a series needs as many values as times, not {values.shape} and {times.shape}")
        if not (np.isfinite(times).all() and np.isfinite(values).all()):
            raise ParameterError("a series holds missing or infinite numbers")
        if (np.diff(times) <= 0).any():
            where = int(np.argmax(np.diff(times) <= 0))
            raise ParameterError(f"times of a series do not increase after {times[where]:g} s")
        object.__setattr__(self, "times_s", times)
        object.__setattr__(self, "values", values)
        heights = values[:-1] if self.interpolation is Interpolation.STEP else (values[1:] + values[:-1]) / 2
        object.__setattr__(self, "_points", (times.tolist(), values.tolist()))
        object.__setattr__(self, "_integral", [0.0, *np.cumsum(heights * np.diff(times)).tolist()])

    def at(self, time_s: float) -> float:
        """The value at a time."""
        times, values = self._points
        i = bisect_right(times, time_s) - 1
        if self.interpolation is Interpolation.STEP:
            return values[i] if 0 <= i < len(values) - 1 else 0.0
        if i < 0 or i == len(times) - 1:
            return values[max(i, 0)]
        share = (time_s - times[i]) / (times[i + 1] - times[i])
        return values[i] + share * (values[i + 1] - values[i])

    def integral(self, start_s: float, end_s: float) -> float:
        """Exact integral over ``[start_s, end_s]``, in the value's unit times seconds."""
        return self._primitive(end_s) - self._primitive(start_s)

    def mean(self, start_s: float, end_s: float) -> float:
        """Mean over ``[start_s, end_s]``, so that mean times duration is the exact integral."""
        return self.integral(start_s, end_s) / (end_s - start_s)

    def _primitive(self, time_s: float) -> float:
        """Integral from the first time to ``time_s``; negative before it."""
        times, values = self._points
        linear = self.interpolation is Interpolation.LINEAR
        if time_s <= times[0]:
            return (time_s - times[0]) * values[0] if linear else 0.0
        if time_s >= times[-1]:
            return self._integral[-1] + ((time_s - times[-1]) * values[-1] if linear else 0.0)
        i = bisect_right(times, time_s) - 1
        height = (values[i] + self.at(time_s)) / 2 if linear else values[i]
        return self._integral[i] + (time_s - times[i]) * height


def constant(value: float) -> Series:
    """A value that never changes."""
    return Series(np.array([0.0]), np.array([value]))


def steps(times_s: npt.ArrayLike, values: npt.ArrayLike) -> Series:
    """Series of steps: ``values[i]`` holds over ``[times_s[i], times_s[i + 1])``; one more time than values."""
    held = np.append(np.asarray(values, dtype=np.float64), 0.0)
    return Series(np.asarray(times_s, dtype=np.float64), held, Interpolation.STEP)
