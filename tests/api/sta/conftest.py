"""A small twin behind the real service: HTTP over uvicorn on a free loopback port."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import Depends, FastAPI, Request
from sta_bodies import GAUGES
from support import SOURCE

from api.access import AccessMode, Gate
from api.context import Needs
from api.problems import install
from api.sta.router import ROOT, sta_router
from twin.model.view import Right, Viewer
from twin.store.base import Store
from twin.store.embedded.store import EmbeddedStore


@contextmanager
def running(store: Store, mode: AccessMode) -> Iterator[httpx.Client]:
    """A client of the service over a store; its paths are relative to the service root."""
    app = FastAPI()
    install(app)
    gate = Gate(mode)

    def viewer(request: Request) -> Viewer:
        request.state.viewer = gate.viewer(request)
        return request.state.viewer

    def writer(request: Request) -> Viewer:
        return Needs((Right.WRITE,))(viewer(request))

    app.include_router(sta_router(store=lambda _: store, viewer=Depends(viewer), writer=Depends(writer)))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}{ROOT}/", timeout=30) as client:
        yield client
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = EmbeddedStore(tmp_path / "city.duckdb", create=True)
    yield opened
    opened.close()


@pytest.fixture
def mode() -> AccessMode:
    return AccessMode.OPEN


@pytest.fixture
def service(store: Store, mode: AccessMode) -> Iterator[httpx.Client]:
    with running(store, mode) as client:
        yield client


@pytest.fixture(scope="module")
def gauges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Two gauges, for tests that write nothing.

    ``cầu 11`` has levels 1, 2, 3 m on days 1 to 3, ``suối Rạt`` one of 9 m on day 4.
    """
    opened = EmbeddedStore(tmp_path_factory.mktemp("gauges") / "city.duckdb", create=True)
    for body in GAUGES:
        opened.create_entities("Things", body, SOURCE)
    with running(opened, AccessMode.OPEN) as client:
        yield client
    opened.close()


@pytest.fixture
def changing(service: httpx.Client, store: Store) -> httpx.Client:
    """The same gauges, for tests that write."""
    for body in GAUGES:
        store.create_entities("Things", body, SOURCE)
    return service
