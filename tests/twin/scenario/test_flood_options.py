from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from twin.errors import FormatError, InputError, ParameterError
from twin.scenario.flood_options import FloodOptions, read_series, scenario_from_options
from twin.scenario.flood_spec import GaugedInflow, GaugedRain, GridFile, GridLayer, PointInflow, UniformRain
from twin.simulation.flood.edges import EdgeKind, Side

START = datetime(2026, 7, 1, 12, tzinfo=UTC)


def options(**given: object) -> FloodOptions:
    usual: dict[str, object] = {"start": START, "terrain": "terrain", "manning": "0.05", "hours": 2.0, "rain": ("20",)}
    return FloodOptions(**(usual | given))  # type: ignore[arg-type]


def test_words_become_a_scenario() -> None:
    made = scenario_from_options(
        options(cell_m=20.0, every_minutes=10.0, area="106.8,11.5,106.9,11.6", side=("west:free:0.001",))
    )
    assert (made.terrain, made.manning, made.duration_s, made.output_every_s) == (
        GridLayer("terrain"),
        0.05,
        7200,
        600,
    )
    assert made.area is not None
    assert made.area.tuple() == (106.8, 11.5, 106.9, 11.6)
    assert (made.sides[0].side, made.sides[0].slope) == (Side.WEST, 0.001)


def test_a_name_with_an_ending_is_a_file() -> None:
    made = scenario_from_options(options(terrain="ground.tif", crs="EPSG:9212"))
    assert made.terrain == GridFile(Path("ground.tif"), "EPSG:9212")


def test_rain_is_a_number_a_file_gauges_or_a_storm(tmp_path: Path) -> None:
    table = tmp_path / "rain.csv"
    table.write_text("time,mm_h\n2026-07-01T12:00:00Z,36\n2026-07-01T12:10:00Z,0\n2026-07-01T12:20:00Z,0\n")
    number, file, gauges, storm = scenario_from_options(
        options(rain=("18", str(table), "gauge:12,13", "storm:Hà Nội,10,60"), longest_gap_minutes=30.0)
    ).rain
    assert isinstance(number, UniformRain)
    assert number.rate.at(99) == pytest.approx(5e-6)
    assert isinstance(file, UniformRain)
    assert file.rate.integral(0, 7200) == pytest.approx(0.006), "36 mm/h for ten minutes"
    assert gauges == GaugedRain((12, 13), 1800.0)
    assert isinstance(storm, UniformRain)
    assert storm.rate.integral(0, 7200) * 1000 == pytest.approx(88.167, abs=1e-3)


def test_a_design_storm_of_unchecked_numbers_is_noted() -> None:
    notes = scenario_from_options(options(rain=("storm:Hà Nội,10,60",))).notes
    assert "not checked against TCVN 7957" in notes[0]


def test_inflows_are_points_with_a_flow_or_a_gauge(tmp_path: Path) -> None:
    table = tmp_path / "q.csv"
    table.write_text("0,0\n3600,12.5\n")
    made = scenario_from_options(options(inflow=("555000,1275000=20", f"1,2={table}", "3,4=gauge:7")))
    first, second, third = made.inflows
    assert isinstance(first, PointInflow)
    assert (first.x, first.y, first.flow.at(5)) == (555000, 1275000, 20)
    assert isinstance(second, PointInflow)
    assert second.flow.at(1800) == 6.25
    assert third == GaugedInflow(7, 3, 4, 3600.0)
    assert made.files == (table,), "the file is hashed into the report"


def test_all_sides_open_at_once() -> None:
    sides = scenario_from_options(options(side=("all:free",))).sides
    assert {s.side for s in sides} == set(Side)
    assert {s.kind for s in sides} == {EdgeKind.FREE}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"terrain": None}, "must be given"),
        ({"manning": None}, "must be given"),
        ({"hours": None}, "must be given"),
        ({"area": "1,2,3"}, "not west,south,east,north"),
        ({"rain": ("gauge:x",)}, "does not name datastreams"),
        ({"rain": ("storm:Atlantis,10,60",)}, "no rain formula for 'Atlantis'"),
        ({"rain": ("storm:Hà Nội",)}, "cannot be understood"),
        ({"inflow": ("20",)}, "cannot be understood"),
        ({"inflow": ("a,b=20",)}, "'a' in 'a,b=20' is not a number"),
        ({"inflow": ("1,2=gauge:3,4",)}, "2 gauges for one point"),
        ({"side": ("up:free",)}, "cannot be understood"),
        ({"side": ("west:level",)}, "lacks its value"),
        ({"theta": 0.1}, "theta"),
        ({"lisflood": Path("a.par"), "rain": ()}, "manning cannot be given"),
        ({"lisflood": Path("a.par"), "rain": (), "manning": None}, "names no reference system"),
    ],
)
def test_words_that_make_no_sense_are_refused(given: dict[str, object], reason: str) -> None:
    with pytest.raises(ParameterError, match=reason):
        scenario_from_options(options(**given))


@pytest.mark.parametrize("text", ["0,1\n0,2\n", "time,value\n", "0,1\n1,2,3\n", "0,1\n2026-07-01,3\n1,x\n"])
def test_a_table_that_is_no_series_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(InputError):
        read_series(path, start=START)
    with pytest.raises(FormatError, match="cannot be read"):
        read_series(tmp_path / "absent.csv", start=START)
