"""Distances around one point, in a plane that touches the Earth there (azimuthal equidistant)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod, Transformer
from shapely.geometry import Point
from shapely.geometry.base import BaseGeometry

from twin.errors import ParameterError
from twin.types import BBox, LonLat

GEOD = Geod(ellps="WGS84")


@lru_cache(maxsize=64)
def _to_plane(lon: float, lat: float) -> Transformer:
    plane = f"+proj=aeqd +lat_0={lat!r} +lon_0={lon!r} +datum=WGS84 +units=m"
    return Transformer.from_crs("EPSG:4326", plane, always_xy=True)


def plane_around(point: LonLat, geometries: Sequence[BaseGeometry]) -> NDArray[np.object_]:
    """Geometries (WGS 84) in metres east and north of ``point``.

    Distances from the point are exact on the ellipsoid; lengths elsewhere are off by less than 1e-7 within 10 km.
    """
    transform = _to_plane(point.lon, point.lat)

    def project(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transform.transform(xy[:, 0], xy[:, 1]))

    moved: NDArray[np.object_] = shapely.transform(np.asarray(geometries, dtype=object), project)
    return moved


def distances_m(point: LonLat, geometries: Sequence[BaseGeometry]) -> NDArray[np.float64]:
    """Shortest distance from ``point`` to each geometry; 0 inside a polygon. [m]"""
    if not len(geometries):
        return np.zeros(0)
    result: NDArray[np.float64] = shapely.distance(plane_around(point, geometries), Point(0.0, 0.0))
    return result


def box_around(point: LonLat, metres: float) -> BBox:
    """A box that holds everything within ``metres`` of ``point``."""
    if not math.isfinite(metres) or metres < 0:
        raise ParameterError(f"distance {metres} m is not a length", hint="Give metres, 0 or more.")
    lons, lats, _ = GEOD.fwd([point.lon] * 4, [point.lat] * 4, [0, 90, 180, 270], [metres * 1.0001 + 0.01] * 4)
    west, east = lons[3], lons[1]
    if west > east or metres > 5_000_000:
        west, east = -180.0, 180.0
    return BBox(west, min(lats[2], lats[0]), east, max(lats[0], lats[2]))
