"""The MQTT connector: nothing is acknowledged before it is committed.

MQTT 5 is asked for, with a persistent session and ``ReceiveMaximum``; a broker that knows only 3.1.1 gets
that, with a note in the status. The network thread puts messages into a bounded queue; one worker takes them
out in batches, hands them to the sink, and acknowledges after the sink has returned. If it raises a store
error, the batch is tried again until it goes through. What the process had not acknowledged when it died, the
broker delivers again, and the store's unique key absorbs what had been committed.

Subscriptions ask for quality of service 1: with 2 the broker may consider a message delivered before it is
committed.
"""

from __future__ import annotations

import logging
import queue
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from ingestion.message import Message
from twin.errors import ParameterError, TwinError
from twin.types import Json, format_time

SESSION_EXPIRY_S = 30 * 86_400
"""How long the broker keeps the session of a connector that is away. [s]"""

UNSUPPORTED_PROTOCOL = 132
"""MQTT 5 reason code; a 3.1.1 broker's return code 1 is read as this."""

_PROTOCOLS = {"5": MQTTProtocolVersion.MQTTv5, "3.1.1": MQTTProtocolVersion.MQTTv311}

_log = logging.getLogger(__name__)

Sink = Callable[[Sequence[Message]], object]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a broker is, from ``mqtt://[user:password@]host[:port]`` or ``mqtts://…``."""

    host: str
    port: int
    tls: bool = False
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str) -> Address:
        """Read a broker's URL; raises :class:`ParameterError` for any other."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = 0
        if parts.scheme not in {"mqtt", "mqtts"} or not parts.hostname or port == 0:
            raise ParameterError(
                f"{url.rpartition('@')[2]!r} is no broker's address",
                hint="Write mqtt://host:1883 or mqtts://host:8883.",
            )
        tls = parts.scheme == "mqtts"
        return cls(
            parts.hostname,
            port or (8883 if tls else 1883),
            tls,
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )

    def __str__(self) -> str:
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes and waits of a connector."""

    batch: int = 500
    """Most messages in one commit."""
    wait_s: float = 0.2
    """How long the first message of a batch waits for others. [s]"""
    gap_s: float = 0.05
    """A batch is closed when nothing came for so long; a broker may send only some 20 before it waits for us. [s]"""
    receive_maximum: int = 1000
    """Most unacknowledged messages the broker sends (MQTT 5); the queue holds as many."""
    keepalive_s: int = 30
    answer_s: float = 3.0
    """How long a broker may take to answer a connection before another protocol is tried. [s]"""
    retry_s: float = 1.0
    """First wait after a failed commit or connection; doubles up to ``retry_most_s``. [s]"""
    retry_most_s: float = 30.0


class MqttConnector:
    """Subscribes, queues, batches, hands over, acknowledges; reconnects for ever.

    Parameters
    ----------
    url
        The broker.
    filters
        Topic filters to subscribe to.
    sink
        Takes a batch and returns when it is committed; raises StoreError to have it tried again.
    client_id
        Names the persistent session; the same after a restart.
    protocol
        ``"5"``, negotiated down where the broker does not speak it, or ``"3.1.1"``.
    """

    def __init__(
        self,
        url: str,
        filters: Sequence[str],
        sink: Sink,
        *,
        client_id: str,
        limits: Limits | None = None,
        protocol: str = "5",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.address = Address.parse(url)
        self.filters = tuple(filters)
        self.client_id = client_id
        self.limits = limits or Limits()
        self._sink = sink
        self._clock = clock
        self._queue: queue.Queue[Message] = queue.Queue(self.limits.receive_maximum)
        self._stopping = threading.Event()
        self._switch = threading.Event()
        self._ready = threading.Condition()
        if protocol not in _PROTOCOLS:
            raise ParameterError(f"no MQTT protocol {protocol!r}", hint=f"Use {' or '.join(_PROTOCOLS)}.")
        self._state = _State(_PROTOCOLS[protocol])
        self._client: paho.Client | None = None
        self._threads: list[threading.Thread] = []

    # -- life

    def start(self) -> None:
        """Begin; returns at once, the connection is made in the background."""
        for run in (self._supervise, self._work):
            thread = threading.Thread(target=run, name=f"mqtt-{run.__name__.strip('_')}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Finish the batch in hand and disconnect; what was not acknowledged comes again next time."""
        self._stopping.set()
        self._switch.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def wait_subscribed(self, timeout_s: float) -> bool:
        """Wait until every filter is subscribed; whether it is."""
        with self._ready:
            return self._ready.wait_for(lambda: self._state.subscribed(self.filters), timeout_s)

    def status(self) -> dict[str, Json]:
        """State for ``/health`` and ``twin doctor``."""
        state = self._state
        return {
            "broker": str(self.address),
            "client_id": self.client_id,
            "connected": state.connected,
            "subscribed": state.subscribed(self.filters),
            "topics": dict(state.topics),
            "protocol": state.protocol_name,
            "note": state.note,
            "session_present": state.session_present,
            "connections": state.connections,
            "backlog": self._queue.qsize(),
            "messages": state.messages,
            "acknowledged": state.acknowledged,
            "last_message_at": format_time(state.last_message_at) if state.last_message_at else None,
            "error": state.error,
        }

    # -- connection

    def _supervise(self) -> None:
        """Run a client; when it asks to change the protocol, run another."""
        while not self._stopping.is_set():
            self._switch.clear()
            client = self._new_client(self._state.protocol)
            self._client = client
            client.loop_start()
            while not self._switch.wait(0.2):
                if self._state.unanswered_s() > self.limits.answer_s:  # some brokers never answer MQTT 5
                    self._change_protocol()
            client.disconnect()
            client.loop_stop()
        with self._ready:
            self._state.lost()

    def _new_client(self, protocol: MQTTProtocolVersion) -> paho.Client:
        five = protocol is MQTTProtocolVersion.MQTTv5
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            clean_session=None if five else False,
            protocol=protocol,
            manual_ack=True,
        )
        if self.address.user:
            client.username_pw_set(self.address.user, self.address.password)
        if self.address.tls:
            client.tls_set_context(ssl.create_default_context())
        client.reconnect_delay_set(max(1, int(self.limits.retry_s)), max(1, int(self.limits.retry_most_s)))
        client.on_socket_open = self._on_socket_open
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        host, port, keepalive = self.address.host, self.address.port, self.limits.keepalive_s
        if five:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho annotates it not
            properties.SessionExpiryInterval = SESSION_EXPIRY_S
            properties.ReceiveMaximum = self.limits.receive_maximum
            client.connect_async(host, port, keepalive, clean_start=False, properties=properties)
        else:
            client.connect_async(host, port, keepalive)
        return client

    def _on_socket_open(self, _client: paho.Client, _data: object, _socket: object) -> None:
        self._state.asked_at = time.monotonic()

    def _on_connect(
        self, client: paho.Client, _data: object, flags: paho.ConnectFlags, reason: ReasonCode, _props: object
    ) -> None:
        self._state.asked_at = None
        if reason.is_failure:
            with self._ready:
                self._state.error = f"the broker refused the connection: {reason}"
            _log.warning("%s: %s", self.address, self._state.error)
            if reason.value == UNSUPPORTED_PROTOCOL:
                self._change_protocol()
            return
        with self._ready:
            self._state.connected = True
            self._state.connections += 1
            self._state.closed_early = 0
            self._state.session_present = bool(flags.session_present)
            self._state.error = ""
        if self._state.protocol is MQTTProtocolVersion.MQTTv5:
            # A resumed session is not sent the retained messages again.
            options = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
            client.subscribe([(topic, options) for topic in self.filters])
        else:
            client.subscribe([(topic, 1) for topic in self.filters])

    def _on_connect_fail(self, _client: paho.Client, _data: object) -> None:
        with self._ready:
            self._state.error = f"no connection to {self.address}"

    def _on_disconnect(
        self, _client: paho.Client, _data: object, _flags: object, reason: ReasonCode, _props: object
    ) -> None:
        with self._ready:
            early = not self._state.connected
            self._state.lost()
            if self._stopping.is_set():
                return
            self._state.error = self._state.error or f"disconnected: {reason}"
            self._state.closed_early += early
            give_up = self._state.closed_early >= 2
        if give_up:  # some 3.1.1 brokers close without a word on MQTT 5
            self._change_protocol()

    def _change_protocol(self) -> None:
        with self._ready:
            state = self._state
            state.closed_early = 0
            state.asked_at = None
            if state.protocol is MQTTProtocolVersion.MQTTv5:
                state.protocol = MQTTProtocolVersion.MQTTv311
                state.note = "the broker does not speak MQTT 5; MQTT 3.1.1 is used, without ReceiveMaximum"
            else:
                state.protocol = MQTTProtocolVersion.MQTTv5
                state.note = ""
        _log.warning("%s: %s", self.address, self._state.note or "trying MQTT 5 again")
        self._switch.set()

    def _on_subscribe(
        self, _client: paho.Client, _data: object, _mid: int, reasons: list[ReasonCode], _props: object
    ) -> None:
        with self._ready:
            for topic, reason in zip(self.filters, reasons, strict=False):
                self._state.topics[topic] = "refused" if reason.is_failure else "subscribed"
            refused = [topic for topic, word in self._state.topics.items() if word == "refused"]
            if refused:
                self._state.error = f"the broker refused the topics {', '.join(refused)}"
            self._ready.notify_all()

    def _on_message(self, client: paho.Client, _data: object, received: paho.MQTTMessage) -> None:
        message = Message(
            topic=_topic(received),
            payload=bytes(received.payload),
            received_at=self._clock(),
            qos=received.qos,
            retained=bool(received.retain),
            duplicate=bool(received.dup),
            packet=received.mid,
            connection=self._state.connections,
        )
        self._state.messages += 1
        self._state.last_message_at = message.received_at
        # A full queue holds up the network thread, and with it the broker.
        while not self._stopping.is_set() and client is self._client:
            try:
                self._queue.put(message, timeout=0.2)
            except queue.Full:
                continue
            return

    # -- work

    def _work(self) -> None:
        while not self._stopping.is_set():
            batch = self._take()
            if batch and self._hand_over(batch):
                self._acknowledge(batch)

    def _take(self) -> list[Message]:
        """The next batch; empty when nothing came for a while."""
        try:
            batch = [self._queue.get(timeout=0.2)]
        except queue.Empty:
            return []
        until = time.monotonic() + self.limits.wait_s
        while len(batch) < self.limits.batch:
            left = until - time.monotonic()
            try:
                wait = min(left, self.limits.gap_s)
                batch.append(self._queue.get(timeout=wait) if wait > 0 else self._queue.get_nowait())
            except queue.Empty:
                break
        return batch

    def _hand_over(self, batch: list[Message]) -> bool:
        """Whether the sink took the batch; it is offered again for as long as the store fails."""
        wait = self.limits.retry_s
        while True:
            try:
                self._sink(batch)
            except TwinError as exc:
                self._failed(exc)
            else:
                self._state.error = self._state.error if not self._state.store_failed else ""
                self._state.store_failed = False
                return True
            if self._stopping.wait(wait):
                return False
            wait = min(2 * wait, self.limits.retry_most_s)

    def _failed(self, exc: TwinError) -> None:
        self._state.error = f"not stored, will be tried again: {exc}"
        self._state.store_failed = True
        _log.error("%s", self._state.error)

    def _acknowledge(self, batch: Sequence[Message]) -> None:
        """Acknowledge what came over the connection that still stands.

        A packet identifier means nothing on another connection: there the broker delivers the message again.
        """
        client = self._client
        for message in batch:
            if self._stands(message) and client is not None:
                client.ack(message.packet, message.qos)
                self._state.acknowledged += 1

    def _stands(self, message: Message) -> bool:
        """Whether the message can still be acknowledged."""
        return bool(message.qos) and self._state.connected and message.connection == self._state.connections


@dataclass(slots=True)
class _State:
    protocol: MQTTProtocolVersion
    connected: bool = False
    session_present: bool = False
    connections: int = 0
    closed_early: int = 0
    asked_at: float | None = None
    """When the broker was asked for a connection it has not answered yet; monotonic. [s]"""
    messages: int = 0
    acknowledged: int = 0
    topics: dict[str, str] = field(default_factory=dict)
    last_message_at: datetime | None = None
    note: str = ""
    error: str = ""
    store_failed: bool = False

    @property
    def protocol_name(self) -> str:
        return next(name for name, version in _PROTOCOLS.items() if version is self.protocol)

    def subscribed(self, filters: Sequence[str]) -> bool:
        return self.connected and all(self.topics.get(topic) == "subscribed" for topic in filters)

    def unanswered_s(self) -> float:
        asked = self.asked_at
        return 0.0 if asked is None else time.monotonic() - asked

    def lost(self) -> None:
        self.connected = False
        self.asked_at = None
        self.topics.clear()


def _topic(received: Any) -> str:
    try:
        return str(received.topic)
    except UnicodeDecodeError:
        return "\ufffd"
