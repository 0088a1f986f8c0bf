"""The OpenAPI 3.0 definition of the OGC API, as its ``oas30`` class asks.

The framework describes the whole server in OpenAPI 3.1 (``/openapi.json``); the standard wants 3.0 with the
parameters' schemas exactly as it words them, so this part is written out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from api.ogc.common import GEOJSON, HTML, JSON, MVT
from api.params import MAX_LIMIT
from twin.model.layer import Layer, LayerKind

DEFAULT_LIMIT = 100

_TILES = "layer.collection.vector.getTile"
"""How operations on a layer's tiles are named; the part from ``.collection`` on is OGC 20-057's, table 11."""


def definition(base: str, layers: Sequence[Layer]) -> dict[str, Any]:
    """The definition for a viewer who sees ``layers``."""
    vectors = [layer.name for layer in layers if layer.kind is not LayerKind.RASTER]
    return {
        "openapi": "3.0.3",
        "info": {"title": "OGC API – Features, Tiles", "version": "1.0.0"},
        "servers": [{"url": base}],
        "paths": _paths([layer.name for layer in layers], vectors),
        "components": {"schemas": {"problem": _PROBLEM}},
    }


def _paths(names: Sequence[str], vectors: Sequence[str]) -> dict[str, Any]:
    any_layer, vector = _in_path("collectionId", names), _in_path("collectionId", vectors)
    matrix_set = _in_path("tileMatrixSetId", ["WebMercatorQuad"])
    place = [_in_path(name, kind="integer") for name in ("tileMatrix", "tileRow", "tileCol")]
    items = [vector, _LIMIT, _OFFSET, _BBOX, _DATETIME, _KNOWN_AT, _F]
    tiles = "/collections/{collectionId}/tiles"
    return {
        "/": _get("Trang đầu", "landing", [_F]),
        "/conformance": _get("Các lớp phù hợp", "conformance", [_F]),
        "/api": _get("Định nghĩa này", "definition", [_F]),
        "/collections": _get("Các lớp dữ liệu", "collections", [_F, _KNOWN_AT]),
        "/collections/{collectionId}": _get("Một lớp dữ liệu", "collection", [any_layer, _F, _KNOWN_AT]),
        "/collections/{collectionId}/items": _get("Các đối tượng", "items", items, GEOJSON),
        "/collections/{collectionId}/items/{featureId}": _get(
            "Một đối tượng", "feature", [vector, _in_path("featureId"), _DATETIME, _KNOWN_AT, _F], GEOJSON
        ),
        tiles: _get("Các bộ ô bản đồ", f"{_TILES}SetsList", [vector, _F]),
        f"{tiles}/{{tileMatrixSetId}}": _get("Một bộ ô bản đồ", f"{_TILES}Set", [vector, matrix_set, _F]),
        f"{tiles}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": _get(
            "Một ô bản đồ", _TILES, [vector, matrix_set, *place, _DATETIME, _KNOWN_AT], MVT
        ),
        "/tileMatrixSets": _get("Các lưới ô", "getTileMatrixSetsList", [_F]),
        "/tileMatrixSets/{tileMatrixSetId}": _get("Một lưới ô", "getTileMatrixSet", [matrix_set, _F]),
    }


def _get(summary: str, operation: str, parameters: list[dict[str, Any]], media: str = JSON) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "format": "binary"} if media == MVT else {"type": "object"}
    content: dict[str, Any] = {media: {"schema": schema}}
    if media != MVT:
        content[HTML] = {"schema": {"type": "string"}}
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/problem"}}}
    return {
        "get": {
            "summary": summary,
            "operationId": operation,
            "tags": ["OGC API"],
            "parameters": parameters,
            "responses": {
                "200": {"description": summary, "content": content},
                "400": {"description": "Tham số chưa đúng", "content": problem},
                "404": {"description": "Không có", "content": problem},
                "500": {"description": "Lỗi máy chủ", "content": problem},
            },
        }
    }


def _in_path(name: str, values: Sequence[str] = (), *, kind: str = "string") -> dict[str, Any]:
    schema: dict[str, Any] = {"type": kind}
    if values:
        schema["enum"] = list(values)
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _in_query(name: str, schema: dict[str, Any], about: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": about, "schema": schema, **more}


_LIMIT = _in_query(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
    "Số đối tượng nhiều nhất",
    style="form",
    explode=False,
)
_OFFSET = _in_query("offset", {"type": "integer", "minimum": 0, "default": 0}, "Bỏ qua bao nhiêu đối tượng")
_BBOX = _in_query(
    "bbox",
    {
        "type": "array",
        "minItems": 4,
        "maxItems": 6,
        "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
        "items": {"type": "number"},
    },
    "Hộp: tây, nam, đông, bắc (độ, WGS 84); tây lớn hơn đông: hộp qua kinh tuyến 180°",
    style="form",
    explode=False,
)
_DATETIME = _in_query(
    "datetime", {"type": "string"}, "Thời điểm hiệu lực, hoặc khoảng đầu/cuối", style="form", explode=False
)
_KNOWN_AT = _in_query("known_at", {"type": "string", "format": "date-time"}, "Như đã biết vào lúc này")
_F = _in_query("f", {"type": "string", "enum": ["json", "html"]}, "Dạng trả lời")

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "where": {"type": "string"},
        "hint": {"type": "string"},
        "instance": {"type": "string"},
        "id": {"type": "string"},
    },
}
