"""A small city behind a real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest
import rasterio
from affine import Affine
from shapely.geometry import LineString, Point, box

import twin
from api.app import create_app
from api.serve import running
from api.settings import Settings
from twin.core import Twin, create
from twin.model.layer import FeatureChange, Field, FieldType, Layer, LayerKind, RasterItem, Source
from twin.model.link import LinkRule, Relation
from twin.model.thing import (
    DatastreamSpec,
    DeviceSpec,
    ObservationIn,
    ObservedProperty,
    QuarantineIn,
    ThingSpec,
    Unit,
)
from twin.model.view import Access
from twin.types import BBox

HIDDEN_LAYER = "an_ninh_mat"
HIDDEN_FIELD = "chu_su_dung_mat"
MARKS = (HIDDEN_LAYER, HIDDEN_FIELD, "BÍ MẬT", "bi mat")
"""What a citizen must not meet in any byte: names and values of what is hidden."""

DAY0 = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = Source("file", "ban-do.gpkg", sha256="ab" * 32, crs_given="EPSG:9210", decision="123/QĐ-UBND")
WEST, SOUTH = 106.90, 11.50
WESTERN, EASTERN = box(106.89, 11.49, 106.905, 11.51), box(106.905, 11.49, 106.92, 11.51)


def day(number: float) -> datetime:
    return DAY0 + timedelta(days=number)


@dataclass(frozen=True)
class City:
    """A built twin with the ids that tests need."""

    twin: Twin
    path: Path
    level: int
    """Datastream of the gauge's water level."""
    level_base: datetime
    """Time of its newest reading."""


def build(path: Path) -> City:
    create(path, {"title": "Phố thử", "title_en": "Test town"})
    t = twin.open(path)
    name = Field("name", FieldType.STRING, "Tên", "Name")
    zone_style = {
        "fill": {
            "by": "code",
            "classes": [{"value": "ODT", "color": "#a57c00", "label": "Đất ở", "label_en": "Housing"}],
            "color": "#cccccc",
        },
        "label": {"field": "name", "size": 11},
    }
    hidden_style = {"fill": {"by": HIDDEN_FIELD, "classes": [{"value": "BÍ MẬT 1", "color": "#a57c00"}]}}
    store = t.store
    store.put_layer(
        Layer(
            "parcels",
            "Thửa đất",
            title_en="Parcels",
            geometry_type="Polygon",
            group="planning",
            access=Access.PUBLIC,
            fields=(
                name,
                Field("area", FieldType.NUMBER, "Diện tích", "Area", "m²"),
                Field(HIDDEN_FIELD, FieldType.STRING, "BÍ MẬT", access=Access.STAFF),
            ),
            style=hidden_style,
        )
    )
    store.put_layer(
        Layer(
            "zones",
            "Vùng quy hoạch",
            title_en="Zones",
            geometry_type="Polygon",
            group="planning",
            access=Access.PUBLIC,
            fields=(name, Field("code", FieldType.STRING), Field("open", FieldType.BOOLEAN)),
            style=zone_style,
        )
    )
    store.put_layer(
        Layer("roads", "Đường", geometry_type="LineString", group="base", access=Access.PUBLIC, fields=(name,))
    )
    store.put_layer(
        Layer("gauges", "Trạm đo", geometry_type="Point", group="sensors", access=Access.PUBLIC, fields=(name,))
    )
    store.put_layer(
        Layer("sightings", "Sự kiện", kind=LayerKind.EVENT, geometry_type="Point", group="events", access=Access.PUBLIC,
              fields=(name,))
    )  # fmt: skip
    store.put_layer(
        Layer("depth", "Độ sâu ngập", kind=LayerKind.RASTER, geometry_type="", group="simulation", access=Access.PUBLIC)
    )
    store.put_layer(
        Layer(HIDDEN_LAYER, "BÍ MẬT camera", geometry_type="Point", group="cameras", fields=(name,), synthetic=True)
    )
    store.put_link_rule(LinkRule("gauge_parcel", "gauges", "parcels", Relation.WITHIN, title="nằm trong thửa"))
    store.put_link_rule(LinkRule("mat_parcel", HIDDEN_LAYER, "parcels", Relation.WITHIN, title="BÍ MẬT"))
    parcels = [
        FeatureChange(
            f"{i + 1}/14",
            box(WEST + i * 0.001, SOUTH, WEST + (i + 1) * 0.001, SOUTH + 0.001),
            {"name": f"Thửa {i + 1} tờ 14", "area": 12000.0 + i, HIDDEN_FIELD: "BÍ MẬT 1"},
            day(0),
        )
        for i in range(10)
    ]
    store.write_features("parcels", parcels, SOURCE)
    store.write_features(
        "zones",
        [
            FeatureChange("z1", WESTERN, {"name": "Khu ở", "code": "ODT", "open": True}, day(0)),
            FeatureChange("z2", EASTERN, {"name": "Khu CN", "code": "SKC", "open": False}, day(0)),
        ],
        SOURCE,
    )
    store.write_features("zones", [FeatureChange("z2", valid_from=day(20))], SOURCE)
    road = LineString([(106.89, 11.4995), (106.92, 11.4995)])
    store.write_features("roads", [FeatureChange("r1", road, {"name": "Đường Lý Thường Kiệt"}, day(0))], SOURCE)
    level = DatastreamSpec("level", "Mực nước", ObservedProperty("water_level"), Unit("metre", "m"), max_age_s=3600)
    gauge = ThingSpec(
        "gauges", "g1", "Cầu số 11", "", Point(106.9005, 11.5005), {"name": "Cầu số 11"}, day(0), datastreams=(level,)
    )
    secret = ThingSpec(
        HIDDEN_LAYER,
        "BÍ MẬT-01",
        "BÍ MẬT camera 1",
        "",
        Point(106.9006, 11.5006),
        {"name": "BÍ MẬT camera 1"},
        day(0),
        datastreams=(DatastreamSpec("bi mat key", "BÍ MẬT", ObservedProperty("bi mat property")),),
        devices=(DeviceSpec("bi mat address", "frigate"),),
    )
    (ids,) = store.register_things([gauge], Source("user", "lắp đặt"))
    (secret_ids,) = store.register_things([secret], Source("user", "BÍ MẬT", actor="BÍ MẬT"))
    newest = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    readings = [ObservationIn(ids.datastreams["level"], newest - timedelta(minutes=i), 1.0 + i / 10) for i in range(30)]
    store.record_observations(readings, Source("connector", "mqtt"))
    bad = QuarantineIn("BÍ MẬT mqtt", "bi mat topic", b"BI MAT bi mat", "BÍ MẬT reason", newest)
    hidden = ObservationIn(secret_ids.datastreams["bi mat key"], newest, 8123.75)
    store.record_observations([hidden], Source("connector", "BÍ MẬT mqtt"), quarantine=[bad])
    seen = FeatureChange("e1", Point(106.9, 11.5), {"name": "Xe dừng"}, newest, newest)
    store.write_features("sightings", [seen], Source("connector", "mqtt"))
    store.put_rasters([depth_item(t, path.with_suffix(".tif"))], Source("simulation", "lũ thử"))
    return City(t, path, ids.datastreams["level"], newest)


def depth_item(t: Twin, path: Path) -> RasterItem:
    """A grid of 4 × 4 cells, 0.0 m in the west to 3.0 m in the east; the north-west cell has no data."""
    grid = np.tile(np.arange(4, dtype=np.float32), (4, 1))
    grid[0, 0] = -9999
    profile = {"driver": "GTiff", "width": 4, "height": 4, "count": 1, "dtype": "float32", "nodata": -9999}
    transform = Affine(0.0025, 0, 106.90, 0, -0.0025, 11.51)
    with rasterio.open(path, "w", **profile, crs="EPSG:4326", transform=transform) as out:
        out.write(grid, 1)
    extent = BBox(106.90, 11.50, 106.91, 11.51)
    return RasterItem("depth", t.files.put(path), "EPSG:4326", extent, day(0), None, "m", 0.0, 3.0)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """One city for the tests of a module; they must not rely on what others wrote."""
    built = build(tmp_path_factory.mktemp("city") / "town.duckdb")
    with built.twin:
        yield built


@pytest.fixture(scope="module")
def server(city: City) -> Iterator[str]:
    """Address of an open server."""
    settings = Settings(store=str(city.path), http_port=0)
    with running(create_app(city.twin, settings), settings) as url:
        yield url


@pytest.fixture(scope="module")
def closed_server(city: City) -> Iterator[str]:
    """Address of a closed server on the same twin."""
    settings = Settings(store=str(city.path), http_port=0, access="closed")
    with running(create_app(city.twin, settings), settings) as url:
        yield url


@pytest.fixture
def http(server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server, timeout=30) as client:
        yield client


@pytest.fixture
def citizen_http(closed_server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=closed_server, timeout=30) as client:
        yield client
