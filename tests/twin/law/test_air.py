"""VN_AQI: the decision's worked examples, and what makes the index continuous and honest about missing data."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import ParameterError
from twin.law.air import AirIndex, class_of, daily, half_up, hourly, index_of, nowcast, sub_index
from twin.law.answer import Found, NotDeterminable, Why
from twin.law.book import Law
from twin.law.rule import Confidence

LAW = Law.shipped()

# Decision 1459/QĐ-TCMT, section 2: PM2.5 from 09 h to 20 h.
PM25_9_TO_20_H = [26.9, 24.7, 20.5, 23.5, 19.5, 16.5, 19.0, 16.5, 20.3, 22.4, 19.6, 20.6]
NEWEST_FIRST = PM25_9_TO_20_H[::-1]


def found(answer: object) -> Found:
    assert isinstance(answer, Found), answer
    return answer


def index(answer: object) -> AirIndex:
    assert isinstance(answer, AirIndex), answer
    return answer


def test_the_decisions_nowcast_example() -> None:
    cast = found(nowcast(LAW, NEWEST_FIRST))
    assert round(cast.value, 1) == 20.3
    assert half_up(found(sub_index(LAW, "pm25", cast.value)).value) == 41


@pytest.mark.parametrize(
    ("quantity", "concentration", "exact", "rounded"),
    [
        ("o3_1h", 136.1, 42.53125, 43),
        ("no2_1h", 118.7, 59.35, 59),  # the decision prints 60; its own formula gives 59.35
        ("o3_8h", 89.3, 44.65, 45),
        ("o3_1h", 114.6, 35.8125, 36),
        ("no2_1h", 130.8, 65.4, 65),
        ("pm25", 55.7, 109.5, 110),
        ("pm25", 25.0, 50.0, 50),
        ("pm25", 25.1, 50.2, 50),
        ("pm10", 600.0, 500.0, 500),
        ("pm25", 900.0, 500.0, 500),
        ("co_1h", 150_001.0, 500.0, 500),
        ("so2_1h", 0.0, 0.0, 0),
    ],
)
def test_sub_indices_follow_the_formula(quantity: str, concentration: float, exact: float, rounded: int) -> None:
    value = found(sub_index(LAW, quantity, concentration)).value
    assert value == pytest.approx(exact, abs=1e-9)
    assert half_up(value) == rounded


def test_the_decisions_day() -> None:
    day = index(index_of(LAW, {"o3_8h": 89.3, "o3_1h": 114.6, "no2_1h": 130.8, "pm25": 55.7}))
    assert day.parts == {"o3_8h": 45, "o3_1h": 36, "no2_1h": 65, "pm25": 110}
    assert (day.value, day.dominant, day.level["title"], day.level["rgb"]) == (110, "pm25", "Kém", "#ff7e00")


def test_the_hour_takes_nowcast_for_particles_and_the_mean_for_gases() -> None:
    hour = index(hourly(LAW, {"pm25": NEWEST_FIRST}, {"o3_1h": 136.1, "no2_1h": 118.7}))
    assert hour.parts == {"o3_1h": 43, "no2_1h": 59, "pm25": 41}
    assert (hour.value, hour.dominant) == (59, "no2_1h")


def test_without_particles_no_index_is_given() -> None:
    for answer in (
        hourly(LAW, {}, {"o3_1h": 136.1}),
        hourly(LAW, {"pm25": [None, None, *NEWEST_FIRST[2:]]}, {"o3_1h": 136.1}),
        index_of(LAW, {"no2_1h": 100.0}),
    ):
        assert isinstance(answer, NotDeterminable)
        assert answer.why is Why.INCOMPLETE
        assert not answer.may_refuse


@pytest.mark.parametrize(
    ("means", "expected"),
    [
        ([10.0, 10.0, None], 10.0),
        ([10.0, None, 10.0], 10.0),
        ([None, 10.0, 10.0], 10.0),
        ([40.0, 20.0], (40 + 0.5 * 20) / 1.5),  # w* = 1/2
        ([40.0, 4.0], (40 + 0.5 * 4) / 1.5),  # w* = 1/10, so 1/2
        ([40.0, None, 30.0], (40 + 0.75**2 * 30) / (1 + 0.75**2)),  # a missing hour has no weight
        ([0.0, 0.0, 0.0], 0.0),
    ],
)
def test_nowcast_by_hand(means: list[float | None], expected: float) -> None:
    assert found(nowcast(LAW, means)).value == pytest.approx(expected)


@pytest.mark.parametrize("means", [[], [10.0], [10.0, None, None, 10.0], [None, None, 10.0, 10.0]])
def test_nowcast_needs_two_of_the_three_newest_hours(means: list[float | None]) -> None:
    assert isinstance(nowcast(LAW, means), NotDeterminable)


def test_above_400_the_eight_hour_branch_of_ozone_is_dropped() -> None:
    assert isinstance(sub_index(LAW, "o3_8h", 400.1), NotDeterminable)
    assert index(index_of(LAW, {"o3_8h": 450.0, "o3_1h": 500.0, "pm10": 10.0})).parts == {"o3_1h": 225, "pm10": 10}


def test_the_day_takes_the_mean_of_particles_the_highest_hour_of_gases_and_both_branches_of_ozone() -> None:
    no2 = [50.0] * 23 + [130.8]
    ozone = [20.0] * 8 + [89.3] * 8 + [20.0] * 7 + [114.6]
    day = index(daily(LAW, {"pm25": [55.7] * 24, "no2": no2, "o3": ozone}))
    assert day.parts == {"pm25": 110, "no2_1h": 65, "o3_1h": 36, "o3_8h": 45}
    assert day.basis.confidence is Confidence.CONFIRMED


def test_a_day_with_too_few_hours_leaves_the_quantity_out_and_one_with_gaps_carries_the_mark() -> None:
    assert isinstance(daily(LAW, {"pm25": [55.7] * 17 + [None] * 7}), NotDeterminable)
    gaps = index(daily(LAW, {"pm25": [55.7] * 18 + [None] * 6}))
    assert (gaps.value, gaps.basis.confidence) == (110, Confidence.UNCONFIRMED)


def test_an_eight_hour_mean_needs_six_hours() -> None:
    ozone: list[float | None] = [90.0] * 5 + [None] * 6 + [10.0] * 13
    day = index(daily(LAW, {"pm10": [10.0] * 24, "o3": ozone}))
    assert "o3_8h" in day.parts
    # 90 stands in five hours only, so the best window of six or more hours is one with 10 in it.
    assert day.parts["o3_8h"] < 45


QUANTITIES = st.sampled_from(["o3_1h", "co_1h", "so2_1h", "no2_1h", "pm10", "pm25"])


@settings(deadline=None)
@given(quantity=QUANTITIES, share=st.floats(0, 1.2), step=st.floats(0, 1e-3))
def test_the_index_rises_and_is_continuous(quantity: str, share: float, step: float) -> None:
    top = LAW.rule("air.aqi_breakpoints").versions[0].content["curves"][quantity][-1]
    low, high = share * top, share * top + step
    a, b = found(sub_index(LAW, quantity, low)).value, found(sub_index(LAW, quantity, high)).value
    # The steepest piece of any curve: PM2.5 from 25 to 50, two points a microgram.
    assert -1e-9 <= b - a <= 2.0 * step + 1e-6


@pytest.mark.parametrize("quantity", ["o3_1h", "o3_8h", "co_1h", "so2_1h", "no2_1h", "pm10", "pm25"])
def test_breakpoints_give_their_index(quantity: str) -> None:
    content = LAW.rule("air.aqi_breakpoints").versions[0].content
    for at, node in zip(content["curves"][quantity], content["nodes"], strict=True):
        if at is not None:
            assert found(sub_index(LAW, quantity, at)).value == node


@pytest.mark.parametrize(
    ("value", "title"),
    [(0, "Tốt"), (50, "Tốt"), (51, "Trung bình"), (150, "Kém"), (200, "Xấu"), (300, "Rất xấu"), (301, "Nguy hại")],
)
def test_classes_by_index(value: int, title: str) -> None:
    assert class_of(LAW, value)["title"] == title


def test_every_index_has_one_class() -> None:
    rows = LAW.rows("air.aqi_classes")
    for value in range(501):
        assert sum(row["from"] <= value <= row["to"] for row in rows) == 1


@pytest.mark.parametrize("bad", [-1.0, float("nan"), float("inf")])
def test_a_concentration_that_cannot_be_is_refused(bad: float) -> None:
    with pytest.raises(ParameterError):
        sub_index(LAW, "pm25", bad)
    with pytest.raises(ParameterError):
        nowcast(LAW, [10.0, bad])


@pytest.mark.parametrize(("at", "limit"), [(date(2025, 12, 31), 50), (date(2026, 1, 1), 45), (date(2026, 11, 23), 45)])
def test_the_pm25_limit_of_a_day_falls_to_45_in_2026(at: date, limit: int) -> None:
    cells = LAW.cells("air.limits", at, substance="pm25")
    assert found(cells["h24"]).value == limit
    assert found(cells["year"]).value == 25
    assert found(cells["year"]).basis.confidence is Confidence.UNCONFIRMED
    assert isinstance(cells["h1"], NotDeterminable)


@pytest.mark.parametrize(
    ("substance", "limits"),
    [
        ("so2", (350, None, 125, 50)),
        ("co", (30_000, 10_000, None, None)),
        ("no2", (200, None, 100, 40)),
        ("o3", (200, 120, None, None)),
        ("tsp", (300, None, 200, 100)),
        ("pm10", (None, None, 100, 50)),
    ],
)
def test_limits_of_qcvn_05(substance: str, limits: tuple[float | None, ...]) -> None:
    cells = LAW.cells("air.limits", date(2026, 11, 23), substance=substance)
    assert tuple(getattr(cells[n], "value", None) for n in ("h1", "h8", "h24", "year")) == limits
