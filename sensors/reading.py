"""What a decoder yields: readings of quantities and detected events, still without datastream or place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from sensors.catalogue import quantity
from twin.model.thing import Result
from twin.types import Json


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of a quantity of the catalogue, in its stored unit.

    ``start`` is when it was measured; with ``end`` the value is of the interval between the two.
    """

    quantity: str
    value: Result
    start: datetime
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class DetectedEvent:
    """One state of an event a camera reports; later states of the same ``fid`` replace it.

    ``observed_at`` orders the states; ``end`` of ``None`` is an event that goes on.
    """

    fid: str
    start: datetime
    end: datetime | None
    observed_at: datetime
    properties: dict[str, Json] = field(default_factory=dict)

    @property
    def order(self) -> tuple[datetime, bool]:
        """Later states are greater; at the same moment the ended one is."""
        return (self.observed_at, self.end is not None)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Everything one message says."""

    readings: tuple[Reading, ...] = ()
    events: tuple[DetectedEvent, ...] = ()


def levels(decoded: Decoded, *, source: str, sensor_level_m: float) -> Decoded:
    """Add the water level that follows from a distance or depth and where the sensor hangs.

    Parameters
    ----------
    source
        ``water_distance`` (the sensor looks down on the water) or ``water_depth`` (the probe lies in it).
    sensor_level_m
        Level of the sensor on the gauge's datum. [m]
    """
    quantity(source)
    sign = -1.0 if source == "water_distance" else 1.0
    found = tuple(
        replace(reading, quantity="water_level", value=round(sensor_level_m + sign * reading.value, 4))
        for reading in decoded.readings
        if reading.quantity == source and isinstance(reading.value, (int, float))
    )
    return replace(decoded, readings=decoded.readings + found)
