"""Kinds of work that the tests of jobs let workers do."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from shapely.geometry import Point

from twin.errors import CancelledError, ExternalError, FormatError
from twin.jobs.limits import Limits
from twin.jobs.model import JobKind, Priority
from twin.jobs.work import Task
from twin.model.layer import FeatureChange, Source

SMALL = Limits(memory_mb=400, cpu_s=60, time_s=60)


def add(task: Task) -> dict[str, Any]:
    """One commit: a feature named after the job; an attempt that follows says what was done."""
    marks = Path(task.inputs["marks"]) if "marks" in task.inputs else None
    if marks:
        (marks / f"attempt-{task.attempt}").touch()
    if task.steps:
        return {"seq": task.steps[0].commit.seq, "attempt": task.steps[0].attempt, "told_by": task.attempt}
    for part in range(int(task.inputs.get("parts", 1))):
        task.progress(part / 10, f"phần {part}", f"part {part}")
        time.sleep(float(task.inputs.get("pause_s", 0)))
    # A feature with an id of its own: done twice it would be there twice.
    fid = f"{task.id}-{os.urandom(4).hex()}"
    change = FeatureChange(fid, Point(106.9, 11.5), {"name": task.id})
    commit = task.store.write_features("effects", [change], Source("user", "job"))
    time.sleep(float(task.inputs.get("after_s", 0)))
    return {"seq": commit.seq, "attempt": task.attempt, "told_by": task.attempt}


def add_without_looking(task: Task) -> dict[str, Any]:
    task.store.add_source(Source("user", f"first of {task.id}"))
    time.sleep(30)
    return {}


def late(task: Task) -> dict[str, Any]:
    """Ignores that it is to stop, and writes all the same."""
    try:
        Path(task.inputs["ready"]).touch()
        time.sleep(30)
    except CancelledError:
        pass
    task.store.add_source(Source("user", "too late"))
    return {}


def sleep(task: Task) -> dict[str, Any]:
    task.progress(0.5, "đang ngủ", "asleep")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    task.progress(0.6, str(child.pid), str(child.pid))
    time.sleep(60)
    return {}


def leave_the_group(task: Task) -> dict[str, Any]:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    task.progress(0.6, str(child.pid), str(child.pid))
    time.sleep(float(task.inputs["pause_s"]))
    return {"child": child.pid}


def refuse(task: Task) -> dict[str, Any]:
    raise FormatError("this is no map", where="x.geojson", hint="Send another.")


def raise_something(task: Task) -> dict[str, Any]:
    raise KeyError("nobody foresaw this")


def fail_outside(task: Task) -> dict[str, Any]:
    raise ExternalError("the server outside does not answer")


def eat_memory(task: Task) -> dict[str, Any]:
    eaten = []
    while True:
        eaten.append(bytearray(32 << 20))


def eat_memory_in_a_child(task: Task) -> dict[str, Any]:
    program = "x = []\nwhile True: x.append(bytearray(32 << 20))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    return {"status": done.returncode, "last": done.stderr.strip().rpartition("\n")[2]}


def burn(task: Task) -> dict[str, Any]:
    while True:
        pass


def crash(task: Task) -> dict[str, Any]:
    ctypes.string_at(0)
    return {}


def chatter(task: Task) -> dict[str, Any]:
    sys.stdout.write("x" * 300_000)
    sys.stderr.write("y" * 300_000)
    return {"said": True, "temporary": os.environ["TMPDIR"], "large": "z" * 300_000}


def _kind(name: str, function: str | None = None, **more: Any) -> JobKind:
    given = {"limits": SMALL, **more}
    return JobKind(name, f"jobs_for_tests:{function or name}", f"Việc {name}", f"Work {name}", **given)


KINDS = {
    kind.name: kind
    for kind in (
        _kind("add", resumes=True),
        _kind("add_without_looking"),
        _kind("late"),
        _kind("sleep"),
        _kind("leave_the_group"),
        _kind("refuse"),
        _kind("raise_something"),
        _kind("fail_outside", retries=1),
        _kind("eat_memory"),
        _kind("eat_memory_in_a_child"),
        _kind("burn_cpu", "burn", limits=Limits(memory_mb=400, cpu_s=1, time_s=60)),
        _kind("burn_time", "burn", limits=Limits(memory_mb=400, cpu_s=60, time_s=1)),
        _kind("crash"),
        _kind("chatter"),
        _kind("urgent", "sleep", priority=Priority.WARNING),
    )
}
