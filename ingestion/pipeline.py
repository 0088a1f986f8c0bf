"""Decode, check, batch, commit. A message is done with only after :meth:`Pipeline.process` has returned."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from ingestion import sensorthings
from ingestion.checks import check_event, check_observation
from ingestion.events import CAMERA_EVENTS, PlacedEvent, changes
from ingestion.kinds import Registered, kind
from ingestion.message import Message
from ingestion.registry import Owner, Registry
from ingestion.routes import SENSORTHINGS, Route, matches, route_of
from sensors.reading import Decoded, Reading
from twin.core import Twin
from twin.errors import InputError, NotFoundError, SchemaError, TwinError
from twin.model.layer import Source
from twin.model.thing import IngestReceipt, ObservationIn, QuarantineIn

MAX_PAYLOAD = 1 << 20
"""A larger message is not decoded, and quarantine keeps its beginning only. [bytes]"""
_KEPT = 1 << 16

_log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Prepared:
    """What a message comes to after decoding and checks."""

    message: Message
    observations: list[ObservationIn] = field(default_factory=list)
    events: list[PlacedEvent] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """A reason for each reading that goes to quarantine."""
    unreadable: bool = False
    device: str = ""
    ignored: int = 0
    """Readings the twin has no datastream for."""


class Pipeline:
    """Turns batches of messages into commits.

    Parameters
    ----------
    t
        The opened twin.
    connector
        Name under which messages are counted and quarantined.
    salt
        For hashing number plates.
    clock
        The time that "future" is measured against.
    """

    def __init__(self, t: Twin, *, connector: str, salt: bytes, clock: Callable[[], datetime] = utc_now) -> None:
        self.twin = t
        self.connector = connector
        self.source = Source("connector", connector)
        self.registry = Registry(t)
        self.ignored = 0
        self._salt = salt
        self._clock = clock

    def process(self, messages: Sequence[Message]) -> IngestReceipt:
        """Store what the messages say, in as few commits as the store allows.

        Returns after the commit. Store errors pass through: nothing may be acknowledged then, and the same
        batch may be processed again, because what was stored meanwhile counts as duplicate.
        """
        prepared = [self.prepare(message) for message in messages]
        receipt = self.commit(prepared)
        self.ignored += sum(p.ignored for p in prepared)
        return receipt

    def prepare(self, message: Message) -> Prepared:
        """Decode and check one message; nothing it holds can raise."""
        prepared = Prepared(message)
        try:
            self._prepare(message, prepared)
        except TwinError as exc:
            _give_up(prepared, str(exc))
        except Exception as exc:  # noqa: BLE001  one bad message must not stop the stream
            _log.exception("decoder failed on topic %s, payload %s", message.topic, message.payload[:64].hex())
            _give_up(prepared, f"the decoder failed: {type(exc).__name__}")
        return prepared

    def _prepare(self, message: Message, prepared: Prepared) -> None:
        if not message.payload:
            raise SchemaError("the message is empty")
        if len(message.payload) > MAX_PAYLOAD:
            raise SchemaError(f"the message has {len(message.payload)} bytes, more than {MAX_PAYLOAD}")
        if any(matches(topic, message.topic) for topic in SENSORTHINGS):
            self._sensorthings(message, prepared)
            return
        route = route_of(message.topic)
        if route is None:
            raise SchemaError(f"no route for topic {message.topic!r}")
        envelope = route.open(message.topic.split("/"), message.payload)
        prepared.device = envelope.address
        owner = self.registry.owner(envelope.family, envelope.address)
        envelope.require_owner(owner.device)
        registered = Registered(envelope.address, owner.device.properties, self._salt)
        self._accept(kind(owner.device.kind).decode(envelope.body, registered), owner, prepared)

    def _sensorthings(self, message: Message, prepared: Prepared) -> None:
        named = sensorthings.read(message)
        datastream = self.registry.datastream(named.observation.datastream)
        prepared.device = f"Datastreams({datastream.id})"
        if named.feature_of_interest is not None:
            self.registry.require_feature_of_interest(named.feature_of_interest)
        observation = replace(named.observation, feature_of_interest=named.feature_of_interest)
        prepared.observations.append(check_observation(observation, datastream, self._clock()))

    def _accept(self, decoded: Decoded, owner: Owner, prepared: Prepared) -> None:
        now = self._clock()
        for reading in decoded.readings:
            self._accept_reading(reading, owner, now, prepared)
        for event in decoded.events:
            check_event(event, now)
            layer = owner.device.properties.get("event_layer")
            prepared.events.append(
                PlacedEvent(
                    layer if isinstance(layer, str) else CAMERA_EVENTS.name,
                    event,
                    self.registry.place(owner.device),
                    owner.device.uid,
                    owner.device.address,
                )
            )
        if not (prepared.observations or prepared.events or prepared.refused):
            keys = ", ".join(reading.quantity for reading in decoded.readings)
            raise SchemaError(f"device {owner.device.address} has no datastream for {keys}")

    @staticmethod
    def _accept_reading(reading: Reading, owner: Owner, now: datetime, prepared: Prepared) -> None:
        datastream = owner.datastreams.get(reading.quantity)
        if datastream is None:
            prepared.ignored += 1
            return
        observation = ObservationIn(datastream.id, reading.start, reading.value, reading.end)
        try:
            prepared.observations.append(check_observation(observation, datastream, now))
        except InputError as exc:
            prepared.refused.append(str(exc))

    # -- committing

    def commit(self, prepared: Sequence[Prepared]) -> IngestReceipt:
        """Store prepared messages; one the store refuses goes to quarantine and the others through."""
        try:
            return self._commit(prepared)
        except (InputError, NotFoundError) as exc:
            if len(prepared) == 1:
                _give_up(prepared[0], f"the store refused it: {exc}")
                return self._commit(prepared)
        half = len(prepared) // 2
        return self.commit(prepared[:half]) + self.commit(prepared[half:])

    def _commit(self, prepared: Sequence[Prepared]) -> IngestReceipt:
        receipt = IngestReceipt()
        for layer in sorted({event.layer for p in prepared for event in p.events}):
            receipt += self._write_events(layer, [e for p in prepared for e in p.events if e.layer == layer])
        observations = [o for p in prepared for o in p.observations]
        quarantine = [self._quarantine(p) for p in prepared if p.refused and p.message.quarantined is None]
        replayed = [p.message.quarantined for p in prepared if p.message.quarantined and not p.refused]
        if observations or quarantine or replayed:
            receipt += self.twin.store.record_observations(
                observations, self.source, quarantine=quarantine, replayed=replayed
            )
        return receipt

    def _write_events(self, layer: str, events: Sequence[PlacedEvent]) -> IngestReceipt:
        commit = self.twin.store.write_features(
            layer, changes(self.twin, layer, events), self.source, only_if_changed=True
        )
        return IngestReceipt(len(events), commit.stored, commit.revised, commit.duplicate, 0)

    def _quarantine(self, prepared: Prepared) -> QuarantineIn:
        message = prepared.message
        payload, note = self._keepable(message)
        reasons = list(dict.fromkeys(prepared.refused))
        return QuarantineIn(
            connector=self.connector,
            topic=message.topic,
            payload=payload,
            reason="; ".join([*reasons, *note]),
            received_at=message.received_at,
            device=prepared.device,
            readings=1 if prepared.unreadable else len(prepared.refused),
        )

    def _keepable(self, message: Message) -> tuple[bytes, list[str]]:
        """The bytes that may be kept, and what is missing of them."""
        payload = message.payload
        note = []
        if len(payload) > MAX_PAYLOAD:
            digest = hashlib.sha256(payload).hexdigest()
            note.append(f"{len(payload)} bytes with SHA-256 {digest}, of which the beginning is kept")
            payload = payload[:_KEPT]
        route: Route | None = route_of(message.topic)
        if route is None or route.redact is None:
            return payload, note
        redacted = route.redact(payload, self._salt)
        if redacted is None:
            note.append(f"{len(payload)} bytes that may hold personal data are not kept")
            return b"", note
        return redacted, note


def _give_up(prepared: Prepared, reason: str) -> None:
    """The whole message goes to quarantine and counts as one reading."""
    prepared.observations.clear()
    prepared.events.clear()
    prepared.refused[:] = [reason]
    prepared.unreadable = True
    prepared.ignored = 0
