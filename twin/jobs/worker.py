"""The process that does one job: bounds itself, does it, says how it ended.

Run as ``python -m twin.jobs.worker`` by a runner, with an order in JSON on standard input. It says how far it is and
how it ended in lines of JSON on the descriptor that the order names. It reaches the store through the runner's socket
and never opens the twin's file, so that the file is free for the next owner whatever becomes of this process.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Final, NoReturn, cast

from twin.errors import CancelledError, InternalError, TwinError
from twin.jobs.limits import Limits, die_with, limit

OUT_OF_MEMORY: Final = 4
"""Exit status after MemoryError."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a runner tells a worker."""

    job: str
    kind: str
    attempt: int
    run: str
    inputs: dict[str, Any]
    by: dict[str, Any]
    limits: dict[str, int]
    twin: str
    """Path of the twin's store."""
    socket: str
    """Where the runner listens for this attempt."""
    folder: str
    answer: int
    """Descriptor for what the worker says."""
    runner: int
    """Process id of the runner."""
    nice: int

    def as_json(self) -> str:
        """The order as JSON."""
        return json.dumps(asdict(self))


class Teller:
    """Says lines of JSON on a descriptor."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._descriptor = descriptor

    def say(self, **words: object) -> None:
        """Say one thing."""
        line = json.dumps(words, ensure_ascii=False).encode() + b"\n"
        while line:
            line = line[os.write(self._descriptor, line) :]

    def progress(self, share: float | None, message: str, message_en: str) -> None:
        """Say how far the work is."""
        self.say(progress=share, message=message, message_en=message_en)


def main() -> int:
    """Do the job that standard input orders."""
    order = Order(**json.loads(sys.stdin.readline()))
    die_with(order.runner)
    os.nice(order.nice)
    limit(Limits(**order.limits))
    tell = Teller(order.answer)
    try:
        result = _do(order, tell)
        tell.say(result=result)
    except MemoryError:
        return OUT_OF_MEMORY
    except TwinError as exc:
        if isinstance(exc, InternalError):
            traceback.print_exc()
        _tell_problem(tell, exc)
    except Exception as exc:  # noqa: BLE001  whatever the work raised is how it ended; the log gets all of it
        traceback.print_exc()
        _tell_problem(tell, InternalError(f"{type(exc).__name__}: {exc}", hint="The log has more."))
    return 0


def _tell_problem(tell: Teller, error: TwinError) -> None:
    tell.say(problem={"kind": error.kind, "message": error.message, "where": error.where, "hint": error.hint})


def _do(order: Order, tell: Teller) -> dict[str, Any]:
    # Imported under the limits, which bound what libraries take as well.
    from twin.jobs.fence import steps_of  # noqa: PLC0415  see above
    from twin.jobs.model import viewer_of  # noqa: PLC0415
    from twin.jobs.work import Task  # noqa: PLC0415
    from twin.store.remote import connect  # noqa: PLC0415

    store = connect(Path(order.twin), Path(order.socket))
    task = Task(
        id=order.job,
        kind=order.kind,
        inputs=order.inputs,
        viewer=viewer_of(order.by),
        attempt=order.attempt,
        store=store,
        folder=Path(order.folder),
        steps=steps_of(store, order.job),
        report=tell.progress,
    )

    def stop(_: int, __: FrameType | None) -> NoReturn:
        task.stopping = True
        raise CancelledError("the work was stopped on request")

    signal.signal(signal.SIGTERM, stop)
    module, _, name = order.run.partition(":")
    run = getattr(importlib.import_module(module), name)
    return cast("dict[str, Any]", run(task))


if __name__ == "__main__":
    sys.exit(main())
