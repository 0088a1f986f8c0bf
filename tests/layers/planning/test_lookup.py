"""What plans say about a parcel, on a drawing small enough to work out by hand.

Everything lies on a 100 m grid of VN-2000 / TM-3 106-15 (EPSG:9212), whose scale near the central meridian is 0.9999:
one square of 100 m is 10,002 m² on the ground.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import shapely

from layers.planning import lookup
from twin.core import Twin, create, open_twin
from twin.errors import ParameterError
from twin.geo.crs import to_wgs84
from twin.model.layer import FeatureChange, Field, FieldType, Layer, Source
from twin.model.view import CITIZEN, Access, View

CRS = "EPSG:9212"
EAST, NORTH = 560_000, 1_280_000
SQUARE_M2 = 10_002.0
SOURCE = Source("user", "hand")
S, N, D = FieldType.STRING, FieldType.NUMBER, FieldType.DATE


def square(col: float, row: float, cols: float = 1, rows: float = 1) -> shapely.Polygon:
    """Grid squares, counted in hundreds of metres from the south-west corner."""
    x, y = EAST + 100 * col, NORTH + 100 * row
    return shapely.box(x, y, x + 100 * cols, y + 100 * rows)


def at_square(col: float, row: float) -> tuple[float, float]:
    (point,) = to_wgs84([square(col, row).centroid], CRS)
    return point.x, point.y


def day(year: int, month: int = 1, number: int = 1) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


def plan(code: str, level: str, area: shapely.Polygon, **more: object) -> FeatureChange:
    properties = {
        "code": code, "name": f"Đồ án {code}", "level": level, "decision": f"{code}/QĐ", "status": "hieu_luc",
        "decision_date": "2024-03-01", "adjusts": "",
    } | {k: v for k, v in more.items() if k not in ("valid_from", "valid_to")}  # fmt: skip
    return FeatureChange(code, area, properties, more.get("valid_from", day(2024, 3)), more.get("valid_to"), CRS)


def zone(plan_code: str, label: str, function: str, area: shapely.Polygon, **figures: object) -> FeatureChange:
    properties = {"plan": plan_code, "zone": label, "function": function, "function_name": f"Đất {function}", **figures}
    return FeatureChange(f"{plan_code}:{label}", area, properties, day(2020), crs=CRS)


def parcel(fid: str, sheet: int, plot: int, commune: str, area: shapely.Polygon, **more: object) -> FeatureChange:
    properties = {"sheet": sheet, "plot": plot, "commune": commune, **more}
    return FeatureChange(fid, area, properties, day(2020), crs=CRS)


@pytest.fixture
def t(tmp_path: Path) -> Iterator[Twin]:
    """One general plan (8 × 4) with a housing and a road zone, one subdivision plan over its west half."""
    create(tmp_path / "plans.duckdb")
    with open_twin(tmp_path / "plans.duckdb") as opened:
        put_layers(opened)
        opened.store.write_features(
            "plans",
            [
                plan("QHC", "general", square(0, 0, 8, 4)),
                plan("PK1", "subdivision", square(0, 0, 4, 4), scale="1/2.000"),
            ],
            SOURCE,
        )
        opened.store.write_features(
            "plan_zones",
            [
                zone("QHC", "A", "o", square(0, 0, 8, 2)),
                zone("QHC", "B", "duong", square(0, 2, 8, 2)),
                zone("PK1", "1", "o", square(0, 0, 3, 4), density_max=70, floors_min=2, floors_max=5, setback_m=3),
                zone("PK1", "2", "duong", square(3, 0, 1, 4)),
            ],
            SOURCE,
        )
        yield opened


def put_layers(t: Twin) -> None:
    columns = {
        "plans": [Field(n, S) for n in ("code", "name", "level", "scale", "decision", "authority", "status", "adjusts")]
        + [Field("decision_date", D)],
        "plan_zones": [Field(n, S) for n in ("plan", "zone", "function", "function_name")]
        + [Field(n, N) for n in ("density_max", "floors_min", "floors_max", "height_max", "far_max", "setback_m")],
        "land_use": [Field("code", S), Field("name", S)],
        "parcels": [Field(n, FieldType.INTEGER) for n in ("sheet", "plot", "old_sheet", "old_plot")]
        + [Field(n, S) for n in ("commune", "commune_code", "old_commune", "owner")]
        + [Field("area_certificate_m2", N)],
    }
    for name, fields in columns.items():
        access = Access.PUBLIC
        t.store.put_layer(
            Layer(name, name, geometry_type="Polygon", fields=tuple(fields), access=access, group="planning")
        )


def test_one_zone_of_the_most_detailed_plan_answers(t: Twin) -> None:
    t.store.write_features("parcels", [parcel("p", 14, 125, "Phường Bình Phước", square(1, 1))], SOURCE)
    answer = lookup(t, parcel="14/125", commune="binh phuoc")
    assert answer.status == "found"
    (part,) = answer.parts
    assert (part.kind, part.options[0].plan, part.options[0].function) == ("zone", "PK1", "o")
    assert part.area_m2 == pytest.approx(SQUARE_M2, rel=1e-4)
    assert part.share == pytest.approx(1)
    assert part.options[0].figures.density_max == 70
    assert part.options[0].figures.far_max is None
    assert answer.summary == "100 % đất o theo đồ án PK1, hiệu lực từ 01/03/2024."
    reasons = {n.code: n.code_reason for n in answer.plans}
    assert reasons == {"PK1": "answers", "QHC": "covered"}


def test_a_parcel_over_three_zones_and_nothing_adds_up(t: Twin) -> None:
    # Columns 2 and 3 lie in PK1's two zones, 4 to 7 in QHC, 8 and 9 in no plan at all: 1, 1, 4 and 2 of 8 squares.
    t.store.write_features("parcels", [parcel("p", 1, 1, "X", square(2, 1, 8, 1))], SOURCE)
    answer = lookup(t, parcel="1/1")
    assert [(p.kind, [o.zone for o in p.options], p.share) for p in answer.parts] == [
        ("zone", ["A"], pytest.approx(4 / 8, abs=1e-5)),
        ("zone", ["1"], pytest.approx(1 / 8, abs=1e-5)),
        ("zone", ["2"], pytest.approx(1 / 8, abs=1e-5)),
        ("no_data", [], pytest.approx(2 / 8, abs=1e-5)),
    ]
    assert sum(p.area_m2 for p in answer.parts) == pytest.approx(answer.parcel.area_m2, abs=1e-6)
    assert "25 % chưa có dữ liệu" in answer.summary
    assert [f.code for f in answer.flags] == ["no_data"]
    assert answer.as_dict()["parts"][-1]["function_name"] == "chưa có dữ liệu"


def test_a_detailed_plan_answers_before_the_others_and_drafts_and_expired_ones_never(t: Twin) -> None:
    t.store.write_features(
        "plans",
        [
            plan("CT1", "detailed", square(0, 0, 2, 2)),
            plan("CT2", "detailed", square(0, 0, 4, 4), status="du_thao", decision="", decision_date=None),
            plan("CT3", "detailed", square(0, 0, 4, 4), status="het_hieu_luc"),
            plan("CT4", "detailed", square(0, 0, 4, 4), decision_date="2999-01-01"),
            plan("CT5", "detailed", square(0, 0, 4, 4), valid_to=day(2025)),
        ],
        SOURCE,
    )
    extra = [zone(f"CT{i}", "L", "cho", square(0, 0, 4, 4)) for i in (2, 3, 4, 5)]
    t.store.write_features("plan_zones", [zone("CT1", "L", "vuon", square(0, 0, 2, 2)), *extra], SOURCE)
    t.store.write_features("parcels", [parcel("p", 1, 1, "X", square(1, 1, 2, 1))], SOURCE)
    answer = lookup(t, parcel="1/1")
    assert {(p.options[0].plan, p.options[0].function): p.share for p in answer.parts} == {
        ("CT1", "vuon"): pytest.approx(0.5, abs=1e-5),
        ("PK1", "o"): pytest.approx(0.5, abs=1e-5),
    }
    reasons = {n.code: n.code_reason for n in answer.plans}
    assert reasons == {
        "CT1": "answers", "CT2": "draft", "CT3": "expired", "CT4": "not_yet", "CT5": "expired", "PK1": "answers",
        "QHC": "covered",
    }  # fmt: skip
    assert next(n for n in answer.plans if n.code == "CT5").reason.endswith("từ 01/01/2025")


def test_the_answer_is_that_of_the_time_asked_about(t: Twin) -> None:
    t.store.write_features("plans", [plan("CT", "detailed", square(0, 0, 2, 2), valid_to=day(2025))], SOURCE)
    t.store.write_features("plan_zones", [zone("CT", "L", "vuon", square(0, 0, 2, 2))], SOURCE)
    t.store.write_features("parcels", [parcel("p", 1, 1, "X", square(1, 1))], SOURCE)
    then = lookup(t, parcel="1/1", view=t.view(at=day(2024, 6)))
    assert [p.options[0].plan for p in then.parts] == ["CT"]
    assert [p.options[0].plan for p in lookup(t, parcel="1/1").parts] == ["PK1"]


def test_two_detailed_plans_on_one_spot_are_a_contradiction_and_nobody_guesses(t: Twin) -> None:
    t.store.write_features(
        "plans",
        [
            plan("CT1", "detailed", square(0, 0, 2, 1)),
            plan("CT2", "detailed", square(1, 0, 2, 1), decision_date="2025-01-01"),
        ],
        SOURCE,
    )
    t.store.write_features(
        "plan_zones", [zone("CT1", "L", "o", square(0, 0, 2, 1)), zone("CT2", "L", "cho", square(1, 0, 2, 1))], SOURCE
    )
    t.store.write_features("parcels", [parcel("p", 1, 1, "X", square(0, 0, 3, 1))], SOURCE)
    answer = lookup(t, parcel="1/1")
    (conflict,) = [p for p in answer.parts if p.kind == "conflict"]
    assert conflict.share == pytest.approx(1 / 3, abs=1e-5)
    assert {o.plan for o in conflict.options} == {"CT1", "CT2"}
    assert "chưa xác định (đất o hoặc đất cho)" in answer.summary
    assert "overlap" in {f.code for f in answer.flags}
    assert sum(p.share for p in answer.parts) == pytest.approx(1)


def test_a_local_adjustment_answers_before_the_plan_it_adjusts(t: Twin) -> None:
    t.store.write_features(
        "plans",
        [plan("CT", "detailed", square(0, 0, 3, 1)), plan("CT-DC1", "detailed", square(1, 0), adjusts="CT")],
        SOURCE,
    )
    t.store.write_features(
        "plan_zones", [zone("CT", "L", "o", square(0, 0, 3, 1)), zone("CT-DC1", "H", "honhop", square(1, 0))], SOURCE
    )
    t.store.write_features(
        "parcels", [parcel("p", 1, 1, "X", square(0, 0, 2, 1)), parcel("q", 1, 2, "X", square(1, 0))], SOURCE
    )
    answer = lookup(t, parcel="1/1")
    assert {p.options[0].plan: p.share for p in answer.parts} == {
        "CT": pytest.approx(0.5, abs=1e-5), "CT-DC1": pytest.approx(0.5, abs=1e-5),
    }  # fmt: skip
    inside = lookup(t, parcel="1/2")
    assert {n.code: n.code_reason for n in inside.plans}["CT"] == "adjusted"


def test_a_plan_under_adjustment_still_answers_and_says_so(t: Twin) -> None:
    t.store.write_features("plans", [plan("CT", "detailed", square(0, 0), status="dang_dieu_chinh")], SOURCE)
    t.store.write_features("plan_zones", [zone("CT", "L", "o", square(0, 0))], SOURCE)
    t.store.write_features("parcels", [parcel("p", 1, 1, "X", square(0, 0))], SOURCE)
    answer = lookup(t, parcel="1/1")
    assert answer.parts[0].options[0].plan == "CT"
    assert "under_adjustment" in {f.code for f in answer.flags}


def test_a_plan_in_force_without_zones_is_no_data_and_does_not_fall_through(t: Twin) -> None:
    t.store.write_features("plans", [plan("CT", "detailed", square(0, 0))], SOURCE)
    t.store.write_features("parcels", [parcel("p", 1, 1, "X", square(0, 0))], SOURCE)
    answer = lookup(t, parcel="1/1")
    assert [p.kind for p in answer.parts] == ["no_data"]
    assert {n.code: n.code_reason for n in answer.plans}["CT"] == "no_zone"
    assert answer.summary.startswith("Chưa có dữ liệu quy hoạch tại đây")


def test_the_pair_of_numbers_is_not_unique_and_candidates_are_listed(t: Twin) -> None:
    old = {"old_commune": "Phường Tân Phú", "old_sheet": 3, "old_plot": 9}
    t.store.write_features(
        "parcels",
        [
            parcel("a", 14, 125, "Phường Bình Phước", square(0, 0), **old),
            parcel("b", 14, 125, "Phường Đồng Xoài", square(1, 0, 2, 1)),
        ],
        SOURCE,
    )
    both = lookup(t, parcel="14/125")
    assert both.status == "several"
    assert {c.fid for c in both.candidates} == {"a", "b"}
    assert both.parts == ()
    assert lookup(t, parcel="14/125", commune="Đồng Xoài").parcel.fid == "b"
    assert lookup(t, parcel="14/125", area_m2=2 * SQUARE_M2).parcel.fid == "b"
    before = lookup(t, parcel="3/9", commune="tân phú")
    assert (before.parcel.fid, before.parcel.matched) == ("a", "old_number")
    assert lookup(t, parcel="99/1").status == "not_found"


def test_a_point_finds_its_parcel_and_a_point_without_one_still_gets_an_answer(t: Twin) -> None:
    t.store.write_features("parcels", [parcel("p", 1, 1, "X", square(1, 1))], SOURCE)
    lon, lat = at_square(1, 1)
    assert lookup(t, lon=lon, lat=lat).parcel.fid == "p"
    lon, lat = at_square(3, 3)
    answer = lookup(t, lon=lon, lat=lat)
    assert answer.status == "no_parcel"
    assert [(p.options[0].zone, p.area_m2, p.share) for p in answer.parts] == [("2", None, None)]
    assert answer.summary == "đất duong theo đồ án PK1, hiệu lực từ 01/03/2024."


def test_where_nothing_is_known_the_answer_says_so_and_whom_to_ask(t: Twin) -> None:
    answer = lookup(t, lon=105.0, lat=20.0)
    assert [p.kind for p in answer.parts] == ["no_data"]
    assert "Chưa có dữ liệu" in answer.summary
    assert "không vướng" not in answer.summary


def test_land_law_use_is_a_separate_list_that_adds_up(t: Twin) -> None:
    t.store.write_features(
        "land_use",
        [
            FeatureChange("1", square(0, 0), {"code": "ODT", "name": "Đất ở tại đô thị"}, day(2020), crs=CRS),
            FeatureChange("2", square(1, 0), {"code": "CLN", "name": "Đất trồng cây lâu năm"}, day(2020), crs=CRS),
        ],
        SOURCE,
    )
    t.store.write_features("parcels", [parcel("p", 1, 1, "X", square(0, 0, 4, 1))], SOURCE)
    uses = lookup(t, parcel="1/1").land_use
    assert [(u.code, u.share) for u in uses] == [
        ("ODT", pytest.approx(0.25, abs=1e-5)), ("CLN", pytest.approx(0.25, abs=1e-5)),
        ("", pytest.approx(0.5, abs=1e-5)),
    ]  # fmt: skip


def test_owners_are_never_in_the_answer(t: Twin) -> None:
    t.store.write_features("parcels", [parcel("p", 1, 1, "X", square(0, 0), owner="Nguyễn Văn A")], SOURCE)
    assert "Nguyễn" not in str(lookup(t, parcel="1/1").as_dict())


def test_certificate_and_computed_area_are_both_told_and_a_difference_is_flagged(t: Twin) -> None:
    t.store.write_features("parcels", [parcel("p", 1, 1, "X", square(0, 0), area_certificate_m2=9000.0)], SOURCE)
    answer = lookup(t, parcel="1/1")
    assert answer.parcel.area_certificate_m2 == 9000
    assert answer.parcel.area_m2 == pytest.approx(SQUARE_M2, rel=1e-4)
    assert "9 000,0 m²" in next(f.text for f in answer.flags if f.code == "area")
    assert "6960" in answer.crs_operation


def test_every_answer_carries_its_date_and_the_disclaimer(t: Twin) -> None:
    answer = lookup(t, lon=105.0, lat=20.0)
    today = answer.data_date.astimezone(datetime.now().astimezone().tzinfo)
    assert "không thay thế văn bản" in answer.disclaimer
    assert str(today.year) in answer.disclaimer


def test_layers_a_viewer_may_not_see_are_as_if_they_were_not_there(t: Twin) -> None:
    hidden = t.store.layer(t.view(), "plans").layer
    from dataclasses import replace

    t.store.put_layer(replace(hidden, access=Access.STAFF))
    answer = lookup(t, lon=at_square(1, 1)[0], lat=at_square(1, 1)[1], view=View(CITIZEN))
    assert [p.kind for p in answer.parts] == ["no_data"]
    assert answer.plans == ()
    assert "plans" in answer.missing_layers


@pytest.mark.parametrize(
    "bad", [{}, {"lon": 106.0}, {"parcel": "125"}, {"parcel": "a/b/c"}, {"lon": 11.0, "lat": 106.0}]
)
def test_a_question_without_a_place_is_refused(t: Twin, bad: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        lookup(t, **bad)
