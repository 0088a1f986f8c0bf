"""Reports of what the engines of the house keep: cases, jobs, and what a person puts together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.cases.case import Case, Step
from twin.cases.kind import CaseKind
from twin.core import Twin
from twin.documents.content import Block, Content, Facts, Paragraph, Section, Table
from twin.documents.wording import day_time, number, plain
from twin.errors import ParameterError
from twin.jobs.model import Job, JobState
from twin.jobs.queue import Queue
from twin.model.view import View
from twin.types import Json

_MOST_TEXT = 200_000
_JOB_STATES = {
    JobState.ACCEPTED: "đang chờ",
    JobState.RUNNING: "đang chạy",
    JobState.SUCCESSFUL: "thành công",
    JobState.FAILED: "không thành công",
    JobState.DISMISSED: "đã dừng",
}


def report_of(t: Twin, view: View, inputs: Mapping[str, Any]) -> Content:
    """A report whose text is given: ``title``, ``subtitle``, ``summary``, ``facts``, ``sections``, ``sources``.

    A section is ``{"title", "blocks": [{"type": "paragraph", "text", "tone"?} | {"type": "table", "head", "rows",
    "widths"?, "numbers"?} | {"type": "facts", "items"}]}``.
    """
    resolved = t.store.resolve(view)
    assert resolved.at is not None
    assert resolved.known_at is not None
    if len(str(inputs)) > _MOST_TEXT:
        raise ParameterError("the report is too long", where="inputs", hint=f"At most {_MOST_TEXT} characters.")
    sections = _list(inputs.get("sections", []), "sections")
    return Content(
        "report",
        _text(inputs, "title"),
        resolved.at,
        resolved.known_at,
        subtitle=_text(inputs, "subtitle"),
        summary=_text(inputs, "summary"),
        facts=_pairs(inputs.get("facts", []), "facts"),
        sections=tuple(_section(s, f"sections[{i}]") for i, s in enumerate(sections)),
        sources=tuple(_texts(inputs.get("sources", []), "sources")),
    )


def _section(given: Any, where: str) -> Section:
    if not isinstance(given, dict) or not isinstance(given.get("title"), str):
        raise ParameterError("a section has a title and blocks", where=where)
    blocks = _list(given.get("blocks", []), f"{where}.blocks")
    return Section(given["title"], tuple(_block(b, f"{where}.blocks[{i}]") for i, b in enumerate(blocks)))


def _block(given: Any, where: str) -> Block:
    kind = given.get("type") if isinstance(given, dict) else None
    if kind == "paragraph":
        return Paragraph(_text(given, "text"), _text(given, "tone"))
    if kind == "facts":
        return Facts(_pairs(given.get("items", []), where))
    if kind == "table":
        head = tuple(_texts(given.get("head", []), f"{where}.head"))
        rows = tuple(tuple(_texts(row, f"{where}.rows")) for row in _list(given.get("rows", []), f"{where}.rows"))
        widths = tuple(_numbers(given.get("widths", []), f"{where}.widths"))
        if not head or (widths and (len(widths) != len(head) or min(widths) <= 0)):
            raise ParameterError("a table has heads, and as many positive widths or none", where=where)
        columns = tuple(int(n) for n in _numbers(given.get("numbers", []), f"{where}.numbers"))
        return Table(head, rows, widths, columns)
    raise ParameterError(f"{kind!r} is no block", where=where, hint="Use paragraph, table or facts.")


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str):
        raise ParameterError(f"{value!r} is not a text", where=name)
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise ParameterError("not a list", where=where)
    return value


def _texts(value: Any, where: str) -> list[str]:
    if not all(isinstance(item, str) for item in _list(value, where)):
        raise ParameterError("not a list of texts", where=where)
    return list(value)


def _numbers(value: Any, where: str) -> list[float]:
    if not all(isinstance(item, int | float) and not isinstance(item, bool) for item in _list(value, where)):
        raise ParameterError("not a list of numbers", where=where)
    return list(value)


def _pairs(value: Any, where: str) -> tuple[tuple[str, str], ...]:
    pairs = [_texts(item, where) for item in _list(value, where)]
    if any(len(pair) != 2 for pair in pairs):
        raise ParameterError("not a list of names with values", where=where)
    return tuple((name, said) for name, said in pairs)


# -- cases --------------------------------------------------------------------------------------------------------


def case_report_of(t: Twin, view: View, inputs: Mapping[str, Any]) -> Content:
    """A case: its form without personal fields, its state, clocks and log. Who may not see the case gets no report."""
    resolved = t.store.resolve(view)
    assert resolved.at is not None
    assert resolved.known_at is not None
    cases = t.cases
    found = cases.get(resolved.viewer, _text(inputs, "case"))
    kind = cases.kind_of(found)
    steps = cases.log(resolved.viewer, found.id)
    return Content(
        "case_report",
        f"Báo cáo hồ sơ {found.code}",
        resolved.at,
        resolved.known_at,
        title_en=f"Report of case {found.code}",
        subtitle=found.title,
        facts=_case_facts(found, kind),
        sections=(
            Section("Nội dung", (Facts(_form(found, kind)),)),
            Section("Thời hạn", (_clocks(found, kind),)),
            Section("Nhật ký xử lý", (_log(steps, kind),)),
        ),
        data={"case": found.id, "version": found.version, "kind": found.kind, "kind_version": found.kind_version},
        data_date=found.changed,
    )


def _case_facts(case: Case, kind: CaseKind) -> tuple[tuple[str, str], ...]:
    state = kind.state(case.state)
    return (
        ("Loại hồ sơ", f"{kind.title or kind.name} (phiên bản {case.kind_version})"),
        ("Trạng thái", state.title if state is not None and state.title else case.state),
        ("Mở lúc", day_time(case.opened)),
        ("Thay đổi gần nhất", day_time(case.changed)),
        ("Người phụ trách", case.assigned.name or case.assigned.person if case.assigned else "chưa giao"),
    )


def _form(case: Case, kind: CaseKind) -> tuple[tuple[str, str], ...]:
    rows: list[tuple[str, str]] = []
    for field in {field.name: field for field in kind.fields}.values():
        if field.personal:
            rows.append((field.title or field.name, "(dữ liệu cá nhân, không in)"))
        elif case.body.get(field.name) is not None:
            rows.append((field.title or field.name, _shown(case.body[field.name])))
    return tuple(rows)


def _clocks(case: Case, kind: CaseKind) -> Table:
    titles = {clock.name: clock.title or clock.name for clock in kind.clocks}
    phases = {"running": "đang tính", "stopped": "tạm dừng", "met": "đúng hạn", "missed": "quá hạn"}
    rows = tuple((titles.get(n, n), phases.get(c.phase.value, c.phase.value)) for n, c in sorted(case.clocks.items()))
    return Table(("Thời hạn", "Tình trạng"), rows, widths=(3, 2), empty="Hồ sơ này không có thời hạn đang tính.")


def _log(steps: Sequence[Step], kind: CaseKind) -> Table:
    moves = {move.name: move.title or move.name for move in kind.transitions}
    acts = {
        "open": "mở hồ sơ", "approval": "chấp thuận", "assign": "giao việc", "note": "ghi chú",
        "attach": "đính kèm tệp", "link": "liên kết", "clock": "thời hạn", "migrate": "chuyển phiên bản loại hồ sơ",
    }  # fmt: skip
    rows = tuple(
        (
            str(step.number),
            day_time(step.time),
            step.who.name or step.who.person or step.role,
            moves.get(step.transition, step.transition) or acts.get(step.act, step.act),
            step.reason or step.note or "–",
        )
        for step in steps
    )
    return Table(("Số", "Lúc", "Người", "Việc", "Lý do, ghi chú"), rows, widths=(0.6, 1.8, 2, 2.2, 4))


# -- jobs ---------------------------------------------------------------------------------------------------------


def job_report_of(t: Twin, view: View, inputs: Mapping[str, Any]) -> Content:
    """A job: what was asked, how it ended, what came out. Who may not see the job gets no report."""
    resolved = t.store.resolve(view)
    assert resolved.at is not None
    assert resolved.known_at is not None
    job = Queue(t.store, {}).seen_by(resolved.viewer, _text(inputs, "job"))
    return Content(
        "job_report",
        f"Báo cáo công việc: {job.title}",
        resolved.at,
        resolved.known_at,
        title_en=f"Report of a job: {job.title_en or job.title}",
        facts=_job_facts(job),
        sections=(
            Section("Yêu cầu", (Facts(tuple((name, _shown(value)) for name, value in sorted(job.inputs.items()))),)),
            Section("Kết quả", (_result(job),)),
        ),
        data={"job": job.id, "kind": job.kind},
        data_date=job.finished or job.created,
    )


def _job_facts(job: Job) -> tuple[tuple[str, str], ...]:
    return (
        ("Mã công việc", job.id),
        ("Loại", job.kind),
        ("Người yêu cầu", job.by.name),
        ("Tình trạng", _JOB_STATES[job.state]),
        ("Yêu cầu lúc", day_time(job.created)),
        ("Bắt đầu", day_time(job.started) if job.started else "chưa"),
        ("Kết thúc", day_time(job.finished) if job.finished else "chưa"),
        ("Lần chạy", number(job.attempt)),
    )


def _result(job: Job) -> Block:
    if job.problem is not None:
        return Paragraph(job.problem.message, "warning")
    if not job.result:
        return Paragraph("Chưa có kết quả.", "note")
    return Facts(tuple((name, _shown(value)) for name, value in sorted(job.result.items())))


def _shown(value: Json) -> str:
    if isinstance(value, bool):
        return "có" if value else "không"
    if value is None:
        return "–"
    if isinstance(value, int | float):
        return plain(value)
    if isinstance(value, list):
        said = ", ".join(_shown(item) for item in value[:20])
        return f"{said} … ({len(value)})" if len(value) > 20 else said or "–"
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_shown(item)}" for name, item in value.items()) or "–"
    return value if len(value) <= 2000 else f"{value[:2000]}…"
