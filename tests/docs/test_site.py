"""The documentation: its examples run and print what it says, its reference holds all there is, nothing is fetched."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sybil.document import Document
from sybil.parsers.markdown import CodeBlockParser

from api.problems import STATUS
from api.settings import SETTINGS
from twin.model.record import KINDS

ROOT = Path(__file__).parents[2]
WITH_EXAMPLES = ["docs/first-steps.md"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    build = tmp_path_factory.mktemp("site")
    lay_out = [sys.executable, "docs/site/reference.py", str(build / "docs")]
    made = subprocess.run(lay_out, cwd=ROOT, env={"PYTHONPATH": "."}, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    config = (build / "mkdocs.yml").read_text().replace("paths: [..]", f"paths: ['{ROOT}']")
    (build / "mkdocs.yml").write_text(config)
    tool = [str(Path(sys.executable).with_name("zensical")), "build", "--strict", "-f", str(build / "mkdocs.yml")]
    done = subprocess.run(tool, cwd=build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return build / "site"


def test_the_reference_holds_every_setting_error_record_and_command(site: Path) -> None:
    def page(name: str) -> str:
        return (site / "reference" / f"{name}.html").read_text(encoding="utf-8")

    assert all(name in page("settings") for name in SETTINGS)
    assert all(f"<code>{kind}</code>" in page("errors") for kind in STATUS)
    assert all(f"<code>{kind}</code>" in page("records") for kind in KINDS)
    assert all(f"<code>twin {name}</code>" in page("commands") for name in ("import", "ingest replay", "audit verify"))
    assert "/app/lookup" in page("routes")
    assert "write_records" in page("python-the-stores-contract")


def test_the_site_fetches_nothing_from_elsewhere(site: Path) -> None:
    for path in site.rglob("*.html"):
        fetched = re.findall(r"<(?:script|img|iframe|source)[^>]+src=[\"']?(https?:[^\"' >]+)", path.read_text())
        fetched += re.findall(r"<link[^>]+rel=\"(?:stylesheet|preload)\"[^>]+href=\"(https?:[^\"]+)", path.read_text())
        assert fetched == [], path


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_every_example_runs_and_prints_what_the_page_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (ROOT / name).read_text(encoding="utf-8")
    printed, ran = "", 0

    def remember(example: object) -> None:
        nonlocal printed, ran
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(example.parsed, name, "exec"), namespace)  # type: ignore[attr-defined]
        printed, ran = out.getvalue(), ran + 1

    def compare(example: object) -> None:
        assert printed == example.parsed  # type: ignore[attr-defined]

    namespace: dict[str, object] = {}
    document = Document(text, name)
    parsers = [CodeBlockParser("python", remember), CodeBlockParser("text", compare)]
    for region in sorted((r for parser in parsers for r in parser(document)), key=lambda r: r.start):
        document.add(region)
    for example in document.examples():
        example.evaluate()
    assert ran == text.count("```python") > 0
