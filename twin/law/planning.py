"""Planning figures of QCVN 01 and QCVN 04, worked out from the law's tables. Areas in m², heights and distances in m.

Every function takes the law, its inputs, ``at`` (the date asked about; ``None`` is now) and ``approved`` (date on which
the plan in question was approved: plans approved before a new code keep the old one's figures while in force). A figure
of the plan itself goes before these; they answer where the plan is silent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction
from statistics import fmean
from typing import Any, TypedDict, Unpack

from twin.errors import ParameterError
from twin.law.answer import Answer, Found, NotDeterminable, Why
from twin.law.book import Law

_FIGURES = "planning.figures"
DENSITY_TABLES = {"apartment": "planning.apartment_density", "commercial": "planning.commercial_density"}
"""Tables of area and height by use."""


class When(TypedDict, total=False):
    """Which version of the law is asked for."""

    at: date | datetime | None
    approved: date | None


def house_density(
    law: Law, area_m2: float, *, existing_area: bool = False, height_m: float | None = None, **when: Unpack[When]
) -> Answer:
    """Greatest net density of a detached or row house (Table 2.8). [%]

    In existing areas small, low lots may reach 100 % (2.7.7); without ``height_m`` that is not claimed.
    """
    _positive(area_m2, "area_m2")
    found = law.value("planning.house_density", area_m2=area_m2, **when)
    if not existing_area or height_m is None or isinstance(found, NotDeterminable):
        return found
    lot, height, density = (
        law.parameter(_FIGURES, f"existing_{n}", **when) for n in ("lot_m2", "height_m", "density_pct")
    )
    if isinstance(lot, Found) and isinstance(height, Found) and isinstance(density, Found):
        return density if area_m2 <= lot.value and height_m <= height.value else found
    return found


def tall_density(law: Law, use: str, area_m2: float, height_m: float | Sequence[float], **when: Unpack[When]) -> Answer:
    """Greatest net density of an apartment (2.9) or commercial or mixed high-rise (2.10) building. [%]

    Interpolated in area and height; of several heights the mean counts. ``use`` is ``apartment`` or ``commercial``.
    """
    if use not in DENSITY_TABLES:
        raise ParameterError(f"{use!r} has no table of density", hint=f"Use {' or '.join(DENSITY_TABLES)}.")
    height = _mean_height(height_m)
    return law.value(DENSITY_TABLES[use], area_m2=_positive(area_m2, "area_m2"), height_m=height, **when)


def far_limit(law: Law, use: str, height_m: float | Sequence[float], **when: Unpack[When]) -> Answer:
    """Greatest floor area ratio beside the density tables: houses 7, high-rise above 46 m 13, else none given."""
    if use == "house":
        return law.parameter(_FIGURES, "house_far", **when)
    bound = law.parameter(_FIGURES, "tall_from_m", **when)
    if isinstance(bound, NotDeterminable):
        return bound
    if _mean_height(height_m) > bound.value:
        return law.parameter(_FIGURES, "tall_far", **when)
    said = f"H ≤ {bound.value} m"
    return NotDeterminable(Why.OUTSIDE, said, said, bound.basis)


def far(law: Law, area_m2: float, height_m: float, **when: Unpack[When]) -> Answer:
    """Greatest floor area ratio by Table 2.12, which is known in two rows only and is not interpolated."""
    return law.value("planning.far", area_m2=_positive(area_m2, "area_m2"), height_m=height_m, **when)


def setback(law: Law, road_width_m: float, height_m: float, **when: Unpack[When]) -> Answer:
    """Least setback from the red line (Table 2.7). [m]"""
    return law.value(
        "planning.setback", road_width_m=_positive(road_width_m, "road_width_m"), height_m=height_m, **when
    )


def setbacks(
    law: Law, road_width_m: float, *, base_height_m: float, tower_height_m: float, **when: Unpack[When]
) -> dict[str, Answer]:
    """Least setbacks of base and tower, each at its own height. [m]"""
    heights = {"base": base_height_m, "tower": tower_height_m}
    return {part: setback(law, road_width_m, height, **when) for part, height in heights.items()}


def spacing(law: Law, height_m: float, side: str, **when: Unpack[When]) -> Answer:
    """Least distance to the next building (2.6.1). [m]

    ``side`` is ``long``, ``gable`` or ``backs`` (between the backs of two rows of houses).
    """
    if side not in ("long", "gable", "backs"):
        raise ParameterError(f"{side!r} is not a side", hint="Use long, gable or backs.")
    if side == "backs":
        return law.parameter(_FIGURES, "spacing_backs_m", **when)
    bound = law.parameter(_FIGURES, "spacing_tall_from_m", **when)
    if isinstance(bound, NotDeterminable):
        return bound
    if height_m >= bound.value:
        return law.parameter(_FIGURES, f"spacing_{side}_tall_m", **when)
    least = law.parameter(_FIGURES, f"spacing_{side}_m", **when)
    share = law.parameter(_FIGURES, f"spacing_{side}_share", **when)
    assert isinstance(least, Found)
    assert isinstance(share, Found)
    return least.computed(max(float(Fraction(share.value)) * height_m, float(least.value)), "m", share.basis)


def frontage(law: Law, road_width_m: float, **when: Unpack[When]) -> Answer:
    """Least frontage of a row house's lot (2.6.6). [m]"""
    wide = law.parameter(_FIGURES, "frontage_wide_road_m", **when)
    if isinstance(wide, NotDeterminable):
        return wide
    return law.parameter(_FIGURES, "frontage_wide_m" if road_width_m >= wide.value else "frontage_m", **when)


def ground_level(law: Law, design_flood_level_m: float, use: str, **when: Unpack[When]) -> Answer:
    """Lowest ground level (2.8.1), in the datum of the flood level; ``use`` is ``civil`` or ``industrial``. [m]"""
    margin = law.value("planning.flood_margin", use=use, **when)
    if isinstance(margin, NotDeterminable):
        return margin
    return margin.computed(round(design_flood_level_m + margin.value, 6), "m")


def parking_places(
    law: Law, *, rooms: int | None = None, stars: int | None = None, floor_m2: float | None = None, **when: Unpack[When]
) -> Answer:
    """Least parking places (Table 2.19) of a hotel (``rooms``, ``stars``) or an office or mall (``floor_m2``)."""
    rule = "planning.parking"
    if rooms is None:
        each = law.parameter(rule, "office_m2_per_place", **when)
        if floor_m2 is None or isinstance(each, NotDeterminable):
            return each if isinstance(each, NotDeterminable) else _missing("floor_m2", each)
        return each.computed(math.ceil(_positive(floor_m2, "floor_m2") / each.value), "chỗ")
    lowest, each = law.parameter(rule, "hotel_stars_from", **when), law.parameter(rule, "hotel_rooms_per_place", **when)
    if isinstance(lowest, NotDeterminable) or isinstance(each, NotDeterminable):
        return lowest if isinstance(lowest, NotDeterminable) else each
    if stars is None:
        return _missing("stars", each)
    if stars < lowest.value:
        return NotDeterminable(Why.OUTSIDE, f"{stars} sao", f"{stars} stars", each.basis)
    return each.computed(math.ceil(rooms / each.value), "chỗ")


def flats_parking(
    law: Law, flats: int, usable_m2: float, *, social: bool = False, **when: Unpack[When]
) -> dict[str, Answer]:
    """Least parking area of an apartment building (QCVN 04:2021, 2.2.17): ``total`` and ``two_wheels``. [m²]

    With internal lanes; the greater of the two measures (by flats, by usable flat area). Social, resettlement and
    low-income housing: 60 % of that, but the area for motorbikes and bicycles stays.
    """
    version = law.version("planning.parking_flats", **when)
    if isinstance(version, NotDeterminable):
        return {"total": version, "two_wheels": version}
    p: dict[str, Found] = {}
    for described in version.content["parameters"]:
        answer = law.parameter("planning.parking_flats", described["name"], **when)
        assert isinstance(answer, Found)
        p[described["name"]] = answer
    by_flats = p["m2_per_group"].value * flats / p["flats_per_group"].value
    by_area = p["m2_per_100"].value * usable_m2 / 100
    wheels = p["two_wheels_m2"].value * flats
    total = max(by_flats, by_area) * (p["social_share"].value if social else 1.0)
    base = p["m2_per_group"]
    return {
        "total": base.computed(max(total, wheels), "m²"),
        "two_wheels": p["two_wheels_m2"].computed(wheels, "m²"),
    }


def _mean_height(height_m: float | Sequence[float]) -> float:
    heights = [height_m] if isinstance(height_m, int | float) else list(height_m)
    if not heights:
        raise ParameterError("no height", where="height_m")
    return fmean(_positive(h, "height_m") for h in heights)


def _positive(value: float, name: str) -> float:
    if not (math.isfinite(value) and value > 0):
        raise ParameterError(f"{name} is {value}, not above 0", where=name)
    return value


def _missing(name: str, answer: Any) -> NotDeterminable:
    return NotDeterminable(Why.MISSING_INPUT, name, name, answer.basis)
