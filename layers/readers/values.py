"""Attribute values: from what files hold to what a layer declares."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from twin.model.layer import Field, FieldType
from twin.types import Json, format_time

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?\s?(Z|[+-]\d{2}(:?\d{2})?)?", re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?(0|[1-9]\d{0,14})")
_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)?([.]\d*)?([eE][+-]?\d+)?")
_BIG = 2**63


@dataclass(frozen=True, slots=True)
class Typed:
    """Columns with one type each, the values that fit them, and remarks."""

    fields: tuple[Field, ...]
    records: list[dict[str, Json]]
    notes: tuple[str, ...]


def clean_text(text: str) -> str:
    """Normalise to NFC, without the control characters that no attribute means."""
    return "".join(c for c in unicodedata.normalize("NFC", text) if c in "\n\t" or unicodedata.category(c) != "Cc")


def typed(records: Sequence[Mapping[str, Any]]) -> Typed:
    """Give every attribute one type.

    NaN and infinity become ``None``; a column of dates or of times with zone gets that type; times without zone
    stay text with a remark; numbers among text become text with a remark.
    """
    names: dict[str, str] = {}
    for record in records:
        for raw in record:
            if raw not in names:
                names[raw] = _unique(clean_text(str(raw)).strip(), names)
    columns: dict[str, list[Json]] = {}
    fields: list[Field] = []
    notes: list[str] = []
    for raw, name in names.items():
        values, kind, remarks = _column([record.get(raw) for record in records], name)
        columns[name] = values
        fields.append(Field(name, kind))
        notes += remarks
    rows = [{name: columns[name][i] for name in columns} for i in range(len(records))]
    return Typed(tuple(fields), rows, tuple(notes))


def from_text(records: Sequence[Mapping[str, str | None]], *, decimal: str = ".") -> list[dict[str, Any]]:
    """Read columns of text as numbers where every value is one and nothing would be lost.

    A leading zero (``"00123"``), more than 15 digits or a thousands separator keep a column as text. Blank is
    ``None``.
    """
    names = list(dict.fromkeys(name for record in records for name in record))
    out: list[dict[str, Any]] = [{} for _ in records]
    for name in names:
        texts = [_blank(record.get(name)) for record in records]
        for row, value in zip(out, _numbers(texts, decimal), strict=True):
            row[name] = value
    return out


def _blank(text: str | None) -> str | None:
    stripped = text.strip() if text is not None else ""
    return stripped or None


def _numbers(texts: list[str | None], decimal: str) -> Sequence[str | int | float | None]:
    present = [t for t in texts if t is not None]
    if present and all(_INTEGER.fullmatch(t) for t in present):
        return [None if t is None else int(t) for t in texts]
    dotted = [t.replace(",", ".") if decimal == "," else t for t in present]
    if present and all(_NUMBER.fullmatch(t) and any(c.isdigit() for c in t) for t in dotted):
        return [None if t is None else float(t.replace(",", ".") if decimal == "," else t) for t in texts]
    return texts


def _unique(name: str, taken: Mapping[str, str]) -> str:
    base = name or "field"
    used = set(taken.values())
    candidate, n = base, 1
    while candidate in used:
        n += 1
        candidate = f"{base}_{n}"
    return candidate


def _column(values: list[Any], name: str) -> tuple[list[Json], FieldType, list[str]]:
    notes: list[str] = []
    plain = [_plain(v) for v in values]
    lost = sum(1 for v, p in zip(values, plain, strict=True) if p is None and _is_nan_or_inf(v))
    if lost:
        notes.append(f"{name}: {lost} values were not finite and are read as missing")
    kinds = {_kind(v) for v in plain if v is not None}
    if not kinds:
        return plain, FieldType.STRING, notes
    if kinds == {FieldType.INTEGER, FieldType.NUMBER}:
        return [float(v) if isinstance(v, int) else v for v in plain], FieldType.NUMBER, notes
    if len(kinds) > 1 and FieldType.JSON not in kinds:
        notes.append(f"{name}: numbers and text are mixed; all are kept as text")
        return [None if v is None else _as_text(v) for v in plain], FieldType.STRING, notes
    kind = kinds.pop() if len(kinds) == 1 else FieldType.JSON
    if kind is FieldType.STRING:
        return _text_column(plain, name, notes)
    return plain, kind, notes


def _text_column(values: list[Json], name: str, notes: list[str]) -> tuple[list[Json], FieldType, list[str]]:
    texts = [v for v in values if isinstance(v, str) and v != ""]
    if texts and all(_DATE.fullmatch(t) and _is_date(t) for t in texts):
        return [v or None for v in values], FieldType.DATE, notes
    if texts and all(_MOMENT.fullmatch(t) for t in texts):
        moments = {t: _moment(t) for t in texts}
        if all(m is not None and m.tzinfo is not None for m in moments.values()):
            return (
                [format_time(m) if isinstance(v, str) and (m := moments.get(v)) else None for v in values],
                FieldType.DATETIME,
                notes,
            )
        bare = sum(1 for m in moments.values() if m is None or m.tzinfo is None)
        notes.append(f"{name}: {bare} times have no zone; the column stays text")
    return values, FieldType.STRING, notes


def _plain(value: Any) -> Json:
    if type(value) is str:
        return clean_text(value)
    if not isinstance(value, int | float) and hasattr(value, "item"):
        value = value.item()
    if value is None or _is_nan_or_inf(value):
        return None
    if isinstance(value, Mapping):
        return {clean_text(str(k)): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < _BIG):
        return value
    return value.isoformat() if isinstance(value, datetime | date | time) else clean_text(str(value))


def _is_nan_or_inf(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _kind(value: Json) -> FieldType:
    if isinstance(value, bool):
        return FieldType.BOOLEAN
    if isinstance(value, int):
        return FieldType.INTEGER
    if isinstance(value, float):
        return FieldType.NUMBER
    return FieldType.STRING if isinstance(value, str) else FieldType.JSON


def _as_text(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.upper().replace(" Z", "Z"))
    except ValueError:
        return None
