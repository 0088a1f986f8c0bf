"""Two cities, one of them with land of national defence and security: to a citizen they are the same to the byte.

Every route of the application is asked the same of both, also about the hidden rows by their ids and places. Times of
the test itself and the number of the newest commit are all that may differ.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import httpx
import pytest
from shapely.geometry import Point, box

from api.app import create_app
from api.serve import running
from api.settings import Settings
from tests.api import test_policy_walk as walk
from tests.api.conftest import City, build, day
from tests.api.stream import events_until
from twin import open as open_twin
from twin.model.layer import FeatureChange, Source
from twin.model.thing import DatastreamSpec, ObservationIn, ObservedProperty, ThingSpec
from twin.types import parse_time

PLACE = (106.9265, 11.5005)
"""In the middle of a hidden parcel, where nothing else is."""

VALUES = {
    "layer": ["parcels", "zones", "gauges", "sightings", "roads"],
    "fid": ["1/14", "g1", "QP-1", "QP-2", "QP-zone", "QP-gauge", "QP-event"],
    "datastream": ["1", "3"],
    "z": ["12", "14"],
    "x": ["3264", "13060"],
    "y": ["1916", "7664"],
    "row": ["1916", "7664"],
    "col": ["3264", "13060"],
    "path": ["Things", "Things(3)", "Things(3)/Datastreams", "Things(1)/Locations", "Datastreams", "Datastreams(3)",
             "Datastreams(3)/Observations", "Observations", "Observations(32)", "Locations", "Locations(3)",
             "HistoricalLocations", "Sensors", "ObservedProperties", "ObservedProperties(3)",
             "FeaturesOfInterest", "FeaturesOfInterest(3)"],
}  # fmt: skip
LON, LAT = map(str, PLACE)
QUERIES: dict[str, list[dict[str, str]]] = {
    "/app/here": [{"lon": LON, "lat": LAT, "metres": "500"}, {"lon": "106.9005", "lat": "11.5005", "metres": "5000"}],
    "/app/search": [{"q": "doanh trai"}, {"q": "QP"}, {"q": "tram"}, {"q": "thua", "limit": "100"}],
    "/app/state": [{}, {"layer": "gauges"}],
    "/app/events": [{}, {"start": "2026-01-01T00:00:00Z"}],
    "/app/timeline": [{"start": "2026-01-01T00:00:00Z"}, {"layers": "parcels,gauges"}],
    "/app/lookup": [{"lon": LON, "lat": LAT}, {"lon": "106.9005", "lat": "11.5005"}, {"parcel": "14/1"}],
    "/app/series/{datastream}": [{"start": "2026-01-01T00:00:00Z", "end": "2030-01-01T00:00:00Z"}],
    "/ogc/collections/{layer}/items": [
        {}, {"f": "html"}, {"bbox": "106,11,108,12"}, {"bbox": "106.926,11.5,106.927,11.501"},
        {"limit": "3", "offset": "9"},
        {"datetime": "2026-01-02T00:00:00Z/.."}, {"name": "Doanh trại"},
    ],
    "/ogc/collections/{layer}/items/{fid:path}": [{}, {"f": "html"}],
    "/ogc/collections/{layer}": [{}, {"f": "html"}],
    "/ogc/collections": [{}, {"f": "html"}],
    "/sta/v1.1/{path:path}": [{}, {"$count": "true", "$top": "0"}, {"$count": "true", "$expand": "Datastreams"},
                              {"$filter": "name eq 'Doanh trại'"}],
}  # fmt: skip
OTHER = {"/live", "/metrics", "/health"}
"""Streams, and figures of the process."""

_COUNTING = re.compile(r'"(seq|age_s)": ?[\d.]+')
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|%2B00:00|\+00:00)")


def plant(city: City) -> None:
    """Barracks: parcels, a zone, a gauge, an event; some by a code among others."""
    store, source = city.twin.store, Source("file", "Doanh trại.gpkg", decision="QP-01")
    west = 106.926
    shapes = [box(west + n * 0.001, 11.5, west + (n + 1) * 0.001, 11.501) for n in range(2)]
    codes = ("CQP", "ONT+CAN")
    store.write_features(
        "parcels",
        [FeatureChange(f"QP-{n + 1}", shapes[n], {"name": "Doanh trại", "area": 1.0, "use": codes[n]}, day(0))
         for n in range(2)],
        source,
    )  # fmt: skip
    store.write_features(
        "zones",
        [FeatureChange("QP-zone", shapes[0], {"name": "Đất quốc phòng", "code": "DAT_Quocphong"}, day(0))],
        source,
    )
    level = DatastreamSpec("level", "Mực nước", ObservedProperty("water_level_qp"))
    gauge = ThingSpec(
        "gauges", "QP-gauge", "Trạm doanh trại", "", Point(*PLACE), {"name": "Trạm doanh trại", "land": "CQP"}, day(0),
        datastreams=(level,),
    )  # fmt: skip
    (ids,) = store.register_things([gauge], source)
    now = datetime.now(UTC)
    store.record_observations([ObservationIn(ids.datastreams["level"], now, 8123.75)], Source("connector", "mqtt qp"))
    drill = FeatureChange("QP-event", Point(*PLACE), {"name": "Diễn tập", "land": ["CAN"]}, now, now)
    store.write_features("sightings", [drill], Source("connector", "mqtt qp"))


@pytest.fixture(scope="module")
def cities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[City, City, datetime]]:
    """The city with barracks, the one without, and when they parted."""
    folder = tmp_path_factory.mktemp("cities")
    one = build(folder / "one.duckdb")
    one.twin.close()
    shutil.copyfile(folder / "one.duckdb", folder / "two.duckdb")
    shutil.copytree(folder / "one.files", folder / "two.files")
    parted = datetime.now(UTC)
    with open_twin(folder / "one.duckdb") as first, open_twin(folder / "two.duckdb") as second:
        cities = tuple(City(t, path, one.level, one.level_base) for t, path in
                       ((first, folder / "one.duckdb"), (second, folder / "two.duckdb")))  # fmt: skip
        plant(cities[0])
        for city in cities:  # what was known last was known after they parted
            city.twin.store.put_info({"center": [106.9, 11.5]})
        yield cities[0], cities[1], parted


@pytest.fixture(scope="module")
def servers(cities: tuple[City, City, datetime]) -> Iterator[tuple[httpx.Client, httpx.Client]]:
    """Citizens of both cities."""
    settings = [Settings(store=str(city.path), http_port=0, access="closed") for city in cities[:2]]
    with (
        running(create_app(cities[0].twin, settings[0]), settings[0]) as one,
        running(create_app(cities[1].twin, settings[1]), settings[1]) as two,
        httpx.Client(base_url=one, timeout=30) as first,
        httpx.Client(base_url=two, timeout=30) as second,
    ):
        yield first, second


def told(response: httpx.Response, parted: datetime) -> str:
    """Everything a caller is told, without the times of this test."""
    kept = {k: v for k, v in response.headers.items() if k not in {"date", "x-request-id", "content-length"}}
    text = f"{response.status_code} {kept} {response.content.decode('utf-8', 'replace')}"
    text = text.replace(str(response.url.netloc.decode()), "HOST")

    def time(found: re.Match[str]) -> str:
        moment = parse_time(found.group().replace("%2B", "+"), where="answer")
        a_day_ago = timedelta(0) <= moment - parted + timedelta(days=1) < timedelta(minutes=20)
        return "NOW" if moment >= parted or a_day_ago else found.group()

    return _COUNTING.sub("N", _TIME.sub(time, text))


def test_the_cities_are_the_same_to_a_citizen(
    cities: tuple[City, City, datetime], servers: tuple[httpx.Client, httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, values in VALUES.items():
        monkeypatch.setitem(walk.VALUES, name, values)
    asked = set()
    for method, path in walk.routes(cities[0]):
        if path in OTHER:
            continue
        for address, query in product(walk.addresses(path), QUERIES.get(path, [{}])):
            one, two = (told(c.request(method, address, params=query), cities[2]) for c in servers)
            assert one == two, f"{method} {address} {query}"
            asked.add((method, address, tuple(query.items())))
    assert len(asked) > 250


def test_staff_see_what_the_citizen_does_not(cities: tuple[City, City, datetime]) -> None:
    settings = Settings(store=str(cities[0].path), http_port=0)
    with running(create_app(cities[0].twin, settings), settings) as url, httpx.Client(base_url=url, timeout=30) as http:
        officer = {"X-Twin-Role": "planner"}
        here = http.get("/app/here", params={"lon": LON, "lat": LAT}, headers=officer).json()
        assert {i["fid"] for i in here["items"]} == {"QP-1", "QP-zone", "QP-gauge", "QP-event"}
        assert http.get("/app/lookup", params={"lon": LON, "lat": LAT}, headers=officer).json()["status"] == "found"
        citizen = {"X-Twin-Role": "citizen"}
        looked = http.get("/app/lookup", params={"lon": LON, "lat": LAT}, headers=citizen).json()
        nowhere = http.get("/app/lookup", params={"lon": "106.97", "lat": LAT}, headers=citizen).json()
        for body in (looked, nowhere):
            for name in ("at", "known_at", "point"):
                body.pop(name)
        assert looked == nowhere, "a hidden parcel is land of which nothing is known"


@pytest.mark.parametrize("resume", [None, "0"])
def test_the_live_stream_never_names_a_hidden_row(
    cities: tuple[City, City, datetime], servers: tuple[httpx.Client, httpx.Client], resume: str | None
) -> None:
    store, mark = cities[0].twin.store, f"r-after-{resume}"

    def commit() -> None:
        hidden = FeatureChange("QP-3", Point(*PLACE), {"name": "Kho", "use": "CQP"})
        store.write_features("sightings", [hidden], Source("user", "x"))
        store.record_observations([ObservationIn(3, datetime.now(UTC), 8123.75)], Source("connector", "x"))
        store.write_features("roads", [FeatureChange(mark, None, {"name": "Đường mới"})], Source("user", "x"))

    headers = {} if resume is None else {"Last-Event-ID": resume}
    text = str(events_until(str(servers[0].base_url), mark, then=commit, headers=headers))
    assert "QP" not in text
    assert "8123.75" not in text
