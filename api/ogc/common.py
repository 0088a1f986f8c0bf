"""What every OGC API route shares: representation, links, the View with ``datetime`` as valid time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from api.context import Context
from api.params import Interval, parse_datetime, parse_moment, refuse_unknown
from twin.errors import NotFoundError, ParameterError
from twin.model.layer import Layer, LayerKind
from twin.model.view import View, Viewer
from twin.store.base import LayerSummary

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
JSON = "application/json"
GEOJSON = "application/geo+json"
HTML = "text/html"
MVT = "application/vnd.mapbox-vector-tile"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"

ALWAYS_KNOWN = ("f", "as", "known_at")
"""Query parameters that every route of the standard takes."""

CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/geodata-tilesets",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/oas30",
)


def base_url(request: Request) -> str:
    """Address of the landing page, without a slash at its end."""
    return f"{str(request.base_url).rstrip('/')}/ogc"


def wants_html(request: Request) -> bool:
    """Whether the caller prefers HTML, by ``f`` or else by ``Accept``."""
    asked = request.query_params.get("f")
    if asked is not None:
        if asked not in {"json", "geojson", "html"}:
            raise ParameterError(f"{asked!r} is not a representation", where="f", hint="Use json or html.")
        return asked == "html"
    weights = _accepted(request.headers.get("accept", ""))
    return weights.get("text/html", 0.0) > max(
        (weights.get(kind, 0.0) for kind in (JSON, GEOJSON, "application/*")), default=0.0
    )


def _accepted(header: str) -> dict[str, float]:
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        kind, *options = (piece.strip() for piece in part.split(";"))
        quality = next((o[2:] for o in options if o.startswith("q=")), "1")
        try:
            weights[kind] = float(quality)
        except ValueError:
            weights[kind] = 0.0
    return weights


def link(href: str, rel: str, kind: str, title: str = "", *, templated: bool = False) -> dict[str, Any]:
    """A link object."""
    made: dict[str, Any] = {"href": href, "rel": rel, "type": kind}
    if title:
        made["title"] = title
    if templated:
        made["templated"] = True
    return made


def with_query(request: Request, url: str, **changes: str | None) -> str:
    """``url`` with this request's query, some of it changed or (by ``None``) taken away."""
    query = {**request.query_params, **changes}
    kept = {key: value for key, value in query.items() if value is not None}
    return f"{url}?{urlencode(kept)}" if kept else url


def self_links(request: Request, url: str, *, kind: str = JSON) -> list[dict[str, Any]]:
    """Links to this page and to its other representation."""
    html = wants_html(request)
    as_json = with_query(request, url, f="json")
    as_html = with_query(request, url, f="html")
    here, other = ((as_html, HTML), (as_json, kind)) if html else ((as_json, kind), (as_html, HTML))
    return [link(here[0], "self", here[1], "Trang này"), link(other[0], "alternate", other[1], "Dạng khác")]


def check_query(request: Request, allowed: Iterable[str] = ()) -> None:
    """Refuse query parameters that the route does not define."""
    refuse_unknown(request.query_params.keys(), (*ALWAYS_KNOWN, *allowed))


def ogc_view(ctx: Context, request: Request, viewer: Viewer) -> tuple[View, Interval | None]:
    """The resolved View of ``datetime`` and ``known_at``, with the interval where one was asked for."""
    when = parse_datetime(request.query_params.get("datetime"))
    known_at = parse_moment(request.query_params.get("known_at"), where="known_at")
    at, interval = (None, when) if isinstance(when, tuple) else (when, None)
    return ctx.store.resolve(View(viewer, at, known_at)), interval


def vector_layer(ctx: Context, view: View, name: str) -> LayerSummary:
    """A layer that holds features or events; not found otherwise."""
    summary = ctx.store.layer(view, name)
    if summary.layer.kind is LayerKind.RASTER:
        raise NotFoundError(f"collection {name!r} has no items", where="collections")
    return summary


def title_of(layer: Layer) -> str:
    """Vietnamese title, with the English one behind it where there is one."""
    return f"{layer.title} · {layer.title_en}" if layer.title_en else layer.title
