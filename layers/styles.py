"""Portable cartography: the vocabulary of ``Layer.style``, its check, and the legend that follows from it.

A style is a JSON object. The web application turns it into its map's own language, the raster routes colour
grids by it, documents and notebooks draw by it. Every part and key is optional::

    {
      "minzoom": 10, "maxzoom": 24,          shown for minzoom <= zoom < maxzoom; also limits tiles
      "fill":  {PAINT, "opacity": 0..1, "outline": COLOUR, "outline_night": COLOUR},     polygons
      "line":  {PAINT, "opacity": 0..1, "width": px, "width_by": FIELD (metres on the ground),
                "dash": [on, off, …] (in line widths), "casing": COLOUR, "casing_night": COLOUR,
                "casing_width": px},                                          lines and polygon edges
      "point": {PAINT, "opacity": 0..1, "shape": "circle|square|triangle|diamond|sector", "radius": px,
                "stroke": COLOUR, "stroke_night": COLOUR, "stroke_width": px, "cluster": bool,
                "azimuth": FIELD (degrees clockwise from north), "angle": FIELD or degrees,
                "range": FIELD or metres},                                     a sector is a field of view
      "label": {"field": FIELD, "size": px, "color": COLOUR, "color_night": COLOUR, "halo": COLOUR,
                "halo_night": COLOUR, "min_zoom": zoom, "placement": "point|line", "weight": "regular|strong",
                "priority": number (higher wins)},
      "raster": {"opacity": 0..1, "smooth": bool, "stops": [STOP, …]},         raster layers
      "live":  {"key": DATASTREAM KEY, "classes": [CLASS, …]}                by a thing's newest result
    }

``PAINT`` is ``"color": COLOUR, "color_night": COLOUR, "label": TEXT, "label_en": TEXT`` for one colour, or
``"by": FIELD, "classes": [CLASS, …]`` with the former as the rest that no class takes.

``CLASS`` is ``{"value": V}`` (``V`` may be a list of values) or ``{"from": number, "to": number}``
(``from <= x < to``, either may be absent), with ``"color"``, ``"color_night"``, ``"label"``, ``"label_en"``
and, so that colour is never alone, ``"pattern"``: one of :data:`PATTERNS`. Classes are tried in order.

``STOP`` is a class with ``from`` and ``to``; a cell outside every stop is transparent. With
``"smooth": true`` colours are interpolated between the lower ends.

``COLOUR`` is ``#rrggbb`` or ``#rrggbbaa``. ``color_night`` absent means the day colour. ``FIELD`` is
a declared attribute of the layer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from twin.errors import SchemaError
from twin.model.layer import Layer, LayerKind
from twin.types import Json

Style: TypeAlias = Mapping[str, Any]

PATTERNS = ("hatch", "hatch_back", "cross", "dots", "grid", "dense")
"""Fill patterns: lines rising, lines falling, both, points, squares, lines rising twice as dense."""

SHAPES = ("circle", "square", "triangle", "diamond", "sector")

PARTS = ("fill", "line", "point", "label", "raster", "live")

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}([0-9a-fA-F]{2})?")
_CLASS_KEYS = {"value", "from", "to", "color", "color_night", "label", "label_en", "pattern"}
_PAINT_KEYS = {"color", "color_night", "label", "label_en", "by", "classes", "opacity"}
_KEYS: dict[str, set[str]] = {
    "fill": _PAINT_KEYS | {"outline", "outline_night", "pattern"},
    "line": _PAINT_KEYS | {"width", "width_by", "dash", "casing", "casing_night", "casing_width"},
    "point": _PAINT_KEYS
    | {"shape", "radius", "stroke", "stroke_night", "stroke_width", "cluster", "azimuth", "angle", "range"},
    "label": {
        "field", "size", "color", "color_night", "halo", "halo_night", "min_zoom", "placement", "weight",
        "priority",
    },
    "raster": {"opacity", "smooth", "stops"},
    "live": {"key", "classes"},
}  # fmt: skip
_COLOUR_KEYS = {
    "color", "color_night", "outline", "outline_night", "casing", "casing_night", "stroke", "stroke_night",
    "halo", "halo_night",
}  # fmt: skip
_FIELD_KEYS = ("by", "field", "width_by", "azimuth", "angle", "range")


def check_style(style: Style, *, where: str = "style") -> None:
    """Raise :class:`SchemaError` naming the first key or value that is not of the vocabulary."""
    for name, part in style.items():
        if name in ("minzoom", "maxzoom"):
            _require(_is_number(part) and 0 <= part <= 24, f"{where}.{name}", part, "a zoom from 0 to 24")
            continue
        _require(name in PARTS, where, name, f"one of minzoom, maxzoom, {', '.join(PARTS)}")
        _require(isinstance(part, Mapping), f"{where}.{name}", part, "an object")
        _check_part(name, part, f"{where}.{name}")


def _check_part(name: str, part: Style, where: str) -> None:
    for key, value in part.items():
        here = f"{where}.{key}"
        _require(key in _KEYS[name], where, key, f"one of {', '.join(sorted(_KEYS[name]))}")
        if key in _COLOUR_KEYS:
            _check_colour(value, here)
        elif key in ("classes", "stops"):
            _require(isinstance(value, list), here, value, "a list")
            for index, item in enumerate(value):
                _check_class(item, f"{here}[{index}]", numeric=key == "stops")
        elif key == "opacity":
            _require(_is_number(value) and 0 <= value <= 1, here, value, "a number from 0 to 1")
        elif key == "shape":
            _require(value in SHAPES, here, value, f"one of {', '.join(SHAPES)}")
        elif key == "pattern":
            _require(value in PATTERNS, here, value, f"one of {', '.join(PATTERNS)}")
    if "by" in part:
        _require("classes" in part, where, "by", "followed by classes")


def _check_class(item: Any, where: str, *, numeric: bool) -> None:
    _require(isinstance(item, Mapping), where, item, "an object")
    for key in item:
        _require(key in _CLASS_KEYS, where, key, f"one of {', '.join(sorted(_CLASS_KEYS))}")
    _require("color" in item, where, dict(item), "an object with a color")
    _check_colour(item["color"], f"{where}.color")
    if "color_night" in item:
        _check_colour(item["color_night"], f"{where}.color_night")
    if "pattern" in item:
        _require(item["pattern"] in PATTERNS, f"{where}.pattern", item["pattern"], f"one of {PATTERNS}")
    for end in ("from", "to"):
        _require(item.get(end) is None or _is_number(item[end]), f"{where}.{end}", item.get(end), "a number")
    if numeric:
        _require("value" not in item and "from" in item, where, dict(item), "a stop with from")


def _check_colour(value: Any, where: str) -> None:
    _require(isinstance(value, str) and _COLOUR.fullmatch(value) is not None, where, value, "#rrggbb")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _require(good: bool, where: str, value: Any, wanted: str) -> None:
    if not good:
        raise SchemaError(f"{value!r} is not {wanted}", where=where, hint="See layers/styles.py.")


def styled_fields(style: Style) -> set[str]:
    """Attributes that drawing needs; tiles carry these whatever else they leave out."""
    names: set[str] = set()
    for part in PARTS:
        spec = style.get(part)
        if isinstance(spec, Mapping):
            names.update(v for k in _FIELD_KEYS if isinstance(v := spec.get(k), str))
    return names


def visible_style(layer: Layer) -> dict[str, Json]:
    """Return the style without what it says about attributes the viewer's copy of ``layer`` lacks.

    A class list names values of its attribute, so it goes with the attribute; a plain colour remains.
    """
    known = {f.name for f in layer.fields}
    seen: dict[str, Json] = {}
    for name, part in layer.style.items():
        if name not in PARTS or not isinstance(part, dict):
            seen[name] = part
            continue
        if name == "label" and part.get("field") not in known:
            continue
        kept = {k: v for k, v in part.items() if not (k in _FIELD_KEYS and isinstance(v, str) and v not in known)}
        if name in ("fill", "line", "point") and "by" not in kept:
            # Whether the attribute is hidden or was taken out before: its values go with it.
            kept.pop("classes", None)
        seen[name] = kept
    return seen


# -- legend --------------------------------------------------------------------------------------------------


def legend(
    layer: Layer, *, unit: str = "", minimum: float | None = None, maximum: float | None = None
) -> list[dict[str, Json]]:
    """Legend entries of a layer as seen by its viewer: ``label``, ``label_en`` and a drawable ``symbol``.

    ``symbol`` is ``{"kind": "fill|line|point|raster", "color", "color_night", …}`` with the keys of the
    style's part that drawing one sample needs. ``minimum`` and ``maximum`` are the range of a raster layer.
    """
    style = visible_style(layer)
    if layer.kind is LayerKind.RASTER:
        return [_stop_entry(stop, unit) for stop in raster_stops(layer, minimum, maximum)]
    entries: list[dict[str, Json]] = []
    for name in ("fill", "line", "point"):
        part = style.get(name)
        if isinstance(part, dict) and _draws(name, layer.geometry_type):
            entries.extend(_part_entries(name, part, layer, with_rest=not entries))
    live = style.get("live")
    if isinstance(live, dict):
        entries.extend(_entry("point", {**_point_of(style), **c}, layer) for c in _classes(live))
    return entries


def _draws(part: str, geometry_type: str) -> bool:
    fits = {"Polygon": ("fill", "line"), "LineString": ("line",), "Point": ("point",)}
    return part in fits.get(geometry_type, ("fill", "line", "point"))


def _part_entries(kind: str, part: Mapping[str, Json], layer: Layer, *, with_rest: bool) -> list[dict[str, Json]]:
    base = {k: v for k, v in part.items() if k not in ("by", "classes")}
    shared = {k: v for k, v in base.items() if k not in ("label", "label_en")}
    entries = [_entry(kind, {**shared, **c}, layer) for c in _classes(part)]
    rest_is_named = bool(part.get("label"))
    if "color" in part and (rest_is_named or (not entries and with_rest)):
        entries.append(_entry(kind, base, layer))
    return entries


def _classes(part: Mapping[str, Json]) -> Iterable[dict[str, Json]]:
    classes = part.get("classes")
    return [c for c in classes if isinstance(c, dict)] if isinstance(classes, list) else []


def _point_of(style: Mapping[str, Json]) -> dict[str, Json]:
    point = style.get("point")
    return dict(point) if isinstance(point, dict) else {}


def _entry(kind: str, paint: Mapping[str, Json], layer: Layer) -> dict[str, Json]:
    drop = {
        "label",
        "label_en",
        "value",
        "from",
        "to",
        "by",
        "classes",
        "azimuth",
        "width_by",
        "range",
        "cluster",
    }
    symbol: dict[str, Json] = {"kind": kind}
    symbol.update({k: v for k, v in paint.items() if k not in drop})
    symbol.setdefault("color_night", symbol.get("color"))
    return {
        "label": paint.get("label") or _range_text(paint) or layer.title,
        "label_en": paint.get("label_en") or _range_text(paint) or layer.title_en or layer.title,
        "symbol": symbol,
    }


def _stop_entry(stop: Mapping[str, Json], unit: str) -> dict[str, Json]:
    text = _range_text(stop, unit)
    return {
        "label": stop.get("label") or text,
        "label_en": stop.get("label_en") or text.replace(",", "."),
        "symbol": {
            "kind": "raster",
            "color": stop["color"],
            "color_night": stop.get("color_night") or stop["color"],
            "pattern": stop.get("pattern"),
        },
    }


def _range_text(paint: Mapping[str, Json], unit: str = "") -> str:
    """Text of a class that has no label: its value, or its range with a decimal comma."""
    if "value" in paint:
        value = paint["value"]
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    low, high = paint.get("from"), paint.get("to")
    tail = f" {unit}" if unit else ""
    if low is not None and high is not None:
        return f"{_number(low)}–{_number(high)}{tail}"
    if low is not None:
        return f"≥ {_number(low)}{tail}"
    return f"< {_number(high)}{tail}" if high is not None else ""


def _number(value: Json) -> str:
    return f"{value:g}".replace(".", ",") if isinstance(value, int | float) else str(value)


# -- rasters -------------------------------------------------------------------------------------------------

TERRAIN_RAMP: tuple[tuple[str, str], ...] = (
    ("#e8efe2", "#1d2a2a"), ("#d5e2c6", "#253534"), ("#e6ddb8", "#2f413c"), ("#d3b98c", "#3d4d43"),
    ("#b58f68", "#54604e"), ("#97735a", "#70745d"),
)  # fmt: skip
"""Heights, low to high: day and night colours of equal steps."""


def raster_stops(layer: Layer, minimum: float | None = None, maximum: float | None = None) -> list[dict[str, Json]]:
    """Colour stops of a raster layer: those of its style, or equal steps over its range as for terrain."""
    part = layer.style.get("raster")
    if isinstance(part, dict) and isinstance(stops := part.get("stops"), list) and stops:
        return [dict(s) for s in stops if isinstance(s, dict)]
    if minimum is None or maximum is None:
        return []
    return equal_stops(minimum, maximum)


def equal_stops(minimum: float, maximum: float) -> list[dict[str, Json]]:
    """Return stops of equal width in the terrain's colours; the last is open above."""
    count = len(TERRAIN_RAMP)
    step = (maximum - minimum) / count or 1.0
    stops: list[dict[str, Json]] = []
    for index, (day, night) in enumerate(TERRAIN_RAMP):
        stop: dict[str, Json] = {"from": minimum + index * step, "color": day, "color_night": night}
        if index < count - 1:
            stop["to"] = minimum + (index + 1) * step
        stops.append(stop)
    return stops


# -- defaults ------------------------------------------------------------------------------------------------


def default_style(geometry_type: str) -> dict[str, Json]:
    """Return a calm style for a layer nobody has styled yet."""
    fill: Json = {"color": "#8a94a6", "color_night": "#6d7a90", "opacity": 0.35, "outline": "#4a5568",
                  "outline_night": "#a7b3c7"}  # fmt: skip
    line: Json = {"color": "#4a5568", "color_night": "#a7b3c7", "width": 1.5}
    point: Json = {"color": "#4a5568", "color_night": "#a7b3c7", "shape": "circle", "radius": 4,
                   "stroke": "#ffffff", "stroke_night": "#131a18", "stroke_width": 1}  # fmt: skip
    parts: dict[str, dict[str, Json]] = {
        "Polygon": {"fill": fill},
        "LineString": {"line": line},
        "Point": {"point": point},
    }
    return parts.get(geometry_type, {"fill": fill, "line": line, "point": point})
