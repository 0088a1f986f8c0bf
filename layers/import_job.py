"""An import as a job: the same report, once, however often its worker is cut off."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from layers.importing import import_with
from layers.options import ImportOptions
from twin.core import over
from twin.jobs.limits import Limits
from twin.jobs.model import JobKind, JobProblem, Priority, Step
from twin.jobs.work import Task
from twin.model.view import View
from twin.types import Json

KIND: Final = JobKind(
    "import",
    "layers.import_job:run",
    "Nhập dữ liệu",
    "Import",
    priority=Priority.NORMAL,
    limits=Limits(memory_mb=4096, cpu_s=3600, time_s=7200),
    resumes=True,
)


def inputs_of(options: ImportOptions, *, name: str, file: str = "", path: Path | None = None) -> dict[str, Json]:
    """Inputs of an import job: a kept file by its SHA-256, or one that lies where the worker can read it."""
    where: dict[str, Json] = {"path": str(path)} if path is not None else {"file": file}
    return {**where, "name": name, "options": options.as_inputs()}


def run(task: Task) -> dict[str, Json]:
    """Import the file; the result is the report.

    What an earlier attempt committed is not done again: its report, or its refusal, lies with its commit.
    """
    if task.steps:
        return _known(task, task.steps[-1])
    inputs: dict[str, Any] = task.inputs
    options = ImportOptions.of_inputs(inputs["options"])
    t = over(task.store, task.viewer)
    path = Path(inputs["path"]) if "path" in inputs else _named(task, t.files.path(inputs["file"]))
    return import_with(t, path, options, name=inputs["name"], progress=task.progress).as_dict()


def _named(task: Task, kept: Path) -> Path:
    """A kept file under the name its sender gave it: companions and readers go by names."""
    link = task.folder / "in" / str(task.inputs["name"])
    link.parent.mkdir()
    link.symlink_to(kept.absolute())
    return link


def _known(task: Task, step: Step) -> dict[str, Json]:
    commit = step.commit
    report: dict[str, Any] = task.store.source(View(task.viewer), commit.source).report
    if refused := report.get("refused"):
        raise JobProblem(**refused).error()
    counts: dict[str, Json] = {"stored": commit.stored, "revised": commit.revised, "duplicate": commit.duplicate}
    return {
        **report, **counts, "ended": commit.ended, "ok": not report["rejected"], "commit": commit.seq,
        "source": commit.source,
    }  # fmt: skip
