"""The log: one line an event, as text for people or JSON for machines, with the id of the request it belongs to.

What is logged of a request is its method, route, status and duration: never its query, headers or body, which may hold
what is personal or secret.
"""

from __future__ import annotations

import logging
import re
import sys
import uuid
from typing import Literal

from pythonjsonlogger.json import JsonFormatter

from twin.access.audit import request_id

access_log = logging.getLogger("api.request")
"""One line a request, at level INFO."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TEXT = "%(asctime)s %(levelname)s %(name)s %(request)s: %(message)s"
_FIELDS = "%(asctime)s %(levelname)s %(name)s %(request)s %(message)s"

Format = Literal["text", "json"]


def configure(form: Format, level: str) -> None:
    """Send the log to standard error.

    Parameters
    ----------
    form
        ``text`` or ``json``.
    level
        ``debug``, ``info``, ``warning`` or ``error``.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_add_request)
    if form == "json":
        names = {"asctime": "time", "levelname": "level", "name": "logger"}
        handler.setFormatter(JsonFormatter(_FIELDS, rename_fields=names, json_ensure_ascii=False))
    else:
        handler.setFormatter(logging.Formatter(_TEXT))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    # A client library that logs whole addresses would log what is in their queries.
    for noisy in ("httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def new_request_id(given: str | None) -> str:
    """The id a proxy in front gave the request, if it is a UUID; else a new one."""
    if given and _UUID.fullmatch(given.lower()):
        return given.lower()
    return str(uuid.uuid4())


def _add_request(record: logging.LogRecord) -> bool:
    record.request = request_id.get() or "-"
    return True
