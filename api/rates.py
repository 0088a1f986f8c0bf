"""How often one caller may ask: by address, and by session or token, in classes of requests.

Counted in memory of this process. An open twin, which only this machine reaches, counts nothing.
"""

from __future__ import annotations

import ipaddress
import math
import re
import time
from collections.abc import Mapping
from typing import Final

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import HTTPConnection

from api.access import COOKIE
from twin.access.sealing import digest
from twin.errors import TooManyError

CLASSES: Final[tuple[tuple[str, frozenset[str], re.Pattern[str]], ...]] = (
    ("sign_in", frozenset({"POST"}), re.compile(r"/app/session(/(password|reset|second-factor.*))?")),
    ("sign_in", frozenset({"GET"}), re.compile(r"/app/oidc/.*")),
    ("search", frozenset({"GET"}), re.compile(r"/app/search")),
    ("reports", frozenset({"POST"}), re.compile(r"/app/reports(/.*)?")),
    ("documents", frozenset({"POST"}), re.compile(r"/app/documents")),
    ("uploads", frozenset({"POST", "PUT"}), re.compile(r"/app/(import|cases/[^/]+/files|verify)")),
)
"""Which requests count in which class, besides ``all``."""


class RateLimiter:
    """Counts requests and refuses what is too many."""

    def __init__(self, rates: Mapping[str, tuple[RateLimitItem, ...]]) -> None:
        self._rates = rates
        self._strategy = SlidingWindowCounterRateLimiter(MemoryStorage())

    def check(self, connection: HTTPConnection, method: str) -> None:
        """Count a request; TooManyError, with when to come again, if it is one too many."""
        path = connection.url.path
        found = [name for name, methods, shape in CLASSES if method in methods and shape.fullmatch(path)]
        callers = _callers(connection)
        for name in (*found[:1], "all"):
            for item in self._rates[name]:
                for caller in callers:
                    self._count(item, name, caller)

    def _count(self, item: RateLimitItem, name: str, caller: str) -> None:
        if self._strategy.hit(item, name, caller):
            return
        free_at = self._strategy.get_window_stats(item, name, caller).reset_time
        wait_s = max(1, math.ceil(free_at - time.time()))
        raise TooManyError(
            f"more than {item.amount} requests of this kind in {item.get_expiry()} s",
            hint="Ask again later.",
            retry_after_s=wait_s,
        )


def _callers(connection: HTTPConnection) -> list[str]:
    """Who is counted: the address (of IPv6 the network a customer gets), and what was shown."""
    host = connection.client.host if connection.client else ""
    try:
        address = ipaddress.ip_address(host)
        if address.version == 6:
            host = str(ipaddress.ip_network(f"{host}/64", strict=False))
    except ValueError:
        pass
    shown = connection.headers.get("authorization") or connection.cookies.get(COOKIE)
    return [f"address:{host}", *([f"shown:{digest(shown)}"] if shown else [])]
