"""Which plan answers where: in force, then most detailed, then the local adjustment before what it adjusts.

The order of levels is that of Law 47/2024/QH15, Art. 3: general, subdivision, detailed. Two plans of equal level
in force at one spot, neither adjusting the other, contradict each other; nothing here decides between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import combinations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from layers.planning.answer import Figures, Option
from twin.geo.geodesy import geodesic_area
from twin.types import LOCAL

LEVELS = ("detailed", "subdivision", "general")
"""Most detailed first."""
IN_FORCE = frozenset({"hieu_luc", "dang_dieu_chinh"})
"""A plan under adjustment holds until the adjustment is approved."""
TOLERANCE_M2 = 0.05
"""Smaller overlaps and gaps are roundings of drawn lines."""
_HALF_WIDTH_DEG = 1e-7
"""Strips under 2 cm are such roundings too, however long: no boundary is known as well as that."""
EMPTY: BaseGeometry = shapely.Polygon()


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan within reach of the place; ``ended`` when its record stopped holding before the time asked about."""

    code: str
    name: str
    level: str
    scale: str
    decision: str
    decision_date: date | None
    authority: str
    status: str
    adjusts: str
    area: BaseGeometry
    valid_from: datetime | None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone of a plan."""

    plan: str
    zone: str
    function: str
    function_name: str
    figures: Figures
    area: BaseGeometry

    @property
    def option(self) -> Option:
        """What the zone says, without its shape."""
        return Option(self.plan, self.zone, self.function, self.function_name, self.figures)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the place and what is said about it; no option means that nothing is known."""

    area: BaseGeometry
    options: tuple[Option, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Division:
    """The place cut into pieces, and the part that each plan in force answers for."""

    pieces: tuple[Piece, ...]
    answered: dict[str, BaseGeometry]
    in_conflict: dict[str, BaseGeometry]


def force(plan: Plan, at: datetime) -> str:
    """Tell whether a plan is in force: ``""`` if it is, else ``expired``, ``draft``, ``not_yet``, …."""
    if plan.ended is not None or plan.status == "het_hieu_luc":
        return "expired"
    if plan.status == "du_thao":
        return "draft"
    if plan.status not in IN_FORCE or plan.level not in LEVELS:
        return "unknown_status"
    if plan.decision_date is not None and plan.decision_date > at.astimezone(LOCAL).date():
        return "not_yet"
    return ""


def matters(area: BaseGeometry) -> bool:
    """Tell a piece of land from the sliver that two drawings of one line leave."""
    return geodesic_area(area) > TOLERANCE_M2 and not area.buffer(-_HALF_WIDTH_DEG).is_empty


def divide(place: BaseGeometry, plans: Sequence[Plan], zones: Sequence[Zone]) -> Division:
    """Cut a place into what the plans in force say about it. Areas of the pieces add up to the place's."""
    rest = place
    pieces: list[Piece] = []
    answered: dict[str, BaseGeometry] = {}
    conflicts: dict[str, BaseGeometry] = {}
    for level in LEVELS:
        same = [p for p in plans if p.level == level]
        claims = {p.code: _cut(rest, _claim(p, same)) for p in same}
        claims = {code: area for code, area in claims.items() if matters(area)}
        disputed = _disputed(claims.values())
        for code, area in claims.items():
            own = area.difference(disputed)
            answered[code] = own
            if not disputed.is_empty:
                conflicts[code] = _cut(area, disputed)
            pieces += _zone_pieces(own, [z for z in zones if z.plan == code], code)
        pieces += _conflict_pieces(disputed, claims, zones)
        rest = rest.difference(_union(claims.values()))
    if matters(rest):
        pieces.append(Piece(rest, reason="không có đồ án đang hiệu lực trong dữ liệu"))
    return Division(tuple(pieces), answered, conflicts)


def _claim(plan: Plan, same: Iterable[Plan]) -> BaseGeometry:
    """Area of a plan less what its local adjustments took over."""
    taken = [other.area for other in same if other.adjusts and other.adjusts == plan.code and other.code != plan.code]
    return plan.area.difference(_union(taken)) if taken else plan.area


def _disputed(claims: Iterable[BaseGeometry]) -> BaseGeometry:
    shared = [_cut(a, b) for a, b in combinations(list(claims), 2)]
    return _union([s for s in shared if matters(s)])


def _zone_pieces(area: BaseGeometry, zones: Sequence[Zone], plan: str) -> list[Piece]:
    pieces: list[Piece] = []
    rest = area
    for zone in zones:
        part = _cut(rest, zone.area)
        if matters(part):
            pieces.append(Piece(part, (zone.option,)))
            rest = rest.difference(part)
    if matters(rest):
        pieces.append(Piece(rest, reason=f"đồ án {plan} trùm phần này nhưng dữ liệu không có ô chức năng"))
    return pieces


def _conflict_pieces(disputed: BaseGeometry, claims: dict[str, BaseGeometry], zones: Sequence[Zone]) -> list[Piece]:
    """Cut what several plans claim by every zone of each, so that each piece has one option a plan."""
    if disputed.is_empty:
        return []
    pieces = [Piece(disputed)]
    for code, claim in claims.items():
        mine = [z for z in zones if z.plan == code]
        cut: list[Piece] = []
        for piece in pieces:
            inside = _cut(piece.area, claim)
            outside = piece.area.difference(claim)
            cut += [Piece(outside, piece.options)] if matters(outside) else []
            rest = inside
            for zone in mine:
                part = _cut(rest, zone.area)
                if matters(part):
                    cut.append(Piece(part, (*piece.options, zone.option)))
                    rest = rest.difference(part)
            if matters(rest):
                cut.append(Piece(rest, piece.options))
        pieces = cut
    reason = "các đồ án cùng cấp chồng lên nhau; cần cơ quan quản lý quy hoạch xác định"
    return [Piece(p.area, p.options, reason) for p in pieces]


def _cut(a: BaseGeometry, b: BaseGeometry) -> BaseGeometry:
    """Shared area, without the points and lines where borders only touch."""
    shared = a.intersection(b)
    if shared.geom_type in ("Polygon", "MultiPolygon"):
        return shared
    parts = [p for p in shapely.get_parts(shared) if shapely.get_dimensions(p) == 2]
    return _union(parts)


def _union(shapes: Iterable[BaseGeometry]) -> BaseGeometry:
    found = list(shapes)
    return shapely.union_all(np.array(found, dtype=object)) if found else EMPTY
