"""Routes and commands of the law."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.cli import run
from api.serve import running
from api.settings import Settings
from twin.access.desk import desk_of
from twin.core import Twin, create, open_twin
from twin.law.shipped import shipped_rules
from twin.model.view import ADMINISTRATOR, Role, Viewer

DENSITY = "/app/law/planning.house_density"
PLANNER, REVIEWER = {"X-Twin-Role": "planner"}, {"X-Twin-Role": "reviewer"}
SHIPPED = shipped_rules()["planning.house_density"][0]
CITIZEN, ADMIN = {"X-Twin-Role": "citizen"}, {"X-Twin-Role": "administrator"}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twin]:
    path = tmp_path_factory.mktemp("law") / "town.duckdb"
    create(path)
    with open_twin(path) as t:
        yield t


@pytest.fixture(scope="module")
def http(town: Twin) -> Iterator[httpx.Client]:
    """An open twin whose law the tests of this module change only where they name a rule of their own."""
    settings = Settings(store=str(town.store.path), http_port=0)
    with running(create_app(town, settings), settings) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def get(http: httpx.Client, path: str, headers: dict[str, str] | None = None, **params: Any) -> dict[str, Any]:
    response = http.get(path, params=params, headers=headers or {})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def own_rule(http: httpx.Client, name: str) -> str:
    """A rule of the test's own, countersigned, beside the shipped ones; its path."""
    path = f"/app/law/{name}"
    made = http.post(path, json={**proposal(replaces=None, content=SHIPPED.content), "seen": 0}, headers=PLANNER)
    assert made.status_code == 201, made.text
    assert http.post(f"{path}/countersign", json={"seen": 1}, headers=REVIEWER).status_code == 200
    return path


def proposal(**changes: Any) -> dict[str, Any]:
    v = SHIPPED
    said = {
        "kind": "table",
        "title": v.title,
        "title_en": v.title_en,
        "document": v.document,
        "clause": v.clause,
        "confidence": "C",
        "valid_to": "2027-01-01",
        "content": {**v.content, "values": [99, 90, 70, 60, 50, 40]},
        "replaces": 1,
        **changes,
    }
    return {"rule": said, "seen": 2, "reason": "Sửa lỗi chép"}


def test_a_citizen_finds_a_rule_without_diacritics_with_its_source_and_mark(http: httpx.Client) -> None:
    found = get(http, "/app/law", CITIZEN, q="mat do nha o rieng le")
    (rule,) = [r for r in found["rules"] if r["id"] == "planning.house_density"]
    assert (rule["document"], rule["clause"], rule["confidence"]) == ("QCVN 01:2021/BXD", "Bảng 2.8", "C")
    assert (rule["countersigned"], rule["state"], rule["usable"], rule["may_refuse"]) == (None, "shipped", True, False)
    assert (rule["valid_to"], rule["transition"][0]["applies_to"]) == ("2027-01-01", "plans_approved_before")


def test_every_rule_is_laid_out_for_reading(http: httpx.Client) -> None:
    listed = get(http, "/app/law", limit=1000)
    assert listed["total"] == len(listed["rules"])
    assert {r["id"] for r in listed["rules"]} >= set(shipped_rules())
    for rule in listed["rules"]:
        shown = get(http, f"/app/law/{rule['id']}")
        content = shown["content"]
        assert content["text"] if rule["kind"] == "text" else content["sheets"], rule["id"]
        for sheet in content["sheets"]:
            names = {c["name"] for c in sheet["columns"]}
            assert sheet["rows"], rule["id"]
            for row in sheet["rows"]:
                assert set(row) == names, rule["id"]
                assert all({"text", "text_en"} <= set(cell) for cell in row.values())


def test_a_table_reads_as_it_is_printed(http: httpx.Client) -> None:
    (houses,) = get(http, DENSITY)["content"]["sheets"]
    assert [[row[c["name"]]["text"] for c in houses["columns"]] for row in houses["rows"]] == [
        ["≤ 90", "100"], ["100", "90"], ["200", "70"], ["300", "60"], ["500", "50"], ["≥ 1000", "40"],
    ]  # fmt: skip
    (setback,) = get(http, "/app/law/planning.setback")["content"]["sheets"]
    assert [c["title"] for c in setback["columns"]] == [
        "Lộ giới đường",
        "< 19 m",
        "≥ 19; < 22 m",
        "≥ 22; < 28 m",
        "≥ 28 m",
    ]
    assert [cell["text"] for cell in setback["rows"][0].values()] == ["< 19", "0", "3", "4", "6"]
    (levels,) = get(http, "/app/law/flood.alarm_levels")["content"]["sheets"]
    nam_dan = next(r for r in levels["rows"] if r["station"]["text"] == "ca-nam-dan")
    assert (nam_dan["bd3"], nam_dan["bd1"]) == (
        {"text": "7,9", "text_en": "7.9", "confidence": "C1"},
        {"text": "5,4", "text_en": "5.4"},
    )
    dua = next(r for r in levels["rows"] if r["station"]["text"] == "ca-dua")
    assert dua["bd1"]["text"] == "–"
    (classes,) = get(http, "/app/law/air.aqi_classes")["content"]["sheets"]
    assert classes["rows"][0]["rgb"]["rgb"] == "#00e400"


def test_what_changes_on_which_date(http: httpx.Client) -> None:
    found = get(http, "/app/law/changes", CITIZEN, start="2026-11-23", end="2027-01-01")["changes"]
    said = {(c["date"], c["rule"], c["what"]) for c in found}
    assert {
        ("2026-12-15", "inforce.apartments", "begins"),
        ("2027-01-01", "inforce.planning_code", "begins"),
        ("2027-01-01", "planning.house_density", "ends"),
    } <= said
    planning = next(c for c in found if c["rule"] == "inforce.planning_code" and c["what"] == "ends")
    assert "giữ chỉ tiêu đã duyệt đến khi hết thời hạn" in planning["text"]
    assert http.get("/app/law/changes", params={"start": "2027-01-01", "end": "2026-01-01"}).status_code == 400
    assert http.get("/app/law/changes", params={"start": "tomorrow"}).status_code == 400


def test_valid_time_and_recorded_time_of_a_rule(http: httpx.Client) -> None:
    def document(at: str) -> str:
        return str(get(http, "/app/law/inforce.planning_code", at=at)["document"])

    assert document("2026-12-31T23:59:59+07:00") == "QCVN 01:2021/BXD"
    assert document("2027-01-01T00:00:00+07:00").startswith("QCVN 01:2026/BXD")
    in_force = get(http, "/app/law", at="2027-01-01T00:00:00+07:00", limit=1000)["rules"]
    assert "planning.house_density" not in {r["id"] for r in in_force}
    path = own_rule(http, "test.clocks")
    before = get(http, path)["known_at"]
    assert http.post(path, json=proposal(), headers=PLANNER).status_code == 201
    assert http.post(f"{path}/countersign", json={"seen": 3}, headers=REVIEWER).status_code == 200
    assert get(http, path)["number"] == 2
    assert get(http, path, known_at=before)["number"] == 1


def test_one_proposes_another_countersigns(http: httpx.Client) -> None:
    path = own_rule(http, "test.editing")
    made = http.post(path, json=proposal(), headers=PLANNER)
    assert made.status_code == 201
    draft = made.json()
    assert (draft["state"], draft["number"], draft["version"], draft["reason"]) == ("draft", 2, 3, "Sửa lỗi chép")
    assert get(http, path)["number"] == 1
    assert http.post(f"{path}/countersign", json={"seen": 3}, headers=PLANNER).status_code == 403
    assert http.post(f"{path}/countersign", json={"seen": 2}, headers=REVIEWER).status_code == 409
    signed = http.post(f"{path}/countersign", json={"seen": 3}, headers=REVIEWER).json()
    assert (signed["state"], signed["countersigned"]["by"]) == ("signed", "demo:reviewer")
    assert [v["state"] for v in signed["versions"]] == ["replaced", "signed"]
    seen = get(http, path, CITIZEN)
    assert (seen["countersigned"]["by"], bool(seen["countersigned"]["at"])) == ("", True)


def test_a_citizen_sees_no_draft(http: httpx.Client) -> None:
    path = own_rule(http, "test.drafts")
    http.post(path, json=proposal(), headers=PLANNER)
    assert [v["state"] for v in get(http, path, CITIZEN)["versions"]] == ["signed"]
    assert http.get(path, params={"number": 2}, headers=CITIZEN).status_code == 404
    assert get(http, path, PLANNER, number=2)["state"] == "draft"
    http.post("/app/law/test.hidden", json={**proposal(replaces=None), "seen": 0}, headers=PLANNER)
    assert http.get("/app/law/test.hidden", headers=CITIZEN).status_code == 404
    assert "test.hidden" not in {r["id"] for r in get(http, "/app/law", CITIZEN, limit=1000)["rules"]}
    assert "test.hidden" in {r["id"] for r in get(http, "/app/law", PLANNER, limit=1000)["rules"]}


@pytest.mark.parametrize("role", ["citizen", "operator", "duty_officer", "integrator", "administrator"])
def test_only_planners_and_reviewers_change_the_law(http: httpx.Client, role: str) -> None:
    headers = {"X-Twin-Role": role}
    assert http.post(DENSITY, json=proposal(), headers=headers).status_code == 403
    assert http.post(f"{DENSITY}/countersign", json={"seen": 1}, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/app/law", {"kind": "opinion"}),
        ("/app/law", {"confidence": "X"}),
        ("/app/law", {"klaus": "2.8"}),
        ("/app/law/calendar", {"start": "2026-01-01", "end": "2046-01-01"}),
        ("/app/law/calendar", {"start": "1990-01-01", "end": "1990-02-01"}),
    ],
)
def test_questions_that_cannot_be_are_refused(http: httpx.Client, path: str, params: dict[str, str]) -> None:
    assert http.get(path, params=params).status_code == 400


def test_no_such_rule_and_a_proposal_that_is_none(http: httpx.Client) -> None:
    assert http.get("/app/law/no.such").status_code == 404
    assert http.post(DENSITY, json=proposal(content={"form": "pivot"}), headers=PLANNER).status_code in (400, 422)
    assert http.post(DENSITY, json={"rule": {}}, headers=PLANNER).status_code in (400, 422)


def test_the_calendar_says_why_a_day_is_off(http: httpx.Client) -> None:
    found = get(http, "/app/law/calendar", CITIZEN, start="2026-11-23", end="2026-11-25")
    assert found["version"].startswith("calendar.state_bodies#1 ")
    assert [(d["date"], d["working"], d["name"], d["source"]) for d in found["days"]] == [
        ("2026-11-23", True, "", "week"),
        ("2026-11-24", False, "Ngày Văn hóa Việt Nam", "record"),
        ("2026-11-25", True, "", "week"),
    ]


def test_a_closed_twin_of_a_real_city_uses_only_what_was_countersigned(town: Twin) -> None:
    settings = Settings(store=str(town.store.path), http_port=0, access="closed")
    with running(create_app(town, settings), settings) as url, httpx.Client(base_url=url, timeout=30) as client:
        assert get(client, DENSITY)["usable"] is False
        assert client.post(DENSITY, json=proposal()).status_code == 401


# -- commands ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)
    create(tmp_path / "twin.duckdb")

    def call(*words: str, status: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert run([*words, "--json"]) == status
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return call


def test_commands_list_show_and_say_what_changes(command: Any, capsys: pytest.CaptureFixture[str]) -> None:
    listed = command("law", "list", "bao dong", "--kind", "thresholds")
    assert [r["id"] for r in listed["rules"]] == ["flood.alarm_levels"]
    assert command("law", "show", "planning.house_density")["sheets"][0]["rows"][0]["density_pct"]["text"] == "100"
    coming = command("law", "changes", "--start", "2026-12-15", "--end", "2026-12-15")["changes"]
    rules = "inforce.apartments", "planning.parking_flats"
    assert {(c["id"], c["what"]) for c in coming} == {(rule, what) for rule in rules for what in ("begins", "ends")}
    assert command("law", "show", "no.such", status=2)["type"] == "urn:twin:problem:not-found"
    assert command("law", "changes", "--start", "soon", status=2)["type"] == "urn:twin:problem:parameter"
    assert run(["law", "show", "risk.levels"]) == 0
    assert "Thảm họa" in capsys.readouterr().out


def test_the_doctor_counts_what_waits_for_a_countersignature(command: Any) -> None:
    (check,) = [c for c in command("doctor")["checks"] if c["name"] == "law"]
    assert check["figures"] == {"rules": len(shipped_rules()), "waiting": len(shipped_rules()), "drafts": 0}
    assert check["state"] == "warning"


def test_a_person_countersigns_by_command_with_their_password(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_twin(tmp_path / "twin.duckdb") as t:
        register(t, "le.an", Role.REVIEWER)
        register(t, "root", Role.ADMINISTRATOR)
    words = ("law", "countersign", "planning.house_density", "--account")
    monkeypatch.setattr("sys.stdin", io.StringIO("wrong password\n"))
    assert command(*words, "le.an", status=2)["type"] == "urn:twin:problem:sign-in"
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    assert command(*words, "root", status=2)["type"] == "urn:twin:problem:forbidden"
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    assert command(*words, "le.an")["signed"] == [1]
    shown = command("law", "show", "planning.house_density")
    assert (shown["state"], shown["countersigned"]["name"]) == ("signed", "le.an")


PASSWORD = "một mật khẩu đủ dài 2026"


def register(t: Twin, account: str, role: Role) -> None:
    from twin.access.accounts import Account

    desk = desk_of(t.store, t.keys)
    person = desk.people.add(ADMINISTRATOR, name=account, roles=[role])
    if role not in person.roles:
        other = desk.people.add(ADMINISTRATOR, name="other", roles=[Role.ADMINISTRATOR])
        desk.people.confirm(Viewer("other", Role.ADMINISTRATOR, other.id), person.id, role)
    desk.accounts.add(ADMINISTRATOR, Account(account, person.id))
    desk.accounts.set_password(ADMINISTRATOR, account, PASSWORD)


@pytest.mark.parametrize("path", ["/app/law/calendar", "/app/law/changes"])
def test_the_last_day_there_is_has_no_year_after_it(http: httpx.Client, path: str) -> None:
    assert http.get(path, params={"start": "9999-12-31"}).status_code in (200, 400)
