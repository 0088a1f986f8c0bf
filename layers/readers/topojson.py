"""TopoJSON: topologies of shared arcs, quantised or not (specification 1.0)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from layers.readers.record import ReadOptions, Row, Table
from layers.readers.values import typed
from twin.errors import FormatError, ParameterError
from twin.geo.crs import WGS84

Coordinates = NDArray[np.float64]

_RING = 4
"""Positions of the smallest ring, the first repeated."""


def read_topojson(document: Mapping[str, Any], name: str, options: ReadOptions) -> Table:
    """Read one object of a topology. The format has no reference system; WGS 84 is its custom."""
    objects = document.get("objects")
    if not isinstance(objects, Mapping) or not objects or not isinstance(document.get("arcs"), list):
        raise FormatError("the topology has no objects or no arcs", where=name)
    key = _choose(objects, options.table, name)
    topology = _Topology(document, name)
    entries = objects[key].get("geometries", [objects[key]]) if isinstance(objects[key], Mapping) else None
    if not isinstance(entries, list):
        raise FormatError(f"object {key!r} has no geometries", where=name)
    values = typed([_properties(entry) for entry in entries])
    rows = tuple(
        _row(i + 1, entry, topology, properties)
        for i, (entry, properties) in enumerate(zip(entries, values.records, strict=True))
    )
    return Table("TopoJSON", key, rows, values.fields, WGS84, True, values.notes)


class _Topology:
    """Arcs in coordinates; a negative index is the arc backwards."""

    def __init__(self, document: Mapping[str, Any], name: str) -> None:
        self._scale = np.ones(2)
        self._shift = np.zeros(2)
        self._quantised = isinstance(document.get("transform"), Mapping)
        try:
            if self._quantised:
                self._scale = np.array(document["transform"]["scale"], dtype=np.float64)
                self._shift = np.array(document["transform"]["translate"], dtype=np.float64)
            self._arcs = [self._arc(arc) for arc in document["arcs"]]
        except (KeyError, ValueError, TypeError, IndexError) as exc:
            raise FormatError(f"the topology's arcs or transform are damaged: {exc}", where=name) from exc

    def _arc(self, arc: Any) -> Coordinates:
        points = np.array([position[:2] for position in arc], dtype=np.float64)
        return np.cumsum(points, axis=0) * self._scale + self._shift if self._quantised else points

    def point(self, position: Any) -> Coordinates:
        xy = np.array(position[:2], dtype=np.float64)
        return xy * self._scale + self._shift if self._quantised else xy

    def line(self, indices: Any) -> Coordinates:
        parts: list[Coordinates] = []
        for index in indices:
            arc = self._arcs[~index][::-1] if index < 0 else self._arcs[index]
            parts.append(arc[1:] if parts else arc)
        return np.concatenate(parts)

    def polygon(self, rings: Any) -> shapely.Polygon:
        shell, *holes = [self.line(ring) for ring in rings]
        return shapely.Polygon(shell, [hole for hole in holes if len(hole) >= _RING])

    def polygons(self, parts: Any) -> shapely.MultiPolygon:
        solid = [rings for rings in parts if len(self.line(rings[0])) >= _RING]
        return shapely.MultiPolygon([self.polygon(rings) for rings in solid])

    def collapsed(self, entry: Mapping[str, Any]) -> int:
        """Count rings that quantisation has shrunk to fewer corners than a ring needs."""
        arcs: Any = entry.get("arcs")
        parts = {"Polygon": [arcs], "MultiPolygon": arcs}.get(str(entry.get("type")), [])
        return sum(len(self.line(ring)) < _RING for rings in parts for ring in rings)

    def geometry(self, entry: Mapping[str, Any]) -> BaseGeometry | None:
        kind = entry.get("type")
        if kind is None:
            return None
        if kind == "GeometryCollection":
            parts = [self.geometry(part) for part in entry["geometries"]]
            return shapely.GeometryCollection([p for p in parts if p is not None])
        if kind in ("Point", "MultiPoint"):
            return self._points(kind, entry["coordinates"])
        build: dict[str, Callable[[Any], BaseGeometry]] = {
            "LineString": lambda arcs: shapely.LineString(self.line(arcs)),
            "MultiLineString": lambda arcs: shapely.MultiLineString([self.line(part) for part in arcs]),
            "Polygon": self.polygon,
            "MultiPolygon": self.polygons,
        }
        if kind not in build:
            raise ValueError(f"{kind!r} is not a geometry of TopoJSON")
        return build[kind](entry["arcs"])

    def _points(self, kind: str, coordinates: Any) -> BaseGeometry:
        if kind == "Point":
            return shapely.Point(self.point(coordinates))
        return shapely.MultiPoint([self.point(p) for p in coordinates])


def _choose(objects: Mapping[str, Any], wanted: str, name: str) -> str:
    if wanted in objects:
        return wanted
    if not wanted and len(objects) == 1:
        return next(iter(objects))
    raise ParameterError(
        f"the topology holds {', '.join(map(repr, objects))}" + (f" but no {wanted!r}" if wanted else ""),
        where=name,
        hint="Name one of them as the table to read.",
    )


def _row(number: int, entry: Any, topology: _Topology, properties: Any) -> Row:
    fid = entry.get("id") if isinstance(entry, Mapping) else None
    fid = str(fid) if isinstance(fid, str | int) and not isinstance(fid, bool) else ""
    try:
        geometry = topology.geometry(entry)
        lost = topology.collapsed(entry)
    except (ShapelyError, ValueError, TypeError, IndexError, KeyError, AttributeError) as exc:
        return Row(number, None, properties, fid, f"the geometry cannot be built: {exc}")
    if geometry is not None and geometry.is_empty:
        return Row(number, None, properties, fid, "the geometry is empty")
    mended = f"{lost} rings of fewer than {_RING} positions left out" if lost else ""
    return Row(number, geometry, properties, fid, mended=mended)


def _properties(entry: Any) -> Mapping[str, Any]:
    properties = entry.get("properties") if isinstance(entry, Mapping) else None
    return properties if isinstance(properties, Mapping) else {}
