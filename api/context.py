"""What routes share: the opened twin, who asks, and the View of one request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, cast

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant

from api.access import ROLE_QUERY, SAFE_METHODS, Caller, Gate
from api.housekeeping import Housekeeping
from api.live import Broadcaster
from api.metrics import Metrics
from api.params import parse_moment, refuse_unknown
from api.settings import Settings
from layers.tiles import LruCache, TileSource
from twin.access import audit
from twin.access.desk import Desk
from twin.access.oidc import OpenId
from twin.access.providers import Provider
from twin.cases.engine import Cases
from twin.core import Twin
from twin.errors import ForbiddenError, SignInError
from twin.jobs.queue import Queue
from twin.jobs.runner import Runner
from twin.model.view import RIGHTS, Right, Role, View, Viewer
from twin.store.base import Store
from twin.types import Json


class Ingest(Protocol):
    """What the server asks of the ingestion that runs beside it."""

    def status(self) -> dict[str, Json]:
        """State of each connector; ``subscribed`` is true once messages can arrive."""


Readiness = Callable[[], str]
"""Says what is missing before the server is healthy; empty when nothing is."""


@dataclass
class Context:
    """Everything a route may reach."""

    twin: Twin
    settings: Settings
    gate: Gate
    desk: Desk
    openid: OpenId
    providers: tuple[Provider, ...]
    tiles: TileSource
    pictures: LruCache[bytes]
    live: Broadcaster
    metrics: Metrics
    cases: Cases
    housekeeping: Housekeeping
    queue: Queue
    runner: Runner
    ingest: Ingest | None = None
    readiness: tuple[Readiness, ...] = ()

    @property
    def store(self) -> Store:
        """The twin's store."""
        return self.twin.store


def get_context(request: Request) -> Context:
    """The application's context."""
    return cast("Context", request.app.state.context)


def get_viewer(request: Request) -> Viewer:
    """Who asks; remembered on the request for the error handlers."""
    return get_caller(request).viewer


def get_caller(request: Request) -> Caller:
    """Who asks, with what they showed; looked up once a request."""
    known = getattr(request.state, "caller", None)
    if known is None:
        context = get_context(request)
        known = context.gate.caller(request)
        request.state.caller = known
        request.state.viewer = known.viewer
        if known.viewer.token and known.scope is None and request.method not in SAFE_METHODS:
            # So that of a stolen token everything it tried to change can be found, whatever the room.
            details: dict[str, Json] = {"method": request.method, "path": request.url.path}
            audit.write(context.store, known.viewer, "token.use", f"token:{known.viewer.token}", details=details)
    return cast("Caller", known)


Ctx = Annotated[Context, Depends(get_context)]
Asker = Annotated[Viewer, Depends(get_viewer)]
Showing = Annotated[Caller, Depends(get_caller)]

At = Annotated[str | None, Query(description="Valid time (RFC 3339); absent: now")]
KnownAt = Annotated[str | None, Query(description="Recorded time (RFC 3339); absent: everything recorded so far")]


def get_view(ctx: Ctx, viewer: Asker, at: At = None, known_at: KnownAt = None) -> View:
    """The resolved View of a request that takes ``at`` and ``known_at``."""
    asked = View(viewer, parse_moment(at, where="at"), parse_moment(known_at, where="known_at"))
    return ctx.store.resolve(asked)


Seen = Annotated[View, Depends(get_view)]


def refuse_unknown_parameters(request: Request) -> None:
    """A misspelt parameter is refused: an answer for now to a question about then would be a wrong answer."""
    route = request.scope["route"]
    refuse_unknown(request.query_params.keys(), _declared(route.dependant) | {ROLE_QUERY})


def _declared(needs: Dependant) -> set[str]:
    """Names of all query parameters that a route and what it depends on declare."""
    own = {field.alias for field in needs.query_params}
    return own.union(*(_declared(part) for part in needs.dependencies))


@dataclass(frozen=True, slots=True)
class Needs:
    """What a route asks of its caller; a dependency, so that it is declared where everybody can read it.

    Parameters
    ----------
    rights
        One of these is enough; none asks only for somebody who signed in.
    anybody
        Nothing is asked: the route is for citizens too, whatever its method.
    """

    rights: tuple[Right, ...] = ()
    anybody: bool = False

    def __call__(self, viewer: Asker) -> Viewer:
        """Return who asks, if they may."""
        self.check(viewer)
        return viewer

    def check(self, viewer: Viewer) -> None:
        """Raise SignInError for an anonymous caller, ForbiddenError for somebody without the right."""
        if self.anybody or (viewer.person and (not self.rights or any(viewer.may(right) for right in self.rights))):
            return
        if not viewer.person:
            raise SignInError("this needs somebody who signed in", hint="Sign in first.")
        raise ForbiddenError(
            f"this needs the right to {' or '.join(self.rights)}", where=viewer.role.value, hint="Act in another role."
        )

    def allows(self, role: Role, *, signed_in: bool) -> bool:
        """Whether a caller in that role may call the route."""
        if self.anybody:
            return True
        return signed_in and (not self.rights or any(right in RIGHTS[role] for right in self.rights))


def needs(*rights: Right) -> Any:
    """Dependency of a route that needs one of these rights, and gives who asks.

    ``viewer: Annotated[Viewer, needs(Right.WORK)]``, or ``dependencies=[needs(Right.WORK)]`` of a route or router.
    401 to an anonymous caller of a closed twin, 403 to somebody without the right. Without a right it asks for
    somebody who signed in.
    """
    return Depends(Needs(rights))


def for_anybody() -> Any:
    """Dependency of a route that changes something and is for everybody, citizens who did not sign in included."""
    return Depends(Needs(anybody=True))
