"""Signing in with account and password, and what a person who signed in must do first.

Whatever was wrong, the answer is one text and takes as long: it tells neither whether there is such an account nor
what of it was right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from twin.access import audit, passwords
from twin.access.accounts import Account, Accounts
from twin.access.lockout import Attempt, Lockout
from twin.access.people import People, Person
from twin.access.sessions import Sessions
from twin.errors import ConflictError, NotFoundError, ParameterError, SecondFactorError, SignInError
from twin.model.record import Body, Drop
from twin.model.view import RIGHTS, Right, Role, Viewer
from twin.store.base import Store

WRONG: Final = "Tài khoản, mật khẩu hoặc mã không đúng. (Account, password or code is not right.)"
_TRIES = 5


class Must(StrEnum):
    """What a person must do before anything else."""

    PASSWORD = "password"  # noqa: S105  a word of the interface
    SECOND_FACTOR = "second_factor"


class SecondFactorFor(StrEnum):
    """Who needs a second factor."""

    NOBODY = "nobody"
    ADMINISTRATORS = "administrators"
    STAFF = "staff"


def musts(account: Account, person: Person, needed_for: SecondFactorFor) -> tuple[Must, ...]:
    """What the person must do first; a provider's account answers for both itself."""
    if account.provider:
        return ()
    found = [Must.PASSWORD] if account.must_change else []
    if not account.has_second_factor and _needs_factor(person, needed_for):
        found.append(Must.SECOND_FACTOR)
    return tuple(found)


def _needs_factor(person: Person, needed_for: SecondFactorFor) -> bool:
    match needed_for:
        case SecondFactorFor.NOBODY:
            return False
        case SecondFactorFor.ADMINISTRATORS:
            return any(Right.ADMINISTER in RIGHTS[role] for role in person.roles)
        case SecondFactorFor.STAFF:
            return any(role is not Role.CITIZEN for role in person.roles)


@dataclass(frozen=True, slots=True)
class SignIn:
    """The desk where people sign in."""

    store: Store
    people: People
    accounts: Accounts
    sessions: Sessions
    lockout: Lockout

    def by_password(self, account: str, password: str, *, code: str = "", address: str = "") -> str:
        """Open a session; its secret.

        Raises
        ------
        SignInError
            If the account, password or code is wrong, or the person is shut out; one text for all.
        SecondFactorError
            If the password was right and the code is missing.
        TooManyError
            While the account or the address must wait.
        """
        attempts = self.lockout.begin(account, address)
        known = self._known(account)
        if not passwords.matches(known.password if known else None, password) or known is None:
            raise self._refused(known, "password")
        if known.has_second_factor and not code.strip():
            self.store.write_records(self.lockout.forget(attempts, anew=False))
            raise SecondFactorError("this account needs the code of its second factor", where="code")
        return self._opened(known.name, password, code, attempts)

    def _known(self, account: str) -> Account | None:
        try:
            known = self.accounts.get(account)
            is_let_in = self.people.get(known.person).active
        except (NotFoundError, ParameterError):
            return None
        return known if is_let_in and not known.provider else None

    def _opened(self, name: str, password: str, code: str, attempts: list[Attempt]) -> str:
        for _ in range(_TRIES):
            known = self.accounts.get(name)
            accepted = self.accounts.accept_code(known, code) if known.has_second_factor else known
            if accepted is None:
                raise self._refused(known, "code")
            if known.password is not None and passwords.is_weak(known.password):
                accepted = replace(accepted, password=passwords.make_hash(password))
            secret, opening = self.sessions.opening(person=known.person, account=known.name)
            keep = self.accounts.keeping(replace(accepted, last_used=datetime.now(UTC)))
            who = Viewer(known.name, Role.CITIZEN, known.person)
            done = audit.audited(who, "session.open", f"person:{known.person}", details={"account": known.name})
            try:
                self.store.write_records([keep, *self.lockout.forget(attempts), *opening, done])
            except ConflictError:
                continue  # the same account signed in elsewhere at this moment; a code opens once
            return secret
        raise self._refused(self.accounts.get(name), "busy")

    def _refused(self, known: Account | None, what: str) -> SignInError:
        # What was typed as a name may be a password: it is told to nobody unless it is an account.
        about = f"account:{known.name}" if known else "account:unknown"
        nobody = Viewer("anonymous", Role.CITIZEN)
        audit.write(self.store, nobody, "session.open", about, outcome=audit.Outcome.REFUSED, details={"wrong": what})
        return SignInError(WRONG)

    def by_provider(self, account: Account) -> str:
        """Open a session for an account whose provider has said who it is."""
        secret, opening = self.sessions.opening(person=account.person, account=account.name)
        keep = self.accounts.keeping(replace(account, last_used=datetime.now(UTC)))
        who = Viewer(account.name, Role.CITIZEN, account.person)
        details: Body = {"account": account.name, "provider": account.provider}
        done = audit.audited(who, "session.open", f"person:{account.person}", details=details)
        self.store.write_records([keep, *opening, done])
        return secret

    def reset_password(self, secret: str, new: str) -> None:
        """Set a password by a reset link, which is then used up; every session of the person ends."""
        known = self.accounts.by_reset(secret)
        who = Viewer(known.name, Role.CITIZEN, known.person)
        also = [*self.sessions.ending(known.person), *self.lockout.release(known.name)]
        self.accounts.set_password(who, known.name, new, also=also)

    def sign_out(self, viewer: Viewer, person: str, key: str) -> None:
        """End one session of a person; NotFoundError if they have none of that key."""
        ending = [op for op in self.sessions.ending(person) if isinstance(op, Drop) and op.key == key]
        if not ending:
            raise NotFoundError("there is no such session")
        self.store.write_records([*ending, audit.audited(viewer, "session.end", f"person:{person}")])
