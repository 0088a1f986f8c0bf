"""What a question to the law gives: a value with what it rests on, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeAlias

from twin.law.rule import Confidence, Version, weakest
from twin.types import Json


@dataclass(frozen=True, slots=True)
class Basis:
    """The version of a rule that an answer rests on; results keep it."""

    rule: str
    version: int
    document: str
    clause: str
    confidence: Confidence
    countersigned: bool
    title: str = ""
    title_en: str = ""

    @classmethod
    def of(cls, version: Version, confidence: Confidence | None = None) -> Basis:
        """Basis of an answer from a version; ``confidence`` is that of the cells used, if it is weaker."""
        mark = version.confidence if confidence is None else confidence
        signed = version.countersigned is not None
        return cls(
            version.rule,
            version.number,
            version.document,
            version.clause,
            mark,
            signed,
            version.title,
            version.title_en,
        )

    @property
    def may_refuse(self) -> bool:
        """Whether it may by itself turn something down: law, confirmed, countersigned."""
        return self.countersigned and self.confidence in (Confidence.CONFIRMED, Confidence.ONE_SOURCE)

    def to_json(self) -> dict[str, Json]:
        """As stored with a result and answered."""
        return {
            "rule": self.rule,
            "version": self.version,
            "document": self.document,
            "clause": self.clause,
            "confidence": self.confidence.value,
            "countersigned": self.countersigned,
            "title": self.title,
            "title_en": self.title_en,
        }


class How(StrEnum):
    """How a value was come by."""

    GIVEN = "given"
    """It stands in the text."""
    INTERPOLATED = "interpolated"
    """Between values that stand in the text, as the rule says."""
    COMPUTED = "computed"
    """By a formula of the rule."""


@dataclass(frozen=True, slots=True)
class Found:
    """A value and what it rests on."""

    value: Any
    unit: str
    basis: Basis
    how: How = How.GIVEN

    @property
    def may_refuse(self) -> bool:
        """Whether a miss against this value may by itself be a "fail"; else it is something to consider."""
        return self.basis.may_refuse

    def to_json(self) -> dict[str, Json]:
        """As stored with a result and answered."""
        return {
            "value": self.value,
            "unit": self.unit,
            "how": self.how.value,
            "may_refuse": self.may_refuse,
            "basis": self.basis.to_json(),
        }

    def computed(self, value: Any, unit: str | None = None, *also: Basis) -> Found:
        """Another value worked out from this one, resting on the weakest of all."""
        marks = (self.basis.confidence, *(b.confidence for b in also))
        signed = self.basis.countersigned and all(b.countersigned for b in also)
        basis = replace(self.basis, confidence=weakest(*marks), countersigned=signed)
        return Found(value, self.unit if unit is None else unit, basis, How.COMPUTED)


class Why(StrEnum):
    """Why there is no value."""

    NOT_IN_FORCE = "not_in_force"
    """No version of the rule is known for that date."""
    NOT_COUNTERSIGNED = "not_countersigned"
    """In production a version is used only after a person countersigned it."""
    NOT_GIVEN = "not_given"
    """The value is not in what we have of the text."""
    OUTSIDE = "outside"
    """The rule says nothing of such an input."""
    MISSING_INPUT = "missing_input"
    """Something the rule asks for was not given."""
    INCOMPLETE = "incomplete"
    """Too few measurements."""


_WORDS: Mapping[Why, tuple[str, str]] = {
    Why.NOT_IN_FORCE: ("chưa có văn bản nào được nạp cho ngày này", "no version is loaded for that date"),
    Why.NOT_COUNTERSIGNED: ("chưa được người có thẩm quyền ký xác nhận", "not yet countersigned by a person"),
    Why.NOT_GIVEN: ("không có trong phần văn bản đã nạp", "not in the part of the text that is loaded"),
    Why.OUTSIDE: ("quy định không nêu trường hợp này", "the rule does not speak of this case"),
    Why.MISSING_INPUT: ("thiếu dữ liệu đầu vào", "an input is missing"),
    Why.INCOMPLETE: ("số liệu đo không đủ", "too few measurements"),
}


@dataclass(frozen=True, slots=True)
class NotDeterminable:
    """No value, and why. It can never refuse anything."""

    why: Why
    detail: str = ""
    detail_en: str = ""
    basis: Basis | None = None
    possible: tuple[Any, ...] = ()
    """Values that remain possible, where the rule narrows them."""

    @property
    def may_refuse(self) -> bool:
        """Never."""
        return False

    @property
    def text(self) -> str:
        """One sentence in Vietnamese."""
        return self._sentence("Không xác định được", _WORDS[self.why][0], self.detail)

    @property
    def text_en(self) -> str:
        """One sentence in English."""
        return self._sentence("Not determinable", _WORDS[self.why][1], self.detail_en)

    def _sentence(self, head: str, why: str, detail: str) -> str:
        return f"{head}: {why} ({detail})." if detail else f"{head}: {why}."

    def to_json(self) -> dict[str, Json]:
        """As stored with a result and answered."""
        return {
            "why": self.why.value,
            "text": self.text,
            "text_en": self.text_en,
            "possible": list(self.possible),
            "may_refuse": False,
            "basis": self.basis.to_json() if self.basis else None,
        }


Answer: TypeAlias = Found | NotDeterminable
