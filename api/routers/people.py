"""People, their roles and accounts, for administrators."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api import shape
from api.context import Context, Ctx, needs
from api.shape import json_response
from twin.access.accounts import Account, account_name
from twin.access.people import GrantState, Person, new_id
from twin.errors import ConflictError, ForbiddenError, NotFoundError
from twin.model.view import Right, Role, Viewer

router = APIRouter(prefix="/app", tags=["access"])

Administrator = Annotated[Viewer, needs(Right.ADMINISTER)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
_PRIVATE = {"cache-control": "no-store"}


class NewPerson(BaseModel):
    """Somebody to be registered."""

    model_config = ConfigDict(extra="forbid")
    name: Text
    roles: list[Role] = []
    account: Text | None = None
    identity: Text | None = None


class ChangedPerson(BaseModel):
    """What is to change of a person; ``roles`` are all that the person is to have."""

    model_config = ConfigDict(extra="forbid")
    name: Text | None = None
    roles: list[Role] | None = None
    active: bool | None = None
    account: Text | None = None
    identity: Text | None = None


@router.get("/people")
def people(ctx: Ctx, viewer: Annotated[Viewer, needs(Right.ADMINISTER, Right.CASES)]) -> Response:
    """Everybody; who works on cases sees of the active ones only what cases are assigned by."""
    everybody = ctx.desk.people.all()
    if viewer.may(Right.ADMINISTER):
        found = [_person(ctx, p) for p in everybody]
    else:
        found = [{"id": p.id, "name": p.name, "roles": _roles(p, active=True)} for p in everybody if p.roles]
    return json_response({"people": found}, headers=_PRIVATE)


@router.post("/people")
def add(request: Request, ctx: Ctx, viewer: Administrator, body: NewPerson) -> Response:
    """Register a person; with an account, the link by which they choose a password is shown once."""
    _in_person(viewer)
    person = new_id()
    also = []
    if body.account is not None:
        also = ctx.desk.accounts.adding(viewer, Account(account_name(body.account), person))
    made = ctx.desk.people.add(
        viewer,
        name=body.name,
        roles=body.roles,
        identities=[body.identity] if body.identity else [],
        also=also,
        person=person,
    )
    link = _link(request, ctx, viewer, account_name(body.account)) if body.account is not None else {}
    return json_response({**_person(ctx, made), **link}, status=201, headers=_PRIVATE)


@router.get("/people/{id}")
def person(ctx: Ctx, id: str, _: Administrator) -> Response:  # noqa: A002  the contract's word
    """One person."""
    return json_response(_person(ctx, ctx.desk.people.get(id)), headers=_PRIVATE)


@router.patch("/people/{id}")
def change(ctx: Ctx, viewer: Administrator, id: str, body: ChangedPerson) -> Response:  # noqa: A002  as above
    """Change name, roles, accounts, or shut out; a role that decides waits for a second administrator."""
    _in_person(viewer)
    known = ctx.desk.people.get(id)
    if body.name is not None and body.name != known.name:
        ctx.desk.people.rename(viewer, id, body.name)
    if body.identity is not None:
        ctx.desk.people.identify(viewer, id, body.identity)
    if body.account is not None:
        account = Account(account_name(body.account), id)
        ctx.desk.accounts.add(viewer, account, also=ctx.desk.people.unsettling(viewer, id))
    if body.active is not None:
        ctx.desk.people.disable(viewer, id, active=body.active)
        ctx.store.write_records(ctx.desk.sessions.ending(id))
    if body.roles is not None:
        _set_roles(ctx, viewer, id, body.roles)
    return json_response(_person(ctx, ctx.desk.people.get(id)), headers=_PRIVATE)


def _set_roles(ctx: Context, viewer: Viewer, person: str, roles: list[Role]) -> None:
    held = {g.role for g in ctx.desk.people.get(person).grants}
    for role in roles:
        ctx.desk.people.grant(viewer, person, role)
    for role in held - set(roles):
        ctx.desk.people.withdraw(viewer, person, role)


@router.post("/people/{id}/roles/{role}/confirm")
def confirm(ctx: Ctx, viewer: Administrator, id: str, role: Role) -> Response:  # noqa: A002  as above
    """Confirm a role that another administrator proposed."""
    return json_response(_person(ctx, ctx.desk.people.confirm(viewer, id, role)), headers=_PRIVATE)


@router.post("/people/{id}/reset")
def reset(request: Request, ctx: Ctx, viewer: Administrator, id: str, account: str | None = None) -> Response:  # noqa: A002  as above
    """Make a link by which the person chooses a new password; roles that decide wait for confirmation again."""
    _in_person(viewer)
    known = ctx.desk.people.get(id)
    local = [a.name for a in ctx.desk.accounts.of(known.id) if not a.provider]
    if account is not None and account not in local:
        raise NotFoundError("the person has no such account with a password")
    if not local:
        raise ConflictError("the person has no account with a password", hint="Add one first.")
    return json_response(_link(request, ctx, viewer, account or local[0]), headers=_PRIVATE)


@router.delete("/people/{id}/accounts/{account}/second-factor")
def remove_second_factor(ctx: Ctx, viewer: Administrator, id: str, account: str) -> Response:  # noqa: A002  as above
    """Take away a second factor whose device is lost; roles that decide wait for confirmation again."""
    _in_person(viewer)
    if account not in [a.name for a in ctx.desk.accounts.of(ctx.desk.people.get(id).id)]:
        raise NotFoundError("the person has no such account")
    also = [*ctx.desk.people.unsettling(viewer, id), *ctx.desk.sessions.ending(id)]
    ctx.desk.accounts.remove_second_factor(viewer, account, also=also)
    return Response(status_code=204, headers=_PRIVATE)


@router.delete("/people/{id}/accounts/{account}")
def remove_account(ctx: Ctx, viewer: Administrator, id: str, account: str) -> Response:  # noqa: A002  as above
    """Take an account away from a person; their sessions end."""
    _in_person(viewer)
    if account not in [a.name for a in ctx.desk.accounts.of(ctx.desk.people.get(id).id)]:
        raise NotFoundError("the person has no such account")
    ctx.desk.accounts.remove(viewer, account)
    ctx.store.write_records(ctx.desk.sessions.ending(id))
    return Response(status_code=204, headers=_PRIVATE)


def _in_person(viewer: Viewer) -> None:
    """What changes who may do what is done in person: a stolen token makes no people."""
    if viewer.token:
        raise ForbiddenError("people are changed in person, not by a token", where="Authorization")


def _link(request: Request, ctx: Context, viewer: Viewer, account: str) -> dict[str, Any]:
    known = ctx.desk.accounts.get(account)
    also = ctx.desk.people.unsettling(viewer, known.person)
    secret, until = ctx.desk.accounts.start_reset(viewer, account, also=also)
    base = ctx.settings.entry.public_url or str(request.base_url).rstrip("/")
    # Behind the hash, so that it is in no log of a server or proxy.
    return {"link": f"{base}/reset#{secret}", "expires": shape.moment(until)}


def _person(ctx: Context, person: Person) -> dict[str, Any]:
    accounts = [
        {
            "account": a.name,
            "provider": a.provider or None,
            "locked": ctx.desk.lockout.is_locked(a.name),
            "second_factor": a.has_second_factor,
            "last_used": shape.moment(a.last_used),
        }
        for a in ctx.desk.accounts.of(person.id)
    ]
    return {
        "id": person.id,
        "name": person.name,
        "accounts": accounts,
        "roles": _roles(person),
        "active": person.active,
    }


def _roles(person: Person, *, active: bool = False) -> list[dict[str, Any]]:
    return [
        {"role": g.role.value, "state": g.state.value, "by": g.by, "since": shape.moment(g.since)}
        for g in person.grants
        if not active or g.state is GrantState.ACTIVE
    ]
