"""Cases and their kinds: opening, reading, acting; what a plan edit would do."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api import case_shape
from api.case_shape import CaseShaper
from api.context import Ctx, needs
from api.params import parse_bbox
from api.problems import Problem, problem_of
from api.shape import json_response, moment
from api.uploads import file_name, receive
from twin.cases import plan_edit
from twin.cases.case import Case, CaseChangedError
from twin.cases.engine import CaseFilter
from twin.cases.kind import kind_from_json
from twin.cases.plan_preview import preview
from twin.errors import NotFoundError, ParameterError
from twin.model.view import Right, Viewer
from twin.types import Json, LonLat

router = APIRouter(prefix="/app", tags=["cases"])

Signed = Annotated[Viewer, needs()]
Administrator = Annotated[Viewer, needs(Right.ADMINISTER)]
Text = Annotated[str, Query(max_length=200)]


class _Given(BaseModel):
    """A body whose members are all known."""

    model_config = ConfigDict(extra="forbid")


class KindGiven(_Given):
    """An edited kind."""

    kind: dict[str, Any]
    seen: int = Field(ge=0, description="Version the edit is based on; 0: the kind is new")
    reason: str = Field(min_length=1, max_length=2000)


class OpenGiven(_Given):
    """A new case."""

    kind: str
    body: dict[str, Any]
    lon: float | None = None
    lat: float | None = None
    links: list[dict[str, Any]] = Field(default_factory=list, max_length=100)
    parent: str = ""


class ActGiven(_Given):
    """A transition."""

    transition: str
    seen: int
    reason: str = Field("", max_length=20_000)
    changes: dict[str, Any] = Field(default_factory=dict)


class AssignGiven(_Given):
    """Who gets a case."""

    person: str | None
    seen: int


class NoteGiven(_Given):
    """Something written into the log."""

    text: str
    seen: int | None = None


class MigrateGiven(_Given):
    """Another version of the kind for an open case."""

    version: int
    seen: int
    reason: str


@router.get("/case-kinds")
def kinds(ctx: Ctx, _: Signed) -> Response:
    """Every kind of case, in its newest version."""
    return json_response({"kinds": [case_shape.kind(kind) for kind in ctx.cases.kinds.all()]})


@router.get("/case-kinds/{name}")
def kind(ctx: Ctx, _: Signed, name: str, version: Annotated[int | None, Query(ge=1)] = None) -> Response:
    """A kind, or one of its versions, with when each was published."""
    found = ctx.cases.kinds.get(name, version)
    versions = [{"version": v.kind.version, "since": moment(v.since)} for v in ctx.cases.kinds.history(name)]
    return json_response({**case_shape.kind(found), "versions": versions})


@router.post("/case-kinds/{name}/dry-run")
def dry_run(ctx: Ctx, _: Administrator, name: str, body: dict[str, Any]) -> Response:
    """What publishing an edited kind would mean for open cases; changes nothing."""
    wanted = kind_from_json({k: v for k, v in body.items() if k != "version"})
    _require_name(name, wanted.name)
    return json_response(case_shape.dry_run(ctx.cases.kinds.dry_run(wanted)))


@router.put("/case-kinds/{name}")
def put_kind(ctx: Ctx, viewer: Administrator, name: str, given: KindGiven) -> Response:
    """Publish a version of a kind; open cases keep theirs."""
    wanted = kind_from_json({k: v for k, v in given.kind.items() if k != "version"})
    _require_name(name, wanted.name)
    made = ctx.cases.kinds.put(viewer, wanted, seen=given.seen, reason=given.reason)
    return json_response(case_shape.kind(made), status=201 if made.version == 1 else 200)


@router.get("/cases")
def find(
    ctx: Ctx,
    viewer: Signed,
    *,
    kind: Text = "",
    state: Text = "",
    assigned: Text = "",
    is_open: Annotated[bool | None, Query(alias="open")] = None,
    q: Text = "",
    bbox: Annotated[str | None, Query()] = None,
    parent: Text = "",
    told: Text = "",
    order: Text = "changed",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """Cases the viewer may see."""
    which = CaseFilter(
        kind=kind,
        state=state,
        assigned=viewer.person if assigned == "me" else assigned,
        is_open=is_open,
        text=q,
        bbox=parse_bbox(bbox),
        parent=parent,
        told=told,
    )
    found, total = ctx.cases.find(viewer, which, order=order, limit=limit, offset=offset)
    shaper = CaseShaper(ctx.cases, datetime.now(UTC))
    return json_response({"cases": [shaper.brief(case) for case in found], "total": total})


@router.post("/cases")
def open_case(ctx: Ctx, viewer: Signed, given: OpenGiven) -> Response:
    """Open a case."""
    if (given.lon is None) != (given.lat is None):
        raise ParameterError("a place needs lon and lat", where="lon, lat")
    place = None if given.lon is None or given.lat is None else LonLat(given.lon, given.lat)
    case = ctx.cases.open(viewer, given.kind, given.body, place=place, links=given.links, parent=given.parent)
    return _answer(ctx, viewer, case, status=201)


@router.get("/cases/{case}")
def read(ctx: Ctx, viewer: Signed, case: str) -> Response:
    """A case with its body, files, links, log and what the viewer may do."""
    return _answer(ctx, viewer, ctx.cases.get(viewer, case))


@router.post("/cases/{case}/act")
def act(ctx: Ctx, viewer: Signed, case: str, given: ActGiven) -> Response:
    """Carry out a transition, or give one of the approvals it needs."""
    return acted(
        ctx,
        viewer,
        lambda: ctx.cases.act(
            viewer, case, given.transition, seen=given.seen, reason=given.reason, changes=given.changes
        ),
    )


@router.post("/cases/{case}/assign")
def assign(ctx: Ctx, viewer: Signed, case: str, given: AssignGiven) -> Response:
    """Give a case to a person, or to nobody."""
    return acted(ctx, viewer, lambda: ctx.cases.assign(viewer, case, given.person, seen=given.seen))


@router.post("/cases/{case}/note")
def note(ctx: Ctx, viewer: Signed, case: str, given: NoteGiven) -> Response:
    """Write something into a case's log."""
    return acted(ctx, viewer, lambda: ctx.cases.note(viewer, case, given.text, seen=given.seen))


@router.post("/cases/{case}/migrate")
def migrate(ctx: Ctx, viewer: Administrator, case: str, given: MigrateGiven) -> Response:
    """Let an open case go on under another version of its kind."""
    return acted(
        ctx,
        viewer,
        lambda: ctx.cases.migrate(viewer, case, given.version, seen=given.seen, reason=given.reason),
    )


@router.get("/cases/{case}/personal/{field}")
def personal(ctx: Ctx, viewer: Signed, case: str, field: str) -> Response:
    """A personal value of a case, audited; null once it was forgotten."""
    return json_response({"field": field, "value": ctx.cases.personal(viewer, case, field)})


@router.post("/cases/{case}/files")
async def attach(
    request: Request,
    ctx: Ctx,
    viewer: Signed,
    case: str,
    filename: Annotated[str | None, Query()] = None,
    content_disposition: Annotated[str | None, Header()] = None,
) -> Response:
    """Put the file in the request's body into a case."""
    await run_in_threadpool(ctx.cases.require_worker, viewer, case)  # before anything is taken
    name = file_name(filename, content_disposition)
    most = ctx.settings.upload_mb
    with tempfile.TemporaryDirectory(prefix="twin-upload-") as folder:
        path = Path(folder) / "file"
        if not await receive(request, path, most << 20):
            return Problem("too-large", 413, f"the file is larger than {most} MB").response()
        size = path.stat().st_size

        def keep() -> str:
            digest = ctx.twin.files.put(path)
            ctx.cases.attach(viewer, case, file=digest, name=name, size=size)
            return digest

        digest = await run_in_threadpool(keep)
    return json_response({"file": digest, "name": name, "size": size}, status=201)


@router.get("/cases/{case}/files/{file}")
def attached(ctx: Ctx, viewer: Signed, case: str, file: str) -> Response:
    """A file of a case, to be kept and never shown by the browser as a page of ours."""
    known = next((f for f in ctx.cases.get(viewer, case).files if f["file"] == file), None)
    if known is None:
        raise NotFoundError("the case has no such file")
    headers = {"cache-control": "private, no-store", "content-security-policy": "sandbox; default-src 'none'"}
    return FileResponse(
        ctx.twin.files.path(file),
        media_type="application/octet-stream",
        filename=str(known["name"]),
        headers=headers,
    )


@router.get("/cases/{case}/preview")
def previewed(ctx: Ctx, viewer: Signed, case: str) -> Response:
    """What publishing a plan edit would do now."""
    found = ctx.cases.get(viewer, case)
    if found.kind != plan_edit.NAME:
        raise ParameterError(f"a {found.kind} has no preview", where="case")
    return json_response(preview(ctx.store, viewer, found.body).as_json())


def acted(ctx: Ctx, viewer: Viewer, work: Callable[[], Case]) -> Response:
    """The case after an act, or 409 with what changed where somebody was faster."""
    try:
        case = work()
    except CaseChangedError as error:
        changed = CaseShaper(ctx.cases, datetime.now(UTC)).log(error.changed)
        body: dict[str, Json] = {**problem_of(error).body(), "changed": changed}  # type: ignore[dict-item]
        return json_response(body, status=409, media_type="application/problem+json")
    return _answer(ctx, viewer, case)


def _answer(ctx: Ctx, viewer: Viewer, case: Case, *, status: int = 200) -> Response:
    headers = {"location": f"/app/cases/{case.id}"} if status == 201 else None
    shaper = CaseShaper(ctx.cases, datetime.now(UTC))
    try:
        body = shaper.whole(case, viewer)
    except NotFoundError:
        # The act took the case out of the viewer's sight (they gave it away).
        body = shaper.brief(case)
    return json_response(body, status=status, headers=headers)


def _require_name(path: str, kind: str) -> None:
    if path != kind:
        raise ParameterError(
            f"the kind calls itself {kind!r}", where="name", hint=f"Send it to its own address: {path}."
        )
