"""Speed of the flood component, in cell updates a second, against what memory alone would allow.

The peer does what no solver can do without: it reads the eight arrays and writes the four that a step needs, in
NumPy, with no arithmetic but four additions. Its rate is the limit that memory sets to a step of any such scheme
written in NumPy on this machine.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

import numpy as np

from twin.simulation.flood.local_inertial import LocalInertial

RUNS = 7


def lake(rows: int, columns: int) -> LocalInertial:
    """A wholly wet grid with waves, so that every face works."""
    rng = np.random.default_rng(11)
    bed = rng.uniform(0.0, 0.5, (rows, columns))
    depth = rng.uniform(1.5, 2.0, (rows, columns))
    inputs = {"topographic__elevation": bed, "surface__manning_n": 0.03, "surface_water__depth": depth}
    return LocalInertial(inputs, shape=(rows, columns), cell_m=10.0)


def seconds_a_step(step: Callable[[], object], steps: int) -> list[float]:
    step()
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        for _ in range(steps):
            step()
        taken.append((time.perf_counter() - began) / steps)
    return taken


def bare_pass(rows: int, columns: int) -> Callable[[], None]:
    arrays = [np.ones((rows, columns)) for _ in range(12)]
    reads, writes = arrays[:8], arrays[8:]

    def once() -> None:
        for i, out in enumerate(writes):
            np.add(reads[2 * i], reads[2 * i + 1], out=out)

    return once


def figure(name: str, rows: int, columns: int, steps: int) -> dict[str, object]:
    model = lake(rows, columns)

    def step() -> None:
        model.advance(model.stable_step())

    cells = rows * columns
    ours = [cells / s for s in seconds_a_step(step, steps)]
    peer = [cells / s for s in seconds_a_step(bare_pass(rows, columns), steps)]
    value, limit = statistics.median(ours), statistics.median(peer)
    return {
        "name": name,
        "value": round(value),
        "unit": "cells/s",
        "peer": "NumPy pass over the same arrays without the scheme",
        "peer_value": round(limit),
        "ratio": round(value / limit, 4),
        "goal": None,
        "runs": [round(v) for v in ours],
    }


def main() -> None:
    for name, rows, columns, steps in (
        ("flood_reference_23k_cells", 123, 191, 60),
        ("flood_reference_1m_cells", 1000, 1000, 3),
    ):
        print(json.dumps(figure(name, rows, columns, steps), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
