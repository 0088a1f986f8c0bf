"""Faces and number plates in a picture, by the classifiers that OpenCV's package carries.

They miss some and see others where there are none; so nothing they found nothing in is thereby fit to be shown. Only
the process that reads pictures imports this.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from twin.cases.photos import Box

_LARGEST: Final = 1280
"""Pictures are looked at no larger than this. [px]"""
_FACES: Final = ("haarcascade_frontalface_default.xml", "haarcascade_frontalface_alt2.xml")
_PROFILE: Final = "haarcascade_profileface.xml"
_PLATES: Final = ("haarcascade_russian_plate_number.xml", "haarcascade_license_plate_rus_16stages.xml")
_RATIOS: Final = ((1.1, 1.75), (1.75, 2.4), (3.6, 5.6))
"""Width to height of plates: motorbike 1.36, short 2.00, long 4.73 (QCVN 08:2024/BCA), seen from some way aside."""

Picture: TypeAlias = NDArray[Any]
"""Bytes, as OpenCV takes and gives them."""
_FOLDER: Final = Path(str(cv2.__file__)).parent / "data"


def detect(picture: Picture) -> list[Box]:
    """Faces and plates of an RGB picture (height, width, 3), in shares of its width and height."""
    height, width = picture.shape[:2]
    scale = min(1.0, _LARGEST / max(height, width))
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture
    gray = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
    found = [("face", box) for box in _faces(gray)]
    found += [("plate", box) for box in [*_cascades(gray, _PLATES, smallest=20), *_bright_plates(small)]]
    h, w = gray.shape[:2]
    boxes = [Box(x / w, y / h, bw / w, bh / h, what) for what, (x, y, bw, bh) in found]
    return _together(boxes)


def _faces(gray: Picture) -> list[tuple[int, int, int, int]]:
    width = gray.shape[1]
    mirrored = _cascades(cv2.flip(gray, 1), (_PROFILE,), smallest=24)
    turned = [(width - x - w, y, w, h) for x, y, w, h in mirrored]
    return [*_cascades(gray, (*_FACES, _PROFILE), smallest=24), *turned]


def _cascades(gray: Picture, names: Sequence[str], *, smallest: int) -> list[tuple[int, int, int, int]]:
    found: list[tuple[int, int, int, int]] = []
    for name in names:
        classifier = cv2.CascadeClassifier(str(_FOLDER / name))
        boxes = classifier.detectMultiScale(gray, scaleFactor=1.1, minNeighbors=3, minSize=(smallest, smallest // 3))
        found += [(int(x), int(y), int(w), int(h)) for x, y, w, h in boxes]
    return found


def _bright_plates(picture: Picture) -> list[tuple[int, int, int, int]]:
    """Bright (white, yellow) rectangles in the proportions of a plate with dark writing in them."""
    value = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)[:, :, 2]
    _, bright = cv2.threshold(value, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    contours, _ = cv2.findContours(bright, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    whole = picture.shape[0] * picture.shape[1]
    for contour in contours:
        x, y, w, h = cv2.boundingRect(contour)
        if h < 12 or w < 20 or w * h > whole / 6 or cv2.contourArea(contour) < 0.6 * w * h:
            continue
        if any(low <= w / h <= high for low, high in _RATIOS) and _has_writing(bright[y : y + h, x : x + w]):
            found.append((x, y, w, h))
    return found


def _has_writing(inside: Picture) -> bool:
    """Whether the dark part looks like some letters: neither next to nothing nor half of it, in several pieces."""
    dark = 1.0 - float(np.mean(inside > 0))
    count, _ = cv2.connectedComponents(255 - inside)
    return 0.08 <= dark <= 0.6 and count - 1 >= 4


def _together(boxes: Sequence[Box]) -> list[Box]:
    """Boxes of one kind that lie mostly in one another, as one that holds both."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda b: b.w * b.h, reverse=True):
        near = next((n for n, other in enumerate(kept) if box.what == other.what and _inside(box, other)), None)
        if near is None:
            kept.append(box)
        else:
            kept[near] = _both(box, kept[near])
    return kept


def _both(box: Box, other: Box) -> Box:
    x, y = min(box.x, other.x), min(box.y, other.y)
    right, bottom = max(box.x + box.w, other.x + other.w), max(box.y + box.h, other.y + other.h)
    return Box(x, y, min(1.0, right - x), min(1.0, bottom - y), box.what)


def _inside(box: Box, other: Box) -> bool:
    """Whether most of a box lies in another."""
    w = min(box.x + box.w, other.x + other.w) - max(box.x, other.x)
    h = min(box.y + box.h, other.y + other.h) - max(box.y, other.y)
    return w > 0 and h > 0 and w * h > 0.6 * box.w * box.h
