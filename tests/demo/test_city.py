"""The synthetic city as drawn: its proportions, its plans, its parcels. All areas in EPSG:9212."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import shapely
from shapely import STRtree

from api.demo import assets, catalogue, ground, national, parcels, planning, streets
from api.demo.build import CONTENTS, Content
from api.demo.frame import CRS, placed, placed_changes
from layers.styles import check_style
from twin.geo.crs import to_wgs84
from twin.model.layer import FeatureChange

ROOT = Path(__file__).parent.parent.parent


def areas(changes: list[FeatureChange]) -> list[shapely.Geometry]:
    return [c.geometry for c in changes if c.geometry is not None]


def largest_overlap(found: list[shapely.Geometry]) -> float:
    pairs = STRtree(found).query(found, predicate="intersects")
    return max((found[a].intersection(found[b]).area for a, b in pairs.T if a < b), default=0.0)


@pytest.fixture(scope="module")
def parcels_now() -> list[FeatureChange]:
    """Parcels after the later register, as a plain replay of both registers."""
    now = {c.fid: c for c in parcels.first_register()}
    for change in parcels.later_register():
        now[change.fid] = change
    return [c for c in placed_changes(list(now.values())) if c.properties is not None]


def test_the_planned_area_is_167_32_square_kilometres() -> None:
    assert placed([ground.city()])[0].area / 1e6 == pytest.approx(167.32, abs=0.005)
    general = next(p for p in planning.plans() if p.level == "general")
    assert placed([general.area])[0].area / 1e6 == pytest.approx(167.32, abs=0.005)


def test_the_city_lies_at_dong_xoai() -> None:
    centre = to_wgs84(placed([ground.city().centroid]), CRS)[0]
    assert centre.x == pytest.approx(106.90, abs=0.03)
    assert centre.y == pytest.approx(11.53, abs=0.03)


def test_eight_wards_and_communes_of_today_tile_the_city() -> None:
    today = [c for c in placed_changes(ground.communes()) if c.valid_to is None]
    assert len(today) == 8
    assert sum(a.area for a in areas(today)) / 1e6 == pytest.approx(167.32, abs=0.005)
    assert shapely.union_all(areas(today)).area / 1e6 == pytest.approx(167.32, abs=0.005)
    assert {c.properties["name"] for c in today} >= {"Phường Bình Phước", "Phường Đồng Xoài"}
    assert all(isinstance(c.properties["population"], int) for c in today)


def test_the_former_units_tile_the_same_city_until_july_2025() -> None:
    former = [c for c in placed_changes(ground.communes()) if c.valid_to is not None]
    assert sum(a.area for a in areas(former)) / 1e6 == pytest.approx(167.32, abs=0.005)
    assert {c.valid_to.isoformat() for c in former} == {"2025-06-30T17:00:00+00:00"}


def test_there_are_1_general_5_subdivision_and_60_detailed_plans() -> None:
    assert Counter(p.level for p in planning.plans()) == {"general": 1, "subdivision": 5, "detailed": 60}
    assert len({p.code for p in planning.plans()}) == 66


def test_every_decided_plan_has_a_number_a_date_and_an_authority() -> None:
    for plan in planning.plans():
        if plan.code != planning.UNDECIDED:
            assert plan.decision, plan.code
            assert plan.decision_date is not None, plan.code
            assert plan.authority, plan.code


def test_zones_of_every_plan_tile_it_without_gap_or_overlap() -> None:
    by_plan: dict[str, list[shapely.Geometry]] = {}
    for zone in planning.zones():
        by_plan.setdefault(zone.plan, []).append(zone.area)
    for plan in planning.plans():
        parts = by_plan[plan.code]
        assert all(p.is_valid and p.area > 0 for p in parts), plan.code
        assert sum(p.area for p in parts) == pytest.approx(plan.area.area, abs=0.01), plan.code
        assert shapely.union_all(parts).symmetric_difference(plan.area).area < 0.01, plan.code


def test_subdivision_plans_do_not_overlap() -> None:
    plans = [p.area for p in planning.plans() if p.level == "subdivision"]
    assert shapely.union_all(plans).area == pytest.approx(sum(p.area for p in plans), abs=0.01)


def test_figures_of_detailed_zones_stay_within_those_of_their_function() -> None:
    for change in planning.zone_features():
        p = change.properties
        if p["far_max"] is not None:
            assert p["far_max"] == pytest.approx(p["density_max"] * p["floors_max"] / 100)
            assert 0 <= p["floors_min"] <= p["floors_max"]
            assert p["far_max"] <= 7


def test_the_land_use_layer_tiles_the_city() -> None:
    found = areas(placed_changes(planning.land_use()))
    assert sum(a.area for a in found) / 1e6 == pytest.approx(167.32, abs=0.005)
    assert largest_overlap(found) < 1e-3
    assert all(placed([ground.city()])[0].buffer(0.01).covers(a) for a in found)


def test_parcels_do_not_overlap(parcels_now: list[FeatureChange]) -> None:
    found = areas(parcels_now)
    assert 8_000 < len(found) < 14_000
    assert largest_overlap(found) < 1e-4
    assert all(a.is_valid for a in found)


def test_parcel_numbers_are_unique_in_a_commune_and_in_a_former_one(parcels_now: list[FeatureChange]) -> None:
    def most(*keys: str) -> int:
        return max(Counter(tuple(c.properties[k] for k in keys) for c in parcels_now).values())

    assert most("commune_code", "sheet", "plot") == 1
    assert most("commune", "old_commune", "old_sheet", "old_plot") == 1
    # What the merger did: the same number stood in several former units.
    assert most("commune", "old_sheet", "old_plot") > 1


def test_a_parcel_lies_in_the_commune_it_names(parcels_now: list[FeatureChange]) -> None:
    homes = {c.properties["name"]: c.geometry for c in placed_changes(ground.communes()) if c.valid_to is None}
    for change in parcels_now[::97]:
        assert homes[change.properties["commune"]].contains(change.geometry.representative_point()), change.fid


def test_parcels_name_no_person() -> None:
    layer = next(x for x in catalogue.layers() if x.name == "parcels")
    assert not {f.name for f in layer.fields} & {"owner", "chu_su_dung", "owner_name"}
    declared = {f.name for f in layer.fields}
    assert set().union(*(c.properties or {} for c in parcels.later_register())) <= declared


@pytest.mark.parametrize("content", CONTENTS, ids=lambda c: c.source + " " + c.layer)
def test_every_geometry_delivered_is_valid(content: Content) -> None:
    drawn = placed_changes(content.draw()) if content.on_sheet else content.draw()
    assert drawn
    assert all(g.is_valid and not g.is_empty for g in areas(drawn))


def test_51_lamps_stand_16_on_ly_thuong_kiet_and_35_on_le_duan() -> None:
    assert Counter(x.street for x in assets.lamps()) == {"Đường Lý Thường Kiệt": 16, "Đường Lê Duẩn": 35}
    lines = {name: streets.axis_line(streets.axis_named(name.removeprefix("Đường "))) for name in
             ("Đường Lý Thường Kiệt", "Đường Lê Duẩn")}  # fmt: skip
    for lamp in assets.lamps():
        assert lines[lamp.street].distance(lamp.place) < streets.axis_named("Lê Duẩn").width_m / 2, lamp.uid
    fed = {c.fid: c.properties["lamps"] for c in assets.feeders()}
    assert fed == {"F1": 16, "F2": 35}


def test_there_are_205_analytic_1_high_and_853_plain_cameras_each_with_its_view() -> None:
    assert Counter(c.kind for c in assets.cameras()) == {"analytic": 205, "ptz": 1, "plain": 853}
    views = {c.fid: c.geometry for c in assets.camera_views()}
    for camera in assets.cameras():
        sector = views[camera.uid]
        assert sector.is_valid
        assert sector.distance(camera.place) < 1e-9
        assert sector.area == pytest.approx(3.14159 * camera.range_m**2 * camera.angle_deg / 360, rel=0.03)


def test_bridge_11_carries_ly_thuong_kiet_over_the_suoi_rat_with_the_flood_station_on_it() -> None:
    bridge = next(c for c in streets.bridges() if c.fid == "cau-11")
    assert bridge.properties["road"] == "Đường Lý Thường Kiệt"
    assert bridge.geometry.intersects(ground.suoi_rat())
    stations = [s for s in assets.gauge_sites().values() if s[1] == "trạm lũ"]
    assert len(stations) == 1
    assert bridge.geometry.distance(stations[0][2]) < 20


def test_buildings_stand_on_parcels_and_have_heights() -> None:
    plots = {p.fid: p.area for p in parcels.plots()}
    for change in assets.buildings():
        assert plots[change.fid.removeprefix("nha-")].buffer(1e-6).covers(change.geometry)
        assert change.properties["height_m"] == pytest.approx(3.4 * change.properties["storeys"] + 1.1)


def test_the_overview_shows_both_archipelagos_by_their_names() -> None:
    names = {c.properties["name"]: c.geometry for c in national.place_names()}
    hoang_sa, truong_sa = names["Quần đảo Hoàng Sa (Đà Nẵng)"], names["Quần đảo Trường Sa (Khánh Hòa)"]
    assert (hoang_sa.x, hoang_sa.y) == (112.0, 16.5)
    assert (truong_sa.x, truong_sa.y) == (114.0, 10.0)
    drawn = {c.properties["name"] for c in national.provinces_overview()}
    assert {national.HOANG_SA, national.TRUONG_SA} <= drawn


@pytest.mark.parametrize("layer", catalogue.layers(), ids=lambda x: x.name)
def test_every_layer_says_that_it_is_synthetic_and_has_a_sound_style(layer: object) -> None:
    assert layer.synthetic
    assert "tổng hợp" in layer.description.lower()
    assert layer.title
    assert layer.title_en
    check_style(layer.style)


DIGEST = """
import hashlib, sys, tempfile
from pathlib import Path
from api.demo.build import CONTENTS
from api.demo.frame import placed_changes
from api.demo.terrain import write_terrain
from api.demo.things import thing_specs
from api.demo.trial import write_wrong_meridian
h = hashlib.sha256()
for content in CONTENTS:
    changes = placed_changes(content.draw()) if content.on_sheet else content.draw()
    for c in changes:
        h.update(repr((content.layer, c.fid, c.geometry and c.geometry.wkb, c.properties, c.valid_from)).encode())
for spec in thing_specs():
    h.update(repr((spec.uid, spec.geometry.wkb, spec.properties, spec.devices)).encode())
folder = Path(tempfile.mkdtemp())
write_terrain(folder / "t.tif")
h.update((folder / "t.tif").read_bytes())
h.update(write_wrong_meridian(folder).read_bytes())
sys.stdout.write(h.hexdigest())
"""


def test_two_builds_in_processes_of_their_own_are_equal_to_the_byte() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST], env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, check=True, cwd=ROOT,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(digests) == 1
    assert len(digests.pop()) == 64


def test_features_hold_nothing_that_their_layer_does_not_declare() -> None:
    declared = {x.name: {f.name for f in x.fields} for x in catalogue.layers()}
    for content in CONTENTS:
        for change in content.draw():
            assert set(change.properties or {}) <= declared[content.layer], (content.layer, change.fid)


def test_there_are_exactly_13_174_parcels_as_the_documentation_says() -> None:
    assert len(parcels.plots()) == 13_174
    assert "13 174" in (ROOT / "docs" / "demo.md").read_text(encoding="utf-8")
