"""The state of the city and everything at a place, at one time as known at one time."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api import shape
from api.assemble import Assembler, describe_states
from api.context import Context, Ctx, Seen
from api.params import parse_bbox, parse_count, parse_lonlat, parse_moment, parse_names, parse_number
from layers.rasters import value_at
from layers.tiles import event_window
from twin.errors import NotFoundError, ParameterError
from twin.model.layer import Feature, Layer, LayerKind
from twin.model.view import View
from twin.types import Freshness, LonLat

router = APIRouter(prefix="/app", tags=["app"])

MOST_METRES = 5000.0
MOST_ITEMS = 1000

Text = Annotated[str | None, Query()]


@router.get("/state")
def state(ctx: Ctx, view: Seen, layer: Text = None) -> Response:
    """Every datastream (of some layers) with its newest result and how fresh that is."""
    streams = None
    if (names := parse_names(layer)) is not None:
        streams = [s.id for name in names for s in ctx.store.datastreams(view, layer=_exists(ctx, view, name))]
    states = ctx.store.latest(view, streams)
    counted = Counter(s.freshness for s in states)
    counts = {freshness.value: counted[freshness] for freshness in Freshness}
    return shape.answered(view, {"counts": counts, "datastreams": describe_states(ctx.store, view, states)})


def _exists(ctx: Context, view: View, layer: str) -> str:
    return ctx.store.layer(view, layer).layer.name


@router.get("/here")
def here(
    ctx: Ctx,
    view: Seen,
    lon: Text = None,
    lat: Text = None,
    metres: Text = None,
    layers: Text = None,
    limit: Text = None,
) -> Response:
    """Everything within some metres of a place, nearest and smallest first, and the grids' values there."""
    place = parse_lonlat(lon, lat)
    reach = 15.0 if metres is None else parse_number(metres, where="metres")
    if not 0 <= reach <= MOST_METRES:
        raise ParameterError(f"{reach:g} m is not from 0 to {MOST_METRES:g} m", where="metres")
    most = parse_count(limit, where="limit", default=100, high=MOST_ITEMS)
    found = ctx.store.within(view, place, reach, layers=parse_names(layers))
    ordered = sorted(found, key=lambda pair: (round(pair[1], 1), _size(pair[0])))
    items = Assembler(ctx.store, view).items(ordered[:most])
    body = {"items": items, "rasters": _grid_values(ctx, view, place), "more": len(ordered) > most}
    return shape.answered(view, body)


def _size(feature: Feature) -> float:
    return 0.0 if feature.geometry is None else float(feature.geometry.area)


def _grid_values(ctx: Context, view: View, place: LonLat) -> list[dict[str, Any]]:
    values = []
    for summary in ctx.store.layers(view):
        if summary.layer.kind is not LayerKind.RASTER:
            continue
        items = ctx.store.rasters(view, summary.layer.name)
        found = value_at([(item, ctx.twin.files.path(item.file)) for item in items], place)
        if found is not None:
            values.append(
                {
                    "layer": summary.layer.name,
                    "title": summary.layer.title,
                    "title_en": summary.layer.title_en,
                    "value": found.value,
                    "unit": found.item.unit,
                    "time": shape.moment(found.item.valid_from),
                    "synthetic": summary.layer.synthetic,
                }
            )
    return values


@router.get("/features/{layer}/{fid:path}")
def feature(layer: str, fid: str, ctx: Ctx, view: Seen) -> Response:
    """One feature with its geometry and the history of what was known of it."""
    described = ctx.store.layer(view, layer).layer
    versions = ctx.store.history(view, layer, fid)
    if not versions:
        raise NotFoundError(f"there is no feature {fid!r} in {layer!r}", where=f"features/{layer}")
    interval = None
    if described.kind is LayerKind.EVENT:
        interval = (None, view.at)
    current = ctx.store.features(view, layer, fids=[fid], interval=interval)
    shown = current[0] if current else versions[-1]
    assembler = Assembler(ctx.store, view)
    body = {
        **assembler.items([(shown, 0.0)])[0],
        "holds": bool(current),
        "geometry": shape.geometry(shown),
        "history": [
            {
                "valid_from": shape.moment(v.valid_from),
                "valid_to": shape.moment(v.valid_to),
                "recorded_from": shape.moment(v.recorded_from),
                "recorded_to": shape.moment(v.recorded_to),
                "properties": v.properties,
                "source": assembler.source(v.source),
            }
            for v in versions
        ],
    }
    return shape.answered(view, body)


@router.get("/series/{datastream}")
def series(
    datastream: int, ctx: Ctx, view: Seen, start: Text = None, end: Text = None, points: Text = None
) -> Response:
    """A datastream's results in equal buckets with their extremes; without ``start`` the last 24 hours."""
    states = ctx.store.latest(view, [datastream])
    if not states:
        raise NotFoundError(f"there is no datastream {datastream}", where="series")
    first, last = _interval(start, end, view)
    if first >= last:
        raise ParameterError("start is not before end", where="start")
    wanted = parse_count(points, where="points", default=2000, high=20_000)
    found = ctx.store.series(view, datastream, start=first, end=last, points=wanted)
    body = {
        "datastream": describe_states(ctx.store, view, states)[0],
        "start": shape.moment(first),
        "end": shape.moment(last),
        "bucket_s": (last - first).total_seconds() / wanted,
        "points": [[round(p.start.timestamp() * 1000), p.mean, p.minimum, p.maximum, p.count] for p in found],
    }
    return shape.answered(view, body)


@router.get("/events")
def events(
    ctx: Ctx,
    view: Seen,
    layer: Text = None,
    start: Text = None,
    end: Text = None,
    bbox: Text = None,
    limit: Text = None,
) -> Response:
    """Events of some layers (or all) that touch an interval, newest first; without ``start`` the last 24 hours."""
    first, last = _interval(start, end, view)
    most = parse_count(limit, where="limit", default=200)
    names = parse_names(layer) or _event_layers(ctx, view)
    box = parse_bbox(bbox)
    found: list[dict[str, Any]] = []
    for name in names:
        described = ctx.store.layer(view, name).layer
        happened = ctx.store.features(view, name, interval=(first, last), bbox=box)
        found += [_event_body(event, described) for event in happened]
    found.sort(key=lambda e: e["start"] or "", reverse=True)
    body = {"start": shape.moment(first), "end": shape.moment(last), "events": found[:most], "more": len(found) > most}
    return shape.answered(view, body)


def _interval(start: str | None, end: str | None, view: View) -> tuple[datetime, datetime]:
    """From ``start`` (a day before the end) to ``end`` (the view's moment)."""
    last = parse_moment(end, where="end") or view.at or datetime.now(UTC)
    first = parse_moment(start, where="start") or last - timedelta(days=1)
    if first > last:
        raise ParameterError("the interval ends before it starts", where="start", hint="Exchange start and end.")
    return first, last


def _event_body(event: Feature, layer: Layer) -> dict[str, Any]:
    return {
        "layer": layer.name,
        "fid": event.fid,
        "title": shape.feature_title(event, layer),
        "start": shape.moment(event.valid_from),
        "end": shape.moment(event.valid_to),
        "geometry": shape.geometry(event),
        "properties": event.properties,
    }


def _event_layers(ctx: Context, view: View) -> list[str]:
    return [s.layer.name for s in ctx.store.layers(view) if s.layer.kind is LayerKind.EVENT]


@router.get("/search")
def search(ctx: Ctx, view: Seen, q: Annotated[str, Query(max_length=200)] = "", limit: Text = None) -> Response:
    """Features whose name or identifiers match; case and diacritics do not matter."""
    most = parse_count(limit, where="limit", default=10, high=100)
    layers = {s.layer.name: s.layer for s in ctx.store.layers(view)}
    found = ctx.store.search(view, q, limit=most) if q.strip() else []
    return shape.answered(view, {"results": [_result(f, layers[f.layer].title, layers) for f in found]})


def _result(feature: Feature, layer_title: str, layers: dict[str, Any]) -> dict[str, Any]:
    place = shape.position(feature)
    bounds = None if feature.geometry is None else list(feature.geometry.bounds)
    title = shape.feature_title(feature, layers[feature.layer])
    return {
        "layer": feature.layer,
        "layer_title": layer_title,
        "layer_title_en": layers[feature.layer].title_en,
        "fid": feature.fid,
        "title": title,
        "subtitle": layer_title if title == feature.fid else f"{layer_title} · {feature.fid}",
        "lon": None if place is None else place.lon,
        "lat": None if place is None else place.lat,
        "bbox": bounds,
    }


@router.get("/timeline")
def timeline(ctx: Ctx, view: Seen, start: Text = None, end: Text = None, layers: Text = None) -> Response:
    """When layers change, and when events began, for the time cursor; without ``start`` the last 24 hours."""
    first, last = _interval(start, end, view)
    known = {s.layer.name: s.layer for s in ctx.store.layers(view)}
    names = [_exists(ctx, view, name) for name in parse_names(layers) or known]
    states = [name for name in names if known[name].kind is not LayerKind.EVENT]
    marks = [
        {"time": shape.moment(event.valid_from), "layer": name, "title": shape.feature_title(event, known[name])}
        for name in names
        if known[name].kind is LayerKind.EVENT
        for event in ctx.store.features(view, name, interval=(first, last), limit=500, geometry=False)
    ]
    marks.sort(key=lambda mark: mark["time"] or "")
    times = ctx.store.breakpoints(view, states, first, last) if states else []
    body = {
        "start": shape.moment(first),
        "end": shape.moment(last),
        "breakpoints": [shape.moment(t) for t in times],
        "events": marks,
        "event_window_s": {n: event_window(known[n]).total_seconds() for n in names if n not in states},
    }
    return shape.answered(view, body)
