"""What stands in the streets: lamps and feeders, cameras, gauges, drains, schools, clinics, buildings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import shapely

from api.demo.blocks import HEALTH, HOUSING, MIXED, SCHOOL, functions
from api.demo.frame import rng_of, unit_noise
from api.demo.ground import UNITS, lake, suoi_rat, unit_areas
from api.demo.parcels import APARTMENTS_BLOCK, Plot, plots
from api.demo.streets import (
    EAST_WEST,
    NORTH_SOUTH,
    Axis,
    axis_line,
    axis_named,
    bridge_11,
    bridges,
    local_streets,
)
from twin.model.layer import FeatureChange

LAMPS_LY_THUONG_KIET, LAMPS_LE_DUAN = 16, 35
CAMERAS_ANALYTIC, CAMERAS_HIGH, CAMERAS_PLAIN = 205, 1, 853
LAMP_SPACING_M = 32.0
LAMP_POWER_W = 120.0


# -- lighting ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lamp:
    """A connected lamp: identity, place, street and feeder."""

    uid: str
    place: shapely.Point
    street: str
    feeder: str
    number: int


@cache
def lamps() -> tuple[Lamp, ...]:
    """The 51 lamps: southward along Lý Thường Kiệt over bridge 11, eastward along Lê Duẩn."""
    south, east = axis_named("Lý Thường Kiệt"), axis_named("Lê Duẩn")
    edge_u, edge_v = south.at + south.width_m / 2 - 1.0, east.at - east.width_m / 2 + 1.0
    first_v = bridge_11().y + LAMP_SPACING_M * (LAMPS_LY_THUONG_KIET - 1) / 2
    first_u = -660.0
    found = [
        Lamp(f"ltk-{k + 1:02d}", shapely.Point(edge_u, first_v - k * LAMP_SPACING_M), south.name, "F1", k + 1)
        for k in range(LAMPS_LY_THUONG_KIET)
    ]
    found += [
        Lamp(f"ld-{k + 1:02d}", shapely.Point(first_u + k * LAMP_SPACING_M, edge_v), east.name, "F2", k + 1)
        for k in range(LAMPS_LE_DUAN)
    ]
    return tuple(found)


def feeders() -> list[FeatureChange]:
    """Cabinets that feed the lamps, with the dimming schedule each lamp follows."""
    changes = []
    for code in ("F1", "F2"):
        mine = [lamp for lamp in lamps() if lamp.feeder == code]
        place = shapely.Point(mine[0].place.x + 3, mine[0].place.y - 3)
        changes.append(
            FeatureChange(
                code, place,
                {"name": f"Tủ điều khiển {code}", "road": mine[0].street, "lamps": len(mine),
                 "rated_power_w": LAMP_POWER_W * len(mine),
                 "schedule": "17:45–22:00 100 %; 22:00–24:00 70 %; 00:00–05:00 50 %; 05:00–05:45 100 %"},
            )
        )  # fmt: skip
    return changes


# -- cameras -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera and what it sees: direction clockwise from grid north of the sheet, opening, reach."""

    uid: str
    kind: str
    device_kind: str
    place: shapely.Point
    azimuth_deg: float
    angle_deg: float
    range_m: float
    street: str


@cache
def cameras() -> tuple[Camera, ...]:
    """All cameras: analytic ones along the main streets, one high pan-tilt at bridge 11, plain ones anywhere."""
    found = []
    sites = _roadside(CAMERAS_ANALYTIC, [(a.name, _in_core(a)) for a in (*NORTH_SOUTH, *EAST_WEST)])
    for k, (street, place, along) in enumerate(sites):
        draw = rng_of("camera", k)
        device = "hikvision-anpr" if k % 5 in (1, 3) else "frigate-camera"
        angle = 28.0 if device == "hikvision-anpr" else 62.0
        azimuth = (along + (180 if draw.random() < 0.5 else 0)) % 360
        found.append(Camera(f"cam-{k + 1:04d}", "analytic", device, place, round(azimuth, 1), angle, 55.0, street))
    high = shapely.Point(bridge_11().x + 24, bridge_11().y + 30)
    found.append(Camera(f"cam-{len(found) + 1:04d}", "ptz", "", high, 215.0, 70.0, 240.0, "Đường Lý Thường Kiệt"))
    for street, place, along in _roadside(CAMERAS_PLAIN, list(local_streets())):
        number = len(found) + 1
        azimuth = (along + 360 * unit_noise("plain", number)) % 360
        found.append(Camera(f"cam-{number:04d}", "plain", "", place, round(azimuth, 1), 80.0, 30.0, street))
    return tuple(found)


def _in_core(axis: Axis) -> shapely.LineString:
    line = axis_line(axis).intersection(_core())
    assert isinstance(line, shapely.LineString)
    return line


def _core() -> shapely.Polygon:
    return shapely.box(NORTH_SOUTH[0].at, EAST_WEST[0].at, NORTH_SOUTH[-1].at, EAST_WEST[-1].at)


def _roadside(count: int, lines: list[tuple[str, shapely.LineString]]) -> list[tuple[str, shapely.Point, float]]:
    """Places evenly along all lines together, five metres beside them, with the line's bearing. [degrees]"""
    total = sum(line.length for _, line in lines)
    found: list[tuple[str, shapely.Point, float]] = []
    done = 0.0
    for name, line in lines:
        while len(found) < count and (at := (len(found) + 0.5) * total / count - done) < line.length:
            here, ahead = line.interpolate(at), line.interpolate(min(at + 1, line.length))
            behind = line.interpolate(max(at - 1, 0))
            du, dv = ahead.x - behind.x, ahead.y - behind.y
            size = math.hypot(du, dv)
            place = shapely.Point(here.x + 5 * dv / size, here.y - 5 * du / size)
            found.append((name, place, math.degrees(math.atan2(du, dv)) % 360))
        done += line.length
    return found


def view_sector(camera: Camera) -> shapely.Polygon:
    """What a camera sees on flat ground without obstacles."""
    start = camera.azimuth_deg - camera.angle_deg / 2
    steps = 8
    arc = [math.radians(start + camera.angle_deg * k / steps) for k in range(steps + 1)]
    x, y = camera.place.x, camera.place.y
    return shapely.Polygon(
        [(x, y), *((x + camera.range_m * math.sin(a), y + camera.range_m * math.cos(a)) for a in arc)]
    )


def camera_views() -> list[FeatureChange]:
    """View sectors, one a camera."""
    return [
        FeatureChange(c.uid, view_sector(c), {"camera": c.uid, "kind": c.kind, "range_m": c.range_m}) for c in cameras()
    ]


# -- stations ------------------------------------------------------------------------------------------------


def gauge_sites() -> dict[str, tuple[str, str, shapely.Point]]:
    """Name, kind and place of each level gauge by uid; one is the flood station at bridge 11."""
    middle = bridge_11()
    ten = next(b for b in bridges() if b.fid == "cau-10").geometry
    assert ten is not None
    dam = lake().boundary.interpolate(0.62, normalized=True)
    return {
        "tv-cau-11": ("Trạm Cầu 11, Suối Rạt", "trạm lũ", shapely.Point(middle.x + 8, middle.y)),
        "tv-cau-10": ("Thước nước Cầu Hùng Vương, Suối Rạt", "trạm phụ", ten.centroid),
        "tv-dap-cam": ("Thước nước đập Suối Cam", "trạm phụ", shapely.Point(dam.x, dam.y)),
    }


def rain_sites() -> dict[str, tuple[str, shapely.Point]]:
    """Name and place of each rain gauge."""
    return {
        "mua-01": ("Trạm mưa Tân Phú", shapely.Point(1420.0, 410.0)),
        "mua-02": ("Trạm mưa Tiến Hưng", shapely.Point(-380.0, -2650.0)),
        "mua-03": ("Trạm mưa Thuận Lợi", shapely.Point(3300.0, 4100.0)),
    }


def air_sites() -> dict[str, tuple[str, shapely.Point]]:
    """Name and place of each air station."""
    places = (
        ("Tân Phú", 820.0, 640.0), ("Tiến Thành", -2330.0, -820.0), ("Tân Xuân", -300.0, 2050.0),
        ("Tân Thành", 1900.0, -2250.0), ("Khu công nghiệp Đồng Tâm", -3300.0, 2600.0),
        ("Hồ Suối Cam", 2500.0, 2900.0),
    )  # fmt: skip
    return {f"kk-{k:02d}": (f"Trạm không khí {n}", shapely.Point(u, v)) for k, (n, u, v) in enumerate(places, start=1)}


# -- drains, services, buildings -----------------------------------------------------------------------------


def drains() -> list[FeatureChange]:
    """Storm drains under the main streets, each falling to the nearer crossing of the stream."""
    changes = []
    for number, axis in enumerate((*NORTH_SOUTH, *EAST_WEST), start=1):
        line = _in_core(axis)
        for k, piece in enumerate(shapely.get_parts(line.difference(suoi_rat()))):
            run = piece.offset_curve(axis.width_m / 2 - 2)
            size = 1200 if axis.width_m >= 24 else 800
            changes.append(
                FeatureChange(
                    f"cong-{number:02d}{k}", run,
                    {"road": axis.name, "diameter_mm": size, "material": "bê tông cốt thép",
                     "built": 2008 + number % 12},
                )
            )  # fmt: skip
    return changes


_SCHOOLS = ("Mầm non", "Tiểu học", "THCS", "THPT")
_SCHOOL_NAMES = (
    "Tân Xuân", "Tân Phú", "Suối Rạt", "Hùng Vương", "Chu Văn An", "Lê Quý Đôn", "Kim Đồng", "Hoa Mai", "Sơn Ca",
    "Võ Thị Sáu", "Nguyễn Du", "Trần Phú", "Ngô Quyền", "Lương Thế Vinh", "Tân Đồng", "Tiến Thành",
)  # fmt: skip


def schools() -> list[FeatureChange]:
    """Schools on the blocks that are for schools."""
    changes = []
    for k, plot in enumerate(p for p in plots() if p.function == SCHOOL):
        stage, name = _SCHOOLS[k % 4], _SCHOOL_NAMES[k % len(_SCHOOL_NAMES)]
        suffix = "" if k < len(_SCHOOL_NAMES) else f" {k // len(_SCHOOL_NAMES) + 1}"
        changes.append(
            FeatureChange(
                f"th-{k + 1:02d}", plot.area.centroid,
                {"name": f"Trường {stage} {name}{suffix}", "stage": stage, "pupils": 240 + 37 * (k * 7 % 19)},
            )
        )  # fmt: skip
    return changes


def clinics() -> list[FeatureChange]:
    """A hospital on the largest health lot, clinics on the others and one in each unit that has none."""
    lots = sorted((p for p in plots() if p.function == HEALTH), key=lambda p: -p.area.area)
    changes = []
    for k, plot in enumerate(lots):
        name = "Bệnh viện đa khoa Đồng Xoài" if k == 0 else f"Trạm y tế số {k}"
        beds = 320 if k == 0 else 12
        changes.append(FeatureChange(f"yt-{k + 1:02d}", plot.area.centroid, {"name": name, "beds": beds}))
    have, names = [c.geometry for c in changes], {u.code: u.name for u in UNITS}
    for code, area in unit_areas().items():
        if not any(g is not None and area.contains(g) for g in have):
            place = area.representative_point()
            changes.append(FeatureChange(f"yt-{code}", place, {"name": f"Trạm y tế {names[code]}", "beds": 8}))
    return changes


def building_plots() -> list[Plot]:
    """Parcels with a building that is drawn: those within 130 m of Lý Thường Kiệt or Lê Duẩn in the centre."""
    near = shapely.union_all([axis_line(axis_named(n)).buffer(130) for n in ("Lý Thường Kiệt", "Lê Duẩn")])
    shapely.prepare(near)
    found = []
    for plot in plots():
        close = plot.block.inner and near.contains(plot.area.centroid)
        homes = plot.block.key in MODEL_BLOCKS.values()
        if (
            (close or homes)
            and functions()[plot.block.key] in {HOUSING, MIXED}
            and plot.fid not in model_plots().values()
        ):
            found.append(plot)
    return found


MODEL_BLOCKS = {"town_house": "c3r1-0211", "apartments": APARTMENTS_BLOCK}
"""Blocks that hold the parcels of the two building models."""


@cache
def model_plots() -> dict[str, str]:
    """Parcel of each building model, by model."""
    chosen = {}
    for model, key in MODEL_BLOCKS.items():
        mine = [p for p in plots() if p.block.key == key]
        chosen[model] = max(mine, key=lambda p: p.area.area).fid if model == "apartments" else mine[6].fid
    return chosen


def buildings() -> list[FeatureChange]:
    """Neighbouring buildings: footprint inside the parcel, storeys and height."""
    changes = []
    for plot in building_plots():
        west, south, east, north = plot.area.bounds
        if east - west < 3.5 or north - south < 8:
            continue
        draw = rng_of("building", plot.fid)
        storeys = int(draw.choice([1, 2, 3, 4, 5], p=[0.2, 0.34, 0.28, 0.13, 0.05]))
        front = 1.5 + 2.0 * draw.random()
        deep = (north - south) * (0.45 + 0.25 * draw.random())
        if plot.fid.split("-")[2].startswith("n"):
            low, high = north - front - deep, north - front
        else:
            low, high = south + front, south + front + deep
        footprint = shapely.box(west + 0.1, low, east - 0.1, high).intersection(plot.area)
        if not isinstance(footprint, shapely.Polygon) or footprint.area < 20:
            continue
        changes.append(
            FeatureChange(
                f"nha-{plot.fid}", footprint,
                {"name": "", "storeys": storeys, "height_m": round(3.4 * storeys + 1.1, 1), "use": "nhà ở"},
            )
        )  # fmt: skip
    return changes
