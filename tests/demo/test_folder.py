"""What the demonstration does with a folder that is not empty."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.demo.runtime import DEFAULT_PORT, choose_port, prepare
from twin.core import create, open_twin
from twin.errors import ConflictError, FormatError, TimeError

NOW = datetime(2026, 11, 23, 14, tzinfo=UTC)


class BrokenOffError(Exception):
    """Stands for Ctrl-C in the middle of a build."""


def break_off(_: str) -> None:
    raise BrokenOffError


def test_a_build_that_was_broken_off_is_begun_again(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(BrokenOffError):
            prepare(tmp_path, now=NOW, say=break_off)
        assert not (tmp_path / "demo.json").exists()
    with open_twin(tmp_path / "twin.duckdb") as t:
        assert t.info()["synthetic"] is True


def test_a_twin_that_is_not_the_demonstrations_is_left_alone(tmp_path: Path) -> None:
    create(tmp_path / "twin.duckdb", {"title": "của người khác"})
    with pytest.raises(ConflictError, match="not the demonstration's"):
        prepare(tmp_path, now=NOW, say=break_off)
    with open_twin(tmp_path / "twin.duckdb") as t:
        assert t.info()["title"] == "của người khác"


def test_a_city_of_another_version_is_moved_aside_with_its_files(tmp_path: Path) -> None:
    create(tmp_path / "twin.duckdb", {"title": "cũ"})
    (tmp_path / "twin.files").mkdir(exist_ok=True)
    (tmp_path / "demo.json").write_text('{"city": 0, "birth": "2026-01-01T00:00:00Z"}', encoding="utf-8")
    with pytest.raises(BrokenOffError):
        prepare(tmp_path, now=NOW, say=break_off)
    aside = tmp_path / "old-0-1"
    assert (aside / "demo.json").is_file()
    assert (aside / "twin.files").is_dir()
    with open_twin(aside / "twin.duckdb") as t:
        assert t.info()["title"] == "cũ"


@pytest.mark.parametrize("note", ["", "[]", '{"city": 1}', '{"city": 1, "birth": "hôm qua"}'])
def test_a_damaged_note_is_refused_by_name(tmp_path: Path, note: str) -> None:
    (tmp_path / "demo.json").write_text(note, encoding="utf-8")
    with pytest.raises((FormatError, TimeError), match=r"demo\.json"):
        prepare(tmp_path, now=NOW, say=break_off)


def test_a_taken_port_is_replaced_by_a_free_one_unless_it_was_asked_for() -> None:
    assert choose_port(18_999) == 18_999
    with socket.socket() as taken:
        try:
            taken.bind(("127.0.0.1", DEFAULT_PORT))
            taken.listen()
        except OSError:
            pass  # taken by another program, which serves as well
        port = choose_port(None)
    assert port != DEFAULT_PORT
    assert port > 1024
