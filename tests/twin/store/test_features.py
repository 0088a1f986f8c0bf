"""Features, events and layers: what is written is what is read, and bad input is refused whole."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest
from shapely import from_wkt
from shapely.geometry import LineString, Point, Polygon, box
from support import SOURCE, citizen, day, staff

from twin.errors import ConflictError, CrsError, NotFoundError, SchemaError, TimeError
from twin.model.layer import FeatureChange, Layer, LayerKind
from twin.model.query import And, Call, Compare, Not, Path, Value
from twin.store.base import Store
from twin.types import BEGINNING, BBox, LonLat

with np.errstate(invalid="ignore"):
    NOT_FINITE = from_wkt("POLYGON ((0 0, 1 nan, 1 1, 0 0))")
SQUARE = box(106.90, 11.50, 106.901, 11.501)


def parcel(fid: str, shape: Polygon = SQUARE, **properties: object) -> FeatureChange:
    return FeatureChange(fid, shape, {"name": fid, **properties}, day(0))


def test_a_feature_comes_back_as_it_went_in(city: Store) -> None:
    city.write_features("parcels", [parcel("p1", area=120.5)], SOURCE)
    (feature,) = city.features(staff(), "parcels")
    assert feature.geometry.equals(SQUARE)
    assert feature.properties == {"name": "p1", "area": 120.5}
    assert (feature.valid_from, feature.valid_to, feature.recorded_to) == (day(0), None, None)


def test_vn2000_geometry_is_kept_as_delivered_and_served_as_wgs84(city: Store) -> None:
    # EPSG:9212 (560000, 1280000) -> 106.80194215, 11.57397701: published test vector, EPSG:6960
    city.write_features("gauges", [FeatureChange("g", Point(560000, 1280000), {}, day(0), crs="EPSG:9212")], SOURCE)
    (feature,) = city.features(staff(), "gauges")
    assert feature.crs == "EPSG:9212"
    assert feature.geometry.x == pytest.approx(106.80194215, abs=1e-8)
    assert feature.geometry.y == pytest.approx(11.57397701, abs=1e-8)


def test_a_feature_holds_from_its_beginning_until_its_end(city: Store) -> None:
    city.write_features("parcels", [parcel("p1")], SOURCE)
    city.write_features("parcels", [FeatureChange("p1", valid_from=day(10))], SOURCE)
    assert city.count_features(staff(day(0)), "parcels") == 1
    assert city.count_features(staff(day(10)), "parcels") == 0
    assert city.count_features(staff(day(-0.001)), "parcels") == 0


def test_a_fact_of_unknown_beginning_holds_since_always(city: Store) -> None:
    city.write_features("parcels", [FeatureChange("p1", SQUARE, {}, BEGINNING)], SOURCE)
    (feature,) = city.features(staff(day(-100_000)), "parcels")
    assert feature.valid_from is None


def test_only_if_changed_writes_nothing_the_second_time(city: Store) -> None:
    first = city.write_features("parcels", [parcel("p1"), parcel("p2")], SOURCE, only_if_changed=True)
    again = city.write_features("parcels", [parcel("p1"), parcel("p2", area=3)], SOURCE, only_if_changed=True)
    assert (first.stored, again.duplicate, again.revised) == (2, 1, 1)
    assert len(city.history(staff(), "parcels", "p1")) == 1


def test_what_a_full_delivery_lacks_ends_at_its_date(city: Store) -> None:
    city.write_features("parcels", [parcel("p1"), parcel("p2")], SOURCE)
    commit = city.write_features("parcels", [parcel("p1")], SOURCE, only_if_changed=True, end_missing_at=day(5))
    assert commit.ended == 1
    assert [f.fid for f in city.features(staff(day(4)), "parcels")] == ["p1", "p2"]
    assert [f.fid for f in city.features(staff(day(5)), "parcels")] == ["p1"]


def test_a_change_in_the_middle_leaves_both_sides(city: Store) -> None:
    city.write_features("parcels", [parcel("p1", area=1)], SOURCE)
    change = FeatureChange("p1", SQUARE, {"name": "p1", "area": 2}, day(3), day(5))
    city.write_features("parcels", [change], SOURCE)
    areas = [city.features(staff(day(d)), "parcels")[0].properties["area"] for d in (2, 3, 4, 5, 6)]
    assert areas == [1, 2, 2, 1, 1]


def test_events_are_found_by_the_interval_they_touch_and_revised_whole(city: Store) -> None:
    start, end = day(1), day(1) + timedelta(seconds=9)
    city.write_features("sightings", [FeatureChange("e1", Point(106.9, 11.5), {"label": "car"}, start, start)], SOURCE)
    city.write_features("sightings", [FeatureChange("e1", Point(106.9, 11.5), {"label": "bus"}, start, end)], SOURCE)
    (event,) = city.features(staff(), "sightings", interval=(day(0), day(2)))
    assert (event.properties["label"], event.valid_from, event.valid_to) == ("bus", start, end)
    assert city.count_features(staff(), "sightings", interval=(end, None)) == 1
    assert city.count_features(staff(), "sightings", interval=(end + timedelta(seconds=1), None)) == 0


def test_an_instant_is_found_at_its_instant(city: Store) -> None:
    city.write_features("sightings", [FeatureChange("e1", Point(106.9, 11.5), {}, day(1), day(1))], SOURCE)
    assert city.count_features(staff(), "sightings", interval=(day(1), day(1))) == 1


def test_boxes_select_by_intersection(city: Store) -> None:
    city.write_features("parcels", [parcel("p1"), parcel("p2", box(107, 12, 107.1, 12.1))], SOURCE)
    found = city.features(staff(), "parcels", bbox=BBox(106.9005, 11.5005, 106.95, 11.55))
    assert [f.fid for f in found] == ["p1"]


def test_a_shape_whose_box_alone_touches_is_left_out(city: Store) -> None:
    city.put_layer(Layer("roads", "Đường"))
    diagonal = LineString([(106.90, 11.50), (106.92, 11.52)])
    city.write_features("roads", [FeatureChange("r", diagonal, {}, day(0))], SOURCE)
    beside, across = BBox(106.915, 11.501, 106.919, 11.505), BBox(106.909, 11.509, 106.911, 11.511)
    assert city.count_features(staff(), "roads", bbox=beside) == 0
    assert city.features(staff(), "roads", bbox=beside) == []
    assert city.count_features(staff(), "roads", bbox=across) == 1
    assert city.count_features(staff(), "roads", bbox=[beside, across]) == 1


def test_pages_join_to_the_whole(city: Store) -> None:
    city.write_features("parcels", [parcel(f"p{n:02}") for n in range(25)], SOURCE)
    pages = [city.features(staff(), "parcels", limit=10, offset=o) for o in (0, 10, 20)]
    assert [f.fid for page in pages for f in page] == [f"p{n:02}" for n in range(25)]


def test_filters_select_by_attribute(city: Store) -> None:
    city.write_features("parcels", [parcel("p1", area=50), parcel("p2", area=150), parcel("p3")], SOURCE)
    big = Compare("gt", Path(("area",)), Value(100))
    assert [f.fid for f in city.features(staff(), "parcels", where=big)] == ["p2"]
    named = And((Call("startswith", (Path(("name",)), Value("p"))), Not(Compare("eq", Path(("area",)), Value(None)))))
    assert city.count_features(staff(), "parcels", where=named) == 2


def test_a_filter_on_an_unknown_attribute_says_which_are_known(city: Store) -> None:
    with pytest.raises(SchemaError, match="no attribute 'nam'"):
        city.features(staff(), "parcels", where=Compare("eq", Path(("nam",)), Value(1)))


def test_everything_within_200_m_is_one_call_nearest_first(city: Store) -> None:
    centre = LonLat(106.9, 11.5)
    # 0.001 degree of latitude is 110.6 m here
    places = {"near": 11.501, "far": 11.503, "nearer": 11.5005}
    city.write_features(
        "gauges", [FeatureChange(n, Point(106.9, lat), {"name": n}, day(0)) for n, lat in places.items()], SOURCE
    )
    city.write_features("sightings", [FeatureChange("e", Point(106.9, 11.5), {}, day(1), day(1))], SOURCE)
    found = city.within(staff(day(1) + timedelta(minutes=30)), centre, 200)
    assert [f.fid for f, _ in found] == ["e", "nearer", "near"]
    assert found[2][1] == pytest.approx(110.6, abs=0.1)
    later = city.within(staff(day(1) + timedelta(hours=2)), centre, 200)
    assert [f.fid for f, _ in later] == ["nearer", "near"]


def test_search_needs_no_diacritics(city: Store) -> None:
    city.write_features(
        "gauges", [FeatureChange("g", Point(106.9, 11.5), {"name": "Đường Lý Thường Kiệt"}, day(0))], SOURCE
    )
    for text in ("duong ly thuong kiet", "Lý Thường", "LY THU", "kiet duong"):
        assert [f.fid for f in city.search(citizen(), text)] == ["g"]
    assert city.search(citizen(), "ly thanh tong") == []
    assert city.search(citizen(), "%") == []


def test_search_reads_the_layers_template(city: Store) -> None:
    properties = {"search_template": "thửa {area} {name}"}
    layer = city.layer(staff(), "parcels").layer
    city.put_layer(Layer(**{**{k: getattr(layer, k) for k in layer.__slots__}, "properties": properties}))
    city.write_features("parcels", [parcel("p1", area=125), parcel("p2", area=12)], SOURCE)
    assert [f.fid for f in city.search(citizen(), "thua 12")] == ["p2", "p1"]


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (FeatureChange("p", Point(106.9, 11.5), {}, day(0)), SchemaError, "geometry is Point, the layer holds Polygon"),
        (FeatureChange("p", NOT_FINITE, {}, day(0)), SchemaError, "not finite"),
        (FeatureChange("p", box(560000, 1280000, 560010, 1280010), {}, day(0)), CrsError, "not longitude and latitude"),
        (FeatureChange("p", SQUARE, {"area": math.inf}, day(0)), SchemaError, "not JSON"),
        (FeatureChange("p", SQUARE, {}, day(2), day(1)), SchemaError, "ends .* before it begins"),
        (FeatureChange("", SQUARE, {}, day(0)), SchemaError, "feature id"),
    ],
)
def test_a_batch_with_one_bad_record_leaves_the_layer_as_it_was(city: Store, change, error, text) -> None:
    with pytest.raises(error, match=text):
        city.write_features("parcels", [parcel("good"), change], SOURCE)
    assert city.count_features(staff(), "parcels") == 0


def test_a_layer_keeps_its_kind_and_geometry(city: Store) -> None:
    with pytest.raises(ConflictError, match="geometry Polygon, not LineString"):
        city.put_layer(Layer("parcels", "Đường", geometry_type="LineString"))
    with pytest.raises(ConflictError, match="holds features, not rasters"):
        city.put_layer(Layer("parcels", "Lưới", kind=LayerKind.RASTER))


def test_a_time_without_zone_and_half_a_character_are_refused(city: Store) -> None:
    with pytest.raises(TimeError, match="no zone"):
        city.write_features("parcels", [FeatureChange("p1", None, {}, day(1).replace(tzinfo=None))], SOURCE)
    with pytest.raises(SchemaError, match="surrogates"):
        city.write_features("parcels", [parcel("p1", note="\ud800")], SOURCE)
    assert city.features(staff(), "parcels") == []


def test_an_undeclared_attribute_is_declared_for_staff_only(city: Store) -> None:
    city.write_features("parcels", [parcel("p1", surprise=LineString([(0, 0), (1, 1)]).length)], SOURCE)
    assert "surprise" in city.features(staff(), "parcels")[0].properties
    assert "surprise" not in city.features(citizen(), "parcels")[0].properties


def test_an_unknown_layer_is_refused_with_a_hint(city: Store) -> None:
    with pytest.raises(NotFoundError, match="there is no layer 'parcel'"):
        city.write_features("parcel", [parcel("p1")], SOURCE)


def test_summaries_count_and_bound_what_holds_at_the_time(city: Store) -> None:
    city.write_features("parcels", [parcel("p1"), FeatureChange("p2", box(107, 12, 107.1, 12.1), {}, day(4))], SOURCE)
    early, late = city.layer(staff(day(1)), "parcels"), city.layer(staff(day(5)), "parcels")
    assert (early.count, late.count) == (1, 2)
    assert early.extent == BBox(106.90, 11.50, 106.901, 11.501)
    assert late.extent == BBox(106.90, 11.50, 107.1, 12.1)


def test_the_revision_counts_commits_that_touched_the_layer(city: Store) -> None:
    before = city.layer(staff(), "parcels").revision
    commit = city.write_features("parcels", [parcel("p1")], SOURCE)
    city.write_features("gauges", [FeatureChange("g", Point(106.9, 11.5), {}, day(0))], SOURCE)
    city.write_features("parcels", [parcel("p1", area=1)], SOURCE)
    assert city.layer(staff(), "parcels").revision == before + 2
    assert city.layer(staff(known_at=commit.recorded_at), "parcels").revision == before + 1


def test_the_beginning_of_time_is_no_moment_of_change(city: Store) -> None:
    city.write_features("parcels", [FeatureChange("p", SQUARE, {}, BEGINNING, day(4))], SOURCE)
    assert city.breakpoints(staff(), ["parcels"], BEGINNING, day(9)) == [day(4)]


def test_breakpoints_are_the_moments_the_layer_changes(city: Store) -> None:
    city.write_features("parcels", [parcel("p1"), FeatureChange("p2", SQUARE, {}, day(2), day(4))], SOURCE)
    assert city.breakpoints(staff(), ["parcels"], day(-1), day(9)) == [day(0), day(2), day(4)]
