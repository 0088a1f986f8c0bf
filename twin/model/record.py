"""Records and logs: what the engines of the house (cases, jobs, law, access, files) keep in the store.

A *record* is a JSON body under ``(kind, key)``. Its version counts its changes from 1; a write may say which
version it has seen, and fails with ConflictError if there is a newer one. Whether old versions are kept is a
property of the kind (:data:`KINDS`).

A *log* is an append-only list of entries. Entries are numbered from 1 without gaps, and each carries the SHA-256
over the one before it and its own content, so that nothing can be taken out or changed unseen.

Any number of operations on records and logs is one commit (:meth:`twin.store.base.Store.write_records`), alone or
together with another write (:meth:`twin.store.base.Store.along`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from twin.errors import ParameterError, SchemaError
from twin.types import Json, format_time

Body: TypeAlias = dict[str, Json]

GENESIS = "0" * 64
"""The hash before the first entry of every log."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class RecordKind:
    """What the store needs to know of a kind of record."""

    name: str
    about: str
    keeps_history: bool = True
    """Whether superseded versions stay readable by ``known_at``. What changes every few seconds does not."""
    announced: bool = False
    """Whether live listeners among the staff hear that one changed (its kind and key, nothing of its body)."""


_ALL = (
    RecordKind(
        "law_rule", "rules, tables, code lists, thresholds and calendars with source and validity", announced=True
    ),
    RecordKind("case_kind", "kinds of cases: states, transitions, roles, clocks, form", announced=True),
    RecordKind("case", "the state of a case as its log derives it", announced=True),
    RecordKind("case_number", "the newest number of each code and year", keeps_history=False),
    RecordKind("job", "queued, running and finished work", keeps_history=False, announced=True),
    RecordKind("person", "people and the roles they were given"),
    RecordKind("identity", "whose staff number, e-mail or subject this is, by its keyed digest", keeps_history=False),
    RecordKind("account", "how a person signs in", keeps_history=False),
    RecordKind("session", "open sessions", keeps_history=False),
    RecordKind("token", "API tokens and device keys, by their hash", keeps_history=False),
    RecordKind("attempt", "failed sign-ins, for the lock-out", keeps_history=False),
    RecordKind("policy", "what each role may see", announced=True),
    RecordKind("file", "size, class and state of kept files that retention rules apply to"),
    RecordKind("file_use", "who refers to which file"),
    RecordKind("data_key", "what is known of keys of personal data, never a key itself", keeps_history=False),
    RecordKind(
        "report_photo", "photos of field reports: where they are sealed, what was found in them", keeps_history=False
    ),
    RecordKind("hold", "legal holds: data that no rule or request forgets meanwhile"),
    RecordKind("retention", "how long each class of data is kept, and by which rule"),
    RecordKind("schedule", "jobs that come again", keeps_history=False),
    RecordKind("document", "issued documents, their canonical form and signature"),
    RecordKind("signing_key", "public keys that verify documents, with validity and revocation"),
)
KINDS: dict[str, RecordKind] = {kind.name: kind for kind in _ALL}
"""Every kind there is; a new room adds its own here."""


@dataclass(frozen=True, slots=True)
class Record:
    """One version of a record."""

    kind: str
    key: str
    version: int
    body: Body
    recorded_from: datetime
    recorded_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log. ``actor`` and ``object`` can be searched by; the rest is the body."""

    log: str
    number: int
    recorded_at: datetime
    actor: str
    object: str
    body: Body
    hash: str


@dataclass(frozen=True, slots=True)
class Put:
    """Write a record. ``expect`` is the version seen: ``0`` for none yet, ``None`` for whatever there is."""

    kind: str
    key: str
    body: Body
    expect: int | None = None

    def __post_init__(self) -> None:
        check_name(self.kind, self.key)


@dataclass(frozen=True, slots=True)
class Drop:
    """End a record (its history stays, where the kind keeps one)."""

    kind: str
    key: str
    expect: int | None = None

    def __post_init__(self) -> None:
        check_name(self.kind, self.key)


@dataclass(frozen=True, slots=True)
class Expect:
    """Commit only if the record's body holds these values now (and ``version``, if given); else ConflictError."""

    kind: str
    key: str
    values: Mapping[str, Json] = field(default_factory=dict)
    version: int | None = None

    def __post_init__(self) -> None:
        check_name(self.kind, self.key)


@dataclass(frozen=True, slots=True)
class Append:
    """Add to a log. ``expect`` is the number of entries seen; ``None`` takes whatever there are.

    With ``with_commit`` the entry says what its own commit did, under ``commit``: its ``seq``, ``source``, and the
    counts that :class:`~twin.model.layer.Commit` has.
    """

    log: str
    body: Body
    actor: str = ""
    object: str = ""
    expect: int | None = None
    with_commit: bool = False

    def __post_init__(self) -> None:
        if not self.log or len(self.log) > _LONGEST_KEY:
            raise ParameterError(f"{self.log!r} is not a name of a log")


@dataclass(frozen=True, slots=True)
class ExpectFeatures:
    """Commit only if nothing was recorded about these features of a layer after ``since``; else ConflictError."""

    layer: str
    fids: tuple[str, ...]
    since: datetime


RecordOp: TypeAlias = Put | Drop | Expect | Append | ExpectFeatures


@dataclass(frozen=True, slots=True)
class Range:
    """Values of a body's member from ``low`` to ``high``, both included; ``None`` is open. Texts order as texts."""

    low: str | float | None = None
    high: str | float | None = None


Condition: TypeAlias = "Json | Range | Sequence[Json]"
"""A value to equal (a list in a body meets each value it holds, an object each object whose members it has), several of
which one must be met, or a range.

``None`` is met by a member that is null or absent.
"""


def check_name(kind: str, key: str) -> None:
    """Raise unless the kind is known and the key can be one."""
    if kind not in KINDS:
        raise SchemaError(f"there is no kind of record {kind!r}", hint="Kinds are listed in twin/model/record.py.")
    if not key or len(key) > _LONGEST_KEY:
        raise ParameterError(f"{key!r} is not a key of a record", hint=f"1 to {_LONGEST_KEY} characters.")


def check_member(name: str) -> str:
    """Name of a body's top-level member that records are found by."""
    if not _NAME.fullmatch(name):
        raise ParameterError(f"{name!r} is not a member that records can be found by")
    return name


def canonical(value: object) -> str:
    """JSON with sorted members and no spaces: equal content has equal text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def chain(before: str, *, log: str, number: int, recorded_at: datetime, actor: str, object: str, body: Body) -> str:  # noqa: A002  as in Entry
    """The hash of an entry: SHA-256 over the hash before it and everything the entry says."""
    said = canonical([before, log, number, format_time(recorded_at), actor, object, body])
    return hashlib.sha256(said.encode()).hexdigest()


def broken_link(entries: Sequence[Entry], before: str = GENESIS) -> int | None:
    """Number of the first entry whose hash is not what the chain gives; ``None`` if all hold together.

    ``before`` is the hash of the entry before the first of ``entries``.
    """
    for entry in entries:
        made = chain(
            before,
            log=entry.log,
            number=entry.number,
            recorded_at=entry.recorded_at,
            actor=entry.actor,
            object=entry.object,
            body=entry.body,
        )
        if made != entry.hash:
            return entry.number
        before = entry.hash
    return None
