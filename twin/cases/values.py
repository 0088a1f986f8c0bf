"""What is written into a case: forms, titles, and which cases a text finds."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from twin.cases.case import Case
from twin.cases.form import read_form
from twin.cases.kind import Body, CaseKind, FormField, Transition
from twin.types import Json


def editable(kind: CaseKind, wanted: Transition) -> tuple[FormField, ...]:
    """Fields of the kind's form that a transition lets be changed."""
    return tuple(f for f in kind.form if "*" in wanted.edits or f.name in wanted.edits)


def read_changes(kind: CaseKind, wanted: Transition, given: Mapping[str, Json]) -> Body:
    """Values of the transition's own form, and changes of the kind's where it lets them be edited."""
    own = {f.name for f in wanted.form}
    filled = read_form(wanted.form, {k: v for k, v in given.items() if k in own})
    return {
        **read_form(editable(kind, wanted), {k: v for k, v in given.items() if k not in own}, partial=True),
        **filled,
    }


def title_of(kind: CaseKind, body: Body) -> str:
    """What a case is called."""
    value = body.get(kind.title_field) if kind.title_field else None
    field = kind.field(kind.title_field) if kind.title_field else None
    for choice in field.choices if field else ():
        if choice.value == value:
            return choice.title
    return str(value) if value else kind.title


def says(case: Case, text: str) -> bool:
    """Whether a case's code, title or body holds a text, ignoring case and diacritics."""
    wanted = _folded(text)
    said = [case.id, case.title, *_texts(case.body)]
    return any(wanted in _folded(s) for s in said)


def _texts(value: Json) -> list[str]:
    match value:
        case str():
            return [value]
        case list():
            return [text for item in value for text in _texts(item)]
        case dict():
            return [text for name, item in value.items() if name != "personal" for text in _texts(item)]
        case _:
            return []


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(c for c in plain if not unicodedata.combining(c))
