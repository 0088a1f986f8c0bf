"""The live stream: what the twin comes to know, as it does (server-sent events)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response, StreamingResponse

from api import shape
from api.context import Asker, At, Context, Ctx, KnownAt
from api.params import parse_bbox, parse_moment, parse_names
from twin.errors import ParameterError
from twin.model.view import View
from twin.store.base import Change
from twin.types import BBox, Json

router = APIRouter(tags=["live"])

KEEP_ALIVE_S = 15.0
CATCH_UP = 10_000
"""A client that resumes further back than this many commits reads again instead."""

Text = Annotated[str | None, Query()]


@dataclass(frozen=True, slots=True)
class Filter:
    """What a client wants of the stream."""

    layers: frozenset[str] | None
    bbox: BBox | None
    known_at: datetime | None


@router.get("/live")
async def live(
    request: Request,
    ctx: Ctx,
    viewer: Asker,
    layers: Text = None,
    bbox: Text = None,
    last_event_id: Annotated[str | None, Header()] = None,
    at: At = None,
    known_at: KnownAt = None,
) -> Response:
    """Changes as they are committed; resumes by ``Last-Event-ID``.

    ``at`` places the box filter in valid time; nothing recorded after ``known_at`` is sent.
    """
    names = parse_names(layers)
    moment = View(viewer, parse_moment(at, where="at"), parse_moment(known_at, where="known_at"))
    view = await asyncio.to_thread(ctx.store.resolve, moment)
    wanted = Filter(frozenset(names) if names else None, parse_bbox(bbox), moment.known_at)
    resume = _resume_from(last_event_id)
    ctx.live.require_room()

    async def still() -> bool:
        # A session or token that ended, and a role that was taken away, end the stream before anything more is sent.
        return not viewer.person or await asyncio.to_thread(ctx.gate.still, request, viewer)

    body = _stream(ctx, View(viewer, moment.at), view.at, wanted, resume, still)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(body, media_type="text/event-stream", headers=headers)


def _resume_from(text: str | None) -> int | None:
    if text is None or text == "":
        return None
    # Longer than any commit's number: what follows must not be a number of any size or script.
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ParameterError(f"{text!r} is not a sequence number", where="Last-Event-ID")
    return int(text)


async def _stream(
    ctx: Context,
    view: View,
    at: datetime | None,
    wanted: Filter,
    resume: int | None,
    still: Callable[[], Awaitable[bool]],
) -> AsyncIterator[bytes]:
    async with ctx.live.listen(view.viewer) as listener:
        # The newest commit is read after listening began, so that nothing falls between.
        sent = await asyncio.to_thread(ctx.store.last_seq)
        # A client that resumes has not got up to here yet: the number must not become its Last-Event-ID.
        yield _event("hello", None if resume is not None else sent, {"seq": sent, "at": shape.moment(at)})
        if resume is not None and resume != sent:
            async for part in _missed(ctx, view, wanted, resume, sent):
                yield part
        while not listener.closed:
            changes, missed = await listener.next(KEEP_ALIVE_S)
            if not await still():
                return
            if missed:
                sent = await asyncio.to_thread(ctx.store.last_seq)
                yield _event("gap", sent, {"seq": sent})
            fresh = [c for c in changes if c.seq > sent]
            for part in await _shaped(ctx, view, wanted, fresh):
                yield part
            if fresh:
                sent = fresh[-1].seq
            if not changes and not missed and not listener.closed:
                yield b": still here\n\n"


async def _missed(ctx: Context, view: View, wanted: Filter, after: int, newest: int) -> AsyncIterator[bytes]:
    """What was committed while the client was away."""
    if after > newest or newest - after > CATCH_UP:
        yield _event("gap", newest, {"seq": newest})
        return
    while after < newest:
        changes = [c for c in await ctx.live.changes(view, after) if c.seq <= newest]
        if not changes:
            return
        for part in await _shaped(ctx, view, wanted, changes):
            yield part
        after = changes[-1].seq


async def _shaped(ctx: Context, view: View, wanted: Filter, changes: Sequence[Change]) -> list[bytes]:
    shown: list[tuple[Change, tuple[dict[str, Json], ...]]] = []
    for change in changes:
        if wanted.known_at is not None and change.recorded_at > wanted.known_at:
            continue
        if wanted.layers is not None and change.layer not in wanted.layers:
            continue
        items = change.items
        if wanted.bbox is not None and items:
            items = await asyncio.to_thread(_inside, ctx, view, change, wanted.bbox)
            if not items:
                continue
        shown.append((change, items))
    # The number goes with the last part of a commit: who loses the connection in between gets the whole again.
    last = {change.seq: index for index, (change, _) in enumerate(shown)}
    return [
        _event("change", change.seq if last[change.seq] == index else None, _body(change, items))
        for index, (change, items) in enumerate(shown)
    ]


def _inside(ctx: Context, view: View, change: Change, box: BBox) -> tuple[dict[str, Json], ...]:
    """The items of a change whose feature touches a box."""
    key = "uid" if change.kind == "observation" else "fid"
    fids = sorted({str(item[key]) for item in change.items})
    interval = (None, None) if change.kind == "event" else None
    found = ctx.store.features(view, change.layer, fids=fids, bbox=box, interval=interval, geometry=False)
    inside = {f.fid for f in found}
    return tuple(item for item in change.items if item[key] in inside)


def _body(change: Change, items: Sequence[dict[str, Json]]) -> dict[str, Any]:
    return {
        "seq": change.seq,
        "recorded_at": shape.moment(change.recorded_at),
        "kind": change.kind,
        "layer": change.layer,
        "items": list(items),
    }


def _event(name: str, number: int | None, body: object) -> bytes:
    head = f"event: {name}\n" if number is None else f"event: {name}\nid: {number}\n"
    return head.encode() + b"data: " + shape.to_json(body) + b"\n\n"
