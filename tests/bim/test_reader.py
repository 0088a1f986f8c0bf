"""IFC as the readers' vocabulary: what `twin import` gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import shapely

import bim
from bim.model import BuildingModel, read_model
from bim.reader import FIELDS, read_ifc, table_of
from layers.readers.opening import opened
from layers.readers.record import ReadOptions, Table
from twin.errors import CrsError, FormatError, UnsupportedFormatError
from twin.geo.crs import to_wgs84

WriteBlock = Callable[..., Path]
ReadModel = Callable[[str], BuildingModel]


def test_a_model_without_a_place_is_a_row_with_a_problem(write_block: WriteBlock) -> None:
    table = read_ifc(write_block(), ReadOptions())
    (row,) = table.rows
    assert row.geometry is None
    assert row.properties["placement"] is None
    assert row.properties["height_m"] == 5.0
    assert "no place on the map until a placement is given" in row.problem


def test_a_model_drawn_in_map_coordinates_is_placed_by_the_crs_that_is_given(write_block: WriteBlock) -> None:
    there = (
        "#50=IFCLOCALPLACEMENT($,#51);\n#51=IFCAXIS2PLACEMENT3D(#52,$,$);\n"
        "#52=IFCCARTESIANPOINT((560000.,1275000.,0.));\n"
    )
    table = read_ifc(write_block(parent="#50", extra=there), ReadOptions(crs="EPSG:9212"))
    (row,) = table.rows
    assert table.crs == "EPSG:9212"
    assert row.geometry is not None
    assert row.geometry.bounds == pytest.approx((560_000.0, 1_275_000.0, 560_004.0, 1_275_003.0), abs=1e-3)


def test_a_model_drawn_around_its_own_origin_does_not_fit_a_given_crs(write_block: WriteBlock) -> None:
    with pytest.raises(CrsError, match="do not fit EPSG:9212"):
        read_ifc(write_block(), ReadOptions(crs="EPSG:9212"))


def test_every_attribute_is_declared(write_block: WriteBlock) -> None:
    (row,) = read_ifc(write_block(), ReadOptions()).rows
    assert set(row.properties) == {f.name for f in FIELDS}


@pytest.mark.data
def test_the_outline_comes_in_the_system_of_the_map(real_model: ReadModel) -> None:
    model = real_model("Duplex_A_20110907_georeferenced.ifc")
    table = table_of(model)
    (row,) = table.rows
    assert (table.crs, row.fid) == ("EPSG:9897", "1xS3BCk291UvhgP2a6eflK")
    assert row.geometry is not None
    assert row.geometry.area == pytest.approx(8.8 * 17.8, rel=1e-4)
    (placed,) = to_wgs84([row.geometry], table.crs)
    assert shapely.equals_exact(placed, model.buildings[0].footprint_wgs84, tolerance=1e-9)


@pytest.mark.data
def test_attributes_say_what_was_measured_and_from_which_file(real_model: ReadModel) -> None:
    (row,) = table_of(real_model("AC20-FZK-Haus.ifc")).rows
    properties = row.properties
    assert properties["name"] == "FZK-Haus"
    assert properties["height_m"] == pytest.approx(6.318, abs=0.001)
    assert properties["storeys"] == 2
    assert (properties["placement"], properties["ifc_schema"]) == ("site-position", "IFC4")
    assert len(str(properties["ifc_file"])) == 64


@pytest.mark.data
def test_a_crs_that_does_not_fit_the_model_is_refused(shared_data: Path) -> None:
    with pytest.raises(CrsError, match="do not fit EPSG:9212"):
        read_ifc(shared_data / "ifc" / "AC20-FZK-Haus.ifc", ReadOptions(crs="EPSG:9212"))


@pytest.mark.data
def test_a_model_without_building_is_refused_with_what_it_holds(shared_data: Path) -> None:
    with pytest.raises(FormatError, match="holds no building"):
        read_ifc(shared_data / "ifc" / "linear-placement-of-signal.ifc", ReadOptions())


@pytest.mark.data
@pytest.mark.parametrize("name", ["UT_GeoRef_1.ifc", "IFC5_georeferenced-bridge-deck.ifcx"])
def test_drafts_are_refused_through_the_front_door_too(shared_data: Path, name: str) -> None:
    bim.register_readers()
    with pytest.raises(UnsupportedFormatError), opened(shared_data / "ifc" / name):
        pass


@pytest.mark.data
def test_the_front_door_knows_ifc_by_its_content(shared_data: Path, tmp_path: Path) -> None:
    bim.register_readers()
    copy = tmp_path / "house.txt"
    copy.write_bytes((shared_data / "ifc" / "geographic-referencing-gk.ifc").read_bytes())
    with opened(copy) as reading:
        assert isinstance(reading, Table)
        assert reading.format == "IFC"
        assert reading.crs == "EPSG:31467"


def test_reading_a_model_twice_gives_equal_results(write_block: WriteBlock) -> None:
    path = write_block()
    assert read_model(path) == read_model(path)
