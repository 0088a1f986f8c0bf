"""Models in a real twin: the feature, its file, its report, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import bim
import layers.importing
import twin
from api.demo.ifc_models import write_town_house
from bim.importing import import_model
from bim.placement import GivenPlacement
from twin.core import Twin, create
from twin.errors import CrsError, ForbiddenError, FormatError, ParameterError, UnsupportedFormatError
from twin.geo.crs import geodesic_area
from twin.model.view import CITIZEN
from twin.types import LonLat

WriteBlock = Callable[..., Path]


@pytest.fixture
def t(tmp_path: Path) -> Iterator[Twin]:
    create(tmp_path / "city.duckdb")
    with twin.open(tmp_path / "city.duckdb") as opened:
        yield opened


@pytest.fixture
def town_house(tmp_path: Path) -> Path:
    path = tmp_path / "nha-pho.ifc"
    write_town_house(path, easting=560_000.0, northing=1_275_000.0, rotation_deg=30.0)
    return path


def test_a_town_house_stands_on_the_map_with_height_storeys_and_its_file(t: Twin, town_house: Path) -> None:
    report = import_model(t, town_house)
    (feature,) = t.layer("buildings").features()
    assert (report.rows, report.stored, report.ok) == (1, 1, True)
    assert feature.fid == feature.properties["global_id"]
    assert feature.properties["height_m"] == pytest.approx(11.6)
    assert feature.properties["storeys"] == 4
    assert geodesic_area(feature.geometry) == pytest.approx(90.0, rel=5e-4)
    assert (report.crs.in_file, report.crs.used) == ("EPSG:9212", "EPSG:9212")
    assert t.files.path(str(feature.properties["ifc_file"])).read_bytes() == town_house.read_bytes()


def test_what_is_near_the_place_is_the_building(t: Twin, town_house: Path) -> None:
    import_model(t, town_house)
    ((feature, metres),) = t.within(LonLat(106.80183, 11.52886), 1.0)
    assert (feature.layer, metres) == ("buildings", 0.0)


def test_the_same_model_twice_changes_nothing_and_a_revised_one_gives_a_new_version(
    t: Twin, tmp_path: Path, town_house: Path
) -> None:
    import_model(t, town_house)
    again = import_model(t, town_house)
    assert (again.stored, again.revised, again.duplicate) == (0, 0, 1)
    (tmp_path / "moved").mkdir()
    moved = tmp_path / "moved" / town_house.name
    write_town_house(moved, easting=560_001.0, northing=1_275_000.0, rotation_deg=30.0)
    assert import_model(t, moved).revised == 1
    assert len(t.layer("buildings").features()) == 1


def test_a_block_without_a_place_is_refused_until_one_is_stated(t: Twin, write_block: WriteBlock) -> None:
    path = write_block()
    with pytest.raises(FormatError, match="does not say where the building stands"):
        import_model(t, path)
    assert t.layers() == []
    import_model(t, path, placement=GivenPlacement("EPSG:9212", 560_000.0, 1_275_000.0))
    (feature,) = t.layer("buildings").features()
    assert feature.properties["placement"] == "given"
    assert geodesic_area(feature.geometry) == pytest.approx(12.0, rel=5e-4)


def test_an_unknown_placement_or_crs_leaves_the_twin_as_it_was(t: Twin, town_house: Path) -> None:
    with pytest.raises(ParameterError, match="unknown placement"):
        import_model(t, town_house, placement="somewhere")
    with pytest.raises(CrsError):
        import_model(t, town_house, crs="EPSG:4326")
    assert t.layers() == []


def test_a_citizen_may_not_store_models(t: Twin, town_house: Path) -> None:
    with pytest.raises(ForbiddenError):
        import_model(t.as_viewer(CITIZEN), town_house)


def test_an_existing_layer_keeps_its_title(t: Twin, town_house: Path, write_block: WriteBlock) -> None:
    import_model(t, town_house, title="Nhà trong dự án")
    import_model(t, write_block(), placement=GivenPlacement("EPSG:9212", 560_100.0, 1_275_000.0))
    assert [layer.title for layer in t.layers()] == ["Nhà trong dự án"]


def test_the_general_import_reads_models_too(t: Twin, town_house: Path) -> None:
    bim.register_readers()
    report = layers.importing.import_file(t, town_house, layer="nha")
    assert (report.format, report.stored) == ("IFC", 1)
    (feature,) = t.layer("nha").features()
    assert feature.fid == feature.properties["global_id"]
    assert t.files.path(str(feature.properties["ifc_file"])).is_file()


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "lat", "lon"),
    [
        ("AC20-FZK-Haus.ifc", 49.1005, 8.4365),
        ("Duplex_A_20110907.ifc", 41.8743, -87.6393),
        ("Duplex_A_20110907_georeferenced.ifc", 49.6292, 6.1222),
        ("Ifc4_SampleHouse.ifc", 51.5002, -0.1262),
        ("geographic-referencing-gk.ifc", 49.0955, 8.4337),
    ],
)
def test_real_models_are_stored_where_they_stand(t: Twin, shared_data: Path, name: str, lat: float, lon: float) -> None:
    report = import_model(t, shared_data / "ifc" / name)
    (feature,) = t.layer("buildings").features()
    assert (report.rows, report.stored, report.rejected) == (1, 1, ())
    assert (feature.geometry.centroid.y, feature.geometry.centroid.x) == pytest.approx((lat, lon), abs=2e-4)


@pytest.mark.data
def test_the_contradiction_of_the_duplex_is_in_the_report_and_on_the_feature(t: Twin, shared_data: Path) -> None:
    report = import_model(t, shared_data / "ifc" / "Duplex_A_20110907_georeferenced.ifc")
    (feature,) = t.layer("buildings").features()
    assert any("6,859" in note for note in report.notes)
    assert any(r["code"] == "placements-disagree" for r in feature.properties["remarks"])


@pytest.mark.data
def test_a_release_candidate_is_refused_and_the_refusal_is_kept(t: Twin, shared_data: Path) -> None:
    with pytest.raises(UnsupportedFormatError, match="IFC4X3_RC3 is a release candidate"):
        import_model(t, shared_data / "ifc" / "RumbleStrip-INDOT.ifc")
    (source,) = t.store.sources(t.view(), kind="file")
    assert "release candidate" in str(source.report["refused"])
