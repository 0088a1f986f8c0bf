"""VN_AQI by Decision 1459/QĐ-TCMT: NowCast, hourly and daily index. Concentrations in µg/m³, CO too.

Only stations' measurements make a VN_AQI; what a model or a satellite gives is never called so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from twin.errors import ParameterError
from twin.law.answer import Answer, Basis, Found, NotDeterminable, Why
from twin.law.book import Law

Means: TypeAlias = Sequence[float | None]
"""Hourly means; ``None`` where there is none."""

_PARTICLES = ("pm10", "pm25")
_EIGHT = 8


@dataclass(frozen=True, slots=True)
class AirIndex:
    """A VN_AQI with the parts it is the highest of."""

    value: int
    dominant: str
    """Quantity that gave it, for instance ``pm25``."""
    parts: Mapping[str, int]
    level: Mapping[str, Any]
    """The class: code, title, colour, effect on health."""
    basis: Basis

    @property
    def may_refuse(self) -> bool:
        """Whether it may by itself decide something against anybody."""
        return self.basis.may_refuse


def half_up(value: float) -> int:
    """Round to a whole number, halves up. Noise of binary fractions below 1e-9 does not decide a half."""
    return math.floor(round(value, 9) + 0.5)


def nowcast(law: Law, means: Means, at: date | datetime | None = None) -> Answer:
    """Weighted mean of the last 12 hours of PM10 or PM2.5.

    Parameters
    ----------
    means
        Hourly means, the newest first: ``c1`` to ``c12``; ``None`` where missing. [µg/m³]

    Returns
    -------
    Found or NotDeterminable
        ``Σ w^(i-1)·c_i / Σ w^(i-1)`` with ``w = max(Cmin/Cmax, ½)``, missing hours without weight; not
        determinable with fewer than 2 of the 3 newest. [µg/m³]
    """
    asked = [law.parameter("air.aqi_method", name, at) for name in _NOWCAST]
    for answer in asked:
        if isinstance(answer, NotDeterminable):
            return answer
    hours, recent, needed, least = (a.value for a in asked if isinstance(a, Found))
    basis = asked[0].basis
    assert basis is not None
    window = [_checked(c) for c in means[:hours]]
    present = [c for c in window if c is not None]
    if sum(c is not None for c in window[:recent]) < needed:
        said = f"NowCast: {sum(c is not None for c in window[:recent])}/{recent} h"
        return NotDeterminable(Why.INCOMPLETE, said, said, basis)
    weight = max(min(present) / max(present), least) if max(present) > 0 else 1.0
    weights = [(weight**i, c) for i, c in enumerate(window) if c is not None]
    return Found(sum(w * c for w, c in weights) / sum(w for w, _ in weights), "µg/m³", basis)


_NOWCAST = ("nowcast_hours", "nowcast_recent_hours", "nowcast_recent_needed", "nowcast_least_weight")


def sub_index(law: Law, quantity: str, concentration: float, at: date | datetime | None = None) -> Answer:
    """The index of one quantity, not rounded; outside for O₃ 8 h above 400, whose branch is dropped.

    ``quantity`` is one of ``o3_1h o3_8h co_1h so2_1h no2_1h pm10 pm25``.
    """
    _checked(concentration)
    return law.value("air.aqi_breakpoints", at, quantity=quantity, concentration=concentration)


def index_of(
    law: Law, concentrations: Mapping[str, float | None], at: date | datetime | None = None
) -> AirIndex | NotDeterminable:
    """The index of a set of concentrations: the highest of its parts, each rounded half up.

    Not determinable without PM10 and PM2.5: then no index may be published.
    """
    parts: dict[str, int] = {}
    basis: Basis | None = None
    for quantity, concentration in concentrations.items():
        if concentration is None:
            continue
        answer = sub_index(law, quantity, concentration, at)
        if isinstance(answer, Found):
            parts[quantity], basis = half_up(answer.value), answer.basis
        elif answer.why is not Why.OUTSIDE:
            return answer
    needed = law.parameter("air.aqi_method", "needs_one_of", at)
    if isinstance(needed, NotDeterminable):
        return needed
    if basis is None or not any(name in parts for name in needed.value):
        return NotDeterminable(Why.INCOMPLETE, "thiếu PM10 và PM2,5", "PM10 and PM2.5 are missing", needed.basis)
    dominant = max(parts, key=lambda name: parts[name])
    basis = Found(0, "", basis).computed(0, "", needed.basis).basis
    return AirIndex(parts[dominant], dominant, parts, class_of(law, parts[dominant], at), basis)


def class_of(law: Law, index: int, at: date | datetime | None = None) -> Mapping[str, Any]:
    """The class of an index; empty if the classes may not be used."""
    rows = law.rows("air.aqi_classes", at)
    return next((row for row in rows if row["from"] <= index <= row["to"]), {})


def hourly(
    law: Law,
    particles: Mapping[str, Means],
    gases: Mapping[str, float | None],
    at: date | datetime | None = None,
) -> AirIndex | NotDeterminable:
    """VN_AQI of an hour.

    Parameters
    ----------
    particles
        Of ``pm10`` and ``pm25`` the last 12 hourly means, the newest first. [µg/m³]
    gases
        The hour's means as ``o3_1h no2_1h so2_1h co_1h``. [µg/m³]
    """
    concentrations: dict[str, float | None] = dict(gases)
    for name, means in particles.items():
        cast = nowcast(law, means, at)
        if isinstance(cast, Found):
            concentrations[name] = cast.value
        elif cast.why is not Why.INCOMPLETE:
            return cast
    return index_of(law, concentrations, at)


def daily(law: Law, hours: Mapping[str, Means], at: date | datetime | None = None) -> AirIndex | NotDeterminable:
    """VN_AQI of a day.

    Parameters
    ----------
    hours
        Of each of ``pm10 pm25 o3 no2 so2 co`` the 24 hourly means from 01:00 to 00:00 local, oldest first; ``o3`` may
        begin up to 7 hours earlier, for the first 8-hour means. [µg/m³]

    Notes
    -----
    A quantity with fewer hours than the completeness rule asks for is left out. As that rule is unconfirmed, an index
    of incomplete days carries its mark.
    """
    share = law.parameter("air.aqi_method", "daily_share_needed", at)
    eight = law.parameter("air.aqi_method", "eight_hour_needed", at)
    for answer in (share, eight):
        if isinstance(answer, NotDeterminable):
            return answer
    assert isinstance(share, Found)
    assert isinstance(eight, Found)
    concentrations: dict[str, float | None] = {}
    marks: list[Basis] = []
    for name, means in hours.items():
        day = [_checked(c) for c in means[-24:]]
        present = [c for c in day if c is not None]
        if len(present) < share.value * 24:
            continue
        if len(present) < 24:
            marks.append(share.basis)
        if name in _PARTICLES:
            concentrations[name] = sum(present) / len(present)
        else:
            concentrations[f"{name}_1h"] = max(present)
        if name == "o3":
            highest, whole = _highest_eight(means, eight.value)
            concentrations["o3_8h"] = highest
            marks += [] if whole else [eight.basis]
    found = index_of(law, concentrations, at)
    if isinstance(found, NotDeterminable) or not marks:
        return found
    basis = Found(0, "", found.basis).computed(0, "", *marks).basis
    return AirIndex(found.value, found.dominant, found.parts, found.level, basis)


def _highest_eight(means: Means, needed: int) -> tuple[float | None, bool]:
    """Highest 8-hour mean, and whether every window was whole."""
    windows = [[c for c in means[i : i + _EIGHT] if c is not None] for i in range(len(means) - _EIGHT + 1)]
    enough = [sum(w) / len(w) for w in windows if len(w) >= needed]
    return max(enough, default=None), all(len(w) == _EIGHT for w in windows)


def _checked(concentration: float | None) -> float | None:
    if concentration is not None and not (math.isfinite(concentration) and concentration >= 0):
        raise ParameterError(f"a concentration cannot be {concentration}", hint="Leave out what was rejected.")
    return concentration
