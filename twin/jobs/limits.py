"""What a process may take, told to the operating system by the process itself before it begins."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
from dataclasses import dataclass
from typing import Final

from twin.errors import ParameterError
from twin.types import Json

_MAPPED_MB = 4096
"""Address space beside a process's own memory: libraries and mapped files. [MiB]"""
_LARGEST_FILE: Final = 64 << 30
_GRACE_S = 5
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker process and each process it starts may take; the operating system enforces it."""

    memory_mb: int = 4096
    """Memory of its own. [MiB]"""
    cpu_s: int = 3600
    """Processor time. [s]"""
    time_s: int = 7200
    """Time by the clock. [s]"""

    def __post_init__(self) -> None:
        if min(self.memory_mb, self.cpu_s, self.time_s) < 1:
            raise ParameterError("limits of a job are positive whole numbers")

    def as_dict(self) -> dict[str, Json]:
        """The limits as JSON."""
        return {"memory_mb": self.memory_mb, "cpu_s": self.cpu_s, "time_s": self.time_s}


def limit(limits: Limits) -> None:
    """Bound this process and those it starts: memory, processor time, size of files, no core dump.

    The operating system refuses memory beyond the limit (in Python: MemoryError) and ends a process that has used its
    processor time (SIGXCPU, then SIGKILL).
    """
    memory = limits.memory_mb << 20
    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_FSIZE, _LARGEST_FILE)
    lower(resource.RLIMIT_CPU, limits.cpu_s, limits.cpu_s + _GRACE_S)
    # Own memory, and as a second bound all that is addressed: mapped files are none of the first.
    lower(resource.RLIMIT_DATA, memory)
    lower(resource.RLIMIT_AS, memory + (_MAPPED_MB << 20))


def lower(what: int, soft: int, hard: int | None = None) -> None:
    """Set a limit, but never above one that holds already."""
    held_soft, held_hard = resource.getrlimit(what)
    resource.setrlimit(what, (_least(soft, held_soft, held_hard), _least(soft if hard is None else hard, held_hard)))


def _least(*values: int) -> int:
    return min(value for value in values if value != resource.RLIM_INFINITY)


def die_with(parent: int) -> None:
    """Let the operating system end this process when its parent ends; at once if that has happened.

    Linux tells it through the thread that started the process, so that thread must live as long.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
