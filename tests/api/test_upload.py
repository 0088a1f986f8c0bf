from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import httpx
import pytest

from api.app import create_app
from api.serve import running
from api.settings import Settings
from tests.api.conftest import City

POINTS = json.dumps(
    {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"name": "Giếng khoan"},
                "geometry": {"type": "Point", "coordinates": [106.9, 11.5]},
            }
        ],
    }
).encode()


def test_an_uploaded_file_is_imported_and_reported(http: httpx.Client) -> None:
    response = http.post("/app/import", params={"layer": "wells", "filename": "giếng.geojson"}, content=POINTS)
    assert response.status_code == 200, response.text
    report = response.json()
    assert (report["rows"], report["stored"], report["format"]) == (1, 1, "GeoJSON")
    found = http.get("/ogc/collections/wells/items").json()["features"]
    assert [f["properties"]["name"] for f in found] == ["Giếng khoan"]
    assert report["file"] == "giếng.geojson"


def test_a_file_is_known_by_its_content_whatever_its_name_says(http: httpx.Client) -> None:
    headers = {"Content-Disposition": "attachment; filename*=UTF-8''gi%E1%BA%BFng.xlsx"}
    response = http.post("/app/import", params={"layer": "renamed"}, content=POINTS, headers=headers)
    assert response.status_code == 200, response.text
    assert response.json()["format"] == "GeoJSON"


def test_rejected_rows_are_a_422_with_the_whole_report(http: httpx.Client) -> None:
    table = b"name,lon,lat\na,106.9,11.5\nb,106.9,\n"
    query = {"layer": "rejecting", "filename": "t.csv", "crs": "EPSG:4326"}
    response = http.post("/app/import", params=query, content=table)
    assert response.status_code == 422
    assert response.json()["rejected"] == 1


@pytest.mark.parametrize("name", ["../../etc/passwd.geojson", "..\\..\\x.geojson", "/abs/x.geojson", ".hidden.geojson"])
def test_a_name_with_folders_stays_in_its_own_folder(http: httpx.Client, name: str) -> None:
    response = http.post("/app/import", params={"layer": "walker", "filename": name}, content=POINTS)
    assert response.status_code == 200, response.text
    assert "/" not in response.json()["file"]
    assert ".." not in response.json()["file"]


@pytest.mark.parametrize("content", [b"nothing a map would hold", b"", b'<VRTDataset rasterXSize="1"/>', b"{}"])
def test_what_is_no_map_is_refused(http: httpx.Client, content: bytes) -> None:
    response = http.post("/app/import", params={"layer": "refused", "filename": "x.geojson"}, content=content)
    assert response.status_code in (400, 415)
    assert response.headers["content-type"] == "application/problem+json"
    assert http.get("/ogc/collections/refused").status_code == 404


def test_an_archive_that_climbs_out_of_its_folder_is_refused(http: httpx.Client) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../outside.shp", b"x")
    query = {"layer": "climber", "filename": "x.zip"}
    response = http.post("/app/import", params=query, content=packed.getvalue())
    assert response.status_code in (400, 415)


def test_a_file_without_a_name_is_refused(http: httpx.Client) -> None:
    response = http.post("/app/import", params={"layer": "x"}, content=POINTS)
    assert response.status_code == 400
    assert response.json()["where"] == "filename"


def test_a_layer_name_that_is_none_is_refused(http: httpx.Client) -> None:
    response = http.post("/app/import", params={"layer": "Bad Name", "filename": "x.geojson"}, content=POINTS)
    assert response.status_code == 400


def test_an_upload_into_a_layer_of_another_kind_is_a_conflict(http: httpx.Client) -> None:
    response = http.post("/app/import", params={"layer": "zones", "filename": "x.geojson"}, content=POINTS)
    assert response.status_code == 409


def test_a_citizen_may_not_upload(citizen_http: httpx.Client, http: httpx.Client) -> None:
    asked = {"params": {"layer": "x", "filename": "x.geojson"}, "content": POINTS}
    assert citizen_http.post("/app/import", **asked).status_code == 401
    assert http.post("/app/import", headers={"X-Twin-Role": "citizen"}, **asked).status_code == 403


@pytest.fixture
def small_server(city: City) -> Iterator[str]:
    settings = Settings(store=str(city.path), http_port=0, upload_mb=1)
    with running(create_app(city.twin, settings), settings) as url:
        yield url


def test_a_file_above_the_limit_is_refused_without_being_read_to_its_end(small_server: str) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * 65536

    query = {"layer": "big", "filename": "x.geojson"}
    try:
        response = httpx.post(f"{small_server}/app/import", params=query, content=endless())
    except httpx.WriteError:
        return  # the server hung up before the client had sent everything
    assert response.status_code == 413
    assert response.json()["type"] == "urn:twin:problem:too-large"
