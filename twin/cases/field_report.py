"""The kind ``field_report``: what a citizen saw in the street, until they agree that it is mended.

Categories, times and the duplicate rule are our own (no national list was found; provinces decide) and are data:
categories and times are the kind's versions (what is shipped stands in the law room too, as ``reports.categories`` and
``reports.times``), the duplicate rule is that of ``reports.times``. Words and contact of who
reported are personal and sealed; photos are sealed too and shown only blurred, after an officer has looked.
"""

from __future__ import annotations

import re
from typing import Final

from twin.cases.extension import Act
from twin.cases.kind import (
    OPENER,
    Amount,
    AmountFor,
    CaseKind,
    Choice,
    Clock,
    Condition,
    Escalation,
    FormField,
    Reason,
    State,
    Transition,
    Unit,
)
from twin.errors import NotFoundError, ParameterError
from twin.types import Json

NAME: Final = "field_report"
CODE: Final = "PAHT"
PHOTO: Final = "report_photo"
"""The kind of record that says where a photo of a report is sealed and what was found in it."""

CATEGORIES: Final[tuple[tuple[str, str, str, int], ...]] = (
    ("GT", "Giao thông", "Traffic, roads", 3),
    ("CS", "Chiếu sáng", "Street lighting", 3),
    ("NG", "Ngập úng", "Flooding, drainage", 5),
    ("MT", "Rác, môi trường", "Garbage, environment", 3),
    ("CX", "Cây xanh", "Trees", 3),
    ("XD", "Trật tự xây dựng", "Building order", 7),
    ("VH", "Vỉa hè", "Pavements", 7),
    ("AT", "Điện, cáp", "Electricity, cables", 3),
    ("AN", "An ninh", "Public order", 7),
    ("KH", "Khác", "Other", 10),
)
"""Code, title in Vietnamese and English, working days to resolve."""
DUPLICATE_M: Final = 30.0
DUPLICATE_H: Final = 24.0

OFFICERS: Final = ("duty_officer", "operator")
BEING_HANDLED: Final = ("accepted", "forwarded", "working", "reopened")
SHOWN: Final = (*BEING_HANDLED, "resolved", "confirmed", "closed")
"""States in which a report is public."""

_HASH = re.compile(r"[0-9a-f]{64}")
_CATEGORY = FormField(
    "category",
    "choice",
    "Loại",
    "Category",
    required=True,
    choices=tuple(Choice(code, title, title_en) for code, title, title_en, _ in CATEGORIES),
)
_PUBLIC_TEXT = FormField("public_text", "longtext", "Nội dung công khai", "What is shown in public")


def _photos(state: str) -> Transition:
    """What is shown of the photos can be changed in any state a report is shown in, and leaves it there."""
    return Transition(
        f"photos_{state}",
        (state,),
        state,
        "Công bố ảnh",
        "Publish photos",
        roles=OFFICERS,
        form=(FormField("published", "json", "Ảnh công khai", "Photos shown in public"),),
        checks=("field_report_photos",),
    )


KIND: Final = CaseKind(
    name=NAME,
    code=CODE,
    title="Phản ánh hiện trường",
    title_en="Field report",
    initial="new",
    states=(
        State("new", "Mới", "New"),
        State("accepted", "Tiếp nhận", "Accepted"),
        State("forwarded", "Chuyển xử lý", "Forwarded"),
        State("working", "Đang xử lý", "In progress"),
        State("resolved", "Đã xử lý", "Resolved"),
        State("reopened", "Mở lại", "Reopened"),
        State("confirmed", "Dân xác nhận", "Confirmed", end=True),
        State("closed", "Đóng (không có phản hồi)", "Closed (no answer)", end=True),
        State("rejected", "Không tiếp nhận", "Rejected", end=True),
        State("duplicate", "Trùng", "Duplicate", end=True),
    ),
    transitions=(
        Transition(
            "accept",
            ("new",),
            "accepted",
            "Tiếp nhận",
            "Accept",
            roles=OFFICERS,
            edits=("category", "danger"),
            form=(_PUBLIC_TEXT,),
        ),
        Transition(
            "reject",
            ("new", "accepted"),
            "rejected",
            "Không tiếp nhận",
            "Reject",
            roles=OFFICERS,
            reason=Reason.REQUIRED,
            form=(FormField("public_reason", "longtext", "Lý do công khai", "Reason shown in public"),),
        ),
        Transition(
            "mark_duplicate",
            ("new", "accepted"),
            "duplicate",
            "Đánh dấu trùng",
            "Mark as duplicate",
            roles=OFFICERS,
            form=(FormField("duplicate_of", "text", "Trùng với mã", "Duplicate of", required=True),),
            checks=("field_report_duplicate",),
        ),
        Transition(
            "forward",
            ("accepted", "reopened", "forwarded"),
            "forwarded",
            "Chuyển xử lý",
            "Forward",
            roles=OFFICERS,
            form=(FormField("unit", "text", "Đơn vị xử lý", "Who will handle it", required=True),),
        ),
        Transition(
            "begin",
            ("accepted", "forwarded", "reopened"),
            "working",
            "Bắt đầu xử lý",
            "Begin",
            roles=OFFICERS,
        ),
        Transition(
            "resolve",
            ("forwarded", "working"),
            "resolved",
            "Đã xử lý",
            "Resolve",
            roles=OFFICERS,
            form=(FormField("answer", "longtext", "Kết quả (công khai)", "Outcome (public)", required=True),),
        ),
        Transition("confirm", ("resolved",), "confirmed", "Xác nhận", "Confirm", roles=(OPENER,), reason=Reason.NONE),
        Transition(
            "reopen",
            ("resolved",),
            "reopened",
            "Mở lại",
            "Reopen",
            roles=(OPENER,),
            reason=Reason.NONE,
            # What a citizen writes is theirs; it goes into the log as a reference only.
            form=(
                FormField(
                    "reopen_text",
                    "longtext",
                    "Vì sao chưa xong",
                    "Why it is not done",
                    required=True,
                    personal=True,
                    retention="report_text",
                ),
            ),
        ),
        Transition(
            "close_unanswered",
            ("resolved",),
            "closed",
            "Đóng vì không có phản hồi",
            "Close, unanswered",
            timer="answer",
        ),
        *(_photos(state) for state in (*BEING_HANDLED, "resolved")),
    ),
    clocks=(
        Clock(
            "acknowledge",
            Amount(2, Unit.WORKING_HOURS),
            runs=("new",),
            meets=("accepted", "rejected", "duplicate"),
            title="Tiếp nhận",
            title_en="Acknowledge",
            escalations=(Escalation(1.0, tell=("operator",)),),
        ),
        Clock(
            "dispatch",
            Amount(30, Unit.MINUTES),
            runs=("new", "accepted"),
            meets=("forwarded", "working", "rejected", "duplicate"),
            title="Nguy hiểm tính mạng: điều động",
            title_en="Danger to life: dispatch",
            when=Condition("danger", (True,)),
            escalations=(Escalation(0.5, tell=("duty_officer",)), Escalation(1.0, tell=("operator", "administrator"))),
        ),
        Clock(
            "resolve",
            Amount(10, Unit.WORKING_DAYS),
            runs=BEING_HANDLED,
            meets=("resolved",),
            title="Xử lý",
            title_en="Resolve",
            by="category",
            amounts=tuple(
                AmountFor(
                    tuple(code for code, _, _, limit in CATEGORIES if limit == days), Amount(days, Unit.WORKING_DAYS)
                )
                for days in sorted({limit for *_, limit in CATEGORIES})
            ),
            again=True,
            escalations=(Escalation(0.8, tell=("duty_officer",)), Escalation(1.0, tell=("operator",))),
        ),
        Clock(
            "answer",
            Amount(7, Unit.DAYS),
            runs=("resolved",),
            meets=("confirmed", "reopened"),
            title="Chờ người phản ánh trả lời",
            title_en="Awaiting the reporter's answer",
            again=True,
        ),
    ),
    form=(
        _CATEGORY,
        FormField(
            "text", "longtext", "Nội dung", "What was seen", required=True, personal=True, retention="report_text"
        ),
        FormField("contact", "text", "Liên hệ", "Contact", personal=True, retention="report_contact"),
        FormField("danger", "boolean", "Nguy hiểm tính mạng", "Danger to life"),
        FormField("secret_hash", "text", "Mã băm của mã bí mật", "Hash of the reporter's secret"),
    ),
    open_roles=("citizen",),
    seen_by=(*OFFICERS, "administrator"),
    title_field="category",
    checks=("field_report_body",),
)


def check_body(act: Act) -> None:
    """Only the hash of a secret is taken; whoever holds the secret may confirm and reopen."""
    secret = act.body.get("secret_hash")
    if secret is not None and not (isinstance(secret, str) and _HASH.fullmatch(secret)):
        raise ParameterError("this is no SHA-256 of a secret", where="secret_hash")


def check_duplicate(act: Act) -> None:
    """What a report duplicates is another report that is not itself set aside."""
    code = str(act.body.get("duplicate_of", ""))
    refused = ParameterError(
        f"{code!r} is no report that this one can be a duplicate of",
        where="duplicate_of",
        hint="Name an open or ended report that was not itself a duplicate or rejected.",
    )
    if code == act.id:
        raise refused
    try:
        other = act.store.record("case", code).body
    except NotFoundError:
        raise refused from None
    if other["kind"] != NAME or other["state"] in ("duplicate", "rejected"):
        raise refused


def check_photos(act: Act) -> None:
    """Only what was made from the report's own photos, with an officer's boxes, can be shown."""
    shown = act.body.get("published") or []
    if not isinstance(shown, list):
        raise ParameterError("a list of photos is needed", where="published")
    for item in shown:
        if not _was_made(act, item):
            raise ParameterError("this picture was not made for being shown", where="published")


def _was_made(act: Act, item: Json) -> bool:
    if not isinstance(item, dict) or set(item) != {"photo", "file"}:
        return False
    try:
        made = act.store.record(PHOTO, f"{act.id}:{item['photo']}").body.get("made")
    except (NotFoundError, ParameterError):
        return False
    return isinstance(made, dict) and made.get("file") == item["file"]
