r"""The 2-D local-inertial flood scheme in its plain form, the reference for every faster one.

The shallow-water equations without the convective term, on a staggered grid: depths ``h`` in cells, fluxes per
unit width ``q`` on faces. One step of length Δt:

1. each face gets a new flux from the slope of the water surface across it [1]_::

       q' = (q̂ - g hf Δt ∂η/∂x + κ (q²/|q|) q) / (1 + κ (|q| + q²/|q|))
       κ = g Δt n² / hf^(7/3),   hf = max(η_left, η_right) - max(z_left, z_right)

   with q̂ = θ q + (1 - θ)/2 (q_before + q_behind) [2]_ and |q| of both components [3]_. Where q' with the
   smoothed q̂ would run uphill, q̂ = q is taken. Friction is linearised about the old flux (one Newton step
   of the implicit equation). Reference [1]_ freezes |q| instead, which has the same steady states but
   oscillates from step to step where (5/3) g S Δt²/Δx > 1, that is in thin water on slopes S of a few percent;
2. rain and inflow are added to the depths;
3. where a cell would give more than it holds, all its outgoing fluxes are scaled by r = held / asked. Each
   face takes the r of its donor cell, so the result depends on no order, depths stay ≥ 0 and every drop that
   leaves a cell enters its neighbour. Nothing is ever cut off;
4. depths follow from the fluxes.

Rows run from north to south, columns from west to east; a flux is positive towards higher indices.

Validity: gradually varying flow, Froude number below about 0.5. Bores and supercritical flow are not
represented; the share of such cells is part of every result (:func:`fast_share`).

References
----------
.. [1] Bates, Horritt, Fewtrell, J. Hydrol. 387 (2010) 33-45.
.. [2] de Almeida, Bates, Freer, Souvignet, Water Resour. Res. 48 (2012) W05528.
.. [3] de Almeida, Bates, Water Resour. Res. 49 (2013) 4833-4844.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np

from twin.errors import ParameterError
from twin.simulation.component import Component, Direction, FieldSpec, FloatArray, Inputs
from twin.simulation.flood.balance import MassBalance
from twin.simulation.flood.edges import Edge, EdgeKind
from twin.simulation.flood.faces import edge_flux, face_flux
from twin.simulation.flood.numerics import WET_M, G, Numerics

WALL_M = 1e6
"""Bed of cells without data: so high that no water passes over. [m]"""
_ALMOST_ALL = 1 - 16 * np.finfo(np.float64).eps
# A cell gives at most this share of its water, so that rounding cannot leave less than nothing.
_BLOCK_CELLS = 1 << 14
# Cells worked on at a time; some twenty temporary arrays of them fit a common cache.
_GROW_EVERY = 16
# Water moves at most one cell a step: a window of wet cells with this margin holds for as many steps.


class LocalInertial(Component):
    """Depths and fluxes on a grid of square cells, advanced by :meth:`advance`.

    Parameters
    ----------
    inputs
        The declared input and state fields.
    shape
        Rows and columns.
    cell_m
        Side of a cell. [m]
    inflow_cells
        (row, column) of each point inflow; several may share a cell.
    edges
        Open stretches of the rim; everything else is a wall.
    numerics
        Numerical parameters.
    """

    name: ClassVar[str] = "flood_local_inertial"
    version: ClassVar[str] = "1"
    fields: ClassVar[tuple[FieldSpec, ...]] = (
        FieldSpec(
            "topographic__elevation", "m", ("row", "column"), Direction.INPUT,
            "Bed level of each cell.", -1e4, 1e4, nan_means="a wall",
        ),
        FieldSpec(
            "surface__manning_n", "s/m^(1/3)", ("row", "column"), Direction.INPUT,
            "Manning roughness; a face takes the mean of its cells.", 0.0, 1.0,
        ),
        FieldSpec(
            "surface_water__depth", "m", ("row", "column"), Direction.STATE,
            "Water above the bed.", 0.0, 1e3, default=0.0,
        ),
        FieldSpec(
            "rainfall__rate", "m/s", ("row", "column"), Direction.FORCING,
            "Rain that reaches the ground.", 0.0, 1e-3, default=0.0,
        ),
        FieldSpec(
            "inflow__discharge", "m³/s", ("inflow",), Direction.FORCING,
            "Water poured into the inflow cells.", 0.0, 1e6, default=0.0,
        ),
        FieldSpec(
            "edge__value", "m or m²/s", ("edge",), Direction.FORCING,
            "Level outside a level edge, flow per width into a flow edge; not read for a free edge.",
            -1e4, 1e5, default=0.0,
        ),
        FieldSpec(
            "surface_water__max_depth", "m", ("row", "column"), Direction.OUTPUT,
            "Largest depth so far.", 0.0,
        ),
        FieldSpec(
            "surface_water__level", "m", ("row", "column"), Direction.OUTPUT,
            "Bed plus depth.", nan_means="a wall",
        ),
        FieldSpec(
            "surface_water__speed", "m/s", ("row", "column"), Direction.OUTPUT,
            "Speed in the cell's middle; 0 where it is not wet.", 0.0,
        ),
        FieldSpec(
            "surface_water__x_flux", "m²/s", ("row", "column+1"), Direction.OUTPUT,
            "Flow per width across the west faces and the last east face, positive eastward.",
        ),
        FieldSpec(
            "surface_water__y_flux", "m²/s", ("row+1", "column"), Direction.OUTPUT,
            "Flow per width across the north faces and the last south face, positive southward.",
        ),
    )  # fmt: skip

    def __init__(
        self,
        inputs: Inputs,
        *,
        shape: tuple[int, int],
        cell_m: float,
        inflow_cells: Sequence[tuple[int, int]] = (),
        edges: Sequence[Edge] = (),
        numerics: Numerics | None = None,
    ) -> None:
        if not (shape[0] >= 2 and shape[1] >= 2):
            raise ParameterError(f"a grid of {shape[0]} × {shape[1]} cells is too small")
        if not 0 < cell_m <= 1e4:
            raise ParameterError(f"cell size {cell_m} m is outside (0, 10000]")
        self.shape, self.cell_m, self.edges = shape, float(cell_m), tuple(edges)
        self.numerics = numerics or Numerics()
        self._sizes = {"row": shape[0], "column": shape[1], "inflow": len(inflow_cells), "edge": len(edges)}
        given = self.checked(inputs, self._sizes, Direction.INPUT, Direction.STATE)

        bed, roughness = given["topographic__elevation"], given["surface__manning_n"]
        self._wall = np.isnan(bed)
        self._bed = np.where(self._wall, WALL_M, bed)
        self._depth = given["surface_water__depth"]
        if self._depth[self._wall].any():
            raise ParameterError("there is water in cells without ground level")
        self._max_depth = self._depth.copy()
        self._roughness = roughness
        # Per face: the higher bed, and g n² of the friction term.
        self._sill_x = np.maximum(self._bed[:, :-1], self._bed[:, 1:])
        self._sill_y = np.maximum(self._bed[:-1], self._bed[1:])
        self._drag_x = G * ((roughness[:, :-1] + roughness[:, 1:]) / 2) ** 2
        self._drag_y = G * ((roughness[:-1] + roughness[1:]) / 2) ** 2
        self._flux_x, self._flux_y = np.zeros((shape[0], shape[1] + 1)), np.zeros((shape[0] + 1, shape[1]))
        self._new_x, self._new_y = self._flux_x.copy(), self._flux_y.copy()

        self._inflow_at, self._inflow_of = self._place_inflows(inflow_cells)
        for edge in self.edges:
            edge.stretch(shape)
        self._window = self._first_window()
        self._steps = 0
        self.time_s = 0.0
        self._initial = self._largest = self._volume()
        self._rain = self._inflow = self._edge_in = self._edge_out = 0.0

    # -- the public face ------------------------------------------------------------------------------------

    def stable_step(self, forcing: Inputs | None = None) -> float:
        """Longest step that is stable now, ``cfl Δx / √(g h_max)``, at most the longest allowed. [s]

        The deepest water counts what the forcing's inflows and edges would add meanwhile.
        """
        step = self.checked(forcing or {}, self._sizes, Direction.FORCING) if forcing else {}
        depth, limit = float(self._depth.max()), self.numerics.max_step_s
        rise = 0.0
        if step:
            poured = np.bincount(self._inflow_of, step["inflow__discharge"], minlength=1)
            rise = float(poured.max()) / self.cell_m**2
            for edge, value in zip(self.edges, step["edge__value"], strict=True):
                if edge.kind is EdgeKind.LEVEL:
                    depth = max(depth, float((value - edge.cells(self._bed)).max()))
                elif edge.kind is EdgeKind.FLOW:
                    rise = max(rise, float(value) / self.cell_m)
        for _ in range(3):
            # The rise shortens the step, which lessens the rise; a few rounds settle it on the safe side.
            deepest = depth + rise * limit
            if deepest > 0:
                limit = min(limit, self.numerics.cfl * self.cell_m / np.sqrt(G * deepest))
        return float(limit)

    def advance(self, dt_s: float, forcing: Inputs | None = None) -> None:
        """Advance by ``dt_s`` seconds; stable up to :meth:`stable_step`."""
        if not 0 < dt_s <= self.numerics.max_step_s:
            raise ParameterError(f"a step of {dt_s} s is outside (0, {self.numerics.max_step_s}]")
        given = forcing or {}
        rainy = np.any(np.asarray(given.get("rainfall__rate", 0.0)))
        step = self.checked(
            {k: v for k, v in given.items() if rainy or k != "rainfall__rate"}, self._sizes, Direction.FORCING
        )
        if self._steps % _GROW_EVERY == 0 or rainy:
            self._grow_window(whole=bool(rainy))
        self._new_fluxes(dt_s)
        self._edge_fluxes(dt_s, step["edge__value"])
        if rainy:
            self._pour_rain(dt_s, step["rainfall__rate"])
        self._pour_inflow(dt_s, step["inflow__discharge"])
        self._hold_back(dt_s)
        self._move_water(dt_s)
        self._book_edges(dt_s)
        self._flux_x, self._new_x = self._new_x, self._flux_x
        self._flux_y, self._new_y = self._new_y, self._flux_y
        self._steps += 1
        self.time_s += dt_s

    def read(self, name: str) -> FloatArray:
        """A copy of a state or output field."""
        match name:
            case "surface_water__depth":
                return self._depth.copy()
            case "surface_water__max_depth":
                return self._max_depth.copy()
            case "surface_water__level":
                return np.where(self._wall, np.nan, self._bed + self._depth)
            case "surface_water__speed":
                return self._speed()
            case "surface_water__x_flux":
                return self._flux_x.copy()
            case "surface_water__y_flux":
                return self._flux_y.copy()
        raise ParameterError(f"{name} is no state or output of {self.name}")

    @property
    def balance(self) -> MassBalance:
        """The water book since the beginning."""
        stored = self._volume()
        self._largest = max(self._largest, stored)
        return MassBalance(
            self._initial, stored, self._rain, self._inflow, self._edge_in, self._edge_out, self._largest
        )

    # -- one step ---------------------------------------------------------------------------------------------

    def _blocks(self) -> Iterator[tuple[slice, slice]]:
        """Rows and columns of the window in pieces that stay in the processor's cache from pass to pass."""
        rows, columns = self._window
        height = max(4, _BLOCK_CELLS // (columns.stop - columns.start))
        for first in range(rows.start, rows.stop, height):
            yield slice(first, min(first + height, rows.stop)), columns

    def _new_fluxes(self, dt: float) -> None:
        """Momentum: new fluxes on every face inside the window."""
        last = self._window[0].stop
        for rows, columns in self._blocks():
            # The row below the block is read for the faces that lead to it.
            below = slice(rows.start, min(rows.stop + 1, last))
            level = self._bed[below, columns] + self._depth[below, columns]
            x = self._flux_x[below, columns.start : columns.stop + 1]
            y = self._flux_y[below.start : below.stop + 1, columns]
            self._new_x_fluxes(rows, columns, level, x, y, dt)
            self._new_y_fluxes(below, columns, level, x, y, dt)

    def _new_x_fluxes(
        self, rows: slice, columns: slice, level: FloatArray, x: FloatArray, y: FloatArray, dt: float
    ) -> None:
        count = rows.stop - rows.start
        level, x, y = level[:count], x[:count], y[: count + 1]
        across = 0.25 * (y[:-1, :-1] + y[1:, :-1] + y[:-1, 1:] + y[1:, 1:])
        inner = slice(columns.start, columns.stop - 1)
        self._new_x[rows, columns.start + 1 : columns.stop] = face_flux(
            x[:, 1:-1], x[:, :-2], x[:, 2:], across, level[:, :-1], level[:, 1:],
            self._sill_x[rows, inner], self._drag_x[rows, inner], dt, self.cell_m, self.numerics,
        )  # fmt: skip

    def _new_y_fluxes(
        self, rows: slice, columns: slice, level: FloatArray, x: FloatArray, y: FloatArray, dt: float
    ) -> None:
        across = 0.25 * (x[:-1, :-1] + x[:-1, 1:] + x[1:, :-1] + x[1:, 1:])
        inner = slice(rows.start, rows.stop - 1)
        self._new_y[rows.start + 1 : rows.stop, columns] = face_flux(
            y[1:-1], y[:-2], y[2:], across, level[:-1], level[1:],
            self._sill_y[inner, columns], self._drag_y[inner, columns], dt, self.cell_m, self.numerics,
        )  # fmt: skip

    def _edge_fluxes(self, dt: float, values: FloatArray) -> None:
        """New fluxes across the open rim."""
        for edge, value in zip(self.edges, values, strict=True):
            bed, depth = edge.cells(self._bed), edge.cells(self._depth)
            old = edge.outward * edge.faces(self._flux_x, self._flux_y)
            if edge.kind is EdgeKind.FLOW:
                if value < 0:
                    raise ParameterError(f"flow per width {value} m²/s into the {edge.side} edge is negative")
                leaving = np.full_like(depth, -value)
            else:
                if edge.kind is EdgeKind.FREE:
                    flow_depth, fall = depth, self._free_slope(edge)
                else:
                    # Outside lies a ghost cell with the same bed; a level below it means it is dry.
                    outside = np.maximum(value, bed)
                    flow_depth = np.maximum(outside - bed, depth)
                    fall = (bed + depth - outside) / self.cell_m
                leaving = edge_flux(old, flow_depth, fall, edge.cells(self._roughness), dt, self.numerics)
            leaving = np.where(edge.cells(self._bed) == WALL_M, 0.0, leaving)
            edge.faces(self._new_x, self._new_y)[...] = edge.outward * leaving

    def _free_slope(self, edge: Edge) -> FloatArray | float:
        if edge.slope is not None:
            return edge.slope
        level = edge.cells(self._bed) + edge.cells(self._depth)
        inner_bed = edge.cells(self._bed, inward=1)
        inner = np.where(inner_bed == WALL_M, level, inner_bed + edge.cells(self._depth, inward=1))
        return np.maximum((inner - level) / self.cell_m, 0.0)

    def _pour_rain(self, dt: float, rate: FloatArray) -> None:
        rate[self._wall] = 0.0
        self._depth += dt * rate
        self._rain += dt * float(rate.sum()) * self.cell_m**2

    def _pour_inflow(self, dt: float, discharge: FloatArray) -> None:
        if discharge.size:
            poured = np.bincount(self._inflow_of, discharge)
            self._depth.reshape(-1)[self._inflow_at] += dt / self.cell_m**2 * poured
            self._inflow += dt * float(discharge.sum())

    def _hold_back(self, dt: float) -> None:
        """Scale the outgoing fluxes of cells that would give more than they hold.

        A flux is scaled by its donor alone, so no order of cells or blocks plays a part.
        """
        for rows, columns in self._blocks():
            x = self._new_x[rows, columns.start : columns.stop + 1]
            y = self._new_y[rows.start : rows.stop + 1, columns]
            asked = np.maximum(x[:, 1:], 0.0)
            asked -= np.minimum(x[:, :-1], 0.0)
            asked += np.maximum(y[1:], 0.0)
            asked -= np.minimum(y[:-1], 0.0)
            asked *= dt / self.cell_m
            held = _ALMOST_ALL * self._depth[rows, columns]
            if (asked > held).any():
                share = np.ones_like(held)
                np.divide(held, asked, out=share, where=asked > held)
                x[:, 1:] *= np.where(x[:, 1:] > 0, share, 1.0)
                x[:, :-1] *= np.where(x[:, :-1] < 0, share, 1.0)
                y[1:] *= np.where(y[1:] > 0, share, 1.0)
                y[:-1] *= np.where(y[:-1] < 0, share, 1.0)

    def _move_water(self, dt: float) -> None:
        """Continuity: what leaves one cell enters the next."""
        for rows, columns in self._blocks():
            x = self._new_x[rows, columns.start : columns.stop + 1]
            y = self._new_y[rows.start : rows.stop + 1, columns]
            gain = x[:, :-1] - x[:, 1:]
            gain += y[:-1]
            gain -= y[1:]
            gain *= dt / self.cell_m
            depth, highest = self._depth[rows, columns], self._max_depth[rows, columns]
            depth += gain
            np.maximum(highest, depth, out=highest)

    def _book_edges(self, dt: float) -> None:
        for edge in self.edges:
            leaving = edge.outward * edge.faces(self._new_x, self._new_y) * (dt * self.cell_m)
            self._edge_out += float(np.maximum(leaving, 0.0).sum())
            self._edge_in -= float(np.minimum(leaving, 0.0).sum())

    # -- what has water ---------------------------------------------------------------------------------------

    def _first_window(self) -> tuple[slice, slice]:
        """Window that holds all water and every place where water can come in."""
        sources = self._depth > 0
        sources.reshape(-1)[self._inflow_at] = True
        for edge in self.edges:
            if edge.kind is not EdgeKind.FREE:
                edge.cells(sources)[...] = True  # type: ignore[arg-type]  # a view works for booleans as well
        return self._around(sources)

    def _grow_window(self, *, whole: bool) -> None:
        """Widen the window to where water can be until the next call; it never shrinks."""
        if whole:
            self._window = (slice(0, self.shape[0]), slice(0, self.shape[1]))
            return
        if self._window == (slice(0, self.shape[0]), slice(0, self.shape[1])):
            return
        old, new = self._window, self._around(self._depth > 0)
        self._window = tuple(slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(old, new, strict=True))  # type: ignore[assignment]  # two slices in, two slices out

    def _around(self, marked: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> tuple[slice, slice]:
        bounds = []
        for axis, length in ((1, self.shape[0]), (0, self.shape[1])):
            found = np.flatnonzero(marked.any(axis=axis))
            if not found.size:
                return slice(0, 2), slice(0, 2)
            first, last = int(found[0]) - _GROW_EVERY - 1, int(found[-1]) + _GROW_EVERY + 2
            bounds.append(slice(max(first, 0), min(last, length)))
        return bounds[0], bounds[1]

    def _place_inflows(
        self, cells: Sequence[tuple[int, int]]
    ) -> tuple[np.ndarray[tuple[int], np.dtype[np.intp]], np.ndarray[tuple[int], np.dtype[np.intp]]]:
        """Flat index of each distinct inflow cell, and which of them each inflow pours into."""
        for row, column in cells:
            if not (0 <= row < self.shape[0] and 0 <= column < self.shape[1]):
                raise ParameterError(f"inflow cell ({row}, {column}) lies outside the grid {self.shape}")
            if self._wall[row, column]:
                raise ParameterError(f"inflow cell ({row}, {column}) has no ground level")
        flat = np.array([row * self.shape[1] + column for row, column in cells], dtype=np.intp)
        at, of = np.unique(flat, return_inverse=True)
        return at, of

    def _volume(self) -> float:
        return float(self._depth.sum()) * self.cell_m**2

    def _speed(self) -> FloatArray:
        wet = self._depth >= WET_M
        x = (self._flux_x[:, :-1] + self._flux_x[:, 1:]) / 2
        y = (self._flux_y[:-1] + self._flux_y[1:]) / 2
        return np.divide(np.hypot(x, y), self._depth, out=np.zeros_like(self._depth), where=wet)


def fast_share(depth: FloatArray, speed: FloatArray, *, froude: float = 0.5) -> float:
    """Share of wet cells whose Froude number is beyond ``froude``, where the scheme is out of its depth. [-]"""
    wet = depth >= WET_M
    if not wet.any():
        return 0.0
    return float((speed[wet] > froude * np.sqrt(G * depth[wet])).mean())
