"""Jobs on the command line: seen, stopped, killed with their command, taken on when an owner goes away."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from api.cli import run
from twin.core import create

ROOT = Path(__file__).parents[2]
OWNER = """
import sys
from twin.core import open_twin
from twin.store.remote import Owner
with open_twin(sys.argv[1]) as t, Owner(t.store):
    print("ready", flush=True)
    sys.stdin.read()
"""
LONG_S = 60.0


@pytest.fixture
def town(tmp_path: Path) -> Path:
    create(tmp_path / "town.duckdb")
    (tmp_path / "few.csv").write_text("name,lon,lat\na,106.9,11.5\nb,106.91,11.51\n", encoding="utf-8")
    return tmp_path


def environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TWIN_")}
    return {**kept, "PYTHONPATH": str(ROOT), "TWIN_STORE": "town.duckdb"}


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "api.cli", *words]


def said(town: Path, *words: str, status: int = 0) -> Any:
    """What a command prints; run in this process, which saves starting one."""
    before, out = dict(os.environ), io.StringIO()
    try:
        os.environ.clear()
        os.environ.update(environment())
        with contextlib.chdir(town), contextlib.redirect_stdout(out):
            assert run([*words, "--json"]) == status, out.getvalue()
    finally:
        os.environ.clear()
        os.environ.update(before)
    return json.loads(out.getvalue())


@contextmanager
def started(town: Path, words: list[str], **more: Any) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        words, cwd=town, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def worker_of(process: subprocess.Popen[str]) -> psutil.Process:
    """The worker of a running command, once it works."""
    deadline = time.monotonic() + LONG_S
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        for child in psutil.Process(process.pid).children():
            with contextlib.suppress(psutil.Error):  # one that ended meanwhile
                if child.num_threads() and "twin.jobs.worker" in " ".join(child.cmdline()):
                    return child
        time.sleep(0.01)
    raise AssertionError("no worker")


@pytest.fixture
def long_import(town: Path) -> list[str]:
    """An import that takes some seconds: its worker alone needs half of one to begin."""
    rows = [f"p{i},{106.5 + i % 700 / 1000},{11.2 + i // 700 / 1000}" for i in range(2_000)]
    (town / "many.csv").write_text("name,lon,lat\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return command("import", "many.csv", "--layer", "many", "--crs", "EPSG:4326", "--json")


def layers(town: Path) -> dict[str, int]:
    return {layer["name"]: layer["count"] for layer in said(town, "layers")["layers"]}


def test_a_commands_work_is_a_job_that_is_listed_and_shown(town: Path) -> None:
    report = said(town, "import", "few.csv", "--layer", "few", "--crs", "EPSG:4326")
    (job,) = said(town, "jobs", "list")["jobs"]
    assert (job["kind"], job["state"], job["title"]) == ("import", "successful", "Nhập few.csv")
    shown = said(town, "jobs", "show", job["id"][:6])
    assert shown["result"] == report
    assert said(town, "jobs", "watch", job["id"]) == shown
    assert said(town, "jobs", "cancel", job["id"], status=1)["state"] == "successful"
    assert said(town, "jobs", "list", "--state", "failed")["jobs"] == []
    said(town, "import", "town.duckdb", "--layer", "few", status=1)
    (failed,) = said(town, "jobs", "list", "--state", "failed")["jobs"]
    assert said(town, "jobs", "show", failed["id"], status=1)["problem"]["title"]
    assert said(town, "jobs", "show", "zz", status=2)["type"] == "urn:twin:problem:not-found"
    assert "accepted" in said(town, "jobs", "list", "--state", "x", status=2)["hint"]


def test_an_interrupted_command_stops_its_job(town: Path, long_import: list[str]) -> None:
    with started(town, long_import) as process:
        worker = worker_of(process)
        process.send_signal(signal.SIGINT)
        assert process.wait(LONG_S) == 130
        assert not worker.is_running()
    (job,) = said(town, "jobs", "list")["jobs"]
    assert job["state"] == "dismissed"
    assert layers(town) == {}


def test_a_killed_command_takes_its_work_with_it_and_a_later_one_does_not_go_on_with_it(
    town: Path, long_import: list[str]
) -> None:
    with started(town, long_import) as process:
        worker = worker_of(process)
        process.kill()
        process.wait()
        psutil.wait_procs([worker], timeout=LONG_S)
        assert not worker.is_running()
    said(town, "import", "few.csv", "--layer", "few", "--crs", "EPSG:4326")
    found = {job["title"]: job for job in said(town, "jobs", "list")["jobs"]}
    assert found["Nhập many.csv"]["state"] == "failed"
    assert found["Nhập many.csv"]["problem"]["type"] == "urn:twin:problem:broken-off"
    left = Path(tempfile.gettempdir()).glob(f"twin-job-{found['Nhập many.csv']['id']}-*")
    assert list(left) == []
    assert layers(town) == {"few": 2}


def test_a_job_is_done_although_the_owner_of_the_file_does_none(town: Path) -> None:
    with started(town, [sys.executable, "-c", OWNER, "town.duckdb"], stdin=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        report = said(town, "import", "few.csv", "--layer", "few", "--crs", "EPSG:4326")
        assert report["stored"] == 2


def test_a_command_goes_on_when_the_server_that_worked_for_it_is_killed(town: Path, long_import: list[str]) -> None:
    with started(town, command("serve", "--port", "0", "--json")) as server:
        assert server.stdout is not None
        server.stdout.readline()
        with started(town, long_import) as process:
            worker_of(server)
            server.kill()
            server.wait()
            out, err = process.communicate(timeout=LONG_S)
            assert process.returncode == 0, out + err
    report = json.loads(out)
    assert (report["rows"], report["stored"]) == (2_000, 2_000)
    (job,) = said(town, "jobs", "list")["jobs"]
    assert (job["state"], job["attempt"]) == ("successful", 2)
    assert layers(town) == {"many": 2_000}
