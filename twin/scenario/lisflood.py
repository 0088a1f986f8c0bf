"""Read a flood case in the input format of LISFLOOD-FP: parameter, boundary and time-series files.

Read are ``.par`` (which files, how long, Manning roughness), ``.bci`` (where water crosses: single points ``P``
and stretches of the sides ``N E S W``) and ``.bdy`` (values over time). Flows of the format are per metre of
width; a point's flow is that times the cell size of the case's own terrain. What would change the result and is
not supported (channels, weirs, sub-grid channels, infiltration, start files) is refused; what only steers output
or another solver is named in ``notes``.

Format after the LISFLOOD-FP user manual (University of Bristol).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin.errors import FormatError, UnsupportedFormatError
from twin.simulation.flood.edges import EdgeKind, Side
from twin.simulation.series import Series, constant

_PHYSICS = {
    "riverfile", "multiriverfile", "weirfile", "porfile", "startfile", "binarystartfile", "startelev",
    "infiltration", "infilfile", "evaporation", "rainfall", "rainfallmask", "dynamicrainfile", "routing",
    "sgc_enable", "sgcwidth", "sgcbank", "sgcbed", "chanmask", "manningfile", "gravity", "latlong",
}  # fmt: skip
_SILENT = {
    "resroot", "dirroot", "initial_tstep", "massint", "saveint", "stagefile", "elevoff", "depthoff", "qoutput",
    "voutput", "hazard", "checkpoint", "overpass", "overpassfile", "cuda", "drycheckoff", "adaptoff",
    "chainageoff",
}  # fmt: skip
_SOLVERS = {"acceleration", "dg2", "fv1", "fv2", "roe", "diffusive"}
_UNITS_S = {"seconds": 1.0, "minutes": 60.0, "hours": 3600.0, "days": 86400.0}
_SIDES = {"W": Side.WEST, "E": Side.EAST, "N": Side.NORTH, "S": Side.SOUTH}


@dataclass(frozen=True, slots=True)
class CasePoint:
    """Water that enters at a point, per metre of the terrain's cell size. [m²/s]"""

    x: float
    y: float
    name: str
    flow_m2_s: Series


@dataclass(frozen=True, slots=True)
class CaseSide:
    """An open stretch of a side, from ``start`` to ``stop`` in coordinates along it."""

    side: Side
    start: float
    stop: float
    kind: EdgeKind
    slope: float | None = None
    values: Series | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class LisfloodCase:
    """What the files of a case say."""

    terrain: Path
    duration_s: float
    manning_n: float
    points: tuple[CasePoint, ...]
    sides: tuple[CaseSide, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...]


def read_case(par: Path, *, terrain: Path | None = None) -> LisfloodCase:
    """Read a case from its parameter file.

    Parameters
    ----------
    par
        The parameter file; the files it names lie beside it.
    terrain
        Terrain to take instead of the named one.

    Raises
    ------
    FormatError
        If a file is missing or cannot be read.
    UnsupportedFormatError
        If the case asks for something that would change the result and is not supported.
    """
    settings = _parameters(par)
    physics = sorted(_PHYSICS & settings.keys())
    if physics:
        raise UnsupportedFormatError(
            f"the case uses {', '.join(physics)}, which this reader does not support",
            where=par.name,
            hint="Only cases of flow over terrain with one roughness are read.",
        )
    notes: list[str] = []
    solver = sorted(_SOLVERS & settings.keys())
    if solver:
        notes.append(f"{par.name} asks for the solver {', '.join(solver)}; this run uses the local-inertial one")
    known = _SILENT | _SOLVERS | {"demfile", "sim_time", "fpfric", "bcifile", "bdyfile"}
    unused = sorted(settings.keys() - known)
    if unused:
        notes.append(f"{par.name}: {', '.join(unused)} not used")
    bci = _beside(par, settings, "bcifile", notes)
    bdy = _beside(par, settings, "bdyfile", notes) if "bdyfile" in settings else None
    series = _time_series(bdy) if bdy else {}
    points, sides = _crossings(bci, series)
    return LisfloodCase(
        terrain or _beside(par, settings, "demfile", notes),
        _number(settings, "sim_time", par),
        _number(settings, "fpfric", par),
        points,
        sides,
        tuple(f for f in (par, bci, bdy) if f),
        tuple(notes),
    )


def _parameters(par: Path) -> dict[str, str]:
    settings = {}
    for _, words in _lines(par):
        settings[words[0].lower()] = words[1] if len(words) > 1 else ""
    return settings


def _number(settings: dict[str, str], key: str, par: Path) -> float:
    if key not in settings:
        raise FormatError(f"{key} is missing", where=par.name)
    value = _float(settings[key], f"{par.name}: {key}")
    if value <= 0:
        raise FormatError(f"{key} {value:g} is not positive", where=par.name)
    return value


def _beside(par: Path, settings: dict[str, str], key: str, notes: list[str]) -> Path:
    """The file that ``key`` names, beside the parameter file; if it is not there, the only one of its kind."""
    name = settings.get(key)
    if not name:
        raise FormatError(f"{key} is missing", where=par.name)
    if Path(name).name != name:
        raise FormatError(f"{key} {name!r} leads out of the folder", where=par.name)
    path = par.parent / name
    if path.is_file():
        return path
    others = sorted(par.parent.glob(f"*{path.suffix}")) if path.suffix else []
    if len(others) != 1:
        raise FormatError(f"{key} {name!r} does not lie beside it", where=par.name)
    notes.append(f"{par.name} names {name}, which is not there; read {others[0].name} instead")
    return others[0]


def _time_series(bdy: Path) -> dict[str, Series]:
    """Series by name: a first line of comment, then blocks of name, "count unit" and "value time" rows."""
    lines = _lines(bdy, skip=1)
    series: dict[str, Series] = {}
    at = 0
    while at < len(lines):
        number, words = lines[at]
        name = words[0]
        try:
            count, unit = int(lines[at + 1][1][0]), _UNITS_S[lines[at + 1][1][1].lower()]
            rows = [words for _, words in lines[at + 2 : at + 2 + count]]
            values, times = zip(*((float(row[0]), float(row[1])) for row in rows), strict=True)
        except (IndexError, KeyError, ValueError) as exc:
            raise FormatError(
                f"the series {name!r} cannot be read",
                where=f"{bdy.name}, line {number}",
                hint="After its name come the count of rows and seconds, minutes, hours or days, then value and time.",
            ) from exc
        if len(rows) < count:
            raise FormatError(f"series {name!r} has {len(rows)} of {count} rows", where=bdy.name)
        series[name] = Series(np.array(times) * unit, np.array(values))
        at += 2 + count
    return series


def _crossings(bci: Path, series: dict[str, Series]) -> tuple[tuple[CasePoint, ...], tuple[CaseSide, ...]]:
    points, sides = [], []
    for number, words in _lines(bci):
        where = f"{bci.name}, line {number}"
        if len(words) < 4:
            raise FormatError(f"{' '.join(words)!r} is not a boundary", where=where)
        place, first, second, kind = words[0].upper(), words[1], words[2], words[3].upper()
        value = words[4] if len(words) > 4 else ""
        if place == "P":
            if kind not in {"QFIX", "QVAR"}:
                raise UnsupportedFormatError(f"a point of type {kind} is not supported", where=where)
            points.append(
                CasePoint(
                    _float(first, where), _float(second, where), value or kind, _values(kind, value, series, where)
                )
            )
        elif place in _SIDES:
            side = _side(_SIDES[place], _float(first, where), _float(second, where), kind, value, series, where)
            sides.extend([side] if side else [])
        else:
            raise UnsupportedFormatError(f"a boundary at {place!r} is not supported", where=where)
    return tuple(points), tuple(sides)


def _side(
    side: Side, start: float, stop: float, kind: str, value: str, series: dict[str, Series], where: str
) -> CaseSide | None:
    if kind == "CLOSED":
        return None
    low, high = min(start, stop), max(start, stop)
    if kind == "FREE":
        slope = _float(value, where) if value else None
        return CaseSide(side, low, high, EdgeKind.FREE, slope=slope, name=f"{side} free")
    if kind in {"HFIX", "HVAR"}:
        return CaseSide(side, low, high, EdgeKind.LEVEL, values=_values(kind, value, series, where), name=value)
    if kind in {"QFIX", "QVAR"}:
        return CaseSide(side, low, high, EdgeKind.FLOW, values=_values(kind, value, series, where), name=value)
    raise UnsupportedFormatError(f"a side of type {kind} is not supported", where=where)


def _values(kind: str, value: str, series: dict[str, Series], where: str) -> Series:
    if kind.endswith("FIX"):
        return constant(_float(value, where))
    if value not in series:
        raise FormatError(f"the series {value!r} is not in the time-series file", where=where)
    return series[value]


def _lines(path: Path, *, skip: int = 0) -> list[tuple[int, list[str]]]:
    """Numbered lines as words, without comments and empty ones."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise FormatError("this file cannot be read as text", where=str(path)) from exc
    numbered = enumerate(text.splitlines(), start=1)
    split = [(number, line.split("#")[0].split()) for number, line in numbered if number > skip]
    return [(number, words) for number, words in split if words]


def _float(text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError as exc:
        raise FormatError(f"{text!r} is not a number", where=where) from exc
    if not np.isfinite(value):
        raise FormatError(f"{text!r} is not finite", where=where)
    return value
