"""One hidden layer and one hidden attribute: no reading method tells a citizen anything of either."""

from __future__ import annotations

import inspect
import pickle
from datetime import timedelta

import pytest
from shapely.geometry import Point, box
from support import SOURCE, citizen, day, staff

from twin.errors import TwinError
from twin.model.layer import FeatureChange, Layer, LayerKind, RasterItem, Source
from twin.model.link import LinkRule, Relation
from twin.model.query import Compare, EntityQuery, Path, Value
from twin.model.thing import DatastreamSpec, DeviceSpec, ObservationIn, ObservedProperty, QuarantineIn, ThingSpec
from twin.store.base import Store
from twin.types import BBox, LonLat

HIDDEN_LAYER = "cameras"
MARKS = (b"cameras", b"Camera", b"SECRET", b"owner_note", b"8123.75")
"""The hidden layer's name and title, every hidden text, the hidden attribute's name, a hidden result."""

INTERVAL = (day(0), day(9))
BOX = BBox(106, 11, 107, 12)


@pytest.fixture
def planted(city: Store) -> Store:
    city.put_layer(Layer("grids", "Lưới", kind=LayerKind.RASTER, geometry_type=""))
    city.put_link_rule(LinkRule("camera_parcel", HIDDEN_LAYER, "parcels", Relation.WITHIN, title="SECRET link"))
    shape = box(106.9, 11.5, 106.901, 11.501)
    properties = {"name": "thửa 1", "area": 5.0, "owner_note": "SECRET note"}
    city.write_features("parcels", [FeatureChange("p1", shape, properties, day(0))], SOURCE)
    secret = Source("connector", "SECRET connector", actor="SECRET person", report={"x": "SECRET report"})
    spec = ThingSpec(
        HIDDEN_LAYER,
        "SECRET-cam",
        "SECRET camera",
        "SECRET description",
        Point(106.9005, 11.5005),
        {"model": "SECRET model"},
        day(0),
        datastreams=(DatastreamSpec("SECRET-key", "SECRET stream", ObservedProperty("SECRET-property")),),
        devices=(DeviceSpec("SECRET-address", "frigate"),),
    )
    (ids,) = city.register_things([spec], secret)
    stream = ids.datastreams["SECRET-key"]
    city.record_observations(
        [ObservationIn(stream, day(1), 1.0), ObservationIn(stream, day(2), 8123.75)],
        secret,
        quarantine=[QuarantineIn("SECRET connector", "SECRET topic", b"SECRET", "SECRET", day(1))],
    )
    city.record_observations([ObservationIn(stream, day(2), 8123.75)], secret)
    city.write_features("sightings", [FeatureChange("e1", Point(106.9, 11.5), {}, day(1), day(1))], SOURCE)
    city.put_rasters([RasterItem("grids", "0" * 64, "EPSG:4326", BOX, day(0), None, "m", 0, 1)], SOURCE)
    city.add_source(Source("file", "SECRET file", actor="SECRET person"))
    return city


def calls(name: str) -> list[tuple[tuple[object, ...], dict[str, object]]]:
    """Every way a reading method is asked, about what is hidden and about what is seen."""
    ways: dict[str, list[tuple[tuple[object, ...], dict[str, object]]]] = {
        "resolve": [((), {})],
        "layers": [((), {})],
        "layer": [(("parcels",), {}), ((HIDDEN_LAYER,), {})],
        "features": [
            (("parcels",), {}),
            (("parcels",), {"interval": INTERVAL, "bbox": BOX}),
            (("parcels",), {"fids": ["p1"]}),
            (("parcels",), {"where": Compare("eq", Path(("owner_note",)), Value("x"))}),
            ((HIDDEN_LAYER,), {}),
            ((HIDDEN_LAYER,), {"interval": INTERVAL}),
        ],
        "count_features": [
            (("parcels",), {}),
            (("parcels",), {"where": Compare("eq", Path(("owner_note",)), Value("x"))}),
            ((HIDDEN_LAYER,), {}),
        ],
        "history": [(("parcels", "p1"), {}), ((HIDDEN_LAYER, "c"), {})],
        "within": [((LonLat(106.9005, 11.5005), 500.0), {}), ((LonLat(106.9, 11.5), 9.0), {"layers": [HIDDEN_LAYER]})],
        "search": [(("secret",), {}), (("camera",), {}), (("thua",), {})],
        "rasters": [(("grids",), {}), ((HIDDEN_LAYER,), {})],
        "raster_times": [(("grids",), {}), ((HIDDEN_LAYER,), {})],
        "links": [(("parcels", "p1"), {}), ((HIDDEN_LAYER, "c"), {})],
        "thing": [((HIDDEN_LAYER, "c"), {}), (("gauges", "g1"), {})],
        "datastreams": [((), {}), ((), {"ids": [1]}), ((), {"thing": 1}), ((), {"layer": HIDDEN_LAYER}),
                        ((), {"observed_property": "SECRET-property"})],
        "devices": [((), {})],
        "observations": [((1,), {}), ((1,), {"limit": 1, "newest_first": True})],
        "observation_history": [((1,), {}), ((2,), {})],
        "latest": [((), {}), (([1],), {})],
        "series": [((1,), {"start": day(0), "end": day(9)})],
        "counters": [((), {})],
        "quarantined": [((), {}), ((), {"replayed": True})],
        "entities": [
            ((EntityQuery(((kind, None),), count=True),), {})
            for kind in ("Things", "Locations", "HistoricalLocations", "Datastreams", "Sensors",
                         "ObservedProperties", "Observations", "FeaturesOfInterest")
        ] + [((EntityQuery((("Things", 1),)),), {})],
        "source": [((n,), {}) for n in range(1, 8)],
        "sources": [((), {}), ((), {"kind": "connector"})],
        "changes": [((0,), {})],
        "breakpoints": [((["parcels"], *INTERVAL), {}), (([HIDDEN_LAYER], *INTERVAL), {})],
        "policy_key": [((), {})],
    }  # fmt: skip
    return ways[name]


def reading_methods() -> list[str]:
    """Every method of the contract whose first argument is a View: a new one is walked by itself."""
    return [
        name
        for name, method in inspect.getmembers(Store, inspect.isfunction)
        if "view" in inspect.signature(method).parameters
    ]


def answer(store: Store, name: str, view, args: tuple[object, ...], kwargs: dict[str, object]) -> bytes:
    try:
        return pickle.dumps(getattr(store, name)(view, *args, **kwargs), protocol=0)
    except TwinError as exc:
        # What the caller asked with is theirs to see again; everything else in the text is ours.
        text = str(exc)
        for own in (HIDDEN_LAYER, "owner_note", "SECRET-property"):
            text = text.replace(repr(own), "''")
        return text.encode()


@pytest.mark.parametrize("name", reading_methods())
def test_no_reading_method_tells_a_citizen_what_is_hidden(planted: Store, name: str) -> None:
    if not hasattr(planted, name):
        pytest.fail(f"{name} is in the contract but not in the store")
    for args, kwargs in calls(name):
        for at in (None, day(3), day(2) + timedelta(minutes=1)):
            view = citizen(at)
            told = answer(planted, name, view, args, kwargs).replace(pickle.dumps(view, protocol=0), b"")
            for mark in MARKS:
                assert mark not in told, f"{name}{args}{kwargs} told a citizen {mark!r}"


def test_staff_are_told_all_of_it(planted: Store) -> None:
    told = b"".join(
        answer(planted, name, staff(day(3)), args, kwargs) for name in reading_methods() for args, kwargs in calls(name)
    )
    for mark in MARKS:
        assert mark in told


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("layer", ()),
        ("features", ()),
        ("count_features", ()),
        ("history", ("x",)),
        ("rasters", ()),
        ("raster_times", ()),
        ("links", ("x",)),
        ("thing", ("x",)),
    ],
)
def test_a_hidden_layer_is_answered_like_one_that_never_was(planted: Store, name: str, args: tuple[str, ...]) -> None:
    texts = []
    for layer in (HIDDEN_LAYER, "neverwas"):
        with pytest.raises(TwinError) as caught:
            getattr(planted, name)(citizen(), layer, *args)
        texts.append((type(caught.value), str(caught.value).replace(layer, "…")))
    assert texts[0] == texts[1]


def test_a_hidden_attribute_is_answered_like_one_that_never_was(planted: Store) -> None:
    texts = []
    for attribute in ("owner_note", "neverwas__"):
        with pytest.raises(TwinError) as caught:
            planted.features(citizen(), "parcels", where=Compare("eq", Path((attribute,)), Value("SECRET note")))
        texts.append(str(caught.value).replace(attribute, "…"))
    assert texts[0] == texts[1]


def test_hiding_a_layer_hides_its_past_too(planted: Store) -> None:
    known_at = planted.resolve(citizen()).known_at
    layer = planted.layer(staff(), "parcels").layer
    hidden = {k: getattr(layer, k) for k in layer.__slots__} | {"access": type(layer.access).STAFF}
    planted.put_layer(Layer(**hidden))
    with pytest.raises(TwinError, match="no layer"):
        planted.features(citizen(known_at=known_at), "parcels")
