"""Killed, or out of disk: nothing committed is missing, nothing half-written is visible."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support import SOURCE, citizen, staff

from twin.core import create
from twin.errors import StoreError
from twin.files.blobs import Files
from twin.model.layer import FeatureChange, Layer
from twin.model.record import Append, Put
from twin.model.view import Access
from twin.store.base import Store
from twin.store.embedded.schema import ADDED
from twin.store.embedded.store import EmbeddedStore

WRITER = """
import sys
from pathlib import Path
from shapely.geometry import Point
from twin.model.layer import FeatureChange, Layer, Source
from twin.store.embedded.store import EmbeddedStore
from twin.types import BEGINNING
store = EmbeddedStore(Path(sys.argv[1]))
store.put_layer(Layer("lamps", "Lamps"))
start = int(sys.argv[2])
for batch in range(start, start + 10_000):
    changes = [
        FeatureChange(f"{batch}-{n}", Point(106.9, 11.5), {"batch": batch, "pad": "x" * 500}, BEGINNING)
        for n in range(40)
    ]
    store.write_features("lamps", changes, Source("user", "test"))
    print(batch, flush=True)
"""
LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (6_000_000, 6_000_000))
from twin.errors import StorageFullError
program = sys.argv[1]
sys.argv = sys.argv[1:]
try:
    exec(program)
except StorageFullError as exc:
    print("full:", exc, flush=True)
"""


def batches(path: Path) -> dict[int, int]:
    """How many features of each batch a reopened store holds."""
    store = EmbeddedStore(path)
    try:
        assert store.check()["problems"] == []
        found: dict[int, int] = {}
        for feature in store.features(staff(), "lamps", geometry=False):
            found[feature.properties["batch"]] = found.get(feature.properties["batch"], 0) + 1
        return found
    finally:
        store.close()


def test_a_writer_killed_at_any_moment_loses_nothing_it_had_committed(tmp_path: Path) -> None:
    path = tmp_path / "city.duckdb"
    create(path)
    chance = random.Random(11)
    said: list[int] = []
    for attempt in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(attempt * 10_000)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        said.append(int(writer.stdout.readline()))
        time.sleep(chance.uniform(0.0, 0.4))
        writer.kill()
        rest, _ = writer.communicate()
        said += [int(line) for line in rest.split("\n")[:-1]]
        held = batches(path)
        assert set(said) <= set(held)
        assert set(held.values()) == {40}
        assert len(held) <= len(said) + attempt + 1


def test_a_full_disk_is_reported_and_leaves_whole_batches(tmp_path: Path) -> None:
    path = tmp_path / "city.duckdb"
    create(path)
    run = subprocess.run(
        [sys.executable, "-c", LIMITED, WRITER, str(path), "0"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = run.stdout.splitlines()
    assert "full: the disk holding" in lines[-1], run.stderr
    held = batches(path)
    assert set(map(int, lines[:-1])) <= set(held)
    assert set(held.values()) == {40}


def test_a_file_is_kept_whole_or_not_at_all(tmp_path: Path) -> None:
    source = tmp_path / "model.ifc"
    source.write_bytes(b"x" * 3_000_000)
    program = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        "from pathlib import Path\n"
        "from twin.errors import StorageFullError\n"
        "from twin.files.blobs import Files\n"
        "try:\n"
        "    Files(Path(sys.argv[1])).put(Path(sys.argv[2]))\n"
        "except StorageFullError as exc:\n"
        "    print(exc)\n"
    )
    kept = tmp_path / "city.files"
    run = subprocess.run(
        [sys.executable, "-c", program, str(kept), str(source)], capture_output=True, text=True, check=True, timeout=60
    )
    assert "is full; nothing was kept" in run.stdout
    assert [p for p in kept.rglob("*") if p.is_file()] == []


def test_the_same_content_is_kept_once(tmp_path: Path) -> None:
    files = Files(tmp_path / "city.files")
    source = tmp_path / "a"
    source.write_bytes(b"content")
    assert files.put(source) == files.put(b"content")
    assert files.path(files.put(b"content")).read_bytes() == b"content"


@pytest.mark.parametrize("digest", ["../../etc/passwd", "ABC", "0" * 63])
def test_a_file_is_named_by_its_hash_alone(tmp_path: Path, digest: str) -> None:
    with pytest.raises(Exception, match="is not a SHA-256"):
        Files(tmp_path).path(digest)


def test_a_backup_is_a_twin_as_of_one_commit(tmp_path: Path) -> None:
    path = tmp_path / "city.duckdb"
    create(path, {"title": "Thành phố"})
    store = EmbeddedStore(path)
    seq = store.last_seq()
    store.backup(tmp_path / "kept")
    store.put_info({"title": "Khác"})
    store.close()
    copy = EmbeddedStore(tmp_path / "kept" / "twin.duckdb")
    assert (copy.info()["title"], copy.last_seq()) == ("Thành phố", seq)
    copy.close()


def test_a_twin_of_the_first_schema_is_brought_up_to_date_when_opened(open_store: Callable[[], Store]) -> None:
    store = open_store()
    store.put_layer(Layer("parcels", "Thửa đất", access=Access.PUBLIC))
    store.write_features("parcels", [FeatureChange("p", None, {"purpose": "CQP"})], SOURCE)
    with store.db.transaction() as tx:  # type: ignore[attr-defined]
        for table in (name for names in ADDED.values() for name in names):
            tx.execute(f"DROP TABLE {table}")
        tx.execute("DELETE FROM meta WHERE key = 'judged_by'")
        tx.execute("UPDATE meta SET value = '1' WHERE key = 'schema'")
    store = open_store()
    store.write_records([Put("case", "c", {}), Append("case:c", {})])
    store = open_store()
    assert store.record("case", "c").version == 1
    assert (store.count_features(staff(), "parcels"), store.count_features(citizen(), "parcels")) == (1, 0)


def test_a_twin_of_a_later_program_is_refused(open_store: Callable[[], Store]) -> None:
    with open_store().db.transaction() as tx:  # type: ignore[attr-defined]
        tx.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    with pytest.raises(StoreError, match="schema version 99"):
        open_store()
