"""The cases of a twin: opening, reading, acting, and what happens by itself.

Every act is one commit: an entry of the case's log, the record that follows from it, the entry of the audit, and
whatever the transition does in the world. A writer says which version it has seen; whoever comes second is told what
changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from twin.access.audit import audited
from twin.cases import case as model
from twin.cases import moves
from twin.cases.base import TRIES, CaseBase, Held, Number, log
from twin.cases.case import Case, CaseChangedError, Step, Who, case_of, log_of, step_of
from twin.cases.clocks import stamp
from twin.cases.extension import Act, Effects
from twin.cases.form import read_form
from twin.cases.kind import Body, CaseKind, Reason, Transition
from twin.cases.kinds import hindrance
from twin.cases.rules import any_role, keys_of, refusal, role_fits, who_is
from twin.cases.sight import sees_everything
from twin.cases.values import editable, read_changes, says, title_of
from twin.errors import ConflictError, ForbiddenError, ParameterError, TwinError
from twin.files.registry import use
from twin.model.record import Condition, Range, RecordOp
from twin.model.view import Right, Viewer
from twin.types import BBox, Json, LonLat

MOST_NOTE = 20_000
_ORDERS = {"due": ("due", False), "changed": ("changed", True), "opened": ("opened", True)}


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases; ``None`` and ``""`` mean any. ``assigned`` is a person's id, ``none`` for nobody's."""

    kind: str = ""
    state: str = ""
    assigned: str = ""
    is_open: bool | None = None
    text: str = ""
    bbox: BBox | None = None
    parent: str = ""
    told: str = ""
    """A role that an escalation told."""


class Cases(CaseBase):
    """The cases of a store; see :class:`CaseBase` for what it takes."""

    # -- reading ----------------------------------------------------------------------------------------------

    def get(self, viewer: Viewer, case: str) -> Case:
        """A case as it is now; NotFoundError if there is none, or none the viewer may see."""
        held = self._seen_by(viewer, case)
        try:
            return self._settled(held).case
        except TwinError as exc:  # what a clock could not do must not hide the case from who could mend it
            log.warning("case %s: %s", case, exc)
            return self._held(case).case

    def log(self, viewer: Viewer, case: str, *, after: int = 0) -> list[Step]:
        """What happened in a case since a version."""
        self._seen_by(viewer, case)
        return [step_of(entry) for entry in self.store.entries(log_of(case), after=after)]

    def kind_of(self, case: Case) -> CaseKind:
        """The version of its kind that a case began with (or was migrated to)."""
        return self.kinds.get(case.kind, case.kind_version)

    def find(
        self,
        viewer: Viewer,
        which: CaseFilter | None = None,
        *,
        order: str = "changed",
        limit: int = 100,
        offset: int = 0,
    ) -> tuple[list[Case], int]:
        """Cases the viewer may see, by ``due``, ``changed`` or ``opened``, and how many there are."""
        which = which or CaseFilter()
        if order not in _ORDERS:
            raise ParameterError(f"{order!r} is no order of cases", where="order", hint=f"Use {', '.join(_ORDERS)}.")
        member, descending = _ORDERS[order]
        where = {**_conditions(which), "readers": keys_of(viewer)}
        if which.text or self._may_hide(viewer, which.kind):
            return self._picked(viewer, which.text, where, member, descending, limit, offset)
        found = self.store.records(
            model.KIND, where=where, order=member, descending=descending, limit=limit, offset=offset
        )
        return [case_of(r.key, r.body) for r in found], self.store.count_records(model.KIND, where=where)

    def _may_hide(self, viewer: Viewer, kind: str) -> bool:
        """Whether the policy may hide what cases of a kind (``""``: of any) speak of."""
        looked_at = self._extensions.visible
        return bool(looked_at) and (not kind or kind in looked_at) and not sees_everything(self.store, viewer)

    def _picked(
        self,
        viewer: Viewer,
        text: str,
        where: Mapping[str, Condition],
        order: str,
        descending: bool,
        limit: int,
        offset: int,
    ) -> tuple[list[Case], int]:
        """Cases looked at one by one: with a text that people wrote, speaking of nothing hidden."""
        # The store looks anywhere in the record, also in names of members.
        found = self.store.records(model.KIND, where=where, text=text, order=order, descending=descending)
        cases = [case_of(r.key, r.body) for r in found]
        picked = [c for c in cases if (not text or says(c, text)) and self._extensions.sees(self.store, viewer, c)]
        return picked[offset : offset + limit], len(picked)

    def actions(self, viewer: Viewer, case: Case) -> list[str]:
        """Names of transitions the viewer may carry out now."""
        kind = self.kind_of(case)
        return [
            t.name
            for t in kind.transitions
            if case.state in t.sources
            and role_fits(viewer, case, t, as_opener=False)
            and refusal(viewer, case, t) is None
            and self._blocked(case, t, case.body) is None
        ]

    def personal(self, viewer: Viewer, case: str, field: str) -> Json | None:
        """A sealed value of a case, audited; ``None`` where there is none or it was forgotten.

        Raises
        ------
        ForbiddenError
            Unless the viewer works on cases or opened this one.
        """
        held = self._seen_by(viewer, case)
        is_own = bool(viewer.person) and viewer.person == held.case.opener.person
        if not (viewer.may(Right.CASES) or is_own):
            raise ForbiddenError("personal data of a case is for those who work on it", where=case)
        sealed = held.case.body.get(field)
        if not isinstance(sealed, dict) or self._personal is None:
            return None
        self.store.write_records([audited(viewer, "case.personal", f"case:{case}", details={"field": field})])
        return self._personal.open(str(sealed["personal"]))

    # -- acting -----------------------------------------------------------------------------------------------

    def open(
        self,
        viewer: Viewer,
        kind: str,
        body: Mapping[str, Json],
        *,
        place: LonLat | None = None,
        links: Sequence[Body] = (),
        files: Sequence[Body] = (),
        parent: str = "",
    ) -> Case:
        """Open a case of the newest version of a kind.

        Parameters
        ----------
        parent
            The case under which this one is opened (a consultation under a permit).

        Raises
        ------
        ForbiddenError
            If the viewer's role may not open one.
        ParameterError
            If the body does not fit the form.
        """
        wanted = self.kinds.get(kind)
        if not any_role(viewer, wanted.open_roles):
            raise ForbiddenError(f"a {viewer.role.value} may not open a {kind}", where=kind)
        values = read_form(wanted.form, body)
        for _ in range(TRIES):
            now = self._moment(None)
            number = self._next_number(wanted, now)
            try:
                return self._open(viewer, wanted, values, number, now, place, links, files, parent)
            except ConflictError:
                # Another took that number, or an effect found something changed.
                if self._next_number(wanted, now) == number and not parent:
                    raise
        raise ConflictError(f"too many cases of {kind} are being opened at once", hint="Try again.")

    def _open(
        self,
        viewer: Viewer,
        kind: CaseKind,
        values: Body,
        number: Number,
        now: datetime,
        place: LonLat | None,
        links: Sequence[Body],
        files: Sequence[Body],
        parent: str,
    ) -> Case:
        changes, claims = self._sealed(number.case, kind.form, values)
        act = Act(self.store, viewer, kind, number.case, None, None, changes, changes, now)
        effects = self._effects(act, kind.checks, kind.on_open)
        changes = {**changes, **effects.changes}
        who = who_is(viewer)
        clocks = moves.moved(kind, {}, changes, source=None, to=kind.initial, now=now, calendar=self.calendar)
        state = kind.state(kind.initial)
        entry: Body = {
            "act": "open",
            "time": stamp(now),
            "who": who.as_json(),
            "role": viewer.role.value,
            "kind": kind.name,
            "kind_version": kind.version,
            "code": number.case,
            "title": effects.title or title_of(kind, changes),
            "to": kind.initial,
            "open": not (state and state.end),
            "changes": changes,
            "parent": parent,
            "lon": place.lon if place else None,
            "lat": place.lat if place else None,
            "links": list(links),
            "files": list(files),
            "readers": cast("Json", moves.readers(kind, who.person, None, ())),
            "waits": moves.waits(kind, kind.initial, clocks),
            **moves.clock_members({}, clocks),
        }
        ops = [number.op, *claims, *effects.ops]
        if parent:
            ops += self._under(viewer, parent, number.case, now)
        return self._commit(viewer, number.case, None, entry, replace(effects, ops=tuple(ops)), "case.open")

    def _under(self, viewer: Viewer, parent: str, child: str, now: datetime) -> list[RecordOp]:
        """The parent's entry of a child, in the same commit: what waits for its children sees this one."""
        held = self._seen_by(viewer, parent)
        if not held.case.is_open:
            raise ConflictError(f"case {parent} has ended", where="parent")
        entry = self._entry("link", viewer, held, now)
        entry["links"] = [{"rel": "child", "case": child}]
        return self._writes(viewer, parent, held, entry)

    def act(
        self,
        viewer: Viewer,
        case: str,
        transition: str,
        *,
        seen: int,
        reason: str = "",
        changes: Mapping[str, Json] | None = None,
        as_opener: bool = False,
    ) -> Case:
        """Carry out a transition, or give one of the approvals it needs.

        Parameters
        ----------
        seen
            The version the viewer decided by.
        as_opener
            The caller has made sure by other means that the viewer opened the case (a secret they were given).

        Raises
        ------
        CaseChangedError
            If somebody was faster.
        ForbiddenError
            If the viewer may not, or is not another person where one is needed.
        ConflictError
            If the case is not in a state for it, or a condition is not met.
        """
        for _ in range(TRIES):
            held = self._settled(self._seen_by(viewer, case) if not as_opener else self._held(case))
            wanted = held.kind.transition(transition)
            if wanted is None or not wanted.roles:
                raise ParameterError(f"{transition!r} is no transition of a {held.case.kind}", where="transition")
            if not role_fits(viewer, held.case, wanted, as_opener=as_opener):
                raise ForbiddenError(f"a {viewer.role.value} may not {transition} a {held.case.kind}", where=transition)
            self.require_seen(held.case, seen)
            try:
                return self._act(viewer, held, wanted, seen, reason, changes or {})
            except ConflictError as exc:
                if isinstance(exc, CaseChangedError) or self._held(case).case.version == held.case.version:
                    raise
        raise ConflictError(f"case {case} changes too fast", where=case, hint="Try again.")

    def _act(
        self, viewer: Viewer, held: Held, wanted: Transition, seen: int, reason: str, given: Mapping[str, Json]
    ) -> Case:
        case, kind = held.case, held.kind
        if case.state not in wanted.sources:
            raise ConflictError(f"{wanted.name} is not possible in state {case.state!r}", where=case.id)
        refused = refusal(viewer, case, wanted)
        if refused:
            raise ForbiddenError(refused, where=wanted.name)
        if wanted.reason is Reason.REQUIRED and not reason.strip():
            raise ParameterError("a reason is needed", where="reason")
        plain = read_changes(kind, wanted, given)
        blocked = self._blocked(case, wanted, {**case.body, **plain})
        if blocked:
            raise ConflictError(blocked, where=case.id)
        values, claims = self._sealed(case.id, (*editable(kind, wanted), *wanted.form), plain)
        body = {**case.body, **values}
        now = self._moment(case)
        act = Act(self.store, viewer, kind, case.id, case, wanted, body, values, now, reason.strip())
        names = {f.name for f in kind.form}
        extra = kind.checks if set(values) & names else ()
        if len(case.approvals.get(wanted.name, ())) + 1 < wanted.approvals:
            self._check(act, (*extra, *wanted.checks))
            entry = self._entry("approval", viewer, held, now)
            entry |= {"transition": wanted.name, "reason": reason.strip(), "seen": seen}
            return self._commit(viewer, case.id, held, entry, Effects(), "case.approve")
        effects = self._effects(act, (*extra, *wanted.checks), wanted.effect)
        effects = replace(effects, ops=(*claims, *effects.ops))
        entry = self._transition_entry(viewer, held, wanted, now, {**values, **effects.changes})
        entry |= {"reason": reason.strip(), "seen": seen, "wrote": bool(set(values) & names)}
        if effects.title or (kind.title_field in values):
            entry["title"] = effects.title or title_of(kind, body)
        return self._ended(self._commit(viewer, case.id, held, entry, effects, "case.act"))

    def assign(self, viewer: Viewer, case: str, person: str | None, *, seen: int) -> Case:
        """Give a case to a person, or to nobody (``None``)."""
        held = self._settled(self._worked_by(viewer, case))
        self.require_seen(held.case, seen)
        if not held.case.is_open:
            raise ConflictError(f"case {case} has ended", where=case)
        if person and person != viewer.person and not self._is_person(person):
            raise ParameterError(f"there is no person {person!r}", where="person")
        entry = self._entry("assign", viewer, held, self._moment(held.case))
        entry |= self._assigned(held, Who(person) if person else None, held.case.told)
        return self._commit_seen(viewer, held, entry, "case.assign", seen)

    def note(self, viewer: Viewer, case: str, text: str, *, seen: int | None = None) -> Case:
        """Write something into a case's log."""
        text = text.strip()
        if not text or len(text) > MOST_NOTE:
            raise ParameterError(f"a note has 1 to {MOST_NOTE} characters", where="text")
        return self._add(viewer, case, "note", {"note": text}, seen)

    def require_worker(self, viewer: Viewer, case: str) -> None:
        """Raise unless the viewer may add notes and files to a case."""
        self._worked_by(viewer, case, or_opener=True)

    def attach(self, viewer: Viewer, case: str, *, file: str, name: str, size: int, more: Body | None = None) -> Case:
        """Put a kept file (by its SHA-256) into a case."""
        one: Body = {"file": file, "name": name, "size": size, **(more or {})}
        return self._add(viewer, case, "attach", {"files": [one]}, None, use(file, f"case:{case}"))

    def link(self, viewer: Viewer, case: str, link: Body) -> Case:
        """Say what a case has to do with: ``{"rel", "layer"?, "fid"?, "case"?}``."""
        return self._add(viewer, case, "link", {"links": [link]}, None)

    def _add(self, viewer: Viewer, case: str, act: str, members: Body, seen: int | None, *ops: RecordOp) -> Case:
        for _ in range(TRIES):
            held = self._settled(self._worked_by(viewer, case, or_opener=True))
            if seen is not None:
                self.require_seen(held.case, seen)
            entry = self._entry(act, viewer, held, self._moment(held.case)) | members
            try:
                return self._commit(viewer, case, held, entry, Effects(ops=ops), f"case.{act}")
            except ConflictError:
                if self._held(case).case.version == held.case.version:
                    raise
        raise ConflictError(f"case {case} changes too fast", where=case, hint="Try again.")

    def migrate(self, viewer: Viewer, case: str, version: int, *, seen: int, reason: str) -> Case:
        """Let an open case go on under another version of its kind."""
        held = self._settled(self._held(case))
        if not viewer.may(Right.ADMINISTER):
            raise ForbiddenError("only an administrator may migrate a case", where=case)
        if not reason.strip():
            raise ParameterError("a reason is needed", where="reason")
        if not held.case.is_open:
            raise ConflictError(f"case {case} has ended", where=case)
        self.require_seen(held.case, seen)
        kind = self.kinds.get(held.case.kind, version)
        why = hindrance(held.case, held.kind, kind)
        if why:
            raise ConflictError(f"case {case} cannot go on under version {version}: {why[1]}", where=case)
        now = self._moment(held.case)
        state = held.case.state
        clocks = moves.moved(
            kind, held.case.clocks, held.case.body, source=state, to=state, now=now, calendar=self.calendar
        )
        entry = self._entry("migrate", viewer, held, now) | {
            "kind_version": version,
            "reason": reason.strip(),
            "readers": cast("Json", moves.readers(kind, held.case.opener.person, held.case.assigned, held.case.told)),
            "waits": moves.waits(kind, state, {**held.case.clocks, **clocks}),
            **moves.clock_members(held.case.clocks, clocks),
        }
        return self._commit_seen(viewer, held, entry, "case.migrate", seen)


def _conditions(which: CaseFilter) -> dict[str, Condition]:
    named = {"kind": which.kind, "state": which.state, "parent": which.parent, "told": which.told}
    where: dict[str, Condition] = {member: value for member, value in named.items() if value}
    if which.assigned:
        where["assigned_to"] = "" if which.assigned == "none" else which.assigned
    if which.is_open is not None:
        where["open"] = which.is_open
    if which.bbox is not None:
        where["lon"] = Range(which.bbox.west, which.bbox.east)
        where["lat"] = Range(which.bbox.south, which.bbox.north)
    return where
