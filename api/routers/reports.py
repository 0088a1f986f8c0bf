"""Citizens' field reports: sent by anybody, shown without personal data, their photos looked at by officers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import anyio.to_thread
from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import FormData, UploadFile
from starlette.types import Message

from api.context import Asker, Context, Ctx, for_anybody, needs
from api.params import parse_bbox
from api.routers.cases import acted
from api.shape import json_response
from twin.cases import photos
from twin.cases.field_report import SHOWN
from twin.cases.photos import MOST_BYTES, Box, Photo
from twin.cases.reports import MOST_PHOTOS, Reports
from twin.errors import NotFoundError, ParameterError, TooLargeError
from twin.model.view import Right, Viewer
from twin.types import LonLat

router = APIRouter(prefix="/app/reports", tags=["reports"])

Officer = Annotated[Viewer, needs(Right.CASES)]
_FIELDS = frozenset({"category", "text", "lon", "lat", "photo", "contact", "danger"})
_MOST_TEXT = 200_000
_WORDS = {
    "true": True,
    "1": True,
    "on": True,
    "yes": True,
    "": False,
    "false": False,
    "0": False,
    "off": False,
    "no": False,
}
_READING = anyio.CapacityLimiter(2)
"""Who waits for a photo to be read holds no thread that others need."""
_JPEG = {"x-content-type-options": "nosniff", "content-security-policy": "sandbox; default-src 'none'"}
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["category", "text", "lon", "lat"],
                    "properties": {
                        **{name: {"type": "string"} for name in ("category", "text", "contact")},
                        "lon": {"type": "number"},
                        "lat": {"type": "number"},
                        "danger": {"type": "boolean"},
                        "photo": {"type": "array", "maxItems": MOST_PHOTOS, "items": {"type": "string"}},
                    },
                }
            }
        },
    }
}


class AnswerGiven(BaseModel):
    """The reporter's word."""

    model_config = ConfigDict(extra="forbid")
    answer: Literal["confirm", "reopen"]
    secret: str = Field(max_length=200)
    text: str = Field("", max_length=20_000)


class BoxGiven(BaseModel):
    """A part of a photo to be covered, in shares of its width and height."""

    model_config = ConfigDict(extra="forbid")
    x: float
    y: float
    w: float
    h: float
    what: Literal["", "face", "plate"] = ""


class PublishGiven(BaseModel):
    """What is to be covered of a photo before it is shown; all else is shown."""

    model_config = ConfigDict(extra="forbid")
    seen: int
    boxes: list[BoxGiven] = Field(max_length=photos.MOST_BOXES)


class WithdrawGiven(BaseModel):
    """A photo that is to be shown no more."""

    model_config = ConfigDict(extra="forbid")
    seen: int


def reports_of(ctx: Context) -> Reports:
    """The field reports of the opened twin."""
    return Reports(ctx.cases, ctx.twin.vault, ctx.twin.files)


@router.get("/categories")
def categories(ctx: Ctx) -> Response:
    """Categories, with the working days to resolve each."""
    return json_response({"categories": reports_of(ctx).categories()})


@router.get("")
def found(
    ctx: Ctx,
    *,
    bbox: Annotated[str | None, Query()] = None,
    category: Annotated[str, Query(max_length=20)] = "",
    state: Annotated[str, Query(max_length=20)] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """Reports that are shown in public, newest first."""
    if state and state not in SHOWN:
        raise ParameterError(
            f"{state!r} is no state that is shown", where="state", hint=f"States are {', '.join(SHOWN)}."
        )
    listed = reports_of(ctx).public(bbox=parse_bbox(bbox), category=category, state=state, limit=limit)
    return json_response({"reports": listed})


@router.post("", dependencies=[for_anybody()], openapi_extra=_FORM)
async def send(request: Request, ctx: Ctx, viewer: Asker) -> Response:
    """Take a report from anybody; the secret in the answer is for who sent it alone and is not told again."""
    form = await _read(request, most_photos=MOST_PHOTOS)
    try:
        pictures = [await _photo(given) for given in form.getlist("photo") if _is_sent(given)]
        sent = await run_in_threadpool(_send, ctx, viewer, form, pictures)
    finally:
        await form.close()
    return json_response(
        sent,
        status=201,
        headers={"location": f"/app/reports/{sent['code']}", "cache-control": "no-store"},
    )


def _send(ctx: Context, viewer: Viewer, form: FormData, pictures: list[Photo]) -> dict[str, Any]:
    reports = reports_of(ctx)
    sent = reports.send(
        viewer,
        category=_text(form, "category"),
        text=_text(form, "text"),
        place=LonLat(_number(form, "lon"), _number(form, "lat")),
        contact=_text(form, "contact"),
        danger=_yes(form, "danger"),
        photos=pictures,
    )
    return {
        "code": sent.case.id,
        "state": sent.case.state,
        "duplicate_of": reports.shown_duplicate(sent.duplicate_of),
        "status": f"/report/{sent.case.id}",
        "secret": sent.secret,
        "photos": len(pictures),
    }


@router.post("/photo-place", dependencies=[for_anybody()], openapi_extra=_FORM)
async def photo_place(request: Request) -> Response:
    """Where a photo says it was taken, for its sender; the photo is not kept. Null where it does not say."""
    form = await _read(request, most_photos=1)
    try:
        given = next(iter(form.getlist("photo")), None)
        if not _is_sent(given):
            raise ParameterError("a photo is needed", where="photo")
        place = (await _photo(given)).place
    finally:
        await form.close()
    body = None if place is None else {"lon": place.lon, "lat": place.lat}
    return json_response({"place": body}, headers={"cache-control": "no-store"})


@router.get("/{code}")
def status(ctx: Ctx, code: str) -> Response:
    """The public status of a report, without personal data; nothing but its state before it was accepted."""
    return json_response(reports_of(ctx).status(code))


@router.post("/{code}/answer", dependencies=[for_anybody()])
def answer(ctx: Ctx, viewer: Asker, code: str, given: AnswerGiven) -> Response:
    """Who reported says that it is mended, or that it is not."""
    reports = reports_of(ctx)
    reports.answer(viewer, code, given.secret, confirm=given.answer == "confirm", text=given.text)
    return json_response(reports.status(code))


@router.get("/{code}/public/{number}.jpg")
def public_photo(ctx: Ctx, code: str, number: int) -> Response:
    """A photo as it is shown: blurred, looked at by an officer, without anything but the picture."""
    picture = reports_of(ctx).public_photo(code, number)
    # Withdrawn means gone: nobody keeps a copy without asking again.
    return Response(picture, media_type="image/jpeg", headers={**_JPEG, "cache-control": "no-cache"})


@router.get("/{code}/photos")
def listed_photos(ctx: Ctx, viewer: Officer, code: str) -> Response:
    """Photos of a report with what was taken for faces and plates in them; for officers."""
    items = [
        {
            "photo": photo.photo,
            "width": photo.width,
            "height": photo.height,
            "boxes": [box.as_json() for box in photo.boxes],
            "published": photo.file is not None,
            "url": f"/app/reports/{code}/photos/{photo.photo}",
        }
        for photo in reports_of(ctx).photos(viewer, code)
    ]
    return json_response({"photos": items}, headers={"cache-control": "no-store"})


@router.get("/{code}/photos/{number}")
def photo(ctx: Ctx, viewer: Officer, code: str, number: int) -> Response:
    """A photo as it was sent, freed of all but the picture; for officers, audited."""
    picture = reports_of(ctx).photo(viewer, code, number)
    if picture is None:
        raise NotFoundError(f"photo {number} of {code} was forgotten")
    return Response(picture, media_type="image/jpeg", headers={**_JPEG, "cache-control": "no-store"})


@router.post("/{code}/photos/{number}/publish")
def publish(ctx: Ctx, viewer: Officer, code: str, number: int, given: PublishGiven) -> Response:
    """Show a photo with the boxes covered; the officer has looked and answers for the rest."""
    boxes = [Box(box.x, box.y, box.w, box.h, box.what) for box in given.boxes]
    return acted(ctx, viewer, lambda: reports_of(ctx).publish(viewer, code, number, boxes, seen=given.seen))


@router.post("/{code}/photos/{number}/withdraw")
def withdraw(ctx: Ctx, viewer: Officer, code: str, number: int, given: WithdrawGiven) -> Response:
    """Show a photo no more; what was shown is destroyed."""
    return acted(ctx, viewer, lambda: reports_of(ctx).withdraw(viewer, code, number, seen=given.seen))


async def _read(request: Request, *, most_photos: int) -> FormData:
    """The form of a request, of bounded size."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise ParameterError("a form is needed", where="content-type", hint="Send multipart/form-data.")
    most = most_photos * MOST_BYTES + _MOST_TEXT
    size = 0

    async def receive() -> Message:
        nonlocal size
        message = await request.receive()
        size += len(message.get("body", b""))
        if size > most:
            raise TooLargeError(f"a report has at most {most >> 20} MB", where="body")
        return message

    form = await Request(request.scope, receive).form(
        max_files=most_photos, max_fields=len(_FIELDS) + most_photos, max_part_size=_MOST_TEXT
    )
    unknown = sorted(set(form) - _FIELDS)
    if unknown:
        raise ParameterError(f"{unknown[0][:60]!r} is no field of a report", where=unknown[0][:60])
    return form


async def _photo(given: UploadFile | str | None) -> Photo:
    if not isinstance(given, UploadFile):
        raise ParameterError("a photo is sent as a file", where="photo")
    return await anyio.to_thread.run_sync(photos.prepare, await given.read(), limiter=_READING)


def _is_sent(given: UploadFile | str | None) -> bool:
    """Whether a file was chosen: a form without one sends an empty part."""
    return (isinstance(given, UploadFile) and bool(given.size)) or (isinstance(given, str) and bool(given))


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""


def _yes(form: FormData, name: str) -> bool:
    """What a box says; a word that is neither yes nor no is refused, for a life may hang on it."""
    said = _text(form, name).strip().lower()
    if said not in _WORDS:
        raise ParameterError(f"{said[:40]!r} is neither true nor false", where=name)
    return _WORDS[said]


def _number(form: FormData, name: str) -> float:
    try:
        return float(_text(form, name))
    except ValueError:
        raise ParameterError(f"{_text(form, name)[:40]!r} is no number", where=name) from None
