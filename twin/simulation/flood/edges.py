"""What happens at the rim of the grid. Where no edge is declared the rim is a wall."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from twin.errors import ParameterError
from twin.simulation.component import FloatArray


class Side(StrEnum):
    """A side of the grid; row 0 lies north, column 0 west."""

    WEST = "west"
    EAST = "east"
    NORTH = "north"
    SOUTH = "south"

    @property
    def along_rows(self) -> bool:
        """Whether the side runs along the rows (west and east), so that x-fluxes cross it."""
        return self in {Side.WEST, Side.EAST}

    @property
    def at_start(self) -> bool:
        """Whether the side lies at index 0, so that positive fluxes enter the grid through it."""
        return self in {Side.WEST, Side.NORTH}


class EdgeKind(StrEnum):
    """What an open stretch of the rim does."""

    FREE = "free"
    """Water leaves as on a plane of the edge's slope; nothing enters."""
    LEVEL = "level"
    """The water outside stands at a given level [m]; flow goes either way."""
    FLOW = "flow"
    """A given flow per width enters [m²/s, not negative]."""


@dataclass(frozen=True, slots=True)
class Edge:
    """An open stretch of the rim.

    Parameters
    ----------
    side
        Where it lies.
    kind
        What it does. ``LEVEL`` and ``FLOW`` take their value from the forcing field ``edge__value``.
    first, last
        Rows (west, east) or columns (north, south) ``[first, last)``; ``last`` of ``None`` is the side's end.
    slope
        For ``FREE``: the slope that drives the water out, positive; ``None`` takes the slope of the water
        surface between the two outermost cells. [-]
    """

    side: Side
    kind: EdgeKind
    first: int = 0
    last: int | None = None
    slope: float | None = None

    def __post_init__(self) -> None:
        if self.slope is not None and not (self.kind is EdgeKind.FREE and 0 < self.slope < 1):
            raise ParameterError(
                f"slope {self.slope} of the {self.side} edge", hint="A free edge takes a slope in (0, 1)."
            )

    def stretch(self, shape: tuple[int, int]) -> slice:
        """The rows or columns it covers on a grid of this shape; ParameterError if it lies outside."""
        length = shape[0] if self.side.along_rows else shape[1]
        last = length if self.last is None else self.last
        if not 0 <= self.first < last <= length:
            raise ParameterError(
                f"the {self.side} edge from {self.first} to {last} does not lie on a side of {length} cells"
            )
        return slice(self.first, last)

    def cells(self, grid: FloatArray, *, inward: int = 0) -> FloatArray:
        """View of the cells along the edge, or of those ``inward`` cells further in."""
        index = inward if self.side.at_start else -1 - inward
        along = self.stretch((grid.shape[0], grid.shape[1]))
        return grid[along, index] if self.side.along_rows else grid[index, along]

    def faces(self, flux_x: FloatArray, flux_y: FloatArray) -> FloatArray:
        """View of the fluxes across the edge."""
        index = 0 if self.side.at_start else -1
        along = self.stretch((flux_x.shape[0], flux_y.shape[1]))
        return flux_x[along, index] if self.side.along_rows else flux_y[index, along]

    @property
    def outward(self) -> float:
        """Sign of a flux that leaves the grid through this edge."""
        return -1.0 if self.side.at_start else 1.0
