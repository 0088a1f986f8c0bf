"""What the reading process hands over: plain records in metres, as written in the file, nothing decided yet.

They cross a pipe as JSON and are validated on arrival, because the process that read a hostile file is not
trusted to send code (which a pickle is).
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter

Point = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class RawMapConversion:
    """Coordinates of the model's origin on a map, as written.

    ``kind`` is ``IfcMapConversion``, ``IfcRigidOperation`` or ``ePSet_MapConversion``. Eastings, northings
    and height are in the file's own map unit; ``map_unit_m`` is that unit's length or ``None`` where the
    file names none. ``scale`` is the file's Scale times its horizontal factor. [metre per unit]
    """

    kind: str
    entity: str
    crs_name: str
    crs_wkt: str
    crs_description: str
    eastings: float | None
    northings: float | None
    height: float
    x_axis: tuple[float, float]
    scale: float
    map_unit_m: float | None


@dataclass(frozen=True, slots=True)
class RawSite:
    """Latitude and longitude of an IfcSite as written (degrees, minutes, seconds, millionths).

    ``origin_m`` is where its placement lies in the model. [m]
    """

    global_id: str
    latitude: tuple[int, ...] | None
    longitude: tuple[int, ...] | None
    elevation_m: float | None
    origin_m: Point


@dataclass(frozen=True, slots=True)
class RawStorey:
    """A storey: its declared elevation and the height of its placement in the model [m].

    ``space_area_m2`` is the sum of the outlines of its spaces, ``outline_m2`` the area within the outline
    of its walls, columns and floor slabs; the ids say which elements were measured.
    """

    global_id: str
    name: str
    elevation_m: float | None
    placement_z_m: float
    space_ids: tuple[str, ...]
    space_area_m2: float | None
    outline_ids: tuple[str, ...]
    outline_m2: float | None


@dataclass(frozen=True, slots=True)
class RawBuilding:
    """A building and what its geometry measures; heights are in the model's coordinates [m].

    ``footprint_wkt`` is empty where there is no geometry. ``footprint_from`` says what it was made of:
    ``walls and slabs``, ``walls, holes filled`` or ``any element``.
    """

    global_id: str
    name: str
    long_name: str
    placement_z_m: float
    zero_z_m: float
    zero_from: str
    storeys: tuple[RawStorey, ...]
    elements: int
    without_shape: tuple[str, ...]
    bottom_z_m: float | None
    top_z_m: float | None
    top_element: str
    footprint_wkt: str
    footprint_from: str


@dataclass(frozen=True, slots=True)
class RawModel:
    """A whole file."""

    schema: str
    application: str
    project_name: str
    length_unit: str
    length_unit_m: float
    unit_declared: bool
    true_north: tuple[float, float] | None
    world_offset: bool
    map_conversions: tuple[RawMapConversion, ...]
    sites: tuple[RawSite, ...]
    buildings: tuple[RawBuilding, ...]
    elements_outside: int
    other_content: tuple[str, ...]
    text_lost: bool


RAW_MODEL: TypeAdapter[RawModel] = TypeAdapter(RawModel)
