"""A placement: one way to put a model on Earth, and how far it may be believed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from twin.errors import ParameterError
from twin.geo.crs import WGS84, transform_points
from twin.types import LonLat

FloatArray = npt.NDArray[np.float64]


class PlacementSource(StrEnum):
    """Where a placement comes from, the preferred first."""

    GIVEN = "given"
    """By the caller."""
    MAP_CONVERSION = "map-conversion"
    """IfcMapConversion or IfcRigidOperation with its IfcProjectedCRS."""
    PROPERTY_SETS = "property-sets"
    """ePSet_MapConversion and ePSet_ProjectedCRS."""
    SITE_POSITION = "site-position"
    """RefLatitude and RefLongitude of IfcSite, with TrueNorth."""
    MODEL_COORDINATES = "model-coordinates"
    """The model itself is drawn in map coordinates; only the caller can know the CRS."""

    @classmethod
    def parse(cls, name: str) -> PlacementSource:
        """Source from its name; raises :class:`ParameterError` for an unknown one."""
        try:
            return cls(name)
        except ValueError:
            known = ", ".join(s.value for s in cls if s is not cls.GIVEN)
            raise ParameterError(
                f"unknown placement {name!r}", where="placement", hint=f"Use one of {known}."
            ) from None


@dataclass(frozen=True, slots=True)
class GivenPlacement:
    """A placement that the caller states.

    Parameters
    ----------
    crs
        Projected system, for instance ``EPSG:9212``.
    easting, northing
        Of the model's origin. [units of ``crs``]
    rotation_deg
        Of the model's x axis from grid east, anticlockwise. [degrees]
    """

    crs: str
    easting: float
    northing: float
    rotation_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class Placement:
    """One way to put the model on Earth, and how far it may be believed.

    A model point (x, y) in metres lies at ``origin + scale · R(rotation) · (x, y)`` in ``crs``.
    ``position`` is where that puts the building, ``x_axis_azimuth_deg`` the true bearing of the model's x
    axis there (clockwise from north; ``None`` where the source is silent about direction). ``doubts`` say
    why it would not be chosen.
    """

    source: PlacementSource
    entity: str
    crs: str
    easting: float
    northing: float
    rotation_deg: float
    scale: float
    height_m: float | None = None
    position: LonLat | None = None
    x_axis_azimuth_deg: float | None = None
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def plausible(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.doubts and self.position is not None

    def to_wgs84(self, geometry: BaseGeometry) -> BaseGeometry:
        """Put a geometry in model metres on Earth [degrees]."""

        def place(points: FloatArray) -> FloatArray:
            return np.column_stack(transform_points(*self.on_map(points[:, 0], points[:, 1]), self.crs, WGS84))

        return shapely.transform(geometry, place)

    def to_map(self, geometry: BaseGeometry) -> BaseGeometry:
        """Put a geometry in model metres on the map. [units of ``crs``]"""
        return shapely.transform(geometry, lambda points: np.column_stack(self.on_map(points[:, 0], points[:, 1])))

    def on_map(self, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
        """East and north of model points, in the units of ``crs``."""
        turn = math.radians(self.rotation_deg)
        east = self.easting + self.scale * (x * math.cos(turn) - y * math.sin(turn))
        north = self.northing + self.scale * (x * math.sin(turn) + y * math.cos(turn))
        return east, north
