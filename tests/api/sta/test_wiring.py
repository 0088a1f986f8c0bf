"""SensorThings in the whole application: open and closed, nothing hidden in any byte."""

from __future__ import annotations

import httpx
import pytest

from twin.model.entity import KINDS

MARKS = ("an_ninh_mat", "chu_su_dung_mat", "BÍ MẬT", "bi mat")
"""What the small city of ``tests/api/conftest.py`` hides from citizens."""


def pages(client: httpx.Client, **headers: str) -> str:
    """Every set with everything each entity leads to, as text."""
    texts = []
    for kind in KINDS.values():
        expand = ",".join(n.name for n in kind.navigations)
        answer = client.get(f"/sta/v1.1/{kind.name}", params={"$expand": expand, "$count": "true"}, headers=headers)
        assert answer.status_code == 200
        texts.append(answer.text)
    return "\n".join(texts)


def test_every_connected_device_is_a_thing(http: httpx.Client) -> None:
    root = http.get("/sta/v1.1").json()
    assert root["value"][0]["url"] == f"{str(http.base_url).rstrip('/')}/sta/v1.1/Things"
    assert http.get("/sta/v1.1/Things", params={"$count": "true"}).json()["@iot.count"] >= 2


@pytest.mark.parametrize("role", ["", "citizen"])
def test_a_citizen_meets_nothing_hidden_in_any_set_or_expansion(
    http: httpx.Client, citizen_http: httpx.Client, role: str
) -> None:
    told = pages(http, **{"X-Twin-Role": role}) if role else pages(citizen_http)
    assert not [mark for mark in MARKS if mark in told]


def test_staff_meet_it(http: httpx.Client) -> None:
    told = pages(http)
    assert "an_ninh_mat" in told
    assert "BÍ MẬT" in told
