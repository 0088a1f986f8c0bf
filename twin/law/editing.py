"""Changing the law's records: one person proposes, another countersigns; administrators do neither."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from twin.access.audit import audited
from twin.errors import ConflictError, ForbiddenError, NotFoundError, ParameterError
from twin.law.content import check_content
from twin.law.rule import Rule, Stamp, State, Version, rule_body, rule_of, version_of
from twin.law.shipped import RECORD
from twin.model.record import Put
from twin.model.view import Right, Role, Viewer
from twin.store.base import Store

_ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_EDITABLE = frozenset(
    {
        "kind", "title", "title_en", "document", "clause", "confidence", "valid_from", "valid_to", "transition",
        "sources", "note", "note_en", "content", "replaces",
    }
)  # fmt: skip


def propose(store: Store, viewer: Viewer, rule: str, body: Mapping[str, Any], *, seen: int, reason: str) -> Rule:
    """Add a draft version to a rule, or make a new rule; nothing uses it before another person countersigns it.

    Parameters
    ----------
    body
        What the version says: ``kind title title_en document clause confidence valid_from valid_to transition sources
        note note_en content``, and ``replaces``, the number of a version whose place it is to take (absent: it stands
        beside the others, for its own dates).
    seen
        Version of the rule's record that was seen; 0 for a new rule.

    Raises
    ------
    ForbiddenError
        If the viewer may not, or nobody signed in.
    ConflictError
        If the record changed meanwhile.
    SchemaError, ParameterError
        If the body is not a version of a rule.
    """
    stamp = _stamp(viewer)
    if not _ID.fullmatch(rule):
        raise ParameterError(
            f"{rule!r} is not an id of a rule", where="id", hint="For instance planning.house_density."
        )
    unknown = sorted(set(body) - _EDITABLE)
    if unknown:
        raise ParameterError(
            f"{unknown[0]!r} cannot be proposed", where="rule", hint=f"Members are {', '.join(sorted(_EDITABLE))}."
        )
    if not reason.strip():
        raise ParameterError("a change of the law needs a reason", where="reason")
    known = _held(store, rule) if seen else Rule(rule, ())
    draft = version_of(rule, dict(body))
    _check_replaced(known, draft.replaces)
    number = len(known.versions) + 1
    draft = replace(draft, number=number, state=State.DRAFT, reason=reason.strip(), entered=stamp)
    check_content(draft)
    if known.versions and draft.kind is not known.versions[-1].kind:
        kind = known.versions[-1].kind.value
        raise ParameterError(f"{rule} is of kind {kind}; who asks it expects that", where="kind")
    return _write(store, viewer, replace(known, versions=(*known.versions, draft)), seen, "law.propose", number)


def countersign(store: Store, viewer: Viewer, rule: str, *, seen: int, number: int | None = None) -> Rule:
    """Countersign a version: the draft, or the shipped version, that a person has compared with its source.

    Parameters
    ----------
    number
        Which version; may be left out where only one waits.

    Raises
    ------
    ForbiddenError
        If the viewer may not, acts by a token, or entered the version themselves.
    ConflictError
        If the record changed meanwhile, or the version does not wait for a countersignature.
    """
    stamp = _stamp(viewer)
    known = _held(store, rule)
    version = _waiting(known, number)
    if version.entered is not None and version.entered.person == stamp.person:
        raise ForbiddenError(
            "whoever entered a version cannot countersign it", where=version.label, hint="Another person has to."
        )
    signed = replace(version, state=State.SIGNED, countersigned=stamp)
    versions = tuple(
        signed
        if v.number == version.number
        else replace(v, state=State.REPLACED)
        if version.state is State.DRAFT and v.number == version.replaces
        else v
        for v in known.versions
    )
    return _write(store, viewer, replace(known, versions=versions), seen, "law.countersign", version.number)


def _stamp(viewer: Viewer) -> Stamp:
    if viewer.role is Role.ADMINISTRATOR or not viewer.may(Right.LAW):
        raise ForbiddenError("this needs the right to law", where=viewer.role.value)
    if not viewer.person or viewer.token:
        raise ForbiddenError("the law is changed by a person who signed in, not by a token or by nobody")
    return Stamp(viewer.person, viewer.name, datetime.now(UTC).replace(microsecond=0))


def _held(store: Store, rule: str) -> Rule:
    record = store.record(RECORD, rule)
    return rule_of(record.key, record.body, record.version)


def _check_replaced(rule: Rule, number: int | None) -> None:
    if number is None:
        return
    if isinstance(number, bool) or rule.number(number) not in rule.effective:
        raise ParameterError(f"there is no version {number} in use that could be replaced", where="replaces")


def _waiting(rule: Rule, number: int | None) -> Version:
    if number is not None:
        found = rule.number(number)
        if found is None:
            raise NotFoundError(f"{rule.id} has no version {number}")
        waiting = [found] if found.state in (State.DRAFT, State.SHIPPED) else []
    else:
        waiting = list(rule.drafts) or [v for v in rule.versions if v.state is State.SHIPPED]
    if len(waiting) != 1:
        raise ConflictError(
            f"{len(waiting)} versions of {rule.id} wait for a countersignature", hint="Say which by its number."
        )
    version = waiting[0]
    if version.replaces is not None and version.state is State.DRAFT:
        replaced = rule.number(version.replaces)
        if replaced not in rule.effective:
            raise ConflictError(f"{version.label} is to replace a version that is no longer in use")
    return version


def _write(store: Store, viewer: Viewer, rule: Rule, seen: int, action: str, number: int) -> Rule:
    done = audited(viewer, action, f"law:{rule.id}", details={"version": number})
    store.write_records([Put(RECORD, rule.id, rule_body(rule), expect=seen), done])
    return _held(store, rule.id)
