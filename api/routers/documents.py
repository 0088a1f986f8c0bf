"""Documents over HTTP: issued, read, withdrawn, verified."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import anyio
from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from api import documents as made
from api.context import Asker, Ctx, for_anybody, needs
from api.params import parse_moment
from api.shape import json_response
from twin.core import Twin
from twin.documents import register
from twin.documents.compose import Paper
from twin.documents.keys import published
from twin.documents.typeset import LARGEST_PDF
from twin.documents.verdict import Verdict
from twin.errors import ParameterError, TooLargeError, TooManyError
from twin.model.view import Right, View, Viewer

router = APIRouter(prefix="/app", tags=["documents"])

Officer = Annotated[Viewer, needs(Right.DOCUMENTS)]
Anybody = Annotated[Viewer, for_anybody()]
_NOT_KEPT = {"cache-control": "no-store"}
_READING = anyio.CapacityLimiter(2)
_MOST_WAITING = 8
"""Files that wait to be read; anybody may send one, and each lies in memory until then."""


class Wish(BaseModel):
    """A document that is asked for."""

    model_config = ConfigDict(extra="forbid")
    template: str
    inputs: dict[str, Any] = {}
    paper: Literal["A4", "A3", "A2", "A1", "A0"] = "A4"
    orientation: Literal["portrait", "landscape"] = "portrait"
    scale: int | None = None
    crs: str | None = None
    at: str | None = None
    known_at: str | None = None


class Reason(BaseModel):
    """Why a document is withdrawn."""

    model_config = ConfigDict(extra="forbid")
    reason: str


class Shown(BaseModel):
    """What somebody holds in the hand: the code, with the canonical form if they have it."""

    model_config = ConfigDict(extra="forbid")
    token: str
    canonical: dict[str, Any] | None = None


@router.get("/documents/templates")
def templates(viewer: Asker) -> Response:
    """The templates, with the inputs and papers they take."""
    allowed = viewer.may(Right.DOCUMENTS)
    return json_response({"templates": [x for x in made.templates() if allowed or x["name"] == "planning_extract"]})


@router.get("/documents")
def listed(
    ctx: Ctx,
    viewer: Officer,
    *,
    template: str = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Documents, the newest first, without what they say."""
    found = register.documents(ctx.twin.as_viewer(viewer), template=template, limit=limit, offset=offset)
    rows = [{k: v for k, v in made.shape(document).items() if k != "canonical"} for document in found]
    return json_response({"documents": rows}, headers=_NOT_KEPT)


@router.post("/documents")
def issue(ctx: Ctx, viewer: Anybody, wish: Wish) -> Response:
    """Issue a document. A citizen may have a planning extract of what is public; the rest takes the right."""
    if wish.template != "planning_extract":
        register.require_right(viewer)
    t = ctx.twin.as_viewer(viewer)
    view = View(viewer, parse_moment(wish.at, where="at"), parse_moment(wish.known_at, where="known_at"))
    content = made.content(t, wish.template, wish.inputs, view=view, crs=wish.crs, scale=wish.scale)
    how = made.issuing(ctx.settings)
    paper = Paper(wish.paper, wish.orientation == "landscape")
    issued = register.issue(t, content, now=datetime.now(UTC), paper=paper, issuing=how)
    shown = made.shape(issued)
    return json_response(shown, status=201, headers={**_NOT_KEPT, "location": f"/app/documents/{issued.id}"})


@router.get("/documents/{document}.pdf")
def pdf(ctx: Ctx, viewer: Asker, document: str) -> Response:
    """The file of a document."""
    found = register.document(ctx.twin.as_viewer(viewer), document)
    path = ctx.twin.files.path(found.pdf)
    name = f"{found.template}-{found.id}.pdf"
    return FileResponse(path, media_type="application/pdf", filename=name, headers=_NOT_KEPT)


@router.get("/documents/{document}")
def one(ctx: Ctx, viewer: Asker, document: str) -> Response:
    """A document: its canonical form, code and state."""
    return json_response(made.shape(register.document(ctx.twin.as_viewer(viewer), document)), headers=_NOT_KEPT)


@router.post("/documents/{document}/revoke")
def revoke(ctx: Ctx, viewer: Officer, document: str, why: Reason) -> Response:
    """Withdraw a document."""
    t = ctx.twin.as_viewer(viewer)
    found = register.revoke_document(t, document, reason=why.reason, now=datetime.now(UTC))
    return json_response(made.shape(found), headers=_NOT_KEPT)


@router.post("/verify")
async def verify(request: Request, ctx: Ctx, viewer: Anybody) -> Response:
    """Judge a PDF (the body), or ``{"token", "canonical"?}``. Nothing of it is kept."""
    _require_place()
    body = await _body(request)
    _require_place()  # others came while the body did
    # Threads of their own: however long files take to read, every other route goes on being answered.
    verdict = await anyio.to_thread.run_sync(_judge, ctx.twin.as_viewer(viewer), body, limiter=_READING)
    return json_response(verdict.as_dict(), headers=_NOT_KEPT)


def _require_place() -> None:
    if _READING.statistics().tasks_waiting >= _MOST_WAITING:
        raise TooManyError("many documents are being verified", hint="Ask again in a moment.", retry_after_s=10)


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_PDF:
            raise TooLargeError(f"larger than any document ({LARGEST_PDF} bytes)", where="body")
        parts.append(part)
    if not size:
        raise ParameterError("the request has no body", where="body", hint="Send the PDF, or its code as JSON.")
    return b"".join(parts)


def _judge(t: Twin, body: bytes) -> Verdict:
    if body.lstrip()[:1] != b"{":
        return register.verify_pdf(t, body)
    try:
        shown = Shown.model_validate_json(body)
    except ValidationError as exc:
        raise ParameterError("neither a PDF nor a code", where="body", hint='Send {"token": "TWIN1.…"}.') from exc
    if shown.canonical is None:
        return register.verify_token(t, shown.token)
    return register.verify_canonical(t, shown.token, made.as_bytes(shown.canonical))


@router.get("/verify/keys")
def keys(ctx: Ctx) -> Response:
    """The published keys and the documents that were withdrawn: all that verifying needs."""
    return json_response(published(ctx.twin).as_dict())
