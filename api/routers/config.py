"""What a page needs to begin with, and the list of layers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from api import shape
from api.access import AccessMode
from api.context import Context, Ctx, Seen
from api.routers.running import program_version
from layers.rasters import layer_range
from layers.styles import legend, visible_style
from twin.model.layer import LayerKind
from twin.model.view import Role, View
from twin.store.base import LayerSummary
from twin.types import BBox, Freshness

router = APIRouter(prefix="/app", tags=["app"])

ALWAYS = (None, None)
WIDE_GROUPS = frozenset({"base", "overview", "imported"})
"""Groups that may reach beyond the city; they do not decide where the map opens."""


@router.get("/config")
def config(ctx: Ctx, view: Seen) -> Response:
    """Title, access, viewer, where and when the map opens."""
    summaries = ctx.store.layers(view)
    extent = opening_box(ctx, summaries)
    center = None if extent is None else [(extent.west + extent.east) / 2, (extent.south + extent.north) / 2]
    info = ctx.twin.info()
    times = [t for s in summaries for t in _raster_times(ctx, view, s)]
    body: dict[str, Any] = {
        "title": info.get("title") or ctx.settings.title,
        "title_en": info.get("title_en") or ctx.settings.title_en,
        "synthetic": any(s.layer.synthetic for s in summaries),
        "access": ctx.gate.mode.value,
        "viewer": {"name": view.viewer.name, "role": view.viewer.role.value},
        "roles": [r.value for r in Role] if ctx.gate.mode is AccessMode.OPEN else [],
        "bbox": shape.box(extent),
        "center": center,
        "now": shape.moment(datetime.now(UTC)),
        "time_start": shape.moment(min(times)) if times else None,
        "seq": ctx.store.last_seq(),
        "version": program_version(),
    }
    return shape.answered(view, body)


def opening_box(ctx: Context, summaries: list[LayerSummary]) -> BBox | None:
    """The box the map opens with: the setting, what the twin says of itself, or the extent of the city's layers."""
    if ctx.settings.bbox is not None:
        return ctx.settings.bbox
    said = ctx.twin.info().get("bbox")
    if isinstance(said, list) and len(said) == 4:
        return BBox(*(float(str(n)) for n in said))
    near = shape.union(s.extent for s in summaries if s.layer.group not in WIDE_GROUPS)
    return near or shape.union(s.extent for s in summaries)


def _raster_times(ctx: Context, view: View, summary: LayerSummary) -> list[datetime]:
    if summary.layer.kind is not LayerKind.RASTER:
        return []
    return ctx.store.raster_times(view, summary.layer.name)


@router.get("/layers")
def layers(ctx: Ctx, view: Seen) -> Response:
    """Every layer the viewer may see, with style, legend, count and age."""
    return shape.answered(view, {"layers": [describe(ctx, view, s) for s in ctx.store.layers(view)]})


def describe(ctx: Context, view: View, summary: LayerSummary) -> dict[str, Any]:
    """One layer as the web application lists it."""
    layer = summary.layer
    body: dict[str, Any] = {
        "name": layer.name,
        "title": layer.title,
        "title_en": layer.title_en,
        "description": layer.description,
        "kind": layer.kind.value,
        "geometry_type": layer.geometry_type,
        "group": layer.group,
        "style": visible_style(layer),
        "count": summary.count,
        "extent": shape.box(summary.extent),
        "newest": shape.moment(summary.newest),
        "freshness": freshness(view, summary).value,
        "max_age_s": layer.max_age_s,
        "revision": summary.revision,
        "synthetic": layer.synthetic,
        "attribution": layer.attribution,
        "licence": layer.licence,
        "min_zoom": layer.min_zoom,
        "order": layer.order,
        "access": layer.access.value,
        "fields": shape.fields(layer),
    }
    if layer.kind is not LayerKind.RASTER:
        return {**body, "legend": legend(layer)}
    items = ctx.store.rasters(view, layer.name, interval=ALWAYS)
    low, high = layer_range(items)
    unit = items[0].unit if items else ""
    times = [shape.moment(t) for t in ctx.store.raster_times(view, layer.name)]
    return {**body, "unit": unit, "times": times, "legend": legend(layer, unit=unit, minimum=low, maximum=high)}


def freshness(view: View, summary: LayerSummary) -> Freshness:
    """How old the newest record of a layer is against what the layer declares."""
    if summary.newest is None:
        return Freshness.MISSING
    allowed = summary.layer.max_age_s
    at = view.at or datetime.now(UTC)
    if allowed is None or (at - summary.newest).total_seconds() <= allowed:
        return Freshness.FRESH
    return Freshness.STALE
