"""A twin that issues documents, and a piece of ground drawn by hand in VN-2000 / TM-3 107-45."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import shapely

from twin.documents.content import Content, MapContent, Section, Table
from twin.documents.map.symbols import MapFeature, MapLayer, Symbol
from twin.geo.crs import to_wgs84
from twin.model.view import Role, Viewer

ZONE = "EPSG:5899"
EAST, NORTH = 576_000, 1_320_000
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
PLANNER = Viewer("nguyen.van.a", Role.PLANNER)


def ground(shape: shapely.Geometry) -> shapely.Geometry:
    """Metres from a corner of the zone's grid, as WGS 84."""
    return to_wgs84([shapely.transform(shape, lambda xy: xy + np.array([EAST, NORTH]))], ZONE)[0]


SQUARE = ground(shapely.box(0, 0, 100, 100))


def map_of(*layers: MapLayer, scale: int | None = None, crs: str = ZONE) -> MapContent:
    return MapContent(layers, (SQUARE,), crs=crs, scale=scale)


def square_layer() -> MapLayer:
    return MapLayer(
        "o", "Ô đất", (Symbol("line", "Ranh giới", "#000000", width_mm=0.1),), (MapFeature(SQUARE, 0),), "QĐ 12", 3, NOW
    )


def content(**more: object) -> Content:
    said: dict[str, object] = {
        "template": "report",
        "title": "Báo cáo thử nghiệm",
        "at": NOW,
        "known_at": NOW,
        "facts": (("Thửa", "125, tờ 14"), ("Diện tích", "1 234,5 m²")),
        "sections": (Section("Các phần", (Table(("Mã", "Tỷ lệ"), (("ODT", "71 %"),)),)),),
    } | more
    return Content(**said)  # type: ignore[arg-type]
