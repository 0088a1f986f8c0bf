"""A process killed while it seals and forgets leaves nothing half done."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from twin.core import create, open_twin
from twin.files.datakeys import SafeSettings
from twin.files.vault import FORGOTTEN

PROGRAM = """
import sys
from twin.core import open_twin
from twin.files.datakeys import SafeSettings
with open_twin(sys.argv[1], safe=SafeSettings("", sys.argv[2])) as t:
    start = int(sys.argv[3])
    for n in range(start, start + 500):
        made = t.vault.seal(f"case:{n}", b"value %d" % n, retention="report_contact", by=f"case:{n}")
        print("sealed", n, made.digest, flush=True)
        if n % 2:
            print("asked", n, made.digest, flush=True)
            t.forget(f"case:{n}", reason="r")
            print("forgot", n, made.digest, flush=True)
"""
KILLS = 5


def killed_after(city: Path, second: Path, start: int, wait_s: float) -> list[tuple[str, int, str]]:
    """What the process said it had done before it was killed."""
    command = [sys.executable, "-c", PROGRAM, str(city), str(second), str(start)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(wait_s)
        process.send_signal(signal.SIGKILL)
        lines = [first, *process.stdout.readlines()]
    # The last line may have been cut off with the process.
    said = [line.split() for line in lines if line.endswith("\n")]
    return [(what, int(number), digest) for what, number, digest in said]


def test_killed_anywhere_what_was_sealed_is_there_and_what_was_forgotten_is_gone(tmp_path: Path) -> None:
    city, second = tmp_path / "city.duckdb", tmp_path / "second"
    create(city)
    draw = random.Random(7)
    forgotten: set[str] = set()
    for kill in range(KILLS):
        said = killed_after(city, second, kill * 1000, draw.uniform(0.02, 0.4))
        sealed = {digest: number for what, number, digest in said if what == "sealed"}
        asked = {digest for what, _, digest in said if what == "asked"}
        done = {digest for what, _, digest in said if what == "forgot"}
        with open_twin(city, safe=SafeSettings("", str(second))) as t:
            assert all(t.vault.read(digest) is None for digest in done)
            report = t.apply_retention()
            assert report.completed <= 1
            assert report.problems == ()
            deleted = t.vault.keys.deleted()
            assert not t.vault.keys.ids() & deleted.keys()
            for digest, number in sealed.items():
                allowed: set[bytes | None] = {None} if digest in asked else {b"value %d" % number}
                if digest in asked - done:  # it was killed in the middle: all or nothing
                    allowed.add(b"value %d" % number)
                assert t.vault.read(digest) in allowed
            forgotten |= done
            assert len(t.store.entries(FORGOTTEN)) == len(deleted) >= len(forgotten)
            assert t.store.check()["problems"] == []
            assert t.broken_files() == []
