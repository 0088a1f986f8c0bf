"""A map with everything around it: grid and its figures, scale bar, north, legend, what it was drawn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry

from twin.documents.canonical import sha256
from twin.documents.map.draw import Drawing, draw, swatch
from twin.documents.map.frame import Frame, fit, zone_name
from twin.documents.map.symbols import MapLayer, Picture
from twin.documents.wording import THIN, day, degrees_minutes, plain
from twin.types import Json, format_time


@dataclass(frozen=True, slots=True)
class Sheet:
    """A map ready for typesetting, and what the canonical form says of it."""

    set: dict[str, Json]
    facts: dict[str, Json]


def make_sheet(
    frame: Frame, layers: tuple[MapLayer, ...], pictures: tuple[Picture, ...], *, title: str, text_pt: float
) -> Sheet:
    """Draw a map into a frame, with its legend and margins."""
    drawing = draw(frame, layers, pictures, enlarged=text_pt / 7.2)
    every: list[MapLayer | Picture] = [*pictures, *layers]
    made: dict[str, Json] = {
        "title": title,
        "svg": drawing.svg,
        "width": frame.width_mm,
        "height": frame.height_mm,
        "labels": [label.as_dict() for label in drawing.labels],
        "grid": _grid(frame),
        "bar": _bar(frame),
        "scale": f"1:{frame.scale:,}".replace(",", THIN),
        "zone": zone_name(frame.crs),
        "convergence": degrees_minutes(frame.convergence_deg()),
        "factor": plain(round(frame.scale_factor(), 6)),
        "legend": [
            {"title": name, "items": [{"label": s.label, "svg": swatch(s)} for s in symbols]}
            for name, symbols in drawing.legend
        ],
        "sources": [_source(x) for x in every if _shown(x, drawing)],
        "translucent": any(s.kind == "fill" and s.opacity < 1 for _, symbols in drawing.legend for s in symbols),
        "text_pt": text_pt,
    }
    return Sheet(made, _facts(drawing, layers, pictures))


def _shown(layer: MapLayer | Picture, drawing: Drawing) -> bool:
    return bool(layer.classes) if isinstance(layer, Picture) else drawing.drawn.get(layer.name, 0) > 0


def _source(layer: MapLayer | Picture) -> str:
    said = [layer.title]
    if layer.data_date is not None:
        said.append(f"dữ liệu {day(layer.data_date)}")
    if layer.revision is not None:
        said.append(f"phiên bản {layer.revision}")
    if layer.source:
        said.append(layer.source)
    return ", ".join(said)


def _facts(drawing: Drawing, layers: tuple[MapLayer, ...], pictures: tuple[Picture, ...]) -> dict[str, Json]:
    frame = drawing.frame
    every: list[MapLayer | Picture] = [*pictures, *layers]
    listed: list[Json] = [
        {
            "name": layer.name,
            "title": layer.title,
            "revision": layer.revision,
            "data_date": format_time(layer.data_date) if layer.data_date else None,
            "source": layer.source,
            "drawn": drawing.drawn.get(layer.name) if isinstance(layer, MapLayer) else None,
        }
        for layer in every
    ]
    return {
        "crs": frame.crs,
        "scale": frame.scale,
        "frame": [round(v, 3) for v in (frame.west, frame.south, frame.east, frame.north)],
        "paper_mm": [frame.width_mm, frame.height_mm],
        "layers": listed,
        "drawing_sha256": sha256(drawing.svg.encode()),
    }


def _grid(frame: Frame) -> dict[str, Json]:
    step = frame.grid_step()
    k = 1000 / frame.scale
    return {
        "step": plain(step, "m"),
        "east": [
            {"at": round((v - frame.west) * k, 3), "text": _figure(v)} for v in _multiples(frame.west, frame.east, step)
        ],
        "north": [
            {"at": round((frame.north - v) * k, 3), "text": _figure(v)}
            for v in _multiples(frame.south, frame.north, step)
        ],
    }


def _multiples(low: float, high: float, step: int) -> list[int]:
    first = int(-(-low // step)) * step
    return list(range(first, int(high) + 1, step))


def _figure(metres: int) -> str:
    return f"{metres:,}".replace(",", THIN)


def _bar(frame: Frame) -> dict[str, Json]:
    length = frame.bar_m()
    part = length / 4
    return {
        "part": part * 1000 / frame.scale,
        "texts": [*(plain(part * i) for i in range(4)), plain(length, "m")],
    }


def page_map(
    layers: tuple[MapLayer, ...],
    painters: Sequence[Callable[[Frame], Picture]],
    extent: tuple[BaseGeometry, ...],
    *,
    width_mm: float,
    height_mm: float,
    crs: str | None,
    scale: int | None,
    title: str,
    text_pt: float = 7.0,
) -> Sheet:
    """A map of an extent, as large as the room for it."""
    frame = fit(extent, width_mm=width_mm, height_mm=height_mm, crs=crs, scale=scale)
    return make_sheet(frame, layers, tuple(paint(frame) for paint in painters), title=title, text_pt=text_pt)
