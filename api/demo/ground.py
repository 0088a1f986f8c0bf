"""The ground: city boundary, wards and communes (now and before 01/07/2025), streams, ponds, terrain.

Names and codes of the units are real (Nghị quyết 202/2025/QH15 and what followed it); every line is made up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

import numpy as np
import shapely
from shapely.affinity import scale
from shapely.geometry.base import BaseGeometry

from api.demo.frame import FloatArray, areal, rng_of
from twin.model.layer import FeatureChange

PLANNED_AREA_KM2 = 167.32
"""Area of the general plan, measured in EPSG:9212. [km²]"""

MERGER = datetime(2025, 6, 30, 17, tzinfo=UTC)
"""The two-tier administration began on 01/07/2025, 00:00 in Viet Nam."""

_OUTLINE = (
    (-6900, -2600), (-6200, -4300), (-4400, -5600), (-2500, -5900), (-900, -7000), (1300, -6700),
    (3100, -5900), (5200, -5600), (6500, -4000), (7100, -1700), (6700, 300), (7300, 2500), (6400, 4600),
    (4700, 5700), (2700, 6500), (700, 7500), (-1500, 7000), (-3400, 6300), (-5200, 5600), (-6600, 4000),
    (-7300, 1900), (-7000, -300),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unit:
    """A ward or commune: code, name, centre of its Voronoi cell, people, and the units it was made of."""

    code: str
    name: str
    seed: tuple[float, float]
    people: int
    former: tuple[tuple[str, tuple[float, float]], ...]


UNITS = (
    Unit("25195", "Phường Bình Phước", (700, 1300), 47_310, (
        ("Phường Tân Phú", (1500, 500)), ("Phường Tân Xuân", (-300, 2300)),
        ("Phường Tân Đồng", (2300, 2400)), ("Phường Tân Thiện", (700, 700)),
    )),
    Unit("25210", "Phường Đồng Xoài", (-300, -1900), 42_640, (
        ("Phường Tiến Thành", (-2300, -700)), ("Phường Tân Bình", (-100, -600)),
        ("Xã Tiến Hưng", (-300, -3200)), ("Xã Tân Thành", (1900, -2300)),
    )),
    Unit("25363", "Phường Đồng Phú", (4900, -2900), 14_820, (("Xã Tân Tiến", (4900, -2900)),)),
    Unit("25387", "Xã Thuận Lợi", (4700, 2500), 9_730, (("Xã Thuận Phú", (4700, 2500)),)),
    Unit("25378", "Xã Tân Lợi", (1300, 5700), 8_460, (("Xã Tân Hưng", (1300, 5700)),)),
    Unit("25390", "Xã Đồng Tâm", (-3700, 4500), 7_950, (("Xã Đồng Tiến", (-3700, 4500)),)),
    Unit("25450", "Xã Nha Bích", (-5200, -700), 8_210, (("Xã Minh Thắng", (-5200, -700)),)),
    Unit("25252", "Xã Phú Riềng", (500, -5700), 6_880, (("Xã Bù Nho", (500, -5700)),)),
)  # fmt: skip


@cache
def city() -> shapely.Polygon:
    """The planned area on the sheet, exactly :data:`PLANNED_AREA_KM2`."""
    rng = rng_of("outline")
    rough = shapely.segmentize(shapely.Polygon(_OUTLINE), 260.0)
    xy = shapely.get_coordinates(rough)[:-1] + rng.uniform(-45, 45, (len(shapely.get_coordinates(rough)) - 1, 2))
    drawn = shapely.Polygon(xy)
    factor = math.sqrt(PLANNED_AREA_KM2 * 1e6 / drawn.area)
    return scale(drawn, factor, factor, origin=(0, 0))


def _warp(xy: FloatArray) -> FloatArray:
    u, v = xy[:, 0], xy[:, 1]
    du = 170 * np.sin(v / 610 + 0.4) + 60 * np.sin(v / 170 + u / 900)
    dv = 160 * np.sin(u / 570 + 1.1) + 70 * np.sin(u / 190 + v / 800)
    return np.column_stack([u + du, v + dv])


def _cells(seeds: list[tuple[float, float]]) -> list[shapely.Polygon]:
    """Cells nearest to each seed, with crooked borders that still fit without gaps."""
    frame = shapely.box(-20_000, -20_000, 20_000, 20_000)
    points = shapely.MultiPoint(seeds)
    found = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=frame))
    ordered = [next(c for c in found if c.covers(shapely.Point(s))) for s in seeds]
    return list(shapely.transform(shapely.segmentize(np.array(ordered), 120.0), _warp))


@cache
def unit_areas() -> dict[str, BaseGeometry]:
    """Area of each ward or commune by code; together they are the city."""
    cells = _cells([u.seed for u in UNITS])
    return {u.code: areal(city().intersection(c)) for u, c in zip(UNITS, cells, strict=True)}


@cache
def former_areas() -> dict[tuple[str, str], BaseGeometry]:
    """Area of each unit before 01/07/2025, by (code of the present unit, former name)."""
    areas: dict[tuple[str, str], BaseGeometry] = {}
    for unit in UNITS:
        whole = unit_areas()[unit.code]
        if len(unit.former) == 1:
            areas[unit.code, unit.former[0][0]] = whole
            continue
        for (name, _), cell in zip(unit.former, _cells([s for _, s in unit.former]), strict=True):
            areas[unit.code, name] = areal(whole.intersection(cell))
    return areas


def communes() -> list[FeatureChange]:
    """Wards and communes: the former ones until 01/07/2025, the eight of today since."""
    changes = [
        FeatureChange(
            f"cu-{code}-{index}", area,
            {"code": "", "name": name, "population": None, "area_km2": round(area.area / 1e6, 3),
             "now": next(u.name for u in UNITS if u.code == code), "note": "đến 30/06/2025"},
            datetime(1999, 12, 31, 17, tzinfo=UTC), MERGER,
        )
        for index, ((code, name), area) in enumerate(former_areas().items())
    ]  # fmt: skip
    changes += [
        FeatureChange(
            u.code, unit_areas()[u.code],
            {"code": u.code, "name": u.name, "population": u.people,
             "area_km2": round(unit_areas()[u.code].area / 1e6, 3), "now": u.name, "note": ""},
            MERGER,
        )
        for u in UNITS
    ]  # fmt: skip
    return changes


# -- water ---------------------------------------------------------------------------------------------------

STREAM_WIDTH_M = 22.0
TRIBUTARY_WIDTH_M = 9.0
STREAM_STRIP_M = 36.0
"""Green strip on either side of the stream, from its centre line. [m]"""
TRIBUTARY_STRIP_M = 20.0

_RAT = (
    (-9600, 5200), (-7300, 4500), (-5600, 3600), (-3900, 2250), (-2700, 1650), (-1700, 1250), (-950, 560),
    (-450, -60), (-60, -190), (270, 70), (600, -120), (980, -520), (1650, -560), (2200, -760),
    (2750, -1350), (3350, -1950), (4300, -2200), (5600, -2750), (7100, -3400), (9600, -3900),
)  # fmt: skip
_CAM = ((4400, 7900), (3500, 5200), (3050, 3600), (2700, 2500), (2480, 1300), (2130, 300), (1800, -566))
_TA_BE = ((-7800, -3300), (-5600, -1700), (-3900, -350), (-2600, 550), (-1660, 1215))


def _smooth(points: tuple[tuple[float, float], ...], times: int = 4) -> shapely.LineString:
    """Corners cut again and again (Chaikin); the ends stay."""
    xy = np.array(points, dtype=float)
    for _ in range(times):
        cut = np.empty((2 * (len(xy) - 1), 2))
        cut[0::2] = 0.75 * xy[:-1] + 0.25 * xy[1:]
        cut[1::2] = 0.25 * xy[:-1] + 0.75 * xy[1:]
        xy = np.vstack([xy[:1], cut, xy[-1:]])
    return shapely.LineString(xy)


@cache
def suoi_rat() -> shapely.LineString:
    """Centre line of the Suối Rạt, downstream."""
    return _smooth(_RAT)


@cache
def tributaries() -> dict[str, shapely.LineString]:
    """Centre lines of the tributaries, downstream, ending on the Suối Rạt."""
    lines = {}
    for name, points in (("Suối Cam", _CAM), ("Suối Tà Bế", _TA_BE)):
        line = _smooth(points)
        mouth = suoi_rat().interpolate(suoi_rat().project(shapely.Point(line.coords[-1])))
        lines[name] = shapely.LineString([*list(line.coords)[:-1], mouth.coords[0]])
    return lines


@cache
def lake() -> shapely.Polygon:
    """Hồ Suối Cam, behind its dam."""
    middle = tributaries()["Suối Cam"].interpolate(0.42, normalized=True)
    return scale(middle.buffer(190, quad_segs=10), 0.75, 1.7)


@cache
def water_surface() -> BaseGeometry:
    """Streams and lake as areas."""
    parts = [suoi_rat().buffer(STREAM_WIDTH_M / 2, cap_style="flat")]
    parts += [t.buffer(TRIBUTARY_WIDTH_M / 2) for t in tributaries().values()]
    return shapely.union_all([*parts, lake()])


@cache
def water_corridor() -> BaseGeometry:
    """Streams and lake with their green strips."""
    parts = [suoi_rat().buffer(STREAM_STRIP_M)]
    parts += [t.buffer(TRIBUTARY_STRIP_M) for t in tributaries().values()]
    return shapely.union_all([*parts, lake().buffer(30)])


def water() -> list[FeatureChange]:
    """Water surfaces inside the city."""
    strips: list[tuple[str, str, BaseGeometry]] = [
        ("suoi-rat", "Suối Rạt", suoi_rat().buffer(STREAM_WIDTH_M / 2, cap_style="flat"))
    ]
    taken = strips[0][2]
    for fid, name in (("suoi-cam", "Suối Cam"), ("suoi-ta-be", "Suối Tà Bế")):
        area = tributaries()[name].buffer(TRIBUTARY_WIDTH_M / 2).difference(taken).difference(lake())
        strips.append((fid, name, area))
    strips.append(("ho-suoi-cam", "Hồ Suối Cam", lake()))
    return [
        FeatureChange(fid, areal(area.intersection(city())), {"name": name, "kind": "hồ" if "ho-" in fid else "suối"})
        for fid, name, area in strips
    ]


def stream() -> list[FeatureChange]:
    """Centre lines inside the city, downstream."""
    lines = {"suoi-rat": ("Suối Rạt", suoi_rat(), STREAM_WIDTH_M)}
    lines |= {
        fid: (name, tributaries()[name], TRIBUTARY_WIDTH_M)
        for fid, name in (("suoi-cam", "Suối Cam"), ("suoi-ta-be", "Suối Tà Bế"))
    }
    return [
        FeatureChange(fid, line.intersection(city()), {"name": name, "width_m": width})
        for fid, (name, line, width) in lines.items()
    ]
