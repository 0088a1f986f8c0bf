"""Do coordinates lie where they can? Axes in the wrong order, the wrong meridian, another country."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from layers.readers.coordinates import EASTINGS, NORTHINGS
from layers.readers.record import Row
from twin.errors import CrsError
from twin.geo.crs import TM3_ZONES, describe, transform_points
from twin.store.base import LayerSummary
from twin.types import BBox

VIET_NAM = BBox(102.1, 6.5, 117.9, 23.5)
"""Mainland, shelf, Hoàng Sa and Trường Sa."""
_CITY_SPAN_DEG = 1.5
_MARGIN_DEG = 0.02

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Oriented:
    """Rows with x east and y north, and a warning if they came otherwise."""

    rows: tuple[Row, ...]
    warning: str = ""


def orient(rows: Sequence[Row], crs: str) -> Oriented:
    """Bring the axes into order where magnitudes leave no doubt.

    In VN-2000 a northing can never be an easting; in degrees no latitude exceeds 90.

    Raises
    ------
    CrsError
        If projected coordinates are declared to be degrees.
    """
    x, y = _centres(rows)
    if not len(x):
        return Oriented(tuple(rows))
    info = describe(crs)
    if info.geographic:
        if _share(x, -180, 180) < 0.1 or _share(y, -180, 180) < 0.1:
            raise CrsError(
                f"coordinates such as ({x[0]:.10g}, {y[0]:.10g}) are not degrees, yet {info.code} ({info.name}) "
                "is in degrees",
                hint=_projected_hint(x, y),
            )
        swapped = _share(y, -90, 90) < 0.1 and _share(x, -90, 90) > 0.9
        why = "latitude stood before longitude"
    else:
        swapped = info.vn2000 and _share(x, *NORTHINGS) > 0.9 and _share(y, *EASTINGS) > 0.9
        why = "X was the northing and Y the easting, as survey papers write them"
    if not swapped:
        return Oriented(tuple(rows))
    return Oriented(tuple(_swap(row) for row in rows), f"axes were exchanged: {why} (told by magnitude)")


def warnings_about_place(
    world: Sequence[shapely.Geometry], rows: Sequence[Row], crs: str, others: Sequence[LayerSummary], country: str
) -> list[str]:
    """Warn of what can be read but is probably not meant."""
    if not world:
        return []
    info = describe(crs)
    found = [info.warning] if info.warning else []
    bounds = shapely.bounds(np.array(world, dtype=object))
    lon, lat = (bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2
    city = _city(others)
    meridian = _wrong_meridian(rows, crs, lon, lat, city) if info.vn2000 and not info.geographic else ""
    if country == "VN":
        outside = ~_inside(lon, lat, VIET_NAM)
        if outside.any():
            first = int(np.argmax(outside))
            found.append(
                f"{int(outside.sum())} of {len(lon)} features lie outside Viet Nam, the first (row "
                f"{rows[first].number}) at longitude {lon[first]:.5f}, latitude {lat[first]:.5f}"
            )
        if not info.vn2000:
            found += _unshifted(crs)
    if meridian:
        found.append(meridian)
    elif city and info.geographic:
        found += _maybe_swapped(lon, lat, city)
    return found


def grid_warnings(box: BBox, crs: str, country: str) -> list[str]:
    """Warn of a grid that can be read but probably lies elsewhere."""
    info = describe(crs)
    found = [info.warning] if info.warning else []
    if country != "VN":
        return found
    lon, lat = np.array([(box.west + box.east) / 2]), np.array([(box.south + box.north) / 2])
    if not _inside(lon, lat, VIET_NAM).all():
        found.append(f"the grid lies outside Viet Nam, at longitude {lon[0]:.5f}, latitude {lat[0]:.5f}")
    return found + ([] if info.vn2000 else _unshifted(crs))


def _centres(rows: Sequence[Row]) -> tuple[FloatArray, FloatArray]:
    shapes = np.array([r.geometry for r in rows if r.geometry is not None], dtype=object)
    if not len(shapes):
        return np.zeros(0), np.zeros(0)
    bounds = shapely.bounds(shapes)
    x, y = (bounds[:, 0] + bounds[:, 2]) / 2, (bounds[:, 1] + bounds[:, 3]) / 2
    finite = np.isfinite(x) & np.isfinite(y)
    return x[finite], y[finite]


def _share(values: FloatArray, low: float, high: float) -> float:
    return float(np.mean((values >= low) & (values <= high)))


def _swap(row: Row) -> Row:
    if row.geometry is None:
        return row
    has_z = bool(shapely.has_z(row.geometry))
    order = [1, 0, 2] if has_z else [1, 0]
    return replace(row, geometry=shapely.transform(row.geometry, lambda c: c[:, order], include_z=has_z))


def _projected_hint(x: FloatArray, y: FloatArray) -> str:
    straight = _share(x, *EASTINGS) > 0.9 and _share(y, *NORTHINGS) > 0.9
    crossed = _share(y, *EASTINGS) > 0.9 and _share(x, *NORTHINGS) > 0.9
    if straight or crossed:
        return "They look like VN-2000: name the zone of the survey, for instance EPSG:9212 (TM-3 106-15)."
    return "Name the projection they are in."


def _inside(lon: FloatArray, lat: FloatArray, box: BBox, margin: float = 0.0) -> NDArray[np.bool_]:
    return (
        (lon >= box.west - margin)
        & (lon <= box.east + margin)
        & (lat >= box.south - margin)
        & (lat <= box.north + margin)
    )


def _city(others: Sequence[LayerSummary]) -> tuple[BBox, ...]:
    """Where the twin's other layers lie, one box a layer; national overviews say nothing about it.

    Not the box around them all: one layer in the wrong place would make everything between seem right.
    """
    boxes = [
        s.extent
        for s in others
        if s.extent is not None and max(s.extent.east - s.extent.west, s.extent.north - s.extent.south) < _CITY_SPAN_DEG
    ]
    if not boxes:
        return ()
    wide = max(b.east for b in boxes) - min(b.west for b in boxes)
    high = max(b.north for b in boxes) - min(b.south for b in boxes)
    return tuple(boxes) if max(wide, high) < 2 * _CITY_SPAN_DEG else ()


def _share_in(lon: FloatArray, lat: FloatArray, city: Sequence[BBox]) -> float:
    """Share of positions that lie in or near some of the city's boxes."""
    return float(np.mean(np.any([_inside(lon, lat, box, _MARGIN_DEG) for box in city], axis=0)))


def _wrong_meridian(rows: Sequence[Row], crs: str, lon: FloatArray, lat: FloatArray, city: Sequence[BBox]) -> str:
    if not city or describe(crs).code not in TM3_ZONES:
        return ""
    given = _share_in(lon, lat, city)
    x, y = _centres(rows)
    shares: dict[str, float] = {}
    for zone in TM3_ZONES:
        try:
            zone_lon, zone_lat = transform_points(x, y, zone, "EPSG:4326")
        except CrsError:
            continue
        shares[zone] = _share_in(zone_lon, zone_lat, city)
    best = max(shares.values(), default=0.0)
    if best - given < 0.3 or best < 0.9:
        return ""
    zones = " or ".join(f"{zone} ({TM3_ZONES[zone]:g}°)" for zone, share in shares.items() if share == best)
    return (
        f"wrong meridian? read in {describe(crs).code}, {given:.0%} of the features lie where the twin's other layers "
        f"are; in {zones} {best:.0%} would"
    )


def _maybe_swapped(lon: FloatArray, lat: FloatArray, city: Sequence[BBox]) -> list[str]:
    if _share_in(lon, lat, city) < 0.1 and _share_in(lat, lon, city) > 0.9:
        return ["axes exchanged? with latitude and longitude the other way round the features lie in the city"]
    return []


def _unshifted(crs: str) -> list[str]:
    """Warn of a VN-2000 grid declared with the WGS 84 datum: a frequent slip that moves everything by 224 m."""
    parsed = pyproj.CRS.from_user_input(crs)
    operation = parsed.coordinate_operation
    if not parsed.is_projected or operation is None or parsed.to_authority(min_confidence=70):
        return []
    value: dict[str, object] = {p.name: p.value for p in operation.params}
    scale = value.get("Scale factor at natural origin")
    if scale == 0.9999 and value.get("Longitude of natural origin") in TM3_ZONES.values():
        text = (
            "the projection is that of a VN-2000 zone but the datum is not VN-2000; if the coordinates are VN-2000, "
            "they lie 224 m off: name the zone's own code instead"
        )
        return [text]
    return []
