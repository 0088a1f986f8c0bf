"""Grids as map tiles, and their legends."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response

from api import shape
from api.context import Context, Ctx, Seen
from api.routers.config import ALWAYS
from layers.rasters import is_smooth, layer_range, render_tile, stops_of, tile_tag
from layers.styles import legend as legend_of
from layers.tiles import TileAddress
from twin.errors import NotFoundError
from twin.model.layer import Layer, LayerKind
from twin.model.view import View

router = APIRouter(prefix="/app/raster", tags=["app"])


@router.get("/{layer}/legend")
def legend(layer: str, ctx: Ctx, view: Seen) -> Response:
    """Colour stops of a raster layer and its legend."""
    described = raster_layer(ctx, view, layer)
    items = ctx.store.rasters(view, layer, interval=ALWAYS)
    low, high = layer_range(items)
    unit = items[0].unit if items else ""
    entries = legend_of(described, unit=unit, minimum=low, maximum=high)
    stops = [
        {
            **stop,
            "color_night": stop.get("color_night") or stop["color"],
            "label": e["label"],
            "label_en": e["label_en"],
        }
        for stop, e in zip(stops_of(described, items), entries, strict=True)
    ]
    return shape.answered(view, {"unit": unit, "smooth": is_smooth(described), "stops": stops})


@router.get("/{layer}/{z}/{x}/{y}.png")
def tile(
    layer: str,
    z: int,
    x: int,
    y: int,
    ctx: Ctx,
    view: Seen,
    theme: Annotated[Literal["day", "night"], Query()] = "day",
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """One picture of the grid valid at ``at``; transparent where there is none."""
    address = TileAddress(z, x, y)
    described = raster_layer(ctx, view, layer)
    night = theme == "night"
    items = ctx.store.rasters(view, layer)
    everything = ctx.store.rasters(view, layer, interval=ALWAYS)
    tag = tile_tag(described, items, night=night)
    headers = {"etag": f'"{tag}"', "cache-control": "no-cache", "vary": "X-Twin-Role"}
    if if_none_match == headers["etag"]:
        return Response(status_code=304, headers=headers)
    key = f"{tag}/{z}/{x}/{y}"
    picture = ctx.pictures.get(key)
    if picture is None:
        files = [(item, ctx.twin.files.path(item.file)) for item in items]
        stops = stops_of(described, everything)
        picture = render_tile(files, stops, address, smooth=is_smooth(described), night=night)
        ctx.pictures.put(key, picture)
    return Response(picture, media_type="image/png", headers=headers)


def raster_layer(ctx: Context, view: View, name: str) -> Layer:
    """The layer, if it holds grids."""
    layer = ctx.store.layer(view, name).layer
    if layer.kind is not LayerKind.RASTER:
        raise NotFoundError(f"layer {name!r} holds no grids", where="raster")
    return layer
