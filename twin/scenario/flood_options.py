"""A flood scenario from words, as the command line and forms give them.

Grids are a file or the name of a raster layer. Series are a number, or a CSV file of two columns: seconds from the
start (or RFC 3339 times) and the value.

=========  ==================================================================================================
``rain``   ``20`` (mm/h throughout), ``rain.csv`` (mm/h, each value until the next time), ``gauge:12,13``
           (datastreams), ``storm:Hà Nội,10,60`` (design storm: place, years, minutes)
``inflow`` ``X,Y=20`` or ``X,Y=hydrograph.csv`` (m³/s), ``X,Y=gauge:12`` (datastream of discharge); coordinates
           in the terrain's reference system
``side``   ``west:free``, ``west:free:0.001`` (slope), ``east:level:2.5`` or ``east:level:tide.csv`` (m),
           ``north:flow:0.5`` (m²/s); ``all:free`` opens every side
=========  ==================================================================================================
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from twin.errors import FormatError, ParameterError
from twin.scenario.flood_spec import (
    FloodScenario,
    GaugedInflow,
    GaugedRain,
    GridFile,
    GridLayer,
    GridSource,
    OpenSide,
    PointInflow,
    UniformRain,
    scenario_from_lisflood,
)
from twin.scenario.storm import FORMULAS, chicago_storm
from twin.simulation.flood.edges import EdgeKind, Side
from twin.simulation.flood.numerics import Numerics
from twin.simulation.series import Interpolation, Series, constant
from twin.types import BBox, parse_time

_MM_H = 1 / 3.6e6
"""1 mm/h in m/s."""


@dataclass(frozen=True, slots=True)
class FloodOptions:
    """What a person wrote; ``None`` and empty are not given."""

    start: datetime
    terrain: str | None = None
    crs: str = ""
    lisflood: Path | None = None
    hours: float | None = None
    every_minutes: float = 15.0
    cell_m: float | None = None
    manning: str | None = None
    rain: tuple[str, ...] = ()
    inflow: tuple[str, ...] = ()
    side: tuple[str, ...] = ()
    area: str | None = None
    layer: str = "flood_depth"
    title: str = "Độ sâu ngập (mô phỏng)"
    title_en: str = "Flood depth (simulated)"
    theta: float | None = None
    min_flow_depth_m: float | None = None
    longest_gap_minutes: float = 60.0
    at: datetime | None = None
    known_at: datetime | None = None


def scenario_from_options(options: FloodOptions) -> FloodScenario:
    """Make the scenario that the options describe.

    Raises
    ------
    ParameterError
        If an option cannot be understood or one is missing.
    FormatError
        If a file cannot be read.
    """
    numerics = Numerics(
        **{
            name: value
            for name, value in (("theta", options.theta), ("min_flow_depth_m", options.min_flow_depth_m))
            if value is not None
        }
    )
    if options.lisflood is not None:
        return _from_lisflood(options, options.lisflood, numerics)
    if options.terrain is None or options.manning is None or options.hours is None:
        raise ParameterError(
            "terrain, Manning roughness and hours must be given", hint="Or give a LISFLOOD-FP parameter file."
        )
    files: list[Path] = []
    return FloodScenario(
        terrain=_grid(options.terrain, options.crs),
        start=options.start,
        duration_s=options.hours * 3600.0,
        manning=_number_or_grid(options.manning, options.crs),
        layer=options.layer,
        title=options.title,
        title_en=options.title_en,
        output_every_s=options.every_minutes * 60.0,
        cell_m=options.cell_m,
        area=_area(options.area) if options.area else None,
        rain=tuple(_rain(text, options, files) for text in options.rain),
        inflows=tuple(_inflow(text, options, files) for text in options.inflow),
        sides=tuple(side for text in options.side for side in _sides(text, options, files)),
        numerics=numerics,
        at=options.at,
        known_at=options.known_at,
        files=tuple(files),
        notes=_storm_notes(options.rain),
    )


def read_series(
    path: Path, *, start: datetime, factor: float = 1.0, interpolation: Interpolation = Interpolation.LINEAR
) -> Series:
    """Read a CSV file of times and values; a first row of names is skipped.

    Times are seconds from ``start`` or RFC 3339; values are multiplied by ``factor``.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [(number, row) for number, row in enumerate(csv.reader(file), start=1) if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise FormatError("this file cannot be read as CSV", where=str(path)) from exc
    if rows and not _is_number(rows[0][1][-1]):
        rows = rows[1:]
    times, values = [], []
    for number, row in rows:
        where = f"{path.name}, line {number}"
        if len(row) != 2 or not _is_number(row[1]):
            raise FormatError(f"{','.join(row)!r} is not a time and a value", where=where)
        moment = row[0].strip()
        times.append(float(moment) if _is_number(moment) else (parse_time(moment, where=where) - start).total_seconds())
        values.append(float(row[1]) * factor)
    try:
        return Series(np.array(times), np.array(values), interpolation)
    except ParameterError as exc:
        raise FormatError(exc.message, where=path.name) from exc


def _from_lisflood(options: FloodOptions, par: Path, numerics: Numerics) -> FloodScenario:
    taken = [name for name in ("manning", "rain", "inflow", "side", "area") if getattr(options, name)]
    if taken:
        raise ParameterError(f"{', '.join(taken)} cannot be given with a LISFLOOD-FP case", hint="The case says it.")
    if not options.crs:
        raise ParameterError("a LISFLOOD-FP case names no reference system", hint="Give one, for instance EPSG:27700.")
    return scenario_from_lisflood(
        par,
        crs=options.crs,
        start=options.start,
        terrain=Path(options.terrain) if options.terrain else None,
        cell_m=options.cell_m,
        duration_s=options.hours * 3600.0 if options.hours is not None else None,
        output_every_s=options.every_minutes * 60.0,
        layer=options.layer,
        title=options.title,
        title_en=options.title_en,
        numerics=numerics,
    )


def _grid(text: str, crs: str) -> GridSource:
    path = Path(text)
    return GridFile(path, crs) if path.suffix or path.is_file() else GridLayer(text)


def _number_or_grid(text: str, crs: str) -> float | GridSource:
    return float(text) if _is_number(text) else _grid(text, crs)


def _area(text: str) -> BBox:
    parts = text.split(",")
    if len(parts) != 4 or not all(map(_is_number, parts)):
        raise ParameterError(f"area {text!r} is not west,south,east,north in degrees")
    return BBox(*(float(p) for p in parts))


def _rain(text: str, options: FloodOptions, files: list[Path]) -> UniformRain | GaugedRain:
    if text.startswith("gauge:"):
        return GaugedRain(_ids(text), options.longest_gap_minutes * 60.0)
    if text.startswith("storm:"):
        place, years, minutes = _words(text.removeprefix("storm:"), ",", 3, "storm:PLACE,YEARS,MINUTES")
        if place not in FORMULAS:
            raise ParameterError(f"no rain formula for {place!r}", hint=f"There are {', '.join(FORMULAS)}.")
        storm = chicago_storm(FORMULAS[place], years=_float(years, text), minutes=_float(minutes, text))
        return UniformRain(text, storm)
    rate = _series(text, options, files, factor=_MM_H, interpolation=Interpolation.STEP)
    return UniformRain(text, rate)


def _storm_notes(rain: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        f"{text}: the formula's coefficients are not checked against TCVN 7957; for exercises, not for design"
        for text in rain
        if text.startswith("storm:")
    )


def _inflow(text: str, options: FloodOptions, files: list[Path]) -> PointInflow | GaugedInflow:
    place, flow = _words(text, "=", 2, "X,Y=FLOW")
    x, y = (_float(v, text) for v in _words(place, ",", 2, "X,Y=FLOW"))
    if flow.startswith("gauge:"):
        numbers = _ids(flow)
        if len(numbers) != 1:
            raise ParameterError(f"{text!r} names {len(numbers)} gauges for one point")
        return GaugedInflow(numbers[0], x, y, options.longest_gap_minutes * 60.0)
    return PointInflow(text, x, y, _series(flow, options, files))


def _sides(text: str, options: FloodOptions, files: list[Path]) -> list[OpenSide]:
    where, _, rest = text.partition(":")
    kind, _, value = rest.partition(":")
    try:
        sides = list(Side) if where == "all" else [Side(where)]
        what = EdgeKind(kind)
    except ValueError as exc:
        raise ParameterError(
            f"side {text!r} cannot be understood", hint="Write west:free:0.001, east:level:2.5 or north:flow:0.5."
        ) from exc
    if what is EdgeKind.FREE:
        return [OpenSide(side, what, slope=_float(value, text) if value else None) for side in sides]
    if not value:
        raise ParameterError(f"side {text!r} lacks its value")
    values = _series(value, options, files)
    return [OpenSide(side, what, text, values=values) for side in sides]


def _series(
    text: str,
    options: FloodOptions,
    files: list[Path],
    *,
    factor: float = 1.0,
    interpolation: Interpolation = Interpolation.LINEAR,
) -> Series:
    if _is_number(text):
        return constant(float(text) * factor)
    path = Path(text)
    series = read_series(path, start=options.start, factor=factor, interpolation=interpolation)
    files.append(path)
    return series


def _ids(text: str) -> tuple[int, ...]:
    words = text.removeprefix("gauge:").split(",")
    if not all(word.strip().isdigit() for word in words):
        raise ParameterError(f"{text!r} does not name datastreams", hint="Write gauge:12 or gauge:12,13.")
    return tuple(int(word) for word in words)


def _words(text: str, mark: str, count: int, form: str) -> list[str]:
    words = [word.strip() for word in text.split(mark)]
    if len(words) != count:
        raise ParameterError(f"{text!r} cannot be understood", hint=f"Write {form}.")
    return words


def _float(text: str, whole: str) -> float:
    if not _is_number(text):
        raise ParameterError(f"{text!r} in {whole!r} is not a number")
    return float(text)


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
