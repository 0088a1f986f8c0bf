"""Signing in and out, one's own sessions, password, second factor and role."""

from __future__ import annotations

from typing import Annotated, Any

import segno
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api import shape
from api.access import COOKIE, Caller
from api.context import Context, Ctx, Showing, for_anybody, needs
from api.shape import json_response
from twin.access import audit
from twin.access.accounts import Account
from twin.access.people import names
from twin.access.sessions import Session
from twin.errors import ForbiddenError, SignInError
from twin.model.view import RIGHTS, Role, Viewer

router = APIRouter(prefix="/app", tags=["access"])

Secret = Annotated[str, Field(min_length=1, max_length=1024)]
SignedIn = Annotated[Viewer, needs()]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Credentials(_Body):
    """What a person signs in with."""

    account: Annotated[str, Field(min_length=1, max_length=200)]
    password: Secret
    code: Annotated[str, Field(max_length=100)] = ""


class NewPassword(_Body):
    """A change of one's password."""

    old: Secret
    new: Secret


class ResetPassword(_Body):
    """A new password by the secret of a reset link."""

    secret: Secret
    new: Secret


class Code(_Body):
    """A code of the second factor."""

    code: Annotated[str, Field(min_length=1, max_length=100)]


class ChosenRole(_Body):
    """The role to act in."""

    role: Role


@router.get("/session")
def session(request: Request, ctx: Ctx, caller: Showing) -> Response:
    """Who asks, which roles and rights they have, and the token against forgery; also for an anonymous caller."""
    response = _described(ctx, caller)
    if COOKIE in request.cookies and caller.session is None:
        response.delete_cookie(COOKIE, path="/")
    return response


@router.post("/session", dependencies=[for_anybody()])
def sign_in(request: Request, ctx: Ctx, body: Credentials) -> Response:
    """Sign in with account and password, and the code of the second factor where there is one."""
    secret = ctx.desk.sign_in.by_password(
        body.account, body.password, code=body.code, address=request.client.host if request.client else ""
    )
    return entered(request, ctx, secret)


def entered(request: Request, ctx: Context, secret: str, response: Response | None = None) -> Response:
    """The answer to somebody who has just signed in, with the cookie of the new session; an older one here ends."""
    before = request.cookies.get(COOKIE)
    old = ctx.gate.with_session(before) if before else None
    if old is not None and old.session is not None:
        ctx.desk.sign_in.sign_out(old.viewer, old.session.person, old.session.key)
    caller = ctx.gate.with_session(secret)
    if caller is None:
        raise SignInError("the session ended at once", hint="Sign in again.")
    answer = response or _described(ctx, caller)
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=int(ctx.desk.sessions.limits.longest.total_seconds()),
        path="/",
        secure=is_https(request, ctx),
        httponly=True,
        samesite="lax",
    )
    return answer


def is_https(request: Request, ctx: Context) -> bool:
    """Whether people reach the twin by https."""
    return request.url.scheme == "https" or ctx.settings.entry.public_url.startswith("https://")


@router.delete("/session", dependencies=[for_anybody()])
def sign_out(ctx: Ctx, caller: Showing) -> Response:
    """Sign out; nothing happens to who did not sign in."""
    if caller.session is not None:
        ctx.desk.sign_in.sign_out(caller.viewer, caller.session.person, caller.session.key)
    response = Response(status_code=204, headers=_PRIVATE)
    response.delete_cookie(COOKIE, path="/")
    return response


@router.get("/sessions")
def sessions(ctx: Ctx, caller: Showing, _: SignedIn) -> Response:
    """One's own open sessions."""
    own = _own(caller)
    found = [_session(s, is_this=s.key == own.key) for s in ctx.desk.sessions.of(own.person)]
    return json_response({"sessions": found}, headers=_PRIVATE)


@router.delete("/sessions/{id}")
def end(ctx: Ctx, caller: Showing, id: str, _: SignedIn) -> Response:  # noqa: A002  the contract's word
    """End one of one's own sessions."""
    own = _own(caller)
    key = next((s.key for s in ctx.desk.sessions.of(own.person) if s.id == id), "")
    ctx.desk.sign_in.sign_out(caller.viewer, own.person, key)
    return Response(status_code=204, headers=_PRIVATE)


@router.post("/session/password")
def change_password(ctx: Ctx, caller: Showing, body: NewPassword, _: SignedIn) -> Response:
    """Change one's password; every other session of the person ends."""
    account = _local(caller)
    attempts = ctx.desk.lockout.begin(account.name, "")
    ending = ctx.desk.sessions.ending(account.person, but=_own(caller).key)
    also = [*ending, *ctx.desk.lockout.forget(attempts)]
    ctx.desk.accounts.change_password(caller.viewer, account.name, body.old, body.new, also=also)
    return Response(status_code=204, headers=_PRIVATE)


@router.post("/session/reset", dependencies=[for_anybody()])
def reset_password(ctx: Ctx, body: ResetPassword) -> Response:
    """Set a new password by the secret of a reset link; every session of the person ends."""
    ctx.desk.sign_in.reset_password(body.secret, body.new)
    return Response(status_code=204, headers=_PRIVATE)


@router.post("/session/second-factor")
def begin_second_factor(ctx: Ctx, caller: Showing, _: SignedIn) -> Response:
    """Begin to set up a second factor; the secret is shown once."""
    made = ctx.desk.accounts.start_second_factor(caller.viewer, _local(caller).name)
    picture = segno.make(made.uri, error="m").svg_inline(scale=4, border=4, light="white")
    return json_response({"secret": made.secret, "uri": made.uri, "qr": picture}, headers=_PRIVATE)


@router.post("/session/second-factor/confirm")
def confirm_second_factor(ctx: Ctx, caller: Showing, body: Code, _: SignedIn) -> Response:
    """Turn the second factor on with a code of it; the recovery codes are shown once."""
    name = _local(caller).name
    attempts = ctx.desk.lockout.begin(name, "")
    recovery = ctx.desk.accounts.confirm_second_factor(caller.viewer, name, body.code)
    ctx.store.write_records(ctx.desk.lockout.forget(attempts))
    return json_response({"recovery": recovery}, headers=_PRIVATE)


@router.post("/session/role")
def choose_role(request: Request, ctx: Ctx, caller: Showing, body: ChosenRole, _: SignedIn) -> Response:
    """Act in another of one's roles from now on."""
    own = _own(caller)
    if body.role not in (*caller.roles, Role.CITIZEN):
        raise ForbiddenError("you do not have this role", where="role")
    details: dict[str, Any] = {"role": body.role.value}
    done = audit.audited(caller.viewer, "session.role", f"person:{own.person}", details=details)
    ctx.store.write_records([ctx.desk.sessions.choose(own, body.role.value), done])
    return _described(ctx, ctx.gate.with_session(request.cookies[COOKIE]) or caller)


_PRIVATE = {"cache-control": "no-store"}


def _own(caller: Caller) -> Session:
    if caller.session is None:
        raise ForbiddenError("this needs a session; tokens and demonstration roles have none", where="session")
    return caller.session


def _local(caller: Caller) -> Account:
    _own(caller)
    if caller.account is None or caller.account.provider:
        raise ForbiddenError("this account signs in at its provider", where="account")
    return caller.account


def _session(one: Session, *, is_this: bool) -> dict[str, Any]:
    return {
        "id": one.id,
        "created": shape.moment(one.created),
        "last_used": shape.moment(one.seen),
        "expires": shape.moment(one.expires),
        "this": is_this,
    }


def _described(ctx: Context, caller: Caller) -> Response:
    viewer = caller.viewer
    name = caller.person.name if caller.person else names(ctx.store, [viewer.person]).get(viewer.person, viewer.name)
    body: dict[str, Any] = {
        "access": ctx.gate.mode.value,
        "viewer": {"name": name, "role": viewer.role.value, "person": viewer.person or None},
        "account": caller.account.name if caller.account else None,
        "second_factor": caller.account.has_second_factor if caller.account else False,
        "roles": [role.value for role in caller.roles],
        "rights": sorted(right.value for right in RIGHTS[viewer.role] if viewer.may(right)),
        "csrf": caller.csrf or None,
        "expires": shape.moment(caller.session.expires) if caller.session else None,
        "must": [must.value for must in caller.must],
        "oidc": [{"name": p.name, "title": p.title} for p in ctx.providers],
    }
    return json_response(body, headers=_PRIVATE)
