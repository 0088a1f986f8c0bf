"""What the plans say about a place or a parcel."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.context import Ctx, Seen
from api.params import parse_number
from api.shape import answered
from layers.planning.lookup import lookup as look_up

router = APIRouter(prefix="/app", tags=["app"])

Text = Annotated[str | None, Query()]


@router.get("/lookup")
def lookup(
    ctx: Ctx,
    view: Seen,
    *,
    lon: Text = None,
    lat: Text = None,
    parcel: Text = None,
    commune: Text = None,
    area_m2: Text = None,
) -> Response:
    """The parcel at a place (``lon``, ``lat``) or by number (``parcel=SHEET/PLOT&commune=``), and its plans."""
    answer = look_up(
        ctx.twin.as_viewer(view.viewer),
        lon=None if lon is None else parse_number(lon, where="lon"),
        lat=None if lat is None else parse_number(lat, where="lat"),
        parcel=parcel,
        commune=commune,
        area_m2=None if area_m2 is None else parse_number(area_m2, where="area_m2"),
        view=view,
    )
    return answered(view, dict(answer.as_dict()))
