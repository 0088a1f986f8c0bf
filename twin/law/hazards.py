"""Flood alarm levels and risk levels (Decisions 05/2020 and 18/2021), from the law's tables.

Official forecasts and warnings come from the national hydro-meteorological system; what is worked out here supports
decisions inside the office and is labelled so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from twin.errors import ParameterError
from twin.law.answer import Answer, Found, NotDeterminable, Why
from twin.law.book import Law

INTERNAL_LABEL = "hỗ trợ ra quyết định nội bộ – không phải bản tin dự báo"
_LEVELS = "flood.alarm_levels"
_STAGES = ("bd1", "bd2", "bd3")
_AREAS = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class AlarmLevels:
    """Alarm levels of one station, each with what it rests on; unknown ones are not determinable. [m]"""

    station: str
    bd1: Answer
    bd2: Answer
    bd3: Answer

    def known(self) -> list[tuple[int, float]]:
        """Number and stage of the levels that are known."""
        answers = enumerate((self.bd1, self.bd2, self.bd3), 1)
        return [(n, float(a.value)) for n, a in answers if isinstance(a, Found)]


def alarm_levels(law: Law, station: str, at: date | datetime | None = None) -> AlarmLevels:
    """Alarm levels of a station, by its key (``thu-bon-cau-lau``); one that is not listed has none known.

    A province's own decision (a rule ``flood.alarm_levels_…``) fills the gaps of the national one.
    """
    provincial = sorted(name for name in law.rules if name.startswith(f"{_LEVELS}_"))
    levels: dict[str, Answer] = {}
    for rule in (_LEVELS, *provincial):
        why = law.version(rule, at)
        cells = law.cells(rule, at, station=station)
        for name in _STAGES:
            answer = cells.get(name, why if isinstance(why, NotDeterminable) else NotDeterminable(Why.NOT_GIVEN))
            if not isinstance(levels.get(name), Found) and (name not in levels or isinstance(answer, Found)):
                levels[name] = answer
    return AlarmLevels(station, *(levels[name] for name in _STAGES))


def alarm_wording(stage_m: float, levels: AlarmLevels, *, english: bool = False) -> str:
    """A stage against the nearest known alarm level: ``trên BĐ3 1,06 m``; there is no BĐ4.

    Empty where no level is known. Levels of different stations are not comparable.
    """
    known = levels.known()
    if not known:
        return ""
    reached = [k for k in known if stage_m >= k[1]]
    number, level = min(known, key=lambda k: (round(abs(stage_m - k[1]), 6), k not in reached))
    difference = round(abs(stage_m - level), 2)
    if difference == 0:
        return f"at BĐ{number}" if english else f"bằng BĐ{number}"
    side = ("above" if english else "trên") if stage_m > level else ("below" if english else "dưới")
    if english:
        return f"{difference:.2f} m {side} BĐ{number}"
    return f"{side} BĐ{number} {difference:.2f} m".replace(".", ",")


def flood_risk(
    law: Law,
    stage_m: float,
    levels: AlarmLevels,
    *,
    area: int | None = None,
    above_record: bool | None = None,
    at: date | datetime | None = None,
) -> Answer:
    """Risk level of a forecast stage at one station (Art. 45).

    Parameters
    ----------
    area
        The station's hydrological *khu vực* 1 to 4 (Annex XII); ``None`` where it is not configured.
    above_record
        Whether the stage is above the historical or design flood; asked for in area 4 only.

    Returns
    -------
    Found or NotDeterminable
        The level, if all that is unknown leaves only one; otherwise not determinable with the possible ones. Below BĐ1
        the article gives none.
    """
    bands = _bands(stage_m, levels)
    if bands is None:
        below = levels.bd1 if isinstance(levels.bd1, Found) else None
        said = f"{stage_m:g} m < BĐ1"
        return NotDeterminable(Why.OUTSIDE, said, said, below.basis if below else None)
    record = None if above_record is None else ("yes" if above_record else "no")
    answers = [
        law.value("risk.flood", at, area=a, band=band, excess_m=excess, above_record=record)
        for a in (_AREAS if area is None else (area,))
        for band, excess in bands
    ]
    needs = [name for name, given in (("area", area), ("above_record", above_record)) if given is None]
    return _agreed(answers, ", ".join(needs))


def _bands(stage_m: float, levels: AlarmLevels) -> list[tuple[str, float | None]] | None:
    """Bands the stage may lie in, given which levels are known; ``None`` if it is below BĐ1, and surely so."""
    known = dict(levels.known())
    reached = max((n for n, level in known.items() if stage_m >= level), default=0)
    ceiling = min((n for n, level in known.items() if stage_m < level), default=4)
    if reached == 0 and ceiling == 1:
        return None
    possible = [n for n in range(max(reached, 1), ceiling) if n <= 3]
    return [(f"bd{n}", stage_m - known[3] if n == 3 and 3 in known else None) for n in possible]


def basins_risk(law: Law, stations: Sequence[tuple[int, str]], at: date | datetime | None = None) -> Answer:
    """Risk level of floods in several basins at once, from ``(area, band)`` of each (Art. 45).

    The clause of level 3 is not known; one basin whose cell the rule does not give leaves the whole not determinable.
    """
    if len(stations) < 2:
        raise ParameterError("several basins are at least two", where="stations")
    return highest([law.value("risk.flood_basins", at, area=area, band=band) for area, band in stations])


def heavy_rain(
    law: Law,
    *,
    depth_mm: float,
    window_h: int,
    days: float,
    terrain: str | None = None,
    at: date | datetime | None = None,
) -> NotDeterminable:
    """What a forecast of heavy rain may say of the risk level (Art. 44).

    Never a level: the article also asks for the extent, and rain depth alone does not yield the legal level.
    ``possible`` holds the levels that the depth points to.
    """
    found = law.value("risk.heavy_rain", at, depth_mm=depth_mm, window_h=window_h, days=days, terrain=terrain)
    possible = (found.value,) if isinstance(found, Found) else found.possible
    return NotDeterminable(
        Why.MISSING_INPUT,
        "phạm vi mưa: chỉ riêng lượng mưa không cho cấp độ rủi ro pháp lý",
        "the extent: rain depth alone never yields the legal level",
        found.basis,
        possible,
    )


def flash_flood_risk(
    law: Law,
    province: str,
    *,
    depth_24h_mm: float,
    rained_days: float,
    zone: str | None,
    at: date | datetime | None = None,
) -> Answer:
    """Risk level of flash floods and landslides (Art. 46) in an old province, in a zone of the risk map."""
    groups = law.value("risk.flash_flood_groups", at, province=province)
    if isinstance(groups, NotDeterminable):
        return groups
    answers = [
        law.value("risk.flash_flood", at, depth_24h_mm=depth_24h_mm, rained_days=rained_days, group=g, zone=zone)
        for g in groups.value
    ]
    return _agreed(answers, "zone" if zone is None else "group")


def raised(
    law: Law, level: Found, *, simultaneous: bool = False, serious: int = 0, at: date | datetime | None = None
) -> Answer:
    """A risk level raised by Art. 4: simultaneous or consecutive hazards, serious threat (0 to 2); at most 5."""
    one, most, top = (law.parameter("risk.increase", n, at) for n in ("simultaneous", "serious_threat", "highest"))
    for answer in (one, most, top):
        if isinstance(answer, NotDeterminable):
            return answer
    assert isinstance(one, Found)
    assert isinstance(most, Found)
    assert isinstance(top, Found)
    if not 0 <= serious <= most.value:
        raise ParameterError(f"serious threat raises by 0 to {most.value}, not {serious}", where="serious")
    return level.computed(min(level.value + (one.value if simultaneous else 0) + serious, top.value), "", one.basis)


def highest(answers: Iterable[Answer]) -> Answer:
    """The highest level of several; not determinable if any is."""
    listed = list(answers)
    unknown = next((a for a in listed if isinstance(a, NotDeterminable)), None)
    if unknown is not None:
        return unknown
    found = [a for a in listed if isinstance(a, Found)]
    top = max(found, key=lambda a: a.value)
    return top.computed(top.value, None, *(a.basis for a in found))


def _agreed(answers: Sequence[Answer], needs: str) -> Answer:
    """The one value that all answers allow, or what remains possible."""
    found = [a for a in answers if isinstance(a, Found)]
    values = {a.value for a in found}
    if len(found) == len(answers) and len(values) == 1:
        return found[0] if len(found) == 1 else found[0].computed(found[0].value, None, *(a.basis for a in found[1:]))
    if len(answers) == 1:
        return answers[0]
    possible = values | {v for a in answers if isinstance(a, NotDeterminable) for v in a.possible}
    return NotDeterminable(Why.MISSING_INPUT, needs, needs, answers[0].basis, tuple(sorted(possible)))
