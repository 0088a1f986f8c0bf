"""Photos from anybody: nothing but the picture survives, nothing can harm who reads them."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from pictures_support import SCRIPT, exif_with_place, face, jpeg, png, street, with_plate
from PIL import Image

from twin.cases import photos
from twin.cases.photos import Box
from twin.errors import FormatError, ParameterError, TooLargeError, UnsupportedFormatError
from twin.jobs.limits import Limits


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


def covers(boxes: tuple[Box, ...], what: str, part: tuple[float, float, float, float]) -> bool:
    """Whether a box of that kind holds at least two thirds of a part."""
    left, top, right, bottom = part
    for box in boxes:
        w = min(box.x + box.w, right) - max(box.x, left)
        h = min(box.y + box.h, bottom) - max(box.y, top)
        if box.what == what and w > 0 and h > 0 and w * h > (right - left) * (bottom - top) * 2 / 3:
            return True
    return False


def test_nothing_of_the_metadata_survives() -> None:
    exif = exif_with_place((106, 53, 24.0), (11, 32, 6.0))
    content = jpeg(street(), exif=exif, comment=SCRIPT, icc_profile=b"SECRET-PROFILE" * 9) + b"trailing " + SCRIPT
    made = photos.prepare(content)
    for mark in (SCRIPT, b"SECRET", b"<script", b"Exif", b"ICC_PROFILE", b"php"):
        assert mark not in made.jpeg
    assert {*opened(made.jpeg).info} <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert (made.width, made.height) == (360, 240)


def test_the_place_is_told_to_the_sender_in_degrees() -> None:
    # 106° 53' 24" = 106.89; 11° 32' 6" = 11.535
    made = photos.prepare(jpeg(street(), exif=exif_with_place((106, 53, 24.0), (11, 32, 6.0))))
    assert made.place is not None
    assert (made.place.lon, made.place.lat) == pytest.approx((106.89, 11.535))
    assert photos.prepare(jpeg(street())).place is None


@pytest.mark.parametrize("broken", [(0.0, 0.0, float("nan")), (400, 0, 0)])
def test_a_place_that_cannot_be_is_none(broken: tuple[float, float, float]) -> None:
    if broken[2] != broken[2]:
        broken = (1e9, 1e9, 1e9)
    assert photos.prepare(jpeg(street(), exif=exif_with_place(broken, (11, 0, 0)))).place is None


def test_a_picture_is_kept_as_it_was_held() -> None:
    sideways = Image.new("RGB", (400, 200), "white")
    sideways.paste((255, 0, 0), (0, 0, 100, 200))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: to be shown turned right by 90°
    made = photos.prepare(jpeg(sideways, exif=exif.tobytes()))
    assert (made.width, made.height) == (200, 400)
    red, *_ = opened(made.jpeg).getpixel((100, 20)), None
    assert red[0] > 200
    assert red[1] < 60


def test_a_picture_with_holes_is_laid_on_white() -> None:
    made = photos.prepare(png(Image.new("RGBA", (200, 100), (0, 0, 0, 0))))
    assert min(opened(made.jpeg).getpixel((50, 50))) > 250


def test_a_hundred_megapixel_photo_is_reduced() -> None:
    made = photos.prepare(jpeg(Image.new("RGB", (12_000, 9_000), (120, 130, 140)), comment=SCRIPT))
    assert (made.width, made.height) == (2560, 1920)
    assert b"script" not in made.jpeg


def declared(width: int, height: int) -> bytes:
    """A PNG of a few bytes that declares a size."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(b"\0" * 10_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def test_a_bomb_is_refused_by_what_it_declares() -> None:
    with pytest.raises(TooLargeError, match="10000 million pixels"):
        photos.prepare(declared(100_000, 100_000))


def bomb_of_text() -> bytes:
    """A PNG whose comment unpacks to 200 MB."""
    made = png(Image.new("RGB", (10, 10)))
    body = b"comment\0\0" + zlib.compress(b"\0" * 200_000_000)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    return made[:33] + chunk + made[33:]


def test_a_comment_that_unpacks_to_much_is_refused() -> None:
    with pytest.raises(FormatError, match="cannot be read"):
        photos.prepare(bomb_of_text())


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", UnsupportedFormatError),
        (b"<svg onload='alert(1)'/>", UnsupportedFormatError),
        (b"GIF89a" + bytes(100), UnsupportedFormatError),
        (b"\0\0\0\x18ftypheic" + bytes(100), UnsupportedFormatError),
        (b"\xff\xd8\xff" + bytes(1000), FormatError),
        (b"\x89PNG\r\n\x1a\n" + bytes(1000), FormatError),
        (jpeg(street())[:5000], FormatError),
        (bytes(photos.MOST_BYTES + 1), TooLargeError),
    ],
    ids=["empty", "svg", "gif", "heic", "no jpeg", "no png", "cut off", "too large"],
)
def test_what_is_no_photo_is_refused(content: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        photos.prepare(content)


def test_a_face_is_found_and_cannot_be_made_out_any_more() -> None:
    made = photos.prepare(jpeg(face()))
    assert covers(made.boxes, "face", (190 / 512, 80 / 512, 260 / 512, 175 / 512))
    shown = photos.prepare(photos.cover(made.jpeg, made.boxes))
    assert not covers(shown.boxes, "face", (190 / 512, 80 / 512, 260 / 512, 175 / 512))


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("93A-123.45", (200, 250, 440, 301)),
        ("93A-123.45", (100, 100, 260, 180)),
        ("93-H1\n567.89", (400, 300, 500, 373)),
    ],
    ids=["car, long", "car, short", "motorbike"],
)
def test_a_plate_is_found_and_nothing_is_left_of_its_writing(text: str, box: tuple[int, int, int, int]) -> None:
    made = photos.prepare(jpeg(with_plate(street(600, 400), text, box)))
    part = (box[0] / 600, box[1] / 400, box[2] / 600, box[3] / 400)
    assert covers(made.boxes, "plate", part)
    shown = np.asarray(opened(photos.cover(made.jpeg, made.boxes)).convert("L"), float)
    left, top, right, bottom = box
    # Writing is dark on light from one pixel to the next; what is left has no such step.
    assert np.abs(np.diff(shown[top:bottom, left:right], axis=1)).max() < 20


def test_what_an_officer_draws_is_covered_too() -> None:
    picture = street()
    picture.paste((255, 255, 255), (180, 120, 190, 130))
    made = photos.prepare(jpeg(picture))
    covered = np.asarray(opened(photos.cover(made.jpeg, [Box(0.45, 0.45, 0.1, 0.1)])).convert("L"), float)
    assert covered[120:130, 180:190].max() < 200


def test_what_is_shown_is_smaller_and_written_anew() -> None:
    shown = opened(photos.cover(jpeg(street(2000, 1300)), []))
    assert shown.size == (1600, 1040)
    assert not shown.getexif()


@pytest.mark.parametrize(
    "box", [(-0.1, 0, 0.5, 0.5), (0, 1.0, 0.5, 0.5), (0, 0, 0, 0.5), (0, 0, 2, 0.5), (0, 0, float("nan"), 1)]
)
def test_a_box_outside_the_picture_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(ParameterError, match="outside the picture"):
        Box(*box)


def test_more_boxes_than_anybody_draws_are_refused() -> None:
    with pytest.raises(ParameterError, match="at most 200 boxes"):
        photos.cover(b"", [Box(0, 0, 0.1, 0.1)] * 201)


def test_the_reading_process_is_told_nothing_of_the_servers_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWIN_MASTER_KEY", "env:X")
    monkeypatch.setenv("X", "secret")
    assert not {"TWIN_MASTER_KEY", "X"} & photos._environment().keys()


def test_the_operating_system_bounds_the_reading_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "_LIMITS", Limits(memory_mb=90, cpu_s=40, time_s=90))
    with pytest.raises((FormatError, TooLargeError), match=r"within its limits|more memory"):
        photos.prepare(jpeg(Image.new("RGB", (6000, 6000)), progressive=True))
