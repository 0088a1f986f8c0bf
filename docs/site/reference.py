"""``python docs/site/reference.py FOLDER``: lay out the site's pages there, the reference made from the code.

The site's builder then only turns pages into HTML, so that it can be changed for another.
"""

from __future__ import annotations

import inspect
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

import twin.errors
from api.app import ROUTERS, STANDARDS
from api.cli import app
from api.problems import STATUS, TITLES
from api.settings import SETTINGS
from twin.model.record import KINDS

DOCS = Path(__file__).parents[1]

GUIDE = [
    "index.md",
    "first-steps.md",
    "architecture.md",
    "commands.md",
    "settings.md",
    "http.md",
]
PYTHON = {
    "The opened twin": ["twin.core"],
    "Views and rights": ["twin.model.view"],
    "Layers and features": ["twin.model.layer"],
    "Things and observations": ["twin.model.thing"],
    "Records and logs": ["twin.model.record"],
    "The store's contract": ["twin.store.base"],
    "Personal data": ["twin.files.vault", "twin.files.classes", "twin.files.retention", "twin.files.registry"],
    "Audit": ["twin.access.audit", "twin.access.audit_head"],
    "Simulation": ["twin.simulation.component", "twin.scenario.flood_spec", "twin.scenario.flood"],
    "Importing": ["layers.importing", "layers.report"],
}
"""Modules whose public names are for users, by page."""


def lay_out(folder: Path) -> None:
    """Copy the written pages, write the made ones and the navigation (``mkdocs.yml`` beside ``folder``)."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DOCS, folder, ignore=shutil.ignore_patterns("site"))
    made = pages()
    for name, text in made.items():
        place = folder / name
        place.parent.mkdir(exist_ok=True)
        place.write_text(text, encoding="utf-8")
    rooms = sorted(p.name for p in DOCS.glob("*.md") if p.name not in GUIDE)
    nav = [
        {"Guide": GUIDE},
        {"Rooms": rooms},
        {"Reference": [{text.splitlines()[0].removeprefix("# "): name} for name, text in made.items()]},
    ]
    written = (DOCS / "site" / "mkdocs.yml").read_text(encoding="utf-8")
    folder.with_name("mkdocs.yml").write_text(f"{written}nav: {json.dumps(nav)}\n", encoding="utf-8")


def pages() -> dict[str, str]:
    """Every page of the reference by its file name."""
    made = {
        "reference/commands.md": _commands(),
        "reference/settings.md": _settings(),
        "reference/routes.md": _routes(),
        "reference/errors.md": _errors(),
        "reference/records.md": _records(),
    }
    for title, modules in PYTHON.items():
        body = "\n\n".join(f"::: {module}" for module in modules)
        made[f"reference/python-{title.lower().replace(' ', '-').replace(chr(39), '')}.md"] = f"# {title}\n\n{body}\n"
    return made


def _commands() -> str:
    group = typer.main.get_command(app)
    lines = ["# Commands", ""]
    for path, command in _walk("twin", group):
        lines += [f"## `{path}`", "", (command.help or "").strip(), ""]
        options = [p for p in command.params if p.name != "help"]
        if options:
            lines += ["| | default | |", "| --- | --- | --- |"]
            lines += [_option(p) for p in options]
            lines.append("")
        if command.epilog:
            lines += [f"`{command.epilog.removeprefix('Example: ')}`", ""]
    return "\n".join(lines)


def _walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if not children:
        yield path, command
        return
    if command.callback is not None and path != "twin" and command.invoke_without_command:
        yield path, command
    for name, child in children.items():
        yield from _walk(f"{path} {name}", child)


def _option(parameter: Any) -> str:
    names = ", ".join(f"`{o}`" for o in parameter.opts) if parameter.param_type_name == "option" else parameter.name
    default = "" if parameter.default in (None, False, "") or callable(parameter.default) else f"`{parameter.default}`"
    about = (getattr(parameter, "help", "") or "").replace("|", "\\|")
    return f"| {names} | {default} | {about} |"


def _settings() -> str:
    lines = ["# Settings by name", "", "| variable | in `twin.toml` | default | |", "| --- | --- | --- | --- |"]
    for setting in SETTINGS.values():
        default = f"`{setting.default}`" if setting.default else ""
        lines.append(f"| `{setting.variable}` | `{setting.key}` | {default} | {setting.about} |")
    return "\n".join(lines) + "\n"


def _routes() -> str:
    lines = ["# Routes", "", "| method | path | |", "| --- | --- | --- |"]
    for router in (*STANDARDS, *ROUTERS):
        for route in router.routes:
            methods = sorted(getattr(route, "methods", None) or ())
            about = (inspect.getdoc(getattr(route, "endpoint", None)) or "").splitlines()
            lines.append(f"| {' '.join(methods)} | `{route.path}` | {about[0] if about else ''} |")
    return "\n".join(lines) + "\n"


def _errors() -> str:
    known = {c.kind: c for c in vars(twin.errors).values() if inspect.isclass(c) and hasattr(c, "kind")}
    lines = ["# Errors", "", "| `urn:twin:problem:…` | status | title | |", "| --- | --- | --- | --- |"]
    for kind, status in STATUS.items():
        about = (inspect.getdoc(known[kind]) or "").splitlines()[0] if kind in known else ""
        lines.append(f"| `{kind}` | {status} | {TITLES.get(kind, '')} | {about} |")
    return "\n".join(lines) + "\n"


def _records() -> str:
    lines = ["# Kinds of records", "", "| kind | old versions kept | what |", "| --- | --- | --- |"]
    lines += [f"| `{k.name}` | {'yes' if k.keeps_history else 'no'} | {k.about} |" for k in KINDS.values()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    lay_out(Path(sys.argv[1]))
