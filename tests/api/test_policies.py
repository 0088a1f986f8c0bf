"""Policies over HTTP and on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.cli import run
from tests.api.conftest import City
from twin.core import create
from twin.core import open_twin as open_it
from twin.model.layer import FeatureChange, Layer, Source
from twin.model.policy import DEFAULT, to_json
from twin.model.view import Access

ADMIN = {"X-Twin-Role": "administrator"}


def test_a_policy_is_seen_tried_and_published_over_http(http: httpx.Client, city: City) -> None:
    stands = http.get("/app/policy", headers=ADMIN).json()
    assert stands["policy"]["roles"]["citizen"]["clearance"] == "public"
    fresh: dict[str, Any] = stands["policy"]
    fresh["roles"]["reviewer"]["except"] = ["roads"]
    tried = http.post("/app/policy/dry-run", json=fresh, headers=ADMIN).json()
    assert tried["publishable"]
    assert tried["problems"] == []
    (change,) = tried["changes"]
    assert (change["role"], change["layer"], change["gains"], change["loses"]) == ("reviewer", "roads", 0, 1)
    assert "attribute" not in change
    said = {"policy": fresh, "seen": stands["version"], "reason": "thử"}
    done = http.post("/app/policy", json=said, headers=ADMIN)
    assert (done.status_code, done.json()["version"]) == (200, stands["version"] + 1)
    assert http.post("/app/policy", json=said, headers=ADMIN).status_code == 409
    seen = {layer["name"] for layer in http.get("/app/layers", headers={"X-Twin-Role": "reviewer"}).json()["layers"]}
    assert "roads" not in seen
    versions = http.get("/app/policy/history", headers=ADMIN).json()["versions"]
    assert [v["version"] for v in versions] == list(range(stands["version"] + 1, -1, -1))
    assert http.get("/ogc/collections/roads", headers={"X-Twin-Role": "reviewer"}).status_code == 404


@pytest.mark.parametrize(
    "body",
    [None, [], {"policy": {}}, {"policy": {}, "seen": "0", "reason": "x"}, {"policy": {}, "seen": 0, "reason": ""},
     {"policy": {"roles": {}, "secrecy": []}, "seen": 0, "reason": "mở hết"}],
)  # fmt: skip
def test_what_is_no_policy_is_refused_and_changes_nothing(http: httpx.Client, body: object) -> None:
    before = http.get("/app/policy", headers=ADMIN).json()["version"]
    refused = http.post("/app/policy", json=body, headers=ADMIN)
    assert refused.status_code in {400, 422}
    assert refused.headers["content-type"] == "application/problem+json"
    assert http.get("/app/policy", headers=ADMIN).json()["version"] == before


@pytest.mark.parametrize("role", ["citizen", "planner", "reviewer", "operator", "duty_officer", "integrator"])
def test_only_administrators_reach_the_policy(http: httpx.Client, citizen_http: httpx.Client, role: str) -> None:
    for method, path in (
        ("GET", "/app/policy"), ("GET", "/app/policy/history"),
        ("POST", "/app/policy/dry-run"), ("POST", "/app/policy"),
    ):  # fmt: skip
        assert http.request(method, path, json={}, headers={"X-Twin-Role": role}).status_code == 403
        assert citizen_http.request(method, path, json={}).status_code == 401


def test_the_command_shows_tries_and_publishes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "city.duckdb"
    create(path)
    with open_it(path) as t:
        t.store.put_layer(Layer("parcels", "Thửa đất", access=Access.PUBLIC))
        t.store.write_features("parcels", [FeatureChange("p", None, {"purpose": "CQP"})], Source("user", "x"))
    at = ["--store", str(path)]
    assert run(["policy", "show", "--json", *at]) == 0
    policy = json.loads(capsys.readouterr().out)
    assert policy == to_json(DEFAULT)
    policy["secrecy"] = []
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(policy), encoding="utf-8")
    assert run(["policy", "dry-run", str(file), *at]) == 1
    out = capsys.readouterr().out
    assert "Người dân thấy thêm 1 đối tượng của lớp “Thửa đất”." in out
    assert "Lỗ hổng" in out
    policy["roles"]["citizen"]["clearance"] = "restricted"
    file.write_text(json.dumps(policy), encoding="utf-8")
    assert run(["policy", "dry-run", str(file), "--json", *at]) == 1
    assert json.loads(capsys.readouterr().out)["publishable"] is False
    assert run(["policy", "publish", str(file), "--reason", "mở", *at]) == 2
    policy["roles"]["citizen"]["clearance"] = "public"
    policy["secrecy"] = to_json(DEFAULT)["secrecy"]
    file.write_text(json.dumps(policy), encoding="utf-8")
    assert run(["policy", "publish", str(file), "--reason", "thử", *at]) == 0
    assert "phiên bản 1" in capsys.readouterr().out
    assert run(["policy", "publish", str(file), "--reason", "thử", "--seen", "0", *at]) == 2
    file.write_text("{", encoding="utf-8")
    assert run(["policy", "dry-run", str(file), *at]) == 2
    capsys.readouterr()
    assert run(["policy", "show", *at]) == 0
    assert "thử" in capsys.readouterr().out
