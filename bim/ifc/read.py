"""Read an IFC file into a :class:`~bim.ifc.raw.RawModel`; runs in the reading process only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.util.unit

from bim.ifc import georeference, outline
from bim.ifc.raw import RawBuilding, RawModel, RawStorey
from bim.ifc.shapes import Shape, shapes_of
from bim.ifc.structure import Member, Part, counts, members_of, storeys_of, top_buildings
from bim.ifc.text import open_model


def read_raw(path: Path, schema: str) -> RawModel:
    """Read everything the twin needs of a file that was recognised as ``schema``."""
    model, text_lost = open_model(path)
    unit, unit_m = _length_unit(model)
    buildings = []
    counted: set[int] = set()
    for entity in top_buildings(model):
        storeys = storeys_of(entity)
        members = members_of(entity, storeys)
        counted |= {m.element.id() for m in members}
        buildings.append(_building(model, entity, storeys, members, unit_m))
    projects = model.by_type("IfcProject")
    return RawModel(
        schema=schema,
        application=_application(model),
        project_name=str((projects[0].LongName or projects[0].Name or "") if projects else ""),
        length_unit=unit or "METRE",
        length_unit_m=unit_m,
        unit_declared=bool(unit),
        true_north=georeference.true_north(model),
        world_offset=georeference.has_world_offset(model),
        map_conversions=georeference.map_conversions(model),
        sites=georeference.sites(model, unit_m),
        buildings=tuple(buildings),
        elements_outside=sum(1 for e in _elements(model) if e.id() not in counted),
        other_content=_content(model),
        text_lost=text_lost,
    )


def _length_unit(model: ifcopenshell.file) -> tuple[str, float]:
    unit = ifcopenshell.util.unit.get_project_unit(model, "LENGTHUNIT")
    if unit is None:
        return "", 1.0
    name = ifcopenshell.util.unit.get_full_unit_name(unit)
    return str(name), float(ifcopenshell.util.unit.calculate_unit_scale(model))


def _application(model: ifcopenshell.file) -> str:
    applications = model.by_type("IfcApplication")
    if not applications:
        return ""
    first = applications[0]
    return f"{first.ApplicationFullName or ''} {first.Version or ''}".strip()


def _elements(model: ifcopenshell.file) -> list[Any]:
    """List elements with a body that would count in a building, wherever they hang."""
    return [e for e in model.by_type("IfcElement") if counts(e) and e.Representation is not None]


def _content(model: ifcopenshell.file) -> tuple[str, ...]:
    """List the classes of the most frequent objects: what a file without a building holds instead."""
    products: Sequence[Any] = model.by_type("IfcProduct")
    counts = Counter(p.is_a() for p in products if not (p.is_a("IfcSite") or p.is_a("IfcAnnotation")))
    return tuple(name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:6])


def _building(
    model: ifcopenshell.file, entity: Any, storeys: list[Any], members: Sequence[Member], unit_m: float
) -> RawBuilding:
    placement_z = georeference.origin_m(entity, unit_m)[2]
    shapes = shapes_of(model, members)
    levels = _levels(storeys, placement_z, unit_m)
    physical = _physical(shapes)
    zero, zero_from = _zero(storeys, levels, placement_z, physical)
    polygon, made_of = outline.footprint(physical, zero)
    highest = max(physical, key=lambda s: s.top, default=None)
    measured = {s.global_id for s in shapes}
    bodies = [m for m in members if m.element.Representation is not None]
    return RawBuilding(
        global_id=entity.GlobalId,
        name=str(entity.Name or ""),
        long_name=str(entity.LongName or ""),
        placement_z_m=placement_z,
        zero_z_m=zero,
        zero_from=zero_from,
        storeys=tuple(_storey(s, i, levels[i], shapes, unit_m) for i, s in enumerate(storeys)),
        elements=sum(1 for m in bodies if m.part is not Part.SPACE),
        without_shape=tuple(m.element.GlobalId for m in bodies if m.element.GlobalId not in measured),
        bottom_z_m=min((s.bottom for s in physical), default=None),
        top_z_m=highest.top if highest else None,
        top_element=highest.global_id if highest else "",
        footprint_wkt="" if polygon is None else polygon.wkt,
        footprint_from=made_of,
    )


def _physical(shapes: Sequence[Shape]) -> list[Shape]:
    """Take the shapes that make the building; proxies (trees, cars) only where there is nothing else."""
    solid = [s for s in shapes if s.part not in {Part.SPACE, Part.PROXY}]
    return solid or [s for s in shapes if s.part is Part.PROXY]


def _storey(storey: Any, index: int, level: float, shapes: Sequence[Shape], unit_m: float) -> RawStorey:
    own = [s for s in shapes if s.storey == index]
    space_area, space_ids = outline.spaces_area(own)
    area, ids = outline.storey_outline(own)
    return RawStorey(
        global_id=storey.GlobalId,
        name=str(storey.Name or storey.LongName or ""),
        elevation_m=_elevation(storey, unit_m),
        placement_z_m=level,
        space_ids=space_ids,
        space_area_m2=space_area,
        outline_ids=ids,
        outline_m2=area,
    )


def _elevation(storey: Any, unit_m: float) -> float | None:
    return None if storey.Elevation is None else float(storey.Elevation) * unit_m


def _levels(storeys: Sequence[Any], building_z: float, unit_m: float) -> list[float]:
    """Height of each storey: of its placement, or its elevation where placements are unused [m]."""
    placed = [georeference.origin_m(s, unit_m)[2] for s in storeys]
    declared = [_elevation(s, unit_m) for s in storeys]
    unused = len({round(z, 3) for z in placed}) == 1 and len({e for e in declared if e is not None}) > 1
    if not unused:
        return placed
    return [z if e is None else building_z + e for z, e in zip(placed, declared, strict=True)]


def _zero(
    storeys: Sequence[Any], levels: Sequence[float], building_z: float, shapes: Sequence[Shape]
) -> tuple[float, str]:
    """Zero level (±0.00) in the model: the storey nearest to the building's own zero [m]."""
    if levels:
        nearest = min(range(len(levels)), key=lambda i: (abs(levels[i] - building_z), levels[i]))
        return levels[nearest], f"storey {storeys[nearest].Name or storeys[nearest].GlobalId}"
    if shapes:
        return min(s.bottom for s in shapes), "lowest point of the geometry"
    return building_z, "placement of the building"
