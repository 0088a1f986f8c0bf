"""Streets, and the blocks between them: the pattern that parcels and plans are cut from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import shapely
from shapely.geometry.base import BaseGeometry

from api.demo.frame import polygons_of, rectangle, rng_of
from api.demo.ground import city, suoi_rat, water_corridor
from twin.model.layer import FeatureChange

LOCAL_WIDTH_M = 12.0
"""Width of a local street between plot boundaries. [m]"""


@dataclass(frozen=True, slots=True)
class Axis:
    """A main street: where it runs, how wide it is today and how wide the plans draw it. [m]"""

    name: str
    at: float
    width_m: float
    planned_width_m: float
    road_class: str
    beyond: bool = False
    """Whether it goes on to the city's edge."""


NORTH_SOUTH = (
    Axis("Đường Nguyễn Văn Cừ", -4200, 16, 24, "đường khu vực"),
    Axis("Đường Điểu Ông", -2400, 16, 24, "đường khu vực"),
    Axis("Đường Hùng Vương", -1100, 24, 32, "đường chính đô thị", beyond=True),
    Axis("Đường Lý Thường Kiệt", 600, 20, 32, "đường liên khu vực", beyond=True),
    Axis("Đường Nguyễn Văn Linh", 2200, 20, 28, "đường liên khu vực"),
    Axis("Đường Trần Hưng Đạo", 3600, 16, 24, "đường khu vực"),
)
EAST_WEST = (
    Axis("Đường Nguyễn Huệ", -2200, 20, 28, "đường liên khu vực"),
    Axis("Đường Phú Riềng Đỏ", -900, 32, 46, "đường trục chính đô thị", beyond=True),
    Axis("Đường Lê Duẩn", 700, 24, 38, "đường chính đô thị", beyond=True),
    Axis("Đường Nguyễn Trãi", 2000, 16, 24, "đường khu vực"),
    Axis("Đường Tôn Đức Thắng", 3200, 16, 32, "đường liên khu vực"),
)

_NAMES = (
    "Hoàng Văn Thụ", "Lê Thị Riêng", "Nguyễn Bình", "Ngô Quyền", "Nguyễn Thị Minh Khai", "Hai Bà Trưng",
    "Bà Triệu", "Lê Hồng Phong", "Trần Phú", "Nguyễn Chí Thanh", "Phan Bội Châu", "Phan Chu Trinh", "Lê Lợi",
    "Quang Trung", "Đinh Tiên Hoàng", "Lý Tự Trọng", "Võ Thị Sáu", "Nguyễn Thái Học", "Trương Định",
    "Nguyễn Du", "Hồ Xuân Hương", "Trần Quốc Toản", "Lý Thái Tổ", "Bùi Thị Xuân", "Ngô Gia Tự",
    "Hà Huy Tập", "Nguyễn Đình Chiểu", "Cách Mạng Tháng Tám", "Trần Quang Khải", "Yết Kiêu",
    "Nguyễn Khuyến", "Tô Hiến Thành", "Lê Quý Đôn", "Chu Văn An", "Mạc Đĩnh Chi", "Lương Thế Vinh",
    "Phạm Ngũ Lão", "Nguyễn Tri Phương", "Hoàng Diệu", "Cao Bá Quát", "Nguyễn Công Trứ", "Trần Bình Trọng",
    "Đặng Thai Mai", "Tôn Thất Tùng", "Phạm Ngọc Thạch", "Lê Văn Sỹ", "Nơ Trang Long", "Đoàn Thị Điểm",
    "Trần Nhật Duật", "Nguyễn Hữu Cảnh", "Lê Lai", "Trần Khánh Dư", "Nguyễn Biểu", "Phan Đình Phùng",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a cell: ``ground`` up to today's street edges, ``buildable`` up to the planned red lines."""

    cell: str
    column: int
    row: int
    ground: shapely.Polygon
    buildable: shapely.Polygon
    inner: bool

    @property
    def key(self) -> str:
        """Name of the block, unique in the city."""
        return f"{self.cell}-{self.column:02d}{self.row:02d}"


@dataclass(frozen=True, slots=True)
class Cell:
    """What lies between four main streets; ``us`` and ``vs`` are the centre lines that divide it. [m]"""

    name: str
    column: int
    row: int
    us: tuple[float, ...]
    vs: tuple[float, ...]
    blocks: tuple[Block, ...]
    inner: bool

    @property
    def area(self) -> shapely.Polygon:
        """From street centre to street centre."""
        return self.part(0, len(self.us) - 1, 0, len(self.vs) - 1)

    def part(self, c0: int, c1: int, r0: int, r1: int) -> shapely.Polygon:
        """Blocks ``[c0, c1) × [r0, r1)`` out to the centres of the streets around."""
        return rectangle(self.us[c0], self.vs[r0], self.us[c1], self.vs[r1])

    def block(self, column: int, row: int) -> Block:
        """One block; KeyError where water took it."""
        for block in self.blocks:
            if (block.column, block.row) == (column, row):
                return block
        raise KeyError(f"{self.name}-{column}-{row}")


def _divide(low: float, high: float, pitch: float, name: str) -> tuple[float, ...]:
    """Centre lines from ``low`` to ``high`` about ``pitch`` apart, to the decimetre. [m]"""
    count = max(2, round((high - low) / pitch))
    shift = rng_of("divide", name).uniform(-0.05, 0.05, count + 1)
    inside = [round(low + (high - low) * (k + shift[k]) / count, 1) for k in range(1, count)]
    return (low, *inside, high)


def _edges(cuts: tuple[float, ...], first: float, last: float) -> list[tuple[float, float]]:
    half = LOCAL_WIDTH_M / 2
    lows = [cuts[0] + first, *(c + half for c in cuts[1:-1])]
    highs = [*(c - half for c in cuts[1:-1]), cuts[-1] - last]
    return list(zip(lows, highs, strict=True))


@cache
def cells() -> tuple[Cell, ...]:
    """The twenty cells of the town, row by row from the south-west."""
    return tuple(_cell(i, j) for j in range(len(EAST_WEST) - 1) for i in range(len(NORTH_SOUTH) - 1))


@cache
def cell(name: str) -> Cell:
    """A cell by its name, for instance ``"c2r1"``."""
    return next(c for c in cells() if c.name == name)


def _cell(i: int, j: int) -> Cell:
    west, east, south, north = NORTH_SOUTH[i], NORTH_SOUTH[i + 1], EAST_WEST[j], EAST_WEST[j + 1]
    name, inner = f"c{i}r{j}", (i, j) in {(2, 1), (3, 1)}
    us = _divide(west.at, east.at, 210 if inner else 320, f"{name}u")
    vs = _divide(south.at, north.at, 84 if inner else 150, f"{name}v")
    now_u, now_v = _edges(us, west.width_m / 2, east.width_m / 2), _edges(vs, south.width_m / 2, north.width_m / 2)
    plan_u = _edges(us, west.planned_width_m / 2, east.planned_width_m / 2)
    plan_v = _edges(vs, south.planned_width_m / 2, north.planned_width_m / 2)
    blocks = []
    for column in range(len(now_u)):
        for row in range(len(now_v)):
            ground = rectangle(now_u[column][0], now_v[row][0], now_u[column][1], now_v[row][1])
            planned = rectangle(plan_u[column][0], plan_v[row][0], plan_u[column][1], plan_v[row][1])
            dry = _dry(ground)
            if dry is not None:
                buildable = dry if planned.covers(dry) else polygons_of(dry.intersection(planned))[0]
                blocks.append(Block(name, column, row, dry, buildable, inner))
    return Cell(name, i, j, us, vs, tuple(blocks), inner)


def _dry(ground: shapely.Polygon) -> shapely.Polygon | None:
    """What the water's strip leaves of a block, or nothing where too little is left."""
    if not ground.intersects(water_corridor()):
        return ground
    parts = polygons_of(ground.difference(water_corridor()))
    if not parts or parts[0].area < 0.35 * ground.area:
        return None
    return parts[0]


# -- roads ---------------------------------------------------------------------------------------------------


def axis_line(axis: Axis) -> shapely.LineString:
    """Centre line of a main street."""
    if axis in NORTH_SOUTH:
        ends = (-9000.0, 9000.0) if axis.beyond else (EAST_WEST[0].at, EAST_WEST[-1].at)
        line = shapely.LineString([(axis.at, ends[0]), (axis.at, ends[1])])
    else:
        ends = (-9000.0, 9000.0) if axis.beyond else (NORTH_SOUTH[0].at, NORTH_SOUTH[-1].at)
        line = shapely.LineString([(ends[0], axis.at), (ends[1], axis.at)])
    inside = line.intersection(city())
    assert isinstance(inside, shapely.LineString)  # main streets enter and leave the city once
    return inside


def axis_named(name: str) -> Axis:
    """A main street by its name without ``Đường``."""
    return next(a for a in (*NORTH_SOUTH, *EAST_WEST) if a.name == f"Đường {name}")


@cache
def planned_corridors() -> BaseGeometry:
    """Main streets between their planned red lines."""
    return shapely.union_all(
        [axis_line(a).buffer(a.planned_width_m / 2, cap_style="square") for a in (*NORTH_SOUTH, *EAST_WEST)]
    ).intersection(city())


def bridge_11() -> shapely.Point:
    """Where Lý Thường Kiệt crosses the Suối Rạt."""
    crossing = axis_line(axis_named("Lý Thường Kiệt")).intersection(suoi_rat())
    assert isinstance(crossing, shapely.Point)
    return crossing


@cache
def local_streets() -> tuple[tuple[str, shapely.LineString], ...]:
    """Local streets with their names; water ends them."""
    found: list[tuple[str, shapely.LineString]] = []
    names = iter(_NAMES)
    for part in cells():
        u0, u1, v0, v1 = part.us[0], part.us[-1], part.vs[0], part.vs[-1]
        lines = [shapely.LineString([(u, v0), (u, v1)]) for u in part.us[1:-1]]
        lines += [shapely.LineString([(u0, v), (u1, v)]) for v in part.vs[1:-1]]
        for number, line in enumerate(lines, start=1):
            proper = next(names, None) if part.inner else None
            name = f"Đường {proper}" if proper else f"Đường số {number} khu {part.column + 1}.{part.row + 1}"
            pieces = [p for p in shapely.get_parts(line.difference(water_corridor())) if p.length > 60]
            found += [(name, piece) for piece in pieces]
    return tuple(found)


def roads() -> list[FeatureChange]:
    """Every street as a centre line with its width today and as planned."""
    changes = [
        FeatureChange(
            f"d{number:04d}", axis_line(a),
            {"name": a.name, "class": a.road_class, "width_m": a.width_m, "planned_width_m": a.planned_width_m,
             "label": a.name},
        )
        for number, a in enumerate((*NORTH_SOUTH, *EAST_WEST), start=1)
    ]  # fmt: skip
    changes += [
        FeatureChange(
            f"d{number:04d}", line,
            # Numbered streets are too many to be written on the map.
            {"name": name, "class": "đường nội bộ", "width_m": LOCAL_WIDTH_M, "planned_width_m": LOCAL_WIDTH_M,
             "label": "" if name.startswith("Đường số") else name},
        )
        for number, (name, line) in enumerate(local_streets(), start=101)
    ]  # fmt: skip
    return changes


BUILDING_SETBACK_M = 3.0
"""Between red line and building line along main streets. [m]"""


def red_lines() -> list[FeatureChange]:
    """Planned red lines of the main streets, street by street, open at the crossings."""
    return _side_lines("cgdd", 0.0)


def building_lines() -> list[FeatureChange]:
    """Building lines of the main streets."""
    return _side_lines("cgxd", BUILDING_SETBACK_M)


def _side_lines(prefix: str, setback: float) -> list[FeatureChange]:
    changes = []
    core = rectangle(NORTH_SOUTH[0].at - 12, EAST_WEST[0].at - 14, NORTH_SOUTH[-1].at + 12, EAST_WEST[-1].at + 16)
    for number, axis in enumerate((*NORTH_SOUTH, *EAST_WEST), start=1):
        across = EAST_WEST if axis in NORTH_SOUTH else NORTH_SOUTH
        open_at = shapely.union_all(
            [axis_line(o).buffer(o.planned_width_m / 2 + setback, cap_style="flat") for o in across]
        )
        for side, sign in (("a", 1), ("b", -1)):
            line = shapely.offset_curve(axis_line(axis).intersection(core), sign * (axis.planned_width_m / 2 + setback))
            changes.append(
                FeatureChange(
                    f"{prefix}-{number:02d}{side}", line.difference(open_at),
                    {"road": axis.name, "width_m": axis.planned_width_m, "setback_m": setback},
                )
            )  # fmt: skip
    return changes


def bridges() -> list[FeatureChange]:
    """Bridges where main streets cross water; bridge 11 is the one on Lý Thường Kiệt."""
    crossings: list[tuple[Axis, shapely.Point]] = []
    for axis in (*NORTH_SOUTH, *EAST_WEST):
        met = shapely.get_parts(axis_line(axis).intersection(suoi_rat()))
        crossings += [(axis, p) for p in met if isinstance(p, shapely.Point)]
    crossings.sort(key=lambda c: suoi_rat().project(c[1]))
    eleven = next(k for k, (_, p) in enumerate(crossings) if p.equals(bridge_11()))
    changes = []
    for k, (axis, point) in enumerate(crossings):
        number = 11 + k - eleven
        deck = shapely.LineString([(point.x, point.y - 20), (point.x, point.y + 20)])
        if axis in EAST_WEST:
            deck = shapely.LineString([(point.x - 20, point.y), (point.x + 20, point.y)])
        changes.append(
            FeatureChange(
                f"cau-{number:02d}", deck.buffer(axis.width_m / 2, cap_style="flat"),
                {"name": f"Cầu {number}", "road": axis.name, "water": "Suối Rạt", "length_m": 40.0},
            )
        )  # fmt: skip
    return changes
