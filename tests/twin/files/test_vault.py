"""Personal data sealed and forgotten, down to the raw bytes on disk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import own_acts

from twin.core import Twin, open_twin
from twin.errors import ConflictError, ForbiddenError, FormatError, NotFoundError, ParameterError, StoreError
from twin.files import ledger
from twin.files.datakeys import SafeSettings
from twin.files.vault import FORGOTTEN
from twin.model.view import Role, Viewer

SECRET = "Trần Thị Bưởi 0912345678"
NOON = datetime(2026, 11, 23, 5, tzinfo=UTC)


def everything_on_disk(folder: Path) -> bytes:
    return b"\n".join(p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file())


def test_what_is_sealed_can_be_read_and_lies_on_disk_unreadable(t: Twin, tmp_path: Path) -> None:
    made = t.vault.seal_json("case:7", {"phone": SECRET}, retention="report_contact", by="test:1")
    assert t.vault.read_json(made.digest) == {"phone": SECRET}
    t.close()
    assert SECRET.encode() not in everything_on_disk(tmp_path)
    assert b"0912345678" not in everything_on_disk(tmp_path)


def test_forgetting_leaves_no_byte_of_the_key_anywhere(t: Twin, tmp_path: Path) -> None:
    made = t.vault.seal("case:7", SECRET.encode(), retention="report_contact", by="test:1")
    wrapped = (t.vault.keys.folder / made.key).read_bytes()
    plain = t.vault.keys.read(made.key)
    assert plain
    assert wrapped in everything_on_disk(tmp_path)
    assert t.forget("case:7", reason="yêu cầu của công dân") == 1
    t.close()
    left = everything_on_disk(tmp_path)
    assert plain not in left
    assert wrapped not in left
    assert wrapped[24:] not in left  # nor the part of it that holds the key
    assert not any(made.digest in str(p) for p in tmp_path.rglob("*"))


def test_what_was_forgotten_is_none_and_leaves_a_tombstone(t: Twin) -> None:
    made = t.vault.seal("case:7", SECRET.encode(), retention="report_contact", by="test:1")
    other = t.vault.seal("case:8", b"other", retention="report_contact", by="test:1")
    t.forget("case:7", reason="yêu cầu")
    assert t.vault.read(made.digest) is None
    assert t.vault.read(other.digest) == b"other"
    (tomb,) = t.store.entries(FORGOTTEN)
    assert tomb.object == tomb.body["class"] == "report_contact"
    assert tomb.body["rule"] == "request: yêu cầu"
    assert tomb.body["time"]
    (entry,) = own_acts(t)
    assert (entry.body["action"], entry.object[:8]) == ("files.forget", "subject:")
    assert "case:7" not in str(entry) + str(tomb)


def test_forgetting_twice_forgets_nothing_more(t: Twin) -> None:
    t.vault.seal("case:7", b"x", retention="report_contact", by="test:1")
    assert [t.forget("case:7", reason="a"), t.forget("case:7", reason="b")] == [1, 0]


def test_what_comes_after_forgetting_has_a_new_key(t: Twin) -> None:
    first = t.vault.seal("case:7", b"x", retention="report_contact", by="test:1", now=NOON)
    t.forget("case:7", reason="a")
    second = t.vault.seal("case:7", b"x", retention="report_contact", by="test:1", now=NOON)
    assert first.key != second.key
    assert (t.vault.read(first.digest), t.vault.read(second.digest)) == (None, b"x")


def test_one_key_a_subject_a_class_and_a_day(t: Twin) -> None:
    def key(subject: str, retention: str, hours: float) -> str:
        return t.vault.seal(subject, b"x", retention=retention, by="test:1", now=NOON + timedelta(hours=hours)).key

    same = {key("case:7", "report_contact", 0), key("case:7", "report_contact", 2)}
    others = [key("case:8", "report_contact", 0), key("case:7", "report_photo", 0), key("case:7", "report_contact", 24)]
    assert len(same) == 1
    assert len({*same, *others}) == 4


def test_a_legal_hold_keeps_data_until_it_is_lifted(t: Twin) -> None:
    made = t.vault.seal("case:7", b"x", retention="report_contact", by="test:1")
    t.hold("case:7", reason="điều tra số 12")
    with pytest.raises(ConflictError, match="điều tra số 12"):
        t.forget("case:7", reason="a")
    assert t.vault.read(made.digest) == b"x"
    t.lift("case:7", reason="xong")
    assert t.forget("case:7", reason="a") == 1
    with pytest.raises(NotFoundError):
        t.lift("case:7", reason="xong")
    assert [e.body["action"] for e in own_acts(t)] == ["files.hold", "files.lift", "files.forget"]


def test_only_administrators_forget_and_only_with_a_reason(t: Twin) -> None:
    officer = t.as_viewer(Viewer("officer", Role.DUTY_OFFICER))
    for act in (officer.forget, officer.hold, officer.lift):
        with pytest.raises(ForbiddenError):
            act("case:7", reason="a")
    with pytest.raises(ForbiddenError):
        officer.apply_retention()
    with pytest.raises(ParameterError, match="reason"):
        t.forget("case:7", reason="  ")


def test_a_class_that_is_not_known_takes_nothing(t: Twin) -> None:
    with pytest.raises(NotFoundError, match="no class of data 'whatever'"):
        t.vault.seal("case:7", b"x", retention="whatever", by="test:1")
    assert list(t.files.all()) == []


def test_a_changed_sealed_file_is_refused(t: Twin) -> None:
    made = t.vault.seal("case:7", b"x" * 100, retention="report_contact", by="test:1")
    path = t.files.path(made.digest)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(FormatError, match="changed or cut short"):
        t.vault.read(made.digest)


def test_a_key_that_is_not_here_is_no_forgotten_value(t: Twin) -> None:
    made = t.vault.seal("case:7", b"x", retention="report_contact", by="test:1")
    (t.vault.keys.folder / made.key).unlink()
    with pytest.raises(StoreError, match="It was not forgotten"):
        t.vault.read(made.digest)


def test_another_master_key_is_named_as_the_reason(t: Twin, tmp_path: Path) -> None:
    made = t.vault.seal("case:7", b"x", retention="report_contact", by="test:1")
    t.close()
    other = SafeSettings("env:M", "", {"M": "another master key of enough length"})
    with (
        open_twin(tmp_path / "city.duckdb", safe=other) as again,
        pytest.raises(StoreError, match="another master key"),
    ):
        again.vault.read(made.digest)


@pytest.mark.parametrize(
    ("reference", "environ", "said"),
    [
        ("0123456789abcdef0123456789abcdef", {}, "by reference only"),
        ("env:M", {}, "is not set"),
        ("env:M", {"M": "short"}, "fewer than 32"),
    ],
)
def test_a_master_key_that_cannot_be_used_is_refused(
    tmp_path: Path, t: Twin, reference: str, environ: dict[str, str], said: str
) -> None:
    t.close()
    safe = SafeSettings(reference, "", environ)
    assert "0123456789abcdef" not in repr(safe)
    with open_twin(tmp_path / "city.duckdb", safe=safe) as again, pytest.raises(ParameterError, match=said):
        again.vault.seal("case:7", b"x", retention="report_contact", by="test:1")


def test_a_lost_master_key_is_not_silently_replaced(tmp_path: Path, t: Twin) -> None:
    t.close()
    own = SafeSettings()
    with open_twin(tmp_path / "city.duckdb", safe=own) as again:
        again.vault.seal("case:7", b"x", retention="report_contact", by="test:1")
        again.keys.destroy("master")
    with open_twin(tmp_path / "city.duckdb", safe=own) as again, pytest.raises(StoreError, match="no master key"):
        again.vault.seal("case:8", b"x", retention="report_contact", by="test:1")


# -- cut off ------------------------------------------------------------------------------------------


def test_a_deletion_cut_off_after_the_ledger_is_completed(t: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    made = t.vault.seal("case:7", b"x", retention="report_contact", by="test:1")
    with monkeypatch.context() as broken:
        broken.setattr(type(t.vault.keys._keys), "destroy", lambda self, name: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            t.forget("case:7", reason="a")
    assert t.vault.read(made.digest) == b"x"  # not forgotten yet, and whoever asked knows
    report = t.apply_retention()
    assert report.completed == 1
    assert t.vault.read(made.digest) is None
    assert t.apply_retention().completed == 0


def test_a_deletion_cut_off_before_the_store_is_forgotten_already(t: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    made = t.vault.seal("case:7", b"x", retention="report_contact", by="test:1")
    with monkeypatch.context() as broken:
        broken.setattr(t.vault, "_entomb", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            t.forget("case:7", reason="a")
    assert t.vault.read(made.digest) is None
    assert t.apply_retention().completed == 1
    assert len(t.store.entries(FORGOTTEN)) == 1


# -- the second place ----------------------------------------------------------------------------------------


def test_the_second_place_has_keys_and_deletions_but_no_master_key(t: Twin, tmp_path: Path) -> None:
    made = t.vault.seal("case:7", b"x", retention="report_contact", by="test:1")
    kept = t.vault.seal("case:8", b"x", retention="report_contact", by="test:1")
    second = t.vault.keys.second
    assert second
    assert (second / made.key).is_file()
    t.forget("case:7", reason="a")
    assert sorted(p.name for p in second.iterdir() if not p.name.startswith(".")) == sorted([kept.key, ledger.NAME])
    assert t.vault.keys.behind() == ""


def test_a_second_place_that_was_away_catches_up(t: Twin, tmp_path: Path) -> None:
    gone = t.vault.seal("case:7", b"x", retention="report_contact", by="test:1")
    second = t.vault.keys.second
    assert second
    away = tmp_path / "away"
    second.parent.rename(away)
    (tmp_path / "second").write_text("not a folder")
    new = t.vault.seal("case:8", b"x", retention="report_contact", by="test:1")
    t.forget("case:7", reason="a")
    assert t.vault.keys.behind()
    assert t.apply_retention().problems
    (tmp_path / "second").unlink()
    away.rename(second.parent)
    assert (second / gone.key).is_file()
    assert "ledger" in t.vault.keys.behind()
    assert t.apply_retention().problems == ()
    assert not (second / gone.key).exists()
    assert (second / new.key).is_file()
    assert t.vault.keys.behind() == ""


def test_a_ledger_that_was_changed_is_noticed(t: Twin) -> None:
    t.vault.seal("case:7", b"x", retention="report_contact", by="test:1")
    t.forget("case:7", reason="a")
    path = t.vault.keys.folder / ledger.NAME
    path.write_text(path.read_text().replace("request: a", "request: b"))
    with pytest.raises(StoreError, match=r"line 1 .* is not what was written"):
        t.vault.keys.deleted()


def test_a_line_cut_off_while_it_was_written_is_no_deletion(tmp_path: Path) -> None:
    one, two = (ledger.deletion(f"{n:032x}", "c", "r", NOON) for n in (1, 2))
    ledger.append(tmp_path, [one])
    with (tmp_path / ledger.NAME).open("a") as file:
        file.write('{"key":"cut o')
    assert ledger.read(tmp_path)[0] == [one]
    ledger.append(tmp_path, [two, one])
    assert ledger.read(tmp_path)[0] == [one, two]


def test_nobody_else_may_read_the_folders_of_keys(t: Twin) -> None:
    t.vault.seal("case:7", b"x", retention="report_contact", by="test:1")
    second = t.vault.keys.second
    assert second
    for folder in (t.keys.folder, t.vault.keys.folder, second):
        assert folder.stat().st_mode & 0o077 == 0
