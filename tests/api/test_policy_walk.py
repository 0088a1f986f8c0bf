"""Every route is asked, as a citizen, about what is hidden and about what is seen. A new route is walked by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import product

import httpx
import pytest

from api.app import create_app
from api.settings import Settings
from tests.api.conftest import HIDDEN_FIELD, HIDDEN_LAYER, MARKS, City
from tests.api.stream import events_until
from twin.model.layer import FeatureChange, Source

NEVER_WAS = "chua_he_co"
HIDDEN_STREAM = 2
HIDDEN_FID = "BÍ MẬT-01"

VALUES: dict[str, list[str]] = {
    "layer": ["parcels", "zones", "gauges", "sightings", "depth", "roads", HIDDEN_LAYER],
    "fid": ["1/14", "z1", "g1", "e1", HIDDEN_FID],
    "datastream": ["1", str(HIDDEN_STREAM)],
    "matrix_set": ["WebMercatorQuad"],
    "z": ["14"],
    "x": ["13057"],
    "y": ["7664"],
    "row": ["7664"],
    "col": ["13057"],
    "job": ["0" * 20],
    "code": ["PAHT-2026-000001"],
    "number": ["1"],
    **{name: ["1"] for name in ("case", "id", "account", "name", "provider", "file", "field", "document")},
    "role": ["planner"],
    "path": [
        "Things", "Things(1)", "Things(2)", "Things(2)/Datastreams", "Datastreams", "Datastreams(2)",
        "Datastreams(2)/Observations", "Observations", "Observations(31)", "Locations", "Locations(2)",
        "HistoricalLocations", "Sensors", "ObservedProperties", "ObservedProperties(2)", "FeaturesOfInterest",
    ],
}  # fmt: skip
"""What stands for each path parameter. A route with another one fails the walk until it is named here."""

QUERIES: dict[str, list[dict[str, str]]] = {
    "/app/here": [{"lon": "106.9005", "lat": "11.5005", "metres": "500"}],
    "/app/search": [{"q": "bi mat"}, {"q": "thua"}, {"q": HIDDEN_LAYER}],
    "/app/state": [{}, {"layer": HIDDEN_LAYER}],
    "/app/events": [{}, {"layer": HIDDEN_LAYER}],
    "/app/timeline": [{"start": "2026-01-01T00:00:00Z"}, {"layers": HIDDEN_LAYER}],
    "/app/lookup": [{"lon": "106.9005", "lat": "11.5005"}, {"parcel": "14/1", "commune": "BÍ MẬT"}],
    "/ogc/collections/{layer}/items": [{}, {"f": "html"}, {HIDDEN_FIELD: "BÍ MẬT 1"}, {"bbox": "106,11,107,12"}],
    "/ogc/collections/{layer}": [{}, {"f": "html"}],
    "/ogc/collections": [{}, {"f": "html"}],
    "/ogc/api": [{}, {"f": "html"}],
    "/sta/v1.1/{path:path}": [{}, {"$count": "true", "$top": "0"}, {"$expand": "Datastreams"}, {"$expand": "Things"}],
}
STREAMS = {"/live"}
"""Routes that never end; the last test below listens to them."""


def routes(city: City) -> Iterator[tuple[str, str]]:
    """Every (method, path) that the application answers."""
    app = create_app(city.twin, Settings(http_port=0))
    pending = list(app.routes)
    while pending:
        route = pending.pop()
        included = getattr(route, "original_router", route)
        pending += getattr(included, "routes", None) or []
        for method in sorted(getattr(route, "methods", None) or ()):
            if method != "HEAD":
                yield method, route.path


def addresses(path: str) -> Iterator[str]:
    """The path with every value of its parameters."""
    names = re.findall(r"{(\w+)(?::\w+)?}", path)
    unknown = set(names) - set(VALUES)
    assert not unknown, f"{path}: say in VALUES what stands for {unknown}"
    for chosen in product(*(VALUES[name] for name in names)):
        filled = path
        for name, value in zip(names, chosen, strict=True):
            filled = re.sub(rf"{{{name}(:\w+)?}}", value, filled)
        yield filled


def told(response: httpx.Response) -> str:
    """Everything a caller is told, with JSON's escapes undone."""
    text = "\n".join(f"{k}: {v}" for k, v in response.headers.items()) + response.content.decode("utf-8", "replace")
    if "json" in response.headers.get("content-type", ""):
        text += json.dumps(response.json(), ensure_ascii=False)
    return text


def test_the_walk_knows_the_routes_of_every_room(city: City) -> None:
    paths = {path for _, path in routes(city)}
    described = set(create_app(city.twin, Settings(http_port=0)).openapi()["paths"])
    assert {path.replace("{path}", "{path:path}").replace("{fid}", "{fid:path}") for path in described} <= paths
    for expected in (
        "/openapi.json",
        "/app/layers",
        "/ogc/collections/{layer}/items",
        "/sta/v1.1/{path:path}",
        "/live",
        "/metrics",
    ):
        assert expected in paths


def test_no_route_tells_a_citizen_what_is_hidden(city: City, citizen_http: httpx.Client, http: httpx.Client) -> None:
    asked = 0
    for method, path in routes(city):
        if path in STREAMS:
            continue
        for address, query in product(addresses(path), QUERIES.get(path, [{}])):
            for client, headers in ((citizen_http, {}), (http, {"X-Twin-Role": "citizen"})):
                response = client.request(method, address, params=query, headers=headers)
                text = told(response)
                asked += 1
                for mark in MARKS:
                    assert mark not in text, f"{method} {address} {query} told a citizen {mark!r}: {text[:2000]}"
                assert response.status_code < 500 or response.status_code == 501, f"{method} {address}: {text[:2000]}"
    assert asked > 200


def test_staff_are_told_of_it(http: httpx.Client) -> None:
    text = "".join(
        told(http.get(path))
        for path in ("/app/layers", "/app/ingest", "/app/search?q=bi mat", "/sta/v1.1/Datastreams", "/ogc/collections",
                     "/ogc/collections/parcels/items?limit=1")
    )  # fmt: skip
    for mark in MARKS:
        assert mark in text


def test_what_is_hidden_is_answered_to_the_byte_like_what_never_was(city: City, citizen_http: httpx.Client) -> None:
    pairs = 0
    for method, path in routes(city):
        if "{layer}" not in path and path not in QUERIES:
            continue
        for address, query in product(addresses(path), QUERIES.get(path, [{}])):
            if HIDDEN_LAYER not in address and HIDDEN_LAYER not in query.values():
                continue
            other = address.replace(HIDDEN_LAYER, NEVER_WAS)
            other_query = {k: v.replace(HIDDEN_LAYER, NEVER_WAS) for k, v in query.items()}
            hidden = citizen_http.request(method, address, params=query)
            absent = citizen_http.request(method, other, params=other_query)
            if path != "/app/search":
                assert (hidden.status_code, hidden.content) == (absent.status_code, absent.content), address
                assert set(hidden.headers) == set(absent.headers)
                pairs += 1
    assert pairs > 20


def test_a_hidden_attribute_is_refused_like_one_that_never_was(citizen_http: httpx.Client) -> None:
    items = "/ogc/collections/parcels/items"
    hidden = citizen_http.get(items, params={HIDDEN_FIELD: "BÍ MẬT 1"})
    absent = citizen_http.get(items, params={NEVER_WAS: "BÍ MẬT 1"})
    assert (hidden.status_code, hidden.content) == (400, absent.content)


def test_a_hidden_datastream_is_answered_like_one_that_never_was(citizen_http: httpx.Client) -> None:
    hidden = citizen_http.get(f"/app/series/{HIDDEN_STREAM}")
    absent = citizen_http.get("/app/series/987654")
    assert (hidden.status_code, hidden.content) == (404, absent.content)


@pytest.mark.parametrize("resume", [None, "0"])
def test_the_live_stream_tells_a_citizen_only_what_is_seen(city: City, closed_server: str, resume: str | None) -> None:
    headers = {} if resume is None else {"Last-Event-ID": resume}
    hidden = FeatureChange("BÍ MẬT-02", None, {"name": "BÍ MẬT"})
    seen = FeatureChange(f"r-live-{resume}", None, {"name": "Đường mới"})

    def commit() -> None:
        city.twin.store.write_features(HIDDEN_LAYER, [hidden], Source("user", "BÍ MẬT"))
        city.twin.store.write_features("roads", [seen], Source("user", "test"))

    events = events_until(closed_server, f"r-live-{resume}", then=commit, headers=headers)
    text = json.dumps(events, ensure_ascii=False)
    for mark in MARKS:
        assert mark not in text
