"""Checks of geometries and attributes before they are stored; what can be mended is, and said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from layers.readers.record import Row
from layers.report import RowIssue
from twin.errors import CrsError
from twin.geo.crs import to_wgs84
from twin.geo.geodesy import geodesic_area
from twin.model.layer import Field, FieldType
from twin.types import Json

MISSING_VALUES = (-9999.0,)
"""Numbers that registers write where they know none."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Rows that can be stored with their shapes in WGS 84, and what happened to the others."""

    rows: list[Row]
    world: list[BaseGeometry]
    repaired: tuple[RowIssue, ...]
    rejected: tuple[RowIssue, ...]


def check_rows(rows: Sequence[Row], crs: str) -> Checked:
    """Reject what has no usable geometry, repair invalid polygons, bring everything to WGS 84."""
    rejected: list[RowIssue] = []
    repaired: list[tuple[Row, str]] = []
    kept: list[Row] = []
    for row in rows:
        reason = _unusable(row)
        if reason:
            rejected.append(RowIssue(row.number, reason, row.fid))
            continue
        mended, how = _repair(row)
        if mended.geometry is None:
            rejected.append(RowIssue(row.number, how, row.fid))
            continue
        kept.append(mended)
        if how:
            repaired.append((row, how))
    kept, world, misplaced = _place(kept, crs)
    gone = {issue.row for issue in misplaced}
    shapes = dict(zip((r.number for r in kept), world, strict=True))
    issues = tuple(_repair_issue(row, how, shapes[row.number], crs) for row, how in repaired if row.number not in gone)
    return Checked(kept, world, issues, tuple(sorted([*rejected, *misplaced], key=lambda i: i.row)))


def read_missing(
    records: Sequence[dict[str, Json]], fields: Sequence[Field], missing: Sequence[float]
) -> tuple[list[dict[str, Json]], list[str]]:
    """Turn the numbers that stand for "unknown" into ``None``, with a remark for each column."""
    notes: list[str] = []
    out = [dict(record) for record in records]
    for field in fields:
        if field.type not in (FieldType.INTEGER, FieldType.NUMBER):
            continue
        hits = [r for r in out if isinstance(v := r.get(field.name), int | float) and float(v) in missing]
        for record in hits:
            record[field.name] = None
        if hits:
            shown = " or ".join(f"{m:g}" for m in missing)
            notes.append(f"{field.name}: {len(hits)} of {len(out)} values are {shown} and read as missing")
    return out, notes


def _unusable(row: Row) -> str:
    if row.problem:
        return row.problem
    if row.geometry is None:
        return "there is no geometry"
    if row.geometry.is_empty:
        return "the geometry is empty"
    if not np.isfinite(shapely.get_coordinates(row.geometry)).all():
        return "a coordinate is NaN or infinite"
    return ""


def _repair(row: Row) -> tuple[Row, str]:
    geometry = row.geometry
    assert geometry is not None
    if shapely.is_valid(geometry):
        return row, row.mended
    reason = str(shapely.is_valid_reason(geometry))
    made = _same_dimension(shapely.make_valid(geometry, method="structure", keep_collapsed=False), geometry)
    if made is None or made.is_empty:
        return replace(row, geometry=None), f"the geometry collapses ({reason})"
    how = "; ".join(part for part in (row.mended, reason) if part)
    return replace(row, geometry=made), how


def _same_dimension(made: BaseGeometry, given: BaseGeometry) -> BaseGeometry | None:
    """Keep the parts of a repaired geometry that are of the kind it was given as."""
    if given.geom_type == "GeometryCollection" or made.geom_type != "GeometryCollection":
        return made
    dimension = shapely.get_dimensions(given)
    parts = [p for p in shapely.get_parts(made) if shapely.get_dimensions(p) == dimension]
    return shapely.union_all(np.array(parts, dtype=object)) if parts else None


def _place(rows: list[Row], crs: str) -> tuple[list[Row], list[BaseGeometry], list[RowIssue]]:
    """Bring rows to WGS 84; rows whose coordinates the reference system cannot express are left out."""
    shapes = [g for r in rows if (g := r.geometry) is not None]
    try:
        world = to_wgs84(shapes, crs)
        bad: dict[int, str] = {}
    except CrsError:
        world, bad = _one_by_one(shapes, crs)
    bounds = shapely.bounds(np.array(world, dtype=object)) if world else np.zeros((0, 4))
    with np.errstate(invalid="ignore"):
        off = (bounds[:, 0] < -180) | (bounds[:, 2] > 180) | (bounds[:, 1] < -90) | (bounds[:, 3] > 90)
    bad.update({int(i): f"coordinates near {_where(shapes[i])} are not on Earth" for i in np.flatnonzero(off)})
    issues = [RowIssue(rows[i].number, reason, rows[i].fid) for i, reason in sorted(bad.items())]
    good = [i for i in range(len(rows)) if i not in bad]
    return [rows[i] for i in good], [world[i] for i in good], issues


def _one_by_one(shapes: list[BaseGeometry], crs: str) -> tuple[list[BaseGeometry], dict[int, str]]:
    world: list[BaseGeometry] = []
    bad: dict[int, str] = {}
    for i, shape in enumerate(shapes):
        try:
            world += to_wgs84([shape], crs)
        except CrsError:
            bad[i] = f"coordinates near {_where(shape)} cannot be expressed in {crs}"
            world.append(shapely.Point())
    return world, bad


def _where(shape: BaseGeometry) -> str:
    x, y = shapely.get_coordinates(shape)[0]
    return f"({x:.10g}, {y:.10g})"


def _repair_issue(row: Row, how: str, repaired: BaseGeometry, crs: str) -> RowIssue:
    change: float | None = None
    if row.geometry is not None and shapely.get_dimensions(row.geometry) == 2:
        (before,) = to_wgs84([row.geometry], crs)
        change = geodesic_area(repaired) - geodesic_area(before)
    return RowIssue(row.number, how, row.fid, change)
