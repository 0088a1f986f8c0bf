from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import ParameterError
from twin.geo.crs import to_wgs84
from twin.geo.geodesy import (
    box_around,
    distance_between,
    geodesic_area,
    geodesic_circle,
    geodesic_distance,
    geodesic_distances,
    geodesic_length,
)
from twin.types import LonLat


def test_a_hectare_in_the_field_is_a_hectare() -> None:
    # On the central meridian the TM-3 scale is 0.9999: 100 m on the grid are 100.01 m on the ground; the
    # datum shift changes lengths by about one in a million.
    square = shapely.box(500_000, 1_270_000, 500_100, 1_270_100)
    (there,) = to_wgs84([square], "EPSG:9212")
    assert geodesic_area(there) == pytest.approx(10_000 / 0.9999**2, rel=4e-6)
    assert geodesic_length(there) == pytest.approx(400 / 0.9999, rel=2e-6)


def test_a_degree_of_the_meridian_has_its_published_length() -> None:
    # WGS 84: 110 574.4 m from 0° to 1° of latitude; 111 319.491 m for 1° of longitude on the equator.
    assert distance_between(LonLat(105, 0), LonLat(105, 1)) == pytest.approx(110_574.389, abs=0.01)
    assert distance_between(LonLat(105, 0), LonLat(106, 0)) == pytest.approx(111_319.491, abs=0.01)


def test_holes_and_orientation_do_not_disturb_areas() -> None:
    outer = [(106.0, 11.0), (106.01, 11.0), (106.01, 11.01), (106.0, 11.01)]
    inner = [(106.004, 11.004), (106.006, 11.004), (106.006, 11.006), (106.004, 11.006)]
    whole, hole = geodesic_area(shapely.Polygon(outer)), geodesic_area(shapely.Polygon(inner))
    for ring in (inner, inner[::-1]):
        for shell in (outer, outer[::-1]):
            assert geodesic_area(shapely.Polygon(shell, [ring])) == pytest.approx(whole - hole, rel=1e-9)
    collection = shapely.GeometryCollection([shapely.MultiPolygon([shapely.Polygon(outer)]), shapely.Point(106, 11)])
    assert geodesic_area(collection) == pytest.approx(whole, rel=1e-12)
    assert geodesic_area(shapely.LineString(outer)) == 0


def test_inside_a_polygon_the_distance_is_zero() -> None:
    assert geodesic_distance(LonLat(106.5, 11.5), shapely.box(106, 11, 107, 12)) == 0


def test_the_foot_of_the_perpendicular_counts_not_the_vertices() -> None:
    # The meridian is a geodesic; the nearest point of this 200 km line lies due east of the point.
    line = shapely.LineString([(106.0, 11.0), (106.0, 13.0)])
    d = geodesic_distance(LonLat(105.9, 12.0), line)
    assert d == pytest.approx(distance_between(LonLat(105.9, 12.0), LonLat(106.0, 12.0)), abs=0.1)


def test_an_empty_geometry_is_infinitely_far() -> None:
    assert math.isinf(geodesic_distances(LonLat(106, 11), [shapely.Point(), shapely.Point(106, 11)])[0])
    assert len(geodesic_distances(LonLat(106, 11), [])) == 0


@settings(max_examples=50, deadline=None)
@given(lon=st.floats(-180, 180), lat=st.floats(-89, 89), metres=st.floats(0.1, 50_000))
def test_the_box_covers_the_circle(lon: float, lat: float, metres: float) -> None:
    centre = LonLat(lon, lat)
    ring = shapely.get_coordinates(geodesic_circle(centre, metres))
    box = box_around(centre, metres)
    assert (ring[:, 0] >= box.west - 1e-9).all()
    assert (ring[:, 0] <= box.east + 1e-9).all()
    assert (ring[:, 1] >= box.south - 1e-9).all()
    assert (ring[:, 1] <= box.north + 1e-9).all()


def test_the_circle_is_round_on_the_ground() -> None:
    centre = LonLat(106.9, 11.5)
    for lon, lat in shapely.get_coordinates(geodesic_circle(centre, 200.0)):
        assert distance_between(centre, LonLat(lon, lat)) == pytest.approx(200, abs=1e-6)
    assert shapely.is_ccw(geodesic_circle(centre, 200.0).exterior)


@pytest.mark.parametrize("metres", [-1.0, np.nan, np.inf])
def test_a_distance_that_is_none_is_refused(metres: float) -> None:
    with pytest.raises(ParameterError):
        box_around(LonLat(106, 11), metres)
