"""Files uploaded into the twin: kept first, recognised by content, imported by a job in one commit."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api.context import Context, Ctx, needs
from api.jobs import outcome, shape
from api.params import parse_moment
from api.shape import json_response
from api.uploads import file_name, keep
from layers.import_job import KIND, inputs_of
from layers.options import ImportOptions
from twin.jobs.model import Job
from twin.model.view import Access, Right, Viewer

router = APIRouter(prefix="/app", tags=["app"])

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 0.5

Text = Annotated[str | None, Query()]


@router.post("/import")
async def upload(
    request: Request,
    ctx: Ctx,
    viewer: Annotated[Viewer, needs(Right.WRITE)],
    *,
    layer: Annotated[str, Query(max_length=63)],
    crs: Text = None,
    id_field: Annotated[str | None, Query(alias="id")] = None,
    replace: bool = False,
    decision: str = "",
    valid_from: Text = None,
    title: Text = None,
    title_en: str = "",
    table: Text = None,
    x_field: Text = None,
    y_field: Text = None,
    public: bool = False,
    filename: Text = None,
    content_disposition: Annotated[str | None, Header()] = None,
    prefer: Annotated[str, Header()] = "",
    idempotency_key: Annotated[str, Header(max_length=200)] = "",
) -> Response:
    """Import the file in the request's body into a layer; the answer is its report (200, or 422 with rejected rows).

    It is done as a job. With ``Prefer: respond-async`` the answer is the job (202), without waiting for it.
    """
    options = ImportOptions(
        layer,
        crs=crs or "",
        id_field=id_field or "",
        replace=replace,
        decision=decision,
        valid_from=parse_moment(valid_from, where="valid_from"),
        title=title or "",
        title_en=title_en,
        access=Access.PUBLIC if public else Access.STAFF,
        table=table or "",
        x_field=x_field or "",
        y_field=y_field or "",
    )
    name = file_name(filename, content_disposition)
    digest = await keep(request, ctx.twin.files, ctx.settings.upload_mb << 20)
    inputs = inputs_of(options, name=name, file=digest)
    job = await run_in_threadpool(
        lambda: ctx.queue.submit(
            KIND.name, inputs, viewer, title=f"Nhập {name}", title_en=f"Import {name}", key=idempotency_key
        )
    )
    ctx.runner.wake()
    if "respond-async" in prefer.lower():
        headers = {"location": f"/app/jobs/{job.id}", "preference-applied": "respond-async"}
        return json_response(shape(job), status=202, headers=headers)
    report = outcome(await _over(ctx, job))
    return json_response(
        report, status=200 if report["ok"] else 422, headers={"link": f'</app/jobs/{job.id}>; rel="about"'}
    )


async def _over(ctx: Context, job: Job) -> Job:
    """The job when it is over."""
    pause_s = _FIRST_PAUSE_S
    while not job.state.is_over:
        await asyncio.sleep(pause_s)
        pause_s = min(_LONGEST_PAUSE_S, 1.2 * pause_s)
        job = await run_in_threadpool(ctx.queue.get, job.id)
    return job
