"""Commands and route of kept files, retention and forgetting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.cli import run
from twin.core import create, open_twin


@pytest.fixture
def city(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THE_MASTER", "0123456789abcdef0123456789abcdef")
    monkeypatch.setenv("TWIN_MASTER_KEY", "env:THE_MASTER")
    monkeypatch.setenv("TWIN_DELETIONS", str(tmp_path / "second"))
    create(tmp_path / "twin.duckdb")
    return tmp_path / "twin.duckdb"


@pytest.fixture
def twin(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*words: str, status: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert run([*words, "--json"]) == status
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    return call


def seal(city: Path, subject: str, retention: str = "report_contact") -> str:
    with open_twin(city) as t:
        return t.vault.seal(subject, b"0912345678", retention=retention, by=subject).digest


def read(city: Path, digest: str) -> bytes | None:
    with open_twin(city) as t:
        return t.vault.read(digest)


def test_a_subject_is_forgotten_by_command(city: Path, twin: Any) -> None:
    digest = seal(city, "case:7")
    assert read(city, digest) == b"0912345678"
    assert twin("forget", "case:7", "--reason", "yêu cầu")["keys"] == 1
    assert read(city, digest) is None
    assert twin("forget", "case:7", "--reason", "yêu cầu", status=1)["keys"] == 0
    assert "0912345678" not in json.dumps(twin("audit", "search"))


def test_a_hold_stands_against_forgetting(city: Path, twin: Any) -> None:
    digest = seal(city, "case:7")
    twin("retention", "hold", "case:7", "--reason", "điều tra")
    assert twin("forget", "case:7", "--reason", "x", status=2)["type"] == "urn:twin:problem:conflict"
    twin("retention", "lift", "case:7", "--reason", "xong")
    twin("forget", "case:7", "--reason", "x")
    assert read(city, digest) is None


def test_a_rule_is_changed_shown_and_applied(city: Path, twin: Any) -> None:
    digest = seal(city, "batch:cam-7", "raw_video")
    twin("retention", "set", "raw_video", "--days", "0", "--rule", "QĐ 12", "--reason", "thử")
    shown = {c["name"]: c for c in twin("retention", "show")["classes"]}["raw_video"]
    assert (shown["days"], shown["rule"], shown["held"]) == (0, "QĐ 12", 1)
    report = twin("retention", "apply", "--at", "2099-01-01T00:00:00Z")
    assert {c["name"]: c["forgotten"] for c in report["classes"]}["raw_video"] == 1
    assert read(city, digest) is None
    assert {c["name"]: c["forgotten"] for c in twin("retention", "show")["classes"]}["raw_video"] == 1


def test_damaged_and_lost_files_are_found_and_unused_ones_taken_away(city: Path, twin: Any) -> None:
    digest = seal(city, "case:7")
    assert twin("files", "check")["ok"] is True
    with open_twin(city) as t:
        t.files.path(digest).unlink()
        damaged = t.files.put(b"x")
        t.files.path(damaged).write_bytes(b"y")
    found = twin("files", "check", status=1)
    assert found["missing"] == [{"file": digest, "by": ["case:7", "file:report_contact"]}]
    assert found["damaged"] == [damaged]
    assert twin("files", "gc") == {"removed": 0, "bytes": 0, "kept": 1}


def test_a_restored_backup_forgets_again(city: Path, twin: Any, tmp_path: Path) -> None:
    digest = seal(city, "case:7")
    assert twin("backup", "kept")["keys"] == 1
    twin("forget", "case:7", "--reason", "yêu cầu")
    done = twin("restore", "kept", "--store", "again.duckdb")
    assert (done["deletions"], done["deletions_known"]) == (1, True)
    assert read(tmp_path / "again.duckdb", digest) is None


def test_a_restore_without_the_ledger_must_be_said(
    city: Path, twin: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(city, "case:7")
    twin("backup", "kept")
    monkeypatch.delenv("TWIN_DELETIONS")
    refused = twin("restore", "kept", "--store", "again.duckdb", status=2)
    assert "--no-deletions-known" in refused["hint"]
    assert twin("restore", "kept", "--store", "again.duckdb", "--no-deletions-known")["deletions_known"] is False


def test_doctor_speaks_of_keys_and_deletions(city: Path, twin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seal(city, "case:7")

    def check() -> dict[str, Any]:
        return next(c for c in twin("doctor")["checks"] if c["name"] == "personal_data")

    assert check()["state"] == "ok"
    monkeypatch.delenv("TWIN_DELETIONS")
    assert (check()["state"], "second place" in check()["text_en"]) == ("warning", True)
