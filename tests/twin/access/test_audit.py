"""The audit: committed with the act, searchable, and not to be changed, cut or written anew unseen."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

import twin
from twin.access import audit
from twin.access.audit import Outcome, audited, request_id
from twin.access.audit_head import export_head, heads, own_public_key, sign_head, verify
from twin.core import Twin, create
from twin.errors import ConflictError, FormatError, ParameterError
from twin.model.record import Append, Put
from twin.model.view import Role, Viewer

AN = Viewer("an", Role.PLANNER, person="p1")
BINH = Viewer("binh", Role.ADMINISTRATOR, person="p2", token="t9")
NOON = datetime(2026, 11, 23, 5, tzinfo=UTC)


@pytest.fixture
def t(tmp_path: Path) -> Twin:
    create(tmp_path / "t.duckdb")
    with twin.open(tmp_path / "t.duckdb") as opened:
        tamper(opened, "DELETE FROM entry WHERE log = 'audit'")  # what making a twin wrote is none of these tests'
        yield opened


def tamper(t: Twin, sql: str) -> None:
    with t.store.db.transaction() as tx:  # type: ignore[attr-defined]
        tx.execute(sql)


def fill(t: Twin, count: int = 5) -> None:
    for n in range(count):
        who = AN if n % 2 == 0 else BINH
        t.store.write_records([audited(who, "case.act", f"case:{n % 3}", details={"n": n})])


def test_an_act_and_its_entry_are_one_commit(t: Twin) -> None:
    t.store.write_records([Put("case", "c", {}, expect=0), audited(AN, "case.open", "case:c")])
    with pytest.raises(ConflictError):
        t.store.write_records([audited(AN, "case.open", "case:c"), Put("case", "c", {}, expect=0)])
    (act,) = audit.search(t.store)
    assert (act.actor, act.name, act.role, act.action, act.object) == ("p1", "an", "planner", "case.open", "case:c")
    assert act.time == t.store.record("case", "c").recorded_from


def test_an_entry_names_the_request_and_the_token_it_came_by(t: Twin) -> None:
    mark = request_id.set("r-1")
    try:
        audit.write(t.store, BINH, "token.use", "token:t9", outcome=Outcome.REFUSED)
    finally:
        request_id.reset(mark)
    (act,) = audit.search(t.store)
    assert (act.request, act.outcome) == ("r-1", Outcome.REFUSED)
    assert t.store.entries("audit")[0].body["token"] == "t9"


def test_acts_are_found_by_person_object_action_and_time(t: Twin) -> None:
    fill(t)
    times = [entry.recorded_at for entry in t.store.entries("audit")]

    def numbers(**asked: object) -> list[int]:
        return [act.number for act in audit.search(t.store, **asked)]  # type: ignore[arg-type]

    assert numbers() == [5, 4, 3, 2, 1]
    assert numbers(person="p2") == [4, 2]
    assert numbers(object="case:0") == [4, 1]
    assert numbers(action="case.open") == []
    assert numbers(start=times[1], end=times[2]) == [3, 2]
    assert numbers(before=4, limit=2) == [3, 2]


def test_an_action_is_a_room_and_a_verb() -> None:
    with pytest.raises(ParameterError, match=r"room\.verb"):
        audited(AN, "looked around", "case:1")


def test_a_changed_entry_is_found(t: Twin) -> None:
    fill(t)
    assert audit.first_broken(t.store) is None
    tamper(t, "UPDATE entry SET actor = 'p9' WHERE number = 3")
    assert audit.first_broken(t.store) == 3


def test_an_entry_taken_out_is_found(t: Twin) -> None:
    fill(t)
    tamper(t, "DELETE FROM entry WHERE number = 2")
    assert audit.first_broken(t.store) == 2


def test_the_signed_head_shows_that_the_end_was_cut_off(t: Twin, tmp_path: Path) -> None:
    fill(t)
    export_head(t.store, t.keys, tmp_path / "heads", NOON)
    tamper(t, "DELETE FROM entry WHERE number = 5")
    assert audit.first_broken(t.store) is None  # the chain alone cannot know
    found = verify(t.store, heads(tmp_path / "heads"), public=own_public_key(t.keys))
    assert found.problems == ("head of 2026-11-23: entry 5 is missing: the audit was cut",)


def test_the_signed_head_shows_that_all_was_written_anew(t: Twin, tmp_path: Path) -> None:
    fill(t)
    export_head(t.store, t.keys, tmp_path / "heads", NOON)
    tamper(t, "DELETE FROM entry")
    fill(t)
    assert audit.first_broken(t.store) is None
    found = verify(t.store, heads(tmp_path / "heads"), public=own_public_key(t.keys))
    assert found.problems == ("head of 2026-11-23: entry 5 is another one: the audit was written anew",)


def test_a_head_signed_by_somebody_else_or_changed_is_found(t: Twin, tmp_path: Path) -> None:
    fill(t)
    place = export_head(t.store, t.keys, tmp_path / "heads", NOON)
    assert place is not None
    body = json.loads(place.read_text())
    place.write_text(json.dumps({**body, "number": 4}))
    (day_, head_) = heads(tmp_path / "heads")[0]
    assert "signature" in verify(t.store, [(day_, head_)], public=own_public_key(t.keys)).problems[0]
    other = sign_head(t.store, type(t.keys)(tmp_path / "other.keys"), NOON)
    assert "another key" in verify(t.store, [(day_, other)], public=own_public_key(t.keys)).problems[0]
    place.write_text("{}")
    with pytest.raises(FormatError, match=r"audit-2026-11-23\.json"):
        heads(tmp_path / "heads")


def test_a_head_is_laid_out_once_a_day_of_viet_nam(t: Twin, tmp_path: Path) -> None:
    fill(t)
    late = datetime(2026, 11, 23, 17, 30, tzinfo=UTC)  # 00:30 of the 24th in Viet Nam
    first = export_head(t.store, t.keys, tmp_path, NOON)
    assert export_head(t.store, t.keys, tmp_path, NOON) is None
    second = export_head(t.store, t.keys, tmp_path, late)
    assert [p and p.name for p in (first, second)] == ["audit-2026-11-23.json", "audit-2026-11-24.json"]
    assert verify(t.store, heads(tmp_path), public=own_public_key(t.keys)).ok


def test_an_audit_without_entries_holds_together(t: Twin) -> None:
    assert verify(t.store, [], public=None).ok
    t.store.write_records([Append("another", {})])
    assert audit.head(t.store)[0] == 0
