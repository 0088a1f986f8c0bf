"""One process owns the file; others go through its socket, or are told what to do."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from shapely.geometry import Point
from support import SOURCE, day, staff

import twin
from twin.core import create
from twin.errors import NotFoundError, NoTwinError, StoreBusyError, StoreError
from twin.model.layer import FeatureChange, Layer
from twin.store.embedded.store import EmbeddedStore
from twin.store.remote import Owner, RemoteStore, socket_path

OWNER = """
import sys, threading
from pathlib import Path
from twin.store.embedded.store import EmbeddedStore
from twin.store.remote import Owner
store = EmbeddedStore(Path(sys.argv[1]))
with Owner(store):
    print("ready", flush=True)
    sys.stdin.read()
store.close()
"""
HOLDER = """
import sys
from pathlib import Path
from twin.store.embedded.store import EmbeddedStore
store = EmbeddedStore(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "city.duckdb"
    create(path, {"title": "Thành phố"})
    return path


@pytest.fixture
def started(place: Path) -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()


def start(program: str, place: Path, started: list[subprocess.Popen[str]]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(place)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    started.append(process)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def work(place: Path) -> list[str]:
    with twin.open(place) as t:
        t.store.put_layer(Layer("lamps", "Đèn"))
        t.store.write_features("lamps", [FeatureChange("l1", Point(106.9, 11.5), {"name": "Đèn 1"}, day(0))], SOURCE)
        return [f.properties["name"] for f in t.layer("lamps").features()]


def test_the_same_work_goes_with_and_without_an_owner(place: Path, started: list[subprocess.Popen[str]]) -> None:
    owner = start(OWNER, place, started)
    assert work(place) == ["Đèn 1"]
    owner.communicate()
    assert owner.returncode == 0
    assert work(place) == ["Đèn 1"]
    assert not socket_path(place).exists()


def test_errors_cross_the_socket_as_they_are(place: Path, started: list[subprocess.Popen[str]]) -> None:
    start(OWNER, place, started)
    with twin.open(place) as t, pytest.raises(NotFoundError, match="no layer 'parks'") as caught:
        t.layer("parks")
    assert caught.value.hint


def test_a_file_held_by_a_process_that_does_not_serve_is_refused(
    place: Path, started: list[subprocess.Popen[str]]
) -> None:
    start(HOLDER, place, started)
    with pytest.raises(StoreBusyError, match=r"another process has .* open"):
        twin.open(place)


def test_a_killed_owner_leaves_a_twin_that_opens(place: Path, started: list[subprocess.Popen[str]]) -> None:
    owner = start(OWNER, place, started)
    work(place)
    owner.kill()
    owner.wait()
    assert socket_path(place).exists()
    with twin.open(place) as t:
        assert isinstance(t.store, EmbeddedStore)
        assert len(t.layer("lamps").features()) == 1
        with Owner(t.store):
            assert RemoteStore(place).last_seq() == t.store.last_seq()


def test_an_owner_that_goes_away_is_reported(place: Path, started: list[subprocess.Popen[str]]) -> None:
    owner = start(OWNER, place, started)
    with twin.open(place) as t:
        owner.kill()
        owner.wait()
        with pytest.raises(StoreBusyError, match="went away"):
            t.layers()


def test_many_threads_share_the_owner(place: Path, started: list[subprocess.Popen[str]]) -> None:
    start(OWNER, place, started)
    with twin.open(place) as t:
        t.store.put_layer(Layer("lamps", "Đèn"))

        def write(number: int) -> None:
            t.store.write_features("lamps", [FeatureChange(f"l{number}", Point(106.9, 11.5), {}, day(0))], SOURCE)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert t.store.count_features(staff(), "lamps") == 8


def test_the_socket_is_for_the_same_user_only(place: Path) -> None:
    with twin.open(place) as t, Owner(t.store):
        assert socket_path(place).stat().st_mode & 0o777 == 0o600


def test_a_long_path_still_gets_a_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    create(deep / "city.duckdb")
    with twin.open(deep / "city.duckdb") as t, Owner(t.store):
        assert len(os.fsencode(socket_path(t.store.path))) <= 100
        assert RemoteStore(t.store.path).info()["country"] == "VN"


def test_there_must_be_a_twin(tmp_path: Path) -> None:
    with pytest.raises(NoTwinError, match=r"no twin at .*twin init"):
        twin.open(tmp_path / "nowhere.duckdb")


def test_init_does_not_overwrite(place: Path) -> None:
    with pytest.raises(StoreError, match="exists already"):
        create(place)


def test_a_file_that_is_no_twin_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.duckdb"
    path.write_text("this is no database")
    with pytest.raises(StoreError, match="cannot open"):
        twin.open(path)
