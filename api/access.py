"""Who asks: from a request to a viewer, and whether the server may start as configured.

*closed*: an anonymous caller is a citizen. *open*: an anonymous caller is an integrator and may act in
another role by the header ``X-Twin-Role`` or the query ``as``. Open serves only a loopback listener, and only
requests addressed to a loopback name, so that a foreign page cannot reach it under a name of its own that
resolves to this machine.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from api.settings import Settings
from twin.errors import ForbiddenError, ParameterError
from twin.model.view import CITIZEN, Role, Viewer

ROLE_HEADER = "x-twin-role"
ROLE_QUERY = "as"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class AccessMode(StrEnum):
    """How anonymous callers are treated."""

    OPEN = "open"
    CLOSED = "closed"


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's loopback."""
    name = host.strip().strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def decide_mode(settings: Settings) -> AccessMode:
    """Decide open or closed, or refuse to start.

    Raises
    ------
    ParameterError
        If the address is not loopback (there are no accounts that could protect it).
    """
    if not is_loopback(settings.http_host):
        raise ParameterError(
            f"address {settings.http_host} is reachable from outside and there are no accounts",
            where="TWIN_HTTP_HOST",
            hint="Listen on 127.0.0.1, behind a proxy that authenticates.",
        )
    if settings.access:
        return AccessMode(settings.access)
    return AccessMode.CLOSED if "://" in settings.store else AccessMode.OPEN


@dataclass(frozen=True, slots=True)
class Gate:
    """Turns a request into a viewer, or refuses it."""

    mode: AccessMode

    def check_addressed(self, connection: HTTPConnection, method: str) -> None:
        """Refuse what a foreign page could have sent to an open twin.

        Raises
        ------
        ForbiddenError
            In open mode, if the Host header is not a loopback name, or another origin's page writes.
        """
        if self.mode is AccessMode.CLOSED:
            return
        host = connection.headers.get("host", "")
        if not is_loopback(urlsplit(f"//{host}").hostname or ""):
            raise ForbiddenError(
                "an open twin answers only requests addressed to this machine",
                where="Host",
                hint="Use http://127.0.0.1 or http://localhost.",
            )
        origin = connection.headers.get("origin")
        if method not in _SAFE_METHODS and origin and urlsplit(origin).netloc != host:
            raise ForbiddenError("a page of another origin may not write here", where="Origin")

    def viewer(self, connection: HTTPConnection) -> Viewer:
        """Return who asks.

        Raises
        ------
        ForbiddenError
            If a role is asked for in closed mode.
        ParameterError
            If the role does not exist.
        """
        asked = connection.headers.get(ROLE_HEADER) or connection.query_params.get(ROLE_QUERY)
        if self.mode is AccessMode.CLOSED:
            if asked:
                raise ForbiddenError(
                    "roles can be taken on only in open mode",
                    where="X-Twin-Role",
                    hint="Set TWIN_ACCESS=open.",
                )
            return CITIZEN
        if asked:
            return _acting_as(asked)
        return Viewer("anonymous", Role.INTEGRATOR, _demo(Role.INTEGRATOR))


def _acting_as(text: str) -> Viewer:
    try:
        role = Role(text.strip().lower())
    except ValueError:
        known = ", ".join(role.value for role in Role)
        raise ParameterError(f"{text!r} is not a role", where="X-Twin-Role", hint=f"Use one of {known}.") from None
    return Viewer(_demo(role), role, _demo(role))


def _demo(role: Role) -> str:
    return f"demo:{role.value}"
