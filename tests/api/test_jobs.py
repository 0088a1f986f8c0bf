"""Jobs over HTTP: imports that answer at once, flood runs, progress, stopping, whose they are."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

import twin
from api.app import create_app
from api.doctor import Patient, jobs
from api.jobs import OFFERED, queue_of
from api.serve import running
from api.settings import Settings
from tests.api.conftest import City
from tests.api.stream import events_until
from twin.core import Twin, create
from twin.jobs.model import JobState
from twin.model.view import Role, Viewer
from twin.scenario import flood_job

OPERATOR, PLANNER = {"X-Twin-Role": "operator"}, {"X-Twin-Role": "planner"}
LONG_S = 60.0
FLOOD = {"start": "2026-01-01T00:00:00Z", "terrain": "depth", "manning": "0.03", "hours": 1, "rain": ["20"]}


def points(*names: str) -> bytes:
    features = [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {"type": "Point", "coordinates": [106.9 + i / 1000, 11.5]},
        }
        for i, name in enumerate(names)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def asked(http: httpx.Client, layer: str, content: bytes, **headers: str) -> httpx.Response:
    query = {"layer": layer, "filename": f"{layer}.geojson"}
    return http.post("/app/import", params=query, content=content, headers={"Prefer": "respond-async", **headers})


def over(http: httpx.Client, job: str) -> dict[str, Any]:
    deadline = time.monotonic() + LONG_S
    while True:
        found = http.get(f"/app/jobs/{job}").json()
        if JobState(found["state"]).is_over:
            return found
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_import_answers_at_once_where_that_is_preferred_and_is_done_after(http: httpx.Client) -> None:
    answer = asked(http, "wells", points("Giếng 1", "Giếng 2"))
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert answer.headers["location"] == f"/app/jobs/{job['id']}"
    assert (job["kind"], job["title"], job["result"], job["by"]) == ("import", "Nhập wells.geojson", None, "anonymous")
    done = over(http, job["id"])
    assert (done["state"], done["progress"], done["problem"]) == ("successful", 1.0, None)
    assert (done["result"]["stored"], done["result"]["file"]) == (2, "wells.geojson")
    assert http.get("/ogc/collections/wells/items").json()["numberMatched"] == 2
    listed = http.get("/app/jobs", params={"kind": "import"}).json()["jobs"]
    assert next(j for j in listed if j["id"] == job["id"]) == {**done, "result": None}


def test_an_import_that_waits_names_its_job(http: httpx.Client) -> None:
    query = {"layer": "springs", "filename": "springs.geojson"}
    answer = http.post("/app/import", params=query, content=points("Suối"))
    job = answer.headers["link"].partition("/app/jobs/")[2].partition(">")[0]
    assert http.get(f"/app/jobs/{job}").json()["result"] == answer.json()


def test_the_same_key_imports_once(http: httpx.Client) -> None:
    key = {"Idempotency-Key": "gửi lại".encode().hex()}
    first, again = (asked(http, "once", points("a"), **key).json()["id"] for _ in range(2))
    assert first == again
    assert over(http, first)["result"]["stored"] == 1
    other = asked(http, "once", points("b"), **key)
    assert other.status_code == 409
    assert other.json()["where"] == "Idempotency-Key"


def test_a_refused_file_is_the_jobs_problem(http: httpx.Client) -> None:
    job = asked(http, "nothing", b"no map at all").json()["id"]
    done = over(http, job)
    assert done["state"] == "failed"
    assert done["problem"]["type"] in ("urn:twin:problem:unsupported-format", "urn:twin:problem:unreadable")
    assert http.get("/ogc/collections/nothing").status_code == 404


def test_a_file_that_is_kept_for_a_job_is_a_file_of_the_twin(http: httpx.Client, city: City) -> None:
    job = asked(http, "kept", points("x")).json()["id"]
    over(http, job)
    digest = str(queue_of(city.twin.store, Settings()).get(job).inputs["file"])
    assert city.twin.files.holds(digest)
    assert f"job:{job}" in {m.by for m in city.twin.store.file_mentions() if m.digest == digest}


@pytest.fixture(scope="module")
def endless(city: City, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Inputs of a flood run that takes hours: 400 × 400 cells over fifty days."""
    folder = tmp_path_factory.mktemp("endless")
    head = "ncols 400\nnrows 400\nxllcorner 590000\nyllcorner 1270000\ncellsize 10\nNODATA_value -9999\n"
    (folder / "plain.asc").write_text(head + "\n".join([" ".join(["5"] * 400)] * 400) + "\n")
    options = flood_job.options_of(
        {**FLOOD, "terrain": "plain.asc", "crs": "EPSG:9214", "hours": 1200, "every_minutes": 60}
    )
    return flood_job.inputs_of(options, folder=folder)


def begun(http: httpx.Client, city: City, inputs: dict[str, Any]) -> str:
    """A flood run that has said how far it is."""
    job = queue_of(city.twin.store, Settings()).submit("flood", inputs, Viewer("ca trực", Role.OPERATOR)).id
    deadline = time.monotonic() + LONG_S
    while (found := http.get(f"/app/jobs/{job}").json())["message_en"] != "Computing":
        assert found["state"] in ("accepted", "running"), found
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return job


def workers() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [p for p in children if "twin.jobs.worker" in " ".join(p.cmdline())]


def test_a_running_job_is_stopped_and_its_process_ends(http: httpx.Client, city: City, endless: dict[str, Any]) -> None:
    job = begun(http, city, endless)
    running_now = workers()
    assert running_now
    stopped = http.delete(f"/app/jobs/{job}")
    assert (stopped.status_code, stopped.json()["state"]) == (200, "dismissed")
    _, alive = psutil.wait_procs(running_now, timeout=LONG_S)
    assert alive == []
    again = http.delete(f"/app/jobs/{job}").json()
    assert again == http.get(f"/app/jobs/{job}").json()
    assert "Stopped at the request of" in again["message_en"]
    assert http.get("/ogc/collections/flood_depth").status_code == 404


def test_the_staff_hear_of_a_job_as_it_goes_on(http: httpx.Client, city: City, server: str) -> None:
    made: list[str] = []

    def ask() -> None:
        made.append(asked(http, "heard", points("x")).json()["id"])

    events = events_until(server, '"kind": "job"', then=ask)
    assert events[-1]["data"]["items"] == [{"kind": "job", "key": made[0]}]
    over(http, made[0])


def test_jobs_of_others_are_seen_and_stopped_only_with_the_right(
    http: httpx.Client, city: City, endless: dict[str, Any]
) -> None:
    queue = queue_of(city.twin.store, Settings())
    theirs = queue.submit("flood", endless, Viewer("an", Role.OPERATOR, person="p-an"), bound_to="elsewhere:1:1").id
    assert theirs in [j["id"] for j in http.get("/app/jobs", headers=OPERATOR).json()["jobs"]]
    assert theirs not in [j["id"] for j in http.get("/app/jobs", headers=PLANNER).json()["jobs"]]
    absent = "0" * len(theirs)
    for method in ("GET", "DELETE"):
        hidden = http.request(method, f"/app/jobs/{theirs}", headers=PLANNER)
        never = http.request(method, f"/app/jobs/{absent}", headers=PLANNER)
        assert (hidden.status_code, hidden.text.replace(theirs, absent)) == (404, never.text)
    assert http.delete(f"/app/jobs/{theirs}", headers=OPERATOR).json()["state"] == "dismissed"


@pytest.mark.parametrize(("method", "path"), [("GET", "/app/jobs"), ("GET", "/app/jobs/x"), ("DELETE", "/app/jobs/x")])
def test_jobs_are_not_for_citizens(http: httpx.Client, citizen_http: httpx.Client, method: str, path: str) -> None:
    assert http.request(method, path, headers={"X-Twin-Role": "citizen"}).status_code == 403
    assert citizen_http.request(method, path).status_code == 401


def test_a_flood_run_is_asked_for_over_http_by_who_may_simulate(http: httpx.Client) -> None:
    wish = {"kind": "flood", "inputs": {**FLOOD, "layer": "asked_for"}}
    assert http.post("/app/jobs", json=wish, headers={"X-Twin-Role": "reviewer"}).status_code == 403
    answer = http.post("/app/jobs", json=wish, headers=PLANNER)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/app/jobs/{answer.json()['id']}"
    done = over(http, answer.json()["id"])
    # The test town's grid is in degrees: what is wrong with it is told as by the command.
    assert done["state"] == "failed"
    assert done["problem"]["status"] == 400


@pytest.mark.parametrize(
    "inputs",
    [
        {**FLOOD, "terrain": "/etc/hostname"}, {**FLOOD, "terrain": "../ground.tif"}, {**FLOOD, "manning": "n.tif"},
        {**FLOOD, "rain": ["rain.csv"]}, {**FLOOD, "inflow": ["1,2=/etc/passwd"]},
        {**FLOOD, "side": ["east:level:tide.csv"]}, {**FLOOD, "lisflood": "case.par"}, {**FLOOD, "hours": "1"},
        {**FLOOD, "rain": "20"}, {**FLOOD, "bogus": 1}, {"terrain": "depth"}, {"options": {**FLOOD}, "folder": "/"},
        {"options": 5},
    ],
)  # fmt: skip
def test_what_is_asked_for_over_http_names_no_file_of_the_server(http: httpx.Client, inputs: dict[str, Any]) -> None:
    answer = http.post("/app/jobs", json={"kind": "flood", "inputs": inputs})
    if inputs.get("folder"):
        made = answer.json()["id"]
        http.delete(f"/app/jobs/{made}")
        assert "folder" not in OFFERED["flood"][1](inputs)
        return
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("wish", [{"kind": "import", "inputs": {}}, {"kind": "forget_jobs"}, {"kind": "x"}, {}, []])
def test_other_kinds_cannot_be_asked_for(http: httpx.Client, wish: Any) -> None:
    assert http.post("/app/jobs", json=wish).status_code in (400, 422)


def test_figures_and_the_doctor_tell_of_jobs(http: httpx.Client) -> None:
    over(http, asked(http, "broken", b"no map").json()["id"])
    assert 'twin_jobs{state="failed"}' in http.get("/metrics", headers={"X-Twin-Role": "administrator"}).text
    checks = http.get("/app/doctor", headers={"X-Twin-Role": "administrator"}).json()["checks"]
    found = next(check for check in checks if check["name"] == "jobs")
    assert found["state"] == "warning"
    assert "Nhập broken.geojson" in found["text"]


def test_the_doctor_finds_a_job_that_nobody_works_on(settings: Settings) -> None:
    with twin.open(settings.store) as t:
        queue = queue_of(t.store, settings)
        queue.clock = lambda: datetime.now(UTC) - timedelta(minutes=5)
        job = queue.claim(queue.submit("flood", {"options": FLOOD}, t.viewer), "elsewhere:1:1")
        assert job is not None
        (found,) = jobs(Patient(t, settings))
        assert (found.state, found.figures) == ("bad", {"stuck": [job.id], "failed": []})
        queue.cancel(job.id, t.viewer)
        (found,) = jobs(Patient(t, settings))
        assert found.state == "ok"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    create(tmp_path / "restarted.duckdb")
    return Settings(store=str(tmp_path / "restarted.duckdb"), http_port=0)


def test_an_upload_survives_a_restart_of_the_server(settings: Settings) -> None:
    with served(settings) as (_, http):
        job = asked(http, "wells", points("a", "b")).json()["id"]
    with served(settings) as (t, http):
        assert over(http, job)["result"]["stored"] == 2
        assert http.get("/ogc/collections/wells/items").json()["numberMatched"] == 2
        (step,) = queue_of(t.store, settings).steps(job)
        assert step.method == "write_features"


@contextmanager
def served(settings: Settings) -> Iterator[tuple[Twin, httpx.Client]]:
    with (
        twin.open(settings.store) as t,
        running(create_app(t, settings), settings) as url,
        httpx.Client(base_url=url, timeout=LONG_S) as http,
    ):
        yield t, http
