"""The demonstration's models are valid, the same every time, and read back as what was written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.validate
import pytest
import shapely

from api.demo.ifc_models import WrittenModel, write_apartments, write_town_house
from bim.model import BuildingModel, read_model
from bim.placement import PlacementSource
from twin.geo.crs import from_wgs84

Write = Callable[..., WrittenModel]

PLACES: dict[str, dict[str, Any]] = {
    "town house": {"easting": 560_000.0, "northing": 1_275_000.0, "rotation_deg": 30.0, "elevation_m": 85.0},
    "apartments": {"easting": 560_100.0, "northing": 1_275_100.0, "rotation_deg": -70.0, "crs": "EPSG:9210"},
}
WRITERS: dict[str, Write] = {"town house": write_town_house, "apartments": write_apartments}


@pytest.fixture(scope="module", params=list(WRITERS))
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> WrittenModel:
    path = tmp_path_factory.mktemp("models") / "model.ifc"
    return WRITERS[request.param](path, **PLACES[request.param])


@pytest.fixture(scope="module")
def model(written: WrittenModel) -> BuildingModel:
    return read_model(written.path)


def test_the_file_obeys_its_schema(written: WrittenModel) -> None:
    logger = ifcopenshell.validate.json_logger()
    ifcopenshell.validate.validate(ifcopenshell.open(written.path), logger)
    assert logger.statements == []


@pytest.mark.parametrize("name", list(WRITERS))
def test_writing_twice_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    hashes = set()
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        path = WRITERS[name](tmp_path / folder / "model.ifc", **PLACES[name]).path
        hashes.add(hashlib.sha256(path.read_bytes()).hexdigest())
    assert len(hashes) == 1


def test_height_storeys_and_outline_come_back(written: WrittenModel, model: BuildingModel) -> None:
    building = model.buildings[0]
    assert building.name == written.name
    assert building.height_m == pytest.approx(written.height_m, abs=1e-6)
    assert building.footprint_m2 == pytest.approx(written.footprint_m2, abs=1e-6)
    assert len(building.storeys) == written.storeys
    assert [s.name for s in building.storeys][0::3][:2] == ["Tầng 1", building.storeys[3].name]


def test_the_outline_lies_on_its_corners_on_the_map(written: WrittenModel, model: BuildingModel) -> None:
    assert model.placement is not None
    assert model.placement.source is PlacementSource.MAP_CONVERSION
    (outline,) = from_wgs84([model.buildings[0].footprint_wgs84], model.placement.crs)
    difference = shapely.symmetric_difference(outline, shapely.Polygon(written.corners))
    assert difference.area < 0.05
    assert shapely.hausdorff_distance(outline, shapely.Polygon(written.corners)) < 0.002


def test_latitude_longitude_and_true_north_say_the_same_as_the_map(model: BuildingModel) -> None:
    assert [f.code for f in model.findings] == ["placements-agree"]
    by_map, by_site = model.placements
    assert by_map.x_axis_azimuth_deg == pytest.approx(by_site.x_axis_azimuth_deg, abs=0.01)
    assert "within 0.0 m" in model.findings[0].message


def test_rooms_have_the_areas_of_their_plan(written: WrittenModel, model: BuildingModel) -> None:
    # Town house: 4.6 m wide, 7.9 + 3.2 + 6.3 m deep. Block: four flats of 9.7 by 6.5 m, a corridor of 8.4 by 2.4 m.
    rooms = 4.6 * (7.9 + 3.2 + 6.3) if written.storeys == 4 else 4 * 9.7 * 6.5 + 8.4 * 2.4
    assert [s.space_area_m2 for s in model.buildings[0].storeys[:-1]] == pytest.approx(
        [rooms] * (written.storeys - 1), abs=0.01
    )


def test_declared_quantities_match_the_plan(written: WrittenModel) -> None:
    file = ifcopenshell.open(written.path)
    declared = {q.Name: q[3] for q in file.by_type("IfcElementQuantity")[-1].Quantities}
    assert declared["GrossFloorArea"] == pytest.approx(written.gross_floor_m2)
    assert written.gross_floor_m2 == written.footprint_m2 * (written.storeys - 1)
