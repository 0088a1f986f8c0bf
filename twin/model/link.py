"""Links in space: lamp → road → zone, building → parcel, camera → what it sees; with history on both clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Relation(StrEnum):
    """How two features are linked."""

    WITHIN = "within"
    """The representative point of one lies in the other (polygon)."""
    INTERSECTS = "intersects"
    """They share a point; the measure is the shared area, or 0. [m²]"""
    NEAREST = "nearest"
    """The nearest one, no further than ``max_distance_m``; the measure is the distance. [m]"""


@dataclass(frozen=True, slots=True)
class LinkRule:
    """A rule that links every feature of a layer to features of another."""

    name: str
    from_layer: str
    to_layer: str
    relation: Relation
    max_distance_m: float = 0.0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """One link; ``recorded_from`` is when the twin came to know it."""

    rule: str
    from_layer: str
    from_fid: str
    to_layer: str
    to_fid: str
    measure: float
    valid_from: datetime | None
    valid_to: datetime | None
    recorded_from: datetime
