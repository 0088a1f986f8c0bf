"""What real models say, against what is known of them by hand, from their publishers or by another path."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from pyproj import Geod

from bim.findings import Severity
from bim.model import BuildingModel, read_model
from bim.placement import PlacementSource
from twin.geo.crs import geodesic_area

pytestmark = pytest.mark.data

ReadModel = Callable[[str], BuildingModel]
GEOD = Geod(ellps="WGS84")


def warnings_of(model: BuildingModel) -> list[str]:
    return [f.code for f in model.findings if f.severity is Severity.WARNING]


def test_fzk_haus_has_two_storeys_on_ten_by_twelve_metres(real_model: ReadModel) -> None:
    model = real_model("AC20-FZK-Haus.ifc")
    house = model.buildings[0]
    assert (model.schema, model.length_unit_m, house.name) == ("IFC4", 1.0, "FZK-Haus")
    assert [(s.name, s.elevation_m) for s in house.storeys] == [("Erdgeschoss", 0.0), ("Dachgeschoss", 2.7)]
    assert house.footprint_m2 == pytest.approx(120.0, abs=0.01)
    assert house.footprint_from == "walls and slabs"


def test_fzk_haus_is_as_high_as_its_roof_by_hand(real_model: ReadModel) -> None:
    """Eaves underside 2.911 m, 0.2 m of roof at 30°, 5.5 m from eaves to ridge; published as 6.52 m from the slab."""
    house = real_model("AC20-FZK-Haus.ifc").buildings[0]
    slope = math.radians(30)
    ridge = 2.911 + 0.2 / math.cos(slope) + 5.5 * math.tan(slope)
    assert house.height_m == pytest.approx(ridge, abs=0.002)
    assert house.depth_m == pytest.approx(0.2)
    assert house.height_m + house.depth_m == pytest.approx(6.52, abs=0.005)


def test_fzk_haus_stands_by_latitude_longitude_and_true_north(real_model: ReadModel) -> None:
    model = real_model("AC20-FZK-Haus.ifc")
    assert model.placement is not None
    assert model.placement.source is PlacementSource.SITE_POSITION
    corners = model.buildings[0].footprint_wgs84.exterior.coords
    lon, lat = min(corners, key=lambda c: GEOD.inv(c[0], c[1], 8.436539, 49.100435)[2])
    assert GEOD.inv(lon, lat, 8.436539, 49.100435)[2] < 0.01
    # TrueNorth (0.766, 0.643) lies 40° from the x axis, so that axis bears 40°.
    assert model.placement.x_axis_azimuth_deg == pytest.approx(40.0, abs=0.01)
    assert warnings_of(model) == []


def test_fzk_haus_keeps_its_area_on_earth(real_model: ReadModel) -> None:
    outline = real_model("AC20-FZK-Haus.ifc").buildings[0].footprint_wgs84
    assert geodesic_area(outline) == pytest.approx(120.0, rel=1e-4)


def test_fzk_haus_spaces_measure_what_their_author_declared(real_model: ReadModel) -> None:
    ground, attic = real_model("AC20-FZK-Haus.ifc").buildings[0].storeys
    # 11.4 m x 9.4 m inside the outer walls of the attic.
    assert attic.space_area_m2 == pytest.approx(11.4 * 9.4, abs=0.01)
    assert len(ground.space_ids) == 6
    # GrossFloorArea of the six rooms in the file, which the reader does not look at.
    declared = 22.0725 + 12.5027 + 12.985 + 25.98855 + 11.5314 + 16.30545
    assert ground.space_area_m2 == pytest.approx(declared, abs=1e-3)


@pytest.mark.parametrize("name", ["Duplex_A_20110907.ifc", "Duplex_A_20110907_georeferenced.ifc"])
def test_both_duplex_models_have_the_same_four_storeys_outline_and_height(real_model: ReadModel, name: str) -> None:
    model = real_model(name)
    house = model.buildings[0]
    assert model.schema == "IFC2X3"
    assert [s.name for s in house.storeys] == ["T/FDN", "Level 1", "Level 2", "Roof"]
    assert [s.elevation_m for s in house.storeys] == pytest.approx([-1.25, 0.0, 3.1, 6.0])
    # Outer faces of the walls: 8.8 m by 17.8 m; the two garden terraces on grade do not count.
    assert house.footprint_m2 == pytest.approx(8.8 * 17.8, abs=0.01)
    assert house.depth_m == pytest.approx(1.25 + 0.30)
    assert 6.0 < house.height_m < 7.0


def test_the_plain_duplex_stands_in_chicago(real_model: ReadModel) -> None:
    placement = real_model("Duplex_A_20110907.ifc").placement
    assert placement is not None
    assert placement.position is not None
    assert (placement.position.lat, placement.position.lon) == pytest.approx((41.874, -87.639), abs=0.001)


def test_the_georeferenced_duplex_stands_in_luxembourg_and_the_contradiction_is_said(
    real_model: ReadModel,
) -> None:
    model = real_model("Duplex_A_20110907_georeferenced.ifc")
    assert model.placement is not None
    assert model.placement.source is PlacementSource.PROPERTY_SETS
    assert model.placement.crs == "EPSG:9897"
    assert model.placement.position is not None
    assert (model.placement.position.lat, model.placement.position.lon) == pytest.approx((49.629, 6.122), abs=0.001)
    finding = next(f for f in model.findings if f.code == "placements-disagree")
    assert "6,859" in finding.message
    assert "Used is ePSet_MapConversion" in finding.message


def test_the_georeferenced_duplex_can_be_put_in_chicago_on_demand(shared_data: Path) -> None:
    path = shared_data / "ifc" / "Duplex_A_20110907_georeferenced.ifc"
    model = read_model(path, placement="site-position")
    assert model.placement is not None
    assert model.placement.position is not None
    assert model.placement.position.lat == pytest.approx(41.874, abs=0.001)


def test_the_sample_house_is_read_from_millimetres(real_model: ReadModel) -> None:
    model = real_model("Ifc4_SampleHouse.ifc")
    house = model.buildings[0]
    assert (model.length_unit, model.length_unit_m) == ("MILLIMETRE", 0.001)
    assert [(s.name, s.elevation_m) for s in house.storeys] == [("Ground Floor", 0.0), ("Roof", 2.5)]
    assert 3.0 < house.height_m < 4.0
    assert 70.0 < house.footprint_m2 < 100.0
    # The site is stated at 51°30'00.549316" N, 0°07'34.450321" W.
    assert model.placement is not None
    assert model.placement.position is not None
    distance = GEOD.inv(model.placement.position.lon, model.placement.position.lat, -0.126236200, 51.500152588)[2]
    assert distance < 10.0


def test_a_millimetre_project_with_scale_1000_lands_where_its_latitude_says(real_model: ReadModel) -> None:
    model = real_model("geographic-referencing-gk.ifc")
    assert model.placement is not None
    assert model.placement.source is PlacementSource.MAP_CONVERSION
    assert model.placement.position is not None
    here = model.placement.position
    assert GEOD.inv(here.lon, here.lat, 8.4336798, 49.0955510)[2] < 5.0
    # 1 m wide as drawn (1000 mm), not a kilometre.
    assert geodesic_area(model.buildings[0].footprint_wgs84) == pytest.approx(1.0, rel=1e-3)
    assert {f.code for f in model.findings} >= {"placements-agree", "placement-reading"}


def test_a_railway_has_no_building_and_says_what_it_holds(real_model: ReadModel) -> None:
    model = real_model("linear-placement-of-signal.ifc")
    assert model.buildings == ()
    message = next(f.message for f in model.findings if f.code == "no-building")
    assert "IfcAlignment" in message
    assert model.placement is None
