"""Terrain and other grids that a simulation reads: square cells, north up, in a metric reference system."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile
from shapely import box, segmentize

from twin.errors import CrsError, FormatError, ParameterError
from twin.geo.crs import describe, from_wgs84, to_wgs84
from twin.simulation.component import FloatArray
from twin.types import BBox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DRIVERS = ("GTiff", "AAIGrid")
LARGEST_CELLS = 100_000_000
_LARGEST_BYTES = 4 << 30
# A gzipped text grid may not unfold to more than this.


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Values in square cells, row 0 in the north; missing values are NaN.

    ``west`` and ``north`` are the outer corner of the first cell in ``crs``. [m]
    """

    values: FloatArray
    west: float
    north: float
    cell_m: float
    crs: str

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return (self.values.shape[0], self.values.shape[1])

    @property
    def east(self) -> float:
        """East rim. [m]"""
        return self.west + self.shape[1] * self.cell_m

    @property
    def south(self) -> float:
        """South rim. [m]"""
        return self.north - self.shape[0] * self.cell_m

    def cell_at(self, x: float, y: float) -> tuple[int, int]:
        """Row and column of the cell a point lies in; ParameterError outside the grid."""
        row, column = int((self.north - y) // self.cell_m), int((x - self.west) // self.cell_m)
        if not (0 <= row < self.shape[0] and 0 <= column < self.shape[1]):
            raise ParameterError(
                f"point ({x:.2f}, {y:.2f}) lies outside the grid from ({self.west:.2f}, {self.south:.2f}) "
                f"to ({self.east:.2f}, {self.north:.2f}) in {self.crs}"
            )
        return row, column

    def centres(self) -> tuple[FloatArray, FloatArray]:
        """Coordinates of the columns' and of the rows' middles. [m]"""
        x = self.west + (np.arange(self.shape[1], dtype=np.float64) + 0.5) * self.cell_m
        y = self.north - (np.arange(self.shape[0], dtype=np.float64) + 0.5) * self.cell_m
        return x, y

    def coarsened(self, cell_m: float) -> Grid:
        """Means over square blocks; a block without any value is missing.

        Cells beyond the last whole block make a block of their own, so the grid may reach further south and east.
        """
        ratio = cell_m / self.cell_m
        factor = round(ratio)
        if factor < 1 or abs(ratio - factor) > 1e-6:
            raise ParameterError(
                f"cells of {cell_m:g} m are not a multiple of the grid's {self.cell_m:g} m",
                hint=f"Take {', '.join(f'{self.cell_m * k:g}' for k in (1, 2, 4, 5, 10))} m …",
            )
        if factor == 1:
            return self
        pad = [(0, -length % factor) for length in self.shape]
        padded = np.pad(self.values, pad, constant_values=np.nan)
        rows, columns = padded.shape[0] // factor, padded.shape[1] // factor
        blocks = padded.reshape(rows, factor, columns, factor)
        present = ~np.isnan(blocks)
        count = present.sum(axis=(1, 3))
        total = np.where(present, blocks, 0.0).sum(axis=(1, 3))
        means = np.divide(total, count, out=np.full((rows, columns), np.nan), where=count > 0)
        return Grid(means, self.west, self.north, self.cell_m * factor, self.crs)

    def clipped(self, area: BBox) -> Grid:
        """The cells that touch a box; ParameterError if there are none."""
        west, south, east, north = from_wgs84([segmentize(box(*area.tuple()), 0.01)], self.crs)[0].bounds
        rows = slice(
            max(0, int((self.north - north) // self.cell_m)),
            min(self.shape[0], int(-((south - self.north) // self.cell_m))),
        )
        columns = slice(
            max(0, int((west - self.west) // self.cell_m)),
            min(self.shape[1], int(-((self.west - east) // self.cell_m))),
        )
        if rows.start >= rows.stop or columns.start >= columns.stop:
            raise ParameterError(f"box {area.tuple()} does not touch the grid")
        return Grid(
            np.ascontiguousarray(self.values[rows, columns]),
            self.west + columns.start * self.cell_m,
            self.north - rows.start * self.cell_m,
            self.cell_m,
            self.crs,
        )

    def resampled_to(self, other: Grid) -> FloatArray:
        """Value of the cell in which each of the other grid's middles lies; NaN outside."""
        if self.crs != other.crs:
            raise CrsError(f"grids in {self.crs} and {other.crs} do not lie on each other")
        x, y = other.centres()
        rows = np.floor((self.north - y) / self.cell_m).astype(np.intp)
        columns = np.floor((x - self.west) / self.cell_m).astype(np.intp)
        inside = np.logical_and.outer((rows >= 0) & (rows < self.shape[0]), (columns >= 0) & (columns < self.shape[1]))
        taken = self.values[np.ix_(rows.clip(0, self.shape[0] - 1), columns.clip(0, self.shape[1] - 1))]
        return np.where(inside, taken, np.nan)

    def bbox(self) -> BBox:
        """Box around the grid in WGS 84."""
        rim = segmentize(box(self.west, self.south, self.east, self.north), (self.east - self.west) / 16)
        return BBox(*to_wgs84([rim], self.crs)[0].bounds)

    def sha256(self) -> str:
        """Hash of the values and of where they lie."""
        digest = hashlib.sha256(repr((self.west, self.north, self.cell_m, self.crs)).encode())
        digest.update(array_sha256(self.values).encode())
        return digest.hexdigest()


def array_sha256(values: FloatArray) -> str:
    """Hash of an array's shape and little-endian values."""
    digest = hashlib.sha256(repr(values.shape).encode())
    digest.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """Hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_grid(path: Path, *, crs: str = "") -> Grid:
    """Read a GeoTIFF or an ESRI text grid, gzipped or not.

    Parameters
    ----------
    path
        The file.
    crs
        Its reference system; overrides what the file says.

    Raises
    ------
    FormatError
        If it is no such grid, or its cells are not square and north up.
    CrsError
        If no reference system is known, or it is not metric.
    """
    with _opened(path) as dataset:
        transform = dataset.transform
        if transform.b or transform.d or transform.e >= 0 or abs(transform.a + transform.e) > 1e-6 * transform.a:
            raise FormatError("the cells are not square and north up", where=path.name)
        if dataset.width * dataset.height > LARGEST_CELLS:
            raise FormatError(
                f"{dataset.width} × {dataset.height} cells are too many", where=path.name, hint="Cut it first."
            )
        stated = dataset.crs.to_string() if dataset.crs else ""
        values = np.ma.filled(dataset.read(1, masked=True).astype(np.float64), np.nan)
    values[~np.isfinite(values)] = np.nan
    return Grid(values, transform.c, transform.f, transform.a, metric(crs or stated, where=path.name))


def metric(crs: str, *, where: str) -> str:
    """Code of a projected system in metres; CrsError for any other."""
    if not crs:
        raise CrsError("the file names no reference system", where=where, hint="Give one, for instance EPSG:9212.")
    info = describe(crs)
    if info.geographic:
        raise CrsError(
            f"{info.code} counts in degrees; a simulation needs cells in metres",
            where=where,
            hint="Convert the grid to the local system first, for instance EPSG:9212.",
        )
    return info.code


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if not path.is_file():
        raise FormatError("there is no such file", where=str(path))
    try:
        if _is_gzip(path):
            with MemoryFile(_unzipped(path)) as memory, _with_driver(memory.name) as dataset:
                yield dataset
        else:
            with _with_driver(path) as dataset:
                yield dataset
    except RasterioError as exc:
        raise FormatError(f"this is neither a GeoTIFF nor an ESRI text grid: {exc}", where=path.name) from exc


def _with_driver(place: Any) -> Any:
    """Open with one of the known drivers only; text grids in full precision."""
    try:
        return rasterio.open(place, driver="GTiff")
    except RasterioError:
        return rasterio.open(place, driver="AAIGrid", DATATYPE="Float64")


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _unzipped(path: Path) -> bytes:
    out = io.BytesIO()
    try:
        with gzip.open(path) as packed:
            while block := packed.read(1 << 20):
                out.write(block)
                if out.tell() > _LARGEST_BYTES:
                    raise FormatError("it unfolds to more than 4 GiB", where=path.name)
    except (OSError, EOFError, zlib.error) as exc:
        raise FormatError(f"the archive is damaged: {exc}", where=path.name) from exc
    return out.getvalue()
