from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, Point, box

import twin
from layers.mvt import EXTENT
from layers.tiles import BUFFER, LruCache, TileAddress, TileSource, cut, drawable, encode_tile
from tests.support import SOURCE, citizen, day, staff
from twin.core import create
from twin.errors import NotFoundError
from twin.model.layer import Feature, FeatureChange, Field, FieldType, Layer, LayerKind
from twin.model.view import Access
from twin.store.base import Store

ZONES = Layer(
    "zones",
    "Vùng",
    geometry_type="Polygon",
    access=Access.PUBLIC,
    fields=(
        Field("name", FieldType.STRING),
        Field("code", FieldType.STRING),
        Field("note", FieldType.STRING),
        Field("secret", FieldType.STRING, access=Access.STAFF),
    ),
    style={"fill": {"by": "code", "classes": [{"value": "ODT", "color": "#a57c00"}], "color": "#cccccc"}},
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    create(tmp_path / "t.duckdb")
    with twin.open(tmp_path / "t.duckdb") as t:
        t.store.put_layer(ZONES)
        properties = {"name": "Khu 1", "code": "ODT", "note": "ghi chú", "secret": "kín"}
        t.store.write_features(
            "zones", [FeatureChange("z1", box(106.9, 11.5, 106.91, 11.51), properties, day(0))], SOURCE
        )
        yield t.store


def prepare(shapes: np.ndarray, address: TileAddress):
    return cut(drawable([replace(feature("x", {}), geometry=shape) for shape in shapes]), address)


def address_of(lon: float, lat: float, zoom: int) -> TileAddress:
    """By the rule of the slippy map, written out another way than the code under test."""
    side = 2**zoom
    column = int((lon + 180) / 360 * side)
    sine = np.sin(np.radians(lat))
    row = int((0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)) * side)
    return TileAddress(zoom, column, row)


def test_the_one_tile_of_zoom_0_is_the_square_map() -> None:
    assert TileAddress(0, 0, 0).box().tuple() == pytest.approx((-180, -85.0511287798, 180, 85.0511287798))


def test_a_tile_knows_its_box() -> None:
    # 10/816/479 lies around 106.9 E, 11.5 N: 360°/1024 wide.
    address = address_of(106.9, 11.5, 10)
    found = address.box()
    assert found.east - found.west == pytest.approx(360 / 1024)
    assert found.west <= 106.9 < found.east
    assert found.south < 11.5 <= found.north


@pytest.mark.parametrize("numbers", [(-1, 0, 0), (25, 0, 0), (3, 8, 0), (3, 0, 8), (3, -1, 0)])
def test_a_tile_outside_the_matrix_is_not_there(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(NotFoundError):
        TileAddress(*numbers)


def test_the_middle_of_the_map_is_the_corner_of_four_tiles() -> None:
    (placed,), index = prepare(np.array([Point(0, 0)], dtype=object), TileAddress(1, 1, 1))
    assert (placed.x, placed.y) == (0, 0)
    assert index.tolist() == [0]
    (placed,), _ = prepare(np.array([Point(0, 0)], dtype=object), TileAddress(1, 0, 0))
    assert (placed.x, placed.y) == (EXTENT, EXTENT)


def test_polygons_are_clipped_to_the_tile_and_its_margin() -> None:
    (placed,), _ = prepare(np.array([box(-170, -80, 170, 80)], dtype=object), TileAddress(3, 4, 4))
    assert placed.bounds == (-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)


def test_what_is_smaller_than_half_a_pixel_is_dropped_but_never_a_point() -> None:
    parcel = box(106.9, 11.5, 106.9002, 11.5002)  # 22 m: a pixel of zoom 10 is 76 m
    lane = LineString([(106.9, 11.5), (106.9001, 11.5)])
    things = np.array([parcel, lane, Point(106.9, 11.5)], dtype=object)
    assert prepare(things, address_of(106.9, 11.5, 10))[1].tolist() == [2]
    assert prepare(things, address_of(106.9, 11.5, 17))[1].tolist() == [0, 1, 2]


def test_a_self_crossing_polygon_is_still_drawn() -> None:
    bow = shapely.Polygon([(-170, -80), (170, 80), (170, -80), (-170, 80)])
    address = TileAddress(2, 1, 1)
    placed, _ = prepare(np.array([bow], dtype=object), address)
    assert len(placed) == 1


def feature(fid: str, properties: dict) -> Feature:
    return Feature("zones", fid, box(106.9, 11.5, 106.91, 11.51), properties, day(0), None, day(0), None, 1)


def test_low_zooms_carry_only_what_drawing_needs() -> None:
    shown = feature("z1", {"name": "Khu 1", "code": "ODT", "note": "ghi chú", "undeclared": 1})
    far = mapbox_vector_tile.decode(encode_tile(ZONES, drawable([shown]), address_of(106.905, 11.505, 12)))
    near = mapbox_vector_tile.decode(encode_tile(ZONES, drawable([shown]), address_of(106.905, 11.505, 15)))
    assert far["zones"]["features"][0]["properties"] == {"fid": "z1", "code": "ODT", "name": "Khu 1"}
    assert near["zones"]["features"][0]["properties"]["note"] == "ghi chú"
    assert "undeclared" not in near["zones"]["features"][0]["properties"]


def test_a_hidden_attribute_is_in_no_tile_of_a_citizen(store: Store) -> None:
    source = TileSource(store)
    address = address_of(106.905, 11.505, 15)
    told = {view.viewer.role: source.tile(store.resolve(view), "zones", address) for view in (staff(), citizen())}
    for_staff, for_citizen = told.values()
    assert b"secret" in for_staff.data
    assert b"secret" not in for_citizen.data
    assert "kín".encode() not in for_citizen.data
    assert for_staff.etag != for_citizen.etag


def test_moving_inside_one_interval_keeps_the_tag_and_an_edit_changes_it(store: Store) -> None:
    source = TileSource(store)
    address = address_of(106.905, 11.505, 15)

    def tag(at) -> str:
        return source.tile(store.resolve(citizen(at)), "zones", address).etag

    early, later, before = tag(day(1)), tag(day(2)), tag(day(-1))
    assert early == later
    assert before != early
    assert source.tile(store.resolve(citizen(day(1))), "zones", address, known_etag=early) is None
    store.write_features("zones", [FeatureChange("z1", valid_from=day(1.5))], SOURCE)
    assert tag(day(1)) != early
    assert tag(day(1)) != tag(day(2))
    assert source.tile(store.resolve(citizen(day(2))), "zones", address).data == b""


def test_what_becomes_restricted_is_in_no_tile_any_more_however_it_was_kept(store: Store) -> None:
    source, address = TileSource(store), address_of(106.905, 11.505, 14)
    shape = box(106.904, 11.504, 106.906, 11.506)
    store.write_features("zones", [FeatureChange("barracks", shape, {"code": "ODT"}, day(0))], SOURCE)
    then = store.resolve(citizen()).known_at
    before = source.tile(store.resolve(citizen(day(1))), "zones", address)
    assert before is not None
    assert b"barracks" in before.data
    store.write_features("zones", [FeatureChange("barracks", shape, {"code": "CQP"}, day(0))], SOURCE)
    for view in (citizen(day(1)), citizen(day(1), then)):
        after = source.tile(store.resolve(view), "zones", address)
        assert after is not None
        assert b"barracks" not in after.data
        assert b"z1" in after.data


def test_hiding_an_attribute_changes_the_tag(store: Store) -> None:
    source = TileSource(store)
    address = address_of(106.905, 11.505, 15)
    first = source.tile(store.resolve(citizen()), "zones", address)
    assert b"note" in first.data
    hidden = Layer(
        "zones",
        "Vùng",
        geometry_type="Polygon",
        access=Access.PUBLIC,
        fields=(*ZONES.fields[:2], Field("note", FieldType.STRING, access=Access.STAFF), ZONES.fields[3]),
        style=ZONES.style,
    )
    store.put_layer(hidden)
    second = source.tile(store.resolve(citizen()), "zones", address)
    assert second.etag != first.etag
    assert b"note" not in second.data


def test_an_event_stays_on_the_map_for_its_window(store: Store) -> None:
    store.put_layer(Layer("sightings", "Sự kiện", kind=LayerKind.EVENT, geometry_type="Point", access=Access.PUBLIC))
    store.write_features("sightings", [FeatureChange("e1", Point(106.905, 11.505), {}, day(1), day(1))], SOURCE)
    source = TileSource(store)
    address = address_of(106.905, 11.505, 15)

    def drawn(after: timedelta) -> bool:
        return bool(source.tile(store.resolve(citizen(day(1) + after)), "sightings", address).data)

    assert not drawn(timedelta(minutes=-1))
    assert drawn(timedelta(0))
    assert drawn(timedelta(minutes=59))
    assert not drawn(timedelta(minutes=61))


def test_a_raster_layer_has_no_vector_tiles(store: Store) -> None:
    store.put_layer(Layer("depth", "Độ sâu", kind=LayerKind.RASTER, geometry_type="", access=Access.PUBLIC))
    with pytest.raises(NotFoundError):
        TileSource(store).tile(store.resolve(citizen()), "depth", TileAddress(0, 0, 0))


def test_a_layer_too_large_to_keep_is_read_by_box(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    address = address_of(106.905, 11.505, 15)
    kept = TileSource(store).tile(store.resolve(citizen()), "zones", address)
    monkeypatch.setattr("layers.tiles.KEPT_FEATURES", 0)
    assert TileSource(store).tile(store.resolve(citizen()), "zones", address) == kept


def test_the_cache_forgets_the_least_recently_used_first() -> None:
    cache: LruCache[bytes] = LruCache(10, len)
    cache.put("a", b"1234")
    cache.put("b", b"1234")
    assert cache.get("a") == b"1234"
    cache.put("c", b"1234")
    assert cache.get("b") is None
    assert cache.get("a") == b"1234"
    cache.put("big", b"x" * 20)
    assert cache.get("big") is None
