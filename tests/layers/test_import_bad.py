"""Bad input: each has an answer, and an import that fails leaves the twin as it was."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import layers
from layers.readers.opening import opened
from twin.core import Twin, create, open_twin
from twin.errors import (
    ConflictError,
    CrsError,
    ForbiddenError,
    FormatError,
    InputError,
    NotFoundError,
    SchemaError,
    TimeError,
    TwinError,
    UnsupportedFormatError,
)
from twin.model.layer import FeatureChange, Layer, Source
from twin.model.view import CITIZEN


def geojson(path: Path, *geometries: Any, properties: list[dict[str, Any]] | None = None, **more: Any) -> Path:
    given_ = properties or [{} for _ in geometries]
    features = [{"type": "Feature", "geometry": g, "properties": p} for g, p in zip(geometries, given_, strict=True)]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **more}), encoding="utf-8")
    return path


def point(x: float, y: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [x, y]}


def polygon(*corners: tuple[float, float]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}


FEATURE = (
    b'{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"a": %b}, '
    b'"geometry": {"type": "Point", "coordinates": [106, 11]}}]}'
)


@pytest.mark.parametrize(
    ("content", "error", "match"),
    [
        (b"", FormatError, "empty"),
        (b"\x00\x01\x02\x03 nothing", UnsupportedFormatError, "no kind"),
        (b"just some words", UnsupportedFormatError, "no kind"),
        (b'{"type": "FeatureCollection", "features": [', FormatError, "not JSON"),
        (b'{"type": "FeatureCollection"}', FormatError, "no list of features"),
        (b'{"hello": 1}', UnsupportedFormatError, "unknown kind"),
        (b"[1, 2]", UnsupportedFormatError, "list"),
        (b"[" * 100_000, FormatError, "nested|not JSON"),
        (FEATURE % (b"[" * 900 + b"]" * 900), FormatError, "nested"),
        (FEATURE % (b"9" * 6000), FormatError, "digits"),
        (FEATURE % rb'"\ud800"', FormatError, "half of a character"),
        (b'{"type": "CityJSON", "version": "9.9"}', UnsupportedFormatError, "9.9"),
        (b"AC1032\x00\x00", UnsupportedFormatError, "DWG"),
        (b"%PDF-1.7", UnsupportedFormatError, "PDF"),
        (b"SQLite format 3\x00" + b"\x00" * 200, FormatError, "GeoPackage"),
        (b"II*\x00" + b"\x00" * 50, FormatError, "GeoTIFF"),
        (b"\xff\xfea\x00,\x00b", FormatError, "UTF-16"),
        (b"PK\x03\x04broken", FormatError, "archive"),
        (b"\x1f\x8bbroken", FormatError, "gzip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 broken", FormatError, "workbook"),
        (b"ncols 3\nnrows 2\nbroken", FormatError, "ASCII grid"),
        (b"  0\nSECTION\n  2\nbroken", FormatError, "DXF|no record"),
        (b"<OGRVRTDataSource><OGRVRTLayer/></OGRVRTDataSource>", UnsupportedFormatError, "virtual"),
        (b'<VRTDataset rasterXSize="1"/>', UnsupportedFormatError, "virtual"),
        (b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>', UnsupportedFormatError, "XML"),
        (b"<html><body>404</body></html>", UnsupportedFormatError, "web page"),
    ],
)
def test_an_unreadable_file_is_refused_with_a_reason_and_the_refusal_is_kept(
    city: Twin, tmp_path: Path, content: bytes, error: type[TwinError], match: str
) -> None:
    path = tmp_path / "upload.bin"
    path.write_bytes(content)
    with pytest.raises(error, match=match):
        layers.import_file(city, path, layer="x")
    (source,) = city.store.sources(city.view(), kind="file")
    assert source.report["refused"]["message"]
    assert city.layers() == []


@pytest.mark.parametrize(
    "name",
    [
        "/vsicurl/http://example.com/a.geojson",
        "/vsizip//tmp/a.zip/b.shp",
        "http://example.com/a.json",
        "GPKG:/tmp/a.gpkg",
        "<OGRVRTDataSource/>",
        "s3://bucket/a.tif",
        "vsis3/bucket/a",
    ],
)
def test_names_that_lead_elsewhere_are_not_opened(city: Twin, name: str) -> None:
    with pytest.raises(InputError, match="not the name of a local file"):
        layers.import_file(city, name, layer="x")


def test_a_missing_file_and_a_folder(city: Twin, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        layers.import_file(city, tmp_path / "none.csv", layer="x")
    with pytest.raises(UnsupportedFormatError, match="folder"):
        layers.import_file(city, tmp_path, layer="x")


@pytest.mark.parametrize(
    "member", ["../outside.csv", "/etc/outside.csv", "a/../../outside.csv", "..\\outside.csv", "C:\\o.csv"]
)
def test_an_archive_that_reaches_outside_itself_is_refused(city: Twin, tmp_path: Path, member: str) -> None:
    packed = tmp_path / "deep" / "a.zip"
    packed.parent.mkdir()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(member, "lon,lat\n106.9,11.5\n")
    with pytest.raises(FormatError, match="outside the archive"):
        layers.import_file(city, packed, layer="x")
    assert not list(tmp_path.rglob("*outside*"))


def test_an_archive_with_a_link_a_bomb_or_an_archive_in_it_is_refused(city: Twin, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a.csv")
    link.external_attr = 0o120777 << 16
    cases: list[tuple[Any, bytes, str]] = [
        (link, b"/etc/passwd", "link"),
        ("bomb.csv", b"0" * (32 << 20), "times its size"),
        ("inner.zip", b"PK\x05\x06" + b"\x00" * 18, "archive within|nothing"),
    ]
    for member, content, match in cases:
        packed = tmp_path / "a.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(member, content)
        with pytest.raises(FormatError, match=match):
            layers.import_file(city, packed, layer="x")


def test_too_many_members_are_refused(city: Twin, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for i in range(5_001):
            archive.writestr(f"{i}.csv", "")
    with pytest.raises(FormatError, match="5001 files"):
        layers.import_file(city, tmp_path / "a.zip", layer="x")


def test_nan_and_infinity_reject_the_row_and_not_the_file(city: Twin, tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "a.geojson", point(106.9, 11.5), point(float("nan"), 11.5), point(106.9, float("inf")), None,
        properties=[{"v": 1.5}, {"v": 2.5}, {"v": 3.5}, {"v": float("nan")}],
    )  # fmt: skip
    report = layers.import_file(city, path, layer="x")
    assert (report.rows, report.stored) == (4, 1)
    assert [(i.row, i.reason) for i in report.rejected] == [
        (2, "a coordinate is NaN or infinite"), (3, "a coordinate is NaN or infinite"), (4, "there is no geometry"),
    ]  # fmt: skip
    assert not report.ok


def test_a_bow_tie_is_repaired_and_its_change_of_area_told(city: Twin, tmp_path: Path) -> None:
    bow = polygon((106.9, 11.5), (106.902, 11.502), (106.902, 11.5), (106.9, 11.502))
    flat = polygon((106.9, 11.5), (106.901, 11.5), (106.902, 11.5))
    report = layers.import_file(city, geojson(tmp_path / "a.geojson", bow, flat), layer="x")
    (repaired,), (rejected,) = report.repaired, report.rejected
    assert "Self-intersection" in repaired.reason
    # Two triangles of a quarter of the square each: 218 m x 221 m / 2.
    assert repaired.area_change_m2 == pytest.approx(24_140, rel=0.02)
    assert (rejected.row, "collapses" in rejected.reason) == (2, True)
    (feature,) = city.store.features(city.view(), "x")
    assert shapely.is_valid(feature.geometry)


def test_latitude_before_longitude_is_put_right_and_said(city: Twin, tmp_path: Path) -> None:
    report = layers.import_file(city, geojson(tmp_path / "a.geojson", point(11.5, 106.9)), layer="x")
    (feature,) = city.store.features(city.view(), "x")
    assert (feature.geometry.x, feature.geometry.y) == (106.9, 11.5)
    assert any("latitude stood before longitude" in w for w in report.warnings)


def test_survey_axes_of_a_map_in_vn2000_are_put_right_and_said(city: Twin, tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", point(1_280_000, 560_000))
    report = layers.import_file(city, path, layer="x", crs="EPSG:9212")
    (feature,) = city.store.features(city.view(), "x")
    assert feature.geometry.x == pytest.approx(106.80194215, abs=1e-8)
    assert any("X was the northing" in w for w in report.warnings)


def test_metres_declared_as_degrees_are_refused_with_a_proposal(city: Twin, tmp_path: Path) -> None:
    with pytest.raises(CrsError, match="look like VN-2000"):
        layers.import_file(city, geojson(tmp_path / "a.geojson", point(560_000, 1_280_000)), layer="x")


def test_the_wrong_meridian_is_suspected_and_the_right_one_named(city: Twin, tmp_path: Path) -> None:
    strips = [shapely.box(550_000 + 900 * i, 1_275_000, 550_500 + 900 * i, 1_285_000) for i in range(12)]
    lots = [FeatureChange(f"{i}", strip, {}, crs="EPSG:9212") for i, strip in enumerate(strips)]
    city.store.write_features("communes", lots, Source("user", "hand"), define=Layer("communes", "Xã"))
    path = geojson(tmp_path / "a.geojson", *(point(555_000 + 500 * i, 1_280_000) for i in range(5)))
    right = layers.import_file(city, path, layer="right", crs="EPSG:9212")
    wrong = layers.import_file(city, path, layer="wrong", crs="EPSG:9213")
    assert not any("meridian" in w for w in right.warnings)
    assert any("wrong meridian?" in w and "EPSG:9212" in w for w in wrong.warnings)


def test_one_layer_in_the_wrong_place_does_not_make_another_seem_right(city: Twin, tmp_path: Path) -> None:
    lot = FeatureChange("1", shapely.box(550_000, 1_275_000, 560_000, 1_285_000), {}, crs="EPSG:9212")
    city.store.write_features("communes", [lot], Source("user", "hand"), define=Layer("communes", "Xã"))
    path = geojson(tmp_path / "a.geojson", *(point(555_000 + 500 * i, 1_280_000) for i in range(5)))
    far = layers.import_file(city, path, layer="far", crs="EPSG:9209")
    between = layers.import_file(city, path, layer="between", crs="EPSG:9210")
    for report in (far, between):
        assert any("wrong meridian?" in w and "EPSG:9212" in w for w in report.warnings)


def test_coordinates_outside_viet_nam_are_a_warning_only_for_a_vietnamese_twin(city: Twin, tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", point(4.3, 52.0), point(106.9, 11.5), properties=[{"n": 1}, {"n": 2}])
    report = layers.import_file(city, path, layer="x")
    assert (report.stored, report.ok) == (2, True)
    assert any(w.startswith("1 of 2 features lie outside Viet Nam") for w in report.warnings)
    create(tmp_path / "other.duckdb", {"country": "NL"})
    with open_twin(tmp_path / "other.duckdb") as other:
        assert layers.import_file(other, path, layer="x").warnings == ()


def test_an_unknown_or_contradicting_system(city: Twin, tmp_path: Path) -> None:
    path = geojson(
        tmp_path / "a.geojson", point(106.9, 11.5), crs={"type": "name", "properties": {"name": "EPSG:4756"}}
    )
    with pytest.raises(CrsError, match="not a reference system"):
        layers.import_file(city, path, layer="x", crs="EPSG:123456")
    assert layers.import_file(city, path, layer="a").crs.used == "EPSG:4756"
    report = layers.import_file(city, path, layer="b", crs="EPSG:4326")
    assert any("the file says EPSG:4756" in w for w in report.warnings)


def test_coordinates_no_projection_can_hold_are_refused(city: Twin, tmp_path: Path) -> None:
    with pytest.raises(CrsError, match="no coordinate fits"):
        layers.import_file(city, geojson(tmp_path / "a.geojson", point(1e12, 1e12)), layer="x", crs="EPSG:9212")


def test_a_layer_of_another_geometry_is_a_conflict_and_nothing_changes(city: Twin, tmp_path: Path) -> None:
    layers.import_file(city, geojson(tmp_path / "a.geojson", point(106.9, 11.5)), layer="x")
    seq = city.store.count_features(city.view(), "x")
    with pytest.raises(ConflictError, match="exists with geometry Point; the file holds Polygon"):
        layers.import_file(city, geojson(tmp_path / "b.geojson", polygon((0, 0), (1, 0), (1, 1))), layer="x")
    assert city.store.count_features(city.view(), "x") == seq
    assert city.layer("x").layer.geometry_type == "Point"


def test_times_without_zone_stay_text_with_a_warning(city: Twin, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "lon,lat,bare,zoned,day\n106.9,11.5,2026-11-01 07:00,2026-11-01T07:00+07:00,2026-11-01\n"
    )
    report = layers.import_file(city, tmp_path / "a.csv", layer="x")
    (feature,) = city.store.features(city.view(), "x")
    assert feature.properties["bare"] == "2026-11-01 07:00"
    assert feature.properties["zoned"] == "2026-11-01T00:00:00Z"
    types = {f.name: f.type.value for f in city.layer("x").layer.fields}
    assert (types["bare"], types["zoned"], types["day"]) == ("string", "datetime", "date")
    assert any("no zone" in note for note in report.notes)
    with pytest.raises(TimeError):
        layers.import_file(city, tmp_path / "a.csv", layer="x", valid_from=datetime(2026, 1, 1))  # noqa: DTZ001


def test_ids_repeated_missing_or_unknown(city: Twin, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("lon,lat,ma\n106.9,11.5,1\n106.9,11.5,1\n106.8,11.5,1\n106.7,11.5,\n")
    report = layers.import_file(city, tmp_path / "a.csv", layer="x", id_field="ma")
    assert (report.stored, report.repeated) == (1, 1)
    assert [i.row for i in report.rejected] == [3, 4]
    assert "first in row 1" in report.rejected[0].reason
    assert report.rows == report.stored + report.repeated + len(report.rejected)
    with pytest.raises(SchemaError, match="'so_nha'"):
        layers.import_file(city, tmp_path / "a.csv", layer="x", id_field="so_nha")


def test_the_same_file_twice_changes_nothing_and_an_edit_makes_one_version(city: Twin, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("lon,lat,ma,w\n106.9,11.5,a,1\n106.8,11.5,b,1\n")
    layers.import_file(city, path, layer="x", id_field="ma")
    again = layers.import_file(city, path, layer="x", id_field="ma")
    assert (again.stored, again.revised, again.duplicate) == (0, 0, 2)
    path.write_text("lon,lat,ma,w\n106.9,11.5,a,2\n106.7,11.5,c,1\n")
    edited = layers.import_file(city, path, layer="x", id_field="ma", replace=True)
    assert (edited.stored, edited.revised, edited.ended) == (1, 1, 1)
    assert [f.fid for f in city.store.features(city.view(), "x")] == ["a", "c"]
    assert len(city.store.history(city.view(), "x", "a")) >= 2


def test_decision_and_validity_are_kept_with_the_report(city: Twin, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("lon,lat\n106.9,11.5\n106.9,99.5\n")
    start = datetime(2026, 3, 12, tzinfo=UTC)
    report = layers.import_file(city, tmp_path / "a.csv", layer="x", decision="418/QĐ-UBND", valid_from=start)
    source = city.store.source(city.view(), report.source)
    assert (source.decision, source.report["rows"], source.report["stored"]) == ("418/QĐ-UBND", 2, 1)
    assert source.report["rejections"][0]["row"] == 2
    (feature,) = city.store.features(city.view(), "x")
    assert (feature.valid_from, feature.source) == (start, report.source)


def test_a_citizen_may_not_import(city: Twin, tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", point(106.9, 11.5))
    with pytest.raises(ForbiddenError):
        layers.import_file(city.as_viewer(CITIZEN), path, layer="x")


IMPORT = """
import sys, layers
from twin.core import open_twin
with open_twin(sys.argv[1]) as t:
    print("begun", flush=True)
    layers.import_file(t, sys.argv[2], layer="lamps")
"""


@pytest.mark.parametrize("delay_s", [0.0, 0.15, 0.4, 0.8])
def test_a_killed_import_leaves_the_twin_as_it_was_or_whole(tmp_path: Path, delay_s: float) -> None:
    create(tmp_path / "t.duckdb")
    path = geojson(tmp_path / "a.geojson", *(point(106.9 + i / 1e5, 11.5) for i in range(4_000)))
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", IMPORT, str(tmp_path / "t.duckdb"), str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay_s)
        process.send_signal(signal.SIGKILL)
    with open_twin(tmp_path / "t.duckdb") as t:
        names = [layer.name for layer in t.layers()]
        assert names in ([], ["lamps"])
        assert not names or t.store.count_features(t.view(), "lamps") == 4_000
        assert t.store.check()["ok"]
        layers.import_file(t, path, layer="lamps")
        assert t.store.count_features(t.view(), "lamps") == 4_000


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=400),
    start=st.sampled_from([b"", b"{", b"II*\x00", b"PK\x03\x04", b"ncols 2\n", b"a,b\n"]),
)
def test_no_content_whatever_raises_anything_but_an_error_of_the_tree(
    tmp_path: Path, content: bytes, start: bytes
) -> None:
    path = tmp_path / "any.bin"
    path.write_bytes(start + content)
    with contextlib.suppress(TwinError), opened(path) as reading:
        assert reading.format
