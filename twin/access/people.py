"""People and the roles they were given.

A person is one human being, whatever accounts they have: what an act needs several people for counts persons. What
tells who they are (staff number, e-mail, subject of an OpenID provider) is kept as a keyed digest only; nobody can be
registered twice under the same one.

A role that decides or administers becomes active when a second person, an administrator, confirms it. The first two
administrators are made on the machine itself, because nobody could confirm them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, cast

from twin.access import audit
from twin.access.sealing import pseudonym
from twin.errors import ConflictError, ForbiddenError, NotFoundError, ParameterError
from twin.keys import KeyFolder
from twin.model.record import Body, Put, Record, RecordOp
from twin.model.view import RIGHTS, Right, Role, Viewer
from twin.store.base import Store
from twin.types import format_time, parse_time

KIND: Final = "person"
IDENTITY: Final = "identity"
_DECIDES: Final = frozenset({Right.CASES, Right.DOCUMENTS, Right.LAW, Right.ADMINISTER})
_LONGEST_NAME = 120
_BOOTSTRAP = 2


class GrantState(StrEnum):
    """Whether a role that was given can be acted in."""

    PROPOSED = "proposed"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Grant:
    """A role given to a person; ``by`` is the person, provider or system user who gave or confirmed it last.

    ``source`` is the OpenID provider whose claim it follows; ``""`` where people gave it.
    """

    role: Role
    state: GrantState
    by: str
    since: datetime
    source: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """One human being."""

    id: str
    name: str
    active: bool
    grants: tuple[Grant, ...]
    version: int

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles the person may act in, in the order of :class:`~twin.model.view.Role`; none while disabled."""
        held = {g.role for g in self.grants if g.state is GrantState.ACTIVE} if self.active else set()
        return tuple(role for role in Role if role in held)


def needs_second(role: Role) -> bool:
    """Whether giving the role needs the confirmation of another administrator."""
    return bool(RIGHTS[role] & _DECIDES)


class People:
    """The people of a twin."""

    def __init__(self, store: Store, keys: KeyFolder) -> None:
        self._store = store
        self._keys = keys

    def get(self, person: str) -> Person:
        """A person by id; NotFoundError if there is none."""
        try:
            return _person(self._store.record(KIND, person))
        except NotFoundError:
            raise NotFoundError(f"there is no person {person!r}") from None

    def all(self) -> list[Person]:
        """Everybody, by name."""
        return [_person(record) for record in self._store.records(KIND, order="name")]

    def by_identity(self, identity: str) -> Person | None:
        """Who has this staff number, e-mail or subject; ``None`` if nobody."""
        try:
            return self.get(str(self._store.record(IDENTITY, self._pseudonym(identity)).body["person"]))
        except NotFoundError:
            return None

    def add(
        self,
        viewer: Viewer,
        *,
        name: str,
        roles: Iterable[Role] = (),
        identities: Sequence[str] = (),
        also: Sequence[RecordOp] = (),
        person: str = "",
    ) -> Person:
        """Register a person; ``also`` is committed with it.

        Raises
        ------
        ConflictError
            If somebody has one of the identities: one human being is one person.
        """
        person = person or new_id()
        for identity in identities:
            known = self.by_identity(identity)
            if known is not None:
                raise ConflictError(
                    f"person {known.id} has this identity already",
                    where="identity",
                    hint="Give the person another account, or another role, instead.",
                )
        grants = tuple(self._grant(viewer, person, role) for role in dict.fromkeys(roles))
        body = _body(Person(person, _name(name), True, grants, 0))
        given: list[RecordOp] = [
            audit.audited(
                viewer, "person.role", f"person:{person}", details={"role": g.role.value, "state": g.state.value}
            )
            for g in grants
        ]
        self._store.write_records(
            [
                Put(KIND, person, body, expect=0),
                *(self._identity(person, identity) for identity in identities),
                audit.audited(viewer, "person.add", f"person:{person}"),
                *given,
                *also,
            ]
        )
        return self.get(person)

    def identify(self, viewer: Viewer, person: str, identity: str) -> None:
        """Add what tells who a person is; nothing if they have it, ConflictError if somebody else has it."""
        known = self.by_identity(identity)
        if known is not None and known.id == person:
            return
        if known is not None:
            raise ConflictError(f"person {known.id} has this identity already", where="identity")
        done = audit.audited(viewer, "person.identify", f"person:{person}")
        self._store.write_records([self._identity(person, identity), done, *self.unsettling(viewer, person)])

    def unsettling(self, viewer: Viewer, person: str) -> list[RecordOp]:
        """The operations that put a person's roles that decide back to proposed.

        They go with every change of how a person signs in that another person makes: who can sign in as somebody
        else must not decide in their place before a second administrator has looked. The machine's own user, and the
        person themselves, change nothing by it.

        Raises
        ------
        ConflictError
            If nobody would be left to administer.
        """
        known = self.get(person)
        decides = [g for g in known.grants if g.state is GrantState.ACTIVE and needs_second(g.role)]
        if not viewer.person or viewer.person == person or not decides:
            return []
        self._keep_one(known)
        grants = tuple(
            Grant(g.role, GrantState.PROPOSED, viewer.person, _now(), g.source) if g in decides else g
            for g in known.grants
        )
        changed = Person(known.id, known.name, known.active, grants, known.version)
        return [
            Put(KIND, person, _body(changed), expect=known.version),
            audit.audited(viewer, "person.unsettle", f"person:{person}"),
        ]

    def rename(self, viewer: Viewer, person: str, name: str) -> Person:
        """Change how a person is called."""
        return self._change(viewer, self.get(person), "person.rename", name=_name(name))

    def grant(self, viewer: Viewer, person: str, role: Role) -> Person:
        """Give a role: active at once, or proposed where a second administrator must confirm it."""
        known = self.get(person)
        if any(g.role is role for g in known.grants):
            return known
        grant = self._grant(viewer, person, role)
        details: Body = {"role": role.value, "state": grant.state.value}
        return self._change(viewer, known, "person.role", grants=(*known.grants, grant), details=details)

    def follow(self, provider: str, person: str, roles: frozenset[Role]) -> Person:
        """Give a person the roles that a provider's claim says, and take away those it said before and no more."""
        known = self.get(person)
        viewer = Viewer(f"oidc:{provider}", Role.CITIZEN, f"oidc:{provider}")
        held = {g.role for g in known.grants}
        kept = [g for g in known.grants if g.source != provider or g.role in roles]
        gone = [g.role.value for g in known.grants if g not in kept]
        new = [replace(self._grant(viewer, person, role), source=provider) for role in Role if role in roles - held]
        if not gone and not new:
            return known
        details: Body = {"gone": [*gone], "new": [g.role.value for g in new]}
        return self._change(viewer, known, "person.follow", grants=(*kept, *new), details=details)

    def confirm(self, viewer: Viewer, person: str, role: Role) -> Person:
        """Confirm a proposed role.

        Raises
        ------
        ForbiddenError
            If the viewer proposed it, is the person concerned, or is not a person who administers.
        NotFoundError
            If the role is not proposed.
        """
        known = self.get(person)
        proposed = next((g for g in known.grants if g.role is role and g.state is GrantState.PROPOSED), None)
        if proposed is None:
            raise NotFoundError(f"no role {role.value!r} waits for confirmation")
        self._check_second(viewer, known, proposed)
        grants = tuple(
            Grant(role, GrantState.ACTIVE, viewer.person, _now(), g.source) if g is proposed else g
            for g in known.grants
        )
        details: Body = {"role": role.value, "proposed_by": proposed.by}
        return self._change(viewer, known, "person.confirm", grants=grants, details=details)

    def _check_second(self, viewer: Viewer, known: Person, proposed: Grant) -> None:
        is_administrator = bool(viewer.person) and not viewer.token and viewer.role is Role.ADMINISTRATOR
        if not is_administrator:
            raise ForbiddenError("an administrator confirms a role in person", where="confirm")
        if viewer.person in (proposed.by, known.id):
            raise ForbiddenError(
                "who proposed a role, or is to have it, cannot confirm it",
                where="confirm",
                hint="Ask another administrator.",
            )
        if Role.ADMINISTRATOR not in self.get(viewer.person).roles:
            raise ForbiddenError("only an administrator confirms a role", where="confirm")

    def withdraw(self, viewer: Viewer, person: str, role: Role) -> Person:
        """Take a role away, or a proposal back; ConflictError for the last administrator's."""
        known = self.get(person)
        if all(g.role is not role for g in known.grants):
            return known
        if role is Role.ADMINISTRATOR:
            self._keep_one(known)
        grants = tuple(g for g in known.grants if g.role is not role)
        return self._change(viewer, known, "person.withdraw", grants=grants, details={"role": role.value})

    def disable(self, viewer: Viewer, person: str, *, active: bool = False) -> Person:
        """Shut a person out (or let them in again): no session or token of theirs is taken from then on."""
        known = self.get(person)
        if known.active == active:
            return known
        if not active:
            self._keep_one(known)
            return self._change(viewer, known, "person.disable", active=False)
        # Who comes back has no right to decide until it is confirmed anew.
        grants = tuple(self._grant(viewer, person, g.role) for g in known.grants)
        return self._change(viewer, known, "person.enable", active=True, grants=grants)

    def administrators(self) -> list[Person]:
        """Everybody who administers."""
        return [p for p in self.all() if Role.ADMINISTRATOR in p.roles]

    def _keep_one(self, known: Person) -> None:
        others = [p for p in self.administrators() if p.id != known.id]
        if Role.ADMINISTRATOR in known.roles and not others:
            raise ConflictError("this is the last administrator", hint="Make another one first.")

    def _grant(self, viewer: Viewer, person: str, role: Role) -> Grant:
        by = viewer.person or f"system:{viewer.name}"
        state = GrantState.PROPOSED if needs_second(role) else GrantState.ACTIVE
        is_machine = not viewer.person and not viewer.token and viewer.role is Role.ADMINISTRATOR
        if role is Role.ADMINISTRATOR and is_machine:
            others = [p for p in self.administrators() if p.id != person]
            state = GrantState.ACTIVE if len(others) < _BOOTSTRAP else GrantState.PROPOSED
        return Grant(role, state, by, _now())

    def _change(
        self,
        viewer: Viewer,
        known: Person,
        action: str,
        *,
        name: str | None = None,
        active: bool | None = None,
        grants: tuple[Grant, ...] | None = None,
        details: Body | None = None,
    ) -> Person:
        changed = Person(
            known.id,
            known.name if name is None else name,
            known.active if active is None else active,
            known.grants if grants is None else grants,
            known.version,
        )
        done = audit.audited(viewer, action, f"person:{known.id}", details=details)
        self._store.write_records([Put(KIND, known.id, _body(changed), expect=known.version), done])
        return self.get(known.id)

    def _pseudonym(self, identity: str) -> str:
        if not identity.strip():
            raise ParameterError("an identity has at least one character", where="identity")
        return pseudonym(self._keys, "identity", identity)

    def _identity(self, person: str, identity: str) -> Put:
        # A record of its own, so that of two who register the same identity at once one fails.
        return Put(IDENTITY, self._pseudonym(identity), {"person": person}, expect=0)


def new_id() -> str:
    """Id of a new person."""
    return f"p{secrets.token_hex(6)}"


def names(store: Store, persons: Iterable[str]) -> dict[str, str]:
    """What people are called, by id; who is not (or no more) known is left out. ``demo:<role>`` is the role."""
    asked = list(dict.fromkeys(persons))
    found = {p: f"Thử nghiệm ({p.removeprefix('demo:')})" for p in asked if p.startswith("demo:")}
    for person in (p for p in asked if p and p not in found):
        try:
            found[person] = str(store.record(KIND, person).body["name"])
        except NotFoundError:
            continue
    return found


def _name(text: str) -> str:
    cleaned = " ".join(text.split())
    if not 1 <= len(cleaned) <= _LONGEST_NAME:
        raise ParameterError(f"a name has 1 to {_LONGEST_NAME} characters", where="name")
    return cleaned


def _now() -> datetime:
    return datetime.now(UTC)


def _body(person: Person) -> Body:
    roles: Body = {
        g.role.value: {"state": g.state.value, "by": g.by, "since": format_time(g.since), "source": g.source}
        for g in person.grants
    }
    return {"name": person.name, "active": person.active, "roles": roles}


def _person(record: Record) -> Person:
    given = cast("dict[str, dict[str, str]]", record.body["roles"])
    grants = tuple(
        Grant(Role(role), GrantState(g["state"]), g["by"], parse_time(g["since"], where="since"), g["source"])
        for role, g in given.items()
    )
    return Person(record.key, str(record.body["name"]), bool(record.body["active"]), grants, record.version)
