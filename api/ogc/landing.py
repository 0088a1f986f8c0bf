"""Landing page, conformance and the definition of the OGC API."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api import html
from api.context import Asker, Ctx
from api.ogc.common import (
    CONFORMANCE,
    HTML,
    JSON,
    OPENAPI,
    base_url,
    check_query,
    link,
    ogc_view,
    self_links,
    wants_html,
)
from api.ogc.definition import definition
from api.shape import json_response

router = APIRouter(prefix="/ogc", tags=["OGC API"])


@router.get("")
@router.get("/", include_in_schema=False)
def landing(request: Request, ctx: Ctx, viewer: Asker) -> Response:
    """Where the standard's interface begins."""
    check_query(request)
    base = base_url(request)
    info = ctx.twin.as_viewer(viewer).info()
    title = str(info.get("title") or ctx.settings.title)
    links = [
        *self_links(request, base),
        link(f"{base}/api", "service-desc", OPENAPI, "Mô tả giao diện (OpenAPI)"),
        link(f"{base}/api?f=html", "service-doc", HTML, "Tài liệu giao diện"),
        link(f"{base}/conformance", "conformance", JSON, "Các lớp phù hợp"),
        link(f"{base}/collections", "data", JSON, "Các lớp dữ liệu"),
        link(
            f"{base}/tileMatrixSets", "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes", JSON, "Các lưới ô bản đồ"
        ),
    ]
    if wants_html(request):
        shown = [html.Link(entry["title"], entry["href"]) for entry in links if entry["rel"] != "alternate"]
        return html.page(title, html.paragraph("OGC API – Features, Tiles"), html.listing(shown))
    return json_response({"title": title, "description": "OGC API – Features, Tiles", "links": links})


@router.get("/conformance")
def conformance(request: Request) -> Response:
    """The conformance classes this server meets."""
    check_query(request)
    url = f"{base_url(request)}/conformance"
    if wants_html(request):
        return html.page(
            "Các lớp phù hợp", html.table(["URI"], [[uri] for uri in CONFORMANCE]), trail=[html.Link("OGC API", "/ogc")]
        )
    return json_response({"links": self_links(request, url), "conformsTo": list(CONFORMANCE)})


@router.get("/api")
def api(request: Request, ctx: Ctx, viewer: Asker) -> Response:
    """The definition of the standard's interface, in OpenAPI 3.0."""
    check_query(request)
    view, _ = ogc_view(ctx, request, viewer)
    layers = [s.layer for s in ctx.store.layers(view)]
    body = definition(base_url(request), layers)
    if wants_html(request):
        rows = [[path, str(item["get"]["summary"])] for path, item in body["paths"].items()]
        trail = [html.Link("OGC API", "/ogc")]
        return html.page("Tài liệu giao diện", html.table(["Đường dẫn", "Nội dung"], rows), trail=trail)
    return json_response(body, media_type=OPENAPI)
