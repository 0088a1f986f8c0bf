"""Reports of cases and jobs: whole, and without what is personal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from case_support import Calendar, Wall, local
from document_support import NOW

from twin.cases.engine import Cases
from twin.cases.personal import VaultData
from twin.cases.reports import Reports
from twin.core import Twin, create, open_twin
from twin.documents.register import issue
from twin.documents.reports import case_report_of, job_report_of, report_of
from twin.errors import NotFoundError, ParameterError
from twin.files.datakeys import SafeSettings
from twin.jobs.model import JobKind
from twin.jobs.queue import Queue
from twin.model.view import CITIZEN, Role, View, Viewer
from twin.types import LonLat

OFFICER = Viewer("hoa", Role.DUTY_OFFICER, person="p-hoa")
WORDS = "Tôi là Trần Thị Bưởi, nhà số 7, bóng đèn trước nhà hỏng"


@pytest.fixture
def t(tmp_path: Path) -> Iterator[Twin]:
    create(tmp_path / "city.duckdb")
    with open_twin(tmp_path / "city.duckdb", OFFICER, safe=SafeSettings()) as opened:
        yield opened


def page_text(t: Twin, digest: str) -> str:
    pdf = pypdfium2.PdfDocument(t.files.path(digest).read_bytes())
    return " ".join("".join(p.get_textpage().get_text_bounded() for p in pdf).split())


def test_a_case_is_told_without_what_is_personal(t: Twin) -> None:
    cases = Cases(t.store, calendar=Calendar(), personal=VaultData(t.vault), now=Wall(local(30)).now)
    sent = Reports(cases, t.vault, t.files).send(CITIZEN, category="CS", text=WORDS, place=LonLat(106.89, 11.535))
    seen = cases.get(OFFICER, sent.case.id).version
    cases.act(OFFICER, sent.case.id, "accept", seen=seen, reason="", changes={"public_text": "Đèn hỏng"})
    made = case_report_of(t, View(OFFICER), {"case": sent.case.id})
    issued = issue(t, made, now=NOW)
    text = page_text(t, issued.pdf)
    for expected in (sent.case.code, "(dữ liệu cá nhân, không in)", "Đèn hỏng", "hoa", "Nhật ký xử lý"):
        assert expected in text, expected
    for personal in ("Trần Thị Bưởi", "nhà số 7"):
        assert personal not in text
        assert personal not in str(issued.canonical)


def test_a_case_that_one_may_not_see_gives_no_report(t: Twin) -> None:
    with pytest.raises(NotFoundError):
        case_report_of(t, View(OFFICER), {"case": "PAHT-2026-000001"})


def test_a_job_is_told_to_who_may_see_it(t: Twin) -> None:
    queue = Queue(t.store, {"dem": JobKind("dem", title="Đếm cột đèn", title_en="Count lamps", run="x:y")})
    job = queue.submit("dem", {"layer": "lamps", "limit": 12}, OFFICER)
    issued = issue(t, job_report_of(t, View(OFFICER), {"job": job.id}), now=NOW)
    text = page_text(t, issued.pdf)
    for expected in ("Báo cáo công việc: Đếm cột đèn", job.id, "đang chờ", "Chưa có kết quả"):
        assert expected in text, expected
    with pytest.raises(NotFoundError):
        job_report_of(t, View(Viewer("khac", Role.PLANNER, person="p-khac")), {"job": job.id})


def one_table(**table: object) -> dict[str, object]:
    return {"title": "x", "sections": [{"title": "a", "blocks": [{"type": "table", **table}]}]}


@pytest.mark.parametrize(
    "inputs",
    [
        {"title": 1},
        {"title": "x", "facts": [["a"]]},
        one_table(head=[], rows=[]),
        one_table(head=["a"], rows=[["1", "2"]]),
        one_table(head=["a"], rows=[], widths=[0]),
        {"title": "x", "summary": "y" * 300_000},
        {"title": " "},
    ],
)  # fmt: skip
def test_a_report_that_is_none_is_refused(t: Twin, inputs: dict) -> None:
    with pytest.raises(ParameterError):
        report_of(t, View(OFFICER), inputs)
