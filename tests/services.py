"""Makes sure that the Debian packages the tests need are installed; run by ``make test`` before pytest.

As root it installs what is missing; otherwise it prints the one line that does, and fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
POLICY = Path("/usr/sbin/policy-rc.d")


@dataclass(frozen=True)
class Service:
    """A program that tests start themselves."""

    programs: tuple[str, ...]
    """Any one of them will do."""
    package: str
    needed_for: str


SERVICES = (
    Service(("mosquitto",), "mosquitto", "tests marked broker: the MQTT connector"),
    Service(("chromium", "chromium-browser", "google-chrome"), "chromium", "tests marked browser: the web application"),
)


def missing(find: Callable[[str], str | None] = lambda name: shutil.which(name, path=PATH)) -> list[Service]:
    """The services of which no program is found."""
    return [service for service in SERVICES if not any(map(find, service.programs))]


def install_command(services: Sequence[Service]) -> list[str]:
    return ["apt-get", "install", "-y", "--no-install-recommends", *(service.package for service in services)]


@contextmanager
def no_service_started() -> Iterator[None]:
    """Keep a package's own system service from starting: tests start theirs, on ports of their own."""
    made = not POLICY.exists()
    if made:
        POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
        POLICY.chmod(0o755)
    try:
        yield
    finally:
        if made:
            POLICY.unlink()


def install(services: Sequence[Service]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with no_service_started():
        subprocess.run(["apt-get", "update", "-qq"], check=True, env=environment)
        subprocess.run(install_command(services), check=True, env=environment, stdout=subprocess.DEVNULL)


def main() -> int:
    wanted = missing()
    if not wanted:
        return 0
    for service in wanted:
        sys.stderr.write(f"{service.programs[0]} is missing ({service.needed_for})\n")
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        sys.stderr.write(f"Install with: sudo {' '.join(install_command(wanted))}\n")
        return 1
    install(wanted)
    left = missing()
    for service in left:
        sys.stderr.write(f"{service.package} is installed, but no {' or '.join(service.programs)} is found\n")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
