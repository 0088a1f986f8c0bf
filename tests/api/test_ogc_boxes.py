from __future__ import annotations

import httpx
import pytest
from shapely.geometry import Point, box

from tests.api.conftest import SOURCE, City, day
from twin.model.layer import FeatureChange, Layer
from twin.model.view import Access


@pytest.fixture(scope="module")
def islands(city: City) -> None:
    """Points on both sides of the 180° meridian, one far from it, and a sea across half the map."""
    city.twin.store.put_layer(Layer("islands", "Đảo", geometry_type="Any", access=Access.PUBLIC))
    places = {"east": Point(179.5, 0), "west": Point(-179.5, 0), "far": Point(0, 0), "sea": box(-180, -1, 180, 1)}
    city.twin.store.write_features("islands", [FeatureChange(k, v, {}, day(0)) for k, v in places.items()], SOURCE)


@pytest.mark.usefixtures("islands")
@pytest.mark.parametrize(
    ("bbox", "expected"),
    [
        ("179,-5,-179,5", ["east", "sea", "west"]),
        ("179,-5,0,-179,5,9", ["east", "sea", "west"]),
        ("-179.9,-5,179.9,5", ["east", "far", "sea", "west"]),
        ("179,-5,180,5", ["east", "sea"]),
        ("179,2,-179,5", []),
    ],
)
def test_a_box_may_cross_the_180_degree_meridian(http: httpx.Client, bbox: str, expected: list[str]) -> None:
    page = http.get("/ogc/collections/islands/items", params={"bbox": bbox}).json()
    assert [feature["id"] for feature in page["features"]] == expected
    assert page["numberMatched"] == len(expected)


@pytest.mark.usefixtures("islands")
def test_pages_of_a_box_across_the_meridian_follow_each_other(http: httpx.Client) -> None:
    found = []
    address = "/ogc/collections/islands/items?bbox=179,-5,-179,5&limit=1"
    while address:
        page = http.get(address).json()
        found += [feature["id"] for feature in page["features"]]
        address = next((entry["href"] for entry in page["links"] if entry["rel"] == "next"), "")
    assert found == ["east", "sea", "west"]
