"""Maps to scale: what a ruler on the printed page measures."""

from __future__ import annotations

import math
import re

import numpy as np
import pypdfium2
import pytest
import shapely
from document_support import EAST, NORTH, NOW, SQUARE, ZONE, content, ground, map_of, square_layer

from twin.core import Twin
from twin.documents.compose import Paper
from twin.documents.map.draw import draw
from twin.documents.map.frame import SCALES, Frame, fit, zone_for, zone_name
from twin.documents.map.symbols import MapFeature, MapLayer, Symbol
from twin.documents.register import issue
from twin.errors import CrsError, ParameterError

DPI = 400


def measured(pdf: bytes) -> tuple[float, float]:
    """Distance of the two long upright and the two long level red lines on the first page, middle to middle. [mm]"""
    page = pypdfium2.PdfDocument(pdf)[0]
    pixels = page.render(scale=DPI / 72, rev_byteorder=True).to_numpy()[:, :, :3].astype(int)
    ink = np.where(pixels[:, :, 0] > 230, (pixels[:, :, 0] - pixels[:, :, 1]).clip(0), 0)
    # The picture has whole pixels, so that one is not quite 25.4/400 mm.
    mm = [side * 25.4 / 72 / count for side, count in zip(page.get_size(), reversed(ink.shape), strict=True)]
    return apart(ink.sum(axis=0)) * mm[0], apart(ink.sum(axis=1)) * mm[1]


def apart(ink: np.ndarray) -> float:
    """Distance of the two lines in which most ink lies, each where the middle of its ink is. [pixels]"""
    at = np.flatnonzero(ink > ink.max() / 4)
    lines = np.split(at, [int(np.argmax(np.diff(at))) + 1])
    first, last = (np.average(line, weights=ink[line]) for line in lines)
    return float(last - first)


def red_square() -> MapLayer:
    symbol = Symbol("line", "Ô 100 m", "#ff0000", width_mm=0.5)
    return MapLayer("o", "Ô 100 m", (symbol,), (MapFeature(SQUARE, 0),))


@pytest.mark.parametrize(
    ("scale", "paper", "template"),
    [
        (500, Paper("A3", landscape=True), "layer_map"),
        (1000, Paper("A4"), "layer_map"),
        (2000, Paper("A4"), "report"),
        (1000, Paper("A4"), "report"),
    ],
)
def test_a_hundred_metres_on_the_ground_measure_a_hundred_thousand_by_scale_on_paper(
    t: Twin, scale: int, paper: Paper, template: str
) -> None:
    made = content(template=template, map=map_of(red_square(), scale=scale))
    pdf = t.files.path(issue(t, made, now=NOW, paper=paper).pdf).read_bytes()
    # One pixel is 0.06 mm; the middle of a line's ink is known to a fraction of it.
    assert measured(pdf) == pytest.approx((100_000 / scale, 100_000 / scale), abs=0.03)


def test_a_point_lies_on_its_millimetre() -> None:
    frame = Frame(ZONE, 500, EAST, NORTH, 200.0, 100.0)
    assert frame.on_paper(EAST, NORTH + 50) == (0.0, 0.0)
    assert frame.on_paper(EAST + 25, NORTH + 50) == (50.0, 0.0)
    assert frame.on_paper(EAST + 100, NORTH) == (200.0, 100.0)


def test_a_shape_is_cut_a_little_outside_of_the_frame_never_inside() -> None:
    # 100 m are 200 mm at 1:500; the frame shows the lower 50 m of the square, which is cut 4 mm above the frame.
    drawing = draw(Frame(ZONE, 500, EAST, NORTH, 200.0, 100.0), (square_layer(),))
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", drawing.svg.split('<path d="M')[-1].split('"')[0])]
    assert (min(numbers[::2]), max(numbers[::2])) == pytest.approx((0, 200), abs=0.01)
    assert (min(numbers[1::2]), max(numbers[1::2])) == pytest.approx((-4, 100), abs=0.01)


def test_the_largest_usual_scale_that_fits_is_taken() -> None:
    # 100 m with 6 % free on each side: 1:1000 takes 100 of the 132 mm free, 1:500 would take 200.
    assert fit([SQUARE], width_mm=150, height_mm=150, crs=ZONE).scale == 1000
    assert fit([SQUARE], width_mm=1000, height_mm=1000, crs=ZONE).scale == 200


def test_a_scale_that_does_not_fit_is_refused_with_both_sizes() -> None:
    with pytest.raises(ParameterError, match=r"at 1:500 the area takes 200 × 200 mm, the map has 150 × 150 mm"):
        fit([SQUARE], width_mm=150, height_mm=150, crs=ZONE, scale=500)
    with pytest.raises(ParameterError, match="1:750 is not a usual scale"):
        fit([SQUARE], width_mm=150, height_mm=150, crs=ZONE, scale=750)
    wide = ground(shapely.box(0, 0, 40_000, 40_000))
    with pytest.raises(ParameterError, match="does not fit on this paper"):
        fit([wide], width_mm=150, height_mm=150, crs=ZONE)


def test_grid_and_bar_fit_every_usual_scale() -> None:
    for scale in SCALES:
        frame = Frame(ZONE, scale, EAST, NORTH, 170.0, 110.0)
        assert 35 <= frame.grid_step() * 1000 / scale <= 100
        assert 20 <= frame.bar_m() * 1000 / scale <= 62


def test_convergence_and_scale_are_those_of_transverse_mercator() -> None:
    # EPSG:5899 at E 576 000, N 1 320 000 is 108.4495° E, 11.9353° N (published with the zone's test point), so that
    # the convergence is about (108.4495 − 107.75)·sin 11.9353° = 0.1447°, and the scale 0.9999·(1 + 76²/(2·6 360²)).
    frame = Frame(ZONE, 1000, EAST - 50, NORTH - 50, 100.0, 100.0)
    assert frame.middle == pytest.approx((108.44954929, 11.93525707), abs=1e-7)
    assert frame.convergence_deg() == pytest.approx(0.69954929 * math.sin(math.radians(11.93525707)), abs=2e-4)
    assert frame.scale_factor() == pytest.approx(0.9999 * (1 + 76_000**2 / (2 * 6_360_000**2)), abs=2e-6)


def test_the_zone_is_the_one_chosen_else_the_nearest() -> None:
    assert zone_for(SQUARE, "EPSG:5899") == "EPSG:5899"
    assert zone_for(SQUARE) == "EPSG:9218", "108.45° lies nearest to 108°30′"
    assert zone_name("EPSG:5899") == "VN-2000, múi 3°, kinh tuyến trục 107°45′ (EPSG:5899)"
    for wrong in ("EPSG:3857", "EPSG:4326", "EPSG:32648"):
        with pytest.raises(CrsError, match="is not a zone of VN-2000"):
            zone_for(SQUARE, wrong)
    with pytest.raises(CrsError, match="lies in no zone"):
        zone_for(shapely.Point(2.35, 48.85))


def test_the_legend_names_only_what_is_on_the_map() -> None:
    symbols = (Symbol("fill", "Có"), Symbol("fill", "Không có"), Symbol("fill", "Ngoài khung"))
    far = ground(shapely.box(5000, 5000, 5100, 5100))
    seen = MapLayer("a", "Lớp A", symbols, (MapFeature(SQUARE, 0), MapFeature(far, 2)))
    unseen = MapLayer("b", "Lớp B", symbols, (MapFeature(far, 0),))
    drawing = draw(fit([SQUARE], width_mm=150, height_mm=100, crs=ZONE), (seen, unseen))
    assert [(title, [s.label for s in shown]) for title, shown in drawing.legend] == [("Lớp A", ["Có"])]
    assert drawing.drawn == {"a": 1, "b": 0}


def test_an_area_has_its_colour_of_the_legend_also_above_another_and_the_smaller_lies_on_top() -> None:
    # Half-transparent red on white is (255, 128, 128), green (128, 192, 128): 255 + (c - 255) / 2, rounded to even.
    symbols = (Symbol("fill", "Lớn", "#ff0000", 0.5), Symbol("fill", "Nhỏ", "#008000", 0.5))
    x, y, *_ = shapely.bounds(SQUARE)
    small = shapely.box(x, y, *shapely.point_on_surface(SQUARE).coords[0])
    layer = MapLayer("a", "Lớp A", symbols, (MapFeature(small, 1), MapFeature(SQUARE, 0)))
    drawing = draw(fit([SQUARE], width_mm=150, height_mm=100, crs=ZONE), (layer,))
    ((_, shown),) = drawing.legend
    assert [(s.color, s.opacity) for s in shown] == [("#ff8080", 1.0), ("#80c080", 1.0)]
    drawn = re.findall(r'fill="(#\w+)" fill-opacity="([\d.]+)"', drawing.svg)
    assert drawn == [("#ff8080", "1"), ("#80c080", "1")]


def test_labels_do_not_lie_on_each_other_nor_outside() -> None:
    points = tuple(
        MapFeature(ground(shapely.Point(x, y)), 0, f"Trạm đo số {x}")
        for x in range(0, 100, 4)
        for y in range(0, 100, 4)
    )
    layer = MapLayer("p", "Trạm", (Symbol("point", "Trạm"),), points)
    placed = draw(fit([SQUARE], width_mm=150, height_mm=100, crs=ZONE), (layer,)).labels
    assert 20 < len(placed) < len(points)
    for i, a in enumerate(placed):
        for b in placed[i + 1 :]:
            assert abs(a.y - b.y) > 2 or abs(a.x - b.x) > 10


def test_too_much_is_refused_before_it_is_drawn() -> None:
    many = shapely.multilinestrings([shapely.linestrings(np.random.default_rng(7).uniform(0, 100, (300_001, 2)))] * 2)
    layer = MapLayer("m", "Rất nhiều", (Symbol("line", "x"),), (MapFeature(ground(many), 0),))
    frame = fit([SQUARE], width_mm=150, height_mm=150, crs=ZONE)
    with pytest.raises(ParameterError, match="vertices"):
        draw(frame, (layer,))


@pytest.mark.parametrize("wrong", [{"color": "red"}, {"kind": "blob"}, {"color": '#000"/><script>'}, {"pattern": "x"}])
def test_a_symbol_that_is_none_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ParameterError):
        Symbol(**({"kind": "fill", "label": "x"} | wrong))


def test_a_map_says_what_it_was_drawn_from(t: Twin) -> None:
    issued = issue(t, content(template="layer_map", map=map_of(square_layer(), scale=1000)), now=NOW)
    said = issued.canonical["map"]
    assert (said["crs"], said["scale"]) == (ZONE, 1000)
    assert said["layers"] == [
        {
            "name": "o", "title": "Ô đất", "revision": 3, "data_date": "2026-11-23T09:30:00Z", "source": "QĐ 12",
            "drawn": 1,
        }
    ]  # fmt: skip
    text = pypdfium2.PdfDocument(t.files.path(issued.pdf).read_bytes())[0].get_textpage().get_text_bounded()
    for expected in ("Tỷ lệ 1:1 000", "kinh tuyến trục 107°45′", "phiên bản 3", "QĐ 12", "Chú giải", "Trang 1/1"):
        assert expected.replace(" ", "") in text.replace("\u202f", "").replace(" ", "").replace("\r\n", ""), expected
