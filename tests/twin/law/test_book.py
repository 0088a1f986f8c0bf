"""The law in a store: loading, two clocks, search, changes, proposals, countersignatures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import twin
from twin.access import audit
from twin.core import create
from twin.errors import ConflictError, ForbiddenError, NotFoundError, ParameterError, SchemaError
from twin.law import shipped
from twin.law.answer import Found, NotDeterminable, Why
from twin.law.book import Law, working_calendar
from twin.law.editing import countersign, propose
from twin.law.rule import Confidence, Kind, Rule, State
from twin.law.shipped import load_builtin, shipped_rules
from twin.model.record import Put
from twin.model.view import Role, Viewer
from twin.store.base import Store

AN, BINH = Viewer("an", Role.PLANNER, "person-an"), Viewer("binh", Role.REVIEWER, "person-binh")
AN_AGAIN = Viewer("an.2", Role.REVIEWER, "person-an")
ROOT = Viewer("root", Role.ADMINISTRATOR, "person-root")
DENSITY = "planning.house_density"
NOW = date(2026, 11, 23)
TABLE = shipped_rules()[DENSITY][0].content
CALENDAR = shipped_rules()["calendar.state_bodies"][0].content
ROWS = {"form": "rows", "columns": [{"name": "a", "role": "in"}, {"name": "b", "role": "out"}]}
RATE = {"name": "rate", "title": "Tỷ lệ", "title_en": "Rate", "value": 1}


def body(rule: str = DENSITY, **changes: Any) -> dict[str, Any]:
    """What a proposal says: the shipped version with changes."""
    v = shipped_rules()[rule][0]
    said: dict[str, Any] = {
        "kind": v.kind.value,
        "title": v.title,
        "title_en": v.title_en,
        "document": v.document,
        "clause": v.clause,
        "confidence": v.confidence.value,
        "valid_to": v.valid_to.isoformat() if v.valid_to else None,
        "sources": list(v.sources),
        "content": dict(v.content),
    }
    return {**said, **changes}


def other_density(first: int = 99) -> dict[str, Any]:
    content = dict(shipped_rules()[DENSITY][0].content)
    return {**content, "values": [first, 90, 70, 60, 50, 40]}


def held(store: Store, rule: str = DENSITY) -> Rule:
    return Law.of(store).rule(rule)


# -- loading ------------------------------------------------------------------------------------------------------


def test_a_new_twin_holds_the_shipped_law_and_opening_it_again_changes_nothing(tmp_path: Path) -> None:
    create(tmp_path / "city.duckdb")
    with twin.open(tmp_path / "city.duckdb") as t:
        seq = t.store.last_seq()
        assert set(Law.of(t.store).rules) == set(shipped_rules())
    with twin.open(tmp_path / "city.duckdb") as t:
        assert t.store.last_seq() == seq
        assert load_builtin(t.store) == 0


def test_what_is_loaded_is_what_is_shipped(store: Store) -> None:
    law, plain = Law.of(store), Law.shipped()
    for name, rule in plain.rules.items():
        assert law.rule(name).versions == rule.versions


def test_every_rule_has_titles_a_source_and_a_known_mark() -> None:
    sources = {row["code"] for row in Law.shipped().rows("law.sources")}
    for name, versions in shipped_rules().items():
        for v in versions:
            assert v.title != v.title_en, name
            assert set(v.sources) <= sources, name
            if v.confidence in (Confidence.CONFIRMED, Confidence.ONE_SOURCE) and not name.startswith("law."):
                assert v.document, name


def ship(monkeypatch: pytest.MonkeyPatch, store: Store, **changes: Any) -> int:
    """Load as a later program would, whose files say something else of one rule."""
    newer = {**shipped_rules()}
    newer[DENSITY] = tuple(replace(v, digest="later", **changes) for v in newer[DENSITY])
    monkeypatch.setattr(shipped, "shipped_rules", lambda: newer)
    monkeypatch.setattr(shipped, "_digest_of_files", lambda: f"later-{changes}")
    return load_builtin(store)


def test_a_newer_shipped_version_takes_the_place_of_one_nobody_touched(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ship(monkeypatch, store, content=other_density()) == 1
    assert [v.state for v in held(store).versions] == [State.REPLACED, State.SHIPPED]
    answer = Law.of(store).value(DENSITY, NOW, area_m2=50)
    assert isinstance(answer, Found)
    assert (answer.value, answer.basis.version) == (99, 2)


def test_a_newer_shipped_version_of_a_countersigned_one_is_a_draft(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    countersign(store, BINH, DENSITY, seen=1)
    assert ship(monkeypatch, store, content=other_density()) == 1
    assert [v.state for v in held(store).versions] == [State.SIGNED, State.DRAFT]
    assert held(store).versions[1].replaces == 1
    assert Law.of(store).value(DENSITY, NOW, area_m2=50).value == 100  # type: ignore[union-attr]


def test_a_newer_shipped_version_of_an_edited_one_is_a_draft(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    propose(store, AN, DENSITY, body(content=other_density(98), replaces=1), seen=1, reason="Sửa lỗi chép")
    countersign(store, BINH, DENSITY, seen=2)
    ship(monkeypatch, store, content=other_density())
    assert [v.state for v in held(store).versions] == [State.REPLACED, State.SIGNED, State.DRAFT]
    assert held(store).versions[2].replaces == 2
    assert Law.of(store).value(DENSITY, NOW, area_m2=50).value == 98  # type: ignore[union-attr]


# -- two clocks -----------------------------------------------------------------------------------------------------


def test_valid_time_chooses_the_version_in_force() -> None:
    law = Law.shipped()
    for day, document in (
        (date(2026, 12, 14), "QCVN 04:2021/BXD"),
        (date(2026, 12, 15), "QCVN 04:2021/BXD và Sửa đổi 1:2026 (TT 31/2026/TT-BXD)"),
    ):
        found = law.version("inforce.apartments", day)
        assert not isinstance(found, NotDeterminable)
        assert found.document == document


def test_a_moment_counts_by_its_vietnamese_date() -> None:
    last_second = datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC)  # 23:59:59 in Viet Nam
    law = Law.shipped()
    assert isinstance(law.value(DENSITY, last_second, area_m2=100), Found)
    assert isinstance(law.value(DENSITY, last_second + timedelta(seconds=1), area_m2=100), NotDeterminable)


def test_recorded_time_shows_what_was_held_then(store: Store) -> None:
    before = store.record("law_rule", DENSITY).recorded_from
    propose(store, AN, DENSITY, body(content=other_density(), replaces=1), seen=1, reason="Sửa")
    countersign(store, BINH, DENSITY, seen=2)
    assert Law.of(store).value(DENSITY, NOW, area_m2=50).value == 99  # type: ignore[union-attr]
    assert Law.of(store, known_at=before).value(DENSITY, NOW, area_m2=50).value == 100  # type: ignore[union-attr]


def test_changes_by_date_show_what_is_coming() -> None:
    found = Law.shipped().changes(date(2026, 11, 23), date(2027, 1, 1))
    said = [(m.day, m.version.rule, m.begins) for m in found]
    assert (date(2026, 12, 15), "inforce.apartments", True) in said
    assert (date(2026, 12, 15), "inforce.apartments", False) in said
    assert (date(2027, 1, 1), "inforce.planning_code", True) in said
    assert (date(2027, 1, 1), DENSITY, False) in said
    assert [m.day for m in found] == sorted(m.day for m in found)
    days_off = Law.shipped().changes(date(2026, 7, 1), date(2026, 7, 1))
    assert ("inforce.days_off", True) in [(m.version.rule, m.begins) for m in days_off]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("khoang lui chi gioi duong do", "planning.setback"),
        ("KHOẢNG LÙI", "planning.setback"),
        ("cau lau", "flood.alarm_levels"),
        ("dat cho market", "land.use_codes"),
        ("24 november", "inforce.days_off"),
        ("qcvn 07-7 cao toc", "lighting.roads"),
    ],
)
def test_search_ignores_case_and_diacritics(text: str, rule: str) -> None:
    assert rule in [v.rule for v in Law.shipped().search(text)]


def test_what_has_the_words_in_its_title_comes_first() -> None:
    found = [v.title for v in Law.shipped().search("mat do")]
    with_phrase = [title for title in found if "Mật độ" in title or "mật độ" in title]
    assert len(with_phrase) >= 4
    assert found[: len(with_phrase)] == with_phrase


def test_search_narrows_by_kind_document_and_mark() -> None:
    law = Law.shipped()
    assert {v.kind for v in law.search(kind=Kind.CALENDAR)} == {Kind.CALENDAR}
    assert all("QCVN 01:2021" in v.document for v in law.search(document="qcvn 01:2021"))
    assert {"lighting.dimming", "reports.categories"} <= {v.rule for v in law.search(confidence=Confidence.OWN)}
    assert "calendar.state_bodies" in {v.rule for v in law.search(confidence=Confidence.UNCONFIRMED)}
    assert law.search("khoang lui zebra") == []
    assert DENSITY not in {v.rule for v in law.search(at=date(2027, 1, 1))}


def test_the_calendar_of_the_store_is_that_of_its_record(store: Store) -> None:
    assert working_calendar(store).version.startswith("calendar.state_bodies#1 holidays/")
    content = dict(shipped_rules()["calendar.state_bodies"][0].content)
    days = [*content["rows"], {"date": "2027-09-01", "working": False, "name": "Quốc khánh", "name_en": "National Day"}]
    said = body("calendar.state_bodies", content={**content, "rows": days}, valid_from="2025-01-01", replaces=1)
    propose(store, AN, "calendar.state_bodies", said, seen=1, reason="Thông báo mới")
    assert working_calendar(store).is_working_day(date(2027, 9, 1))
    countersign(store, BINH, "calendar.state_bodies", seen=2)
    changed = working_calendar(store)
    assert changed.version.startswith("calendar.state_bodies#2 ")
    assert not changed.is_working_day(date(2027, 9, 1))


# -- production -----------------------------------------------------------------------------------------------------


def test_in_production_only_what_a_person_countersigned_is_used(store: Store) -> None:
    def ask() -> Found | NotDeterminable:
        return Law.of(store, production=True).value(DENSITY, NOW, area_m2=150)

    unsigned = ask()
    assert isinstance(unsigned, NotDeterminable)
    assert unsigned.why is Why.NOT_COUNTERSIGNED
    countersign(store, BINH, DENSITY, seen=1)
    signed = ask()
    assert isinstance(signed, Found)
    assert (signed.value, signed.may_refuse) == (80, True)


def test_a_signature_given_in_open_mode_counts_for_nothing_in_production(store: Store) -> None:
    countersign(store, Viewer("demo:reviewer", Role.REVIEWER, "demo:reviewer"), DENSITY, seen=1)
    assert isinstance(Law.of(store).value(DENSITY, NOW, area_m2=150), Found)
    assert isinstance(Law.of(store, production=True).value(DENSITY, NOW, area_m2=150), NotDeterminable)


def test_what_is_unconfirmed_can_never_alone_refuse_even_countersigned(store: Store) -> None:
    countersign(store, BINH, "air.limits", seen=1, number=2)
    cells = Law.of(store).cells("air.limits", NOW, substance="pm25")
    assert cells["h24"].may_refuse
    assert not cells["year"].may_refuse  # M
    countersign(store, BINH, "reports.categories", seen=1)
    assert not held(store, "reports.categories").versions[0].may_refuse  # no law, our own choice


# -- editing --------------------------------------------------------------------------------------------------------


def test_a_draft_changes_nothing_until_another_person_countersigns_it(store: Store) -> None:
    drafted = propose(store, AN, DENSITY, body(content=other_density(), replaces=1), seen=1, reason="Sửa lỗi chép")
    assert (drafted.drafts[0].number, drafted.drafts[0].reason) == (2, "Sửa lỗi chép")
    assert Law.of(store).value(DENSITY, NOW, area_m2=50).value == 100  # type: ignore[union-attr]
    signed = countersign(store, BINH, DENSITY, seen=2)
    assert [v.state for v in signed.versions] == [State.REPLACED, State.SIGNED]
    stamp = signed.versions[1].countersigned
    assert stamp is not None
    assert stamp.person == "person-binh"


@pytest.mark.parametrize("viewer", [AN, AN_AGAIN])
def test_nobody_countersigns_what_they_entered_whatever_account_they_use(store: Store, viewer: Viewer) -> None:
    propose(store, AN, DENSITY, body(content=other_density(), replaces=1), seen=1, reason="Sửa")
    with pytest.raises(ForbiddenError, match="entered"):
        countersign(store, viewer, DENSITY, seen=2)


@pytest.mark.parametrize(
    "viewer",
    [
        ROOT,
        Viewer("root", Role.ADMINISTRATOR),
        Viewer("x", Role.CITIZEN, "person-x"),
        Viewer("x", Role.OPERATOR, "person-x"),
        Viewer("x", Role.REVIEWER),
        Viewer("x", Role.REVIEWER, "person-x", "token-1"),
    ],
)
def test_administrators_others_nobody_and_tokens_change_no_law(store: Store, viewer: Viewer) -> None:
    with pytest.raises(ForbiddenError):
        propose(store, viewer, DENSITY, body(), seen=1, reason="Sửa")
    with pytest.raises(ForbiddenError):
        countersign(store, viewer, DENSITY, seen=1)
    assert held(store).record_version == 1


def test_two_who_change_one_rule_meet_a_conflict(store: Store) -> None:
    propose(store, AN, DENSITY, body(replaces=1), seen=1, reason="Sửa")
    with pytest.raises(ConflictError):
        propose(store, BINH, DENSITY, body(replaces=1), seen=1, reason="Sửa khác")
    with pytest.raises(ConflictError):
        countersign(store, BINH, DENSITY, seen=1)
    with pytest.raises(ConflictError):
        propose(store, AN, DENSITY, body(), seen=0, reason="Như mới")


def test_a_signed_version_is_not_signed_again_and_of_several_one_is_named(store: Store) -> None:
    countersign(store, BINH, DENSITY, seen=1)
    with pytest.raises(ConflictError):
        countersign(store, AN, DENSITY, seen=2)
    with pytest.raises(ConflictError, match="2 versions"):
        countersign(store, BINH, "air.limits", seen=1)
    with pytest.raises(NotFoundError):
        countersign(store, BINH, "air.limits", seen=1, number=9)
    with pytest.raises(NotFoundError):
        countersign(store, BINH, "no.such", seen=1)


def test_of_two_drafts_for_one_place_the_second_cannot_follow_the_first(store: Store) -> None:
    propose(store, AN, DENSITY, body(content=other_density(99), replaces=1), seen=1, reason="Một")
    propose(store, AN, DENSITY, body(content=other_density(98), replaces=1), seen=2, reason="Hai")
    countersign(store, BINH, DENSITY, seen=3, number=2)
    with pytest.raises(ConflictError, match="no longer in use"):
        countersign(store, BINH, DENSITY, seen=4, number=3)


def test_a_new_rule_and_a_version_for_later_dates(store: Store) -> None:
    later = body(content=other_density(), valid_from="2027-01-01", valid_to=None, document="QCVN 01:2026/BXD")
    propose(store, AN, DENSITY, later, seen=1, reason="Quy chuẩn mới")
    countersign(store, BINH, DENSITY, seen=2)
    law = Law.of(store)
    assert law.value(DENSITY, NOW, area_m2=50).value == 100  # type: ignore[union-attr]
    assert law.value(DENSITY, date(2027, 1, 1), area_m2=50).value == 99  # type: ignore[union-attr]
    old = law.value(DENSITY, date(2027, 1, 1), approved=date(2026, 6, 1), area_m2=50)
    assert isinstance(old, Found)
    assert old.value == 100
    propose(store, AN, "local.density", body(), seen=0, reason="Quy chế của tỉnh")
    assert "local.density" in Law.of(store).rules


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"content": {"form": "grid"}}, SchemaError),
        ({"content": {**shipped_rules()[DENSITY][0].content, "values": [1, 2]}}, SchemaError),
        ({"content": {**shipped_rules()[DENSITY][0].content, "values": ["a"] * 6}}, SchemaError),
        ({"content": {"form": "pivot"}}, SchemaError),
        ({"kind": "opinion"}, SchemaError),
        ({"confidence": "sure"}, SchemaError),
        ({"title": " "}, SchemaError),
        ({"valid_from": "2027-01-01", "valid_to": "2026-01-01"}, SchemaError),
        ({"valid_from": "01/01/2027"}, SchemaError),
        ({"countersigned": {"person": "x", "name": "x", "at": "2026-01-01T00:00:00Z"}}, ParameterError),
        ({"state": "signed"}, ParameterError),
        ({"replaces": 7}, ParameterError),
        ({"kind": "calendar", "content": {"zone": "Asia/Nowhere"}}, SchemaError),
        ({"kind": "codes", "content": {"form": "rows", "columns": [], "rows": [{"code": "A"}]}}, SchemaError),
        ({"kind": "rule", "content": {"parameters": []}}, SchemaError),
        ({"kind": "calendar", "content": {**CALENDAR, "library": "ZZ"}}, SchemaError),
        ({"kind": "calendar", "content": {**CALENDAR, "office_hours": [["07:00+05:00", "09:00"]]}}, SchemaError),
        ({"content": {**TABLE, "axes": [{**TABLE["axes"][0], "nodes": list("abcdef")}]}}, SchemaError),
        ({"content": {**ROWS, "rows": [{"a": {"ge": "x"}, "b": 1}]}}, SchemaError),
        ({"kind": "rule", "content": {"parameters": [RATE]}}, ParameterError),
    ],
)
def test_what_is_no_rule_cannot_be_proposed(store: Store, changes: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        propose(store, AN, DENSITY, body(**changes), seen=1, reason="Sửa")
    assert held(store).record_version == 1


def test_a_proposal_needs_a_reason_and_an_id(store: Store) -> None:
    with pytest.raises(ParameterError):
        propose(store, AN, DENSITY, body(), seen=1, reason=" ")
    with pytest.raises(ParameterError):
        propose(store, AN, "Not An Id", body(), seen=0, reason="Sửa")


def test_every_act_on_the_law_is_in_the_audit(store: Store) -> None:
    propose(store, AN, DENSITY, body(replaces=1), seen=1, reason="Sửa")
    countersign(store, BINH, DENSITY, seen=2)
    acts = audit.search(store, object=f"law:{DENSITY}")
    assert [(a.action, a.actor, a.details) for a in acts] == [
        ("law.countersign", "person-binh", {"version": 2}),
        ("law.propose", "person-an", {"version": 2}),
    ]
    assert audit.search(store, action="law.load")[0].object == "law:shipped"


def test_a_record_that_is_no_rule_is_refused_when_read(store: Store) -> None:
    store.write_records([Put("law_rule", "broken.rule", {"versions": [{"number": 1, "kind": "table"}]})])
    with pytest.raises(SchemaError, match=r"broken\.rule"):
        Law.of(store)


@pytest.mark.parametrize("rule", sorted(shipped_rules()))
def test_nothing_holds_before_its_document_was_written(rule: str) -> None:
    law = Law.shipped()
    found = law.version(rule, date(1999, 12, 31))
    if law.rule(rule).versions[0].document.startswith(("QCVN", "QĐ", "TT", "NĐ", "Luật", "Nghị quyết")):
        assert isinstance(found, NotDeterminable)
        assert found.why is Why.NOT_IN_FORCE


@pytest.mark.parametrize(("day", "in_force"), [(date(2020, 12, 31), False), (date(2021, 12, 31), True)])
def test_since_when_is_not_known_but_not_before_the_year_of_the_document(day: date, in_force: bool) -> None:
    assert isinstance(Law.shipped().value(DENSITY, day, area_m2=95), Found) is in_force


def test_what_a_transition_keeps_is_no_surer_than_the_transition() -> None:
    law, old = Law.shipped(), date(2026, 6, 1)
    before, kept = (law.value(DENSITY, d, approved=old, area_m2=95) for d in (NOW, date(2027, 1, 1)))
    assert isinstance(before, Found)
    assert isinstance(kept, Found)
    assert (before.value, kept.value) == (95, 95)
    assert (before.basis.confidence, kept.basis.confidence) == (Confidence.CONFIRMED, Confidence.ONE_SOURCE)


def test_parking_of_flats_is_unconfirmed_once_the_amendment_nobody_read_is_in_force() -> None:
    law = Law.shipped()
    marks = [
        law.parameter("planning.parking_flats", "two_wheels_m2", d) for d in (date(2026, 12, 14), date(2026, 12, 15))
    ]
    assert [a.basis.confidence for a in marks if isinstance(a, Found)] == [Confidence.CONFIRMED, Confidence.UNCONFIRMED]
