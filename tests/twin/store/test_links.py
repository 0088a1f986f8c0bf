"""Links in space equal their definition at every moment, whatever changed and in which order."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box
from support import SOURCE, citizen, day, staff

from twin.errors import SchemaError
from twin.geo.crs import from_wgs84
from twin.model.layer import FeatureChange, Layer, LayerKind
from twin.model.link import LinkRule, Relation
from twin.model.view import Access
from twin.store.base import Store
from twin.store.embedded.store import EmbeddedStore

LAMP_ROAD = LinkRule("lamp_road", "lamps", "roads", Relation.NEAREST, 30.0)
LAMP_ZONE = LinkRule("lamp_zone", "lamps", "zones", Relation.WITHIN)
ROAD_ZONE = LinkRule("road_zone", "roads", "zones", Relation.INTERSECTS)
STEP = 0.0001
"""About 11 m of latitude."""


def place(store: Store) -> None:
    for name in ("lamps", "roads", "zones"):
        store.put_layer(Layer(name, name, access=Access.PUBLIC))


def shape_of(layer: str, x: int, y: int) -> shapely.Geometry:
    lon, lat = 106.9 + x * STEP, 11.5 + y * STEP
    match layer:
        case "lamps":
            return Point(lon, lat)
        case "roads":
            return shapely.LineString([(lon + STEP / 2, 11.5 - STEP), (lon + STEP / 2, 11.5 + 9 * STEP)])
        case _:
            return box(lon, lat, lon + 4 * STEP, lat + 4 * STEP)


def defined(store: Store, at: datetime, known_at: datetime, rule: LinkRule) -> set[tuple[str, str]]:
    """The definition, computed from the features at that View."""
    view = staff(at, known_at)
    origin = store.features(view, rule.from_layer)
    target = store.features(view, rule.to_layer)
    pairs = set()
    for a in origin:
        measured = []
        (here,) = from_wgs84([a.geometry], "EPSG:32648")
        for b in target:
            (there,) = from_wgs84([b.geometry], "EPSG:32648")
            match rule.relation:
                case Relation.WITHIN if there.contains(here.representative_point()):
                    pairs.add((a.fid, b.fid))
                case Relation.INTERSECTS if here.intersects(there):
                    pairs.add((a.fid, b.fid))
                case Relation.NEAREST if here.distance(there) <= rule.max_distance_m:
                    measured.append((round(here.distance(there), 1), b.fid))
        if measured:
            pairs.add((a.fid, min(measured)[1]))
    return pairs


def stored(store: Store, at: datetime, known_at: datetime, rule: LinkRule) -> set[tuple[str, str]]:
    view = staff(at, known_at)
    return {
        (link.from_fid, link.to_fid)
        for feature in store.features(view, rule.from_layer)
        for link in store.links(view, rule.from_layer, feature.fid)
        if link.rule == rule.name
    }


steps = st.lists(
    st.tuples(
        st.sampled_from(["lamps", "roads", "zones"]),
        st.sampled_from("ab"),
        # Lamps stand at odd places, zones end at even ones, roads run between: nothing lies on a border or equally
        # far from two roads, where the two computations may round apart.
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(0, 3),
        st.one_of(st.none(), st.integers(1, 3)),
        st.booleans(),
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=25, deadline=None)
@given(steps, st.integers(0, 4))
def test_links_equal_their_definition_at_every_view(changes: list[tuple], rules_after: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = EmbeddedStore(Path(folder) / "city.duckdb", create=True)
        place(store)
        known = []
        for number, (layer, fid, x, y, start, length, exists) in enumerate(changes):
            if number == rules_after:
                put_rules(store)
            offset = 1 if layer == "lamps" else 0
            shape = shape_of(layer, 2 * x + offset, 2 * y + offset)
            end = None if length is None else day(start + length)
            change = FeatureChange(fid, shape, {} if exists else None, day(start), end)
            known.append(store.write_features(layer, [change], SOURCE).recorded_at)
        put_rules(store)
        known_at = store.resolve(staff()).known_at
        moments = [known_at] + [k for n, k in enumerate(known) if n > rules_after]
        for moment in moments:
            for number in range(8):
                for rule in (LAMP_ROAD, LAMP_ZONE, ROAD_ZONE):
                    at = day(number + 0.5)
                    assert stored(store, at, moment, rule) == defined(store, at, moment, rule)
        store.close()


def put_rules(store: Store) -> None:
    for rule in (LAMP_ROAD, LAMP_ZONE, ROAD_ZONE):
        store.put_link_rule(rule)


def test_a_link_measures_its_distance(store: Store) -> None:
    place(store)
    store.put_link_rule(LAMP_ROAD)
    store.write_features("roads", [FeatureChange("r", shape_of("roads", 2, 0), {}, day(0))], SOURCE)
    store.write_features("lamps", [FeatureChange("l", shape_of("lamps", 1, 1), {}, day(0))], SOURCE)
    (link,) = store.links(staff(), "lamps", "l")
    # 0.00015 degree of longitude at 11.5 north is 16.37 m
    assert link.measure == pytest.approx(16.37, abs=0.03)
    assert store.links(staff(), "roads", "r") == [link]


def test_links_to_a_hidden_layer_do_not_exist_for_a_citizen(store: Store) -> None:
    place(store)
    store.put_link_rule(LAMP_ZONE)
    store.write_features("zones", [FeatureChange("z", shape_of("zones", 0, 0), {}, day(0))], SOURCE)
    store.write_features("lamps", [FeatureChange("l", shape_of("lamps", 1, 1), {}, day(0))], SOURCE)
    assert len(store.links(citizen(), "zones", "z")) == 1
    store.put_layer(Layer("lamps", "lamps", access=Access.STAFF))
    assert store.links(citizen(), "zones", "z") == []


def test_links_join_features_only(store: Store) -> None:
    place(store)
    store.put_layer(Layer("sightings", "Sự kiện", kind=LayerKind.EVENT))
    with pytest.raises(SchemaError, match="holds events"):
        store.put_link_rule(LinkRule("x", "sightings", "zones", Relation.WITHIN))
