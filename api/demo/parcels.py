"""Parcels: cut from the blocks, numbered sheet by sheet, with what they were called before. No owners.

Two parcels have a past that a lookup must not lose: one got another number, one was divided. Their fids are
:data:`RENUMBERED`, :data:`SPLIT_PARENT` and :data:`SPLIT_CHILDREN`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise

import numpy as np
import shapely

from api.demo.blocks import FUNCTIONS, HOUSING, MIXED, MIXED_PURPOSE_BLOCK, SERVICE, THREE_ZONES_BLOCK, functions
from api.demo.frame import polygons_of, rectangle, rng_of, unit_noise
from api.demo.ground import UNITS, former_areas
from api.demo.streets import Block, cells
from twin.model.layer import FeatureChange
from twin.types import Json

APARTMENTS_BLOCK = "c3r1-0313"
"""Cut into few large parcels, one of them for the apartments' model."""

SHEET_M = 500.0
"""Side of a cadastral sheet. [m]"""

REGISTERED = datetime(2012, 12, 31, 17, tzinfo=UTC)
RENUMBERED_ON = datetime(2023, 8, 31, 17, tzinfo=UTC)
SPLIT_ON = datetime(2022, 5, 11, 17, tzinfo=UTC)

RENUMBERED_BLOCK, SPLIT_BLOCK = "c3r1-0107", "c3r1-0109"
RENUMBERED = f"{RENUMBERED_BLOCK}-n05"
SPLIT_PARENT = f"{SPLIT_BLOCK}-n04"
SPLIT_CHILDREN = (f"{SPLIT_BLOCK}-n04a", f"{SPLIT_BLOCK}-n04b")
THREE_ZONES = f"{THREE_ZONES_BLOCK}-n08"
THREE_ZONES_WIDTH_M = (10.0, 14.0)
"""The parcel over three zones reaches this far west and east of its block's middle. [m]"""

_CUT = {HOUSING, MIXED, SERVICE}


@dataclass(frozen=True, slots=True)
class Plot:
    """A parcel as cut: its id, shape, block and function."""

    fid: str
    area: shapely.Polygon
    block: Block
    function: str


@dataclass(frozen=True, slots=True)
class Number:
    """Sheet and plot, today and in the unit before 01/07/2025."""

    unit: str
    code: str
    sheet: int
    plot: int
    former: str
    old_sheet: int
    old_plot: int


def _cuts(block: Block, low: float, high: float, side: str) -> list[float]:
    """Where one row of a block is cut, to the centimetre. [m]"""
    pitch = 10.2 if block.inner else 90.0
    if block.key == APARTMENTS_BLOCK:
        pitch = 48.0
    count = max(1, round((high - low) / pitch))
    shift = rng_of("cuts", block.key, side).uniform(-0.22, 0.22, count + 1)
    cuts = [low, *(round(low + (high - low) * (k + shift[k]) / count, 2) for k in range(1, count)), high]
    if block.key == THREE_ZONES_BLOCK and side == "n":
        middle = middle_of(block)
        west, east = middle - THREE_ZONES_WIDTH_M[0], middle + THREE_ZONES_WIDTH_M[1]
        cuts = sorted([c for c in cuts if not west - 4 < c < east + 4] + [west, east])
    return cuts


def middle_of(block: Block) -> float:
    """The line that halves a block from west to east, to the decimetre. [m]"""
    west, _, east, _ = block.ground.bounds
    return round((west + east) / 2, 1)


@cache
def plots() -> tuple[Plot, ...]:
    """Every parcel of today, block by block."""
    found: list[Plot] = []
    for part in cells():
        for block in part.blocks:
            found += _plots_of(block)
    return tuple(found)


def _plots_of(block: Block) -> list[Plot]:
    function = functions()[block.key]
    if function not in _CUT:
        return [Plot(f"{block.key}-x00", block.ground, block, function)]
    west, south, east, north = block.ground.bounds
    half = round((south + north) / 2, 2)
    whole = block.ground.area > 0.999 * (east - west) * (north - south)
    found = []
    for side, low, high in (("s", south, half), ("n", half, north)):
        cuts = _cuts(block, west, east, side)
        for k, (a, b) in enumerate(pairwise(cuts)):
            fid, lot = f"{block.key}-{side}{k:02d}", rectangle(a, low, b, high)
            if not whole:
                parts = polygons_of(lot.intersection(block.ground))
                if not parts or parts[0].area < 25:
                    continue
                lot = parts[0]
            found += _divided(fid, lot, block, function)
    return found


def _divided(fid: str, lot: shapely.Polygon, block: Block, function: str) -> list[Plot]:
    if fid != SPLIT_PARENT:
        return [Plot(fid, lot, block, function)]
    west, south, east, north = lot.bounds
    middle = round((west + east) / 2, 2)
    halves = (rectangle(west, south, middle, north), rectangle(middle, south, east, north))
    return [Plot(c, h, block, function) for c, h in zip(SPLIT_CHILDREN, halves, strict=True)]


@cache
def numbers() -> dict[str, Number]:
    """Numbers of every parcel: sheets are squares of a unit, plots run from 1 from north-west to south-east."""
    points = [p.area.representative_point() for p in plots()]
    units = {u.code: u for u in UNITS}
    homes = _homes(points)
    order = sorted(range(len(points)), key=lambda k: (-round(points[k].y), points[k].x))
    now, old = _Counter(), _Counter()
    found: dict[str, Number] = {}
    for k in order:
        code, former = homes[k]
        square = (int(points[k].x // SHEET_M), int(-points[k].y // SHEET_M))
        sheet, plot = now.next(code, (former, square))
        old_sheet, old_plot = old.next((code, former), square)
        found[plots()[k].fid] = Number(units[code].name, code, sheet, plot, former, old_sheet, old_plot)
    return found


def _homes(points: list[shapely.Point]) -> list[tuple[str, str]]:
    homes: list[tuple[str, str]] = [("", "")] * len(points)
    for key, area in former_areas().items():
        shapely.prepare(area)
        for k in np.flatnonzero(shapely.contains(area, np.asarray(points, dtype=object))):
            homes[int(k)] = key
    return homes


class _Counter:
    """Sheet numbers in a unit and plot numbers on a sheet, as they come."""

    def __init__(self) -> None:
        self._sheets: dict[object, dict[object, int]] = {}
        self._plots: dict[object, int] = {}

    def next(self, unit: object, square: object) -> tuple[int, int]:
        sheets = self._sheets.setdefault(unit, {})
        sheet = sheets.setdefault(square, len(sheets) + 1)
        plot = self._plots[unit, sheet] = self._plots.get((unit, sheet), 0) + 1
        return sheet, plot


def certificate_area(fid: str, area: float) -> float:
    """Area the land certificate states: to 0.1 m², and in one parcel of ten off by up to 1.5 %. [m²]"""
    if unit_noise("certificate", fid) < 0.9:
        return round(area, 1)
    return round(area * (1 + 0.03 * (unit_noise("off", fid) - 0.5)), 1)


def _properties(plot: Plot, number: Number) -> dict[str, Json]:
    return {
        "sheet": number.sheet,
        "plot": number.plot,
        "commune": number.unit,
        "commune_code": number.code,
        "old_commune": number.former,
        "old_sheet": number.old_sheet,
        "old_plot": number.old_plot,
        "area_certificate_m2": certificate_area(plot.fid, plot.area.area),
        "purpose": FUNCTIONS[plot.function].land_code + ("+CAN" if plot.block.key == MIXED_PURPOSE_BLOCK else ""),
    }


def first_register() -> list[FeatureChange]:
    """The register before its corrections: the renumbered parcel by its old number, the divided one whole."""
    changes = [
        FeatureChange(p.fid, p.area, _properties(p, numbers()[p.fid]) | _first_number(p.fid), REGISTERED)
        for p in plots()
        if p.fid not in SPLIT_CHILDREN
    ]
    return [*changes, FeatureChange(SPLIT_PARENT, *_split_parent(), REGISTERED)]


def later_register() -> list[FeatureChange]:
    """What was entered afterwards: a new number since 01/09/2023, a division since 12/05/2022."""
    renumbered = next(p for p in plots() if p.fid == RENUMBERED)
    changes = [
        FeatureChange(RENUMBERED, renumbered.area, _properties(renumbered, numbers()[RENUMBERED]), RENUMBERED_ON),
        FeatureChange(SPLIT_PARENT, None, None, SPLIT_ON),
    ]
    changes += [
        FeatureChange(p.fid, p.area, _properties(p, numbers()[p.fid]) | {"came_from": SPLIT_PARENT}, SPLIT_ON)
        for p in plots()
        if p.fid in SPLIT_CHILDREN
    ]
    return changes


OLD_SHEET, OLD_PLOT = 7, 941
"""Number of the renumbered parcel before."""


def _first_number(fid: str) -> dict[str, Json]:
    if fid != RENUMBERED:
        return {}
    return {"sheet": OLD_SHEET, "plot": OLD_PLOT, "old_sheet": OLD_SHEET, "old_plot": OLD_PLOT}


WHOLE_PLOT = 900
"""Plot number of the parcel that was divided. [on its children's sheet]"""


def _split_parent() -> tuple[shapely.Polygon, dict[str, Json]]:
    west, east = (p for p in plots() if p.fid in SPLIT_CHILDREN)
    number = numbers()[west.fid]
    whole = rectangle(west.area.bounds[0], west.area.bounds[1], east.area.bounds[2], east.area.bounds[3])
    changed: dict[str, Json] = {
        "plot": WHOLE_PLOT, "old_plot": WHOLE_PLOT, "area_certificate_m2": round(whole.area, 1)
    }  # fmt: skip
    return whole, _properties(west, number) | changed
