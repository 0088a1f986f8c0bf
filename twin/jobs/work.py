"""What a kind of work is given: its inputs, the store behind the fence, and a way to say how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from twin.errors import CancelledError
from twin.jobs.model import Step
from twin.model.view import Viewer
from twin.store.base import Store
from twin.types import Json

Report = Callable[[float | None, str, str], None]
"""Gets the share done and what is being done, in Vietnamese and in English."""
_PAUSE_S = 0.2


@dataclass
class Task:
    """One attempt of a job, as the function that carries it out sees it.

    Parameters
    ----------
    store
        Reads everything; a write is refused once the job is not this attempt's any more.
    folder
        Empty, for files of passage; removed after the attempt however it ends.
    steps
        What earlier attempts committed. Work that writes must not do this again.
    """

    id: str
    kind: str
    inputs: dict[str, Json]
    viewer: Viewer
    attempt: int
    store: Store
    folder: Path
    steps: tuple[Step, ...]
    report: Report
    stopping: bool = False
    _said: float = field(default=0.0, repr=False)
    _text: str = field(default="", repr=False)

    def progress(self, share: float | None, message: str = "", message_en: str = "") -> None:
        """Say how far the work is (0 to 1); may be called as often as one likes. Raises as :meth:`check` does."""
        self.check()
        now = time.monotonic()
        if now - self._said >= _PAUSE_S or message != self._text:
            self._said, self._text = now, message
            self.report(share, message, message_en)

    def check(self) -> None:
        """Raise :class:`CancelledError` once the work is to stop."""
        if self.stopping:
            raise CancelledError("the work was stopped on request")


class Work(Protocol):
    """Carries out one kind of job.

    It writes through ``task.store`` only. What it returns is the job's result; an error of
    :class:`~twin.errors.TwinError` is its problem. ExternalError and StoreBusyError are tried again after a pause.
    """

    def __call__(self, task: Task, /) -> dict[str, Json]:
        """Do it."""
