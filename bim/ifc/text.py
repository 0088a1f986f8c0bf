r"""Open the text of an IFC file whatever way it writes letters beyond ASCII.

The format asks for ``\X2\1ED1\X0\``; many programs write UTF-8, from which the library would drop every letter
with a diacritic without a word.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import ifcopenshell

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")


def open_model(path: Path) -> tuple[Any, bool]:
    """Open a file; the flag says that its text is neither ASCII nor UTF-8, so names have lost letters."""
    content = path.read_bytes()
    if content.isascii():
        return ifcopenshell.open(path), False
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ifcopenshell.open(path), True
    return ifcopenshell.file.from_string(escape(text)), False


def escape(text: str) -> str:
    """Write letters beyond ASCII the way ISO 10303-21 asks for."""
    return _BEYOND_ASCII.sub(lambda match: _escaped(match[0]), text)


def _escaped(letters: str) -> str:
    # Two bytes a letter reach the basic plane; anything beyond takes four.
    if max(letters) <= "\uffff":
        return f"\\X2\\{letters.encode('utf-16-be').hex().upper()}\\X0\\"
    return f"\\X4\\{letters.encode('utf-32-be').hex().upper()}\\X0\\"
