"""Citizens' field reports from the street to the reporter's word that it is mended."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from threading import Barrier
from typing import Any, cast

import pytest
from case_support import Calendar, Wall, local
from pictures_support import face, jpeg

from twin.cases import photos
from twin.cases.case import Case, CaseChangedError, replay
from twin.cases.clocks import Phase
from twin.cases.engine import Cases
from twin.cases.field_report import BEING_HANDLED, CATEGORIES, KIND
from twin.cases.kind_check import faults
from twin.cases.personal import VaultData
from twin.cases.photos import Box, Photo
from twin.cases.reports import Reports, Sent
from twin.core import Twin, create, open_twin
from twin.errors import ConflictError, ForbiddenError, NotFoundError, ParameterError
from twin.files.datakeys import SafeSettings
from twin.geo.geodesy import distance_between
from twin.law import editing
from twin.law.book import Law
from twin.model.view import CITIZEN, Role, Viewer
from twin.types import Json, LonLat

OFFICER = Viewer("hoa", Role.DUTY_OFFICER, person="p-hoa")
OTHER = Viewer("tam", Role.OPERATOR, person="p-tam")
LAW = Law.shipped()
HERE = LonLat(106.89, 11.535)
WORDS = "Tôi là Trần Thị Bưởi, nhà số 7, bóng đèn trước nhà hỏng"


@pytest.fixture
def t(tmp_path: Path) -> Iterator[Twin]:
    create(tmp_path / "city.duckdb")
    with open_twin(tmp_path / "city.duckdb", safe=SafeSettings()) as opened:
        yield opened


@pytest.fixture
def wall() -> Wall:
    return Wall(local(30))  # Monday 2026-11-30 09:00 in Viet Nam


@pytest.fixture
def reports(t: Twin, wall: Wall) -> Reports:
    cases = Cases(t.store, calendar=Calendar(), personal=VaultData(t.vault), now=wall.now)
    return Reports(cases, t.vault, t.files)


@cache
def portrait() -> Photo:
    """A real face, read once."""
    return photos.prepare(jpeg(face()))


def send(reports: Reports, category: str = "CS", place: LonLat = HERE, **more: object) -> Sent:
    return reports.send(CITIZEN, category=category, text=WORDS, place=place, **more)  # type: ignore[arg-type]


def act(reports: Reports, code: str, name: str, viewer: Viewer = OFFICER, **more: Json) -> Case:
    seen = reports.cases.get(viewer, code).version
    reason = str(more.pop("reason", ""))
    return reports.cases.act(viewer, code, name, seen=seen, reason=reason, changes=more)


def resolved(reports: Reports, **more: object) -> Sent:
    sent = send(reports, **more)
    act(reports, sent.case.id, "accept", public_text="Đèn hỏng")
    act(reports, sent.case.id, "begin")
    act(reports, sent.case.id, "resolve", answer="Đã thay bóng")
    return sent


def test_the_kind_can_be_worked_by(t: Twin) -> None:
    assert faults(KIND, checks=("field_report_body", "field_report_duplicate", "field_report_photos")) == []


def test_a_report_goes_the_whole_way(reports: Reports) -> None:
    sent = resolved(reports)
    reports.answer(CITIZEN, sent.case.id, sent.secret, confirm=True)
    status = reports.status(sent.case.id)
    assert [s["state"] for s in status["steps"]] == ["new", "accepted", "working", "resolved", "confirmed"]
    assert [s["title"] for s in status["steps"]][::4] == ["Mới", "Dân xác nhận"]
    log = reports.store.entries(f"case:{sent.case.id}")
    assert replay(log) == reports.store.record("case", sent.case.id).body


def test_categories_and_days_are_those_of_the_law_room() -> None:
    days = {code: limit for code, *_, limit in CATEGORIES}
    # Light, pothole and garbage 3 working days; drainage 5; order violation 7; all else at most 10.
    assert {days["CS"], days["GT"], days["MT"]} == {3}
    assert (days["NG"], days["XD"], days["KH"]) == (5, 7, 10)
    assert [(r["code"], r["title"], r["title_en"], r["days"]) for r in LAW.rows("reports.categories")] == [*CATEGORIES]


# -- clocks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "due"),
    [
        (local(30, 9), local(30, 11)),
        (local(30, 11), local(30, 14)),  # half an hour before the noon pause, an hour and a half after it
        (local(30, 16, 30), local(1, 9, month=12)),
        (local(28, 20), local(30, 9, 30)),  # Saturday evening: Monday, two hours after 7:30
    ],
)
def test_it_is_acknowledged_within_two_working_hours(
    reports: Reports, wall: Wall, sent: datetime, due: datetime
) -> None:
    wall.moment = sent
    if sent == local(30, 11):
        due = local(30, 14, 30)
    assert send(reports).case.clocks["acknowledge"].due == due


def test_danger_to_life_is_dispatched_within_thirty_minutes_at_any_hour(reports: Reports, wall: Wall) -> None:
    wall.moment = local(28, 23, 50)  # Saturday night
    case = send(reports, danger=True).case
    assert case.clocks["dispatch"].due == local(29, 0, 20)
    act(reports, case.id, "accept")
    assert reports.cases.get(OFFICER, case.id).clocks["dispatch"].phase is Phase.RUNNING
    wall.ahead(minutes=16)
    reports.cases.tick()
    assert "duty_officer" in reports.cases.get(OFFICER, case.id).told
    assert act(reports, case.id, "forward", unit="Công ty điện lực").clocks["dispatch"].phase is Phase.MET


def test_without_danger_no_dispatch_clock_runs(reports: Reports) -> None:
    assert "dispatch" not in send(reports).case.clocks


@pytest.mark.parametrize(("category", "due"), [("CS", 3), ("NG", 7), ("XD", 9), ("KH", 14)])
def test_time_to_resolve_depends_on_the_category(reports: Reports, category: str, due: int) -> None:
    # Accepted on Monday 30 November: 3 working days end on Thursday 3 December, 5 on Monday 7, 7 on Wednesday 9,
    # 10 on Monday 14, at the end of the day.
    case = act(reports, send(reports, category).case.id, "accept")
    assert case.clocks["resolve"].due == local(due, 17, month=12)


def test_another_category_gives_another_time(reports: Reports) -> None:
    case = act(reports, send(reports, "KH").case.id, "accept", category="CS")
    assert case.clocks["resolve"].due == local(3, 17, month=12)
    assert case.title == "Chiếu sáng"


def test_reopening_starts_the_time_to_resolve_anew(reports: Reports, wall: Wall) -> None:
    sent = resolved(reports)
    wall.moment = local(2, 9, month=12)
    case = reports.answer(CITIZEN, sent.case.id, sent.secret, confirm=False, text="vẫn tối")
    assert (case.state, case.clocks["resolve"].due) == ("reopened", local(7, 17, month=12))
    assert case.clocks["resolve"].phase is Phase.RUNNING


def test_what_is_never_answered_is_closed_after_seven_days(reports: Reports, wall: Wall) -> None:
    sent = resolved(reports)
    wall.ahead(days=7, seconds=-1)
    reports.cases.tick()
    assert reports.status(sent.case.id)["state"] == "resolved"
    wall.ahead(seconds=1)
    reports.cases.tick()
    assert reports.status(sent.case.id)["state"] == "closed"


# -- duplicates -------------------------------------------------------------------------------------------------


def east(metres: float) -> LonLat:
    """So far east of HERE: a degree is 109,074 m there (cos 11.535° on the ellipsoid); checked below."""
    place = LonLat(HERE.lon + metres / 109_074, HERE.lat)
    assert distance_between(HERE, place) == pytest.approx(metres, abs=0.1)
    return place


@pytest.mark.parametrize(("metres", "is_linked"), [(0.0, True), (29.9, True), (30.2, False), (300.0, False)])
def test_within_thirty_metres_is_a_duplicate(reports: Reports, metres: float, is_linked: bool) -> None:
    first = send(reports).case.id
    second = send(reports, place=east(metres))
    assert second.duplicate_of == (first if is_linked else None)
    assert list(second.case.links) == ([{"rel": "duplicate_of", "case": first}] if is_linked else [])


@pytest.mark.parametrize(("hours", "is_linked"), [(23.99, True), (24.01, False)])
def test_within_twenty_four_hours_is_a_duplicate(reports: Reports, wall: Wall, hours: float, is_linked: bool) -> None:
    send(reports)
    wall.ahead(hours=hours)
    assert (send(reports).duplicate_of is not None) is is_linked


def test_how_near_a_duplicate_is_follows_the_law_room(t: Twin, reports: Reports) -> None:
    first = send(reports)
    near = LonLat(HERE.lon, HERE.lat + 0.0009)  # 100 m
    assert send(reports, place=near).duplicate_of is None
    planner, reviewer = Viewer("an", Role.PLANNER, person="p-an"), Viewer("binh", Role.REVIEWER, person="p-binh")
    held = t.store.record("law_rule", "reports.times")
    shipped = cast("Any", held.body)["versions"][0]
    parameters = [{**p, "value": 120} if p["name"] == "duplicate_m" else p for p in shipped["content"]["parameters"]]
    members = ("kind", "title", "title_en", "document", "clause", "confidence", "sources", "note", "note_en")
    body = {**{n: shipped[n] for n in members}, "content": {"parameters": parameters}, "replaces": 1}
    draft = editing.propose(t.store, planner, "reports.times", body, seen=held.version, reason="rộng hơn")
    assert send(reports, place=LonLat(HERE.lon, HERE.lat - 0.0009)).duplicate_of is None
    editing.countersign(t.store, reviewer, "reports.times", seen=draft.record_version)
    assert send(reports, place=LonLat(HERE.lon + 0.0009, HERE.lat)).duplicate_of == first.case.id


def test_a_category_that_a_newer_kind_dropped_still_has_its_name(reports: Reports) -> None:
    code = send(reports, category="KH").case.id
    act(reports, code, "accept")
    field = KIND.form[0]
    fewer = replace(field, choices=tuple(c for c in field.choices if c.value != "KH"))
    admin = Viewer("quan", Role.ADMINISTRATOR, person="p-quan")
    reports.cases.kinds.put(admin, replace(KIND, form=(fewer, *KIND.form[1:])), seen=1, reason="bỏ loại khác")
    assert reports.status(code)["category_title"] == "Khác"
    assert len(reports.public()) == 1


def test_another_category_is_no_duplicate_and_a_rejected_report_neither(reports: Reports) -> None:
    first = send(reports).case.id
    assert send(reports, "GT").duplicate_of is None
    act(reports, first, "reject", reason="không rõ")
    assert send(reports).duplicate_of is None


def test_a_row_of_duplicates_leads_to_its_first(reports: Reports) -> None:
    first = send(reports).case.id
    assert send(reports, place=east(25)).duplicate_of == first
    assert send(reports, place=east(50)).duplicate_of == first
    act(reports, first, "accept")
    assert reports.status(first)["duplicates"] == 2


def test_an_officer_sets_a_duplicate_aside(reports: Reports) -> None:
    first, second = send(reports).case.id, send(reports, "GT").case.id
    act(reports, first, "accept")
    act(reports, second, "mark_duplicate", duplicate_of=first)
    status = reports.status(second)
    assert (status["state"], status["duplicate_of"], reports.status(first)["duplicates"]) == ("duplicate", first, 1)


@pytest.mark.parametrize("code", ["PAHT-2026-000001", "PAHT-2026-999999", "nothing", "x" * 300])
def test_a_duplicate_of_itself_or_of_nothing_is_refused(reports: Reports, code: str) -> None:
    only = send(reports).case.id
    assert only == "PAHT-2026-000001"
    with pytest.raises(ParameterError, match="duplicate"):
        act(reports, only, "mark_duplicate", duplicate_of=code)


# -- who may, and what is known in public ----------------------------------------------------------------------------


def test_nothing_but_the_state_is_public_before_it_is_accepted(reports: Reports) -> None:
    sent = send(reports, contact="0912345678")
    status = reports.status(sent.case.id)
    assert (status["state"], status["state_title"]) == ("new", "Mới")
    assert {status[name] for name in ("category", "lon", "lat", "text", "due")} == {None}
    assert reports.public() == []
    act(reports, sent.case.id, "accept", public_text="Đèn hỏng trước số 7")
    before, status = status, reports.status(sent.case.id)
    assert set(status) == set(before)
    assert (status["category"], status["text"], status["lon"]) == ("CS", "Đèn hỏng trước số 7", 106.89)
    assert [r["code"] for r in reports.public()] == [sent.case.id]


def test_nothing_personal_is_ever_public_or_in_the_store(t: Twin, reports: Reports, tmp_path: Path) -> None:
    sent = resolved(reports, contact="0912345678", photos=[portrait()])
    reports.answer(CITIZEN, sent.case.id, sent.secret, confirm=False, text="Gọi tôi 0987654321")
    said = str(reports.status(sent.case.id)) + str(reports.public()) + str(t.store.entries("audit"))
    said += str(t.store.entries(f"case:{sent.case.id}")) + str(t.store.record("case", sent.case.id))
    for mark in ("Bưởi", "0912345678", "0987654321", sent.secret):
        assert mark not in said
    t.close()
    on_disk = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    for mark in ("Bưởi", "0912345678", "0987654321", sent.secret):
        assert mark.encode() not in on_disk


def test_officers_read_what_is_sealed_and_it_is_audited(t: Twin, reports: Reports) -> None:
    sent = send(reports, contact="0912345678")
    assert reports.cases.personal(OFFICER, sent.case.id, "contact") == "0912345678"
    assert t.store.entries("audit", object=f"case:{sent.case.id}")[-1].actor == "p-hoa"


def test_a_report_is_forgotten_when_its_time_is_up_and_stays_as_a_case(t: Twin, reports: Reports, wall: Wall) -> None:
    sent = resolved(reports, contact="0912345678", photos=[portrait()])
    reports.answer(CITIZEN, sent.case.id, sent.secret, confirm=True)
    ended = wall.moment
    t.apply_retention(ended + timedelta(days=31))
    assert reports.cases.personal(OFFICER, sent.case.id, "contact") is None
    assert reports.photo(OFFICER, sent.case.id, 1) is not None
    t.apply_retention(ended + timedelta(days=91))
    assert reports.photo(OFFICER, sent.case.id, 1) is None
    assert reports.cases.personal(OFFICER, sent.case.id, "text") is None
    assert reports.status(sent.case.id)["state"] == "confirmed"


def test_a_subject_is_forgotten_on_request(t: Twin, reports: Reports) -> None:
    sent = send(reports, contact="0912345678", photos=[portrait()])
    assert t.forget(f"case:{sent.case.id}", reason="yêu cầu") == 3
    assert reports.cases.personal(OFFICER, sent.case.id, "text") is None
    assert reports.photo(OFFICER, sent.case.id, 1) is None


def test_only_who_holds_the_secret_answers(reports: Reports) -> None:
    sent, other = resolved(reports), send(reports, "GT")
    for wrong in ("", other.secret, sent.secret[:-1], sent.case.body["secret_hash"]):
        with pytest.raises(ForbiddenError, match="not the secret"):
            reports.answer(CITIZEN, sent.case.id, str(wrong), confirm=True)
    for viewer in (OFFICER, CITIZEN):
        with pytest.raises((ForbiddenError, NotFoundError)):
            reports.cases.act(viewer, sent.case.id, "confirm", seen=4)


def test_there_is_nothing_to_answer_before_it_is_resolved(reports: Reports) -> None:
    sent = send(reports)
    with pytest.raises(ConflictError):
        reports.answer(CITIZEN, sent.case.id, sent.secret, confirm=True)


def test_reopening_asks_why(reports: Reports) -> None:
    sent = resolved(reports)
    with pytest.raises(ParameterError, match="reopen_text"):
        reports.answer(CITIZEN, sent.case.id, sent.secret, confirm=False, text=" ")


def test_a_citizen_sees_no_case_of_a_report(reports: Reports) -> None:
    sent = send(reports)
    with pytest.raises(NotFoundError):
        reports.cases.get(CITIZEN, sent.case.id)
    with pytest.raises(NotFoundError):
        reports.photos(CITIZEN, sent.case.id)


@pytest.mark.parametrize(
    "wrong",
    [{"category": "ZZ"}, {"text": "  "}, {"text": "x" * 20_001}, {"place": LonLat(4.9, 52.3)}, {"contact": "x" * 501}],
    ids=["category", "no words", "too many words", "elsewhere", "contact"],
)
def test_a_report_that_cannot_be_taken_is_refused(reports: Reports, wrong: dict[str, object]) -> None:
    given: dict[str, object] = {"category": "CS", "text": "x", "place": HERE, **wrong}
    with pytest.raises(ParameterError):
        reports.send(CITIZEN, **given)  # type: ignore[arg-type]
    assert reports.store.count_records("case") == 0


def test_the_public_list_is_by_place_category_and_state(reports: Reports) -> None:
    codes = [send(reports, c, LonLat(106.89 + n / 100, 11.535)).case.id for n, c in enumerate(("CS", "GT", "CS"))]
    for code in codes:
        act(reports, code, "accept")
    act(reports, codes[2], "begin")

    def found(**more: object) -> set[str]:
        return {str(r["code"]) for r in reports.public(**more)}  # type: ignore[arg-type]

    from twin.types import BBox

    assert found() == {*codes}
    assert found(category="CS") == {codes[0], codes[2]}
    assert found(state="working") == {codes[2]}
    assert found(state="new") == set()
    assert found(bbox=BBox(106.895, 11.5, 106.905, 11.6)) == {codes[1]}
    assert len(found(limit=2)) == 2


# -- photos ---------------------------------------------------------------------------------------------------------


def test_a_photo_is_shown_only_after_an_officer_has_looked(t: Twin, reports: Reports) -> None:
    photo = portrait()
    code = send(reports, photos=[photo]).case.id
    act(reports, code, "accept")
    assert reports.status(code)["photos"] == []
    with pytest.raises(NotFoundError):
        reports.public_photo(code, 1)
    (listed,) = reports.photos(OFFICER, code)
    assert (listed.boxes, listed.file, listed.width) == (photo.boxes, None, 512)
    assert reports.photo(OFFICER, code, 1) == photo.jpeg
    seen = reports.cases.get(OFFICER, code).version
    reports.publish(OFFICER, code, 1, [*listed.boxes, Box(0, 0, 0.1, 0.1)], seen=seen)
    assert reports.status(code)["photos"] == [f"/app/reports/{code}/public/1.jpg"]
    shown = reports.public_photo(code, 1)
    assert not any(
        b.what == "face" and b.x < 0.45 < b.x + b.w and b.y < 0.25 < b.y + b.h for b in photos.prepare(shown).boxes
    )
    actions = [e.body["action"] for e in t.store.entries("audit", object=f"case:{code}")]
    assert "report.photo" in actions


@pytest.mark.parametrize("state", [*BEING_HANDLED, "resolved"])
def test_what_is_shown_can_be_changed_in_every_state_a_report_is_shown_in(state: str) -> None:
    wanted = KIND.transition(f"photos_{state}")
    assert wanted is not None
    assert (wanted.sources, wanted.to) == ((state,), state)


def test_a_photo_shown_again_or_no_more_leaves_nothing_of_what_was_shown(t: Twin, reports: Reports) -> None:
    code = send(reports, photos=[portrait()]).case.id
    version = act(reports, code, "accept").version
    first = reports.publish(OFFICER, code, 1, [], seen=version)
    file = reports.photos(OFFICER, code)[0].file
    second = reports.publish(OFFICER, code, 1, [Box(0.3, 0.1, 0.4, 0.4)], seen=first.version)
    assert file
    assert not t.files.holds(file)
    last = reports.photos(OFFICER, code)[0].file
    reports.withdraw(OFFICER, code, 1, seen=second.version)
    assert last
    assert not t.files.holds(last)
    assert reports.status(code)["photos"] == []
    with pytest.raises(NotFoundError):
        reports.public_photo(code, 1)
    assert t.broken_files() == []


def test_two_officers_on_one_photo_the_second_sees_what_changed(t: Twin, reports: Reports) -> None:
    code = send(reports, photos=[portrait()]).case.id
    version = act(reports, code, "accept").version
    reports.publish(OFFICER, code, 1, [], seen=version)
    before = {b.digest for b in t.files.all()}
    with pytest.raises(CaseChangedError) as caught:
        reports.publish(OTHER, code, 1, [Box(0, 0, 0.5, 0.5)], seen=version)
    assert [step.transition for step in caught.value.changed] == ["photos_accepted"]
    assert {b.digest for b in t.files.all()} == before


def test_two_who_press_at_once_with_the_same_boxes_leave_the_photo_shown(t: Twin, reports: Reports) -> None:
    code = send(reports, photos=[portrait()]).case.id
    version = act(reports, code, "accept").version
    both = Barrier(2)

    def press(viewer: Viewer) -> bool:
        both.wait(30)
        try:
            reports.publish(viewer, code, 1, [Box(0, 0, 0.5, 0.5)], seen=version)
        except CaseChangedError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(press, (OFFICER, OTHER))) == [False, True]
    assert reports.public_photo(code, 1)
    assert t.broken_files() == []


def test_one_who_came_second_spoils_nothing_for_the_photos_that_follow(reports: Reports) -> None:
    code = send(reports, photos=[portrait(), portrait()]).case.id
    version = act(reports, code, "accept").version
    shown = reports.publish(OFFICER, code, 1, [], seen=version)
    with pytest.raises(CaseChangedError):
        reports.publish(OTHER, code, 1, [Box(0, 0, 0.5, 0.5)], seen=version)
    reports.publish(OFFICER, code, 2, [], seen=shown.version)
    assert len(cast("list[str]", reports.status(code)["photos"])) == 2


@pytest.mark.parametrize(
    "shown", [[{"photo": 1, "file": "ab" * 32}], [{"photo": 9, "file": "ab" * 32}], ["x"], "x", [{}]]
)
def test_only_what_was_made_for_it_can_be_shown(t: Twin, reports: Reports, shown: Json) -> None:
    code = send(reports, photos=[portrait()]).case.id
    act(reports, code, "accept")
    with pytest.raises(ParameterError):
        act(reports, code, "photos_accepted", published=shown)


def test_the_sealed_photo_itself_cannot_be_shown(t: Twin, reports: Reports) -> None:
    code = send(reports, photos=[portrait()]).case.id
    act(reports, code, "accept")
    sealed = t.store.record("report_photo", f"{code}:1").body["sealed"]
    with pytest.raises(ParameterError, match="not made for being shown"):
        act(reports, code, "photos_accepted", published=[{"photo": 1, "file": sealed}])


def test_a_forgotten_photo_cannot_be_shown(t: Twin, reports: Reports) -> None:
    code = send(reports, photos=[portrait()]).case.id
    version = act(reports, code, "accept").version
    t.forget(f"case:{code}", reason="r")
    with pytest.raises(NotFoundError, match="was forgotten"):
        reports.publish(OFFICER, code, 1, [], seen=version)
