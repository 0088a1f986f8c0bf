"""Runs an official OGC API suite (TestNG) against a small twin of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from shapely.geometry import Point, box

import twin
from api.app import create_app
from api.serve import running
from api.settings import Settings
from twin.core import Twin, create
from twin.model.layer import FeatureChange, Field, FieldType, Layer, LayerKind, Source
from twin.model.view import Access

HERE = Path(__file__).parent
LIBRARIES = Path("build/conformance")
NEEDED = ("java", "mvn")
DAY = datetime(2026, 1, 1, tzinfo=UTC)


def run_suite(name: str, version: str) -> dict[str, object]:
    """Fetch the suite of that folder, run it, count."""
    if lacking := [program for program in NEEDED if shutil.which(program) is None]:
        sys.exit(f"the suite needs {' and '.join(lacking)}: apt-get install maven default-jre-headless")
    artifact = f"ets-ogcapi-{name}10"
    libraries = LIBRARIES / name
    if not any(libraries.glob(f"{artifact}-*.jar")):
        target = f"-DoutputDirectory={libraries.resolve()}"
        command = ["mvn", "-q", "-B", "-f", HERE / name / "pom.xml", "dependency:copy-dependencies", target]
        subprocess.run(command, check=True)
    with tempfile.TemporaryDirectory() as folder:
        counts = _run(name, libraries, Path(folder))
    return {
        "suite": name,
        "version": f"{artifact} {version}",
        "passed": counts["PASS"],
        "failed": counts["FAIL"],
        "skipped": counts["SKIP"],
    }


def _fill(t: Twin) -> None:
    """Parcels and events in a town, and one of each everywhere: the suite asks for boxes all over the world."""
    name = Field("name", FieldType.STRING, "Tên", "Name")
    world = box(-180, -90, 180, 90)
    parcels = [
        FeatureChange(f"p{i}", box(106.9 + i / 1000, 11.5, 106.901 + i / 1000, 11.501), {"name": f"Thửa {i}"}, DAY)
        for i in range(25)
    ]
    events = [FeatureChange("e1", Point(106.9, 11.5), {"name": "Xe dừng"}, DAY, DAY)]
    for layer, changes in (
        (Layer("parcels", "Thửa đất", geometry_type="Polygon", access=Access.PUBLIC, fields=(name,)), parcels),
        (Layer("sightings", "Sự kiện", kind=LayerKind.EVENT, access=Access.PUBLIC, fields=(name,)), events),
    ):
        t.store.put_layer(layer)
        end = DAY if layer.kind is LayerKind.EVENT else None
        everywhere = FeatureChange("everywhere", world, {"name": "Khắp nơi"}, DAY, end)
        t.store.write_features(layer.name, [*changes, everywhere], Source("user", "conformance"))
    t.store.put_layer(Layer("depth", "Độ sâu", kind=LayerKind.RASTER, geometry_type="", access=Access.PUBLIC))
    t.store.put_layer(Layer("hidden", "Nội bộ", geometry_type="Point"))


def _run(name: str, libraries: Path, folder: Path) -> Counter[str]:
    path = folder / "city.duckdb"
    create(path)
    settings = Settings(store=str(path), http_port=0, access="closed")
    with twin.open(path) as t, running(create_app(t, settings), settings) as address:
        _fill(t)
        suite = folder / "suite.xml"
        text = (HERE / name / "suite.xml").read_text(encoding="utf-8")
        suite.write_text(text.replace("@IUT@", f"{address}/ogc"), encoding="utf-8")
        command = ["java", "-cp", _class_path(libraries), "org.testng.TestNG", "-usedefaultlisteners", "false"]
        command += ["-reporter", "org.testng.reporters.XMLReporter", "-d", folder, suite]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    results = folder / "testng-results.xml"
    if not results.is_file():
        sys.exit(f"the {name} suite did not run: {done.stderr[-2000:]}")
    return _count(results)


def _class_path(libraries: Path) -> str:
    """Hamcrest before everything: an old JUnit that comes along holds an older copy of it."""
    first = [str(path.resolve()) for path in sorted(libraries.glob("hamcrest-2*.jar"))]
    return ":".join([*first, f"{libraries.resolve()}/*"])


def _count(results: Path) -> Counter[str]:
    counts: Counter[str] = Counter()
    for method in ET.parse(results).iter("test-method"):
        if method.get("is-config") == "true":
            continue
        status = method.get("status", "FAIL")
        counts[status] += 1
        message = method.findtext("exception/message")
        if status != "PASS":
            text = (message or "").strip()
            print(f"{status} {method.get('signature', '').partition('[')[0]}: {text}", file=sys.stderr)
    return counts
