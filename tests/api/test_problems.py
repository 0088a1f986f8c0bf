from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import twin.errors
from api.app import create_app
from api.problems import STATUS, problem_of, unexpected
from api.serve import running
from api.settings import Settings
from tests.api.conftest import City
from twin.errors import StorageFullError, StoreError, TwinError

KINDS = [c for _, c in inspect.getmembers(twin.errors, inspect.isclass) if issubclass(c, TwinError)]
LAYER_PATHS = ["/app/features/x/1", "/ogc/collections/x", "/ogc/collections/x/items", "/ogc/collections/x/tiles",
               "/ogc/collections/x/items/1", "/ogc/collections/x/tiles/WebMercatorQuad/0/0/0", "/app/raster/x/legend",
               "/app/raster/x/0/0/0.png", "/app/state?layer=x", "/app/events?layer=x"]  # fmt: skip


def check_shape(response: httpx.Response, status: int) -> dict:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body["type"].startswith("urn:twin:problem:")
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert set(body) <= {"type", "title", "status", "detail", "where", "hint", "instance", "id"}
    return body


@pytest.mark.parametrize("kind", KINDS, ids=lambda c: c.__name__)
def test_every_kind_of_error_has_a_status_in_the_one_table(kind: type[TwinError]) -> None:
    assert kind.kind in STATUS
    assert problem_of(kind("x")).status == STATUS[kind.kind]


@pytest.mark.parametrize("number", ["\xb2".encode("latin-1"), b"9" * 5000, b"-1", b"x"])
def test_what_is_no_number_is_no_last_event_id(http: httpx.Client, number: bytes) -> None:
    response = http.get("/live", headers={"Last-Event-ID": number})
    assert check_shape(response, 400)["where"] == "Last-Event-ID"


def test_a_tile_whose_number_is_written_otherwise_is_a_404(http: httpx.Client) -> None:
    check_shape(http.get("/ogc/collections/roads/tiles/WebMercatorQuad/12/²/1"), 404)


@pytest.mark.parametrize("path", LAYER_PATHS)
def test_what_is_not_there_is_a_404(http: httpx.Client, path: str) -> None:
    assert check_shape(http.get(path), 404)["type"] == "urn:twin:problem:not-found"


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/app/here", "lon, lat"),
        ("/app/here?lon=106.9&lat=abc", "lat"),
        ("/app/here?lon=106.9&lat=nan", "lat"),
        ("/app/here?lon=106.9&lat=11.5&metres=-1", "metres"),
        ("/app/here?lon=11.5&lat=106.9", ""),
        ("/app/state?at=2026-01-01", "at"),
        ("/app/state?at=9999-12-31T23:59:59-14:00", "at"),
        ("/app/state?at=2026-01-01T00:00:00", "at"),
        ("/app/state?known_at=yesterday", "known_at"),
        ("/app/state?known_at=2999-01-01T00:00:00Z", ""),
        ("/app/series/1?start=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z", "start"),
        ("/app/events?start=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z", "start"),
        ("/app/timeline?start=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z", "start"),
        ("/app/series/1?points=0", "points"),
        ("/app/series/one", "path.datastream"),
        ("/app/events?bbox=1,2,3", "bbox"),
        ("/app/search?limit=many", "limit"),
        ("/live?bbox=200,0,201,1", "bbox"),
        ("/ogc/collections/zones/items?bbox=1,2,3", "bbox"),
        ("/ogc/collections/zones/items?bbox=10,20,15,10", "bbox"),
        ("/ogc/collections/zones/items?limit=0", "limit"),
        ("/ogc/collections/zones/items?limit=-3", "limit"),
        ("/ogc/collections/zones/items?offset=x", "offset"),
        ("/ogc/collections/zones/items?datetime=2026-01-01T00:00:00Z/2025-01-01T00:00:00Z", "datetime"),
        ("/ogc/collections/zones/items?datetime=nonsense", "datetime"),
        ("/ogc/collections/zones/items?unknown=1", "query"),
        ("/ogc/collections/zones/items?open=perhaps", "open"),
        ("/ogc/collections/parcels/items?area=big", "area"),
        ("/ogc/collections?f=xml", "f"),
        ("/ogc/collections/zones/tiles/WebMercatorQuad/1/0/0?datetime=../2026-01-01T00:00:00Z", "datetime"),
        ("/app/raster/depth/1/0/0.png?theme=dusk", "query.theme"),
    ],
)
def test_a_wrong_parameter_is_a_400_that_says_where(http: httpx.Client, path: str, where: str) -> None:
    body = check_shape(http.get(path), 400)
    assert body.get("where", "") == where or not where


@pytest.mark.parametrize("path", ["/ogc/collections/zones/tiles/WebMercatorQuad/1/2/0",
                                  "/ogc/collections/zones/tiles/WebMercatorQuad/1/-1/0",
                                  "/ogc/collections/zones/tiles/Other/0/0/0", "/ogc/tileMatrixSets/Other",
                                  "/app/raster/depth/1/2/0.png", "/nothing/here", "/app/nothing",
                                  "/ogc/collections/depth/items"])  # fmt: skip
def test_addresses_that_lead_nowhere_are_404(http: httpx.Client, path: str) -> None:
    check_shape(http.get(path), 404)


@pytest.mark.parametrize("path", ["/app/state", "/ogc", "/health", "/live"])
def test_a_method_that_is_not_offered_is_405(http: httpx.Client, path: str) -> None:
    response = http.delete(path)
    check_shape(response, 405)
    assert "GET" in response.headers["allow"]


def test_an_unexpected_error_tells_an_id_and_nothing_of_what_is_inside() -> None:
    body = unexpected(ValueError("password=hunter2 in /srv/secret/path")).body()
    assert body["status"] == 500
    assert body["instance"] == f"urn:uuid:{body['id']}"
    assert "hunter2" not in str(body)
    assert "/srv" not in str(body)


def test_a_failing_store_is_not_described_but_a_full_disk_is() -> None:
    hidden = problem_of(StoreError("cannot read /srv/twin.duckdb", where="/srv"))
    assert "/srv" not in str(hidden.body())
    assert hidden.id
    full = problem_of(StorageFullError("the disk holding /srv/twin.files is full"))
    assert full.status == 507
    assert "full" in full.detail
    assert "/srv" not in full.detail


class Breaking:
    """Ingestion whose status breaks, to see what an unforeseen error looks like from outside."""

    def status(self) -> dict:
        raise RuntimeError("hunter2")


@pytest.fixture
def breaking_server(city: City) -> Iterator[str]:
    settings = Settings(store=str(city.path), http_port=0)
    with running(create_app(city.twin, settings, Breaking()), settings) as url:
        yield url


def test_an_error_nobody_foresaw_reaches_the_caller_as_a_problem_with_an_id(
    breaking_server: str, caplog: pytest.LogCaptureFixture
) -> None:
    body = check_shape(httpx.get(f"{breaking_server}/health"), 500)
    assert "hunter2" not in str(body)
    assert body["id"] in caplog.text
    assert "hunter2" in caplog.text


def test_every_answer_carries_the_security_headers(http: httpx.Client) -> None:
    for path in ("/health", "/", "/nothing", "/ogc?f=html", "/docs"):
        headers = http.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_our_pages_name_no_other_server(http: httpx.Client) -> None:
    for path in ("/", "/docs", "/ogc?f=html", "/ogc/collections/zones?f=html", "/ogc/collections/zones/items?f=html"):
        text = http.get(path).text.replace(str(http.base_url).rstrip("/"), "")
        assert 'src="http' not in text
        assert 'href="http' not in text
    assert "http" not in (Path(__file__).parents[2] / "api/static/pages.css").read_text()
