"""Documents over HTTP and on the command line: issued, verified by anybody, withdrawn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.serve import running
from api.settings import Settings
from tests.api.conftest import EASTERN, MARKS, City, build
from twin.access import policies
from twin.documents.typeset import read_pdf
from twin.model.policy import DEFAULT, to_json
from twin.model.view import Role, Viewer

ROOT = Path(__file__).parent.parent.parent
BOX = list(EASTERN.bounds)


@pytest.fixture(scope="module")
def own_city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = build(tmp_path_factory.mktemp("documents") / "city.duckdb")
    with made.twin:
        yield made


@pytest.fixture(scope="module")
def http(own_city: City) -> Iterator[httpx.Client]:
    settings = Settings(http_port=0, access="open", title="Phố thử")
    with (
        running(create_app(own_city.twin, settings), settings) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield client


def as_role(role: str) -> dict[str, str]:
    return {"X-Twin-Role": role}


def issued(http: httpx.Client, role: str = "planner", **wish: Any) -> dict[str, Any]:
    body = {"template": "layer_map", "inputs": {"layers": ["parcels"], "bbox": BOX}, "paper": "A3"} | wish
    answer = http.post("/app/documents", json=body, headers=as_role(role))
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/app/documents/{answer.json()['id']}"
    return answer.json()  # type: ignore[no-any-return]


def test_a_map_is_issued_read_and_verified_by_anybody(http: httpx.Client) -> None:
    made = issued(http)
    assert made["canonical"]["map"]["layers"][0]["name"] == "parcels"
    pdf = http.get(made["pdf"], headers=as_role("planner"))
    assert pdf.headers["content-type"] == "application/pdf"
    for body in (pdf.content, json.dumps({"token": made["token"]}).encode()):
        found = http.post("/app/verify", content=body, headers=as_role("citizen")).json()
        assert (found["outcome"], found["document"]["id"]) == ("valid", made["id"])
    with_facts = {"token": made["token"], "canonical": made["canonical"]}
    assert http.post("/app/verify", json=with_facts).json()["outcome"] == "valid"
    with_facts["canonical"]["title"] = "Khác"
    assert http.post("/app/verify", json=with_facts).json()["outcome"] == "altered"


def test_what_is_no_document_is_said_not_refused(http: httpx.Client) -> None:
    assert http.post("/app/verify", content=b"hello").json()["outcome"] == "not_ours"
    assert http.post("/app/verify", json={"token": "TWIN1.no"}).json()["outcome"] == "not_ours"
    assert http.post("/app/verify", json={"tokn": "x"}).status_code == 400
    assert http.post("/app/verify").status_code == 400


def test_a_document_of_the_office_is_not_there_for_a_citizen(http: httpx.Client) -> None:
    made = issued(http)
    for path in (f"/app/documents/{made['id']}", made["pdf"], "/app/documents/20260101-0000000000"):
        assert http.get(path, headers=as_role("citizen")).status_code == 404
    assert http.get("/app/documents", headers=as_role("citizen")).status_code in (401, 403)


@pytest.mark.parametrize("role", ["citizen", "integrator", "administrator"])
def test_issuing_takes_the_right(http: httpx.Client, role: str) -> None:
    body = {"template": "report", "inputs": {"title": "x"}}
    assert http.post("/app/documents", json=body, headers=as_role(role)).status_code == 403


def test_a_citizen_has_an_extract_of_what_is_public(http: httpx.Client) -> None:
    lon, lat = EASTERN.centroid.x, EASTERN.centroid.y
    made = issued(http, "citizen", template="planning_extract", inputs={"lon": lon, "lat": lat}, paper="A4")
    pdf = http.get(made["pdf"], headers=as_role("citizen"))
    assert pdf.status_code == 200
    said = json.dumps(made, ensure_ascii=False) + json.dumps(
        {k: v.decode() for k, v in read_pdf(pdf.content).attachments.items()}, ensure_ascii=False
    )
    assert not [mark for mark in MARKS if mark in said]
    assert "không thay thế văn bản" in made["canonical"]["disclaimer"]
    assert made["canonical"]["by"] is None


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"template": "chung_chi"}, "there is no template"),
        ({"inputs": {"layers": [], "bbox": BOX}}, "names of its layers"),
        ({"inputs": {"layers": ["parcels"], "bbox": [1, 2]}}, "its area"),
        ({"inputs": {"layers": ["parcels"], "bbox": BOX, "x": 1}}, "takes no 'x'"),
        ({"scale": 200}, "does not|takes"),
        ({"scale": 123}, "not a usual scale"),
        ({"crs": "EPSG:3857"}, "is not a zone of VN-2000"),
        ({"template": "planning_extract", "inputs": {"lon": BOX[0], "lat": BOX[1]}}, "only maps come on other sheets"),
        ({"template": "report", "inputs": {"title": "x", "sections": [{"title": "a", "blocks": [{"type": "x"}]}]}},
         "is no block"),
    ],
)  # fmt: skip
def test_a_wrong_wish_is_a_problem_that_says_why(http: httpx.Client, wish: dict[str, Any], says: str) -> None:
    body = {"template": "layer_map", "inputs": {"layers": ["parcels"], "bbox": BOX}, "paper": "A3"} | wish
    answer = http.post("/app/documents", json=body, headers=as_role("planner"))
    assert answer.status_code == 400
    assert any(part in answer.text for part in says.split("|"))


def test_a_layer_that_is_not_there_is_404_for_a_map(http: httpx.Client) -> None:
    body = {"template": "layer_map", "inputs": {"layers": ["khong_co"], "bbox": BOX}}
    assert http.post("/app/documents", json=body, headers=as_role("planner")).status_code == 404


def test_a_withdrawn_document_says_so(http: httpx.Client) -> None:
    made = issued(http, inputs={"layers": ["parcels"], "bbox": BOX, "title": "Sẽ bị thu hồi"})
    path = f"/app/documents/{made['id']}/revoke"
    assert http.post(path, json={"reason": "x"}, headers=as_role("citizen")).status_code in (401, 403)
    assert http.post(path, json={"reason": " "}, headers=as_role("planner")).status_code == 400
    assert http.post(path, json={"reason": "sai"}, headers=as_role("planner")).json()["state"] == "revoked"
    assert http.post(path, json={"reason": "sai"}, headers=as_role("planner")).status_code == 409
    assert http.post("/app/verify", json={"token": made["token"]}).json()["outcome"] == "revoked"
    withdrawn = http.get("/app/verify/keys").json()["revoked_documents"]
    assert made["id"] in {item["id"] for item in withdrawn}


def test_a_bulletin_calls_itself_no_forecast(http: httpx.Client) -> None:
    made = issued(http, "operator", template="flood_bulletin", inputs={"situation": "Đang rút."}, paper="A4")
    assert made["canonical"]["banner"] == "Hỗ trợ ra quyết định nội bộ – không phải bản tin dự báo"


def test_a_report_is_what_was_written(http: httpx.Client) -> None:
    blocks = [{"type": "table", "head": ["a"], "rows": [["1"]]}, {"type": "facts", "items": [["b", "2"]]}]
    inputs = {"title": "Báo cáo tuần", "sections": [{"title": "Một", "blocks": blocks}], "sources": ["sổ tay"]}
    made = issued(http, template="report", inputs=inputs, paper="A4")
    assert made["canonical"]["sections"][0]["blocks"][0]["rows"] == [["1"]]


def test_templates_are_listed_by_what_one_may_issue(http: httpx.Client) -> None:
    named = {
        role: [t["name"] for t in http.get("/app/documents/templates", headers=as_role(role)).json()["templates"]]
        for role in ("citizen", "planner")
    }
    assert named["citizen"] == ["planning_extract"]
    assert {"planning_extract", "layer_map", "flood_bulletin", "case_report", "job_report", "report"} == set(
        named["planner"]
    )


# -- command line -----------------------------------------------------------------------------------------------------


def twin(*arguments: str, store: Path, ok: int = 0) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments, "--json"],
        capture_output=True, text=True, check=False, cwd=ROOT,
        env={**os.environ, "TWIN_STORE": str(store), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == ok, (done.stdout, done.stderr)
    return json.loads(done.stdout)


def test_issued_published_verified_elsewhere_rotated_and_withdrawn_by_command(tmp_path: Path) -> None:
    store = tmp_path / "city.duckdb"
    build(store).twin.close()
    inputs, out, keys = tmp_path / "in.json", tmp_path / "map.pdf", tmp_path / "keys.json"
    inputs.write_text(json.dumps({"layers": ["parcels"], "bbox": BOX}), encoding="utf-8")
    made = twin("documents", "issue", "layer_map", "--inputs", str(inputs), "--out", str(out), store=store)
    assert json.loads((tmp_path / "map.json").read_bytes()) == made["canonical"]

    twin("documents", "keys", "--out", str(keys), store=store)
    nowhere = tmp_path / "none.duckdb"
    verified = twin("documents", "verify", str(out), "--keys", str(keys), store=nowhere)
    assert (verified["outcome"], verified["document"]["id"]) == ("valid", made["id"])
    forged = tmp_path / "forged.pdf"
    forged.write_bytes(out.read_bytes().replace(b"/Title", b"/Titlo"))
    assert twin("documents", "verify", str(forged), "--keys", str(keys), store=nowhere, ok=1)["outcome"] == "altered"

    twin("documents", "rotate", store=store)
    assert twin("documents", "verify", str(out), store=store)["outcome"] == "valid"
    twin("documents", "revoke", made["key"], "--reason", "lộ khóa", "--since", "2020-01-01T00:00:00Z", store=store)
    assert twin("documents", "verify", made["token"], store=store, ok=1)["outcome"] == "revoked"
    twin("documents", "keys", "--out", str(keys), store=store)
    assert twin("documents", "verify", str(out), "--keys", str(keys), store=nowhere, ok=1)["outcome"] == "revoked"


def test_a_lookup_is_issued_as_an_extract(tmp_path: Path) -> None:
    store = tmp_path / "city.duckdb"
    build(store).twin.close()
    out = tmp_path / "extract.pdf"
    lon, lat = EASTERN.centroid.x, EASTERN.centroid.y
    answer = twin("lookup", str(lon), str(lat), "--pdf", str(out), store=store)
    said = json.loads((tmp_path / "extract.json").read_bytes())
    assert said["data"]["answer"]["summary"] == answer["summary"]
    assert twin("documents", "verify", str(out), store=store)["outcome"] == "valid"


SLOW = b"%PDF-1.7\n" + b"1 0 obj<</Length 9999999999>>stream\n" * 1500
"""A small file that takes long to read."""


def test_files_that_take_long_to_read_are_bounded_in_number_and_stop_nothing_else(http: httpx.Client) -> None:
    def verify(_: int) -> int:
        return httpx.post(f"{http.base_url}/app/verify", content=SLOW, timeout=120).status_code

    with ThreadPoolExecutor(16) as pool:
        sent = [pool.submit(verify, n) for n in range(16)]
        assert http.get("/app/config").status_code == 200
        found = {one.result() for one in sent}
    assert found == {200, 429}


def test_a_code_alone_tells_a_citizen_nothing_of_what_an_office_document_says(http: httpx.Client) -> None:
    made = issued(http, inputs={"layers": ["parcels"], "bbox": BOX, "title": "Kế hoạch mật"})
    body = {"token": made["token"]}
    told = http.post("/app/verify", json=body, headers=as_role("citizen")).json()
    assert told["outcome"] == "valid"
    assert told["document"]["template"] == "layer_map"
    assert "mật" not in json.dumps(told, ensure_ascii=False)
    assert http.post("/app/verify", json=body, headers=as_role("planner")).json()["document"]["title"] == "Kế hoạch mật"
    whole = {**body, "canonical": made["canonical"]}
    shown = http.post("/app/verify", json=whole, headers=as_role("citizen")).json()
    assert shown["document"]["title"] == "Kế hoạch mật"


def test_who_sees_a_part_only_has_no_documents_of_others(tmp_path: Path) -> None:
    made_city = build(tmp_path / "part.duckdb")
    settings = Settings(http_port=0, access="open")
    limited: Any = to_json(DEFAULT)
    limited["roles"]["reviewer"]["clearance"] = "public"
    with (
        made_city.twin as t,
        running(create_app(t, settings), settings) as url,
        httpx.Client(base_url=url, timeout=60) as http,
    ):
        others = issued(http)
        assert http.get(others["pdf"], headers=as_role("reviewer")).status_code == 200
        policies.publish(t.store, Viewer("an", Role.ADMINISTRATOR, "p-an"), limited, seen=0, reason="thử")
        assert http.get(others["pdf"], headers=as_role("reviewer")).status_code == 404
        own = issued(http, role="reviewer")
        listed = http.get("/app/documents", headers=as_role("reviewer")).json()["documents"]
        assert [row["id"] for row in listed] == [own["id"]]
        assert len(http.get("/app/documents", headers=as_role("planner")).json()["documents"]) == 2
