"""GeoJSON (RFC 7946, with the ``crs`` member of its 2008 forerunner)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from layers.readers.record import ReadOptions, Row, Table
from layers.readers.values import typed
from twin.errors import FormatError
from twin.geo.crs import WGS84

GEOMETRY_TYPES = frozenset(
    {
        "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection",
    }
)  # fmt: skip


def read_geojson(document: Mapping[str, Any], name: str, options: ReadOptions) -> Table:  # noqa: ARG001 - a reader
    """Read a FeatureCollection, a Feature or a bare geometry; WGS 84 unless the file says otherwise."""
    features = _features(document, name)
    geometries: list[BaseGeometry | None] = []
    problems: list[str] = []
    for feature in features:
        geometry, problem = _geometry(feature)
        geometries.append(geometry)
        problems.append(problem)
    values = typed([_properties(f) for f in features])
    rows = tuple(
        Row(i + 1, geometries[i], values.records[i], _fid(features[i]), problems[i]) for i in range(len(features))
    )
    crs, assumed, notes = _crs(document)
    return Table(
        "GeoJSON",
        str(document.get("name") or name),
        rows,
        values.fields,
        crs,
        assumed,
        (*notes, *values.notes),
        _attribution(document),
    )


def read_geometry(geometry: Any) -> tuple[BaseGeometry | None, str]:
    """Make a geometry of GeoJSON's; the second part says why it could not be."""
    if geometry is None:
        return None, ""
    if not isinstance(geometry, Mapping) or geometry.get("type") not in GEOMETRY_TYPES:
        return None, "the geometry is not one of GeoJSON's"
    try:
        made = shape(dict(geometry))
    except (ShapelyError, ValueError, TypeError, IndexError, KeyError, AttributeError) as exc:
        return None, f"the geometry cannot be built: {exc}"
    if made.is_empty:
        return None, "the geometry is empty"
    return shapely.force_3d(made) if made.has_z else shapely.force_2d(made), ""


def _features(document: Mapping[str, Any], name: str) -> list[Any]:
    kind = document.get("type")
    if kind == "FeatureCollection":
        features = document.get("features")
        if not isinstance(features, list):
            raise FormatError("the FeatureCollection has no list of features", where=name)
        return features
    if kind == "Feature":
        return [document]
    return [{"type": "Feature", "geometry": document, "properties": {}}]


def _geometry(feature: Any) -> tuple[BaseGeometry | None, str]:
    if not isinstance(feature, Mapping) or feature.get("type") != "Feature":
        return None, "is not a GeoJSON Feature"
    return read_geometry(feature.get("geometry"))


def _properties(feature: Any) -> Mapping[str, Any]:
    properties = feature.get("properties") if isinstance(feature, Mapping) else None
    return properties if isinstance(properties, Mapping) else {}


def _fid(feature: Any) -> str:
    fid = feature.get("id") if isinstance(feature, Mapping) else None
    return str(fid) if isinstance(fid, str | int) and not isinstance(fid, bool) else ""


def _crs(document: Mapping[str, Any]) -> tuple[str, bool, tuple[str, ...]]:
    if "crs" not in document:
        return WGS84, True, ()
    member = document["crs"]
    if member is None:
        return "", False, ("the file says that no reference system can be assumed",)
    if isinstance(member, Mapping) and member.get("type") == "name" and isinstance(member.get("properties"), Mapping):
        return str(member["properties"].get("name", "")), False, ()
    return "", False, ("the file's reference system is a link or unreadable and was not followed",)


def _attribution(document: Mapping[str, Any]) -> str:
    """Find what the Overpass interface and others write beside the features about whose data this is."""
    meta = document.get("metaData") or document.get("metadata")
    if isinstance(meta, Mapping):
        osm = meta.get("osm3s")
        text = osm.get("copyright") if isinstance(osm, Mapping) else meta.get("attribution")
        return str(text) if text else ""
    return ""
