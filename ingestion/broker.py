"""The demonstration's own broker: Mosquitto if installed, else one from a Python package, on a free loopback port.

It never connects to a broker it did not start: the address is given out only after the child process itself
has said that it listens there.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingestion.amqtt_broker import READY
from twin.errors import ExternalError

_MOSQUITTO_READY = "running"
_START_S = 20.0
_ATTEMPTS = 5
QUEUE_BYTES = 256 * 1024 * 1024
"""Most bytes Mosquitto keeps for a subscriber that is away; without a limit in bytes it would fill the memory."""


@dataclass(frozen=True, slots=True)
class OwnBroker:
    """A broker this process started."""

    url: str
    name: str
    pid: int


@contextmanager
def own_broker(*, folder: Path | None = None, port: int = 0, mosquitto: str | None = None) -> Iterator[OwnBroker]:
    """Start a broker for the length of the context.

    Parameters
    ----------
    folder
        Where Mosquitto keeps its sessions, for a broker that is to be started again; a temporary one unless
        given.
    port
        The loopback port; a free one unless given.
    mosquitto
        The program; found on the path unless given, ``""`` for none.

    Raises
    ------
    ExternalError
        If no broker could be started.
    """
    program = shutil.which("mosquitto", path=_search_path()) if mosquitto is None else mosquitto
    with tempfile.TemporaryDirectory(prefix="twin-broker-") as temporary:
        place = folder or Path(temporary)
        process, number = _start(program or "", place, port)
        try:
            name = "mosquitto" if program else "amqtt"
            yield OwnBroker(f"mqtt://127.0.0.1:{number}", name, process.pid)
        finally:
            _stop(process)


def _search_path() -> str:
    # Debian installs Mosquitto where ordinary users' paths do not lead.
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


def _start(program: str, folder: Path, port: int) -> tuple[subprocess.Popen[str], int]:
    said = ""
    for _ in range(1 if port else _ATTEMPTS):
        number = port or free_port()
        command = _mosquitto(program, folder, number) if program else _amqtt(number)
        process = subprocess.Popen(  # noqa: S603  a fixed command of our own
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
        )
        said = _wait_ready(process, _MOSQUITTO_READY if program else READY)
        if process.poll() is None and not said:
            return process, number
        _stop(process)
    raise ExternalError(f"no broker could be started: {said or 'it said nothing'}", where=program or "amqtt")


def free_port() -> int:
    """A port that was free a moment ago; another program may take it, which the broker then reports."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _mosquitto(program: str, folder: Path, port: int) -> list[str]:
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\n"
        "allow_anonymous true\n"
        "persistence true\n"
        f"persistence_location {folder}/\n"
        f"user {getpass.getuser()}\n"  # else a root Mosquitto becomes a user that cannot write to our folder
        # Without these a subscriber that is away loses messages silently, or the memory fills.
        "max_queued_messages 0\n"
        f"max_queued_bytes {QUEUE_BYTES}\n"
        "log_dest stderr\n"
        "log_type error\nlog_type warning\nlog_type notice\nlog_type information\n",
        encoding="utf-8",
    )
    return [program, "-c", str(config)]


def _amqtt(port: int) -> list[str]:
    return [sys.executable, "-m", "ingestion.amqtt_broker", str(port)]


def _wait_ready(process: subprocess.Popen[str], word: str) -> str:
    """Wait for the child's own word that it listens; what it said instead, if it did not say it."""
    heard = threading.Event()
    lines: list[str] = []

    def read() -> None:
        # Reading goes on for the child's life, so that its pipe never fills.
        assert process.stderr is not None
        for line in process.stderr:
            if not heard.is_set():
                lines.append(line.strip())
            if word in line and not line.startswith("Error"):
                heard.set()
        ended.set()

    ended = threading.Event()
    threading.Thread(target=read, name="broker-log", daemon=True).start()
    for _ in range(int(_START_S / 0.05)):
        if heard.wait(0.05):
            return ""
        if ended.is_set():
            break
    return " ".join(lines[-3:]) or "it did not come up in time"


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
