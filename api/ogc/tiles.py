"""OGC API Tiles 1.0: vector tilesets of each layer in WebMercatorQuad."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from api import html
from api.context import Asker, Ctx
from api.ogc.common import (
    JSON,
    MVT,
    base_url,
    check_query,
    link,
    ogc_view,
    self_links,
    title_of,
    vector_layer,
    wants_html,
)
from api.shape import box, json_response
from layers.tiles import TileAddress
from twin.errors import NotFoundError, ParameterError
from twin.store.base import LayerSummary

router = APIRouter(prefix="/ogc", tags=["OGC API"])

MATRIX_SET = "WebMercatorQuad"
URI = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
CRS = "http://www.opengis.net/def/crs/EPSG/0/3857"
MAX_MATRIX = 24
ROOT = html.Link("OGC API", "/ogc")

# OGC 17-083r4, annex D.1: zoom 0 is one tile of 256 cells across the whole map.
_SCALE_0 = 559082264.0287178
_CELL_0 = 156543.03392804097
_ORIGIN = 20037508.342789244


@router.get("/tileMatrixSets")
def matrix_sets(request: Request) -> Response:
    """The matrix sets that tiles come in."""
    check_query(request)
    url = f"{base_url(request)}/tileMatrixSets"
    if wants_html(request):
        shown = [html.Link(MATRIX_SET, f"{url}/{MATRIX_SET}?f=html")]
        return html.page("Các lưới ô bản đồ", html.listing(shown), trail=[ROOT])
    entry = {
        "id": MATRIX_SET,
        "title": "Lưới vuông Web Mercator",
        "uri": URI,
        "crs": CRS,
        "links": [link(f"{url}/{MATRIX_SET}", "self", JSON, "Định nghĩa")],
    }
    return json_response({"tileMatrixSets": [entry], "links": self_links(request, url)})


@router.get("/tileMatrixSets/{matrix_set}")
def one_matrix_set(matrix_set: str, request: Request) -> Response:
    """Scales and sizes of a matrix set."""
    check_query(request)
    _check_matrix_set(matrix_set)
    matrices = [_matrix(zoom) for zoom in range(MAX_MATRIX + 1)]
    if wants_html(request):
        rows = [[m["id"], f"1 : {m['scaleDenominator']:,.0f}", str(m["matrixWidth"])] for m in matrices]
        return html.page(MATRIX_SET, html.table(["Mức", "Tỷ lệ", "Số ô mỗi chiều"], rows), trail=[ROOT])
    body = {
        "id": MATRIX_SET,
        "title": "Lưới vuông Web Mercator",
        "uri": URI,
        "crs": CRS,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": matrices,
    }
    return json_response(body)


def _matrix(zoom: int) -> dict[str, Any]:
    side = 1 << zoom
    return {
        "id": str(zoom),
        "scaleDenominator": _SCALE_0 / side,
        "cellSize": _CELL_0 / side,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": [-_ORIGIN, _ORIGIN],
        "tileWidth": 256,
        "tileHeight": 256,
        "matrixWidth": side,
        "matrixHeight": side,
    }


def _check_matrix_set(name: str) -> None:
    if name != MATRIX_SET:
        raise NotFoundError("there is no such tile matrix set", where="tileMatrixSets", hint=f"Use {MATRIX_SET}.")


@router.get("/collections/{layer}/tiles")
def tilesets(layer: str, request: Request, ctx: Ctx, viewer: Asker) -> Response:
    """The tilesets of a layer."""
    check_query(request)
    view, _ = ogc_view(ctx, request, viewer)
    summary = vector_layer(ctx, view, layer)
    url = f"{base_url(request)}/collections/{layer}/tiles"
    if wants_html(request):
        shown = [html.Link(MATRIX_SET, f"{url}/{MATRIX_SET}?f=html")]
        return html.page(title_of(summary.layer), html.listing(shown), trail=[ROOT])
    entry = _tileset(request, summary)
    entry["links"] = [link(f"{url}/{MATRIX_SET}", "self", JSON, "Bộ ô bản đồ"), *entry["links"]]
    return json_response({"links": self_links(request, url), "tilesets": [entry]})


@router.get("/collections/{layer}/tiles/{matrix_set}")
def tileset(layer: str, matrix_set: str, request: Request, ctx: Ctx, viewer: Asker) -> Response:
    """One tileset of a layer: where its tiles are and what they hold."""
    check_query(request)
    view, _ = ogc_view(ctx, request, viewer)
    summary = vector_layer(ctx, view, layer)
    _check_matrix_set(matrix_set)
    body = _tileset(request, summary)
    url = f"{base_url(request)}/collections/{layer}/tiles/{MATRIX_SET}"
    if wants_html(request):
        rows = [[name, str(schema["type"])] for name, schema in body["layers"][0]["propertiesSchema"].items()]
        shown = html.paragraph(str(body["links"][-1]["href"]))
        return html.page(title_of(summary.layer), shown, html.table(["Thuộc tính", "Kiểu"], rows), trail=[ROOT])
    body["links"] = [*self_links(request, url), *body["links"]]
    return json_response(body)


def _tileset(request: Request, summary: LayerSummary) -> dict[str, Any]:
    layer = summary.layer
    base = base_url(request)
    template = f"{base}/collections/{layer.name}/tiles/{MATRIX_SET}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
    body: dict[str, Any] = {
        "title": layer.title,
        "dataType": "vector",
        "crs": CRS,
        "tileMatrixSetURI": URI,
        "links": [
            link(f"{base}/tileMatrixSets/{MATRIX_SET}", _REL_SCHEME, JSON, "Lưới ô"),
            link(template, "item", MVT, "Các ô bản đồ", templated=True),
        ],
        "layers": [
            {
                "id": layer.name,
                "dataType": "vector",
                "geometryDimension": _DIMENSIONS.get(layer.geometry_type),
                "minTileMatrix": "0",
                "maxTileMatrix": str(MAX_MATRIX),
                "propertiesSchema": {
                    "fid": {"type": "string"},
                    **{f.name: {"type": _TYPES.get(f.type.value, "string"), "title": f.title} for f in layer.fields},
                },
            }
        ],
    }
    if body["layers"][0]["geometryDimension"] is None:
        del body["layers"][0]["geometryDimension"]
    if summary.extent is not None:
        west, south, east, north = box(summary.extent) or []
        crs84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
        body["boundingBox"] = {"lowerLeft": [west, south], "upperRight": [east, north], "crs": crs84}
    return body


_REL_SCHEME = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"
_DIMENSIONS = {"Point": 0, "LineString": 1, "Polygon": 2}
_TYPES = {"integer": "integer", "number": "number", "boolean": "boolean"}


@router.get("/collections/{layer}/tiles/{matrix_set}/{z}/{row}/{col}")
def tile(
    layer: str,
    matrix_set: str,
    z: str,
    row: str,
    col: str,
    request: Request,
    ctx: Ctx,
    viewer: Asker,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """One vector tile, row before column; 204 where nothing is drawn."""
    check_query(request, ("datetime",))
    _check_matrix_set(matrix_set)
    address = TileAddress(_index(z), _index(col), _index(row))

    view, interval = ogc_view(ctx, request, viewer)
    if interval is not None:
        raise ParameterError("tiles are drawn for one moment", where="datetime")
    known = (if_none_match or "").removeprefix("W/").strip('"')
    made = ctx.tiles.tile(view, layer, address, known_etag=known)
    if made is None:
        return Response(status_code=304, headers=_headers(known))
    if not made.data:
        return Response(status_code=204, headers=_headers(made.etag))
    return Response(made.data, media_type=MVT, headers=_headers(made.etag))


def _index(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 10:
        raise NotFoundError("there is no such tile", where=MATRIX_SET)
    return int(text)


def _headers(etag: str) -> dict[str, str]:
    return {"etag": f'"{etag}"', "cache-control": "no-cache", "vary": "X-Twin-Role"}
