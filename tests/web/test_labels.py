"""Names on the map, letter by letter: the right marks on the right letters, and both archipelagos.

The picture of the map is searched for each word as the page's own font draws it. The same word without its
marks must fit clearly worse, so that a map which loses them fails.
"""

from __future__ import annotations

import unicodedata
import warnings
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from playwright.sync_api import Page
from rasterio.errors import NotGeoreferencedWarning

from tests.web.conftest import Open, map_settles, on_screen, rendered
from tests.web.town import ARCHIPELAGOS, LAT, LON

pytestmark = pytest.mark.browser

SHARP = 3
"""Pixels of the picture for one of the page, so that a mark is several pixels wide."""
FITS = 0.85
"""Correlation of a word as the map draws it (from distance fields) with the same word as the page draws it."""
BETTER_BY = 0.012

FloatArray = NDArray[np.float64]


def darkness(png: bytes) -> FloatArray:
    """A picture as 0 (white) to 1 (black)."""
    with warnings.catch_warnings(), rasterio.MemoryFile(png) as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # it is a picture, not a map
        image = memory.open(driver="PNG")
        return 1 - image.read([1, 2, 3]).mean(axis=0) / 255


def word_as_drawn(page: Page, word: str, size_px: float) -> FloatArray:
    """The word in the map's font, dark on white, at the picture's sharpness."""
    pixels: dict[str, Any] = page.evaluate(
        """async ([word, size]) => {
          const font = `500 ${size}px "Be Vietnam Pro"`;
          await document.fonts.load(font, word);
          const pen = new OffscreenCanvas(1, 1).getContext("2d");
          pen.font = font;
          const box = pen.measureText(word);
          const width = Math.ceil(box.width) + 4;
          const height = Math.ceil(box.actualBoundingBoxAscent + box.actualBoundingBoxDescent) + 4;
          const drawn = new OffscreenCanvas(width, height).getContext("2d");
          drawn.fillStyle = "#fff"; drawn.fillRect(0, 0, width, height);
          drawn.font = font; drawn.fillStyle = "#000";
          drawn.fillText(word, 2, 2 + box.actualBoundingBoxAscent);
          const { data } = drawn.getImageData(0, 0, width, height);
          return { width, height, dark: Array.from({ length: width * height }, (_, i) => 255 - data[4 * i]) };
        }""",
        [word, size_px],
    )
    return np.array(pixels["dark"], dtype=float).reshape(pixels["height"], pixels["width"]) / 255


def best_fit(picture: FloatArray, template: FloatArray) -> float:
    """Highest normalised correlation of a template with any part of a picture, from -1 to 1."""
    height, width = template.shape
    if picture.shape[0] < height or picture.shape[1] < width:
        return -1.0
    centred = template - template.mean()
    size = (picture.shape[0] + height - 1, picture.shape[1] + width - 1)

    def sums(of: FloatArray, kernel: FloatArray) -> FloatArray:
        product = np.fft.irfft2(np.fft.rfft2(of, size) * np.fft.rfft2(kernel[::-1, ::-1], size), size)
        whole: FloatArray = product[height - 1 : picture.shape[0], width - 1 : picture.shape[1]]
        return whole

    ones = np.ones_like(template)
    spread = sums(picture**2, ones) - sums(picture, ones) ** 2 / template.size
    scale = np.sqrt(np.maximum(spread, 1e-6) * (centred**2).sum())
    return float((sums(picture, centred) / scale).max())


def without_marks(word: str) -> str:
    plain = unicodedata.normalize("NFD", word.replace("Đ", "D").replace("đ", "d"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def fits(page: Page, picture: FloatArray, word: str, size_px: float) -> float:
    """How well a word is found, over the sizes that rounding allows."""
    sizes = [size_px * SHARP * factor for factor in (0.96, 0.98, 1.0, 1.02, 1.04)]
    return max(best_fit(picture, word_as_drawn(page, word, size)) for size in sizes)


def assert_written(page: Page, picture: FloatArray, word: str, size_px: float) -> None:
    right = fits(page, picture, word, size_px)
    assert right > FITS, f"{word!r} is not there: best fit {right:.2f}"
    if without_marks(word) == word:
        return
    wrong = fits(page, picture, without_marks(word), size_px)
    assert right > wrong + BETTER_BY, f"{word!r} ({right:.2f}) has no marks: without them it fits {wrong:.2f}"


def picture_around(page: Page, lon: float, lat: float, half_width: float, half_height: float) -> FloatArray:
    x, y = on_screen(page, lon, lat)
    clip = {"x": x - half_width, "y": y - half_height, "width": 2 * half_width, "height": 2 * half_height}
    return darkness(page.screenshot(clip=clip))  # type: ignore[arg-type]


def test_a_streets_name_stands_along_it_with_every_mark(open_page: Open) -> None:
    page = open_page(place=f"#map=16.5/{LAT}/{LON}", device_scale_factor=SHARP)
    assert "Đường Lý Thường Kiệt" in {road["name"] for road in rendered(page, "roads/label")}
    picture = picture_around(page, LON, LAT, 380, 16)
    # The town's style sets names at 12 px, by the map 12.3 at this zoom.
    for word in ("Đường", "Lý", "Thường", "Kiệt"):
        assert_written(page, picture, word, 12.3)


def test_both_archipelagos_stand_on_the_map_of_the_country_with_their_names(open_page: Open) -> None:
    page = open_page(device_scale_factor=SHARP)
    page.get_by_role("button", name="Cả nước").click()
    page.wait_for_timeout(1500)
    map_settles(page)
    assert {place["name"] for place in rendered(page, "place_names/label")} >= set(ARCHIPELAGOS)
    for name, (lon, lat) in ARCHIPELAGOS.items():
        picture = picture_around(page, lon, lat, 90, 30)
        for word in name.replace("(", "").replace(")", "").split():
            assert_written(page, picture, word, 10.8)


def test_a_map_without_marks_would_be_noticed(open_page: Open) -> None:
    page = open_page(place=f"#map=16.5/{LAT}/{LON}", device_scale_factor=SHARP)
    page.evaluate(
        """() => { const map = document.querySelector(".map__canvas").twinMap;
          map.setLayoutProperty("roads/label", "text-field", "Duong Ly Thuong Kiet"); }"""
    )
    page.wait_for_timeout(1500)
    picture = picture_around(page, LON, LAT, 380, 16)
    assert fits(page, picture, "Thuong", 12.3) > FITS
    with pytest.raises(AssertionError, match="Thường"):
        assert_written(page, picture, "Thường", 12.3)
