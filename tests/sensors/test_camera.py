from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sensors.camera import frigate, hikvision, plates
from sensors.jsonpayload import load_object
from twin.errors import FormatError, TimeError, UnsupportedFormatError

SALT = b"a salt of sixteen or more bytes"
CAMERAS = "device_payloads/camera"


@pytest.mark.data
def test_the_published_frigate_event_is_a_person_still_there(shared_data: Path) -> None:
    body = load_object((shared_data / CAMERAS / "frigate_event_update.json").read_bytes())
    (event,) = frigate.decode(body, salt=SALT).events
    assert frigate.camera(body) == "front_door"
    assert event.fid == "frigate:front_door:1607123955.475377-mxklsc"
    assert event.start == datetime(2020, 12, 4, 23, 19, 15, 475377, tzinfo=UTC)
    assert event.end is None
    assert event.observed_at == datetime(2020, 12, 4, 23, 19, 22, 82975, tzinfo=UTC)
    assert event.properties["label"] == "person"
    assert event.properties["title"] == "Người"
    assert event.properties["score"] == 0.87890625
    assert event.properties["entered_zones"] == ["yard", "driveway"]


def test_new_update_and_end_are_states_of_one_event() -> None:
    start = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    values = {"id": "1.5-abc", "label": "car", "start": start.isoformat()}
    states = [
        frigate.decode(
            load_object(frigate.encode("cam-07", start + timedelta(seconds=s), {**values, **more})), salt=SALT
        )
        for s, more in [
            (0, {"type": "new"}),
            (5, {"type": "update"}),
            (9, {"type": "end", "end": (start + timedelta(seconds=9)).isoformat()}),
        ]
    ]
    events = [state.events[0] for state in states]
    assert {event.fid for event in events} == {"frigate:cam-07:1.5-abc"}
    assert events[-1].end == start + timedelta(seconds=9)
    assert [event.order for event in events] == sorted(event.order for event in events)


def test_names_of_people_and_plates_never_leave_the_frigate_message() -> None:
    body = json.loads(
        frigate.encode("c", datetime(2026, 1, 1, tzinfo=UTC), {
            "type": "new", "id": "1", "label": "car", "start": "2026-01-01T00:00:00Z",
        })
    )  # fmt: skip
    body["after"] |= {"sub_label": ["Nguyễn Văn A", 0.9], "recognized_license_plate": "93A-123.45"}
    (event,) = frigate.decode(body, salt=SALT).events
    assert "Nguyễn" not in str(event)
    assert "12345" not in plates.normalise(str(event.properties.get("title", "")))
    assert event.properties["plate_hash"] == plates.plate_hash("93A12345", SALT)
    kept = frigate.redact(json.dumps(body).encode(), salt=SALT)
    assert kept is not None
    assert b"Nguy" not in kept
    assert b"123.45" not in kept
    assert frigate.decode(load_object(kept), salt=SALT).events == (event,)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"type": "gone"}, "event type"),
        ({"type": "end"}, "without end_time"),
        (
            {"after": {"camera": "c", "id": "1", "label": "x", "start_time": "now", "frame_time": 1.0}},
            "start_time",
        ),
        (
            {"after": {"camera": "c", "id": "1", "label": "x", "start_time": 1e300, "frame_time": 1.0}},
            "no time",
        ),
        (
            {
                "after": {
                    "camera": "c",
                    "id": "1",
                    "label": "x",
                    "start_time": float("nan"),
                    "frame_time": 1.0,
                }
            },
            "no time",
        ),
        (
            {
                "after": {
                    "camera": "c",
                    "id": "1",
                    "label": "x",
                    "start_time": 9,
                    "end_time": 3,
                    "frame_time": 1,
                }
            },
            "before",
        ),
        ({"after": None}, "after"),
    ],
)
def test_a_broken_frigate_event_is_refused(change: dict, error: str) -> None:
    good = {
        "type": "new",
        "after": {"camera": "c", "id": "1", "label": "x", "start_time": 1.0, "frame_time": 2.0},
    }
    with pytest.raises(FormatError, match=error):
        frigate.decode({**good, **change}, salt=SALT)


@pytest.mark.data
def test_both_hikvision_plate_events_are_read_whatever_their_namespace(shared_data: Path) -> None:
    vietnam = hikvision.document((shared_data / CAMERAS / "hikvision_anpr_tcg405_utc7.xml").read_bytes())
    (event,) = hikvision.decode(vietnam, camera="ly-thuong-kiet-01", salt=SALT).events
    assert event.start == event.end == datetime(2024, 5, 7, 10, 48, 3, 847000, tzinfo=UTC)
    assert event.properties["plate_hash"] == plates.plate_hash("93A-123.45", SALT)
    assert event.properties["direction"] == "forward"
    assert event.properties["score"] == 0.98
    assert event.properties["country_code"] == "64"

    deepinview = hikvision.document((shared_data / CAMERAS / "hikvision_anpr_deepinview_v58.xml").read_bytes())
    (other,) = hikvision.decode(deepinview, camera="le-duan-02", salt=SALT).events
    assert other.start == datetime(2026, 7, 5, 19, 44, 40, tzinfo=UTC)
    assert other.properties["vehicle_type"] == "SUVMPV"
    assert other.properties["label"] == "car"
    assert other.properties["vehicle_color"] == "black"
    assert other.properties["plate_hash"] != event.properties["plate_hash"]


@pytest.mark.data
@pytest.mark.parametrize("name", ["hikvision_anpr_tcg405_utc7.xml", "hikvision_anpr_deepinview_v58.xml"])
def test_the_plate_is_neither_in_the_event_nor_in_what_quarantine_keeps(shared_data: Path, name: str) -> None:
    payload = (shared_data / CAMERAS / name).read_bytes()
    decoded = hikvision.decode(hikvision.document(payload), camera="c", salt=SALT)
    kept = hikvision.redact(payload, salt=SALT)
    assert kept is not None
    for plate in ("93A12345", "WX1234A"):
        assert plate not in str(decoded)
        assert plate.encode() not in kept
    assert hikvision.decode(hikvision.document(kept), camera="c", salt=SALT) == decoded


def test_a_message_cut_off_inside_the_plate_is_redacted_too() -> None:
    whole = hikvision.encode(datetime(2026, 1, 1, tzinfo=UTC), {"plate": "93A12345"})
    cut = whole[: whole.index(b"93A12345") + 6]
    kept = hikvision.redact(cut, salt=SALT)
    assert kept is not None
    assert b"93A1" not in kept


def test_the_same_plate_hashes_the_same_and_another_salt_differently() -> None:
    assert plates.plate_hash("93a 123.45", SALT) == plates.plate_hash("93A-12345", SALT)
    assert plates.plate_hash("93A12345", SALT) != plates.plate_hash("93A12345", b"another salt")
    assert plates.plate_hash("unknown", SALT) == ""


def test_a_document_type_or_entity_is_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "b">]><EventNotificationAlert>&a;</EventNotificationAlert>'
    with pytest.raises(FormatError, match="not XML"):
        hikvision.document(bomb)


def test_a_plate_event_without_zone_or_of_another_type_is_refused() -> None:
    text = hikvision.encode(datetime(2026, 1, 1, tzinfo=UTC), {"plate": "93A12345"}).decode()
    with pytest.raises(TimeError, match="no zone"):
        hikvision.decode(hikvision.document(text.replace("00Z<", "00<").encode()), camera="c", salt=SALT)
    with pytest.raises(UnsupportedFormatError, match="VMD"):
        hikvision.decode(hikvision.document(text.replace(">ANPR<", ">VMD<", 1).encode()), camera="c", salt=SALT)
