"""Every planted fault is really there, found by geometry and arithmetic of its own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from api.demo import parcels, planning, signals, things
from api.demo.frame import CRS, placed, placed_changes
from api.demo.trial import write_wrong_meridian
from ingestion.simulated.device import messages
from twin.geo.crs import to_wgs84
from twin.geo.geodesy import distance_between
from twin.types import LonLat

FAULTS = json.loads((Path(__file__).parent / "faults.json").read_text(encoding="utf-8"))
BIRTH = datetime(2026, 11, 23, 14, tzinfo=UTC)


@pytest.fixture(scope="module")
def plan_areas() -> dict[str, shapely.Geometry]:
    plans = planning.plans()
    return dict(zip([p.code for p in plans], placed([p.area for p in plans]), strict=True))


@pytest.fixture(scope="module")
def zones() -> list[tuple[str, str, shapely.Geometry]]:
    found = planning.zones()
    shapes = placed([z.area for z in found])
    return [(z.plan, z.function, a) for z, a in zip(found, shapes, strict=True)]


def test_exactly_two_detailed_plans_overlap_by_the_published_area(plan_areas: dict[str, shapely.Geometry]) -> None:
    detailed = [p for p in planning.plans() if p.level == "detailed" and not p.adjusts]
    overlaps = [
        (a.code, b.code, plan_areas[a.code].intersection(plan_areas[b.code]).area)
        for k, a in enumerate(detailed)
        for b in detailed[k + 1 :]
    ]
    real = [o for o in overlaps if o[2] > 0.01]
    fault = FAULTS["overlapping_plans"]
    assert [list(o[:2]) for o in real] == [fault["plans"]]
    assert real[0][2] == pytest.approx(fault["area_m2"], abs=0.01)
    assert fault["width_m"] * fault["height_m"] == pytest.approx(fault["area_m2"])
    assert {p.status for p in detailed if p.code in fault["plans"]} == {"hieu_luc"}


def test_the_local_adjustment_changes_one_block_of_the_plan_it_adjusts(
    plan_areas: dict[str, shapely.Geometry], zones: list[tuple[str, str, shapely.Geometry]]
) -> None:
    fault = FAULTS["local_adjustment"]
    adjusting = [p for p in planning.plans() if p.adjusts]
    assert [(p.code, p.adjusts, p.decision) for p in adjusting] == [
        (fault["plan"], fault["adjusts"], fault["decision"])
    ]
    assert adjusting[0].decision_date.isoformat() == fault["since"]
    block = plan_areas[fault["plan"]]
    assert block.area == pytest.approx(fault["area_m2"], abs=0.01)
    assert plan_areas[fault["adjusts"]].buffer(1e-6).covers(block)
    used = {
        plan: {f for p, f, a in zones if p == plan and a.intersection(block).area > 1}
        for plan in (fault["plan"], fault["adjusts"])
    }
    assert used == {fault["plan"]: {fault["after"]}, fault["adjusts"]: {fault["before"]}}


def test_the_expired_plan_was_in_force_until_its_day() -> None:
    fault = FAULTS["expired_plan"]
    versions = [c for c in planning.plan_features() if c.fid == fault["plan"]]
    assert [v.properties["status"] for v in versions] == ["hieu_luc", "het_hieu_luc"]
    local = [(v.valid_from + timedelta(hours=7)).date().isoformat() for v in versions]
    assert local == [fault["decided"], fault["expired"]]
    others = [p.code for p in planning.plans() if p.status == "het_hieu_luc"]
    assert others == [fault["plan"]]


def test_the_undecided_plan_has_neither_number_nor_date() -> None:
    drafts = [p for p in planning.plans() if p.status == "du_thao"]
    fault = FAULTS["undecided_plan"]
    assert [(p.code, p.name, p.decision, p.decision_date) for p in drafts] == [(fault["plan"], fault["name"], "", None)]


def test_the_file_in_the_wrong_meridian_fits_only_as_what_it_does_not_declare(
    tmp_path: Path, plan_areas: dict[str, shapely.Geometry]
) -> None:
    fault = FAULTS["wrong_meridian_file"]
    document = json.loads(write_wrong_meridian(tmp_path).read_text(encoding="utf-8"))
    assert document["crs"]["properties"]["name"].endswith(fault["declares"].split(":")[1])
    drawn = shapely.union_all([shape(f["geometry"]) for f in document["features"]])
    real = to_wgs84([plan_areas[fault["plan"]]], CRS)[0]
    as_declared, as_is = (to_wgs84([drawn], fault[key])[0] for key in ("declares", "is"))
    assert as_is.symmetric_difference(real).area / real.area < 1e-4
    away = distance_between(LonLat(*as_declared.centroid.coords[0]), LonLat(*real.centroid.coords[0]))
    assert away / 1000 == pytest.approx(fault["shift_km"], abs=0.01)
    assert as_declared.centroid.x > real.centroid.x


def test_the_parcel_over_three_zones_has_the_parts_worked_out_by_hand(
    zones: list[tuple[str, str, shapely.Geometry]],
) -> None:
    fault = FAULTS["parcel_over_three_zones"]
    parcel = next(c for c in placed_changes(parcels.first_register()) if c.fid == fault["parcel"])
    assert (parcel.properties["sheet"], parcel.properties["plot"]) == (fault["sheet"], fault["plot"])
    assert parcel.geometry.area == pytest.approx(24.0 * 33.55, abs=1e-4)
    parts = {
        function: area.intersection(parcel.geometry).area
        for plan, function, area in zones
        if plan == fault["plan"] and area.intersection(parcel.geometry).area > 1e-6
    }
    by_hand = {"DAT_HTKT_DuongGT": 24 * 7, "DAT_O_Nhomnhao": 10 * 26.55, "DAT_HTXH_CayxanhCC": 14 * 26.55}
    assert parts == pytest.approx(by_hand, abs=1e-4)
    assert fault["parts_m2"] == pytest.approx(by_hand)


def test_the_renumbered_parcel_keeps_its_place_and_changes_its_number() -> None:
    fault = FAULTS["renumbered_parcel"]
    first = next(c for c in parcels.first_register() if c.fid == fault["parcel"])
    later = next(c for c in parcels.later_register() if c.fid == fault["parcel"])
    numbers = [f"{c.properties['sheet']}/{c.properties['plot']}" for c in (first, later)]
    assert numbers == [fault["old"], fault["now"]]
    assert first.geometry.equals(later.geometry)
    assert (later.valid_from + timedelta(hours=7)).date().isoformat() == fault["until"]
    taken = {(c.properties["commune"], f"{c.properties['sheet']}/{c.properties['plot']}") for c in
             parcels.first_register() if c.fid != fault["parcel"]}  # fmt: skip
    assert (fault["commune"], fault["old"]) not in taken


def test_the_split_parcel_becomes_two_that_are_the_whole() -> None:
    fault = FAULTS["split_parcel"]
    whole = next(c for c in parcels.first_register() if c.fid == fault["parcel"])
    later = {c.fid: c for c in parcels.later_register()}
    children = {f: later[f] for f in fault["children"]}
    assert later[fault["parcel"]].properties is None
    assert {c.valid_from for c in children.values()} == {later[fault["parcel"]].valid_from}
    assert f"{whole.properties['sheet']}/{whole.properties['plot']}" == fault["number"]
    numbers = {f: f"{c.properties['sheet']}/{c.properties['plot']}" for f, c in children.items()}
    assert numbers == fault["children"]
    assert {c.properties["came_from"] for c in children.values()} == {fault["parcel"]}
    union = shapely.union_all([c.geometry for c in children.values()])
    assert union.symmetric_difference(whole.geometry).area < 1e-6
    assert whole.geometry.area == pytest.approx(fault["area_m2"], abs=0.01)


def test_the_drifting_gauge_leaves_the_stream_by_18_mm_a_day() -> None:
    programme = signals.Programme(BIRTH)
    days = np.arange(-7, 3, 0.25)
    times = [BIRTH + timedelta(days=float(d)) for d in days]
    off = [programme.gauge_level_m("tv-cau-10", t) - signals.true_level_m("tv-cau-10", t.timestamp()) for t in times]
    slope, at_birth = np.polyfit(days, off, 1)
    fault = FAULTS["drifting_gauge"]
    assert slope == pytest.approx(fault["m_per_day"], abs=1e-9)
    assert at_birth == pytest.approx(0.126, abs=1e-9)
    sound = [programme.gauge_level_m("tv-cau-11", t) - signals.true_level_m("tv-cau-11", t.timestamp()) for t in times]
    assert sound == [0.0] * len(times)


def test_the_dying_station_wears_out_and_falls_silent() -> None:
    programme = signals.Programme(BIRTH)
    hours = {h: programme.air("kk-05", BIRTH + timedelta(hours=h)) for h in (-100, -92, -56, -20.1, -20, -1, 50)}
    assert [h for h, v in hours.items() if v is None] == [-20, -1, 50]
    volts = [hours[h]["battery_voltage"] for h in (-100, -92, -56, -20.1)]
    assert volts == pytest.approx([3.0, 3.0, 2.525, 2.05], abs=0.003)
    assert programme.air("kk-01", BIRTH) is not None


def test_messages_are_doubled_and_garbled_at_the_published_moments() -> None:
    found = {f"{i.layer}/{i.uid}": i.live for i in things.instruments(signals.Programme(BIRTH))}
    doubled, garbled = (found[FAULTS[k]["thing"]] for k in ("duplicated_messages", "corrupted_messages"))
    hour = (BIRTH, BIRTH + timedelta(hours=1))
    twice = [t for t in doubled.ticks(*hour) if len(messages(doubled, t)) == 2]
    assert [t.minute for t in twice] == [10, 20, 30, 40, 50, 0]
    for tick in twice:
        first, second = messages(doubled, tick)
        assert first.payload == second.payload
    broken = []
    for tick in garbled.ticks(*hour):
        (message,) = messages(garbled, tick)
        try:
            json.loads(message.payload)
        except ValueError:
            broken.append(tick.minute)
    assert broken == [15, 30, 45, 0]
