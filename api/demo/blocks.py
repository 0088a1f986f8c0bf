"""What each block is for: one function of TT 16/2025 Annex I a block, the same for plans, parcels and services."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from api.demo.frame import rng_of
from api.demo.streets import Block, cells
from twin.law.book import Law
from twin.law.codes import planning_function


@dataclass(frozen=True, slots=True)
class Function:
    """A planning function: CAD layer without prefix, name, AutoCAD colour, land-law code, figures allowed."""

    code: str
    name: str
    name_en: str
    aci: int
    colour: str
    land_code: str
    density: int | None = None
    floors: tuple[int, int] | None = None
    setback_m: float | None = None


def _function(
    code: str,
    land_code: str,
    density: int | None = None,
    floors: tuple[int, int] | None = None,
    setback_m: float | None = None,
) -> Function:
    """A function with its name and colour from the law's record."""
    found = planning_function(Law.shipped(), code)
    assert found is not None, code
    named = found.function
    colour = str(named.rgb)
    aci = int(named.row["aci"])
    return Function(code, named.title, named.title_en, aci, colour, land_code, density, floors, setback_m)


FUNCTIONS = {
    f.code: f
    for f in (
        _function("DAT_O_Nhomnhao", "ODT", 80, (1, 5), 3.0),
        _function("DAT_O_Honhop_Nhomo", "ODT", 60, (3, 9), 4.0),
        _function("DAT_Dichvu", "TMD", 60, (2, 7), 6.0),
        _function("DAT_HTXH_Yte", "DYT", 40, (1, 5), 6.0),
        _function("DAT_HTXH_Truonghoc", "DGD", 40, (1, 4), 6.0),
        _function("DAT_Coquan", "TSC", 40, (1, 6), 6.0),
        _function("DAT_Quocphong", "CQP"),
        _function("DAT_Anninh", "CAN"),
        _function("DAT_HTXH_CayxanhCC", "DKV", 5, (0, 1), 6.0),
        _function("DAT_SX_Congnghiep", "SKC", 60, (1, 3), 10.0),
        _function("DAT_HTKT_DuongGT", "DGT"),
        _function("DAT_NN_Nongnghiep", "CLN"),
        _function("DAT_KHAC_Songsuoi", "SON"),
        _function("DAT_DD_Donvio", "ODT"),
        _function("DAT_DD_Honhop", "ODT"),
        _function("DAT_DD_Giaothongdothi", "DGT"),
        _function("DAT_DD_CayxanhCCdothi", "DKV"),
        _function("DAT_NDD_Congnghiep", "SKC"),
        _function("DAT_NDD_Quocphong", "CQP"),
        _function("DAT_NDD_Anninh", "CAN"),
        _function("DAT_NNK_Nongnghiep", "CLN"),
        _function("DAT_NNK_Songsuoi", "SON"),
    )
}

HOUSING, MIXED, SERVICE = "DAT_O_Nhomnhao", "DAT_O_Honhop_Nhomo", "DAT_Dichvu"
HEALTH, SCHOOL, OFFICE = "DAT_HTXH_Yte", "DAT_HTXH_Truonghoc", "DAT_Coquan"
GREEN, INDUSTRY, STREET = "DAT_HTXH_CayxanhCC", "DAT_SX_Congnghiep", "DAT_HTKT_DuongGT"
DEFENCE, SECURITY = "DAT_Quocphong", "DAT_Anninh"
FARM, WATER = "DAT_NN_Nongnghiep", "DAT_KHAC_Songsuoi"

_INNER = ((HOUSING, 0.74), (MIXED, 0.09), (SERVICE, 0.05), (SCHOOL, 0.025), (OFFICE, 0.025), (HEALTH, 0.01),
          (GREEN, 0.06))  # fmt: skip
_OUTER = ((HOUSING, 0.52), (FARM, 0.24), (MIXED, 0.05), (SERVICE, 0.03), (SCHOOL, 0.03), (OFFICE, 0.01),
          (HEALTH, 0.01), (GREEN, 0.05), (INDUSTRY, 0.06))  # fmt: skip

THREE_ZONES_BLOCK = "c2r1-0218"
"""Holds the parcel over three zones; it faces Lê Duẩn."""

ADJUSTED_BLOCK = "c2r1-0613"
"""A public garden that a local adjustment of its detailed plan turns into mixed use."""

SECRET_BLOCKS = {
    "c3r0-0407": DEFENCE,
    "c4r3-0007": DEFENCE,
    "c2r1-0203": SECURITY,
    "c3r1-0207": SECURITY,
}
"""Land of national defence and security, made up like everything else: no citizen sees it, on no layer."""

MIXED_PURPOSE_BLOCK = "c3r1-0705"
"""Offices of the state; the parcel's purpose names security land among others."""

_FIXED = {
    **SECRET_BLOCKS,
    THREE_ZONES_BLOCK: HOUSING,
    "c3r1-0107": HOUSING,  # the renumbered parcel
    "c3r1-0109": HOUSING,  # the split parcel
    "c3r1-0211": HOUSING,  # the town house
    "c3r1-0313": MIXED,  # the apartments
    ADJUSTED_BLOCK: GREEN,  # becomes mixed use by a local adjustment
}


@cache
def functions() -> dict[str, str]:
    """Function code by block key."""
    chosen: dict[str, str] = {}
    for part in cells():
        table = _INNER if part.inner else _OUTER
        for block in part.blocks:
            draw = rng_of("function", block.key).random()
            chosen[block.key] = _FIXED.get(block.key) or _drawn(table, draw)
    return chosen


def _drawn(table: tuple[tuple[str, float], ...], draw: float) -> str:
    total = 0.0
    for code, share in table:
        total += share
        if draw < total:
            return code
    return table[-1][0]


@cache
def _blocks_by_key() -> dict[str, Block]:
    return {b.key: b for b in all_blocks()}


def block_of(key: str) -> Block:
    """A block by its key."""
    return _blocks_by_key()[key]


def all_blocks() -> list[Block]:
    """Every block of the town, cell by cell."""
    return [b for c in cells() for b in c.blocks]
