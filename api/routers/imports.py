"""Files uploaded into the twin: streamed to disk, recognised by content, imported in one commit."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path, PurePath
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api.context import Ctx, needs
from api.params import parse_moment
from api.problems import Problem
from api.shape import json_response
from layers import ImportReport, import_file
from twin.errors import ParameterError
from twin.model.view import Access, Right, Viewer

router = APIRouter(prefix="/app", tags=["app"])

_NAME_STAR = re.compile(r"filename\*\s*=\s*UTF-8''([^;]+)", re.IGNORECASE)
_NAME = re.compile(r'filename\s*=\s*"?([^";]+)"?', re.IGNORECASE)
_SAFE = re.compile(r"[^\w.() -]+")

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
    name = _file_name(filename, content_disposition)
    with tempfile.TemporaryDirectory(prefix="twin-upload-") as folder:
        path = Path(folder) / name
        if not await _receive(request, path, ctx.settings.upload_mb << 20):
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


def _file_name(asked: str | None, disposition: str | None) -> str:
    """A plain file name: no folders, no odd characters, not hidden."""
    given = asked or ""
    if not given and disposition:
        star, plain = _NAME_STAR.search(disposition), _NAME.search(disposition)
        given = unquote(star[1]) if star else (plain[1] if plain else "")
    name = _SAFE.sub("_", PurePath(given.replace("\\", "/")).name).lstrip(". ")
    if not name:
        raise ParameterError(
            "the file has no name", where="filename", hint="Give ?filename=…, or a Content-Disposition header."
        )
    return name[-120:]


async def _receive(request: Request, path: Path, most: int) -> bool:
    """Write the body to a file; False (and nothing more is read) when it is larger than ``most`` bytes."""
    size = 0
    with path.open("wb") as file:
        async for part in request.stream():
            size += len(part)
            if size > most:
                return False
            await run_in_threadpool(file.write, part)
    if size == 0:
        raise ParameterError("the request has no body", where="body", hint="Send the file as the body.")
    return True
