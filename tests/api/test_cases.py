"""Cases over HTTP and on the command line, on a small city."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.cli import run
from api.commands.common import local_end
from tests.api.conftest import City, build

PLANNER, REVIEWER, ADMIN = ({"X-Twin-Role": r} for r in ("planner", "reviewer", "administrator"))


def proposal(name: str, **more: Any) -> dict[str, Any]:
    change = {"fid": "3/14", "properties": {"name": name}}
    return {"kind": "plan_edit", "body": {"layer": "parcels", "changes": [change], "reason": "đính chính"}, **more}


def opened(http: httpx.Client, name: str = "Thửa 3") -> dict[str, Any]:
    response = http.post("/app/cases", json=proposal(name, lon=106.9, lat=11.5), headers=PLANNER)
    assert response.status_code == 201, response.text
    assert response.headers["location"] == f"/app/cases/{response.json()['id']}"
    body: dict[str, Any] = response.json()
    return body


def test_a_kind_says_everything_a_form_and_a_board_need(http: httpx.Client) -> None:
    (kind,) = [k for k in http.get("/app/case-kinds").json()["kinds"] if k["name"] == "plan_edit"]
    assert {"name": "published", "title": "Đã công bố", "title_en": "Published", "end": True} in kind["states"]
    approve = next(t for t in kind["transitions"] if t["name"] == "approve")
    assert (approve["from"], approve["to"], approve["approvals"], approve["reason"]) == (
        ["proposed"],
        "published",
        1,
        "optional",
    )
    assert approve["form"][0]["name"] == "decision"
    one = http.get("/app/case-kinds/plan_edit?version=1").json()
    assert (one["version"], one["versions"][0]["version"]) == (1, 1)
    assert http.get("/app/case-kinds/plan_edit?version=9").status_code == 404
    assert http.get("/app/case-kinds/nonsense").status_code == 404


def test_a_plan_edit_goes_from_proposal_to_the_map(http: httpx.Client) -> None:
    case = opened(http, "Thửa 3 đã sửa")
    assert (case["state"], case["state_title"], case["version"], case["lon"]) == ("proposed", "Chờ thẩm tra", 1, 106.9)
    assert case["approvals"]["approve"] == {"have": 0, "need": 1}
    assert case["actions"] == ["withdraw"]
    (clock,) = case["clocks"]
    assert (clock["name"], clock["state"], clock["unit"]) == ("review", "running", "working_days")
    assert clock["provisional"] is False
    assert 0 <= clock["share"] < 0.5
    preview = http.get(f"/app/cases/{case['id']}/preview", headers=REVIEWER).json()
    assert preview["before"]["features"][0]["properties"]["name"] == "Thửa 3 tờ 14"
    assert preview["after"]["features"][0]["properties"]["name"] == "Thửa 3 đã sửa"
    assert preview["problems"] == []
    seen = http.get(f"/app/cases/{case['id']}", headers=REVIEWER).json()
    assert seen["actions"] == ["approve", "return", "reject"]
    act = {"transition": "approve", "seen": 1, "changes": {"decision": "77/QĐ-UBND"}}
    done = http.post(f"/app/cases/{case['id']}/act", json=act, headers=REVIEWER)
    assert (done.status_code, done.json()["state"]) == (200, "published")
    feature = http.get("/app/features/parcels/3/14", headers=PLANNER).json()
    assert (feature["properties"]["name"], feature["source"]["decision"]) == ("Thửa 3 đã sửa", "77/QĐ-UBND")


def test_the_second_officer_gets_409_and_sees_what_changed(http: httpx.Client) -> None:
    case = opened(http)
    note = http.post(f"/app/cases/{case['id']}/note", json={"text": "đã gọi phường"}, headers=REVIEWER)
    assert note.status_code == 200
    late = http.post(f"/app/cases/{case['id']}/act", json={"transition": "withdraw", "seen": 1}, headers=PLANNER)
    assert late.status_code == 409
    assert late.headers["content-type"] == "application/problem+json"
    body = late.json()
    assert body["type"] == "urn:twin:problem:conflict"
    assert [(s["number"], s["act"], s["note"]) for s in body["changed"]] == [(2, "note", "đã gọi phường")]


def test_cases_are_listed_by_what_is_asked(http: httpx.Client) -> None:
    case = opened(http, "Thửa hiếm")
    found = http.get("/app/cases?kind=plan_edit&open=true&q=thua hiem&order=due", headers=PLANNER).json()
    assert ([c["id"] for c in found["cases"]], found["total"]) == ([case["id"]], 1)
    assert http.get("/app/cases?bbox=100,10,101,11", headers=PLANNER).json()["total"] == 0
    assert http.get("/app/cases?bbox=106,11,107,12&q=hiem", headers=PLANNER).json()["total"] == 1
    mine = {"person": "demo:reviewer", "seen": 1}
    assert http.post(f"/app/cases/{case['id']}/assign", json=mine, headers=REVIEWER).status_code == 200
    found = http.get("/app/cases?assigned=me", headers=REVIEWER).json()
    assert [c["assigned"]["person"] for c in found["cases"]] == ["demo:reviewer"]
    assert http.get("/app/cases?order=colour", headers=PLANNER).status_code == 400
    assert http.get("/app/cases?colour=red", headers=PLANNER).status_code == 400


def test_a_file_can_be_put_into_a_case_and_is_never_a_page_of_ours(http: httpx.Client) -> None:
    case = opened(http)
    page = b"<script>alert(1)</script>"
    put = http.post(
        f"/app/cases/{case['id']}/files?filename=s%C6%A1 %C4%91%E1%BB%93.html", content=page, headers=PLANNER
    )
    assert put.status_code == 201
    kept = put.json()
    assert (kept["name"], kept["size"]) == ("sơ đồ.html", len(page))
    got = http.get(f"/app/cases/{case['id']}/files/{kept['file']}", headers=REVIEWER)
    assert got.content == page
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith("attachment")
    other = opened(http)
    assert http.get(f"/app/cases/{other['id']}/files/{kept['file']}", headers=REVIEWER).status_code == 404
    assert (
        http.get(f"/app/cases/{case['id']}/files/{kept['file']}", headers={"X-Twin-Role": "operator"}).status_code
        == 404
    )


@pytest.mark.parametrize("role", ["operator", "integrator", "citizen", "duty_officer"])
def test_who_may_not_see_a_case_is_answered_as_if_it_never_was(http: httpx.Client, role: str) -> None:
    case = opened(http)
    headers = {"X-Twin-Role": role}
    for path in ("", "/preview", "/files/" + "0" * 64):
        there = http.get(f"/app/cases/{case['id']}{path}", headers=headers)
        never = http.get(f"/app/cases/PA-2026-999999{path}", headers=headers)
        assert there.status_code == never.status_code == 404
        assert there.text.replace(case["id"], "?") == never.text.replace("PA-2026-999999", "?")
    for path, body in (("act", {"transition": "approve", "seen": 1}), ("note", {"text": "x"}),
                       ("assign", {"person": None, "seen": 1})):  # fmt: skip
        assert http.post(f"/app/cases/{case['id']}/{path}", json=body, headers=headers).status_code == 404
    assert http.get("/app/cases", headers=headers).json()["total"] == 0


def test_an_anonymous_caller_of_a_closed_twin_is_asked_to_sign_in(citizen_http: httpx.Client) -> None:
    for method, path in (("GET", "/app/cases"), ("GET", "/app/cases/PA-2026-000001"), ("GET", "/app/case-kinds"),
                         ("PUT", "/app/case-kinds/plan_edit")):  # fmt: skip
        assert citizen_http.request(method, path, json={}).status_code == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/app/cases", {"kind": "plan_edit"}),
        ("/app/cases", {"kind": "plan_edit", "body": {}, "colour": 1}),
        ("/app/cases", {"kind": "plan_edit", "body": {"layer": "parcels"}}),
        ("/app/cases", {"kind": "plan_edit", "body": {}, "lon": 106.9}),
        ("/app/cases", {"kind": "plan_edit", "body": {}, "lon": 11.5, "lat": 106.9}),
    ],
)
def test_a_body_that_is_not_as_described_is_a_400(http: httpx.Client, path: str, body: dict[str, Any]) -> None:
    response = http.post(path, json=body, headers=PLANNER)
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"


def test_an_edited_kind_is_tried_out_then_published_and_open_cases_keep_theirs(http: httpx.Client) -> None:
    case = opened(http)
    kind = http.get("/app/case-kinds/plan_edit", headers=ADMIN).json()
    del kind["versions"]
    version = kind["version"]
    kind["states"].append({"name": "limbo", "title": "Lửng"})
    tried = http.post("/app/case-kinds/plan_edit/dry-run", json=kind, headers=ADMIN).json()
    assert "unreachable" in [p["code"] for p in tried["problems"]]
    refused = http.put(
        "/app/case-kinds/plan_edit", json={"kind": kind, "seen": version, "reason": "thử"}, headers=ADMIN
    )
    assert (refused.status_code, refused.json()["type"]) == (400, "urn:twin:problem:schema")
    assert "'limbo' is unreachable" in refused.json()["detail"]
    kind["transitions"] += [
        {"name": "hang", "from": ["proposed"], "to": "limbo", "roles": ["planner"]},
        {"name": "unhang", "from": ["limbo"], "to": "proposed", "roles": ["planner"]},
    ]
    tried = http.post("/app/case-kinds/plan_edit/dry-run", json=kind, headers=ADMIN).json()
    assert tried["problems"] == []
    assert tried["open"] == tried["unaffected"] > 0
    put = {"kind": kind, "seen": version, "reason": "thêm bước"}
    assert http.put("/app/case-kinds/plan_edit", json=put, headers=PLANNER).status_code == 403
    made = http.put("/app/case-kinds/plan_edit", json=put, headers=ADMIN)
    assert (made.status_code, made.json()["version"]) == (200, version + 1)
    assert http.put("/app/case-kinds/plan_edit", json=put, headers=ADMIN).status_code == 409
    again = http.get(f"/app/cases/{case['id']}", headers=PLANNER).json()
    assert (again["kind_version"], "hang" in again["actions"]) == (version, False)
    move = {"version": version + 1, "seen": 1, "reason": "theo quy trình mới"}
    assert http.post(f"/app/cases/{case['id']}/migrate", json=move, headers=PLANNER).status_code == 403
    moved = http.post(f"/app/cases/{case['id']}/migrate", json=move, headers=ADMIN).json()
    assert moved["kind_version"] == version + 1
    assert "hang" in http.get(f"/app/cases/{case['id']}", headers=PLANNER).json()["actions"]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> City:
    built = build(tmp_path_factory.mktemp("cases") / "town.duckdb")
    from twin.model.view import Role, Viewer

    planner = Viewer("an", Role.PLANNER, person="p-an")
    built.twin.cases.open(planner, "plan_edit", proposal("Thửa 3 mới")["body"])
    built.twin.close()
    return built


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    status = run(list(arguments))
    return status, capsys.readouterr().out


def test_the_command_lists_shows_and_acts(town: City, capsys: pytest.CaptureFixture[str]) -> None:
    at = ("--store", str(town.path), "--json")
    status, text = said(capsys, "case", "list", "--kind", "plan_edit", "--open", *at)
    (case,) = json.loads(text)["cases"]
    assert (status, case["state"]) == (0, "proposed")
    status, text = said(capsys, "case", "show", case["id"], *at)
    assert (status, json.loads(text)["log"][0]["act"]) == (0, "open")
    # Who runs the command is no person that signed in: nothing can be approved here.
    status, _ = said(
        capsys, "case", "act", case["id"], "return", "--seen", "1", "--as", "reviewer", "--reason", "x", *at
    )
    assert status == 2
    status, text = said(capsys, "case", "list", "--store", str(town.path))
    assert (status, case["code"] in text, "Chờ thẩm tra" in text) == (0, True, True)
    status, _ = said(capsys, "case", "show", "PA-1999-000001", *at)
    assert status == 2


def test_the_command_tries_an_edited_kind(town: City, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, text = said(capsys, "case-kind", "show", "plan_edit", "--store", str(town.path))
    kind = json.loads(text)
    file = tmp_path / "kind.json"
    file.write_text(json.dumps(kind), encoding="utf-8")
    status, text = said(capsys, "case-kind", "dry-run", str(file), "--store", str(town.path), "--json")
    assert (status, json.loads(text)) == (0, {"problems": [], "open": 1, "unaffected": 1, "affected": []})
    kind["transitions"] = [t for t in kind["transitions"] if t["name"] != "return"]
    file.write_text(json.dumps(kind), encoding="utf-8")
    status, text = said(capsys, "case-kind", "dry-run", str(file), "--store", str(town.path))
    assert (status, "không thể tới trạng thái returned" in text) == (1, True)
    file.write_text("{", encoding="utf-8")
    assert said(capsys, "case-kind", "dry-run", str(file), "--store", str(town.path))[0] == 2


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("r", '{"fid": "\\ud800"}'),
        ("\\ud800", '{"fid": "3/14"}'),
        ("r", "NaN"),
        ("r", '{"fid": "3/14", "crs": "+proj=merc +nadgrids=/etc/passwd"}'),
    ],
)
def test_what_no_text_can_hold_is_the_callers_mistake(http: httpx.Client, reason: str, change: str) -> None:
    body = f'{{"layer": "parcels", "reason": "{reason}", "changes": [{change}]}}'
    headers = {**PLANNER, "content-type": "application/json"}
    response = http.post("/app/cases", content=f'{{"kind": "plan_edit", "body": {body}}}', headers=headers)
    assert response.status_code == 400, response.text
    response = http.post("/app/cases", content='{"kind": "\\ud800", "body": {}}', headers=headers)
    assert response.status_code == 400, response.text


def test_a_time_that_is_no_number_is_named_in_the_dry_run(http: httpx.Client) -> None:
    kind = http.get("/app/case-kinds/plan_edit").json()
    kind["clocks"][0]["budget"]["number"] = float("nan")
    del kind["versions"]
    headers = {**ADMIN, "content-type": "application/json"}
    response = http.post("/app/case-kinds/plan_edit/dry-run", content=json.dumps(kind), headers=headers)
    assert response.status_code == 200
    assert [p["code"] for p in response.json()["problems"]] == ["budget"]


@pytest.mark.parametrize(
    ("due", "said"),
    [
        # The end of a term of working days; the moment after two working hours.
        (datetime(2026, 11, 27, 17, tzinfo=UTC), "hết 27/11/2026"),
        (datetime(2026, 11, 25, 2, 30, tzinfo=UTC), "25/11/2026 09:30"),
    ],
)
def test_people_read_what_is_due_in_viet_nams_time_wherever_the_machine_is(due: datetime, said: str) -> None:
    assert local_end(due) == said
