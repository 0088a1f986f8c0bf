"""Constants and numerical parameters of the flood component."""

from __future__ import annotations

from dataclasses import dataclass

from twin.errors import ParameterError

G = 9.81
"""Acceleration of gravity. [m/s²]"""
WET_M = 0.01
"""Depth from which a cell counts as wet in results. [m]"""


@dataclass(frozen=True, slots=True)
class Numerics:
    """Numerical parameters.

    Parameters
    ----------
    theta
        Weight of a face's own flux against its neighbours', in [0.7, 1]. 1 is the scheme of Bates et al.; the
        default damps the sawtooth that it shows on smooth ground (to a fifth in a wave over asphalt, n 0.012,
        on a slope of 0.1 %) and costs 0.3 % of a standing wave's amplitude per period. [-]
    cfl
        Share of the longest stable step, in (0, 1]. [-]
    min_flow_depth_m
        Faces with less water are closed. [m]
    max_step_s
        Longest step, for dry and shallow grids. [s]
    """

    theta: float = 0.9
    cfl: float = 0.7
    min_flow_depth_m: float = 0.001
    max_step_s: float = 10.0

    def __post_init__(self) -> None:
        if not 0.7 <= self.theta <= 1:
            raise ParameterError(f"theta {self.theta} is outside [0.7, 1]")
        if not 0 < self.cfl <= 1:
            raise ParameterError(f"CFL number {self.cfl} is outside (0, 1]")
        if not 0 < self.min_flow_depth_m <= 0.1:
            raise ParameterError(f"smallest flow depth {self.min_flow_depth_m} m is outside (0, 0.1]")
        if not 0 < self.max_step_s <= 60:
            raise ParameterError(f"longest step {self.max_step_s} s is outside (0, 60]")
