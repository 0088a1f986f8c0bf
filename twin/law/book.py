"""The law as the twin holds it: rules by id on two clocks, tables to ask, search, and what changes when."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from twin.errors import NotFoundError, SchemaError
from twin.law.answer import Answer, Basis, Found, How, NotDeterminable, Why
from twin.law.calendar import CALENDAR_ID, WorkingCalendar, builtin_calendar
from twin.law.rule import Confidence, Kind, Rule, State, Version, day_of, rule_of
from twin.law.shipped import RECORD, shipped_rules
from twin.law.tables import Table, row_confidence, rows_confidence
from twin.store.base import Store
from twin.types import fold

_NO_WORD = re.compile(r"[^0-9a-z]+")


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that begins or ends to hold on a date."""

    day: date
    version: Version
    begins: bool


class Law:
    """The rules of a twin.

    Parameters
    ----------
    rules
        Every rule by id, as known at one moment.
    production
        Whether only countersigned versions may be used. Where they need not be, answers carry the mark.
    """

    def __init__(self, rules: Mapping[str, Rule], *, production: bool = False) -> None:
        self.rules = rules
        self.production = production

    @classmethod
    def of(cls, store: Store, *, known_at: datetime | None = None, production: bool = False) -> Law:
        """The law that a store held at ``known_at``; ``None`` is now."""
        found = store.records(RECORD, known_at=known_at)
        return cls({r.key: rule_of(r.key, r.body, r.version) for r in found}, production=production)

    @classmethod
    def shipped(cls) -> Law:
        """The law as it comes with the program, unsigned."""
        numbered = {name: Rule(name, tuple(_numbered(versions))) for name, versions in shipped_rules().items()}
        return cls(numbered)

    def without_drafts(self) -> Law:
        """The same law without what is only proposed."""
        shown = {
            name: replace(rule, versions=tuple(v for v in rule.versions if v.state is not State.DRAFT))
            for name, rule in self.rules.items()
        }
        return Law({name: rule for name, rule in shown.items() if rule.versions}, production=self.production)

    # -- rules ------------------------------------------------------------------------------------------------

    def rule(self, name: str) -> Rule:
        """A rule with all its versions; NotFoundError if there is none."""
        try:
            return self.rules[name]
        except KeyError:
            raise NotFoundError(f"there is no rule {name!r}") from None

    def version(
        self, name: str, at: date | datetime | None = None, *, approved: date | None = None
    ) -> Version | NotDeterminable:
        """The version of a rule that applies at a time, or why none may be used.

        Parameters
        ----------
        name
            The rule's id.
        at
            Date, or moment, in the world; ``None`` is now.
        approved
            Date on which the plan in question was approved: some rules keep their old version for it.
        """
        rule = self.rule(name)
        day = day_of(datetime.now(UTC) if at is None else at)
        found = rule.on(day, approved=approved)
        if found is None:
            said = f"{name}, {day:%d/%m/%Y}"
            return NotDeterminable(Why.NOT_IN_FORCE, said, said)
        if not self.usable(found):
            said = f"{found.document}, {found.clause}".strip(", ")
            return NotDeterminable(Why.NOT_COUNTERSIGNED, said, said, Basis.of(found))
        return found

    def usable(self, version: Version) -> bool:
        """Whether a version may be used: countersigned, or shipped where no countersignature is asked for.

        A countersignature given in open mode, where nobody has to say who they are, counts for nothing in production.
        """
        if self.production:
            signed = version.countersigned
            return version.state is State.SIGNED and signed is not None and not signed.person.startswith("demo:")
        return version.state in (State.SIGNED, State.SHIPPED)

    def value(
        self,
        name: str,
        at: date | datetime | None = None,
        *,
        approved: date | None = None,
        **inputs: float | str | None,
    ) -> Answer:
        """What a table says for these inputs at a time."""
        found = self.version(name, at, approved=approved)
        return found if isinstance(found, NotDeterminable) else Table(found).value(**inputs)

    def cells(
        self,
        name: str,
        at: date | datetime | None = None,
        *,
        approved: date | None = None,
        **inputs: float | str | None,
    ) -> dict[str, Answer]:
        """Each output of a table for these inputs; empty if no version may be used (see :meth:`version`)."""
        found = self.version(name, at, approved=approved)
        return {} if isinstance(found, NotDeterminable) else Table(found).cells(**inputs)

    def parameter(
        self, name: str, parameter: str, at: date | datetime | None = None, *, approved: date | None = None
    ) -> Answer:
        """One parameter of a rule; NotFoundError if the version has none of that name."""
        found = self.version(name, at, approved=approved)
        if isinstance(found, NotDeterminable):
            return found
        for p in found.content.get("parameters", ()):
            if p["name"] == parameter:
                basis = Basis.of(found, row_confidence(found, p))
                return Found(p["value"], str(p.get("unit", "")), basis, How.GIVEN)
        raise NotFoundError(f"{found.label} has no parameter {parameter!r}")

    def rows(self, name: str, at: date | datetime | None = None) -> list[dict[str, Any]]:
        """Rows of a code list, or of thresholds, in force at a time; empty if none may be used."""
        found = self.version(name, at)
        return [] if isinstance(found, NotDeterminable) else list(found.content.get("rows", ()))

    def calendar(self, at: date | datetime | None = None) -> WorkingCalendar:
        """The working calendar; one calendar holds all dates it knows, so ``at`` chooses only its edition.

        Unsigned it is still used, for a clock must run; its version says which it was.
        """
        rule = self.rule(CALENDAR_ID)
        day = day_of(datetime.now(UTC) if at is None else at)
        found = rule.on(day) or rule.nearest(day)
        if found.kind is not Kind.CALENDAR:
            raise SchemaError("is no calendar", where=found.label)
        return WorkingCalendar(found.content, version=found.label, confidence=found.confidence.value)

    # -- lists ------------------------------------------------------------------------------------------------

    def search(
        self,
        text: str = "",
        *,
        at: date | datetime | None = None,
        kind: Kind | None = None,
        document: str = "",
        confidence: Confidence | None = None,
    ) -> list[Version]:
        """The version of each rule that a list shows.

        ``text`` is words that must all begin a word of the version, ignoring case and diacritics; what has them in
        its title comes first, as a phrase before apart. With ``at`` only versions in force then are listed; without
        it, each rule's nearest.
        """
        words = _plain(text).split()
        wanted = fold(document)
        listed: Iterator[Version | None] = (
            rule.nearest(day_of(datetime.now(UTC))) if at is None else rule.on(day_of(at))
            for rule in self.rules.values()
        )
        found = [
            v
            for v in listed
            if v is not None
            and (kind is None or v.kind is kind)
            and wanted in fold(v.document)
            and (confidence is None or confidence in (v.confidence, rows_confidence(v)))
            and all(f" {word}" in haystack for haystack in [_words(v)] for word in words)
        ]
        return sorted(found, key=lambda v: (_far(v, words), v.rule.split(".")[0], v.rule))

    def changes(self, start: date | datetime, end: date | datetime) -> list[Moment]:
        """What begins or ends to hold from ``start`` to ``end``, both included, by date."""
        first, last = day_of(start), day_of(end)
        found = [
            Moment(day, version, begins)
            for rule in self.rules.values()
            for version in rule.effective
            for day, begins in ((version.valid_from, True), (version.valid_to, False))
            if day is not None and first <= day <= last
        ]
        return sorted(found, key=lambda m: (m.day, m.version.rule, m.begins))


def working_calendar(store: Store, *, known_at: datetime | None = None) -> WorkingCalendar:
    """The working calendar that a store holds; the shipped one where it holds none."""
    try:
        record = store.record(RECORD, CALENDAR_ID, known_at=known_at)
    except NotFoundError:
        return builtin_calendar()
    return Law({CALENDAR_ID: rule_of(record.key, record.body, record.version)}).calendar()


def _words(version: Version) -> str:
    said = [version.rule, version.title, version.title_en, version.document, version.clause, version.note]
    return " " + _plain(" ".join([*said, version.note_en, *version.sources, *_texts(version.content)]))


def _far(version: Version, words: Sequence[str]) -> int:
    """How far a version's title is from the words looked for: a phrase of it, all in it, or elsewhere."""
    title = f" {_plain(version.title)} {_plain(version.title_en)} "
    if not words or f" {' '.join(words)}" in title:
        return 0
    return 1 if all(f" {word}" in title for word in words) else 2


def _plain(text: str) -> str:
    return _NO_WORD.sub(" ", fold(text))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, Sequence):
        for part in value:
            yield from _texts(part)


def _numbered(versions: Sequence[Version]) -> Iterator[Version]:
    for number, version in enumerate(versions, 1):
        yield replace(version, number=number)
