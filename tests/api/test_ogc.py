from __future__ import annotations

import itertools
from datetime import UTC, datetime

import httpx
import mapbox_vector_tile
import pytest
from shapely.geometry import Point

from api.ogc.common import CONFORMANCE
from tests.api.conftest import SOURCE, City, day
from twin.model.layer import FeatureChange
from twin.types import format_time

ITEMS = "/ogc/collections/{}/items"
VECTOR_TILE = "application/vnd.mapbox-vector-tile"


def rels(body: dict) -> dict[str, list[dict]]:
    found: dict[str, list[dict]] = {}
    for entry in body["links"]:
        found.setdefault(entry["rel"], []).append(entry)
    return found


def fids(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [f["id"] for f in response.json()["features"]]


def test_the_landing_page_leads_to_everything(http: httpx.Client) -> None:
    for path in ("/ogc", "/ogc/"):
        links = rels(http.get(path).json())
        assert {"self", "alternate", "service-desc", "service-doc", "conformance", "data"} <= set(links)
        for entry in itertools.chain(*links.values()):
            answer = http.get(entry["href"])
            assert answer.status_code == 200, entry
            assert answer.headers["content-type"].split(";")[0] == entry["type"].split(";")[0]


def test_conformance_is_what_the_code_lists(http: httpx.Client) -> None:
    assert http.get("/ogc/conformance").json()["conformsTo"] == list(CONFORMANCE)


def test_the_definition_is_openapi_3_0_with_this_servers_address(http: httpx.Client, server: str) -> None:
    body = http.get("/ogc/api").json()
    assert body["openapi"].startswith("3.0.")
    assert body["servers"] == [{"url": f"{server}/ogc"}]
    limit = next(
        p for p in body["paths"]["/collections/{collectionId}/items"]["get"]["parameters"] if p["name"] == "limit"
    )
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 10000, "default": 100}


def test_a_grid_is_a_collection_without_items(http: httpx.Client) -> None:
    found = {c["id"]: c for c in http.get("/ogc/collections").json()["collections"]}
    assert "items" not in rels(found["depth"])
    assert "items" in rels(found["parcels"])
    assert found["parcels"]["itemType"] == "feature"
    assert found["parcels"]["extent"]["spatial"]["bbox"][0] == pytest.approx([106.9, 11.5, 106.91, 11.501])


@pytest.mark.parametrize(
    ("accept", "query", "kind"),
    [
        ("*/*", "", "application/json"),
        ("text/html", "", "text/html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "", "text/html"),
        ("application/json", "?f=html", "text/html"),
        ("text/html", "?f=json", "application/json"),
        ("application/json,text/html;q=0.5", "", "application/json"),
    ],
)
def test_json_is_the_default_and_html_comes_by_accept_or_f(
    http: httpx.Client, accept: str, query: str, kind: str
) -> None:
    response = http.get(f"/ogc/collections{query}", headers={"Accept": accept})
    assert response.headers["content-type"].split(";")[0] == kind


PAGES = [
    "/ogc",
    "/ogc/conformance",
    "/ogc/api",
    "/ogc/collections",
    "/ogc/collections/parcels",
    "/ogc/collections/parcels/items",
    "/ogc/collections/parcels/items/1/14",
    "/ogc/collections/parcels/tiles",
    "/ogc/collections/parcels/tiles/WebMercatorQuad",
    "/ogc/tileMatrixSets",
    "/ogc/tileMatrixSets/WebMercatorQuad",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_html_for_people(http: httpx.Client, path: str) -> None:
    response = http.get(path, params={"f": "html"})
    assert response.status_code == 200
    assert response.text.startswith("<!doctype html>")
    assert '<html lang="vi">' in response.text


def test_a_hostile_name_is_text_in_html(city: City, http: httpx.Client) -> None:
    bad = FeatureChange('<img src=x onerror="1">', None, {"name": "<script>alert(1)</script>"}, day(0))
    city.twin.store.write_features("roads", [bad], SOURCE)
    text = http.get(ITEMS.format("roads"), params={"f": "html"}).text
    assert "<script>" not in text
    assert "<img" not in text
    assert "&lt;script&gt;" in text


def test_items_come_in_pages_that_add_up(http: httpx.Client) -> None:
    seen: list[str] = []
    address: str | None = ITEMS.format("parcels") + "?limit=4"
    while address:
        response = http.get(address)
        body = response.json()
        assert response.headers["content-type"] == "application/geo+json"
        assert body["numberMatched"] == 10
        assert body["numberReturned"] == len(body["features"]) <= 4
        assert datetime.fromisoformat(body["timeStamp"]).tzinfo is not None
        seen += [f["id"] for f in body["features"]]
        address = next((entry["href"] for entry in body["links"] if entry["rel"] == "next"), None)
    assert len(seen) == 10
    assert len(set(seen)) == 10


def test_the_last_page_has_no_next(http: httpx.Client) -> None:
    body = http.get(ITEMS.format("parcels"), params={"limit": 5, "offset": 5}).json()
    assert "next" not in rels(body)
    assert "offset=0" in rels(body)["prev"][0]["href"]


def test_a_limit_above_the_largest_is_answered_with_the_largest(http: httpx.Client) -> None:
    assert http.get(ITEMS.format("parcels"), params={"limit": 1_000_000}).json()["numberReturned"] == 10


def test_a_box_selects_what_it_touches(http: httpx.Client) -> None:
    # Parcels are 0.001° wide from 106.900 on.
    found = fids(http.get(ITEMS.format("parcels"), params={"bbox": "106.9012,11.4,106.9018,11.6"}))
    assert found == ["2/14"]
    high = fids(http.get(ITEMS.format("parcels"), params={"bbox": "106.9012,11.4,-10,106.9018,11.6,10"}))
    assert high == found
    assert fids(http.get(ITEMS.format("parcels"), params={"bbox": "0,0,1,1"})) == []


def test_a_box_whose_west_is_beyond_its_east_goes_around_the_other_side(city: City, http: httpx.Client) -> None:
    far = [
        FeatureChange("fiji", Point(179.5, -17), {"name": "Fiji"}, day(0)),
        FeatureChange("samoa", Point(-172, -13.8), {"name": "Samoa"}, day(0)),
    ]
    city.twin.store.write_features("gauges", far, SOURCE)
    query = {"bbox": "170,-30,-170,0"}
    assert fids(http.get(ITEMS.format("gauges"), params=query)) == ["fiji", "samoa"]
    second = http.get(ITEMS.format("gauges"), params={**query, "limit": 1, "offset": 1})
    assert fids(second) == ["samoa"]
    assert second.json()["numberMatched"] == 2


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (format_time(day(1)), ["z1", "z2"]),
        (format_time(day(20)), ["z1"]),
        (format_time(day(-1)), []),
        ("2026-01-01T07:00:00+07:00", ["z1", "z2"]),
        ("2026-01-01T07:00:00 07:00", ["z1", "z2"]),
        (f"{format_time(day(30))}/..", ["z1"]),
        (f"../{format_time(day(10))}", ["z1", "z2"]),
        (f"{format_time(day(19))}/{format_time(day(21))}", ["z1", "z2"]),
        (f"/{format_time(day(-1))}", []),
    ],
)
def test_datetime_is_valid_time(http: httpx.Client, when: str, expected: list[str]) -> None:
    assert fids(http.get(ITEMS.format("zones"), params={"datetime": when})) == expected


def test_known_at_is_recorded_time(city: City, http: httpx.Client) -> None:
    store = city.twin.store
    before = store.write_features("gauges", [FeatureChange("late-1", None, {"name": "trước"})], SOURCE).recorded_at
    store.write_features("gauges", [FeatureChange("late-2", None, {"name": "sau"})], SOURCE)
    then = fids(http.get(ITEMS.format("gauges"), params={"known_at": format_time(before)}))
    assert "late-1" in then
    assert "late-2" not in then
    assert "late-2" in fids(http.get(ITEMS.format("gauges")))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"code": "ODT"}, ["z1"]),
        ({"open": "false"}, ["z2"]),
        ({"code": "ODT", "open": "false"}, []),
        ({"name": "Khu CN"}, ["z2"]),
    ],
)
def test_attributes_select_by_equality(http: httpx.Client, query: dict[str, str], expected: list[str]) -> None:
    assert fids(http.get(ITEMS.format("zones"), params={"datetime": format_time(day(1)), **query})) == expected


def test_numbers_are_compared_as_numbers(http: httpx.Client) -> None:
    assert fids(http.get(ITEMS.format("parcels"), params={"area": "12003"})) == ["4/14"]


def test_events_without_a_time_are_all_that_happened(http: httpx.Client) -> None:
    assert fids(http.get(ITEMS.format("sightings"))) == ["e1"]
    assert fids(http.get(ITEMS.format("sightings"), params={"datetime": format_time(day(1))})) == []


def test_one_feature_has_links_and_times(http: httpx.Client) -> None:
    response = http.get(ITEMS.format("parcels") + "/3/14")
    body = response.json()
    assert response.headers["content-type"] == "application/geo+json"
    assert body["type"] == "Feature"
    assert body["id"] == "3/14"
    assert body["geometry"]["type"] == "Polygon"
    assert body["properties"]["name"] == "Thửa 3 tờ 14"
    assert body["properties"]["valid_from"] == "2026-01-01T00:00:00Z"
    assert {"self", "alternate", "collection"} <= set(rels(body))
    assert http.get(rels(body)["self"][0]["href"]).json()["id"] == "3/14"


def test_a_feature_that_ended_is_not_there_now_but_was_then(http: httpx.Client) -> None:
    path = ITEMS.format("zones") + "/z2"
    assert http.get(path).status_code == 404
    assert http.get(path, params={"datetime": format_time(day(2))}).status_code == 200


def tile_of(lon: float, lat: float, zoom: int) -> str:
    import math

    side = 2**zoom
    row = int((1 - math.log(math.tan(math.radians(lat)) + 1 / math.cos(math.radians(lat))) / math.pi) / 2 * side)
    return f"{zoom}/{row}/{int((lon + 180) / 360 * side)}"


def test_a_tile_holds_the_features_of_its_place(http: httpx.Client) -> None:
    tiles = "/ogc/collections/parcels/tiles/WebMercatorQuad"
    response = http.get(f"{tiles}/{tile_of(106.9055, 11.5005, 16)}")
    assert response.headers["content-type"] == VECTOR_TILE
    layer = mapbox_vector_tile.decode(response.content)["parcels"]
    names = {f["properties"]["fid"] for f in layer["features"]}
    assert "6/14" in names
    assert http.get(f"{tiles}/{tile_of(0, 0, 16)}").status_code == 204


def test_a_tile_is_not_sent_twice(http: httpx.Client, city: City) -> None:
    path = f"/ogc/collections/parcels/tiles/WebMercatorQuad/{tile_of(106.9055, 11.5005, 16)}"
    first = http.get(path)
    etag = first.headers["etag"]
    assert first.headers["cache-control"] == "no-cache"
    again = http.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    earlier = http.get(path, params={"datetime": format_time(day(1))}, headers={"If-None-Match": etag})
    assert earlier.status_code == 304, "nothing changed between that day and now"
    assert http.get(path, headers={"If-None-Match": etag, "X-Twin-Role": "citizen"}).status_code == 200
    city.twin.store.write_features("parcels", [FeatureChange("6/14", None, {"name": "x"}, day(3))], SOURCE)
    assert http.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_a_tileset_says_where_its_tiles_are(http: httpx.Client) -> None:
    body = http.get("/ogc/collections/parcels/tiles/WebMercatorQuad").json()
    template = next(entry for entry in body["links"] if entry["rel"] == "item")
    assert template["templated"] is True
    assert template["type"] == VECTOR_TILE
    zoom, row, column = tile_of(106.9055, 11.5005, 15).split("/")
    address = template["href"].format(tileMatrix=zoom, tileRow=row, tileCol=column)
    assert http.get(address).status_code == 200
    assert body["dataType"] == "vector"
    assert body["tileMatrixSetURI"].endswith("WebMercatorQuad")
    listed = http.get("/ogc/collections/parcels/tiles").json()["tilesets"]
    assert [t["tileMatrixSetURI"] for t in listed] == [body["tileMatrixSetURI"]]


def test_the_matrix_set_is_the_registered_one(http: httpx.Client) -> None:
    body = http.get("/ogc/tileMatrixSets/WebMercatorQuad").json()
    by_id = {m["id"]: m for m in body["tileMatrices"]}
    # OGC 17-083r4, annex D.1
    assert by_id["0"]["scaleDenominator"] == pytest.approx(559082264.028717)
    assert by_id["18"]["scaleDenominator"] == pytest.approx(2132.72958385)
    assert by_id["18"]["matrixWidth"] == 262144
    assert by_id["0"]["pointOfOrigin"] == pytest.approx([-20037508.3427892, 20037508.3427892])


def test_a_page_says_what_it_knew(http: httpx.Client) -> None:
    known = datetime.fromisoformat(http.get(ITEMS.format("parcels")).json()["known_at"])
    assert known <= datetime.now(UTC)


def test_operations_on_tiles_are_named_as_the_standard_wants(http: httpx.Client) -> None:
    """OGC 20-057, requirement 23 and table 11: names end so."""
    paths = http.get("/ogc/api").json()["paths"]
    tiles = "/collections/{collectionId}/tiles"
    endings = {
        tiles: ".collection.vector.getTileSetsList",
        f"{tiles}/{{tileMatrixSetId}}": ".collection.vector.getTileSet",
        f"{tiles}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}": ".collection.vector.getTile",
        "/tileMatrixSets": "getTileMatrixSetsList",
        "/tileMatrixSets/{tileMatrixSetId}": "getTileMatrixSet",
    }
    for path, ending in endings.items():
        assert paths[path]["get"]["operationId"].endswith(ending)
    names = [entry["get"]["operationId"] for entry in paths.values()]
    assert len(set(names)) == len(names)
