"""A layer and its first features in one commit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from shapely.geometry import Point
from support import SOURCE, day, staff

from twin.errors import ConflictError, NotFoundError, SchemaError
from twin.model.layer import FeatureChange, Layer, LayerKind, RasterItem, Source
from twin.store.base import Store
from twin.types import BBox

LAMPS = Layer("lamps", "Đèn", geometry_type="Point")


def test_a_layer_can_be_made_with_its_first_features(store: Store, open_store: Callable[[], Store]) -> None:
    before = store.last_seq()
    store.write_features("lamps", [FeatureChange("a", Point(106, 11), {})], SOURCE, define=LAMPS)
    assert store.last_seq() == before + 1
    assert open_store().count_features(staff(), "lamps") == 1


def test_features_that_are_refused_make_no_layer(store: Store) -> None:
    with pytest.raises(SchemaError):
        store.write_features("lamps", [FeatureChange("", Point(106, 11), {})], SOURCE, define=LAMPS)
    with pytest.raises(NotFoundError):
        store.layer(staff(), "lamps")


def test_a_layer_of_another_geometry_is_not_redefined(city: Store) -> None:
    with pytest.raises(ConflictError):
        city.write_features(
            "parcels",
            [FeatureChange("a", Point(106, 11), {})],
            SOURCE,
            define=Layer("parcels", "x", geometry_type="Point"),
        )
    assert city.count_features(staff(), "parcels") == 0


def test_what_the_commit_did_completes_the_source_report(store: Store) -> None:
    source = Source("file", "lamps.csv", report={"rows": 1})
    for expected in ({"stored": 1, "duplicate": 0}, {"stored": 0, "duplicate": 1}):
        commit = store.write_features(
            "lamps", [FeatureChange("a", Point(106, 11), {})], source, define=LAMPS, only_if_changed=True
        )
        report = store.source(staff(), commit.source).report
        assert report["rows"] == 1
        assert {k: report[k] for k in expected} == expected


def grid(layer: str) -> RasterItem:
    return RasterItem(layer, "0" * 64, "EPSG:4326", BBox(106, 11, 107, 12), day(0), None, "m", 0.0, 1.0)


def test_several_layers_of_grids_are_made_with_their_grids_or_not_at_all(store: Store) -> None:
    layers = [Layer(name, name, kind=LayerKind.RASTER, geometry_type="") for name in ("depth", "depth_max")]
    with pytest.raises(NotFoundError):
        store.put_rasters([grid("depth"), grid("nowhere")], SOURCE, define=layers)
    with pytest.raises(NotFoundError):
        store.layer(staff(), "depth")
    before = store.last_seq()
    store.put_rasters([grid("depth"), grid("depth_max")], SOURCE, define=layers)
    assert store.last_seq() == before + 1
    assert [len(store.rasters(staff(), layer.name)) for layer in layers] == [1, 1]
