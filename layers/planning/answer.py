"""The answer to a planning look-up: parts that add up to the whole, what answered, what did not and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from twin.types import LOCAL, Json, LonLat, format_time

DISCLAIMER = (
    "Thông tin mang tính tham khảo, trích từ CSDL quy hoạch cập nhật ngày {date}; không thay thế văn bản cung cấp "
    "thông tin của cơ quan có thẩm quyền; ranh giới cần đối chiếu hồ sơ gốc/đo đạc thực địa."
)
DISCLAIMER_EN = (
    "For information only, from the planning database as of {date}; it does not replace a written statement of the "
    "competent authority; boundaries must be checked against the original file or a survey."
)
NO_DATA = "chưa có dữ liệu"

FIGURES = ("density_max", "floors_min", "floors_max", "height_max", "far_max", "setback_m")


@dataclass(frozen=True, slots=True)
class Figures:
    """What may be built in a zone; ``None`` where the plan does not regulate."""

    density_max: float | None = None
    floors_min: float | None = None
    floors_max: float | None = None
    height_max: float | None = None
    far_max: float | None = None
    setback_m: float | None = None

    def as_dict(self) -> dict[str, Json]:
        """The figures as JSON."""
        return {name: getattr(self, name) for name in FIGURES}


@dataclass(frozen=True, slots=True)
class Option:
    """What one plan says about a part."""

    plan: str
    zone: str
    function: str
    function_name: str
    figures: Figures

    def as_dict(self) -> dict[str, Json]:
        """The option as JSON."""
        return {
            "plan": self.plan,
            "zone": self.zone,
            "function": self.function,
            "function_name": self.function_name,
            **self.figures.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the parcel.

    ``kind`` is ``zone`` (one option), ``conflict`` (plans of equal rank contradict each other; every option is
    listed and none chosen) or ``no_data`` (no option). Area and share are ``None`` for a bare point.
    """

    kind: str
    options: tuple[Option, ...]
    area_m2: float | None
    share: float | None
    reason: str = ""

    def as_dict(self) -> dict[str, Json]:
        """The part as JSON; the only option of a zone is spread out."""
        out: dict[str, Json] = {
            "kind": self.kind,
            "area_m2": None if self.area_m2 is None else round(self.area_m2, 4),
            "share": None if self.share is None else round(self.share, 6),
        }
        if self.kind == "zone":
            out.update(self.options[0].as_dict())
        else:
            out["function_name"] = (
                NO_DATA if self.kind == "no_data" else " / ".join(o.function_name for o in self.options)
            )
            out["options"] = [o.as_dict() for o in self.options]
        if self.reason:
            out["reason"] = self.reason
        return out


@dataclass(frozen=True, slots=True)
class PlanNote:
    """A plan that touches the place: its decision, whether it answers, and why or why not.

    ``code_reason`` is ``answers``, ``covered`` (a more detailed plan answers), ``adjusted``, ``conflict``,
    ``expired``, ``draft``, ``not_yet``, ``unknown_status`` or ``no_zone``.
    """

    code: str
    name: str
    level: str
    scale: str
    decision: str
    decision_date: date | None
    authority: str
    status: str
    adjusts: str
    answers: bool
    code_reason: str
    reason: str
    valid_from: datetime | None
    area_m2: float | None

    def as_dict(self) -> dict[str, Json]:
        """The plan as JSON."""
        return {
            "code": self.code,
            "name": self.name,
            "level": self.level,
            "scale": self.scale,
            "decision": self.decision,
            "decision_date": self.decision_date.isoformat() if self.decision_date else None,
            "authority": self.authority,
            "status": self.status,
            "adjusts": self.adjusts,
            "answers": self.answers,
            "reason_code": self.code_reason,
            "reason": self.reason,
            "valid_from": format_time(self.valid_from) if self.valid_from else None,
            "area_m2": None if self.area_m2 is None else round(self.area_m2, 4),
        }


@dataclass(frozen=True, slots=True)
class LandUse:
    """A part of the parcel in the plan of the land law; ``code`` is ``""`` for what it does not cover."""

    code: str
    name: str
    area_m2: float | None
    share: float | None

    def as_dict(self) -> dict[str, Json]:
        """The part as JSON."""
        return {
            "code": self.code,
            "name": self.name,
            "area_m2": None if self.area_m2 is None else round(self.area_m2, 4),
            "share": None if self.share is None else round(self.share, 6),
        }


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel as found. It has no owner: nothing of the kind is ever read."""

    fid: str
    sheet: str
    plot: str
    commune: str
    commune_code: str
    old_commune: str
    old_sheet: str
    old_plot: str
    area_certificate_m2: float | None
    area_m2: float
    crs: str
    matched: str = ""
    valid_from: datetime | None = None

    def as_dict(self) -> dict[str, Json]:
        """The parcel as JSON."""
        return {
            "fid": self.fid,
            "sheet": self.sheet,
            "plot": self.plot,
            "commune": self.commune,
            "commune_code": self.commune_code,
            "old_commune": self.old_commune,
            "old_sheet": self.old_sheet,
            "old_plot": self.old_plot,
            "area_certificate_m2": self.area_certificate_m2,
            "area_m2": round(self.area_m2, 4),
            "crs": self.crs,
            "matched": self.matched,
        }


@dataclass(frozen=True, slots=True)
class Flag:
    """Something the reader must know."""

    code: str
    text: str

    def as_dict(self) -> dict[str, Json]:
        """The flag as JSON."""
        return {"code": self.code, "text": self.text}


@dataclass(frozen=True, slots=True)
class ParcelAnswer:
    """Everything the twin knows of the plans at a place, as of a time.

    ``status`` is ``found`` (one parcel), ``several`` (candidates are listed, nothing is answered for any),
    ``no_parcel`` (the answer is for the point) or ``not_found``.
    """

    status: str
    summary: str
    point: LonLat | None
    parcel: Parcel | None
    candidates: tuple[Parcel, ...]
    parts: tuple[Part, ...]
    plans: tuple[PlanNote, ...]
    land_use: tuple[LandUse, ...]
    flags: tuple[Flag, ...]
    at: datetime
    known_at: datetime
    data_date: datetime | None
    crs_operation: str = ""
    missing_layers: tuple[str, ...] = field(default=())

    @property
    def disclaimer(self) -> str:
        """What has to be said with every answer."""
        return DISCLAIMER.format(date=_day(self.data_date))

    def as_dict(self) -> dict[str, Json]:
        """The whole answer as JSON."""
        return {
            "status": self.status,
            "summary": self.summary,
            "point": {"lon": self.point.lon, "lat": self.point.lat} if self.point else None,
            "parcel": self.parcel.as_dict() if self.parcel else None,
            "candidates": [p.as_dict() for p in self.candidates],
            "parts": [p.as_dict() for p in self.parts],
            "plans": [p.as_dict() for p in self.plans],
            "land_use": [u.as_dict() for u in self.land_use],
            "flags": [f.as_dict() for f in self.flags],
            "at": format_time(self.at),
            "known_at": format_time(self.known_at),
            "data_date": format_time(self.data_date) if self.data_date else None,
            "crs_operation": self.crs_operation,
            "positional_accuracy": "không rõ",
            "missing_layers": list(self.missing_layers),
            "disclaimer": self.disclaimer,
            "disclaimer_en": DISCLAIMER_EN.format(date=_day(self.data_date)),
        }


def _day(moment: datetime | None) -> str:
    return moment.astimezone(LOCAL).strftime("%d/%m/%Y") if moment else "(không rõ)"
