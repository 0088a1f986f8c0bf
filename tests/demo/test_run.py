"""The demonstration as people run it: one command, a fresh folder, then the same folder again."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psutil
import pytest

import twin
from twin.model.view import CITIZEN
from twin.types import parse_time

ROOT = Path(__file__).parent.parent.parent
FAULTS = json.loads((Path(__file__).parent / "faults.json").read_text(encoding="utf-8"))

pytestmark = [pytest.mark.slow, pytest.mark.broker]


def get(address: str, path: str) -> Any:
    with urllib.request.urlopen(address + path, timeout=10) as answer:
        return json.load(answer)


@dataclass
class Run:
    """A running demonstration."""

    address: str
    process: subprocess.Popen[str]
    seconds: float
    """From the command to a healthy address."""


@contextmanager
def demonstration(folder: Path) -> Iterator[Run]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {**os.environ, "TWIN_HTTP_PORT": str(port), "PYTHONPATH": str(ROOT)}
    log = (folder.parent / "demo.log").open("w", encoding="utf-8")
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "api.demo", str(folder)], cwd=ROOT, env=env, stdout=log, stderr=log, text=True
    )
    children: list[psutil.Process] = []
    try:
        address = f"http://127.0.0.1:{port}"
        wait_healthy(address, process)
        seconds = time.monotonic() - began
        children = psutil.Process(process.pid).children(recursive=True)
        yield Run(address, process, seconds)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
        log.close()
    assert process.returncode == 0, (folder.parent / "demo.log").read_text(encoding="utf-8")
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []


def wait_healthy(address: str, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        assert process.poll() is None, "the demonstration ended before it was healthy"
        try:
            if get(address, "/health")["status"] == "ok":
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise AssertionError("not healthy in five minutes")


@dataclass
class Seen:
    """What the first run showed, read while it ran."""

    folder: Path
    states: list[dict[str, Any]]
    asked: datetime
    counters: dict[str, dict[str, int]]
    connectors: dict[str, Any]
    config: dict[str, Any]
    layers: list[dict[str, Any]]
    first_s: float


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("run") / "demo"
    with demonstration(folder) as run:
        states = get(run.address, "/app/state")["datastreams"]
        asked = datetime.now(UTC)
        ingest = get(run.address, "/app/ingest")
        return Seen(
            folder, states, asked, ingest["counters"], ingest["connectors"], get(run.address, "/app/config"),
            get(run.address, "/app/layers")["layers"], run.seconds,
        )  # fmt: skip


def times(states: list[dict[str, Any]]) -> list[datetime]:
    return [parse_time(s["time"], where="time") for s in states if s["time"]]


def test_every_living_instrument_has_a_reading_less_than_a_minute_old_and_none_of_the_future(seen: Seen) -> None:
    assert max(times(seen.states)) <= seen.asked
    living = [s for s in seen.states if s["uid"] != "kk-05"]
    fresh = [s for s in living if seen.asked - parse_time(s["time"], where="time") < timedelta(minutes=1)]
    assert seen.asked - max(times(seen.states)) < timedelta(minutes=1)
    # A garbled message, and the last of the first round, may be missing yet.
    assert len(fresh) > 0.9 * len(living)


def test_the_dead_station_is_shown_as_silent(seen: Seen) -> None:
    dead = [s for s in seen.states if s["uid"] == "kk-05"]
    assert dead
    assert {s["freshness"] for s in dead} == {"stale"}


def test_what_was_received_is_accounted_for_by_a_broker_of_its_own(seen: Seen) -> None:
    for name, c in seen.counters.items():
        assert c["received"] == c["stored"] + c["revised"] + c["duplicate"] + c["quarantined"], name
    assert seen.counters["mqtt"]["stored"] > 100
    assert seen.connectors["mqtt"]["subscribed"]
    assert seen.connectors["mqtt"]["broker"].startswith("mqtt://127.0.0.1:")


def test_the_page_says_that_the_city_is_synthetic(seen: Seen) -> None:
    assert seen.config["title"] == "Đồng Xoài thu nhỏ (dữ liệu tổng hợp)"
    assert seen.config["synthetic"] is True
    assert seen.config["access"] == "open"
    assert [x["name"] for x in seen.layers if not x["synthetic"]] == []


def test_the_twin_holds_the_city_in_full(seen: Seen) -> None:
    with twin.open(seen.folder / "twin.duckdb") as t:
        counts = {s.layer.name: s.count for s in t.store.layers(t.view())}
        kinds = [f.properties["kind"] for f in t.store.features(t.view(), "cameras", geometry=False)]
        streets = [f.properties["road"] for f in t.store.features(t.view(), "lamps", geometry=False)]
        levels = [f.properties["level"] for f in t.store.features(t.view(), "plans", geometry=False)]
        assert {k: kinds.count(k) for k in set(kinds)} == {"analytic": 205, "ptz": 1, "plain": 853}
        assert {k: streets.count(k) for k in set(streets)} == {"Đường Lý Thường Kiệt": 16, "Đường Lê Duẩn": 35}
        assert {k: levels.count(k) for k in set(levels)} == {"general": 1, "subdivision": 5, "detailed": 60}
        assert counts["communes"] == 8
        assert counts["building_models"] == 2
        assert len(t.store.raster_times(t.view(), "flood_depth")) == 21
        assert t.store.check()["ok"]


def test_seven_days_of_history_end_at_the_start(seen: Seen) -> None:
    birth = parse_time(json.loads((seen.folder / "demo.json").read_text())["birth"], where="birth")
    with twin.open(seen.folder / "twin.duckdb") as t:
        level = next(
            d for d in t.store.datastreams(t.view(), layer="gauges") if (d.uid, d.key) == ("tv-cau-11", "water_level")
        )
        found = t.store.observations(t.view(), level.id, end=birth)
        moments = [o.phenomenon_start for o in found]
        assert moments[0] <= birth - timedelta(days=7) + timedelta(minutes=10)
        assert max(b - a for a, b in pairwise(moments)) <= timedelta(minutes=10)
        values = [o.result for o in found]
        assert max(values) - min(values) > 1.0  # storms passed
        events = t.store.count_features(t.view(), "camera_events", interval=(birth - timedelta(days=7), birth))
        assert events > 10_000


def test_the_past_of_parcels_is_there_on_both_clocks(seen: Seen) -> None:
    renumbered, split = FAULTS["renumbered_parcel"], FAULTS["split_parcel"]
    with twin.open(seen.folder / "twin.duckdb") as t:
        corrected = max(v.recorded_from for v in t.store.history(t.view(), "parcels", renumbered["parcel"]))
        before = corrected - timedelta(microseconds=1)

        def number(at: datetime, known_at: datetime | None = None) -> str:
            (f,) = t.store.features(t.view(at, known_at), "parcels", fids=[renumbered["parcel"]])
            return f"{f.properties['sheet']}/{f.properties['plot']}"

        y2020, y2025 = datetime(2020, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, tzinfo=UTC)
        assert number(y2020) == renumbered["old"]
        assert number(y2025) == renumbered["now"]
        assert number(y2025, before) == renumbered["old"]

        def standing(at: datetime) -> list[str]:
            fids = [split["parcel"], *split["children"]]
            return sorted(f.fid for f in t.store.features(t.view(at), "parcels", fids=fids))

        assert standing(y2020) == [split["parcel"]]
        assert standing(y2025) == sorted(split["children"])


def test_a_citizen_sees_neither_cameras_nor_who_maintains_a_station(seen: Seen) -> None:
    with twin.open(seen.folder / "twin.duckdb", CITIZEN) as t:
        names = {x.name for x in t.layers()}
        assert not names & {"cameras", "camera_views", "camera_events", "feeders"}
        assert "parcels" in names
        assert t.layer("gauges").layer.field("maintainer") is None


def test_the_second_start_is_quick_and_fills_the_pause(seen: Seen, capsys: pytest.CaptureFixture[str]) -> None:
    with demonstration(seen.folder) as run:
        newest = max(times(get(run.address, "/app/state")["datastreams"]))
        assert timedelta(0) <= datetime.now(UTC) - newest < timedelta(minutes=1)
    with capsys.disabled():
        sys.stdout.write(f"\ndemonstration: first start {seen.first_s:.1f} s, second {run.seconds:.1f} s\n")
    assert run.seconds < seen.first_s
