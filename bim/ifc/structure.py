"""The spatial tree of a model: which element belongs to which storey of which building, and in what part.

Only aggregation and containment are followed, each entity once, so a file whose tree bites its own tail ends.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import ifcopenshell


class Part(StrEnum):
    """What an element is for the outline and height of a building."""

    WALL = "wall"
    COLUMN = "column"
    SLAB = "slab"
    ROOF = "roof"
    FOUNDATION = "foundation"
    OTHER = "other"
    PROXY = "proxy"
    """IfcBuildingElementProxy: may be anything, often trees and cars."""
    SPACE = "space"


_PARTS: dict[str, Part] = {
    "IfcWall": Part.WALL,
    "IfcWallStandardCase": Part.WALL,
    "IfcWallElementedCase": Part.WALL,
    "IfcCurtainWall": Part.WALL,
    "IfcColumn": Part.COLUMN,
    "IfcColumnStandardCase": Part.COLUMN,
    "IfcSlab": Part.SLAB,
    "IfcSlabStandardCase": Part.SLAB,
    "IfcSlabElementedCase": Part.SLAB,
    "IfcRoof": Part.ROOF,
    "IfcFooting": Part.FOUNDATION,
    "IfcPile": Part.FOUNDATION,
    "IfcBuildingElementProxy": Part.PROXY,
    "IfcSpace": Part.SPACE,
} | dict.fromkeys(
    (
        "IfcBeam", "IfcBeamStandardCase", "IfcMember", "IfcMemberStandardCase", "IfcPlate",
        "IfcPlateStandardCase", "IfcStair", "IfcStairFlight", "IfcRamp", "IfcRampFlight", "IfcRailing",
        "IfcCovering", "IfcDoor", "IfcDoorStandardCase", "IfcWindow", "IfcWindowStandardCase", "IfcChimney",
        "IfcShadingDevice", "IfcBuildingElementPart",
    ),
    Part.OTHER,
)  # fmt: skip

# A panel of a curtain wall counts as wall, a slab of a roof as roof.
_PASSED_ON = {Part.WALL, Part.ROOF, Part.SLAB}


@dataclass(frozen=True, slots=True)
class Member:
    """An element of a building, with the index of its storey (``None``: directly in the building)."""

    element: Any
    part: Part
    storey: int | None


def counts(element: Any) -> bool:
    """Whether an element is of a class that makes a building."""
    return element.is_a() in _PARTS


def top_buildings(model: ifcopenshell.file) -> list[Any]:
    """List buildings that are not a section of another building, in file order."""
    return [b for b in model.by_type("IfcBuilding") if not _inside_building(b)]


def storeys_of(building: Any) -> list[Any]:
    """Storeys of a building and of its sections, in file order."""
    found = [e for e, _ in _walk(building) if e.is_a("IfcBuildingStorey")]
    return sorted(found, key=lambda e: int(e.id()))


def members_of(building: Any, storeys: list[Any]) -> list[Member]:
    """Elements and spaces of a building that count for outline, height and area."""
    index = {s.id(): i for i, s in enumerate(storeys)}
    storey_of: dict[int, int | None] = {building.id(): None}
    part_of: dict[int, Part | None] = {building.id(): None}
    members = []
    for entity, parent in _walk(building):
        if parent is None:
            continue
        storey = index.get(entity.id(), storey_of[parent.id()])
        part = _part(entity, part_of[parent.id()])
        storey_of[entity.id()], part_of[entity.id()] = storey, part
        if part is not None:
            members.append(Member(entity, part, storey))
    return members


def _part(entity: Any, parent: Part | None) -> Part | None:
    part = _PARTS.get(entity.is_a())
    if part is None or part is Part.SPACE:
        return part
    if parent in _PASSED_ON:
        return parent
    if part is Part.SLAB and entity.PredefinedType == "ROOF":
        return Part.ROOF
    return part


def _walk(root: Any) -> Iterator[tuple[Any, Any | None]]:
    """Every entity below ``root`` with its parent, breadth first, each once."""
    seen = {root.id()}
    queue: deque[tuple[Any, Any | None]] = deque([(root, None)])
    while queue:
        entity, parent = queue.popleft()
        yield entity, parent
        for child in _children(entity):
            if child.id() not in seen:
                seen.add(child.id())
                queue.append((child, entity))


def _children(entity: Any) -> Iterator[Any]:
    for relation in getattr(entity, "IsDecomposedBy", ()) or ():
        yield from relation.RelatedObjects or ()
    for relation in getattr(entity, "ContainsElements", ()) or ():
        yield from relation.RelatedElements or ()


def _inside_building(building: Any) -> bool:
    seen = {building.id()}
    entity = building
    while getattr(entity, "Decomposes", None):
        entity = entity.Decomposes[0].RelatingObject
        if entity.id() in seen:
            return False
        seen.add(entity.id())
        if entity.is_a("IfcBuilding"):
            return True
    return False
