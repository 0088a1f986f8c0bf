"""Checks what is filled into a form against its fields."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from twin.cases.kind import FormField
from twin.errors import ParameterError
from twin.types import Json, LonLat

MOST = {"text": 500, "longtext": 20_000}
"""Characters a text may have."""
MOST_JSON = 4 << 20
"""Bytes a structure may have, as JSON."""
MOST_VALUES = 100

_FILE = re.compile(r"[0-9a-f]{64}")


def read_form(form: Sequence[FormField], values: Mapping[str, Json], *, partial: bool = False) -> dict[str, Json]:
    """The values as they are kept; with ``partial`` what is required may be left out, but not emptied.

    Raises
    ------
    ParameterError
        If a field is not known, missing, or its value is not of its type. A personal value is never repeated.
    """
    known = {field.name: field for field in form}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ParameterError(
            f"{unknown[0]!r} is no field of this form",
            where=unknown[0][:60],
            hint=f"Fields are {', '.join(known) or 'none'}.",
        )
    kept: dict[str, Json] = {}
    for name, field in known.items():
        if name not in values and partial:
            continue
        value = _read(field, values.get(name))
        if value is None and field.required:
            raise ParameterError(f"{name!r} is needed", where=name)
        if name in values:
            kept[name] = value
    return kept


def _read(field: FormField, value: Json) -> Json:
    if value is None or value in ("", []):
        return None
    if not field.many:
        return _value(field, value)
    if not isinstance(value, list) or len(value) > MOST_VALUES:
        raise ParameterError(f"a list of at most {MOST_VALUES} values is needed", where=field.name)
    return [_value(field, item) for item in value]


def _value(field: FormField, value: Json) -> Json:
    reader = _READERS.get(field.type)
    if reader is None:
        raise _refusal(field, value)
    return reader(field, value)


def _choice(field: FormField, value: Json) -> Json:
    if isinstance(value, str) and value in {c.value for c in field.choices}:
        return value
    raise _refusal(field, value)


def _boolean(field: FormField, value: Json) -> Json:
    if isinstance(value, bool):
        return value
    raise _refusal(field, value)


def _file(field: FormField, value: Json) -> Json:
    if isinstance(value, str) and _FILE.fullmatch(value):
        return value
    raise _refusal(field, value)


def _structure(field: FormField, value: Json) -> Json:
    if len(json.dumps(value, ensure_ascii=False).encode()) <= MOST_JSON:
        return value
    raise ParameterError(f"larger than {MOST_JSON >> 20} MB", where=field.name)


def _text(field: FormField, value: Json) -> str | None:
    if not isinstance(value, str):
        raise _refusal(field, value)
    text = unicodedata.normalize("NFC", value).strip()
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t\r" for c in text):
        raise ParameterError("the text holds control characters", where=field.name)
    if len(text) > MOST[field.type]:
        raise ParameterError(f"the text has {len(text)} characters, at most {MOST[field.type]}", where=field.name)
    return text or None


def _number(field: FormField, value: Json) -> Json:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _refusal(field, value)
    low, high = field.low, field.high
    if (low is not None and value < low) or (high is not None and value > high):
        said = "the value" if field.personal else repr(value)
        raise ParameterError(f"{said} is not in [{low}, {high}]", where=field.name)
    return value


def _date(field: FormField, value: Json) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise _refusal(field, value) from None


def _place(field: FormField, value: Json) -> Json:
    match value:
        case [int() | float() as lon, int() | float() as lat]:
            place = LonLat(float(lon), float(lat))
            return [place.lon, place.lat]
    raise _refusal(field, value)


_READERS: dict[str, Callable[[FormField, Json], Json]] = {
    "text": _text,
    "longtext": _text,
    "choice": _choice,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "file": _file,
    "place": _place,
    "json": _structure,
}
TYPES = tuple(_READERS)


def _refusal(field: FormField, value: Json) -> ParameterError:
    said = "the value" if field.personal else repr(value)[:80]
    hint = f"Choose one of {', '.join(c.value for c in field.choices)}." if field.choices else ""
    return ParameterError(f"{said} is no {field.type}", where=field.name, hint=hint)
