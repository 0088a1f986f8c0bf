"""Layers as documents draw them: a layer's style on paper, its features, and grids in the map's own projection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from layers.png import encode_png
from layers.rasters import paint, sample_points
from layers.styles import Style, default_style, raster_stops, visible_style
from twin.core import Twin
from twin.documents.content import Content, MapContent
from twin.documents.map.frame import Frame
from twin.documents.map.symbols import PATTERNS, SHAPES, MapFeature, MapLayer, Picture, Symbol
from twin.errors import ParameterError
from twin.geo.geodesy import box_around
from twin.model.layer import Feature, Layer, LayerKind
from twin.model.view import View
from twin.store.base import LayerSummary
from twin.types import BBox, Json, LonLat

MOST_FEATURES = 40_000
"""More in one layer of one map is refused."""
_MM_A_PIXEL = 0.2
"""A screen's pixel on paper: thinner than 0.26 mm, for print is finer than a screen."""
_PICTURE_MM = 0.35
"""Side of a grid's pixel on paper. [mm]"""
_MOST_PIXELS = 2400
Painter = Callable[[Frame], Picture]


@dataclass(frozen=True, slots=True)
class _Paint:
    """Symbols of a layer, and which of them a feature takes (none: it is not drawn)."""

    symbols: tuple[Symbol, ...]
    part: Style
    kind: str

    def index(self, properties: Mapping[str, Json]) -> int | None:
        classes = _classes(self.part)
        by = self.part.get("by")
        if isinstance(by, str):
            for number, item in enumerate(classes):
                if _takes(item, properties.get(by)):
                    return number
            return len(classes) if len(self.symbols) > len(classes) else None
        return 0 if self.symbols else None


def map_of(
    t: Twin,
    names: Sequence[str],
    *,
    view: View,
    extent: Sequence[BaseGeometry],
    reach_m: float,
    crs: str | None = None,
    scale: int | None = None,
    over: Sequence[MapLayer] = (),
    title: str = "",
    optional: bool = False,
) -> MapContent:
    """A map of layers, as the viewer sees them.

    Parameters
    ----------
    names
        Layers, the lowest first.
    extent
        What must be seen, WGS 84.
    reach_m
        How far beyond it the frame may reach; features there are read too. [m]
    over
        Layers to draw above all, put together elsewhere.
    optional
        Leave out layers that are not there, instead of raising NotFoundError.
    """
    box = _box(extent, reach_m)
    drawn: list[MapLayer] = []
    pictures: list[Painter] = []
    read: list[tuple[str, BBox, int]] = []
    known = {summary.layer.name: summary for summary in t.store.layers(view)}
    for name in names:
        if optional and name not in known:
            continue
        summary = known.get(name) or t.store.layer(view, name)
        if summary.layer.kind is LayerKind.RASTER:
            pictures.append(partial(_picture, t, view, summary))
        else:
            drawn.append(map_layer(t, summary, view=view, box=box))
            read.append((name, box, t.store.count_features(view, name, bbox=box)))
    return MapContent((*drawn, *over), tuple(extent), tuple(pictures), crs, scale, title, tuple(read))


def layer_map(
    t: Twin,
    names: Sequence[str],
    *,
    bbox: BBox,
    view: View,
    title: str = "",
    subtitle: str = "",
    crs: str | None = None,
    scale: int | None = None,
) -> Content:
    """The document "layer map": any layers of an area.

    Raises
    ------
    NotFoundError
        If the viewer has no layer of a name.
    """
    if not names:
        raise ParameterError("a map needs layers", where="layers")
    resolved = t.store.resolve(view)
    assert resolved.at is not None
    assert resolved.known_at is not None
    area = shapely.box(bbox.west, bbox.south, bbox.east, bbox.north)
    size = max(_size_m(bbox))
    drawn = map_of(t, names, view=resolved, extent=[area], reach_m=size * 2.5, crs=crs, scale=scale)
    known = {s.layer.name: s for s in t.store.layers(resolved)}
    dates = [known[n].newest for n in names if n in known]
    return Content(
        "layer_map",
        title or ", ".join(known[n].layer.title for n in names),
        resolved.at,
        resolved.known_at,
        subtitle=subtitle,
        data={"layers": list(names), "bbox": [bbox.west, bbox.south, bbox.east, bbox.north]},
        data_date=max((d for d in dates if d is not None), default=None),
        map=drawn,
    )


def map_layer(t: Twin, summary: LayerSummary, *, view: View, box: BBox) -> MapLayer:
    """One layer of features around a place, with its style on paper."""
    layer = summary.layer
    features = t.store.features(view, layer.name, bbox=box, limit=MOST_FEATURES + 1)
    if len(features) > MOST_FEATURES:
        raise ParameterError(
            f"the layer {layer.name} has more than {MOST_FEATURES} features here",
            hint="Draw a smaller area.",
        )
    paint = _paint_of(layer)
    label = cast("dict[str, Any]", visible_style(layer).get("label") or {})
    made = [_feature(f, paint, label.get("field")) for f in features]
    return MapLayer(
        layer.name,
        layer.title,
        paint.symbols,
        tuple(f for f in made if f is not None),
        layer.attribution,
        summary.revision,
        summary.newest,
        min(max(float(label.get("size", 11)) * 0.55, 5.0), 8.0),
        _colour(label.get("color"), "#222222"),
        float(label.get("priority", 0)),
    )


def _feature(feature: Feature, paint: _Paint, field: str | None) -> MapFeature | None:
    index = paint.index(feature.properties)
    if index is None or feature.geometry is None or feature.geometry.is_empty:
        return None
    label = feature.properties.get(field) if field else None
    part, said = paint.part, feature.properties
    return MapFeature(
        feature.geometry,
        index,
        "" if label is None else f"{label:g}" if isinstance(label, float) else str(label),
        str(said.get("plan") or ""),
        _number(said, part.get("width_by")),
        _number(said, part.get("azimuth")) or 0.0,
        _number(said, part.get("angle")) or 60.0,
        _number(said, part.get("range")),
    )


def _number(properties: Mapping[str, Json], name: object) -> float | None:
    """Value of an attribute, or the number that a style gives instead of one."""
    value = properties.get(name) if isinstance(name, str) else name
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


# -- symbols ------------------------------------------------------------------------------------------------------


def _paint_of(layer: Layer) -> _Paint:
    style = visible_style(layer) or default_style(layer.geometry_type)
    order = {"Polygon": ("fill", "line"), "LineString": ("line",), "Point": ("point",)}
    kinds = [k for k in order.get(layer.geometry_type, ("fill", "line", "point")) if isinstance(style.get(k), dict)]
    if not kinds:
        style = default_style(layer.geometry_type)
        kinds = [k for k in ("fill", "line", "point") if k in style]
    kind = kinds[0]
    part = cast("dict[str, Any]", style[kind])
    edge = cast("dict[str, Any]", style.get("line")) if kind == "fill" and isinstance(style.get("line"), dict) else {}
    # The part's own label names what no class takes.
    shared = {name: value for name, value in part.items() if name not in ("label", "label_en")}
    looks = [shared | item for item in _classes(part)]
    if "color" in part or not looks:
        looks.append(part)
    return _Paint(tuple(_symbol(kind, look, edge, layer) for look in looks), part, kind)


def _symbol(kind: str, look: Mapping[str, Any], edge: Mapping[str, Any], layer: Layer) -> Symbol:
    stroke = {"fill": look.get("outline") or edge.get("color"), "point": look.get("stroke")}.get(kind)
    width = {"fill": edge.get("width", 1), "line": look.get("width", 1.5), "point": look.get("stroke_width", 1)}[kind]
    color, shape = _colour(look.get("color"), "#8a94a6"), look.get("shape", "circle")
    return Symbol(
        kind,
        str(look.get("label") or _said(look) or layer.title),
        color,
        float(look.get("opacity", 1.0)) * _alpha(look.get("color")),
        look["pattern"] if look.get("pattern") in PATTERNS else "",
        _colour(stroke, "") if stroke else "",
        max(float(width) * _MM_A_PIXEL, 0.1) if isinstance(width, int | float) else 0.25,
        tuple(float(d) * float(width) * _MM_A_PIXEL for d in look.get("dash", ())),
        _colour(look.get("casing"), "") if look.get("casing") else "",
        float(look.get("casing_width", 1)) * _MM_A_PIXEL,
        shape if shape in SHAPES else "circle",
        max(float(look.get("radius", 4)) * _MM_A_PIXEL, 0.5),
    )


def _said(look: Mapping[str, Any]) -> str:
    value = look.get("value")
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _classes(part: Style) -> list[dict[str, Any]]:
    classes = part.get("classes")
    return [c for c in classes if isinstance(c, dict)] if isinstance(classes, list) else []


def _takes(item: Mapping[str, Any], value: Json) -> bool:
    if "value" in item:
        wanted = item["value"]
        return value in wanted if isinstance(wanted, list) else value == wanted
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    low, high = item.get("from"), item.get("to")
    return (low is None or value >= low) and (high is None or value < high)


def _colour(value: object, absent: str) -> str:
    return value[:7] if isinstance(value, str) else absent


def _alpha(value: object) -> float:
    return int(value[7:9], 16) / 255 if isinstance(value, str) and len(value) == 9 else 1.0


# -- grids --------------------------------------------------------------------------------------------------------


def _picture(t: Twin, view: View, summary: LayerSummary, frame: Frame) -> Picture:
    """A grid layer over the whole of a frame, each pixel coloured by the cell its middle lies in."""
    layer = summary.layer
    side = max(_PICTURE_MM, frame.width_mm / _MOST_PIXELS, frame.height_mm / _MOST_PIXELS)
    columns, rows = (round(length / side) for length in (frame.width_mm, frame.height_mm))
    x = frame.west + (np.arange(columns) + 0.5) * (frame.east - frame.west) / columns
    y = frame.north - (np.arange(rows) + 0.5) * (frame.north - frame.south) / rows
    values = np.full((rows, columns), np.nan)
    items = t.store.rasters(view, layer.name)
    for item in items:
        fresh = sample_points(t.files.path(item.file), item.crs, x, y, frame.crs)
        values = np.where(np.isnan(fresh), values, fresh)
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    stops = raster_stops(layer, low, high)
    style = cast("dict[str, Any]", layer.style.get("raster") or {})
    pixels = paint(values, stops, smooth=bool(style.get("smooth")))
    unit = items[0].unit if items else ""
    return Picture(
        layer.name, layer.title, encode_png(pixels), frame.west, frame.south, frame.east, frame.north,
        tuple(_step(stop, unit) for stop in stops if known.size and _seen(stop, known)),
        layer.attribution, summary.revision, summary.newest,
    )  # fmt: skip


def _seen(stop: Mapping[str, Any], values: np.ndarray[Any, Any]) -> bool:
    low, high = stop.get("from", -np.inf), stop.get("to", np.inf)
    return bool(((values >= low) & (values < high)).any())


def _step(stop: Mapping[str, Any], unit: str) -> Symbol:
    low, high = (_figure(stop[k]) if stop.get(k) is not None else "" for k in ("from", "to"))
    text = f"{low}–{high}" if low and high else f"≥ {low}" if low else f"< {high}"
    color = str(stop["color"])
    pattern = stop.get("pattern")
    return Symbol(
        "fill", str(stop.get("label") or f"{text} {unit}".strip()), color[:7], _alpha(color),
        pattern if pattern in PATTERNS else "", "#555555", 0.1,
    )  # fmt: skip


def _figure(value: float) -> str:
    return f"{value:.4g}".replace(".", ",")


# -- extent -------------------------------------------------------------------------------------------------------


def _box(extent: Sequence[BaseGeometry], reach_m: float) -> BBox:
    west, south, east, north = shapely.GeometryCollection(list(extent)).bounds
    low, high = box_around(LonLat(west, south), reach_m), box_around(LonLat(east, north), reach_m)
    return BBox(low.west, low.south, high.east, high.north)


def _size_m(bbox: BBox) -> tuple[float, float]:
    """Width and height, roughly. [m]"""
    middle = np.cos(np.radians((bbox.south + bbox.north) / 2))
    return (bbox.east - bbox.west) * 111_320 * float(middle), (bbox.north - bbox.south) * 110_574
