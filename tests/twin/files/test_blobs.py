from __future__ import annotations

import io
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from twin.errors import NotFoundError, TooLargeError
from twin.files.blobs import BLOCK, Files
from twin.files.verifying import verify

# SHA-256 of "abc": FIPS 180-4, example
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "city.files")


@pytest.mark.parametrize("content", [b"abc", io.BytesIO(b"abc"), [b"a", b"", b"bc"], iter([b"ab", b"c"])])
def test_the_same_content_has_the_same_name_however_it_came(files: Files, content: object) -> None:
    assert files.put(content) == ABC
    with files.open(ABC) as kept:
        assert kept.read() == b"abc"
    assert [(b.digest, b.size) for b in files.all()] == [(ABC, 3)]


def test_a_file_that_is_too_large_leaves_nothing(files: Files) -> None:
    with pytest.raises(TooLargeError, match="larger than 10 bytes"):
        files.put([b"123456"] * 2, most=10)
    assert [p.name for p in files.folder.rglob("*") if p.is_file() and p.name != ".lock"] == []


def test_a_write_that_breaks_off_leaves_nothing(files: Files) -> None:
    def broken():
        yield b"x" * BLOCK
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        files.put(broken())
    assert list(files.all()) == []
    assert list(files.folder.glob(".part-*")) == []


def test_what_is_written_part_by_part_appears_whole(files: Files) -> None:
    with files.writer() as writer:
        writer.write(b"ab")
        assert list(files.all()) == []
        writer.write(b"c")
        assert writer.keep() == ABC
    assert files.holds(ABC)


def test_nothing_is_taken_away_while_somebody_copies(files: Files) -> None:
    files.put(b"abc")
    done = threading.Event()

    def remove() -> None:
        assert files.remove([ABC]) == [ABC]
        done.set()

    with files.holding():
        worker = threading.Thread(target=remove)
        worker.start()
        assert files.remove([ABC], wait=False) == []
        assert not done.wait(0.2)
        assert files.holds(ABC)
        assert files.put(b"def")  # keeping goes on
    worker.join(10)
    assert done.is_set()
    assert not files.holds(ABC)


def test_a_file_kept_again_is_not_taken_for_an_old_one(files: Files) -> None:
    files.put(b"abc")
    asked = datetime.now(UTC) - timedelta(seconds=30)
    assert files.remove([ABC], written_before=asked) == []
    assert files.remove([ABC], written_before=datetime.now(UTC) + timedelta(seconds=30)) == [ABC]


def test_opening_what_is_not_kept_is_not_found(files: Files) -> None:
    with pytest.raises(NotFoundError, match="no file"):
        files.open(ABC)


# -- verifying ------------------------------------------------------------------------------------------


def test_everything_is_read_once_then_in_turn(files: Files) -> None:
    for n in range(4):
        files.put(bytes([n]) * 100)
    assert (verify(files, budget=100).looked_at, verify(files, budget=100).looked_at) == (4, 1)
    full = verify(files)
    assert (full.looked_at, full.bytes, full.damaged) == (4, 400, ())


def test_the_longest_unseen_is_next(files: Files) -> None:
    digests = {files.put(bytes([n]) * 100) for n in range(3)}
    start = datetime(2026, 1, 1, tzinfo=UTC)
    verify(files, now=start)
    # Rot that leaves size and time as they were is found when the turn comes: after at most three looks.
    rotten = sorted(digests)[1]
    path = files.path(rotten)
    before = path.stat()
    path.write_bytes(b"?" * 100)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    found = [verify(files, budget=100, now=start + timedelta(days=n)).damaged for n in (1, 2, 3)]
    assert (rotten,) in found


def test_a_changed_file_is_found_at_once_whatever_the_budget(files: Files) -> None:
    digest = files.put(b"abc")
    verify(files)
    files.path(digest).write_bytes(b"abcd")
    assert verify(files, budget=0).damaged == (digest,)
    files.put(b"abc")
    assert verify(files, budget=0).damaged == ()


def test_a_note_that_cannot_be_read_is_no_note(files: Files) -> None:
    digest = files.put(b"abc")
    verify(files)
    (files.folder / digest[:2] / ".checked").write_text("{")
    assert verify(files, budget=0).looked_at == 1
