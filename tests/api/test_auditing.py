"""The audit over HTTP and on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

from api.cli import run
from tests.api.conftest import City
from twin.access import audit
from twin.core import create
from twin.core import open_twin as open_it
from twin.model.view import Role, Viewer

AN = Viewer("an", Role.PLANNER, person="p-an")
ADMIN = {"X-Twin-Role": "administrator"}


def test_an_administrator_searches_and_the_search_is_an_act(http: httpx.Client, city: City) -> None:
    audit.write(city.twin.store, AN, "case.act", "case:77", details={"version": 3})
    found = http.get("/app/audit", params={"object": "case:77"}, headers=ADMIN).json()
    assert [(e["actor"], e["action"], e["details"]) for e in found["entries"]] == [("p-an", "case.act", {"version": 3})]
    again = http.get("/app/audit", params={"action": "audit.search", "limit": 1}, headers=ADMIN).json()
    assert again["entries"][0]["details"]["object"] == "case:77"
    assert http.get("/app/audit/verify", headers=ADMIN).json()["ok"] is True
    head = http.get("/app/audit/head", headers=ADMIN).json()
    assert head["number"] >= again["entries"][0]["number"]


def test_pages_of_a_search_fit_together(http: httpx.Client, city: City) -> None:
    for n in range(5):
        audit.write(city.twin.store, AN, "case.act", f"case:page{n}")
    seen: list[int] = []
    more: dict = {}
    while True:
        page = http.get("/app/audit", params={"action": "case.act", "limit": 2, **more}, headers=ADMIN).json()
        seen += [e["number"] for e in page["entries"]]
        if not page["more"]:
            break
        more = {"before": seen[-1]}
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) >= 5


def test_others_may_not_search(http: httpx.Client) -> None:
    for role in ("citizen", "planner", "reviewer", "operator", "duty_officer", "integrator"):
        for path in ("/app/audit", "/app/audit/head", "/app/audit/verify"):
            assert http.get(path, headers={"X-Twin-Role": role}).status_code == 403


def test_the_command_finds_what_was_changed(tmp_path: Path, capsys) -> None:
    place = tmp_path / "t.duckdb"
    create(place)
    with open_it(place) as t:
        audit.write(t.store, AN, "case.act", "case:1")
    words = ["--store", str(place), "--json"]
    assert run(["audit", "head", "--export", *words]) == 0
    assert json.loads(capsys.readouterr().out)["exported"]
    assert run(["audit", "verify", *words]) == 0
    capsys.readouterr()
    with open_it(place) as t, t.store.db.transaction() as tx:  # type: ignore[attr-defined]
        tx.execute("UPDATE entry SET object = 'case:2'")
    assert run(["audit", "verify", *words]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["broken_at"], len(found["problems"])) == (1, 1)
    assert run(["audit", "search", "--person", "p-an", *words]) == 0
    assert json.loads(capsys.readouterr().out)["entries"][0]["object"] == "case:2"
