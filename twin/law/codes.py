"""Code lists as data meets them: land-use codes old and new, planning functions in drawings, number plates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from twin.law.answer import Basis, NotDeterminable
from twin.law.book import Law
from twin.law.tables import row_confidence
from twin.types import fold


@dataclass(frozen=True, slots=True)
class Code:
    """A code and what it stands for."""

    code: str
    title: str
    title_en: str
    rgb: str | None
    """Official colour, ``#rrggbb``; ``None`` where none is known."""
    basis: Basis
    row: Mapping[str, Any]
    becomes: str | None = None
    """For a former code: the code that took its place, if that is known."""

    @property
    def former(self) -> bool:
        """Whether it is no longer in use."""
        return self.basis.rule == "land.old_codes"


def land_use(law: Law, text: str, at: date | datetime | None = None) -> list[Code]:
    """The land-use codes of a text, in its order (``ONT+CLN`` holds two); unknown parts are left out.

    Present codes first, then group totals, then former ones.
    """
    parts = re.split(r"[+;,/\s]+", text.strip().upper())
    return [code for part in parts if part and (code := _one_land_use(law, part, at)) is not None]


def _one_land_use(law: Law, code: str, at: date | datetime | None) -> Code | None:
    for rule in ("land.use_codes", "land.use_groups", "land.old_codes"):
        found = _find(law, rule, code, at)
        if found is not None:
            return found
    return None


def _find(law: Law, rule: str, code: str, at: date | datetime | None) -> Code | None:
    version = law.version(rule, at)
    if isinstance(version, NotDeterminable):
        return None
    row = next((r for r in version.content["rows"] if str(r["code"]).upper() == code), None)
    if row is None:
        return None
    basis = Basis.of(version, row_confidence(version, row))
    return Code(row["code"], row["title"], row["title_en"], row.get("rgb"), basis, row, row.get("becomes"))


@dataclass(frozen=True, slots=True)
class DrawingLayer:
    """A drawing's layer read as a planning function."""

    function: Code
    phase: str
    """``HT_`` existing, ``QHDD_`` first phase, ``QHDH_`` long term; ``""`` where the name says none."""
    levels: tuple[str, ...]
    """Suffixes of the administrative level, for instance ``("_CT",)``."""


def planning_function(law: Law, name: str, at: date | datetime | None = None) -> DrawingLayer | None:
    """The planning function that a drawing's layer stands for; ``None`` if it is none.

    Names are compared without diacritics and case, without the prefix of the phase, then without suffixes one by one.
    """
    version = law.version("planning.functions", at)
    if isinstance(version, NotDeterminable):
        return None
    known = {_plain(row["code"]): row for row in version.content["rows"]}
    plain = _plain(name)
    phase = next((p["name"] for p in version.content["prefixes"] if plain.startswith(p["name"])), "")
    plain = plain.removeprefix(phase)
    levels: list[str] = []
    while plain not in known:
        suffix = next((s for s in version.content["suffixes"] if plain.endswith(s)), None)
        if suffix is None:
            return None
        plain = plain.removesuffix(suffix)
        levels.insert(0, suffix)
    row = known[plain]
    basis = Basis.of(version, row_confidence(version, row))
    return DrawingLayer(Code(row["code"], row["title"], row["title_en"], row["rgb"], basis, row), phase, tuple(levels))


def _plain(name: str) -> str:
    return fold(name.strip()).upper()


def plate_kinds(law: Law, text: str, at: date | datetime | None = None) -> list[str]:
    """Kinds of plate that a text may be, in the order in which they are to be tried.

    More than one where the text alone cannot tell (``30A12345``).
    """
    plate = text.strip().upper()
    return [row["code"] for row in law.rows("plates.patterns", at) if re.search(row["pattern"], plate)]
