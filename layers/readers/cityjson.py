"""CityJSON 1.0, 1.1 and 2.0: every city object as footprint with its heights.

The footprint is the union of the ground surfaces seen from above, or of all surfaces where none is marked as
ground. Parts of a building are counted into their building. Heights are of the vertices, in the file's vertical
datum.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from layers.readers.record import ReadOptions, Row, Table
from layers.readers.values import typed
from twin.errors import FormatError, UnsupportedFormatError

VERSIONS = ("1.0", "1.1", "2.0")
_REFERENCE = re.compile(r"(?:/def/crs/|:def:crs:|^)(EPSG|OGC)[:/](?:[^/:]*[:/])?(\w+)$")
# How deep the list of surfaces lies in each geometry's boundaries.
_DEPTH = {"MultiSurface": 0, "CompositeSurface": 0, "Solid": 1, "MultiSolid": 2, "CompositeSolid": 2}
_TINY_M = 0.001


@dataclass(slots=True)
class _Shape:
    """What has been gathered of one object and its parts."""

    ground: list[BaseGeometry] = field(default_factory=list)
    seen: list[BaseGeometry] = field(default_factory=list)
    points: list[NDArray[np.float64]] = field(default_factory=list)
    lods: set[str] = field(default_factory=set)


def read_cityjson(document: Mapping[str, Any], name: str, options: ReadOptions) -> Table:  # noqa: ARG001 - a reader
    """Read the city objects of a file, parts merged into what they are parts of."""
    version = str(document.get("version", ""))
    if version not in VERSIONS:
        raise UnsupportedFormatError(
            f"CityJSON version {version or 'unnamed'} is not supported",
            where=name,
            hint=f"These are: {', '.join(VERSIONS)}.",
        )
    objects = document.get("CityObjects")
    if not isinstance(objects, Mapping):
        raise FormatError("has no CityObjects", where=name)
    vertices = _vertices(document, name)
    templates = document.get("geometry-templates")
    tops: list[str] = [key for key, value in objects.items() if not _has_parent(value, objects)]
    shapes = [_gather(key, objects, vertices, templates) for key in tops]
    values = typed([_attributes(key, objects, shape) for key, (shape, _) in zip(tops, shapes, strict=True)])
    rows = []
    for i, (key, (shape, problem)) in enumerate(zip(tops, shapes, strict=True)):
        geometry, missing = (None, problem) if problem else _footprint(shape)
        rows.append(Row(i + 1, geometry, values.records[i], key, missing))
    notes = list(values.notes)
    if len(objects) > len(tops):
        notes.append(f"{len(objects) - len(tops)} parts are merged into the {len(tops)} objects they belong to")
    return Table("CityJSON " + version, name, tuple(rows), values.fields, _crs(document), False, tuple(notes))


def _crs(document: Mapping[str, Any]) -> str:
    metadata = document.get("metadata")
    reference = metadata.get("referenceSystem") if isinstance(metadata, Mapping) else None
    if not isinstance(reference, str):
        return ""
    found = _REFERENCE.search(reference)
    return f"{found[1]}:{found[2]}" if found else reference


def _vertices(document: Mapping[str, Any], name: str) -> NDArray[np.float64]:
    try:
        vertices = np.array(document["vertices"], dtype=np.float64).reshape(-1, 3)
        transform = document.get("transform")
        if transform is not None:
            scale = np.array(transform["scale"], dtype=np.float64)
            vertices = vertices * scale + np.array(transform["translate"], dtype=np.float64)
    except (KeyError, ValueError, TypeError) as exc:
        raise FormatError(f"the vertices or their transform are damaged: {exc}", where=name) from exc
    return vertices


def _has_parent(value: Any, objects: Mapping[str, Any]) -> bool:
    parents = value.get("parents") if isinstance(value, Mapping) else None
    return isinstance(parents, list) and any(p in objects for p in parents)


def _gather(key: str, objects: Mapping[str, Any], vertices: NDArray[np.float64], templates: Any) -> tuple[_Shape, str]:
    shape = _Shape()
    waiting, met = [key], {key}
    try:
        while waiting:
            value = objects[waiting.pop()]
            finest = _finest(value.get("geometry") or [])
            for geometry in finest:
                _add(shape, geometry, vertices, templates)
            children = [c for c in value.get("children") or [] if c in objects and c not in met]
            met.update(children)
            waiting += children
    except (KeyError, ValueError, TypeError, IndexError, AttributeError, ShapelyError) as exc:
        return shape, f"the geometry cannot be built: {exc}"
    return shape, ""


def _finest(geometries: list[Any]) -> list[Any]:
    """Take the geometries of the highest level of detail."""
    lods = [str(g.get("lod", "")) for g in geometries]
    best = max(lods, default="")
    return [g for g, lod in zip(geometries, lods, strict=True) if lod == best]


def _add(shape: _Shape, geometry: Mapping[str, Any], vertices: NDArray[np.float64], templates: Any) -> None:
    kind = geometry["type"]
    if kind == "GeometryInstance":
        template = templates["templates"][geometry["template"]]
        matrix = np.array(geometry["transformationMatrix"], dtype=np.float64).reshape(4, 4)
        local = np.array(templates["vertices-templates"], dtype=np.float64).reshape(-1, 3)
        placed = np.column_stack([local, np.ones(len(local))]) @ matrix.T
        _add(shape, template, placed[:, :3] + vertices[geometry["boundaries"][0]], None)
        return
    if "lod" in geometry:
        shape.lods.add(str(geometry["lod"]))
    if kind not in _DEPTH:
        indices = np.array(list(_flat(geometry["boundaries"])), dtype=np.int64)
        shape.points.append(vertices[indices])
        return
    semantics = geometry.get("semantics") or {}
    kinds = [s.get("type", "") for s in semantics.get("surfaces", [])]
    surfaces = list(_surfaces(geometry["boundaries"], semantics.get("values"), _DEPTH[kind]))
    for rings, meaning in surfaces:
        corners = [vertices[np.array(ring, dtype=np.int64)] for ring in rings]
        shape.points.append(corners[0])
        if _span(corners[0]) <= _TINY_M**2:
            continue
        flat: BaseGeometry = shapely.Polygon(corners[0][:, :2], [c[:, :2] for c in corners[1:]])
        if not flat.is_valid:
            flat = shapely.make_valid(flat, method="structure", keep_collapsed=False)
        shape.seen.append(flat)
        if meaning is not None and kinds[meaning] == "GroundSurface":
            shape.ground.append(flat)


def _surfaces(boundaries: Any, values: Any, depth: int) -> Iterator[tuple[Any, int | None]]:
    if depth == 0:
        for i, surface in enumerate(boundaries):
            yield surface, values[i] if isinstance(values, list) else None
        return
    for i, part in enumerate(boundaries):
        yield from _surfaces(part, values[i] if isinstance(values, list) else None, depth - 1)


def _span(ring: NDArray[np.float64]) -> float:
    """Area of a ring seen from above; 0 for a wall."""
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)


def _flat(nested: Any) -> Iterator[int]:
    for item in nested:
        if isinstance(item, list):
            yield from _flat(item)
        else:
            yield item


def _footprint(shape: _Shape) -> tuple[BaseGeometry | None, str]:
    surfaces = shape.ground or shape.seen
    if surfaces:
        array = np.array(surfaces, dtype=object)
        whole = shapely.union_all(array)
        if whole.geom_type == "MultiPolygon":
            # Parts that touch may be a rounding apart; on a grid of the file's precision they meet.
            whole = shapely.union_all(array, grid_size=_TINY_M)
        return whole, ""
    if shape.points:
        xy = np.unique(np.concatenate(shape.points)[:, :2], axis=0)
        return (shapely.Point(xy[0]) if len(xy) == 1 else shapely.MultiPoint(xy)), ""
    return None, "the object has no geometry"


def _attributes(key: str, objects: Mapping[str, Any], shape: _Shape) -> dict[str, Any]:
    value = objects[key]
    given = value.get("attributes")
    out: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {}
    out["object_type"] = value.get("type")
    if shape.points:
        z = np.concatenate(shape.points)[:, 2]
        out["ground_m"] = round(float(z.min()), 3)
        out["height_m"] = round(float(z.max() - z.min()), 3)
    if shape.lods:
        out["lod"] = max(shape.lods)
    if value.get("children"):
        out["parts"] = len(value["children"])
    return out
