"""Kinds of cases in the store: versions, publishing, and the dry run of an edited kind against open cases."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from twin.access.audit import audited
from twin.cases import case as cases
from twin.cases.case import Case, case_of
from twin.cases.extension import Extensions
from twin.cases.kind import CaseKind, Transition, kind_from_json, kind_to_json
from twin.cases.kind_check import Fault, faults
from twin.errors import ConflictError, ForbiddenError, NotFoundError, SchemaError
from twin.model.record import Put, Record
from twin.model.view import ADMINISTRATOR, Right, Viewer
from twin.store.base import Store

KIND = "case_kind"
_BLOCK = 500


@dataclass(frozen=True, slots=True)
class Affected:
    """An open case that could not simply go on under an edited kind."""

    id: str
    text: str
    text_en: str


@dataclass(frozen=True, slots=True)
class DryRun:
    """What an edited kind would mean. Open cases keep their version until an administrator migrates them.

    ``unaffected`` could be migrated as they are; ``affected`` could not, and why.
    """

    faults: tuple[Fault, ...]
    open: int
    unaffected: int
    affected: tuple[Affected, ...]


@dataclass(frozen=True, slots=True)
class KindVersion:
    """A version of a kind and since when it is the newest."""

    kind: CaseKind
    since: datetime


class Kinds:
    """The kinds of one store. Those the program brings are put there when they are first asked for."""

    def __init__(self, store: Store, builtin: Sequence[CaseKind], extensions: Extensions) -> None:
        self.store = store
        self.extensions = extensions
        self._builtin: Mapping[str, CaseKind] = {kind.name: kind for kind in builtin}
        self._known: dict[tuple[str, int], CaseKind] = {}

    def get(self, name: str, version: int | None = None) -> CaseKind:
        """A kind, or a version of it; NotFoundError if there is none."""
        if version is not None and (name, version) in self._known:
            return self._known[name, version]
        newest = self._newest(name)
        if version is None or version == newest.version:
            return self._read(newest)
        found = [r for r in self.store.record_history(KIND, name) if r.version == version]
        if not found:
            raise NotFoundError(f"there is no version {version} of the kind {name!r}")
        return self._read(found[0])

    def all(self) -> list[CaseKind]:
        """The newest version of every kind, by name."""
        for name in self._builtin:
            self._newest(name)
        return [self._read(record) for record in self.store.records(KIND)]

    def history(self, name: str) -> list[KindVersion]:
        """Every version of a kind, oldest first."""
        self._newest(name)
        return [KindVersion(self._read(r), r.recorded_from) for r in self.store.record_history(KIND, name)]

    def put(self, viewer: Viewer, kind: CaseKind, *, seen: int, reason: str) -> CaseKind:
        """Publish a version. Cases in progress keep theirs.

        Raises
        ------
        ForbiddenError
            Unless the viewer administers.
        SchemaError
            If the kind cannot be worked by; the text names the first fault.
        ConflictError
            If another version was published since ``seen`` (0: there was none).
        """
        if not viewer.may(Right.ADMINISTER):
            raise ForbiddenError("only an administrator may change a kind of case", where=kind.name)
        if not reason.strip():
            raise SchemaError("a reason is needed", where="reason")
        found = self.faults(kind)
        if found:
            raise SchemaError(found[0].text_en, where=f"{kind.name}: {found[0].where}", hint=found[0].hint)
        with contextlib.suppress(NotFoundError):
            self._newest(kind.name)
        body = {**kind_to_json(kind), "reason": reason.strip()}
        entry = audited(viewer, "case.kind", f"case_kind:{kind.name}", details={"seen": seen, "version": seen + 1})
        self.store.write_records([Put(KIND, kind.name, body, expect=seen), entry])
        return self.get(kind.name)

    def faults(self, kind: CaseKind) -> list[Fault]:
        """What is wrong with a kind by itself and beside the others; none if it can be worked by."""
        found = self._own_faults(kind)
        twins = [other.name for other in self.all() if other.code == kind.code and other.name != kind.name]
        if twins:
            found.append(
                Fault("code", "code", f"mã {kind.code} đã thuộc loại {twins[0]}", f"{kind.code} is of kind {twins[0]}")
            )
        return found

    def _own_faults(self, kind: CaseKind) -> list[Fault]:
        known = self.extensions
        return faults(kind, checks=known.checks, effects=known.effects, deciding=known.deciding)

    def dry_run(self, kind: CaseKind) -> DryRun:
        """What publishing would mean, and which open cases could not be migrated to it."""
        found = self.faults(kind)
        count, affected = 0, []
        for case in self._open_cases(kind.name):
            count += 1
            why = hindrance(case, self.get(case.kind, case.kind_version), kind)
            if why:
                affected.append(Affected(case.id, *why))
        return DryRun(tuple(found), count, count - len(affected), tuple(affected))

    def _open_cases(self, name: str) -> Iterator[Case]:
        offset = 0
        while True:
            block = self.store.records(cases.KIND, where={"kind": name, "open": True}, limit=_BLOCK, offset=offset)
            yield from (case_of(record.key, record.body) for record in block)
            if len(block) < _BLOCK:
                return
            offset += _BLOCK

    def _newest(self, name: str) -> Record:
        try:
            return self.store.record(KIND, name)
        except NotFoundError:
            if name not in self._builtin:
                raise
        kind = self._builtin[name]
        found = self._own_faults(kind)
        if found:
            raise SchemaError(found[0].text_en, where=f"{name}: {found[0].where}")
        entry = audited(ADMINISTRATOR, "case.kind", f"case_kind:{name}", details={"seen": 0, "version": 1})
        with contextlib.suppress(ConflictError):  # another process was first
            self.store.write_records([Put(KIND, name, kind_to_json(kind), expect=0), entry])
        return self.store.record(KIND, name)

    def _read(self, record: Record) -> CaseKind:
        known = self._known.get((record.key, record.version))
        if known is None:
            body = {name: value for name, value in record.body.items() if name != "reason"}
            known = replace(kind_from_json(body), version=record.version)
            self._known[record.key, record.version] = known
        return known


def hindrance(case: Case, old: CaseKind, new: CaseKind) -> tuple[str, str] | None:
    """Why an open case could not go on under another version as it is, in Vietnamese and English."""
    state = new.state(case.state)
    if state is None:
        return f"trạng thái {case.state} không còn", f"state {case.state} is gone"
    if state.end:
        return f"trạng thái {case.state} là kết thúc", f"state {case.state} has become an end"
    lacking = [f.name for f in new.form if f.required and case.body.get(f.name) is None]
    if lacking:
        return f"thiếu {lacking[0]}", f"{lacking[0]} is needed and not there"
    stopped = [n for n, c in case.clocks.items() if c.ended is None and new.clock(n) is None]
    if stopped:
        return f"đồng hồ {stopped[0]} không còn", f"clock {stopped[0]} is gone"
    return _weaker(old, new)


def _weaker(old: CaseKind, new: CaseKind) -> tuple[str, str] | None:
    """Whether some decision would need fewer people, under its own name or another."""
    for before in old.transitions:
        if not before.is_separate:
            continue
        for after in new.transitions:
            if _does_what(before, after) and (after.approvals < before.approvals or not after.is_separate):
                return (
                    f"{before.name} cần ít người duyệt hơn lúc bắt đầu",
                    f"{before.name} would need fewer people than when the case began",
                )
    return None


def _does_what(before: Transition, after: Transition) -> bool:
    """Whether ``after`` is ``before``, or brings about what only ``before`` did."""
    same_way = after.to == before.to and bool(set(after.sources) & set(before.sources))
    return after.name == before.name or same_way or (bool(before.effect) and after.effect == before.effect)
