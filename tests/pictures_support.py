"""Pictures that tests make: a street, plates drawn by hand, a real face that a package ships."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SCRIPT = b"<script>alert('x')</script><?php system('id'); ?>"


def jpeg(picture: Image.Image, **more: Any) -> bytes:
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=92, **more)
    return made.getvalue()


def png(picture: Image.Image, **more: Any) -> bytes:
    made = io.BytesIO()
    picture.save(made, "PNG", **more)
    return made.getvalue()


def street(width: int = 360, height: int = 240) -> Image.Image:
    """Grey ground that nobody takes for a face or a plate."""
    grain = np.random.default_rng(7).integers(90, 120, (max(2, height // 40), max(2, width // 40), 3), dtype=np.uint8)
    return Image.fromarray(grain).resize((width, height), Image.Resampling.BICUBIC)


def with_plate(picture: Image.Image, text: str, box: tuple[int, int, int, int]) -> Image.Image:
    """A white plate with a dark frame and writing."""
    made = picture.copy()
    draw = ImageDraw.Draw(made)
    draw.rectangle(box, fill=(250, 250, 250), outline=(20, 20, 20), width=3)
    lines = text.split("\n")
    height = (box[3] - box[1]) / len(lines)
    font = ImageFont.load_default(size=height * 0.75)
    for number, line in enumerate(lines):
        x, y = (box[0] + box[2]) / 2, box[1] + height * (number + 0.5)
        draw.text((x, y), line, fill=(10, 10, 10), font=font, anchor="mm")
    return made


def face() -> Image.Image:
    """The astronaut Eileen Collins (NASA, public domain), as scikit-image ships it; the face is at 175-280, 65-190."""
    from skimage import data

    return Image.fromarray(data.astronaut())


def exif_with_place(lon: tuple[float, float, float], lat: tuple[float, float, float]) -> bytes:
    """EXIF of a telephone: its maker, a comment with a script, where it stood."""
    exif = Image.Exif()
    exif[0x010F] = "SECRET-MAKER"
    exif[0x010E] = SCRIPT.decode()
    gps = exif.get_ifd(0x8825)
    gps.update({1: "N", 2: lat, 3: "E", 4: lon})
    return exif.tobytes()
