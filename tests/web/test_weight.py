"""What the page weighs before the map, and that it brings everything along."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from tests.web.conftest import BUILT

MOST_JS_BYTES = 250_000
"""Gzipped script before the map."""


@pytest.fixture
def built() -> Path:
    assert BUILT.is_file(), "the web application is not built: run `make web`"
    return BUILT.parent


def imported(script: Path) -> set[Path]:
    """A script with all that it imports at once (not what it loads later)."""
    text = script.read_text(encoding="utf-8")
    found = {script}
    for name in re.findall(r"""(?:from|import)\s*["']\./([\w.-]+\.js)["']""", text):
        found |= imported(script.parent / name)
    return found


def test_script_before_the_map_is_light(built: Path) -> None:
    page = (built / "index.html").read_text(encoding="utf-8")
    entries = re.findall(r'(?:src|href)="\./(assets/[\w.-]+\.js)"', page)
    assert entries
    scripts = set().union(*(imported(built / name) for name in entries))
    assert sum(len(gzip.compress(script.read_bytes())) for script in scripts) < MOST_JS_BYTES
    assert not any(
        "maplibre" in script.read_text(encoding="utf-8") and script.stat().st_size > 500_000 for script in scripts
    )


def test_every_page_beside_the_map_is_light(built: Path) -> None:
    pages = ("SignIn", "Account", "Reset", "Report", "Cases", "Jobs", "Law", "Verify", "Admin")
    page = (built / "index.html").read_text(encoding="utf-8")
    first = set().union(*(imported(built / name) for name in re.findall(r'"\./(assets/[\w.-]+\.js)"', page)))
    for name in pages:
        [own] = (built / "assets").glob(f"{name}-????????.js")
        scripts = {one for one in first | imported(own) if "maplibre" not in one.name}
        assert sum(len(gzip.compress(one.read_bytes())) for one in scripts) <= MOST_JS_BYTES, name


def test_every_family_and_weight_has_its_vietnamese_letters(built: Path) -> None:
    names = {re.sub(r"-[\w-]{8}\.woff2$", "", file.name) for file in (built / "assets").glob("*.woff2")}
    for weight in (400, 500, 600):
        for subset in ("latin", "vietnamese"):
            assert f"be-vietnam-pro-{subset}-{weight}-normal" in names
            assert f"inter-{subset}-{weight}-normal" in names


def test_styles_and_page_name_no_other_address(built: Path) -> None:
    for file in [built / "index.html", *(built / "assets").glob("*.css")]:
        addresses = re.findall(r"https?://[^\s\"')]+", file.read_text(encoding="utf-8"))
        assert [a for a in addresses if not a.startswith("http://www.w3.org/")] == []
