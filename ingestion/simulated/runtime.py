"""Runs simulated devices in real time against a broker, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

import aiomqtt

from ingestion.mqtt import Address
from ingestion.pipeline import utc_now
from ingestion.simulated.device import SimulatedDevice, newest
from twin.errors import ExternalError

_STEP_S = 0.25
_RETRY_S = 1.0

_log = logging.getLogger(__name__)


class Simulation:
    """Publishes each device's newest tick as soon as it is due, quality of service 1.

    The first look publishes the newest tick of every device, so that a city with periods of a minute or less is
    never older than that. No message is of the future, and none missed is made up for. A lost broker is looked for
    again for ever.

    Parameters
    ----------
    devices
        What to simulate.
    url
        The broker.
    clock
        The time that devices measure by.
    """

    def __init__(
        self, devices: Sequence[SimulatedDevice], url: str, *, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.devices = tuple(devices)
        self.address = Address.parse(url)
        self.published = 0
        self._clock = clock
        self._sent: dict[str, datetime] = {}
        self._stopping = threading.Event()
        self._connected = threading.Event()
        self._thread = threading.Thread(target=self._run, name="simulated-devices", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, timeout_s: float = 20.0) -> None:
        """Connect and begin; raises :class:`ExternalError` if the broker does not answer in time."""
        self._thread.start()
        if not self._connected.wait(timeout_s):
            self.stop()
            raise ExternalError(f"the broker at {self.address} does not answer")

    def stop(self) -> None:
        """Stop after the message in hand."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._live())

    async def _live(self) -> None:
        while not self._stopping.is_set():
            try:
                async with self._client() as client:
                    self._connected.set()
                    await self._speak(client)
            except aiomqtt.MqttError as exc:
                _log.warning("simulated devices lost %s: %s", self.address, exc)
                await asyncio.sleep(_RETRY_S)

    def _client(self) -> aiomqtt.Client:
        return aiomqtt.Client(
            self.address.host,
            self.address.port,
            username=self.address.user or None,
            password=self.address.password or None,
            tls_params=aiomqtt.TLSParameters() if self.address.tls else None,
            # Every broker speaks it; simulated devices need nothing newer.
            protocol=aiomqtt.ProtocolVersion.V311,
        )

    async def _speak(self, client: aiomqtt.Client) -> None:
        while not self._stopping.is_set():
            for message in newest(self.devices, self._sent, self._clock()):
                await client.publish(message.topic, message.payload, qos=1)
                self.published += 1
            await asyncio.sleep(_STEP_S)
