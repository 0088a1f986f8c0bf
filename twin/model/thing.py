"""Things that measure or act, in SensorThings' words: things, datastreams, observations."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from shapely.geometry.base import BaseGeometry

from twin.types import Freshness, Json, LonLat, Quality

Result: TypeAlias = "float | str | bool | dict[str, Json] | list[Json] | None"


class ResultType(StrEnum):
    """Type of an observation's result."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Unit:
    """Unit of measurement: name, symbol, definition URI (UCUM where it has one)."""

    name: str = ""
    symbol: str = ""
    definition: str = ""


@dataclass(frozen=True, slots=True)
class ObservedProperty:
    """What is observed; ``name`` is unique and is the quantity's key in ``sensors/catalogue.py``."""

    name: str
    title: str = ""
    definition: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class SensorSpec:
    """The instrument or procedure; ``name`` is unique."""

    name: str
    description: str = ""
    encoding: str = "application/pdf"
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class DatastreamSpec:
    """A datastream to be registered with its thing; ``key`` is unique within the thing.

    ``max_age_s``: how old the newest observation may be before it is stale; ``None``: it does not age. [s]
    """

    key: str
    title: str
    observed_property: ObservedProperty
    unit: Unit = Unit()
    result_type: ResultType = ResultType.NUMBER
    max_age_s: float | None = None
    properties: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """How a thing is reached: ``address`` (DevEUI, camera name, …) is unique per ``kind``.

    ``kind`` names a device kind of ``ingestion/kinds.py``.
    """

    address: str
    kind: str
    properties: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ThingSpec:
    """A thing to be registered: a feature of ``layer`` (id ``uid``) and a thing with datastreams, under one identity.

    ``geometry`` is WGS 84 (lon, lat); ``properties`` become the feature's attributes as well.
    """

    layer: str
    uid: str
    name: str
    description: str = ""
    geometry: BaseGeometry | None = None
    properties: dict[str, Json] = field(default_factory=dict)
    valid_from: datetime | None = None
    sensor: SensorSpec = SensorSpec("unspecified")
    datastreams: tuple[DatastreamSpec, ...] = ()
    devices: tuple[DeviceSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class Thing:
    """A registered thing."""

    id: int
    layer: str
    uid: str
    name: str
    description: str
    properties: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Datastream:
    """A registered datastream, with its thing and place."""

    id: int
    thing: int
    layer: str
    uid: str
    """The thing's feature id on its layer."""
    key: str
    title: str
    observed_property: str
    unit: Unit
    result_type: ResultType
    max_age_s: float | None
    properties: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Device:
    """A registered device address and the datastreams it may write, by key."""

    address: str
    kind: str
    thing: int
    layer: str
    uid: str
    datastreams: dict[str, int]
    properties: dict[str, Json]


@dataclass(frozen=True, slots=True)
class ObservationIn:
    """An observation to be recorded.

    ``phenomenon_end`` of ``None`` is an instant; ``feature_of_interest`` of ``None`` is the thing's own.
    ``position`` is where a mobile thing was. ``correction`` marks an authorised correction: it replaces a
    different result without making it suspect.
    """

    datastream: int
    phenomenon_start: datetime
    result: Result
    phenomenon_end: datetime | None = None
    feature_of_interest: int | None = None
    result_time: datetime | None = None
    quality: Quality = Quality.UNCHECKED
    reason: str = ""
    position: LonLat | None = None
    parameters: dict[str, Json] | None = None
    correction: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """An observation as seen under a View; ``recorded_to`` is ``None`` for the current revision."""

    id: int
    datastream: int
    feature_of_interest: int
    phenomenon_start: datetime
    phenomenon_end: datetime
    result: Result
    quality: Quality
    reason: str
    recorded_from: datetime
    recorded_to: datetime | None = None
    result_time: datetime | None = None
    position: LonLat | None = None
    parameters: dict[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class DatastreamState:
    """A datastream with its last observation at the View's time, and how fresh that is."""

    datastream: Datastream
    observation: Observation | None
    freshness: Freshness
    age_s: float | None


@dataclass(frozen=True, slots=True)
class SeriesPoint:
    """One bucket of a down-sampled series; extremes are kept. Values are of good, unchecked and estimated results."""

    start: datetime
    count: int
    mean: float
    minimum: float
    maximum: float
    last: float


@dataclass(frozen=True, slots=True)
class QuarantineIn:
    """A message that could not be used: its bytes, and why."""

    connector: str
    topic: str
    payload: bytes
    reason: str
    received_at: datetime
    device: str = ""
    readings: int = 1
    """How many readings are lost with it; 1 where it could not even be decoded."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A quarantined message; ``replayed_at`` is set once it went through after all."""

    id: int
    connector: str
    topic: str
    payload: bytes
    reason: str
    received_at: datetime
    device: str
    readings: int
    recorded_at: datetime
    replayed_at: datetime | None


@dataclass(frozen=True, slots=True)
class IngestReceipt:
    """What became of a batch; always ``received = stored + revised + duplicate + quarantined``."""

    received: int = 0
    stored: int = 0
    revised: int = 0
    duplicate: int = 0
    quarantined: int = 0

    def __add__(self, other: IngestReceipt) -> IngestReceipt:
        return IngestReceipt(
            self.received + other.received,
            self.stored + other.stored,
            self.revised + other.revised,
            self.duplicate + other.duplicate,
            self.quarantined + other.quarantined,
        )

    @property
    def balanced(self) -> bool:
        """Whether nothing was lost."""
        return self.received == self.stored + self.revised + self.duplicate + self.quarantined
