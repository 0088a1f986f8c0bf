"""Signing in at an OpenID provider."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api.context import Context, Ctx, Showing
from api.routers.session import entered, is_https
from twin.access import audit, joining
from twin.access.oidc import BEGUN_S
from twin.access.providers import Provider
from twin.errors import NotFoundError, SignInError
from twin.model.view import CITIZEN
from twin.types import Json

router = APIRouter(prefix="/app/oidc", tags=["access"])

_COOKIE = "twin_oidc"
_PATH = "/app/oidc"
_HERE = re.compile(r"/(?![/\\])[^\\\x00-\x1f]*")


@router.get("/{provider}/start")
def start(request: Request, ctx: Ctx, caller: Showing, provider: str, next: str = "/") -> Response:  # noqa: A002  the contract's word
    """Send the browser to the provider; who is signed in links the provider's account to themselves."""
    chosen = _provider(ctx, provider)
    link = caller.person.id if caller.session is not None and caller.person is not None else ""
    begun = ctx.openid.begin(chosen, redirect=_callback(request, ctx, chosen), next_path=_inside(next), link=link)
    response = RedirectResponse(begun.url, status_code=302, headers={"cache-control": "no-store"})
    response.set_cookie(
        _COOKIE, begun.sealed, max_age=BEGUN_S, path=_PATH, secure=is_https(request, ctx), httponly=True, samesite="lax"
    )
    return response


@router.get("/{provider}/callback")
def callback(request: Request, ctx: Ctx, provider: str) -> Response:
    """Where the provider sends the browser back to; opens a session and leads on."""
    chosen = _provider(ctx, provider)
    try:
        sealed = request.cookies.get(_COOKIE, "")
        known = ctx.openid.finish(chosen, sealed, dict(request.query_params))
        secret = joining.enter(ctx.desk, chosen, known)
    except SignInError as error:
        details: dict[str, Json] = {"provider": chosen.name, "wrong": error.where}
        refused = audit.Outcome.REFUSED
        audit.write(ctx.store, CITIZEN, "session.open", f"provider:{chosen.name}", outcome=refused, details=details)
        raise
    response = RedirectResponse(_inside(known.next), status_code=302, headers={"cache-control": "no-store"})
    response.delete_cookie(_COOKIE, path=_PATH)
    return entered(request, ctx, secret, response)


def _provider(ctx: Context, name: str) -> Provider:
    found = next((p for p in ctx.providers if p.name == name), None)
    if found is None:
        raise NotFoundError("there is no such provider")
    return found


def _callback(request: Request, ctx: Context, provider: Provider) -> str:
    base = ctx.settings.entry.public_url or str(request.base_url).rstrip("/")
    return f"{base}{_PATH}/{provider.name}/callback"


def _inside(path: str) -> str:
    """A path of this site; anything else becomes the first page."""
    return path if _HERE.fullmatch(path) else "/"
