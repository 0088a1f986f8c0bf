"""The official OGC API - Tiles suite."""

from __future__ import annotations

from ogc import run_suite


def run() -> dict[str, object]:
    """Run it against a twin of its own."""
    return run_suite("tiles", "1.2")
