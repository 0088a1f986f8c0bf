"""How long classes of data are kept, and what was forgotten."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from api.context import Ctx, needs
from api.shape import json_response
from twin.files import retention
from twin.model.view import Right

router = APIRouter(prefix="/app", tags=["running"])


@router.get("/retention", dependencies=[needs(Right.ADMINISTER, Right.AUDIT)])
def classes(ctx: Ctx) -> Response:
    """Every class of data with its rule, how much is held, since when, and how much was forgotten."""
    return json_response({"classes": retention.overview(ctx.twin.vault)}, headers={"cache-control": "no-store"})
