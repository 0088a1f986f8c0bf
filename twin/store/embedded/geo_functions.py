"""Spatial tests inside queries: shapely under names of our own, as DuckDB's core has none.

Geometries are GeoJSON or well-known text in longitude and latitude; anything else is NULL, for which nothing
holds. Distances and lengths are in degrees, the unit of that reference system, as OData lays down.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

if TYPE_CHECKING:
    from twin.store.embedded.database import Database

_TESTS = {
    "intersects": shapely.intersects,
    "equals": shapely.equals,
    "disjoint": shapely.disjoint,
    "touches": shapely.touches,
    "within": shapely.within,
    "overlaps": shapely.overlaps,
    "crosses": shapely.crosses,
    "contains": shapely.contains,
}


@lru_cache(maxsize=4096)
def _shape(text: str) -> BaseGeometry | None:
    try:
        return shapely.from_geojson(text) if text.lstrip().startswith("{") else shapely.from_wkt(text)
    except (ShapelyError, ValueError):
        return None


def _pair(a: str | None, b: str | None) -> tuple[BaseGeometry, BaseGeometry] | None:
    first, second = (None if text is None else _shape(text) for text in (a, b))
    return None if first is None or second is None else (first, second)


def twin_spatial(test: str, a: str | None, b: str | None) -> bool | None:
    """Whether a spatial relation holds between two geometries."""
    pair = _pair(a, b)
    try:
        return None if pair is None else bool(_TESTS[test](*pair))
    except ShapelyError:
        return None


def twin_relate(a: str | None, b: str | None, pattern: str | None) -> bool | None:
    """Whether two geometries meet a pattern of the nine intersections."""
    pair = _pair(a, b)
    try:
        return None if pair is None or pattern is None else bool(shapely.relate_pattern(*pair, pattern))
    except (ShapelyError, ValueError):
        return None


def twin_distance(a: str | None, b: str | None) -> float | None:
    """Shortest distance. [degrees]"""
    pair = _pair(a, b)
    return None if pair is None else float(shapely.distance(*pair))


def twin_length(a: str | None) -> float | None:
    """Length. [degrees]"""
    shape = None if a is None else _shape(a)
    return None if shape is None else float(shapely.length(shape))


def register(database: Database) -> None:
    """Make the functions known to a twin's queries; again does nothing."""
    text = "VARCHAR"
    database.add_function("twin_spatial", twin_spatial, [text, text, text], "BOOLEAN")
    database.add_function("twin_relate", twin_relate, [text, text, text], "BOOLEAN")
    database.add_function("twin_distance", twin_distance, [text, text], "DOUBLE")
    database.add_function("twin_length", twin_length, [text], "DOUBLE")
