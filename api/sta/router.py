"""Routes of SensorThings 1.1 below ``/sta/v1.1``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, NoReturn

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response

from api.params import parse_moment
from api.sta.conformance import CONFORMANCE
from api.sta.errors import NotOfferedError
from api.sta.options import Options, read_options
from api.sta.paths import ResourcePath, parse_path
from api.sta.scope import check_scope
from api.sta.shape import Links, data_array_document, entity_document, page_document
from twin.errors import FormatError, NotFoundError, ParameterError, SchemaError
from twin.model.entity import KINDS, EntityKind, entity_kind
from twin.model.layer import Source
from twin.model.query import EntityPage
from twin.model.view import View, Viewer
from twin.store.base import Store
from twin.types import Json, format_time

ROOT: Final = "/sta/v1.1"
MAX_BODY: Final = 16 * 1024 * 1024
"""Largest body that is read. [bytes]"""
_OFFERED: Final = "Entities can be read and created, and Things moved; see the conformance list."
_TIMES: Final = ("at", "known_at")


def sta_router(*, store: Callable[[Request], Store], viewer: Any, writer: Any) -> APIRouter:
    """Make the routes.

    ``store`` says from a request where to read; ``viewer`` and ``writer`` are dependencies that give who asks,
    ``writer`` only those who may create and change.
    """
    router = APIRouter(prefix=ROOT, tags=["SensorThings 1.1"])

    @router.get("", summary="Entity sets and conformance")
    @router.get("/", include_in_schema=False)
    def landing(request: Request, _: Viewer = viewer) -> Response:
        return _answer(landing_document(_root(request)))

    @router.get("/{path:path}", summary="Entities, sets, properties and links")
    def read(request: Request, path: str, asker: Viewer = viewer) -> Response:
        return _read(request, path, store(request), asker)

    @router.post("/{path:path}", summary="Create an entity with what is nested in it", status_code=201)
    async def create(request: Request, path: str, asker: Viewer = writer) -> Response:
        return await run_in_threadpool(_create, request, path, await _body(request), store(request), asker)

    @router.patch("/{path:path}", summary="Move a Thing to other Locations")
    async def move(request: Request, path: str, asker: Viewer = writer) -> Response:
        return await run_in_threadpool(_move, request, path, await _body(request), store(request), asker)

    @router.api_route("/{path:path}", methods=["PUT", "DELETE"], include_in_schema=False)
    def change(request: Request, path: str, _: Viewer = writer) -> Response:
        parse_path(path)
        raise NotOfferedError(f"{request.method} is not offered", hint=_OFFERED)

    return router


def landing_document(root: str) -> dict[str, Json]:
    """The service root: entity sets and conformance."""
    return {
        "value": [{"name": name, "url": f"{root}/{name}"} for name in KINDS],
        "serverSettings": {"conformance": list(CONFORMANCE)},
    }


# -- reading ------------------------------------------------------------------------------------------------------


def _read(request: Request, text: str, store: Store, viewer: Viewer) -> Response:
    pairs = list(request.query_params.multi_items())
    view = store.resolve(_view(request, viewer))
    path = parse_path(text)
    options = read_options(path.kind, pairs)
    links = _links(request, text, pairs, view)
    if path.properties:
        return _property(store, view, path, options)
    if path.single:
        return _entity(store, view, path, options, links)
    if options.data_array:
        with_stream = Options(**{**_fields(options), "expand": {"Datastream": Options(entity_kind("Datastreams"))}})
        page = store.entities(view, with_stream.query(path.entities))
        return _answer(data_array_document(page, options, links), view)
    page = store.entities(view, options.query(path.entities))
    return _answer(page_document(page, options, links, ref=path.ref), view)


def _entity(store: Store, view: View, path: ResourcePath, options: Options, links: Links) -> Response:
    refused = set(options.raw) - {"$select", "$expand"}
    if refused:
        raise ParameterError("the option works on sets, not on one entity", where=", ".join(sorted(refused)))
    entity = _one(store.entities(view, options.query(path.entities)))
    if path.ref:
        return _answer({"@iot.selfLink": links.entity(path.kind, int(entity["id"]))}, view)
    return _answer(entity_document(entity, options, links), view)


def _property(store: Store, view: View, path: ResourcePath, options: Options) -> Response:
    if options.raw:
        raise ParameterError("a property takes no options", where=", ".join(sorted(options.raw)))
    entity = _one(store.entities(view, Options(path.kind).query(path.entities)))
    name = path.properties[-1]
    value: Any = entity
    for part in ("id" if p == "@iot.id" else p for p in path.properties):
        if not isinstance(value, dict) or part not in value:
            raise NotFoundError(f"there is no property {'/'.join(path.properties)!r} here")
        value = value[part]
    if value is None:
        return Response(status_code=204)
    if path.value:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        return Response(text, media_type="text/plain; charset=utf-8", headers=_pinned(view))
    return _answer({name: value}, view)


def _one(page: EntityPage) -> dict[str, Any]:
    return dict(page.entities[0])


def _fields(options: Options) -> dict[str, Any]:
    return {name: getattr(options, name) for name in Options.__dataclass_fields__}


def _view(request: Request, viewer: Viewer) -> View:
    times = {name: parse_moment(request.query_params.get(name), where=name) for name in _TIMES}
    return View(viewer, **times)


def _links(request: Request, path: str, pairs: list[tuple[str, str]], view: View) -> Links:
    assert view.at is not None
    assert view.known_at is not None
    base = str(request.base_url).rstrip("/")
    return Links(
        root=_root(request),
        path=path.strip("/"),
        others=tuple(pair for pair in pairs if not pair[0].startswith("$") and pair[0] not in _TIMES),
        at=view.at,
        known_at=view.known_at,
        feature=lambda layer, uid: f"{base}/ogc/collections/{layer}/items/{uid}",
    )


# -- creating -----------------------------------------------------------------------------------------------------


async def _body(request: Request) -> dict[str, Json]:
    received = bytearray()
    async for part in request.stream():
        received += part
        if len(received) > MAX_BODY:
            raise FormatError(f"the body is longer than {MAX_BODY} bytes", where="body")
    try:
        document = json.loads(received.decode("utf-8"), parse_constant=_no_constant)
    except (UnicodeDecodeError, ValueError, RecursionError) as exc:
        raise FormatError(f"the body is not JSON ({exc})", where="body") from exc
    if not isinstance(document, dict):
        raise SchemaError("the body is not a JSON object", where="body")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _create(request: Request, text: str, body: dict[str, Json], store: Store, viewer: Viewer) -> Response:
    if text.strip("/") in {"CreateObservations", "$batch"}:
        raise NotOfferedError(f"{text.strip('/')} is not offered", hint="Post entities one by one.")
    path = parse_path(text)
    if path.single or path.properties or path.ref:
        raise NotOfferedError("entities are created in a set", hint=f"Post to {path.kind.name}.")
    if len(path.entities) > 1:
        body = _belonging(path, body, store, viewer)
    caller = getattr(request.state, "caller", None)
    if caller is not None and caller.scope is not None:
        check_scope(caller.scope, path, body, store, viewer)
    number = store.create_entities(path.kind.name, body, _source(viewer))
    response = _shown(request, store, viewer, path.kind, number, status=201)
    response.headers["Location"] = f"{_root(request)}/{path.kind.name}({number})"
    return response


def _move(request: Request, text: str, body: dict[str, Json], store: Store, viewer: Viewer) -> Response:
    """Link a Thing to the Locations where it stands from now on."""
    path = parse_path(text)
    if path.kind.name != "Things" or not path.single or path.properties or set(body) != {"Locations"}:
        raise NotOfferedError("of what exists, only the Locations of a Thing can be changed", hint=_OFFERED)
    places = body["Locations"]
    if not isinstance(places, list) or not places or not all(_is_link(place) for place in places):
        raise SchemaError("Locations are given as links", where="Locations", hint='Write [{"@iot.id": 7}].')
    number = int(_one(store.entities(View(viewer), Options(path.kind).query(path.entities)))["id"])
    standing: dict[str, Json] = {"Thing": {"@iot.id": number}, "Locations": places}
    store.create_entities("HistoricalLocations", standing, _source(viewer))
    return _shown(request, store, viewer, path.kind, number, status=200)


def _is_link(place: Json) -> bool:
    return isinstance(place, dict) and set(place) == {"@iot.id"}


def _shown(request: Request, store: Store, viewer: Viewer, kind: EntityKind, number: int, *, status: int) -> Response:
    """The entity as it is now."""
    options = Options(kind)
    view = store.resolve(View(viewer))
    page = store.entities(view, options.query(((kind.name, number),)))
    document = entity_document(_one(page), options, _links(request, kind.name, [], view))
    return _answer(document, view, status=status)


def _source(viewer: Viewer) -> Source:
    return Source("user", "sensorthings", actor=viewer.name)


def _belonging(path: ResourcePath, body: dict[str, Json], store: Store, viewer: Viewer) -> dict[str, Json]:
    """The body linked to the entity of the path, which must be there."""
    owner = path.entities[:-1]
    parent = parse_path("/".join(name if key is None else f"{name}({key})" for name, key in owner)).kind
    found = _one(store.entities(View(viewer), Options(parent).query(owner)))
    back = next((n for n in path.kind.navigations if n.target == parent.name), None)
    if back is None:
        raise NotOfferedError(f"{path.kind.name} cannot be created below {parent.name}")
    link: Json = {"@iot.id": int(found["id"])}
    if back.many:
        given = body.get(back.name)
        return {**body, back.name: [*(given if isinstance(given, list) else []), link]}
    return {**body, back.name: link}


# -- answers ------------------------------------------------------------------------------------------------------


def _root(request: Request) -> str:
    return str(request.base_url).rstrip("/") + ROOT


def _pinned(view: View) -> dict[str, str]:
    assert view.at is not None
    assert view.known_at is not None
    return {"Twin-At": format_time(view.at), "Twin-Known-At": format_time(view.known_at)}


def _answer(document: dict[str, Json], view: View | None = None, *, status: int = 200) -> Response:
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    headers = None if view is None else _pinned(view)
    return Response(text, status_code=status, media_type="application/json", headers=headers)
