"""Layers out as files: what the viewer sees, at the time asked about, and nothing else."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import shapely
from shapely.geometry import mapping

from twin.core import Twin
from twin.errors import ParameterError
from twin.geo.crs import WGS84, from_wgs84
from twin.model.layer import Feature, Field
from twin.model.view import View
from twin.types import Json, format_time

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def to_csv(t: Twin, layer: str, path: str | Path, *, view: View | None = None) -> int:
    """Write a layer as CSV (UTF-8 with mark, for spreadsheets); returns the number of rows.

    Points get columns ``lon`` and ``lat``, everything else ``wkt``. A cell of text that a spreadsheet would take for
    a formula gets an apostrophe before it.
    """
    fields, features = _read(t, layer, view)
    points = all(f.geometry is None or f.geometry.geom_type == "Point" for f in features)
    places = ["lon", "lat"] if points else ["wkt"]
    with Path(path).open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([neutral(c) for c in ["fid", *(f.name for f in fields), *places, "valid_from", "valid_to"]])
        for feature in features:
            cells = [feature.fid, *(_cell(feature.properties.get(f.name)) for f in fields)]
            row = [*cells, *_place(feature, points=points), *_validity(feature)]
            writer.writerow([neutral(cell) for cell in row])
    return len(features)


def to_geojson(t: Twin, layer: str, path: str | Path, *, view: View | None = None) -> int:
    """Write a layer as GeoJSON (RFC 7946, WGS 84); returns the number of features."""
    fields, features = _read(t, layer, view)
    document = {"type": "FeatureCollection", "name": layer, "features": [_geojson(f, fields) for f in features]}
    Path(path).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return len(features)


def to_geopackage(t: Twin, layer: str, path: str | Path, *, crs: str = WGS84, view: View | None = None) -> int:
    """Write a layer as a table of a new GeoPackage, in ``crs``; returns the number of features."""
    fields, features = _read(t, layer, view)
    target = Path(path)
    if target.exists():
        raise ParameterError("exists already", where=target.name, hint="Choose another name.")
    columns: dict[str, list[Any]] = {"fid_": [f.fid for f in features]}
    columns |= {f.name: [_cell(feature.properties.get(f.name)) for feature in features] for f in fields}
    columns["valid_from"], columns["valid_to"] = map(list, zip(*(_validity(f) for f in features), strict=True))
    shapes = from_wgs84([f.geometry if f.geometry is not None else shapely.Point() for f in features], crs)
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)
    pyogrio.write_dataframe(frame, target, layer=layer, driver="GPKG")
    return len(features)


def neutral(cell: object) -> object:
    """Make text harmless in a spreadsheet; numbers stay numbers, negative ones too."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _read(t: Twin, layer: str, view: View | None) -> tuple[tuple[Field, ...], list[Feature]]:
    resolved = t.store.resolve(view or t.view())
    described = t.store.layer(resolved, layer).layer
    features = t.store.features(resolved, layer)
    if not features:
        raise ParameterError(f"layer {layer!r} holds nothing at this time", hint="Ask about another time.")
    return described.fields, features


def _cell(value: Json) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def _place(feature: Feature, *, points: bool) -> Iterable[object]:
    if feature.geometry is None:
        return [None, None] if points else [None]
    if points:
        x, y = shapely.get_coordinates(feature.geometry)[0]
        # A ten-thousandth of a millimetre: more digits are noise of the arithmetic.
        return [round(float(x), 12), round(float(y), 12)]
    return [feature.geometry.wkt]


def _validity(feature: Feature) -> tuple[str | None, str | None]:
    return (
        format_time(feature.valid_from) if feature.valid_from else None,
        format_time(feature.valid_to) if feature.valid_to else None,
    )


def _geojson(feature: Feature, fields: tuple[Field, ...]) -> dict[str, Any]:
    start, end = _validity(feature)
    properties = {f.name: feature.properties.get(f.name) for f in fields}
    return {
        "type": "Feature",
        "id": feature.fid,
        "geometry": None if feature.geometry is None else mapping(feature.geometry),
        "properties": {**properties, "valid_from": start, "valid_to": end},
    }
