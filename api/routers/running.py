"""Whether the server is well, and its figures."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response

from api.context import Context, Ctx, needs
from api.doctor import Patient, examine
from api.metrics import MEDIA_TYPE
from api.shape import json_response
from twin.errors import TwinError
from twin.model.view import Right, Viewer

router = APIRouter(tags=["running"])


def program_version() -> str:
    """Version of the installed distribution."""
    try:
        return version("urban-twin")
    except PackageNotFoundError:
        return "0"


def missing(ctx: Context) -> list[str]:
    """What is not there yet: the store, a connector's subscription, the demonstration."""
    lacks: list[str] = []
    try:
        ctx.store.last_seq()
    except TwinError:
        lacks.append("store")
    if ctx.ingest is not None:
        for name, state in ctx.ingest.status().items():
            if not (isinstance(state, dict) and state.get("subscribed")):
                lacks.append(f"connector {name}")
    lacks += [said for said in (ready() for ready in ctx.readiness) if said]
    return lacks


@router.get("/health")
def health(ctx: Ctx) -> Response:
    """200 when everything the server needs is there, 503 naming what is missing."""
    lacks = missing(ctx)
    body: dict[str, Any] = {"status": "ok" if not lacks else "waiting", "missing": lacks, "version": program_version()}
    return json_response(body, status=503 if lacks else 200, headers={"cache-control": "no-store"})


@router.get("/app/doctor")
def doctor(ctx: Ctx, viewer: Annotated[Viewer, needs(Right.ADMINISTER)]) -> Response:
    """Everything ``twin doctor`` looks at, for administrators."""
    connectors = None if ctx.ingest is None else ctx.ingest.status()
    found = examine(Patient(ctx.twin.as_viewer(viewer), ctx.settings, connectors, dict(ctx.housekeeping.failing)))
    return json_response(found, headers={"cache-control": "no-store"})


@router.get("/metrics", dependencies=[needs(Right.WORK)])
def metrics(ctx: Ctx) -> Response:
    """Figures in Prometheus' text format."""
    return Response(ctx.metrics.text(), media_type=MEDIA_TYPE)
