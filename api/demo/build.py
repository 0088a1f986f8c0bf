"""Builds the city into a twin: layers, features, terrain, things, history, building models, a past flood."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import rasterio
import shapely

from api.demo import assets, catalogue, ground, national, parcels, planning, streets
from api.demo.extras import put_flood, put_models
from api.demo.field_reports import put_reports
from api.demo.frame import CRS, lonlat, placed_changes
from api.demo.history import SEEDED, fill
from api.demo.papers import put_papers
from api.demo.plan_edits import put_plan_edits
from api.demo.signals import Programme
from api.demo.terrain import write_terrain
from api.demo.things import instruments, thing_specs
from twin.core import Twin
from twin.geo.crs import to_wgs84
from twin.model.layer import FeatureChange, RasterItem, Source
from twin.model.link import LinkRule, Relation
from twin.types import BEGINNING, BBox, Json, format_time

TITLE, TITLE_EN = "Đồng Xoài thu nhỏ (dữ liệu tổng hợp)", "Đồng Xoài in miniature (synthetic data)"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Content:
    """What one layer is filled with, and where it is said to come from."""

    layer: str
    source: str
    draw: Callable[[], list[FeatureChange]]
    on_sheet: bool = True
    decision: str = ""


CONTENTS: tuple[Content, ...] = (
    Content("provinces_overview", "Vẽ tay (sơ đồ)", national.provinces_overview, on_sheet=False),
    Content("place_names", "Vẽ tay (sơ đồ)", national.place_names, on_sheet=False),
    Content("communes", "Địa giới (tổng hợp)", ground.communes),
    Content("water", "Mặt nước (tổng hợp)", ground.water),
    Content("stream", "Mặt nước (tổng hợp)", ground.stream),
    Content("roads", "Mạng đường (tổng hợp)", streets.roads),
    Content("bridges", "Mạng đường (tổng hợp)", streets.bridges),
    Content("land_use", "Kế hoạch sử dụng đất (tổng hợp)", planning.land_use, decision="52/QĐ-UBND"),
    Content("plans", "Hồ sơ quy hoạch (tổng hợp)", planning.plan_features),
    Content("plan_zones", "Hồ sơ quy hoạch (tổng hợp)", planning.zone_features),
    Content("red_lines", "Hồ sơ quy hoạch (tổng hợp)", streets.red_lines),
    Content("building_lines", "Hồ sơ quy hoạch (tổng hợp)", streets.building_lines),
    Content("parcels", "Bản đồ địa chính (tổng hợp)", parcels.first_register),
    Content("parcels", "Chỉnh lý biến động (tổng hợp)", parcels.later_register),
    Content("buildings", "Công trình (tổng hợp)", assets.buildings),
    Content("drains", "Hạ tầng kỹ thuật (tổng hợp)", assets.drains),
    Content("feeders", "Chiếu sáng (tổng hợp)", assets.feeders),
    Content("schools", "Hạ tầng xã hội (tổng hợp)", assets.schools),
    Content("clinics", "Hạ tầng xã hội (tổng hợp)", assets.clinics),
    Content("camera_views", "Camera (tổng hợp)", assets.camera_views),
)

LINKS: tuple[LinkRule, ...] = (
    LinkRule("lamp_road", "lamps", "roads", Relation.NEAREST, 30.0, "Đèn trên đường"),
    LinkRule("gauge_stream", "gauges", "stream", Relation.NEAREST, 60.0, "Trạm trên suối"),
    LinkRule("building_parcel", "buildings", "parcels", Relation.WITHIN, title="Công trình trên thửa"),
    LinkRule("school_commune", "schools", "communes", Relation.WITHIN, title="Trường thuộc phường, xã"),
    LinkRule("camera_sees_road", "camera_views", "roads", Relation.INTERSECTS, title="Camera nhìn thấy đường"),
)


def build(t: Twin, *, birth: datetime, say: Say) -> None:
    """Fill an empty twin with the city; ``birth`` is when its history ends."""
    for layer in (*catalogue.layers(), catalogue.camera_events()):
        t.store.put_layer(layer)
    say("vẽ thành phố / drawing the city")
    for content in CONTENTS:
        write(t, content)
    say("địa hình / terrain")
    put_terrain(t)
    say("thiết bị / devices")
    t.store.register_things(thing_specs(), Source("file", "Danh mục thiết bị (tổng hợp)"))
    for rule in LINKS:
        t.store.put_link_rule(rule)
    say("bảy ngày lịch sử / seven days of history")
    fill(t, instruments(Programme(birth)), birth - SEEDED, birth)
    say("hai mô hình IFC / two IFC models")
    put_models(t)
    say("mô phỏng ngập của trận mưa đã qua / flood of a past storm")
    put_flood(t, birth)
    say("phản ánh của người dân / citizens' reports")
    put_reports(t, birth)
    say("đề xuất sửa quy hoạch / plan edits")
    put_plan_edits(t, birth)
    say("hai văn bản đã cấp / two issued documents")
    put_papers(t, now=birth)
    t.store.add_source(Source("simulation", "Dựng thành phố tổng hợp", report={"birth": format_time(birth)}))


def write(t: Twin, content: Content) -> None:
    """Write one content into its layer."""
    # What does not say since when it holds was there before the twin was built, so the past has streets too.
    changes = [c if c.valid_from else replace(c, valid_from=BEGINNING) for c in content.draw()]
    if content.on_sheet:
        changes = placed_changes(changes)
    crs = CRS if content.on_sheet else "EPSG:4326"
    source = Source("file", content.source, crs_given=crs, crs_used=crs, decision=content.decision)
    t.store.write_features(content.layer, changes, source)


def put_terrain(t: Twin) -> None:
    """Store the terrain grid."""
    with tempfile.TemporaryDirectory(prefix="twin-demo-") as folder:
        path = Path(folder) / "dia_hinh_dong_xoai_tong_hop.tif"
        write_terrain(path)
        with rasterio.open(path) as grid:
            values = grid.read(1)
            outline = to_wgs84([shapely.box(*grid.bounds)], CRS)[0]
        item = RasterItem(
            "terrain", t.files.put(path), CRS, BBox(*outline.bounds), None, None, "m", float(values.min()),
            float(values.max()), {"title": "Địa hình (tổng hợp)"},
        )  # fmt: skip
        t.store.put_rasters([item], Source("file", path.name, item.file, CRS, CRS))


def opening_box() -> list[Json]:
    """What the map opens with: the centre around bridge 11. [degrees: west, south, east, north]"""
    centre = lonlat([shapely.box(-1900, -1700, 2900, 1700)])[0]
    return [round(value, 6) for value in centre.bounds]
