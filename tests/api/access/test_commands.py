"""``twin person`` and ``twin token``, by themselves and beside a server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.api.test_cli import Place, environment

PASSWORD = "ba con mèo trên mái"


@pytest.fixture(scope="module", params=["alone", "beside a server"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("people")
    alone = Place(folder, None)
    assert alone.twin("init", "town.duckdb").returncode == 0
    (folder / "password").write_text(PASSWORD + "\n", encoding="utf-8")
    (folder / "password").chmod(0o600)
    if request.param == "alone":
        yield alone
        return
    words = [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--json"]
    closed = environment({"TWIN_ACCESS": "closed", "TWIN_SECOND_FACTOR": "nobody"})
    with subprocess.Popen(words, cwd=folder, env=closed, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield Place(folder, json.loads(server.stdout.readline())["url"])
        finally:
            server.terminate()


def test_from_the_first_administrator_to_a_revoked_token(place: Place) -> None:
    reference = f"file:{place.folder / 'password'}"
    first = place.json("person", "add", "Nguyễn Văn An", "--role", "administrator", "--role", "integrator",
                       "--account", "an.nguyen", "--identity", "CB-1", "--password", reference)  # fmt: skip
    assert {r["role"]: r["state"] for r in first["roles"]} == {"administrator": "active", "integrator": "active"}
    made = place.json("person", "add", "Trần Thị Bình", "--role", "reviewer", "--account", "binh.tran")
    assert made["roles"][0]["state"] == "proposed"
    assert "/reset#" in made["link"]
    again = place.twin("person", "add", "An lần nữa", "--identity", "cb-1", "--json")
    assert (again.returncode, json.loads(again.stdout)["status"]) == (2, 409)
    token = place.json("token", "add", "Cổng", "--person", "an.nguyen", "--role", "integrator")
    if place.served is not None:
        with httpx.Client(base_url=place.served) as client:
            given = {"account": "an.nguyen", "password": PASSWORD}
            assert client.post("/app/session", json=given).json()["viewer"]["role"] == "integrator"
            bearer = {"Authorization": f"Bearer {token['secret']}"}
            assert client.get("/app/sessions").status_code == 200
            assert client.get("/app/layers", headers=bearer).status_code == 200
            place.json("token", "revoke", token["id"])
            assert client.get("/app/layers", headers=bearer).status_code == 401
            place.json("person", "reset", "an.nguyen", "--password", reference)
            assert client.get("/app/sessions").status_code == 401
            client.post("/app/session", json=given)
    else:
        place.json("token", "revoke", token["id"])
    listed = place.json("token", "list")["tokens"]
    assert [t["id"] for t in listed if t["revoked"]] == [token["id"]]
    assert token["secret"] not in str(listed)


def test_roles_are_given_taken_and_people_shut_out(place: Place) -> None:
    made = place.json("person", "add", "Cúc", "--account", "cuc.ho")
    assert place.json("person", "role", "cuc.ho", "operator")["roles"][0]["state"] == "proposed"
    assert place.json("person", "role", made["id"], "operator", "--withdraw")["roles"] == []
    assert place.json("person", "disable", "cuc.ho")["active"] is False
    assert place.json("person", "disable", "cuc.ho", "--enable")["active"] is True
    assert "cuc.ho" in place.twin("person", "list").stdout


def test_a_device_key_is_for_layers_that_are_there(place: Place) -> None:
    refused = place.twin("token", "add", "Trạm", "--device", "--layer", "chua_he_co", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["status"]) == (2, 400)
    assert place.twin("token", "add", "Trạm", "--device").returncode == 2
    assert place.twin("token", "add", "Không của ai").returncode == 2


@pytest.mark.parametrize("password", ["mat-khau-viet-thang-2026", "env:NOT_THERE", "file:/not/there"])
def test_a_password_that_is_no_reference_is_refused_and_registers_nobody(place: Place, password: str) -> None:
    done = place.twin("person", "add", "Ai", "--account", "ai.do", "--password", password)
    assert done.returncode == 2
    assert "mat-khau-viet-thang" not in done.stdout + done.stderr
    assert place.twin("person", "reset", "ai.do").returncode == 2


def test_a_weak_password_is_refused_without_being_told(place: Place) -> None:
    done = place.twin(
        "person", "add", "Yếu", "--account", "yeu.ot", "--password", "env:WEAK", env={"WEAK": "matkhau12345"}
    )
    assert done.returncode == 2
    assert "matkhau12345" not in done.stdout + done.stderr
    assert "Yếu" not in place.twin("person", "list").stdout
