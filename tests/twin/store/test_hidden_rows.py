"""Hidden rows: a store that holds them answers whoever may not see them like one that never did.

Two stores are written by the same clock, one of them without the rows. Every reading method, found by reflection, is
asked the same of both; the answers are compared byte by byte.
"""

from __future__ import annotations

import inspect
import pickle
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import Point, box, mapping
from support import day

from twin.errors import TwinError
from twin.model.layer import FeatureChange, Field, FieldType, Layer, LayerKind, RasterItem, Source
from twin.model.link import LinkRule, Relation
from twin.model.policy import DEFAULT, Policies, RoleRule, to_json
from twin.model.query import Compare, EntityQuery, Value
from twin.model.query import Path as Attribute
from twin.model.record import Put
from twin.model.secrecy import Secrecy
from twin.model.thing import DatastreamSpec, DeviceSpec, ObservationIn, ObservedProperty, ThingSpec
from twin.model.time import to_us
from twin.model.view import CITIZEN, Access, Role, View, Viewer
from twin.store.base import Store
from twin.store.embedded import database
from twin.store.embedded.store import EmbeddedStore
from twin.types import BBox, LonLat

WEST, SOUTH = 106.9, 11.5
AREA = box(106.8, 11.4, 106.9105, 11.6)
"""Ends in the middle of what is planted; whatever is secret stands in the east."""
REVIEWER = Viewer("reviewer", Role.REVIEWER)
OFFICER = Viewer("officer", Role.DUTY_OFFICER)
END = day(30)
"""When both stores are asked."""

LIMITED = Policies(
    {**DEFAULT.roles, Role.REVIEWER: RoleRule(access=Access.STAFF, clearance=Secrecy.RESTRICTED, area=mapping(AREA))},
    DEFAULT.secrecy,
)


class Clock:
    """The stores' clock, which stands still until it is set."""

    def __init__(self) -> None:
        self.now = day(10)

    def us(self) -> int:
        return to_us(self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(database, "wall_us", clock.us)
    return clock


def parcel(number: int, **more: Any) -> FeatureChange:
    """Parcels stand side by side from west to east."""
    shape = box(WEST + number * 0.001, SOUTH, WEST + (number + 1) * 0.001, SOUTH + 0.001)
    return FeatureChange(f"p{number:02}", shape, {"name": f"thửa {number}", "purpose": "ODT", **more}, day(0))


def gauge(number: int, name: str, **more: Any) -> ThingSpec:
    return ThingSpec(
        "gauges", name, f"Trạm {name}", "", Point(WEST + number * 0.001 + 0.0005, SOUTH + 0.0005), more, day(0),
        datastreams=(DatastreamSpec("level", "Mực nước", ObservedProperty("water_level")),),
        devices=(DeviceSpec(f"dev-{name}", "frigate"),),
    )  # fmt: skip


def build(path: Path, clock: Clock, *, secret: bool) -> Store:
    """A small city; with ``secret``, parcels 12 to 15, an event and a gauge among them are of national defence."""
    clock.now = day(10)
    store = EmbeddedStore(path, create=True)

    def write(*args: Any, **kwargs: Any) -> None:
        clock.now += timedelta(hours=1)
        store.write_features(*args, **kwargs)

    name = Field("name", FieldType.STRING, "Tên")
    purpose = Field("purpose", FieldType.STRING, "Mục đích")
    store.put_layer(Layer("parcels", "Thửa đất", geometry_type="Polygon", access=Access.PUBLIC, fields=(name, purpose)))
    land = Field("land", FieldType.STRING, access=Access.STAFF)
    store.put_layer(Layer("gauges", "Trạm", geometry_type="Point", access=Access.PUBLIC, fields=(name, land)))
    store.put_layer(Layer("notes", "Ghi chú", geometry_type="Point", access=Access.PUBLIC, fields=(name,)))
    store.put_layer(Layer("grids", "Lưới", kind=LayerKind.RASTER, geometry_type="", access=Access.PUBLIC))
    store.put_layer(Layer("sightings", "Sự kiện", kind=LayerKind.EVENT, geometry_type="Point", access=Access.PUBLIC))
    store.put_link_rule(LinkRule("gauge_parcel", "gauges", "parcels", Relation.WITHIN))
    store.write_records([Put("policy", "current", {"policy": to_json(LIMITED)})])
    hidden = [parcel(n, purpose=code) for n, code in ((12, "CQP"), (13, "ONT+CQP"), (14, "CAN"), (15, "cqp; CLN"))]
    write("parcels", [parcel(n) for n in range(10)] + (hidden if secret else []), Source("file", "ban-do.gpkg"))
    write("parcels", [parcel(3, name="thửa ba")], Source("user", "sửa"))
    event = FeatureChange("e1", Point(WEST, SOUTH), {"name": "xe"}, day(1), day(2))
    drill = FeatureChange("e2", Point(WEST + 0.0125, SOUTH), {"name": "đất quốc phòng"}, day(1), day(1))
    write("sightings", [event] + ([drill] if secret else []), Source("connector", "mqtt"))
    write("notes", [FeatureChange("n1", Point(WEST, SOUTH), {"name": "ghi chú"}, day(0))], Source("user", "ghi"))
    clock.now += timedelta(hours=1)
    register(store, clock, gauge(1, "g1"), 1.0)
    grid = RasterItem("grids", "0" * 64, "EPSG:4326", BBox(106.9, 11.5, 106.905, 11.501), day(0), None, "m", 0, 1)
    store.put_rasters([grid], Source("simulation", "ngập"))
    if secret:
        write(
            "parcels", [parcel(12, name="SECRET", purpose="CQP"), parcel(16, purpose="CAN")], Source("file", "SECRET")
        )
        write("parcels", [FeatureChange("p13", valid_from=day(5))], Source("file", "SECRET end"))
        write(
            "sightings",
            [FeatureChange("e3", Point(WEST + 0.0135, SOUTH), {"name": "CAN"}, day(3), day(3))],
            Source("file", "SECRET"),
        )
        clock.now += timedelta(hours=1)
        register(store, clock, gauge(14, "SECRET", land="CQP"), 8123.75)
    clock.now = END
    return store


def register(store: Store, clock: Clock, spec: ThingSpec, value: float) -> None:
    (ids,) = store.register_things([spec], Source("file", f"thiết bị {spec.uid}"))
    clock.now += timedelta(hours=1)
    batch = [ObservationIn(ids.datastreams["level"], day(n), value + n) for n in range(3)]
    store.record_observations(batch, Source("connector", f"mqtt {spec.uid}"))
    clock.now += timedelta(hours=1)
    store.record_observations([ObservationIn(ids.datastreams["level"], day(1), value)], Source("connector", "mqtt"))


def asks(name: str) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Every way a reading method is asked, about what is hidden and about what is seen."""
    span, everywhere = (day(0), day(20)), BBox(106, 11, 108, 12)
    where = Compare("eq", Attribute(("purpose",)), Value("CQP"))
    fids = [("parcels", f"p{n:02}") for n in (1, 3, 12, 13, 14, 99)] + [("gauges", "g1"), ("gauges", "SECRET"),
            ("sightings", "e1"), ("sightings", "e2"), ("sightings", "e3")]  # fmt: skip
    layers = ("parcels", "gauges", "notes", "sightings")
    sets = ("Things", "Locations", "HistoricalLocations", "Datastreams", "Sensors", "ObservedProperties",
            "Observations", "FeaturesOfInterest")  # fmt: skip
    ways: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
        "resolve": [((), {})],
        "policy_key": [((), {})],
        "layers": [((), {})],
        "layer": [((layer,), {}) for layer in (*layers, "grids")],
        "features": [
            ((layer,), more)
            for layer in layers
            for more in ({}, {"interval": span}, {"interval": (None, None)}, {"bbox": everywhere},
                         {"limit": 3, "offset": 9}, {"bbox": BBox(106.9115, 11.5005, 106.9116, 11.5006)},
                         {"fids": ["p12", "SECRET", "e2", "p01"]})
        ] + [(("parcels",), {"where": where}), (("parcels",), {"where": where, "interval": (None, None)})],
        "count_features": [
            ((layer,), more) for layer in layers for more in ({}, {"interval": span}, {"bbox": everywhere})
        ] + [(("parcels",), {"where": where})],
        "history": [(pair, {}) for pair in fids],
        "within": [((LonLat(106.9145, 11.5005), metres), {"event_window_s": 1e7}) for metres in (50.0, 5000.0)],
        "search": [(("thua",), {"limit": 50}), (("secret",), {}), (("quoc phong",), {}), (("thua 14",), {})],
        "rasters": [(("grids",), {})],
        "raster_times": [(("grids",), {})],
        "links": [(pair, {}) for pair in fids if pair[0] != "sightings"],
        "thing": [(("gauges", "g1"), {}), (("gauges", "SECRET"), {})],
        "datastreams": [((), {}), ((), {"ids": [1, 2]}), ((), {"thing": 2}), ((), {"layer": "gauges"}),
                        ((), {"observed_property": "water_level"})],
        "devices": [((), {})],
        "observations": [((n,), {}) for n in (1, 2, 3)],
        "observation_history": [((n,), {}) for n in range(1, 8)],
        "latest": [((), {}), (([1, 2],), {})],
        "series": [((n,), {"start": day(0), "end": day(9)}) for n in (1, 2)],
        "counters": [],
        "quarantined": [((), {})],
        "entities": [((EntityQuery(((kind, None),), count=True, expand=expand),), {}) for kind in sets
                     for expand in ((), *(((way, EntityQuery(())),) for way in ways_of(kind)))]
        + [((EntityQuery(((kind, n),)),), {}) for kind in sets for n in (1, 2, 5)],
        "source": [((n,), {}) for n in range(1, 15)],
        "sources": [((), {}), ((), {"kind": "file"})],
        "changes": [((0,), {}), ((5,), {})],
        "breakpoints": [(([layer], *span), {}) for layer in (*layers, "grids")],
    }  # fmt: skip
    return ways[name]


def ways_of(kind: str) -> tuple[str, ...]:
    return {"Things": ("Datastreams", "Locations"), "Datastreams": ("Thing", "Observations")}.get(kind, ())


def reading_methods() -> list[str]:
    """Every method of the contract whose first argument is a View: a new one is walked by itself."""
    return [
        name
        for name, method in inspect.getmembers(Store, inspect.isfunction)
        if "view" in inspect.signature(method).parameters
    ]


def told(store: Store, name: str, view: View, args: tuple[Any, ...], kwargs: dict[str, Any]) -> object:
    try:
        found = getattr(store, name)(view, *args, **kwargs)
    except TwinError as exc:
        return type(exc), str(exc)
    if name == "changes":
        found = [c for c in found if c.layer]  # staff hear that something was committed that is on no layer
    return pickle.dumps(found)


def moments() -> list[tuple[datetime | None, datetime]]:
    return [(None, END), (day(4), END), (day(1) + timedelta(minutes=1), END), (day(4), day(10) + timedelta(hours=1.5))]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The city with the rows and the one without."""
    with pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        patch.setattr(database, "wall_us", clock.us)
        folder = tmp_path_factory.mktemp("pair")
        stores = [build(folder / f"{secret}.duckdb", clock, secret=secret) for secret in (True, False)]
        yield stores
        for store in stores:
            store.close()


@pytest.mark.parametrize("viewer", [CITIZEN, REVIEWER], ids=["by secrecy", "by area"])
@pytest.mark.parametrize("name", reading_methods())
def test_hidden_rows_are_answered_to_the_byte_like_rows_that_never_were(
    pair: list[Store], name: str, viewer: Viewer
) -> None:
    holding, without = pair
    for args, kwargs in asks(name):
        for at, known_at in moments():
            view = View(viewer, at, known_at)
            assert told(holding, name, view, args, kwargs) == told(without, name, view, args, kwargs), (
                args,
                kwargs,
                at,
            )


def test_who_is_cleared_sees_them_all(pair: list[Store]) -> None:
    holding, _ = pair
    view = View(OFFICER, None, END)
    assert holding.count_features(view, "parcels") == 14
    assert holding.layer(view, "parcels").extent == BBox(WEST, SOUTH, WEST + 0.017, SOUTH + 0.001)
    assert [f.fid for f in holding.search(view, "SECRET")] == ["p12", "SECRET"]
    assert [o.result for o in holding.observations(view, 2)][-1] == 8125.75
    assert "SECRET" in {s.name for s in holding.sources(view)}
    assert len(holding.links(view, "gauges", "SECRET")) == 1


def test_the_two_cities_differ_for_who_is_cleared_in_every_method_that_reads_rows(pair: list[Store]) -> None:
    holding, without = pair
    same = {
        name
        for name in reading_methods()
        if all(
            told(holding, name, View(OFFICER, at, END), args, kwargs)
            == told(without, name, View(OFFICER, at, END), args, kwargs)
            for args, kwargs in asks(name)
            for at in (None, day(4))
        )
    }
    assert same == {"resolve", "policy_key", "rasters", "raster_times", "counters", "quarantined"}


@pytest.fixture
def city(tmp_path: Path, clock: Clock) -> Any:
    store = build(tmp_path / "city.duckdb", clock, secret=False)
    yield store
    store.close()


def seen(store: Store, view: View, **more: Any) -> set[str]:
    return {f.fid for f in store.features(view, "parcels", **more)}


def test_what_becomes_restricted_is_not_found_in_its_past(city: Store, clock: Clock) -> None:
    before = city.layer(View(CITIZEN, None, END), "parcels")
    clock.now = day(31)
    change = parcel(4, purpose="CQP")
    city.write_features(
        "parcels", [FeatureChange("p04", change.geometry, change.properties, day(20))], Source("user", "x")
    )
    clock.now = day(32)
    for at, known_at in ((None, None), (day(5), None), (day(5), END), (None, END)):
        assert "p04" not in seen(city, View(CITIZEN, at, known_at))
        assert "p04" in seen(city, View(OFFICER, at, known_at))
    assert city.history(View(CITIZEN), "parcels", "p04") == []
    after = city.layer(View(CITIZEN), "parcels")
    assert (before.count, after.count) == (10, 9)
    assert after.revision == before.revision + 1, "a tile kept under the number before still shows it"
    (change,) = [c for c in city.changes(View(CITIZEN), city.last_seq() - 1) if c.layer == "parcels"]
    assert change.items == (), "whoever listens reads again, and is told no name"


def test_what_is_released_is_seen_from_then_on_and_not_before(city: Store, clock: Clock) -> None:
    clock.now = day(31)
    shape = parcel(20).geometry
    for code, since in (("CAN", day(0)), ("ODT", day(15))):
        city.write_features("parcels", [FeatureChange("p20", shape, {"purpose": code}, since)], Source("user", "x"))
        clock.now += timedelta(hours=1)
    assert "p20" in seen(city, View(CITIZEN, day(16)))
    assert "p20" not in seen(city, View(CITIZEN, day(14)))
    assert [v.properties["purpose"] for v in city.history(View(CITIZEN), "parcels", "p20")] == ["ODT"]


def test_hiding_and_releasing_never_gives_a_revision_twice(city: Store, clock: Clock) -> None:
    clock.now = day(31)
    known: dict[int, set[str]] = {}
    steps = ["CQP", "ODT", "CAN", "CAN", "ODT", "ODT", "CQP"]
    for code in steps:
        city.write_features("parcels", [parcel(4, purpose=code)], Source("user", "x"))
        clock.now += timedelta(hours=1)
        revision, found = city.layer(View(CITIZEN), "parcels").revision, seen(city, View(CITIZEN))
        assert known.setdefault(revision, found) == found
        assert max(known) == revision


def test_a_newly_imported_layer_is_judged_whatever_its_attributes_are_called(city: Store, clock: Clock) -> None:
    layer = Layer("import_1", "Nhập", access=Access.PUBLIC, fields=(Field("LOAIDAT", FieldType.STRING),))
    changes = [FeatureChange(str(n), Point(106.9, 11.5), {"LOAIDAT": code}) for n, code in enumerate(("CQP", "ODT"))]
    city.write_features("import_1", changes, Source("file", "x.gpkg"), define=layer)
    assert [f.fid for f in city.features(View(CITIZEN), "import_1")] == ["1"]
    assert city.count_features(View(OFFICER), "import_1") == 2


def test_an_attribute_that_only_hidden_rows_brought_is_not_announced(city: Store, clock: Clock) -> None:
    clock.now = day(31)
    before = city.last_seq()
    city.write_features("parcels", [parcel(60, purpose="CQP", bunker="sâu 12 m")], Source("user", "x"))
    assert city.changes(View(CITIZEN), before) == []
    assert {c.kind for c in city.changes(View(OFFICER), before)} == {"feature", "layer"}


def publish(store: Store, policies: Policies) -> None:
    store.write_records([Put("policy", "current", {"policy": to_json(policies)})])


def test_a_policy_holds_from_the_commit_that_publishes_it(city: Store, clock: Clock) -> None:
    keys = {role: city.policy_key(View(Viewer("x", role))) for role in Role}
    clock.now = day(31)
    publish(city, Policies({**LIMITED.roles, Role.CITIZEN: RoleRule(clearance=Secrecy.RESTRICTED)}, LIMITED.secrecy))
    assert all(city.policy_key(View(Viewer("x", role))) != keys[role] for role in Role)
    clock.now = day(32)
    city.write_features("parcels", [parcel(30, purpose="CQP")], Source("user", "x"))
    assert "p30" in seen(city, View(CITIZEN))
    clock.now = day(33)
    publish(city, LIMITED)
    assert "p30" not in seen(city, View(CITIZEN))


def test_a_policy_and_rows_in_one_commit_are_judged_by_that_policy(city: Store, clock: Clock) -> None:
    clock.now = day(31)
    secrecy = (LIMITED.secrecy[0].__class__(Secrecy.INTERNAL, codes=("ODT",)),)
    body = {"policy": to_json(Policies(LIMITED.roles, secrecy))}
    city.along([Put("policy", "current", body)], "write_features", "parcels", [parcel(40)], Source("user", "x"))
    assert seen(city, View(CITIZEN)) == set()
    assert len(seen(city, View(OFFICER))) == 11


def test_a_policy_that_is_none_is_refused_and_the_old_one_holds(city: Store) -> None:
    with pytest.raises(TwinError, match="mayor"):
        city.write_records([Put("policy", "current", {"policy": {"roles": {"mayor": {}}, "secrecy": []}})])
    assert len(seen(city, View(CITIZEN))) == 10


def test_a_policy_outlives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "again.duckdb"
    store = EmbeddedStore(path, create=True)
    store.put_layer(Layer("parcels", "Thửa đất", access=Access.PUBLIC))
    publish(store, Policies({**DEFAULT.roles, Role.CITIZEN: RoleRule(area=mapping(AREA))}, ()))
    store.write_features("parcels", [parcel(2, purpose="CQP"), parcel(25)], Source("user", "x"))
    key = store.policy_key(View(CITIZEN))
    store.close()
    store = EmbeddedStore(path)
    assert store.policy_key(View(CITIZEN)) == key
    assert seen(store, View(CITIZEN)) == {"p02"}
    store.close()


def test_a_layer_as_a_whole_can_have_a_class(city: Store, clock: Clock) -> None:
    clock.now = day(31)
    body = to_json(LIMITED)
    body["secrecy"].append({"class": "internal", "layers": ["grids"], "every": True})  # type: ignore[union-attr]
    city.write_records([Put("policy", "current", {"policy": body})])
    assert "grids" not in {s.layer.name for s in city.layers(View(CITIZEN))}
    assert "grids" in {s.layer.name for s in city.layers(View(OFFICER))}


def test_a_rule_for_a_group_follows_a_layer_into_it(city: Store, clock: Clock) -> None:
    clock.now = day(31)
    body = to_json(LIMITED)
    body["secrecy"] = [{"class": "internal", "layers": ["group:planning"], "codes": ["ODT"]}]
    city.write_records([Put("policy", "current", {"policy": body})])
    assert len(seen(city, View(CITIZEN))) == 10
    layer = city.layer(View(OFFICER), "parcels").layer
    clock.now = day(32)
    city.put_layer(Layer(**{k: getattr(layer, k) for k in layer.__slots__} | {"group": "planning"}))
    assert seen(city, View(CITIZEN)) == set()


def test_attributes_are_hidden_and_shown_by_role(city: Store, clock: Clock) -> None:
    clock.now = day(31)
    roles = {**LIMITED.roles, Role.PLANNER: RoleRule(access=Access.STAFF, hide={"parcels": ("purpose",)})}
    publish(city, Policies(roles, LIMITED.secrecy))
    planner = View(Viewer("p", Role.PLANNER))
    assert set(city.features(planner, "parcels")[0].properties) == {"name"}
    with pytest.raises(TwinError, match="there is no attribute 'purpose'"):
        city.features(planner, "parcels", where=Compare("eq", Attribute(("purpose",)), Value("ODT")))


def test_staff_of_an_area_see_the_report_of_what_they_brought_and_no_other(city: Store, clock: Clock) -> None:
    clock.now = day(31)
    ids = {}
    for actor in (REVIEWER.name, "somebody"):
        source = Source("file", f"{actor}.gpkg", actor=actor, report={"rejected": ["p12"]})
        for number in (3, 40):
            clock.now += timedelta(hours=1)
            ids[actor, number] = city.write_features("parcels", [parcel(number, name=actor)], source).source
    view = View(REVIEWER)
    assert city.source(view, ids[REVIEWER.name, 3]).report["rejected"] == ["p12"]
    assert city.source(view, ids[REVIEWER.name, 40]).report["rejected"] == ["p12"]
    assert city.source(view, ids["somebody", 3]).report == {}
    with pytest.raises(TwinError, match="no source"):
        city.source(view, ids["somebody", 40])


def test_an_area_shows_what_touches_it_and_no_grid_that_reaches_beyond(city: Store, clock: Clock) -> None:
    clock.now = day(31)
    city.write_features(
        "parcels",
        [parcel(10), parcel(11), FeatureChange("nowhere", None, {}, day(0))],
        Source("user", "x"),
    )
    reviewer = View(REVIEWER)
    assert seen(city, reviewer) == {f"p{n:02}" for n in range(11)}
    wide = RasterItem("grids", "1" * 64, "EPSG:4326", BBox(106.9, 11.5, 107, 11.501), day(1), None, "m", 0, 1)
    clock.now = day(32)
    city.put_rasters([wide], Source("simulation", "x"))
    assert city.raster_times(reviewer, "grids") == [day(0)]
    assert city.raster_times(View(OFFICER), "grids") == [day(0), day(1)]


def test_the_owners_socket_keeps_the_policy(tmp_path: Path, clock: Clock) -> None:
    from twin.store.remote import Owner, connect

    store = build(tmp_path / "s.duckdb", clock, secret=True)
    with Owner(store):
        remote = connect(store.path)
        assert remote.policy_key(View(CITIZEN)) == store.policy_key(View(CITIZEN))
        assert seen(remote, View(CITIZEN)) == {f"p{n:02}" for n in range(10)}
        remote.close()
    store.close()


def test_rehearsal_counts_who_gains_and_who_loses_and_keeps_nothing(tmp_path: Path, clock: Clock) -> None:
    store = build(tmp_path / "r.duckdb", clock, secret=True)
    seq, key = store.last_seq(), store.policy_key(View(CITIZEN))
    body = to_json(Policies({**DEFAULT.roles, Role.CITIZEN: RoleRule(hide={"parcels": ("name",)})}, ()))
    found = {(c.role, c.layer.name, c.attribute): (c.gains, c.loses) for c in store.rehearse_policy(body).changes}
    # p12 to p16 (p13 has ended but is known), a gauge, two events; the reviewer's area held 10 parcels and more.
    assert found[Role.CITIZEN, "parcels", ""] == (5, 0)
    assert found[Role.CITIZEN, "parcels", "name"] == (0, 10)
    assert found[Role.CITIZEN, "gauges", ""] == (1, 0)
    assert found[Role.CITIZEN, "sightings", ""] == (2, 0)
    assert found[Role.REVIEWER, "parcels", ""] == (5, 0)
    assert not any(role is Role.PLANNER for role, _, _ in found)
    assert (store.last_seq(), store.policy_key(View(CITIZEN))) == (seq, key)
    assert seen(store, View(CITIZEN)) == {f"p{n:02}" for n in range(10)}
    store.close()


def test_writing_goes_on_after_a_rehearsal(city: Store, clock: Clock) -> None:
    city.rehearse_policy(to_json(DEFAULT))
    clock.now = day(31)
    city.write_features("parcels", [parcel(50, purpose="CAN"), parcel(5)], Source("user", "x"))
    assert len(seen(city, View(CITIZEN))) == 10
