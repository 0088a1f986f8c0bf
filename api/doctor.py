"""How the twin is: one list of checks for the command, the page and whoever watches from outside.

A room adds its own: a function of :class:`Patient` that gives checks, in :data:`EXAMINATIONS`. A check that cannot be
made says ``unknown``, never ``ok``; nothing in its text is a secret.
"""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from api.access import decide_mode
from api.settings import Settings
from twin.access import audit
from twin.access.desk import desk_of
from twin.core import Twin
from twin.errors import ParameterError, TwinError
from twin.jobs.model import RECORD, Job, JobState
from twin.jobs.queue import Queue
from twin.law.book import Law
from twin.law.calendar import CALENDAR_ID
from twin.law.rule import State as RuleState
from twin.law.rule import day_of
from twin.model.record import Range
from twin.store.remote import RemoteStore
from twin.types import Freshness, Json, format_time

_MANY = 10_000
_LITTLE_BYTES = 2 << 30
_LITTLE_SHARE = 0.05
_DAY, _STUCK, _LONG_WAIT = timedelta(days=1), timedelta(seconds=30), timedelta(hours=1)
_READ_BYTES = 256 << 20
"""How much of the kept files is read again at each examination; all of them in turn."""


class State(StrEnum):
    """How a check came out. Only ``bad`` makes the twin unhealthy."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    title: str
    title_en: str
    state: State
    text: str
    text_en: str
    hint: str = ""
    hint_en: str = ""
    figures: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined. ``connectors`` is the state of ingestion where it runs in this process, else ``None``."""

    twin: Twin
    settings: Settings
    connectors: dict[str, Json] | None = None
    failing: dict[str, str] | None = None
    """Chores of the running server that fail; ``None`` where no server runs in this process."""


Examination = Callable[[Patient], Iterator[Check]]


def examine(patient: Patient) -> dict[str, Any]:
    """Make every check; ``{"ok", "checks"}``. One that fails is itself a finding and stops no other."""
    checks: list[Check] = []
    for examination in EXAMINATIONS:
        try:
            checks += examination(patient)
        except TwinError as exc:
            name = examination.__name__
            checks.append(Check(name, name, name, State.BAD, f"Không kiểm tra được: {exc}", f"Could not look: {exc}"))
    return {"ok": all(check.state is not State.BAD for check in checks), "checks": [asdict(c) for c in checks]}


def store(patient: Patient) -> Iterator[Check]:
    """The store's own invariants and sizes."""
    found = patient.twin.store.check()
    problems = [str(problem) for problem in _list(found.get("problems"))]
    reached = "through its owner" if isinstance(patient.twin.store, RemoteStore) else "directly"
    yield Check(
        "store",
        "Kho dữ liệu",
        "Store",
        State.BAD if problems else State.OK,
        "; ".join(problems) or f"{found.get('commits')} lần ghi, {_size(found.get('bytes'))}",
        "; ".join(problems) or f"{found.get('commits')} commits, {_size(found.get('bytes'))}",
        "Phục hồi bản sao lưu gần nhất sang chỗ khác rồi so sánh." if problems else "",
        "Restore the last backup into a new twin and compare." if problems else "",
        {"place": str(patient.twin.store.path), "reached": reached, **found},
    )


def disk(patient: Patient) -> Iterator[Check]:
    """Room on the disk of the store."""
    usage = shutil.disk_usage(patient.twin.store.path.resolve().parent)
    is_little = usage.free < max(_LITTLE_BYTES, _LITTLE_SHARE * usage.total)
    yield Check(
        "disk",
        "Ổ đĩa",
        "Disk",
        State.WARNING if is_little else State.OK,
        f"còn {_size(usage.free)} của {_size(usage.total)}",
        f"{_size(usage.free)} of {_size(usage.total)} free",
        "Dọn bớt: đầy đĩa thì không ghi thêm được." if is_little else "",
        "Free some space: when the disk is full nothing more is written." if is_little else "",
        {"free_bytes": usage.free, "total_bytes": usage.total},
    )


def files(patient: Patient) -> Iterator[Check]:
    """Files whose content changed or that are missing."""
    broken = patient.twin.broken_files(budget=_READ_BYTES)
    yield Check(
        "files",
        "Tệp lưu giữ",
        "Kept files",
        State.BAD if broken else State.OK,
        f"{len(broken)} tệp hỏng hoặc mất" if broken else "đủ và nguyên vẹn",
        f"{len(broken)} files are damaged or missing" if broken else "complete and unchanged",
        "Lấy lại từ bản sao lưu." if broken else "",
        "Bring them back from a backup." if broken else "",
        {"broken": [*broken[:20]]},
    )


def access(patient: Patient) -> Iterator[Check]:
    """Whether the server would start as it is configured, and for whom it is open."""
    place = f"{patient.settings.http_host}:{patient.settings.http_port}"
    title, title_en = "Quyền truy cập", "Access"
    try:
        desk = desk_of(patient.twin.store, patient.twin.keys)
        mode = decide_mode(patient.settings, has_accounts=desk.accounts.any()).value
    except ParameterError as exc:
        yield Check("access", title, title_en, State.BAD, str(exc), str(exc), figures={"mode": "refused"})
        return
    yield Check(
        "access",
        title,
        title_en,
        State.WARNING if mode == "open" else State.OK,
        f"chế độ {'mở: ai ở máy này cũng xem và ghi được' if mode == 'open' else 'đóng'}, nghe tại {place}",
        f"{mode}{': whoever is on this machine may read and write' if mode == 'open' else ''}, listens at {place}",
        "Đặt TWIN_ACCESS=closed và thêm người dùng trước khi cho người khác vào." if mode == "open" else "",
        "Set TWIN_ACCESS=closed and add people before others may reach it." if mode == "open" else "",
        {"mode": mode, "listens": place},
    )


def keys(patient: Patient) -> Iterator[Check]:
    """Whether only their owner may read the twin's own keys."""
    folder = patient.twin.keys.folder
    is_private = not folder.exists() or not folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    yield Check(
        "keys",
        "Khóa của hệ thống",
        "Keys",
        State.OK if is_private else State.BAD,
        f"{len(patient.twin.keys.names())} khóa" if is_private else "người khác đọc được thư mục khóa",
        f"{len(patient.twin.keys.names())} keys" if is_private else "others may read the folder of keys",
        "" if is_private else f"Chạy: chmod 700 {folder}",
        "" if is_private else f"Run: chmod 700 {folder}",
    )


def personal_data(patient: Patient) -> Iterator[Check]:
    """Whether the second place of keys and deletions follows, and no deletion was cut off."""
    keys = patient.twin.vault.keys
    behind, cut = keys.behind(), keys.ids() & keys.deleted().keys()
    nowhere = keys.second is None and bool(keys.ids())
    text = (
        f"{len(cut)} lần xóa chưa xong" if cut
        else f"nơi thứ hai chưa theo kịp: {behind}" if behind
        else "chưa có nơi thứ hai cho khóa" if nowhere
        else f"{len(keys.ids())} khóa"
    )  # fmt: skip
    text_en = (
        f"{len(cut)} deletions were cut off" if cut
        else f"the second place is behind: {behind}" if behind
        else "no second place for the keys" if nowhere
        else f"{len(keys.ids())} keys"
    )  # fmt: skip
    is_odd = bool(cut) or bool(behind)
    yield Check(
        "personal_data",
        "Dữ liệu cá nhân",
        "Personal data",
        State.BAD if cut else State.WARNING if behind or nowhere else State.OK,
        text,
        text_en,
        "Chạy: twin retention apply" if is_odd else "Đặt TWIN_DELETIONS trên ổ đĩa khác." if nowhere else "",
        "Run: twin retention apply" if is_odd else "Set TWIN_DELETIONS to a folder on another disk." if nowhere else "",
        {"keys": len(keys.ids()), "deletions": len(keys.deleted())},
    )


def datastreams(patient: Patient) -> Iterator[Check]:
    """How fresh what the devices say is."""
    states = patient.twin.store.latest(patient.twin.view())
    counted = {f.value: sum(s.freshness is f for s in states) for f in Freshness}
    quiet = counted[Freshness.STALE.value] + counted[Freshness.MISSING.value]
    yield Check(
        "datastreams",
        "Thiết bị đo",
        "Datastreams",
        State.WARNING if quiet else State.OK,
        f"{quiet} trong {len(states)} luồng không còn mới" if quiet else f"{len(states)} luồng, đều mới",
        f"{quiet} of {len(states)} are stale or missing" if quiet else f"{len(states)}, all fresh",
        "Xem luồng nào: twin state" if quiet else "",
        "See which with: twin state" if quiet else "",
        dict(counted),
    )


def ingestion(patient: Patient) -> Iterator[Check]:
    """Connectors, the balance of their counters and what waits in quarantine."""
    t = patient.twin
    waiting = t.store.quarantined(t.view(), limit=_MANY)
    unbalanced = [name for name, receipt in t.store.counters(t.view()).items() if not receipt.balanced]
    yield Check(
        "counters",
        "Số liệu tiếp nhận",
        "Counters of ingestion",
        State.BAD if unbalanced else State.OK,
        f"không khớp: {', '.join(unbalanced)}" if unbalanced else "khớp: nhận = lưu + sửa + trùng + cách ly",
        f"do not add up: {', '.join(unbalanced)}" if unbalanced else "add up: all that was received is accounted for",
    )
    yield Check(
        "quarantine",
        "Cách ly",
        "Quarantine",
        State.WARNING if waiting else State.OK,
        f"{len(waiting)} bản tin" if waiting else "trống",
        f"{len(waiting)} messages" if waiting else "empty",
        "Sửa nguyên nhân rồi chạy: twin ingest replay" if waiting else "",
        "After mending the cause: twin ingest replay" if waiting else "",
        {"waiting": len(waiting), "newest_reasons": [q.reason for q in waiting[:5]]},
    )
    yield _broker(patient)


def _broker(patient: Patient) -> Check:
    name, title, title_en = "broker", "Máy chủ bản tin (MQTT)", "MQTT broker"
    if not patient.settings.mqtt_url:
        return Check(name, title, title_en, State.OK, "không cấu hình", "none configured")
    if patient.connectors is None:
        text, text_en = "có cấu hình; tiến trình khác đang nghe", "configured; another process listens"
        return Check(name, title, title_en, State.UNKNOWN, text, text_en)
    lost = [k for k, s in patient.connectors.items() if not (isinstance(s, dict) and s.get("subscribed"))]
    return Check(
        name,
        title,
        title_en,
        State.BAD if lost else State.OK,
        f"chưa nghe được: {', '.join(lost)}" if lost else "đang nghe",
        f"not subscribed: {', '.join(lost)}" if lost else "subscribed",
        "Máy chủ ở TWIN_MQTT_URL có đang chạy không?" if lost else "",
        "Is the broker of TWIN_MQTT_URL running?" if lost else "",
        patient.connectors,
    )


def the_audit(patient: Patient) -> Iterator[Check]:
    """Whether the audit still is what was written."""
    broken = audit.first_broken(patient.twin.store)
    number, mark = audit.head(patient.twin.store)
    yield Check(
        "audit",
        "Nhật ký kiểm toán",
        "Audit",
        State.OK if broken is None else State.BAD,
        f"{number} mục, chuỗi băm nguyên vẹn" if broken is None else f"bị sửa từ mục {broken}",
        f"{number} entries, chain unbroken" if broken is None else f"changed from entry {broken} on",
        "" if broken is None else "Giữ nguyên tệp làm bằng chứng và so với bản sao lưu gần nhất.",
        "" if broken is None else "Keep this file as evidence and compare it with the last backup.",
        {"entries": number, "head": mark},
    )


def chores(patient: Patient) -> Iterator[Check]:
    """What the running server does by itself."""
    if patient.failing is None:
        return
    said = "; ".join(f"{name}: {text}" for name, text in patient.failing.items())
    yield Check(
        "chores",
        "Việc định kỳ",
        "Chores",
        State.BAD if said else State.OK,
        said or "đều chạy được",
        said or "all done",
        "Xem nhật ký máy chủ." if said else "",
        "See the server's log." if said else "",
    )


def jobs(patient: Patient) -> Iterator[Check]:
    """Jobs that nobody works on, and those that failed in the last day."""
    now = datetime.now(UTC)
    queue = Queue(patient.twin.store, {})
    stuck = [j for j in queue.open_jobs() if _is_stuck(j, now)]
    records = patient.twin.store.records(
        RECORD, where={"state": JobState.FAILED.value, "finished": Range(format_time(now - _DAY), None)}
    )
    failed = [Job.of(record) for record in records]
    told = "; ".join(f"{j.title} ({j.id[:8]})" for j in [*stuck, *failed][:5])
    hint, hint_en = "Xem: twin jobs list, twin jobs show MÃ", "See: twin jobs list, twin jobs show ID"
    yield Check(
        "jobs",
        "Công việc nền",
        "Jobs",
        State.BAD if stuck else State.WARNING if failed else State.OK,
        f"{len(stuck)} bị kẹt, {len(failed)} không được trong 24 giờ: {told}"
        if told
        else "không có việc nào kẹt hay hỏng",
        f"{len(stuck)} stuck, {len(failed)} failed in 24 hours: {told}"
        if told
        else "none stuck, none failed in 24 hours",
        hint if told else "",
        hint_en if told else "",
        {"stuck": [j.id for j in stuck], "failed": [j.id for j in failed]},
    )


def _is_stuck(job: Job, now: datetime) -> bool:
    """Running without anybody prolonging its lease, or long due and not taken."""
    if job.state is JobState.RUNNING:
        return job.lease is None or job.lease < now - _STUCK
    return (job.not_before or job.created) < now - _LONG_WAIT


def law(patient: Patient) -> Iterator[Check]:
    """Whether the law was countersigned, and what waits for it; and whether next year's days off are known."""
    title, title_en = "Luật", "Law"
    held = Law.of(patient.twin.store)
    today = datetime.now(UTC)
    waiting = sum(v.state is not RuleState.SIGNED for r in held.rules.values() for v in [r.nearest(day_of(today))])
    drafts = sum(len(r.drafts) for r in held.rules.values())
    is_real = not patient.twin.info().get("synthetic")
    provisional = CALENDAR_ID in held.rules and held.calendar().is_provisional(day_of(today + timedelta(days=60)))
    text = f"{len(held.rules)} mục, {waiting} chưa ký xác nhận, {drafts} dự thảo"
    text_en = f"{len(held.rules)} rules, {waiting} not countersigned, {drafts} drafts"
    if provisional:
        text, text_en = f"{text}; chưa có lịch nghỉ năm sau", f"{text_en}; next year's days off are not entered"
    yield Check(
        "law",
        title,
        title_en,
        State.WARNING if (is_real and waiting) or provisional else State.OK,
        text,
        text_en,
        "Đối chiếu từng mục với bản gốc rồi ký xác nhận: twin law countersign." if is_real and waiting else "",
        "Compare each with its original and countersign it: twin law countersign." if is_real and waiting else "",
        {"rules": len(held.rules), "waiting": waiting, "drafts": drafts},
    )


EXAMINATIONS: list[Examination] = [
    store, disk, files, keys, personal_data, access, datastreams, ingestion, jobs, the_audit, chores, law,
]  # fmt: skip
"""Everything that is looked at, in the order it is shown."""


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _size(count: object) -> str:
    number = float(count) if isinstance(count, int | float) else 0.0
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}".replace(".", ",")
        number /= 1000
    return f"{number:.1f} TB".replace(".", ",")
