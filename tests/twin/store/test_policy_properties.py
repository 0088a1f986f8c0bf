"""Under any policy, what a viewer gets is what the administrator gets, filtered by the policy's definition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box, mapping, shape
from support import day

from twin.errors import NotFoundError
from twin.model.layer import Feature, FeatureChange, Field, FieldType, Layer, LayerKind, Source
from twin.model.policy import DEFAULT, from_json, to_json
from twin.model.record import Put
from twin.model.secrecy import Secrecy, judge
from twin.model.view import ADMINISTRATOR, Access, Role, View, Viewer
from twin.store.embedded.store import EmbeddedStore
from twin.types import BBox

VIEWER = Viewer("someone", Role.PLANNER)
LAYERS = {
    "parcels": (LayerKind.FEATURE, Access.PUBLIC, "planning"),
    "cameras": (LayerKind.FEATURE, Access.STAFF, "cameras"),
    "sightings": (LayerKind.EVENT, Access.PUBLIC, "events"),
}
FIELDS = (Field("code", FieldType.STRING, access=Access.PUBLIC), Field("note", FieldType.STRING, access=Access.STAFF))
CODES = ("ODT", "CQP", "ONT+CAN", "TSC")
EVERYWHERE = BBox(100, 10, 110, 20)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore(tmp_path_factory.mktemp("random") / "city.duckdb", create=True)
    for name, (kind, access, group) in LAYERS.items():
        store.put_layer(Layer(name, name, kind=kind, access=access, group=group, fields=FIELDS))
    yield store
    store.close()


selections = st.lists(st.sampled_from(["*", "parcels", "cameras", "group:events", "group:planning"]), max_size=2)
areas = st.none() | st.builds(
    lambda west, south, size: mapping(box(100 + west, 10 + south, 100 + west + size, 10 + south + size)),
    st.integers(0, 8), st.integers(0, 8), st.integers(1, 9),
)  # fmt: skip
levels = st.sampled_from([s.label for s in Secrecy])
rules = st.fixed_dictionaries(
    {
        "layers": st.just(["*"]) | selections,
        "except": selections.map(lambda chosen: [c for c in chosen if c != "*"][:1]),
        "access": st.sampled_from(["public", "staff"]),
        "clearance": levels,
        "area": areas,
        "area_layers": st.just(["*"]) | selections,
        "hide": st.dictionaries(st.sampled_from(["parcels", "cameras"]), st.just(["code"]), max_size=1),
        "show": st.dictionaries(st.just("parcels"), st.just(["note"]), max_size=1),
    }
)
secrecies = st.lists(
    st.fixed_dictionaries(
        {
            "class": levels,
            "layers": st.just(["*"]) | selections,
            "attributes": st.sampled_from([["*"], ["code"], ["note"]]),
            "codes": st.lists(st.sampled_from(["CQP", "CAN", "TSC", "ODT"]), min_size=1, max_size=2),
        }
    ),
    max_size=3,
)
changes = st.lists(
    st.tuples(
        st.sampled_from(list(LAYERS)), st.integers(0, 4), st.sampled_from(CODES), st.none() | st.sampled_from(CODES),
        st.integers(0, 5), st.none() | st.integers(6, 9), st.none() | st.tuples(st.integers(0, 9), st.integers(0, 9)),
        st.booleans(),
    ),
    max_size=6,
)  # fmt: skip


def write(store: EmbeddedStore, drawn: list[Any]) -> None:
    for name, number, code, note, start, end, place, gone in drawn:
        properties = None if gone else {"code": code, **({} if note is None else {"note": note})}
        where = None if place is None or gone else Point(100 + place[0] + 0.5, 10 + place[1] + 0.5)
        change = FeatureChange(f"f{number}", where, properties, day(start), None if end is None else day(end))
        store.write_features(name, [change], Source("user", "x"))


class Definition:
    """The policy as it is written down, applied to what the administrator sees."""

    def __init__(self, store: EmbeddedStore, body: Any) -> None:
        policies = from_json(body)
        self.rule, self.secrecy = policies.roles[Role.PLANNER], policies.secrecy
        self.area = None if self.rule.area is None else shape(self.rule.area)
        self.layers = {s.layer.name: s.layer for s in store.layers(View(ADMINISTRATOR))}

    def sees_layer(self, name: str) -> bool:
        layer = self.layers[name]
        allowed = self.rule.access is Access.STAFF or layer.access is Access.PUBLIC
        return allowed and self.rule.layers.holds(layer)

    def versions(self, store: EmbeddedStore, name: str) -> list[Feature]:
        layer = self.layers[name]
        judged = [r for r in self.secrecy if r.layers.holds(layer)]
        kept = []
        for fid in sorted(f"f{n}" for n in range(5)):
            versions = store.history(View(ADMINISTRATOR), name, fid)
            for one in versions:
                later = [
                    v for v in versions
                    if v.recorded_to is None
                    and (layer.kind is LayerKind.EVENT or v.valid_to is None or one.valid_from is None
                         or v.valid_to > one.valid_from)
                ]  # fmt: skip
                most = max(judge(judged, v.properties) for v in (one, *later))
                if most <= self.rule.clearance and self._inside(layer, one):
                    kept.append(self._cut(layer, one))
        return kept

    def _inside(self, layer: Layer, one: Feature) -> bool:
        if self.area is None or not self.rule.area_layers.holds(layer):
            return True
        return one.geometry is not None and self.area.intersects(one.geometry)

    def _cut(self, layer: Layer, one: Feature) -> Feature:
        hidden = set(self.rule.hide.get(layer.name, ()))
        if self.rule.access is not Access.STAFF:
            hidden |= {"note"} - set(self.rule.show.get(layer.name, ()))
        fields = {slot: getattr(one, slot) for slot in one.__slots__}
        return Feature(**fields | {"properties": {k: v for k, v in one.properties.items() if k not in hidden}})


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=changes, rule=rules, secrecy=secrecies)
def test_a_viewer_gets_what_the_administrator_gets_filtered(
    store: EmbeddedStore, drawn: list[Any], rule: dict[str, Any], secrecy: list[Any]
) -> None:
    body: Any = to_json(DEFAULT)
    body["roles"]["planner"], body["secrecy"] = rule, secrecy
    store.write_records([Put("policy", "current", {"policy": body})])
    write(store, drawn)  # some rows are judged when they are written, the others when the policy came
    wanted = Definition(store, body)
    view = View(VIEWER)
    assert {s.layer.name for s in store.layers(view)} == {n for n in LAYERS if wanted.sees_layer(n)}
    for name, (kind, _, _) in LAYERS.items():
        if not wanted.sees_layer(name):
            with pytest.raises(NotFoundError):
                store.features(view, name)
            continue
        versions = wanted.versions(store, name)
        told = [v for n in range(5) for v in store.history(view, name, f"f{n}")]
        assert told == versions
        now = [v for v in versions if v.recorded_to is None]
        always = {v.fid for v in now}
        assert {f.fid for f in store.features(view, name, interval=(None, None))} == always
        assert store.count_features(view, name, interval=(None, None)) == len(always)
        placed = {v.fid for v in now if v.geometry is not None}
        assert {f.fid for f in store.features(view, name, interval=(None, None), bbox=EVERYWHERE)} == placed
        if kind is LayerKind.FEATURE:
            at = View(VIEWER, day(3))
            held = [v for v in now if v.valid_from <= day(3) and (v.valid_to is None or v.valid_to > day(3))]
            assert store.features(at, name) == held
            summary = store.layer(at, name)
            assert summary.count == len(held)
            boxes = [v.geometry.bounds for v in held if v.geometry is not None]
            extent = summary.extent.tuple() if summary.extent is not None else None
            lows_highs = list(zip(*boxes, strict=True))
            assert extent == ((*map(min, lows_highs[:2]), *map(max, lows_highs[2:])) if boxes else None)
