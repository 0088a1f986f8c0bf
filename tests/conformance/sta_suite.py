"""The official SensorThings suite (ets-sta10) against a twin of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import httpx

import twin
from api.app import create_app
from api.serve import running
from api.settings import Settings
from api.sta.router import ROOT
from twin.core import create

HERE = Path(__file__).parent / "sta"
LIBRARIES = Path("build/conformance/sta")
VERSION = "1.5"
CORE, FILTERING = "sensingCore", "filteringExtension"
NEEDED = ("java", "mvn")


def run() -> dict[str, object]:
    """Fetch the suite, run the classes that are offered, count."""
    if lacking := [program for program in NEEDED if shutil.which(program) is None]:
        sys.exit(f"the SensorThings suite needs {' and '.join(lacking)}: apt-get install maven default-jre-headless")
    _fetch()
    counts: Counter[str] = Counter()
    for package in (CORE, FILTERING):
        with tempfile.TemporaryDirectory() as folder:
            counts += _run(package, Path(folder))
    return {
        "suite": "sta",
        "version": f"ets-sta10 {VERSION}",
        "passed": counts["PASS"],
        "failed": counts["FAIL"],
        "skipped": counts["SKIP"],
        "not_run": ["createUpdateDelete"],
    }


def _fetch() -> None:
    if not any(LIBRARIES.glob("ets-sta10-*.jar")):
        target = f"-DoutputDirectory={LIBRARIES.resolve()}"
        subprocess.run(["mvn", "-q", "-B", "-f", HERE / "pom.xml", "dependency:copy-dependencies", target], check=True)


def _run(package: str, folder: Path) -> Counter[str]:
    path = folder / "city.duckdb"
    create(path)
    settings = Settings(store=str(path), http_port=0)
    with twin.open(path) as t, running(create_app(t, settings), settings) as address:
        if package == CORE:
            _fill(address + ROOT)
        suite = folder / "suite.xml"
        text = (HERE / "suite.xml").read_text(encoding="utf-8")
        suite.write_text(text.replace("@IUT@", address + ROOT).replace("@PACKAGE@", package), encoding="utf-8")
        libraries = f"{LIBRARIES.resolve()}/*"
        command = ["java", "-cp", libraries, "org.testng.TestNG", "-usedefaultlisteners", "false", "-reporter"]
        command += ["org.testng.reporters.XMLReporter", "-d", folder, suite]
        subprocess.run(command, capture_output=True, check=False)
    return _count(folder / "testng-results.xml")


def _count(results: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    for method in ET.parse(results).iter("test-method"):
        if method.get("is-config") == "true":
            continue
        counts[method.get("status", "FAIL")] += 1
        message = method.findtext("exception/message")
        if message is not None:
            print(f"{method.get('name')}: {message.strip()}", file=sys.stderr)
    return counts


def _fill(root: str) -> None:
    """The core class reads what is there: one entity of each set, every property with a value."""
    place = {"type": "Point", "coordinates": [106.9, 11.5]}
    observation = {
        "phenomenonTime": "2026-01-01T00:00:00Z",
        "resultTime": "2026-01-01T00:00:05Z",
        "result": 1.5,
        "parameters": {"tube": 1},
    }
    stream = {
        "name": "level",
        "description": "water level",
        "observationType": "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement",
        "unitOfMeasurement": {"name": "metre", "symbol": "m", "definition": "ucum:m"},
        "Sensor": {"name": "radar", "description": "radar", "encodingType": "text/html", "metadata": "about:radar"},
        "ObservedProperty": {"name": "water level", "description": "level", "definition": "about:level"},
        "Observations": [observation],
    }
    thing = {
        "name": "gauge",
        "description": "gauge at the bridge",
        "properties": {"height": 4.5},
        "Locations": [
            {"name": "bridge", "description": "bridge", "encodingType": "application/geo+json", "location": place}
        ],
        "Datastreams": [stream],
    }
    httpx.post(f"{root}/Things", json=thing).raise_for_status()
