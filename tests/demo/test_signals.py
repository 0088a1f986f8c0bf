"""The programme of the synthetic city: storms, stream, day and night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from api.demo import signals, things
from api.demo.assets import cameras
from ingestion.kinds import KINDS
from ingestion.simulated.device import decoded

START = datetime(2026, 11, 16, tzinfo=UTC)
WEEK = START.timestamp() + np.arange(0, 7 * 86_400, 300.0)


def test_a_storm_begins_in_every_six_hours() -> None:
    found = signals.storms_between(START, START + timedelta(days=7))
    assert len(found) == 28
    gaps = np.diff([b.timestamp() for b, _ in found])
    assert gaps.max() < 7.5 * 3600 + 1
    assert gaps.min() > 4.5 * 3600 - 1


def test_the_rain_counter_never_falls_and_gains_each_storm_its_depth() -> None:
    counter = signals.rain_counter_mm(WEEK)
    assert np.diff(counter).min() >= 0
    begin, peak = signals.storm(int(START.timestamp() // signals.STORM_EVERY_S) + 3)
    before, after = signals.rain_counter_mm([begin, begin + signals.STORM_LENGTH_S])
    # sin² has the mean ½: peak [mm/h] · 1.5 h · ½.
    assert after - before == pytest.approx(peak * 1.5 / 2)


def test_tips_of_a_gauge_add_up_to_its_counter() -> None:
    times = [START + timedelta(seconds=30 * k) for k in range(2880)]
    readings = [signals.rain_values("mua-01", t, 30.0) for t in times]
    gained = readings[-1]["rain_total"] - readings[0]["rain_total"]
    assert sum(r["rain"] for r in readings[1:]) == pytest.approx(gained, abs=1e-6)
    assert gained > 10


def test_the_unit_hydrograph_lets_all_runoff_pass() -> None:
    assert signals.UNIT_HYDROGRAPH.sum() * 300 == pytest.approx(1.0, abs=1e-4)


def test_what_runs_off_a_storm_passes_the_bridge() -> None:
    flow = signals.discharge_m3_s(WEEK) - signals.BASE_FLOW_M3_S
    fell = float(np.diff(signals.rain_counter_mm([WEEK[0], WEEK[-1]]))[0])
    assert flow.sum() * 300 == pytest.approx(fell * 1e-3 * signals.RUNOFF * signals.CATCHMENT_M2, rel=0.06)


def test_the_stream_peaks_after_the_storm_it_answers() -> None:
    begin, _ = signals.storm(int(START.timestamp() // signals.STORM_EVERY_S) + 3)
    ages = np.arange(0, 5 * 3600, 60.0)
    level = signals.level_m(begin + ages)
    lag = ages[level.argmax()] - signals.STORM_LENGTH_S / 2  # from the middle of the rain
    assert 40 * 60 < lag < 130 * 60
    assert level.max() > level[0] + 0.5


def test_a_week_crosses_every_alarm_level_and_falls_below_the_first() -> None:
    level = signals.level_m(WEEK)
    assert level.max() > signals.ALARM_M[2]
    assert level.min() < signals.ALARM_M[0]


@pytest.mark.parametrize(
    ("hour", "minute", "percent"),
    [
        (12, 0, 0),
        (17, 44, 0),
        (17, 45, 100),
        (21, 59, 100),
        (22, 0, 70),
        (0, 0, 50),
        (4, 59, 50),
        (5, 0, 100),
        (5, 45, 0),
    ],
)
def test_lamps_follow_their_schedule_by_the_clock_of_viet_nam(hour: int, minute: int, percent: float) -> None:
    time = datetime(2026, 11, 23, hour, minute, tzinfo=UTC) - timedelta(hours=7)
    assert signals.dimming_percent(time) == percent
    assert signals.lamp_values("ltk-01", time, 120.0)["lamp_state"] == ("on" if percent else "off")


def test_dust_is_worse_in_the_rush_than_at_noon_and_washed_by_rain() -> None:
    days = [START + timedelta(days=d) for d in range(7)]
    rush = np.mean([signals.air_values("kk-01", d + timedelta(hours=0.2))["pm25"] for d in days])
    noon = np.mean([signals.air_values("kk-01", d + timedelta(hours=6))["pm25"] for d in days])
    assert rush > 1.15 * noon


def test_cameras_see_more_by_day_than_at_night() -> None:
    day = int(START.timestamp() // 86_400)
    seconds = [s for c in cameras() if c.kind == "analytic" for s in signals.detections(c.uid, day)]
    hours = [(s // 3600 + 7) % 24 for s in seconds]
    assert 205 * 9 < len(seconds) < 205 * 15
    assert sum(h in (7, 17) for h in hours) > 4 * sum(h in (2, 3) for h in hours)


def test_every_device_speaks_a_known_kind_and_its_message_can_be_read() -> None:
    found = things.instruments(signals.Programme(START + timedelta(days=10)))
    assert len({(i.kind, i.address) for i in found}) == len(found) == 51 + 3 + 3 + 6 + 205
    specs = {(s.layer, s.uid): s for s in things.thing_specs()}
    registered = {(d.kind, d.address) for s in specs.values() for d in s.devices}
    assert registered == {(i.kind, i.address) for i in found}
    for instrument in found:
        assert KINDS[instrument.kind].canonical(instrument.address) == instrument.address
        if instrument.history_period_s:
            tick = instrument.live.last_tick(START)
            keys = {r.quantity for r in decoded(instrument.live, tick, instrument.properties).readings}
            assert keys <= {d.key for d in specs[instrument.layer, instrument.uid].datastreams}
            assert keys


def test_no_device_is_silent_for_a_minute() -> None:
    for instrument in things.instruments(signals.Programme(START)):
        if instrument.history_period_s:
            assert instrument.live.period_s <= 45
