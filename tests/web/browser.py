"""Debian's Chromium, started the same way for tests and for the manual's pictures."""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser, Playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-gl=angle", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader", "--font-render-hinting=none",
]  # fmt: skip
"""Software drawing, so that a machine without a graphics card draws the map too; nothing asked of the network."""


def launched(playwright: Playwright) -> Browser:
    """A headless browser; the caller closes it."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    assert found, "no Chromium: apt-get install chromium"
    return playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
