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
        child, number = _start(program or "", place, port)
        try:
            name = "mosquitto" if program else "amqtt"
            yield OwnBroker(f"mqtt://127.0.0.1:{number}", name, child.process.pid)
        finally:
            child.stop()


def _search_path() -> str:
    # Debian installs Mosquitto where ordinary users' paths do not lead.
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])


def _start(program: str, folder: Path, port: int) -> tuple[_Child, int]:
    said = ""
    for _ in range(1 if port else _ATTEMPTS):
        number = port or free_port()
        command = _mosquitto(program, folder, number) if program else _amqtt(number)
        child = _Child(command, _MOSQUITTO_READY if program else READY)
        said = child.wait_ready()
        if not said:
            return child, number
        child.stop()
    raise ExternalError(f"no broker could be started: {said}", where=program or "amqtt")


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
        "max_inflight_messages 1000\n"
        "log_dest stderr\n"
        "log_type error\nlog_type warning\nlog_type notice\nlog_type information\n",
        encoding="utf-8",
    )
    return [program, "-c", str(config)]


def _amqtt(port: int) -> list[str]:
    return [sys.executable, "-m", "ingestion.amqtt_broker", str(port)]


class _Child:
    """A broker's process; its log is read for as long as it lives, so that its pipe never fills."""

    def __init__(self, command: list[str], ready: str) -> None:
        self.process = subprocess.Popen(  # noqa: S603  a fixed command of our own
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
        )
        self._ready = ready
        self._lines: list[str] = []
        self._listening = threading.Event()
        self._changed = threading.Event()
        self._thread = threading.Thread(target=self._read, name="broker-log", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if not self._listening.is_set():
                self._lines.append(line.strip())
            if self._ready in line:
                self._listening.set()
                self._changed.set()
        self._changed.set()

    def wait_ready(self) -> str:
        """Wait for the child's own word that it listens; what it said instead, if it did not say it."""
        self._changed.wait(_START_S)
        if self._listening.is_set() and self.process.poll() is None:
            return ""
        return " ".join(self._lines[-3:]) or "it said nothing"

    def stop(self) -> None:
        """End the process and wait for it."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._thread.join()
        if self.process.stderr is not None:
            self.process.stderr.close()
