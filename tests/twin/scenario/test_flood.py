"""Flood scenarios in a twin: results as layers, repeatable, booked, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely

import layers
import twin
from layers.styles import check_style
from twin.core import Twin, create, files_of, keys_of, system_user
from twin.errors import CancelledError, ConflictError, InputError, NotFoundError, ParameterError, SchemaError
from twin.geo.crs import to_wgs84
from twin.model.layer import Layer, LayerKind, RasterItem, Source
from twin.model.thing import DatastreamSpec, ObservationIn, ObservedProperty, ThingSpec, Unit
from twin.model.view import CITIZEN, Access
from twin.scenario.flood import run_flood
from twin.scenario.flood_spec import (
    NOTICE,
    FloodScenario,
    GaugedInflow,
    GaugedRain,
    GridFile,
    GridLayer,
    OpenSide,
    PointInflow,
    UniformRain,
    scenario_from_lisflood,
)
from twin.simulation.flood.edges import EdgeKind, Side
from twin.simulation.series import Series, constant, steps
from twin.store.embedded.store import EmbeddedStore
from twin.store.remote import Owner, connect
from twin.types import Quality

START = datetime(2026, 7, 1, 12, tzinfo=UTC)
CRS = "EPSG:9212"
WEST, SOUTH = 555_000, 1_275_000


@pytest.fixture
def ground(tmp_path: Path) -> Path:
    """A valley of 20 × 30 cells of 10 m falling eastward, with one cell that has no value."""
    row, column = np.indices((20, 30))
    bed = 30 - 0.1 * column + 0.05 * np.abs(row - 10)
    bed[0, 0] = -9999
    path = tmp_path / "ground.asc"
    header = f"ncols 30\nnrows 20\nxllcorner {WEST}\nyllcorner {SOUTH}\ncellsize 10\nNODATA_value -9999\n"
    path.write_text(header + "\n".join(" ".join(f"{v:.3f}" for v in line) for line in bed))
    return path


@pytest.fixture
def scenario(ground: Path) -> FloodScenario:
    rise = Series(np.array([0.0, 600.0, 1800.0]), np.array([0.0, 6.0, 0.0]))
    return FloodScenario(
        terrain=GridFile(ground, CRS),
        start=START,
        duration_s=1800.0,
        manning=0.04,
        output_every_s=600.0,
        inflows=(PointInflow("suối", WEST + 25.0, SOUTH + 95.0, rise),),
        sides=(OpenSide(Side.EAST, EdgeKind.FREE, slope=0.01),),
    )


def hashes(report: dict[str, object]) -> list[str]:
    return [output["sha256"] for output in report["outputs"]]  # type: ignore[index,attr-defined]


# -- results -------------------------------------------------------------------------------------------------


def test_depths_become_a_layer_that_plays_over_time(t: Twin, scenario: FloodScenario) -> None:
    run = run_flood(t, scenario)
    expected = tuple(START + timedelta(seconds=s) for s in (0, 600, 1200, 1800))
    assert run.times == expected
    assert tuple(t.store.raster_times(t.view(), "flood_depth")) == expected
    (item,) = t.store.rasters(t.view(at=START + timedelta(seconds=700)), "flood_depth")
    assert item.valid_from == START + timedelta(seconds=600)
    with rasterio.open(t.files.path(item.file), driver="GTiff") as dataset:
        assert (dataset.width, dataset.height, dataset.dtypes[0]) == (30, 20, "float32")
        assert dataset.crs.to_epsg() == 9212
        assert dataset.compression.name == "deflate"
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.tags()["notice"] == NOTICE
        depth = dataset.read(1, masked=True)
    assert depth.min() >= 0.01, "a dry cell has no depth"
    assert depth.max() == pytest.approx(item.maximum, rel=1e-6)
    assert depth.mask[0, 0]


def test_the_greatest_depths_are_a_layer_of_their_own(t: Twin, scenario: FloodScenario) -> None:
    run = run_flood(t, scenario)
    (item,) = t.store.rasters(t.view(at=START), run.max_layer)
    highest = [i.maximum or 0.0 for i in t.store.rasters(t.view(), run.layer, interval=(None, None))]
    assert item.maximum is not None
    assert item.maximum >= max(highest)
    assert item.maximum == pytest.approx(run.report["greatest_depth_m"], rel=1e-6)


def test_the_report_books_the_water_and_names_every_input(t: Twin, scenario: FloodScenario) -> None:
    run = run_flood(t, scenario)
    report = t.store.source(t.view(), run.source).report
    book = report["mass_balance"]
    assert book["inflow_m3"] == pytest.approx(6.0 * 1800 / 2)  # type: ignore[index,call-overload]
    assert abs(book["relative_error"]) <= 1e-10  # type: ignore[index,arg-type,call-overload]
    names = {entry["name"] for entry in report["inputs"]}  # type: ignore[union-attr,index,call-overload]
    assert names == {"terrain", "bed", "manning", "inflow suối", "side east", "parameters"} - {"side east"}
    (inflow,) = report["inflows"]  # type: ignore[misc]
    assert inflow["peak_m3_s"] == 6.0  # type: ignore[index,call-overload]
    assert inflow["peak_at_s"] == 600.0  # type: ignore[index,call-overload]
    assert report["component"] == {"name": "flood_local_inertial", "version": "1"}
    assert 0 <= report["fast_share_max"] <= 1  # type: ignore[operator]


def test_the_same_inputs_give_the_same_files(t: Twin, scenario: FloodScenario) -> None:
    first, again = run_flood(t, scenario), run_flood(t, scenario)
    assert hashes(first.report) == hashes(again.report)
    assert first.report["inputs_sha256"] == again.report["inputs_sha256"]
    rougher = run_flood(t, replace(scenario, manning=0.05))
    assert rougher.report["inputs_sha256"] != first.report["inputs_sha256"]
    assert hashes(rougher.report)[1:] != hashes(first.report)[1:]


def test_a_run_is_no_forecast_and_says_so_everywhere(t: Twin, scenario: FloodScenario) -> None:
    run = run_flood(t, scenario)
    layer = t.store.layer(t.view(), run.layer).layer
    assert NOTICE.startswith("Hỗ trợ ra quyết định nội bộ – không phải bản tin dự báo")
    assert NOTICE in layer.description
    assert layer.properties["notice"] == NOTICE
    assert run.report["notice"] == NOTICE
    assert t.store.rasters(t.view(at=START), run.layer)[0].properties["notice"] == NOTICE


def test_the_legend_speaks_of_bodies_and_doors(t: Twin, scenario: FloodScenario) -> None:
    layer = t.store.layer(t.view(), run_flood(t, scenario).layer).layer
    check_style(layer.style)
    labels = [stop["label"] for stop in layer.style["raster"]["stops"]]  # type: ignore[index,call-overload]
    assert [label.split(" (")[0] for label in labels] == ["Mắt cá chân", "Đầu gối", "Thắt lưng", "Ngang cửa", "Quá cửa"]
    assert layer.group == "simulation"


def test_a_new_result_is_for_staff(t: Twin, scenario: FloodScenario) -> None:
    run = run_flood(t, scenario)
    with pytest.raises(NotFoundError):
        t.as_viewer(CITIZEN).layer(run.layer)


def test_coarser_cells_take_in_the_same_water(t: Twin, scenario: FloodScenario) -> None:
    side = OpenSide(Side.WEST, EdgeKind.FLOW, "bờ tây", SOUTH + 60.0, SOUTH + 100.0, values=constant(0.05))
    for cell in (10.0, 20.0, 30.0):
        run = run_flood(t, replace(scenario, cell_m=cell, sides=(side,), layer=f"cells_{cell:.0f}"))
        assert run.balance.inflow == pytest.approx(5400, rel=1e-12)
        assert run.balance.edge_in == pytest.approx(0.05 * 40 * 1800, rel=1e-12)


def test_initial_water_and_a_grid_of_roughness_are_taken(t: Twin, scenario: FloodScenario, tmp_path: Path) -> None:
    def grid(name: str, value: float) -> GridFile:
        text = (
            f"ncols 3\nnrows 2\nxllcorner {WEST}\nyllcorner {SOUTH}\ncellsize 100\n" + f"{value} {value} {value}\n" * 2
        )
        (tmp_path / name).write_text(text)
        return GridFile(tmp_path / name, CRS)

    run = run_flood(
        t, replace(scenario, inflows=(), sides=(), manning=grid("n.asc", 0.04), initial_depth=grid("h.asc", 0.1))
    )
    assert run.balance.initial == pytest.approx(0.1 * (20 * 30 - 1) * 100)
    assert run.balance.stored == pytest.approx(run.balance.initial, rel=1e-12)


# -- all or nothing ------------------------------------------------------------------------------------------


def test_progress_rises_to_the_end(t: Twin, scenario: FloodScenario) -> None:
    shares: list[float] = []
    run_flood(t, scenario, progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


def test_a_stopped_run_leaves_nothing(t: Twin, scenario: FloodScenario, tmp_path: Path) -> None:
    asked: list[None] = []

    def after_fifty_steps() -> bool:
        asked.append(None)
        return len(asked) > 50

    with pytest.raises(CancelledError, match="was stopped after"):
        run_flood(t, scenario, cancel=after_fifty_steps)
    assert t.store.layers(t.view()) == []
    assert not list((tmp_path / "city.files").rglob("*.tif"))
    assert not (tmp_path / "city.files").exists() or not any((tmp_path / "city.files").iterdir())


def test_a_broken_run_leaves_an_older_one_as_it_was(t: Twin, scenario: FloodScenario) -> None:
    old = run_flood(t, scenario)

    def break_off(share: float) -> None:
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_flood(t, replace(scenario, manning=0.1), progress=break_off)
    kept = t.store.rasters(t.view(), old.layer, interval=(None, None))
    assert [i.file for i in kept] == hashes(old.report)[:4]


def test_runs_do_not_mix_in_one_layer(t: Twin, scenario: FloodScenario) -> None:
    run_flood(t, scenario)
    with pytest.raises(ConflictError, match="grids of another run"):
        run_flood(t, replace(scenario, output_every_s=900.0))
    run_flood(t, replace(scenario, output_every_s=900.0, layer="another"))


def test_depths_are_not_put_among_grids_of_another_kind(t: Twin, scenario: FloodScenario, ground: Path) -> None:
    layers.import_file(t, ground, layer="ground", crs=CRS, title="Địa hình")
    with pytest.raises(ConflictError, match="no computed depths"):
        run_flood(t, replace(scenario, layer="ground"))
    layers.import_file(t, ground, layer="flood_depth_max", crs=CRS)
    with pytest.raises(ConflictError, match="no computed depths"):
        run_flood(t, scenario)
    assert t.layer("ground").layer.title == "Địa hình"


def test_a_run_again_leaves_a_published_layer_public(t: Twin, scenario: FloodScenario) -> None:
    run_flood(t, scenario)
    t.store.put_layer(replace(t.layer("flood_depth").layer, access=Access.PUBLIC, title="Ngập tháng 7"))
    run_flood(t, replace(scenario, manning=0.05))
    again = t.layer("flood_depth").layer
    assert (again.access, again.title) == (Access.PUBLIC, "Ngập tháng 7")


def test_a_run_through_the_owner_of_the_file_is_the_same(tmp_path: Path, scenario: FloodScenario) -> None:
    place = tmp_path / "owned.duckdb"
    create(place)
    store = EmbeddedStore(place)
    with Owner(store):
        through = Twin(connect(place), files_of(place), system_user(), keys_of(place))
        run = run_flood(through, scenario)
        assert through.store.raster_times(through.view(), run.layer) == list(run.times)
        through.close()
    store.close()
    with twin.open(place) as direct:
        assert hashes(run_flood(direct, scenario).report) == hashes(run.report)


# -- what comes from the twin ----------------------------------------------------------------------------------


@pytest.fixture
def terrain_layer(t: Twin, ground: Path, tmp_path: Path) -> str:
    tif = tmp_path / "ground.tif"
    with rasterio.open(ground) as source:
        profile = source.profile | {"driver": "GTiff", "crs": CRS}
        with rasterio.open(tif, "w", **profile) as target:
            target.write(source.read(1), 1)
    t.store.put_layer(
        Layer("terrain", "Địa hình", kind=LayerKind.RASTER, geometry_type="", synthetic=True, attribution="thử nghiệm")
    )
    corner = to_wgs84([shapely.box(WEST, SOUTH, WEST + 300, SOUTH + 200)], CRS)[0].bounds
    from twin.types import BBox

    item = RasterItem("terrain", t.files.put(tif), CRS, BBox(*corner), None, None, "m", 27.0, 30.5)
    t.store.put_rasters([item], Source("file", "ground.tif"))
    return "terrain"


Record = Callable[[list[tuple[int, int, float]]], int]


@pytest.fixture
def gauge(t: Twin) -> Callable[..., int]:
    """Register a gauge at a place of the terrain and record (start minute, end minute, value)."""

    def make(
        uid: str,
        x: float,
        values: list[tuple[float, float, float]],
        *,
        unit: str = "mm",
        quality: Quality = Quality.GOOD,
    ) -> int:
        t.store.put_layer(Layer("gauges", "Trạm đo", geometry_type="Point"))
        place = to_wgs84([shapely.Point(x, SOUTH + 100)], CRS)[0]
        spec = DatastreamSpec(
            "value", "Giá trị", ObservedProperty("rain" if unit == "mm" else "discharge"), Unit("", unit)
        )
        (ids,) = t.store.register_things(
            [ThingSpec("gauges", uid, uid, geometry=place, datastreams=(spec,), valid_from=START - timedelta(days=9))],
            Source("user", "test"),
        )
        number = ids.datastreams["value"]
        t.store.record_observations(
            [
                ObservationIn(
                    number, START + timedelta(minutes=a), value, START + timedelta(minutes=b), quality=quality
                )
                for a, b, value in values
            ],
            Source("connector", "test"),
        )
        return number

    return make


RAINY = [(-10.0, 0.0, 9.0), (0.0, 10.0, 2.0), (10.0, 20.0, 6.0), (20.0, 30.0, 0.0)]


def test_terrain_and_rain_of_the_twin_make_a_flood(
    t: Twin, scenario: FloodScenario, terrain_layer: str, gauge: Callable[..., int]
) -> None:
    number = gauge("mưa-1", WEST + 100, RAINY)
    at = START + timedelta(days=1)
    run = run_flood(
        t,
        replace(scenario, terrain=GridLayer(terrain_layer), inflows=(), sides=(), rain=(GaugedRain((number,)),), at=at),
    )
    # 8 mm in the half hour on 599 cells of 100 m²; the rain before the start is not counted.
    assert run.balance.rain == pytest.approx(0.008 * 599 * 100, rel=1e-12)
    layer = t.store.layer(t.view(), run.layer).layer
    assert layer.synthetic, "made-up terrain makes a made-up flood"
    assert layer.attribution == "thử nghiệm"


def test_each_cell_takes_the_rain_of_its_nearest_gauge(
    t: Twin, scenario: FloodScenario, gauge: Callable[..., int]
) -> None:
    west = gauge("mưa-tây", WEST + 50, [(0.0, 30.0, 10.0)])
    east = gauge("mưa-đông", WEST + 250, [(0.0, 30.0, 0.0)])
    run = run_flood(t, replace(scenario, inflows=(), sides=(), rain=(GaugedRain((west, east)),)))
    assert run.balance.rain == pytest.approx(0.010 * (15 * 20 - 1) * 100, rel=1e-12)


def test_a_silent_gauge_is_not_dryness(t: Twin, scenario: FloodScenario, gauge: Callable[..., int]) -> None:
    number = gauge("mưa-1", WEST + 100, [(0.0, 5.0, 2.0), (25.0, 30.0, 2.0)])
    rainy = replace(scenario, inflows=(), sides=(), rain=(GaugedRain((number,), longest_gap_s=600.0),))
    with pytest.raises(InputError, match="no record for 20 minutes"):
        run_flood(t, rainy)
    allowed = run_flood(t, replace(rainy, rain=(GaugedRain((number,), longest_gap_s=1800.0),)))
    assert any("covers 33.3 % of the time" in str(note) for note in allowed.report["notes"])  # type: ignore[union-attr]


def test_rejected_rain_is_not_used(t: Twin, scenario: FloodScenario, gauge: Callable[..., int]) -> None:
    number = gauge("mưa-1", WEST + 100, RAINY, quality=Quality.REJECTED)
    with pytest.raises(InputError, match="no record for 30 minutes"):
        run_flood(t, replace(scenario, inflows=(), sides=(), rain=(GaugedRain((number,), longest_gap_s=600.0),)))


def test_a_gauge_that_does_not_measure_rain_is_refused(
    t: Twin, scenario: FloodScenario, gauge: Callable[..., int]
) -> None:
    number = gauge("khác", WEST + 100, RAINY, unit="m")
    with pytest.raises(SchemaError, match="not in mm of rain"):
        run_flood(t, replace(scenario, rain=(GaugedRain((number,)),)))
    with pytest.raises(NotFoundError, match="no datastream 999"):
        run_flood(t, replace(scenario, rain=(GaugedRain((999,)),)))


def test_a_discharge_gauge_pours_in_what_it_measured(
    t: Twin, scenario: FloodScenario, gauge: Callable[..., int]
) -> None:
    number = gauge("lưu lượng", WEST + 20, [(m, m, 3.0) for m in range(0, 31, 5)], unit="m³/s")
    run = run_flood(t, replace(scenario, inflows=(GaugedInflow(number, WEST + 25.0, SOUTH + 95.0),)))
    assert run.balance.inflow == pytest.approx(3.0 * 1800)


def test_uniform_rain_falls_everywhere(t: Twin, scenario: FloodScenario) -> None:
    storm = UniformRain("mưa thiết kế", steps([0.0, 900.0, 1800.0], [2e-5, 1e-5]))
    run = run_flood(t, replace(scenario, inflows=(), sides=(), rain=(storm,)))
    assert run.balance.rain == pytest.approx((900 * 2e-5 + 900 * 1e-5) * 599 * 100, rel=1e-12)


# -- what it refuses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"duration_s": 0.0}, "duration"),
        ({"duration_s": float("nan")}, "duration"),
        ({"output_every_s": 3600.0}, "does not fit"),
        ({"output_every_s": 0.5}, "does not fit"),
        ({"inflows": (), "sides": ()}, "no water"),
    ],
)
def test_a_scenario_that_makes_no_sense_is_refused(
    scenario: FloodScenario, change: dict[str, object], reason: str
) -> None:
    with pytest.raises(ParameterError, match=reason):
        replace(scenario, **change)  # type: ignore[arg-type]


def test_a_scenario_that_does_not_fit_its_terrain_is_refused(t: Twin, scenario: FloodScenario) -> None:
    outside = PointInflow("xa", 0.0, 0.0, constant(1.0))
    with pytest.raises(ParameterError, match="outside the grid"):
        run_flood(t, replace(scenario, inflows=(outside,)))
    with pytest.raises(ParameterError, match="not a multiple"):
        run_flood(t, replace(scenario, cell_m=15.0))
    beside = OpenSide(Side.WEST, EdgeKind.FREE, start=0.0, stop=10.0, slope=0.01)
    with pytest.raises(ParameterError, match="terrain's rim"):
        run_flood(t, replace(scenario, sides=(beside,)))
    with pytest.raises(NotFoundError):
        run_flood(t, replace(scenario, terrain=GridLayer("nowhere")))
    assert t.store.layers(t.view()) == []


# -- Carlisle ------------------------------------------------------------------------------------------------


@pytest.mark.data
@pytest.mark.slow
def test_carlisle_2005_runs_from_its_files_and_keeps_its_water(t: Twin, shared_data: Path) -> None:
    """The whole event on 100 m cells: flows, mass, and the flood passing. Too coarse to say anything of depths."""
    folder = shared_data / "flood" / "lisflood_carlisle"
    scenario = scenario_from_lisflood(
        folder / "carlisle-5m.par",
        terrain=folder / "carlisle-5m.dem.raw.gz",
        crs="EPSG:27700",
        start=datetime(2005, 1, 6, tzinfo=UTC),
        cell_m=100.0,
        output_every_s=6 * 3600.0,
        layer="carlisle_2005",
    )
    run = run_flood(t, scenario)
    flows = {f["name"]: f for f in run.report["inflows"]}  # type: ignore[union-attr,index,call-overload]
    assert flows["upstream1"]["peak_m3_s"] == pytest.approx(1273.0, abs=0.05)  # type: ignore[index,call-overload]
    assert flows["upstream1"]["peak_at_s"] == 36.5 * 3600  # type: ignore[index,call-overload]
    assert flows["upstream2"]["volume_m3"] == pytest.approx(9.84e6, rel=1e-3)  # type: ignore[index,call-overload]
    assert flows["upstream3"]["volume_m3"] == pytest.approx(20.0e6, rel=1e-3)  # type: ignore[index,call-overload]
    assert run.balance.inflow == pytest.approx(160.24e6, rel=1e-4)
    assert abs(run.balance.relative_error) <= 1e-10
    wet = [i.properties["wet_area_m2"] for i in t.store.rasters(t.view(), run.layer, interval=(None, None))]
    peak = wet.index(max(wet))  # type: ignore[type-var]
    assert 5 <= peak <= 8, "widest around the peaks of the rivers, 28 to 37 h after the start"
