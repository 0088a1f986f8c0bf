"""The answer in words and numbers: parts, remarks on each plan, flags, one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from shapely.geometry.base import BaseGeometry

from layers.planning.answer import NO_DATA, Flag, Parcel, Part, PlanNote
from layers.planning.precedence import LEVELS, TOLERANCE_M2, Division, Plan, force
from twin.geo.geodesy import geodesic_area
from twin.types import LOCAL

AREA_MISMATCH = 0.05
"""Relative difference of certificate and computed area that is worth a remark."""


def parts_of(division: Division, total: float, *, measured: bool) -> tuple[Part, ...]:
    """Merge pieces that say the same; the pieces' areas add up to the total."""
    merged: dict[tuple[Any, ...], Part] = {}
    for piece in division.pieces:
        area = geodesic_area(piece.area)
        kind = "no_data" if not piece.options else ("conflict" if piece.reason else "zone")
        key = (kind, piece.options, piece.reason)
        before = merged[key].area_m2 if key in merged else 0.0
        merged[key] = Part(kind, piece.options, (before or 0.0) + area, None, piece.reason)
    kept = [p for p in merged.values() if p.kind != "no_data" or (p.area_m2 or 0) > min(TOLERANCE_M2, total / 10)]
    kept.sort(key=lambda p: -(p.area_m2 or 0.0))
    if kept:
        # Slivers under the tolerance are counted with the largest part, so that the parts make the whole.
        kept[0] = replace(kept[0], area_m2=total - sum(p.area_m2 or 0.0 for p in kept[1:]))
    parts = [replace(p, share=(p.area_m2 or 0.0) / total) for p in kept]
    parts.sort(key=lambda p: p.kind == "no_data")
    return tuple(parts if measured else [replace(p, area_m2=None, share=None) for p in parts])


_WHY = {
    "expired": "không trả lời: đã hết hiệu lực",
    "draft": "không trả lời: dự thảo, chưa được phê duyệt",
    "not_yet": "không trả lời: chưa đến ngày có hiệu lực",
    "unknown_status": "không trả lời: tình trạng hoặc cấp đồ án không rõ",
    "answers": "đồ án chi tiết nhất đang hiệu lực tại đây",
    "conflict": "chồng lấn với đồ án cùng cấp; chưa xác định được đồ án nào áp dụng",
    "adjusted": "không trả lời: đã được điều chỉnh cục bộ tại đây",
    "no_zone": "đang hiệu lực nhưng dữ liệu không có ô chức năng của đồ án này tại đây",
    "covered": "không trả lời: có đồ án chi tiết hơn đang hiệu lực",
}


def notes_of(
    plans: Sequence[Plan], division: Division, shape: BaseGeometry, at: datetime, *, measured: bool
) -> tuple[PlanNote, ...]:
    """Say of every plan whether it answers and why, or why not; the most detailed first."""
    ranked = sorted(plans, key=lambda p: (LEVELS.index(p.level) if p.level in LEVELS else len(LEVELS), p.code))
    return tuple(_note(p, plans, division, shape, at, measured=measured) for p in ranked)


def _note(
    plan: Plan, plans: Sequence[Plan], division: Division, shape: BaseGeometry, at: datetime, *, measured: bool
) -> PlanNote:
    own = division.answered.get(plan.code)
    area = geodesic_area(own) if own is not None and plan.ended is None else 0.0
    code = force(plan, at) or _role(plan, plans, division, area, at)
    reason = _WHY[code]
    if plan.ended is not None:
        reason += f" từ {_day(plan.ended.astimezone(LOCAL).date())}"
    if code == "answers" and geodesic_area(shape) - area > TOLERANCE_M2:
        reason += " (một phần)"
    return PlanNote(
        plan.code, plan.name, plan.level, plan.scale, plan.decision, plan.decision_date, plan.authority, plan.status,
        plan.adjusts, code in ("answers", "conflict") and area > TOLERANCE_M2, code, reason, plan.valid_from,
        area if measured else None,
    )  # fmt: skip


def _role(plan: Plan, plans: Sequence[Plan], division: Division, area: float, at: datetime) -> str:
    """What part a plan in force plays here."""
    if plan.code in division.in_conflict and geodesic_area(division.in_conflict[plan.code]) > TOLERANCE_M2:
        return "conflict"
    if area > TOLERANCE_M2:
        said = any(option.plan == plan.code for piece in division.pieces for option in piece.options)
        return "answers" if said else "no_zone"
    adjusted = any(p.adjusts == plan.code and not force(p, at) for p in plans)
    return "adjusted" if adjusted else "covered"


def flags_of(
    parts: Sequence[Part],
    notes: Sequence[PlanNote],
    parcel: Parcel | None,
    *,
    land_use_overlaps: bool,
    unknown_plans: Sequence[str],
) -> list[Flag]:
    """Gather what the reader must know besides the parts."""
    flags: list[Flag] = []
    clashing = [n.code for n in notes if n.code_reason == "conflict"]
    if clashing:
        flags.append(Flag("overlap", f"Các đồ án {', '.join(clashing)} cùng cấp, cùng hiệu lực và chồng lấn tại đây."))
    changing = [n.name or n.code for n in notes if n.status == "dang_dieu_chinh" and n.answers]
    if changing:
        flags.append(Flag("under_adjustment", f"Đang được điều chỉnh: {', '.join(changing)}."))
    if unknown_plans:
        names = ", ".join(unknown_plans)
        flags.append(
            Flag("zones_without_plan", f"Có ô chức năng của {names} nhưng không có hồ sơ đồ án trong dữ liệu.")
        )
    if any(p.kind == "no_data" for p in parts):
        flags.append(
            Flag("no_data", "Một phần hoặc toàn bộ chưa có dữ liệu quy hoạch; không có nghĩa là không vướng quy hoạch.")
        )
    if land_use_overlaps:
        flags.append(Flag("land_use_overlap", "Lớp quy hoạch sử dụng đất chồng lên chính nó tại đây."))
    certificate = parcel.area_certificate_m2 if parcel else None
    if parcel and certificate and abs(parcel.area_m2 - certificate) > AREA_MISMATCH * certificate:
        flags.append(
            Flag(
                "area",
                f"Diện tích trên giấy {_decimal(certificate)} m² khác diện tích tính {_decimal(parcel.area_m2)} m².",
            )
        )
    return flags


def summary_of(status: str, parts: Sequence[Part], notes: Sequence[PlanNote], candidates: Sequence[Parcel]) -> str:
    """Say the answer in one sentence."""
    if status == "not_found":
        return "Không tìm thấy thửa đất này trong dữ liệu."
    if status == "several":
        return f"Có {len(candidates)} thửa đất khớp; hãy chọn một thửa."
    known = [p for p in parts if p.kind != "no_data"]
    if not known:
        return (
            "Chưa có dữ liệu quy hoạch tại đây; hãy hỏi cơ quan quản lý quy hoạch của tỉnh hoặc ủy ban nhân dân cấp xã."
        )
    shares: dict[str, float | None] = {}
    for part in parts:
        name = _phrase(part)
        shares[name] = None if part.share is None else (shares.get(name) or 0.0) + part.share
    said = [name if share is None else f"{_percent(share)} {name}" for name, share in shares.items()]
    behind = [n for n in notes if n.answers]
    return f"{', '.join(said)} {_behind(behind)}".strip() + "."


def _phrase(part: Part) -> str:
    if part.kind == "no_data":
        return NO_DATA
    names = list(dict.fromkeys(_lower(o.function_name) for o in part.options))
    return names[0] if len(names) == 1 else f"chưa xác định ({' hoặc '.join(names)})"


def _behind(notes: Sequence[PlanNote]) -> str:
    said = []
    for note in notes:
        since = f", hiệu lực từ {_day(note.decision_date)}" if note.decision_date else ""
        said.append(f"{_lower(note.name) or note.code}{since}")
    return f"theo {'; '.join(said)}" if said else ""


def _lower(text: str) -> str:
    """Lower the first letter, for the middle of a sentence."""
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def _percent(share: float) -> str:
    """Whole per cent; what is there is never rounded to nothing, nor almost all to all."""
    value = round(100 * share)
    if share > 0 and value == 0:
        return "dưới 1 %"
    return "trên 99 %" if value == 100 and share < 0.9995 else f"{value} %"


def _decimal(value: float) -> str:
    return f"{value:,.1f}".replace(",", " ").replace(".", ",")


def _day(day: date | None) -> str:
    return day.strftime("%d/%m/%Y") if day else "(không rõ)"
