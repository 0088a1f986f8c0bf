from __future__ import annotations

import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPoint, MultiPolygon, Point, Polygon, box

from layers.mvt import encode_geometries, encode_layer


def decoded(*geometries, properties=None):
    attributes = properties or [{} for _ in geometries]
    tile = encode_layer("demo", np.array(geometries, dtype=object), attributes)
    options = {"y_coord_down": True}
    return mapbox_vector_tile.decode(tile, default_options=options)["demo"]["features"] if tile else []


def test_the_examples_of_the_specification_are_encoded_as_printed() -> None:
    # vector-tile-spec 2.1, section 4.3.5
    point, points, line, polygon = encode_geometries(
        np.array(
            [
                Point(25, 17),
                MultiPoint([(5, 7), (3, 2)]),
                LineString([(2, 2), (2, 10), (10, 10)]),
                Polygon([(3, 6), (8, 12), (20, 34)]),
            ],
            dtype=object,
        )
    )
    assert list(point) == [9, 50, 34]
    assert list(points) == [17, 10, 14, 3, 9]
    assert list(line) == [9, 4, 4, 18, 0, 16, 16, 0]
    assert list(polygon) == [9, 6, 12, 18, 10, 12, 24, 44, 15]


def test_the_multipolygon_of_the_specification_is_encoded_as_printed() -> None:
    first = box(0, 0, 10, 10)
    first = Polygon([(0, 0), (10, 0), (10, 10), (0, 10)])
    second = Polygon([(11, 11), (20, 11), (20, 20), (11, 20)], [[(13, 13), (13, 17), (17, 17), (17, 13)]])
    commands = encode_geometries(np.array([MultiPolygon([first, second])], dtype=object))[0]
    assert list(commands) == [
        9, 0, 0, 26, 20, 0, 0, 20, 19, 0, 15,
        9, 22, 2, 26, 18, 0, 0, 18, 17, 0, 15,
        9, 4, 13, 26, 0, 8, 8, 0, 0, 7, 15,
    ]  # fmt: skip


def test_rings_run_the_way_the_specification_asks_whatever_way_they_came() -> None:
    wrong_way = Polygon([(0, 0), (0, 10), (10, 10), (10, 0)], [[(2, 2), (4, 2), (4, 4), (2, 4)]])
    commands = list(encode_geometries(np.array([wrong_way], dtype=object))[0])
    # (0,0) is now last: the ring starts at (10,0) and goes down first.
    assert commands[:3] == [9, 20, 0]
    (feature,) = decoded(wrong_way)
    assert shapely.geometry.shape(feature["geometry"]).area == 96


def test_what_degenerates_on_the_grid_is_left_out() -> None:
    tiny = Polygon([(5, 5), (5.2, 5), (5.2, 5.2)])
    flat = LineString([(1, 1), (1.3, 1.2)])
    assert decoded(tiny, flat, Polygon(), LineString()) == []
    assert len(decoded(tiny, Point(3, 3), flat)) == 1


def test_attributes_keep_their_type() -> None:
    given_properties = {
        "name": "Lý Thường Kiệt",
        "count": 3,
        "debt": -7,
        "share": 0.25,
        "lit": True,
        "no": None,
    }
    (feature,) = decoded(Point(1, 1), properties=[given_properties])
    expected = {k: v for k, v in given_properties.items() if v is not None}
    assert feature["properties"] == expected
    assert feature["properties"]["lit"] is True


@pytest.mark.parametrize("offset", [-300, 0, 5000])
def test_polygons_beside_each_other_do_not_disturb_each_other(offset: int) -> None:
    shapes = [box(offset + 10 * i, 0, offset + 10 * i + 8, 8 + i) for i in range(40)]
    shapes.insert(3, LineString([(0, 0), (5, 5)]))
    back = [shapely.geometry.shape(f["geometry"]) for f in decoded(*shapes)]
    assert all(a.equals(b) for a, b in zip(shapes, back, strict=True))


coordinate = st.integers(-20_000, 20_000)


@given(st.lists(st.lists(st.tuples(coordinate, coordinate), min_size=2, max_size=20), min_size=1, max_size=5))
def test_lines_survive_the_round_trip(paths) -> None:
    lines = [LineString(path) for path in paths]
    back = decoded(*lines)
    expected = [
        [list(p) for i, p in enumerate(path) if i == 0 or path[i - 1] != p] for path in paths if len(set(path)) > 1
    ]
    assert [[list(p) for p in f["geometry"]["coordinates"]] for f in back] == expected
