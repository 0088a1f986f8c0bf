"""Checks of a rule's content by its kind, before it is shipped or proposed."""

from __future__ import annotations

import re
from datetime import date

from twin.errors import SchemaError
from twin.law.calendar import WorkingCalendar
from twin.law.rule import Kind, Version
from twin.law.tables import check_table

_RGB = re.compile(r"#[0-9a-f]{6}")


def check_content(version: Version) -> None:
    """Raise :class:`SchemaError` if the content is not what its kind asks for, naming what is wrong."""
    content = version.content
    if version.valid_from and version.valid_to and version.valid_from >= version.valid_to:
        raise SchemaError(f"ends on {version.valid_to}, before it begins", where=version.label)
    if version.kind is Kind.TEXT:
        _require(not content or "text" in content, version, "a text has the member text")
    elif version.kind is Kind.CALENDAR:
        working = WorkingCalendar(content, version=version.label)
        working.day(date(2000, 1, 1))  # a country whose holidays nobody knows is told here, not by every clock
    elif version.kind is Kind.RULE:
        _check_parameters(version)
    else:
        check_table(version)
        if version.kind is Kind.CODES:
            _check_codes(version)
        if version.kind is Kind.THRESHOLDS:
            _require(content["form"] == "rows", version, "thresholds are rows")


def _check_parameters(version: Version) -> None:
    parameters = version.content.get("parameters")
    _require(isinstance(parameters, list) and bool(parameters), version, "a rule has parameters")
    names = [p.get("name") for p in parameters or ()]
    _require(len(set(names)) == len(names) and all(names), version, "each parameter has its own name")
    for p in parameters or ():
        _require({"title", "title_en", "value"} <= set(p), version, f"parameter {p['name']} lacks title or value")


def _check_codes(version: Version) -> None:
    seen: set[str] = set()
    for row in version.content["rows"]:
        code = str(row.get("code", ""))
        _require(bool(code) and code not in seen, version, f"code {code!r} is missing or listed twice")
        _require(bool(row.get("title")) and bool(row.get("title_en")), version, f"code {code!r} has no title")
        colour = row.get("rgb")
        _require(colour is None or _RGB.fullmatch(str(colour)) is not None, version, f"{colour!r} is no #rrggbb")
        seen.add(code)


def _require(good: bool, version: Version, wanted: str) -> None:
    if not good:
        raise SchemaError(f"{wanted}; this one does not hold that", where=version.label)
