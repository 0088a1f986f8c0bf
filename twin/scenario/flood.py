"""Run a flood scenario and keep its depths as layers with everything needed to repeat it.

Nothing is kept unless the run ends: grids are written to a temporary folder first and reach the store in one
commit. The same inputs give the same files, byte for byte, on the same machine and libraries; their hashes are
in the report.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import CancelledError, ConflictError, NotFoundError
from twin.model.layer import Layer, RasterItem, Source
from twin.scenario.flood_inputs import FloodInputs, gather
from twin.scenario.flood_layer import depth_layer, write_depth
from twin.scenario.flood_spec import NOTICE, NOTICE_EN, FloodScenario
from twin.simulation.component import FloatArray
from twin.simulation.flood.balance import MassBalance
from twin.simulation.flood.local_inertial import LocalInertial
from twin.simulation.flood.numerics import WET_M
from twin.simulation.flood.simulate import Forcing, Snapshot, simulate
from twin.types import Json, format_time

if TYPE_CHECKING:
    from twin.core import Twin

Progress = Callable[[float], None]
"""Gets the share of the simulated time that is done, 0 to 1."""
Cancel = Callable[[], bool]
"""Asked at every step; true stops the run."""


@dataclass(frozen=True, slots=True)
class FloodRun:
    """A finished run."""

    layer: str
    max_layer: str
    times: tuple[datetime, ...]
    source: int
    """Id of the run's provenance in the store."""
    balance: MassBalance
    report: dict[str, Json]


@dataclass(frozen=True, slots=True)
class _Written:
    """One grid on disk, not yet kept."""

    path: Path
    layer: str
    start: datetime
    end: datetime
    minimum: float | None
    maximum: float | None
    properties: dict[str, Json]


def run_flood(
    t: Twin, scenario: FloodScenario, *, progress: Progress | None = None, cancel: Cancel | None = None
) -> FloodRun:
    """Compute a flood and keep its depths.

    Parameters
    ----------
    t
        The opened twin; its viewer's eyes read the inputs.
    scenario
        What to compute.
    progress, cancel
        Called while it runs.

    Returns
    -------
    FloodRun
        Where the results are, the water balance and the report that is stored with them.

    Raises
    ------
    CancelledError
        If ``cancel`` said so; nothing is kept.
    ConflictError
        If the layer holds something else than computed depths, or grids of another run at times this run does not
        replace.
    TwinError
        If an input is missing or does not fit.
    """
    began = time.perf_counter()
    _refuse_mixture(t, scenario)
    inputs = gather(t, scenario)
    with tempfile.TemporaryDirectory(prefix="twin-flood-") as folder:
        snapshots, written = _compute(inputs, scenario, Path(folder), progress, cancel)
        report = _report(inputs, scenario, snapshots)
        report["run_time_s"] = round(time.perf_counter() - began, 3)
        return _keep(t, inputs, scenario, snapshots[-1].balance, written, report)


def _refuse_mixture(t: Twin, scenario: FloodScenario) -> None:
    """A layer shows one run; times of an older one that stay between would look like this one's."""
    mine = {scenario.start + timedelta(seconds=s) for s in scenario.output_times_s()}
    for name, times in ((scenario.layer, mine), (f"{scenario.layer}_max", {scenario.start})):
        known = _existing(t, name)
        if known is None:
            continue
        if known.properties.get("notice") != NOTICE:
            raise ConflictError(
                f"layer {name!r} exists and holds no computed depths of water", hint="Choose another layer name."
            )
        held = set(t.store.raster_times(t.view(), name))
        if held - times:
            raise ConflictError(
                f"layer {name!r} holds {len(held - times)} grids of another run that this one would not replace",
                hint="Choose another layer name.",
            )


def _existing(t: Twin, name: str) -> Layer | None:
    try:
        return t.store.layer(t.view(), name).layer
    except NotFoundError:
        return None


def _compute(
    inputs: FloodInputs,
    scenario: FloodScenario,
    folder: Path,
    progress: Progress | None,
    cancel: Cancel | None,
) -> tuple[list[Snapshot], list[_Written]]:
    def on_step(now_s: float) -> None:
        if cancel is not None and cancel():
            raise CancelledError(f"the run was stopped after {now_s:.0f} of {scenario.duration_s:.0f} s")
        if progress is not None:
            progress(now_s / scenario.duration_s)

    times = scenario.output_times_s()
    ends = [*times[1:], times[-1] + scenario.output_every_s]
    snapshots: list[Snapshot] = []
    written: list[_Written] = []
    for end_s, snapshot in zip(ends, simulate(inputs.model, inputs.forcing, times, on_step=on_step), strict=True):
        wet = float((snapshot.depth >= WET_M).sum()) * inputs.bed.cell_m**2
        details: dict[str, Json] = {"wet_area_m2": wet, "fast_share": snapshot.fast_share}
        written.append(
            _write(folder, scenario.layer, snapshot.depth, inputs, scenario, (snapshot.time_s, end_s), details)
        )
        # Depths are on disk now; what stays in memory is small.
        snapshots.append(replace(snapshot, depth=np.empty((0, 0))))
    deepest = inputs.model.read("surface_water__max_depth")
    written.append(
        _write(folder, f"{scenario.layer}_max", deepest, inputs, scenario, (times[0], ends[-1]), {"statistic": "max"})
    )
    return snapshots, written


def _write(
    folder: Path,
    layer: str,
    depth: FloatArray,
    inputs: FloodInputs,
    scenario: FloodScenario,
    interval_s: tuple[float, float],
    details: dict[str, Json],
) -> _Written:
    path = folder / f"{layer}_{interval_s[0]:.0f}.tif"
    low, high = write_depth(path, depth, inputs.bed)
    start, end = (scenario.start + timedelta(seconds=s) for s in interval_s)
    return _Written(path, layer, start, end, low, high, {"notice": NOTICE, "notice_en": NOTICE_EN, **details})


def _keep(
    t: Twin,
    inputs: FloodInputs,
    scenario: FloodScenario,
    balance: MassBalance,
    written: list[_Written],
    report: dict[str, Json],
) -> FloodRun:
    box = inputs.bed.bbox()
    items = [
        RasterItem(w.layer, t.files.put(w.path), inputs.bed.crs, box, w.start, w.end, "m", w.minimum, w.maximum,
                   w.properties)
        for w in written
    ]  # fmt: skip
    report["outputs"] = [
        {"layer": i.layer, "time": format_time(w.start), "sha256": i.file} for i, w in zip(items, written, strict=True)
    ]
    source = Source(
        kind="simulation",
        name=f"{LocalInertial.name} {LocalInertial.version}: {scenario.layer}",
        sha256=inputs.ledger.sha256(),
        crs_used=inputs.bed.crs,
        actor=t.viewer.name,
        report=report,
    )
    max_layer = f"{scenario.layer}_max"
    described: list[Layer] = []
    for name, title, title_en in (
        (scenario.layer, scenario.title, scenario.title_en),
        (max_layer, f"{scenario.title}: lớn nhất", f"{scenario.title_en}: greatest"),
    ):
        fresh = depth_layer(
            name, title, title_en, synthetic=inputs.synthetic, attribution=inputs.attribution,
            note=f"{LocalInertial.name} {LocalInertial.version}.",
        )  # fmt: skip
        known = _existing(t, name)
        # Who may see a layer, and how it is called, is decided by people; another run does not undo it.
        described.append(
            fresh if known is None else replace(fresh, access=known.access, title=known.title, title_en=known.title_en)
        )
    commit = t.store.put_rasters(items, source, define=described)
    times = tuple(w.start for w in written if w.layer == scenario.layer)
    return FloodRun(scenario.layer, max_layer, times, commit.source, balance, report)


# -- the report ----------------------------------------------------------------------------------------------


def _report(inputs: FloodInputs, scenario: FloodScenario, snapshots: list[Snapshot]) -> dict[str, Json]:
    deepest = inputs.model.read("surface_water__max_depth")
    area = inputs.bed.cell_m**2
    with_ground = ~np.isnan(inputs.bed.values)
    end = snapshots[-1]
    numerics = scenario.numerics
    return {
        "notice": NOTICE,
        "notice_en": NOTICE_EN,
        "component": {"name": LocalInertial.name, "version": LocalInertial.version},
        "grid": {
            "rows": inputs.bed.shape[0],
            "columns": inputs.bed.shape[1],
            "cells": int(inputs.bed.values.size),
            "cells_with_ground": int(with_ground.sum()),
            "cell_m": inputs.bed.cell_m,
            "crs": inputs.bed.crs,
            "west": inputs.bed.west,
            "north": inputs.bed.north,
        },
        "parameters": {
            "start": format_time(scenario.start),
            "duration_s": scenario.duration_s,
            "output_every_s": scenario.output_every_s,
            "manning": scenario.manning if isinstance(scenario.manning, int | float) else "grid",
            "theta": numerics.theta,
            "cfl": numerics.cfl,
            "min_flow_depth_m": numerics.min_flow_depth_m,
            "max_step_s": numerics.max_step_s,
        },
        "inputs": list(inputs.ledger.entries),
        "inputs_sha256": inputs.ledger.sha256(),
        "inflows": _inflow_figures(inputs.inflow_names, inputs.forcing, scenario.duration_s),
        "mass_balance": dict(end.balance.as_dict()),
        "wet_area_max_m2": float((deepest >= WET_M).sum()) * area,
        "greatest_depth_m": float(deepest.max()),
        "fast_share_max": max(s.fast_share for s in snapshots),
        "fast_share_end": end.fast_share,
        "steps": end.steps,
        "notes": list(inputs.ledger.notes),
    }


def _inflow_figures(names: tuple[str, ...], forcing: Forcing, duration_s: float) -> list[Json]:
    """Peak and volume of each named inflow over the run; points of one name are one inflow."""
    figures: list[Json] = []
    for name in dict.fromkeys(names):
        series = [s for n, s in zip(names, forcing.inflow, strict=True) if n == name]
        times = np.unique(np.concatenate([s.times_s for s in series] + [np.array([0.0, duration_s])]))
        times = times[(times >= 0) & (times <= duration_s)]
        flows = [sum(s.at(float(at)) for s in series) for at in times]
        peak = int(np.argmax(flows))
        figures.append(
            {
                "name": name,
                "points": len(series),
                "peak_m3_s": float(flows[peak]),
                "peak_at_s": float(times[peak]),
                "volume_m3": float(sum(s.integral(0.0, duration_s) for s in series)),
            }
        )
    return figures
