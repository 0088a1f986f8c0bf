"""Write small building models as IFC, the same bytes every time: fixed GlobalIds, times and order.

Plans are in metres, x to the right along the street and y into the plot; a part is an upright prism over a plan
outline. A model may be written in metres or, as most drawing programs do, in millimetres.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.guid

from twin.geo.crs import WGS84, describe, transform_points

_NAMESPACE = uuid.UUID("6f1d7a52-0c0e-5b57-9d6c-3b8f6a2e4c11")
_STAMP = "2026-01-05T08:00:00+07:00"
_NORTHWARD_DEG = 1e-4

Outline = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the model's origin stands: map coordinates, height and the turn of its x axis from grid east."""

    crs: str
    easting: float
    northing: float
    rotation_deg: float
    height_m: float


def rectangle(x0: float, y0: float, x1: float, y1: float) -> Outline:
    """Corners of an upright rectangle, anticlockwise. [m]"""
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


class ModelWriter:
    """One model under construction: a project with a site and a building, filled storey by storey."""

    def __init__(self, key: str, *, schema: str, millimetres: bool, project: str) -> None:
        self.key = key
        self.file: Any = ifcopenshell.file(schema=schema)  # type: ignore[arg-type]  # it takes full identifiers
        self.per_metre = 1000.0 if millimetres else 1.0
        self._storey_of: dict[int, list[Any]] = {}
        self._spaces_of: dict[int, list[Any]] = {}
        prefix = "MILLI" if millimetres else None
        units = [
            self._new("IfcSIUnit", UnitType="LENGTHUNIT", Prefix=prefix, Name="METRE"),
            self._new("IfcSIUnit", UnitType="AREAUNIT", Name="SQUARE_METRE"),
            self._new("IfcSIUnit", UnitType="VOLUMEUNIT", Name="CUBIC_METRE"),
            self._new("IfcSIUnit", UnitType="PLANEANGLEUNIT", Name="RADIAN"),
        ]
        self._origin = self._axes(0.0, 0.0, 0.0)
        self.context = self._new(
            "IfcGeometricRepresentationContext",
            ContextType="Model",
            CoordinateSpaceDimension=3,
            Precision=1e-5,
            WorldCoordinateSystem=self._origin,
        )
        self.body = self._new(
            "IfcGeometricRepresentationSubContext",
            ContextIdentifier="Body",
            ContextType="Model",
            ParentContext=self.context,
            TargetView="MODEL_VIEW",
        )
        self.project = self.rooted(
            "IfcProject",
            "project",
            Name=project,
            RepresentationContexts=[self.context],
            UnitsInContext=self._new("IfcUnitAssignment", Units=units),
        )

    # -- place and spatial tree ---------------------------------------------------------------------------------

    def site(self, name: str, place: Place) -> Any:
        """Put the site on the map, with latitude, longitude and true north that say the same."""
        lon, lat = _lonlat(place, place.easting, place.northing)
        self.context.TrueNorth = self._new("IfcDirection", DirectionRatios=_true_north(place, lon, lat))
        metre = self._new("IfcSIUnit", UnitType="LENGTHUNIT", Name="METRE")
        target = self._new(
            "IfcProjectedCRS",
            Name=place.crs,
            Description=describe(place.crs).name,
            GeodeticDatum="VN-2000",
            MapProjection="Transverse Mercator",
            MapUnit=metre,
        )
        turn = math.radians(place.rotation_deg)
        self._new(
            "IfcMapConversion",
            SourceCRS=self.context,
            TargetCRS=target,
            Eastings=round(place.easting, 3),
            Northings=round(place.northing, 3),
            OrthogonalHeight=round(place.height_m, 3),
            XAxisAbscissa=round(math.cos(turn), 12),
            XAxisOrdinate=round(math.sin(turn), 12),
            Scale=1 / self.per_metre,
        )
        site = self.rooted(
            "IfcSite",
            "site",
            Name=name,
            ObjectPlacement=self._new("IfcLocalPlacement", RelativePlacement=self._origin),
            CompositionType="ELEMENT",
            RefLatitude=_dms(lat),
            RefLongitude=_dms(lon),
            RefElevation=round(place.height_m * self.per_metre, 3),
        )
        self._aggregate(self.project, [site])
        return site

    def building(self, site: Any, name: str, long_name: str, address: Sequence[str]) -> Any:
        """Add the building, standing on the site's origin."""
        building = self.rooted(
            "IfcBuilding",
            "building",
            Name=name,
            LongName=long_name,
            ObjectPlacement=self._placement(site, 0.0),
            CompositionType="ELEMENT",
            BuildingAddress=self._new("IfcPostalAddress", AddressLines=list(address), Country="Việt Nam"),
        )
        self._aggregate(site, [building])
        return building

    def storey(self, building: Any, name: str, elevation: float) -> Any:
        """Add a storey whose floor is ``elevation`` above ±0.00. [m]"""
        storey = self.rooted(
            "IfcBuildingStorey",
            f"storey/{name}",
            Name=name,
            ObjectPlacement=self._placement(building, elevation),
            CompositionType="ELEMENT",
            Elevation=round(elevation * self.per_metre, 3),
        )
        self._storey_of[storey.id()] = []
        self._spaces_of[storey.id()] = []
        return storey

    # -- elements ---------------------------------------------------------------------------------------------------

    def part(
        self, storey: Any, kind: str, name: str, outline: Outline, bottom: float, height: float, **more: Any
    ) -> Any:
        """Add an upright prism to a storey; ``bottom`` counts from its floor. [m]"""
        element = self.rooted(
            kind,
            f"{storey.Name}/{kind}/{name}",
            Name=name,
            ObjectPlacement=self._placement(storey, bottom),
            Representation=self._prism(outline, height),
            **more,
        )
        (self._spaces_of if kind == "IfcSpace" else self._storey_of)[storey.id()].append(element)
        return element

    def stepped(self, storey: Any, name: str, side: Outline, x0: float, width: float) -> Any:
        """Add a stair flight: a side view (y, z) pushed ``width`` along x from ``x0``. [m]"""
        # The profile's axes are y and z of the storey, so its own z points along x.
        axes = self._axes(x0, 0.0, 0.0, z=(1.0, 0.0, 0.0), x_axis=(0.0, 1.0, 0.0))
        flight = self.rooted(
            "IfcStairFlight",
            f"{storey.Name}/IfcStairFlight/{name}",
            Name=name,
            ObjectPlacement=self._placement(storey, 0.0),
            Representation=self._shape(self._extrusion(side, width, axes)),
            PredefinedType="STRAIGHT",
        )
        self._storey_of[storey.id()].append(flight)
        return flight

    def opening(self, host: Any, storey: Any, name: str, outline: Outline, bottom: float, height: float) -> Any:
        """Cut a hole through a wall or floor."""
        hole = self.rooted(
            "IfcOpeningElement",
            f"{storey.Name}/opening/{name}",
            Name=name,
            ObjectPlacement=self._placement(storey, bottom),
            Representation=self._prism(outline, height),
            PredefinedType="OPENING",
        )
        self.rooted(
            "IfcRelVoidsElement",
            f"{storey.Name}/voids/{name}",
            RelatingBuildingElement=host,
            RelatedOpeningElement=hole,
        )
        return hole

    def fill(self, hole: Any, storey: Any, kind: str, name: str, outline: Outline, bottom: float, height: float) -> Any:
        """Put a door or window into a hole."""
        xs, ys = [p[0] for p in outline], [p[1] for p in outline]
        width = max(max(xs) - min(xs), max(ys) - min(ys))
        element = self.part(
            storey,
            kind,
            name,
            outline,
            bottom,
            height,
            OverallHeight=round(height * self.per_metre, 3),
            OverallWidth=round(width * self.per_metre, 3),
        )
        self.rooted(
            "IfcRelFillsElement",
            f"{storey.Name}/fills/{name}",
            RelatingOpeningElement=hole,
            RelatedBuildingElement=element,
        )
        return element

    def quantities(self, owner: Any, name: str, areas: dict[str, float], lengths: dict[str, float]) -> None:
        """Attach a quantity set; areas in m², lengths in m."""
        entries = [self._new("IfcQuantityArea", Name=k, AreaValue=round(v, 3)) for k, v in areas.items()] + [
            self._new("IfcQuantityLength", Name=k, LengthValue=round(v * self.per_metre, 3)) for k, v in lengths.items()
        ]
        quantity = self.rooted("IfcElementQuantity", f"{owner.GlobalId}/{name}", Name=name, Quantities=entries)
        self._define(owner, name, quantity)

    def properties(self, owner: Any, name: str, values: dict[str, tuple[str, Any]]) -> None:
        """Attach a property set; each value comes with its measure type."""
        entries = [
            self._new("IfcPropertySingleValue", Name=k, NominalValue=self._new(kind, value))
            for k, (kind, value) in values.items()
        ]
        properties = self.rooted("IfcPropertySet", f"{owner.GlobalId}/{name}", Name=name, HasProperties=entries)
        self._define(owner, name, properties)

    def write(self, path: Path, building: Any, storeys: Sequence[Any]) -> None:
        """Tie storeys, elements and spaces together and write the file."""
        self._aggregate(building, list(storeys))
        for storey in storeys:
            if self._spaces_of[storey.id()]:
                self._aggregate(storey, self._spaces_of[storey.id()])
            if self._storey_of[storey.id()]:
                self.rooted(
                    "IfcRelContainedInSpatialStructure",
                    f"contains/{storey.Name}",
                    RelatedElements=self._storey_of[storey.id()],
                    RelatingStructure=storey,
                )
        self._head(path.name)
        path.write_text(self.file.to_string(), encoding="ascii")

    def _head(self, name: str) -> None:
        header = self.file.header
        header.file_description.description = ("ViewDefinition [ReferenceView]", "Synthetic demonstration model")
        header.file_name.name = name
        header.file_name.time_stamp = _STAMP
        header.file_name.author = ("urban-twin",)
        header.file_name.organization = ("urban-twin",)
        header.file_name.preprocessor_version = "urban-twin"
        header.file_name.originating_system = "urban-twin demonstration"
        header.file_name.authorization = ""

    # -- small entities -----------------------------------------------------------------------------------------------

    def rooted(self, kind: str, key: str, **attributes: Any) -> Any:
        """Create an entity whose GlobalId follows from the model's and its own key."""
        guid = ifcopenshell.guid.compress(uuid.uuid5(_NAMESPACE, f"{self.key}/{key}").hex)
        return self._new(kind, GlobalId=guid, **attributes)

    def _new(self, kind: str, *values: Any, **attributes: Any) -> Any:
        given = {k: v for k, v in attributes.items() if v is not None}
        return self.file.create_entity(kind, *values, **given)

    def _define(self, owner: Any, name: str, definition: Any) -> None:
        self.rooted(
            "IfcRelDefinesByProperties",
            f"{owner.GlobalId}/defines/{name}",
            RelatedObjects=[owner],
            RelatingPropertyDefinition=definition,
        )

    def _aggregate(self, whole: Any, parts: list[Any]) -> None:
        self.rooted("IfcRelAggregates", f"aggregates/{whole.GlobalId}", RelatingObject=whole, RelatedObjects=parts)

    def _length(self, metres: float) -> float:
        return round(metres * self.per_metre, 6)

    def _axes(
        self,
        x: float,
        y: float,
        z_at: float,
        *,
        z: tuple[float, float, float] | None = None,
        x_axis: tuple[float, float, float] | None = None,
    ) -> Any:
        point = self._new("IfcCartesianPoint", Coordinates=[self._length(v) for v in (x, y, z_at)])
        axis = self._new("IfcDirection", DirectionRatios=z) if z else None
        reference = self._new("IfcDirection", DirectionRatios=x_axis) if x_axis else None
        return self._new("IfcAxis2Placement3D", Location=point, Axis=axis, RefDirection=reference)

    def _placement(self, parent: Any, height: float) -> Any:
        return self._new(
            "IfcLocalPlacement",
            PlacementRelTo=parent.ObjectPlacement,
            RelativePlacement=self._axes(0.0, 0.0, height),
        )

    def _prism(self, outline: Outline, height: float) -> Any:
        return self._shape(self._extrusion(outline, height, self._origin))

    def _extrusion(self, outline: Outline, height: float, axes: Any) -> Any:
        ring = [*outline, outline[0]]
        points = [self._new("IfcCartesianPoint", Coordinates=[self._length(a), self._length(b)]) for a, b in ring[:-1]]
        curve = self._new("IfcPolyline", Points=[*points, points[0]])
        return self._new(
            "IfcExtrudedAreaSolid",
            SweptArea=self._new("IfcArbitraryClosedProfileDef", ProfileType="AREA", OuterCurve=curve),
            Position=axes,
            ExtrudedDirection=self._new("IfcDirection", DirectionRatios=(0.0, 0.0, 1.0)),
            Depth=self._length(height),
        )

    def _shape(self, solid: Any) -> Any:
        representation = self._new(
            "IfcShapeRepresentation",
            ContextOfItems=self.body,
            RepresentationIdentifier="Body",
            RepresentationType="SweptSolid",
            Items=[solid],
        )
        return self._new("IfcProductDefinitionShape", Representations=[representation])


def _lonlat(place: Place, easting: float, northing: float) -> tuple[float, float]:
    lon, lat = transform_points([easting], [northing], place.crs, WGS84)
    return float(lon[0]), float(lat[0])


def _true_north(place: Place, lon: float, lat: float) -> tuple[float, float]:
    """Direction of true north in the model's plan."""
    east, north = transform_points([lon], [lat + _NORTHWARD_DEG], WGS84, place.crs)
    de, dn = float(east[0]) - place.easting, float(north[0]) - place.northing
    angle = math.atan2(dn, de) - math.radians(place.rotation_deg)
    return (round(math.cos(angle), 9), round(math.sin(angle), 9))


def _dms(degrees: float) -> tuple[int, int, int, int]:
    """Degrees, minutes, seconds, millionths of a second, all of one sign."""
    sign = -1 if degrees < 0 else 1
    micro = round(abs(degrees) * 3_600_000_000)
    seconds, micro = divmod(micro, 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    whole, minutes = divmod(minutes, 60)
    return (sign * whole, sign * minutes, sign * seconds, sign * micro)
