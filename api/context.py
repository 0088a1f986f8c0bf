"""What routes share: the opened twin, who asks, and the View of one request."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Protocol, cast

from fastapi import Depends, Query, Request
from fastapi.dependencies.models import Dependant

from api.access import ROLE_QUERY, Gate
from api.live import Broadcaster
from api.metrics import Metrics
from api.params import parse_moment, refuse_unknown
from api.settings import Settings
from layers.tiles import LruCache, TileSource
from twin.core import Twin
from twin.errors import ForbiddenError
from twin.model.view import Right, View, Viewer
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
    tiles: TileSource
    pictures: LruCache[bytes]
    live: Broadcaster
    metrics: Metrics
    ingest: Ingest | None = None
    readiness: tuple[Readiness, ...] = ()
    started: float = field(default_factory=time.monotonic)

    @property
    def store(self) -> Store:
        """The twin's store."""
        return self.twin.store


def get_context(request: Request) -> Context:
    """The application's context."""
    return cast("Context", request.app.state.context)


def get_viewer(request: Request) -> Viewer:
    """Who asks; remembered on the request for the error handlers."""
    viewer = get_context(request).gate.viewer(request)
    request.state.viewer = viewer
    return viewer


Ctx = Annotated[Context, Depends(get_context)]
Asker = Annotated[Viewer, Depends(get_viewer)]

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


def require(viewer: Viewer, right: Right) -> None:
    """Raise :class:`ForbiddenError` unless the viewer has a right."""
    if not viewer.may(right):
        raise ForbiddenError(
            f"this needs the right {right.value!r}", where=viewer.role.value, hint="Act in a role that has it."
        )


def require_writer(viewer: Viewer) -> None:
    """Raise :class:`ForbiddenError` unless the viewer may create and change data."""
    if not viewer.may_write:
        raise ForbiddenError(
            "only integrators and administrators may write", where=viewer.role.value, hint="Act in another role."
        )
