"""Grids as map tiles, values and legends.

A tile's pixels are carried into the grid's own reference system by :mod:`twin.geo.crs` (so VN-2000 takes its
pinned path), on a mesh dense enough that interpolating between its nodes errs by far less than a pixel.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import rasterio
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.windows import Window

from layers.png import encode_png
from layers.styles import raster_stops
from layers.tiles import TileAddress
from twin.errors import FormatError
from twin.geo.crs import WGS84, transform_points
from twin.model.layer import Layer, RasterItem
from twin.types import Json, LonLat

SIZE = 256
"""Width and height of a tile. [pixels]"""

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RasterValue:
    """Value of a grid at a place; ``value`` is ``None`` where the grid has no data."""

    value: float | None
    item: RasterItem


def tile_tag(layer: Layer, items: Sequence[RasterItem], *, night: bool) -> str:
    """Text equal for equal tiles of a layer."""
    content = repr(([(i.file, i.valid_from) for i in items], layer.style, night))
    return hashlib.blake2b(content.encode(), digest_size=12).hexdigest()


def render_tile(
    items: Sequence[tuple[RasterItem, Path]],
    stops: Sequence[Mapping[str, Json]],
    address: TileAddress,
    *,
    smooth: bool = False,
    night: bool = False,
) -> bytes:
    """Draw grids over each other, in order, into a PNG tile; transparent where there is no value.

    Parameters
    ----------
    items
        Grids with the files that hold them.
    stops
        Colour stops (see :mod:`layers.styles`).
    """
    values = np.full((SIZE, SIZE), np.nan)
    for item, path in items:
        fresh = _read_tile(item, path, address)
        values = np.where(np.isnan(fresh), values, fresh)
    return encode_png(paint(values, stops, smooth=smooth, night=night))


def _read_tile(item: RasterItem, path: Path, address: TileAddress) -> FloatArray:
    out = np.full((SIZE, SIZE), np.nan)
    lon, lat = _pixel_positions(address)
    columns = np.flatnonzero((lon >= item.bbox.west) & (lon <= item.bbox.east))
    rows = np.flatnonzero((lat >= item.bbox.south) & (lat <= item.bbox.north))
    if not (columns.size and rows.size):
        return out
    x, y = _mesh_transform(lon[columns], lat[rows], item.crs)
    with _opened(path) as dataset:
        out[np.ix_(rows, columns)] = _sample(dataset, *_cells(dataset, x, y))
    return out


def _cells(dataset: Any, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Columns and rows, with fractions, of coordinates in the grid's system."""
    inverse = ~dataset.transform
    return inverse.a * x + inverse.b * y + inverse.c, inverse.d * x + inverse.e * y + inverse.f


def _pixel_positions(address: TileAddress) -> tuple[FloatArray, FloatArray]:
    """Longitudes of the columns' and latitudes of the rows' centres."""
    side = 1 << address.zoom
    offset = (np.arange(SIZE) + 0.5) / SIZE
    lon = (address.column + offset) / side * 360 - 180
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (address.row + offset) / side))))
    return lon, lat


def _mesh_transform(lon: FloatArray, lat: FloatArray, crs: str) -> tuple[FloatArray, FloatArray]:
    """Coordinates in ``crs`` of a grid of positions, from a mesh of exactly transformed nodes."""
    across, down = _nodes(len(lon)), _nodes(len(lat))
    mesh_lon, mesh_lat = np.meshgrid(
        np.interp(across, np.arange(len(lon)), lon), np.interp(down, np.arange(len(lat)), lat)
    )
    x, y = transform_points(mesh_lon.ravel(), mesh_lat.ravel(), WGS84, crs)
    shape = mesh_lon.shape
    return _stretch(np.reshape(x, shape), down, across), _stretch(np.reshape(y, shape), down, across)


def _nodes(count: int) -> FloatArray:
    """Mesh nodes along ``count`` pixels: every pixel of a short side, seventeen on a long one."""
    return np.linspace(0.0, count - 1.0, min(count, 17))


def _stretch(mesh: FloatArray, down: FloatArray, across: FloatArray) -> FloatArray:
    """Interpolate a mesh bilinearly to every pixel."""
    rows = np.stack([np.interp(np.arange(round(down[-1]) + 1), down, column) for column in mesh.T], axis=1)
    return np.stack([np.interp(np.arange(round(across[-1]) + 1), across, row) for row in rows], axis=0)


def _sample(dataset: Any, column: FloatArray, row: FloatArray) -> FloatArray:
    """Value of the cell each pixel's centre lies in; NaN outside and where the grid has none."""
    inside = np.isfinite(column) & np.isfinite(row)
    inside &= (column >= 0) & (column < dataset.width) & (row >= 0) & (row < dataset.height)
    out = np.full(column.shape, np.nan)
    if not inside.any():
        return out
    first_c, last_c = int(column[inside].min()), int(column[inside].max())
    first_r, last_r = int(row[inside].min()), int(row[inside].max())
    width, height = last_c - first_c + 1, last_r - first_r + 1
    # Far out, many cells share a pixel: read them averaged, from overviews where the file has them.
    factor_c, factor_r = max(1.0, width / (2 * SIZE)), max(1.0, height / (2 * SIZE))
    shape = (max(1, round(height / factor_r)), max(1, round(width / factor_c)))
    grid = _read(dataset, Window(first_c, first_r, width, height), shape)
    take_c = ((column[inside] - first_c) * shape[1] / width).astype(np.int64).clip(0, shape[1] - 1)
    take_r = ((row[inside] - first_r) * shape[0] / height).astype(np.int64).clip(0, shape[0] - 1)
    out[inside] = grid[take_r, take_c]
    return out


def _read(dataset: Any, window: Window, shape: tuple[int, int]) -> FloatArray:
    averaged = shape != (window.height, window.width)
    cells = dataset.read(
        1,
        window=window,
        out_shape=shape,
        masked=True,
        resampling=Resampling.average if averaged else Resampling.nearest,
    )
    return np.asarray(np.ma.filled(cells.astype(np.float64), np.nan))


def _opened(path: Path) -> Any:
    try:
        return rasterio.open(path, driver="GTiff")
    except RasterioError as exc:
        raise FormatError("a stored grid cannot be read", where=path.name) from exc


# -- colours -------------------------------------------------------------------------------------------------


def paint(
    values: FloatArray, stops: Sequence[Mapping[str, Json]], *, smooth: bool = False, night: bool = False
) -> npt.NDArray[np.uint8]:
    """Colour values by stops into (rows, columns, 4); NaN and what no stop takes is transparent."""
    pixels = np.zeros((*values.shape, 4), dtype=np.uint8)
    colours = np.array([_rgba(stop, night=night) for stop in stops], dtype=np.float64).reshape(-1, 4)
    lows = np.array([_bound(stop, "from", -np.inf) for stop in stops])
    for index, stop in enumerate(stops):
        with np.errstate(invalid="ignore"):
            taken = (values >= lows[index]) & (values < _bound(stop, "to", np.inf))
        pixels[taken] = colours[index]
        pattern = stop.get("pattern")
        if isinstance(pattern, str):
            _mark(pixels, taken & _pattern_mask(values.shape, pattern), night=night)
    if smooth and len(stops) > 1:
        taken = (pixels[..., 3] > 0) & np.isfinite(values)
        pixels[taken] = np.column_stack([np.interp(values[taken], lows, colours[:, band]) for band in range(4)]).round()
    return pixels


def _bound(stop: Mapping[str, Json], key: str, absent: float) -> float:
    value = stop.get(key)
    return float(value) if isinstance(value, int | float) else absent


def _rgba(stop: Mapping[str, Json], *, night: bool) -> tuple[int, ...]:
    text = str((stop.get("color_night") if night else None) or stop["color"]).lstrip("#")
    return tuple(bytes.fromhex(text if len(text) == 8 else f"{text}ff"))


def _pattern_mask(shape: tuple[int, ...], pattern: str) -> npt.NDArray[np.bool_]:
    """Pixels of a pattern; it repeats every 8 pixels, so tiles join."""
    row, column = np.indices(shape)
    rising, falling = (row + column) % 8 == 0, (row - column) % 8 == 0
    masks = {
        "hatch": rising,
        "hatch_back": falling,
        "cross": rising | falling,
        "dots": (row % 4 == 0) & (column % 4 == 0),
        "grid": (row % 8 == 0) | (column % 8 == 0),
        "dense": (row + column) % 4 == 0,
    }
    return np.asarray(masks[pattern])


def _mark(pixels: npt.NDArray[np.uint8], where: npt.NDArray[np.bool_], *, night: bool) -> None:
    shade = np.array([19, 26, 24] if night else [255, 255, 255], dtype=np.float64)
    pixels[where, :3] = (pixels[where, :3] * 0.45 + shade * 0.55).round()


# -- values and legend ---------------------------------------------------------------------------------------


def value_at(items: Sequence[tuple[RasterItem, Path]], place: LonLat) -> RasterValue | None:
    """Value of the uppermost grid that covers a place; ``None`` where no grid does."""
    for item, path in reversed(items):
        box = item.bbox
        if not (box.west <= place.lon <= box.east and box.south <= place.lat <= box.north):
            continue
        x, y = transform_points(np.array([place.lon]), np.array([place.lat]), WGS84, item.crs)
        with _opened(path) as dataset:
            column, row = (float(part[0]) for part in _cells(dataset, x, y))
            if 0 <= column < dataset.width and 0 <= row < dataset.height:
                cell = _read(dataset, Window(int(column), int(row), 1, 1), (1, 1))[0, 0]
                return RasterValue(None if np.isnan(cell) else float(cell), item)
    return None


def layer_range(items: Sequence[RasterItem]) -> tuple[float | None, float | None]:
    """Lowest and highest value over grids; ``(None, None)`` where none says."""
    lows = [i.minimum for i in items if i.minimum is not None]
    highs = [i.maximum for i in items if i.maximum is not None]
    return (min(lows), max(highs)) if lows and highs else (None, None)


def stops_of(layer: Layer, items: Sequence[RasterItem]) -> list[dict[str, Json]]:
    """Colour stops of a layer over the range of all its grids."""
    return raster_stops(layer, *layer_range(items))


def is_smooth(layer: Layer) -> bool:
    """Whether the layer's colours are interpolated between stops."""
    part = layer.style.get("raster")
    return isinstance(part, dict) and part.get("smooth") is True


def sample_points(path: Path, crs: str, x: FloatArray, y: FloatArray, points_crs: str) -> FloatArray:
    """Values of a grid (in ``crs``) at a mesh of columns ``x`` and rows ``y`` of another system; NaN where it has none.

    Columns and rows are evenly apart; the mesh is transformed at nodes and interpolated between them.
    """
    across, down = _nodes(len(x)), _nodes(len(y))
    mesh_x, mesh_y = np.meshgrid(np.interp(across, np.arange(len(x)), x), np.interp(down, np.arange(len(y)), y))
    to_x, to_y = transform_points(mesh_x.ravel(), mesh_y.ravel(), points_crs, crs)
    shape = mesh_x.shape
    grid_x = _stretch(np.reshape(to_x, shape), down, across)
    grid_y = _stretch(np.reshape(to_y, shape), down, across)
    with _opened(path) as dataset:
        return _sample(dataset, *_cells(dataset, grid_x, grid_y))
