"""An import as a job: once, with the same report, wherever its worker is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import twin
from layers.import_job import KIND, inputs_of, run
from layers.join import Join
from layers.options import ImportOptions
from twin.core import Twin, create
from twin.errors import CrsError, FormatError, ParameterError, TimeError, TwinError
from twin.jobs.fence import FencedStore
from twin.jobs.model import Job
from twin.jobs.queue import Queue
from twin.jobs.work import Task
from twin.model.view import Access

ROWS = "id,name,lon,lat\n1,a,106.9,11.5\n2,b,106.91,11.51\n3,c,106.92,\n"


@pytest.fixture
def t(tmp_path: Path) -> Iterator[Twin]:
    create(tmp_path / "city.duckdb")
    with twin.open(tmp_path / "city.duckdb") as opened:
        yield opened


class Attempts:
    """Attempts of one job, made in this process behind the fence."""

    def __init__(self, t: Twin, inputs: dict[str, Any], folder: Path) -> None:
        self.t = t
        self.folder = folder
        self.queue = Queue(t.store, {KIND.name: KIND})
        self.job = self.queue.submit(KIND.name, inputs, t.viewer).id
        self.said: list[tuple[float | None, str]] = []

    def task(self) -> Task:
        """The next attempt; the one before is given up."""
        job: Job = self.queue.get(self.job)
        if job.attempt:
            self.queue.give_back(job, pause_s=0, counts=True, message="", message_en="")
        taken = self.queue.claim(self.queue.get(self.job), "here:1:1")
        assert taken is not None
        (self.folder / str(taken.attempt)).mkdir()
        fenced: Any = FencedStore(self.t.store, self.job, taken.attempt)
        return Task(
            self.job, KIND.name, taken.inputs, taken.by, taken.attempt, fenced, self.folder / str(taken.attempt),
            self.queue.steps(self.job), lambda share, _, text: self.said.append((share, text)),
        )  # fmt: skip


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "wells.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


OPTIONS = ImportOptions(
    "wells", crs="EPSG:4326", id_field="id", decision="12/QĐ", valid_from=datetime(2026, 1, 1, tzinfo=UTC)
)


def test_a_job_gives_the_report_of_an_import(t: Twin, table: Path, tmp_path: Path) -> None:
    attempts = Attempts(t, inputs_of(OPTIONS, name="wells.csv", path=table), tmp_path)
    report = run(attempts.task())
    assert (report["stored"], report["rejected"], report["decision"]) == (2, 1, "12/QĐ")
    assert [text for _, text in attempts.said] == ["Reading the file", "Checking 3 records", "Writing 2 features"]


def test_an_attempt_after_the_commit_tells_the_same_report_and_changes_nothing(
    t: Twin, table: Path, tmp_path: Path
) -> None:
    attempts = Attempts(t, inputs_of(OPTIONS, name="wells.csv", path=table), tmp_path)
    first = run(attempts.task())
    again = attempts.task()
    table.unlink()  # it is not even read again
    seq = t.store.last_seq()
    assert run(again) == first
    assert t.store.last_seq() == seq
    assert len(attempts.queue.steps(attempts.job)) == 1


def test_an_attempt_after_a_stored_refusal_refuses_in_the_same_words(t: Twin, tmp_path: Path) -> None:
    (tmp_path / "empty.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    attempts = Attempts(
        t, inputs_of(ImportOptions("x"), name="empty.geojson", path=tmp_path / "empty.geojson"), tmp_path
    )
    errors = []
    for _ in range(2):
        with pytest.raises(FormatError) as caught:
            run(attempts.task())
        errors.append((caught.type, str(caught.value)))
    assert errors[0] == errors[1]
    assert len(t.store.sources(t.view())) == 1


def test_an_attempt_that_was_given_up_cannot_import(t: Twin, table: Path, tmp_path: Path) -> None:
    attempts = Attempts(t, inputs_of(OPTIONS, name="wells.csv", path=table), tmp_path)
    late = attempts.task()
    attempts.task()
    with pytest.raises(TwinError, match="attempt is 2, not 1"):
        run(late)
    assert t.layers() == []


def test_a_kept_file_is_read_under_the_name_its_sender_gave_it(t: Twin, table: Path, tmp_path: Path) -> None:
    attempts = Attempts(t, inputs_of(OPTIONS, name="giếng.csv", file=t.files.put(table)), tmp_path)
    assert run(attempts.task())["file"] == "giếng.csv"


@pytest.mark.parametrize(
    "options",
    [
        ImportOptions("x"),
        OPTIONS,
        ImportOptions(
            "x", "EPSG:9210", "id", True, "1", datetime(2026, 1, 1, tzinfo=UTC), "T", "E", Access.PUBLIC, "g", "t",
            "a", "b", "m", Join(Path("/j.csv"), "k", "l", ("n", "m")),
        ),
    ],
)  # fmt: skip
def test_options_come_back_from_a_jobs_inputs_as_they_were(options: ImportOptions) -> None:
    assert ImportOptions.of_inputs(options.as_inputs()) == options


@pytest.mark.parametrize(
    ("inputs", "error"),
    [
        ({}, ParameterError), ({"layer": "x", "bogus": 1}, ParameterError), ({"layer": "Bad Name"}, TwinError),
        ({"layer": "x", "crs": "EPSG:99999"}, CrsError), ({"layer": "x", "valid_from": "2026-01-01T00:00"}, TimeError),
    ],
)  # fmt: skip
def test_options_that_cannot_be_are_refused(inputs: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        ImportOptions.of_inputs(inputs)
