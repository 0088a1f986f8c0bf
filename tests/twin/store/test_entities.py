"""Entities in the store: one truth with things and features, policy inside filters, no filter that breaks it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

import pytest
from expressions import expressions
from hypothesis import given, settings
from shapely.geometry import Point
from support import SOURCE, citizen, day, staff

from twin.errors import InputError
from twin.model.layer import Field, FieldType, Layer
from twin.model.query import Call, Compare, EntityQuery, Expression, Not, Path, Value
from twin.model.thing import DatastreamSpec, ObservationIn, ObservedProperty, ThingSpec
from twin.model.view import Access, View
from twin.store.base import Store
from twin.store.embedded.store import EmbeddedStore

PATHS: dict[str, list[tuple[str, ...]]] = {
    "number": [("id",), ("result",), ("parameters", "x"), ("Datastream", "Thing", "properties", "depth")],
    "text": [
        ("resultQuality", "label"),
        ("result",),
        ("Datastream", "name"),
        ("Datastream", "unitOfMeasurement", "symbol"),
        ("Datastream", "Sensor", "metadata"),
        ("Datastream", "Thing", "properties", "keeper"),
    ],
    "time": [
        ("phenomenonTime",),
        ("resultTime",),
        ("validTime",),
        ("Datastream", "phenomenonTime"),
        ("Datastream", "Thing", "HistoricalLocations", "time"),
    ],
    "boolean": [("result",), ("result", "a"), ("parameters", "x")],
    "shape": [("FeatureOfInterest", "feature"), ("Datastream", "Thing", "Locations", "location")],
}


def plant(store: Store) -> Store:
    fields = (
        Field("name", FieldType.STRING),
        Field("depth", FieldType.NUMBER),
        Field("keeper", FieldType.STRING, access=Access.STAFF),
    )
    store.put_layer(Layer("gauges", "Trạm đo", geometry_type="Point", fields=fields, access=Access.PUBLIC))
    store.put_layer(Layer("cameras", "Camera", geometry_type="Point", fields=fields[:1]))
    level = (DatastreamSpec("level", "Mực nước", ObservedProperty("water_level", "Mực nước")),)
    gauge = ThingSpec(
        "gauges", "g1", "Cầu 11", geometry=Point(106.9, 11.5), properties={"depth": 3, "keeper": "Bình"},
        valid_from=day(0), datastreams=level,
    )  # fmt: skip
    camera = ThingSpec("cameras", "c1", "SECRET", geometry=Point(107, 12), valid_from=day(0), datastreams=level)
    ids = store.register_things([gauge, camera], SOURCE)
    for number, registered in enumerate(ids):
        stream = registered.datastreams["level"]
        store.record_observations([ObservationIn(stream, day(n), n + 10.0 * number) for n in (1, 2)], SOURCE)
    return store


@pytest.fixture
def town(store: Store) -> Store:
    return plant(store)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path: FilePath = tmp_path_factory.mktemp("entities") / "city.duckdb"
    opened = EmbeddedStore(path, create=True)
    yield plant(opened)
    opened.close()


def ask(store: Store, view: View, *path: tuple[str, int | None], where: Expression | None = None) -> list[Any]:
    return list(store.entities(view, EntityQuery(path or (("Things", None),), filter=where)).entities)


def test_a_registered_device_is_a_thing_with_everything_around_it(town: Store) -> None:
    (gauge, _) = ask(town, staff())
    assert (gauge["name"], gauge["@layer"], gauge["@uid"]) == ("Cầu 11", "gauges", "g1")
    (place,) = ask(town, staff(), ("Things", 1), ("Locations", None))
    assert place["location"] == {"type": "Point", "coordinates": [106.9, 11.5]}
    found = ask(town, staff(), ("Things", 1), ("Datastreams", 1), ("Observations", None))
    assert [o["result"] for o in found] == [1, 2]
    (named,) = ask(town, staff(), ("Datastreams", 1), ("ObservedProperty", None))
    assert (named["name"], named["properties"]) == ("water_level", {"title": "Mực nước"})


@pytest.mark.parametrize(
    "where",
    [
        None,
        Compare("gt", Path(("result",)), Value(0)),
        Not(Compare("eq", Path(("result",)), Value(-1))),
        Compare("ne", Path(("Datastream", "Thing", "name")), Value("x")),
        Not(Compare("eq", Path(("FeatureOfInterest", "Observations", "result")), Value(12))),
    ],
)
def test_a_citizen_reads_observations_of_public_layers_only(town: Store, where: Expression | None) -> None:
    assert [o["result"] for o in ask(town, citizen(), ("Observations", None), where=where)] == [1, 2]


def test_shared_entities_do_not_lead_to_what_is_hidden(town: Store) -> None:
    # Both things share the sensor and the observed property.
    assert len(ask(town, staff(), ("ObservedProperties", 1), ("Datastreams", None))) == 2
    assert len(ask(town, citizen(), ("ObservedProperties", 1), ("Datastreams", None))) == 1
    page = town.entities(citizen(), EntityQuery((("Sensors", None),), expand=(("Datastreams", EntityQuery(())),)))
    assert "SECRET" not in repr(page)
    with pytest.raises(Exception, match=r"there is no Datastream\(2\)"):
        ask(town, citizen(), ("Sensors", 1), ("Datastreams", 2))


@pytest.mark.parametrize(
    "where",
    [
        Compare("eq", Path(("properties", "keeper")), Value("Bình")),
        Compare("ne", Path(("properties", "keeper")), Value("An")),
        Call("startswith", (Path(("properties", "keeper")), Value("B"))),
        Compare("ne", Path(("properties", "keeper")), Value(None)),
    ],
)
def test_a_hidden_attribute_can_be_neither_read_nor_asked_about(town: Store, where: Expression) -> None:
    assert ask(town, citizen())[0]["properties"] == {"depth": 3}
    assert ask(town, staff())[0]["properties"] == {"depth": 3, "keeper": "Bình"}
    assert ask(town, citizen(), where=where) == []
    assert [e["id"] for e in ask(town, staff(), where=where)] == [1]


def test_a_public_thing_stays_readable_when_its_order_names_a_hidden_attribute(town: Store) -> None:
    query = EntityQuery((("Things", None),), order_by=((Path(("properties", "keeper")), True),))
    assert [e["id"] for e in town.entities(citizen(), query).entities] == [1]


@settings(max_examples=100, deadline=None)
@given(expressions(PATHS))
def test_no_filter_breaks_the_store(lasting: Store, expression: Expression) -> None:
    for path in ((("Observations", None),), (("Datastreams", 1), ("Observations", None))):
        try:
            page = lasting.entities(staff(), EntityQuery(path, filter=expression, count=True))
        except InputError:
            continue
        assert page.count == len(page.entities)


@settings(max_examples=40, deadline=None)
@given(expressions(PATHS))
def test_a_filter_and_its_contrary_make_up_the_whole(lasting: Store, expression: Expression) -> None:
    try:
        chosen = [
            {e["id"] for e in ask(lasting, staff(), ("Observations", None), where=where)}
            for where in (expression, Not(expression))
        ]
    except InputError:
        return
    assert chosen[0] | chosen[1] == {1, 2, 3, 4}
    assert not chosen[0] & chosen[1]
