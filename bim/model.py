"""A building model as the twin understands it: buildings with storeys, heights, outlines and a place."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from bim.findings import Finding, Severity
from bim.ifc.isolate import Limits, read_isolated
from bim.ifc.raw import RawBuilding, RawModel, RawStorey
from bim.placement import GivenPlacement, Placement, PlacementSource
from bim.placing import place

_LEVEL_TOLERANCE_M = 0.01
_LIKELY_HEIGHT_M = (1.0, 1000.0)
_LIKELY_AREA_M2 = (2.0, 1e6)


@dataclass(frozen=True, slots=True)
class Storey:
    """A storey as the file has it.

    ``elevation_m`` is its level above the building's zero level (±0.00), from its placement.
    ``space_area_m2`` is the sum of its spaces' outlines; ``outline_m2`` the area within the outline of its
    walls, columns and floor, without voids in the floor. Both are measured on geometry and are not floor
    areas by any law. ``space_ids`` and ``outline_ids`` are the elements measured.
    """

    global_id: str
    name: str
    elevation_m: float
    declared_elevation_m: float | None
    space_area_m2: float | None
    space_ids: tuple[str, ...]
    outline_m2: float | None
    outline_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Building:
    """A building of a model.

    ``height_m`` is from the zero level (±0.00) to the highest point of its walls, floors, roofs and
    fittings (trees, furniture and unclassified objects do not count), ``depth_m`` from the zero level down
    to the lowest, both measured on geometry and never taken from a declared value; ``None`` without
    geometry. ``footprint`` is in model metres, ``footprint_wgs84`` on Earth; ``None`` where the model has
    no place. ``top_element`` is the GlobalId of the highest element.
    """

    global_id: str
    name: str
    storeys: tuple[Storey, ...]
    elements: int
    height_m: float | None
    depth_m: float | None
    zero_from: str
    top_element: str
    footprint: Polygon | MultiPolygon | None
    footprint_from: str
    footprint_wgs84: BaseGeometry | None

    @property
    def footprint_m2(self) -> float | None:
        """Area of the footprint in the model's own plane [m²]."""
        return None if self.footprint is None else float(self.footprint.area)


@dataclass(frozen=True, slots=True)
class BuildingModel:
    """A file read.

    ``placements`` are all of its statements about its place, ``placement`` the one used (``None``: it has
    no place); ``length_unit_m`` is the length of the project's unit in metres.
    """

    file_name: str
    sha256: str
    schema: str
    application: str
    project_name: str
    length_unit: str
    length_unit_m: float
    buildings: tuple[Building, ...]
    placements: tuple[Placement, ...]
    placement: Placement | None
    findings: tuple[Finding, ...]
    other_content: tuple[str, ...] = ()


def read_model(
    path: Path | str,
    *,
    placement: PlacementSource | GivenPlacement | str | None = None,
    crs: str | None = None,
    limits: Limits | None = None,
) -> BuildingModel:
    """Read an IFC file in a bounded process of its own.

    Parameters
    ----------
    path
        IFC2X3, IFC4 or IFC4X3_ADD2 as STEP text.
    placement
        Force one of the file's placements by its source (``"map-conversion"``, ``"site-position"`` …), or
        state one.
    crs
        Projected system of the file's map coordinates, where the file names none or a wrong one.
    limits
        Bounds of the reading process.

    Raises
    ------
    NotFoundError, UnsupportedFormatError, FormatError
        The file is absent, of another format or version, or cannot be read.
    ParameterError, CrsError
        ``placement`` or ``crs`` cannot be met.
    """
    file = Path(path)
    wanted = PlacementSource.parse(placement) if isinstance(placement, str) else placement
    raw = read_isolated(file, limits=limits)
    shapes = [_polygon(b) for b in raw.buildings]
    placing = place(raw, _reference(shapes), wanted=wanted, crs=crs)
    buildings = tuple(_building(b, shape, placing.chosen) for b, shape in zip(raw.buildings, shapes, strict=True))
    return BuildingModel(
        file_name=file.name,
        sha256=_sha256(file),
        schema=raw.schema,
        application=raw.application,
        project_name=raw.project_name,
        length_unit=raw.length_unit,
        length_unit_m=raw.length_unit_m,
        buildings=buildings,
        placements=placing.candidates,
        placement=placing.chosen,
        findings=(*_remarks(raw, buildings), *placing.findings),
        other_content=raw.other_content,
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _polygon(raw: RawBuilding) -> Polygon | MultiPolygon | None:
    shape = shapely.from_wkt(raw.footprint_wkt) if raw.footprint_wkt else None
    return shape if isinstance(shape, Polygon | MultiPolygon) and not shape.is_empty else None


def _reference(shapes: Sequence[Polygon | MultiPolygon | None]) -> tuple[float, float]:
    """Take the middle of the buildings: the point where placements are compared."""
    present = [s for s in shapes if s is not None]
    if not present:
        return (0.0, 0.0)
    centre = shapely.union_all(present).centroid
    return (float(centre.x), float(centre.y))


def _building(raw: RawBuilding, shape: Polygon | MultiPolygon | None, placement: Placement | None) -> Building:
    zero = raw.zero_z_m
    return Building(
        global_id=raw.global_id,
        name=raw.long_name or raw.name,
        storeys=tuple(sorted((_storey(s, zero) for s in raw.storeys), key=lambda s: s.elevation_m)),
        elements=raw.elements,
        height_m=None if raw.top_z_m is None else raw.top_z_m - zero,
        depth_m=None if raw.bottom_z_m is None else zero - raw.bottom_z_m,
        zero_from=raw.zero_from,
        top_element=raw.top_element,
        footprint=shape,
        footprint_from=raw.footprint_from,
        footprint_wgs84=None if placement is None or shape is None else placement.to_wgs84(shape),
    )


def _storey(raw: RawStorey, zero: float) -> Storey:
    return Storey(
        global_id=raw.global_id,
        name=raw.name,
        elevation_m=round(raw.placement_z_m - zero, 6),
        declared_elevation_m=raw.elevation_m,
        space_area_m2=raw.space_area_m2,
        space_ids=raw.space_ids,
        outline_m2=raw.outline_m2,
        outline_ids=raw.outline_ids,
    )


def _remarks(raw: RawModel, buildings: Sequence[Building]) -> list[Finding]:
    remarks = []
    if not raw.unit_declared:
        text = "The file declares no length unit; metres are assumed."
        remarks.append(Finding("unit-missing", Severity.WARNING, text))
    if raw.text_lost:
        text = "The file's text is neither ASCII nor UTF-8; letters with diacritics are missing from its names."
        remarks.append(Finding("text-lost", Severity.WARNING, text))
    if not buildings:
        content = ", ".join(raw.other_content) or "nothing with a shape"
        text = f"The file holds no building (IfcBuilding); it holds {content}."
        remarks.append(Finding("no-building", Severity.WARNING, text))
    elif raw.elements_outside:
        text = f"{raw.elements_outside} building elements belong to no building and are not counted."
        remarks.append(Finding("elements-outside", Severity.WARNING, text))
    for source, building in zip(raw.buildings, buildings, strict=True):
        remarks += _building_remarks(source, building, raw)
    return remarks


def _building_remarks(raw: RawBuilding, building: Building, model: RawModel) -> list[Finding]:
    remarks = []
    label = building.name or building.global_id
    own = (building.global_id,)
    if raw.without_shape:
        count = len(raw.without_shape)
        text = f"{count} elements of {label} have a body that cannot be built; they are not counted."
        remarks.append(Finding("shape-failed", Severity.WARNING, text, raw.without_shape))
    if building.height_m is None:
        text = f"{label} has no measurable geometry; footprint and height are unknown."
        return [*remarks, Finding("no-geometry", Severity.WARNING, text, own)]
    if raw.footprint_from == "any element":
        text = f"{label} has no walls or floors; its outline is that of whatever it holds."
        remarks.append(Finding("outline-from-any-element", Severity.WARNING, text, own))
    area = building.footprint_m2 or 0.0
    if not (
        _LIKELY_HEIGHT_M[0] <= building.height_m <= _LIKELY_HEIGHT_M[1]
        and _LIKELY_AREA_M2[0] <= area <= _LIKELY_AREA_M2[1]
    ):
        text = (
            f"{label} would be {building.height_m:.3g} m high on {area:.3g} m²; "
            f"is the length unit ({model.length_unit}) right?"
        )
        remarks.append(Finding("size-unlikely", Severity.WARNING, text, own))
    return remarks + _level_remarks(raw, label)


def _level_remarks(raw: RawBuilding, label: str) -> list[Finding]:
    if not raw.storeys:
        text = f"{label} has no storeys; heights are measured from the {raw.zero_from}."
        return [Finding("no-storeys", Severity.WARNING, text, (raw.global_id,))]
    differing = tuple(
        s.global_id
        for s in raw.storeys
        if s.elevation_m is not None and abs(s.elevation_m - (s.placement_z_m - raw.placement_z_m)) > _LEVEL_TOLERANCE_M
    )
    if not differing:
        return []
    text = f"{len(differing)} storeys of {label} lie at another level than declared; their placement is used."
    return [Finding("storey-level-differs", Severity.WARNING, text, differing)]
