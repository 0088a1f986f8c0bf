"""Waiting after failed sign-ins: growing, for each account and for each address, kept in the store.

An attempt is counted before the password is looked at and taken back when it was right, so that many at once find no
gap. An account that does not exist waits like one that does. Names and addresses are kept as keyed digests.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final

from twin.access.sealing import pseudonym
from twin.errors import ConflictError, NotFoundError, TooManyError
from twin.keys import KeyFolder
from twin.model.record import Drop, Put, RecordOp
from twin.store.base import Store
from twin.types import format_time, parse_time

KIND: Final = "attempt"
_TRIES = 20


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures are free, and how the wait grows: ``first_s`` doubled with each further one."""

    free: int
    first_s: float
    longest_s: float
    forget_s: float
    """After so long without a failure all is forgotten. [s]"""

    def wait_s(self, failures: int) -> float:
        """How long to wait after that many failures. [s]"""
        if failures <= self.free:
            return 0.0
        return min(self.longest_s, self.first_s * 2.0 ** min(failures - self.free - 1, 30))


ACCOUNT: Final = Limit(free=4, first_s=30.0, longest_s=3600.0, forget_s=86_400.0)
"""Five wrong passwords: half a minute, then one, two, four … up to an hour."""
ADDRESS: Final = Limit(free=29, first_s=30.0, longest_s=3600.0, forget_s=86_400.0)
"""More for an address: an office has one."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that was counted; a right one is taken back."""

    key: str
    limit: Limit


class Lockout:
    """Counts failed sign-ins."""

    def __init__(self, store: Store, keys: KeyFolder) -> None:
        self._store = store
        self._keys = keys

    def begin(self, account: str, address: str) -> list[Attempt]:
        """Count an attempt; TooManyError while the account or the address must wait (that one is not counted)."""
        asked = [Attempt(self._key("account", account), ACCOUNT)]
        if address:
            asked.append(Attempt(self._key("address", address), ADDRESS))
        for _ in range(_TRIES):
            ops = [self._counted(attempt, datetime.now(UTC)) for attempt in asked]
            try:
                self._store.write_records(ops)
            except ConflictError:
                continue  # another attempt was counted meanwhile
            return asked
        raise TooManyError("too many attempts at once", hint="Try again.", retry_after_s=1)

    def _counted(self, attempt: Attempt, now: datetime) -> RecordOp:
        failures, last, version = self._read(attempt)
        wait = self._left_s(attempt.limit, failures, last, now)
        if wait > 0:
            raise TooManyError(
                "too many failed attempts to sign in", hint="Wait, or ask an administrator.", retry_after_s=ceil(wait)
            )
        return Put(KIND, attempt.key, {"failures": failures + 1, "last": format_time(now)}, expect=version)

    @staticmethod
    def _left_s(limit: Limit, failures: int, last: datetime, now: datetime) -> float:
        whole = limit.wait_s(failures)
        # A clock that was set back makes nobody wait longer.
        return min(whole, whole - (now - last).total_seconds())

    def _read(self, attempt: Attempt) -> tuple[int, datetime, int]:
        try:
            record = self._store.record(KIND, attempt.key)
        except NotFoundError:
            return 0, datetime.now(UTC), 0
        last = parse_time(str(record.body["last"]), where="last")
        is_old = datetime.now(UTC) - last > timedelta(seconds=attempt.limit.forget_s)
        return 0 if is_old else int(str(record.body["failures"])), last, record.version

    def forget(self, attempts: list[Attempt], *, anew: bool = True) -> list[RecordOp]:
        """The operations that take a right attempt back: an account begins anew, an address loses this one only.

        Without ``anew`` the account loses this one only as well: a password that was right opens nothing yet, and must
        not make room for more guesses at the code.
        """
        ops: list[RecordOp] = []
        for attempt in attempts:
            failures, last, version = self._read(attempt)
            if not version:
                continue
            if (anew and attempt.limit is ACCOUNT) or failures <= 1:
                ops.append(Drop(KIND, attempt.key))
            else:
                ops.append(Put(KIND, attempt.key, {"failures": failures - 1, "last": format_time(last)}))
        return ops

    def is_locked(self, account: str) -> bool:
        """Whether the account must wait now."""
        failures, last, _ = self._read(Attempt(self._key("account", account), ACCOUNT))
        return self._left_s(ACCOUNT, failures, last, datetime.now(UTC)) > 0

    def release(self, account: str) -> list[RecordOp]:
        """The operations that let an account try at once."""
        key = self._key("account", account)
        known = self._read(Attempt(key, ACCOUNT))[2]
        return [Drop(KIND, key)] if known else []

    def sweep(self) -> int:
        """Take away attempts so old that they no longer count; how many there were."""
        now = datetime.now(UTC)
        old = []
        for record in self._store.records(KIND):
            limit = ACCOUNT if record.key.startswith("account:") else ADDRESS
            if now - parse_time(str(record.body["last"]), where="last") > timedelta(seconds=limit.forget_s):
                old.append(record)
        if not old:
            return 0
        # One that counts again meanwhile has another version; then all wait for the next turn.
        with contextlib.suppress(ConflictError):
            self._store.write_records([Drop(KIND, record.key, expect=record.version) for record in old])
            return len(old)
        return 0

    def _key(self, kind: str, text: str) -> str:
        return f"{kind}:{pseudonym(self._keys, f'attempt-{kind}', text)}"
