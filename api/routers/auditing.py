"""The audit: search, its signed head, whether it still holds together."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.context import Ctx, needs
from api.params import parse_moment
from api.shape import json_response
from twin.access import audit
from twin.access.audit_head import audit_folder, heads, own_public_key, sign_head, verify
from twin.model.view import Right, Viewer
from twin.types import format_time

router = APIRouter(prefix="/app/audit", tags=["audit"])

Text = Annotated[str | None, Query(max_length=200)]
Auditor = Annotated[Viewer, needs(Right.AUDIT)]


@router.get("")
def search(
    ctx: Ctx,
    viewer: Auditor,
    *,
    person: Text = None,
    what: Annotated[str | None, Query(alias="object", max_length=200)] = None,
    action: Text = None,
    start: Text = None,
    end: Text = None,
    before: Annotated[int | None, Query(ge=1)] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Acts, newest first, by person, object, action and time. Searching is itself an act."""
    found = audit.search(
        ctx.store,
        person=person or None,
        object=what or None,
        action=action or None,
        start=parse_moment(start, where="start"),
        end=parse_moment(end, where="end"),
        before=before,
        limit=limit + 1,
    )
    if person or what:
        details = {"person": person or "", "object": what or ""}
        audit.write(ctx.store, viewer, "audit.search", "log:audit", details=details)
    return json_response(
        {
            "entries": [
                {**asdict(act), "time": format_time(act.time), "outcome": act.outcome.value} for act in found[:limit]
            ],
            "more": len(found) > limit,
        }
    )


@router.get("/head", dependencies=[needs(Right.AUDIT)])
def head(ctx: Ctx) -> Response:
    """The number and hash of the newest entry, signed now."""
    return json_response(asdict(sign_head(ctx.store, ctx.twin.keys, datetime.now(UTC))))


@router.get("/verify", dependencies=[needs(Right.AUDIT)])
def verified(ctx: Ctx) -> Response:
    """Whether the chain holds, and still passes through every head that was exported."""
    exported = heads(ctx.settings.audit_folder or audit_folder(ctx.twin.store.path))
    found = verify(ctx.store, exported, public=own_public_key(ctx.twin.keys))
    return json_response({"ok": found.ok, **asdict(found)})
