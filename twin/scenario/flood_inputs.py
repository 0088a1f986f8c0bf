"""From a flood scenario to arrays: terrain, roughness, rain and inflows, each with the hash of what was used."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import InputError, NotFoundError, ParameterError, SchemaError
from twin.scenario.flood_spec import (
    FloodScenario,
    GaugedInflow,
    GaugedRain,
    GridFile,
    GridLayer,
    GridSource,
    OpenSide,
    PointInflow,
    UniformRain,
)
from twin.scenario.grid import Grid, array_sha256, file_sha256, read_grid
from twin.scenario.rain import USABLE, gauge_rain, nearest_gauges
from twin.simulation.component import FloatArray
from twin.simulation.flood.edges import Edge, EdgeKind, Side
from twin.simulation.flood.local_inertial import LocalInertial
from twin.simulation.flood.simulate import Forcing, Rain
from twin.simulation.series import Series
from twin.types import Json, format_time

if TYPE_CHECKING:
    from twin.core import Twin
    from twin.model.thing import Datastream
    from twin.model.view import View

LARGEST_GRID = 4_000_000
"""Cells that the reference component still computes in reasonable time."""


@dataclass(slots=True)
class Ledger:
    """Every input by name with its hash, and remarks; becomes part of the run's report."""

    entries: list[dict[str, Json]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, sha256: str, **detail: Json) -> None:
        """Enter one input."""
        self.entries.append({"name": name, "sha256": sha256, **detail})

    def add_array(self, name: str, values: FloatArray, **detail: Json) -> None:
        """Enter an array."""
        self.add(name, array_sha256(values), **detail)

    def add_series(self, name: str, series: Series, **detail: Json) -> None:
        """Enter a series."""
        digest = hashlib.sha256(series.interpolation.encode())
        digest.update((array_sha256(series.times_s) + array_sha256(series.values)).encode())
        self.add(name, digest.hexdigest(), **detail)

    def sha256(self) -> str:
        """One hash over all names and hashes."""
        text = json.dumps([[e["name"], e["sha256"]] for e in self.entries], ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class FloodInputs:
    """All that a run needs, and what it came from."""

    bed: Grid
    model: LocalInertial
    forcing: Forcing
    inflow_names: tuple[str, ...]
    ledger: Ledger
    synthetic: bool
    attribution: str


def gather(t: Twin, scenario: FloodScenario) -> FloodInputs:
    """Read everything a scenario names and set up the component.

    Raises
    ------
    TwinError
        If an input is missing, does not fit or leaves a gap that would have to be guessed.
    """
    view = t.store.resolve(t.view(scenario.at, scenario.known_at))
    ledger = Ledger(notes=list(scenario.notes))
    for path in scenario.files:
        ledger.add(path.name, file_sha256(path), what="file")
    read = _Reader(t, view, ledger)

    bed = read.grid(scenario.terrain, "terrain")
    if scenario.area is not None:
        bed = bed.clipped(scenario.area)
    if scenario.cell_m is not None:
        bed = bed.coarsened(scenario.cell_m)
    if bed.values.size > LARGEST_GRID:
        raise ParameterError(
            f"{bed.shape[0]} × {bed.shape[1]} cells are more than {LARGEST_GRID:,}",
            hint="Take larger cells or a smaller area.",
        )
    ledger.add("bed", bed.sha256(), what="array", unit="m", cell_m=bed.cell_m)
    manning = read.on(bed, scenario.manning, "manning")
    depth = 0.0 if scenario.initial_depth is None else read.on(bed, scenario.initial_depth, "initial_depth")
    depth = np.where(np.isnan(bed.values), 0.0, np.nan_to_num(depth))

    rain = tuple(r for source in scenario.rain for r in read.rain(scenario, source, bed))
    inflows = [read.inflow(scenario, source) for source in scenario.inflows]
    cells = [bed.cell_at(i.x, i.y) for i in inflows]
    edges, edge_values = _edges(scenario.sides, bed, read.native_cell_m)
    for i in inflows:
        ledger.add_series(f"inflow {i.name}", i.flow, what="inflow", x=i.x, y=i.y)
    for side, edge, values in zip(scenario.sides, edges, edge_values, strict=True):
        if values is not None:
            ledger.add_series(f"side {side.name or side.side}", values, what=f"{edge.kind} side")
    parameters = {
        "component": [LocalInertial.name, LocalInertial.version],
        "numerics": asdict(scenario.numerics),
        "duration_s": scenario.duration_s,
        "output_every_s": scenario.output_every_s,
        "start": format_time(scenario.start),
        "edges": [asdict(edge) for edge in edges],
        "inflow_cells": cells,
    }
    ledger.add(
        "parameters", hashlib.sha256(json.dumps(parameters, sort_keys=True).encode()).hexdigest(), what="parameters"
    )
    model = LocalInertial(
        {"topographic__elevation": bed.values, "surface__manning_n": manning, "surface_water__depth": depth},
        shape=bed.shape,
        cell_m=bed.cell_m,
        inflow_cells=cells,
        edges=edges,
        numerics=scenario.numerics,
    )
    forcing = Forcing(rain, tuple(i.flow for i in inflows), tuple(edge_values))
    names = tuple(i.name for i in inflows)
    return FloodInputs(bed, model, forcing, names, ledger, read.synthetic, "; ".join(sorted(read.attributions)))


class _Reader:
    """Reads a scenario's sources under one View and enters them in the ledger."""

    def __init__(self, t: Twin, view: View, ledger: Ledger) -> None:
        self.t, self.view, self.ledger = t, view, ledger
        self.synthetic = False
        self.attributions: set[str] = set()
        self.native_cell_m = 0.0

    def grid(self, source: GridSource, name: str) -> Grid:
        if isinstance(source, GridFile):
            self.ledger.add(name, file_sha256(_existing(source.path)), what="file", file=source.path.name)
            grid = read_grid(source.path, crs=source.crs)
        else:
            grid = self._layer_grid(source, name)
        if name == "terrain":
            self.native_cell_m = grid.cell_m
        return grid

    def _layer_grid(self, source: GridLayer, name: str) -> Grid:
        layer = self.t.store.layer(self.view, source.name).layer
        items = self.t.store.rasters(self.view, source.name)
        if len(items) != 1:
            raise NotFoundError(
                f"layer {source.name!r} holds {len(items)} grids at that time, exactly one is needed",
                hint="Name a layer of one grid, or another time.",
            )
        self.synthetic = self.synthetic or layer.synthetic
        self.attributions |= {layer.attribution} - {""}
        self.ledger.add(name, items[0].file, what="layer", layer=source.name)
        return read_grid(self.t.files.path(items[0].file), crs=items[0].crs)

    def on(self, bed: Grid, source: float | GridSource, name: str) -> FloatArray:
        """Values of a source in the middle of each cell of the bed."""
        if isinstance(source, int | float):
            self.ledger.add(name, array_sha256(np.array([float(source)])), what="number", value=float(source))
            return np.full(bed.shape, float(source))
        values = self.grid(source, name).resampled_to(bed)
        lacking = np.isnan(values) & ~np.isnan(bed.values)
        if name == "manning" and lacking.any():
            raise InputError(f"roughness is missing in {int(lacking.sum())} cells of the terrain")
        values = np.where(np.isnan(bed.values) & np.isnan(values), 0.05, values)
        self.ledger.add_array(f"{name} array", values, what="array")
        return values

    def rain(self, scenario: FloodScenario, source: UniformRain | GaugedRain, bed: Grid) -> tuple[Rain, ...]:
        if isinstance(source, UniformRain):
            self.ledger.add_series(f"rain {source.name}", source.rate, what="rain")
            return (Rain(source.rate),)
        end = scenario.start + timedelta(seconds=scenario.duration_s)
        gauges = []
        for number in source.datastreams:
            gauge = gauge_rain(
                self.t, self.view, self._datastream(number), scenario.start, end, longest_gap_s=source.longest_gap_s
            )
            gauges.append(gauge)
            self.ledger.add_series(
                f"rain gauge {number}", gauge.rate, what="rain", thing=gauge.datastream.uid, covered=gauge.covered
            )
            if gauge.covered < 1:
                self.ledger.notes.append(
                    f"rain gauge {gauge.datastream.uid} covers {100 * gauge.covered:.1f} % of the time; "
                    "the rest counts as dry"
                )
            if gauge.left_out:
                self.ledger.notes.append(
                    f"{gauge.left_out} records of rain gauge {gauge.datastream.uid} left out for their quality"
                )
        spread = nearest_gauges(self.t, self.view, gauges, bed)
        for number, rain in zip(source.datastreams, spread, strict=True):
            if rain.weights is not None:
                self.ledger.add_array(f"cells of rain gauge {number}", rain.weights, what="array")
        return spread

    def inflow(self, scenario: FloodScenario, source: PointInflow | GaugedInflow) -> PointInflow:
        if isinstance(source, PointInflow):
            return source
        datastream = self._datastream(source.datastream)
        if datastream.unit.symbol != "m³/s":
            raise SchemaError(f"datastream {datastream.id} counts in {datastream.unit.symbol!r}, not in m³/s")
        end = scenario.start + timedelta(seconds=scenario.duration_s)
        found = self.t.store.observations(self.view, datastream.id, start=scenario.start, end=end)
        usable = [o for o in found if o.quality in USABLE and isinstance(o.result, int | float)]
        times = [(o.phenomenon_start - scenario.start).total_seconds() for o in usable]
        gaps = np.diff([0.0, *times, scenario.duration_s])
        if gaps.max() > source.longest_gap_s:
            raise InputError(
                f"discharge gauge {datastream.uid} (datastream {datastream.id}) has no record for "
                f"{gaps.max() / 60:.0f} minutes of the time asked for"
            )
        flow = Series(np.array(times), np.array([float(o.result) for o in usable]))  # type: ignore[arg-type]
        return PointInflow(f"{datastream.uid} {datastream.key}", source.x, source.y, flow)

    def _datastream(self, number: int) -> Datastream:
        found = self.t.store.datastreams(self.view, ids=[number])
        if not found:
            raise NotFoundError(f"there is no datastream {number}")
        return found[0]


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise NotFoundError("there is no such file", where=str(path))
    return path


def _edges(sides: tuple[OpenSide, ...], bed: Grid, native_cell_m: float) -> tuple[list[Edge], list[Series | None]]:
    """Sides in coordinates as rows and columns of the grid; a flow keeps its volume on coarser cells."""
    edges: list[Edge] = []
    values: list[Series | None] = []
    for side in sides:
        first, last = _stretch(side, bed)
        edges.append(Edge(side.side, side.kind, first, last, side.slope))
        if side.kind is EdgeKind.FLOW and side.values is not None and None not in (side.start, side.stop):
            given = _covered_m(side, bed, native_cell_m)
            share = given / ((last - first) * bed.cell_m)
            values.append(replace_values(side.values, share))
        else:
            values.append(side.values)
    return edges, values


def replace_values(series: Series, factor: float) -> Series:
    """The same series with its values multiplied."""
    return replace(series, values=series.values * factor)


def _along(side: OpenSide, bed: Grid) -> tuple[float, float]:
    """Distances of the stretch's ends from the side's first cell. [m]"""
    if side.side in {Side.WEST, Side.EAST}:
        ends = [bed.north - v if v is not None else None for v in (side.start, side.stop)]
        length = bed.shape[0] * bed.cell_m
    else:
        ends = [v - bed.west if v is not None else None for v in (side.start, side.stop)]
        length = bed.shape[1] * bed.cell_m
    low, high = sorted((0.0 if ends[0] is None else ends[0], length if ends[1] is None else ends[1]))
    return max(low, 0.0), min(high, length)


def _stretch(side: OpenSide, bed: Grid) -> tuple[int, int]:
    low, high = _along(side, bed)
    if low >= high:
        raise ParameterError(f"the {side.side} side from {side.start} to {side.stop} does not lie on the terrain's rim")
    first, last = round(low / bed.cell_m), round(high / bed.cell_m)
    if last == first:
        first = int(low / bed.cell_m)
        last = first + 1
    return first, last


def _covered_m(side: OpenSide, bed: Grid, native_cell_m: float) -> float:
    """Width over which the case's own cells let the flow in. [m]"""
    low, high = _along(side, bed)
    return max(1, round((high - low) / native_cell_m)) * native_cell_m
