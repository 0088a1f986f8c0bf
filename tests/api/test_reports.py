"""Field reports over HTTP: what anybody may send, see and answer, and what only officers may."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from pictures_support import SCRIPT, exif_with_place, face, jpeg, street
from PIL import Image

from api.app import create_app
from api.serve import running
from api.settings import Settings
from tests.api.conftest import City

OFFICER, OTHER, CITIZEN, PLANNER = (
    {"X-Twin-Role": role} for role in ("duty_officer", "operator", "citizen", "integrator")
)
FORM = {"category": "CS", "text": "Tôi là Bưởi, đèn trước nhà hỏng", "lon": "106.9001", "lat": "11.5002"}
PHONE = "0912345678"


@cache
def photo() -> bytes:
    small = face().crop((120, 20, 340, 240))
    return jpeg(small, exif=exif_with_place((106, 53, 24.0), (11, 32, 6.0)), comment=SCRIPT)


def sent(http: httpx.Client, *, with_photo: bool = False, **changes: str) -> dict[str, Any]:
    files = [("photo", ("anh.jpg", photo(), "image/jpeg"))] if with_photo else [("photo", ("", b"", "image/jpeg"))]
    response = http.post("/app/reports", data={**FORM, **changes}, files=files, headers=CITIZEN)
    assert response.status_code == 201, response.text
    body: dict[str, Any] = response.json()
    return body


def act(http: httpx.Client, code: str, transition: str, **changes: Any) -> dict[str, Any]:
    seen = http.get(f"/app/cases/{code}", headers=OFFICER).json()["version"]
    body = {"transition": transition, "seen": seen, "changes": changes}
    response = http.post(f"/app/cases/{code}/act", json=body, headers=OFFICER)
    assert response.status_code == 200, response.text
    case: dict[str, Any] = response.json()
    return case


def status(http: httpx.Client, code: str) -> dict[str, Any]:
    response = http.get(f"/app/reports/{code}", headers=CITIZEN)
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def test_a_report_goes_from_the_street_to_the_reporters_word(http: httpx.Client) -> None:
    first = sent(http, contact=PHONE, lon="106.9101")
    code = first["code"]
    assert (first["state"], first["duplicate_of"], first["status"]) == ("new", None, f"/report/{code}")
    assert len(first["secret"]) >= 20
    before = status(http, code)
    assert (before["state_title"], before["category"], before["lon"], before["text"]) == ("Mới", None, None, None)
    act(http, code, "accept", public_text="Đèn hỏng")
    act(http, code, "forward", unit="Đội chiếu sáng")
    act(http, code, "begin")
    shown = status(http, code)
    assert (shown["category_title"], shown["text"], shown["unit"]) == ("Chiếu sáng", "Đèn hỏng", "Đội chiếu sáng")
    assert shown["due"] is not None
    act(http, code, "resolve", answer="Đã thay bóng")
    assert status(http, code)["may_answer"] is True
    wrong = http.post(f"/app/reports/{code}/answer", json={"answer": "confirm", "secret": "x"}, headers=CITIZEN)
    assert wrong.status_code == 403
    done = http.post(
        f"/app/reports/{code}/answer", json={"answer": "confirm", "secret": first["secret"]}, headers=CITIZEN
    )
    assert (done.status_code, done.json()["state"]) == (200, "confirmed")
    for text in (done.text, http.get("/app/reports", headers=CITIZEN).text):
        assert PHONE not in text
        assert "Bưởi" not in text
        assert first["secret"] not in text


def test_a_reporter_may_say_that_it_is_not_mended(http: httpx.Client) -> None:
    first = sent(http, lon="106.9111")
    code = first["code"]
    act(http, code, "accept")
    act(http, code, "begin")
    act(http, code, "resolve", answer="Xong")
    given = {"answer": "reopen", "secret": first["secret"], "text": f"Vẫn tối, gọi {PHONE}"}
    assert http.post(f"/app/reports/{code}/answer", json={**given, "text": ""}, headers=CITIZEN).status_code == 400
    done = http.post(f"/app/reports/{code}/answer", json=given, headers=CITIZEN)
    assert done.json()["state"] == "reopened"
    assert PHONE not in done.text
    case = http.get(f"/app/cases/{code}", headers=OFFICER)
    assert PHONE not in case.text
    told = http.get(f"/app/cases/{code}/personal/reopen_text", headers=OFFICER).json()
    assert told["value"] == given["text"]


def test_the_second_report_of_one_thing_is_linked_but_a_hidden_first_is_not_named(http: httpx.Client) -> None:
    first, second = sent(http, lon="106.9121"), sent(http, lon="106.9122")
    assert second["duplicate_of"] is None  # the first is not public yet
    act(http, first["code"], "accept")
    third = sent(http, lon="106.9122")
    assert third["duplicate_of"] == first["code"]
    assert status(http, first["code"])["duplicates"] == 2


def test_the_public_list_holds_only_what_was_accepted(http: httpx.Client) -> None:
    hidden, shown = sent(http, lon="106.9131"), sent(http, lon="106.9141", category="GT")
    act(http, shown["code"], "accept")
    found = http.get("/app/reports?category=GT&bbox=106.914,11.5,106.915,11.51", headers=CITIZEN).json()["reports"]
    assert [r["code"] for r in found] == [shown["code"]]
    every = http.get("/app/reports", headers=CITIZEN).json()["reports"]
    assert hidden["code"] not in {r["code"] for r in every}
    assert http.get("/app/reports?state=new", headers=CITIZEN).status_code == 400
    assert len(http.get("/app/reports/categories").json()["categories"]) == 10


def test_a_photo_is_seen_by_officers_and_shown_only_when_they_have_looked(http: httpx.Client) -> None:
    code = sent(http, with_photo=True, lon="106.9151")["code"]
    version = act(http, code, "accept")["version"]
    assert status(http, code)["photos"] == []
    (listed,) = http.get(f"/app/reports/{code}/photos", headers=OFFICER).json()["photos"]
    assert [b["what"] for b in listed["boxes"]].count("face") >= 1
    plain = http.get(listed["url"], headers=OFFICER)
    assert plain.headers["content-type"] == "image/jpeg"
    assert SCRIPT not in plain.content
    assert b"SECRET" not in plain.content
    given = {"seen": version, "boxes": [*listed["boxes"], {"x": 0.0, "y": 0.0, "w": 0.2, "h": 0.2}]}
    done = http.post(f"{listed['url']}/publish", json=given, headers=OFFICER)
    assert done.status_code == 200, done.text
    (url,) = status(http, code)["photos"]
    shown = http.get(url, headers=CITIZEN)
    assert shown.status_code == 200
    assert Image.open(io.BytesIO(shown.content)).size == (220, 220)
    assert shown.content != plain.content
    late = http.post(f"{listed['url']}/publish", json=given, headers=OTHER)
    assert late.status_code == 409
    assert late.json()["changed"][0]["transition"] == "photos_accepted"
    gone = http.post(f"{listed['url']}/withdraw", json={"seen": done.json()["version"]}, headers=OTHER)
    assert gone.status_code == 200
    assert http.get(url, headers=CITIZEN).status_code == 404
    assert status(http, code)["photos"] == []


def test_a_photo_tells_its_sender_where_it_was_taken(http: httpx.Client) -> None:
    files = {"photo": ("anh.jpg", photo(), "image/jpeg")}
    told = http.post("/app/reports/photo-place", files=files, headers=CITIZEN).json()
    assert (told["place"]["lon"], told["place"]["lat"]) == pytest.approx((106.89, 11.535))
    nowhere = {"photo": ("anh.jpg", jpeg(street(60, 40)), "image/jpeg")}
    assert http.post("/app/reports/photo-place", files=nowhere, headers=CITIZEN).json() == {"place": None}


@pytest.mark.parametrize("path", ["photos", "photos/1"])
def test_citizens_and_others_do_not_see_photos(http: httpx.Client, path: str) -> None:
    code = sent(http, lon="106.9161")["code"]
    for who in (CITIZEN, PLANNER):
        assert http.get(f"/app/reports/{code}/{path}", headers=who).status_code in (401, 403)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"category": "ZZ"}, 400),
        ({"category": ""}, 400),
        ({"text": ""}, 400),
        ({"lon": "abc"}, 400),
        ({"lat": "nan"}, 400),
        ({"lat": "52.3", "lon": "4.9"}, 400),
        ({"secret_hash": "ab" * 32}, 400),
        ({"text": "x" * 300_000}, 400),
    ],
)
def test_a_report_that_cannot_be_taken_is_a_problem(http: httpx.Client, changes: dict[str, str], expected: int) -> None:
    before = http.get("/app/cases?kind=field_report", headers=OFFICER).json()["total"]
    files = [("photo", ("", b"", "image/jpeg"))]
    response = http.post("/app/reports", data={**FORM, **changes}, files=files, headers=CITIZEN)
    assert response.status_code == expected, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert http.get("/app/cases?kind=field_report", headers=OFFICER).json()["total"] == before


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"<svg onload=alert(1)>", 415), (b"\xff\xd8\xff" + bytes(500), 400), (b"\0\0\0\x18ftypheic" + bytes(50), 415)],
    ids=["svg", "no jpeg", "heic"],
)
def test_a_photo_that_cannot_be_taken_stops_the_report(http: httpx.Client, content: bytes, expected: int) -> None:
    files = {"photo": ("a.jpg", content, "image/jpeg")}
    assert http.post("/app/reports", data=FORM, files=files, headers=CITIZEN).status_code == expected


def test_too_many_photos_and_too_large_a_body_are_refused(http: httpx.Client) -> None:
    files = [("photo", (f"{n}.jpg", b"x", "image/jpeg")) for n in range(6)]
    assert http.post("/app/reports", data=FORM, files=files, headers=CITIZEN).status_code == 400
    large = {"photo": ("a.jpg", b"\xff\xd8\xff" + bytes(26 << 20), "image/jpeg")}
    assert http.post("/app/reports/photo-place", files=large, headers=CITIZEN).status_code == 413
    assert http.post("/app/reports", json=FORM, headers=CITIZEN).status_code == 400


@pytest.mark.parametrize("code", ["PAHT-2026-999999", "PA-2026-000001", "x", "a" * 300])
def test_a_code_that_is_none_is_not_found(http: httpx.Client, code: str) -> None:
    for path in (f"/app/reports/{code}", f"/app/reports/{code}/public/1.jpg"):
        assert http.get(path, headers=CITIZEN).status_code == 404
    given = {"answer": "confirm", "secret": "x"}
    assert http.post(f"/app/reports/{code}/answer", json=given, headers=CITIZEN).status_code == 404


@pytest.fixture(scope="module")
def closed(city: City) -> Iterator[httpx.Client]:
    settings = Settings(http_port=0, access="closed")
    with running(create_app(city.twin, settings), settings) as url, httpx.Client(base_url=url) as client:
        yield client


def test_in_a_closed_twin_anybody_may_report_and_nobody_sees_more(closed: httpx.Client) -> None:
    files = [("photo", ("", b"", "image/jpeg"))]
    response = closed.post("/app/reports", data={**FORM, "lon": "106.9171"}, files=files)
    assert response.status_code == 201, response.text
    code = response.json()["code"]
    assert closed.get(f"/app/reports/{code}").json()["state"] == "new"
    assert closed.get("/app/reports").status_code == 200
    for path in (
        f"/app/cases/{code}",
        f"/app/reports/{code}/photos",
        f"/app/reports/{code}/photos/1",
        "/app/retention",
    ):
        assert closed.get(path).status_code == 401


def test_retention_is_shown_to_administrators(http: httpx.Client) -> None:
    found = http.get("/app/retention", headers={"X-Twin-Role": "administrator"}).json()["classes"]
    of = {item["name"]: item for item in found}
    assert (of["raw_video"]["days"], of["plate_read"]["days"], of["audit"]["days"]) == (30, 90, 365)
    assert of["report_text"]["held"] >= 0
    assert http.get("/app/retention", headers=PLANNER).status_code == 403


def test_nothing_personal_lies_in_the_store(http: httpx.Client, city: City) -> None:
    sent(http, contact="0987000111", lon="106.9181", text="Bí ẩn 4711")
    beside = [p for p in city.path.parent.rglob("*") if p.is_file()]
    said = b"".join(p.read_bytes() for p in beside)
    assert b"0987000111" not in said
    assert "Bí ẩn 4711".encode() not in said
    assert Path(city.path) in beside
    assert json.dumps("Bí ẩn 4711")[1:-1].encode() not in said


@pytest.mark.parametrize(("said", "is_danger"), [("true", True), ("on", True), ("false", False), ("", False)])
def test_danger_to_life_is_said_by_a_known_word(http: httpx.Client, said: str, is_danger: bool) -> None:
    code = sent(http, lon="106.9301", danger=said)["code"]
    assert http.get(f"/app/cases/{code}", headers=OFFICER).json()["body"]["danger"] is is_danger


def test_danger_to_life_in_a_word_not_known_is_refused_not_taken_for_no(http: httpx.Client) -> None:
    response = http.post("/app/reports", data={**FORM, "danger": "có"}, files=[("photo", ("", b""))], headers=CITIZEN)
    assert (response.status_code, response.json()["where"]) == (400, "danger")
