"""The ``.prj`` beside Shapefiles and grids: well-known text, or the older list of keywords."""

from __future__ import annotations

from pathlib import Path

import pyproj
from pyproj.exceptions import CRSError as ProjCrsError

_UTM_SOUTH_FN = 10_000_000.0
_WGS84_NAMES = frozenset({"WGS84", "WGS_1984", "WGS 84"})


def read_prj(beside: Path) -> tuple[str, str]:
    """Reference system from the ``.prj`` of the same name, ``""`` without one; and a remark if it is unreadable."""
    found = next((p for p in beside.parent.iterdir() if p.stem == beside.stem and p.suffix.lower() == ".prj"), None)
    if found is None:
        return "", ""
    text = found.read_text(encoding="utf-8", errors="replace").strip()
    try:
        crs = pyproj.CRS.from_user_input(text)
    except ProjCrsError:
        code = _keywords(text)
        return code, "" if code else f"{found.name} names no reference system this machine knows"
    # Esri's text differs from the registry's in spelling; 70 accepts that, and no other projection.
    authority = crs.to_authority(min_confidence=70)
    return (":".join(authority) if authority else text), ""


def _keywords(text: str) -> str:
    """Read ArcInfo's keywords, of which only UTM on WGS 84 occurs in practice."""
    words = {
        parts[0].casefold(): parts[1].strip() for line in text.splitlines() if len(parts := line.split(None, 1)) == 2
    }
    if words.get("projection", "").upper() != "UTM" or words.get("datum", "").upper() not in _WGS84_NAMES:
        return ""
    try:
        zone = int(words["zone"])
        south = float(words.get("yshift", 0)) == _UTM_SOUTH_FN or zone < 0
    except (KeyError, ValueError):
        return ""
    return f"EPSG:{(32700 if south else 32600) + abs(zone)}" if 1 <= abs(zone) <= 60 else ""
