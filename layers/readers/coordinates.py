"""Which columns of a table are coordinates, in which order, in which system.

Names narrow the choice, magnitudes decide it. Survey papers in Viet Nam write X for northing and Y for easting,
software the contrary; in VN-2000 a northing lies in 930,000–2,590,000 m and an easting in 300,000–700,000 m, so
the two cannot be confused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import CrsError, ParameterError
from twin.geo.crs import WGS84, describe

NORTHINGS = (930_000.0, 2_590_000.0)
EASTINGS = (300_000.0, 700_000.0)
"""Ranges of VN-2000 coordinates on the mainland. [m]"""

_LON = frozenset({"lon", "long", "lng", "longitude", "kinh do", "kinhdo", "kd", "x lon", "lon x"})
_LAT = frozenset({"lat", "latitude", "vi do", "vido", "vd", "y lat", "lat y"})
_X = frozenset({"x", "toa do x", "toado x", "toadox", "x vn2000", "vn2000 x", "x vn 2000", "coord x", "xcoord"})
_Y = frozenset({"y", "toa do y", "toado y", "toadoy", "y vn2000", "vn2000 y", "y vn 2000", "coord y", "ycoord"})
_EAST = frozenset({"e", "east", "easting", "eastings", "dong"})
_NORTH = frozenset({"n", "north", "northing", "northings", "bac"})
_WKT = frozenset({"wkt", "geom wkt", "geometry wkt", "the geom", "geom", "geometry"})


@dataclass(frozen=True, slots=True)
class Coordinates:
    """Two columns and what they mean: ``x`` is east or longitude, ``y`` north or latitude."""

    x: str
    y: str
    crs: str
    assumed: bool
    note: str = ""


def fold(name: str) -> str:
    """Lower case without diacritics and punctuation: ``"Kinh độ (°)"`` becomes ``"kinh do"``."""
    text = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    plain = "".join(c for c in text if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", " ", plain).strip()


def _key(name: str) -> str:
    """Fold a column's name without the unit behind it."""
    return re.sub(r" (m|deg|degrees)$", "", fold(name))


def wkt_column(names: Sequence[str], records: Sequence[Mapping[str, Any]]) -> str | None:
    """Find a column of geometries in well-known text."""
    pattern = re.compile(r"\s*(SRID=\d+;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION)\b", re.IGNORECASE)
    for name in names:
        if _key(name) in _WKT:
            texts = [r.get(name) for r in records[:50] if r.get(name)]
            if texts and all(isinstance(t, str) and pattern.match(t) for t in texts):
                return name
    return None


def find_coordinates(
    names: Sequence[str],
    records: Sequence[Mapping[str, Any]],
    *,
    crs: str = "",
    x_field: str = "",
    y_field: str = "",
) -> Coordinates | None:
    """Find the coordinate columns; ``None`` if there are none.

    Raises
    ------
    ParameterError
        If a column that was named does not exist.
    CrsError
        If the columns are clear but their reference system is neither given nor evident.
    """
    pair = _named(names, x_field, y_field) or _by_name(names)
    if pair is None:
        return None
    x, y = pair
    geographic = _key(x) in _LON or _key(y) in _LAT
    return _decide(x, y, geographic, _numbers(records, x), _numbers(records, y), crs)


def _named(names: Sequence[str], x: str, y: str) -> tuple[str, str] | None:
    if not x and not y:
        return None
    for name in (x, y):
        if name not in names:
            raise ParameterError(f"there is no column {name!r}", hint=f"The columns are {', '.join(map(repr, names))}.")
    return x, y


def _by_name(names: Sequence[str]) -> tuple[str, str] | None:
    folded = [(_key(name), name) for name in names]
    for xs, ys in ((_LON, _LAT), (_EAST, _NORTH), (_X, _Y)):
        x = next((name for key, name in folded if key in xs), None)
        y = next((name for key, name in folded if key in ys), None)
        if x is not None and y is not None:
            return x, y
    return None


def as_number(value: Any) -> float | None:
    """Read a coordinate: a number, or text that is one with point or comma as the decimal sign."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value.strip().replace(",", ".") if isinstance(value, str) else value)
    except (ValueError, TypeError):
        return None


def _numbers(records: Sequence[Mapping[str, Any]], name: str) -> NDArray[np.float64]:
    values = [as_number(r.get(name)) for r in records]
    return np.array([v for v in values if v is not None and np.isfinite(v)])


def _share(values: NDArray[np.float64], low: float, high: float) -> float:
    return float(np.mean((values >= low) & (values <= high))) if len(values) else 0.0


def _decide(
    x: str, y: str, geographic: bool, xs: NDArray[np.float64], ys: NDArray[np.float64], crs: str
) -> Coordinates | None:
    if not len(xs) or not len(ys):
        return None
    if _share(xs, *NORTHINGS) > 0.9 and _share(ys, *EASTINGS) > 0.9:
        note = f"{x} is the northing and {y} the easting, as survey papers write them (by magnitude)"
        return Coordinates(y, x, _projected(crs, x, y), False, note)
    if _share(xs, *EASTINGS) > 0.9 and _share(ys, *NORTHINGS) > 0.9:
        return Coordinates(x, y, _projected(crs, x, y), False)
    in_degrees = _share(xs, -180, 180) > 0.9 and _share(ys, -180, 180) > 0.9
    if not crs and not (in_degrees and geographic):
        raise CrsError(
            f"columns {x} and {y} look like coordinates (first pair {xs[0]:.10g}, {ys[0]:.10g}) but their "
            "reference system is not known",
            hint="Give it, for instance EPSG:4326 for degrees or EPSG:9212 for VN-2000 / TM-3 106-15.",
        )
    if in_degrees and (not crs or describe(crs).geographic) and _share(ys, -90, 90) < 0.1 <= _share(xs, -90, 90):
        note = f"{x} holds latitudes and {y} longitudes (by magnitude)"
        return Coordinates(y, x, crs or WGS84, not crs, note)
    return Coordinates(x, y, crs or WGS84, not crs)


def _projected(crs: str, x: str, y: str) -> str:
    if not crs:
        raise CrsError(
            f"columns {x} and {y} look like VN-2000 coordinates, but the zone is not known",
            hint="Give it, for instance EPSG:9212 (TM-3 106-15). The zone is the survey's, not the province's.",
        )
    return crs
