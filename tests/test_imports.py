"""Who may import whom. This table is the source of truth; the walk below enforces it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

ROOMS: dict[str, set[str]] = {
    "twin": set(),
    "sensors": {"twin"},
    "layers": {"twin"},
    "bim": {"layers", "twin"},
    "ingestion": {"sensors", "twin"},
    "api": {"bim", "ingestion", "layers", "sensors", "twin"},
}

# Floors inside `twin`, lowest first; a module imports from its own floor and those below.
FLOORS: list[set[str]] = [
    {"errors", "types", "units", "settings", "keys", "signing"},
    {"geo"},
    {"model"},
    {"store"},
    {"files"},
    {"access", "law"},
    {"jobs", "cases"},
    {"core"},
    {"simulation", "scenario", "documents", "__init__"},
]

# Foreign libraries that may be imported in one place only.
ONLY_IN: dict[str, tuple[str, ...]] = {
    "ifcopenshell": ("bim/ifc/", "api/demo/"),
    "duckdb": ("twin/store/embedded/",),
    "psycopg": ("twin/store/postgres/",),
    "fastapi": ("api/",),
    "typer": ("api/",),
}


def python_files() -> list[Path]:
    return sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py") if "node_modules" not in p.parts)


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the full name"
            names.add(node.module or "")
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("path", python_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_follow_the_table(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    for name in imported(path):
        top = name.split(".")[0]
        if top in ROOMS and top != room:
            assert top in ROOMS[room], f"{room} may not import {name}"


def floor_of(part: str) -> int:
    for level, names in enumerate(FLOORS):
        if part in names:
            return level
    raise AssertionError(f"twin/{part} stands on no floor; add it to FLOORS")


@pytest.mark.parametrize(
    "path",
    [p for p in python_files() if p.is_relative_to(ROOT / "twin")],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_twin_imports_only_its_own_floor_and_below(path: Path) -> None:
    own = floor_of(path.relative_to(ROOT / "twin").parts[0].removesuffix(".py"))
    for name in imported(path):
        parts = name.split(".")
        if (
            parts[0] == "twin"
            and len(parts) > 1
            and (ROOT / "twin" / parts[1]).exists() | (ROOT / "twin" / f"{parts[1]}.py").exists()
        ):
            assert floor_of(parts[1]) <= own, f"{path.relative_to(ROOT)} may not import {name}"


@pytest.mark.parametrize("path", python_files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_some_libraries_are_met_in_one_place(path: Path) -> None:
    where = path.relative_to(ROOT).as_posix()
    for name in imported(path):
        allowed = ONLY_IN.get(name.split(".")[0])
        assert allowed is None or where.startswith(allowed), f"{where} may not import {name}"
