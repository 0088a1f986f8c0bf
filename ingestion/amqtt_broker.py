"""A broker from a Python package, for where Mosquitto is not installed: ``python -m ingestion.amqtt_broker PORT``.

It speaks MQTT 3.1.1 only and keeps sessions in memory; good enough for a demonstration on one machine.
"""

from __future__ import annotations

import asyncio
import signal
import sys

from amqtt.broker import Broker

READY = "amqtt is listening"


async def serve(port: int) -> None:
    """Listen on the loopback interface until terminated."""
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await broker.start()
    sys.stderr.write(f"{READY}\n")
    sys.stderr.flush()
    await stopping.wait()
    await broker.shutdown()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
