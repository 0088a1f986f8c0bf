"""A small real twin for the browser: every number in it is known by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from shapely.geometry import LineString, Point, Polygon, box

import twin
from twin.core import Twin, create
from twin.model.layer import FeatureChange, Field, FieldType, Layer, LayerKind, RasterItem, Source
from twin.model.thing import DatastreamSpec, ObservationIn, ObservedProperty, ResultType, SensorSpec, ThingSpec, Unit
from twin.model.view import Access
from twin.scenario.flood_layer import depth_layer
from twin.types import BEGINNING, BBox, Quality

LON, LAT = 106.9000, 11.5300
"""The middle of the town. [degrees]"""

GAUGE = (LON + 0.0010, LAT - 0.0008)
CAMERA = (LON - 0.0012, LAT - 0.0010)
PARCEL = box(LON - 0.0010, LAT + 0.0004, LON - 0.0006, LAT + 0.0007)
ROAD_SHARE = 0.29
"""Part of the parcel that the plan gives to the road: its eastern strip."""

LEVELS = {24: 1.18, 12: 2.96, 6: 3.42, 1: 2.31, 0: 2.05}
"""Water level by hours before now; between them it changes evenly. [m]"""

FLOOD_HOURS = (5, 4, 3)
"""The flood's grids, in hours before now; each holds an hour."""

ARCHIPELAGOS = {
    "Quần đảo Hoàng Sa (Đà Nẵng)": (112.0, 16.5),
    "Quần đảo Trường Sa (Khánh Hòa)": (114.0, 9.6),
}
SOURCE = Source("file", "bản vẽ tay", decision="418/QĐ-UBND")

S, N, D = FieldType.STRING, FieldType.NUMBER, FieldType.DATE


def level_at(hours_ago: float) -> float:
    """Water level by :data:`LEVELS`. [m]"""
    hours = sorted(LEVELS)
    return float(np.interp(hours_ago, hours, [LEVELS[h] for h in hours]))


def build(path: Path, *, now: datetime) -> None:
    """Make the town's twin as of ``now``."""
    create(path, {"title": "Phố thử", "title_en": "Test town", "synthetic": True, "bbox": list(_around(0.004))})
    with twin.open(path) as t:
        for layer in layers():
            t.store.put_layer(layer)
        write_ground(t)
        write_plans(t)
        write_gauge(t, now)
        write_camera(t, now)
        write_flood(t, now)


def _around(half: float) -> tuple[float, float, float, float]:
    return (LON - half, LAT - half, LON + half, LAT + half)


def layers() -> list[Layer]:
    """The town's layers."""
    name = Field("name", S, "Tên", "Name")
    ink = {"color": "#3a4541", "color_night": "#a9b5b0", "halo": "#ffffff", "halo_night": "#0d1312"}
    along = {"field": "name", "size": 12, "placement": "line", "min_zoom": 12, **ink}
    return [
        _layer("place_names", "Địa danh", "Point", "base", 1, [name],
               {"label": {"field": "name", "size": 12, "priority": 90, **ink}}),
        _layer("water", "Mặt nước", "Polygon", "base", 2, [name],
               {"fill": {"color": "#bcd7e4", "color_night": "#173a4c"}}),
        _layer("roads", "Đường", "LineString", "base", 3, [name, Field("width_m", N, "Rộng", "Width", "m")],
               {"line": {"color": "#ffffff", "color_night": "#222d2a", "width": 3, "width_by": "width_m",
                         "casing": "#cfd6d0", "casing_night": "#2f3b38", "casing_width": 1}, "label": along}),
        _layer("plans", "Đồ án", "Polygon", "planning", 10,
               [Field(n, S) for n in ("code", "name", "level", "scale", "decision", "status")]
               + [Field("decision_date", D)], {"line": {"color": "#353f3b"}}),
        _layer("plan_zones", "Ô quy hoạch", "Polygon", "planning", 11,
               [Field(n, S) for n in ("plan", "zone", "function", "function_name")]
               + [Field(n, N) for n in ("density_max", "floors_max", "height_max", "far_max", "setback_m")],
               {"fill": {"by": "function", "opacity": 0.3, "color": "#95a09a",
                         "classes": [{"value": "o", "color": "#a57c00", "label": "Nhóm nhà ở"},
                                     {"value": "duong", "color": "#656565", "label": "Đường", "pattern": "hatch"}]}}),
        _layer("parcels", "Thửa đất", "Polygon", "planning", 12,
               [Field("sheet", FieldType.INTEGER, "Tờ", "Sheet"), Field("plot", FieldType.INTEGER, "Thửa", "Plot"),
                Field("commune", S, "Phường, xã", "Commune")], {"line": {"color": "#c3cac3", "width": 1}}),
        _layer("gauges", "Trạm mực nước", "Point", "sensors", 20, [name],
               {"point": {"color": "#0b3560", "color_night": "#7cc0de", "shape": "triangle", "radius": 6}}),
        _layer("cameras", "Camera", "Point", "cameras", 30,
               [name, Field("azimuth_deg", N, "Hướng", "Bearing", "°"),
                Field("angle_deg", N, "Góc mở", "Angle", "°"), Field("range_m", N, "Tầm nhìn", "Range", "m")],
               {"point": {"color": "#0b5f57", "shape": "sector", "radius": 5, "azimuth": "azimuth_deg",
                          "angle": "angle_deg", "range": "range_m"}}),
        Layer("camera_events", "Sự kiện camera", LayerKind.EVENT, geometry_type="Point", group="events",
              access=Access.STAFF, fields=(Field("title", S), Field("camera", S)), order=40,
              style={"point": {"color": "#353f3b", "shape": "diamond", "radius": 4}}),
        replace(depth_layer("flood", "Độ sâu ngập", "Flood depth", synthetic=True, attribution="Phố thử", note=""),
                access=Access.PUBLIC, order=50),
        Layer("noi_bo", "Lớp nội bộ", geometry_type="Point", group="infrastructure", access=Access.STAFF,
              fields=(name,)),
    ]  # fmt: skip


def _layer(
    name: str, title: str, geometry: str, group: str, order: int, fields: list[Field], style: dict[str, object]
) -> Layer:
    return Layer(
        name, title, geometry_type=geometry, group=group, order=order, fields=tuple(fields), style=style,  # type: ignore[arg-type]
        access=Access.PUBLIC, synthetic=True, attribution="Phố thử",
    )  # fmt: skip


def write_ground(t: Twin) -> None:
    """Names of the country, a stream, two streets."""
    names = [
        FeatureChange(str(i), Point(place), {"name": name}, BEGINNING)
        for i, (name, place) in enumerate(ARCHIPELAGOS.items())
    ]
    t.store.write_features("place_names", names, SOURCE)
    stream = LineString([(LON - 0.01, LAT - 0.0006), (LON + 0.01, LAT - 0.0006)]).buffer(0.0001)
    t.store.write_features("water", [FeatureChange("rat", stream, {"name": "Suối Rạt"}, BEGINNING)], SOURCE)
    main = LineString([(LON - 0.006, LAT), (LON + 0.006, LAT)])
    side = LineString([(LON + 0.0022, LAT - 0.004), (LON + 0.0022, LAT + 0.004)])
    roads = [
        FeatureChange("ltk", main, {"name": "Đường Lý Thường Kiệt", "width_m": 16}, BEGINNING),
        FeatureChange("ld", side, {"name": "Đường Lê Duẩn", "width_m": 12}, BEGINNING),
    ]
    t.store.write_features("roads", roads, SOURCE)


def write_plans(t: Twin) -> None:
    """One subdivision plan, two zones, one parcel across both."""
    since = datetime(2026, 3, 11, 17, tzinfo=UTC)
    west, south, east, north = PARCEL.bounds
    cut = east - ROAD_SHARE * (east - west)
    area = box(west - 0.001, south - 0.0005, east + 0.001, north + 0.0005)
    plan = {"code": "PK2", "name": "Quy hoạch phân khu 2", "level": "subdivision", "scale": "1/2.000",
            "decision": "418/QĐ-UBND", "status": "hieu_luc", "decision_date": "2026-03-12"}  # fmt: skip
    t.store.write_features("plans", [FeatureChange("PK2", area, plan, since)], SOURCE)
    housing, street = area.intersection(box(-180, -90, cut, 90)), area.intersection(box(cut, -90, 180, 90))
    figures = {"density_max": 70, "floors_max": 5, "setback_m": 3}
    zones = [
        _zone("2-14", "o", "Đất ở đô thị", housing, since, figures),
        _zone("2-GT", "duong", "Đường giao thông", street, since, {}),
    ]
    t.store.write_features("plan_zones", zones, SOURCE)
    numbers = {"sheet": 14, "plot": 125, "commune": "Phường Bình Phước"}
    t.store.write_features("parcels", [FeatureChange("t125", PARCEL, numbers, BEGINNING)], SOURCE)


def _zone(
    label: str, function: str, title: str, area: Polygon, since: datetime, figures: dict[str, int]
) -> FeatureChange:
    properties = {"plan": "PK2", "zone": label, "function": function, "function_name": title, **figures}
    return FeatureChange(f"PK2:{label}", area, properties, since)  # type: ignore[arg-type]


def write_gauge(t: Twin, now: datetime) -> None:
    """A gauge with a day of readings, one every ten minutes, the newest a minute old."""
    level = DatastreamSpec(
        "water_level", "Mực nước", ObservedProperty("water_level"), Unit("metre", "m"), ResultType.NUMBER, max_age_s=900
    )
    spec = ThingSpec("gauges", "cau-11", "Cầu 11, Suối Rạt", geometry=Point(GAUGE),
                     properties={"name": "Cầu 11, Suối Rạt"}, valid_from=now - timedelta(days=30),
                     sensor=SensorSpec("radar"), datastreams=(level,))  # fmt: skip
    (ids,) = t.store.register_things([spec], SOURCE)
    number = ids.datastreams["water_level"]
    readings = [
        ObservationIn(number, now - timedelta(minutes=m), round(level_at(m / 60), 3), quality=Quality.GOOD)
        for m in [*range(1440, 0, -10), 1]
    ]
    t.store.record_observations(readings, Source("connector", "mqtt"))


def write_camera(t: Twin, now: datetime) -> None:
    """A camera that looks east, and two of its events."""
    seen = {"name": "Camera 0412", "azimuth_deg": 90, "angle_deg": 60, "range_m": 60}
    t.store.write_features("cameras", [FeatureChange("cam-0412", Point(CAMERA), seen, BEGINNING)], SOURCE)
    events = [
        FeatureChange(f"e{i}", Point(CAMERA), {"title": title, "camera": "cam-0412"}, when, when)
        for i, (title, when) in enumerate(
            [("Va chạm", now - timedelta(minutes=7)), ("Xe dừng lâu", now - timedelta(minutes=31))]
        )
    ]
    t.store.write_features("camera_events", events, SOURCE)
    hidden = FeatureChange("x", Point(LON, LAT + 0.002), {"name": "x"}, BEGINNING)
    t.store.write_features("noi_bo", [hidden], SOURCE)


def write_flood(t: Twin, now: datetime) -> None:
    """A flood of one depth everywhere in the south-west quarter, deeper by the hour: 0.3, 0.7 and 1.5 m."""
    west, south, east, north = _around(0.003)
    shape = (60, 60)
    transform = Affine((east - west) / 60, 0, west, 0, -(north - south) / 60, north)
    begin = now.replace(minute=0, second=0, microsecond=0)
    items = []
    for hours, depth in zip(FLOOD_HOURS, (0.3, 0.7, 1.5), strict=True):
        grid = np.full(shape, np.nan, dtype=np.float32)
        grid[30:, :30] = depth
        with rasterio.MemoryFile() as memory:
            with memory.open(driver="GTiff", width=60, height=60, count=1, dtype="float32", crs="EPSG:4326",
                             transform=transform, nodata=np.nan) as out:  # fmt: skip
                out.write(grid, 1)
            digest = t.files.put(memory.read())
        start = begin - timedelta(hours=hours)
        items.append(
            RasterItem(
                "flood",
                digest,
                "EPSG:4326",
                BBox(west, south, east, north),
                start,
                start + timedelta(hours=1),
                "m",
                depth,
                depth,
            )
        )
    t.store.put_rasters(items, Source("simulation", "lũ thử"))
