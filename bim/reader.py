"""IFC in the vocabulary of the readers: one row a building, its outline on the map, its measures as attributes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from shapely.geometry.base import BaseGeometry

from bim.findings import Severity
from bim.model import Building, BuildingModel, read_model
from bim.placement import GivenPlacement, Placement, PlacementSource
from layers.readers.record import ReadOptions, Row, Table
from twin.errors import CrsError, FormatError
from twin.geo.crs import WGS84
from twin.model.layer import Field, FieldType
from twin.types import Json

FIELDS: tuple[Field, ...] = (
    Field("name", FieldType.STRING, "Tên công trình", "Name"),
    Field("height_m", FieldType.NUMBER, "Chiều cao trên cốt ±0,00", "Height above ±0.00", "m"),
    Field("depth_m", FieldType.NUMBER, "Chiều sâu dưới cốt ±0,00", "Depth below ±0.00", "m"),
    Field("storeys", FieldType.INTEGER, "Số tầng trong mô hình", "Storeys in the model"),
    Field("storey_list", FieldType.JSON, "Các tầng", "List of storeys"),
    Field("footprint_m2", FieldType.NUMBER, "Diện tích hình chiếu", "Footprint area", "m²"),
    Field("footprint_from", FieldType.STRING, "Cách xác định hình chiếu", "Footprint measured on"),
    Field("global_id", FieldType.STRING, "Mã GlobalId", "GlobalId"),
    Field("ifc_schema", FieldType.STRING, "Phiên bản IFC", "IFC version"),
    Field("ifc_file", FieldType.STRING, "Tệp IFC (SHA-256)", "IFC file (SHA-256)"),
    Field("ifc_file_name", FieldType.STRING, "Tên tệp IFC", "IFC file name"),
    Field("application", FieldType.STRING, "Phần mềm tạo mô hình", "Written by"),
    Field("placement", FieldType.STRING, "Nguồn vị trí", "Source of the place"),
    Field("placement_crs", FieldType.STRING, "Hệ tọa độ của vị trí", "Reference system of the place"),
    Field("remarks", FieldType.JSON, "Lưu ý khi đọc", "Remarks on reading"),
)
"""Attributes of a building read from IFC."""


def read_ifc(path: Path, options: ReadOptions) -> Table:
    """Read an IFC file as its placement says; ``options.crs`` replaces the file's own map system.

    Raises
    ------
    FormatError
        The file cannot be read, or holds no building.
    CrsError
        ``options.crs`` does not fit the model's coordinates.
    """
    return read_placed(path, crs=options.crs or None)


def read_placed(
    path: Path,
    *,
    placement: PlacementSource | GivenPlacement | str | None = None,
    crs: str | None = None,
    name: str | None = None,
) -> Table:
    """Read an IFC file with the placement that is asked for (see :func:`bim.model.read_model`).

    ``name`` is the file's name as its sender knows it.
    """
    model = read_model(path, placement=placement, crs=crs)
    table = table_of(replace(model, file_name=name) if name else model)
    if crs and table.crs == WGS84:
        raise CrsError(
            f"the model's own map coordinates do not fit {crs}",
            where=path.name,
            hint="Leave the CRS out to use the file's latitude and longitude, or give the right one.",
        )
    return replace(table, keep=(path,))


def table_of(model: BuildingModel) -> Table:
    """Rows of a model's buildings; one that cannot be put on the map is a row with a problem.

    Raises
    ------
    FormatError
        The model holds no building.
    """
    if not model.buildings:
        content = ", ".join(model.other_content) or "nothing with a shape"
        raise FormatError(
            f"the model holds no building (IfcBuilding), but {content}",
            where=model.file_name,
            hint="Buildings are stored from IFC; roads, railways and terrain come from GIS files.",
        )
    rows = tuple(_row(n, b, model) for n, b in enumerate(model.buildings, start=1))
    return Table(
        format="IFC",
        name=Path(model.file_name).stem,
        rows=rows,
        fields=FIELDS,
        crs=_crs(model.placement),
        notes=tuple(f.message for f in model.findings),
        identified=True,
    )


def _crs(placement: Placement | None) -> str:
    """System the rows' outlines are in: that of the map, or WGS 84 for a place by latitude and longitude."""
    if placement is None or placement.source is PlacementSource.SITE_POSITION:
        return WGS84
    return placement.crs


def _outline(building: Building, placement: Placement | None) -> BaseGeometry | None:
    if placement is None or building.footprint is None:
        return None
    if placement.source is PlacementSource.SITE_POSITION:
        return building.footprint_wgs84
    return placement.to_map(building.footprint)


def _row(number: int, building: Building, model: BuildingModel) -> Row:
    placement = model.placement
    remarks: list[Json] = [
        {"code": f.code, "severity": f.severity.value, "text": f.message}
        for f in model.findings
        if f.severity is Severity.WARNING
    ]
    properties: dict[str, Json] = {
        "name": building.name or model.project_name or Path(model.file_name).stem,
        "height_m": _rounded(building.height_m),
        "depth_m": _rounded(building.depth_m),
        "storeys": len(building.storeys),
        "storey_list": [
            {
                "name": s.name,
                "elevation_m": _rounded(s.elevation_m),
                "space_area_m2": _rounded(s.space_area_m2),
                "global_id": s.global_id,
            }
            for s in building.storeys
        ],
        "footprint_m2": _rounded(building.footprint_m2),
        "footprint_from": building.footprint_from,
        "global_id": building.global_id,
        "ifc_schema": model.schema,
        "ifc_file": model.sha256,
        "ifc_file_name": model.file_name,
        "application": model.application,
        "placement": None if placement is None else placement.source.value,
        "placement_crs": None if placement is None else _crs(placement),
        "remarks": remarks,
    }
    outline = _outline(building, placement)
    problem = "" if outline is not None else _why_nowhere(building, model)
    return Row(number, outline, properties, fid=building.global_id, problem=problem)


def _why_nowhere(building: Building, model: BuildingModel) -> str:
    if model.placement is not None:
        return f"{building.name or building.global_id} has no geometry that could be drawn on a map"
    reasons = [f.message for f in model.findings if f.code in {"no-placement", "placement-doubtful"}]
    return " ".join(reasons)


def _rounded(value: float | None) -> float | None:
    """Round metres and square metres to three places: the millimetre."""
    return None if value is None else round(value, 3)
