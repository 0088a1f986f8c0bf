"""``python -m api.demo [FOLDER]``: set up and run the demonstration city until interrupted."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from api.logs import configure
from api.settings import Settings, load
from twin.errors import TwinError

_FOLDER = "demo"


def main() -> int:
    """Run; exit status 0 when interrupted, 2 when it could not begin."""
    options = argparse.ArgumentParser(prog="python -m api.demo", description="Run the demonstration city.")
    options.add_argument(
        "folder", nargs="?", default=_FOLDER, type=Path, help="where it is kept (default: %(default)s)"
    )
    folder = options.parse_args().folder
    began = time.monotonic()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: _interrupt(stop))

    def say(text: str) -> None:
        sys.stdout.write(f"[{time.monotonic() - began:5.1f} s] {text}\n")
        sys.stdout.flush()

    try:
        _run(folder, say, stop)
    except KeyboardInterrupt:
        say("dừng / stopped")
    except TwinError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _interrupt(stop: threading.Event) -> None:
    """A first signal ends the run in order; before the city is up it ends the build."""
    if stop.is_set():
        return
    stop.set()
    raise KeyboardInterrupt


def _run(folder: Path, say: Callable[[str], None], stop: threading.Event) -> None:
    from api.demo.runtime import alive, choose_port, prepare  # noqa: PLC0415  a second before the first word

    say("Đồng Xoài thu nhỏ: dữ liệu tổng hợp, không phải số liệu thật / synthetic data, not real figures")
    asked = load(os.environ, folder=Path.cwd())
    configure(asked.log, asked.log_level)
    port = choose_port(asked.http_port if "TWIN_HTTP_PORT" in os.environ else None)
    # The city has a store, a broker, a name and a place of its own.
    own = Settings()
    settings = replace(
        asked, http_host="127.0.0.1", http_port=port, access=asked.access or "open",
        store=own.store, mqtt_url=own.mqtt_url, title=own.title, title_en=own.title_en, bbox=own.bbox,
    )  # fmt: skip
    city = prepare(folder, now=datetime.now(UTC), say=say)
    with alive(city, settings, say=say) as address:
        say(f"thành phố đang sống ở / the city lives at  {address}   (Ctrl-C: dừng / stop)")
        while not stop.wait(3600):
            pass


if __name__ == "__main__":
    sys.exit(main())
