"""Grids in: any raster that can be read becomes a cloud-optimised GeoTIFF in the twin's files."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from rasterio.errors import CRSError as RasterioCrsError
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.transform import xy as cell_position

from layers.readers.raster import raster_environment
from layers.readers.record import Grid
from twin.errors import CrsError, FormatError
from twin.geo.crs import WGS84, transform_points
from twin.types import BBox, Json

_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Converted:
    """A converted grid: where it lies, its extremes, what it is."""

    path: Path
    bbox: BBox
    minimum: float
    maximum: float
    properties: dict[str, Json]
    notes: tuple[str, ...]


def convert(grid: Grid, crs: str, work: Path) -> Converted:
    """Write a grid as a cloud-optimised GeoTIFF with overviews, in its own cells and reference system.

    Cells that are NaN, infinite or the file's "no data" number become "no data".

    Raises
    ------
    CrsError
        If the grid lies nowhere on Earth in ``crs``.
    FormatError
        If it cannot be read to the end or holds no valid cell.
    """
    try:
        with raster_environment(), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(grid.path.absolute(), driver=grid.driver) as source:
                return _convert(source, grid, crs, work)
    except RasterioCrsError as exc:
        raise CrsError(f"{crs} cannot be written into a GeoTIFF: {exc}", where=grid.name) from exc
    except (RasterioError, OSError) as exc:
        raise FormatError(f"cannot be read to the end: {exc}", where=grid.name) from exc


def _convert(source: Any, grid: Grid, crs: str, work: Path) -> Converted:
    if source.transform.is_identity:
        raise FormatError(
            "the grid does not say where its cells lie", where=grid.name, hint="Georeference it, or add its world file."
        )
    box = _extent(source, crs)
    kind = np.dtype(source.dtypes[0])
    floating = np.issubdtype(kind, np.floating)
    nodata = source.nodata if source.nodata is not None else (float("nan") if floating else None)
    plain, final = work / "plain.tif", work / "cog.tif"
    profile = {
        "driver": "GTiff", "width": source.width, "height": source.height, "count": source.count, "dtype": kind.name,
        "crs": rasterio.crs.CRS.from_user_input(crs), "transform": source.transform, "nodata": nodata,
        "tiled": True, "blockxsize": _BLOCK, "blockysize": _BLOCK, "BIGTIFF": "IF_SAFER",
    }  # fmt: skip
    with rasterio.open(plain, "w", **profile) as target:
        low, high, valid, odd = _copy(source, target, nodata)
    if not valid:
        raise FormatError("the grid holds no valid cell", where=grid.name)
    rasterio.shutil.copy(
        str(plain), str(final), driver="COG", COMPRESS="DEFLATE", PREDICTOR="YES", BLOCKSIZE=_BLOCK,
        OVERVIEWS="IGNORE_EXISTING", OVERVIEW_RESAMPLING="AVERAGE" if floating else "NEAREST", NUM_THREADS="1",
    )  # fmt: skip
    plain.unlink()
    cells = source.width * source.height
    properties: dict[str, Json] = {
        "width": source.width,
        "height": source.height,
        "bands": source.count,
        "cell_x": abs(float(source.transform.a)),
        "cell_y": abs(float(source.transform.e)),
        "valid_cells": valid,
        "nodata_share": round(1 - valid / cells, 6),
    }
    notes = [f"{odd} cells that were NaN or infinite are read as no data"] if odd else []
    if source.count > 1:
        notes.append(f"the file has {source.count} bands; values and extremes are those of the first")
    return Converted(final, box, low, high, properties, (*grid.notes, *notes))


def _copy(source: Any, target: Any, nodata: float | None) -> tuple[float, float, int, int]:
    """Copy block by block; extremes and count of the valid cells of band 1, and how many were not finite."""
    low, high, valid, odd = np.inf, -np.inf, 0, 0
    for _, window in target.block_windows(1):
        for band in range(1, source.count + 1):
            values = source.read(band, window=window)
            mask = source.read_masks(band, window=window) == 0
            if np.issubdtype(values.dtype, np.floating):
                bad = ~np.isfinite(values)
                odd += int((bad & ~mask).sum()) if band == 1 else 0
                mask |= bad
                values[mask] = nodata
            elif nodata is not None:
                values[mask] = nodata
            target.write(values, band, window=window)
            good = values[~mask]
            if band == 1 and good.size:
                low, high, valid = min(low, float(good.min())), max(high, float(good.max())), valid + good.size
    return low, high, valid, odd


def _extent(source: Any, crs: str) -> BBox:
    """Box in WGS 84 around the grid's edge, which is curved there."""
    columns = np.unique(np.linspace(0, source.width, 33).round().astype(int))
    rows = np.unique(np.linspace(0, source.height, 33).round().astype(int))
    edge = [(r, c) for c in columns for r in (0, source.height)] + [(r, c) for r in rows for c in (0, source.width)]
    xs, ys = cell_position(source.transform, [e[0] for e in edge], [e[1] for e in edge], offset="ul")
    lon, lat = transform_points(np.asarray(xs), np.asarray(ys), crs, WGS84)
    box = BBox(float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max()))
    if box.west < -180 or box.east > 180 or box.south < -90 or box.north > 90:
        raise CrsError(
            f"in {crs} the grid would lie at longitude {box.west:.6g}, latitude {box.south:.6g}, which is not on Earth",
            hint="Name the reference system the grid is in.",
        )
    return box
