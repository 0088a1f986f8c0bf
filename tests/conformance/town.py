"""Small twins for the suites: every kind of layer, every type of attribute, things that measure."""

from __future__ import annotations

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
from twin.types import BBox

WEST, SOUTH, STEP = 106.80, 11.40, 0.02
WARDS = 12
"""Wards stand side by side from (WEST, SOUTH), each ``STEP`` degrees wide and ten times as high."""
EXTENT = BBox(WEST, SOUTH, WEST + WARDS * STEP, SOUTH + 10 * STEP)
DAY0 = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = Source("user", "conformance", decision="01/QĐ-UBND")
NAME = Field("name", FieldType.STRING, "Tên", "Name")


def day(number: float) -> datetime:
    return DAY0 + timedelta(days=number)


def build_empty(path: Path) -> None:
    create(path, {"title": "Phố thử", "title_en": "Test town"})


def build_town(path: Path) -> None:
    """Polygons, lines, points, events, a grid, and gauges with readings."""
    build_empty(path)
    with twin.open(path) as t:
        _wards(t)
        _roads(t)
        _sightings(t)
        _partners(t)
        _depth(t, path.with_suffix(".tif"))
        _gauges(t)


def _layer(name: str, title: str, geometry_type: str, *fields: Field, kind: LayerKind = LayerKind.FEATURE) -> Layer:
    return Layer(
        name, title, kind, geometry_type=geometry_type, fields=(NAME, *fields), access=Access.PUBLIC, synthetic=True
    )


def _wards(t: Twin) -> None:
    """One ward of each type of attribute and more, one with a hole, one with an earlier version, one that ended."""
    fields = (
        Field("population", FieldType.INTEGER, "Dân số", "Population"),
        Field("area", FieldType.NUMBER, "Diện tích", "Area", "km²"),
        Field("urban", FieldType.BOOLEAN, "Đô thị", "Urban"),
        Field("founded", FieldType.DATE, "Ngày lập", "Founded"),
        Field("surveyed", FieldType.DATETIME, "Đo lúc", "Surveyed"),
        Field("offices", FieldType.JSON, "Trụ sở", "Offices"),
    )
    t.store.put_layer(_layer("wards", "Phường", "Polygon", *fields))
    changes = [_ward(number, day(0)) for number in range(WARDS)]
    t.store.write_features("wards", changes, SOURCE)
    t.store.write_features("wards", [_ward(3, day(20), population=9), FeatureChange("p5", valid_from=day(30))], SOURCE)


def _ward(number: int, since: datetime, *, population: int | None = None) -> FeatureChange:
    west = WEST + number * STEP
    shape = box(west, SOUTH, west + STEP, EXTENT.north)
    if number == 2:
        hole = box(west + STEP / 4, SOUTH + STEP, west + STEP / 2, SOUTH + 2 * STEP)
        shape = Polygon(shape.exterior, [hole.exterior])
    properties = {
        "name": f"Phường {number}",
        "population": 1000 * number if population is None else population,
        "area": 2.5 + number,
        "urban": number % 2 == 0,
        "founded": "2020-07-01",
        "surveyed": "2025-12-01T03:00:00Z",
        "offices": {"street": "Lý Thường Kiệt", "rooms": [1, 2]},
    }
    return FeatureChange(f"p{number}", shape, properties if number != 7 else {"name": "Phường 7"}, since)


def _roads(t: Twin) -> None:
    t.store.put_layer(_layer("roads", "Đường", "LineString", Field("width", FieldType.NUMBER, "Bề rộng", "Width", "m")))
    changes = [
        FeatureChange(
            f"r{number}",
            LineString([(WEST, SOUTH + number * STEP), (EXTENT.east, SOUTH + number * STEP)]),
            {"name": f"Đường số {number}", "width": 6.0 + number},
            day(number),
        )
        for number in range(8)
    ]
    t.store.write_features("roads", changes, SOURCE)


def _sightings(t: Twin) -> None:
    t.store.put_layer(_layer("sightings", "Sự kiện", "Point", kind=LayerKind.EVENT))
    now = datetime.now(UTC).replace(microsecond=0)
    changes = []
    for number in range(15):
        begun = now - timedelta(hours=number + 1)
        lasts = timedelta(minutes=number)
        place = Point(WEST + number * STEP / 2, SOUTH + number * STEP / 4)
        changes.append(FeatureChange(f"e{number}", place, {"name": f"Xe dừng {number}"}, begun, begun + lasts))
    t.store.write_features("sightings", changes, SOURCE)


def _partners(t: Twin) -> None:
    """Places in each box the features suite asks for: either side of 0° and 180°, the equator, both poles."""
    t.store.put_layer(_layer("partners", "Đơn vị kết nghĩa", "Point"))
    places = [
        (0.5, 51.5),
        (-0.5, 51.5),
        (-75.0, 1.0),
        (-75.0, -1.0),
        (178.0, 67.0),
        (-178.0, 67.0),
        (10, 86),
        (10, -86),
    ]
    changes = [FeatureChange(f"t{i}", Point(place), {"name": f"Nơi {i}"}, day(0)) for i, place in enumerate(places)]
    t.store.write_features("partners", changes, SOURCE)


def _depth(t: Twin, path: Path) -> None:
    t.store.put_layer(
        Layer("depth", "Độ sâu ngập", LayerKind.RASTER, geometry_type="", access=Access.PUBLIC, synthetic=True)
    )
    grid = np.tile(np.arange(4, dtype=np.float32), (4, 1))
    transform = Affine(STEP, 0, WEST, 0, -STEP, SOUTH + 4 * STEP)
    profile = {"driver": "GTiff", "width": 4, "height": 4, "count": 1, "dtype": "float32", "transform": transform}
    with rasterio.open(path, "w", **profile, crs="EPSG:4326") as out:
        out.write(grid, 1)
    extent = BBox(WEST, SOUTH, WEST + 4 * STEP, SOUTH + 4 * STEP)
    item = RasterItem("depth", t.files.put(path), "EPSG:4326", extent, day(0), None, "m", 0.0, 3.0)
    t.store.put_rasters([item], SOURCE)


def _gauges(t: Twin) -> None:
    """Three gauges with a number, a text and a yes or no each."""
    t.store.put_layer(_layer("gauges", "Trạm đo", "Point"))
    streams = (
        DatastreamSpec(
            "level", "Mực nước", ObservedProperty("water_level"), Unit("metre", "m", "ucum:m"), max_age_s=3600
        ),
        DatastreamSpec("state", "Trạng thái", ObservedProperty("state"), result_type=ResultType.TEXT),
        DatastreamSpec("flood", "Ngập", ObservedProperty("flooded"), result_type=ResultType.BOOLEAN),
    )
    gauges = [
        ThingSpec(
            "gauges",
            f"g{number}",
            f"Cầu số {number}",
            "Trạm đo mực nước",
            Point(WEST + (number + 0.5) * STEP, SOUTH + STEP / 2),
            {"name": f"Cầu số {number}"},
            day(0),
            SensorSpec("radar", "Ra-đa đo mực nước", "text/html", "radar"),
            streams,
        )
        for number in range(3)
    ]
    for ids in t.store.register_things(gauges, SOURCE):
        readings = [
            ObservationIn(ids.datastreams[key], day(number), value, result_time=day(number + 0.01))
            for number in range(4)
            for key, value in (("level", 0.5 * number), ("state", "bình thường"), ("flood", number > 2))
        ]
        t.store.record_observations(readings, SOURCE)
