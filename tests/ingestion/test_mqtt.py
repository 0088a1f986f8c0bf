"""Against real brokers: what is acknowledged is stored, what is stored is counted, whatever dies in between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import paho.mqtt.publish
import pytest
from ingestion_support import GAUGE, LAMP, sent

from ingestion.broker import OwnBroker, free_port, own_broker
from ingestion.message import Message
from ingestion.mqtt import Address, Limits, MqttConnector
from ingestion.service import Ingest
from ingestion.simulated.device import SimulatedDevice
from ingestion.simulated.runtime import Simulation
from twin.core import Twin, open_twin
from twin.errors import ExternalError, ParameterError, StoreError
from twin.types import Freshness

pytestmark = pytest.mark.broker
QUICK = Limits(batch=100, wait_s=0.02, retry_s=0.05, answer_s=1.0)
PATIENCE_S = 60.0


@pytest.fixture
def broker() -> Iterator[OwnBroker]:
    with own_broker() as started:
        assert started.name == "mosquitto"
        yield started


def until(said: Callable[[], object], what: str) -> None:
    """Wait until something is true; the limit only ends a test that has failed already."""
    end = time.monotonic() + PATIENCE_S
    while not said():
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.02)


def publish(url: str, messages: Sequence[Message], *, qos: int = 1, retain: bool = False) -> None:
    address = Address.parse(url)
    paho.mqtt.publish.multiple(
        [{"topic": m.topic, "payload": m.payload, "qos": qos, "retain": retain} for m in messages],
        hostname=address.host,
        port=address.port,
    )


def readings(count: int, *, start: datetime | None = None) -> list[Message]:
    """Messages of the gauge, one second apart, the newest now."""
    newest = start or datetime.now(UTC).replace(microsecond=0)
    return [
        sent("decentlab-dl-mbx", GAUGE, {"water_distance": 1 + i / 1000}, at=newest - timedelta(seconds=count - 1 - i))
        for i in range(count)
    ]


def mqtt_status(ingest: Ingest) -> dict:
    return ingest.status()["mqtt"]


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_messages_are_stored_counted_and_acknowledged(city: Twin, broker: OwnBroker, protocol: str) -> None:
    with Ingest(city, broker.url, limits=QUICK, protocol=protocol) as ingest:
        assert ingest.wait_subscribed(PATIENCE_S)
        poison = [Message(f"ngsi/Streetlight/{LAMP}", b"\x00garbage", datetime.now(UTC))]
        batch = readings(50)
        publish(broker.url, [*batch[:20], *poison, *batch[20:], batch[7]])
        until(lambda: ingest.receipt().received == 103, "103 readings")
        receipt = ingest.receipt()
        assert (receipt.stored, receipt.duplicate, receipt.quarantined) == (100, 2, 1)
        until(lambda: mqtt_status(ingest)["acknowledged"] == 52, "52 acknowledgements")
        status = mqtt_status(ingest)
        assert (status["protocol"], status["note"], status["backlog"]) == (protocol, "", 0)
        assert status["subscribed"] is True
        assert status["since_start"]["stored"] == 100
    assert city.store.counters(city.view())["mqtt"] == receipt


def test_a_retained_message_is_stored_once_however_often_it_is_delivered(city: Twin, broker: OwnBroker) -> None:
    publish(broker.url, readings(1), retain=True)
    for _ in range(2):
        # A new session each time, so that the broker sends the retained message again.
        with Ingest(city, broker.url, limits=QUICK, client_id=f"session-{time.monotonic_ns()}") as ingest:
            until(lambda ingest=ingest: ingest.receipt().received == 2, "the retained message")
    totals = city.store.counters(city.view())["mqtt"]
    assert (totals.received, totals.stored, totals.duplicate) == (4, 2, 2)


def test_a_broker_of_3_1_1_only_is_spoken_to_in_3_1_1_with_a_note(city: Twin) -> None:
    with own_broker(mosquitto="") as old, Ingest(city, old.url, limits=QUICK) as ingest:
        assert old.name == "amqtt"
        assert ingest.wait_subscribed(PATIENCE_S), ingest.status()
        assert mqtt_status(ingest)["protocol"] == "3.1.1"
        assert "3.1.1" in mqtt_status(ingest)["note"]
        publish(old.url, readings(5))
        until(lambda: ingest.receipt().stored == 10, "five messages")


def test_what_came_while_the_connector_was_away_is_delivered_afterwards(city: Twin, broker: OwnBroker) -> None:
    with Ingest(city, broker.url, limits=QUICK) as ingest:
        assert ingest.wait_subscribed(PATIENCE_S)
    publish(broker.url, readings(30))
    with Ingest(city, broker.url, limits=QUICK) as ingest:
        until(lambda: ingest.receipt().stored == 60, "what was published meanwhile")
        assert mqtt_status(ingest)["session_present"] is True


def test_a_broker_that_restarts_is_found_again_and_loses_nothing(city: Twin, tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "broker"
    folder.mkdir()
    batch = readings(40)
    with Ingest(city, f"mqtt://127.0.0.1:{port}", limits=QUICK) as ingest:
        until(lambda: mqtt_status(ingest)["error"], "word of the missing broker")
        assert mqtt_status(ingest)["subscribed"] is False
        with own_broker(folder=folder, port=port) as first:
            assert ingest.wait_subscribed(PATIENCE_S)
            publish(first.url, batch[:20])
            until(lambda: ingest.receipt().stored == 40, "the first half")
        until(lambda: not mqtt_status(ingest)["connected"], "the loss of the connection")
        with own_broker(folder=folder, port=port) as second:
            assert ingest.wait_subscribed(PATIENCE_S)
            publish(second.url, batch[20:])
            until(lambda: ingest.receipt().stored == 80, "the second half")
            assert mqtt_status(ingest)["connections"] == 2


def test_nothing_is_acknowledged_while_the_store_fails(broker: OwnBroker) -> None:
    offered: list[int] = []
    healthy = threading.Event()

    def sink(batch: Sequence[Message]) -> None:
        offered.append(len(batch))
        if not healthy.is_set():
            raise StoreError("the disk is full")

    connector = MqttConnector(broker.url, ["a/+"], sink, client_id="failing", limits=QUICK)
    connector.start()
    try:
        assert connector.wait_subscribed(PATIENCE_S)
        publish(broker.url, [Message("a/1", b"x", datetime.now(UTC))])
        until(lambda: len(offered) >= 3, "three attempts")
        assert connector.status()["acknowledged"] == 0
        assert "disk is full" in str(connector.status()["error"])
        healthy.set()
        until(lambda: connector.status()["acknowledged"] == 1, "the acknowledgement")
        assert connector.status()["error"] == ""
    finally:
        connector.stop()


def test_a_full_queue_holds_the_broker_back_and_loses_nothing(broker: OwnBroker) -> None:
    seen: list[bytes] = []
    go = threading.Event()

    def sink(batch: Sequence[Message]) -> None:
        go.wait(PATIENCE_S)
        seen.extend(message.payload for message in batch)

    limits = Limits(batch=7, wait_s=0.01, receive_maximum=10, retry_s=0.05)
    connector = MqttConnector(broker.url, ["a/+"], sink, client_id="slow", limits=limits)
    connector.start()
    try:
        assert connector.wait_subscribed(PATIENCE_S)
        payloads = [str(i).encode() for i in range(300)]
        publish(broker.url, [Message("a/1", payload, datetime.now(UTC)) for payload in payloads])
        until(lambda: connector.status()["messages"] == 10, "the receive maximum")
        go.set()
        until(lambda: len(seen) == 300, "all messages")
        assert seen == payloads
    finally:
        go.set()
        connector.stop()


CHILD = """
import json, sys, time
from ingestion.mqtt import Limits
from ingestion.service import Ingest
from twin.core import open_twin

with open_twin(sys.argv[1]) as t, Ingest(t, sys.argv[2], limits=Limits(batch=40, wait_s=0.01)) as ingest:
    ingest.wait_subscribed(60)
    while True:
        counters = t.store.counters(t.view()).get("mqtt")
        print(counters.stored if counters else 0, flush=True)
        time.sleep(0.02)
"""


class Child:
    """An ingestion process of its own, whose count of stored readings can be watched."""

    def __init__(self, path: Path, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), url], stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.stored = -1
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.stored = int(line)

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


def test_a_connector_killed_again_and_again_loses_nothing_and_doubles_nothing(
    city_path: Path, broker: OwnBroker
) -> None:
    count = 2000
    batch = readings(count)
    child = Child(city_path, broker.url)
    try:
        until(lambda: child.stored == 0, "the first start")
        publisher = threading.Thread(target=publish, args=(broker.url, batch))
        publisher.start()
        for target in (300, 1500, 2600):
            until(lambda child=child, target=target: child.stored >= target, f"{target} readings stored")
            child.kill()
            child = Child(city_path, broker.url)
        publisher.join()
        until(lambda: child.stored >= 2 * count, "everything stored")
    finally:
        child.kill()
    with open_twin(city_path) as t:
        receipt = t.store.counters(t.view())["mqtt"]
        assert receipt.balanced
        assert receipt.stored == 2 * count
        assert receipt.revised == receipt.quarantined == 0
        (stream,) = [s for s in t.store.datastreams(t.view()) if s.key == "water_distance"]
        stored = t.store.observations(t.view(), stream.id)
        assert [o.result for o in stored] == [pytest.approx(1 + i / 1000) for i in range(count)]


# -- the demonstration's broker -----------------------------------------------------------------------------------


def test_a_port_that_another_broker_holds_is_never_used(broker: OwnBroker) -> None:
    port = Address.parse(broker.url).port
    for program in (None, ""):
        with pytest.raises(ExternalError, match="no broker could be started"), own_broker(port=port, mosquitto=program):
            pass


def test_the_broker_ends_with_its_context() -> None:
    with own_broker() as started:
        address = Address.parse(started.url)
        assert address.host == "127.0.0.1"
        os.kill(started.pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(started.pid, 0)


@pytest.mark.parametrize("url", ["http://host", "mqtt://", "mqtt://host:0", "mqtt://host:99999", "host:1883", ""])
def test_what_is_no_broker_address_is_refused_without_showing_a_password(url: str) -> None:
    with pytest.raises(ParameterError, match="no broker's address"):
        Address.parse(url)
    with pytest.raises(ParameterError) as refused:
        Address.parse("amqp://user:geheim@host")
    assert "geheim" not in str(refused.value)


# -- simulated devices --------------------------------------------------------------------------------------------


def test_simulated_devices_keep_the_twin_live_and_never_ahead(city: Twin, broker: OwnBroker) -> None:
    devices = [
        SimulatedDevice("decentlab-dl-mbx", GAUGE, 1.0, lambda _: {"water_distance": 1.5, "battery_voltage": 3.0}),
        SimulatedDevice("ngsi-streetlight", LAMP, 30.0, lambda _: {"lamp_state": "on", "lamp_dimming": 70}, phase_s=3),
    ]
    with Ingest(city, broker.url, limits=QUICK) as ingest:
        assert ingest.wait_subscribed(PATIENCE_S)
        with Simulation(devices, broker.url):
            until(lambda: ingest.receipt().stored >= 8, "a few ticks")
        receipt = ingest.receipt()
    assert receipt.quarantined == 0
    states = {s.datastream.key: s for s in city.store.latest(city.view())}
    for key in ("water_distance", "water_level", "lamp_state", "lamp_dimming"):
        assert states[key].freshness is Freshness.FRESH
        assert 0 <= states[key].age_s < 60
    assert json.dumps(ingest.status())
