"""The two building models of the demonstration city: a town house and a block of flats.

Both are made up, and say so in their names and headers. The town house is written in millimetres as IFC4, the
block in metres as IFC4X3_ADD2, so that the demonstration goes through both. The origin of each model is the left
front corner seen from the street; x runs along the street, y into the plot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from api.demo.ifc_writer import ModelWriter, Outline, Place, rectangle

_SLAB_M = 0.15
_WALL_M = 0.2
_STEP_M = 0.27

TOWN_HOUSE_SIZE_M = (5.0, 18.0)
"""Width along the street and depth of the town house. [m]"""
APARTMENTS_SIZE_M = (20.0, 16.0)
"""Width along the street and depth of the block of flats. [m]"""


@dataclass(frozen=True, slots=True)
class WrittenModel:
    """What was written: the truth that reading the file must give back.

    ``height_m`` is from ±0.00 to the highest point; ``corners`` are the outline on the map, in the CRS given,
    anticlockwise from the origin. ``storeys`` counts the roof level too, as the file does.
    """

    path: Path
    name: str
    height_m: float
    storeys: int
    footprint_m2: float
    gross_floor_m2: float
    corners: tuple[tuple[float, float], ...]


def write_town_house(
    path: Path,
    *,
    easting: float,
    northing: float,
    rotation_deg: float,
    crs: str = "EPSG:9212",
    elevation_m: float = 0.0,
    name: str = "Nhà ở riêng lẻ 3 tầng (mô hình minh họa)",
    address: str = "Đường Lý Thường Kiệt, Đồng Xoài",
) -> WrittenModel:
    """Write the three-storey town house, 5 m wide and 18 m deep, as IFC4 in millimetres.

    Parameters
    ----------
    easting, northing
        Map coordinates of its left front corner in ``crs``. [m]
    rotation_deg
        Of its front from grid east, anticlockwise. [degrees]
    elevation_m
        Height of ±0.00. [m]
    """
    place = Place(crs, easting, northing, rotation_deg, elevation_m)
    writer = ModelWriter("town-house", schema="IFC4", millimetres=True, project="Nhà phố minh họa")
    site = writer.site("Thửa đất nhà phố", place)
    building = writer.building(site, "Nhà phố", name, [address])
    width, depth = TOWN_HOUSE_SIZE_M
    levels = (0.0, 3.9, 7.3, 10.7)
    plan = _TownHouse(writer, width, depth)
    storeys = []
    for number, (level, above) in enumerate(pairwise(levels), start=1):
        storey = writer.storey(building, f"Tầng {number}", level)
        plan.storey(storey, number, above - level)
        storeys.append(storey)
    roof = writer.storey(building, "Tầng mái", levels[-1])
    _roof(writer, roof, width, depth, parapet_m=0.9)
    return _finish(writer, path, building, [*storeys, roof], place, name=name, size=(width, depth), height_m=11.6)


def write_apartments(
    path: Path,
    *,
    easting: float,
    northing: float,
    rotation_deg: float,
    crs: str = "EPSG:9212",
    elevation_m: float = 0.0,
    name: str = "Nhà chung cư 7 tầng (mô hình minh họa)",
    address: str = "Đường Lê Duẩn, Đồng Xoài",
) -> WrittenModel:
    """Write the seven-storey block of flats, 20 m by 16 m, as IFC4X3_ADD2 in metres.

    The parameters are those of :func:`write_town_house`.
    """
    place = Place(crs, easting, northing, rotation_deg, elevation_m)
    writer = ModelWriter("apartments", schema="IFC4X3_ADD2", millimetres=False, project="Chung cư minh họa")
    site = writer.site("Thửa đất chung cư", place)
    building = writer.building(site, "Chung cư", name, [address])
    width, depth = APARTMENTS_SIZE_M
    levels = (0.0, 4.2, 7.5, 10.8, 14.1, 17.4, 20.7, 24.0)
    plan = _Apartments(writer, width, depth)
    storeys = []
    for number, (level, above) in enumerate(pairwise(levels), start=1):
        storey = writer.storey(building, f"Tầng {number}", level)
        plan.storey(storey, number, above - level)
        storeys.append(storey)
    roof = writer.storey(building, "Tầng mái", levels[-1])
    _roof(writer, roof, width, depth, parapet_m=1.1)
    plan.stair_head(roof, height_m=3.0)
    return _finish(writer, path, building, [*storeys, roof], place, name=name, size=(width, depth), height_m=27.0)


class _TownHouse:
    """Plan of the town house: rooms in front and behind, the stair between them."""

    def __init__(self, writer: ModelWriter, width: float, depth: float) -> None:
        self.writer = writer
        self.width = width
        self.depth = depth
        self.inside = width - _WALL_M

    def storey(self, storey: Any, number: int, height: float) -> None:
        """Fill one storey."""
        clear = height - _SLAB_M
        floor = _floor(self.writer, storey, number, self.width, self.depth)
        if number > 1:
            hole = rectangle(3.7, 8.3, 4.8, 11.3)
            self.writer.opening(floor, storey, "Lỗ cầu thang", hole, -_SLAB_M, _SLAB_M)
        front, back = _outer_walls(self.writer, storey, self.width, self.depth, clear)
        self._openings(storey, number, front, back)
        for n, y in enumerate((8.1, 11.4), start=1):
            wall = self.writer.part(
                *(storey, "IfcWall", f"Tường ngăn {n}"),
                *(rectangle(_WALL_M, y, self.inside, y + 0.1), 0.0, clear),
                PredefinedType="PARTITIONING",
            )
            self._door(storey, wall, f"Cửa đi trong {n}", rectangle(0.6, y, 1.5, y + 0.1), 2.2)
        _stair(self.writer, storey, height, x0=3.7, y0=8.3, width=1.1, run=3.0)
        self._spaces(storey, number, clear)

    def _openings(self, storey: Any, number: int, front: Any, back: Any) -> None:
        if number == 1:
            self._door(storey, front, "Cửa đi chính", rectangle(0.7, 0.0, 4.3, _WALL_M), 2.8)
        else:
            self._window(storey, front, "Cửa sổ trước", rectangle(1.2, 0.0, 3.8, _WALL_M))
        self._window(storey, back, "Cửa sổ sau", rectangle(1.5, self.depth - _WALL_M, 3.5, self.depth))

    def _door(self, storey: Any, wall: Any, name: str, outline: Outline, height: float) -> None:
        hole = self.writer.opening(wall, storey, name, outline, 0.0, height)
        self.writer.fill(hole, storey, "IfcDoor", name, outline, 0.0, height)

    def _window(self, storey: Any, wall: Any, name: str, outline: Outline) -> None:
        hole = self.writer.opening(wall, storey, name, outline, 0.9, 1.5)
        self.writer.fill(hole, storey, "IfcWindow", name, outline, 0.9, 1.5)

    def _spaces(self, storey: Any, number: int, clear: float) -> None:
        names = {
            1: ("Phòng khách", "Bếp và phòng ăn"),
            2: ("Phòng ngủ 1", "Phòng ngủ 2"),
            3: ("Phòng thờ", "Phòng ngủ 3"),
        }[number]
        rooms = (
            (names[0], rectangle(_WALL_M, _WALL_M, self.inside, 8.1)),
            ("Sảnh cầu thang", rectangle(_WALL_M, 8.2, self.inside, 11.4)),
            (names[1], rectangle(_WALL_M, 11.5, self.inside, self.depth - _WALL_M)),
        )
        _rooms(self.writer, storey, rooms, clear)


class _Apartments:
    """Plan of the block: four flats a floor around a corridor with lift and stair; a lobby on the ground floor."""

    def __init__(self, writer: ModelWriter, width: float, depth: float) -> None:
        self.writer = writer
        self.width = width
        self.depth = depth

    def storey(self, storey: Any, number: int, height: float) -> None:
        """Fill one storey."""
        clear = height - _SLAB_M
        floor = _floor(self.writer, storey, number, self.width, self.depth)
        if number > 1:
            stairwell, shaft = rectangle(6.0, 7.1, 9.0, 8.9), rectangle(9.6, 7.2, 11.2, 8.8)
            self.writer.opening(floor, storey, "Lỗ cầu thang", stairwell, -_SLAB_M, _SLAB_M)
            self.writer.opening(floor, storey, "Lỗ thang máy", shaft, -_SLAB_M, _SLAB_M)
        front, back = _outer_walls(self.writer, storey, self.width, self.depth, clear)
        self._windows(storey, number, front, back)
        self._columns(storey, clear)
        self._core(storey, clear)
        _stair(self.writer, storey, height, x0=6.0, y0=7.1, width=0.85, run=1.8)
        self._partitions(storey, number, clear)

    def stair_head(self, storey: Any, height_m: float) -> None:
        """Put the stair and lift head on the roof. [m]"""
        clear = height_m - _SLAB_M
        outline = (5.8, 6.9, 11.4, 9.1)
        for n, side in enumerate(_ring(*outline, _WALL_M), start=1):
            self.writer.part(storey, "IfcWall", f"Tường tum {n}", side, 0.0, clear, PredefinedType="SOLIDWALL")
        self.writer.part(storey, "IfcSlab", "Mái tum", rectangle(*outline), clear, _SLAB_M, PredefinedType="ROOF")

    def _windows(self, storey: Any, number: int, front: Any, back: Any) -> None:
        for side, wall, y in (("trước", front, 0.0), ("sau", back, self.depth - _WALL_M)):
            for n, x in enumerate((2.0, 6.5, 11.5, 16.0), start=1):
                is_entrance = number == 1 and side == "trước" and n == 2
                kind, what = ("IfcDoor", "Cửa đi chính") if is_entrance else ("IfcWindow", f"Cửa sổ {side} {n}")
                bottom, height = (0.0, 2.8) if is_entrance else (0.9, 1.6)
                outline = rectangle(x, y, x + 2.0, y + _WALL_M)
                hole = self.writer.opening(wall, storey, what, outline, bottom, height)
                self.writer.fill(hole, storey, kind, what, outline, bottom, height)

    def _columns(self, storey: Any, clear: float) -> None:
        for i, x in enumerate((0.4, 5.0, 10.0, 15.0, 19.2)):
            for j, y in enumerate((0.4, 5.6, 10.0, 15.2)):
                self.writer.part(
                    *(storey, "IfcColumn", f"Cột {chr(65 + j)}{i + 1}"),
                    *(rectangle(x, y, x + 0.4, y + 0.4), 0.0, clear),
                    PredefinedType="COLUMN",
                )

    def _core(self, storey: Any, clear: float) -> None:
        for n, side in enumerate(_ring(9.4, 7.0, 11.4, 9.0, _WALL_M), start=1):
            self.writer.part(storey, "IfcWall", f"Vách thang máy {n}", side, 0.0, clear, PredefinedType="SHEAR")

    def _partitions(self, storey: Any, number: int, clear: float) -> None:
        inner_x, inner_y = self.width - _WALL_M, self.depth - _WALL_M
        for n, y in enumerate((6.7, 9.2), start=1):
            outline = rectangle(_WALL_M, y, inner_x, y + 0.1)
            self._wall(storey, f"Tường hành lang {n}", outline, clear)
        for n, (y0, y1) in enumerate(((_WALL_M, 6.7), (9.3, inner_y)), start=1):
            self._wall(storey, f"Tường giữa căn {n}", rectangle(9.9, y0, 10.1, y1), clear)
        uses = (
            ("Sảnh chung", "Cửa hàng", "Phòng kỹ thuật", "Chỗ để xe máy")
            if number == 1
            else tuple(f"Căn hộ {number}0{n}" for n in range(1, 5))
        )
        quarters = (
            rectangle(_WALL_M, _WALL_M, 9.9, 6.7),
            rectangle(10.1, _WALL_M, inner_x, 6.7),
            rectangle(_WALL_M, 9.3, 9.9, inner_y),
            rectangle(10.1, 9.3, inner_x, inner_y),
        )
        corridor = ("Hành lang", rectangle(11.4, 6.8, inner_x, 9.2))
        _rooms(self.writer, storey, (*zip(uses, quarters, strict=True), corridor), clear)

    def _wall(self, storey: Any, name: str, outline: Outline, clear: float) -> None:
        self.writer.part(storey, "IfcWall", name, outline, 0.0, clear, PredefinedType="PARTITIONING")


# -- parts both share ---------------------------------------------------------------------------------------------


def _floor(writer: ModelWriter, storey: Any, number: int, width: float, depth: float) -> Any:
    kind = "BASESLAB" if number == 1 else "FLOOR"
    outline = rectangle(0.0, 0.0, width, depth)
    return writer.part(storey, "IfcSlab", f"Sàn tầng {number}", outline, -_SLAB_M, _SLAB_M, PredefinedType=kind)


def _outer_walls(writer: ModelWriter, storey: Any, width: float, depth: float, clear: float) -> tuple[Any, Any]:
    names = ("Tường trước", "Tường sau", "Tường trái", "Tường phải")
    walls = []
    for name, outline in zip(names, _ring(0.0, 0.0, width, depth, _WALL_M), strict=True):
        wall = writer.part(storey, "IfcWall", name, outline, 0.0, clear, PredefinedType="SOLIDWALL")
        writer.properties(wall, "Pset_WallCommon", {"IsExternal": ("IfcBoolean", True)})
        walls.append(wall)
    return walls[0], walls[1]


def _ring(x0: float, y0: float, x1: float, y1: float, thickness: float) -> tuple[Outline, ...]:
    """Four walls inside a rectangle: front, back, left, right. [m]"""
    t = thickness
    return (
        rectangle(x0 + t, y0, x1 - t, y0 + t),
        rectangle(x0 + t, y1 - t, x1 - t, y1),
        rectangle(x0, y0, x0 + t, y1),
        rectangle(x1 - t, y0, x1, y1),
    )


def _roof(writer: ModelWriter, storey: Any, width: float, depth: float, *, parapet_m: float) -> None:
    outline = rectangle(0.0, 0.0, width, depth)
    writer.part(storey, "IfcSlab", "Mái bằng", outline, -_SLAB_M, _SLAB_M, PredefinedType="ROOF")
    for n, side in enumerate(_ring(0.0, 0.0, width, depth, 0.1), start=1):
        writer.part(storey, "IfcWall", f"Tường chắn mái {n}", side, 0.0, parapet_m, PredefinedType="PARAPET")


def _stair(writer: ModelWriter, storey: Any, height: float, *, x0: float, y0: float, width: float, run: float) -> None:
    """Add one flight that climbs a storey over ``run``, as a solid of equal steps. [m]"""
    steps = max(2, round(run / _STEP_M))
    tread, riser = run / steps, height / steps
    side = [(y0, 0.0)]
    for n in range(steps):
        side += [(y0 + n * tread, (n + 1) * riser), (y0 + (n + 1) * tread, (n + 1) * riser)]
    side.append((y0 + run, 0.0))
    writer.stepped(storey, "Vế thang", side[::-1], x0, width)


def _rooms(writer: ModelWriter, storey: Any, rooms: Sequence[tuple[str, Outline]], clear: float) -> None:
    for name, outline in rooms:
        space = writer.part(
            *(storey, "IfcSpace", name, outline, 0.0, clear),
            CompositionType="ELEMENT",
            PredefinedType="INTERNAL",
        )
        area = _area(outline)
        writer.quantities(
            space, "Qto_SpaceBaseQuantities", {"NetFloorArea": area, "GrossFloorArea": area}, {"Height": clear}
        )


def _area(outline: Outline) -> float:
    ring = [*outline, outline[0]]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring))) / 2


def _finish(
    writer: ModelWriter,
    path: Path,
    building: Any,
    storeys: Sequence[Any],
    place: Place,
    *,
    name: str,
    size: tuple[float, float],
    height_m: float,
) -> WrittenModel:
    area = size[0] * size[1]
    floors = len(storeys) - 1
    for storey in storeys[:-1]:
        writer.quantities(storey, "Qto_BuildingStoreyBaseQuantities", {"GrossFloorArea": area}, {})
    writer.quantities(
        building,
        "Qto_BuildingBaseQuantities",
        {"GrossFloorArea": area * floors, "FootprintArea": area},
        {"Height": height_m},
    )
    writer.properties(building, "Pset_BuildingCommon", {"NumberOfStoreys": ("IfcInteger", floors)})
    writer.write(path, building, storeys)
    turn = math.radians(place.rotation_deg)
    corners = tuple(
        (
            place.easting + x * math.cos(turn) - y * math.sin(turn),
            place.northing + x * math.sin(turn) + y * math.cos(turn),
        )
        for x, y in rectangle(0.0, 0.0, *size)
    )
    return WrittenModel(path, name, height_m, len(storeys), area, area * floors, corners)
