"""What the synthetic city's instruments would see: functions of absolute time alone.

*The programme.* The clock is real, the weather is not: a storm of about ninety minutes passes in every six
hours, far more often than nature would send it, so that a visitor soon sees one. Rain runs off a catchment
above bridge 11 through a unit hydrograph (Nash's cascade of three reservoirs), so the stream rises and falls
with a lag; its level follows from a rating curve. Lamps follow their schedule, traffic and air the hour of the
day in Viet Nam.

*Faults.* One gauge drifts and one air station dies; both are counted from the city's birth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from api.demo.frame import rng_of, unit_noise
from ingestion.simulated.device import Disturbance
from twin.model.thing import Result
from twin.types import format_time

FloatArray = NDArray[np.float64]

STORM_EVERY_S = 6 * 3600.0
STORM_LENGTH_S = 90 * 60.0
FIRST_STORM = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() // STORM_EVERY_S)
"""Number of the first storm the rain gauges counted; they were installed then."""

CATCHMENT_M2 = 38e6
RUNOFF = 0.36
BASE_FLOW_M3_S = 2.1
RESERVOIRS, RESERVOIR_S = 3, 35 * 60.0
"""Nash's cascade: number and storage constant of its reservoirs. [s]"""

RATING_A, RATING_B = 0.55, 0.42
"""Level at bridge 11 = A·Q^B above the gauge's zero. [m, m³/s]"""

ALARM_M = (2.4, 2.9, 3.4)
"""Made-up alarm levels BĐ1 to BĐ3 at bridge 11. [m above the gauge's zero]"""

DRIFT_M_PER_DAY = 0.018
DRIFT_BEFORE_BIRTH = timedelta(days=7)
DEATH_BEFORE_BIRTH = timedelta(hours=20)
DECAY = timedelta(days=3)
"""How long before its end the dying station's battery falls and its readings scatter."""


# -- storms and stream -----------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def storm(number: int) -> tuple[float, float]:
    """Begin [s since 1970] and peak intensity [mm/h] of a storm."""
    begin = number * STORM_EVERY_S + 5400.0 * unit_noise("storm", number)
    return begin, 24.0 + 54.0 * unit_noise("peak", number)


def _depth_within(age_s: FloatArray, peak_mm_h: float) -> FloatArray:
    """Rain fallen since the storm began; intensity is peak·sin²(π·age/length). [mm]"""
    x = np.clip(age_s / STORM_LENGTH_S, 0.0, 1.0)
    return peak_mm_h * STORM_LENGTH_S / 3600.0 * (x / 2 - np.sin(2 * np.pi * x) / (4 * np.pi))


@lru_cache(maxsize=4096)
def _fallen_before(number: int) -> float:
    """Rain of all storms counted before a storm. [mm]"""
    if number <= FIRST_STORM:
        return 0.0
    # A long recursion would be deep on the first call; step from the nearest known century.
    start = max(FIRST_STORM, (number - 1) // 100 * 100)
    total = _fallen_before(start)
    for k in range(start, number):
        total += storm(k)[1] * STORM_LENGTH_S / 3600.0 / 2
    return total


def rain_counter_mm(seconds: ArrayLike) -> FloatArray:
    """Rain over the catchment since the gauges were installed. [mm]"""
    times = np.atleast_1d(np.asarray(seconds, dtype=np.float64))
    numbers = np.floor(times / STORM_EVERY_S).astype(int)
    total = np.empty_like(times)
    for number in np.unique(numbers):
        mine = numbers == number
        begin, peak = storm(int(number))
        total[mine] = _fallen_before(int(number)) + _depth_within(times[mine] - begin, peak)
    return total


_STEP_S = 300.0
_MEMORY = 120
_ages = (np.arange(_MEMORY) + 0.5) * _STEP_S
UNIT_HYDROGRAPH: FloatArray = (
    (_ages / RESERVOIR_S) ** (RESERVOIRS - 1)
    * np.exp(-_ages / RESERVOIR_S)
    / (RESERVOIR_S * math.factorial(RESERVOIRS - 1))
)
"""Share of a pulse of rain that passes the bridge each second, by age of the pulse. [1/s]"""


def discharge_m3_s(seconds: ArrayLike) -> FloatArray:
    """Discharge of the Suối Rạt at bridge 11. [m³/s]"""
    times = np.atleast_1d(np.asarray(seconds, dtype=np.float64))
    lags = np.arange(_MEMORY + 1) * _STEP_S
    counter = rain_counter_mm((times[:, None] - lags[None, :]).ravel()).reshape(len(times), _MEMORY + 1)
    pulses = counter[:, :-1] - counter[:, 1:]
    return BASE_FLOW_M3_S + (pulses @ UNIT_HYDROGRAPH) * 1e-3 * RUNOFF * CATCHMENT_M2


def level_m(seconds: ArrayLike) -> FloatArray:
    """Water level at bridge 11 above the gauge's zero. [m]"""
    return np.asarray(RATING_A * discharge_m3_s(seconds) ** RATING_B, dtype=np.float64)


# -- the day ---------------------------------------------------------------------------------------------------


def local_hour(time: datetime) -> float:
    """Hour of the day in Viet Nam, 0 to 24."""
    here = time.astimezone(UTC) + timedelta(hours=7)
    return here.hour + here.minute / 60 + here.second / 3600


def dimming_percent(time: datetime) -> float:
    """What the dimming schedule sets at a moment. [%]"""
    hour = local_hour(time)
    if hour >= 22.0:
        return 70.0
    if hour >= 17.75 or 5.0 <= hour < 5.75:
        return 100.0
    return 50.0 if hour < 5.0 else 0.0


def traffic(hour: float) -> float:
    """Traffic as a share of the day's peak, with a morning and an evening rush."""
    rush = math.exp(-(((hour - 7.2) / 1.3) ** 2)) + 0.95 * math.exp(-(((hour - 17.2) / 1.6) ** 2))
    day = 0.42 if 6 <= hour < 21.5 else 0.08
    return min(1.0, 0.6 * rush + day)


def _wobble(name: str, time: datetime, every_s: float = 900.0) -> float:
    """A slow repeatable wander in about [-1, 1], continuous in time."""
    position = time.timestamp() / every_s
    k = math.floor(position)
    x = position - k
    a, b = unit_noise("wobble", name, k), unit_noise("wobble", name, k + 1)
    return 2 * (a + (b - a) * x * x * (3 - 2 * x)) - 1


# -- instruments -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Programme:
    """The city's signals, with the faults that are counted from its birth."""

    birth: datetime

    def drift_m(self, time: datetime) -> float:
        """How far the drifting gauge is off. [m]"""
        days = (time - (self.birth - DRIFT_BEFORE_BIRTH)).total_seconds() / 86_400
        return max(0.0, days) * DRIFT_M_PER_DAY

    def gauge_level_m(self, uid: str, time: datetime) -> float:
        """What a level gauge reads. [m above its zero]"""
        seconds = time.timestamp()
        if uid == "tv-cau-10":
            return true_level_m(uid, seconds) + self.drift_m(time)
        return true_level_m(uid, seconds)

    def air(self, uid: str, time: datetime) -> Mapping[str, Result] | None:
        """What an air station reports; ``None`` once it is dead."""
        values = air_values(uid, time)
        if uid != DYING_STATION:
            return values
        left = (self.birth - DEATH_BEFORE_BIRTH) - time
        if left <= timedelta(0):
            return None
        worn = max(0.0, 1.0 - left / DECAY)
        scatter = 1.0 + 1.4 * worn * (2 * unit_noise("worn", uid, int(time.timestamp())) - 1)
        for key in ("pm1", "pm25", "pm4", "pm10"):
            values[key] = max(0.0, round(values[key] * scatter, 1))
        values["battery_voltage"] = round(3.0 - 0.95 * worn, 3)
        return dict(values)


DRIFTING_GAUGE, DYING_STATION = "tv-cau-10", "kk-05"
REPEATING_GAUGE, GARBLED_STATION = "mua-02", "kk-03"

_SHAPES = {"tv-cau-11": (1.0, 0.0, 0.0), "tv-cau-10": (0.86, 0.14, 780.0), "tv-dap-cam": (0.42, 1.3, 2100.0)}
"""Of each gauge: share of bridge 11's level, offset [m], how much earlier the wave passes [s]."""


def true_level_m(uid: str, seconds: float) -> float:
    """What a gauge without fault would read. [m above its zero]"""
    share, offset, earlier = _SHAPES[uid]
    return float(level_m(seconds + earlier)[0]) * share + offset


def rain_values(uid: str, time: datetime, period_s: float) -> dict[str, float]:
    """Rain in the interval that ends now, and the gauge's counter, in tips of 0.1 mm."""
    delay = {"mua-01": 0.0, "mua-02": 240.0, "mua-03": -420.0}[uid]
    share = {"mua-01": 1.0, "mua-02": 0.88, "mua-03": 1.07}[uid]
    ends = np.array([time.timestamp(), time.timestamp() - period_s]) - delay
    now, before = (round(share * float(v), 1) for v in rain_counter_mm(ends))
    return {"rain": round(now - before, 1), "rain_total": now, "battery_voltage": 2.98}


def air_values(uid: str, time: datetime) -> dict[str, float]:
    """Dust with the traffic's two rushes, washed out by rain; weather by the hour."""
    hour, seconds = local_hour(time), time.timestamp()
    wet = float(np.diff(rain_counter_mm([seconds - 3600, seconds]))[0])
    site = {"kk-01": 1.15, "kk-02": 1.0, "kk-03": 0.85, "kk-04": 0.9, "kk-05": 1.5, "kk-06": 0.6}[uid]
    night = 1.0 + 0.35 * math.cos(2 * math.pi * (hour - 4) / 24)
    pm25 = site * (9 + 17 * traffic(hour) * night + 5 * _wobble(uid, time, 2700)) * math.exp(-wet / 18)
    pm25 = max(1.2, pm25)
    warm = 27.2 + 4.6 * math.cos(2 * math.pi * (hour - 13.8) / 24) - min(4.0, wet / 8)
    return {
        "pm1": round(0.68 * pm25, 1),
        "pm25": round(pm25, 1),
        "pm4": round(1.28 * pm25, 1),
        "pm10": round(1.62 * pm25 + 3 * site, 1),
        "temperature": round(warm + 0.3 * _wobble(uid + "t", time), 2),
        "humidity": round(min(99.0, 96 - 5.2 * (warm - 22.0) + min(20.0, wet)), 1),
        "pressure": round(1001.5 + 1.6 * math.cos(4 * math.pi * (hour - 10) / 24), 1),
        "battery_voltage": 3.0,
    }


def lamp_values(uid: str, time: datetime, rated_w: float) -> dict[str, Result]:
    """What a lamp controller reports."""
    level = dimming_percent(time)
    volts = 229 + 4 * _wobble("grid", time, 1800) - 2 * traffic(local_hour(time))
    watts = rated_w * (level / 100) ** 1.05 * (0.98 + 0.04 * unit_noise("lamp", uid)) if level else 0.6
    return {
        "lamp_state": "on" if level else "off",
        "lamp_status": "ok",
        "lamp_dimming": level,
        "lamp_power": round(watts, 1),
        "voltage": round(volts, 1),
    }


# -- cameras ---------------------------------------------------------------------------------------------------

CAMERA_TICK_S = 10.0
EVENTS_A_DAY = 12.0
"""Detections a camera has on a day, on average."""

_HOURS = np.array([traffic(h + 0.5) for h in range(24)])
_LABELS = (("motorcycle", 0.56), ("car", 0.27), ("truck", 0.06), ("person", 0.09), ("bus", 0.02))
_LETTERS = "ABCDEFGHKLMNPSTUVXYZ"


@lru_cache(maxsize=8192)
def detections(uid: str, day: int) -> dict[int, dict[str, Result]]:
    """Detections of a camera on a UTC day (days since 1970): values by tick second since 1970."""
    draw = rng_of("detections", uid, day)
    count = int(draw.poisson(EVENTS_A_DAY))
    hours = draw.choice(24, size=count, p=_HOURS / _HOURS.sum())
    found: dict[int, dict[str, Result]] = {}
    for hour in hours:
        utc_hour = (int(hour) - 7) % 24
        second = day * 86_400 + utc_hour * 3600 + int(draw.integers(0, 360)) * int(CAMERA_TICK_S)
        found[second] = {
            "label": str(draw.choice([n for n, _ in _LABELS], p=[p for _, p in _LABELS])),
            "score": round(0.62 + 0.36 * draw.random(), 2),
            "seconds": round(2 + 14 * draw.random(), 1),
            "plate": f"93{_LETTERS[int(draw.integers(0, 20))]}{int(draw.integers(10_000, 99_999))}",
        }
    return found


def detection_at(uid: str, kind: str, time: datetime) -> Mapping[str, Result] | None:
    """What an analytic camera publishes at a tick, or ``None``."""
    second = int(time.timestamp())
    found = detections(uid, second // 86_400).get(second)
    if found is None:
        return None
    if kind == "hikvision-anpr":
        vehicle = "motorcycle" if found["label"] in ("motorcycle", "person") else "vehicle"
        return {"plate": found["plate"], "vehicle_type": vehicle, "direction": "forward", "lane": 1,
                "confidence": round(100 * float(str(found["score"])))}  # fmt: skip
    begin = time - timedelta(seconds=float(str(found["seconds"])))
    return {
        "type": "end",
        "id": f"{begin.timestamp():.3f}-{uid}",
        "label": found["label"],
        "start": format_time(begin),
        "end": format_time(time),
        "score": found["score"],
    }


# -- disturbances ----------------------------------------------------------------------------------------------

REPEAT_EVERY_S, GARBLE_EVERY_S = 600.0, 900.0


def repeats(time: datetime) -> Disturbance:
    """The repeating gauge's message at every full ten minutes comes twice."""
    return Disturbance.DUPLICATED if time.timestamp() % REPEAT_EVERY_S == 0 else Disturbance.NONE


def garbles(time: datetime) -> Disturbance:
    """The garbled station's message at every full quarter of an hour is cut off on its way."""
    return Disturbance.CORRUPTED if time.timestamp() % GARBLE_EVERY_S == 0 else Disturbance.NONE


def storms_between(start: datetime, end: datetime) -> Sequence[tuple[datetime, float]]:
    """Begin and peak intensity [mm/h] of storms that begin in an interval."""
    first, last = (int(t.timestamp() // STORM_EVERY_S) for t in (start, end))
    found = [(datetime.fromtimestamp(b, UTC), p) for b, p in (storm(k) for k in range(first, last + 1))]
    return [(b, p) for b, p in found if start <= b <= end]
