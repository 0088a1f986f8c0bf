"""The real files: how many rows come in, what is repaired, what is refused, and why."""

from __future__ import annotations

from pathlib import Path

import pytest
import rasterio

import layers
from layers.report import ImportReport
from twin.core import Twin
from twin.errors import CrsError, UnsupportedFormatError
from twin.types import LonLat

pytestmark = pytest.mark.data


def counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return report.rows, report.stored, report.duplicate, len(report.repaired), len(report.rejected)


@pytest.fixture
def cambridge(shared_data: Path) -> Path:
    return shared_data / "zoning_cambridge_ma"


def test_261_zones(city: Twin, cambridge: Path) -> None:
    report = layers.import_file(city, cambridge / "CDD_ZoningDistricts.geojson", layer="zones")
    assert counts(report) == (261, 261, 0, 0, 0)
    frame = city.layer("zones").to_geodataframe()
    assert len(frame) == 261
    assert {"C-3", "IA-1", "OS"} <= set(frame["ZONE_TYPE"])
    # The place is Massachusetts and the twin Vietnamese: said, not refused.
    assert any("outside Viet Nam" in w for w in report.warnings)


def test_13116_parcels_with_their_assessor_records(city: Twin, cambridge: Path) -> None:
    join = layers.Join(cambridge / "TaxFY14.csv", on="ML", sums=("GrossArea",))
    path = cambridge / "ASSESSING_ParcelsFY2014.topojson"
    report = layers.import_file(city, path, layer="parcels", join=join)
    # 37 polygons cross themselves, one multi-polygon has a part of no extent: repaired. One has collapsed to a line.
    assert counts(report) == (13_116, 13_115, 0, 38, 1)
    assert "collapses" in report.rejected[0].reason
    assert all(issue.reason for issue in report.repaired)
    # Published: 27,528 records, 13,021 distinct keys, 99.0 % of parcels join.
    assert (report.joined["records"], report.joined["keys"]) == (27_528, 13_021)
    assert report.joined["joined"] / report.rows == pytest.approx(0.990, abs=5e-4)
    assert "first record" in str(report.joined["rule"])

    again = layers.import_file(city, path, layer="parcels", join=join)
    assert counts(again) == (13_116, 0, 13_115, 38, 1)
    assert city.store.count_features(city.view(), "parcels") == 13_115


def test_flood_zones_read_the_number_for_unknown_as_unknown(city: Twin, cambridge: Path) -> None:
    report = layers.import_file(city, cambridge / "FEMA_FloodPlains100Year.geojson", layer="flood_zones")
    assert counts(report) == (21, 21, 0, 0, 0)
    values = [f.properties["static_bfe"] for f in city.store.features(city.view(), "flood_zones")]
    assert -9999 not in values
    assert sum(v is None for v in values) == 18
    assert any("static_bfe: 18 of 21" in note for note in report.notes)


def test_6117_street_lights(city: Twin, cambridge: Path) -> None:
    report = layers.import_file(city, cambridge / "INFRA_StreetLights.geojson", layer="lamps")
    assert counts(report) == (6_117, 6_117, 0, 0, 0)
    near = city.within((-71.13874888584428, 42.399610761400275), 5.0)
    assert near[0][0].properties["PoleID"] == "791-2"
    assert near[0][1] == pytest.approx(0, abs=0.01)


def test_34_provinces_and_19_wards(city: Twin, shared_data: Path) -> None:
    for folder, layer, expected in (("provinces_34_2026", "provinces", 34), ("wards_2026", "wards", 19)):
        files = sorted((shared_data / "vietnam" / folder).glob("*.geojson"))
        reports = [layers.import_file(city, f, layer=layer, id_field="code") for f in files]
        assert sum(r.stored for r in reports) == expected
        assert not any(r.warnings or r.rejected for r in reports)
    names = {f.properties["name"] for f in city.store.features(city.view(), "provinces")}
    assert {"Đồng Nai", "Đà Nẵng"} <= names
    assert len(names) == 34


def test_districts_from_before_the_merger(city: Twin, shared_data: Path) -> None:
    folder = shared_data / "vietnam" / "pre_merge_province_district_polygons"
    stored = {
        n: layers.import_file(city, folder / f"{n}.json", layer="districts", id_field="level2_id").stored
        for n in (70, 66, 46)
    }
    assert stored == {70: 11, 66: 15, 46: 9}
    # Đồng Xoài town lay in the district-level city of that name.
    (found,) = city.within((106.8949, 11.5349), 0.0, layers=["districts"])
    assert "Đồng Xoài" in str(found[0].properties["name"])


def test_64_old_provinces_with_a_crs_in_the_file(city: Twin, shared_data: Path) -> None:
    report = layers.import_file(
        city, shared_data / "vietnam" / "geoBoundaries-VNM-ADM1_simplified.geojson", layer="adm1"
    )
    assert counts(report)[:2] == (64, 64)
    assert (report.crs.used, report.crs.assumed) == ("EPSG:4326", False)


def test_hanoi_roads_are_one_layer_of_points_and_lines(city: Twin, shared_data: Path) -> None:
    report = layers.import_file(city, shared_data / "vietnam" / "hanoi_o_cho_dua_osm_roads.json", layer="osm")
    assert counts(report) == (4_223, 4_223, 0, 0, 0)
    assert city.layer("osm").layer.geometry_type == "Any"
    kinds = [f.geometry.geom_type for f in city.store.features(city.view(), "osm")]
    assert (kinds.count("Point"), kinds.count("LineString")) == (1_901, 2_322)


def test_delft_in_its_own_national_system(city: Twin, shared_data: Path) -> None:
    report = layers.import_file(city, next(shared_data.glob("city_model/**/delft.json")), layer="delft")
    assert counts(report) == (570, 570, 0, 0, 0)
    assert report.crs.in_file == "EPSG:7415"
    frame = city.layer("delft").to_geodataframe()
    assert frame["object_type"].value_counts()["Building"] == 160
    assert frame.total_bounds == pytest.approx([4.36, 52.01, 4.38, 52.02], abs=0.02)
    buildings = frame[frame["object_type"] == "Building"]
    # The file's own measurement is the level of the roof.
    assert (buildings["ground_m"] + buildings["height_m"]).to_numpy() == pytest.approx(buildings["measuredHeight"])


@pytest.mark.parametrize(("name", "rows"), [("rotterdam_subset", 16), ("DH_01_subs.city", 4)])
def test_city_models_without_a_system_are_refused_until_it_is_given(
    city: Twin, shared_data: Path, name: str, rows: int
) -> None:
    path = next(shared_data.glob(f"city_model/**/{name}.json"))
    with pytest.raises(CrsError, match="names no reference system"):
        layers.import_file(city, path, layer="model")
    report = layers.import_file(city, path, layer="model", crs="EPSG:28992")
    assert counts(report)[:2] == (rows, rows)
    assert not report.rejected


def test_carlisle_terrain(city: Twin, shared_data: Path) -> None:
    path = shared_data / "flood" / "lisflood_carlisle" / "carlisle-5m.dem.raw.gz"
    with pytest.raises(CrsError, match="names no reference system"):
        layers.import_file(city, path, layer="carlisle")
    report = layers.import_file(city, path, layer="carlisle", crs="EPSG:27700", unit="m")
    # Published: 951 x 611 cells, 5.57 to 59.90 m.
    assert (report.grid["width"], report.grid["height"]) == (951, 611)
    assert (report.grid["minimum"], report.grid["maximum"]) == (pytest.approx(5.571), pytest.approx(59.90))
    (item,) = city.store.rasters(city.view(), "carlisle")
    with rasterio.open(city.files.path(item.file)) as grid:
        assert grid.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert grid.overviews(1) == [2]
        assert grid.crs.to_epsg() == 27700
    assert item.bbox.west < -2.93 < item.bbox.east  # the city's centre
    assert item.bbox.south < 54.895 < item.bbox.north
    again = layers.import_file(city, path, layer="carlisle", crs="EPSG:27700", unit="m")
    assert (again.stored, again.duplicate) == (0, 1)


def test_merewether_terrain_with_its_reference_beside_the_archive(city: Twin, shared_data: Path) -> None:
    report = layers.import_file(city, shared_data / "flood" / "merewether" / "topography1.zip", layer="merewether")
    # Published: 321 x 416 cells, 16.47 to 51.97 m, 0.05 % without data, UTM 56 south.
    assert report.crs.used == "EPSG:32756"
    assert (report.grid["width"], report.grid["height"]) == (321, 416)
    assert (report.grid["minimum"], report.grid["maximum"]) == (pytest.approx(16.4731), pytest.approx(51.9693))
    assert report.grid["nodata_share"] == pytest.approx(0.0005, abs=1e-4)
    (item,) = city.store.rasters(city.view(), "merewether")
    assert item.bbox.west < LonLat(151.743, -32.941).lon < item.bbox.east


def test_the_draft_of_a_future_building_format_is_refused_readably(city: Twin, shared_data: Path) -> None:
    with pytest.raises(UnsupportedFormatError, match="IFC5 draft"):
        layers.import_file(city, shared_data / "ifc" / "IFC5_georeferenced-bridge-deck.ifcx", layer="bridge")
    (source,) = city.store.sources(city.view())
    assert source.report["refused"]["kind"] == "unsupported-format"
