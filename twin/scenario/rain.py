"""Rain from the twin's gauges, as rates over simulated time spread to the nearest gauge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import InputError, NotFoundError, SchemaError
from twin.geo.crs import from_wgs84
from twin.simulation.flood.simulate import Rain
from twin.simulation.series import Series, steps
from twin.types import Quality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.core import Twin
    from twin.model.thing import Datastream, Observation
    from twin.model.view import View
    from twin.scenario.grid import Grid

USABLE = frozenset({Quality.GOOD, Quality.UNCHECKED, Quality.ESTIMATED})
_LONGEST_INTERVAL = timedelta(days=1)


@dataclass(frozen=True, slots=True, eq=False)
class GaugeRain:
    """What one gauge recorded over a window of time."""

    datastream: Datastream
    rate: Series
    """Rain from the window's beginning. [m/s]"""
    covered: float
    """Share of the window with records. [-]"""
    left_out: int
    """Records not used for their quality."""


def gauge_rain(
    t: Twin, view: View, datastream: Datastream, start: datetime, end: datetime, *, longest_gap_s: float
) -> GaugeRain:
    """Read a gauge's rain over ``[start, end]``.

    Raises
    ------
    SchemaError
        If the datastream does not hold millimetres over intervals.
    InputError
        If a stretch longer than ``longest_gap_s`` has no record: silence is not dryness.
    """
    if datastream.unit.symbol != "mm":
        raise SchemaError(
            f"datastream {datastream.id} counts in {datastream.unit.symbol!r}, not in mm of rain over an interval"
        )
    found = t.store.observations(view, datastream.id, start=start - _LONGEST_INTERVAL, end=end)
    usable = [o for o in found if o.quality in USABLE and isinstance(o.result, int | float)]
    times, rates, covered, longest = _joined(usable, start, end)
    if longest > longest_gap_s:
        raise InputError(
            f"rain gauge {datastream.uid} (datastream {datastream.id}) has no record for {longest / 60:.0f} minutes "
            f"of the time asked for",
            hint="Choose another gauge or time, or allow longer gaps, which then count as dry.",
        )
    length = (end - start).total_seconds()
    return GaugeRain(datastream, steps(times, rates), covered / length, len(found) - len(usable))


def _joined(
    observations: Sequence[Observation], start: datetime, end: datetime
) -> tuple[list[float], list[float], float, float]:
    """Times and rates of the record as steps, the time covered and the longest gap. [s, m/s]

    Where intervals overlap by the clock's jitter, the later one begins where the earlier one ends and keeps its
    depth.
    """
    length = (end - start).total_seconds()
    times, rates, covered, longest, now = [0.0], [], 0.0, 0.0, 0.0
    for o in sorted(observations, key=lambda o: (o.phenomenon_end, o.phenomenon_start)):
        if o.phenomenon_end <= o.phenomenon_start:
            raise SchemaError(
                f"rain observation {o.id} at {o.phenomenon_start.isoformat()} says no interval it fell in"
            )
        begin, finish = (o.phenomenon_start - start).total_seconds(), (o.phenomenon_end - start).total_seconds()
        if finish <= now or begin >= length:
            continue
        # What fell before the window is cut off evenly; what overlaps an earlier record is kept.
        rate = float(o.result) / 1000.0 / (finish - (begin if now == 0.0 else max(begin, now)))  # type: ignore[arg-type]
        begin, finish = max(begin, now), min(finish, length)
        if begin > now:
            longest = max(longest, begin - now)
            times.append(begin)
            rates.append(0.0)
        times.append(finish)
        rates.append(rate)
        covered += finish - begin
        now = finish
    if now < length:
        longest = max(longest, length - now)
        times.append(length)
        rates.append(0.0)
    return times, rates, covered, longest


def nearest_gauges(t: Twin, view: View, gauges: Sequence[GaugeRain], grid: Grid) -> tuple[Rain, ...]:
    """Spread each gauge's rain over the cells it is nearest to; one gauge rains everywhere."""
    if len(gauges) == 1:
        return (Rain(gauges[0].rate),)
    x, y = grid.centres()
    distances = []
    for gauge in gauges:
        feature = t.store.features(view, gauge.datastream.layer, fids=[gauge.datastream.uid])
        if not feature or feature[0].geometry is None:
            raise NotFoundError(f"rain gauge {gauge.datastream.uid} has no place")
        west, south, east, north = from_wgs84([feature[0].geometry.centroid], grid.crs)[0].bounds
        distances.append(np.add.outer((y - (south + north) / 2) ** 2, (x - (west + east) / 2) ** 2))
    nearest = np.argmin(np.stack(distances), axis=0)
    return tuple(Rain(gauge.rate, (nearest == i).astype(np.float64)) for i, gauge in enumerate(gauges))
