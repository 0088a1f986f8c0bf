"""What a map is made of, as plain data: layers, their symbols, and the features drawn with them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from shapely.geometry.base import BaseGeometry

from twin.errors import ParameterError

KINDS = ("fill", "line", "point")
PATTERNS = ("hatch", "hatch_back", "cross", "dots", "grid", "dense")
SHAPES = ("circle", "square", "triangle", "diamond", "sector")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Symbol:
    """How one class of features looks. Lengths are on paper. [mm]"""

    kind: str
    label: str
    color: str = "#666666"
    opacity: float = 1.0
    pattern: str = ""
    outline: str = ""
    """Colour of an area's edge or a point's rim; empty for none."""
    width_mm: float = 0.25
    """Of the line, or of the edge."""
    dash_mm: tuple[float, ...] = ()
    casing: str = ""
    casing_mm: float = 0.0
    shape: str = "circle"
    radius_mm: float = 0.9

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.shape not in SHAPES or self.pattern not in ("", *PATTERNS):
            raise ParameterError(f"{self.kind!r}, {self.shape!r}, {self.pattern!r} is no symbol of a map")
        for colour in (self.color, self.outline, self.casing):
            if colour and not _COLOUR.fullmatch(colour):
                raise ParameterError(f"{colour!r} is not a colour", hint="Write #rrggbb.")
        object.__setattr__(self, "dash_mm", tuple(self.dash_mm))

    def named(self, label: str) -> Symbol:
        """The same look under another label."""
        return replace(self, label=label)


@dataclass(frozen=True, slots=True)
class MapFeature:
    """A feature to draw: where (WGS 84), with which of its layer's symbols, and what to write on it."""

    geometry: BaseGeometry
    symbol: int
    label: str = ""
    group: str = ""
    """What the feature belongs to (a zone's plan), for choosing among features."""
    width_m: float | None = None
    """Width on the ground, for what is drawn as wide as it is. [m]"""
    azimuth_deg: float = 0.0
    angle_deg: float = 60.0
    range_m: float | None = None
    """A field of view: its middle direction from north, its opening, how far it reaches."""


@dataclass(frozen=True, slots=True)
class MapLayer:
    """A layer as it stood when it was drawn. Layers are drawn in the order given."""

    name: str
    title: str
    symbols: tuple[Symbol, ...]
    features: tuple[MapFeature, ...]
    source: str = ""
    revision: int | None = None
    data_date: datetime | None = None
    label_size_pt: float = 6.0
    label_color: str = "#222222"
    label_priority: float = 0.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A grid already coloured: a PNG whose pixels are even in the map's own projection."""

    name: str
    title: str
    png: bytes
    west: float
    south: float
    east: float
    north: float
    """Edges in the map's coordinates. [m]"""
    classes: tuple[Symbol, ...]
    source: str = ""
    revision: int | None = None
    data_date: datetime | None = None
