"""What a flood scenario is: where, when, how rough, what water comes and where it may leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from twin.errors import ParameterError
from twin.model.layer import Layer
from twin.scenario.grid import read_grid
from twin.scenario.lisflood import read_case
from twin.simulation.flood.edges import EdgeKind, Side
from twin.simulation.flood.numerics import Numerics
from twin.simulation.series import Series
from twin.types import BBox, require_aware

NOTICE = "Hỗ trợ ra quyết định nội bộ – không phải bản tin dự báo."
NOTICE_EN = "Internal decision support – not a forecast bulletin."


@dataclass(frozen=True, slots=True)
class GridFile:
    """A grid from a file; ``crs`` overrides what the file says."""

    path: Path
    crs: str = ""


@dataclass(frozen=True, slots=True)
class GridLayer:
    """The grid of a raster layer, as of the scenario's View."""

    name: str


GridSource: TypeAlias = GridFile | GridLayer


@dataclass(frozen=True, slots=True)
class UniformRain:
    """The same rain everywhere. [m/s over seconds from the start]"""

    name: str
    rate: Series


@dataclass(frozen=True, slots=True)
class GaugedRain:
    """Rain recorded by gauges: the nearest one counts. Longer silence than ``longest_gap_s`` is refused."""

    datastreams: tuple[int, ...]
    longest_gap_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class PointInflow:
    """Water poured in at a point of the terrain's reference system. [m³/s over seconds from the start]"""

    name: str
    x: float
    y: float
    flow: Series


@dataclass(frozen=True, slots=True)
class GaugedInflow:
    """Water poured in at a point as a discharge gauge (m³/s) recorded it."""

    datastream: int
    x: float
    y: float
    longest_gap_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class OpenSide:
    """An open stretch of a side of the terrain; everything else is a wall.

    ``start`` and ``stop`` are coordinates along the side in the terrain's reference system; ``None`` is its end.
    ``values`` are levels [m] or flows per width [m²/s].
    """

    side: Side
    kind: EdgeKind
    name: str = ""
    start: float | None = None
    stop: float | None = None
    slope: float | None = None
    values: Series | None = None

    def __post_init__(self) -> None:
        if (self.kind is EdgeKind.FREE) != (self.values is None):
            raise ParameterError(
                f"the {self.side} side is {self.kind}",
                hint="A level or flow needs values over time; a free side takes none.",
            )


@dataclass(frozen=True, slots=True)
class FloodScenario:
    """A flood to be computed.

    Parameters
    ----------
    terrain
        Bed levels. Cells without value are walls.
    start
        Beginning in valid time.
    duration_s
        How long. [s]
    manning
        Roughness everywhere, or a grid of it. [s/m^(1/3)]
    layer
        Raster layer for depths over time; ``<layer>_max`` takes the greatest depths.
    title, title_en
        Of the layer.
    output_every_s
        Time between two stored grids. [s]
    cell_m
        Cells of the computation, a multiple of the terrain's; ``None`` takes the terrain's. [m]
    area
        Part of the terrain to compute; ``None`` is all of it.
    initial_depth
        Water at the start; ``None`` is a dry bed.
    rain, inflows, sides
        What drives it.
    numerics
        Numerical parameters.
    at, known_at
        Standpoint for what is read from the twin; ``None`` is now, and what is known now.
    files
        Further files the scenario was made from; hashed into the report.
    notes
        Remarks for the report.
    """

    terrain: GridSource
    start: datetime
    duration_s: float
    manning: float | GridSource
    layer: str = "flood_depth"
    title: str = "Độ sâu ngập (mô phỏng)"
    title_en: str = "Flood depth (simulated)"
    output_every_s: float = 900.0
    cell_m: float | None = None
    area: BBox | None = None
    initial_depth: GridSource | None = None
    rain: tuple[UniformRain | GaugedRain, ...] = ()
    inflows: tuple[PointInflow | GaugedInflow, ...] = ()
    sides: tuple[OpenSide, ...] = ()
    numerics: Numerics = field(default_factory=Numerics)
    at: datetime | None = None
    known_at: datetime | None = None
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", require_aware(self.start, where="start"))
        if not 0 < self.duration_s <= 60 * 86400:
            raise ParameterError(f"a duration of {self.duration_s:g} s is outside (0, 60 days]")
        if not 1 <= self.output_every_s <= self.duration_s:
            raise ParameterError(f"a grid every {self.output_every_s:g} s does not fit a run of {self.duration_s:g} s")
        if self.duration_s / self.output_every_s > 2000:
            raise ParameterError(
                f"{self.duration_s / self.output_every_s:.0f} grids are too many", hint="Store fewer than 2000."
            )
        if not (self.rain or self.inflows or self.sides or self.initial_depth):
            raise ParameterError(
                "no water comes from anywhere", hint="Give rain, an inflow, an open side or initial depths."
            )
        Layer(f"{self.layer}_max", self.title)

    def output_times_s(self) -> list[float]:
        """Times of the stored grids from the start: 0, every ``output_every_s``, and the end. [s]"""
        count = int(self.duration_s / self.output_every_s + 1e-9)
        times = [i * self.output_every_s for i in range(count + 1)]
        return times if self.duration_s - times[-1] < 1e-6 * self.duration_s else [*times, self.duration_s]


def scenario_from_lisflood(
    par: Path,
    *,
    crs: str,
    start: datetime,
    terrain: Path | None = None,
    cell_m: float | None = None,
    duration_s: float | None = None,
    output_every_s: float = 3600.0,
    layer: str = "flood_depth",
    title: str = "Độ sâu ngập (mô phỏng)",
    title_en: str = "Flood depth (simulated)",
    numerics: Numerics | None = None,
) -> FloodScenario:
    """Make a scenario of a LISFLOOD-FP case (see :mod:`twin.scenario.lisflood`).

    The files hold neither reference system nor date, so ``crs`` and ``start`` must be given. ``duration_s`` of
    ``None`` is the case's own.
    """
    case = read_case(par, terrain=terrain)
    width = read_grid(case.terrain, crs=crs).cell_m
    # Points of one series keep sharing it, so that it is read once a step.
    distinct = {id(p.flow_m2_s): p.flow_m2_s for p in case.points}
    flows = {key: Series(s.times_s, s.values * width) for key, s in distinct.items()}
    return FloodScenario(
        terrain=GridFile(case.terrain, crs),
        start=start,
        duration_s=duration_s or case.duration_s,
        manning=case.manning_n,
        layer=layer,
        title=title,
        title_en=title_en,
        output_every_s=output_every_s,
        cell_m=cell_m,
        inflows=tuple(PointInflow(p.name, p.x, p.y, flows[id(p.flow_m2_s)]) for p in case.points),
        sides=tuple(OpenSide(s.side, s.kind, s.name, s.start, s.stop, s.slope, s.values) for s in case.sides),
        numerics=numerics or Numerics(),
        files=case.files,
        notes=case.notes,
    )
