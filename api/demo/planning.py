"""Plans and their zones: one general plan, five subdivision plans, sixty detailed plans, all made up.

Zones of a plan tile it: streets are what lots, greens and water leave over. Four detailed plans are not what a
lookup would wish: :data:`OVERLAPPING` (two in force share a strip of :data:`OVERLAP_M`), :data:`ADJUSTMENT`
(changes one block of :data:`ADJUSTED`), :data:`EXPIRED` and :data:`UNDECIDED`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

import shapely
from shapely.geometry.base import BaseGeometry

from api.demo.blocks import (
    ADJUSTED_BLOCK,
    DEFENCE,
    FUNCTIONS,
    GREEN,
    HOUSING,
    INDUSTRY,
    MIXED,
    SECRET_BLOCKS,
    SECURITY,
    SERVICE,
    STREET,
    THREE_ZONES_BLOCK,
    WATER,
    block_of,
    functions,
)
from api.demo.frame import areal, polygons_of, rectangle, rng_of
from api.demo.ground import UNITS, city, unit_areas, water_corridor, water_surface
from api.demo.parcels import middle_of
from api.demo.streets import Block, Cell, cell, cells, planned_corridors
from twin.law import codes
from twin.law.book import Law
from twin.model.layer import FeatureChange
from twin.types import Json

OVERLAP_M = 16.0
"""Width of the strip that two detailed plans share. [m]"""

OVERLAPPING = ("CT-c3r1-2", "CT-c3r1-3")
ADJUSTED, ADJUSTMENT = "CT-c2r1-3", "CT-c2r1-3-DC1"
EXPIRED, UNDECIDED = "CT-c1r2-2", "CT-c2r2-1"

EXPIRED_ON = date(2025, 1, 1)

_UBND_TINH, _UBND_TP = "UBND tỉnh Bình Phước", "UBND thành phố Đồng Xoài"
_UBND_DN, _UBND_PHUONG = "UBND thành phố Đồng Nai", "UBND phường Bình Phước"


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan: identity, decision, status and area on the sheet."""

    code: str
    name: str
    level: str
    scale: str
    decision: str
    decision_date: date | None
    authority: str
    area: BaseGeometry
    status: str = "hieu_luc"
    adjusts: str = ""

    @property
    def begins(self) -> datetime:
        """When the plan begins to hold: its decision's day in Viet Nam, a draft's the day it was shown."""
        return midnight(self.decision_date or date(2026, 9, 1))


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone of a plan."""

    plan: str
    label: str
    area: BaseGeometry
    function: str
    floors: int | None = None
    """Fewer floors than the function allows."""


def midnight(day: date) -> datetime:
    """Begin of a day in Viet Nam (UTC+7)."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=7)


GENERAL = "QHC-DX-2045"

_SUBDIVISIONS: tuple[tuple[str, str, str, date, str, tuple[str, ...]], ...] = (
    ("PK1", "Phân khu 1, trung tâm", "417/QĐ-UBND", date(2026, 3, 12), "hieu_luc",
     ("c1r1", "c2r1", "c1r2", "c2r2")),
    ("PK2", "Phân khu 2, Suối Rạt", "418/QĐ-UBND", date(2026, 3, 12), "hieu_luc",
     ("c3r1", "c4r1", "c3r2", "c4r2")),
    ("PK3", "Phân khu 3, Tiến Thành", "133/QĐ-UBND", date(2025, 5, 20), "dang_dieu_chinh",
     ("c0r0", "c1r0", "c0r1", "c0r2")),
    ("PK4", "Phân khu 4, Tân Thành", "134/QĐ-UBND", date(2025, 5, 20), "hieu_luc", ("c2r0", "c3r0", "c4r0")),
    ("PK5", "Phân khu 5, Tân Đồng", "902/QĐ-UBND", date(2026, 6, 24), "hieu_luc",
     ("c0r3", "c1r3", "c2r3", "c3r3", "c4r3")),
)  # fmt: skip

_THEMES = (
    "Khu dân cư", "Khu nhà ở", "Khu tái định cư", "Khu dân cư và dịch vụ", "Khu phố chợ", "Khu đô thị mới",
)  # fmt: skip
_PLACES = (
    "Tân Phú", "Tân Xuân", "Tân Bình", "Tân Thiện", "Tân Đồng", "Tiến Thành", "Tiến Hưng", "Tân Thành",
    "Suối Cam", "Bình An", "Phước Thiện", "Hòa Lợi", "Phú Cường", "Xuân Lộc", "Thuận Phú", "An Bình",
    "Phú Thịnh", "Đông Phú", "Bắc Sơn", "Nam Hòa",
)  # fmt: skip
_NAMED = {
    "CT-c2r1-3": "Khu dân cư Suối Rạt",
    "CT-c3r1-2": "Khu dân cư Lý Thường Kiệt",
    "CT-c3r1-3": "Khu thương mại dịch vụ Nguyễn Văn Linh",
    "CT-c2r2-1": "Chợ mới Tân Xuân",
    "CT-c1r2-2": "Khu dân cư Điểu Ông",
}


# -- plans ---------------------------------------------------------------------------------------------------


@cache
def plans() -> tuple[Plan, ...]:
    """Every plan, from the general to the detailed."""
    general = Plan(
        GENERAL, "Quy hoạch chung đô thị Đồng Xoài đến năm 2045", "general", "1/10.000", "96/QĐ-UBND",
        date(2024, 1, 17), _UBND_TINH, city(),
    )  # fmt: skip
    return (general, *_subdivisions(), *_detailed())


def _subdivisions() -> list[Plan]:
    return [
        Plan(code, name, "subdivision", "1/2.000", decision, day, _UBND_TINH if day < date(2025, 7, 1) else _UBND_DN,
             areal(shapely.union_all([cell(c).area for c in members])), status)
        for code, name, decision, day, status, members in _SUBDIVISIONS
    ]  # fmt: skip


def _detailed() -> list[Plan]:
    found: list[Plan] = []
    for number, part in enumerate(cells()):
        for k, area in enumerate(_groups(part), start=1):
            code = f"CT-{part.name}-{k}"
            if code == "CT-c4r3-3":
                continue  # its place among the sixty is the local adjustment's
            found.append(_detailed_plan(code, area, number * 3 + k))
    home = block_of(ADJUSTED_BLOCK)
    adjustment = Plan(
        ADJUSTMENT, "Khu dân cư Suối Rạt, điều chỉnh cục bộ lần 1", "detailed", "1/500", "1207/QĐ-UBND",
        date(2026, 8, 14), _UBND_PHUONG, home.buildable, "hieu_luc", ADJUSTED,
    )  # fmt: skip
    return [*found, adjustment]


def _detailed_plan(code: str, area: shapely.Polygon, serial: int) -> Plan:
    draw = rng_of("plan", code)
    day = date(2017, 1, 9) + timedelta(days=int(draw.integers(0, 3100)))
    name = _NAMED.get(code) or f"{_THEMES[serial % len(_THEMES)]} {_PLACES[serial % len(_PLACES)]} {serial}"
    decision, status = f"{200 + 17 * serial}/QĐ-UBND", "hieu_luc"
    known = {
        ADJUSTED: ("562/QĐ-UBND", date(2024, 5, 20), "hieu_luc"),
        OVERLAPPING[0]: ("431/QĐ-UBND", date(2022, 4, 6), "hieu_luc"),
        OVERLAPPING[1]: ("988/QĐ-UBND", date(2026, 7, 3), "hieu_luc"),
        EXPIRED: ("78/QĐ-UBND", date(2014, 2, 18), "het_hieu_luc"),
    }
    if code in known:
        decision, day, status = known[code]
    authority = _UBND_TP if day < date(2025, 7, 1) else _UBND_PHUONG
    if code == UNDECIDED:
        return Plan(code, name, "detailed", "1/500", "", None, _UBND_PHUONG, area, "du_thao")
    return Plan(code, name, "detailed", "1/500", decision, day, authority, area, status)


def _groups(part: Cell) -> list[shapely.Polygon]:
    """Three groups of blocks side by side; in the cell of the overlap the third reaches into the second."""
    columns, rows = len(part.us) - 1, len(part.vs) - 1
    tall = 4 if part.inner else 2
    found = []
    for k in range(3):
        first = int(rng_of("group", part.name, k).integers(1, rows - tall))
        if part.name == "c2r1":
            first = (15, 3, 12)[k]
        if part.name == "c3r1":
            first = (8, 12, 12)[k]
        found.append(part.part(k * columns // 3, (k + 1) * columns // 3, first, first + tall))
    if part.name == "c2r1":
        found[0] = part.part(0, columns // 3 + 1, rows - 4, rows)  # up to Lê Duẩn: the parcel over three zones
    if part.name == "c3r1":
        west, south, east, north = found[2].bounds
        found[2] = rectangle(west - OVERLAP_M, south, east, north)
    return found


# -- zones ---------------------------------------------------------------------------------------------------


@cache
def zones() -> tuple[Zone, ...]:
    """Zones of every plan."""
    found = _general_zones()
    for (code, *_, members), plan in zip(_SUBDIVISIONS, _subdivisions(), strict=True):
        assert code == plan.code
        for name in members:
            part = cell(name)
            lots = [(b, b.buildable) for b in part.blocks]
            found += _tiled(code, f"{part.column + 1}{part.row + 1}", part.area, lots, halves=False)
    for plan in _detailed():
        found += _adjustment_zones(plan) if plan.adjusts else _detailed_zones(plan)
    return tuple(found)


def _detailed_zones(plan: Plan) -> list[Zone]:
    part = cell(plan.code.split("-")[1])
    lots = []
    for block in part.blocks:
        if plan.area.covers(block.buildable):
            lots.append((block, block.buildable))
        elif plan.area.intersects(block.buildable):
            shared = polygons_of(block.buildable.intersection(plan.area))
            lots += [(block, shared[0])] if shared else []
    return _tiled(plan.code, "L", plan.area, lots, halves=True)


def _adjustment_zones(plan: Plan) -> list[Zone]:
    return [Zone(plan.code, "HH-01", plan.area, MIXED, floors=5)]


def _tiled(
    plan: str, prefix: str, area: BaseGeometry, lots: list[tuple[Block, shapely.Polygon]], *, halves: bool
) -> list[Zone]:
    """Lots, greens, water, and the streets that are left."""
    found: list[Zone] = []
    for block, lot in lots:
        found += _lot_zones(plan, f"{prefix}-{block.column + 1:02d}{block.row + 1:02d}", block, lot, halves=halves)
    taken = shapely.union_all([lot for _, lot in lots])
    rest = area.difference(taken)
    if area.intersects(water_corridor()):
        dry = rest.difference(planned_corridors())
        wet = areal(dry.intersection(water_surface()))
        strip = areal(dry.intersection(water_corridor()).difference(water_surface()))
        found += [Zone(plan, f"{prefix}-S", wet, WATER)] if wet.area > 0 else []
        found += [Zone(plan, f"{prefix}-CX", strip, GREEN)] if strip.area > 0 else []
        rest = rest.difference(shapely.union_all([wet, strip]))
    return [*found, Zone(plan, f"{prefix}-GT", areal(rest), STREET)]


def _lot_zones(plan: str, label: str, block: Block, lot: shapely.Polygon, *, halves: bool) -> list[Zone]:
    function = functions()[block.key]
    if not halves or function not in {HOUSING, MIXED, SERVICE, INDUSTRY}:
        return [Zone(plan, label, lot, function)]
    west, south, east, north = lot.bounds
    middle = middle_of(block)
    if not west + 5 < middle < east - 5:
        return [Zone(plan, label, lot, function)]
    other = GREEN if block.key == THREE_ZONES_BLOCK else function
    sides = (
        (rectangle(west, south, middle, north), function, "a"),
        (rectangle(middle, south, east, north), other, "b"),
    )
    return [
        Zone(plan, f"{label}{mark}", areal(side.intersection(lot)), use, 4 if use == HOUSING and mark == "b" else None)
        for side, use, mark in sides
    ]


def _general_zones() -> list[Zone]:
    found: list[Zone] = []
    streets, water = planned_corridors(), water_surface().intersection(city())
    greens = water_corridor().intersection(city()).difference(shapely.union_all([streets, water]))
    wet = areal(water.difference(streets))
    fixed = shapely.union_all([streets, wet, greens])
    town = shapely.union_all([c.area for c in cells()])
    secret = _secret_zones(fixed)
    fixed_in_town = shapely.union_all([fixed, *(zone.area for zone in secret)])
    for part in cells():
        use = "DAT_DD_Honhop" if part.inner else "DAT_DD_Donvio"
        if part.name in {"c0r3", "c4r0"}:
            use = "DAT_NDD_Congnghiep"
        area = areal(part.area.difference(fixed_in_town))
        found.append(Zone(GENERAL, f"{part.column + 1}{part.row + 1}", area, use))
    found += secret
    for unit in UNITS:
        rest = areal(unit_areas()[unit.code].difference(shapely.union_all([fixed, town])))
        if rest.area > 0:
            found.append(Zone(GENERAL, f"NN-{unit.code}", rest, "DAT_NNK_Nongnghiep"))
    found.append(Zone(GENERAL, "S", wet, "DAT_NNK_Songsuoi"))
    found.append(Zone(GENERAL, "CX", areal(greens), "DAT_DD_CayxanhCCdothi"))
    found.append(Zone(GENERAL, "GT", streets, "DAT_DD_Giaothongdothi"))
    return found


def _secret_zones(fixed: BaseGeometry) -> list[Zone]:
    """Land of national defence and security in the general plan, block by block."""
    uses = {DEFENCE: ("QP", "DAT_NDD_Quocphong"), SECURITY: ("AN", "DAT_NDD_Anninh")}
    return [
        Zone(GENERAL, f"{uses[use][0]}-{number}", areal(block_of(key).ground.difference(fixed)), uses[use][1])
        for number, (key, use) in enumerate(SECRET_BLOCKS.items(), start=1)
    ]


# -- features ------------------------------------------------------------------------------------------------


def plan_features() -> list[FeatureChange]:
    """Plans with their decisions; a plan that expired was in force until then."""
    changes = []
    for plan in plans():
        properties: dict[str, Json] = {
            "code": plan.code, "name": plan.name, "level": plan.level, "scale": plan.scale,
            "decision": plan.decision,
            "decision_date": plan.decision_date.isoformat() if plan.decision_date else None,
            "authority": plan.authority, "status": plan.status, "adjusts": plan.adjusts,
        }  # fmt: skip
        begin = plan.begins
        if plan.code == EXPIRED:
            end = midnight(EXPIRED_ON)
            changes.append(FeatureChange(plan.code, plan.area, properties | {"status": "hieu_luc"}, begin, end))
            begin = end
        changes.append(FeatureChange(plan.code, plan.area, properties, begin))
    return changes


def zone_features() -> list[FeatureChange]:
    """Zones with what may be built; figures a plan does not set are absent."""
    levels = {p.code: p for p in plans()}
    changes = []
    for zone in zones():
        plan = levels[zone.plan]
        properties: dict[str, Json] = {"plan": zone.plan, "zone": zone.label, **_figures(zone, plan.level)}
        changes.append(FeatureChange(f"{zone.plan}:{zone.label}", zone.area, properties, plan.begins))
    return changes


def _figures(zone: Zone, level: str) -> dict[str, Json]:
    use = FUNCTIONS[zone.function]
    figures: dict[str, Json] = {
        "function": use.code, "function_name": use.name, "density_max": None, "floors_min": None,
        "floors_max": None, "height_max": None, "far_max": None, "setback_m": None,
    }  # fmt: skip
    if level == "general" or use.density is None or use.floors is None:
        return figures
    most = zone.floors or use.floors[1]
    far = round(use.density * most / 100, 2)
    figures |= {"density_max": use.density, "floors_min": min(use.floors[0], most), "floors_max": most, "far_max": far}
    if level == "detailed":
        figures |= {"height_max": round(3.6 * most + 1.2, 1), "setback_m": use.setback_m}
    return figures


# -- land law ------------------------------------------------------------------------------------------------


def land_use() -> list[FeatureChange]:
    """The land-use plan of land law, a layer of its own; together its areas are the city."""
    begin = midnight(date(2026, 1, 9))
    areas: list[tuple[str, str, BaseGeometry]] = []
    for part in cells():
        wet = areal(part.area.intersection(water_surface()))
        rest = part.area.difference(shapely.union_all([*[b.ground for b in part.blocks], wet]))
        areas += [(b.key, FUNCTIONS[functions()[b.key]].land_code, b.ground) for b in part.blocks]
        areas += [(f"{part.name}-gt", "DGT", areal(rest))]
        areas += [(f"{part.name}-son", "SON", wet)] if wet.area > 0 else []
    town = shapely.union_all([c.area for c in cells()])
    outer_water = areal(water_surface().intersection(city()).difference(town))
    outer_roads = areal(planned_corridors().difference(shapely.union_all([town, outer_water])))
    areas += [("ngoai-son", "SON", outer_water), ("ngoai-gt", "DGT", outer_roads)]
    taken = shapely.union_all([town, outer_water, outer_roads])
    names = {
        c.code: c for code in {f.land_code for f in FUNCTIONS.values()} for c in codes.land_use(Law.shipped(), code)
    }
    areas += [(f"ngoai-{u.code}", "CLN", areal(unit_areas()[u.code].difference(taken))) for u in UNITS]
    return [
        FeatureChange(fid, area, {"code": code, "name": names[code].title}, begin)
        for fid, code, area in areas
        if area.area > 0
    ]
