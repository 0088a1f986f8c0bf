"""Simulated devices: what the world would show them, published exactly as the real kind would.

A device measures at ticks ``phase_s + k · period_s`` since 1970. Its signal is a function of time alone, so
that the same moment always gives the same message, in live operation as in seeded history.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeAlias

from ingestion.kinds import Registered, kind
from ingestion.routes import route_of
from sensors.jsonpayload import EPOCH
from sensors.reading import Decoded
from twin.errors import InternalError, ParameterError
from twin.model.thing import Result
from twin.types import Json, require_aware

Signal: TypeAlias = Callable[[datetime], "Mapping[str, Result] | None"]
"""Values by quantity (or an event's fields) at a moment; ``None``: the device is silent."""


class Disturbance(Enum):
    """What may befall a message on its way."""

    NONE = "none"
    DUPLICATED = "duplicated"
    CORRUPTED = "corrupted"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class SimulatedDevice:
    """A device to be simulated.

    Parameters
    ----------
    kind, address
        As the device is registered (:mod:`ingestion.kinds`).
    period_s
        Seconds between two measurements.
    signal
        What it measures.
    phase_s
        Shift of its ticks, so that devices do not all speak at once. [s]
    options
        For the kind's encoder: ``platform`` (``chirpstack``, ``thethings``), ``application``.
    disturb
        What befalls the message of a tick; must be a function of time alone as well.
    """

    kind: str
    address: str
    period_s: float
    signal: Signal
    phase_s: float = 0.0
    options: Mapping[str, str] = field(default_factory=dict)
    disturb: Callable[[datetime], Disturbance] | None = None

    def __post_init__(self) -> None:
        kind(self.kind)
        if not self.period_s > 0:
            raise ParameterError(f"device {self.address}: period {self.period_s} s is not positive")

    def last_tick(self, now: datetime) -> datetime:
        """The newest tick not after ``now``."""
        elapsed = (require_aware(now, where="now") - EPOCH).total_seconds()
        number = math.floor((elapsed - self.phase_s) / self.period_s + 1e-9)
        return EPOCH + timedelta(seconds=self.phase_s + number * self.period_s)

    def ticks(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """Every tick in ``(start, end]``."""
        tick = self.last_tick(start) + timedelta(seconds=self.period_s)
        while tick <= end:
            yield tick
            tick += timedelta(seconds=self.period_s)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to publish, measured at ``time``."""

    time: datetime
    topic: str
    payload: bytes


def messages(device: SimulatedDevice, time: datetime) -> list[Outgoing]:
    """What the device publishes for a tick: usually one message, none when silent or lost, two when duplicated."""
    values = device.signal(time)
    disturbance = device.disturb(time) if device.disturb is not None else Disturbance.NONE
    if values is None or disturbance is Disturbance.LOST:
        return []
    topic, payload = kind(device.kind).encode(device.address, time, values, device.period_s, device.options)
    if disturbance is Disturbance.CORRUPTED:
        payload = payload[: len(payload) * 2 // 3]  # cut off on the way
    message = Outgoing(time, topic, payload)
    return [message, message] if disturbance is Disturbance.DUPLICATED else [message]


def decoded(
    device: SimulatedDevice,
    time: datetime,
    properties: Mapping[str, Json] | None = None,
    *,
    salt: bytes = b"simulated",
) -> Decoded:
    """What ingestion reads from the device's message of a tick, without disturbance; for seeding history.

    ``salt`` is the twin's for number plates (:func:`ingestion.salt.plate_salt`), so that a vehicle of history
    is the same as one of today. The message is encoded and decoded, so that history has the device's
    resolution and derived quantities.
    """
    values = device.signal(time)
    if values is None:
        return Decoded()
    found = kind(device.kind)
    topic, payload = found.encode(device.address, time, values, device.period_s, device.options)
    route = route_of(topic)
    if route is None:
        raise InternalError(f"kind {device.kind} publishes to {topic!r}, which no route takes")
    envelope = route.open(topic.split("/"), payload)
    return found.decode(envelope.body, Registered(envelope.address, dict(properties or {}), salt))


def newest(devices: Sequence[SimulatedDevice], sent: dict[str, datetime], now: datetime) -> list[Outgoing]:
    """Messages of each device's newest tick not yet in ``sent``, which is brought up to date.

    A tick that was missed (the computer slept) is not made up for: a late reading would be no live one.
    """
    found: list[Outgoing] = []
    for device in devices:
        tick = device.last_tick(now)
        key = f"{device.kind}/{device.address}"
        if sent.get(key) != tick:
            sent[key] = tick
            found.extend(messages(device, tick))
    return sorted(found, key=lambda message: message.time)
