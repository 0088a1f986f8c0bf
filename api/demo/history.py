"""History that nobody heard live: seven days before the city's birth, and every pause since."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from api.demo import signals
from api.demo.things import Instrument
from ingestion.checks import check_observation
from ingestion.events import PlacedEvent, changes, ensure_layer
from ingestion.salt import plate_salt
from ingestion.simulated.device import SimulatedDevice, decoded
from twin.core import Twin
from twin.model.layer import FeatureChange, Source
from twin.model.thing import Datastream, ObservationIn

SEEDED = timedelta(days=7)
SEED_SOURCE = "Lịch sử tổng hợp"
_BATCH = 20_000


def newest_reading(t: Twin) -> datetime | None:
    """Time of the newest observation, or ``None`` while there is none."""
    times = [s.observation.phenomenon_end for s in t.store.latest(t.view()) if s.observation is not None]
    return max(times, default=None)


def fill(t: Twin, instruments: Sequence[Instrument], start: datetime, end: datetime) -> int:
    """Record what the devices would have said in ``(start, end]``; how many observations were stored."""
    source = Source("simulation", SEED_SOURCE, report={"synthetic": True})
    streams = {(d.layer, d.uid, d.key): d for d in t.store.datastreams(t.view())}
    stored = 0
    batch: list[ObservationIn] = []
    for instrument in instruments:
        if not instrument.history_period_s:
            continue
        batch += _observations(instrument, streams, start, end)
        if len(batch) >= _BATCH:
            stored += t.store.record_observations(batch, source).stored
            batch = []
    if batch:
        stored += t.store.record_observations(batch, source).stored
    _fill_events(t, [i for i in instruments if not i.history_period_s], start, end)
    return stored


def _observations(
    instrument: Instrument,
    streams: dict[tuple[str, str, str], Datastream],
    start: datetime,
    end: datetime,
) -> Iterator[ObservationIn]:
    device = _at_period(instrument)
    for tick in device.ticks(start, end):
        for reading in decoded(device, tick, instrument.properties).readings:
            stream = streams.get((instrument.layer, instrument.uid, reading.quantity))
            if stream is not None:
                seen = ObservationIn(stream.id, reading.start, reading.value, reading.end)
                yield check_observation(seen, stream, end)


def _at_period(instrument: Instrument) -> SimulatedDevice:
    period = instrument.history_period_s
    device = replace(instrument.live, period_s=period, phase_s=0.0, disturb=None)
    if instrument.layer == "rain_gauges":
        return replace(device, signal=partial(_rain_over, instrument.uid, period))
    return device


def _rain_over(uid: str, period_s: float, time: datetime) -> dict[str, float]:
    return signals.rain_values(uid, time, period_s)


def _fill_events(t: Twin, cameras: Sequence[Instrument], start: datetime, end: datetime) -> None:
    ensure_layer(t)
    places = {f.fid: f.geometry for f in t.store.features(t.view(), "cameras")}
    found: list[PlacedEvent] = []
    salt = plate_salt(t.files.folder)
    first, last = int(start.timestamp() // 86_400), int(end.timestamp() // 86_400)
    for camera in cameras:
        for day in range(first, last + 1):
            for second in sorted(signals.detections(camera.uid, day)):
                time = datetime.fromtimestamp(second, UTC)
                if start < time <= end:
                    found += [
                        PlacedEvent("camera_events", event, places.get(camera.uid), camera.uid, camera.address)
                        for event in decoded(camera.live, time, salt=salt).events
                    ]
    source = Source("simulation", SEED_SOURCE, report={"synthetic": True})
    for k in range(0, len(found), _BATCH):
        written: list[FeatureChange] = changes(t, "camera_events", found[k : k + _BATCH])
        t.store.write_features("camera_events", written, source)
