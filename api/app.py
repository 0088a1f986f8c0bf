"""The application: everything wired together. Only the programs that serve it, and tests, import this."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path

from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.middleware.gzip import GZipMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

import bim
from api import problems
from api.access import AccessMode, Gate, decide_mode
from api.context import Context, Ingest, Readiness, get_context, get_viewer, needs, refuse_unknown_parameters
from api.edge import Edge
from api.housekeeping import Chore, Housekeeping
from api.jobs import put_schedules, queue_of
from api.live import Broadcaster
from api.metrics import Metrics
from api.ogc import features, landing
from api.ogc import tiles as ogc_tiles
from api.probes import probes
from api.rates import RateLimiter
from api.routers import (
    auditing,
    config,
    docs,
    documents,
    imports,
    jobs,
    keeping,
    law,
    live,
    lookup,
    oidc,
    people,
    policy,
    rasters,
    reading,
    running,
    session,
    tokens,
    web,
)
from api.routers import cases as cases_routes
from api.routers import ingest as ingest_routes
from api.routers import reports as reports_routes
from api.routers.running import program_version
from api.settings import Settings
from api.sta.router import sta_router
from layers.tiles import LruCache, TileSource
from twin.access.audit_head import audit_folder, export_head
from twin.access.desk import desk_of
from twin.access.oidc import OpenId
from twin.access.providers import load_providers
from twin.cases.engine import Cases
from twin.core import Twin
from twin.jobs.runner import Runner
from twin.model.view import ADMINISTRATOR, Right

PICTURE_CACHE = 64 << 20

STANDARDS = (landing.router, features.router, ogc_tiles.router)
"""These check parameters themselves, after what their standard allows."""

ROUTERS = (
    config.router,
    auditing.router,
    policy.router,
    cases_routes.router,
    reports_routes.router,
    reading.router,
    rasters.router,
    ingest_routes.router,
    imports.router,
    jobs.router,
    lookup.router,
    live.router,
    law.router,
    running.router,
    keeping.router,
    docs.router,
    documents.router,
    session.router,
    people.router,
    tokens.router,
)


def chores(settings: Settings, cases: Cases) -> list[Chore]:
    """What the server does by itself."""

    def lay_head(t: Twin, now: datetime) -> None:
        export_head(t.store, t.keys, settings.audit_folder or audit_folder(t.store.path), now)

    def forget(t: Twin, now: datetime) -> None:
        t.as_viewer(ADMINISTRATOR).apply_retention(now)

    def ring(_: Twin, now: datetime) -> None:
        cases.tick(now)

    def sweep(t: Twin, _: datetime) -> None:
        desk = desk_of(t.store, t.keys, limits=settings.entry.sessions)
        desk.sessions.sweep()
        desk.lockout.sweep()

    return [
        Chore("audit head", 600, lay_head),
        Chore("sessions and attempts that are over", 3600, sweep),
        Chore("retention", 6 * 3600, forget),
        Chore("clocks of cases", 15, ring),
    ]


def create_app(
    t: Twin,
    settings: Settings,
    ingest: Ingest | None = None,
    *,
    readiness: Sequence[Readiness] = (),
    web_files: Path = web.BUILT,
) -> FastAPI:
    """Make the application for an opened twin.

    Parameters
    ----------
    t
        The twin; it stays the caller's to close.
    settings
        Where the server will listen and who may see what.
    ingest
        Ingestion that runs beside the server, for health and figures.
    readiness
        Further conditions of ``/health``; each says what is missing, or ``""``.
    web_files
        Folder of the built web application.

    Raises
    ------
    ParameterError
        If the access asked for cannot be given on that address.
    """
    bim.register_readers()
    desk = desk_of(t.store, t.keys, settings.entry.sessions)
    mode = decide_mode(settings, has_accounts=desk.accounts.any())
    gate = Gate(mode, desk, public_url=settings.entry.public_url, second_factor=settings.entry.second_factor)
    rates = RateLimiter(settings.entry.rates) if mode is AccessMode.CLOSED else None
    metrics = Metrics()
    cases = t.cases
    broadcaster = Broadcaster(t.store, most=settings.live_clients)
    housekeeping = Housekeeping(t, chores(settings, cases))
    queue = queue_of(t.store, settings)
    runner = Runner(queue, places=settings.job_places)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await broadcaster.start()
        await housekeeping.start()
        await run_in_threadpool(put_schedules, queue, settings)
        runner.start()
        try:
            yield
        finally:
            await run_in_threadpool(runner.stop)
            await housekeeping.stop()
            await broadcaster.stop()

    app = FastAPI(
        title="urban-twin",
        version=program_version(),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    for probe in probes(t, broadcaster, housekeeping, queue):
        metrics.add(probe)
    app.state.context = Context(
        twin=t,
        settings=settings,
        gate=gate,
        desk=desk,
        openid=OpenId(t.keys),
        providers=load_providers(settings.entry.oidc_file, os.environ),
        tiles=TileSource(t.store),
        pictures=LruCache(PICTURE_CACHE, len),
        live=broadcaster,
        metrics=metrics,
        cases=cases,
        ingest=ingest,
        readiness=tuple(readiness),
        housekeeping=housekeeping,
        queue=queue,
        runner=runner,
    )
    problems.install(app)
    for router in ROUTERS:
        app.include_router(router, dependencies=[Depends(refuse_unknown_parameters)])
    for router in (*STANDARDS, oidc.router):
        app.include_router(router)
    app.include_router(
        sta_router(
            store=lambda request: get_context(request).store, viewer=Depends(get_viewer), writer=needs(Right.WRITE)
        )
    )
    web.mount(app, built=web_files)
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=5)
    app.add_middleware(Edge, gate=gate, metrics=metrics, rates=rates)
    if settings.entry.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.entry.trusted_proxies))
    return app
