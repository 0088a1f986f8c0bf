"""Run the application on a socket: until interrupted, or beside other work."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from typing import cast

import uvicorn
from fastapi import FastAPI

from api.context import Context
from api.settings import Settings
from twin.errors import ParameterError, StoreError

_GRACE_S = 5


class TwinServer(uvicorn.Server):
    """A server that says when it is ready, and ends its live streams first when it stops."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None] | None = None) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        if self.started and self._on_ready is not None:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        app = cast("FastAPI", self.config.app)
        cast("Context", app.state.context).live.hang_up()
        await super().shutdown(sockets)


def listen(settings: Settings) -> socket.socket:
    """Open the listening socket; port 0 takes a free one.

    Raises
    ------
    ParameterError
        If the address cannot be listened on.
    """
    host = settings.http_host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Naming the protocol matters: only then does asyncio turn Nagle's delay (40 ms an answer) off.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, settings.http_port))
    except OSError as exc:
        sock.close()
        raise ParameterError(
            f"cannot listen on {settings.http_host}:{settings.http_port}: {exc.strerror}",
            where="TWIN_HTTP_PORT",
            hint="Another program may listen there; choose another port, or 0 for a free one.",
        ) from exc
    return sock


def address(sock: socket.socket) -> str:
    """The address people open, for instance ``http://127.0.0.1:8000``."""
    host, port = sock.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def make_server(app: FastAPI, *, on_ready: Callable[[], None] | None = None) -> TwinServer:
    """A server for the application; run it with ``server.run(sockets=[listen(settings)])``."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the application believes the proxies that its settings name, nobody else
        timeout_graceful_shutdown=_GRACE_S,
        ws="none",
        backlog=2048,
    )
    return TwinServer(config, on_ready)


@contextlib.contextmanager
def running(app: FastAPI, settings: Settings) -> Iterator[str]:
    """Serve in a thread of its own; gives the address, and stops at the end of the block."""
    sock = listen(settings)
    server = make_server(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, name="http", daemon=True)
    thread.start()
    try:
        while not server.started:
            thread.join(0.01)
            if not thread.is_alive():
                raise StoreError("the server did not start", where=address(sock), hint="The log says why.")
        yield address(sock)
    finally:
        server.should_exit = True
        thread.join(2 * _GRACE_S)
        sock.close()
