"""Coordinate reference systems: VN-2000 by the one official path, all others by the best that is installed.

Coordinates are always (x, y) = (east, north) or (longitude, latitude), whatever the axis order of the
authority. WGS 84 means EPSG:4326 in that order. Heights (z) are carried along untouched: they keep the
vertical datum they came with.

VN-2000 and WGS 84 differ by seven parameters that QĐ 05/2007/QĐ-BTNMT publishes (EPSG:6960). PROJ left to
itself picks another set (EPSG:5194) inside 9.35–11.04° N, 104.24–107.11° E, which moves the Mekong delta and
Ho Chi Minh City by 0.8 m; so every VN-2000 path here is an explicit pipeline. The network is never asked for
grids.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import cast

import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj.enums import TransformDirection
from pyproj.exceptions import CRSError as ProjCrsError
from pyproj.exceptions import ProjError
from pyproj.network import set_network_enabled  # type: ignore[attr-defined]  # not in its __all__
from shapely.geometry.base import BaseGeometry

from twin.errors import CrsError
from twin.geo.geodesy import (
    box_around,
    distance_between,
    geodesic_area,
    geodesic_circle,
    geodesic_distance,
    geodesic_distances,
    geodesic_length,
)

__all__ = [
    "TM3_ZONES",
    "WGS84",
    "CrsInfo",
    "box_around",
    "describe",
    "distance_between",
    "from_wgs84",
    "geodesic_area",
    "geodesic_circle",
    "geodesic_distance",
    "geodesic_distances",
    "geodesic_length",
    "is_wgs84",
    "metric_crs",
    "to_wgs84",
    "transform_points",
]

FloatArray = NDArray[np.float64]

WGS84 = "EPSG:4326"
_WGS84_NAMES = frozenset({"EPSG:4326", "OGC:CRS84", "EPSG:4979", "OGC:CRS84H"})

# EPSG:6960, coordinate-frame convention (EPSG registry; QĐ 05/2007/QĐ-BTNMT).
_SHIFT_6960 = (
    "+proj=helmert +x=-191.90441429 +y=-39.30318279 +z=-111.45032835 "
    "+rx=-0.00928836 +ry=0.01975479 +rz=-0.00427372 +s=0.252906278 +convention=coordinate_frame"
)
_VN2000_NAME = re.compile(r"\b(vn|viet ?nam)[ _-]?2000\b")

TM3_ZONES: dict[str, float] = {
    "EPSG:5896": 102.0,
    "EPSG:9205": 103.0,
    "EPSG:9206": 104.0,
    "EPSG:9207": 104.5,
    "EPSG:9208": 104.75,
    "EPSG:5897": 105.0,
    "EPSG:9209": 105.5,
    "EPSG:9210": 105.75,
    "EPSG:9211": 106.0,
    "EPSG:9212": 106.25,
    "EPSG:9213": 106.5,
    "EPSG:9214": 107.0,
    "EPSG:9215": 107.25,
    "EPSG:9216": 107.5,
    "EPSG:5899": 107.75,
    "EPSG:5898": 108.0,
    "EPSG:9217": 108.25,
    "EPSG:9218": 108.5,
}
"""VN-2000 TM-3 zones and their central meridians, west to east. [degrees]"""

_DEPRECATED = {
    "EPSG:6956": "EPSG:5896",
    "EPSG:6957": "EPSG:5897",
    "EPSG:6958": "EPSG:5898",
    "EPSG:6959": "EPSG:5899",
}

set_network_enabled(active=False)


@dataclass(frozen=True, slots=True)
class CrsInfo:
    """What a reference system is and how it reaches WGS 84.

    ``code`` is ``AUTHORITY:NUMBER`` where there is one, else the text given. ``accuracy_m`` is ``None`` where
    the registry states none. ``ballpark`` says that no datum shift is known and coordinates are taken over as
    they are, which can be hundreds of metres off.
    """

    code: str
    name: str
    vn2000: bool
    geographic: bool
    operation: str
    accuracy_m: float | None
    ballpark: bool
    warning: str = ""


@dataclass(frozen=True, slots=True)
class _Path:
    """A transformer whose forward direction leads from WGS 84; ``None`` where nothing has to be done."""

    info: CrsInfo
    transformer: pyproj.Transformer | None


def describe(crs: str) -> CrsInfo:
    """Tell what ``crs`` is and how it reaches WGS 84; :class:`CrsError` if it is unknown."""
    return _path(crs).info


def is_wgs84(crs: str) -> bool:
    """Whether ``crs`` is WGS 84 longitude and latitude."""
    return _path(crs).transformer is None


def to_wgs84(geometries: Sequence[BaseGeometry], crs: str) -> list[BaseGeometry]:
    """Transform geometries given in ``crs`` to WGS 84 longitude, latitude in degrees.

    Raises
    ------
    CrsError
        If ``crs`` is unknown, or a coordinate lies outside what it can express.
    """
    return _transform_geometries(geometries, crs, TransformDirection.INVERSE)


def from_wgs84(geometries: Sequence[BaseGeometry], crs: str) -> list[BaseGeometry]:
    """Transform WGS 84 longitude, latitude to ``crs``; the inverse of :func:`to_wgs84`."""
    return _transform_geometries(geometries, crs, TransformDirection.FORWARD)


def transform_points(x: ArrayLike, y: ArrayLike, crs_from: str, crs_to: str) -> tuple[FloatArray, FloatArray]:
    """Transform points between two systems by way of WGS 84.

    Parameters
    ----------
    x, y : array (n,)
        East and north, or longitude and latitude, in ``crs_from``.

    Returns
    -------
    two arrays (n,)
        The same points in ``crs_to``, x first.

    Raises
    ------
    CrsError
        If a system is unknown, or a point lies outside what it can express.
    """
    xs = np.atleast_1d(np.asarray(x, dtype=np.float64))
    ys = np.atleast_1d(np.asarray(y, dtype=np.float64))
    if crs_from == crs_to:
        return xs.copy(), ys.copy()
    lon, lat = _apply(_path(crs_from), xs, ys, TransformDirection.INVERSE)
    return _apply(_path(crs_to), lon, lat, TransformDirection.FORWARD)


def metric_crs(lon: float, lat: float) -> str:
    """Choose the system to measure in near a place: its VN-2000 TM-3 zone in Viet Nam, else its UTM zone.

    The nearest central meridian is taken, which on the mainland keeps lengths true to 1 in 10,000. Around
    Hoàng Sa and Trường Sa, far from every TM-3 meridian, VN-2000 / UTM zone 49N serves up to 114° E and
    WGS 84 / UTM beyond.
    """
    if 8.0 <= lat <= 23.5 and 101.9 <= lon <= 109.9:
        return min(TM3_ZONES, key=lambda code: abs(TM3_ZONES[code] - lon))
    if 7.0 <= lat <= 23.5 and 109.9 < lon <= 114.0:
        return "EPSG:3406"
    zone = int((lon + 180.0) // 6.0) % 60 + 1
    return f"EPSG:{32600 + zone if lat >= 0 else 32700 + zone}"


def _transform_geometries(
    geometries: Sequence[BaseGeometry], crs: str, direction: TransformDirection
) -> list[BaseGeometry]:
    path = _path(crs)
    if path.transformer is None or not len(geometries):
        return list(geometries)
    array = np.empty(len(geometries), dtype=object)
    array[:] = geometries

    def move(xy: FloatArray) -> FloatArray:
        x, y = _apply(path, xy[:, 0], xy[:, 1], direction)
        return np.column_stack([x, y])

    with_z = shapely.has_z(array)
    array[~with_z] = shapely.transform(array[~with_z], move)
    if with_z.any():
        array[with_z] = shapely.transform(
            array[with_z], lambda xyz: np.column_stack([move(xyz[:, :2]), xyz[:, 2]]), include_z=True
        )
    return cast("list[BaseGeometry]", array.tolist())


def _apply(path: _Path, x: FloatArray, y: FloatArray, direction: TransformDirection) -> tuple[FloatArray, FloatArray]:
    if path.transformer is None or x.size == 0:
        return x, y
    try:
        out_x, out_y = path.transformer.transform(x, y, direction=direction)
        if path.info.vn2000 and direction is TransformDirection.FORWARD:
            # Both directions start from height 0, which alone leaves round trips 1 mm open; one correction
            # makes this direction the inverse of the other, whose results are the published ones.
            again = path.transformer.transform(
                *path.transformer.transform(out_x, out_y, direction=TransformDirection.INVERSE),
                direction=direction,
            )
            out_x, out_y = 2 * out_x - again[0], 2 * out_y - again[1]
    except ProjError as exc:
        raise CrsError(f"coordinates cannot be expressed in {path.info.code}: {exc}", where=path.info.code) from exc
    out_x, out_y = np.asarray(out_x, dtype=np.float64), np.asarray(out_y, dtype=np.float64)
    bad = ~(np.isfinite(out_x) & np.isfinite(out_y))
    if bad.any():
        first = int(np.argmax(bad))
        raise CrsError(
            f"{int(bad.sum())} of {bad.size} coordinates cannot be transformed, the first is ({x[first]}, {y[first]})",
            where=f"{path.info.code} {path.info.name}",
            hint="Check the reference system and the order of the coordinates.",
        )
    return out_x, out_y


@lru_cache(maxsize=256)
def _path(crs: str) -> _Path:
    parsed = _horizontal(_parse(crs), crs)
    authority = parsed.to_authority(min_confidence=100)
    code = ":".join(authority) if authority else crs.strip()
    if code in _DEPRECATED:
        return _replaced(code)
    if code in _WGS84_NAMES:
        return _Path(CrsInfo(WGS84, parsed.name, False, True, "none", 0.0, False), None)
    if _is_vn2000(parsed):
        info = CrsInfo(code, parsed.name, True, parsed.is_geographic, "EPSG:6960 VN-2000 to WGS 84 (2)", 1.0, False)
        return _Path(info, pyproj.Transformer.from_pipeline(_vn2000_pipeline(parsed, crs)))
    return _other(parsed, code, crs)


def _replaced(code: str) -> _Path:
    """Read a withdrawn code as its successor: its false easting and northing were exchanged by mistake."""
    path = _path(_DEPRECATED[code])
    warning = f"{code} is withdrawn (its false easting and northing are exchanged); read as {path.info.code}"
    return replace(path, info=replace(path.info, code=code, warning=warning))


def _parse(crs: str) -> pyproj.CRS:
    if not crs.strip():
        raise CrsError("no reference system is given", hint="Give one, for instance EPSG:9212 or EPSG:4326.")
    try:
        return pyproj.CRS.from_user_input(crs.strip())
    except ProjCrsError as exc:
        raise CrsError(
            f"{_short(crs)!r} is not a reference system this machine knows",
            hint="Give an EPSG code, for instance EPSG:9212 (VN-2000 / TM-3 106-15) or EPSG:4326.",
        ) from exc


def _horizontal(crs: pyproj.CRS, given: str) -> pyproj.CRS:
    """Take the two-dimensional part; heights keep their own datum."""
    if crs.is_compound:
        return _horizontal(crs.sub_crs_list[0], given)
    plain = crs.source_crs if crs.is_bound and crs.source_crs is not None else crs
    if not (plain.is_geographic or plain.is_projected):
        raise CrsError(
            f"{_short(given)!r} ({crs.name}) is neither geographic nor projected",
            hint="Only systems of longitude and latitude or of a map projection place things on the map.",
        )
    return crs.to_2d()


def _is_vn2000(crs: pyproj.CRS) -> bool:
    if crs.is_bound:
        shift = list(crs.coordinate_operation.towgs84) if crs.coordinate_operation else []
        # Old software writes VN-2000 as a projection with +towgs84; these are the official numbers.
        return (
            len(shift) == 7
            and bool(np.allclose(shift[:3], (-191.904, -39.303, -111.450), atol=0.01))
            and bool(np.allclose(np.abs(shift[3:6]), (0.00929, 0.01975, 0.00427), atol=1e-4))
        )
    base = crs.geodetic_crs
    names = [base.name, base.datum.name if base is not None and base.datum else ""] if base is not None else []
    return any(_VN2000_NAME.search(name.casefold()) for name in names)


def _vn2000_pipeline(crs: pyproj.CRS, given: str) -> str:
    """WGS 84 degrees to VN-2000; PROJ inverts it step by step."""
    to_datum = (
        "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad +step +proj=push +v_3 "
        f"+step +proj=cart +ellps=WGS84 +step +inv {_SHIFT_6960} +step +inv +proj=cart +ellps=WGS84 "
        "+step +proj=pop +v_3 "
    )
    plain = crs.source_crs if crs.is_bound and crs.source_crs is not None else crs
    if plain.is_geographic:
        return to_datum + "+step +proj=unitconvert +xy_in=rad +xy_out=deg"
    operation = plain.coordinate_operation
    metre = all(axis.unit_name in {"metre", "meter"} for axis in plain.axis_info)
    if operation is None or operation.method_name != "Transverse Mercator" or not metre:
        raise CrsError(
            f"{_short(given)!r} is VN-2000 but not a Transverse Mercator projection in metres",
            hint="Convert the file to one of EPSG:3405, 3406, 5896-5899 or 9205-9218 first.",
        )
    value = {p.name: p.value for p in operation.params}
    return to_datum + (
        f"+step +proj=tmerc +ellps=WGS84 +lat_0={value['Latitude of natural origin']} "
        f"+lon_0={value['Longitude of natural origin']} +k={value['Scale factor at natural origin']} "
        f"+x_0={value['False easting']} +y_0={value['False northing']}"
    )


def _other(crs: pyproj.CRS, code: str, given: str) -> _Path:
    ballpark = False
    try:
        transformer = pyproj.Transformer.from_crs(WGS84, crs, always_xy=True, allow_ballpark=False)
        operation, accuracy = _probe(transformer, crs)
    except ProjError:
        ballpark = True
        try:
            transformer = pyproj.Transformer.from_crs(WGS84, crs, always_xy=True)
            operation, accuracy = _probe(transformer, crs)
        except ProjError as exc:
            raise CrsError(
                f"no way leads from {_short(given)!r} ({crs.name}) to WGS 84", hint=f"PROJ says: {exc}"
            ) from exc
    warning = ""
    if ballpark:
        warning = (
            f"{code} ({crs.name}) has no known datum shift to WGS 84; coordinates are taken over unshifted "
            "and may lie hundreds of metres off"
        )
    info = CrsInfo(code, crs.name, False, crs.is_geographic, operation, accuracy, ballpark, warning)
    return _Path(info, transformer)


def _probe(transformer: pyproj.Transformer, crs: pyproj.CRS) -> tuple[str, float | None]:
    """Name and accuracy of what is used in the middle of the system's area."""
    area = crs.area_of_use
    lon, lat = ((area.west + area.east) / 2, (area.south + area.north) / 2) if area else (105.0, 16.0)
    x, y = transformer.transform(lon, lat)
    if not (np.isfinite(x) and np.isfinite(y)):
        raise ProjError(f"no operation serves longitude {lon}, latitude {lat}")
    try:
        used = transformer.get_last_used_operation()
    except ProjError:
        # PROJ does not name an operation that does nothing.
        return transformer.description, 0.0
    accuracy = used.accuracy if used.accuracy is not None and used.accuracy >= 0 else None
    return used.description, accuracy


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 80 else flat[:77] + "..."
