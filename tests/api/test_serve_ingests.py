"""`twin serve` beside a broker, and the ingestion command beside it: real processes, a real broker."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import paho.mqtt.client as mqtt
import pytest

import twin
from ingestion.broker import own_broker
from tests.api.test_cli import environment
from twin.core import create
from twin.model.layer import Layer, Source
from twin.model.thing import DatastreamSpec, ObservedProperty, ThingSpec, Unit

pytestmark = pytest.mark.broker


def until(done, *, seconds: float = 30.0):
    """What ``done`` gives once it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := done():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come true")


@pytest.fixture
def town(tmp_path: Path) -> Path:
    path = tmp_path / "town.duckdb"
    create(path)
    level = DatastreamSpec("level", "Mực nước", ObservedProperty("water_level"), Unit("metre", "m"))
    with twin.open(path) as t:
        t.store.put_layer(Layer("gauges", "Trạm đo", geometry_type="Point"))
        (ids,) = t.store.register_things([ThingSpec("gauges", "g1", "Cầu", datastreams=(level,))], Source("user", "x"))
    assert ids.datastreams == {"level": 1}
    return path


def publish(url: str, topic: str, body: str) -> None:
    host, port = url.removeprefix("mqtt://").split(":")
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.connect(host, int(port))
    client.loop_start()
    client.publish(topic, body, qos=1).wait_for_publish(10)
    client.loop_stop()
    client.disconnect()


def test_serve_ingests_what_is_published_and_says_when_it_can(town: Path) -> None:
    with own_broker(folder=town.parent) as broker:
        words = [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--json"]
        env = environment({"TWIN_MQTT_URL": broker.url})
        with subprocess.Popen(words, cwd=town.parent, env=env, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout is not None
                with httpx.Client(base_url=json.loads(server.stdout.readline())["url"]) as http:
                    until(lambda: http.get("/health").status_code == 200)
                    publish(broker.url, "v1.1/Datastreams(1)/Observations", json.dumps({"result": 1.5}))
                    (state,) = until(
                        lambda: [s for s in http.get("/app/state").json()["datastreams"] if s["result"] is not None]
                    )
                    counted = http.get("/app/ingest").json()["counters"]["mqtt"]
            finally:
                server.send_signal(signal.SIGINT)
                assert server.wait(20) == 0
    assert state["result"] == 1.5
    assert (counted["received"], counted["stored"]) == (1, 1)
