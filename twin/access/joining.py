"""From what an OpenID provider says of somebody to the person here."""

from __future__ import annotations

from collections.abc import Mapping

from twin.access.accounts import Account
from twin.access.desk import Desk
from twin.access.oidc import Known
from twin.access.people import Person, new_id
from twin.access.providers import Provider
from twin.access.sealing import pseudonym
from twin.errors import NotFoundError, SignInError
from twin.model.view import Role, Viewer


def enter(desk: Desk, provider: Provider, known: Known) -> str:
    """Find, join or register the person, follow the provider's roles, and open a session; its secret.

    Raises
    ------
    SignInError
        If nobody here is meant and the provider registers nobody, or the person is shut out.
    ConflictError
        If the person who asked to link the account is not the one who has it.
    """
    subject = f"oidc:{provider.issuer}:{known.subject}"
    name = f"oidc.{provider.name}.{pseudonym(desk.keys, 'account', subject)[:24]}"
    person = desk.people.by_identity(subject)
    if person is None:
        person = _join(desk, provider, known, subject)
    elif known.link and known.link != person.id:
        desk.people.identify(Viewer(name, Role.CITIZEN, known.link), known.link, subject)
    if not person.active:
        raise SignInError("nobody here signs in with this account", hint="Ask an administrator.")
    account = _account(desk, name, person, provider)
    desk.people.follow(provider.name, person.id, provider.roles_of(known.claims))
    return desk.sign_in.by_provider(account)


def _join(desk: Desk, provider: Provider, known: Known, subject: str) -> Person:
    """The person who is signed in, or has one of the identities, or a new one."""
    person = desk.people.get(known.link) if known.link else None
    identities = provider.identities_of(known.claims)
    for identity in identities:
        person = person or desk.people.by_identity(identity)
    if person is not None:
        # By the person's own act, so that nothing they decide by is put back.
        desk.people.identify(Viewer(provider.name, Role.CITIZEN, person.id), person.id, subject)
        return person
    if not provider.create:
        raise SignInError("nobody here signs in with this account", hint="Ask an administrator.")
    viewer = Viewer(f"oidc:{provider.name}", Role.CITIZEN, f"oidc:{provider.name}")
    return desk.people.add(viewer, name=_called(known.claims), identities=[subject, *identities], person=new_id())


def _account(desk: Desk, name: str, person: Person, provider: Provider) -> Account:
    try:
        return desk.accounts.get(name)
    except NotFoundError:
        who = Viewer(name, Role.CITIZEN, person.id)
        return desk.accounts.add(who, Account(name, person.id, provider.name))


def _called(claims: Mapping[str, object]) -> str:
    for claim in ("name", "preferred_username"):
        value = claims.get(claim)
        if isinstance(value, str) and value.strip():
            return value.strip()[:120]
    return "?"
