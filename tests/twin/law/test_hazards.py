"""Alarm levels and risk levels: published bulletins, the articles' cells, and what is not determinable."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from twin.errors import ParameterError
from twin.law import hazards
from twin.law.answer import Found, NotDeterminable, Why
from twin.law.book import Law
from twin.law.hazards import AlarmLevels
from twin.law.rule import Confidence, Rule

LAW = Law.shipped()
CAU_LAU = hazards.alarm_levels(LAW, "thu-bon-cau-lau")
DUA = hazards.alarm_levels(LAW, "ca-dua")


def value(answer: object) -> Any:
    assert isinstance(answer, Found), answer
    return answer.value


@pytest.mark.parametrize(
    ("station", "levels"),
    [
        ("hong-ha-noi", (9.5, 10.5, 11.5)),
        ("hong-son-tay", (12.4, 13.4, 14.4)),
        ("ca-nam-dan", (5.4, 6.9, 7.9)),
        ("ca-dua", (None, 22.5, 24.5)),
        ("huong-kim-long", (1.0, 2.0, 3.5)),
        ("bo-phu-oc", (None, 3.0, 4.5)),
        ("vu-gia-ai-nghia", (6.5, 8.0, 9.0)),
        ("krong-ana-giang-son", (None, 422.0, None)),
        ("srepok-ban-don", (None, None, 174.0)),
        ("ba-cung-son", (None, 32.0, 34.5)),
        ("ba-phu-lam", (None, 2.7, 3.7)),
        ("dong-nai-ta-lai", (112.0, 112.5, 113.0)),
        ("dong-nai-bien-hoa", (1.8, 2.0, None)),
        ("la-nga-phu-hiep", (104.5, None, None)),
        ("thu-bon-cau-lau", (2.0, 3.0, 4.0)),
        ("thu-bon-hoi-an", (None, None, 2.0)),
    ],
)
def test_alarm_levels_of_stations_and_none_where_none_was_found(station: str, levels: tuple[float | None, ...]) -> None:
    found = hazards.alarm_levels(LAW, station)
    assert tuple(getattr(a, "value", None) for a in (found.bd1, found.bd2, found.bd3)) == levels


def test_every_listed_station_is_tested_above() -> None:
    assert len(LAW.rows("flood.alarm_levels")) == 16


def test_a_provinces_own_decision_fills_the_gaps_of_the_national_one() -> None:
    (national,) = LAW.rule("flood.alarm_levels").versions
    rows = [
        {"station": "krong-ana-giang-son", "bd1": 420.0, "bd2": 999.0, "bd3": None},
        {"station": "local", "bd1": 1.0, "bd2": 2.0, "bd3": 3.0},
    ]
    own = replace(national, rule="flood.alarm_levels_66", content={**national.content, "rows": rows})
    both = Law({**LAW.rules, own.rule: Rule(own.rule, (own,))})

    def levels(station: str) -> list[float | None]:
        found = hazards.alarm_levels(both, station)
        return [getattr(a, "value", None) for a in (found.bd1, found.bd2, found.bd3)]

    assert levels("krong-ana-giang-son") == [420.0, 422.0, None]
    assert levels("local") == [1.0, 2.0, 3.0]
    assert levels("ca-dua") == [None, 22.5, 24.5]


def test_levels_from_one_bulletin_carry_that_mark() -> None:
    nam_dan = hazards.alarm_levels(LAW, "ca-nam-dan")
    marks = [a.basis.confidence for a in (nam_dan.bd1, nam_dan.bd2, nam_dan.bd3) if isinstance(a, Found)]
    assert marks == [Confidence.CONFIRMED, Confidence.CONFIRMED, Confidence.ONE_SOURCE]
    assert isinstance(DUA.bd2, Found)
    assert DUA.bd2.basis.confidence is Confidence.ONE_SOURCE


@pytest.mark.parametrize(
    ("station", "stage", "vi", "en"),
    [
        ("huong-kim-long", 4.56, "trên BĐ3 1,06 m", "1.06 m above BĐ3"),  # as a bulletin printed it
        ("thu-bon-cau-lau", 5.62, "trên BĐ3 1,62 m", "1.62 m above BĐ3"),
        ("ca-dua", 24.35, "dưới BĐ3 0,15 m", "0.15 m below BĐ3"),
        ("hong-ha-noi", 9.5, "bằng BĐ1", "at BĐ1"),
        ("hong-ha-noi", 8.0, "dưới BĐ1 1,50 m", "1.50 m below BĐ1"),
        ("hong-ha-noi", 10.0, "trên BĐ1 0,50 m", "0.50 m above BĐ1"),
        ("dong-nai-bien-hoa", 2.3, "trên BĐ2 0,30 m", "0.30 m above BĐ2"),
        ("nowhere", 2.3, "", ""),
    ],
)
def test_a_stage_is_said_against_the_nearest_alarm_level(station: str, stage: float, vi: str, en: str) -> None:
    levels = hazards.alarm_levels(LAW, station)
    assert hazards.alarm_wording(stage, levels) == vi
    assert hazards.alarm_wording(stage, levels, english=True) == en


@pytest.mark.parametrize("area", [1, 2, 3])
def test_cau_lau_on_30_october_2025_was_level_3(area: int) -> None:
    stage = value(CAU_LAU.bd3) + 1.62
    assert value(hazards.flood_risk(LAW, stage, CAU_LAU, area=area, above_record=True)) == 3


@pytest.mark.parametrize("area", [2, 3])
def test_dua_on_24_july_2025_was_level_2(area: int) -> None:
    assert value(hazards.flood_risk(LAW, value(DUA.bd3) - 0.15, DUA, area=area)) == 2


# Câu Lâu's levels are 2.0, 3.0 and 4.0 m.
@pytest.mark.parametrize(
    ("area", "stage", "record", "level"),
    [
        (1, 2.0, None, 1), (1, 3.5, None, 1), (1, 4.0, None, 2), (1, 4.99, None, 2), (1, 5.0, None, 3),
        (2, 2.5, None, 1), (2, 3.0, None, 2), (2, 4.9, None, 2), (2, 5.5, None, 3),
        (3, 2.5, None, 1), (3, 3.5, None, 2), (3, 4.0, None, 3), (3, 9.0, None, 3),
        (4, 2.0, None, 2), (4, 3.9, None, 3), (4, 4.29, None, 3), (4, 4.5, False, 4), (4, 4.5, True, 5),
    ],
)  # fmt: skip
def test_cells_of_article_45(area: int, stage: float, record: bool | None, level: int) -> None:
    assert value(hazards.flood_risk(LAW, stage, CAU_LAU, area=area, above_record=record)) == level


def test_confidence_of_the_cells_of_article_45() -> None:
    def mark(area: int, stage: float, record: bool | None = None) -> Confidence:
        answer = hazards.flood_risk(LAW, stage, CAU_LAU, area=area, above_record=record)
        assert isinstance(answer, Found)
        return answer.basis.confidence

    assert mark(2, 3.5) is Confidence.CONFIRMED
    assert mark(4, 3.5) is Confidence.CONFIRMED
    assert mark(2, 5.5) is Confidence.ONE_SOURCE
    assert mark(4, 5.5, record=True) is Confidence.ONE_SOURCE


def test_a_station_whose_area_is_not_configured_gets_a_level_only_where_all_areas_agree() -> None:
    unsure = hazards.flood_risk(LAW, 3.5, CAU_LAU)
    assert isinstance(unsure, NotDeterminable)
    assert (unsure.why, unsure.possible) == (Why.MISSING_INPUT, (1, 2, 3))
    record = hazards.flood_risk(LAW, 5.62, CAU_LAU, area=4)
    assert isinstance(record, NotDeterminable)
    assert record.possible == (4, 5)


def test_below_the_first_alarm_level_there_is_no_level() -> None:
    answer = hazards.flood_risk(LAW, 1.9, CAU_LAU, area=2)
    assert isinstance(answer, NotDeterminable)
    assert answer.why is Why.OUTSIDE


def test_an_unknown_alarm_level_is_never_interpolated() -> None:
    giang_son = hazards.alarm_levels(LAW, "krong-ana-giang-son")  # only BĐ2 = 422.0
    above = hazards.flood_risk(LAW, 422.5, giang_son, area=1)
    assert isinstance(above, NotDeterminable)
    assert above.possible == (1, 2, 3)
    unknown = hazards.flood_risk(LAW, 3.0, AlarmLevels("x", *(hazards.alarm_levels(LAW, "nowhere").bd1,) * 3), area=1)
    assert isinstance(unknown, NotDeterminable)


def test_several_basins() -> None:
    assert value(hazards.basins_risk(LAW, [(1, "bd1"), (1, "bd2")])) == 2
    assert value(hazards.basins_risk(LAW, [(2, "bd1"), (3, "bd1")])) == 2
    answer = hazards.basins_risk(LAW, [(2, "bd2"), (3, "bd1")])
    assert isinstance(answer, NotDeterminable)
    assert answer.why is Why.NOT_GIVEN
    with pytest.raises(ParameterError):
        hazards.basins_risk(LAW, [(1, "bd1")])


@pytest.mark.parametrize(
    ("depth", "window", "days", "terrain", "possible"),
    [
        (60, 12, 2, None, (1,)), (150, 24, 1, None, (1,)), (150, 24, 3, None, (2,)),
        (150, 24, 5, "upland", (3,)), (150, 24, 5, "lowland", (2,)), (150, 24, 5, None, (3, 2)),
        (300, 24, 2, None, (2,)), (300, 24, 4, None, (3,)), (300, 24, 5, "upland", (4,)), (300, 24, 5, "lowland", (3,)),
        (500, 24, 2, None, (3,)), (500, 24, 3, "upland", (4,)), (500, 24, 3, "lowland", (3,)), (500, 24, 5, None, (4,)),
        (30, 24, 2, None, ()),
    ],
)  # fmt: skip
def test_rain_depth_alone_never_yields_the_legal_level(
    depth: float, window: int, days: float, terrain: str | None, possible: tuple[int, ...]
) -> None:
    answer = hazards.heavy_rain(LAW, depth_mm=depth, window_h=window, days=days, terrain=terrain)
    assert isinstance(answer, NotDeterminable)
    assert answer.possible == possible
    assert "chỉ riêng lượng mưa" in answer.text
    assert not answer.may_refuse


@pytest.mark.parametrize(
    ("province", "depth", "days", "zone", "level"),
    [
        ("Lai Châu", 150, 2, "low", 1), ("Lai Châu", 150, 2, "high", 2), ("Lai Châu", 150, 2, "very_high", 3),
        ("Nghệ An", 150, 1, "medium", 1), ("Đà Nẵng", 150, 1, "high", 1), ("Phú Yên", 150, 1, "very_high", 1),
        ("Sơn La", 300, 3, "low", 1), ("Sơn La", 300, 3, "medium", 2), ("Sơn La", 300, 3, "high", 3),
        ("Kon Tum", 300, 3, "medium", 1), ("Kon Tum", 300, 3, "high", 2), ("Kon Tum", 300, 3, "very_high", 3),
        ("Kon Tum", 450, 3, "low", 1), ("Kon Tum", 450, 3, "high", 3), ("Bình Thuận", 300, 3, "very_high", 2),
    ],
)  # fmt: skip
def test_flash_floods_by_article_46(province: str, depth: float, days: float, zone: str, level: int) -> None:
    answer = hazards.flash_flood_risk(LAW, province, depth_24h_mm=depth, rained_days=days, zone=zone)
    assert value(answer) == level


def test_a_province_printed_in_two_groups_or_none_is_not_decided_for_the_reader() -> None:
    both = hazards.flash_flood_risk(LAW, "Khánh Hòa", depth_24h_mm=300, rained_days=3, zone="very_high")
    assert isinstance(both, NotDeterminable)
    assert both.possible == (2, 3)
    none = hazards.flash_flood_risk(LAW, "Đồng Nai", depth_24h_mm=300, rained_days=3, zone="high")
    assert isinstance(none, NotDeterminable)


@pytest.mark.parametrize(
    ("level", "simultaneous", "serious", "result"),
    [(2, True, 0, 3), (3, False, 2, 5), (4, True, 2, 5), (5, True, 0, 5), (1, False, 0, 1)],
)
def test_article_4_raises_a_level_to_five_at_most(level: int, simultaneous: bool, serious: int, result: int) -> None:
    start = hazards.flood_risk(LAW, 4.0, CAU_LAU, area=3)
    assert isinstance(start, Found)
    raised = hazards.raised(LAW, start.computed(level), simultaneous=simultaneous, serious=serious)
    assert value(raised) == result


def test_serious_threat_raises_by_two_at_most() -> None:
    start = hazards.flood_risk(LAW, 4.0, CAU_LAU, area=3)
    assert isinstance(start, Found)
    with pytest.raises(ParameterError):
        hazards.raised(LAW, start, serious=3)


def test_the_highest_cell_of_a_basin_wins_unless_one_is_unknown() -> None:
    low, high = hazards.flood_risk(LAW, 2.5, CAU_LAU, area=3), hazards.flood_risk(LAW, 4.0, CAU_LAU, area=3)
    assert value(hazards.highest([low, high])) == 3
    assert isinstance(hazards.highest([low, hazards.flood_risk(LAW, 3.5, CAU_LAU)]), NotDeterminable)


def test_five_levels_with_the_names_and_colours_of_the_decision() -> None:
    rows = LAW.rows("risk.levels")
    assert [(r["code"], r["title"], r["colour"]) for r in rows] == [
        ("1", "Thấp", "xanh dương nhạt"),
        ("2", "Trung bình", "vàng nhạt"),
        ("3", "Lớn", "da cam"),
        ("4", "Rất lớn", "đỏ"),
        ("5", "Thảm họa", "tím"),
    ]
    assert all(r["confidence_of"] == {"rgb": "own"} for r in rows)
