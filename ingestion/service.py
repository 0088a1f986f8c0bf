"""Ingestion as a service beside an opened twin: ``with Ingest(t, url): …``."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from ingestion.events import ensure_layer
from ingestion.message import Message
from ingestion.mqtt import Limits, MqttConnector
from ingestion.pipeline import Pipeline, utc_now
from ingestion.routes import FILTERS
from ingestion.salt import plate_salt
from twin.core import Twin
from twin.model.thing import IngestReceipt
from twin.types import Json

CONNECTOR = "mqtt"


class Ingest:
    """Everything the twin hears over MQTT.

    Parameters
    ----------
    t
        The opened twin; its viewer must see the devices that are to be heard.
    url
        The broker, ``mqtt://host:port``.
    client_id
        Name of the persistent session; made from the twin's place unless given.
    """

    def __init__(
        self,
        t: Twin,
        url: str,
        *,
        client_id: str = "",
        filters: Sequence[str] = FILTERS,
        limits: Limits | None = None,
        protocol: str = "5",
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.twin = t
        self.pipeline = Pipeline(t, connector=CONNECTOR, salt=plate_salt(t.files.folder), clock=clock)
        self.connector = MqttConnector(
            url,
            filters,
            self._sink,
            client_id=client_id or session_name(t),
            limits=limits,
            protocol=protocol,
            clock=clock,
        )
        self._lock = threading.Lock()
        self._receipt = IngestReceipt()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to listen; returns at once."""
        ensure_layer(self.twin)
        self.connector.start()

    def stop(self) -> None:
        """Stop listening after the batch in hand."""
        self.connector.stop()

    def wait_subscribed(self, timeout_s: float = 30.0) -> bool:
        """Wait until messages can arrive; whether they can."""
        return self.connector.wait_subscribed(timeout_s)

    def receipt(self) -> IngestReceipt:
        """What became of everything received since the start."""
        with self._lock:
            return self._receipt

    def status(self) -> dict[str, Json]:
        """State by connector; ``subscribed`` is true once messages can arrive."""
        receipt = self.receipt()
        counted: dict[str, Json] = {
            "received": receipt.received,
            "stored": receipt.stored,
            "revised": receipt.revised,
            "duplicate": receipt.duplicate,
            "quarantined": receipt.quarantined,
        }
        return {CONNECTOR: {**self.connector.status(), "since_start": counted, "ignored": self.pipeline.ignored}}

    def _sink(self, batch: Sequence[Message]) -> None:
        receipt = self.pipeline.process(batch)
        with self._lock:
            self._receipt += receipt


def session_name(t: Twin) -> str:
    """A session name that is the same for the same twin on this machine, and no other's."""
    return f"urban-twin-{hashlib.sha256(str(t.store.path.resolve()).encode()).hexdigest()[:16]}"
