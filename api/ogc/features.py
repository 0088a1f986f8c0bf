"""OGC API Features 1.0: collections, their items, single features."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api import html
from api.context import Asker, Context, Ctx
from api.ogc.common import (
    CRS84,
    GEOJSON,
    HTML,
    JSON,
    base_url,
    check_query,
    link,
    ogc_view,
    self_links,
    title_of,
    vector_layer,
    wants_html,
    with_query,
)
from api.ogc.definition import DEFAULT_LIMIT
from api.params import Interval, parse_boxes, parse_count, parse_number
from api.shape import box, feature_title, geojson_feature, json_response, moment
from twin.errors import NotFoundError, ParameterError
from twin.model.layer import Feature, Field, FieldType, Layer, LayerKind
from twin.model.query import And, Compare, Expression, Path, Value
from twin.model.view import View
from twin.store.base import LayerSummary

router = APIRouter(prefix="/ogc/collections", tags=["OGC API"])

ITEM_QUERY = ("limit", "offset", "bbox", "datetime")
SHOWN_FIELDS = 8
ROOT = html.Link("OGC API", "/ogc")
ALL = html.Link("Các lớp dữ liệu", "/ogc/collections")


@router.get("")
@router.get("/", include_in_schema=False)
def collections(request: Request, ctx: Ctx, viewer: Asker) -> Response:
    """Every layer the viewer may see."""
    check_query(request)
    view, _ = ogc_view(ctx, request, viewer)
    base = f"{base_url(request)}/collections"
    found = ctx.store.layers(view)
    if wants_html(request):
        rows = [
            [html.Link(s.layer.title, f"{base}/{s.layer.name}?f=html"), s.layer.title_en, s.layer.name, str(s.count)]
            for s in found
        ]
        head = ["Tên", "Tên tiếng Anh", "Mã lớp", "Số đối tượng"]
        return html.page("Các lớp dữ liệu", html.table(head, rows), trail=[ROOT])
    body = {"links": self_links(request, base), "collections": [_describe(base, s) for s in found]}
    return json_response(body)


@router.get("/{layer}")
def collection(layer: str, request: Request, ctx: Ctx, viewer: Asker) -> Response:
    """One layer."""
    check_query(request)
    view, _ = ogc_view(ctx, request, viewer)
    summary = ctx.store.layer(view, layer)
    base = f"{base_url(request)}/collections"
    body = _describe(base, summary)
    if wants_html(request):
        shown = [html.Link(entry["title"], entry["href"]) for entry in body["links"]]
        rows = [[f.name, f.title, f.title_en, f.type.value, f.unit] for f in summary.layer.fields]
        return html.page(
            title_of(summary.layer),
            html.paragraph(summary.layer.description),
            html.listing(shown),
            html.table(["Thuộc tính", "Tên", "Tên tiếng Anh", "Kiểu", "Đơn vị"], rows),
            trail=[ROOT, ALL],
        )
    body["links"] = [*self_links(request, f"{base}/{layer}"), *body["links"]]
    return json_response(body)


def _describe(base: str, summary: LayerSummary) -> dict[str, Any]:
    layer = summary.layer
    url = f"{base}/{layer.name}"
    body: dict[str, Any] = {
        "id": layer.name,
        "title": layer.title,
        "title_en": layer.title_en,
        "description": layer.description,
        "attribution": layer.attribution,
        "synthetic": layer.synthetic,
        "links": [link(url, "self", JSON, layer.title)],
        "crs": [CRS84],
    }
    extent: dict[str, Any] = {"temporal": {"interval": [[None, None]]}}
    if summary.extent is not None:
        extent["spatial"] = {"bbox": [box(summary.extent)], "crs": CRS84}
    body["extent"] = extent
    if layer.kind is LayerKind.RASTER:
        return body
    tilesets = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
    body["itemType"] = "feature"
    body["links"] += [
        link(f"{url}/items", "items", GEOJSON, "Các đối tượng"),
        link(f"{url}/items?f=html", "items", HTML, "Các đối tượng (trang)"),
        link(f"{url}/tiles", tilesets, JSON, "Các bộ ô bản đồ"),
    ]
    return body


@router.get("/{layer}/items")
def items(layer: str, request: Request, ctx: Ctx, viewer: Asker) -> Response:
    """Features of a layer: by box, time and attributes, a page at a time."""
    view, interval = ogc_view(ctx, request, viewer)
    described = vector_layer(ctx, view, layer).layer
    attributes = {f.name: f for f in described.fields if f.name not in ITEM_QUERY}
    check_query(request, (*ITEM_QUERY, *attributes))
    query = request.query_params
    limit = parse_count(query.get("limit"), where="limit", default=DEFAULT_LIMIT)
    offset = parse_count(query.get("offset"), where="offset", default=0, low=0, high=1 << 53)
    selection: dict[str, Any] = {
        "bbox": parse_boxes(query.get("bbox")),
        "interval": _interval(described, view, interval, request),
        "where": _filter(query, attributes),
    }
    matched = ctx.store.count_features(view, layer, **selection)
    found = ctx.store.features(view, layer, limit=limit, offset=offset, **selection)
    return _page(request, described, view, found, span=(limit, offset, matched))


def _interval(layer: Layer, view: View, asked: Interval | None, request: Request) -> Interval | None:
    """The asked interval; events without a time asked are all that happened."""
    if asked is not None:
        return asked
    if layer.kind is LayerKind.EVENT and "datetime" not in request.query_params:
        return (None, view.at)
    return None


def _filter(query: Any, attributes: dict[str, Field]) -> Expression | None:
    parts = [
        Compare("eq", Path((name,)), Value(_literal(field, query[name])))
        for name, field in attributes.items()
        if name in query
    ]
    return And(tuple(parts)) if parts else None


def _literal(field: Field, text: str) -> float | bool | str:
    if field.type in (FieldType.INTEGER, FieldType.NUMBER):
        return parse_number(text, where=field.name)
    if field.type is FieldType.BOOLEAN:
        if text not in ("true", "false"):
            raise ParameterError(f"{text!r} is neither true nor false", where=field.name)
        return text == "true"
    return text


def _page(request: Request, layer: Layer, view: View, found: list[Feature], *, span: tuple[int, int, int]) -> Response:
    limit, offset, matched = span
    url = f"{base_url(request)}/collections/{layer.name}/items"
    links = [*self_links(request, url, kind=GEOJSON), link(url.removesuffix("/items"), "collection", JSON)]
    kind = HTML if wants_html(request) else GEOJSON
    if offset + len(found) < matched:
        links.append(link(with_query(request, url, offset=str(offset + limit)), "next", kind, "Trang sau"))
    if offset > 0:
        before = str(max(0, offset - limit))
        links.append(link(with_query(request, url, offset=before), "prev", kind, "Trang trước"))
    if wants_html(request):
        return _html_page(layer, found, links, url, matched)
    body = {
        "type": "FeatureCollection",
        "features": [geojson_feature(f) for f in found],
        "links": links,
        "timeStamp": moment(datetime.now(UTC)),
        "numberMatched": matched,
        "numberReturned": len(found),
        "known_at": moment(view.known_at),
    }
    return json_response(body, media_type=GEOJSON)


def _html_page(layer: Layer, found: list[Feature], links: list[dict[str, Any]], url: str, matched: int) -> Response:
    shown = layer.fields[:SHOWN_FIELDS]
    head = ["Mã", *(f.title or f.name for f in shown)]
    rows = [
        [html.Link(f.fid, f"{url}/{quote(f.fid)}?f=html"), *(_text(f.properties.get(s.name)) for s in shown)]
        for f in found
    ]
    turns = [html.Link(entry["title"], entry["href"]) for entry in links if entry["rel"] in ("prev", "next")]
    trail = [ROOT, ALL, html.Link(layer.title, url.removesuffix("/items") + "?f=html")]
    return html.page(
        title_of(layer),
        html.paragraph(f"{len(found)} trong {matched} đối tượng"),
        html.table(head, rows),
        html.listing(turns),
        trail=trail,
    )


def _text(value: Any) -> str:
    return "" if value is None else str(value)


@router.get("/{layer}/items/{fid:path}")
def feature(layer: str, fid: str, request: Request, ctx: Ctx, viewer: Asker) -> Response:
    """One feature."""
    check_query(request, ("datetime",))
    view, interval = ogc_view(ctx, request, viewer)
    described = vector_layer(ctx, view, layer).layer
    found = _one(ctx, view, described, fid, _interval(described, view, interval, request))
    url = f"{base_url(request)}/collections/{layer}/items/{quote(fid)}"
    if wants_html(request):
        times = [["valid_from", moment(found.valid_from) or "…"], ["valid_to", moment(found.valid_to) or "…"]]
        rows = [[key, _text(value)] for key, value in found.properties.items()]
        trail = [ROOT, ALL, html.Link(described.title, f"{base_url(request)}/collections/{layer}/items?f=html")]
        title = feature_title(found, described)
        return html.page(title, html.table(["Thuộc tính", "Giá trị"], [*rows, *times]), trail=trail)
    links = [
        *self_links(request, url, kind=GEOJSON),
        link(f"{base_url(request)}/collections/{layer}", "collection", JSON, described.title),
    ]
    body = {**geojson_feature(found), "links": links, "known_at": moment(view.known_at)}
    return json_response(body, media_type=GEOJSON)


def _one(ctx: Context, view: View, layer: Layer, fid: str, interval: Interval | None) -> Feature:
    found = ctx.store.features(view, layer.name, fids=[fid], interval=interval)
    if not found:
        raise NotFoundError(f"there is no feature {fid!r} in {layer.name!r}", where=f"collections/{layer.name}")
    return found[0]
