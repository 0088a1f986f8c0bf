from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import CrsError
from twin.geo.crs import (
    TM3_ZONES,
    describe,
    from_wgs84,
    is_wgs84,
    metric_crs,
    to_wgs84,
    transform_points,
)

# Published test vectors: E, N and what EPSG:6960 makes of them.
VECTORS = [
    ("EPSG:9210", 601000, 1191000, 106.67529847, 10.76845876),
    ("EPSG:5899", 576000, 1320000, 108.44954929, 11.93525707),
    ("EPSG:5897", 588000, 2325000, 105.84843681, 21.01637771),
    ("EPSG:9218", 450000, 1400000, 108.04147705, 12.65896560),
    ("EPSG:9212", 560000, 1280000, 106.80194215, 11.57397701),
]
EVERY_VN2000 = ["EPSG:3405", "EPSG:3406", *TM3_ZONES]
DEPRECATED = {
    "EPSG:6956": "EPSG:5896",
    "EPSG:6957": "EPSG:5897",
    "EPSG:6958": "EPSG:5898",
    "EPSG:6959": "EPSG:5899",
}
ESRI_PRJ = (
    'PROJCS["VN_2000_TM3_106_15",GEOGCS["GCS_VN_2000",DATUM["D_Vietnam_2000",'
    'SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",106.25],PARAMETER["Scale_Factor",0.9999],PARAMETER["Latitude_Of_Origin",0.0],'
    'UNIT["Meter",1.0]]'
)
PROJ_STRING = (
    "+proj=tmerc +lat_0=0 +lon_0=106.25 +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84 +towgs84=-191.90441429,"
    "-39.30318279,-111.45032835,0.00928836,-0.01975479,0.00427372,0.252906278 +units=m +no_defs"
)


@pytest.mark.parametrize(("crs", "east", "north", "lon", "lat"), VECTORS)
def test_vn2000_reaches_wgs84_by_the_official_parameters(
    crs: str, east: float, north: float, lon: float, lat: float
) -> None:
    got_lon, got_lat = transform_points(east, north, crs, "EPSG:4326")
    assert got_lon[0] == pytest.approx(lon, abs=1e-8)
    assert got_lat[0] == pytest.approx(lat, abs=1e-8)


@settings(max_examples=60, deadline=None)
@given(
    crs=st.sampled_from([*EVERY_VN2000, *DEPRECATED, ESRI_PRJ, PROJ_STRING]),
    east=st.floats(300_000, 700_000),
    north=st.floats(930_000, 2_590_000),
)
def test_a_round_trip_through_wgs84_moves_nothing_by_a_millimetre(crs: str, east: float, north: float) -> None:
    lon, lat = transform_points(east, north, crs, "EPSG:4326")
    back_e, back_n = transform_points(lon, lat, "EPSG:4326", crs)
    assert np.hypot(back_e[0] - east, back_n[0] - north) < 1e-5


def test_there_is_no_step_in_ho_chi_minh_city_where_the_automatic_choice_jumps() -> None:
    lat = np.linspace(11.039, 11.041, 201)
    lon = np.full_like(lat, 106.6)
    east, north = transform_points(lon, lat, "EPSG:4326", "EPSG:9210")
    steps = np.diff(north)
    assert np.ptp(steps) < 1e-3
    assert np.ptp(np.diff(east)) < 1e-3


def test_every_path_to_vn2000_is_the_pinned_one() -> None:
    for crs in ["EPSG:4756", *EVERY_VN2000, *DEPRECATED, ESRI_PRJ, PROJ_STRING]:
        info = describe(crs)
        assert info.vn2000, crs
        assert "6960" in info.operation, crs
        assert not info.ballpark, crs


@pytest.mark.parametrize(("old", "new"), DEPRECATED.items())
def test_deprecated_codes_mean_the_same_place(old: str, new: str) -> None:
    assert np.allclose(
        transform_points(520_000, 1_500_000, old, "EPSG:4326"),
        transform_points(520_000, 1_500_000, new, "EPSG:4326"),
        rtol=0,
        atol=1e-12,
    )


@pytest.mark.parametrize("text", [ESRI_PRJ, PROJ_STRING])
def test_vn2000_written_by_other_software_is_recognised(text: str) -> None:
    lon, lat = transform_points(560_000, 1_280_000, text, "EPSG:4326")
    assert lon[0] == pytest.approx(106.80194215, abs=1e-8)
    assert lat[0] == pytest.approx(11.57397701, abs=1e-8)


def test_geographic_vn2000_is_about_two_hundred_metres_from_wgs84() -> None:
    (moved,) = to_wgs84([shapely.Point(106.8, 11.57)], "EPSG:4756")
    # The published distance without the shift is 222 to 226 m.
    metres = np.hypot((moved.x - 106.8) * 109_100, (moved.y - 11.57) * 110_600)
    assert 221 < metres < 227


def test_axes_are_east_then_north_even_where_the_authority_says_otherwise() -> None:
    # Gauss-Kruger zone 3 lists northing first; the axis-swapped reading would land in the sea off Africa.
    (point,) = to_wgs84([shapely.Point(3_458_715.92, 5_439_966.65)], "EPSG:31467")
    assert point.x == pytest.approx(8.4337, abs=2e-3)
    assert point.y == pytest.approx(49.0956, abs=2e-3)


def test_a_compound_system_moves_the_plane_and_keeps_heights() -> None:
    (point,) = to_wgs84([shapely.Point(84_500, 446_300, 2.5)], "EPSG:7415")
    (flat,) = to_wgs84([shapely.Point(84_500, 446_300)], "EPSG:28992")
    assert point.z == 2.5
    assert (point.x, point.y) == (flat.x, flat.y)
    assert 4.3 < point.x < 4.4
    assert 51.9 < point.y < 52.1


def test_geometries_keep_kind_order_holes_and_emptiness() -> None:
    donut = shapely.Point(500_000, 1_300_000).buffer(100).difference(shapely.Point(500_000, 1_300_000).buffer(50))
    given_ = [donut, shapely.Point(), shapely.LineString([(500_000, 1_300_000, 5), (500_100, 1_300_000, 6)])]
    there = to_wgs84(given_, "EPSG:9212")
    back = from_wgs84(there, "EPSG:9212")
    assert [g.geom_type for g in there] == ["Polygon", "Point", "LineString"]
    assert len(there[0].interiors) == 1
    assert there[1].is_empty
    assert shapely.get_coordinates(there[2], include_z=True)[:, 2].tolist() == [5, 6]
    assert shapely.hausdorff_distance(back[0], donut) < 1e-3


@pytest.mark.parametrize("crs", ["EPSG:4326", "OGC:CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84"])
def test_wgs84_is_left_alone(crs: str) -> None:
    assert is_wgs84(crs)
    assert describe(crs).code == "EPSG:4326"
    point = shapely.Point(106.9, 11.5)
    assert to_wgs84([point], crs) == [point]


@pytest.mark.parametrize("crs", ["", "EPSG:999999", "no such thing", "EPSG:5727", "EPSG:4978"])
def test_a_system_that_places_nothing_on_the_map_is_refused(crs: str) -> None:
    with pytest.raises(CrsError):
        describe(crs)


def test_a_coordinate_outside_a_projection_is_an_error_and_not_infinity() -> None:
    with pytest.raises(CrsError, match="cannot be"):
        transform_points([500_000, 1e12], [0, 1e12], "EPSG:9212", "EPSG:4326")


def test_a_ballpark_path_is_named() -> None:
    local = (
        'GEOGCS["Unknown",DATUM["Unknown survey",SPHEROID["Everest",6377276.345,300.8017]],'
        'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]'
    )
    info = describe(local)
    assert info.ballpark
    assert "hundreds of metres" in info.warning
    assert not describe("EPSG:25832").ballpark
    assert describe("EPSG:27700").accuracy_m == 2.0


def test_the_network_is_off() -> None:
    code = "import twin.geo.crs, pyproj.network; print(pyproj.network.is_network_enabled())"
    env = {**os.environ, "PROJ_NETWORK": "ON"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_threads_get_the_same_answers() -> None:
    def work(i: int) -> bool:
        crs, east, north, lon, lat = VECTORS[i % len(VECTORS)]
        got = transform_points(np.full(500, east), np.full(500, north), crs, "EPSG:4326")
        return bool(np.allclose(got[0], lon, rtol=0, atol=1e-8) and np.allclose(got[1], lat, rtol=0, atol=1e-8))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))


@pytest.mark.parametrize(
    ("lon", "lat", "crs"),
    [
        (106.90, 11.53, "EPSG:9214"),  # Đồng Xoài: 107°00′ is the nearest meridian
        (105.84, 21.02, "EPSG:9210"),
        (108.05, 12.67, "EPSG:5898"),
        (112.0, 16.5, "EPSG:3406"),  # Hoàng Sa
        (114.3, 10.2, "EPSG:32650"),  # Trường Sa, east of 114°
        (-71.1, 42.37, "EPSG:32619"),
        (151.75, -32.95, "EPSG:32756"),
    ],
)
def test_the_metric_system_is_the_local_zone(lon: float, lat: float, crs: str) -> None:
    assert metric_crs(lon, lat) == crs
