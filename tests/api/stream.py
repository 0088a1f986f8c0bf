"""Reads server-sent events in tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx


def parse(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Events as ``{"event", "id", "data"}``; comments as ``{"comment"}``."""
    event: dict[str, Any] = {}
    for line in lines:
        if line == "":
            if event:
                yield event
            event = {}
        elif line.startswith(":"):
            yield {"comment": line[1:].strip()}
        else:
            name, _, value = line.partition(":")
            event[name] = json.loads(value) if name == "data" else value.strip()


def events_until(
    server: str,
    mark: str,
    *,
    then: Callable[[], object],
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Listen, call ``then`` after the hello, and give every event up to the one that holds ``mark``."""
    found = []
    with httpx.stream("GET", f"{server}/live", params=query, headers=headers, timeout=20) as response:
        assert response.status_code == 200, response.read()
        for event in parse(response.iter_lines()):
            if event.get("event") == "hello":
                then()
            found.append(event)
            if mark in json.dumps(event, ensure_ascii=False):
                return found
    raise AssertionError(f"the stream ended without {mark!r}: {found}")
