from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.kinds import KINDS
from ingestion.simulated.camera import detections, plates
from ingestion.simulated.device import Disturbance, SimulatedDevice, decoded, messages, newest
from twin.errors import NotFoundError, ParameterError

EUI = "70b3d57ba0000001"
START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TIMES = st.timedeltas(timedelta(0), timedelta(days=5000)).map(lambda passed: START + passed)


def device(**more) -> SimulatedDevice:
    options = {"period_s": 60.0, "signal": lambda _: {"water_distance": 1.5}, **more}
    return SimulatedDevice("decentlab-dl-mbx", EUI, **options)


@given(now=TIMES, period=st.sampled_from([1.0, 7.5, 60.0, 600.0]), phase=st.floats(0, 600, allow_subnormal=False))
def test_the_newest_tick_is_never_ahead_and_never_a_period_old(now: datetime, period: float, phase: float) -> None:
    phase = round(phase, 3)
    age = (now - device(period_s=period, phase_s=phase).last_tick(now)).total_seconds()
    assert -1e-6 <= age < period + 1e-6


def test_ticks_between_two_moments_are_half_open() -> None:
    ticks = list(device(phase_s=10.0).ticks(START + timedelta(seconds=10), START + timedelta(seconds=130)))
    assert ticks == [START + timedelta(seconds=70), START + timedelta(seconds=130)]


def test_each_tick_is_published_once_and_a_missed_one_is_not_made_up_for() -> None:
    sent: dict[str, datetime] = {}
    both = [device(), device(phase_s=30.0)]
    both[1] = SimulatedDevice("decentlab-dl-mbx", "70b3d57ba0000002", 60.0, both[0].signal, phase_s=30.0)
    now = START + timedelta(seconds=31)
    assert [m.time for m in newest(both, sent, now)] == [START, START + timedelta(seconds=30)]
    assert newest(both, sent, now + timedelta(seconds=1)) == []
    later = newest(both, sent, now + timedelta(hours=5))
    assert [m.time for m in later] == [START + timedelta(hours=5), START + timedelta(hours=5, seconds=30)]


def test_a_disturbance_befalls_the_message_of_its_tick() -> None:
    whole = messages(device(), START)
    assert len(whole) == 1
    for kind, count in ((Disturbance.DUPLICATED, 2), (Disturbance.LOST, 0), (Disturbance.CORRUPTED, 1)):
        found = messages(device(disturb=lambda _, kind=kind: kind), START)
        assert len(found) == count
        assert all((message == whole[0]) is (kind is Disturbance.DUPLICATED) for message in found)
    assert messages(device(signal=lambda _: None), START) == []


def test_history_has_the_resolution_and_the_derived_values_of_the_device() -> None:
    readings = decoded(device(signal=lambda _: {"water_distance": 1.23456}), START, {"sensor_level_m": 84.5}).readings
    assert {r.quantity: r.value for r in readings} == {"water_distance": 1.235, "water_level": 83.265}
    assert {r.start for r in readings} == {START}


def test_what_cannot_be_simulated_is_refused() -> None:
    with pytest.raises(NotFoundError, match="no device kind"):
        SimulatedDevice("toaster", EUI, 60, lambda _: {})
    with pytest.raises(ParameterError, match="not positive"):
        device(period_s=0)
    with pytest.raises(ParameterError, match="platform"):
        messages(device(options={"platform": "pigeon"}), START)


def test_detections_are_whole_passages_and_repeat_exactly() -> None:
    signal = detections("cam-07", [("car", 0.5), ("person", 0.5)], period_s=10.0, busy=lambda _: 0.4)
    cam = SimulatedDevice("frigate-camera", "cam-07", 10.0, signal)
    found: dict[str, list[str]] = {}
    for tick in cam.ticks(START, START + timedelta(hours=2)):
        values = signal(tick)
        assert values == signal(tick)
        if values is not None:
            found.setdefault(str(values["id"]), []).append(str(values["type"]))
            (event,) = decoded(cam, tick).events
            assert event.start <= tick
    whole = [steps for steps in found.values() if steps == ["new", "update", "end"]]
    assert len(whole) >= len(found) - 2  # the first and the last may be cut by the interval
    # 240 slots with probability 0.4: 96 expected, standard deviation 7.6
    assert 96 - 38 <= len(found) <= 96 + 38


def test_a_quiet_street_has_no_plates_and_a_busy_one_many() -> None:
    quiet = plates("p", period_s=20.0, busy=lambda _: 0.0)
    busy = plates("p", period_s=20.0, busy=lambda _: 1.0)
    cam = SimulatedDevice("hikvision-anpr", "ltk-01", 20.0, busy)
    for tick in cam.ticks(START, START + timedelta(minutes=10)):
        assert quiet(tick) is None
        (event,) = decoded(cam, tick).events
        assert event.start == tick
        assert "93A" not in str(event)


def test_every_lorawan_kind_can_be_simulated_on_both_platforms() -> None:
    for name, kind in KINDS.items():
        if kind.family != "lorawan":
            continue
        values = {key: 1000.0 if key == "pressure" else 1.0 for key in kind.settable}
        for platform in ("chirpstack", "thethings"):
            simulated = SimulatedDevice(name, EUI, 600, lambda _, v=values: v, options={"platform": platform})
            assert {r.quantity for r in decoded(simulated, START).readings} >= set(values)
