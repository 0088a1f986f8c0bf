from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from twin.errors import CrsError, FormatError, ParameterError
from twin.geo.crs import to_wgs84
from twin.scenario.grid import Grid, read_grid
from twin.types import BBox

TEXT = """ncols 4
nrows 3
xllcorner 1000
yllcorner 2000
cellsize 10
NODATA_value -9999
1.25 2 3 4
5 6 -9999 8
9 10 11 12
"""


@pytest.fixture
def text_grid(tmp_path: Path) -> Path:
    path = tmp_path / "ground.asc"
    path.write_text(TEXT)
    return path


def test_a_text_grid_is_read_with_its_place_and_gaps(text_grid: Path) -> None:
    grid = read_grid(text_grid, crs="EPSG:9212")
    assert grid.shape == (3, 4)
    assert (grid.west, grid.north, grid.east, grid.south) == (1000, 2030, 1040, 2000)
    assert grid.values[0, 0] == 1.25
    assert np.isnan(grid.values[1, 2])
    assert grid.crs == "EPSG:9212"


def test_a_gzipped_grid_is_the_same_grid_whatever_it_is_called(text_grid: Path, tmp_path: Path) -> None:
    packed = tmp_path / "ground.dem.raw.gz"
    packed.write_bytes(gzip.compress(TEXT.encode()))
    assert read_grid(packed, crs="EPSG:9212").sha256() == read_grid(text_grid, crs="EPSG:9212").sha256()


def test_full_precision_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "fine.asc"
    path.write_text(TEXT.replace("1.25", "18.479999542236328125"))
    assert read_grid(path, crs="EPSG:27700").values[0, 0] == 18.479999542236328125


def test_coarse_cells_are_means_of_what_is_there(text_grid: Path) -> None:
    coarse = read_grid(text_grid, crs="EPSG:9212").coarsened(20)
    # (1.25 + 2 + 5 + 6) / 4, (3 + 4 + 8) / 3, and the last row in blocks of its own
    assert coarse.values.tolist() == [[3.5625, 5.0], [9.5, 11.5]]
    assert (coarse.west, coarse.north, coarse.cell_m) == (1000, 2030, 20)


def test_a_block_without_values_has_none() -> None:
    grid = Grid(np.array([[np.nan, np.nan, 1.0, 3.0], [np.nan, np.nan, np.nan, np.nan]]), 0, 0, 1, "EPSG:9212")
    assert np.isnan(grid.coarsened(2).values[0, 0])
    assert grid.coarsened(2).values[0, 1] == 2


def test_cells_that_do_not_divide_are_refused(text_grid: Path) -> None:
    grid = read_grid(text_grid, crs="EPSG:9212")
    for cell in (15, 5, 0.1):
        with pytest.raises(ParameterError, match="not a multiple"):
            grid.coarsened(cell)


def test_a_point_is_in_the_cell_around_it(text_grid: Path) -> None:
    grid = read_grid(text_grid, crs="EPSG:9212")
    assert grid.cell_at(1000.0, 2029.9) == (0, 0)
    assert grid.cell_at(1039.9, 2000.1) == (2, 3)
    with pytest.raises(ParameterError, match="outside the grid"):
        grid.cell_at(1041.0, 2010.0)


def test_a_box_cuts_out_the_cells_it_touches() -> None:
    grid = Grid(np.arange(100.0).reshape(10, 10), 500_000, 1_275_000, 100, "EPSG:9212")
    middle = to_wgs84([_point(500_450, 1_274_350), _point(500_650, 1_274_550)], "EPSG:9212")
    area = BBox(middle[0].x, middle[0].y, middle[1].x, middle[1].y)  # type: ignore[attr-defined]
    part = grid.clipped(area)
    assert part.values[0, 0] == 44
    assert part.shape == (3, 3)
    assert (part.west, part.north) == (500_400, 1_274_600)
    with pytest.raises(ParameterError, match="does not touch"):
        grid.clipped(BBox(100, 10, 100.1, 10.1))


def _point(x: float, y: float) -> object:
    from shapely import Point

    return Point(x, y)


def test_a_grid_lies_on_another_by_the_middles_of_its_cells() -> None:
    rough = Grid(np.array([[0.03, 0.05]]), 0, 20, 20, "EPSG:9212")
    bed = Grid(np.zeros((2, 5)), 0, 20, 10, "EPSG:9212")
    assert rough.resampled_to(bed)[0].tolist()[:4] == [0.03, 0.03, 0.05, 0.05]
    assert np.isnan(rough.resampled_to(bed)[0, 4])


@pytest.mark.parametrize("crs", ["", "EPSG:4326", "EPSG:4756"])
def test_a_grid_without_a_metric_system_is_refused(text_grid: Path, crs: str) -> None:
    with pytest.raises(CrsError, match=r"reference system|degrees"):
        read_grid(text_grid, crs=crs)


def test_what_is_no_grid_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.asc"
    with pytest.raises(FormatError, match="no such file"):
        read_grid(path, crs="EPSG:9212")
    path.write_text("hello")
    with pytest.raises(FormatError, match="neither a GeoTIFF nor"):
        read_grid(path, crs="EPSG:9212")
    path.write_text("<VRTDataset rasterXSize='1' rasterYSize='1'/>")
    with pytest.raises(FormatError, match="neither a GeoTIFF nor"):
        read_grid(path, crs="EPSG:9212")
    path.write_bytes(gzip.compress(b"ncols 4")[:-5])
    with pytest.raises(FormatError, match="damaged"):
        read_grid(path, crs="EPSG:9212")
