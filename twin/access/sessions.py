"""Sessions: who signed in and has not left. Only the digest of what the browser holds is kept.

A session ends when it was idle too long, when its day is over, when its person signs out, changes the password or is
shut out, and when newer ones are more than a person may have.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from twin.access.sealing import digest, new_secret
from twin.errors import ConflictError, NotFoundError
from twin.model.record import Body, Drop, Put, Record, RecordOp
from twin.store.base import Store
from twin.types import format_time, parse_time

KIND: Final = "session"


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long sessions last and how many a person may have."""

    idle: timedelta = timedelta(minutes=60)
    longest: timedelta = timedelta(hours=12)
    each: int = 5


@dataclass(frozen=True, slots=True)
class Session:
    """One open session."""

    key: str
    id: str
    """What it is called in lists; of no use for signing in."""
    person: str
    account: str
    role: str
    """The role the person chose to act in; ``""`` for none chosen."""
    created: datetime
    seen: datetime
    expires: datetime
    version: int


def forgery_token(secret: str) -> str:
    """The token against forgery that belongs to a session: made from its secret, so nothing more is kept."""
    return hmac.new(secret.encode(), b"twin-forgery-token", hashlib.sha256).hexdigest()


class Sessions:
    """The open sessions of a twin."""

    def __init__(self, store: Store, limits: SessionLimits) -> None:
        self._store = store
        self.limits = limits

    def opening(self, *, person: str, account: str, role: str = "") -> tuple[str, list[RecordOp]]:
        """A new session's secret and the operations that open it, which end the oldest beyond the limit."""
        now = datetime.now(UTC)
        secret = new_secret()
        known = sorted(self.of(person), key=lambda s: s.seen)
        surplus = known[: max(0, len(known) + 1 - self.limits.each)]
        body: Body = {
            "id": secrets.token_hex(8),
            "person": person,
            "account": account,
            "role": role,
            "created": format_time(now),
            "seen": format_time(now),
            "expires": format_time(now + self.limits.longest),
        }
        gone: list[RecordOp] = [Drop(KIND, session.key) for session in surplus]
        return secret, [*gone, Put(KIND, digest(secret), body, expect=0)]

    def find(self, secret: str) -> Session:
        """The open session of a secret; NotFoundError if there is none, or it is over."""
        session = _session(self._store.record(KIND, digest(secret)))
        if self.is_over(session, datetime.now(UTC)):
            raise NotFoundError("the session is over")
        return session

    def is_over(self, session: Session, now: datetime) -> bool:
        """Whether a session has ended by itself."""
        return now >= session.expires or now - session.seen > self.limits.idle

    def touch(self, session: Session) -> None:
        """Remember that a session is in use; written a few times in the idle time, not with every request."""
        now = datetime.now(UTC)
        if now - session.seen <= self.limits.idle / 10:
            return
        # Somebody ended it, or remembered it, meanwhile: then there is nothing to remember.
        with contextlib.suppress(ConflictError, NotFoundError):
            self._store.write_records([self._changed(session, "seen", format_time(now))])

    def choose(self, session: Session, role: str) -> RecordOp:
        """The operation that changes the role the session acts in."""
        return self._changed(session, "role", role)

    def _changed(self, session: Session, member: str, value: str) -> RecordOp:
        known = self._store.record(KIND, session.key)
        return Put(KIND, session.key, {**known.body, member: value}, expect=known.version)

    def of(self, person: str) -> list[Session]:
        """A person's open sessions, newest first."""
        now = datetime.now(UTC)
        found = [_session(r) for r in self._store.records(KIND, where={"person": person})]
        return sorted((s for s in found if not self.is_over(s, now)), key=lambda s: s.seen, reverse=True)

    def ending(self, person: str, *, but: str = "") -> list[RecordOp]:
        """The operations that end every session of a person, except the one of that key."""
        found = self._store.records(KIND, where={"person": person})
        return [Drop(KIND, record.key) for record in found if record.key != but]

    def sweep(self) -> int:
        """Forget sessions that are over; how many there were."""
        now = datetime.now(UTC)
        over = [r.key for r in self._store.records(KIND) if self.is_over(_session(r), now)]
        if over:
            self._store.write_records([Drop(KIND, key) for key in over])
        return len(over)


def _session(record: Record) -> Session:
    body = record.body
    created, seen, expires = (parse_time(str(body[k]), where=k) for k in ("created", "seen", "expires"))
    return Session(
        record.key,
        str(body["id"]),
        str(body["person"]),
        str(body["account"]),
        str(body["role"]),
        created,
        seen,
        expires,
        record.version,
    )
