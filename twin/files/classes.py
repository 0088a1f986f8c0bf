"""Classes of data and how long each is kept: records of the kind ``retention``, with the defaults below.

The defaults are ours: the law wants a stated purpose and no storage beyond need (Law 91/2025/QH15), and logs for at
least 12 months (Decree 333/2026); the figures for video and plate reads are design defaults that a city confirms.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Final

from twin.errors import NotFoundError, ParameterError
from twin.model.record import Put
from twin.store.base import Store
from twin.types import Json

RETENTION: Final = "retention"
_LAW = "Luật 91/2025/QH15"
_STARTS = frozenset({"got", "released"})
_LONGEST = 36_500


@dataclass(frozen=True, slots=True)
class DataClass:
    """How long a class of data is kept.

    Parameters
    ----------
    days
        Days after its start until it is forgotten; ``None``: it is not forgotten by time. [d]
    starts
        ``got``: the day it came; ``released``: when what it was for came to its end (a case was closed).
    at_most_days
        Forgotten this many days after it came even if it was never released. [d]
    what
        What happens: ``key`` (the key is destroyed), ``file`` (the open file is removed) or ``keep`` (``days`` is the
        least).
    rule, confidence
        The legal basis and how sure it is, in the words of the law room.
    """

    name: str
    title: str
    title_en: str
    days: int | None
    starts: str = "got"
    at_most_days: int | None = None
    what: str = "key"
    rule: str = _LAW
    confidence: str = "M"

    def __post_init__(self) -> None:
        if self.starts not in _STARTS or self.what not in {"key", "file", "keep"}:
            raise ParameterError(f"class {self.name!r} cannot start {self.starts!r} or do {self.what!r}")
        for days in (self.days, self.at_most_days):
            if days is not None and not 0 <= days <= _LONGEST:
                raise ParameterError(f"class {self.name!r}: {days} is no number of days from 0 to {_LONGEST}")


_VIDEO = "Mặc định thiết kế; Luật 91/2025/QH15 (không lưu quá mức cần thiết)"
_CASE = "Luật 91/2025/QH15 (mục đích: giải quyết vụ việc)"
_ALL = (
    DataClass("raw_video", "Video gốc", "Raw video", 30, rule=_VIDEO),
    DataClass("plate_read", "Lượt đọc biển số", "Plate reads", 90, rule=_VIDEO),
    DataClass(
        "plate_crop", "Ảnh biển số của vụ việc đang mở", "Plate pictures of open cases", 0, "released", 365, rule=_VIDEO
    ),
    DataClass(
        "report_contact", "Liên hệ của người phản ánh", "Contact of who reported", 30, "released", 730, rule=_CASE
    ),
    DataClass("report_text", "Lời của người phản ánh", "Words of who reported", 90, "released", 730, rule=_CASE),
    DataClass("report_photo", "Ảnh gốc của phản ánh", "Original photos of reports", 90, "released", 730, rule=_CASE),
    DataClass("report_public", "Ảnh phản ánh đã che", "Blurred photos of reports", None, what="file", rule=_CASE),
    DataClass(
        "case_personal", "Dữ liệu cá nhân trong hồ sơ", "Personal data in cases", 730, "released", 3650, rule=_CASE
    ),
    DataClass("export", "Tệp kết xuất", "Exports", 30, what="file", rule="Mặc định thiết kế"),
    DataClass(
        "audit", "Nhật ký kiểm toán", "Audit", 365, what="keep", rule="NĐ 333/2026/NĐ-CP (nhật ký ≥ 12 tháng)",
        confidence="C",
    ),
)  # fmt: skip
DEFAULTS: Final[dict[str, DataClass]] = {item.name: item for item in _ALL}


def classes(store: Store) -> dict[str, DataClass]:
    """Every class as it holds now: the defaults, and what the city changed or added."""
    changed = {record.key: _read(record.key, record.body) for record in store.records(RETENTION)}
    return {**DEFAULTS, **changed}


def known_class(store: Store, name: str) -> DataClass:
    """One class; NotFoundError if there is none."""
    found = classes(store).get(name)
    if found is None:
        raise NotFoundError(f"there is no class of data {name!r}", hint="Classes: twin retention show")
    return found


def change(store: Store, name: str, *, seen: int | None = None, **changes: object) -> Put:
    """The operation that changes a class (``days``, ``rule`` …) or adds one (with ``title``)."""
    base = classes(store).get(name) or DataClass(name, str(changes.get("title", name)), "", None)
    try:
        made = replace(base, **changes)  # type: ignore[arg-type]
    except TypeError as exc:
        raise ParameterError(f"a class of data has no such property: {exc}") from exc
    body: dict[str, Json] = {k: v for k, v in asdict(made).items() if k != "name"}
    return Put(RETENTION, name, body, expect=seen)


def _read(name: str, body: dict[str, Json]) -> DataClass:
    return DataClass(name, **body)  # type: ignore[arg-type]
