"""The interface described for people, from the same description that programs read; no script, nothing fetched."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api import html
from api.shape import json_response

router = APIRouter(tags=["running"])


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> Response:
    """The description of every route, in OpenAPI 3.1."""
    return json_response(request.app.openapi())


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> Response:
    """Every route with its parameters, and examples with this server's address."""
    described = request.app.openapi()
    parts = [
        html.paragraph("Mọi thời điểm viết theo RFC 3339. Lỗi là tài liệu problem+json (RFC 9457)."),
        html.heading("Bắt đầu · Getting started"),
        html.code(_examples(str(request.base_url).rstrip("/"))),
        html.listing([html.Link("openapi.json", "/openapi.json"), html.Link("OGC API", "/ogc?f=html")]),
    ]
    for tag, operations in _by_tag(described).items():
        parts.append(html.heading(tag))
        parts.append(html.table(["", "Đường dẫn", "Nội dung", "Tham số"], operations))
    return html.page("Giao diện lập trình", *parts, trail=[html.Link("Bản đồ", "/")])


def _examples(base: str) -> str:
    return "\n".join(
        [
            f"curl {base}/app/state",
            f"curl '{base}/ogc/collections?f=json'",
            f"curl -N '{base}/live'",
            f"QGIS: WFS / OGC API - Features → {base}/ogc",
            "",
            "import geopandas",
            f'geopandas.read_file("{base}/ogc/collections/LAYER/items?limit=10000")',
        ]
    )


def _by_tag(described: dict[str, Any]) -> dict[str, list[list[str]]]:
    tagged: dict[str, list[list[str]]] = {}
    for path, item in described["paths"].items():
        for method, operation in item.items():
            names = ", ".join(p["name"] for p in operation.get("parameters", []))
            about = operation.get("description") or operation.get("summary", "")
            row = [method.upper(), path, about.split("\n\n")[0], names]
            tagged.setdefault(operation.get("tags", [""])[0], []).append(row)
    return tagged
