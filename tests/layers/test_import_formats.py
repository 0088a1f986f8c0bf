"""Every format, on files made here whose answer is known."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import ezdxf
import geopandas as gpd
import numpy as np
import openpyxl
import pyogrio
import pytest
import rasterio
import shapely
from affine import Affine

import layers
from layers.readers.record import ReadOptions, Row, Table
from layers.readers.registry import register
from twin.core import Twin
from twin.errors import ConflictError, CrsError, FormatError, ParameterError, UnsupportedFormatError
from twin.model.layer import Field, FieldType

# Published test vector: EPSG:9212 (560000, 1280000) is longitude 106.80194215, latitude 11.57397701.
EAST, NORTH, LON, LAT = 560_000, 1_280_000, 106.80194215, 11.57397701
SQUARE = shapely.box(EAST, NORTH, EAST + 100, NORTH + 100)


def only(city: Twin, layer: str) -> object:
    (feature,) = city.store.features(city.view(), layer)
    return feature


def frame() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"ten": ["Đường Lý Thường Kiệt"], "rong": [10.5], "so": [7]}, geometry=[SQUARE], crs="EPSG:9212"
    )


def test_a_geopackage_in_vn2000_keeps_its_coordinates_and_is_served_as_wgs84(city: Twin, tmp_path: Path) -> None:
    pyogrio.write_dataframe(frame(), tmp_path / "a.gpkg", layer="lo")
    report = layers.import_file(city, tmp_path / "a.gpkg", layer="lots")
    assert (report.format, report.table, report.stored, report.crs.used) == ("GeoPackage", "lo", 1, "EPSG:9212")
    feature = only(city, "lots")
    assert feature.properties == {"ten": "Đường Lý Thường Kiệt", "rong": 10.5, "so": 7}
    assert feature.geometry.bounds[:2] == pytest.approx((LON, LAT), abs=1e-5)
    assert "EPSG:6960" in report.crs.operation


def test_a_geopackage_of_several_tables_asks_which(city: Twin, tmp_path: Path) -> None:
    for name in ("lo", "duong"):
        pyogrio.write_dataframe(frame(), tmp_path / "a.gpkg", layer=name, append=name == "duong")
    with pytest.raises(ParameterError, match="duong, lo"):
        layers.import_file(city, tmp_path / "a.gpkg", layer="lots")
    assert layers.import_file(city, tmp_path / "a.gpkg", layer="lots", table="lo").stored == 1


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("encoding", ["UTF-8", "CP1258"])
def test_a_zipped_shapefile_keeps_its_letters(city: Twin, tmp_path: Path, encoding: str, declared: bool) -> None:
    # Windows Vietnamese writes tone marks apart from their vowels; NFC puts them together again.
    pyogrio.write_dataframe(frame().assign(ten=["Đông Phú"]), tmp_path / "plan.shp", encoding=encoding)
    with zipfile.ZipFile(tmp_path / "plan.zip", "w") as archive:
        for part in (".shp", ".shx", ".dbf", ".prj", *([".cpg"] if declared else [])):
            archive.write(tmp_path / f"plan{part}", f"plan{part}")
    report = layers.import_file(city, tmp_path / "plan.zip", layer="lots")
    assert (report.format, report.stored, report.crs.used) == ("Shapefile", 1, "EPSG:9212")
    assert only(city, "lots").properties == {"ten": "Đông Phú", "rong": 10.5, "so": 7}


def test_a_shapefile_without_its_parts_says_which_are_missing(city: Twin, tmp_path: Path) -> None:
    pyogrio.write_dataframe(frame(), tmp_path / "plan.shp")
    (tmp_path / "plan.shx").unlink()
    with pytest.raises(FormatError, match=r"\.shx"):
        layers.import_file(city, tmp_path / "plan.shp", layer="lots")


def test_a_drawing(city: Twin, tmp_path: Path) -> None:
    drawing = ezdxf.new()
    space = drawing.modelspace()
    drawing.layers.add("DAT_O_Nhomnhao", color=42)
    corners = [(EAST, NORTH), (EAST + 100, NORTH), (EAST + 100, NORTH + 100), (EAST, NORTH + 100)]
    space.add_lwpolyline(corners, close=True, dxfattribs={"layer": "DAT_O_Nhomnhao"})
    space.add_line((EAST, NORTH), (EAST + 30, NORTH + 40))
    space.add_circle((EAST, NORTH), 10)
    space.add_text("Đường 14", dxfattribs={"insert": (EAST + 5, NORTH + 5)})
    hatch = space.add_hatch()
    hatch.paths.add_polyline_path(corners)
    hatch.paths.add_polyline_path([(x / 2 + EAST / 2 + 10, y / 2 + NORTH / 2 + 10) for x, y in corners])
    space.add_ray((EAST, NORTH), (1, 0))
    drawing.saveas(tmp_path / "a.dxf")
    with pytest.raises(CrsError, match="names no reference system"):
        layers.import_file(city, tmp_path / "a.dxf", layer="drawing")
    report = layers.import_file(city, tmp_path / "a.dxf", layer="drawing", crs="EPSG:9212")
    assert (report.rows, report.stored) == (5, 5)
    assert any("1 RAY" in note for note in report.notes)
    found = {f.properties["entity"]: f for f in city.store.features(city.view(), "drawing")}
    moved = {f.properties["entity"]: f for f in city.store.features(city.view(), "drawing")}
    frame_ = city.layer("drawing").to_geodataframe(crs="EPSG:9212").set_index("entity")
    assert found["LWPOLYLINE"].properties["cad_layer"] == "DAT_O_Nhomnhao"
    assert found["LWPOLYLINE"].properties["colour"] == 42
    assert moved["TEXT"].properties["text"] == "Đường 14"
    assert frame_.loc["LWPOLYLINE"].geometry.area == pytest.approx(10_000, abs=0.01)
    assert frame_.loc["LINE"].geometry.length == pytest.approx(50, abs=0.001)
    assert frame_.loc["CIRCLE"].geometry.area == pytest.approx(np.pi * 100, rel=0.002)
    # A hatch with an island half as wide has three quarters of the area.
    assert frame_.loc["HATCH"].geometry.area == pytest.approx(7_500, abs=0.01)


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("ten,X,Y", f"a,{NORTH},{EAST}"),  # survey papers: X north, Y east
        ("ten,X,Y", f"a,{EAST},{NORTH}"),
        ("ten;Tọa độ X (m);Tọa độ Y (m)", f"a;{NORTH},0;{EAST},0"),
        ("ten,Easting,Northing", f"a,{EAST},{NORTH}"),
    ],
)
def test_a_table_in_vn2000_with_x_and_y_in_either_order(city: Twin, tmp_path: Path, header: str, cells: str) -> None:
    path = tmp_path / "moc.csv"
    path.write_text(f"{header}\n{cells}\n", encoding="utf-8")
    with pytest.raises(CrsError, match="zone is not known"):
        layers.import_file(city, path, layer="posts")
    layers.import_file(city, path, layer="posts", crs="EPSG:9212")
    feature = only(city, "posts")
    assert (feature.geometry.x, feature.geometry.y) == pytest.approx((LON, LAT), abs=1e-8)


@pytest.mark.parametrize("header", ["kinh_do,vi_do,ma", "lon,lat,ma", "Vĩ độ,Kinh độ,ma"])
def test_a_table_in_degrees(city: Twin, tmp_path: Path, header: str) -> None:
    path = tmp_path / "tram.csv"
    first = "11.5,106.9" if header.startswith("Vĩ") else "106.9,11.5"
    path.write_text(f"{header}\n{first},007\n", encoding="utf-8")
    report = layers.import_file(city, path, layer="stations")
    feature = only(city, "stations")
    assert (feature.geometry.x, feature.geometry.y) == (106.9, 11.5)
    assert feature.properties["ma"] == "007"  # a code, not the number 7
    assert report.crs.assumed


def test_a_workbook_with_a_title_above_its_header(city: Twin, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["BẢNG TỌA ĐỘ RANH GIỚI"])
    sheet.append([])
    sheet.append(["Số hiệu", "X", "Y", "Ghi chú"])
    sheet.append([1, NORTH, EAST, "mốc"])
    sheet.append([2, NORTH + 10, EAST, None])
    book.save(tmp_path / "a.xlsx")
    report = layers.import_file(city, tmp_path / "a.xlsx", layer="posts", crs="EPSG:9212", id_field="Số hiệu")
    assert (report.format, report.stored) == ("Excel", 2)
    assert any("row 3" in note for note in report.notes)
    assert [f.fid for f in city.store.features(city.view(), "posts")] == ["1", "2"]


def test_a_table_without_coordinates_is_not_a_map(city: Twin, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ma,ten\n1,a\n2,b\n")
    with pytest.raises(FormatError, match="no coordinates"):
        layers.import_file(city, tmp_path / "a.csv", layer="table")


def test_a_join_sums_what_it_is_told_and_takes_the_first_of_the_rest(city: Twin, tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text("lon,lat,ML\n106.9,11.5,7-1\n106.91,11.5,7-2\n106.92,11.5,7-3\n")
    (tmp_path / "tax.csv").write_text("ML,use,area\n7-1,shop,10\n7-1,home,5\n7-2,home,7\n9-9,void,1\n")
    report = layers.import_file(
        city, tmp_path / "map.csv", layer="lots", id_field="ML",
        join=layers.Join(tmp_path / "tax.csv", on="ML", sums=("area",)),
    )  # fmt: skip
    rows = {f.fid: f.properties for f in city.store.features(city.view(), "lots")}
    assert (rows["7-1"]["use"], rows["7-1"]["area"]) == ("shop", 15)
    assert (rows["7-3"]["use"], rows["7-3"]["area"]) == (None, None)
    found = {k: report.joined[k] for k in ("joined", "unmatched", "keys_without_feature", "keys_with_several_records")}
    assert found == {"joined": 2, "unmatched": 1, "keys_without_feature": 1, "keys_with_several_records": 1}


def test_a_table_never_says_its_system_itself(city: Twin, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("n,X,Y\n1,1280000,580000\n2,1280010,580010\n", encoding="utf-8")
    report = layers.import_file(city, tmp_path / "a.csv", layer="a", crs="EPSG:9212")
    assert (report.crs.given, report.crs.in_file, report.crs.used) == ("EPSG:9212", "", "EPSG:9212")
    assert not report.crs.assumed


def test_complex_numbers_are_refused(city: Twin, tmp_path: Path) -> None:
    with rasterio.open(
        tmp_path / "c.tif", "w", driver="GTiff", width=2, height=2, count=1, dtype="complex64", crs="EPSG:9212",
        transform=rasterio.Affine(10, 0, 555_000, 0, -10, 1_275_000),
    ) as made:  # fmt: skip
        made.write(np.ones((1, 2, 2), "complex64"))
    with pytest.raises(UnsupportedFormatError, match="complex"):
        layers.import_file(city, tmp_path / "c.tif", layer="c")


def grid(path: Path, crs: str | None = "EPSG:9212") -> Path:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    values[0, 0], values[2, 3] = np.nan, np.inf
    with rasterio.open(
        path, "w", driver="GTiff", width=4, height=3, count=1, dtype="float32", crs=crs, nodata=11,
        transform=Affine(10, 0, EAST, 0, -10, NORTH),
    ) as out:  # fmt: skip
        out.write(values, 1)
    return path


def test_a_geotiff_becomes_cloud_optimised_and_keeps_its_cells(city: Twin, tmp_path: Path) -> None:
    report = layers.import_file(city, grid(tmp_path / "dem.tif"), layer="terrain", unit="m")
    (item,) = city.store.rasters(city.view(), "terrain")
    assert (item.crs, item.unit, item.minimum, item.maximum) == ("EPSG:9212", "m", 1, 10)
    assert report.grid["valid_cells"] == 10
    with rasterio.open(city.files.path(item.file)) as stored:
        values = stored.read(1, masked=True)
    assert values[1].tolist() == [4, 5, 6, 7]
    assert bool(values.mask[0, 0])
    assert bool(values.mask[2, 3])


def test_a_compressed_ascii_grid_without_a_system_needs_one(city: Twin, tmp_path: Path) -> None:
    text = f"ncols 2\nnrows 2\nxllcorner {EAST}\nyllcorner {NORTH}\ncellsize 10\nNODATA_value -9999\n1 2\n3 -9999\n"
    (tmp_path / "dem.asc.gz").write_bytes(gzip.compress(text.encode()))
    with pytest.raises(CrsError, match="names no reference system"):
        layers.import_file(city, tmp_path / "dem.asc.gz", layer="terrain")
    report = layers.import_file(city, tmp_path / "dem.asc.gz", layer="terrain", crs="EPSG:9212")
    assert (report.grid["minimum"], report.grid["maximum"], report.grid["valid_cells"]) == (1, 3, 3)


def test_a_layer_of_features_does_not_take_a_grid(city: Twin, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("lon,lat\n106.9,11.5\n")
    layers.import_file(city, tmp_path / "a.csv", layer="points")
    with pytest.raises(ConflictError, match="not grids"):
        layers.import_file(city, grid(tmp_path / "dem.tif"), layer="points")


def test_cityjson_of_both_versions_gives_footprint_and_height(city: Twin, tmp_path: Path) -> None:
    # A box of 10 x 20 m and 6 m height, in millimetres of a quantised file.
    corners = [(x, y, z) for z in (0, 6000) for x, y in ((0, 0), (10_000, 0), (10_000, 20_000), (0, 20_000))]
    shell = [[[0, 1, 2, 3]], [[4, 5, 6, 7]], [[0, 1, 5, 4]], [[1, 2, 6, 5]], [[2, 3, 7, 6]], [[3, 0, 4, 7]]]
    for version in ("1.1", "2.0"):
        document = {
            "type": "CityJSON", "version": version, "vertices": corners,
            "transform": {"scale": [0.001, 0.001, 0.001], "translate": [EAST, NORTH, 80]},
            "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/9212"},
            "CityObjects": {
                "house": {"type": "Building", "attributes": {"ten": "Nhà"}, "children": ["part"]},
                "part": {"type": "BuildingPart", "parents": ["house"],
                         "geometry": [{"type": "Solid", "lod": "1", "boundaries": [shell]}]},
            },
        }  # fmt: skip
        path = tmp_path / "house.city.json"
        path.write_text(json.dumps(document))
        name = f"model_{version[0]}"
        report = layers.import_file(city, path, layer=name, id_field="id")
        assert (report.rows, report.stored) == (1, 1)
        feature = only(city, name)
        assert feature.fid == "house"
        assert (feature.properties["height_m"], feature.properties["ground_m"]) == (6, 80)
        metric = city.layer(name).to_geodataframe(crs="EPSG:9212")
        assert metric.geometry.iloc[0].area == pytest.approx(200, abs=0.01)


def test_a_reader_from_another_room_can_be_registered(city: Twin, tmp_path: Path) -> None:
    from layers.readers import registry

    before = registry._READERS.get("ifc")

    def read(path: Path, options: ReadOptions) -> Table:
        row = Row(1, shapely.Point(LON, LAT), {"storeys": 2}, fid="guid")
        return Table("IFC", path.stem, (row,), (Field("storeys", FieldType.INTEGER),), "EPSG:4326")

    register("ifc", read)
    try:
        (tmp_path / "house.ifc").write_text("ISO-10303-21;\nHEADER;\n")
        assert layers.import_file(city, tmp_path / "house.ifc", layer="models", id_field="id").stored == 1
        assert only(city, "models").fid == "guid"
    finally:
        registry._READERS.pop("ifc") if before is None else register("ifc", before)
