"""Observations: exactly once, revisions kept, silence shown as silence."""

from __future__ import annotations

from datetime import timedelta

import pytest
from shapely.geometry import Point
from support import SOURCE, citizen, day, staff

from twin.errors import NotFoundError, SchemaError
from twin.model.layer import FeatureChange, Source
from twin.model.thing import (
    DatastreamSpec,
    DeviceSpec,
    IngestReceipt,
    ObservationIn,
    ObservedProperty,
    QuarantineIn,
    ResultType,
    ThingSpec,
    Unit,
)
from twin.store.base import Store
from twin.types import Freshness, LonLat, Quality

LEVEL = ObservedProperty("water_level", "Mực nước")


def gauge(uid: str = "g1", layer: str = "gauges", **changes: object) -> ThingSpec:
    spec = {
        "layer": layer,
        "uid": uid,
        "name": "Cầu 11",
        "geometry": Point(106.9, 11.5),
        "valid_from": day(0),
        "datastreams": (
            DatastreamSpec("level", "Mực nước", LEVEL, Unit("metre", "m"), max_age_s=600),
            DatastreamSpec("note", "Ghi chú", ObservedProperty("note"), result_type=ResultType.TEXT),
            DatastreamSpec("wet", "Ướt", ObservedProperty("wet"), result_type=ResultType.BOOLEAN),
            DatastreamSpec("raw", "Thô", ObservedProperty("raw"), result_type=ResultType.JSON),
        ),
        "devices": (DeviceSpec("A81758", "dl-mbx"),),
    }
    return ThingSpec(**{**spec, **changes})


@pytest.fixture
def streams(city: Store) -> dict[str, int]:
    return city.register_things([gauge()], SOURCE)[0].datastreams


def test_every_result_type_comes_back_as_it_went_in(city: Store, streams: dict[str, int]) -> None:
    results = {"level": 3.42, "note": "nước đục", "wet": True, "raw": {"a": [1, None]}}
    city.record_observations([ObservationIn(streams[k], day(1), v) for k, v in results.items()], SOURCE)
    for key, value in results.items():
        assert city.observations(staff(), streams[key])[0].result == value


def test_the_same_message_twice_is_a_duplicate(city: Store, streams: dict[str, int]) -> None:
    batch = [ObservationIn(streams["level"], day(1), 3.4), ObservationIn(streams["level"], day(2), 3.5)]
    assert city.record_observations(batch, SOURCE) == IngestReceipt(2, 2, 0, 0, 0)
    assert city.record_observations([*batch, batch[0]], SOURCE) == IngestReceipt(3, 0, 0, 3, 0)
    assert len(city.observations(staff(), streams["level"])) == 2


def test_duplicates_within_one_batch_are_found(city: Store, streams: dict[str, int]) -> None:
    one = ObservationIn(streams["level"], day(1), 3.4)
    other = ObservationIn(streams["level"], day(1), 3.6)
    assert city.record_observations([one, one, other], SOURCE) == IngestReceipt(3, 1, 1, 1, 0)
    assert city.check()["problems"] == []


def test_a_different_result_from_the_device_is_a_suspect_revision(city: Store, streams: dict[str, int]) -> None:
    city.record_observations([ObservationIn(streams["level"], day(1), 3.4)], SOURCE)
    first_known = city.resolve(staff()).known_at
    city.record_observations([ObservationIn(streams["level"], day(1), 9.9)], SOURCE)
    (now,) = city.observations(staff(), streams["level"])
    (then,) = city.observations(staff(known_at=first_known), streams["level"])
    assert (now.result, now.quality, now.reason) == (9.9, Quality.SUSPECT, "conflicting")
    assert (then.result, then.quality) == (3.4, Quality.UNCHECKED)
    assert now.id == then.id
    assert [o.result for o in city.observation_history(staff(), now.id)] == [3.4, 9.9]


def test_an_authorised_correction_is_not_suspect(city: Store, streams: dict[str, int]) -> None:
    city.record_observations([ObservationIn(streams["level"], day(1), 3.4)], SOURCE)
    fixed = ObservationIn(streams["level"], day(1), 3.1, quality=Quality.GOOD, correction=True)
    city.record_observations([fixed], SOURCE)
    (now,) = city.observations(staff(), streams["level"])
    assert (now.result, now.quality) == (3.1, Quality.GOOD)


def test_latest_is_by_observation_time_not_arrival(city: Store, streams: dict[str, int]) -> None:
    level = streams["level"]
    city.record_observations([ObservationIn(level, day(2), 41.0), ObservationIn(level, day(1), 17.0)], SOURCE)
    (state,) = city.latest(staff(day(2) + timedelta(minutes=5)), [level])
    assert state.observation.result == 41.0
    (earlier,) = city.latest(staff(day(1.5)), [level])
    assert earlier.observation.result == 17.0


@pytest.mark.parametrize(("minutes", "freshness"), [(9, Freshness.FRESH), (10, Freshness.FRESH), (11, Freshness.STALE)])
def test_old_data_is_stale(city: Store, streams: dict[str, int], minutes: int, freshness: Freshness) -> None:
    city.record_observations([ObservationIn(streams["level"], day(1), 3.0)], SOURCE)
    (state,) = city.latest(staff(day(1) + timedelta(minutes=minutes)), [streams["level"]])
    assert (state.freshness, state.age_s) == (freshness, minutes * 60)


def test_a_stream_that_never_spoke_is_missing(city: Store, streams: dict[str, int]) -> None:
    (state,) = city.latest(staff(), [streams["level"]])
    assert (state.observation, state.freshness, state.age_s) == (None, Freshness.MISSING, None)


def test_a_missing_result_is_recorded_as_missing(city: Store, streams: dict[str, int]) -> None:
    city.record_observations([ObservationIn(streams["level"], day(1), None)], SOURCE)
    (state,) = city.latest(staff(day(1)), [streams["level"]])
    assert state.observation.quality is Quality.MISSING
    assert state.freshness is Freshness.MISSING


def test_a_series_keeps_its_extremes(city: Store, streams: dict[str, int]) -> None:
    level = streams["level"]
    values = [float(n % 7) for n in range(1000)]
    values[333], values[777] = 99.0, -99.0
    start = day(1)
    batch = [ObservationIn(level, start + timedelta(minutes=n), v) for n, v in enumerate(values)]
    city.record_observations(batch, SOURCE)
    points = city.series(staff(), level, start=start, end=start + timedelta(minutes=1000), points=50)
    assert len(points) == 50
    assert (max(p.maximum for p in points), min(p.minimum for p in points)) == (99.0, -99.0)
    assert sum(p.count for p in points) == 1000
    assert points[0].mean == pytest.approx(sum(values[: points[0].count]) / points[0].count)


def test_a_series_leaves_out_rejected_results(city: Store, streams: dict[str, int]) -> None:
    level = streams["level"]
    bad = ObservationIn(level, day(1), 1e9, quality=Quality.REJECTED, reason="gross range")
    city.record_observations([bad, ObservationIn(level, day(1.1), 2.0)], SOURCE)
    (point,) = city.series(staff(), level, start=day(1), end=day(2), points=1)
    assert (point.maximum, point.count) == (2.0, 1)


def test_quarantine_keeps_the_bytes_and_the_counters_agree(city: Store, streams: dict[str, int]) -> None:
    connector = Source("connector", "mqtt")
    bad = QuarantineIn("mqtt", "application/1/device/x/event/up", b"\xff\x00{", "not JSON", day(1))
    receipt = city.record_observations([ObservationIn(streams["level"], day(1), 1.0)], connector, quarantine=[bad])
    assert receipt == IngestReceipt(2, 1, 0, 0, 1)
    (kept,) = city.quarantined(staff())
    assert (kept.payload, kept.reason) == (b"\xff\x00{", "not JSON")
    city.record_observations([ObservationIn(streams["level"], day(2), 1.0)], connector, replayed=[kept.id])
    assert city.counters(staff())["mqtt"] == IngestReceipt(2, 2, 0, 0, 0)
    assert city.quarantined(staff()) == []
    assert city.quarantined(citizen()) == []


@pytest.mark.parametrize(
    ("key", "result"),
    [("level", "3.4"), ("level", True), ("level", float("nan")), ("level", float("inf")), ("note", 3), ("wet", 1.0)],
)
def test_a_result_of_the_wrong_type_is_refused_whole(city: Store, streams: dict[str, int], key: str, result) -> None:
    good = ObservationIn(streams["level"], day(1), 1.0)
    with pytest.raises(SchemaError, match="is not a"):
        city.record_observations([good, ObservationIn(streams[key], day(2), result)], SOURCE)
    assert city.observations(staff(), streams["level"]) == []


def test_an_unknown_datastream_is_refused(city: Store) -> None:
    with pytest.raises(SchemaError, match="no datastream 77"):
        city.record_observations([ObservationIn(77, day(1), 1.0)], SOURCE)
    with pytest.raises(NotFoundError, match="no datastream 77"):
        city.observations(staff(), 77)


def test_registering_again_doubles_nothing(city: Store, streams: dict[str, int]) -> None:
    (again,) = city.register_things([gauge()], SOURCE)
    assert again.datastreams == streams
    assert len(city.history(staff(), "gauges", "g1")) == 1
    assert len(city.devices(staff())) == 1
    assert city.devices(staff())[0].datastreams == streams


def test_a_thing_is_a_feature_under_one_identity(city: Store, streams: dict[str, int]) -> None:
    (feature,) = city.features(citizen(), "gauges")
    thing = city.thing(citizen(), "gauges", "g1")
    assert (feature.fid, thing.uid, thing.name) == ("g1", "g1", "Cầu 11")


def test_a_mobile_things_observation_carries_its_position(city: Store, streams: dict[str, int]) -> None:
    place = LonLat(106.91, 11.52)
    city.record_observations([ObservationIn(streams["level"], day(1), 1.0, position=place)], SOURCE)
    assert city.observations(staff(), streams["level"])[0].position == place


def test_moving_a_thing_keeps_where_it_was(city: Store, streams: dict[str, int]) -> None:
    city.write_features("gauges", [FeatureChange("g1", Point(106.95, 11.55), {"name": "Cầu 11"}, day(5))], SOURCE)
    places = city.db.read("SELECT time FROM thing_location WHERE recorded_to > 4e18 ORDER BY time")
    assert len(places) == 2
    assert city.features(staff(day(1)), "gauges")[0].geometry.x == 106.9
    assert city.features(staff(day(6)), "gauges")[0].geometry.x == 106.95


def test_live_changes_say_what_a_commit_did(city: Store, streams: dict[str, int]) -> None:
    before = city.last_seq()
    city.record_observations([ObservationIn(streams["level"], day(1), 3.5)], SOURCE)
    (change,) = city.changes(citizen(), before)
    assert (change.kind, change.layer) == ("observation", "gauges")
    assert change.items[0]["result"] == 3.5
    assert city.wait_for_commit(before, 0.0) == before + 1
    assert city.changes(citizen(), before + 1) == []


def test_a_reading_makes_a_layer_newer_and_leaves_its_revision(city: Store, streams: dict[str, int]) -> None:
    before = city.layer(staff(), "gauges")
    city.record_observations([ObservationIn(streams["level"], day(1), 3.0)], SOURCE)
    after = city.layer(staff(), "gauges")
    assert after.revision == before.revision
    assert after.newest > before.newest
