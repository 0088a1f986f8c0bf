"""Run a flood component through simulated time under its forcing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from twin.errors import ParameterError
from twin.simulation.component import FloatArray
from twin.simulation.flood.balance import MassBalance
from twin.simulation.flood.local_inertial import LocalInertial, fast_share
from twin.simulation.series import Series


@dataclass(frozen=True, slots=True, eq=False)
class Rain:
    """Rain over time, everywhere the same or spread by ``weights`` (one per cell, not negative). [m/s]"""

    rate: Series
    weights: FloatArray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Forcing:
    """What drives a run: rains add up; one inflow series per inflow cell, one per edge (``None``: free)."""

    rain: tuple[Rain, ...] = ()
    inflow: tuple[Series, ...] = ()
    edges: tuple[Series | None, ...] = ()

    def rain_rate(self, start_s: float, end_s: float) -> float | FloatArray:
        """Mean rain over a step. [m/s]"""
        total: float | FloatArray = 0.0
        for rain in self.rain:
            rate = rain.rate.mean(start_s, end_s)
            if rate:
                total = total + (rate if rain.weights is None else rate * rain.weights)
        return total

    def flows(self, start_s: float, end_s: float) -> dict[str, FloatArray]:
        """Mean inflow and edge values over a step; a series shared by many places is read once."""
        distinct = {id(s): s for s in (*self.inflow, *self.edges) if s is not None}
        mean = {key: s.mean(start_s, end_s) for key, s in distinct.items()}
        return {
            "inflow__discharge": np.array([mean[id(s)] for s in self.inflow]),
            "edge__value": np.array([0.0 if s is None else mean[id(s)] for s in self.edges]),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The grid at one time."""

    time_s: float
    depth: FloatArray
    fast_share: float
    """Share of wet cells beyond Froude 0.5. [-]"""
    balance: MassBalance
    steps: int
    """Steps taken so far."""


def simulate(
    model: LocalInertial,
    forcing: Forcing,
    times_s: Sequence[float],
    *,
    on_step: Callable[[float], None] | None = None,
) -> Iterator[Snapshot]:
    """Advance the model and yield its state at each of ``times_s`` (ascending, not before the model's time).

    ``on_step`` is called with the simulated time after every step; what it raises ends the run.
    """
    steps = 0
    for until in times_s:
        if until < model.time_s:
            raise ParameterError(f"output time {until:g} s lies before the model's time {model.time_s:g} s")
        while model.time_s < until:
            steps += _step(model, forcing, until)
            if on_step is not None:
                on_step(model.time_s)
        depth = model.read("surface_water__depth")
        yield Snapshot(until, depth, fast_share(depth, model.read("surface_water__speed")), model.balance, steps)


def _step(model: LocalInertial, forcing: Forcing, until: float) -> int:
    now = model.time_s
    dt = model.stable_step(forcing.flows(now, now + model.numerics.max_step_s))
    dt = min(dt, until - now)
    model.advance(dt, {"rainfall__rate": forcing.rain_rate(now, now + dt), **forcing.flows(now, now + dt)})
    if until - model.time_s < 1e-9 * max(until, 1.0):
        # Rounding must not leave a step of nothing at an output time.
        model.time_s = until
    return 1
