"""The projected systems that IFC files name, and where they are meant to be used."""

from __future__ import annotations

import re

import pyproj
from pyproj.exceptions import CRSError as ProjCrsError

from twin.errors import CrsError
from twin.geo.crs import WGS84, transform_points

_AREA_MARGIN_DEG = 1.0


def named_crs(*, name: str, description: str, well_known_text: str) -> str | None:
    """Find the projected system that a file names by code, registered name or well-known text."""
    code = re.search(r"EPSG\D{0,3}(\d{4,6})", f"{name} {description}", re.IGNORECASE)
    names = ([f"EPSG:{code[1]}"] if code else []) + [well_known_text, name, description]
    return next((c for text in names if text for c in [_projected(text)] if c), None)


def _projected(name: str) -> str | None:
    try:
        crs = pyproj.CRS.from_user_input(name)
    except ProjCrsError:
        return None
    if not crs.is_projected:  # a compound system is what its horizontal part is
        return None
    authority = crs.to_authority(min_confidence=100)
    return ":".join(authority) if authority else str(crs.to_wkt())


def given_crs(crs: str) -> str:
    """Check that what a caller gives is a projected system; raises :class:`CrsError`."""
    found = _projected(crs)
    if found is None:
        raise CrsError(
            f"{crs!r} is no projected coordinate system",
            where="crs",
            hint="Name the system of the map coordinates, for instance EPSG:9212.",
        )
    return found


def units_per_metre(crs: str) -> float:
    """How many units of a projected system make a metre."""
    return 1.0 / float(pyproj.CRS.from_user_input(crs).axis_info[0].unit_conversion_factor)


def serves(crs: str, easting: float, northing: float) -> bool:
    """Whether a point lies where the system is meant to be used, with a degree to spare."""
    try:
        x, y = transform_points([easting], [northing], crs, WGS84)
    except CrsError:
        return False
    lon, lat = float(x[0]), float(y[0])
    area = pyproj.CRS.from_user_input(crs).area_of_use
    if area is None:
        return True
    margin = _AREA_MARGIN_DEG
    return bool(area.west - margin <= lon <= area.east + margin and area.south - margin <= lat <= area.north + margin)
