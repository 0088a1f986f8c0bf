"""API tokens and device keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api import shape
from api.context import Ctx, needs
from api.shape import json_response
from twin.access.tokens import Scope, Token, TokenKind
from twin.errors import ForbiddenError, NotFoundError, ParameterError
from twin.model.view import Right, Role, View, Viewer

router = APIRouter(prefix="/app", tags=["access"])

SignedIn = Annotated[Viewer, needs()]
_PRIVATE = {"cache-control": "no-store"}


class TokenScope(BaseModel):
    """What a token is narrowed to: rights of an API token; layers and datastreams of a device key."""

    model_config = ConfigDict(extra="forbid")
    rights: list[Right] | None = None
    layers: list[Annotated[str, Field(max_length=63)]] = []
    datastreams: list[int] = []


class NewToken(BaseModel):
    """A token to be made."""

    model_config = ConfigDict(extra="forbid")
    title: Annotated[str, Field(min_length=1, max_length=120)]
    role: Role = Role.INTEGRATOR
    kind: TokenKind = TokenKind.API
    scope: TokenScope = TokenScope()
    expires: AwareDatetime | None = None


@router.get("/tokens")
def tokens(ctx: Ctx, viewer: SignedIn) -> Response:
    """One's own tokens; an administrator sees everybody's."""
    found = ctx.desk.tokens.of(None if viewer.may(Right.ADMINISTER) else viewer.person)
    return json_response({"tokens": [_token(t) for t in found]}, headers=_PRIVATE)


@router.post("/tokens")
def add(ctx: Ctx, viewer: SignedIn, body: NewToken) -> Response:
    """Make a token; its secret is shown once."""
    _in_person(viewer)
    scope = Scope(
        None if body.scope.rights is None else frozenset(body.scope.rights),
        frozenset(body.scope.layers),
        frozenset(body.scope.datastreams),
    )
    if body.kind is TokenKind.DEVICE:
        _check_device(ctx, viewer, scope)
    else:
        _check_own_role(ctx, viewer, body.role)
    made, secret = ctx.desk.tokens.add(
        viewer,
        title=body.title,
        kind=body.kind,
        person=viewer.person,
        role=Role.INTEGRATOR if body.kind is TokenKind.DEVICE else body.role,
        scope=scope,
        expires=body.expires,
    )
    return json_response({**_token(made), "secret": secret}, status=201, headers=_PRIVATE)


@router.post("/tokens/{id}/rotate")
def rotate(
    ctx: Ctx,
    viewer: SignedIn,
    id: str,  # noqa: A002  the contract's word
    overlap_h: Annotated[float, Query(ge=0, le=168)] = 24.0,
) -> Response:
    """Give a token a new secret, shown once; the old one holds for ``overlap_h`` hours more."""
    _in_person(viewer)
    known = _own(ctx, viewer, id)
    if known.kind is TokenKind.API and known.person != viewer.person:
        raise ForbiddenError("a token's secret is for its own person only", where="id", hint="Revoke it instead.")
    made, secret = ctx.desk.tokens.rotate(viewer, known.id, overlap=timedelta(hours=overlap_h))
    return json_response({**_token(made), "secret": secret}, headers=_PRIVATE)


@router.delete("/tokens/{id}")
def revoke(ctx: Ctx, viewer: SignedIn, id: str) -> Response:  # noqa: A002  as above
    """End a token; it is refused from the next request on. A token may end itself."""
    ctx.desk.tokens.revoke(viewer, _own(ctx, viewer, id).id)
    return Response(status_code=204, headers=_PRIVATE)


def _own(ctx: Ctx, viewer: Viewer, token: str) -> Token:
    """A token of the viewer's (an administrator: anybody's); somebody else's is answered like one that never was."""
    none = NotFoundError("there is no such token")
    try:
        known = ctx.desk.tokens.get(token)
    except NotFoundError:
        raise none from None
    if viewer.token not in ("", known.id) or (known.person != viewer.person and not viewer.may(Right.ADMINISTER)):
        raise none
    return known


def _check_device(ctx: Ctx, viewer: Viewer, scope: Scope) -> None:
    if not viewer.may(Right.WRITE):
        raise ForbiddenError("device keys are made by who may write data", where=viewer.role.value)
    view = View(viewer)
    known = {s.layer.name for s in ctx.store.layers(view)}
    unknown = sorted(scope.layers - known)
    streams = {d.id for d in ctx.store.datastreams(view, ids=sorted(scope.datastreams))} if scope.datastreams else set()
    unknown += [str(number) for number in sorted(scope.datastreams - streams)]
    if unknown:
        raise ParameterError(f"there is no layer or datastream {', '.join(unknown)}", where="scope")


def _check_own_role(ctx: Ctx, viewer: Viewer, role: Role) -> None:
    try:
        person = ctx.desk.people.get(viewer.person)
    except NotFoundError:
        raise ForbiddenError("a token acts for a registered person", where="person", hint="Sign in first.") from None
    if role not in (*person.roles, Role.CITIZEN):
        raise ForbiddenError("you do not have this role", where="role")


def _in_person(viewer: Viewer) -> None:
    if viewer.token:
        raise ForbiddenError("tokens are made in person, not by a token", where="Authorization")


def _token(token: Token) -> dict[str, Any]:
    rights = token.scope.rights
    return {
        "id": token.id,
        "title": token.title,
        "kind": token.kind.value,
        "role": token.role.value,
        "person": token.person,
        "scope": {
            "rights": None if rights is None else sorted(r.value for r in rights),
            "layers": sorted(token.scope.layers),
            "datastreams": sorted(token.scope.datastreams),
        },
        "created": shape.moment(token.created),
        "expires": shape.moment(token.expires),
        "last_used": shape.moment(token.last_used),
        "rotating_until": shape.moment(token.previous_until),
        "revoked": shape.moment(token.revoked),
    }
