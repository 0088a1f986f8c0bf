"""A real `twin serve` on the small town, and Debian's Chromium looking at it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.web.browser import launched

ROOT = Path(__file__).parent.parent.parent
BUILT = ROOT / "api" / "web" / "dist" / "index.html"

PATIENCE_MS = 60_000
"""A busy two-core machine draws its first map slowly."""


@dataclass(frozen=True)
class Town:
    """A served town."""

    url: str
    path: Path
    now: datetime
    """When it was built."""


@contextlib.contextmanager
def served(path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`twin serve` on a free port; gives its address."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TWIN_")}
    command = [sys.executable, "-m", "api.cli", "serve", "--store", str(path), "--port", "0", "--json"]
    with subprocess.Popen(
        command, cwd=path.parent, env={**kept, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            yield json.loads(server.stdout.readline())["url"] + "/", server
        finally:
            if server.poll() is None:
                server.send_signal(signal.SIGTERM)


@pytest.fixture(scope="session")
def town_store(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, datetime]:
    from tests.web.town import build

    path = tmp_path_factory.mktemp("town") / "town.duckdb"
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    build(path, now=now)
    return path, now


@pytest.fixture(scope="session")
def town(town_store: tuple[Path, datetime]) -> Iterator[Town]:
    assert BUILT.is_file(), "the web application is not built: run `make web`"
    path, now = town_store
    with served(path) as (url, _):
        yield Town(url, path, now)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    running = launched(playwright)
    yield running
    running.close()


@dataclass
class Watched:
    """What a page must not do."""

    origin: str
    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Write down every console error, exception and request to elsewhere."""
        page.on("console", lambda m: self._console(m.type, m.text))
        page.on("pageerror", lambda e: self.complaints.append(f"exception: {e}"))
        page.on("request", lambda r: self._request(r.url))

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"console {kind}: {text}")

    def _request(self, url: str) -> None:
        if not url.startswith((self.origin, "blob:" + self.origin, "data:")):
            self.complaints.append(f"request to elsewhere: {url}")


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, town: Town) -> Iterator[Open]:
    """Opens the application; at the end, no page may have complained or asked anyone else."""
    contexts: list[BrowserContext] = []
    watched = Watched(town.url)

    def go(
        *, width: int = 1440, height: int = 900, query: str = "", place: str = "", url: str = "", **options: Any
    ) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="vi-VN", **options)
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        if not url:
            watched.watch(page)
        page.goto(f"{url or town.url}{query}{place}")
        map_settles(page)
        return page

    yield go
    for context in contexts:
        context.close()
    assert watched.complaints == []


def map_settles(page: Page) -> None:
    """Wait until the map has drawn what it was asked for."""
    page.wait_for_selector('[data-map="idle"]', timeout=PATIENCE_MS)


def rendered(page: Page, layer: str) -> list[dict[str, Any]]:
    """Attributes of what the map draws of one of its layers."""
    script = """(layer) => document.querySelector(".map__canvas").twinMap
        .queryRenderedFeatures({ layers: [layer] }).map((feature) => feature.properties)"""
    found: list[dict[str, Any]] = page.evaluate(script, layer)
    return found


def on_screen(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Where a place lies on the page. [px]"""
    script = """([lon, lat]) => { const box = document.querySelector(".map__canvas");
        const { left, top } = box.getBoundingClientRect(); const { x, y } = box.twinMap.project([lon, lat]);
        return [left + x, top + y]; }"""
    x, y = page.evaluate(script, [lon, lat])
    return x, y
