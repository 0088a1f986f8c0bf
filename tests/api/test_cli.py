"""Every command, run as people run it: by itself, and while `twin serve` owns the twin."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer

from api.cli import app, run
from twin.files.blobs import Files

ROOT = Path(__file__).parents[2]
COMMANDS = [
    ["init"], ["import"], ["serve"], ["ingest"], ["ingest", "replay"], ["simulate", "flood"], ["layers"], ["state"],
    ["doctor"], ["audit", "search"], ["audit", "verify"], ["audit", "head"], ["backup"], ["restore"], ["forget"],
    ["policy", "show"], ["policy", "dry-run"], ["policy", "publish"],
    ["files", "check"], ["files", "gc"], ["retention", "show"], ["retention", "apply"], ["retention", "set"],
    ["retention", "hold"], ["retention", "lift"], ["lookup"],
    ["documents", "issue"], ["documents", "list"], ["documents", "verify"], ["documents", "withdraw"],
    ["documents", "keys"], ["documents", "rotate"], ["documents", "revoke"],
    ["case", "list"], ["case", "show"], ["case", "act"],
    ["case-kind", "list"], ["case-kind", "show"], ["case-kind", "dry-run"], ["case-kind", "publish"],
    ["person", "add"], ["person", "list"], ["person", "role"], ["person", "reset"], ["person", "disable"],
    ["token", "add"], ["token", "list"], ["token", "revoke"], ["token", "rotate"],
    ["jobs", "list"], ["jobs", "show"], ["jobs", "watch"], ["jobs", "cancel"],
    ["law", "list"], ["law", "show"], ["law", "changes"], ["law", "countersign"],
]  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A folder to work in, with or without a server that owns the twin."""

    folder: Path
    served: str | None

    def twin(self, *words: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command in this process, with its folder, variables and outputs."""
        out, err = io.StringIO(), io.StringIO()
        before = dict(os.environ)
        try:
            os.environ.clear()
            os.environ.update(environment(env))
            with contextlib.chdir(self.folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = run([str(word) for word in words])
        finally:
            os.environ.clear()
            os.environ.update(before)
        return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())

    def json(self, *words: str | Path, status: int = 0) -> dict:
        done = self.twin(*words, "--json")
        assert done.returncode == status, done.stdout + done.stderr
        return json.loads(done.stdout)


def environment(more: dict[str, str] | None = None) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TWIN_")}
    return {**kept, "PYTHONPATH": str(ROOT), "TWIN_STORE": "town.duckdb", **(more or {})}


@pytest.fixture(scope="module", params=["alone", "beside a server"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("cli")
    alone = Place(folder, None)
    made = alone.twin("init", "town.duckdb", "--title", "Phố thử")
    assert made.returncode == 0, made.stderr
    if request.param == "alone":
        yield alone
        return
    words = [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--json"]
    with subprocess.Popen(words, cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield Place(folder, json.loads(server.stdout.readline())["url"])
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(20) == 0
    assert not (folder / "town.duckdb.sock").exists()


def points(path: Path, *rows: tuple[str, float, float]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("name", "lon", "lat"), *rows])
    return path


def test_importing_reports_and_the_same_file_again_changes_nothing(place: Place) -> None:
    file = points(place.folder / "cafe.csv", ("Phố Đèn", 106.9, 11.5), ("Cầu số 11", 106.91, 11.51))
    first = place.json("import", file, "--layer", "cafes", "--crs", "EPSG:4326", "--public")
    assert (first["rows"], first["stored"], first["rejected"]) == (2, 2, 0)
    again = place.json("import", file, "--layer", "cafes", "--crs", "EPSG:4326")
    assert (again["stored"], again["duplicate"]) == (0, 2)
    shown = {layer["name"]: layer for layer in place.json("layers")["layers"]}
    assert shown["cafes"]["count"] == 2
    assert shown["cafes"]["access"] == "public"
    if place.served:
        assert httpx.get(f"{place.served}/ogc/collections/cafes/items").json()["numberMatched"] == 2


def test_the_report_says_which_reference_system_was_only_assumed(place: Place) -> None:
    (place.folder / "tax.csv").write_text("name,value\na,5\n", encoding="utf-8")
    file = points(place.folder / "assumed.csv", ("a", 106.9, 11.5), ("b", 106.8, 11.4))
    said = place.twin("import", file, "--layer", "assumed", "--join", "tax.csv", "--on", "name").stdout
    assert "dùng EPSG:4326 (giả định" in said
    assert "1 khớp, 1 không khớp" in said
    said = place.twin("import", file, "--layer", "given", "--crs", "EPSG:4326").stdout
    assert "đưa vào EPSG:4326" in said
    assert "giả định" not in said


@pytest.mark.parametrize("words", [["--layer", "Bad Name"], ["--layer", "x", "--crs", "EPSG:99999"]])
def test_a_layer_or_system_that_cannot_be_is_a_wrong_call(place: Place, words: list[str]) -> None:
    file = points(place.folder / "fine.csv", ("a", 106.9, 11.5))
    assert place.twin("import", file, *words).returncode == 2


def test_rejected_rows_are_status_1(place: Place) -> None:
    file = points(place.folder / "bad.csv", ("a", 106.9, 11.5))
    with file.open("a", encoding="utf-8") as more:
        more.write("b,106.9,\n")
    report = place.json("import", file, "--layer", "rejecting", "--crs", "EPSG:4326", status=1)
    assert (report["rows"], report["stored"], report["rejected"]) == (2, 1, 1)


def test_a_refused_file_is_status_1_with_a_problem(place: Place) -> None:
    (place.folder / "junk.gpkg").write_bytes(b"this is no map")
    problem = place.json("import", "junk.gpkg", "--layer", "junk", status=1)
    assert problem["type"].startswith("urn:twin:problem:un")
    assert "junk.gpkg" in problem["where"]
    said = place.twin("import", "junk.gpkg", "--layer", "junk")
    assert said.returncode == 1
    assert "junk.gpkg" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_layer_is_published_and_withdrawn(place: Place) -> None:
    file = points(place.folder / "one.csv", ("a", 106.9, 11.5))
    place.json("import", file, "--layer", "shown", "--crs", "EPSG:4326")

    def access(*words: str) -> str:
        return next(x["access"] for x in place.json("layers", *words)["layers"] if x["name"] == "shown")

    assert access() == "staff"
    assert access("--publish", "shown") == "public"
    assert access("--withdraw", "shown") == "staff"
    assert place.twin("layers", "--publish", "nothing").returncode == 2


def doctor_of(place: Place, *, status: int = 0) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in place.json("doctor", status=status)["checks"]}


def test_doctor_says_how_it_reached_the_twin(place: Place) -> None:
    found = doctor_of(place)
    assert found["store"]["figures"]["reached"] == ("through its owner" if place.served else "directly")
    assert found["access"]["figures"]["mode"] == "open"
    assert {check["state"] for check in found.values()} <= {"ok", "warning"}


def test_doctor_finds_a_file_that_changed(place: Place) -> None:
    files = Files(place.folder / "town.files")
    kept = files.path(files.put(b"a grid"))
    kept.write_bytes(b"rotten")
    found = doctor_of(place, status=1)["files"]
    kept.unlink()
    assert (found["state"], found["figures"]["broken"]) == ("bad", [kept.name])


def test_doctor_finds_a_setting_that_would_not_start(place: Place) -> None:
    done = place.twin("doctor", "--json", env={"TWIN_HTTP_HOST": "0.0.0.0"})
    assert done.returncode == 1
    found = next(c for c in json.loads(done.stdout)["checks"] if c["name"] == "access")
    assert found["state"] == "bad"
    assert "TWIN_HTTP_HOST" in found["text"]


def test_doctor_finds_keys_that_others_may_read(place: Place) -> None:
    folder = place.folder / "town.keys"
    folder.mkdir(mode=0o755, exist_ok=True)
    folder.chmod(0o755)
    assert doctor_of(place, status=1)["keys"]["state"] == "bad"
    folder.chmod(0o700)
    assert doctor_of(place)["keys"]["state"] == "ok"


def test_state_of_a_twin_without_devices_is_empty(place: Place) -> None:
    assert place.json("state")["datastreams"] == []
    problem = place.json("state", "--layer", "nothing", status=2)
    assert problem["type"] == "urn:twin:problem:not-found"
    assert place.json("state", "--at", "yesterday", status=2)["where"] == "--at"


def test_looking_up_a_place_nothing_is_known_of_says_so(place: Place) -> None:
    answer = place.json("lookup", "--parcel", "14/125", "--commune", "Tân Phú", status=1)
    assert answer["status"] == "not_found"
    assert place.json("lookup", "106.9", "11.5")["status"] == "no_parcel"
    assert place.json("lookup", "-71.11", "42.37")["point"] == {"lon": -71.11, "lat": 42.37}
    assert place.json("lookup", "--bogus", status=2)["type"] == "urn:twin:problem:parameter"
    assert place.json("lookup", status=2)["type"] == "urn:twin:problem:parameter"
    assert place.json("lookup", "--parcel", "14", status=2)["type"] == "urn:twin:problem:parameter"


def test_nothing_waits_in_quarantine(place: Place) -> None:
    assert place.json("ingest", "replay") == {
        "tried": 0, "passed": 0, "stored": 0, "duplicate": 0, "remaining": [],
    }  # fmt: skip


def test_ingesting_needs_a_broker(place: Place) -> None:
    assert place.json("ingest", status=2)["where"] == "TWIN_MQTT_URL"


def test_a_backup_is_taken_while_in_use_and_restored_elsewhere(place: Place) -> None:
    file = points(place.folder / "kept.csv", ("a", 106.9, 11.5))
    place.json("import", file, "--layer", "kept", "--crs", "EPSG:4326")
    place.json("backup", "copy")
    assert place.json("backup", "copy", status=2)["type"] == "urn:twin:problem:conflict"
    place.json("restore", "copy", "--store", "other.duckdb")
    listed = place.json("layers", "--store", "other.duckdb")
    assert "kept" in {layer["name"] for layer in listed["layers"]}
    assert place.twin("restore", "copy", "--store", "other.duckdb").returncode == 2
    shutil.rmtree(place.folder / "copy")
    # Copying the file must not have let go of it: its owner is still the only one who opens it.
    assert doctor_of(place)["store"]["figures"]["reached"] == ("through its owner" if place.served else "directly")


TERRAIN = "ncols 6\nnrows 4\nxllcorner 590000\nyllcorner 1270000\ncellsize 10\nNODATA_value -9999\n"


def test_a_flood_is_computed_and_stored_with_its_balance(place: Place) -> None:
    (place.folder / "basin.asc").write_text(TERRAIN + "\n".join(["5 5 5 5 5 5"] * 4) + "\n")
    words = ["simulate", "flood", "--terrain", "basin.asc", "--crs", "EPSG:9214", "--start", "2026-01-01T00:00:00Z",
             "--hours", "0.5", "--every", "15", "--manning", "0.03", "--rain", "60", "--layer", "wet"]  # fmt: skip
    run = place.json(*words)
    # 60 mm/h for half an hour on 24 cells of 100 m²: 0.03 m · 2400 m² = 72 m³, and no side is open.
    assert run["mass_balance"]["rain_m3"] == pytest.approx(72.0)
    assert run["mass_balance"]["stored_m3"] == pytest.approx(72.0)
    assert abs(run["mass_balance"]["relative_error"]) < 1e-9
    assert run["times"] == ["2026-01-01T00:00:00Z", "2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z"]
    assert run["greatest_depth_m"] == pytest.approx(0.03, abs=1e-6)
    if place.served:
        layers = httpx.get(f"{place.served}/app/layers").json()["layers"]
        assert next(x for x in layers if x["name"] == "wet")["times"] == run["times"]


def test_a_flood_without_water_is_refused(place: Place) -> None:
    words = ["--terrain", "x.asc", "--start", "2026-01-01T00:00:00Z", "--hours", "1", "--manning", "0.03"]
    problem = place.json("simulate", "flood", *words, status=2)
    assert "water" in problem["detail"]


def test_a_second_server_on_the_same_twin_is_refused(place: Place) -> None:
    if place.served is None:
        pytest.skip("there is no first server here")
    problem = place.json("serve", "--port", "0", status=2)
    assert problem["type"] == "urn:twin:problem:store-busy"


def test_an_address_reachable_from_outside_refuses_to_start(place: Place) -> None:
    if place.served is not None:
        pytest.skip("the server that runs would be met first")
    problem = place.json("serve", "--port", "0", "--host", "0.0.0.0", status=2)
    assert problem["where"] == "TWIN_HTTP_HOST"


def test_the_installed_command_runs_by_itself(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "api.cli", "layers", "--json"]
    done = subprocess.run(
        words, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert json.loads(done.stdout)["type"] == "urn:twin:problem:no-twin"
    assert done.stderr == ""


@pytest.mark.parametrize("words", [["layers"], ["state"], ["doctor"], ["backup", "x"], ["serve"], ["ingest", "replay"],
                                   ["import", "x.csv", "--layer", "x"]])  # fmt: skip
def test_only_init_makes_a_twin(tmp_path: Path, words: list[str]) -> None:
    problem = Place(tmp_path, None).json(*words, status=2)
    assert problem["type"] == "urn:twin:problem:no-twin"
    assert "twin init" in problem["hint"]
    assert list(tmp_path.iterdir()) == []


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    here = Place(tmp_path, None)
    assert here.json("init", "town.duckdb")["country"] == "VN"
    assert here.twin("init", "town.duckdb").returncode == 2


@pytest.mark.parametrize("words", [["nonsense"], ["layers", "--bogus"], ["import"], ["import", "x.csv"]])
def test_a_wrong_call_is_status_2_with_a_problem(tmp_path: Path, words: list[str]) -> None:
    assert Place(tmp_path, None).json(*words, status=2)["type"] == "urn:twin:problem:parameter"


def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for words in COMMANDS:
        assert run([*words, "--help"]) == 0, words
        shown = capsys.readouterr().out
        assert "Example: " in shown, words
        assert "--json" in shown, words


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_is_described(words: list[str]) -> None:
    assert f"`twin {' '.join(words)}" in (ROOT / "docs/commands.md").read_text(encoding="utf-8")


def test_every_command_is_in_the_list_above(capsys: pytest.CaptureFixture[str]) -> None:
    found = set()
    for name, command in typer.main.get_command(app).commands.items():
        inner = getattr(command, "commands", {})
        found.update({(name, sub) for sub in inner} | ({(name,)} if not inner or name == "ingest" else set()))
    assert found == {tuple(words) for words in COMMANDS}
