"""``twin ingest replay``: send quarantined messages through again, each at most once to the end."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.events import ensure_layer
from ingestion.message import Message
from ingestion.pipeline import Pipeline
from ingestion.salt import plate_salt
from ingestion.service import CONNECTOR
from twin.core import Twin
from twin.model.thing import IngestReceipt, Quarantined


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay did: messages tried, messages that went through, and what became of their readings."""

    tried: int
    passed: int
    receipt: IngestReceipt
    remaining: tuple[tuple[int, str], ...]
    """Id and reason of each message that still cannot be used."""


def replay(t: Twin, *, limit: int = 10_000, pipeline: Pipeline | None = None) -> ReplayReport:
    """Decode and check quarantined messages again, oldest first.

    What goes through is stored and marked as replayed in the same commit, so that a second replay, or one cut
    short, stores nothing twice. What does not stays as it is. The time of a message that says none is when it
    first arrived.
    """
    ensure_layer(t)
    used = pipeline or Pipeline(t, connector=CONNECTOR, salt=plate_salt(t.files.folder))
    waiting = t.store.quarantined(t.view(), limit=limit)
    receipt = IngestReceipt()
    remaining: list[tuple[int, str]] = []
    for entry in reversed(waiting):
        prepared = used.prepare(_message(entry))
        if prepared.refused and not prepared.observations:
            remaining.append((entry.id, prepared.refused[0]))
            continue
        receipt += used.commit([prepared])
        if prepared.refused:
            remaining.append((entry.id, prepared.refused[0]))
    return ReplayReport(len(waiting), len(waiting) - len(remaining), receipt, tuple(remaining))


def _message(entry: Quarantined) -> Message:
    return Message(entry.topic, entry.payload, entry.received_at, quarantined=entry.id)
