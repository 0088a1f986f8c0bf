"""Open an IFC file safely: in a process of its own, with bounds, so that no file can harm the twin."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

import bim
from bim.ifc.raw import RAW_MODEL, RawModel
from bim.ifc.recognise import recognise
from bim.ifc.worker import OUT_OF_MEMORY, REFUSED
from twin.errors import ExternalError, FormatError

_LOG_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the reading process: address space, CPU and wall-clock time."""

    memory_bytes: int = 4 << 30
    cpu_s: int = 300
    wall_s: float = 600.0


def read_isolated(path: Path, *, limits: Limits | None = None) -> RawModel:
    """Recognise the file by its content and read it in a bounded process.

    Raises
    ------
    NotFoundError, UnsupportedFormatError
        See :func:`bim.ifc.recognise.recognise`.
    FormatError
        The file cannot be read, or reading it took more memory or time than it may, or broke down.
    ExternalError
        The reading process cannot be started.
    """
    bounds = limits or Limits()
    schema = recognise(path)
    done = _run(path, schema, bounds)
    if done.returncode == 0:
        return _parse(done.stdout, path)
    raise _failure(done, path, bounds)


def _run(path: Path, schema: str, limits: Limits) -> subprocess.CompletedProcess[bytes]:
    command = [
        *(sys.executable, "-P", "-m", "bim.ifc.worker"),
        *(str(path.resolve()), schema, str(limits.memory_bytes), str(limits.cpu_s), str(os.getpid())),
    ]
    try:
        # Files, not pipes: the process's own limit on written bytes bounds them.
        with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as log:
            done = subprocess.run(  # noqa: S603  our own interpreter and module; the file's name is one argument
                command,
                stdin=subprocess.DEVNULL,
                stdout=answer,
                stderr=log,
                timeout=limits.wall_s,
                env=_environment(),
                check=False,
            )
            answer.seek(0)
            log.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, answer.read(), log.read(_LOG_BYTES))
    except subprocess.TimeoutExpired as exc:
        raise FormatError(
            f"reading took longer than {limits.wall_s:g} s and was stopped", where=path.name, hint=_TOO_HEAVY
        ) from exc
    except OSError as exc:
        raise ExternalError(f"the process that reads IFC files cannot run: {exc}", where=path.name) from exc


_TOO_HEAVY = "Export the architectural model alone, without furniture, entourage and detailed fittings."


def _environment() -> dict[str, str]:
    """Put this very installation first and keep numerical libraries to one thread."""
    root = str(Path(bim.__file__).parent.parent)
    rest = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    return os.environ | {
        "PYTHONPATH": os.pathsep.join([root, *rest]),
        "PYTHONWARNINGS": "ignore",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }


def _parse(answer: bytes, path: Path) -> RawModel:
    try:
        return RAW_MODEL.validate_json(answer)
    except ValidationError as exc:
        raise FormatError("reading the file gave no valid description of a model", where=path.name) from exc


def _failure(done: subprocess.CompletedProcess[bytes], path: Path, limits: Limits) -> FormatError:
    log = done.stderr.decode("utf-8", "replace")
    if done.returncode == REFUSED:
        reason = done.stdout.decode("utf-8", "replace")
        return FormatError(
            f"the file calls itself IFC but cannot be read ({reason})",
            where=path.name,
            hint="Open it in the program it comes from and export it again.",
        )
    if done.returncode == OUT_OF_MEMORY or any(sign in log for sign in _MEMORY_SIGNS):
        memory = f"{limits.memory_bytes / 2**30:.1f} GiB"
        return FormatError(f"reading needs more than {memory} of memory", where=path.name, hint=_TOO_HEAVY)
    if -done.returncode in _CPU_SIGNALS:
        return FormatError(
            f"reading needs more than {limits.cpu_s} s of processor time", where=path.name, hint=_TOO_HEAVY
        )
    return FormatError(
        f"the program that reads IFC broke down on this file (status {done.returncode})",
        where=path.name,
        hint="Open it in the program it comes from and export it again; nothing else was affected.",
    )


# What Python, the C++ library and the loader say when they get no more memory.
_MEMORY_SIGNS = ("MemoryError", "bad_alloc", "Cannot allocate memory", "failed to map segment")
_CPU_SIGNALS = {9, 24}  # SIGKILL after SIGXCPU, SIGXCPU
