"""Small chores a running server does by itself, each at its own pace; heavy or long work is a job instead.

A chore is a plain function of the opened twin and the time. One that fails is logged, shown by ``twin doctor`` and
tried again at its next turn; it stops neither the others nor the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool

from twin.core import Twin

log = logging.getLogger(__name__)

_BEAT_S = 1.0


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do every ``every_s`` seconds, first when the server starts. ``run`` may be called again at once."""

    name: str
    every_s: float
    run: Callable[[Twin, datetime], object]


class Housekeeping:
    """Does chores beside the server until it is stopped."""

    def __init__(self, t: Twin, chores: Sequence[Chore]) -> None:
        self._twin = t
        self._chores = tuple(chores)
        self._task: asyncio.Task[None] | None = None
        self.failing: dict[str, str] = {}
        """Chores whose last turn failed, with the error's text."""

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._work(), name="housekeeping")

    async def stop(self) -> None:
        """End, after the chore that is being done."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _work(self) -> None:
        due = dict.fromkeys(self._chores, 0.0)
        clock = asyncio.get_running_loop().time
        while True:
            for chore in self._chores:
                if clock() >= due[chore]:
                    # A chore already begun is not left half done when the server stops.
                    await asyncio.shield(run_in_threadpool(self._do, chore))
                    due[chore] = clock() + chore.every_s
            await asyncio.sleep(_BEAT_S)

    def _do(self, chore: Chore) -> None:
        try:
            chore.run(self._twin, datetime.now(UTC))
        except Exception as exc:
            if chore.name not in self.failing:
                log.exception("chore %s failed", chore.name)
            self.failing[chore.name] = f"{type(exc).__name__}: {exc}"
        else:
            self.failing.pop(chore.name, None)
