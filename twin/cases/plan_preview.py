"""What a plan edit would do: before, after, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from twin.cases.kind import Body
from twin.cases.plan_edit import Edit, base_of, layer_of, read_edits, versions_at
from twin.errors import ParameterError, TimeError, TwinError
from twin.geo.geodesy import geodesic_area
from twin.model.layer import Feature, Field, FieldType, Layer
from twin.model.view import View, Viewer
from twin.store.base import Store
from twin.types import BBox, Json, parse_time

OVERLAP_M2 = 0.5
"""Overlaps up to this come from rounding of shared borders. [m²]"""

_GEOMETRIES = ("Point", "LineString", "Polygon")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something wrong with a proposal; ``blocks`` if it cannot be published so."""

    code: str
    fid: str
    text: str
    text_en: str
    blocks: bool = True
    geometry: BaseGeometry | None = None
    area_m2: float | None = None

    def as_json(self) -> Body:
        """As a route answers it."""
        return {
            "code": self.code,
            "fid": self.fid,
            "text": self.text,
            "text_en": self.text_en,
            "blocks": self.blocks,
            "geometry": None if self.geometry is None else _geojson(self.geometry),
            "area_m2": None if self.area_m2 is None else round(self.area_m2, 2),
        }


@dataclass(frozen=True, slots=True)
class Preview:
    """The features before and after, and the problems."""

    before: tuple[Feature, ...]
    after: tuple[Body, ...]
    changes: tuple[Body, ...]
    problems: tuple[Trouble, ...]

    def as_json(self) -> Body:
        """Two feature collections, what changes, and the problems."""
        return {
            "before": _collection([_feature(f.fid, f.geometry, f.properties) for f in self.before]),
            "after": _collection(list(self.after)),
            "changes": list(self.changes),
            "problems": [p.as_json() for p in self.problems],
        }


def preview(store: Store, viewer: Viewer, body: Body) -> Preview:
    """What publishing a proposal now would do, as the viewer sees it."""
    name = str(body["layer"])
    layer, edits = layer_of(store, viewer, name), read_edits(body["changes"])
    before = versions_at(store, viewer, name, edits)
    after = [
        _feature(e.fid, _shape_after(e, before.get(e.fid)), _properties_after(e, before.get(e.fid)))
        for e in edits
        if not e.ends
    ]
    return Preview(
        tuple(before[e.fid] for e in edits if e.fid in before),
        tuple(after),
        tuple(_said(e, before.get(e.fid)) for e in edits),
        tuple(_problems(store, viewer, layer, edits, before, base_of(body))),
    )


def _problems(
    store: Store, viewer: Viewer, layer: Layer, edits: Sequence[Edit], before: dict[str, Feature], base: datetime
) -> Iterator[Trouble]:
    for edit in edits:
        was = before.get(edit.fid)
        versions = store.history(View(viewer), layer.name, edit.fid)
        yield from _changed_since(edit, versions, base)
        yield from _later(edit, was, versions)
        if edit.ends:
            if was is None:
                yield Trouble("unknown", edit.fid, "không có đối tượng này để kết thúc", "there is none that could end")
            continue
        yield from _attributes(layer, edit)
        shape = _shape_after(edit, was)
        faults = list(_geometry(layer, edit, shape))
        yield from faults
        if not faults and was is not None and not _differs(edit, was):
            yield Trouble("same", edit.fid, "không thay đổi gì", "it changes nothing", blocks=False)
    yield from _overlaps(store, viewer, layer, edits, before)


def _changed_since(edit: Edit, versions: Sequence[Feature], base: datetime) -> Iterator[Trouble]:
    def after_base(moment: datetime | None) -> bool:
        return moment is not None and moment > base

    if any(after_base(v.recorded_from) or after_base(v.recorded_to) for v in versions):
        yield Trouble(
            "changed",
            edit.fid,
            "dữ liệu gốc đã thay đổi sau khi đề xuất",
            "it has changed since the proposal was made; what is there now would be overwritten",
        )


def _later(edit: Edit, was: Feature | None, versions: Sequence[Feature]) -> Iterator[Trouble]:
    """A change that reaches over versions that begin later would silently undo them."""
    start = edit.valid_from
    if start is None:
        return
    end = edit.valid_to
    later = [
        v
        for v in versions
        if v.recorded_to is None
        and v.valid_from is not None
        and v.valid_from > start
        and (end is None or v.valid_from < end)
        and (was is None or v.valid_from != was.valid_from)
    ]
    if later:
        when = min(v.valid_from for v in later if v.valid_from)
        yield Trouble(
            "later_version",
            edit.fid,
            f"đã có phiên bản có hiệu lực từ {when:%d/%m/%Y}; cần valid_to trước đó",
            f"a version that holds from {when:%Y-%m-%d} would be undone; end the change before it",
        )


def _attributes(layer: Layer, edit: Edit) -> Iterator[Trouble]:
    for name, value in (edit.properties or {}).items():
        field = layer.field(name)
        if field is None:
            yield Trouble(
                "attribute", edit.fid, f"lớp không có thuộc tính {name}", f"the layer has no attribute {name!r}"
            )
        elif value is not None and not _fits(field, value):
            yield Trouble(
                "type",
                edit.fid,
                f"{name}: {value!r} không phải {field.type.value}",
                f"{name}: {value!r} is not of type {field.type.value}",
            )


def _fits(field: Field, value: Json) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match field.type:
        case FieldType.STRING:
            return isinstance(value, str)
        case FieldType.BOOLEAN:
            return isinstance(value, bool)
        case FieldType.INTEGER:
            return is_number and float(str(value)).is_integer()
        case FieldType.NUMBER:
            return is_number
        case FieldType.DATE | FieldType.DATETIME:
            return isinstance(value, str) and _is_time(value, field.type)
        case _:
            return True


def _is_time(value: str, kind: FieldType) -> bool:
    try:
        if kind is FieldType.DATE:
            date.fromisoformat(value)
        else:
            parse_time(value, where="properties")
    except (ValueError, TimeError):
        return False
    return True


def _geometry(layer: Layer, edit: Edit, shape: BaseGeometry | None) -> Iterator[Trouble]:
    if shape is None:
        if layer.geometry_type in _GEOMETRIES:
            yield Trouble("geometry", edit.fid, "đối tượng mới cần hình dạng", "a new feature needs a geometry")
        return
    kind = shape.geom_type.removeprefix("Multi")
    if layer.geometry_type in _GEOMETRIES and kind != layer.geometry_type:
        yield Trouble(
            "geometry_type",
            edit.fid,
            f"hình dạng là {shape.geom_type}, lớp chứa {layer.geometry_type}",
            f"the geometry is {shape.geom_type}, the layer holds {layer.geometry_type}",
        )
    west, south, east, north = shape.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        yield Trouble(
            "outside", edit.fid, "tọa độ không phải kinh, vĩ độ", "coordinates are not longitude and latitude"
        )
    if not shape.is_valid:
        why = shapely.is_valid_reason(shape)
        yield Trouble("invalid", edit.fid, f"hình dạng không hợp lệ: {why}", f"the geometry is not valid: {why}")


def _overlaps(
    store: Store, viewer: Viewer, layer: Layer, edits: Sequence[Edit], before: dict[str, Feature]
) -> Iterator[Trouble]:
    """What the new outlines share with their neighbours that the old ones did not."""
    shapes = {e.fid: s for e in edits if (s := e.world) is not None and s.is_valid and _is_areal(s)}
    moved = {e.fid for e in edits if e.ends or e.geometry is not None}
    starts = {e.fid: e.valid_from for e in edits}
    for number, (fid, shape) in enumerate(shapes.items()):
        was = before.get(fid)
        around = _around(store, viewer, layer, shape, starts[fid])
        others = {f.fid: f.geometry for f in around if f.fid not in moved and f.geometry is not None}
        others |= dict(list(shapes.items())[number + 1 :])
        for other, outline in others.items():
            yield from _overlap(fid, shape, was.geometry if was else None, other, outline)


def _around(store: Store, viewer: Viewer, layer: Layer, shape: BaseGeometry, at: datetime | None) -> list[Feature]:
    try:
        box = BBox(*shape.bounds)
    except ParameterError:
        return []
    return store.features(View(viewer, at), layer.name, bbox=box)


def _overlap(
    fid: str, shape: BaseGeometry, was: BaseGeometry | None, other: str, outline: BaseGeometry
) -> Iterator[Trouble]:
    if not outline.is_valid or not _is_areal(outline) or not shape.intersects(outline):
        return
    shared = shapely.intersection(shape, outline)
    area = geodesic_area(shared)
    had = geodesic_area(shapely.intersection(was, outline)) if was is not None and was.is_valid else 0.0
    if area - had > OVERLAP_M2:
        said = f"{area:.1f}".replace(".", ",")
        yield Trouble(
            "overlap",
            fid,
            f"chồng lên {other} {said} m²",
            f"overlaps {other} by {area:.1f} m²",
            blocks=False,
            geometry=shared,
            area_m2=area,
        )


def _is_areal(shape: BaseGeometry) -> bool:
    return shape.geom_type in ("Polygon", "MultiPolygon")


def _shape_after(edit: Edit, was: Feature | None) -> BaseGeometry | None:
    own = edit.world
    return own if own is not None else (was.geometry if was else None)


def _properties_after(edit: Edit, was: Feature | None) -> Body:
    return {**(was.properties if was else {}), **(edit.properties or {})}


def _differs(edit: Edit, was: Feature) -> bool:
    shape = _shape_after(edit, was)
    same_shape = shape is was.geometry or (
        shape is not None and was.geometry is not None and shape.equals(was.geometry)
    )
    return not same_shape or _properties_after(edit, was) != was.properties


def _said(edit: Edit, was: Feature | None) -> Body:
    """One line of what changes: attributes and areas."""
    after = None if edit.ends else _shape_after(edit, was)
    properties = {} if edit.ends else _properties_after(edit, was)
    old = was.properties if was else {}
    names = sorted(n for n in {*old, *properties} if old.get(n) != properties.get(n))
    return {
        "fid": edit.fid,
        "what": "ends" if edit.ends else ("changed" if was else "new"),
        "valid_from": None if edit.valid_from is None else edit.valid_from.isoformat(),
        "valid_to": None if edit.valid_to is None else edit.valid_to.isoformat(),
        "area_before_m2": _area(was.geometry if was else None),
        "area_after_m2": _area(after),
        "attributes": [{"name": n, "before": old.get(n), "after": properties.get(n)} for n in names],
    }


def _area(shape: BaseGeometry | None) -> float | None:
    if shape is None or not _is_areal(shape):
        return None
    try:
        return round(geodesic_area(shape), 2)
    except TwinError:
        return None


def _geojson(shape: BaseGeometry) -> Any:
    return mapping(shape)


def _feature(fid: str, shape: BaseGeometry | None, properties: Body) -> Body:
    return {
        "type": "Feature",
        "id": fid,
        "geometry": None if shape is None else _geojson(shape),
        "properties": properties,
    }


def _collection(features: list[Body]) -> Body:
    return {"type": "FeatureCollection", "features": list(features)}
