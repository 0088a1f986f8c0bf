"""Runs OGC's executable test suites against a twin of its own: ``make conformance [NAME=features|tiles|sta]``.

Prints one JSON line a suite (suite, version, passed, failed, skipped) and, on standard error, what failed and why.
A failed set-up step counts as a failed test. Exit status: 0 nothing failed, 1 something did, 2 a suite could not be
carried out. A suite that this machine cannot run at all (no Java, not to be had from Maven) is skipped in one line.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from xml.etree import ElementTree as ET

import morecantile

import twin
from api.app import create_app
from api.serve import running
from api.settings import Settings
from tests.conformance import town

HERE = Path(__file__).parent
TIME_LIMIT_S = 240
TILE_ZOOM = 11
LONGEST_REASON = 1000
PROGRAMS = ("java", "mvn")


class CannotRunError(Exception):
    """The suite cannot run here; the text says why."""


@dataclass(frozen=True)
class Part:
    """One run of a suite, on a twin of its own."""

    build: Callable[[Path], None]
    only: tuple[str, ...] = ()
    """Names of the suite's test groups that are run; all where empty."""
    excused: tuple[str, ...] = ()
    """Set-up or tidying steps whose failure says nothing of what is tested."""


@dataclass(frozen=True)
class Suite:
    """A suite of OGC and how it is told what to test; ``parameters`` takes the server's address."""

    artifact: str
    version: str
    controls: str
    """Where its TestNG file lies in its archive."""
    parameters: Callable[[str], dict[str, str]]
    parts: tuple[Part, ...]
    left_out: str = ""


@dataclass
class Counts:
    """Outcome of a suite."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    """What failed and why, with how often."""

    def __iadd__(self, other: Counts) -> Self:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.reasons += other.reasons
        return self


def features_parameters(server: str) -> dict[str, str]:
    return {"iut": f"{server}/ogc", "noofcollections": "-1"}


def tiles_parameters(server: str) -> dict[str, str]:
    """Tiles that lie within the wards, so that none is empty."""
    grid = morecantile.tms.get("WebMercatorQuad")
    tiles = list(grid.tiles(*town.EXTENT.tuple(), zooms=TILE_ZOOM))
    rows, columns = [tile.y for tile in tiles], [tile.x for tile in tiles]
    template = f"{server}/ogc/collections/wards/tiles/WebMercatorQuad/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
    return {
        "iut": f"{server}/ogc",
        "tilematrixsetdefinitionuri": "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad",
        "urltemplatefortiles": template,
        "tilematrix": str(TILE_ZOOM),
        "mintilerow": str(min(rows)),
        "maxtilerow": str(max(rows)),
        "mintilecol": str(min(columns)),
        "maxtilecol": str(max(columns)),
    }


def sta_parameters(server: str) -> dict[str, str]:
    return {"iut": f"{server}/sta/v1.1", "ics": "3"}


SUITES = {
    "features": Suite(
        "ets-ogcapi-features10",
        "1.9",
        "org/opengis/cite/ogcapifeatures10/testng.xml",
        features_parameters,
        (Part(town.build_town),),
    ),
    "tiles": Suite(
        "ets-ogcapi-tiles10",
        "1.2",
        "org/opengis/cite/ogcapitiles10/testng.xml",
        tiles_parameters,
        (Part(town.build_town),),
    ),
    "sta": Suite(
        "ets-sta10",
        "1.5",
        "org/opengis/cite/sta10/testng.xml",
        sta_parameters,
        (
            Part(town.build_town, only=("Conformance Level 1",)),
            # Level 3 writes its own data, counts on finding no other, and deletes it at the end.
            Part(town.build_empty, only=("Conformance Level 3",), excused=("deleteEverythings",)),
        ),
        left_out="Conformance Level 2 (create, update, delete): changing and deleting are not offered",
    ),
}


# -- getting a suite ----------------------------------------------------------------------------------------------


def classpath(suite: Suite, folder: Path) -> list[Path]:
    """The suite's archive and what it needs, from the local Maven repository or the registry."""
    out = folder / "classpath"
    command = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:build-classpath"]
    options = [f"-Dsuite={suite.artifact}", f"-Dsuite.version={suite.version}", f"-Dmdep.outputFile={out}"]
    try:
        done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        raise CannotRunError(f"Maven did not answer within {TIME_LIMIT_S} s") from None
    if done.returncode != 0:
        said = next((line for line in done.stdout.splitlines() if "ERROR" in line), "Maven failed")
        raise CannotRunError(f"not to be had from Maven; docs/conformance.md says how to build it ({said.strip()})")
    return [Path(entry) for entry in out.read_text(encoding="utf-8").strip().split(":")]


def controls(suite: Suite, archives: Sequence[Path], part: Part, parameters: dict[str, str]) -> bytes:
    """The suite's own TestNG file with our parameters, and only the groups that are asked for."""
    own = next(path for path in archives if path.name == f"{suite.artifact}-{suite.version}.jar")
    with zipfile.ZipFile(own) as archive:
        root = ET.fromstring(archive.read(suite.controls))
    return select(root, part.only, parameters)


def select(root: ET.Element, only: Sequence[str], parameters: dict[str, str]) -> bytes:
    """Keep the groups named in ``only`` (all where empty) and set the parameters."""
    groups = root.findall("test")
    absent = set(only) - {group.get("name") for group in groups}
    if absent:
        raise ValueError(f"the suite has no group {', '.join(sorted(absent))}")
    for group in groups:
        if only and group.get("name") not in only:
            root.remove(group)
    for parameter in root.findall("parameter"):
        root.remove(parameter)
    for place, (name, value) in enumerate(parameters.items()):
        root.insert(place, ET.Element("parameter", {"name": name, "value": value}))
    return b'<!DOCTYPE suite SYSTEM "https://testng.org/testng-1.0.dtd">\n' + ET.tostring(root)


# -- running it ---------------------------------------------------------------------------------------------------


@contextmanager
def dead_end() -> Iterator[int]:
    """A port at which nobody answers: the proxy for every address that is not this machine's own."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def run_part(suite: Suite, archives: Sequence[Path], part: Part, folder: Path) -> Counts:
    store = folder / "town.duckdb"
    part.build(store)
    settings = Settings(store=str(store), http_port=0, access="open")
    with twin.open(store) as t, running(create_app(t, settings), settings) as server, dead_end() as port:
        file = folder / "suite.xml"
        file.write_bytes(controls(suite, archives, part, suite.parameters(server)))
        # Sockets go through the proxy unless they lead to a loopback address.
        offline = ["-DsocksProxyHost=127.0.0.1", f"-DsocksProxyPort={port}", f"-Duser.home={folder}"]
        java = ["java", *offline, "-cp", ":".join(map(str, archives)), "org.testng.TestNG"]
        command = [*java, "-usedefaultlisteners", "true", "-d", str(folder / "out"), str(file)]
        said = subprocess.run(
            command, capture_output=True, text=True, timeout=TIME_LIMIT_S, cwd=folder, check=False, errors="replace"
        )
    results = folder / "out" / "testng-results.xml"
    if not results.exists():
        raise RuntimeError(f"{suite.artifact} left no results:\n{said.stdout[-3000:]}\n{said.stderr[-3000:]}")
    return count(ET.parse(results).getroot(), excused=part.excused)


def count(root: ET.Element, *, excused: Sequence[str] = ()) -> Counts:
    """Count a TestNG report; of set-up steps only those that failed."""
    counts = Counts()
    for method in root.iter("test-method"):
        status, name = method.get("status", ""), method.get("name", "")
        if method.get("is-config") == "true" and (status != "FAIL" or name in excused):
            continue
        counts.passed += status == "PASS"
        counts.skipped += status == "SKIP"
        counts.failed += status == "FAIL"
        if status == "FAIL":
            reason = " ".join((method.findtext("exception/message") or "no reason given").split())
            counts.reasons[f"{name}: {reason[:LONGEST_REASON]}"] += 1
    return counts


def run_suite(suite: Suite) -> Counts:
    counts = Counts()
    with tempfile.TemporaryDirectory(prefix="conformance-") as scratch:
        archives = classpath(suite, Path(scratch))
        for number, part in enumerate(suite.parts):
            folder = Path(scratch) / str(number)
            folder.mkdir()
            counts += run_part(suite, archives, part, folder)
    return counts


def main(names: Sequence[str]) -> int:
    unknown = set(names) - set(SUITES)
    if unknown:
        sys.stderr.write(f"NAME is one of: {' '.join(SUITES)}\n")
        return 2
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        sys.stderr.write(f"conformance skipped: {' and '.join(missing)} not installed\n")
        return 0
    worst = 0
    for name in names or SUITES:
        worst = max(worst, _report(name, SUITES[name]))
    return worst


def _report(name: str, suite: Suite) -> int:
    try:
        counts = run_suite(suite)
    except CannotRunError as exc:
        sys.stderr.write(f"{suite.artifact} {suite.version} skipped: {exc}\n")
        return 0
    except (RuntimeError, subprocess.TimeoutExpired) as exc:
        sys.stderr.write(f"{suite.artifact} {suite.version} could not be carried out: {exc}\n")
        return 2
    for reason, times in counts.reasons.items():
        sys.stderr.write(f"FAIL ×{times} {reason}\n")
    if suite.left_out:
        sys.stderr.write(f"{suite.artifact} left out: {suite.left_out}\n")
    figures = {"passed": counts.passed, "failed": counts.failed, "skipped": counts.skipped}
    line = {"suite": name, "version": f"{suite.artifact} {suite.version}", **figures}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    return 1 if counts.failed or not counts.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
