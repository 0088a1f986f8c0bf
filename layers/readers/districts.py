"""The district files made before the merger of provinces: one province, its districts, bare coordinates.

A document is ``{"level1_id", "name", "level2s": [{"level2_id", "name", "coordinates"}, …]}`` where ``coordinates``
nest like a GeoJSON MultiPolygon's in longitude, latitude.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from layers.readers.geojson import read_geometry
from layers.readers.record import ReadOptions, Row, Table
from layers.readers.values import typed
from twin.geo.crs import WGS84


def read_districts(document: Mapping[str, Any], name: str, options: ReadOptions) -> Table:  # noqa: ARG001 - a reader
    """Read the districts of one province."""
    entries = [e if isinstance(e, Mapping) else {} for e in document["level2s"]]
    values = typed(
        [
            {
                "level2_id": entry.get("level2_id"),
                "name": entry.get("name"),
                "level1_id": document.get("level1_id"),
                "level1_name": document.get("name"),
            }
            for entry in entries
        ]
    )
    rows = []
    for i, entry in enumerate(entries):
        geometry, problem = read_geometry({"type": "MultiPolygon", "coordinates": entry.get("coordinates")})
        rows.append(Row(i + 1, geometry, values.records[i], str(entry.get("level2_id") or ""), problem))
    return Table(
        "district JSON", str(document.get("name") or name), tuple(rows), values.fields, WGS84, True, values.notes
    )
