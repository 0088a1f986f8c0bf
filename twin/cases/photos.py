"""Photos from anybody: read in a limited process, freed of everything but the picture, blurred before they are shown.

What a photo carries besides its picture (place, device, preview, comments, whatever hides in them) does not survive:
the picture is decoded and written anew. What is kept and what is shown were both written by us. JPEG and PNG are
taken; HEIC is not (its decoders come with a licence we do not ship): phones send JPEG to a page that asks for it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import twin
from twin.errors import (
    ExternalError,
    FormatError,
    ParameterError,
    StoreBusyError,
    TooLargeError,
    UnsupportedFormatError,
)
from twin.jobs.limits import Limits
from twin.types import Json, LonLat

MOST_BYTES: Final = 25 << 20
"""Largest file taken. [bytes]"""
MOST_PIXELS_JPEG: Final = 220_000_000
"""A JPEG decodes reduced, so that the largest telephones' pictures can be taken. [px]"""
MOST_PIXELS_PNG: Final = 50_000_000
LARGEST_SIDE: Final = 2560
"""Longer side of what is kept; of what is shown, :data:`SHOWN_SIDE`. [px]"""
SHOWN_SIDE: Final = 1600
MOST_BOXES: Final = 200

_LIMITS: Final = Limits(memory_mb=1536, cpu_s=40, time_s=90)
_AT_ONCE = threading.BoundedSemaphore(2)
_WAIT_S: Final = 60.0
_HEIC = (b"ftypheic", b"ftypheix", b"ftyphevc", b"ftypmif1", b"ftypmsf1", b"ftypavif")


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture, in shares of its width and height from the upper left."""

    x: float
    y: float
    w: float
    h: float
    what: str = ""
    """``face``, ``plate``, or ``""`` for one that an officer drew."""

    def __post_init__(self) -> None:
        if not (0 <= self.x < 1 and 0 <= self.y < 1 and 0 < self.w <= 1 and 0 < self.h <= 1):
            raise ParameterError(
                f"a box of {self.w:g} × {self.h:g} at {self.x:g}, {self.y:g} lies outside the picture",
                where="boxes",
                hint="Shares from 0 to 1.",
            )

    def as_json(self) -> dict[str, Json]:
        """As JSON."""
        return {"x": self.x, "y": self.y, "w": self.w, "h": self.h, "what": self.what}


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture freed of everything else."""

    jpeg: bytes
    width: int
    height: int
    boxes: tuple[Box, ...]
    """What the classifiers took for faces and plates."""
    place: LonLat | None
    """Where the photo said it was taken; for its sender alone, never kept."""


def prepare(content: bytes) -> Photo:
    """Read a photo.

    Raises
    ------
    TooLargeError
        If it has too many bytes or pixels.
    UnsupportedFormatError
        If it is neither JPEG nor PNG.
    FormatError
        If it cannot be read within its limits.
    """
    _check(content)
    with tempfile.TemporaryDirectory(prefix="twin-photo-") as folder:
        said = _run("prepare", content, Path(folder), {})
        jpeg = (Path(folder) / "out.jpg").read_bytes()
    boxes = tuple(Box(**box) for box in said["boxes"])
    place = said["place"]
    return Photo(jpeg, said["width"], said["height"], boxes, None if place is None else LonLat(*place))


def cover(jpeg: bytes, boxes: Sequence[Box]) -> bytes:
    """A smaller picture with everything in the boxes made unrecognisable; from one that :func:`prepare` gave."""
    if len(boxes) > MOST_BOXES:
        raise ParameterError(f"at most {MOST_BOXES} boxes", where="boxes")
    with tempfile.TemporaryDirectory(prefix="twin-photo-") as folder:
        _run("cover", jpeg, Path(folder), {"boxes": [asdict(box) for box in boxes]})
        return (Path(folder) / "out.jpg").read_bytes()


def _check(content: bytes) -> None:
    if len(content) > MOST_BYTES:
        raise TooLargeError(f"a photo has at most {MOST_BYTES >> 20} MB", where="photo")
    if any(content[4:12] == sign for sign in _HEIC):
        raise UnsupportedFormatError(
            "HEIC and AVIF photos are not taken (ảnh HEIC chưa được hỗ trợ)",
            where="photo",
            hint="Send JPEG or PNG: in the camera's settings, 'most compatible'.",
        )
    if not content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        raise UnsupportedFormatError("this is neither a JPEG nor a PNG picture", where="photo")


def _run(command: str, content: bytes, folder: Path, more: dict[str, Any]) -> dict[str, Any]:
    (folder / "in").write_bytes(content)
    asked = json.dumps({"command": command, "folder": str(folder), **more, "limits": asdict(_LIMITS)})
    if not _AT_ONCE.acquire(timeout=_WAIT_S):
        raise StoreBusyError("too many photos are being read", hint="Try again in a minute.")
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "twin.cases.photo_worker"],
            input=asked.encode(),
            capture_output=True,
            timeout=_LIMITS.time_s,
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise FormatError(f"reading the photo took longer than {_LIMITS.time_s} s", where="photo") from exc
    except OSError as exc:
        raise ExternalError(f"the process that reads photos cannot run: {exc}", where="photo") from exc
    finally:
        _AT_ONCE.release()
    return _answer(done)


def _answer(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        # Killed for its memory or time, or broken down: the photo is to blame, not who asks about it.
        raise FormatError(
            "the photo cannot be read within its limits", where="photo", hint="Send a smaller JPEG."
        ) from None
    if "too_large" in said:
        raise TooLargeError(said["too_large"], where="photo", hint="Send a smaller photo.")
    if "refused" in said:
        raise FormatError(said["refused"], where="photo")
    return said


def _environment() -> dict[str, str]:
    """Paths of this very installation first, and nothing of what the server knows by its variables."""
    root = str(Path(twin.__file__).parent.parent)
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "VIRTUAL_ENV") if name in os.environ}
    rest = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    return kept | {
        "PYTHONPATH": os.pathsep.join([root, *rest]),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OPENCV_OPENCL_RUNTIME": "disabled",
        "MALLOC_ARENA_MAX": "2",
    }
