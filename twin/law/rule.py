"""A rule of the law as data: what it says, where it is written, when it holds, how sure we are, who countersigned it.

A rule is one subject (the density of row houses) and one record of the store. Its versions are what was laid down for
it by and by. Two clocks: ``valid_from`` and ``valid_to`` are the dates on which a version is in force in the world (the
second is the first day it no longer is), and the record's own history says what the twin held at a moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, cast

from twin.errors import SchemaError
from twin.types import LOCAL, Json, format_time, parse_time, require_aware


class Kind(StrEnum):
    """What a rule's content is."""

    RULE = "rule"
    TABLE = "table"
    CODES = "codes"
    THRESHOLDS = "thresholds"
    CALENDAR = "calendar"
    TEXT = "text"


class Confidence(StrEnum):
    """How sure the content is. Order is from best to worst."""

    CONFIRMED = "C"
    """Full text of the regulation, or two independent sources agree, or recomputed."""
    ONE_SOURCE = "C1"
    """One secondary source only."""
    UNCONFIRMED = "M"
    """From memory."""
    OWN = "own"
    """No law: our own choice, to be changed at will."""


_ORDER = list(Confidence)
_MAY_REFUSE = frozenset({Confidence.CONFIRMED, Confidence.ONE_SOURCE})


def weakest(*marks: Confidence) -> Confidence:
    """The worst of several marks: what is put together from parts is no surer than any of them."""
    return max(marks, key=_ORDER.index)


class State(StrEnum):
    """Where a version stands."""

    SHIPPED = "shipped"
    """Came with the program; may be used where nothing is decided by it, and is marked, until it is countersigned."""
    DRAFT = "draft"
    """Proposed; nothing uses it before another person countersigns it."""
    SIGNED = "signed"
    """Countersigned."""
    REPLACED = "replaced"
    """Another version of the list took its place; it stays to explain older results."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who did something, when."""

    person: str
    name: str
    at: datetime

    def to_json(self) -> dict[str, Json]:
        """As kept in the record."""
        return {"person": self.person, "name": self.name, "at": format_time(self.at)}

    @classmethod
    def of(cls, body: Json) -> Stamp | None:
        """From the record; ``None`` for none."""
        if not isinstance(body, dict):
            return None
        return cls(str(body["person"]), str(body["name"]), parse_time(str(body["at"]), where="law.stamp"))


@dataclass(frozen=True, slots=True)
class Transition:
    """What happens to cases that straddle a change.

    ``applies_to`` is ``plans_approved_before`` (a plan approved before ``date`` keeps this version while it is in
    force) or ``note`` (for people only).
    """

    applies_to: str
    text: str
    text_en: str
    date: date | None = None
    confidence: Confidence = Confidence.CONFIRMED


@dataclass(frozen=True, slots=True)
class Version:
    """What was laid down for a rule, for some time."""

    rule: str
    kind: Kind
    number: int
    edition: str
    """Names the version in the shipped files; ``""`` for one that a person entered."""
    title: str
    title_en: str
    document: str
    clause: str
    confidence: Confidence
    content: Mapping[str, Any]
    state: State = State.SHIPPED
    valid_from: date | None = None
    valid_to: date | None = None
    """First day on which it no longer holds."""
    not_before: date | None = None
    """Where ``valid_from`` is not known: a day before which it surely did not hold, as its document was not written."""
    transition: tuple[Transition, ...] = ()
    sources: tuple[str, ...] = ()
    note: str = ""
    note_en: str = ""
    digest: str = ""
    """SHA-256 of what was shipped; tells a newer shipped version from one that is known."""
    replaces: int | None = None
    reason: str = ""
    entered: Stamp | None = None
    countersigned: Stamp | None = None
    record_version: int = field(default=0, compare=False)
    """Version of the rule's record it was read from: what a change must have seen."""

    @property
    def label(self) -> str:
        """Names the version in results: ``planning.house_density#1``."""
        return f"{self.rule}#{self.number}"

    @property
    def may_refuse(self) -> bool:
        """Whether an answer from it may by itself turn something down: it is law, confirmed, and countersigned."""
        return self.state is State.SIGNED and self.confidence in _MAY_REFUSE

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on a day."""
        first = self.valid_from or self.not_before
        return (first is None or first <= day) and (self.valid_to is None or day < self.valid_to)

    def kept_for(self, approved: date, day: date) -> Version | None:
        """It, if it still applies on a day after its end to a plan approved on a date; no surer than what says so."""
        if self.valid_to is None or day < self.valid_to:
            return None
        for t in self.transition:
            if t.applies_to == "plans_approved_before" and t.date is not None and approved < t.date:
                return replace(self, confidence=weakest(self.confidence, t.confidence))
        return None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with all its versions, as its record holds them."""

    id: str
    versions: tuple[Version, ...]
    record_version: int = 0

    @property
    def effective(self) -> tuple[Version, ...]:
        """Versions that count: neither drafts nor replaced."""
        return tuple(v for v in self.versions if v.state in (State.SHIPPED, State.SIGNED))

    @property
    def drafts(self) -> tuple[Version, ...]:
        """Versions that wait for a countersignature."""
        return tuple(v for v in self.versions if v.state is State.DRAFT)

    def on(self, day: date, *, approved: date | None = None) -> Version | None:
        """The version in force on a day (for a plan approved on a date, if one is given); ``None`` if there is none."""
        if approved is not None:
            kept = [k for v in self.effective if (k := v.kept_for(approved, day)) is not None]
            if kept:
                return _latest(kept)
        holding = [v for v in self.effective if v.holds_on(day)]
        return _latest(holding) if holding else None

    def nearest(self, day: date) -> Version:
        """The version in force, else the next to come, else the last that was, else a draft: what a list shows."""
        found = self.on(day)
        if found is not None:
            return found
        coming = [v for v in self.effective if v.valid_from is not None and v.valid_from > day]
        if coming:
            return min(coming, key=lambda v: (v.valid_from or date.min, -v.number))
        return _latest(self.effective or self.versions)

    def number(self, number: int) -> Version | None:
        """The version with a number."""
        return next((v for v in self.versions if v.number == number), None)


def _latest(versions: Sequence[Version]) -> Version:
    return max(versions, key=lambda v: (v.valid_from or date.min, v.number))


def day_of(at: date | datetime) -> date:
    """The Vietnamese date of a moment; a date is itself. A date of the law begins at its midnight."""
    return require_aware(at, where="at").astimezone(LOCAL).date() if isinstance(at, datetime) else at


# -- to and from the record ------------------------------------------------------------------------------------


def rule_body(rule: Rule) -> dict[str, Json]:
    """The record's body."""
    newest = rule.versions[-1]
    return {
        "id": rule.id,
        "kind": newest.kind.value,
        "title": newest.title,
        "title_en": newest.title_en,
        "document": newest.document,
        "versions": [version_body(v) for v in rule.versions],
    }


def version_body(v: Version) -> dict[str, Json]:
    """One version as kept in the record."""
    return {
        "number": v.number,
        "edition": v.edition,
        "state": v.state.value,
        "kind": v.kind.value,
        "title": v.title,
        "title_en": v.title_en,
        "document": v.document,
        "clause": v.clause,
        "confidence": v.confidence.value,
        "valid_from": _iso(v.valid_from),
        "valid_to": _iso(v.valid_to),
        **({"not_before": _iso(v.not_before)} if v.not_before else {}),
        "transition": [transition_body(t) for t in v.transition],
        "sources": list(v.sources),
        "note": v.note,
        "note_en": v.note_en,
        "content": cast("Json", dict(v.content)),
        "digest": v.digest,
        "replaces": v.replaces,
        "reason": v.reason,
        "entered": v.entered.to_json() if v.entered else None,
        "countersigned": v.countersigned.to_json() if v.countersigned else None,
    }


def transition_body(t: Transition) -> dict[str, Json]:
    """A transition as kept and answered."""
    return {
        "applies_to": t.applies_to,
        "date": _iso(t.date),
        "text": t.text,
        "text_en": t.text_en,
        "confidence": t.confidence.value,
    }


def rule_of(key: str, body: Mapping[str, Any], record_version: int) -> Rule:
    """The rule that a record holds."""
    versions = tuple(
        replace(version_of(key, v), number=int(v["number"]), record_version=record_version) for v in body["versions"]
    )
    return Rule(key, versions, record_version)


def version_of(rule: str, body: Mapping[str, Any]) -> Version:
    """A version from a record, a shipped file or a proposal.

    Raises
    ------
    SchemaError
        If a member is missing or cannot be what it should be.
    """
    known = {**_DEFAULTS, **body}
    try:
        return Version(
            rule=rule,
            kind=Kind(known["kind"]),
            number=int(known["number"]),
            edition=str(known["edition"]),
            title=_text(known["title"]),
            title_en=_text(known["title_en"]),
            document=str(known["document"]),
            clause=str(known["clause"]),
            confidence=Confidence(known["confidence"]),
            content=known["content"],
            state=State(known["state"]),
            valid_from=_date(known["valid_from"]),
            valid_to=_date(known["valid_to"]),
            not_before=_date(known.get("not_before")),
            transition=tuple(_transition(t) for t in known["transition"]),
            sources=tuple(map(str, known["sources"])),
            note=str(known["note"]),
            note_en=str(known["note_en"]),
            digest=str(known["digest"]),
            replaces=known["replaces"],
            reason=str(known["reason"]),
            entered=Stamp.of(known["entered"]),
            countersigned=Stamp.of(known["countersigned"]),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise SchemaError(f"not a version of a rule: {exc!r}", where=f"law {rule}") from exc


_DEFAULTS: dict[str, Any] = {
    "number": 0,
    "edition": "",
    "document": "",
    "clause": "",
    "content": {},
    "state": "shipped",
    "valid_from": None,
    "valid_to": None,
    "transition": (),
    "sources": (),
    "note": "",
    "note_en": "",
    "digest": "",
    "replaces": None,
    "reason": "",
    "entered": None,
    "countersigned": None,
}


def _transition(body: Mapping[str, Any]) -> Transition:
    return Transition(
        _one_of(str(body["applies_to"]), "plans_approved_before", "note"),
        _text(body["text"]),
        _text(body["text_en"]),
        _date(body.get("date")),
        Confidence(body.get("confidence", "C")),
    )


def _one_of(value: str, *known: str) -> str:
    if value not in known:
        raise ValueError(f"{value!r} is not one of {', '.join(known)}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r} is not a text")
    return value


def _date(value: Any) -> date | None:
    if value is None or isinstance(value, date):
        return value
    return date.fromisoformat(str(value))


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
