"""Keeps the demonstration city alive: its folder, its own broker, its devices, its server."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from api.app import create_app
from api.demo.build import TITLE, TITLE_EN, build, opening_box
from api.demo.history import fill, newest_reading
from api.demo.signals import Programme
from api.demo.things import Instrument, instruments
from api.demo.trial import FOLDER, write_wrong_meridian
from api.serve import running
from api.settings import Settings
from ingestion.broker import free_port, own_broker
from ingestion.service import Ingest
from ingestion.simulated.device import decoded
from ingestion.simulated.runtime import Simulation
from twin.core import Twin, create, open_twin
from twin.errors import ConflictError, ExternalError, FormatError
from twin.store.remote import Owner
from twin.types import format_time, parse_time

CITY_VERSION = 3
"""Raised when the city's content changes, so that an older one is built again."""

STORE_NAME, STATE_NAME, MARK_NAME = "twin.duckdb", "demo.json", ".building"
DEFAULT_PORT = 8080

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class City:
    """A built city on disk."""

    folder: Path
    birth: datetime

    @property
    def store(self) -> Path:
        """The twin's file."""
        return self.folder / STORE_NAME


def prepare(folder: Path, *, now: datetime, say: Say) -> City:
    """The city in a folder, built now if it is not there.

    A build that was broken off is begun again; a city of another version is moved aside, never deleted.

    Raises
    ------
    ConflictError
        If the folder holds a twin that is not the demonstration's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state, mark = folder / STATE_NAME, folder / MARK_NAME
    if mark.exists():
        _remove(folder)
    if state.exists():
        version, birth = _read_state(state)
        if version == CITY_VERSION:
            return City(folder, birth)
        _set_aside(folder, version)
    if (folder / STORE_NAME).exists():
        raise ConflictError(
            f"{folder / STORE_NAME} is not the demonstration's", hint="Choose another folder, or move it away."
        )
    mark.touch()
    birth = now.astimezone(UTC).replace(second=0, microsecond=0)
    create(
        folder / STORE_NAME,
        {"title": TITLE, "title_en": TITLE_EN, "country": "VN", "synthetic": True, "bbox": opening_box()},
    )
    with open_twin(folder / STORE_NAME) as t:
        build(t, birth=birth, say=say)
    write_wrong_meridian(folder / FOLDER)
    state.write_text(json.dumps({"city": CITY_VERSION, "birth": format_time(birth)}) + "\n", encoding="utf-8")
    mark.unlink()
    return City(folder, birth)


def _read_state(path: Path) -> tuple[int, datetime]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return int(said["city"]), parse_time(said["birth"], where=str(path))
    except (ValueError, KeyError, TypeError) as exc:
        raise FormatError("is not the demonstration's note", where=str(path), hint="Move the folder away.") from exc


def _parts(folder: Path) -> list[Path]:
    store = folder / STORE_NAME
    beside = [store.with_suffix(f".{part}") for part in ("files", "keys", "audit")]
    return [*folder.glob(f"{STORE_NAME}*"), *(part for part in beside if part.exists())]


def _remove(folder: Path) -> None:
    for part in _parts(folder):
        shutil.rmtree(part) if part.is_dir() else part.unlink()
    (folder / STATE_NAME).unlink(missing_ok=True)
    (folder / MARK_NAME).unlink()


def _set_aside(folder: Path, version: int) -> None:
    number = 1
    while (aside := folder / f"old-{version}-{number}").exists():
        number += 1
    aside.mkdir()
    for part in [*_parts(folder), folder / STATE_NAME]:
        part.rename(aside / part.name)


def catch_up(t: Twin, found: list[Instrument], *, now: datetime, say: Say) -> None:
    """Fill the pause since the last reading with what the devices would have said."""
    newest = newest_reading(t)
    if newest is not None and newest < now:
        stored = fill(t, found, newest, now)
        say(f"bù {stored} số đo lúc nghỉ / filled {stored} readings of the pause")


def choose_port(asked: int | None) -> int:
    """The port asked for, else the usual one, else a free one."""
    if asked is not None:
        return asked
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", DEFAULT_PORT))
        except OSError:
            return free_port()
    return DEFAULT_PORT


@contextlib.contextmanager
def alive(city: City, settings: Settings, *, say: Say) -> Iterator[str]:
    """Serve the city with its devices speaking; gives the address once it is healthy."""
    with contextlib.ExitStack() as stack:
        t = stack.enter_context(open_twin(city.store))
        stack.enter_context(Owner(t.store))
        found = instruments(Programme(city.birth))
        catch_up(t, found, now=datetime.now(UTC), say=say)
        broker = stack.enter_context(own_broker())
        say(f"broker {broker.name} {broker.url}")
        ingest = Ingest(t, broker.url)
        round_size = _first_round(found, datetime.now(UTC))
        app = create_app(
            t, replace(settings, store=str(city.store)), ingest, readiness=[lambda: _heard(ingest, round_size)]
        )
        stack.enter_context(ingest)
        if not ingest.wait_subscribed():
            raise ExternalError("the connector could not subscribe to its own broker", where=broker.url)
        stack.enter_context(Simulation([i.live for i in found], broker.url))
        address = stack.enter_context(running(app, settings))
        _wait_heard(ingest, round_size)
        yield address


def _first_round(found: list[Instrument], now: datetime) -> int:
    """How many readings the first message of every device holds together."""
    speaking = [i for i in found if i.history_period_s]
    return sum(len(decoded(i.live, i.live.last_tick(now), i.properties).readings) for i in speaking)


FIRST_ROUND_SHARE = 0.95
"""Share of the first round's readings that must have come; a garbled message may be among them."""


def _heard(ingest: Ingest, readings: int) -> str:
    """What is missing before every instrument has spoken; empty when nothing is."""
    return "" if ingest.receipt().received >= FIRST_ROUND_SHARE * readings else "demonstration: first readings"


def _wait_heard(ingest: Ingest, readings: int) -> None:
    deadline = time.monotonic() + FIRST_ROUND_S
    while _heard(ingest, readings):
        if time.monotonic() > deadline:
            raise ExternalError(f"the devices' messages did not come within {FIRST_ROUND_S:.0f} s")
        time.sleep(0.05)


FIRST_ROUND_S = 30.0
"""Longest wait for the first round. [s]"""
