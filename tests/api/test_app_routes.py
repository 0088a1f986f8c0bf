from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest
from rasterio.io import MemoryFile
from shapely.geometry import Point

from api.app import create_app
from api.routers.web import FOR_EVER
from api.serve import running
from api.settings import Settings
from tests.api.conftest import SOURCE, City, day
from twin.model.layer import FeatureChange
from twin.types import format_time

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")


def test_config_says_what_the_twin_is_and_where_it_lies(http: httpx.Client) -> None:
    body = http.get("/app/config").json()
    assert (body["title"], body["title_en"], body["access"]) == ("Phố thử", "Test town", "open")
    assert body["synthetic"] is True  # the hidden layer is
    assert body["bbox"] == pytest.approx([106.89, 11.49, 106.92, 11.51], abs=0.02)
    assert "duty_officer" in body["roles"]
    assert datetime.fromisoformat(body["now"]) <= datetime.now(UTC)
    assert body["time_start"] == format_time(day(0))


def test_a_layer_is_described_with_its_legend_count_and_age(http: httpx.Client) -> None:
    layers = {layer["name"]: layer for layer in http.get("/app/layers").json()["layers"]}
    zones = layers["zones"]
    assert [e["label"] for e in zones["legend"]] == ["Đất ở"]
    assert zones["style"]["fill"]["by"] == "code"
    assert zones["count"] == 1  # the second one ended on day 20
    assert zones["revision"] == 2
    assert layers["depth"]["unit"] == "m"
    assert layers["depth"]["times"] == [format_time(day(0))]
    assert len(layers["depth"]["legend"]) == 6
    at = {
        layer["name"]: layer for layer in http.get("/app/layers", params={"at": format_time(day(1))}).json()["layers"]
    }
    assert at["zones"]["count"] == 2


def test_state_counts_fresh_stale_and_missing(http: httpx.Client, city: City) -> None:
    body = http.get("/app/state", params={"layer": "gauges"}).json()
    (gauge,) = [d for d in body["datastreams"] if d["uid"] == "g1"]
    assert gauge["freshness"] == "fresh"
    assert gauge["result"] == 1.0
    assert gauge["unit"] == "m"
    assert gauge["name"] == "Cầu số 11"
    assert (gauge["lon"], gauge["lat"]) == (106.9005, 11.5005)
    assert datetime.fromisoformat(gauge["time"]) == city.level_base
    later = format_time(city.level_base + timedelta(hours=2))
    stale = http.get("/app/state", params={"layer": "gauges", "at": later}).json()
    assert stale["counts"] == {"fresh": 0, "stale": 1, "missing": 0}
    early = http.get("/app/state", params={"layer": "gauges", "at": format_time(day(1))}).json()
    assert early["counts"] == {"fresh": 0, "stale": 0, "missing": 1}
    assert early["datastreams"][0]["result"] is None


def test_here_gives_everything_nearest_and_smallest_first_with_its_sources(http: httpx.Client) -> None:
    body = http.get("/app/here", params={"lon": "106.9005", "lat": "11.5005"}).json()
    order = [item["layer"] for item in body["items"]]
    assert order[:3] == ["gauges", "parcels", "zones"]
    gauge, parcel = body["items"][0], body["items"][1]
    assert gauge["title"] == "Cầu số 11"
    assert gauge["datastreams"][0]["key"] == "level"
    (link,) = [entry for entry in gauge["links"] if entry["rule"] == "gauge_parcel"]
    assert (link["layer"], link["fid"], link["direction"], link["name"]) == ("parcels", "1/14", "to", "Thửa 1 tờ 14")
    back = next(entry for entry in parcel["links"] if entry["rule"] == "gauge_parcel")
    assert (back["fid"], back["direction"], back["name"]) == ("g1", "from", "Cầu số 11")
    assert parcel["source"]["name"] == "ban-do.gpkg"
    assert parcel["source"]["decision"] == "123/QĐ-UBND"
    assert parcel["distance_m"] == 0
    # column 0, row 3 of the grid
    assert body["rasters"][0]["value"] == 0.0
    assert body["rasters"][0]["unit"] == "m"


def test_here_at_an_earlier_time_is_as_it_was_then(http: httpx.Client) -> None:
    query = {"lon": "106.91", "lat": "11.505"}
    now = {i["fid"] for i in http.get("/app/here", params=query).json()["items"]}
    then = {i["fid"] for i in http.get("/app/here", params={**query, "at": format_time(day(1))}).json()["items"]}
    assert "z2" not in now
    assert "z2" in then


def test_a_feature_shows_its_history(http: httpx.Client, city: City) -> None:
    moved = FeatureChange("g-moved", Point(106.9, 11.5), {"name": "cũ"}, day(1))
    city.twin.store.write_features("gauges", [moved], SOURCE)
    city.twin.store.write_features(
        "gauges", [FeatureChange("g-moved", Point(106.91, 11.5), {"name": "mới"}, day(5))], SOURCE
    )
    body = http.get("/app/features/gauges/g-moved").json()
    assert body["geometry"]["coordinates"] == [106.91, 11.5]
    assert body["holds"] is True
    current = [v for v in body["history"] if v["recorded_to"] is None]
    assert [(v["properties"]["name"], v["valid_from"], v["valid_to"]) for v in current] == [
        ("cũ", format_time(day(1)), format_time(day(5))),
        ("mới", format_time(day(5)), None),
    ]


def test_an_ended_feature_is_still_shown_and_said_not_to_hold(http: httpx.Client) -> None:
    body = http.get("/app/features/zones/z2").json()
    assert body["holds"] is False
    assert body["title"] == "Khu CN"


def test_a_series_keeps_every_extreme(http: httpx.Client, city: City) -> None:
    # Thirty readings, 1.0 m now and 0.1 m more for each minute back.
    start, end = city.level_base - timedelta(minutes=60), city.level_base
    query = {"start": format_time(start), "end": format_time(end), "points": "6"}
    body = http.get(f"/app/series/{city.level}", params=query).json()
    assert body["bucket_s"] == 600
    assert body["datastream"]["key"] == "level"
    points = body["points"]
    assert sum(p[4] for p in points) == 30
    assert max(p[3] for p in points) == pytest.approx(3.9)
    assert min(p[2] for p in points) == pytest.approx(1.0)
    times = [p[0] for p in points]
    assert times == sorted(times)
    assert start.timestamp() * 1000 <= times[0]


def test_events_are_newest_first(http: httpx.Client, city: City) -> None:
    (event,) = [e for e in http.get("/app/events").json()["events"] if e["fid"] == "e1"]
    assert event["layer"] == "sightings"
    assert event["title"] == "Xe dừng"
    assert datetime.fromisoformat(event["start"]) == city.level_base
    nothing = {"start": format_time(day(0)), "end": format_time(day(1))}
    assert http.get("/app/events", params=nothing).json()["events"] == []


@pytest.mark.parametrize("text", ["ly thuong kiet", "LÝ THƯỜNG", "thường kiệt"])
def test_searching_minds_neither_case_nor_diacritics(http: httpx.Client, text: str) -> None:
    (found,) = http.get("/app/search", params={"q": text}).json()["results"]
    assert found["title"] == "Đường Lý Thường Kiệt"
    assert found["layer_title"] == "Đường"
    assert found["bbox"] == pytest.approx([106.89, 11.4995, 106.92, 11.4995])


def test_the_timeline_shows_when_layers_change_and_events_begin(http: httpx.Client) -> None:
    query = {"start": format_time(day(-1)), "end": format_time(day(30)), "layers": "zones"}
    body = http.get("/app/timeline", params=query).json()
    assert body["breakpoints"] == [format_time(day(0)), format_time(day(20))]
    recent = http.get("/app/timeline", params={"layers": "sightings"}).json()
    assert [e["title"] for e in recent["events"]] == ["Xe dừng"]


def test_ingestion_is_counted_and_quarantine_shown_to_staff(http: httpx.Client) -> None:
    body = http.get("/app/ingest").json()
    counted = body["counters"]["mqtt"]
    assert counted["received"] == counted["stored"] + counted["revised"] + counted["duplicate"] + counted["quarantined"]
    assert counted["received"] >= 30
    assert body["quarantined"][0]["reason"] == "BÍ MẬT reason"
    citizen = http.get("/app/ingest", headers={"X-Twin-Role": "citizen"}).json()
    assert citizen["quarantined"] == []


def test_a_raster_tile_is_a_picture_of_the_grid(http: httpx.Client) -> None:
    path = "/app/raster/depth/14/13057/7664.png"
    response = http.get(path)
    assert response.headers["content-type"] == "image/png"
    with MemoryFile(response.content) as memory, memory.open() as picture:
        opacity = picture.read(4)
    assert opacity.any()
    assert not opacity.all()
    assert (
        http.get("/app/raster/depth/14/13057/7664.png", headers={"If-None-Match": response.headers["etag"]}).status_code
        == 304
    )
    night = http.get(path, params={"theme": "night"})
    assert night.content != response.content
    before = http.get(path, params={"at": format_time(day(-1))})
    with MemoryFile(before.content) as memory, memory.open() as picture:
        assert not np.any(picture.read(4))


def test_a_raster_legend_has_every_stop(http: httpx.Client) -> None:
    body = http.get("/app/raster/depth/legend").json()
    assert body["unit"] == "m"
    assert [stop["from"] for stop in body["stops"]] == pytest.approx([0, 0.5, 1, 1.5, 2, 2.5])
    assert body["stops"][0]["label"] == "0–0,5 m"
    assert body["stops"][0]["label_en"] == "0–0.5 m"


def test_lookup_answers_with_its_disclaimer(http: httpx.Client) -> None:
    body = http.get("/app/lookup", params={"lon": "106.9005", "lat": "11.5005"}).json()
    assert body["status"] == "found"
    assert "tham khảo" in body["disclaimer"]
    assert "plans" in body["missing_layers"]


def test_the_server_is_healthy_and_counts(http: httpx.Client) -> None:
    assert http.get("/health").json()["status"] == "ok"
    http.get("/app/features/zones/z1")
    text = http.get("/metrics").text
    assert 'route="/app/features/{layer}/{fid:path}"' in text
    assert 'twin_ingest_readings_total{connector="mqtt",outcome="received"}' in text
    seq = next(float(line.split()[1]) for line in text.splitlines() if line.startswith("twin_commit_seq"))
    assert seq > 0
    assert 'twin_http_request_seconds_bucket{le="+Inf",route="/app/features/{layer}/{fid:path}"}' in text
    assert 'twin_datastreams{freshness="fresh"}' in text
    assert "process_resident_memory_bytes" in text


def test_figures_are_for_those_who_run_the_twin(citizen_http: httpx.Client) -> None:
    assert citizen_http.get("/metrics").status_code == 401


class Deaf:
    """Ingestion that has not reached its broker."""

    def status(self) -> dict:
        return {"mqtt": {"subscribed": False}}


def test_health_names_what_is_missing(city: City) -> None:
    settings = Settings(store=str(city.path), http_port=0)
    app = create_app(city.twin, settings, Deaf(), readiness=[lambda: "demonstration"])
    with running(app, settings) as url:
        response = httpx.get(f"{url}/health")
    assert response.status_code == 503
    assert response.json()["missing"] == ["connector mqtt", "demonstration"]


def test_a_head_is_the_answer_without_its_body(http: httpx.Client) -> None:
    for path in ("/app/layers", "/ogc", "/health"):
        response = http.head(path)
        assert response.status_code == 200
        assert response.content == b""


def test_built_pages_are_served_with_the_right_age(city: City, tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Bản đồ</title>")
    (tmp_path / "assets" / "app-1a2b.js").write_text("export {}")
    settings = Settings(store=str(city.path), http_port=0)
    with (
        running(create_app(city.twin, settings, web_files=tmp_path), settings) as url,
        httpx.Client(base_url=url) as web,
    ):
        page = web.get("/")
        assert "Bản đồ" in page.text
        assert page.headers["cache-control"] == "no-cache"
        assert web.get("/assets/app-1a2b.js").headers["cache-control"] == FOR_EVER
        for missing in ("/flood", "/assets/gone.js", "/app/gone", "/ogc/gone", "/gone.js"):
            response = web.get(missing)
            assert response.status_code == 404
            assert response.headers["content-type"] == "application/problem+json"
        assert web.get("/../../pyproject.toml").status_code == 404


def test_without_built_pages_the_first_page_says_what_to_do(city: City, tmp_path: Path) -> None:
    settings = Settings(store=str(city.path), http_port=0)
    with running(create_app(city.twin, settings, web_files=tmp_path), settings) as url:
        assert "make web" in httpx.get(url).text


def test_docs_are_made_here_from_the_description(http: httpx.Client, server: str) -> None:
    text = http.get("/docs").text
    assert "/app/here" in text
    assert f"curl {server}/app/state" in text
    assert "<script" not in text


@pytest.mark.parametrize(
    "path", ["/app/layers?datetime=2020-01-01T00:00:00Z", "/app/state?know_at=2020-01-01T00:00:00Z", "/live?layer=x"]
)
def test_a_misspelt_parameter_is_refused_and_never_answered_for_now(http: httpx.Client, path: str) -> None:
    response = http.get(path)
    assert response.status_code == 400
    assert response.json()["detail"] == "a query parameter is not known here"
