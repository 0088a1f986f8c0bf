"""The process that reads one photo. It is told what to do on its input, answers on its output, and ends.

Its memory and processor time are limited by the operating system before a byte of the photo is looked at; the size a
photo declares is looked at before it is decoded.
"""

from __future__ import annotations

import json
import struct
import sys
import warnings
from pathlib import Path
from typing import Any

from PIL import Image, ImageFilter, ImageOps

from twin.cases.photos import LARGEST_SIDE, MOST_PIXELS_JPEG, MOST_PIXELS_PNG, SHOWN_SIDE, Box
from twin.errors import ParameterError
from twin.jobs.limits import Limits, limit
from twin.types import LonLat

_QUALITY = 88
_MARGIN = 0.15
_CELLS = 4
"""What is covered is reduced to so many cells along its longer side: nothing can be brought back from that."""
_GPS = 0x8825
_BROKEN = (OSError, ValueError, SyntaxError, struct.error, TypeError, IndexError, KeyError, OverflowError, EOFError)
"""What the decoder raises on files that are not what they claim to be."""


class _TooLargeError(Exception):
    """The picture declares more pixels than are taken."""


def main() -> None:
    """Do what the input says."""
    asked: dict[str, Any] = json.load(sys.stdin)
    limit(Limits(**asked["limits"]))
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # ours is checked, by kind
    folder = Path(asked["folder"])
    try:
        said = _prepare(folder) if asked["command"] == "prepare" else _cover(folder, asked["boxes"])
    except _TooLargeError as exc:
        said = {"too_large": str(exc)}
    except MemoryError:
        said = {"too_large": "the photo needs more memory than it may take"}
    except _BROKEN as exc:
        said = {"refused": f"the photo cannot be read ({type(exc).__name__})"}
    sys.stdout.write(json.dumps(said))


def _prepare(folder: Path) -> dict[str, Any]:
    import numpy as np  # noqa: PLC0415  after the limits are set

    from twin.cases.photo_detect import detect  # noqa: PLC0415

    with Image.open(folder / "in", formats=("JPEG", "PNG", "MPO")) as opened:
        _check_size(opened)
        place = _place(opened)
        if opened.format != "PNG":
            opened.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))
        picture = _plain(opened)
    _save(picture, folder)
    boxes = detect(np.asarray(picture))
    return {
        "width": picture.width,
        "height": picture.height,
        "boxes": [box.as_json() for box in boxes],
        "place": place,
    }


def _check_size(opened: Image.Image) -> None:
    pixels = opened.width * opened.height
    most = MOST_PIXELS_PNG if opened.format == "PNG" else MOST_PIXELS_JPEG
    if pixels > most:
        raise _TooLargeError(f"the photo has {pixels / 1e6:.0f} million pixels, at most {most / 1e6:.0f} are taken")


def _plain(opened: Image.Image) -> Image.Image:
    """The upright picture in RGB, no larger than is kept, without anything else."""
    opened.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    try:
        upright = ImageOps.exif_transpose(opened)
    except _BROKEN:
        upright = opened
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        layered = upright.convert("RGBA")
        ground = Image.new("RGBA", layered.size, "white")
        upright = Image.alpha_composite(ground, layered)
    picture = Image.new("RGB", upright.size)
    picture.paste(upright.convert("RGB"))
    return picture


def _place(opened: Image.Image) -> list[float] | None:
    """Where the photo says it was taken; ``None`` if it does not, or not so that it can be understood."""
    try:
        said = opened.getexif().get_ifd(_GPS)
        lat, lon = _degrees(said[2]), _degrees(said[4])
        place = LonLat(-lon if said.get(3) == "W" else lon, -lat if said.get(1) == "S" else lat)
    except (*_BROKEN, ZeroDivisionError, ParameterError):
        return None
    return [place.lon, place.lat] if (place.lon, place.lat) != (0.0, 0.0) else None


def _degrees(said: Any) -> float:
    degrees, minutes, seconds = (float(part) for part in said)
    return degrees + minutes / 60 + seconds / 3600


def _cover(folder: Path, boxes: list[dict[str, Any]]) -> dict[str, Any]:
    with Image.open(folder / "in", formats=("JPEG",)) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
    for box in (Box(**given) for given in boxes):
        _cover_one(picture, box)
    _save(picture, folder)
    return {"width": picture.width, "height": picture.height}


def _cover_one(picture: Image.Image, box: Box) -> None:
    left = max(0, int((box.x - _MARGIN * box.w) * picture.width))
    top = max(0, int((box.y - _MARGIN * box.h) * picture.height))
    right = min(picture.width, int((box.x + (1 + _MARGIN) * box.w) * picture.width) + 1)
    bottom = min(picture.height, int((box.y + (1 + _MARGIN) * box.h) * picture.height) + 1)
    part = picture.crop((left, top, right, bottom))
    scale = _CELLS / max(part.size)
    cells = part.resize((max(1, round(part.width * scale)), max(1, round(part.height * scale))), Image.Resampling.BOX)
    smooth = cells.resize(part.size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(2))
    picture.paste(smooth, (left, top))


def _save(picture: Image.Image, folder: Path) -> None:
    picture.save(folder / "out.jpg", "JPEG", quality=_QUALITY, optimize=True)


if __name__ == "__main__":
    main()
