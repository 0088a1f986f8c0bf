"""Flood depths as raster layers: their description and the files that hold them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.transform import Affine

from twin.errors import StoreError
from twin.model.layer import Layer, LayerKind
from twin.scenario.flood_spec import NOTICE, NOTICE_EN
from twin.scenario.grid import Grid
from twin.simulation.component import FloatArray
from twin.simulation.flood.numerics import WET_M
from twin.types import Json

NODATA = -9999.0

_STOPS: tuple[tuple[float, float | None, str, str, str, str, str | None], ...] = (
    (0.05, 0.2, "#c9e4f1", "#123a50", "Mắt cá chân (0,05–0,2 m)", "Ankle (0.05–0.2 m)", None),
    (0.2, 0.5, "#93c6e2", "#1d5f80", "Đầu gối (0,2–0,5 m)", "Knee (0.2–0.5 m)", None),
    (0.5, 1.0, "#4f9bc9", "#2f8db5", "Thắt lưng (0,5–1 m)", "Waist (0.5–1 m)", None),
    (1.0, 2.0, "#1f6aa3", "#7cc0de", "Ngang cửa (1–2 m)", "Door height (1–2 m)", "hatch"),
    (2.0, None, "#0b3560", "#dff3fb", "Quá cửa (trên 2 m)", "Above the door (over 2 m)", "cross"),
)
# Depths people know by their body: one hue, deeper is further from the ground by day and by night; the two deepest
# also carry a pattern, so that colour is never alone.


def depth_style() -> dict[str, Json]:
    """Style of depths in the portable vocabulary of ``layers/styles.py``."""
    stops: list[Json] = []
    for low, high, colour, night, label, label_en, pattern in _STOPS:
        stop: dict[str, Json] = {
            "from": low, "color": colour, "color_night": night, "label": label, "label_en": label_en,
        }  # fmt: skip
        if high is not None:
            stop["to"] = high
        if pattern is not None:
            stop["pattern"] = pattern
        stops.append(stop)
    return {"raster": {"opacity": 0.75, "smooth": False, "stops": stops}}


def depth_layer(name: str, title: str, title_en: str, *, synthetic: bool, attribution: str, note: str) -> Layer:
    """Describe a layer of depths."""
    return Layer(
        name=name,
        title=title,
        title_en=title_en,
        kind=LayerKind.RASTER,
        description=f"{NOTICE} {note}".strip(),
        geometry_type="",
        group="simulation",
        style=depth_style(),
        attribution=attribution,
        synthetic=synthetic,
        properties={"unit": "m", "notice": NOTICE, "notice_en": NOTICE_EN},
    )


def write_depth(path: Path, depth: FloatArray, grid: Grid) -> tuple[float | None, float | None]:
    """Write depths as a cloud-optimised GeoTIFF; returns the least and the greatest depth of wet cells. [m]

    Cells that are not wet are without data. The same depths always give the same bytes.
    """
    wet = depth >= WET_M
    values = np.where(wet, depth, NODATA).astype(np.float32)
    try:
        with rasterio.open(
            path, "w", driver="COG", height=grid.shape[0], width=grid.shape[1], count=1, dtype="float32",
            crs=grid.crs, transform=Affine(grid.cell_m, 0.0, grid.west, 0.0, -grid.cell_m, grid.north), nodata=NODATA,
            compress="DEFLATE", predictor=3, blocksize=256, overview_resampling="average",
        ) as dataset:  # fmt: skip
            dataset.write(values, 1)
            dataset.update_tags(notice=NOTICE, notice_en=NOTICE_EN)
            dataset.set_band_unit(1, "m")
    except (RasterioError, OSError) as exc:
        raise StoreError(f"a grid of depths cannot be written: {exc}", where=str(path)) from exc
    if not wet.any():
        return None, None
    return float(values[wet].min()), float(values[wet].max())
