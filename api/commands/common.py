"""What every command shares: options, the opened twin, output for people and for programs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from api.params import parse_moment
from api.settings import Settings, load
from twin.core import Twin, open_twin
from twin.types import LOCAL, format_time

GOOD, BAD, FAILED = 0, 1, 2
"""Exit status: good; the answer is bad; the call is wrong or could not be carried out."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Store = Annotated[str | None, typer.Option("--store", help="Path of the twin; else TWIN_STORE, else ./twin.duckdb.")]
At = Annotated[str | None, typer.Option("--at", help="Valid time, RFC 3339; default now.")]
KnownAt = Annotated[str | None, typer.Option("--known-at", help="Recorded time, RFC 3339; default all that is known.")]


def settings_of(store: str | None) -> Settings:
    """Settings from the environment and ``twin.toml``, with another store if one is named."""
    settings = load(os.environ, folder=Path.cwd())
    return replace(settings, store=store) if store else settings


@contextlib.contextmanager
def opened(store: str | None) -> Iterator[Twin]:
    """The twin of the settings, opened directly or through the process that owns it."""
    settings = settings_of(store)
    with open_twin(settings.store, safe=settings.safe) as t:
        yield t


def stop_on_terminate() -> None:
    """Let a request to end (SIGTERM) stop the program as Ctrl+C does: everything is closed properly."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def moment(text: str | None, option: str) -> datetime | None:
    """Time of an option."""
    return parse_moment(text, where=option)


def print_json(body: object) -> None:
    """Print JSON in one line."""
    sys.stdout.write(json.dumps(body, ensure_ascii=False, default=_plain) + "\n")
    sys.stdout.flush()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_time(value)
    return str(value)


def say(text: str) -> None:
    """Print a line for people."""
    _console().print(text, markup=False, highlight=False, soft_wrap=True)


def say_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table for people."""
    table = Table(box=None, pad_edge=False)
    for name in head:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    _console().print(table)


@contextlib.contextmanager
def working(text: str, *, quiet: bool) -> Iterator[None]:
    """Show on a terminal that something of unknown length is under way."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield
        return
    with console.status(text):
        yield


def local_time(value: datetime | None) -> str:
    """A time as people here write it, in Viet Nam's time wherever the machine is."""
    return "" if value is None else value.astimezone(LOCAL).strftime("%d/%m/%Y %H:%M")


def local_end(value: datetime | None) -> str:
    """When something is due; a term that ends with a day (Civil Code 2015, Art. 148) names that day."""
    local = None if value is None else value.astimezone(LOCAL)
    if local is not None and local.time() == time():
        return f"hết {local - timedelta(days=1):%d/%m/%Y}"
    return local_time(local)


def _console() -> Console:
    return Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160)
