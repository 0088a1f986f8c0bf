"""DXF drawings: model space as points, lines and polygons with their CAD layer.

Closed polylines, hatches and faces are polygons; curves are flattened to within :data:`SAGITTA` drawing units.
Block references are points with their attributes. A drawing has no reference system of its own that practice
relies on; the caller names it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import shapely
from ezdxf import recover
from ezdxf.lldxf.const import DXFError
from ezdxf.path import from_hatch, make_path
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from layers.readers.record import ReadOptions, Row, Table
from layers.readers.values import typed
from twin.errors import FormatError

SAGITTA = 0.01
_UNITS = {1: "inches", 2: "feet", 4: "millimetres", 5: "centimetres", 6: "metres", 7: "kilometres"}


def read_dxf(path: Path, options: ReadOptions) -> Table:  # noqa: ARG001 - a reader
    """Read every drawn entity of model space."""
    document, notes = _open(path)
    records: list[dict[str, Any]] = []
    shapes: list[tuple[BaseGeometry | None, str, str]] = []
    skipped: Counter[str] = Counter()
    for entity in document.modelspace():
        kind = entity.dxftype()
        convert = _CONVERT.get(kind)
        if convert is None:
            skipped[kind] += 1
            continue
        try:
            geometry, problem = convert(entity), ""
        except (DXFError, ShapelyError, ValueError, TypeError, ZeroDivisionError, ArithmeticError) as exc:
            geometry, problem = None, f"the {kind} cannot be converted: {exc}"
        shapes.append((geometry, problem, str(entity.dxf.handle or "")))
        records.append(_properties(entity, document))
    values = typed(records)
    rows = tuple(
        Row(i + 1, g, values.records[i], handle, problem or ("" if g is not None else "has no extent"))
        for i, (g, problem, handle) in enumerate(shapes)
    )
    if skipped:
        notes.append("not on a map and left out: " + ", ".join(f"{n} {kind}" for kind, n in skipped.most_common()))
    unit = _UNITS.get(int(document.header.get("$INSUNITS", 0)), "")
    if unit and unit != "metres":
        notes.append(f"the drawing says its unit is {unit}; coordinates were taken as they are")
    return Table("DXF", path.stem, rows, values.fields, notes=(*notes, *values.notes))


def _open(path: Path) -> tuple[Any, list[str]]:
    try:
        document, auditor = recover.readfile(str(path))
    except (OSError, DXFError, ValueError, TypeError, KeyError, IndexError) as exc:
        raise FormatError(f"is not a readable DXF drawing: {exc}", where=path.name) from exc
    notes = []
    if auditor.errors:
        notes.append(f"{len(auditor.errors)} errors in the drawing's structure could not be mended")
    if auditor.fixes:
        notes.append(f"{len(auditor.fixes)} errors in the drawing's structure were mended on reading")
    return document, notes


def _properties(entity: Any, document: Any) -> dict[str, Any]:
    layer = str(entity.dxf.layer)
    colour = int(entity.dxf.get("color", 256))
    if colour in (0, 256) and layer in document.layers:
        colour = abs(int(document.layers.get(layer).dxf.color))
    out: dict[str, Any] = {"cad_layer": layer, "entity": entity.dxftype(), "colour": colour}
    kind = entity.dxftype()
    if kind in ("TEXT", "MTEXT", "ATTRIB"):
        out["text"] = entity.plain_text()
        out["rotation"] = float(entity.dxf.get("rotation", 0.0))
    if kind == "INSERT":
        out["block"] = str(entity.dxf.name)
        out["rotation"] = float(entity.dxf.get("rotation", 0.0))
        out.update({str(a.dxf.tag): str(a.dxf.text) for a in entity.attribs if a.dxf.tag})
    return out


def _point(entity: Any) -> BaseGeometry:
    return shapely.Point(entity.dxf.location.x, entity.dxf.location.y)


def _insertion(entity: Any) -> BaseGeometry:
    at = entity.dxf.insert
    return shapely.Point(at.x, at.y)


def _line(entity: Any) -> BaseGeometry | None:
    a, b = entity.dxf.start, entity.dxf.end
    return _path([(a.x, a.y), (b.x, b.y)], closed=False)


def _curve(entity: Any) -> BaseGeometry | None:
    path = make_path(entity)
    points = [(v.x, v.y) for v in path.flattening(SAGITTA)]
    closed = entity.dxftype() == "CIRCLE" or bool(
        getattr(entity, "is_closed", False) or getattr(entity, "closed", False)
    )
    return _path(points, closed=closed)


def _polyline(entity: Any) -> BaseGeometry | None:
    if entity.dxftype() == "POLYLINE" and (entity.is_poly_face_mesh or entity.is_polygon_mesh):
        faces = [
            _path([(v.dxf.location.x, v.dxf.location.y) for v in face[:4]], closed=True) for face in _faces(entity)
        ]
        return shapely.union_all([f for f in faces if f is not None]) if faces else None
    return _curve(entity)


def _faces(entity: Any) -> list[Any]:
    return [list(face) for face in entity.faces()] if entity.is_poly_face_mesh else []


def _face(entity: Any) -> BaseGeometry | None:
    corners = [(v.x, v.y) for v in entity.wcs_vertices()]
    return _path(corners, closed=True)


def _hatch(entity: Any) -> BaseGeometry | None:
    """Outer rings less the rings inside them: even-odd, as hatches are drawn."""
    area: BaseGeometry | None = None
    for boundary in from_hatch(entity):
        ring = [(v.x, v.y) for v in boundary.flattening(SAGITTA)]
        if len(ring) < 3:
            continue
        part = shapely.make_valid(shapely.Polygon(ring))
        area = part if area is None else shapely.symmetric_difference(area, part)
    return area


def _path(points: list[tuple[float, float]], *, closed: bool) -> BaseGeometry | None:
    kept = [p for i, p in enumerate(points) if i == 0 or p != points[i - 1]]
    if any(not (math.isfinite(x) and math.isfinite(y)) for x, y in kept):
        raise ValueError("a coordinate is not finite")
    if closed and len(kept) > 1 and kept[0] == kept[-1]:
        kept.pop()
    if closed and len(kept) >= 3:
        return shapely.Polygon(kept)
    return shapely.LineString(kept) if len(kept) >= 2 else None


_CONVERT: dict[str, Callable[[Any], BaseGeometry | None]] = {
    "POINT": _point,
    "TEXT": _insertion,
    "MTEXT": _insertion,
    "ATTRIB": _insertion,
    "INSERT": _insertion,
    "LINE": _line,
    "LWPOLYLINE": _polyline,
    "POLYLINE": _polyline,
    "ARC": _curve,
    "CIRCLE": _curve,
    "ELLIPSE": _curve,
    "SPLINE": _curve,
    "HATCH": _hatch,
    "MPOLYGON": _hatch,
    "3DFACE": _face,
    "SOLID": _face,
    "TRACE": _face,
}
