"""The frame of a map: which part of the ground lies on which millimetre of the paper."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from twin.errors import CrsError, ParameterError
from twin.geo.crs import TM3_ZONES, WGS84, describe, from_wgs84, metric_crs, transform_points

SCALES = (200, 500, 1000, 2000, 5000, 10_000, 25_000, 50_000)
"""Denominators of the usual scales."""
PAPERS: dict[str, tuple[float, float]] = {
    "A4": (210.0, 297.0),
    "A3": (297.0, 420.0),
    "A2": (420.0, 594.0),
    "A1": (594.0, 841.0),
    "A0": (841.0, 1189.0),
}
"""ISO 216, upright. [mm]"""
_UTM = {"EPSG:3405": 105.0, "EPSG:3406": 111.0}
_STEPS = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
_GRID_MM = 35.0
"""Smallest distance of grid lines on paper."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle of the ground on paper. Grid north is up.

    Parameters
    ----------
    crs
        The VN-2000 zone it is drawn in.
    scale
        Denominator: ``500`` for 1:500.
    west, south
        Lower left corner in the zone. [m]
    width_mm, height_mm
        On paper. [mm]
    """

    crs: str
    scale: int
    west: float
    south: float
    width_mm: float
    height_mm: float

    @property
    def east(self) -> float:
        """Right edge. [m]"""
        return self.west + self.width_mm * self.scale / 1000

    @property
    def north(self) -> float:
        """Upper edge. [m]"""
        return self.south + self.height_mm * self.scale / 1000

    @property
    def middle(self) -> tuple[float, float]:
        """The middle in WGS 84: longitude, latitude. [degrees]"""
        lon, lat = transform_points((self.west + self.east) / 2, (self.south + self.north) / 2, self.crs, WGS84)
        return float(lon[0]), float(lat[0])

    def on_paper(self, east: float, north: float) -> tuple[float, float]:
        """A point of the zone on paper, from the upper left corner, y downwards. [mm]"""
        return (east - self.west) * 1000 / self.scale, (self.north - north) * 1000 / self.scale

    def grid_step(self) -> int:
        """Distance of the grid's lines. [m]"""
        return next((step for step in _STEPS if step * 1000 / self.scale >= _GRID_MM), _STEPS[-1])

    def bar_m(self) -> int:
        """Length of the scale bar, of four equal parts. [m]"""
        fitting = [step for step in (*_STEPS, 10_000) if step * 1000 / self.scale <= min(62.0, self.width_mm * 0.4)]
        return fitting[-1] if fitting else _STEPS[0]

    def convergence_deg(self) -> float:
        """Angle from true to grid north in the middle, positive clockwise (east of the central meridian). [degrees]"""
        return float(_projection(self.crs).get_factors(*self.middle).meridian_convergence)

    def scale_factor(self) -> float:
        """Length in the zone by length on the ellipsoid, in the middle."""
        return float(_projection(self.crs).get_factors(*self.middle).meridional_scale)


def _projection(crs: str) -> pyproj.Proj:
    return pyproj.Proj(pyproj.CRS.from_user_input(crs))


def zone_for(geometry: BaseGeometry, asked: str | None = None) -> str:
    """The VN-2000 zone to draw in: the one asked for, else that of the nearest meridian.

    Raises
    ------
    CrsError
        If the one asked for is no VN-2000 zone, or the place lies in none.
    """
    if asked:
        code = describe(asked).code
        if code in TM3_ZONES or code in _UTM:
            return code
        raise CrsError(
            f"{asked} is not a zone of VN-2000", where="crs", hint=f"Use one of {', '.join([*TM3_ZONES, *_UTM])}."
        )
    middle = geometry.envelope.centroid
    code = metric_crs(middle.x, middle.y)
    if code not in TM3_ZONES and code not in _UTM:
        raise CrsError(f"longitude {middle.x:.3f}, latitude {middle.y:.3f} lies in no zone of VN-2000", where="crs")
    return code


def zone_name(crs: str) -> str:
    """The zone as it is written on maps."""
    meridian = TM3_ZONES.get(crs, _UTM.get(crs, 0.0))
    minutes = round((meridian - math.floor(meridian)) * 60)
    width = "3°" if crs in TM3_ZONES else "6°"
    return f"VN-2000, múi {width}, kinh tuyến trục {math.floor(meridian)}°{minutes:02d}′ ({crs})"


def paper_size(paper: str, *, landscape: bool) -> tuple[float, float]:
    """Width and height of a sheet; ParameterError for one we have not. [mm]"""
    try:
        short, long = PAPERS[paper.upper()]
    except KeyError:
        raise ParameterError(
            f"{paper!r} is not a paper size", where="paper", hint=f"Use one of {', '.join(PAPERS)}."
        ) from None
    return (long, short) if landscape else (short, long)


def fit(
    extent: Sequence[BaseGeometry],
    *,
    width_mm: float,
    height_mm: float,
    crs: str | None = None,
    scale: int | None = None,
    margin: float = 0.06,
) -> Frame:
    """The frame that shows an extent (WGS 84) on a piece of paper.

    Parameters
    ----------
    scale
        Denominator to draw to; the largest usual scale at which everything fits, if not given.
    margin
        Share of the paper left free around what must be seen, where the scale is chosen here.

    Raises
    ------
    ParameterError
        If the extent does not fit at the given scale, or at any usual one; or the scale is not one of those.
    """
    whole = shapely.GeometryCollection(list(extent))
    if whole.is_empty:
        raise ParameterError("there is nothing to show", where="extent", hint="Give a place or an area.")
    zone = zone_for(whole, crs)
    # Straight lines of longitude and latitude bend in the zone: points every 500 m keep their bulge inside.
    west, south, east, north = from_wgs84([shapely.segmentize(shapely.force_2d(whole), 0.005)], zone)[0].bounds
    wide, high = (east - west) * 1000, (north - south) * 1000  # mm on the ground
    free = 1 - 2 * margin
    if scale is None:
        scale = next((s for s in SCALES if wide / s <= width_mm * free and high / s <= height_mm * free), None)
        if scale is None:
            raise ParameterError(
                f"an area of {wide / 1e6:.1f} × {high / 1e6:.1f} km does not fit on this paper at 1:{SCALES[-1]}",
                where="scale",
                hint="Take a larger paper or a smaller area.",
            )
    elif scale not in SCALES:
        raise ParameterError(f"1:{scale} is not a usual scale", where="scale", hint=f"Use one of {SCALES}.")
    elif wide / scale > width_mm + 1e-6 or high / scale > height_mm + 1e-6:
        raise ParameterError(
            f"at 1:{scale} the area takes {wide / scale:.0f} × {high / scale:.0f} mm, "
            f"the map has {width_mm:.0f} × {height_mm:.0f} mm",
            where="scale",
            hint="Take a smaller scale or a larger paper, or leave the scale out.",
        )
    half_w, half_h = width_mm * scale / 2000, height_mm * scale / 2000
    return Frame(zone, scale, (west + east) / 2 - half_w, (south + north) / 2 - half_h, width_mm, height_mm)
