"""Runs simulated devices in real time against a broker, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from ingestion.mqtt import Address
from ingestion.pipeline import utc_now
from ingestion.simulated.device import Outgoing, SimulatedDevice, newest
from twin.errors import ExternalError

_STEP_S = 0.25


class Simulation:
    """Publishes each device's newest tick as soon as it is due, quality of service 1.

    The first look publishes the newest tick of every device, so that a city with periods of a minute or less is
    never older than that. No message is of the future, and none missed is made up for.

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
        # MQTT 3.1.1, which every broker speaks; simulated devices need nothing newer.
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv311)
        self._client.on_connect = lambda *_: self._connected.set()
        if self.address.user:
            self._client.username_pw_set(self.address.user, self.address.password)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, timeout_s: float = 20.0) -> None:
        """Connect and begin; raises :class:`ExternalError` if the broker does not answer in time."""
        self._client.connect_async(self.address.host, self.address.port)
        self._client.loop_start()
        if not self._connected.wait(timeout_s):
            self._client.loop_stop()
            raise ExternalError(f"the broker at {self.address} does not answer")
        self._thread.start()

    def stop(self) -> None:
        """Stop; messages already given to the broker's connection are sent."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()

    def _run(self) -> None:
        while not self._stopping.is_set():
            for message in newest(self.devices, self._sent, self._clock()):
                self._publish(message)
            self._stopping.wait(_STEP_S)

    def _publish(self, message: Outgoing) -> None:
        self._client.publish(message.topic, message.payload, qos=1)
        self.published += 1
