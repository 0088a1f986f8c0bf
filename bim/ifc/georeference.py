"""Every statement of an IFC file about where it stands, as written; nothing is chosen or mended here."""

from __future__ import annotations

import math
from typing import Any

import ifcopenshell
import ifcopenshell.util.element
import ifcopenshell.util.placement
import ifcopenshell.util.unit
import numpy as np

from bim.ifc.raw import RawMapConversion, RawSite

_METRES_BY_NAME = {
    "METRE": 1.0,
    "METER": 1.0,
    "M": 1.0,
    "MILLIMETRE": 0.001,
    "MILLIMETER": 0.001,
    "MM": 0.001,
    "FOOT": 0.3048,
    "US SURVEY FOOT": 1200 / 3937,
}


def map_conversions(model: ifcopenshell.file) -> tuple[RawMapConversion, ...]:
    """Map conversions of IFC4 and later, and their IFC2X3 convention in property sets."""
    found = [] if model.schema == "IFC2X3" else _operations(model)
    found += _property_sets(model)
    distinct = {(c.crs_name, c.eastings, c.northings, c.x_axis, c.scale): c for c in reversed(found)}
    return tuple(reversed(distinct.values()))


def sites(model: ifcopenshell.file, unit_m: float) -> tuple[RawSite, ...]:
    """Each IfcSite with its geographic position, if it has one."""
    return tuple(
        RawSite(
            global_id=site.GlobalId,
            latitude=tuple(site.RefLatitude) if site.RefLatitude else None,
            longitude=tuple(site.RefLongitude) if site.RefLongitude else None,
            elevation_m=None if site.RefElevation is None else float(site.RefElevation) * unit_m,
            origin_m=origin_m(site, unit_m),
        )
        for site in model.by_type("IfcSite")
    )


def origin_m(product: Any, unit_m: float) -> tuple[float, float, float]:
    """Origin of a product's placement in the model's coordinates [m]."""
    if product.ObjectPlacement is None:
        return (0.0, 0.0, 0.0)
    matrix = ifcopenshell.util.placement.get_local_placement(product.ObjectPlacement)
    x, y, z = (float(v) * unit_m for v in matrix[:3, 3])
    return (x, y, z)


def true_north(model: ifcopenshell.file) -> tuple[float, float] | None:
    """Direction of true north in the model's plan, or ``None`` where the file is silent."""
    for context in _model_contexts(model):
        if context.TrueNorth is not None:
            x, y = context.TrueNorth.DirectionRatios[:2]
            if math.hypot(x, y) > 0:
                return (float(x), float(y))
    return None


def has_world_offset(model: ifcopenshell.file) -> bool:
    """Whether the model's context is itself moved or turned (WorldCoordinateSystem is not the identity)."""
    for context in _model_contexts(model):
        system = context.WorldCoordinateSystem
        if system is not None and system.is_a("IfcAxis2Placement3D"):
            matrix = ifcopenshell.util.placement.get_axis2placement(system)
            if not np.allclose(matrix, np.eye(4), atol=1e-6):
                return True
    return False


def _model_contexts(model: ifcopenshell.file) -> list[Any]:
    contexts = model.by_type("IfcGeometricRepresentationContext", include_subtypes=False)
    return sorted(contexts, key=lambda c: c.ContextType != "Model")


def _operations(model: ifcopenshell.file) -> list[RawMapConversion]:
    return [_operation(op) for op in model.by_type("IfcCoordinateOperation") if op.TargetCRS is not None]


def _operation(operation: Any) -> RawMapConversion:
    info = operation.get_info(recursive=False)
    crs = operation.TargetCRS
    crs_info = crs.get_info(recursive=False)
    rigid = operation.is_a("IfcRigidOperation")
    east = info["FirstCoordinate"] if rigid else info.get("Eastings")
    north = info["SecondCoordinate"] if rigid else info.get("Northings")
    factor = (_number(info.get("FactorX"), 1.0) + _number(info.get("FactorY"), 1.0)) / 2
    scale = _number(info.get("Scale"), 1.0) * factor
    unit = crs_info.get("MapUnit")
    map_unit_m = float(ifcopenshell.util.unit.get_unit_scale(unit)) if unit is not None else None
    return RawMapConversion(
        kind="IfcRigidOperation" if rigid else "IfcMapConversion",
        entity=f"#{operation.id()}",
        crs_name=str(crs.Name or ""),
        crs_wkt=_well_known_text(crs),
        crs_description=str(crs.Description or ""),
        eastings=_optional(east),
        northings=_optional(north),
        height=_number(info.get("Height" if rigid else "OrthogonalHeight"), 0.0),
        x_axis=_axis(info.get("XAxisAbscissa"), info.get("XAxisOrdinate")),
        scale=scale,
        map_unit_m=map_unit_m,
    )


def _well_known_text(crs: Any) -> str:
    texts = getattr(crs, "WellKnownText", None)
    return str(texts[0].WellKnownText) if texts else ""


def _property_sets(model: ifcopenshell.file) -> list[RawMapConversion]:
    """``ePSet_MapConversion`` and ``ePSet_ProjectedCRS`` on the site or project, whatever their capitals."""
    found = []
    for holder in [*model.by_type("IfcSite"), *model.by_type("IfcProject")]:
        sets = {name.lower(): values for name, values in ifcopenshell.util.element.get_psets(holder).items()}
        values = sets.get("epset_mapconversion")
        if values is not None:
            found.append(_property_set(holder, values, sets.get("epset_projectedcrs", {})))
    return found


def _property_set(holder: Any, values: dict[str, Any], crs: dict[str, Any]) -> RawMapConversion:
    unit = str(crs.get("MapUnit") or "").strip().upper()
    return RawMapConversion(
        kind="ePSet_MapConversion",
        entity=f"#{values.get('id', holder.id())}",
        crs_name=str(crs.get("Name") or ""),
        crs_wkt="",
        crs_description=str(crs.get("Description") or ""),
        eastings=_optional(values.get("Eastings")),
        northings=_optional(values.get("Northings")),
        height=_number(values.get("OrthogonalHeight"), 0.0),
        x_axis=_axis(values.get("XAxisAbscissa"), values.get("XAxisOrdinate")),
        scale=_number(values.get("Scale"), 1.0),
        map_unit_m=_METRES_BY_NAME.get(unit),
    )


def _axis(abscissa: object, ordinate: object) -> tuple[float, float]:
    """Direction of the model's x axis on the map; east where the file says nothing."""
    if abscissa is None and ordinate is None:
        return (1.0, 0.0)
    return (_number(abscissa, 0.0), _number(ordinate, 0.0))


def _optional(value: object) -> float | None:
    number = _number(value, math.nan)
    return number if math.isfinite(number) else None


def _number(value: Any, default: float) -> float:
    """Take a number that may be wrapped, missing or written as text."""
    wrapped = getattr(value, "wrappedValue", value)
    if wrapped is None:
        return default
    try:
        return float(wrapped)
    except (TypeError, ValueError):
        return default
