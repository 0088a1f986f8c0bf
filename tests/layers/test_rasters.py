from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.io import MemoryFile

from layers.rasters import layer_range, paint, render_tile, stops_of, tile_tag, value_at
from layers.tiles import TileAddress
from twin.errors import FormatError
from twin.geo.crs import transform_points
from twin.model.layer import Layer, LayerKind, RasterItem
from twin.scenario.flood_layer import depth_style
from twin.types import BBox, LonLat

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")

STOPS = [
    {"from": 0.5, "to": 1.5, "color": "#ff0000", "color_night": "#800000"},
    {"from": 1.5, "color": "#0000ff"},
]
LAYER = Layer("depth", "Độ sâu", kind=LayerKind.RASTER, geometry_type="")


def write(path: Path, grid: np.ndarray, crs: str, west: float, north: float, step: float) -> Path:
    height, width = grid.shape
    profile = {"driver": "GTiff", "width": width, "height": height, "count": 1, "dtype": "float32", "nodata": -9999}
    with rasterio.open(path, "w", **profile, crs=crs, transform=Affine(step, 0, west, 0, -step, north)) as out:
        out.write(grid.astype(np.float32), 1)
    return path


def item(crs: str, extent: BBox, low: float = 0.0, high: float = 3.0) -> RasterItem:
    return RasterItem("depth", "0" * 64, crs, extent, None, None, "m", low, high)


def pixels(png: bytes) -> np.ndarray:
    with MemoryFile(png) as memory, memory.open() as picture:
        return np.moveaxis(picture.read(), 0, -1)


@pytest.fixture
def quarters(tmp_path: Path) -> tuple[RasterItem, Path]:
    """The whole tile 10/816/479 in four quarters: no data, 1 | 2, 0."""
    extent = TileAddress(10, 816, 479).box()
    step = (extent.east - extent.west) / 2
    # Mercator is nearly linear over one tile, so the middle row of the grid is the middle row of the tile.
    profile = {"driver": "GTiff", "width": 2, "height": 2, "count": 1, "dtype": "float32", "nodata": -9999}
    transform = Affine(step, 0, extent.west, 0, (extent.south - extent.north) / 2, extent.north)
    with rasterio.open(tmp_path / "q.tif", "w", **profile, crs="EPSG:4326", transform=transform) as out:
        out.write(np.array([[-9999, 1], [2, 0]], dtype=np.float32), 1)
    return item("EPSG:4326", extent), tmp_path / "q.tif"


def test_each_quarter_of_a_tile_gets_the_colour_of_its_value(quarters: tuple[RasterItem, Path]) -> None:
    picture = pixels(render_tile([quarters], STOPS, TileAddress(10, 816, 479)))
    assert picture.shape == (256, 256, 4)
    assert picture[40, 40].tolist() == [0, 0, 0, 0]
    assert picture[40, 200].tolist() == [255, 0, 0, 255]
    assert picture[200, 40].tolist() == [0, 0, 255, 255]
    assert picture[200, 200].tolist() == [0, 0, 0, 0]


def test_the_edge_between_cells_lies_in_the_middle_of_the_tile(quarters: tuple[RasterItem, Path]) -> None:
    picture = pixels(render_tile([quarters], STOPS, TileAddress(10, 816, 479)))
    assert picture[64, 127, 3] == 0
    assert picture[64, 128, 3] == 255


def test_night_has_its_own_colours(quarters: tuple[RasterItem, Path]) -> None:
    picture = pixels(render_tile([quarters], STOPS, TileAddress(10, 816, 479), night=True))
    assert picture[40, 200].tolist() == [128, 0, 0, 255]


def test_a_tile_beside_the_grid_is_empty(quarters: tuple[RasterItem, Path]) -> None:
    picture = pixels(render_tile([quarters], STOPS, TileAddress(10, 818, 479)))
    assert not picture.any()
    assert not pixels(render_tile([], STOPS, TileAddress(0, 0, 0))).any()


def test_the_world_tile_holds_a_small_grid_without_failing(tmp_path: Path) -> None:
    grid = np.full((400, 400), 1.0)
    path = write(tmp_path / "big.tif", grid, "EPSG:4326", 100.0, 20.0, 0.02)
    picture = pixels(render_tile([(item("EPSG:4326", BBox(100, 12, 108, 20)), path)], STOPS, TileAddress(0, 0, 0)))
    # 100° E is pixel (100 + 180) / 360 · 256 = 199.1, 108° E is 204.8; 20° N is pixel 113.3, 12° N is 119.4.
    drawn = np.argwhere(picture[..., 3] > 0)
    assert drawn.min(axis=0).tolist() == [113, 199]
    assert drawn.max(axis=0).tolist() == [118, 204]


def test_a_vn_2000_grid_lies_where_the_pinned_transformation_puts_it(tmp_path: Path) -> None:
    # One cell of 2 m among zeros, in TM-3 106°15' (EPSG:9212).
    east, north = (float(v[0]) for v in transform_points([106.9], [11.5], "EPSG:4326", "EPSG:9212"))
    grid = np.zeros((101, 101))
    grid[50, 50] = 2.0
    path = write(tmp_path / "vn.tif", grid, "EPSG:9212", east - 101, north + 101, 2.0)
    extent = BBox(106.895, 11.495, 106.905, 11.505)
    thing = (item("EPSG:9212", extent), path)
    assert value_at([thing], LonLat(106.9, 11.5)).value == 2.0
    zoom = 21
    column = (106.9 + 180) / 360 * 2**zoom
    row = (1 - np.arcsinh(np.tan(np.radians(11.5))) / np.pi) / 2 * 2**zoom
    address = TileAddress(zoom, int(column), int(row))
    picture = pixels(render_tile([thing], STOPS, address))
    x, y = int((column % 1) * 256), int((row % 1) * 256)
    assert picture[y, x].tolist() == [0, 0, 255, 255]
    # The cell is 2 m wide; a pixel of zoom 21 at 11.5° N is 0.073 m.
    width = (picture[y, :, 3] > 0).sum()
    assert width <= 2 / 0.073 + 2


def test_smooth_colours_run_from_stop_to_stop() -> None:
    stops = [{"from": 0.0, "to": 1.0, "color": "#000000"}, {"from": 1.0, "color": "#ff0000"}]
    painted = paint(np.array([[0.0, 0.5, 1.0, 9.0, np.nan, -1.0]]), stops, smooth=True)
    assert painted[0, :, 0].tolist() == [0, 128, 255, 255, 0, 0]
    assert painted[0, :, 3].tolist() == [255, 255, 255, 255, 0, 0]


def test_the_deep_classes_carry_a_pattern_besides_their_colour() -> None:
    painted = paint(np.full((16, 16), 1.5), depth_style()["raster"]["stops"])
    assert len(np.unique(painted.reshape(-1, 4), axis=0)) == 2
    shallow = paint(np.full((16, 16), 0.1), depth_style()["raster"]["stops"])
    assert len(np.unique(shallow.reshape(-1, 4), axis=0)) == 1


def test_a_value_is_read_from_the_uppermost_grid_that_covers_the_place(tmp_path: Path) -> None:
    low = write(tmp_path / "low.tif", np.full((2, 2), 1.0), "EPSG:4326", 106.0, 12.0, 0.5)
    high = write(tmp_path / "high.tif", np.array([[5.0, -9999.0]]), "EPSG:4326", 106.0, 12.0, 0.1)
    items = [
        (item("EPSG:4326", BBox(106, 11, 107, 12)), low),
        (item("EPSG:4326", BBox(106, 11.9, 106.2, 12)), high),
    ]
    assert value_at(items, LonLat(106.05, 11.95)).value == 5.0
    assert value_at(items, LonLat(106.15, 11.95)).value is None
    assert value_at(items, LonLat(106.9, 11.5)).value == 1.0
    assert value_at(items, LonLat(0, 0)) is None


def test_a_file_that_is_no_grid_is_a_format_error(tmp_path: Path) -> None:
    (tmp_path / "x.tif").write_bytes(b"not a grid")
    thing = (item("EPSG:4326", BBox(-180, -85, 180, 85)), tmp_path / "x.tif")
    with pytest.raises(FormatError):
        render_tile([thing], STOPS, TileAddress(0, 0, 0))


def test_colour_steps_follow_the_range_of_all_grids_so_that_time_does_not_change_them() -> None:
    items = [item("EPSG:4326", BBox(0, 0, 1, 1), 2, 4), item("EPSG:4326", BBox(0, 0, 1, 1), 0, 3)]
    assert layer_range(items) == (0, 4)
    assert stops_of(LAYER, items)[0]["from"] == 0
    assert tile_tag(LAYER, items, night=False) != tile_tag(LAYER, items[:1], night=False)
    assert tile_tag(LAYER, items, night=False) != tile_tag(LAYER, items, night=True)


def test_the_picture_is_a_png_whose_chunks_check(quarters: tuple[RasterItem, Path]) -> None:
    png = render_tile([quarters], STOPS, TileAddress(10, 816, 479))
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    place = 8
    while place < len(png):
        length = int.from_bytes(png[place : place + 4], "big")
        body = png[place + 4 : place + 8 + length]
        assert zlib.crc32(body) == int.from_bytes(png[place + 8 + length : place + 12 + length], "big")
        place += 12 + length
