"""Typesetting, and reading of PDFs that others send, each in a process of its own with bounds."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import twin
from twin.documents.fonts import shown
from twin.documents.verdict import PdfContents
from twin.documents.worker import REFUSED
from twin.errors import ExternalError, FormatError, ParameterError, TwinError
from twin.types import Json

LARGEST_PDF = 64 << 20
"""Larger files are not looked at. [bytes]"""
_LOG_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one process: address space, CPU and wall-clock time."""

    memory_bytes: int = 4 << 30
    cpu_s: int = 60
    wall_s: float = 90.0


READING = Limits(memory_bytes=2 << 30, cpu_s=20, wall_s=30.0)
"""Bounds of reading what a stranger sends: enough for an A0 sheet, too little to keep a processor busy."""


def typeset(template: str, data: dict[str, Json], when: datetime, *, limits: Limits | None = None) -> bytes:
    """A PDF/A-3b from a template of ``twin/documents/typst`` and its data; equal input gives equal bytes.

    What people wrote reaches the template as data, never as its language.

    Raises
    ------
    ParameterError
        If it takes more time or memory than it may, or cannot be set.
    """
    work = json.dumps(
        {"template": template, "data": _drawable(data), "timestamp": int(when.timestamp())}, ensure_ascii=False
    )
    return _run("typeset", work.encode(), limits or Limits(), ParameterError)


def read_pdf(pdf: bytes, *, limits: Limits | None = None) -> PdfContents:
    """Attachments of a PDF, and the QR codes on its first pages; FormatError if it cannot be read as one."""
    if len(pdf) > LARGEST_PDF:
        raise FormatError(f"a file of {len(pdf)} bytes is larger than any document ({LARGEST_PDF})")
    if not pdf.startswith(b"%PDF-"):
        raise FormatError("this is not a PDF")
    found = json.loads(_run("read", pdf, limits or READING, FormatError))
    attachments = {name: base64.b64decode(content) for name, content in found["attachments"].items()}
    return PdfContents(attachments, tuple(found["codes"]))


def _drawable(value: Json) -> Json:
    """Every text as the typefaces can show it."""
    if isinstance(value, str):
        return _LONG_WORD.sub("\\g<0>\u200b", shown(value))
    if isinstance(value, list):
        return [_drawable(item) for item in value]
    if isinstance(value, dict):
        return {name: item if name in _NOT_SHOWN else _drawable(item) for name, item in value.items()}
    return value


_LONG_WORD = re.compile(r"\S{40}(?=\S)")
"""So much without a space may be broken, or it would run over the edge of the page."""
_NOT_SHOWN = frozenset({"svg", "qr", "attachments", "seal"})
"""Members of our own that hold drawings, files and the mark of the seal, no text for people."""


def _run(task: str, work: bytes, limits: Limits, refusal: type[TwinError]) -> bytes:
    command = [
        *(sys.executable, "-P", "-m", "twin.documents.worker"),
        *(task, str(limits.memory_bytes), str(limits.cpu_s)),
    ]
    try:
        # Files, not pipes: the process's own limit on written bytes bounds them.
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as log:
            given.write(work)
            given.seek(0)
            done = subprocess.run(  # noqa: S603  our own interpreter and module
                command,
                stdin=given,
                stdout=answer,
                stderr=log,
                timeout=limits.wall_s,
                env=_environment(),
                check=False,
            )
            answer.seek(0)
            log.seek(0)
            out, said = answer.read(), log.read(_LOG_BYTES).decode("utf-8", "replace")
    except subprocess.TimeoutExpired as exc:
        raise refusal(f"{_WHAT[task]} took longer than {limits.wall_s:g} s and was stopped", hint=_LESS) from exc
    except OSError as exc:
        raise ExternalError(f"the process that works on documents cannot run: {exc}") from exc
    if done.returncode == 0:
        return out
    if done.returncode == REFUSED:
        raise refusal(f"{_WHAT[task]} failed: {out.decode('utf-8', 'replace')}")
    if -done.returncode in _CPU_SIGNALS or any(sign in said for sign in _MEMORY_SIGNS):
        raise refusal(f"{_WHAT[task]} needs more time or memory than it may have", hint=_LESS)
    raise refusal(f"{_WHAT[task]} broke down (status {done.returncode}): {said[-500:]}")


_WHAT = {"typeset": "typesetting the document", "read": "reading the PDF"}
_LESS = "Ask for less: a smaller map, fewer layers, a shorter text."
# What Python, the native libraries and the loader say when they get no more memory.
_MEMORY_SIGNS = ("MemoryError", "bad_alloc", "Cannot allocate memory", "memory allocation of")
_CPU_SIGNALS = {9, 24}  # SIGKILL after SIGXCPU, SIGXCPU


def _environment() -> dict[str, str]:
    """Make an environment: this very installation first, libraries on few threads, none of our secrets."""
    root = str(Path(twin.__file__).parent.parent)
    rest = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return kept | {
        "PYTHONPATH": os.pathsep.join([root, *rest]),
        "PYTHONWARNINGS": "ignore",
        "OPENBLAS_NUM_THREADS": "1",
        "RAYON_NUM_THREADS": "2",
        "MALLOC_ARENA_MAX": "2",
    }
