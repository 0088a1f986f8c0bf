"""Backups: one point in time, every file, no keys; what was forgotten later stays forgotten."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from support import SOURCE, day

from twin.core import Twin, create, open_twin, restore
from twin.errors import StoreError
from twin.files import ledger
from twin.files.datakeys import SafeSettings
from twin.model.layer import Layer, LayerKind, RasterItem
from twin.types import BBox

SECRET = b"0912345678 Tran Thi Buoi"
BOX = BBox(106, 11, 107, 12)


@pytest.fixture
def forgotten(t: Twin, tmp_path: Path) -> tuple[str, str]:
    """Two sealed values, a backup in ``old``, and one of them forgotten after it."""
    gone = t.vault.seal("case:7", SECRET, retention="report_contact", by="case:7").digest
    kept = t.vault.seal("case:8", b"stays", retention="report_contact", by="case:8").digest
    t.backup(tmp_path / "old")
    t.forget("case:7", reason="yêu cầu")
    return gone, kept


def read(path: Path, safe: SafeSettings, *digests: str) -> list[bytes | None]:
    with open_twin(path, safe=safe) as again:
        return [again.vault.read(digest) for digest in digests]


def test_a_backup_holds_no_key(t: Twin, tmp_path: Path, forgotten: tuple[str, str]) -> None:
    t.backup(tmp_path / "new")
    (alive,) = t.vault.key_states()
    wrapped = (t.vault.keys.folder / alive.id).read_bytes()
    for folder in ("old", "new"):
        content = b"\n".join(p.read_bytes() for p in (tmp_path / folder).rglob("*") if p.is_file())
        for secret in (SECRET, wrapped, wrapped[24:], t.vault.keys.read(alive.id), b"0123456789abcdef0123456789abcdef"):
            assert secret not in content


def test_an_old_backup_restored_elsewhere_forgets_again_what_was_forgotten_later(
    t: Twin, tmp_path: Path, safe: SafeSettings, forgotten: tuple[str, str]
) -> None:
    done = restore(tmp_path / "old", tmp_path / "elsewhere" / "new.duckdb", safe=safe)
    assert (done.deletions, done.deletions_known) == (1, True)
    assert read(tmp_path / "elsewhere" / "new.duckdb", safe, *forgotten) == [None, b"stays"]
    with open_twin(tmp_path / "elsewhere" / "new.duckdb", safe=safe) as again:
        assert [e.body["rule"] for e in again.store.entries("forgotten")] == ["request: yêu cầu"]
        last = again.store.entries("audit")[-1].body
        assert (last["action"], last["details"]["deletions"]) == ("files.restore", 1)
        assert again.vault.key_states(subject="case:7") == []
        assert again.broken_files() == []


def test_a_backup_restored_in_the_same_place_finds_its_keys_there(
    t: Twin, tmp_path: Path, forgotten: tuple[str, str]
) -> None:
    alone = SafeSettings("env:M", "", {"M": t.safe.environ["THE_MASTER"]})
    t.close()
    for path in tmp_path.glob("city.duckdb*"):
        path.unlink()
    (tmp_path / "city.files").rename(tmp_path / "lost.files")
    restore(tmp_path / "old", tmp_path / "city.duckdb", safe=alone)
    assert read(tmp_path / "city.duckdb", alone, *forgotten) == [None, b"stays"]


def test_keys_can_be_named(t: Twin, tmp_path: Path, forgotten: tuple[str, str]) -> None:
    alone = SafeSettings("env:M", "", {"M": t.safe.environ["THE_MASTER"]})
    restore(tmp_path / "old", tmp_path / "new.duckdb", safe=alone, keys=tmp_path / "city.keys")
    assert read(tmp_path / "new.duckdb", alone, *forgotten) == [None, b"stays"]


def test_without_the_ledger_nothing_is_restored_unless_said_so(
    t: Twin, tmp_path: Path, forgotten: tuple[str, str]
) -> None:
    alone = SafeSettings("env:M", "", {"M": t.safe.environ["THE_MASTER"]})
    with pytest.raises(StoreError, match="ledger of later deletions is not here"):
        restore(tmp_path / "old", tmp_path / "new.duckdb", safe=alone)
    assert list(tmp_path.glob("*new.duckdb*")) == []
    done = restore(tmp_path / "old", tmp_path / "new.duckdb", safe=alone, without_deletions=True)
    assert done.deletions_known is False
    with open_twin(tmp_path / "new.duckdb", safe=alone) as again:
        assert again.store.entries("audit")[-1].body["details"]["deletions_known"] is False
        # Even so: the keys are not in the backup, so nothing that was forgotten is back.
        with pytest.raises(StoreError, match="is not in"):
            again.vault.read(forgotten[0])


def test_a_ledger_older_than_the_backup_is_not_enough(t: Twin, tmp_path: Path, safe: SafeSettings) -> None:
    second = t.vault.keys.second
    assert second
    t.vault.seal("case:7", b"x", retention="report_contact", by="test:1")
    t.vault.seal("case:8", b"x", retention="report_contact", by="test:1")
    t.forget("case:7", reason="a")
    t.backup(tmp_path / "kept")
    (second / ledger.NAME).unlink()
    with pytest.raises(StoreError, match="ledger of later deletions"):
        restore(tmp_path / "kept", tmp_path / "new" / "city.duckdb", safe=safe)


def test_a_twin_without_personal_data_needs_no_ledger(tmp_path: Path) -> None:
    create(tmp_path / "plain.duckdb")
    with open_twin(tmp_path / "plain.duckdb", safe=SafeSettings()) as plain:
        assert plain.backup(tmp_path / "kept").keys == 0
    assert restore(tmp_path / "kept", tmp_path / "again.duckdb", safe=SafeSettings()).deletions_known


def test_files_written_while_it_is_copied_are_all_there(t: Twin, tmp_path: Path) -> None:
    layer = Layer("depth", "Độ sâu", kind=LayerKind.RASTER, geometry_type="")
    stop, started = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            digest = t.files.put(b"%d" % number * 1000)
            item = RasterItem("depth", digest, "EPSG:4326", BOX, day(number), None, "m", 0.0, 1.0)
            t.store.put_rasters([item], SOURCE, define=[layer])
            number += 1
            if number > 5:
                started.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert started.wait(30)
        made = [t.backup(tmp_path / f"kept{n}") for n in range(3)]
    finally:
        stop.set()
        writer.join(30)
    assert all(m.broken == () for m in made)
    assert made[0].seq < made[1].seq < made[2].seq
    restore(tmp_path / "kept1", tmp_path / "again.duckdb")
    with open_twin(tmp_path / "again.duckdb") as again:
        assert again.broken_files() == []


def test_a_backup_without_its_list_was_not_finished(t: Twin, tmp_path: Path) -> None:
    t.backup(tmp_path / "kept")
    (tmp_path / "kept" / "manifest.json").unlink()
    with pytest.raises(StoreError, match="was not finished"):
        restore(tmp_path / "kept", tmp_path / "new.duckdb")


def test_a_file_added_to_the_list_only_is_refused(t: Twin, tmp_path: Path) -> None:
    t.backup(tmp_path / "kept")
    path = tmp_path / "kept" / "manifest.json"
    body = json.loads(path.read_text())
    body["files"]["ab" * 32] = 3
    path.write_text(json.dumps(body))
    with pytest.raises(StoreError, match="1 files are damaged or missing"):
        restore(tmp_path / "kept", tmp_path / "new.duckdb")


def test_losses_before_the_backup_are_named_and_can_be_accepted(t: Twin, tmp_path: Path) -> None:
    digest = t.files.put(b"grid")
    layer = Layer("depth", "Độ sâu", kind=LayerKind.RASTER, geometry_type="")
    item = RasterItem("depth", digest, "EPSG:4326", BOX, day(0), None, "m", 0.0, 1.0)
    t.store.put_rasters([item], SOURCE, define=[layer])
    t.files.path(digest).write_bytes(b"rotten")
    assert t.backup(tmp_path / "kept").broken == (digest,)
    with pytest.raises(StoreError, match="so already when it was taken"):
        restore(tmp_path / "kept", tmp_path / "new.duckdb")
    assert restore(tmp_path / "kept", tmp_path / "new.duckdb", with_losses=True).lost == (digest,)
