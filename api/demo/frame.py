"""The city's drawing frame: metres (u, v) along its tilted streets, carried into VN-2000 at 106°15′.

Everything is drawn on a sheet whose u axis runs along Lê Duẩn (a little south of east) and whose v axis runs
along Lý Thường Kiệt, then turned and moved into EPSG:9212. Turning keeps lengths and areas, so a rectangle of
7 m by 36 m on the sheet has 252 m² in EPSG:9212.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar, cast

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from twin.geo.crs import to_wgs84
from twin.model.layer import FeatureChange

CRS = "EPSG:9212"
"""Legacy meridian of the former Bình Phước, 106°15′, in which the city's files would be drawn."""

ORIGIN_E, ORIGIN_N = 570_000.0, 1_275_000.0
"""Where the sheet's origin lies in :data:`CRS`. [m]"""

TILT_DEG = -9.0
"""Turn of the street grid against the map grid, counter-clockwise. [degrees]"""

_COS, _SIN = math.cos(math.radians(TILT_DEG)), math.sin(math.radians(TILT_DEG))

SLIVER_M2 = 1e-4
"""Polygons smaller than this are rounding, not land. [m²]"""

FloatArray = NDArray[np.float64]
G = TypeVar("G", bound=BaseGeometry)


def en_from_uv(u: FloatArray, v: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Easting and northing of sheet coordinates. [m]"""
    return ORIGIN_E + u * _COS - v * _SIN, ORIGIN_N + u * _SIN + v * _COS


def uv_from_en(east: FloatArray, north: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Sheet coordinates of easting and northing. [m]"""
    x, y = east - ORIGIN_E, north - ORIGIN_N
    return x * _COS + y * _SIN, -x * _SIN + y * _COS


def placed(geometries: Sequence[G]) -> list[G]:
    """Geometries of the sheet in :data:`CRS`."""

    def turn(xy: FloatArray) -> FloatArray:
        east, north = en_from_uv(xy[:, 0], xy[:, 1])
        return np.column_stack([east, north])

    turned = shapely.transform(np.asarray(geometries, dtype=object), turn)
    # Where outlines touch, rounding in the turn can make a ring cross itself by a hair.
    return [g if g.is_valid else cast("G", areal(shapely.make_valid(g))) for g in turned]


def placed_changes(changes: Sequence[FeatureChange]) -> list[FeatureChange]:
    """Feature changes drawn on the sheet, carried into :data:`CRS`."""
    geometries = placed([c.geometry for c in changes if c.geometry is not None])
    turned = iter(geometries)
    return [
        FeatureChange(
            c.fid,
            None if c.geometry is None else next(turned),
            c.properties,
            c.valid_from,
            c.valid_to,
            CRS,
        )
        for c in changes
    ]


def lonlat(geometries: Sequence[G]) -> list[BaseGeometry]:
    """Geometries of the sheet in WGS 84."""
    return to_wgs84(placed(geometries), CRS)


def seed_of(*parts: object) -> int:
    """A number that depends on nothing but its arguments, the same on every machine."""
    text = "/".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def rng_of(*parts: object) -> np.random.Generator:
    """A random generator seeded by its arguments."""
    return np.random.Generator(np.random.PCG64(seed_of(*parts)))


def unit_noise(*parts: object) -> float:
    """A repeatable number in [0, 1)."""
    return seed_of(*parts) / 2**64


def rectangle(u0: float, v0: float, u1: float, v1: float) -> shapely.Polygon:
    """An upright rectangle of the sheet."""
    return shapely.box(u0, v0, u1, v1)


def polygons_of(geometry: BaseGeometry) -> list[shapely.Polygon]:
    """The polygons of a geometry, largest first; points, lines and slivers left by an overlay are dropped."""
    flat = shapely.get_parts(shapely.get_parts(geometry))  # a collection may hold multi-polygons
    parts = [g for g in flat if isinstance(g, shapely.Polygon) and g.area > SLIVER_M2]
    return sorted(parts, key=lambda p: -p.area)


def areal(geometry: BaseGeometry) -> BaseGeometry:
    """The polygon part of an overlay's result."""
    parts = polygons_of(geometry)
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
