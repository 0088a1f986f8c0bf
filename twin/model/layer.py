"""Layers and what they hold: features, events and rasters, each with both clocks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from shapely.geometry.base import BaseGeometry

from twin.errors import SchemaError
from twin.model.view import Access
from twin.types import BBox, Json

_SLUG = re.compile(r"[a-z][a-z0-9_]{0,62}")


class LayerKind(StrEnum):
    """What a layer holds."""

    FEATURE = "feature"
    """Features that hold over an interval of valid time: parcels, roads, lamps."""
    EVENT = "event"
    """Events that happened somewhere over ``[valid_from, valid_to]``; an instant has both equal."""
    RASTER = "raster"
    """Grids with a valid time each: terrain, flood depth."""


class FieldType(StrEnum):
    """Type of an attribute."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute of a layer. An attribute for staff does not exist for a citizen."""

    name: str
    type: FieldType
    title: str = ""
    title_en: str = ""
    unit: str = ""
    access: Access = Access.PUBLIC


@dataclass(frozen=True, slots=True)
class Layer:
    """A named collection. The name is a slug, the same on the command line, in OGC API and in tiles.

    Parameters
    ----------
    name
        ``[a-z][a-z0-9_]*``, at most 63 characters.
    title, title_en
        For people, Vietnamese and English.
    geometry_type
        ``Point``, ``LineString``, ``Polygon`` (each admits its Multi form) or ``Any``; ``""`` for rasters.
    access
        A new layer is for staff until published.
    group
        Where it stands in the layer list: ``base``, ``planning``, ``infrastructure``, ``sensors``,
        ``cameras``, ``events``, ``simulation``, ``buildings``, ``social`` or ``imported``.
    style
        Portable cartography read by the web application and the legend (see ``layers/styles.py``).
    max_age_s
        How old the newest record may be before the layer is stale; ``None``: it does not age. [s]
    synthetic
        True when the content is made up for demonstration; shown wherever the layer is shown.
    """

    name: str
    title: str
    kind: LayerKind = LayerKind.FEATURE
    title_en: str = ""
    description: str = ""
    geometry_type: str = "Any"
    fields: tuple[Field, ...] = ()
    access: Access = Access.STAFF
    group: str = "imported"
    style: dict[str, Json] = field(default_factory=dict)
    max_age_s: float | None = None
    attribution: str = ""
    licence: str = ""
    min_zoom: int = 0
    order: int = 0
    synthetic: bool = False
    properties: dict[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _SLUG.fullmatch(self.name):
            raise SchemaError(
                f"{self.name!r} is not a layer name",
                hint="Use lower-case letters, digits and _, beginning with a letter, at most 63.",
            )

    def field(self, name: str) -> Field | None:
        """The attribute of that name, if declared."""
        return next((f for f in self.fields if f.name == name), None)


@dataclass(frozen=True, slots=True)
class Feature:
    """One version of a feature or event, as seen under a View.

    ``geometry`` is WGS 84 (lon, lat); ``crs`` names the system the geometry was delivered in. ``valid_to`` and
    ``recorded_to`` are ``None`` while open. ``valid_from`` is ``None`` where the beginning is not known.
    """

    layer: str
    fid: str
    geometry: BaseGeometry | None
    properties: dict[str, Json]
    valid_from: datetime | None
    valid_to: datetime | None
    recorded_from: datetime
    recorded_to: datetime | None
    source: int
    crs: str = "EPSG:4326"


@dataclass(frozen=True, slots=True)
class FeatureChange:
    """What a writer says about one feature over ``[valid_from, valid_to)``.

    ``properties`` of ``None`` says that the feature does not exist over that interval (it ends).
    ``geometry`` is in ``crs``. On an event layer the interval is when it happened, and the change replaces all
    that was known of the event.
    """

    fid: str
    geometry: BaseGeometry | None = None
    properties: dict[str, Json] | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    crs: str = "EPSG:4326"


@dataclass(frozen=True, slots=True)
class RasterItem:
    """One grid of a raster layer.

    ``file`` is the SHA-256 of a GeoTIFF in the twin's files; ``minimum`` and ``maximum`` are of the valid
    cells, in ``unit``. Recorded times are set by the store.
    """

    layer: str
    file: str
    crs: str
    bbox: BBox
    valid_from: datetime | None
    valid_to: datetime | None
    unit: str
    minimum: float | None
    maximum: float | None
    properties: dict[str, Json] = field(default_factory=dict)
    source: int = 0
    recorded_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Provenance: where records came from. Stored once, referred to by each record.

    ``kind`` is ``file``, ``connector``, ``user`` or ``simulation``; ``report`` is the quality report of an
    import or the inputs' hashes and mass balance of a run.
    """

    kind: str
    name: str
    sha256: str = ""
    crs_given: str = ""
    crs_used: str = ""
    decision: str = ""
    actor: str = ""
    report: dict[str, Json] = field(default_factory=dict)
    id: int = 0
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """A committed write: its place in the order of commits and its recorded time."""

    seq: int
    recorded_at: datetime
    stored: int = 0
    """Features or observations that are new."""
    revised: int = 0
    """Records that got a new version."""
    duplicate: int = 0
    """Records that said what was known already."""
    ended: int = 0
    """Features that ended."""
    source: int = 0
