"""JSON files: parsed once, then read as what their content says they are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from layers.readers.cityjson import read_cityjson
from layers.readers.districts import read_districts
from layers.readers.geojson import GEOMETRY_TYPES, read_geojson
from layers.readers.record import ReadOptions, Table
from layers.readers.topojson import read_topojson
from twin.errors import FormatError, UnsupportedFormatError

MAX_BYTES = 1 << 30
"""A parsed document takes about ten times its size in memory."""

Document: TypeAlias = Mapping[str, Any]


def read_json(path: Path, options: ReadOptions) -> Table:
    """Read GeoJSON, TopoJSON, CityJSON or the district files made before the merger of provinces."""
    document = load(path)
    if not isinstance(document, dict):
        raise UnsupportedFormatError(f"holds a JSON {type(document).__name__}, not a map", where=path.name, hint=_HINT)
    try:
        return _reader_of(document, path)(document, path.stem, options)
    except RecursionError as exc:
        raise FormatError(_TOO_DEEP, where=path.name) from exc


_TOO_DEEP = "is nested too deeply to be a map"
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_HINT = "GeoJSON, TopoJSON and CityJSON can be read; a table belongs into CSV or Excel."


def load(path: Path) -> Any:
    """Parse a JSON file; :class:`FormatError` names the line where it breaks."""
    if path.stat().st_size > MAX_BYTES:
        raise UnsupportedFormatError(
            f"JSON files over {MAX_BYTES >> 30} GiB are not read whole",
            where=path.name,
            hint="Convert it to a GeoPackage.",
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = json.loads(text)
        if _SURROGATE.search(text):
            json.dumps(document, ensure_ascii=False).encode()
    except UnicodeDecodeError as exc:
        raise FormatError(f"is not UTF-8 at byte {exc.start}", where=path.name) from exc
    except UnicodeEncodeError as exc:
        raise FormatError("holds half of a character (a lone surrogate)", where=path.name) from exc
    except json.JSONDecodeError as exc:
        raise FormatError(f"is not JSON: {exc.msg} at line {exc.lineno}", where=path.name) from exc
    except ValueError as exc:
        raise FormatError("holds a number of thousands of digits", where=path.name) from exc
    except RecursionError as exc:
        raise FormatError(_TOO_DEEP, where=path.name) from exc
    return document


def _reader_of(document: Document, path: Path) -> Callable[[Document, str, ReadOptions], Table]:
    kind = document.get("type")
    if isinstance(document.get("level2s"), list):
        # Before GeoJSON: these files carry a "type" of their own too.
        return read_districts
    if kind in ("FeatureCollection", "Feature") or kind in GEOMETRY_TYPES:
        return read_geojson
    if kind == "Topology":
        return read_topojson
    if kind == "CityJSON":
        return read_cityjson
    header = document.get("header")
    if isinstance(header, dict) and "ifcxVersion" in header:
        raise UnsupportedFormatError(
            f"is an IFC5 draft ({header['ifcxVersion']}), a format that is not final",
            where=path.name,
            hint="Export the model as IFC4 or IFC4X3_ADD2 (.ifc).",
        )
    raise UnsupportedFormatError(
        f"is JSON of an unknown kind (type {kind!r})",
        where=path.name,
        hint=_HINT,
    )
