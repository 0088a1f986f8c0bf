"""A file to try the import with: its coordinates are of another meridian than it says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import shapely

from api.demo.frame import CRS, FloatArray, placed
from api.demo.planning import zones
from twin.geo.crs import transform_points

FOLDER = "thu_nghiem"
WRONG_MERIDIAN_FILE = "QHCT_TienHung_tong_hop.geojson"
WRONG_MERIDIAN_PLAN = "CT-c2r0-1"
"""The plan whose zones the file repeats."""

TRUE_CRS = "EPSG:9211"
"""Meridian 106°00′, in which the file's coordinates really are; it declares 106°15′."""


def write_wrong_meridian(folder: Path) -> Path:
    """Write the file; the same bytes each time."""
    chosen = [z for z in zones() if z.plan == WRONG_MERIDIAN_PLAN]
    features = []
    for zone, area in zip(chosen, placed([z.area for z in chosen]), strict=True):
        moved = shapely.transform(area, _to_true)
        features.append(
            {
                "type": "Feature",
                "properties": {"ten": f"Ô {zone.label} (dữ liệu tổng hợp)", "chuc_nang": zone.function},
                "geometry": json.loads(shapely.to_geojson(moved)),
            }
        )
    document = {
        "type": "FeatureCollection",
        "name": "QHCT_TienHung_tong_hop",
        "crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{CRS.split(':')[1]}"}},
        "features": features,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / WRONG_MERIDIAN_FILE
    path.write_text(json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def _to_true(xy: FloatArray) -> FloatArray:
    east, north = transform_points(xy[:, 0], xy[:, 1], CRS, TRUE_CRS)
    return np.asarray(np.round(np.column_stack([east, north]), 3), dtype=np.float64)
