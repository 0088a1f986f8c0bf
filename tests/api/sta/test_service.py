"""SensorThings over HTTP: what is posted is there, every path leads where the standard says, errors are documents."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sta_bodies import datastream, observation, thing
from support import SOURCE, day, staff

from api.access import AccessMode
from twin.model.entity import KINDS
from twin.store.base import Store
from twin.types import format_time


def post(service: httpx.Client, path: str, body: Any) -> int:
    answer = service.post(path, json=body)
    assert answer.status_code == 201, answer.text
    number = answer.json()["@iot.id"]
    assert isinstance(number, int)
    return number


def get(service: httpx.Client, path: str, **parameters: str) -> Any:
    answer = service.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def names(document: Any) -> list[str]:
    return [entity["name"] for entity in document["value"]]


# -- landing page and paths ---------------------------------------------------------------------------------------


def test_the_root_lists_the_eight_sets_and_what_is_met(service: httpx.Client) -> None:
    root = get(service, "")
    assert [entry["name"] for entry in root["value"]] == list(KINDS)
    assert all(entry["url"] == f"{str(service.base_url).rstrip('/')}/{entry['name']}" for entry in root["value"])
    conformance = root["serverSettings"]["conformance"]
    assert "http://www.opengis.net/spec/iot_sensing/1.1/req/create-update-delete/deep-insert" in conformance
    assert not any("delete-entity" in entry or "batch" in entry for entry in conformance)


@pytest.mark.data
def test_the_published_deep_insert_goes_in_whole(service: httpx.Client, store: Store, shared_data: Path) -> None:
    body = (shared_data / "device_payloads" / "sensorthings" / "gost_deep_insert_thing.json").read_bytes()
    answer = service.post("Things", content=body)
    root = str(service.base_url).rstrip("/")
    assert answer.status_code == 201
    assert answer.headers["location"] == answer.json()["@iot.selfLink"] == f"{root}/Things(1)"
    expanded = get(service, "Things(1)", **{"$expand": "Locations,Datastreams($expand=Sensor,ObservedProperty)"})
    stream = expanded["Datastreams"][0]
    assert expanded["properties"]["property1"] == "it’s waterproof"
    assert expanded["Locations"][0]["location"] == {"type": "Point", "coordinates": [-117.123, 54.123]}
    assert (stream["unitOfMeasurement"]["symbol"], stream["Sensor"]["metadata"]) == (
        "C",
        "Calibration date:  Jan 1, 2014",
    )
    assert stream["ObservedProperty"]["name"] == "Temperature"
    # One identity: the thing is also a feature, at the same place.
    (feature,) = store.features(staff(), "sta_things")
    assert (feature.fid, feature.properties["name"]) == ("sta-1", "lantern")
    assert feature.geometry is not None
    assert feature.geometry.wkt == "POINT (-117.123 54.123)"
    assert expanded["@twin.feature"].endswith("/ogc/collections/sta_things/items/sta-1")


@pytest.mark.parametrize(
    ("path", "key", "expected"),
    [
        ("Things(1)/Datastreams", "name", ["level"]),
        ("Things(2)/Datastreams(2)/Observations", "result", [9]),
        ("Datastreams(1)/Observations(2)/FeatureOfInterest", "name", "cầu 11"),
        ("Datastreams(1)/Thing", "name", "cầu 11"),
        ("Datastreams(2)/Sensor", "name", "s-stage"),
        ("Datastreams(2)/ObservedProperty/Datastreams", "name", ["stage"]),
        ("Observations(4)/Datastream/Thing/Locations", "name", ["at suối Rạt"]),
        ("Locations(1)/Things", "name", ["cầu 11"]),
        ("Locations(2)/HistoricalLocations", "@iot.id", [2]),
        ("HistoricalLocations(1)/Thing", "name", "cầu 11"),
        ("HistoricalLocations(1)/Locations", "name", ["at cầu 11"]),
        ("FeaturesOfInterest(1)/Observations", "result", [1, 2, 3]),
        ("Sensors(1)/Datastreams(1)/Thing", "@iot.id", 1),
    ],
)
def test_navigation_leads_to_what_belongs_together(gauges: httpx.Client, path: str, key: str, expected: Any) -> None:
    document = get(gauges, path)
    found = [entity[key] for entity in document["value"]] if isinstance(expected, list) else document[key]
    assert found == expected


def test_every_link_of_every_entity_leads_somewhere(gauges: httpx.Client) -> None:
    for kind in KINDS.values():
        document = get(gauges, kind.name)
        assert document["value"], kind.name
        for entity in document["value"]:
            assert gauges.get(entity["@iot.selfLink"]).json() == entity
            links = [value for name, value in entity.items() if name.endswith("@iot.navigationLink")]
            assert len(links) == len(kind.navigations)
            assert all(gauges.get(link).status_code == 200 for link in links)


def test_properties_are_reached_by_path(gauges: httpx.Client) -> None:
    assert get(gauges, "Things(1)/name") == {"name": "cầu 11"}
    assert gauges.get("Things(1)/name/$value").text == "cầu 11"
    assert gauges.get("Things(1)/name/$value").headers["content-type"] == "text/plain; charset=utf-8"
    assert get(gauges, "Things(1)/properties/height") == {"height": 4.5}
    assert get(gauges, "Datastreams(1)/unitOfMeasurement/symbol") == {"symbol": "m"}
    assert gauges.get("Observations(1)/result/$value").text == "1"
    assert gauges.get("Observations(4)/resultTime").status_code == 204
    assert gauges.get("Observations(4)/validTime").status_code == 404
    assert gauges.get("Things(1)/properties/depth").status_code == 404


def test_ref_gives_links_only(gauges: httpx.Client) -> None:
    root = str(gauges.base_url).rstrip("/")
    document = get(gauges, "Datastreams(1)/Observations/$ref", **{"$top": "1", "$count": "true"})
    assert document["value"] == [{"@iot.selfLink": f"{root}/Observations(1)"}]
    assert document["@iot.count"] == 3
    assert len(gauges.get(document["@iot.nextLink"]).json()["value"]) == 1
    assert get(gauges, "Datastreams(1)/Thing/$ref") == {"@iot.selfLink": f"{root}/Things(1)"}


# -- options ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "results"),
    [
        ("result gt 1 and result lt 9", [2, 3]),
        ("result eq 1 or result eq 9", [1, 9]),
        ("not result eq 1 and not result gt 3", [2, 3]),
        ("result in (1,9)", [1, 9]),
        ("result add 1 eq 3", [2]),
        ("result mul result sub 1 eq 8", [3]),
        ("result mod 2 eq 1", [1, 3, 9]),
        ("result div 2 eq 1.5", [3]),
        ("-(result) lt -2", [3, 9]),
        ("result div 0 eq 1", []),
        ("phenomenonTime gt 2026-01-03T00:00:00Z", [3, 9]),
        ("phenomenonTime ge 2026-01-03T07:00:00+07:00", [2, 3, 9]),
        ("phenomenonTime ge 2026-01-03T07:00:00 07:00", [2, 3, 9]),
        ("during(phenomenonTime,2026-01-02T00:00:00Z/2026-01-04T00:00:00Z)", [1, 2]),
        ("before(phenomenonTime,2026-01-03T00:00:00Z)", [1]),
        ("day(phenomenonTime) eq 4", [3]),
        ("hour(resultTime) eq 12 and year(resultTime) eq 2026", [1, 2, 3]),
        ("date(phenomenonTime) le 2026-01-03", [1, 2]),
        ("time(resultTime) eq 12:00:00", [1, 2, 3]),
        ("resultTime sub phenomenonTime eq duration'PT12H'", [1, 2, 3]),
        ("phenomenonTime add duration'P1D' eq 2026-01-05T00:00:00Z", [3]),
        ("resultTime eq null", [9]),
        ("resultTime ne null", [1, 2, 3]),
        ("resultTime lt now()", [1, 2, 3]),
        ("resultQuality/label eq 'unchecked'", [1, 2, 3, 9]),
        ("Datastream/Thing/name eq 'suối Rạt'", [9]),
        ("Datastream/id eq 1 and result ge 2", [2, 3]),
        ("startswith(Datastream/ObservedProperty/name,'p-lev')", [1, 2, 3]),
        ("st_within(FeatureOfInterest/feature,geography'POLYGON((107 11,108 11,108 12,107 12,107 11))')", [9]),
        ("round(result div 2) eq 2 and floor(result div 2) eq 1 and ceiling(result div 2) eq 2", [3]),
        ("(((result eq 2)))", [2]),
    ],
)
def test_filters_on_observations_have_known_answers(gauges: httpx.Client, condition: str, results: list[int]) -> None:
    document = get(gauges, "Observations", **{"$filter": condition, "$orderby": "result", "$count": "true"})
    assert [entity["result"] for entity in document["value"]] == results
    assert document["@iot.count"] == len(results)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("substringof('Rạt',name)", ["suối Rạt"]),
        ("endswith(name,'11')", ["cầu 11"]),
        ("length(name) eq 6", ["cầu 11"]),
        ("indexof(name,'11') eq 4", ["cầu 11"]),
        ("substring(name,5) eq 'Rạt'", ["suối Rạt"]),
        ("substring(name,0,3) eq 'cầu'", ["cầu 11"]),
        ("toupper(name) eq 'SUỐI RẠT' and tolower(name) eq 'suối rạt'", ["suối Rạt"]),
        ("trim(concat(name,'  ')) eq 'cầu 11'", ["cầu 11"]),
        ("properties/height gt 4", ["cầu 11"]),
        ("properties/kind eq 'gauge'", ["cầu 11"]),
        ("properties/height eq null", ["suối Rạt"]),
        ("properties/height eq '4.5'", []),
        ("Datastreams/Observations/result gt 8", ["suối Rạt"]),
        ("not Datastreams/Observations/result gt 8", ["cầu 11"]),
        ("geo.distance(Locations/location,geography'POINT(106.9 11.5)') lt 0.5", ["cầu 11"]),
        ("st_intersects(Locations/location,geography'LINESTRING(107 11.5,108 11.5)')", ["suối Rạt"]),
        ("id eq 2", ["suối Rạt"]),
        ("@iot.id ne 2", ["cầu 11"]),
    ],
)
def test_filters_on_things_have_known_answers(gauges: httpx.Client, condition: str, expected: list[str]) -> None:
    assert names(get(gauges, "Things", **{"$filter": condition})) == expected


def test_order_puts_nulls_first_ascending_and_breaks_ties_by_id(gauges: httpx.Client) -> None:
    ascending = get(gauges, "Observations", **{"$orderby": "resultTime,result desc"})
    assert [entity["result"] for entity in ascending["value"]] == [9, 1, 2, 3]
    descending = get(gauges, "Observations", **{"$orderby": "Datastream/name desc"})
    assert [entity["@iot.id"] for entity in descending["value"]] == [4, 1, 2, 3]
    by_property = get(gauges, "Things", **{"$orderby": "properties/height desc"})
    assert names(by_property) == ["cầu 11", "suối Rạt"]


def test_pages_give_everything_once_even_while_others_write(changing: httpx.Client) -> None:
    seen: list[int] = []
    page = get(changing, "Observations", **{"$top": "1", "$orderby": "result desc"})
    while True:
        seen += [entity["result"] for entity in page["value"]]
        post(changing, "Datastreams(1)/Observations", observation(0.1 + len(seen) / 100, 100 + len(seen)))
        if "@iot.nextLink" not in page:
            break
        page = changing.get(page["@iot.nextLink"]).json()
    assert seen == [9, 3, 2, 1]


def test_expansion_pages_and_counts_for_each_parent(gauges: httpx.Client) -> None:
    nested = "Datastreams($select=name;$expand=Observations($top=1;$orderby=result desc;$count=true;$select=result))"
    document = get(gauges, "Things", **{"$expand": nested, "$select": "name"})
    first, second = (entity["Datastreams"][0] for entity in document["value"])
    assert (first["name"], first["Observations@iot.count"], first["Observations"]) == ("level", 3, [{"result": 3}])
    assert (second["name"], second["Observations@iot.count"], second["Observations"]) == ("stage", 1, [{"result": 9}])
    assert "Observations@iot.nextLink" not in second
    following = gauges.get(first["Observations@iot.nextLink"]).json()
    assert following["value"] == [{"result": 2}]


def test_expansion_by_path_joins_its_branches(gauges: httpx.Client) -> None:
    (entity,) = get(gauges, "Things", **{"$expand": "Datastreams/Sensor,Datastreams/ObservedProperty", "$top": "1"})[
        "value"
    ]
    stream = entity["Datastreams"][0]
    assert (stream["Sensor"]["name"], stream["ObservedProperty"]["name"]) == ("s-level", "p-level")


def test_select_leaves_out_what_is_not_named(gauges: httpx.Client) -> None:
    assert get(gauges, "Things(1)", **{"$select": "name,id"}) == {"@iot.id": 1, "name": "cầu 11"}
    link = get(gauges, "Things(1)", **{"$select": "Datastreams"})
    assert list(link) == ["Datastreams@iot.navigationLink"]


def test_a_data_array_groups_by_datastream(gauges: httpx.Client) -> None:
    document = get(gauges, "Observations", **{"$resultFormat": "dataArray", "$select": "result,phenomenonTime"})
    first, second = document["value"]
    assert first["components"] == ["result", "phenomenonTime"]
    assert first["dataArray@iot.count"] == 3
    assert second["dataArray"] == [[9, "2026-01-05T00:00:00Z"]]
    assert first["Datastream@iot.navigationLink"].endswith("/Datastreams(1)")


def test_a_datastream_says_what_times_its_observations_cover(gauges: httpx.Client) -> None:
    (stream,) = get(gauges, "Datastreams", **{"$filter": "phenomenonTime lt 2026-01-05T00:00:00Z"})["value"]
    assert stream["phenomenonTime"] == "2026-01-02T00:00:00Z/2026-01-04T00:00:00Z"
    assert stream["resultTime"] == "2026-01-02T12:00:00Z/2026-01-04T12:00:00Z"


# -- creating -----------------------------------------------------------------------------------------------------


def test_observations_keep_their_times_types_quality_and_parameters(service: httpx.Client) -> None:
    streams = [datastream("truth", kind="TruthObservation"), datastream("any", kind="Observation")]
    post(service, "Things", thing("station", *streams))
    post(
        service,
        "Datastreams(1)/Observations",
        {
            "phenomenonTime": "2026-01-01T00:00:00+07:00/2026-01-01T01:00:00+07:00",
            "resultTime": "2026-01-01T02:00:00Z",
            "validTime": "2026-01-01T00:00:00Z/2026-02-01T00:00:00Z",
            "result": True,
            "resultQuality": {"label": "suspect", "reason": "spike"},
            "parameters": {"tube": 3},
        },
    )
    stored = get(service, "Observations(1)")
    assert stored["phenomenonTime"] == "2025-12-31T17:00:00Z/2025-12-31T18:00:00Z"
    assert stored["validTime"] == "2026-01-01T00:00:00Z/2026-02-01T00:00:00Z"
    assert (stored["result"], stored["parameters"]) == (True, {"tube": 3})
    assert stored["resultQuality"] == {"label": "suspect", "reason": "spike"}
    number = post(service, "Observations", {"result": {"a": [1]}, "Datastream": {"@iot.id": 2}})
    assert get(service, f"Observations({number})")["result"] == {"a": [1]}
    assert len(get(service, "Observations", **{"$filter": "result eq true"})["value"]) == 1
    assert len(get(service, "Observations", **{"$filter": "parameters/tube eq 3"})["value"]) == 1
    assert get(service, "Observations", **{"$filter": "validTime gt 2026-03-01T00:00:00Z"})["value"] == []


def test_the_same_observation_again_changes_nothing_and_another_result_is_suspect(changing: httpx.Client) -> None:
    assert post(changing, "Datastreams(1)/Observations", observation(1, 1)) == 1
    assert post(changing, "Datastreams(1)/Observations", observation(1, 1.25)) == 1
    stored = get(changing, "Observations(1)")
    assert (stored["result"], stored["resultQuality"]) == (1.25, {"label": "suspect", "reason": "conflicting"})


def test_an_observation_may_be_of_a_feature_of_its_own(changing: httpx.Client) -> None:
    shape = {"type": "Polygon", "coordinates": [[[106, 11], [107, 11], [107, 12], [106, 11]]]}
    feature = {"name": "lưu vực", "description": "", "encodingType": "application/vnd.geo+json", "feature": shape}
    number = post(
        changing, "Observations", {**observation(5, 1), "Datastream": {"@iot.id": 1}, "FeatureOfInterest": feature}
    )
    found = get(changing, f"Observations({number})/FeatureOfInterest")
    assert (found["name"], found["feature"]) == ("lưu vực", shape)
    again = post(
        changing,
        f"FeaturesOfInterest({found['@iot.id']})/Observations",
        {**observation(6, 2), "Datastream": {"@iot.id": 1}},
    )
    assert get(changing, f"Observations({again})/FeatureOfInterest")["@iot.id"] == found["@iot.id"]


def test_a_thing_that_moves_keeps_where_it_was(changing: httpx.Client, store: Store) -> None:
    before = format_time(store.resolve(staff()).known_at or day(0))
    place = {"name": "mới", "description": "", "encodingType": "application/geo+json"}
    post(changing, "Things(1)/Locations", {**place, "location": {"type": "Point", "coordinates": [107, 12]}})
    assert names(get(changing, "Things(1)/Locations")) == ["mới"]
    assert names(get(changing, "Things(1)/Locations", at=before)) == ["at cầu 11"]
    assert len(get(changing, "Things(1)/HistoricalLocations")["value"]) == 2
    (feature,) = store.features(staff(), "sta_things", fids=["sta-1"])
    assert feature.geometry is not None
    assert feature.geometry.wkt == "POINT (107 12)"
    # What was observed before stays where it was observed.
    number = post(changing, "Datastreams(1)/Observations", observation(7, 5))
    assert get(changing, f"Observations({number})/FeatureOfInterest")["feature"]["coordinates"] == [107, 12]
    assert get(changing, "Observations(1)/FeatureOfInterest")["feature"]["coordinates"] == [106.9, 11.5]


def test_a_place_may_be_described_as_a_geojson_feature(service: httpx.Client) -> None:
    body = thing("station")
    shape = {"type": "Point", "coordinates": [106, 11]}
    body["Locations"][0]["location"] = {"type": "Feature", "geometry": shape, "properties": {"pole": 7}}
    post(service, "Things", body)
    place = {"name": "mới", "description": "", "encodingType": "application/geo+json"}
    post(service, "Things(1)/Locations", {**place, "location": {"type": "Point", "coordinates": [107, 12]}})
    history = get(service, "Things(1)/HistoricalLocations", **{"$expand": "Locations"})["value"]
    assert [names({"value": entry["Locations"]}) for entry in history] == [["at station"], ["mới"]]
    assert get(service, "Locations(1)/location/properties/pole") == {"pole": 7}


def test_a_thing_is_moved_by_linking_it_to_a_location(changing: httpx.Client) -> None:
    answer = changing.patch("Things(1)", json={"Locations": [{"@iot.id": 2}]})
    assert answer.status_code == 200
    assert names(get(changing, "Things(1)/Locations")) == ["at suối Rạt"]
    assert names(get(changing, "Locations(2)/Things")) == ["cầu 11", "suối Rạt"]


def test_a_historical_location_may_be_told_afterwards(changing: httpx.Client, store: Store) -> None:
    early = {"time": format_time(day(-30)), "Thing": {"@iot.id": 1}, "Locations": [{"@iot.id": 2}]}
    number = post(changing, "HistoricalLocations", early)
    assert get(changing, f"HistoricalLocations({number})")["time"] == "2025-12-02T00:00:00Z"
    assert names(get(changing, "Things(1)/Locations")) == ["at cầu 11"]
    assert names(get(changing, "Things(1)/Locations", at=format_time(day(0)))) == ["at suối Rạt"]
    (feature,) = store.features(staff(at=day(0)), "sta_things", fids=["sta-1"])
    assert feature.geometry is not None
    assert feature.geometry.wkt == "POINT (107.5 11.5)"


@pytest.mark.parametrize("lacking", ["Sensor", "ObservedProperty", "unitOfMeasurement", "name"])
def test_a_deep_insert_goes_in_whole_or_not_at_all(service: httpx.Client, lacking: str) -> None:
    broken = datastream("broken")
    del broken[lacking]
    answer = service.post("Things", json=thing("half", datastream("whole"), broken))
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert f"needs '{lacking}'" in answer.json()["detail"]
    assert all(get(service, name)["value"] == [] for name in KINDS)


def test_a_result_of_the_wrong_type_undoes_the_whole_insert(service: httpx.Client, store: Store) -> None:
    body = thing("half", datastream("level", observations=[observation(1, 1), observation(2, "high")]))
    answer = service.post("Things", json=body)
    assert answer.status_code == 400
    assert all(get(service, name)["value"] == [] for name in KINDS)
    assert store.features(staff(), "sta_things") == []


# -- times --------------------------------------------------------------------------------------------------------


def test_reads_go_back_in_both_times(changing: httpx.Client, store: Store) -> None:
    known = format_time(store.resolve(staff()).known_at or day(0))
    post(changing, "Datastreams(1)/Observations", observation(1, 7))
    assert get(changing, "Observations(1)")["result"] == 7
    assert get(changing, "Observations(1)", known_at=known)["result"] == 1
    assert [o["result"] for o in get(changing, "Observations", known_at=known)["value"]] == [1, 2, 3, 9]
    at = format_time(day(2))
    assert [o["result"] for o in get(changing, "Observations", at=at)["value"]] == [7, 2]
    answer = changing.get("Observations", params={"at": at, "known_at": known})
    assert (answer.headers["twin-at"], answer.headers["twin-known-at"]) == (at, known)


def test_what_was_not_known_yet_is_not_there(changing: httpx.Client, store: Store) -> None:
    before = format_time((store.resolve(staff()).known_at or day(0)) - timedelta(days=1))
    assert all(get(changing, name, known_at=before)["value"] == [] for name in KINDS)


# -- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("Nothings", 404, "not-found"),
        ("Things(99)", 404, "not-found"),
        ("Things(x)", 404, "not-found"),
        ("Things(9223372036854775807)", 404, "not-found"),
        ("Things(99999999999999999999999)", 404, "not-found"),
        ("Things(1)/Datastreams(2)", 404, "not-found"),
        ("Things(99)/Datastreams", 404, "not-found"),
        ("Things/Datastreams", 404, "not-found"),
        ("Things(1)/Sensors", 404, "not-found"),
        ("Things(1)/nothing", 404, "not-found"),
        ("Datastreams(1)/Thing(1)", 404, "not-found"),
        ("Things?$count=yes", 400, "parameter"),
        ("Things?$top=-1", 400, "parameter"),
        ("Things?$skip=a", 400, "parameter"),
        ("Things?$top=1&$top=2", 400, "parameter"),
        ("Things?$filter=name eq", 400, "parameter"),
        ("Things?$filter=nothing eq 1", 400, "parameter"),
        ("Things?$filter=name eq 1", 400, "parameter"),
        ("Things?$filter=Datastreams eq 1", 400, "parameter"),
        ("Things?$filter=hack(name)", 400, "parameter"),
        ("Things?$filter=name/x eq 1", 400, "parameter"),
        ("Observations?$filter=phenomenonTime gt 2026-01-01T00:00:00", 400, "time"),
        ("Observations?$filter=phenomenonTime gt 2026-13-01T00:00:00Z", 400, "time"),
        ("Observations?$filter=phenomenonTime gt 2026-01-01", 400, "parameter"),
        ("Locations?$filter=st_within(location,geography'POLYGON((0 0')", 400, "parameter"),
        ("Things?$orderby=nothing", 400, "parameter"),
        ("Things?$orderby=Datastreams/name", 400, "parameter"),
        ("Things?$orderby=name sideways", 400, "parameter"),
        ("Things?$select=nothing", 400, "parameter"),
        ("Things?$expand=Sensors", 400, "parameter"),
        ("Things?$expand=Datastreams($top=1", 400, "parameter"),
        ("Things?$expand=Datastreams($search=1)", 501, "not-offered"),
        ("Things?$search=x", 501, "not-offered"),
        ("Things?$resultFormat=CSV", 501, "not-offered"),
        ("Things(1)?$top=1", 400, "parameter"),
        ("Things(1)/name?$select=name", 400, "parameter"),
        ("Things?at=yesterday", 400, "time"),
        ("Things?known_at=2999-01-01T00:00:00Z", 400, "time"),
    ],
)
def test_every_refusal_of_a_read_is_a_problem_document(gauges: httpx.Client, path: str, status: int, kind: str) -> None:
    answer = gauges.get(path)
    document = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, document["status"], document["type"]) == (status, status, f"urn:twin:problem:{kind}")
    assert document["title"]
    assert document["detail"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("Things", b"{", 400),
        ("Things", b"[]", 400),
        ("Things", b'{"name": "x", "description": NaN}', 400),
        ("Things", b'{"name": "", "description": ""}', 400),
        ("Things", b'{"name": "x"}', 400),
        ("Things", b'{"name": "\\ud800", "description": ""}', 400),
        ("Things", b'{"name": "a\\u0000b", "description": ""}', 400),
        ("Things", b'{"name": "x", "description": "", "properties": {"k": 1e400}}', 400),
        ("Things", b'{"name": "x", "description": "", "properties": {"k": 123456789012345678901}}', 400),
        ("Things", b'{"name": "x", "description": "", "properties": {"k": ' + b"[" * 99 + b"]" * 99 + b"}}", 400),
        ("Things", b"[" * 99999, 400),
        ("Things", b'{"name": "x", "description": "", "colour": 1}', 400),
        ("Things", b'{"name": "x", "description": "", "Locations": {}}', 400),
        ("Things", b'{"name": "x", "description": "", "Locations": [{"@iot.id": 77}]}', 400),
        ("Things", b'{"name": "x", "description": "", "Datastreams": [{"@iot.id": 1}]}', 400),
        ("Things(99)/Datastreams", b"{}", 404),
        ("Nothings", b"{}", 404),
        ("Observations", b'{"result": 1}', 400),
        ("Datastreams(1)/Observations", b'{"result": "high"}', 400),
        ("Datastreams(1)/Observations", b'{"result": 1, "phenomenonTime": "2026-01-01T00:00:00"}', 400),
        ("Datastreams(1)/Observations", b'{"result": 1, "phenomenonTime": "2999-01-01T00:00:00Z"}', 400),
        ("Datastreams(1)/Observations", b'{"result": 1, "resultQuality": "splendid"}', 400),
        ("Locations", b'{"name": "x", "description": "", "encodingType": "text/html", "location": "x"}', 400),
        (
            "Locations",
            b"""{"name": "x", "description": "", "encodingType": "application/geo+json",
                 "location": {"type": "Point", "coordinates": [1270000, 560000]}}""",
            400,
        ),
        ("Things(1)", b"{}", 501),
        ("CreateObservations", b"{}", 501),
    ],
)
def test_every_refusal_of_a_write_is_a_problem_document_and_writes_nothing(
    gauges: httpx.Client, path: str, body: bytes, status: int
) -> None:
    before = [get(gauges, name) for name in KINDS]
    answer = gauges.post(path, content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["detail"]
    assert [get(gauges, name) for name in KINDS] == before


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_changing_is_not_offered_and_says_so(gauges: httpx.Client, method: str) -> None:
    answer = gauges.request(method, "Things(1)", content=b'{"name": "other"}')
    assert (answer.status_code, answer.json()["type"]) == (501, "urn:twin:problem:not-offered")
    assert get(gauges, "Things(1)")["name"] == "cầu 11"


def test_only_integrators_and_administrators_write(service: httpx.Client, store: Store) -> None:
    for role in ("citizen", "planner", "operator"):
        answer = service.post("Things", json=thing("x"), headers={"X-Twin-Role": role})
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:twin:problem:forbidden")
    assert store.last_seq() == 0
    answer = service.post("Things", json=thing("x"), headers={"X-Twin-Role": "administrator"})
    assert answer.status_code == 201


class TestClosed:
    @pytest.fixture
    def mode(self) -> AccessMode:
        return AccessMode.CLOSED

    def test_a_closed_twin_takes_nothing_from_strangers_and_shows_them_what_is_public(
        self, service: httpx.Client, store: Store
    ) -> None:
        store.create_entities("Things", json.loads(json.dumps(thing("hidden"))), SOURCE)
        assert service.post("Things", json=thing("x")).status_code == 401
        assert all(get(service, name)["value"] == [] for name in KINDS)
        hidden, absent = service.get("Things(1)"), service.get("Things(2)")
        assert (hidden.status_code, hidden.content) == (404, absent.content)
