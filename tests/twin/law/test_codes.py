"""Code lists: land use with former codes, planning functions in drawings, lighting, reports, plates."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from ezdxf.colors import DXF_DEFAULT_COLORS, int2rgb

from twin.cases.field_report import CATEGORIES, DUPLICATE_H, DUPLICATE_M
from twin.law.answer import Found, NotDeterminable
from twin.law.book import Law
from twin.law.codes import land_use, planning_function, plate_kinds
from twin.law.rule import Confidence

LAW = Law.shipped()
NOW = date(2026, 11, 23)


def value(answer: object) -> Any:
    assert isinstance(answer, Found), answer
    return answer.value


def test_every_code_of_the_circular_is_listed_once_with_its_mark() -> None:
    confirmed = [
        "LUC",
        "LUK",
        "HNK",
        "CLN",
        "RDD",
        "RPH",
        "RSX",
        "NTS",
        "CNT",
        "LMU",
        "NKH",
        "ONT",
        "ODT",
        "TSC",
        "CQP",
        "CAN",
        "DVH",
        "DYT",
        "DGD",
        "DTT",
        "DKH",
        "TMD",
        "SKC",
        "SKK",
        "SKS",
        "DGT",
        "DTL",
        "DRA",
        "DNL",
        "TON",
        "TIN",
        "SON",
        "MNC",
        "PNK",
        "BCS",
        "DCS",
        "NCS",
    ]
    one_source = [
        "RSN",
        "DXH",
        "DMT",
        "DKT",
        "DNG",
        "DSK",
        "SKN",
        "SCT",
        "DCT",
        "DPC",
        "DDD",
        "DBV",
        "DCH",
        "DKV",
        "NTD",
        "CGT",
        "MCS",
    ]
    rows = LAW.rows("land.use_codes")
    assert [r["code"] for r in rows if r.get("confidence", "C") == "C"] == confirmed
    assert [r["code"] for r in rows if r.get("confidence") == "C1"] == one_source


def test_a_parcel_may_hold_several_codes() -> None:
    assert [c.code for c in land_use(LAW, "ONT+CLN")] == ["ONT", "CLN"]
    assert [c.code for c in land_use(LAW, " odt; dgt ")] == ["ODT", "DGT"]
    assert land_use(LAW, "XYZ") == []


@pytest.mark.parametrize(
    ("code", "becomes"),
    [("BHK", "HNK"), ("LNK", "CLN"), ("DDT", "DDD"), ("TSN", "NTS"), ("COC", None), ("SKX", None), ("SKT", None)],
)
def test_former_codes_are_known_as_such_and_nothing_is_inferred(code: str, becomes: str | None) -> None:
    (found,) = land_use(LAW, code)
    assert (found.former, found.becomes) == (True, becomes)
    assert found.row["until"] == "2024-08-01"


def test_all_former_codes_of_the_list_are_there() -> None:
    listed = {r["code"] for r in LAW.rows("land.old_codes")}
    assert listed >= {"BHK", "NHK", "LUN", "COC", "LNK", "LNC", "LNQ", "DDT", "DDL", "DSH", "SKX", "SKT", "TSL", "TSN"}


def test_wrong_readings_of_public_lists_are_not_ours() -> None:
    titles = {c: land_use(LAW, c)[0].title for c in ("SKN", "DNG", "CSK")}
    assert titles["SKN"] == "Đất cụm công nghiệp"
    assert titles["DNG"] == "Đất xây dựng cơ sở ngoại giao"
    assert titles["CSK"] == "Đất sản xuất, kinh doanh phi nông nghiệp"


@pytest.mark.parametrize(
    ("code", "rgb"),
    [("ODT", (255, 160, 255)), ("LUA", (255, 252, 130)), ("TMD", (250, 170, 160)), ("DYT", (255, 170, 160)),
     ("DGT", (255, 170, 50)), ("CSD", (255, 255, 254)), ("SKS", (205, 170, 205)), ("RPH", (190, 255, 30))],
)  # fmt: skip
def test_map_colours(code: str, rgb: tuple[int, int, int]) -> None:
    (found,) = land_use(LAW, code)
    assert found.rgb == "#{:02x}{:02x}{:02x}".format(*rgb)


def test_functions_have_autocads_colours_by_the_standard_palette() -> None:
    for row in LAW.rows("planning.functions"):
        red, green, blue = int2rgb(DXF_DEFAULT_COLORS[row["aci"]])
        assert row["rgb"] == f"#{red:02x}{green:02x}{blue:02x}", row["code"]


@pytest.mark.parametrize(
    ("code", "aci"),
    [("DAT_O_Nhomnhao", 42), ("DAT_O_Langxom", 57), ("DAT_HTXH_Vanhoa", 243), ("DAT_HTXH_Truonghoc", 15),
     ("DAT_Cayxanhchuyendung", 126), ("DAT_SX_Vatlieu", 175), ("DAT_Quocphong", 79), ("DAT_HTKT_Nghiatrang", 251),
     ("DAT_NN_Rungdacdung", 148), ("DAT_KHAC_Matnuocbien", 152)],
)  # fmt: skip
def test_colour_numbers_of_functions(code: str, aci: int) -> None:
    found = planning_function(LAW, code)
    assert found is not None
    assert found.function.row["aci"] == aci


@pytest.mark.parametrize(
    ("name", "code", "phase", "levels"),
    [
        ("QHDH_DAT_O_NHOMNHAO", "DAT_O_Nhomnhao", "QHDH_", ()),
        ("ht_dat_htxh_yte_CT", "DAT_HTXH_Yte", "HT_", ("_CT",)),
        ("QHDD_DAT_HTXH_Truonghoc_CV_DVO", "DAT_HTXH_Truonghoc", "QHDD_", ("_CV", "_DVO")),
        ("DAT_NDD_QUOCPHONG", "DAT_NDD_Quocphong", "", ()),
        (" Đat_Dịchvụ ", "DAT_Dichvu", "", ()),
    ],
)
def test_names_of_drawing_layers(name: str, code: str, phase: str, levels: tuple[str, ...]) -> None:
    found = planning_function(LAW, name)
    assert found is not None
    assert (found.function.code, found.phase, found.levels) == (code, phase, levels)


@pytest.mark.parametrize("name", ["DAT", "DAT_O", "QHDH_", "_CT", "0", "DAT_O_Nhomnhao_XX", "CT_DAT_O_Nhomnhao"])
def test_other_layers_are_no_function(name: str) -> None:
    assert planning_function(LAW, name) is None


def test_colours_of_the_general_plan_are_unconfirmed() -> None:
    rows = {r["code"]: r for r in LAW.rows("planning.functions")}
    assert len([r for r in rows.values() if r["section"] == "phan_khu"]) == 33
    assert len([r for r in rows.values() if r["section"] == "chung"]) == 32
    assert rows["DAT_NNK_Songsuoi"]["rgb"] == rows["DAT_KHAC_Songsuoi"]["rgb"]
    assert rows["DAT_NNK_Songsuoi"]["confidence_of"]["rgb"] == "M"


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"road_class": "A"}, (2.0, 0.4, 0.7, 10, 0.5)),
        ({"road_class": "B", "median": "with"}, (1.5, 0.4, 0.7, 10, 0.5)),
        ({"road_class": "B", "median": "without"}, (2.0, 0.4, 0.7, 10, 0.5)),
        ({"road_class": "C", "median": "with"}, (1.0, 0.4, 0.6, 15, 0.5)),
        ({"road_class": "C", "median": "without"}, (1.5, 0.4, 0.6, 15, 0.5)),
        ({"road_class": "D", "surroundings": "bright"}, (0.7, 0.3, 0.4, 20, 0.5)),
        ({"road_class": "D", "surroundings": "dark"}, (0.5, 0.3, 0.4, 20, 0.5)),
        ({"road_class": "E"}, (0.3, 0.3, 0.4, 20, 0.5)),
    ],
)
def test_lighting_of_roads(inputs: dict[str, str], expected: tuple[float, ...]) -> None:
    found = LAW.cells("lighting.roads", NOW, **inputs)
    assert tuple(value(found[n]) for n in ("luminance", "uo", "ud", "ti_pct", "sr")) == expected


def test_a_trunk_road_without_its_median_said_may_be_of_two_luminances() -> None:
    answer = LAW.cells("lighting.roads", NOW, road_class="B")["luminance"]
    assert isinstance(answer, NotDeterminable)
    assert answer.possible == (1.5, 2.0)


@pytest.mark.parametrize(
    ("place", "urban_class", "expected"),
    [("shopping_mixed", "II", (25, 10, 10)), ("shopping_mixed", "III", (20, 8, 8)), ("shopping_foot", "I", (15, 5, 5)),
     ("shopping_foot", "V", (10, 3, 4)), ("park_high", None, (15, 5, 5)), ("park_medium", None, (8, 4, 3)),
     ("park_low", "V", (5, 2, 2)), ("stairs", None, (40, 20, 10))],
)  # fmt: skip
def test_lighting_for_pedestrians(place: str, urban_class: str | None, expected: tuple[int, ...]) -> None:
    found = LAW.cells("lighting.pedestrians", NOW, place=place, urban_class=urban_class)
    assert tuple(value(a) for a in found.values()) == expected


def test_lighting_code_began_in_july_2024() -> None:
    assert LAW.cells("lighting.roads", date(2024, 6, 30), road_class="A") == {}


@pytest.mark.parametrize(
    ("code", "days"),
    [("GT", 3), ("CS", 3), ("NG", 5), ("MT", 3), ("CX", 3), ("XD", 7), ("VH", 7), ("AT", 3), ("AN", 7), ("KH", 10)],
)
def test_categories_of_reports_are_our_own_and_say_so(code: str, days: int) -> None:
    (row,) = [r for r in LAW.rows("reports.categories") if r["code"] == code]
    assert row["days"] == days
    assert LAW.rule("reports.categories").versions[0].confidence is Confidence.OWN


def test_the_kind_of_field_reports_says_the_same_as_the_record() -> None:
    rows = LAW.rows("reports.categories")
    assert tuple((r["code"], r["title"], r["title_en"], r["days"]) for r in rows) == CATEGORIES
    assert value(LAW.parameter("reports.times", "duplicate_m")) == DUPLICATE_M
    assert value(LAW.parameter("reports.times", "duplicate_h")) == DUPLICATE_H


def test_times_and_duplicate_rule_of_reports() -> None:
    names = ("acknowledge_h", "danger_min", "duplicate_m", "duplicate_h")
    assert [value(LAW.parameter("reports.times", n)) for n in names] == [2, 30, 30, 24]


@pytest.mark.parametrize(
    ("plate", "kinds"),
    [
        ("30A-123.45", ["car"]),
        ("30A1-2345", ["motorbike"]),
        ("30A12345", ["motorbike", "car"]),  # the text alone cannot tell
        ("93-AB 123.45", ["motorbike_letters"]),
        ("29-MĐ1 234.56", ["e_motorbike"]),
        ("51LD-123.45", ["special", "motorbike_letters"]),
        ("80-011-NG-01", ["diplomatic"]),
        ("TM 12-34", ["army"]),
        ("30I-123.45", []),  # I is no letter of a series
    ],
)
def test_kinds_of_plates(plate: str, kinds: list[str]) -> None:
    assert plate_kinds(LAW, plate) == kinds
