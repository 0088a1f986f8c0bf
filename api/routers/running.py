"""Whether the server is well, and its figures."""

from __future__ import annotations

import time
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from api.context import Asker, Context, Ctx, needs
from api.doctor import Patient, examine
from api.metrics import Labels
from api.shape import json_response
from twin.errors import TwinError
from twin.model.view import Right, View, Viewer

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


@router.get("/metrics")
def metrics(ctx: Ctx, viewer: Asker) -> Response:
    """Figures in Prometheus' text format."""
    gauges = {
        "twin_commit_seq": ("Newest commit.", float(ctx.store.last_seq())),
        "twin_live_streams": ("Open live streams.", float(ctx.live.listeners)),
        "twin_uptime_seconds": ("Time since start.", time.monotonic() - ctx.started),
    }
    counters: list[tuple[str, Labels, float]] = []
    for connector, receipt in ctx.store.counters(View(viewer)).items():
        for outcome in ("received", "stored", "revised", "duplicate", "quarantined"):
            labels: Labels = (("connector", connector), ("outcome", outcome))
            counters.append(("twin_ingest_readings_total", labels, float(getattr(receipt, outcome))))
    return PlainTextResponse(ctx.metrics.text(gauges, counters), media_type="text/plain; version=0.0.4; charset=utf-8")
