"""The log's lines carry the id that the answer carries, and nothing that is personal or secret."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter

from api import app as app_module
from api.app import create_app
from api.logs import configure, new_request_id
from api.serve import running
from api.settings import Settings
from tests.api.conftest import City
from twin.core import create

GIVEN = "0b5c0f0e-1111-4222-8333-944455556666"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@pytest.fixture
def kept_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_each_answer_has_an_id_of_its_own(http: httpx.Client) -> None:
    first, second = (http.get(path).headers["x-request-id"] for path in ("/health", "/app/nothing"))
    assert UUID.fullmatch(first)
    assert UUID.fullmatch(second)
    assert first != second


def test_the_id_of_a_proxy_is_taken_over_and_nothing_else(http: httpx.Client) -> None:
    assert http.get("/health", headers={"X-Request-Id": GIVEN}).headers["x-request-id"] == GIVEN
    assert UUID.fullmatch(new_request_id("made up\n2026 ERROR forged line"))


def test_an_error_page_quotes_the_id_that_the_log_has(
    city: City, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kept_logging: None
) -> None:
    broken = APIRouter()

    @broken.get("/app/broken")
    def fail(password: str) -> None:
        raise ValueError("the bolts are loose")

    monkeypatch.setattr(app_module, "ROUTERS", (*app_module.ROUTERS, broken))
    configure("json", "info")
    settings = Settings(http_port=0)
    with running(create_app(city.twin, settings), settings) as address:
        answer = httpx.get(f"{address}/app/broken?password=hunter2")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    body = answer.json()
    assert body["id"] == answer.headers["x-request-id"]
    assert "bolts" not in answer.text
    mine = [line for line in lines if line["request"] == body["id"]]
    failure = next(line for line in mine if line["level"] == "ERROR")
    assert "the bolts are loose" in failure["exc_info"]
    request = next(line for line in mine if line["logger"] == "api.request")
    assert (request["method"], request["route"], request["status"]) == ("GET", "/app/broken", 500)
    assert not any("hunter2" in json.dumps(line) for line in lines)


def test_a_served_twin_logs_a_line_a_request_as_json(tmp_path: Path) -> None:
    create(tmp_path / "t.duckdb")
    environ = {"TWIN_LOG": "json", "TWIN_LOG_LEVEL": "info", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "api.cli", "serve", "--store", str(tmp_path / "t.duckdb"), "--port", "0", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ, cwd=Path.cwd()
    ) as server:
        assert server.stdout is not None
        url = json.loads(server.stdout.readline())["url"]
        answer = httpx.get(f"{url}/app/search?q=nguyen+van+an")
        server.terminate()
        _, log = server.communicate(timeout=30)
    lines = [json.loads(line) for line in log.splitlines()]
    line = next(x for x in lines if x["request"] == answer.headers["x-request-id"])
    assert line["route"] == "/app/search"
    assert line["time"]
    assert "nguyen" not in log
