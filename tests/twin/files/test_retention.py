"""Retention rules are data, applied as often as one likes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from support import own_acts

from twin.core import Twin
from twin.errors import NotFoundError, ParameterError
from twin.files import classes, registry, retention
from twin.files.vault import FORGOTTEN
from twin.model.record import Put

DAY1 = datetime(2026, 3, 1, 15, tzinfo=UTC)


def after(days: float) -> datetime:
    """That long after the midnight that ends 1 March, from which a day's key counts."""
    return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=days)


@pytest.mark.parametrize(("name", "days"), [("raw_video", 30), ("plate_read", 90)])
def test_data_is_forgotten_when_its_days_are_over_and_not_before(t: Twin, name: str, days: int) -> None:
    made = t.vault.seal("batch:cam-7/2026-03-01", b"frames", retention=name, by="test:1", now=DAY1)
    t.apply_retention(after(days) - timedelta(seconds=1))
    assert t.vault.read(made.digest) == b"frames"
    report = t.apply_retention(after(days))
    assert t.vault.read(made.digest) is None
    (of,) = [c for c in report.classes if c.name == name]
    assert (of.held, of.forgotten) == (0, 1)
    (tomb,) = t.store.entries(FORGOTTEN)
    assert tomb.body["rule"] == f"{name}: {days} d, {classes.DEFAULTS[name].rule}"


def test_applying_twice_does_nothing_more(t: Twin) -> None:
    t.vault.seal("b", b"x", retention="raw_video", by="test:1", now=DAY1)
    t.apply_retention(after(31))
    before = t.store.last_seq()
    report = t.apply_retention(after(31))
    assert {c.forgotten for c in report.classes} == {0}
    assert t.store.last_seq() == before


def test_what_serves_a_case_counts_from_its_end(t: Twin) -> None:
    made = t.vault.seal("case:7", b"0912", retention="report_contact", by="test:1", now=DAY1)
    t.apply_retention(after(400))
    assert t.vault.read(made.digest) == b"0912"
    t.store.write_records(t.vault.release("case:7", at=after(400)))
    t.apply_retention(after(429))
    assert t.vault.read(made.digest) == b"0912"
    t.store.write_records(t.vault.release("case:7", at=None))  # reopened
    t.apply_retention(after(500))
    assert t.vault.read(made.digest) == b"0912"
    t.store.write_records(t.vault.release("case:7", at=after(500)))
    t.apply_retention(after(530))
    assert t.vault.read(made.digest) is None


def test_a_case_in_the_store_says_itself_when_it_ended(t: Twin) -> None:
    made = t.vault.seal("case:FR-1", b"0912", retention="report_contact", by="case:FR-1", now=DAY1)

    def case(*, is_open: bool) -> None:
        t.store.write_records([Put("case", "FR-1", {"open": is_open, "ended": "2026-06-01T00:00:00.000000Z"})])

    end = datetime(2026, 6, 1, tzinfo=UTC)
    case(is_open=True)
    t.apply_retention(end + timedelta(days=31))
    assert t.vault.read(made.digest) == b"0912"
    case(is_open=False)
    t.apply_retention(end + timedelta(days=30) - timedelta(seconds=1))
    assert t.vault.read(made.digest) == b"0912"
    t.apply_retention(end + timedelta(days=30))
    assert t.vault.read(made.digest) is None


def test_a_case_that_never_ends_does_not_keep_data_for_ever(t: Twin) -> None:
    made = t.vault.seal("case:7", b"0912", retention="report_contact", by="test:1", now=DAY1)
    t.apply_retention(after(729))
    assert t.vault.read(made.digest) == b"0912"
    t.apply_retention(after(730))
    assert t.vault.read(made.digest) is None


def test_a_hold_outlives_the_rule(t: Twin) -> None:
    made = t.vault.seal("b", b"x", retention="raw_video", by="test:1", now=DAY1)
    t.hold("b", reason="vụ án")
    (of,) = [c for c in t.apply_retention(after(99)).classes if c.name == "raw_video"]
    assert (of.held, of.forgotten, of.on_hold) == (1, 0, 1)
    t.lift("b", reason="xong")
    t.apply_retention(after(99))
    assert t.vault.read(made.digest) is None


def test_a_rule_can_be_changed_and_added(t: Twin) -> None:
    made = t.vault.seal("b", b"x", retention="raw_video", by="test:1", now=DAY1)
    t.store.write_records([classes.change(t.store, "raw_video", days=10, rule="QĐ 12/2026")])
    t.store.write_records([classes.change(t.store, "drone_video", title="Video bay", days=5)])
    t.vault.seal("c", b"y", retention="drone_video", by="test:1", now=DAY1)
    report = t.apply_retention(after(10))
    assert {c.name: c.forgotten for c in report.classes if c.forgotten} == {"raw_video": 1, "drone_video": 1}
    assert t.vault.read(made.digest) is None
    shown = {item["name"]: item for item in retention.overview(t.vault)}
    assert (shown["raw_video"]["days"], shown["raw_video"]["rule"], shown["raw_video"]["forgotten"]) == (
        10,
        "QĐ 12/2026",
        1,
    )
    assert shown["drone_video"]["title"] == "Video bay"


@pytest.mark.parametrize("wrong", [{"days": -1}, {"days": 99_999}, {"starts": "never"}, {"what": "burn"}, {"size": 1}])
def test_a_rule_that_cannot_be_is_refused(t: Twin, wrong: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        classes.change(t.store, "raw_video", **wrong)


def test_open_files_of_a_class_are_removed_and_leave_a_tombstone(t: Twin) -> None:
    digest = t.files.put(b"a spreadsheet")
    t.store.write_records(registry.register(digest, 13, retention="export", by="job:1", now=DAY1))
    t.apply_retention(DAY1 + timedelta(days=29))
    assert t.files.holds(digest)
    t.apply_retention(DAY1 + timedelta(days=30))
    assert not t.files.holds(digest)
    assert registry.missing(t.store, t.files) == []
    assert [e.object for e in t.store.entries(FORGOTTEN)] == ["export"]


def test_the_audit_is_never_forgotten_by_a_rule(t: Twin) -> None:
    t.hold("b", reason="r")
    t.apply_retention(after(5000))
    assert len(own_acts(t)) == 1
    assert classes.known_class(t.store, "audit").days == 365


def test_each_forgetting_is_in_the_audit(t: Twin) -> None:
    t.vault.seal("b", b"x", retention="raw_video", by="test:1", now=DAY1)
    t.apply_retention(after(30))
    (entry,) = own_acts(t)
    assert entry.body["action"] == "files.retire"
    assert entry.body["details"]["keys"] == 1


def test_an_unknown_class_is_not_found(t: Twin) -> None:
    with pytest.raises(NotFoundError, match="twin retention show"):
        classes.known_class(t.store, "x")
