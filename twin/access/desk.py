"""Everything of access over one twin, put together."""

from __future__ import annotations

from dataclasses import dataclass

from twin.access.accounts import Accounts
from twin.access.lockout import Lockout
from twin.access.people import People
from twin.access.sessions import SessionLimits, Sessions
from twin.access.signin import SignIn
from twin.access.tokens import Tokens
from twin.keys import KeyFolder
from twin.store.base import Store


@dataclass(frozen=True, slots=True)
class Desk:
    """People, accounts, sessions, tokens and the way in."""

    store: Store
    keys: KeyFolder
    people: People
    accounts: Accounts
    sessions: Sessions
    lockout: Lockout
    tokens: Tokens
    sign_in: SignIn


def desk_of(store: Store, keys: KeyFolder, limits: SessionLimits | None = None) -> Desk:
    """The desk over a store and the twin's keys."""
    people, accounts = People(store, keys), Accounts(store, keys)
    sessions, lockout = Sessions(store, limits or SessionLimits()), Lockout(store, keys)
    sign_in = SignIn(store, people, accounts, sessions, lockout)
    return Desk(store, keys, people, accounts, sessions, lockout, Tokens(store), sign_in)
