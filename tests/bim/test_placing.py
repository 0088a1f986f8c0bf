"""Each statement about a place by itself, and how they are compared; answers worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bim.findings import Severity
from bim.ifc.raw import RawMapConversion, RawModel, RawSite
from bim.placement import GivenPlacement, PlacementSource
from bim.placing import place
from bim.statements import degrees
from twin.errors import CrsError, ParameterError
from twin.geo.crs import transform_points

MODEL = RawModel(
    schema="IFC4",
    application="",
    project_name="",
    length_unit="METRE",
    length_unit_m=1.0,
    unit_declared=True,
    true_north=None,
    world_offset=False,
    map_conversions=(),
    sites=(),
    buildings=(),
    elements_outside=0,
    other_content=(),
    text_lost=False,
)
CONVERSION = RawMapConversion(
    kind="IfcMapConversion",
    entity="#1",
    crs_name="EPSG:9212",
    crs_wkt="",
    crs_description="",
    eastings=560_000.0,
    northings=1_275_000.0,
    height=0.0,
    x_axis=(1.0, 0.0),
    scale=1.0,
    map_unit_m=1.0,
)
# 11°31'43.6" N, 106°48'6.7" E is where that point lies.
SITE = RawSite("0000000000000000000007", (11, 31, 43, 600000), (106, 48, 6, 700000), None, (0.0, 0.0, 0.0))
MILLIMETRES = replace(MODEL, length_unit="MILLIMETRE", length_unit_m=0.001)
CENTRE = (0.0, 0.0)


def with_conversion(model: RawModel = MODEL, **changes: object) -> RawModel:
    return replace(model, map_conversions=(replace(CONVERSION, **changes),))


def codes(raw: RawModel, **wanted: object) -> list[str]:
    return [f.code for f in place(raw, CENTRE, **wanted).findings]


@pytest.mark.parametrize(
    ("parts", "value", "mixed"),
    [
        ((49, 6, 1, 566000), 49.100435, False),
        ((-87, -38, -21, -839999), -87.6393999997, False),
        ((0, -7, -34), -0.126111, False),
        ((10, 30), 10.5, False),
        ((-10, 30, 0), -9.5, True),
    ],
)
def test_compound_angles_become_degrees(parts: tuple[int, ...], value: float, mixed: bool) -> None:
    assert degrees(parts) == (pytest.approx(value, abs=1e-6), mixed)


@pytest.mark.parametrize(
    ("model", "scale", "noted"),
    [
        (MODEL, 1.0, False),
        (MODEL, 0.9999, False),
        (MILLIMETRES, 0.001, False),
        (MILLIMETRES, 1.0, True),
        (MILLIMETRES, 1000.0, True),
    ],
)
def test_a_metre_of_the_model_is_a_metre_of_the_map_however_scale_is_written(
    model: RawModel, scale: float, noted: bool
) -> None:
    chosen = place(with_conversion(model, scale=scale), CENTRE).chosen
    assert chosen is not None
    assert chosen.scale == pytest.approx(1.0, abs=2e-4)
    assert bool(chosen.notes) is noted


def test_a_scale_that_fits_no_reading_is_not_believed() -> None:
    placing = place(with_conversion(scale=7.0), CENTRE)
    assert placing.chosen is None
    assert "Scale 7 fits no reading" in placing.findings[0].message


@pytest.mark.parametrize(
    ("eastings", "northings", "noted"),
    [(560_000_000.0, 1_275_000_000.0, False), (560_000.0, 1_275_000.0, True)],
)
def test_coordinates_without_a_unit_are_in_the_project_unit_unless_only_metres_fit(
    eastings: float, northings: float, noted: bool
) -> None:
    raw = with_conversion(MILLIMETRES, eastings=eastings, northings=northings, map_unit_m=None, scale=0.001)
    chosen = place(raw, CENTRE).chosen
    assert chosen is not None
    assert (chosen.easting, chosen.northing) == pytest.approx((560_000.0, 1_275_000.0))
    assert bool(chosen.notes) is noted


def test_a_quarter_turn_carries_the_x_axis_north() -> None:
    chosen = place(with_conversion(x_axis=(0.0, 2.0)), (10.0, 0.0)).chosen
    assert chosen is not None
    lon, lat = transform_points([560_000.0], [1_275_010.0], "EPSG:9212", "EPSG:4326")
    assert chosen.position is not None
    assert (chosen.position.lon, chosen.position.lat) == pytest.approx((lon[0], lat[0]), abs=1e-9)
    assert chosen.rotation_deg == pytest.approx(90.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"crs_name": "VN-2000 địa phương"},
        {"crs_name": "EPSG:4326"},
        {"crs_name": ""},
        {"eastings": 0.0, "northings": 0.0},
        {"x_axis": (0.0, 0.0)},
    ],
)
def test_a_conversion_that_cannot_be_right_is_left_out_and_said(changes: dict[str, object]) -> None:
    placing = place(with_conversion(**changes), CENTRE)
    assert placing.chosen is None
    assert [f.code for f in placing.findings] == ["placement-doubtful", "no-placement"]


@pytest.mark.parametrize(
    ("name", "description"),
    [("EPSG:9212", ""), ("epsg 9212", ""), ("urn:ogc:def:crs:EPSG::9212", ""), ("VN2000", "EPSG:9212")],
)
def test_a_system_is_found_by_the_ways_people_write_it(name: str, description: str) -> None:
    chosen = place(with_conversion(crs_name=name, crs_description=description), CENTRE).chosen
    assert chosen is not None
    assert chosen.crs == "EPSG:9212"


def test_a_given_crs_replaces_the_one_of_the_file() -> None:
    chosen = place(with_conversion(crs_name="unknown"), CENTRE, crs="EPSG:9210").chosen
    assert chosen is not None
    assert chosen.crs == "EPSG:9210"


def test_a_given_crs_places_a_model_drawn_in_map_coordinates() -> None:
    chosen = place(MODEL, (560_000.0, 1_275_000.0), crs="EPSG:9212").chosen
    assert chosen is not None
    assert chosen.source is PlacementSource.MODEL_COORDINATES
    assert chosen.position is not None
    assert (chosen.position.lat, chosen.position.lon) == pytest.approx((11.52877, 106.80185), abs=1e-4)


def test_a_crs_in_degrees_is_refused() -> None:
    with pytest.raises(CrsError, match="no projected"):
        place(MODEL, CENTRE, crs="EPSG:4326")


def test_true_north_turns_a_model_that_has_only_latitude_and_longitude() -> None:
    # North along the model's x axis: its x axis points north, its y axis west.
    chosen = place(replace(MODEL, sites=(SITE,), true_north=(1.0, 0.0)), (100.0, 0.0)).chosen
    assert chosen is not None
    assert chosen.x_axis_azimuth_deg == pytest.approx(0.0, abs=1e-6)
    assert chosen.position is not None
    assert chosen.position.lon == pytest.approx(106.8018611, abs=1e-6)
    assert chosen.position.lat == pytest.approx(11.5287778 + 100 / 110_600, abs=2e-6)


def test_latitude_and_longitude_are_those_of_the_site_not_of_the_model() -> None:
    site = replace(SITE, origin_m=(100.0, 0.0, 0.0))
    chosen = place(replace(MODEL, sites=(site,)), (100.0, 0.0)).chosen
    assert chosen is not None
    assert chosen.position is not None
    assert (chosen.position.lon, chosen.position.lat) == pytest.approx((106.8018611, 11.5287778), abs=1e-6)


@pytest.mark.parametrize("latitude", [(0, 0, 0), (-11, 31, 43), (95, 0, 0)])
def test_impossible_or_default_positions_are_left_out(latitude: tuple[int, ...]) -> None:
    longitude = (0, 0, 0) if latitude == (0, 0, 0) else SITE.longitude
    site = replace(SITE, latitude=latitude, longitude=longitude)
    assert codes(replace(MODEL, sites=(site,))) == ["placement-doubtful", "no-placement"]


def test_sources_that_agree_are_said_to_agree() -> None:
    placing = place(replace(with_conversion(), sites=(SITE,)), CENTRE)
    assert placing.chosen is not None
    assert placing.chosen.source is PlacementSource.MAP_CONVERSION
    assert [f.code for f in placing.findings] == ["placements-agree"]


def test_a_wrong_meridian_shows_as_a_contradiction_with_the_site() -> None:
    # EPSG:9210 has its meridian half a degree west of EPSG:9212: 54.6 km at this latitude.
    placing = place(replace(with_conversion(crs_name="EPSG:9210"), sites=(SITE,)), CENTRE)
    warning = placing.findings[0]
    assert (warning.code, warning.severity) == ("placements-disagree", Severity.WARNING)
    assert "54.5 km apart" in warning.message
    assert placing.chosen is not None
    assert placing.chosen.crs == "EPSG:9210"


def test_the_same_place_turned_otherwise_is_a_contradiction() -> None:
    raw = replace(with_conversion(x_axis=(0.0, 1.0)), sites=(SITE,), true_north=(0.0, 1.0))
    finding = place(raw, CENTRE).findings[0]
    assert finding.code == "placements-disagree"
    # Grid north lies 0.11° east of true north here: 0.552° east of the meridian times sin 11.53°.
    assert "turn it 89.9° apart" in finding.message


def test_the_caller_may_choose_the_source_or_state_the_place() -> None:
    raw = replace(with_conversion(), sites=(SITE,))
    by_site = place(raw, CENTRE, wanted=PlacementSource.SITE_POSITION).chosen
    given = GivenPlacement("EPSG:9212", 561_000.0, 1_275_000.0)
    stated = place(raw, CENTRE, wanted=given)
    assert by_site is not None
    assert by_site.source is PlacementSource.SITE_POSITION
    assert stated.chosen is not None
    assert stated.chosen.easting == 561_000.0
    assert [f.code for f in stated.findings] == ["placements-disagree", "placements-disagree"]


def test_a_source_that_the_file_lacks_cannot_be_chosen() -> None:
    with pytest.raises(ParameterError, match=r"usable placements are: map-conversion") as caught:
        place(with_conversion(), CENTRE, wanted=PlacementSource.SITE_POSITION)
    assert caught.value.where == "placement"
    with pytest.raises(ParameterError, match="unknown placement 'map'"):
        PlacementSource.parse("map")


def test_a_stated_place_that_is_no_number_is_refused() -> None:
    with pytest.raises(ParameterError, match="not finite"):
        place(MODEL, CENTRE, wanted=GivenPlacement("EPSG:9212", float("nan"), 0.0))


def test_a_context_that_is_itself_moved_is_not_trusted() -> None:
    placing = place(replace(with_conversion(), world_offset=True), CENTRE)
    assert placing.chosen is None
    assert "WorldCoordinateSystem" in placing.findings[0].message


def test_a_file_that_says_nothing_has_no_place() -> None:
    placing = place(MODEL, CENTRE)
    assert placing.chosen is None
    assert placing.candidates == ()
    assert "does not say where the building stands" in placing.findings[0].message
