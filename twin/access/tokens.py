"""API tokens of people and keys of devices: ``twin_<id>_<secret>``, of which only the digest is kept.

A token acts for its person, in one role the person has, with all of that role's rights or some. A device key acts for
itself and may only add observations to the datastreams of its scope. Rotation gives a new secret while the old one
holds a little longer; revocation holds from the next request.
"""

from __future__ import annotations

import contextlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final, cast

from twin.access import audit
from twin.access.sealing import digest, equal, new_secret
from twin.errors import ConflictError, NotFoundError, ParameterError, SignInError
from twin.model.record import Body, Put, Record
from twin.model.view import RIGHTS, Right, Role, Viewer
from twin.store.base import Store
from twin.types import Json, format_time, parse_time

KIND: Final = "token"
LONGEST_DAYS: Final = 366
OVERLAP_HOURS: Final = 24
_SEEN_S: Final = 60.0
_SHAPE = re.compile(r"twin_([a-z0-9]{12})_([A-Za-z0-9_-]{43})")


class TokenKind(StrEnum):
    """Whom a token acts for."""

    API = "api"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a token is narrowed to.

    Parameters
    ----------
    rights
        Of an API token: the rights of its role that it has; ``None`` for all, none for reading only.
    layers, datastreams
        Of a device key: where it may add observations.
    """

    rights: frozenset[Right] | None = None
    layers: frozenset[str] = frozenset()
    datastreams: frozenset[int] = frozenset()

    def covers(self, layer: str, datastream: int) -> bool:
        """Whether a device key may add to a datastream of a layer."""
        return layer in self.layers or datastream in self.datastreams


@dataclass(frozen=True, slots=True)
class Token:
    """One token, without its secret."""

    id: str
    title: str
    kind: TokenKind
    person: str
    """Who made it; an API token acts for them."""
    role: Role
    created: datetime
    expires: datetime
    hash: str
    scope: Scope = field(default_factory=Scope)
    previous: str | None = None
    previous_until: datetime | None = None
    last_used: datetime | None = None
    revoked: datetime | None = None
    version: int = 0

    def holds(self, now: datetime) -> bool:
        """Whether the token can still be used."""
        return self.revoked is None and now < self.expires


class Tokens:
    """The tokens of a twin."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, token: str) -> Token:
        """A token by id; NotFoundError if there is none."""
        try:
            return _token(self._store.record(KIND, token))
        except NotFoundError:
            raise NotFoundError(f"there is no token {token!r}") from None

    def of(self, person: str | None = None) -> list[Token]:
        """Tokens a person made, or everybody's, newest first."""
        where = None if person is None else {"person": person}
        found = [_token(r) for r in self._store.records(KIND, where=where)]
        return sorted(found, key=lambda t: t.created, reverse=True)

    def add(
        self,
        viewer: Viewer,
        *,
        title: str,
        kind: TokenKind,
        person: str,
        role: Role = Role.INTEGRATOR,
        scope: Scope | None = None,
        expires: datetime | None = None,
    ) -> tuple[Token, str]:
        """Make a token; it and its secret, which cannot be shown again."""
        now = datetime.now(UTC)
        until = expires or now + timedelta(days=LONGEST_DAYS - 1)
        given = scope or Scope()
        _check(title, kind, role, given)
        if not now < until <= now + timedelta(days=LONGEST_DAYS):
            raise ParameterError(f"a token ends after at most {LONGEST_DAYS} days", where="expires")
        name = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(12))
        secret = f"twin_{name}_{new_secret()}"
        token = Token(name, title.strip(), kind, person, role, now, until, digest(secret), given)
        details: Body = {"kind": kind.value, "role": role.value, "for": person, "expires": format_time(until)}
        done = audit.audited(viewer, "token.add", f"token:{name}", details=details)
        self._store.write_records([Put(KIND, name, _body(token), expect=0), done])
        return self.get(name), secret

    def rotate(self, viewer: Viewer, token: str, *, overlap: timedelta | None = None) -> tuple[Token, str]:
        """Give a token a new secret; the old one holds for ``overlap`` (a day) more."""
        known = self.get(token)
        now = datetime.now(UTC)
        if not known.holds(now):
            raise ConflictError("the token has ended", hint="Make a new one.")
        secret = f"twin_{known.id}_{new_secret()}"
        until = now + (timedelta(hours=OVERLAP_HOURS) if overlap is None else overlap)
        length = known.expires - known.created
        changed = replace(
            known,
            hash=digest(secret),
            previous=known.hash,
            previous_until=min(until, known.expires),
            created=now,
            expires=now + length,
        )
        done = audit.audited(viewer, "token.rotate", f"token:{token}", details={"old_until": format_time(until)})
        self._store.write_records([Put(KIND, token, _body(changed), expect=known.version), done])
        return self.get(token), secret

    def revoke(self, viewer: Viewer, token: str) -> Token:
        """End a token; it is refused from the next request on."""
        for _ in range(20):
            known = self.get(token)
            if known.revoked is not None:
                return known
            changed = replace(known, revoked=datetime.now(UTC))
            done = audit.audited(viewer, "token.revoke", f"token:{token}")
            try:
                self._store.write_records([Put(KIND, token, _body(changed), expect=known.version), done])
            except ConflictError:
                continue  # its last use was noted meanwhile
            return self.get(token)
        raise ConflictError(f"the token {token} changes too often to be revoked", hint="Try again.")

    def find(self, secret: str) -> Token:
        """The token of a secret.

        Raises
        ------
        SignInError
            If there is none, or it has ended; the text is the same.
        """
        refused = SignInError(
            "the token is not valid", where="Authorization", hint="It may have ended; ask for a new one."
        )
        shape = _SHAPE.fullmatch(secret)
        if shape is None:
            raise refused
        try:
            known = _token(self._store.record(KIND, shape[1]))
        except NotFoundError:
            raise refused from None
        now, given = datetime.now(UTC), digest(secret)
        is_new = equal(known.hash, given)
        is_old = known.previous is not None and equal(known.previous, given)
        in_overlap = known.previous_until is not None and now < known.previous_until
        if not known.holds(now) or not (is_new or (is_old and in_overlap)):
            raise refused
        return known

    def touch(self, token: Token) -> None:
        """Remember when a token was used last, to the minute."""
        now = datetime.now(UTC)
        if token.last_used is not None and (now - token.last_used).total_seconds() < _SEEN_S:
            return
        # Somebody changed or revoked it meanwhile: their write must not be lost.
        with contextlib.suppress(ConflictError):
            changed = replace(token, last_used=now)
            self._store.write_records([Put(KIND, token.id, _body(changed), expect=token.version)])


def viewer_of(token: Token, account: str = "") -> Viewer:
    """Who asks with a token."""
    if token.kind is TokenKind.DEVICE:
        return Viewer(f"device:{token.id}", Role.INTEGRATOR, f"device:{token.id}", token.id, frozenset({Right.WRITE}))
    return Viewer(account or f"token:{token.id}", token.role, token.person, token.id, token.scope.rights)


def _check(title: str, kind: TokenKind, role: Role, scope: Scope) -> None:
    if not 1 <= len(title.strip()) <= 120:
        raise ParameterError("a title has 1 to 120 characters", where="title", hint="Say what the token is for.")
    if kind is TokenKind.DEVICE:
        if scope.rights is not None or not (scope.layers or scope.datastreams):
            raise ParameterError("a device key is for named layers or datastreams", where="scope")
        return
    if scope.layers or scope.datastreams:
        raise ParameterError("only device keys are narrowed to layers and datastreams", where="scope")
    if scope.rights is not None and not scope.rights <= RIGHTS[role]:
        raise ParameterError(f"the role {role.value} has not all of these rights", where="scope.rights")


def _texts(values: Iterable[object]) -> list[Json]:
    return [str(v) for v in sorted(values, key=str)]


def _body(token: Token) -> Body:
    scope = token.scope
    return {
        "title": token.title,
        "kind": token.kind.value,
        "person": token.person,
        "role": token.role.value,
        "created": format_time(token.created),
        "expires": format_time(token.expires),
        "hash": token.hash,
        "rights": None if scope.rights is None else _texts(r.value for r in scope.rights),
        "layers": _texts(scope.layers),
        "datastreams": [*sorted(scope.datastreams)],
        "previous": token.previous,
        "previous_until": _text(token.previous_until),
        "last_used": _text(token.last_used),
        "revoked": _text(token.revoked),
    }


def _text(time: datetime | None) -> str | None:
    return None if time is None else format_time(time)


def _token(record: Record) -> Token:
    body = cast("dict[str, object]", record.body)
    rights = cast("list[str] | None", body["rights"])
    scope = Scope(
        None if rights is None else frozenset(Right(r) for r in rights),
        frozenset(cast("list[str]", body["layers"])),
        frozenset(cast("list[int]", body["datastreams"])),
    )

    def time(name: str) -> datetime | None:
        return parse_time(str(body[name]), where=name) if body[name] else None

    created, expires = time("created"), time("expires")
    assert created is not None
    assert expires is not None
    return Token(
        record.key,
        str(body["title"]),
        TokenKind(str(body["kind"])),
        str(body["person"]),
        Role(str(body["role"])),
        created,
        expires,
        str(body["hash"]),
        scope,
        cast("str | None", body["previous"]),
        time("previous_until"),
        time("last_used"),
        time("revoked"),
        record.version,
    )
