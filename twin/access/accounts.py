"""Accounts: how a person signs in. A password with an optional second factor, or a subject of an OpenID provider.

Kept are the hash of the password, the sealed secret of the second factor, and digests of recovery codes and of a
reset link; none of them can be shown again.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, cast

import pyotp

from twin.access import audit, passwords
from twin.access.sealing import digest, equal, new_secret, seal, unseal
from twin.errors import ConflictError, NotFoundError, ParameterError, SignInError
from twin.keys import KeyFolder
from twin.model.record import Body, Drop, Put, Record, RecordOp
from twin.model.view import Viewer
from twin.store.base import Store
from twin.types import Json, format_time, parse_time

KIND: Final = "account"
RECOVERY_CODES: Final = 10
RESET_HOURS: Final = 24
STEP_S: Final = 30
"""Length of one time step of the second factor (RFC 6238). [s]"""
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{2,99}")


@dataclass(frozen=True, slots=True)
class Account:
    """One way of one person to sign in."""

    name: str
    person: str
    provider: str = ""
    """Name of the OpenID provider; ``""`` for a password."""
    password: str | None = None
    must_change: bool = False
    totp: str | None = None
    """Sealed secret of the second factor."""
    totp_confirmed: bool = False
    totp_step: int = 0
    """The newest time step whose code was used: a code opens once."""
    recovery: tuple[str, ...] = ()
    reset: str | None = None
    reset_until: datetime | None = None
    last_used: datetime | None = None
    version: int = 0

    @property
    def has_second_factor(self) -> bool:
        """Whether signing in needs a code."""
        return self.totp is not None and self.totp_confirmed


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """What a person puts into their authenticator, shown once."""

    secret: str
    uri: str


def account_name(text: str) -> str:
    """The account's name as it is kept: lower case, without spaces around.

    Raises
    ------
    ParameterError
        If it cannot be one.
    """
    name = unicodedata.normalize("NFKC", text).strip().casefold()
    if not _NAME.fullmatch(name):
        raise ParameterError(
            "an account's name has 3 to 100 letters a–z, digits, dots, hyphens, underscores or @", where="account"
        )
    return name


class Accounts:
    """The accounts of a twin."""

    def __init__(self, store: Store, keys: KeyFolder, *, issuer: str = "urban-twin") -> None:
        self._store = store
        self._keys = keys
        self._issuer = issuer

    def any(self) -> bool:
        """Whether anybody could sign in."""
        return self._store.count_records(KIND) > 0

    def get(self, name: str) -> Account:
        """An account by name; NotFoundError if there is none."""
        try:
            return _account(self._store.record(KIND, account_name(name)))
        except ParameterError:
            raise NotFoundError("there is no such account") from None

    def of(self, person: str) -> list[Account]:
        """The accounts of a person."""
        return [_account(record) for record in self._store.records(KIND, where={"person": person})]

    def all(self) -> list[Account]:
        """Every account."""
        return [_account(record) for record in self._store.records(KIND)]

    def adding(self, viewer: Viewer, account: Account) -> list[RecordOp]:
        """The operations that add an account; ConflictError on commit if the name is taken."""
        name = account_name(account.name)
        done = audit.audited(viewer, "account.add", f"person:{account.person}", details={"account": name})
        return [Put(KIND, name, _body(account), expect=0), done]

    def add(self, viewer: Viewer, account: Account, *, also: Sequence[RecordOp] = ()) -> Account:
        """Add an account to a person."""
        self._store.write_records([*self.adding(viewer, account), *also])
        return self.get(account.name)

    def remove(self, viewer: Viewer, name: str) -> None:
        """Take an account away."""
        known = self.get(name)
        done = audit.audited(viewer, "account.remove", f"person:{known.person}", details={"account": known.name})
        self._store.write_records([Drop(KIND, known.name, expect=known.version), done])

    # -- passwords ------------------------------------------------------------------------------------------------

    def set_password(self, viewer: Viewer, name: str, password: str, *, also: Sequence[RecordOp] = ()) -> Account:
        """Give an account a new password; ``also`` (the end of its sessions) is committed with it."""
        known = self.get(name)
        passwords.check_rules(password, account=known.name)
        hashed = passwords.make_hash(password)
        changed = replace(known, password=hashed, must_change=False, reset=None, reset_until=None)
        return self._change(viewer, known, changed, "account.password", also=also)

    def change_password(
        self, viewer: Viewer, name: str, old: str, new: str, *, also: Sequence[RecordOp] = ()
    ) -> Account:
        """Let a person change their password; SignInError if the old one is wrong."""
        if not passwords.matches(self.get(name).password, old):
            raise SignInError("the old password is not right", where="old")
        if equal(old, new):
            raise ParameterError("the new password is the old one", where="new")
        return self.set_password(viewer, name, new, also=also)

    def start_reset(self, viewer: Viewer, name: str, *, also: Sequence[RecordOp] = ()) -> tuple[str, datetime]:
        """Make a secret by which a new password can be set once, and until when; the old password holds till then."""
        known = self.get(name)
        if known.provider:
            raise ConflictError("the account signs in at a provider and has no password", where="account")
        secret, until = new_secret(), datetime.now(UTC) + timedelta(hours=RESET_HOURS)
        changed = replace(known, reset=digest(secret), reset_until=until)
        self._change(viewer, known, changed, "account.reset", also=also)
        return secret, until

    def by_reset(self, secret: str) -> Account:
        """The account that a reset link is for; NotFoundError once it was used or its time is over."""
        found = [_account(r) for r in self._store.records(KIND, where={"reset": digest(secret)})]
        if not found or found[0].reset_until is None or found[0].reset_until < datetime.now(UTC):
            raise NotFoundError("the link was used, or its time is over")
        return found[0]

    # -- the second factor ------------------------------------------------------------------------------------------

    def start_second_factor(self, viewer: Viewer, name: str) -> SecondFactor:
        """Make a new secret; it counts once a code of it was confirmed. An active one is not replaced."""
        known = self.get(name)
        if known.has_second_factor:
            raise ConflictError("there is a second factor already", hint="An administrator can remove it.")
        secret = pyotp.random_base32()
        changed = replace(known, totp=seal(self._keys, secret, about=f"totp:{known.name}"), totp_confirmed=False)
        self._change(viewer, known, changed, "account.factor_begin")
        return SecondFactor(secret, pyotp.TOTP(secret).provisioning_uri(name=known.name, issuer_name=self._issuer))

    def confirm_second_factor(self, viewer: Viewer, name: str, code: str) -> list[str]:
        """Turn the second factor on; the recovery codes, shown once."""
        known = self.get(name)
        if known.totp is None or known.totp_confirmed:
            raise ConflictError("no second factor waits for confirmation")
        step = self._step_of(known, code)
        if step is None:
            raise SignInError("the code is not right", where="code", hint="Codes change every 30 seconds.")
        recovery = [_recovery_code() for _ in range(RECOVERY_CODES)]
        kept = tuple(digest(_plain(code)) for code in recovery)
        changed = replace(known, totp_confirmed=True, totp_step=step, recovery=kept)
        self._change(viewer, known, changed, "account.factor")
        return recovery

    def remove_second_factor(self, viewer: Viewer, name: str, *, also: Sequence[RecordOp] = ()) -> Account:
        """Take the second factor away (a lost device)."""
        known = self.get(name)
        changed = replace(known, totp=None, totp_confirmed=False, recovery=())
        return self._change(viewer, known, changed, "account.factor_remove", also=also)

    def accept_code(self, account: Account, code: str) -> Account | None:
        """The account with the code used up, to be kept by the caller; ``None`` if the code is not right."""
        step = self._step_of(account, code)
        if step is not None:
            return replace(account, totp_step=step)
        given = digest(_plain(code))
        if any(equal(kept, given) for kept in account.recovery):
            return replace(account, recovery=tuple(kept for kept in account.recovery if kept != given))
        return None

    def _step_of(self, account: Account, code: str) -> int | None:
        """The time step a code belongs to: now, or one before or after; never one that was used."""
        digits = re.sub(r"\s", "", code)
        if account.totp is None or not re.fullmatch(r"\d{6}", digits):
            return None
        totp = pyotp.TOTP(unseal(self._keys, account.totp, about=f"totp:{account.name}"))
        now = int(datetime.now(UTC).timestamp()) // STEP_S
        for step in (now, now - 1, now + 1):
            if step > account.totp_step and equal(totp.generate_otp(step), digits):
                return step
        return None

    # -- keeping ------------------------------------------------------------------------------------------------

    def keeping(self, account: Account) -> Put:
        """The operation that keeps a changed account; ConflictError on commit if somebody was faster."""
        return Put(KIND, account.name, _body(account), expect=account.version)

    def _change(
        self, viewer: Viewer, known: Account, changed: Account, action: str, *, also: Sequence[RecordOp] = ()
    ) -> Account:
        done = audit.audited(viewer, action, f"person:{known.person}", details={"account": known.name})
        self._store.write_records([self.keeping(changed), done, *also])
        return self.get(known.name)


def _recovery_code() -> str:
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(4))


def _plain(code: str) -> str:
    return re.sub(r"[\s-]", "", code).casefold()


def _body(account: Account) -> Body:
    return {
        "person": account.person,
        "provider": account.provider,
        "password": account.password,
        "must_change": account.must_change,
        "totp": account.totp,
        "totp_confirmed": account.totp_confirmed,
        "totp_step": account.totp_step,
        "recovery": list[Json](account.recovery),
        "reset": account.reset,
        "reset_until": format_time(account.reset_until) if account.reset_until else None,
        "last_used": format_time(account.last_used) if account.last_used else None,
    }


def _account(record: Record) -> Account:
    body = record.body
    times = {k: parse_time(str(body[k]), where=k) if body.get(k) else None for k in ("reset_until", "last_used")}
    return Account(
        record.key,
        str(body["person"]),
        str(body["provider"]),
        cast("str | None", body["password"]),
        bool(body["must_change"]),
        cast("str | None", body["totp"]),
        bool(body["totp_confirmed"]),
        int(cast("int", body["totp_step"])),
        tuple(str(code) for code in cast("list[str]", body["recovery"])),
        cast("str | None", body["reset"]),
        times["reset_until"],
        times["last_used"],
        record.version,
    )
