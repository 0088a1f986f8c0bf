"""GeoTIFF and ASCII grids: what they are, checked before anything is converted."""

from __future__ import annotations

from pathlib import Path

import pyproj
import rasterio
from pyproj.exceptions import CRSError as ProjCrsError
from rasterio.errors import RasterioError, RasterioIOError

from layers.readers.prj import read_prj
from layers.readers.record import Grid, ReadOptions
from twin.errors import FormatError, UnsupportedFormatError

MAX_CELLS = 4_000_000_000


def read_geotiff(path: Path, options: ReadOptions) -> Grid:  # noqa: ARG001 - a reader
    """Recognise a GeoTIFF."""
    return _grid(path, "GeoTIFF", "GTiff")


def read_ascii_grid(path: Path, options: ReadOptions) -> Grid:  # noqa: ARG001 - a reader
    """Recognise an Esri ASCII grid; its reference system is in a ``.prj`` beside it or nowhere."""
    return _grid(path, "ASCII grid", "AAIGrid")


def raster_environment() -> rasterio.Env:
    """Make GDAL open the file alone: no side-car XML, no network, no neighbouring files."""
    return rasterio.Env(
        GDAL_PAM_ENABLED="NO", GDAL_DISABLE_READDIR_ON_OPEN="TRUE", CPL_VSIL_CURL_ALLOWED_EXTENSIONS="."
    )


def _grid(path: Path, kind: str, driver: str) -> Grid:
    crs, note = read_prj(path)
    try:
        with raster_environment(), rasterio.open(path.absolute(), driver=driver) as source:
            if source.width * source.height > MAX_CELLS:
                raise UnsupportedFormatError(f"has more than {MAX_CELLS:,} cells", where=path.name, hint="Cut it up.")
            if source.count == 0:
                raise FormatError("holds no band", where=path.name)
            if any(kind.startswith("complex") for kind in source.dtypes):
                raise UnsupportedFormatError(
                    "holds complex numbers", where=path.name, hint="Export one real quantity, such as the amplitude."
                )
            inside = source.crs.to_wkt() if source.crs else ""
    except (RasterioError, RasterioIOError, OSError) as exc:
        raise FormatError(f"is not a readable {kind}: {exc}", where=path.name) from exc
    return Grid(kind, path.stem, path, driver, crs or _code(inside), (note,) if note else ())


def _code(text: str) -> str:
    if not text:
        return ""
    try:
        crs = pyproj.CRS.from_user_input(text)
    except ProjCrsError:
        return text
    authority = crs.to_authority(min_confidence=70)
    return ":".join(authority) if authority else text
