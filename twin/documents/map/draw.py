"""Drawing a map as SVG in millimetres of paper, and placing what is written on it."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from shapely.affinity import rotate
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from twin.documents.map.frame import Frame
from twin.documents.map.symbols import MapFeature, MapLayer, Picture, Symbol
from twin.errors import ParameterError
from twin.geo.crs import from_wgs84
from twin.types import Json

MOST_VERTICES = 600_000
"""More is refused: no page shows it."""
_BEYOND_MM = 4.0
"""Geometries are cut this far outside the frame, so that no cut edge is seen."""
_PT = 25.4 / 72


@dataclass(frozen=True, slots=True)
class Label:
    """A text on the map: its middle on paper, turned about it. [mm, degrees clockwise]"""

    text: str
    x: float
    y: float
    size_pt: float
    color: str
    turn: float = 0.0

    def as_dict(self) -> dict[str, Json]:
        """The label for typesetting."""
        return {
            "text": self.text,
            "x": round(self.x, 3),
            "y": round(self.y, 3),
            "size": self.size_pt,
            "color": self.color,
            "turn": round(self.turn, 2),
        }


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawn map: the picture, what is written on it, and the symbols that are really on it."""

    frame: Frame
    svg: str
    labels: tuple[Label, ...]
    legend: tuple[tuple[str, tuple[Symbol, ...]], ...]
    """Title of each layer with something on the map, and its symbols in use."""
    drawn: dict[str, int] = field(default_factory=dict)
    """Count of features drawn, by layer."""


def draw(
    frame: Frame, layers: Sequence[MapLayer], pictures: Sequence[Picture] = (), *, enlarged: float = 1.0
) -> Drawing:
    """Draw layers in order, pictures of grids under them; labels are ``enlarged`` on large sheets.

    Where areas of a layer overlap, the smaller lies on top. Over bare paper an area has the colour it has in the
    legend, whatever lies beneath it; only over a grid does it let that be seen through.

    Raises
    ------
    ParameterError
        If there is more to draw than a page can show.
    """
    out: list[str] = [_picture(frame, picture) for picture in pictures]
    patterns: dict[tuple[str, str], str] = {}
    wanted: list[tuple[float, int, Label, float, float]] = []
    legend: list[tuple[str, tuple[Symbol, ...]]] = [(p.title, p.classes) for p in pictures if p.classes]
    drawn: dict[str, int] = {}
    _refuse_too_much(layers)
    for given in layers:
        layer = given if pictures else replace(given, symbols=tuple(map(_on_paper, given.symbols)))
        used: set[int] = set()
        count = 0
        parts: list[tuple[float, str]] = []
        for feature, shape in _visible(frame, layer.features):
            symbol = layer.symbols[feature.symbol]
            area = float(shape.area) if symbol.kind == "fill" else 0.0
            parts.append((-area, _mark(frame, feature, shape, symbol, patterns)))
            used.add(feature.symbol)
            count += 1
            if feature.label:
                wanted += _labelled(frame, layer, feature, shape, len(wanted), layer.label_size_pt * enlarged)
        out += [text for _, text in sorted(parts, key=lambda part: part[0])]
        if used:
            legend.append((layer.title, tuple(layer.symbols[i] for i in sorted(used))))
        drawn[layer.name] = count
    svg = _svg(frame, patterns, out)
    return Drawing(frame, svg, _placed(frame, wanted), tuple(legend), drawn)


def _on_paper(symbol: Symbol) -> Symbol:
    """An area's symbol in the colour it has over white paper, opaque."""
    if symbol.kind != "fill" or symbol.opacity >= 1:
        return symbol
    mixed = (round(255 + (int(symbol.color[i : i + 2], 16) - 255) * max(symbol.opacity, 0.0)) for i in (1, 3, 5))
    return replace(symbol, color="#" + "".join(f"{part:02x}" for part in mixed), opacity=1.0)


def _refuse_too_much(layers: Sequence[MapLayer]) -> None:
    vertices = sum(int(shapely.get_num_coordinates(f.geometry)) for layer in layers for f in layer.features)
    if vertices > MOST_VERTICES:
        raise ParameterError(
            f"the map has {vertices} vertices, more than {MOST_VERTICES}",
            hint="Draw a smaller area or fewer layers.",
        )


def swatch(symbol: Symbol) -> str:
    """A sample of a symbol for the legend, 9 by 5 mm."""
    patterns: dict[tuple[str, str], str] = {}
    frame = Frame("EPSG:5897", 1000, 0.0, 0.0, 9.0, 5.0)
    shape: BaseGeometry
    if symbol.kind == "fill":
        shape = shapely.box(0.4, 0.4, 8.6, 4.6)
    elif symbol.kind == "line":
        shape = shapely.LineString([(0.4, 2.5), (8.6, 2.5)])
    else:
        shape = shapely.Point(4.5, 2.5)
    mark = _mark(frame, MapFeature(shape, 0), shape, symbol, patterns)
    return _svg(frame, patterns, [mark])


def _svg(frame: Frame, patterns: dict[tuple[str, str], str], parts: Iterable[str]) -> str:
    size = f"{_n(frame.width_mm)} {_n(frame.height_mm)}"
    definitions = "".join(patterns.values())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(frame.width_mm)}mm" height="{_n(frame.height_mm)}mm" '
        f'viewBox="0 0 {size}"><defs><clipPath id="f"><path d="M0 0H{_n(frame.width_mm)}V{_n(frame.height_mm)}H0Z"/>'
        f'</clipPath>{definitions}</defs><g clip-path="url(#f)">{"".join(parts)}</g></svg>'
    )


def _visible(frame: Frame, features: Sequence[MapFeature]) -> Iterator[tuple[MapFeature, BaseGeometry]]:
    """Features that reach into the frame, on paper and cut a little outside of it."""
    shapes = from_wgs84([shapely.force_2d(f.geometry) for f in features], frame.crs) if features else []
    k = 1000 / frame.scale
    for feature, shape in zip(features, shapes, strict=True):
        paper = shapely.transform(
            shape, lambda xy: np.column_stack([(xy[:, 0] - frame.west) * k, (frame.north - xy[:, 1]) * k])
        )
        if feature.range_m is not None:
            reach = feature.range_m * k
            if not _cut(frame, paper.envelope.buffer(reach), 0.0).is_empty:
                yield feature, paper
            continue
        cut = _cut(frame, paper, _BEYOND_MM)
        if not cut.is_empty and not _cut(frame, cut, 0.0).is_empty:
            yield feature, cut


def _cut(frame: Frame, shape: BaseGeometry, beyond: float) -> BaseGeometry:
    """What of a shape lies in the frame and a little around it."""
    window = (-beyond, -beyond, frame.width_mm + beyond, frame.height_mm + beyond)
    west, north, east, south = shape.bounds if not shape.is_empty else (1.0, 1.0, 0.0, 0.0)
    if west > window[2] or east < window[0] or north > window[3] or south < window[1] or shape.is_empty:
        return shapely.GeometryCollection()
    if west >= window[0] and east <= window[2] and north >= window[1] and south <= window[3]:
        return shape
    return shapely.clip_by_rect(shape, *window)


def _mark(
    frame: Frame, feature: MapFeature, shape: BaseGeometry, symbol: Symbol, patterns: dict[tuple[str, str], str]
) -> str:
    dimension = shapely.get_dimensions(shape)
    if symbol.kind == "point" or dimension == 0:
        points = shapely.get_parts(shape) if dimension == 0 else [shapely.point_on_surface(shape)]
        return "".join(_point(frame, feature, p, symbol) for p in points)
    path = _path(shape)
    if not path:
        return ""
    if symbol.kind == "fill" and dimension == 2:
        return _area(path, symbol, patterns)
    return _line(frame, feature, path, symbol)


def _area(path: str, symbol: Symbol, patterns: dict[tuple[str, str], str]) -> str:
    edge = f' stroke="{symbol.outline}" stroke-width="{_n(symbol.width_mm)}"{_dash(symbol)}' if symbol.outline else ""
    if not symbol.pattern:
        return f'<path d="{path}" fill="{symbol.color}" fill-opacity="{_n(symbol.opacity)}" fill-rule="evenodd"{edge}/>'
    ink = symbol.outline or symbol.color
    name = patterns.get((symbol.pattern, ink))
    if name is None:
        patterns[symbol.pattern, ink] = name = _pattern(f"p{len(patterns)}", symbol.pattern, ink)
    address = name.split('"', 2)[1]
    return (
        f'<path d="{path}" fill="{symbol.color}" fill-opacity="{_n(symbol.opacity)}" fill-rule="evenodd"/>'
        f'<path d="{path}" fill="url(#{address})" fill-rule="evenodd"{edge}/>'
    )


def _line(frame: Frame, feature: MapFeature, path: str, symbol: Symbol) -> str:
    width = symbol.width_mm if feature.width_m is None else max(feature.width_m * 1000 / frame.scale, symbol.width_mm)
    joined = ' fill="none" stroke-linejoin="round" stroke-linecap="butt"'
    casing = ""
    if symbol.casing:
        casing = (
            f'<path d="{path}"{joined} stroke="{symbol.casing}" stroke-width="{_n(width + 2 * symbol.casing_mm)}"/>'
        )
    return (
        f'{casing}<path d="{path}"{joined} stroke="{symbol.color}" stroke-width="{_n(width)}" '
        f'stroke-opacity="{_n(symbol.opacity)}"{_dash(symbol)}/>'
    )


def _dash(symbol: Symbol) -> str:
    return f' stroke-dasharray="{" ".join(map(_n, symbol.dash_mm))}"' if symbol.dash_mm else ""


def _point(frame: Frame, feature: MapFeature, point: BaseGeometry, symbol: Symbol) -> str:
    x, y = shapely.get_x(point), shapely.get_y(point)
    r = symbol.radius_mm
    paint = f'fill="{symbol.color}" fill-opacity="{_n(symbol.opacity)}"'
    if symbol.outline:
        paint += f' stroke="{symbol.outline}" stroke-width="{_n(min(symbol.width_mm, r / 2))}"'
    if symbol.shape == "sector" and feature.range_m is not None:
        dot = f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(min(r, 0.6))}" fill="{symbol.color}"/>'
        return _sector(x, y, feature, feature.range_m * 1000 / frame.scale, paint) + dot
    shapes = {
        "square": f'<path d="M{_n(x - r)} {_n(y - r)}h{_n(2 * r)}v{_n(2 * r)}h{_n(-2 * r)}Z" {paint}/>',
        "triangle": f'<path d="M{_n(x)} {_n(y - 1.2 * r)}L{_n(x + 1.1 * r)} {_n(y + 0.8 * r)}'
        f'H{_n(x - 1.1 * r)}Z" {paint}/>',
        "diamond": f'<path d="M{_n(x)} {_n(y - 1.3 * r)}L{_n(x + 1.1 * r)} {_n(y)}L{_n(x)} {_n(y + 1.3 * r)}'
        f'L{_n(x - 1.1 * r)} {_n(y)}Z" {paint}/>',
    }
    return shapes.get(symbol.shape, f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(r)}" {paint}/>')


def _sector(x: float, y: float, feature: MapFeature, reach: float, paint: str) -> str:
    half = min(feature.angle_deg, 359.0) / 2
    a, b = (math.radians(feature.azimuth_deg + side) for side in (-half, half))
    start, end = ((x + reach * math.sin(v), y - reach * math.cos(v)) for v in (a, b))
    large = int(half > 90)
    return (
        f'<path d="M{_n(x)} {_n(y)}L{_n(start[0])} {_n(start[1])}A{_n(reach)} {_n(reach)} 0 {large} 1 '
        f'{_n(end[0])} {_n(end[1])}Z" {paint}/>'
    )


def _path(shape: BaseGeometry) -> str:
    return "".join(_ring(r) for part in shapely.get_parts(shape) for r in _rings(part))


def _rings(part: BaseGeometry) -> list[BaseGeometry]:
    if isinstance(part, Polygon):
        return [part.exterior, *part.interiors]
    if part.geom_type in ("LineString", "LinearRing"):
        return [part]
    return [r for p in shapely.get_parts(part) for r in _rings(p)] if hasattr(part, "geoms") else []


def _ring(line: BaseGeometry) -> str:
    points = [f"{_n(x)} {_n(y)}" for x, y in shapely.get_coordinates(line)]
    closed = line.geom_type == "LinearRing"
    return f"M{'L'.join(points[:-1] if closed else points)}{'Z' if closed else ''}" if len(points) > 1 else ""


def _pattern(name: str, kind: str, ink: str) -> str:
    step = {"dense": 0.9, "dots": 1.4, "grid": 1.6}.get(kind, 1.6)
    line = f'<path d="M0 0V{step}" stroke="{ink}" stroke-width="0.22"/>'
    turn = {"hatch": 45, "dense": 45, "hatch_back": -45, "cross": 45}.get(kind, 0)
    inner = {
        "dots": f'<circle cx="{step / 2}" cy="{step / 2}" r="0.2" fill="{ink}"/>',
        "grid": f'<path d="M0 0V{step}M0 0H{step}" stroke="{ink}" stroke-width="0.2"/>',
        "cross": f'<path d="M0 0V{step}M0 0H{step}" stroke="{ink}" stroke-width="0.22"/>',
    }.get(kind, line)
    return (
        f'<pattern id="{name}" width="{step}" height="{step}" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate({turn})">{inner}</pattern>'
    )


def _picture(frame: Frame, picture: Picture) -> str:
    x, y = frame.on_paper(picture.west, picture.north)
    right, bottom = frame.on_paper(picture.east, picture.south)
    content = base64.b64encode(picture.png).decode()
    return (
        f'<image x="{_n(x)}" y="{_n(y)}" width="{_n(right - x)}" height="{_n(bottom - y)}" preserveAspectRatio="none" '
        f'href="data:image/png;base64,{content}"/>'
    )


# -- labels -------------------------------------------------------------------------------------------------------


def _labelled(
    frame: Frame, layer: MapLayer, feature: MapFeature, shape: BaseGeometry, number: int, size: float
) -> list[tuple[float, int, Label, float, float]]:
    """Where a feature's label would stand, with the room it takes; nothing where it does not fit the feature."""
    inside = _cut(frame, shape, 0.0)
    if inside.is_empty:
        return []
    wide, high = len(feature.label) * size * _PT * 0.58, size * _PT * 1.15
    turn = 0.0
    dimension = shapely.get_dimensions(inside)
    if dimension == 1:
        line = max(shapely.get_parts(inside), key=lambda p: p.length)
        if line.length < wide * 1.1:
            return []
        at = line.interpolate(0.5, normalized=True)
        turn = _direction(line, wide)
    elif dimension == 2:
        part = max(shapely.get_parts(inside), key=lambda p: p.area)
        at = shapely.point_on_surface(part)
        if part.centroid.within(part):
            at = part.centroid
        if wide * high > 2.5 * part.area:
            return []
    else:
        point = shapely.get_parts(inside)[0]
        at = shapely.Point(point.x, point.y - layer.symbols[feature.symbol].radius_mm - high * 0.6)
    label = Label(feature.label, at.x, at.y, size, layer.label_color, turn)
    return [(-layer.label_priority, number, label, wide, high)]


def _direction(line: BaseGeometry, wide: float) -> float:
    """Direction of a line about its middle, so turned that text is never upside down. [degrees clockwise]"""
    half = min(wide / 2 / line.length, 0.5)
    a, b = (line.interpolate(0.5 + side * half, normalized=True) for side in (-1, 1))
    turn = math.degrees(math.atan2(b.y - a.y, b.x - a.x))
    return turn - 180 if turn > 90 else turn + 180 if turn < -90 else turn


def _placed(frame: Frame, wanted: list[tuple[float, int, Label, float, float]]) -> tuple[Label, ...]:
    """Labels by priority, each only where it lies inside the frame and on no other."""
    taken: list[BaseGeometry] = []
    bounds = np.zeros((len(wanted), 4))
    placed: list[Label] = []
    free = shapely.box(0.5, 0.5, frame.width_mm - 0.5, frame.height_mm - 0.5)
    for _, _, label, wide, high in sorted(wanted, key=lambda w: w[:2]):
        box = shapely.box(label.x - wide / 2, label.y - high / 2, label.x + wide / 2, label.y + high / 2)
        if label.turn:
            box = rotate(box, label.turn, origin=(label.x, label.y))
        if not box.within(free):
            continue
        west, north, east, south = box.bounds
        seen = bounds[: len(taken)]
        near = (seen[:, 0] < east) & (seen[:, 2] > west) & (seen[:, 1] < south) & (seen[:, 3] > north)
        if any(taken[i].intersects(box) for i in np.flatnonzero(near)):
            continue
        bounds[len(taken)] = box.bounds
        taken.append(box)
        placed.append(label)
    return tuple(placed)


def _n(value: float) -> str:
    """A number in millimetres, to a micrometre."""
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"
