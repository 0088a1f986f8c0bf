"""The opened twin in Python: the names are a contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from shapely.geometry import Point, box
from support import SOURCE, day

import twin
from twin.core import Twin, create, restore
from twin.errors import ConflictError, NotFoundError, ParameterError, StoreError
from twin.model.layer import FeatureChange, Layer, LayerKind, RasterItem
from twin.model.thing import DatastreamSpec, ObservationIn, ObservedProperty, ThingSpec
from twin.model.view import CITIZEN, Access
from twin.types import BBox


@pytest.fixture
def t(tmp_path: Path) -> Iterator[Twin]:
    create(tmp_path / "city.duckdb", {"title": "Thành phố"})
    with twin.open(tmp_path / "city.duckdb") as opened:
        opened.store.put_layer(Layer("zones", "Vùng", access=Access.PUBLIC))
        opened.store.put_layer(Layer("gauges", "Trạm"))
        yield opened


def test_a_layer_is_a_geodataframe_in_any_crs_through_the_pinned_pipeline(t: Twin) -> None:
    # EPSG:9212 (560000, 1280000) -> 106.80194215, 11.57397701: published test vector, EPSG:6960
    change = FeatureChange("z", Point(560000, 1280000), {"name": "một"}, day(0), crs="EPSG:9212")
    t.store.write_features("zones", [change], SOURCE)
    world, plane = t.layer("zones").to_geodataframe(), t.layer("zones").to_geodataframe(crs=9212)
    assert (world.crs.to_epsg(), plane.crs.to_epsg()) == (4326, 9212)
    assert world.geometry.x["z"] == pytest.approx(106.80194215, abs=1e-8)
    assert plane.geometry.x["z"] == pytest.approx(560000, abs=0.001)
    assert world.loc["z", "name"] == "một"


def test_a_layer_before_its_first_feature_is_an_empty_frame(t: Twin) -> None:
    t.store.write_features("zones", [FeatureChange("z", box(106, 11, 107, 12), {}, day(5))], SOURCE)
    assert len(t.layer("zones", at=day(1)).to_geodataframe()) == 0
    assert len(t.layer("zones", at=day(6)).to_geodataframe()) == 1


def test_a_datastream_is_a_frame_by_time(t: Twin) -> None:
    spec = ThingSpec("gauges", "g", "G", datastreams=(DatastreamSpec("l", "L", ObservedProperty("l")),))
    stream = t.store.register_things([spec], SOURCE)[0].datastreams["l"]
    t.store.record_observations([ObservationIn(stream, day(n), float(n)) for n in range(5)], SOURCE)
    frame = t.datastream(stream).to_dataframe(start=day(1), end=day(3))
    assert frame["result"].tolist() == [1.0, 2.0, 3.0]
    assert t.state(at=day(2.5))[0].observation.result == 2.0
    with pytest.raises(NotFoundError, match="no datastream 99"):
        t.datastream(99)


def test_a_narrower_viewer_can_be_passed(t: Twin) -> None:
    assert [x.name for x in t.layers()] == ["gauges", "zones"]
    assert [x.name for x in t.as_viewer(CITIZEN).layers()] == ["zones"]


def test_a_backup_restores_to_the_same_twin(t: Twin, tmp_path: Path) -> None:
    digest = t.files.put(b"a model")
    t.store.write_features("zones", [FeatureChange("z", box(106, 11, 107, 12), {}, day(0))], SOURCE)
    t.backup(tmp_path / "kept")
    restore(tmp_path / "kept", tmp_path / "again.duckdb")
    with twin.open(tmp_path / "again.duckdb") as again:
        assert again.store.last_seq() == t.store.last_seq() + 1  # that it was restored is in its audit
        assert [f.fid for f in again.layer("zones").features()] == ["z"]
        assert again.files.path(digest).read_bytes() == b"a model"


def test_a_backup_overwrites_nothing(t: Twin, tmp_path: Path) -> None:
    t.backup(tmp_path / "kept")
    with pytest.raises(ConflictError, match="not empty"):
        t.backup(tmp_path / "kept")
    with pytest.raises(StoreError, match="exists already"):
        restore(tmp_path / "kept", tmp_path / "city.duckdb")
    with pytest.raises(NotFoundError, match="holds no backup"):
        restore(tmp_path, tmp_path / "new.duckdb")


def test_a_damaged_backup_leaves_nothing_behind(t: Twin, tmp_path: Path) -> None:
    t.backup(tmp_path / "kept")
    (tmp_path / "kept" / "twin.duckdb").write_bytes(b"damaged" * 1000)
    with pytest.raises(StoreError, match="is damaged"):
        restore(tmp_path / "kept", tmp_path / "new.duckdb")
    assert list(tmp_path.glob("*new*")) == []


def test_a_backup_that_was_cut_off_is_refused(t: Twin, tmp_path: Path) -> None:
    t.backup(tmp_path / "kept")
    kept = tmp_path / "kept" / "twin.duckdb"
    kept.write_bytes(kept.read_bytes()[: kept.stat().st_size // 2])
    with pytest.raises(StoreError):
        restore(tmp_path / "kept", tmp_path / "new.duckdb")
    assert list(tmp_path.glob("*new*")) == []


@pytest.mark.parametrize("damage", [lambda p: p.write_bytes(b"rotten"), lambda p: p.unlink()], ids=["rotten", "gone"])
def test_a_backup_whose_files_are_damaged_or_missing_is_refused(
    t: Twin, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    digest = t.files.put(b"a grid")
    box_ = BBox(106, 11, 107, 12)
    layer = Layer("depth", "Độ sâu", kind=LayerKind.RASTER, geometry_type="")
    t.store.put_rasters(
        [RasterItem("depth", digest, "EPSG:4326", box_, day(0), None, "m", 0.0, 1.0)], SOURCE, define=[layer]
    )
    t.backup(tmp_path / "kept")
    damage(tmp_path / "kept" / "twin.files" / digest[:2] / digest)
    with pytest.raises(StoreError, match=digest):
        restore(tmp_path / "kept", tmp_path / "new.duckdb")
    assert list(tmp_path.glob("*new*")) == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        create(tmp_path / "file" / "city.duckdb")


def test_a_server_address_is_refused_until_there_is_a_store_for_it() -> None:
    with pytest.raises(ParameterError, match="files only"):
        twin.open("postgresql://user:secret@127.0.0.1/city")
