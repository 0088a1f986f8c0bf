"""The reports of the demonstration city: every state, duplicates, nothing personal in public."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from api.demo.field_reports import OFFICER, STORIES, put_reports
from twin.cases.field_report import KIND
from twin.cases.reports import Reports
from twin.core import create, open_twin

BIRTH = datetime(2026, 11, 20, 9, tzinfo=UTC)  # a Friday, 16:00 in Viet Nam


def test_the_citys_reports_show_a_visitor_everything(tmp_path: Path) -> None:
    create(tmp_path / "city.duckdb")
    with open_twin(tmp_path / "city.duckdb") as t:
        assert put_reports(t, BIRTH) == len(STORIES)
        reports = Reports(t.cases, t.vault, t.files)
        found = [reports.status(record.key) for record in t.store.records("case")]
        states = Counter(str(status["state"]) for status in found)
        assert {*states} == {s.name for s in KIND.states} - {"accepted", "closed"}
        assert states["new"] == 4
        assert max(int(str(status["duplicates"])) for status in found) == 2
        public = str(reports.public())
        for story in STORIES:
            assert story.text not in public
            assert not story.contact or story.contact not in public
        shown = [status for status in found if status["photos"]]
        assert len(shown) == 1
        photos = [photo for status in found for photo in reports.photos(OFFICER, str(status["code"]))]
        assert sorted(photo.file is None for photo in photos) == [False, True]
        plates = [b for b in reports.photos(OFFICER, str(shown[0]["code"]))[0].boxes if b.what == "plate"]
        assert plates
        log = t.store.entries(f"case:{shown[0]['code']}")
        assert log[0].body["time"] < log[-1].body["time"] <= "2026-11-20T09"
