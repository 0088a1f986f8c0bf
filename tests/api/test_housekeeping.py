"""Chores beside the server: each at its pace; one that fails stops neither the others nor the server."""

from __future__ import annotations

import threading
from datetime import datetime

import httpx
import pytest

from api import app as app_module
from api.app import create_app
from api.housekeeping import Chore
from api.serve import running
from api.settings import Settings
from tests.api.conftest import City
from twin.access.audit_head import audit_folder, heads
from twin.core import Twin

WAIT_S = 20


def test_a_failing_chore_is_shown_and_stops_no_other(
    city: City, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    turns, enough, mended = [], threading.Event(), threading.Event()

    def count(t: Twin, now: datetime) -> None:
        turns.append(now)
        if len(turns) >= 2:
            enough.set()

    def fail(t: Twin, now: datetime) -> None:
        if not mended.is_set():
            raise ValueError("the broom is broken")

    monkeypatch.setattr(app_module, "chores", lambda *_: [Chore("sweep", 0, fail), Chore("count", 0, count)])
    settings = Settings(http_port=0)
    admin = {"X-Twin-Role": "administrator"}

    def chores_of(address: str) -> dict:
        found = httpx.get(f"{address}/app/doctor", headers=admin, timeout=WAIT_S).json()
        return next(check for check in found["checks"] if check["name"] == "chores")

    with running(create_app(city.twin, settings), settings) as address:
        assert enough.wait(WAIT_S)
        found = chores_of(address)
        assert (found["state"], "the broom is broken" in found["text"]) == ("bad", True)
        mended.set()
        enough.clear()
        turns.clear()
        assert enough.wait(WAIT_S)
        assert chores_of(address)["state"] == "ok"
    assert caplog.text.count("chore sweep failed") == 1  # said once, not at every turn


def test_a_running_server_lays_out_the_audits_head(city: City) -> None:
    folder = audit_folder(city.path)
    settings = Settings(http_port=0)
    done = threading.Event()
    with running(create_app(city.twin, settings), settings):
        for _ in range(WAIT_S * 10):
            if heads(folder):
                break
            done.wait(0.1)
    assert len(heads(folder)) == 1
