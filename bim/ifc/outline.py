"""The outline of a building on the ground, and of a storey, out of the outlines of their elements."""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from bim.ifc.shapes import Shape
from bim.ifc.structure import Part

_GAP_M = 0.02
"""Slits narrower than this between neighbouring elements are closed [m]."""
_SPECK_M2 = 0.5
"""Smaller parts and holes are drawing noise [m²]."""
_ABOVE_M = 1.0
"""A floor whose top is higher than this above zero level is an upper floor [m]."""


def footprint(shapes: Sequence[Shape], zero: float) -> tuple[Polygon | MultiPolygon | None, str]:
    """Outline of the building above its zero level, and what it was made of.

    Walls, columns and upper floors (balconies included) count in full; floors at or below zero level only
    where an upper floor or roof covers them and, if there are walls around most of that, where these
    enclose them: so terraces, yards and eaves stay out. What lies wholly below zero level does not count.
    Where a model has none of these, all its elements are taken.
    """
    above = [s for s in shapes if s.top > zero + 0.1]
    upright = [s.outline for s in above if s.part in {Part.WALL, Part.COLUMN}]
    upper = [s.outline for s in above if s.part is Part.SLAB and s.top > zero + _ABOVE_M]
    roofs = [s.outline for s in above if s.part is Part.ROOF]
    ground = [s.outline for s in shapes if s.part is Part.SLAB and s.top <= zero + _ABOVE_M]
    covered = shapely.intersection(shapely.union_all(ground), shapely.union_all([*upper, *roofs]))
    outline = _tidy(shapely.union_all([*upright, *upper, _enclosed(covered, upright)]))
    if outline is not None and (ground or upper):
        return outline, "walls and slabs"
    if outline is not None:
        return _without_holes(outline), "walls, holes filled"
    anything = _tidy(shapely.union_all([s.outline for s in shapes if s.part is not Part.SPACE]))
    return anything, "any element" if anything is not None else ""


def _enclosed(covered: BaseGeometry, upright: Sequence[BaseGeometry]) -> BaseGeometry:
    """Cut a covered floor to what walls enclose, or leave it where they enclose less than half."""
    walls = _tidy(shapely.union_all(upright))
    if walls is None:
        return covered
    inside = shapely.intersection(covered, _without_holes(walls))
    return inside if inside.area >= covered.area / 2 else covered


def storey_outline(shapes: Sequence[Shape]) -> tuple[float | None, tuple[str, ...]]:
    """Area within the outline of a storey's walls, columns and floor [m²], and the elements measured.

    Voids in the floor are not counted; rooms without a floor slab are (the walls enclose them).
    """
    used = [s for s in shapes if s.part in {Part.WALL, Part.COLUMN, Part.SLAB}]
    floors = _tidy(shapely.union_all([s.outline for s in used if s.part is Part.SLAB]))
    walls = _tidy(shapely.union_all([s.outline for s in used if s.part is not Part.SLAB]))
    if walls is None or not any(s.part is Part.WALL for s in used):
        return (None, ()) if floors is None else (float(floors.area), _ids(used))
    if floors is None:
        return float(_without_holes(walls).area), _ids(used)
    inside = shapely.intersection(floors, _without_holes(walls))
    return float(shapely.union(inside, walls).area), _ids(used)


def spaces_area(shapes: Sequence[Shape]) -> tuple[float | None, tuple[str, ...]]:
    """Sum of the outlines of a storey's spaces, and the spaces [m²]."""
    spaces = [s for s in shapes if s.part is Part.SPACE]
    return (sum(float(s.outline.area) for s in spaces) if spaces else None), _ids(spaces)


def _ids(shapes: Sequence[Shape]) -> tuple[str, ...]:
    return tuple(s.global_id for s in shapes)


def _tidy(geometry: BaseGeometry) -> Polygon | MultiPolygon | None:
    """Close slits, drop specks, and leave one polygon or several; ``None`` when nothing is left."""
    closed = geometry.buffer(_GAP_M, join_style="mitre").buffer(-_GAP_M, join_style="mitre")
    polygons = [p for p in shapely.get_parts(closed) if isinstance(p, Polygon) and p.area > _SPECK_M2]
    kept = [Polygon(p.exterior, [h for h in p.interiors if Polygon(h).area > _SPECK_M2]) for p in polygons]
    if not kept:
        return None
    return _polygonal(shapely.union_all([shapely.normalize(p.simplify(0.001)) for p in kept]))


def _without_holes(geometry: Polygon | MultiPolygon) -> Polygon | MultiPolygon:
    return _polygonal(shapely.union_all([Polygon(p.exterior) for p in shapely.get_parts(geometry)]))


def _polygonal(geometry: BaseGeometry) -> Polygon | MultiPolygon:
    """State what a union of polygons is."""
    assert isinstance(geometry, Polygon | MultiPolygon)
    return geometry
