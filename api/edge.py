"""The outermost layer of the server: who may address it, what every answer carries, what is counted.

Plain ASGI, because streams must pass through unbuffered.
"""

from __future__ import annotations

import re
import time
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import Gate
from api.logs import access_log, new_request_id
from api.metrics import Metrics
from api.problems import problem_of, unexpected
from api.rates import RateLimiter
from twin.access.audit import request_id
from twin.errors import TooLargeError, TwinError

_CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; child-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", _CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), payment=()"),
)
"""Pages load nothing from elsewhere. Inline style is what the map library sets on its own elements."""
BODY_MOST = 16 << 20
"""Largest body of a request that is read into memory. [bytes]"""
_STREAMED = re.compile(r"/app/(import|verify|cases/[^/]+/files|reports(/.*)?)")
"""Routes that take files: each has a bound of its own."""
HSTS = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
"""Sent where the request came by https: browsers then use nothing else for a year."""


_TOO_LARGE = f"the body is larger than {BODY_MOST} bytes"


class Edge:
    """Checks the address, answers what nobody foresaw, adds headers, counts."""

    def __init__(self, app: ASGIApp, *, gate: Gate, metrics: Metrics, rates: RateLimiter | None) -> None:
        self._app = app
        self._gate = gate
        self._metrics = metrics
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await _Exchange(self._app, self._gate, self._metrics, self._rates, scope, send).run(receive)


class _Exchange:
    """One request and its answer."""

    def __init__(
        self, app: ASGIApp, gate: Gate, metrics: Metrics, rates: RateLimiter | None, scope: Scope, send: Send
    ) -> None:
        self._app = app
        self._gate = gate
        self._metrics = metrics
        self._rates = rates
        self._method: str = scope["method"]
        # Routes answer GET; a HEAD is the same answer without its body. Live streams have no end to wait for.
        self._is_head = self._method == "HEAD" and scope["path"] != "/live"
        self._scope: MutableMapping[str, Any] = {**scope, "method": "GET"} if self._is_head else scope
        self._send = send
        self._status = 0
        self._id = ""

    async def run(self, receive: Receive) -> None:
        began = time.perf_counter()
        self._id = new_request_id(HTTPConnection(self._scope).headers.get("x-request-id"))
        mark = request_id.set(self._id)
        try:
            await self._handle(receive)
            self._count(time.perf_counter() - began)
        finally:
            request_id.reset(mark)

    async def _handle(self, receive: Receive) -> None:
        try:
            connection = HTTPConnection(self._scope)
            if self._rates is not None:
                self._rates.check(connection, self._method)
            self._gate.check_addressed(connection, self._method)
            if self._gate.needs_forgery_check(connection, self._method):
                await run_in_threadpool(self._gate.check_forgery, connection)
            await self._app(self._scope, self._bounded(connection, receive), self._pass_on)
        except TwinError as error:
            await self._refuse(problem_of(error).response(), receive)
        except Exception as error:  # noqa: BLE001 - the last place: nothing of it may reach the caller
            await self._refuse(unexpected(error).response(), receive)

    def _bounded(self, connection: HTTPConnection, receive: Receive) -> Receive:
        """The body, refused as soon as it is larger than what may be read into memory."""
        if _STREAMED.fullmatch(connection.url.path):
            return receive
        said = connection.headers.get("content-length", "")
        if said.isascii() and said.isdigit() and int(said) > BODY_MOST:
            raise TooLargeError(_TOO_LARGE, where="body")
        size = 0

        async def bounded() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > BODY_MOST:
                # What reads the body turns any other error into "cannot be parsed".
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _TOO_LARGE)
            return message

        return bounded

    def _count(self, seconds: float) -> None:
        route = getattr(self._scope.get("route"), "path", "other")
        self._metrics.observe(
            route=route, method=self._method, status=self._status, seconds=None if route == "/live" else seconds
        )
        fields = {"method": self._method, "route": route, "status": self._status, "ms": round(seconds * 1000, 1)}
        access_log.info("%(method)s %(route)s %(status)s %(ms)s ms", fields, extra=fields)

    async def _refuse(self, response: ASGIApp, receive: Receive) -> None:
        if not self._status:
            await response(self._scope, receive, self._pass_on)

    async def _pass_on(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            present = {name for name, _ in message.get("headers", [])}
            secure = (HSTS,) if self._scope.get("scheme") == "https" else ()
            message["headers"] = [
                *message.get("headers", []),
                *((name, value) for name, value in (*SECURITY_HEADERS, *secure) if name not in present),
                (b"x-request-id", self._id.encode()),
            ]
        elif message["type"] == "http.response.body" and self._is_head:
            message = {**message, "body": b""}
        await self._send(message)
