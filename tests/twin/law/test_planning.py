"""Figures of QCVN 01:2021 and QCVN 04:2021: vectors of the text, nodes, monotony, and what is not determinable."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import ParameterError
from twin.law import planning
from twin.law.answer import Answer, Found, How, NotDeterminable, Why
from twin.law.book import Law
from twin.law.planning import When

LAW = Law.shipped()
NOW: When = {"at": date(2026, 11, 23)}


def value(answer: object) -> Any:
    assert isinstance(answer, Found), answer
    return answer.value


@pytest.mark.parametrize(
    ("area", "density"),
    [(40, 100), (90, 100), (95, 95), (100, 90), (150, 80), (200, 70), (250, 65), (300, 60), (400, 55), (500, 50),
     (750, 45), (1000, 40), (5000, 40)],
)  # fmt: skip
def test_density_of_houses(area: float, density: float) -> None:
    assert value(planning.house_density(LAW, area, **NOW)) == density


@pytest.mark.parametrize(
    ("area", "height", "density"),
    [
        (5000, 25, 68.71),  # 75 - 22·2/7
        (5000, 23.5, 69.29),  # half-way between 22 m and 25 m
        (12_000, 40, 42.5),  # 43 - 2·2000/8000
        (1000, 10, 75.0),
        (10_000, 16, 65.0),
        (50_000, 46, 36.0),
        (50_000, 46.1, 35.0),
        (3000, 200, 75.0),
    ],
)
def test_density_of_apartments_is_interpolated_in_area_and_height(area: float, height: float, density: float) -> None:
    answer = planning.tall_density(LAW, "apartment", area, height, **NOW)
    assert value(answer) == pytest.approx(density, abs=0.005)


def test_mixed_heights_count_with_their_mean() -> None:
    mixed = planning.tall_density(LAW, "apartment", 5000, [22, 25], **NOW)
    assert value(mixed) == value(planning.tall_density(LAW, "apartment", 5000, 23.5, **NOW))


@settings(deadline=None)
@given(area=st.floats(100, 60_000), height=st.floats(1, 120))
def test_commercial_density_is_five_points_above_that_of_apartments(area: float, height: float) -> None:
    flats = value(planning.tall_density(LAW, "apartment", area, height, **NOW))
    assert value(planning.tall_density(LAW, "commercial", area, height, **NOW)) == pytest.approx(flats + 5, abs=1e-6)


@settings(deadline=None)
@given(
    use=st.sampled_from(["apartment", "commercial"]),
    area=st.floats(100, 60_000),
    height=st.floats(1, 120),
    more=st.tuples(st.floats(0, 5000), st.floats(0, 20)),
)
def test_density_never_rises_with_area_or_height(
    use: str, area: float, height: float, more: tuple[float, float]
) -> None:
    here = value(planning.tall_density(LAW, use, area, height, **NOW))
    larger = value(planning.tall_density(LAW, use, area + more[0], height + more[1], **NOW))
    assert larger <= here + 1e-6


@settings(deadline=None)
@given(area=st.floats(1, 3000), more=st.floats(0, 1000))
def test_density_of_houses_never_rises_with_area(area: float, more: float) -> None:
    here, larger = (value(planning.house_density(LAW, a, **NOW)) for a in (area, area + more))
    assert larger <= here + 1e-9


@pytest.mark.parametrize("table", ["planning.apartment_density", "planning.commercial_density"])
def test_interpolation_hits_every_node(table: str) -> None:
    version = LAW.rule(table).versions[0]
    heights, areas = (axis["nodes"] for axis in version.content["axes"])
    for i, height in enumerate([*heights, 46.5]):
        for j, area in enumerate(areas):
            answer = LAW.value(table, area_m2=area, height_m=height, **NOW)
            assert value(answer) == version.content["values"][i][j]
            assert isinstance(answer, Found)
            assert answer.how is How.GIVEN


def test_small_low_lots_of_existing_areas_may_be_covered_wholly() -> None:
    def existing(area: float, height: float | None) -> Any:
        return value(planning.house_density(LAW, area, existing_area=True, height_m=height, **NOW))

    assert existing(100, 25) == 100
    assert existing(100, 25.1) == 90
    assert existing(101, 20) == pytest.approx(89.8)
    assert existing(100, None) == 90


@pytest.mark.parametrize(
    ("road", "height", "setback"),
    [
        (18.9, 18.9, 0), (18.9, 19, 3), (18.9, 22, 4), (18.9, 27.9, 4), (18.9, 28, 6),
        (19, 18, 0), (19, 21, 0), (19, 25, 3), (21.9, 28, 6),
        (22, 27.9, 0), (40, 28, 6), (40, 5, 0),
    ],
)  # fmt: skip
def test_setback_by_road_and_height(road: float, height: float, setback: float) -> None:
    assert value(planning.setback(LAW, road, height, **NOW)) == setback


def test_base_and_tower_are_set_back_at_their_own_heights() -> None:
    found = planning.setbacks(LAW, 15, base_height_m=18, tower_height_m=60, **NOW)
    assert {part: value(answer) for part, answer in found.items()} == {"base": 0, "tower": 6}


@settings(deadline=None)
@given(road=st.floats(1, 60), height=st.floats(0, 100), more=st.tuples(st.floats(0, 30), st.floats(0, 50)))
def test_setback_rises_with_height_and_falls_with_the_road(
    road: float, height: float, more: tuple[float, float]
) -> None:
    here = value(planning.setback(LAW, road, height, **NOW))
    assert value(planning.setback(LAW, road, height + more[1], **NOW)) >= here
    assert value(planning.setback(LAW, road + more[0], height, **NOW)) <= here


@pytest.mark.parametrize(
    ("height", "side", "distance"),
    [(10, "long", 7), (14, "long", 7), (20, "long", 10), (45.9, "long", 22.95), (46, "long", 25), (90, "long", 25),
     (9, "gable", 4), (12, "gable", 4), (30, "gable", 10), (46, "gable", 15), (12, "backs", 4)],
)  # fmt: skip
def test_spacing(height: float, side: str, distance: float) -> None:
    assert value(planning.spacing(LAW, height, side, **NOW)) == pytest.approx(distance)


@pytest.mark.parametrize(("use", "share"), [("apartment", 20), ("public", 30), ("factory", 20)])
def test_green_share(use: str, share: float) -> None:
    assert value(LAW.value("planning.green_share", use=use, **NOW)) == share


@pytest.mark.parametrize(
    ("area", "height", "ratio"),
    [(3000, 16, 4.0), (10_000, 10, 3.5), (18_000, 16, 3.4), (40_000, 16, 3.25), (2000, 50, 12.8), (10_000, 46.1, 7.2),
     (18_000, 60, 6.88), (35_000, 47, 6.4)],
)  # fmt: skip
def test_floor_area_ratio_in_the_rows_that_are_known(area: float, height: float, ratio: float) -> None:
    assert value(planning.far(LAW, area, height, **NOW)) == ratio


@pytest.mark.parametrize(
    ("area", "height"), [(3000, 19), (3000, 16.1), (3000, 46), (3000, 30), (5000, 16), (20_000, 60)]
)
def test_floor_area_ratio_elsewhere_is_not_determinable(area: float, height: float) -> None:
    answer = planning.far(LAW, area, height, **NOW)
    assert isinstance(answer, NotDeterminable)
    assert answer.why is Why.NOT_GIVEN


def test_limits_of_the_ratio_beside_the_density_tables() -> None:
    assert value(planning.far_limit(LAW, "house", 12, **NOW)) == 7
    assert value(planning.far_limit(LAW, "apartment", 46.5, **NOW)) == 13
    assert value(planning.far_limit(LAW, "apartment", [40, 60], **NOW)) == 13
    assert isinstance(planning.far_limit(LAW, "apartment", 46, **NOW), NotDeterminable)


@pytest.mark.parametrize(("use", "level"), [("civil", 3.5), ("industrial", 3.7)])
def test_ground_level_above_the_design_flood(use: str, level: float) -> None:
    assert value(planning.ground_level(LAW, 3.2, use, **NOW)) == level


@pytest.mark.parametrize(
    ("urban_class", "years"), [("special", 100), ("I", 100), ("II", 50), ("III", 50), ("IV", 50), ("V", 10)]
)
def test_return_period_of_the_design_flood(urban_class: str, years: float) -> None:
    assert value(LAW.value("planning.flood_return_period", urban_class=urban_class, **NOW)) == years


@pytest.mark.parametrize(
    ("drain", "years"),
    [("canal", (10, 10, 5, 5, 5, 2)), ("main", (5, 5, 2, 2, 2, 1)), ("branch", (1, 1, 0.5, 0.5, 0.5, 0.33))],
)
def test_return_period_of_drains(drain: str, years: tuple[float, ...]) -> None:
    classes = ("special", "I", "II", "III", "IV", "V")
    found = [value(LAW.value("planning.drain_return_period", drain=drain, urban_class=c, **NOW)) for c in classes]
    assert tuple(found) == years


@pytest.mark.parametrize(
    ("use", "area", "floors", "density"),
    [
        ("public", "new", None, 40),
        ("public", "existing", None, 60),
        ("factory", "new", 5, 70),
        ("factory", "new", 6, 60),
    ],
)
def test_density_of_other_lots(use: str, area: str, floors: int | None, density: float) -> None:
    assert value(LAW.value("planning.other_density", use=use, area=area, floors=floors, **NOW)) == density


def test_a_missing_input_leaves_what_is_possible() -> None:
    answer = LAW.value("planning.other_density", use="factory", **NOW)
    assert isinstance(answer, NotDeterminable)
    assert (answer.why, answer.possible) == (Why.MISSING_INPUT, (70, 60))


def test_parking_of_hotels_and_offices() -> None:
    assert value(planning.parking_places(LAW, rooms=81, stars=3, **NOW)) == 21
    assert value(planning.parking_places(LAW, floor_m2=1000, **NOW)) == 10
    assert value(planning.parking_places(LAW, floor_m2=1001, **NOW)) == 11
    for answer in (
        planning.parking_places(LAW, rooms=81, stars=2, **NOW),
        planning.parking_places(LAW, rooms=81, **NOW),
        planning.parking_places(LAW, **NOW),
    ):
        assert isinstance(answer, NotDeterminable)


@pytest.mark.parametrize(
    ("flats", "usable", "social", "total", "wheels"),
    [
        (100, 7000, False, 1400, 600),  # 20 m² a 100 m² outweigh 625 m²
        (100, 2500, False, 625, 600),  # 25 m² each 4 flats outweigh 500 m²
        (100, 7000, True, 840, 600),  # 60 %
        (100, 4000, True, 600, 600),  # 60 % would be 480 m², but 6 m² a flat stay
    ],
)
def test_parking_of_flats(flats: int, usable: float, social: bool, total: float, wheels: float) -> None:
    found = planning.flats_parking(LAW, flats, usable, social=social, **NOW)
    assert {name: value(answer) for name, answer in found.items()} == {"total": total, "two_wheels": wheels}


@pytest.mark.parametrize(("road", "width"), [(19, 5), (30, 5), (18.9, 4)])
def test_frontage(road: float, width: float) -> None:
    assert value(planning.frontage(LAW, road, **NOW)) == width


def ask_everything(when: When) -> list[Answer]:
    return [
        planning.house_density(LAW, 100, **when),
        planning.tall_density(LAW, "apartment", 5000, 25, **when),
        planning.setback(LAW, 15, 20, **when),
        planning.spacing(LAW, 20, "long", **when),
        planning.far(LAW, 3000, 16, **when),
        planning.far_limit(LAW, "apartment", 50, **when),
        planning.ground_level(LAW, 3, "civil", **when),
        planning.parking_places(LAW, floor_m2=1000, **when),
        planning.frontage(LAW, 20, **when),
    ]


def test_from_2027_the_old_tables_answer_only_for_plans_approved_before() -> None:
    new_year = date(2027, 1, 1)
    assert all(isinstance(a, Found) for a in ask_everything({"at": date(2026, 12, 31)}))
    assert all(isinstance(a, Found) for a in ask_everything({"at": new_year, "approved": date(2026, 12, 31)}))
    for answer in ask_everything({"at": new_year}) + ask_everything({"at": new_year, "approved": new_year}):
        assert isinstance(answer, NotDeterminable)
        assert answer.why is Why.NOT_IN_FORCE


def test_an_answer_says_what_it_rests_on() -> None:
    answer = planning.house_density(LAW, 150, **NOW)
    assert isinstance(answer, Found)
    assert (answer.unit, answer.how) == ("%", How.INTERPOLATED)
    said = answer.to_json()
    assert said["basis"] == {
        "rule": "planning.house_density",
        "version": 1,
        "document": "QCVN 01:2021/BXD",
        "clause": "Bảng 2.8",
        "confidence": "C",
        "countersigned": False,
        "title": "Mật độ xây dựng thuần tối đa của nhà ở riêng lẻ",
        "title_en": "Greatest net density of detached and row houses",
    }
    assert said["may_refuse"] is False  # nobody countersigned it


@pytest.mark.parametrize("bad", [0.0, -5.0, float("nan"), float("inf")])
def test_sizes_that_cannot_be_are_refused(bad: float) -> None:
    with pytest.raises(ParameterError):
        planning.house_density(LAW, bad, **NOW)
    with pytest.raises(ParameterError):
        planning.tall_density(LAW, "apartment", 5000, bad, **NOW)
    with pytest.raises(ParameterError):
        planning.setback(LAW, bad, 10, **NOW)


def test_words_that_are_no_choice_are_refused_with_the_choices() -> None:
    with pytest.raises(ParameterError, match="apartment, public, factory"):
        LAW.value("planning.green_share", use="villa", **NOW)
    with pytest.raises(ParameterError, match="has no input"):
        LAW.value("planning.green_share", usage="apartment", **NOW)
    with pytest.raises(ParameterError):
        planning.spacing(LAW, 10, "front", **NOW)
    with pytest.raises(ParameterError):
        planning.tall_density(LAW, "house", 100, 10, **NOW)
