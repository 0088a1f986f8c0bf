"""People of every role for tests over HTTP, and clients that act as them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest
from argon2 import PasswordHasher

from api.access import COOKIE
from twin.access import passwords
from twin.access.accounts import Account
from twin.access.desk import Desk, desk_of
from twin.access.people import Person, needs_second
from twin.access.sessions import forgery_token
from twin.access.tokens import Scope, TokenKind
from twin.core import Twin
from twin.model.view import Role, Viewer

REAL_HASHER = passwords._HASHER
"""As passwords are kept outside the tests; theirs costs a hundredth of it."""
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
MACHINE = Viewer("root", Role.ADMINISTRATOR)


@dataclass
class Staff:
    """One person of each role, with an account named by the role and no password."""

    desk: Desk
    people: dict[Role, Person] = field(default_factory=dict)

    def session(self, client: httpx.Client, role: Role) -> httpx.Client:
        """Let a client act as the person of that role in a new session."""
        person = self.people[role]
        secret, opening = self.desk.sessions.opening(person=person.id, account=role.value)
        self.desk.store.write_records(opening)
        client.cookies.clear()
        client.cookies.set(COOKIE, secret)
        client.headers["X-Twin-CSRF"] = forgery_token(secret)
        return client

    def token(self, role: Role, **more: object) -> dict[str, str]:
        """Headers of a new API token of the person of that role."""
        given = {"title": "test", "kind": TokenKind.API, "person": self.people[role].id, "role": role, **more}
        _, secret = self.desk.tokens.add(MACHINE, **given)  # type: ignore[arg-type]
        return {"Authorization": f"Bearer {secret}"}

    def device(
        self, *, layers: set[str] | None = None, datastreams: set[int] | None = None
    ) -> tuple[str, dict[str, str]]:
        """A new device key: its id, and headers."""
        scope = Scope(layers=frozenset(layers or ()), datastreams=frozenset(datastreams or ()))
        key, secret = self.desk.tokens.add(MACHINE, title="test", kind=TokenKind.DEVICE, person="root", scope=scope)
        return key.id, {"Authorization": f"Bearer {secret}"}


def staff_of(t: Twin) -> Staff:
    """Register a person of every role, with every role active."""
    desk = desk_of(t.store, t.keys)
    staff = Staff(desk)
    first = desk.people.add(MACHINE, name="Quản trị một", roles=[Role.ADMINISTRATOR])
    second = desk.people.add(MACHINE, name="Quản trị hai", roles=[Role.ADMINISTRATOR])
    confirming = Viewer(second.name, Role.ADMINISTRATOR, second.id)
    for role in Role:
        person = first if role is Role.ADMINISTRATOR else desk.people.add(MACHINE, name=f"Người {role}", roles=[role])
        if needs_second(role) and person is not first:
            person = desk.people.confirm(confirming, person.id, role)
        desk.accounts.add(MACHINE, Account(role.value, person.id))
        staff.people[role] = person
    return staff


@contextmanager
def quick_passwords() -> Iterator[None]:
    """Keep passwords with little work while the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", QUICK_HASHER)
        passwords._nobodys.cache_clear()
        yield
    passwords._nobodys.cache_clear()
