"""Outlines and heights of elements, measured on their triangulated shapes in the model's coordinates [m]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ifcopenshell
import ifcopenshell.geom
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from bim.ifc.structure import Member, Part

_THREADS = 2
_SLIVER_M2 = 1e-9


@dataclass(frozen=True, slots=True)
class Shape:
    """An element's vertical projection and its lowest and highest point [m]."""

    global_id: str
    part: Part
    storey: int | None
    outline: BaseGeometry
    bottom: float
    top: float


def shapes_of(model: ifcopenshell.file, members: Sequence[Member]) -> list[Shape]:
    """Measure the members that have a body; those without one, or whose body fails, are left out.

    Openings are cut out of floors and roofs, where a courtyard or shaft matters, and left in walls, where
    they change neither outline nor height.
    """
    represented = [m for m in members if m.element.Representation is not None]
    flat = [m for m in represented if m.part in {Part.SLAB, Part.ROOF}]
    upright = [m for m in represented if m.part not in {Part.SLAB, Part.ROOF}]
    shapes = _measure(model, upright, cut_openings=False) + _measure(model, flat, cut_openings=True)
    return sorted(shapes, key=lambda s: s.global_id)


def _measure(model: ifcopenshell.file, members: Sequence[Member], *, cut_openings: bool) -> list[Shape]:
    if not members:
        return []
    settings = _settings(cut_openings=cut_openings)
    by_id = {m.element.id(): m for m in members}
    iterator: Any = ifcopenshell.geom.iterator(settings, model, _THREADS, include=[m.element for m in members])
    shapes: dict[int, Shape] = {}
    more = iterator.initialize()
    while more:  # the library's iterator says itself whether there is more
        item = iterator.get()
        member = by_id.get(item.id)
        if member is not None:
            shape = _shape(member, item.geometry)
            if shape is not None:
                shapes[item.id] = shape
        more = iterator.next()
    return list(shapes.values())


def _settings(*, cut_openings: bool) -> Any:
    settings: Any = ifcopenshell.geom.settings()  # type: ignore[no-untyped-call]  # the library's own gap
    settings.set("use-world-coords", True)
    settings.set("disable-opening-subtractions", not cut_openings)
    return settings


def _shape(member: Member, geometry: Any) -> Shape | None:
    vertices = np.asarray(geometry.verts, dtype=np.float64).reshape(-1, 3)
    faces = np.asarray(geometry.faces, dtype=np.int64).reshape(-1, 3)
    if not len(faces) or not np.isfinite(vertices).all():
        return None
    used = vertices[np.unique(faces)]
    return Shape(
        global_id=member.element.GlobalId,
        part=member.part,
        storey=member.storey,
        outline=projection(vertices, faces),
        bottom=float(used[:, 2].min()),
        top=float(used[:, 2].max()),
    )


def projection(vertices: npt.NDArray[np.float64], faces: npt.NDArray[np.int64]) -> BaseGeometry:
    """Union of the triangles seen from above, (n, 3) vertices and (m, 3) faces [m]."""
    corners = vertices[faces][:, :, :2]
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]) / 2
    triangles = shapely.polygons(corners[area > _SLIVER_M2])
    return shapely.union_all(triangles)
