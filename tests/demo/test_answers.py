"""What the rooms of the house say about the planted faults, asked of a twin that holds the city's plans."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import shapely

from api.demo import catalogue, planning
from api.demo.blocks import FUNCTIONS, MIXED_PURPOSE_BLOCK, SECRET_BLOCKS, block_of
from api.demo.build import CONTENTS, write
from api.demo.frame import lonlat
from api.demo.parcels import numbers
from api.demo.trial import write_wrong_meridian
from layers import import_file
from layers.planning.answer import ParcelAnswer
from layers.planning.lookup import lookup
from twin.core import Twin, create, open_twin
from twin.geo.geodesy import geodesic_area
from twin.model.view import CITIZEN, Role, View, Viewer

FAULTS = json.loads((Path(__file__).parent / "faults.json").read_text(encoding="utf-8"))
NEEDED = {"plans", "plan_zones", "land_use", "parcels", "communes"}
NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)


@pytest.fixture(scope="module")
def t(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    path = tmp_path_factory.mktemp("plans") / "twin.duckdb"
    create(path)
    with open_twin(path) as opened:
        for layer in catalogue.layers():
            if layer.name in NEEDED:
                opened.store.put_layer(layer)
        for content in CONTENTS:
            if content.layer in NEEDED:
                write(opened, content)
        yield opened


def middle_of(code: str) -> shapely.Point:
    """The middle of a block well inside a plan, on the sheet."""
    plan = next(p for p in planning.plans() if p.code == code)
    lots = [z.area for z in planning.zones() if z.plan == code and not z.label.endswith(("GT", "S", "CX"))]
    return max((a for a in lots if plan.area.contains(a.centroid)), key=lambda a: a.area).centroid


def ask(t: Twin, place: shapely.Point, at: datetime = NOW) -> ParcelAnswer:
    where = lonlat([place])[0]
    return lookup(t, lon=where.x, lat=where.y, view=t.view(at))


def answering(answer: ParcelAnswer) -> set[str]:
    return {p.code for p in answer.plans if p.answers}


@pytest.mark.parametrize(("number", "commune"), [("76/36", "Phường Bình Phước"), ("13/36", "tan thien")])
def test_the_parcel_over_three_zones_is_answered_in_three_parts(t: Twin, number: str, commune: str) -> None:
    fault = FAULTS["parcel_over_three_zones"]
    answer = lookup(t, parcel=number, commune=commune, view=t.view(NOW))
    assert answer.parcel is not None
    assert answer.parcel.fid == fault["parcel"]
    parts = {p.options[0].function: p.area_m2 for p in answer.parts}
    assert parts == pytest.approx(fault["parts_m2"], rel=2e-4)  # on the ellipsoid, not in the projection
    assert answering(answer) == {fault["plan"]}


def test_the_overlap_is_shown_as_a_conflict_of_both_plans(t: Twin) -> None:
    first, second = (next(p.area for p in planning.plans() if p.code == c) for c in planning.OVERLAPPING)
    strip = first.intersection(second)
    answer = ask(t, strip.centroid)
    assert answering(answer) == set()
    conflict = {p.code for p in answer.plans if p.code_reason == "conflict"}
    assert conflict == set(FAULTS["overlapping_plans"]["plans"])
    assert any(f.code == "overlap" for f in answer.flags)


def test_the_adjustment_answers_since_its_day_and_the_adjusted_plan_before(t: Twin) -> None:
    fault = FAULTS["local_adjustment"]
    place = middle_of(fault["plan"])
    now, before = ask(t, place), ask(t, place, datetime(2026, 8, 13, 12, tzinfo=UTC))
    assert answering(now) == {fault["plan"]}
    assert now.parts[0].options[0].function == fault["after"]
    assert now.parts[0].options[0].figures.floors_max == fault["floors_max_after"]
    assert answering(before) == {fault["adjusts"]}
    assert before.parts[0].options[0].function == fault["before"]


def test_the_expired_plan_answered_in_its_time_only(t: Twin) -> None:
    fault = FAULTS["expired_plan"]
    place = middle_of(fault["plan"])
    assert answering(ask(t, place, datetime(2024, 12, 30, tzinfo=UTC))) == {fault["plan"]}
    assert answering(ask(t, place)) == {"PK1"}


def test_the_undecided_plan_never_answers(t: Twin) -> None:
    fault = FAULTS["undecided_plan"]
    answer = ask(t, middle_of(fault["plan"]))
    assert answering(answer) == {"PK1"}
    assert {p.code: p.code_reason for p in answer.plans}[fault["plan"]] == "draft"


def test_the_renumbered_parcel_is_found_by_the_number_of_its_time(t: Twin) -> None:
    fault = FAULTS["renumbered_parcel"]
    then = lookup(t, parcel=fault["old"], commune=fault["commune"], view=t.view(datetime(2020, 1, 1, tzinfo=UTC)))
    now = lookup(t, parcel=fault["now"], commune=fault["commune"], view=t.view(NOW))
    assert then.parcel is not None
    assert now.parcel is not None
    assert then.parcel.fid == now.parcel.fid == fault["parcel"]
    assert lookup(t, parcel=fault["old"], commune=fault["commune"], view=t.view(NOW)).status == "not_found"


def test_parts_add_up_to_the_parcel_wherever_one_asks(t: Twin) -> None:
    every = sorted(numbers())
    for fid in every[:: len(every) // 12]:
        number = numbers()[fid]
        answer = lookup(t, parcel=f"{number.sheet}/{number.plot}", commune=number.unit, view=t.view(NOW))
        assert answer.parcel is not None, fid
        assert answer.parcel.fid == fid
        total = sum(p.area_m2 for p in answer.parts if p.area_m2 is not None)
        assert total == pytest.approx(answer.parcel.area_m2, rel=1e-6), fid


def test_the_file_in_the_wrong_meridian_lands_elsewhere_unless_its_true_one_is_given(t: Twin, tmp_path: Path) -> None:
    fault = FAULTS["wrong_meridian_file"]
    path = write_wrong_meridian(tmp_path)
    plan = lonlat([next(p.area for p in planning.plans() if p.code == fault["plan"])])[0]
    import_file(t, path, layer="qhct_nhu_khai")
    import_file(t, path, layer="qhct_dung", crs=fault["is"])
    shares = {}
    for name in ("qhct_nhu_khai", "qhct_dung"):
        drawn = shapely.union_all([f.geometry for f in t.store.features(t.view(), name)])
        shares[name] = geodesic_area(drawn.intersection(plan)) / geodesic_area(plan)
    assert shares == pytest.approx({"qhct_nhu_khai": 0.0, "qhct_dung": 1.0}, abs=1e-3)


PLANNER = Viewer("planner", Role.PLANNER)


@pytest.mark.parametrize("key", sorted(SECRET_BLOCKS))
def test_land_of_defence_and_security_is_answered_to_staff_and_unknown_to_citizens(t: Twin, key: str) -> None:
    where = lonlat([block_of(key).buildable.representative_point()])[0]
    use = FUNCTIONS[SECRET_BLOCKS[key]]
    known = lookup(t, lon=where.x, lat=where.y, view=View(PLANNER, NOW))
    assert known.status == "found"
    assert [u.code for u in known.land_use] == [use.land_code]
    assert use.name in {o.function_name for p in known.parts for o in p.options}
    hidden = lookup(t, lon=where.x, lat=where.y, view=View(CITIZEN, NOW))
    assert (hidden.status, hidden.parcel) == ("no_parcel", None)
    assert [p.kind for p in hidden.parts] == ["no_data"]
    assert {u.code for u in hidden.land_use} <= {""}


def test_no_layer_of_the_city_shows_a_citizen_land_of_defence_and_security(t: Twin) -> None:
    gone = {}
    for name in ("parcels", "plan_zones", "land_use"):
        everything = {f.fid for f in t.store.features(View(PLANNER, NOW), name)}
        seen = t.store.features(View(CITIZEN, NOW), name)
        gone[name] = len(everything) - len(seen)
        told = json.dumps([f.properties for f in seen], ensure_ascii=False)
        assert not [w for w in ("CQP", "CAN", "uốc phòng", "n ninh", "Quocphong", "Anninh") if w in told], name
        style = json.dumps(t.store.layer(View(CITIZEN, NOW), name).layer.style, ensure_ascii=False)
        assert not [w for w in ("CQP", '"CAN"', "uocphong", "nninh", "uốc phòng") if w in style], name
    # One parcel more than blocks: its purpose names security land among others.
    assert gone["parcels"] == len(SECRET_BLOCKS) + 1
    assert gone["land_use"] == len(SECRET_BLOCKS)
    assert gone["plan_zones"] >= 2 * len(SECRET_BLOCKS)
    fid = f"{MIXED_PURPOSE_BLOCK}-x00"
    assert t.store.features(View(PLANNER, NOW), "parcels", fids=[fid])[0].properties["purpose"] == "TSC+CAN"
    assert t.store.history(View(CITIZEN, NOW), "parcels", fid) == []
