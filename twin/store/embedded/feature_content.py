"""What writers say of features, checked against their layer and brought into the tables' terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from twin.errors import CrsError, SchemaError
from twin.geo.crs import to_wgs84
from twin.model.layer import FeatureChange, Field, FieldType, Layer, LayerKind
from twin.model.view import Access
from twin.store.embedded.database import dump
from twin.types import Json, require_aware

_GEOMETRY_TYPES = {"Point", "LineString", "Polygon"}


@dataclass(frozen=True, slots=True)
class Content:
    """What a change puts in: the row's content in the tables' terms."""

    geometry: bytes | None
    native: bytes | None
    crs: str
    properties: str
    box: tuple[float, float, float, float] | None

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for equal content."""
        return (self.native if self.native is not None else self.geometry, self.crs, self.properties)


def prepare(layer: Layer, changes: Sequence[FeatureChange]) -> list[Content | None]:
    """Check changes against the layer and bring them into the tables' terms; nothing is written."""
    if layer.kind is LayerKind.RASTER:
        raise SchemaError(f"layer {layer.name!r} holds grids, not features")
    for change in changes:
        _check(layer, change)
    world = _in_wgs84(changes)
    return [
        None if change.properties is None else _content(layer, change, shape)
        for change, shape in zip(changes, world, strict=True)
    ]


def _check(layer: Layer, change: FeatureChange) -> None:
    where = f"layer {layer.name}, feature {change.fid!r}"
    if not change.fid or len(change.fid) > 200:
        raise SchemaError("a feature id has 1 to 200 characters", where=where)
    for moment in (change.valid_from, change.valid_to):
        if moment is not None:
            require_aware(moment, where=where)
    shape = change.geometry
    if change.properties is not None and shape is not None:
        kind = shape.geom_type.removeprefix("Multi")
        if layer.geometry_type in _GEOMETRY_TYPES and kind != layer.geometry_type:
            raise SchemaError(f"geometry is {shape.geom_type}, the layer holds {layer.geometry_type}", where=where)
        if not np.isfinite(shapely.get_coordinates(shape, include_z=False)).all():
            raise SchemaError("geometry has coordinates that are not finite", where=where)
    if change.valid_to is not None and change.valid_from is not None:
        empty = (
            change.valid_to < change.valid_from
            if layer.kind is LayerKind.EVENT
            else (change.valid_to <= change.valid_from)
        )
        if empty:
            raise SchemaError(
                f"valid time ends ({change.valid_to}) before it begins ({change.valid_from})", where=where
            )


def _in_wgs84(changes: Sequence[FeatureChange]) -> list[BaseGeometry | None]:
    shapes: list[BaseGeometry | None] = [c.geometry for c in changes]
    for crs in {c.crs for c in changes if c.geometry is not None and c.crs != "EPSG:4326"}:
        chosen = [i for i, c in enumerate(changes) if c.crs == crs and c.geometry is not None]
        moved = to_wgs84([g for i in chosen if (g := changes[i].geometry) is not None], crs)
        for i, shape in zip(chosen, moved, strict=True):
            shapes[i] = shape
    return shapes


def _content(layer: Layer, change: FeatureChange, world: BaseGeometry | None) -> Content:
    box = None
    if world is not None and not world.is_empty:
        box = world.bounds
        if not (np.isfinite(box).all() and box[0] >= -180 and box[2] <= 180 and box[1] >= -90 and box[3] <= 90):
            raise CrsError(
                f"coordinates {tuple(round(float(v), 3) for v in box)} are not longitude and latitude",
                where=f"layer {layer.name}, feature {change.fid!r}",
                hint=f"They were read as {change.crs}; name the right CRS.",
            )
    try:
        properties = dump(change.properties)
    except ValueError as exc:
        raise SchemaError(
            f"attributes hold a value that is not JSON ({exc})", where=f"layer {layer.name}, feature {change.fid!r}"
        ) from exc
    same = change.crs == "EPSG:4326" or change.geometry is None
    native = None if same else shapely.to_wkb(change.geometry)
    return Content(None if world is None else shapely.to_wkb(world), native, change.crs, properties, box)


def undeclared(layer: Layer, changes: Sequence[FeatureChange]) -> list[Field]:
    """Attributes the layer does not declare yet, for staff only."""
    declared = {f.name for f in layer.fields}
    found: dict[str, Json] = {}
    for change in changes:
        for name, value in (change.properties or {}).items():
            if name not in declared and found.get(name) is None:
                found[name] = value
    return [Field(name, _type_of(value), title=name, access=Access.STAFF) for name, value in found.items()]


def _type_of(value: Json) -> FieldType:
    match value:
        case bool():
            return FieldType.BOOLEAN
        case int():
            return FieldType.INTEGER
        case float():
            return FieldType.NUMBER
        case list() | dict():
            return FieldType.JSON
        case _:
            return FieldType.STRING
