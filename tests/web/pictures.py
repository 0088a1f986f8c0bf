"""Takes the pictures of README and manual: ``python -m tests.web.pictures http://127.0.0.1:8080 docs/images``.

The address is that of a running demonstration city. The flood is looked at when it stood highest.
"""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
from playwright.sync_api import Browser, sync_playwright

from tests.web.browser import launched

DESK, PHONE = (1440, 900), (360, 780)
BRIDGE = "106.89895,11.52645"


def flood_peak(address: str) -> str:
    """Two thirds through the flood layer's times, when the wave stands in the town."""
    layers = httpx.get(f"{address}/app/layers").json()["layers"]
    times = next(layer["times"] for layer in layers if layer["name"] == "flood_depth")
    return times[len(times) * 2 // 3]


def take(browser: Browser, url: str, path: Path, size: tuple[int, int], *, night: bool = False) -> None:
    """One picture of one address, once the map has settled."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if night else "light")
    page.goto(url)
    page.wait_for_selector("[data-map=idle]", timeout=60_000)
    page.wait_for_timeout(4000)
    page.screenshot(path=str(path))
    page.close()


def take_page(browser: Browser, url: str, path: Path, size: tuple[int, int], *, role: str = "") -> None:
    """One picture of one of the pages beside the map, seen in a role of an open twin."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme="light")
    page.goto(url)
    if role:
        page.get_by_label("Xem với vai trò").select_option(role)
    page.locator("main h1, main h2").first.wait_for(timeout=60_000)
    page.wait_for_timeout(4000)
    page.screenshot(path=str(path))
    page.close()


def main(address: str, folder: Path) -> None:
    """Take them all."""
    folder.mkdir(parents=True, exist_ok=True)
    peak = flood_peak(address)
    with sync_playwright() as playwright:
        browser = launched(playwright)
        take(browser, f"{address}/#map=14.6/11.5275/106.8975&here={BRIDGE}", folder / "map.png", DESK)
        take(browser, f"{address}/#map=15.2/11.5262/106.8985&at={peak}", folder / "flood.png", DESK, night=True)
        take(browser, f"{address}/#map=16/11.5315/106.8925&here=106.8921,11.5312", folder / "phone.png", PHONE)
        take_page(browser, f"{address}/cases", folder / "cases.png", DESK, role="duty_officer")
        take_page(browser, f"{address}/law?q=mat%20do%20xay%20dung", folder / "law.png", DESK)
        take_page(browser, f"{address}/report", folder / "report-phone.png", PHONE)
        take_page(browser, f"{address}/verify", folder / "verify-phone.png", PHONE)
        take_page(browser, f"{address}/admin", folder / "admin.png", DESK, role="administrator")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), Path(sys.argv[2]))
