"""What a connector hands on: one received message, whatever transport brought it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A received message.

    Parameters
    ----------
    topic, payload
        As the broker delivered them.
    received_at
        When it arrived here. [UTC]
    qos
        Quality of service of the delivery.
    retained
        The broker kept it from before the subscription; its own time says how old it is.
    duplicate
        The broker delivers it again because it got no acknowledgement.
    packet
        Packet identifier to acknowledge, within the connection numbered ``connection``.
    quarantined
        Id in the quarantine when the message is sent through again.
    """

    topic: str
    payload: bytes
    received_at: datetime
    qos: int = 0
    retained: bool = False
    duplicate: bool = False
    packet: int = 0
    connection: int = 0
    quarantined: int | None = None

    @property
    def repeated(self) -> bool:
        """Whether its content may have been received before, at a time nobody can tell."""
        return self.retained or self.duplicate
