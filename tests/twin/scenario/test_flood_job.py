"""A flood run as a job: options that come back, and a result that is not computed twice."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from twin.core import Twin
from twin.errors import ParameterError
from twin.jobs.fence import FencedStore
from twin.jobs.queue import Queue
from twin.jobs.work import Task
from twin.scenario.flood_job import KIND, inputs_of, options_of, run
from twin.scenario.flood_options import FloodOptions

START = datetime(2026, 1, 1, tzinfo=UTC)
BASIN = "ncols 6\nnrows 4\nxllcorner 590000\nyllcorner 1270000\ncellsize 10\nNODATA_value -9999\n"
FULL = FloodOptions(
    START, "a.tif", "EPSG:9214", None, 2.0, 5.0, 20.0, "0.03", ("20",), ("1,2=3",), ("west:free",), "1,2,3,4", "wet",
    "Ướt", "Wet", 0.8, 0.001, 30.0, START, START,
)  # fmt: skip


@pytest.mark.parametrize("options", [FULL, FloodOptions(START), FloodOptions(START, lisflood=Path("case.par"))])
def test_options_come_back_from_a_jobs_inputs_as_they_were(options: FloodOptions) -> None:
    inputs: dict[str, Any] = inputs_of(options)
    assert options_of(inputs["options"]) == options


@pytest.mark.parametrize("given", [{}, {"start": "2026-01-01T00:00:00Z", "hours": True}, {"start": 5}, {"bogus": 1}])
def test_options_that_cannot_be_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        options_of(given)


def test_an_attempt_after_the_commit_tells_the_same_result_and_computes_nothing(
    t: Twin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "basin.asc").write_text(BASIN + "\n".join(["5 5 5 5 5 5"] * 4) + "\n")
    options = FloodOptions(START, "basin.asc", "EPSG:9214", hours=0.5, manning="0.03", rain=("60",), layer="wet")
    queue = Queue(t.store, {KIND.name: KIND})
    job = queue.submit(KIND.name, inputs_of(options, folder=tmp_path), t.viewer)

    def attempt() -> dict[str, Any]:
        taken = queue.claim(queue.get(job.id), "here:1:1")
        assert taken is not None
        fenced: Any = FencedStore(t.store, job.id, taken.attempt)
        steps = queue.steps(job.id)
        task = Task(job.id, KIND.name, taken.inputs, t.viewer, taken.attempt, fenced, tmp_path, steps, lambda *_: None)
        return run(task)

    first = attempt()
    # 60 mm/h for half an hour on 24 cells of 100 m².
    assert first["mass_balance"]["rain_m3"] == pytest.approx(72.0)
    assert first["times"] == ["2026-01-01T00:00:00Z", "2026-01-01T00:15:00Z", "2026-01-01T00:30:00Z"]
    queue.give_back(queue.get(job.id), pause_s=0, counts=True, message="", message_en="")
    (tmp_path / "basin.asc").unlink()
    assert attempt() == first
    assert len(queue.steps(job.id)) == 1
