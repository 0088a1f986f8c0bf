"""The typefaces of documents, from packages that ship them: no font of the machine is ever used."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import fontpkg_be_vietnam_pro
import fontpkg_inter
from fontTools.ttLib import TTFont

TEXT = "Be Vietnam Pro"
FIGURES = "Inter"
"""Be Vietnam Pro has no figures of equal width."""
INSTEAD = "\u25a1"
"""What stands for a character that neither typeface has."""


def folders() -> list[Path]:
    """Where the font files lie."""
    return [Path(fontpkg_be_vietnam_pro.ROOT) / "files", Path(fontpkg_inter.ROOT) / "files"]


@lru_cache(maxsize=1)
def drawable() -> frozenset[int]:
    """Code points that documents can show: text falls back from one typeface to the other, and to no third."""
    text, figures = folders()
    return _points(text / "BeVietnamPro-Regular.ttf") | _points(figures / "Inter[opsz,wght].ttf")


def _points(path: Path) -> frozenset[int]:
    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


def shown(text: str) -> str:
    """The text with what cannot be drawn replaced by a box; control characters but line ends are left out."""
    return "".join(_one(text))


def _one(text: str) -> Iterable[str]:
    known = drawable()
    for character in text:
        if character in "\n\t":
            yield "\n" if character == "\n" else " "
        elif ord(character) < 32 or 127 <= ord(character) < 160 or character in _DIRECTION:
            continue
        else:
            yield character if ord(character) in known else INSTEAD


_DIRECTION = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
"""Marks that turn the direction of writing: they would let a page say other than its facts."""
