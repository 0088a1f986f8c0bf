"""Terrain with the stream valleys, as heights of the sheet and as a GeoTIFF in EPSG:9212."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.transform import Affine

from api.demo.frame import CRS, FloatArray, placed, uv_from_en
from api.demo.ground import city, lake, suoi_rat, tributaries

CELL_M = 30.0
"""Cell of the terrain grid. [m]"""

BED_AT_BRIDGE_M = 66.0
"""Height of the stream bed at bridge 11, made up. [m]"""

_FALL = 0.0014  # of the Suối Rạt, metre a metre
_FALL_TRIBUTARY = 0.003
_BANK_M = 1.5  # from bed to floodplain


def _bed(points: NDArray[np.object_]) -> tuple[FloatArray, FloatArray]:
    """Distance to the nearest stream and the height of its bed there. [m]"""
    line = shapely.LineString(suoi_rat().simplify(2.0).coords)
    bridge = float(line.project(shapely.Point(600, -120)))
    best = shapely.distance(points, line)
    bed = BED_AT_BRIDGE_M - _FALL * (shapely.line_locate_point(line, points) - bridge)
    for full in tributaries().values():
        branch = shapely.LineString(full.simplify(2.0).coords)
        mouth = BED_AT_BRIDGE_M - _FALL * (line.project(shapely.Point(branch.coords[-1])) - bridge)
        away = shapely.distance(points, branch)
        up = branch.length - shapely.line_locate_point(branch, points)
        nearer = away * 1.6 < best
        bed = np.where(nearer, mouth + _FALL_TRIBUTARY * up, bed)
        best = np.where(nearer, away * 1.6, best)
    return best, bed


def heights(u: FloatArray, v: FloatArray) -> FloatArray:
    """Ground height at points of the sheet. [m]"""
    away, bed = _bed(np.asarray(shapely.points(u, v), dtype=object))
    channel = np.clip((away - 13) / 12, 0, 1) * _BANK_M
    plain = np.clip((away - 25) / 170, 0, 1) * 1.0
    slope = 17 * (1 - np.exp(-((np.clip(away - 170, 0, None) / 1300) ** 1.25)))
    ripple = np.clip((away - 200) / 500, 0, 1) * (
        1.6 * np.sin(u / 410 + 0.7) * np.sin(v / 530) + 0.8 * np.sin(u / 170 + v / 260)
    )
    ground = bed + channel + plain + slope + ripple
    in_lake = shapely.contains_xy(lake(), u, v)
    return np.asarray(np.where(in_lake, np.minimum(ground, bed + 1.0), ground), dtype=np.float64)


def write_terrain(path: Path) -> None:
    """Write the terrain of the whole city as a GeoTIFF; the same bytes each time."""
    west, south, east, north = placed([city()])[0].bounds
    west, north = np.floor(west / CELL_M) * CELL_M, np.ceil(north / CELL_M) * CELL_M
    columns, rows = int(np.ceil((east - west) / CELL_M)), int(np.ceil((north - south) / CELL_M))
    e, n = np.meshgrid(west + (np.arange(columns) + 0.5) * CELL_M, north - (np.arange(rows) + 0.5) * CELL_M)
    u, v = uv_from_en(e.ravel(), n.ravel())
    grid = np.round(heights(u, v), 2).reshape(rows, columns).astype(np.float32)
    with rasterio.open(
        path, "w", driver="GTiff", width=columns, height=rows, count=1, dtype="float32", crs=CRS,
        transform=Affine(CELL_M, 0, west, 0, -CELL_M, north), nodata=-9999.0, compress="deflate", tiled=True,
        blockxsize=256, blockysize=256,
    ) as sink:  # fmt: skip
        sink.write(grid, 1)
        sink.update_tags(1, unit="m")
        sink.update_tags(synthetic="true", title="Địa hình Đồng Xoài thu nhỏ (dữ liệu tổng hợp)")
