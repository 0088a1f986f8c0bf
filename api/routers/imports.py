"""Files uploaded into the twin: streamed to disk, recognised by content, imported in one commit."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api.context import Ctx, needs
from api.params import parse_moment
from api.problems import Problem
from api.shape import json_response
from api.uploads import file_name, receive
from layers import ImportReport, import_file
from twin.model.view import Access, Right, Viewer

router = APIRouter(prefix="/app", tags=["app"])


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
) -> Response:
    """Import the file in the request's body into a layer; the answer is its report (200, or 422 with rejected rows)."""
    moment = parse_moment(valid_from, where="valid_from")
    name = file_name(filename, content_disposition)
    with tempfile.TemporaryDirectory(prefix="twin-upload-") as folder:
        path = Path(folder) / name
        if not await receive(request, path, ctx.settings.upload_mb << 20):
            return Problem("too-large", 413, f"the file is larger than {ctx.settings.upload_mb} MB").response()

        def work() -> ImportReport:
            return import_file(
                ctx.twin.as_viewer(viewer),
                path,
                layer=layer,
                crs=crs,
                id_field=id_field,
                replace=replace,
                decision=decision,
                valid_from=moment,
                title=title,
                title_en=title_en,
                table=table,
                x_field=x_field,
                y_field=y_field,
                access=Access.PUBLIC if public else Access.STAFF,
                name=name,
            )

        report = await run_in_threadpool(work)
    return json_response(report.as_dict(), status=200 if report.ok else 422)
