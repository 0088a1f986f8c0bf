"""A flood run as a job: options in, the run's report out, once, however often its worker is cut off."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from twin.core import over
from twin.errors import ParameterError
from twin.jobs.limits import Limits
from twin.jobs.model import JobKind, Priority, Step
from twin.jobs.work import Task
from twin.model.view import View
from twin.scenario.flood_options import FloodOptions
from twin.types import Json, format_time, parse_time

KIND: Final = JobKind(
    "flood",
    "twin.scenario.flood_job:run",
    "Tính ngập",
    "Flood run",
    priority=Priority.SIMULATION,
    limits=Limits(memory_mb=4096, cpu_s=6 * 3600, time_s=8 * 3600),
    resumes=True,
)
_COUNTS = frozenset({"stored", "revised", "duplicate", "ended"})
"""What the store adds to the report of a commit."""
_TIMES = frozenset({"start", "at", "known_at"})
_LISTS = frozenset({"rain", "inflow", "side"})
_NUMBERS = frozenset({"hours", "every_minutes", "cell_m", "theta", "min_flow_depth_m", "longest_gap_minutes"})


def inputs_of(options: FloodOptions, *, folder: Path | None = None) -> dict[str, Json]:
    """Inputs of a flood job; with ``folder`` the options may name files, from there."""
    out: dict[str, Json] = {}
    for option in fields(options):
        value = getattr(options, option.name)
        if value is None or value == option.default:
            continue
        if isinstance(value, datetime):
            out[option.name] = format_time(value)
        elif isinstance(value, tuple):
            out[option.name] = list(value)
        else:
            out[option.name] = str(value) if isinstance(value, Path) else value
    return {"options": out} if folder is None else {"options": out, "folder": str(folder)}


def options_of(given: Mapping[str, Any]) -> FloodOptions:
    """The options again, from JSON.

    Raises
    ------
    ParameterError
        If one is unknown, of another type, or ``start`` is missing.
    """
    known = {option.name for option in fields(FloodOptions)}
    if unknown := sorted(set(given) - known):
        raise ParameterError(f"a flood run has no option {unknown[0]!r}", hint=f"There are {', '.join(sorted(known))}.")
    if "start" not in given:
        raise ParameterError("a flood run needs its beginning", where="start", hint="Give it as RFC 3339.")
    return FloodOptions(**{name: _value(name, value) for name, value in given.items()})


def _value(name: str, value: object) -> Any:
    if name in _LISTS:
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            return tuple(value)
        raise ParameterError(f"{name} is a list of texts", where=name)
    if name in _NUMBERS:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        raise ParameterError(f"{value!r} is not a number", where=name)
    if not isinstance(value, str):
        raise ParameterError(f"{name} is a text", where=name)
    if name in _TIMES:
        return parse_time(value, where=name)
    return Path(value) if name == "lisflood" else value


def refuse_files(options: FloodOptions) -> None:
    """Raise ParameterError if an option names a file: who asks from elsewhere names layers, gauges and numbers."""
    if options.lisflood is not None:
        raise ParameterError("a case of files is run on the command line", where="lisflood")
    for name in ("terrain", "manning"):
        text = getattr(options, name)
        if text is not None and not _is_layer_or_number(text):
            raise ParameterError(f"{text!r} is neither a raster layer nor a number", where=name)
    words = [*options.rain, *(text.partition("=")[2] for text in options.inflow)]
    words += [text.split(":", 2)[2] for text in options.side if text.count(":") > 1]
    for text in words:
        if not text.startswith(("gauge:", "storm:")) and not _is_number(text):
            raise ParameterError(
                f"{text!r} is neither a number nor a gauge", hint="Files are read on the command line."
            )


def _is_layer_or_number(text: str) -> bool:
    return _is_number(text) or (text.isascii() and text.replace("_", "a").isalnum())


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def run(task: Task) -> dict[str, Json]:
    """Compute the flood; the result is where it is kept, and the run's report.

    What an earlier attempt kept is not computed again: its report lies with its commit.
    """
    if task.steps:
        return _known(task, task.steps[-1])
    # Loaded when needed: whoever only lists kinds of jobs does not need the component.
    from twin.scenario.flood import run_flood  # noqa: PLC0415
    from twin.scenario.flood_options import scenario_from_options  # noqa: PLC0415

    options = options_of(_dict(task.inputs["options"]))
    if "folder" in task.inputs:
        os.chdir(str(task.inputs["folder"]))
    else:
        refuse_files(options)
    task.progress(0.0, "Đang chuẩn bị số liệu", "Gathering inputs")
    scenario = scenario_from_options(options)
    done = run_flood(
        over(task.store, task.viewer),
        scenario,
        progress=lambda share: task.progress(share, "Đang tính ngập", "Computing"),
    )
    return _result(done.layer, done.source, done.report)


def _known(task: Task, step: Step) -> dict[str, Json]:
    kept = task.store.source(View(task.viewer), step.commit.source).report
    report = {name: value for name, value in kept.items() if name not in _COUNTS}
    layer = options_of(_dict(task.inputs["options"])).layer
    return _result(layer, step.commit.source, report)


def _result(layer: str, source: int, report: dict[str, Any]) -> dict[str, Json]:
    times = [output["time"] for output in report["outputs"] if output["layer"] == layer]
    return {"layer": layer, "max_layer": f"{layer}_max", "times": times, "source": source, **report}


def _dict(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ParameterError("a flood run needs options", where="options")
    return value
