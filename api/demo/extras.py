"""What other rooms make of the city: two building models read back from IFC, and a storm of its past as a flood."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import shapely

from api.demo import signals
from api.demo.assets import model_plots
from api.demo.catalogue import ATTRIBUTION, LICENCE
from api.demo.frame import TILT_DEG, lonlat, placed
from api.demo.ground import suoi_rat, tributaries
from api.demo.ifc_models import APARTMENTS_SIZE_M, TOWN_HOUSE_SIZE_M, WrittenModel, write_apartments, write_town_house
from api.demo.parcels import plots
from api.demo.terrain import heights
from api.demo.things import INSTALLED
from bim.importing import import_model
from twin.core import Twin
from twin.model.view import Access
from twin.scenario.flood import FloodRun, run_flood
from twin.scenario.flood_spec import FloodScenario, GridLayer, OpenSide, PointInflow, UniformRain
from twin.simulation.flood.edges import EdgeKind, Side
from twin.simulation.series import Series
from twin.types import BBox

MODEL_LAYER = "building_models"

FRONT_YARD_M = 3.5
"""Between street edge and building model. [m]"""

FLOOD_WINDOW = (-1400.0, -1250.0, 2300.0, 1150.0)
"""Part of the sheet that the flood is computed for: west, south, east, north. [m]"""

FLOOD_HOURS = 5.0
FLOOD_CELL_M = 30.0
MANNING = 0.045
CAM_SHARE = 0.22
"""Share of bridge 11's discharge that comes down the Suối Cam."""


def model_corner(model: str, width_m: float) -> shapely.Point:
    """Left front corner of a building model, in the middle of its parcel's street side, on the sheet."""
    plot = next(p for p in plots() if p.fid == model_plots()[model])
    west, south, east, _ = plot.area.bounds
    return shapely.Point(round((west + east - width_m) / 2, 2), south + FRONT_YARD_M)


def put_models(t: Twin) -> list[WrittenModel]:
    """Write the two models as IFC and import them as any file is imported."""
    done = []
    jobs: tuple[tuple[str, Callable[..., WrittenModel], float, str], ...] = (
        ("town_house", write_town_house, TOWN_HOUSE_SIZE_M[0], "nha_pho_tong_hop.ifc"),
        ("apartments", write_apartments, APARTMENTS_SIZE_M[0], "chung_cu_tong_hop.ifc"),
    )
    with tempfile.TemporaryDirectory(prefix="twin-demo-") as folder:
        for model, writer, width, name in jobs:
            corner = model_corner(model, width)
            spot = placed([corner])[0]
            ground = float(heights(np.array([corner.x]), np.array([corner.y]))[0])
            written = writer(
                Path(folder) / name,
                easting=round(spot.x, 3),
                northing=round(spot.y, 3),
                rotation_deg=TILT_DEG,
                elevation_m=round(ground + 0.45, 2),
            )
            import_model(t, written.path, layer=MODEL_LAYER, access=Access.PUBLIC, valid_from=INSTALLED,
                         title="Mô hình công trình (IFC, dữ liệu tổng hợp)",
                         title_en="Building models (IFC, synthetic data)")  # fmt: skip
            done.append(written)
    layer = t.store.layer(t.view(), MODEL_LAYER).layer
    t.store.put_layer(replace(layer, synthetic=True, attribution=ATTRIBUTION, licence=LICENCE, order=29))
    return done


def flood_storm(birth: datetime) -> datetime:
    """Begin of the heaviest storm of the two days before birth whose flood had passed by then."""
    latest = birth - timedelta(hours=FLOOD_HOURS)
    found = signals.storms_between(latest - timedelta(days=2), latest)
    return max(found, key=lambda storm: storm[1])[0]


def put_flood(t: Twin, birth: datetime) -> FloodRun:
    """Run a past storm over the terrain and keep its depths as a layer that the map plays."""
    begin = flood_storm(birth)
    start = begin.astimezone(UTC).replace(second=0, microsecond=0)
    return run_flood(t, flood_scenario(start))


def flood_scenario(start: datetime) -> FloodScenario:
    """The storm that began at ``start``: its rain on the ground, its wave down both streams."""
    seconds = np.arange(0.0, FLOOD_HOURS * 3600 + 1, 300.0)
    clock = start.timestamp() + seconds
    # Intensity as the mean over five minutes, from the same counter that the gauges read.
    rain_m_s = (signals.rain_counter_mm(clock + 150) - signals.rain_counter_mm(clock - 150)) / 300.0 * 1e-3
    flow = signals.discharge_m3_s(clock)
    window = shapely.box(*FLOOD_WINDOW)
    inflows = []
    for name, line, share in (
        ("Suối Rạt", suoi_rat(), 1 - CAM_SHARE),
        ("Suối Cam", tributaries()["Suối Cam"], CAM_SHARE),
    ):
        inside = shapely.get_parts(line.intersection(window.buffer(-60)))
        enters = placed([shapely.Point(inside[0].coords[0])])[0]
        inflows.append(PointInflow(name, enters.x, enters.y, Series(seconds, flow * share)))
    west, south, east, north = lonlat([window])[0].bounds
    return FloodScenario(
        terrain=GridLayer("terrain"),
        start=start,
        duration_s=FLOOD_HOURS * 3600,
        manning=MANNING,
        title="Độ sâu ngập, mưa đã qua (mô phỏng trên dữ liệu tổng hợp)",
        title_en="Flood depth of a past storm (simulated on synthetic data)",
        output_every_s=900.0,
        cell_m=FLOOD_CELL_M,
        area=BBox(west, south, east, north),
        rain=(UniformRain("Mưa tổng hợp", Series(seconds, rain_m_s * RUNOFF_SHARE)),),
        inflows=tuple(inflows),
        sides=tuple(OpenSide(side, EdgeKind.FREE, f"rìa {side}") for side in Side),
        notes=("Địa hình, mưa và lưu lượng đều là dữ liệu tổng hợp.",),
    )


RUNOFF_SHARE = 0.55
"""Share of rain that runs off in town; the rest seeps away or goes down the drains."""
