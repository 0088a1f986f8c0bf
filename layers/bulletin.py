"""The flood bulletin: what the gauges say against their alarm levels, and a map, for decisions inside the office."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import shapely

from layers.cartography import map_of
from twin.core import Twin
from twin.documents.content import Content, Paragraph, Section, Table
from twin.documents.wording import day_time, number
from twin.errors import ParameterError
from twin.model.layer import Feature
from twin.model.thing import DatastreamState
from twin.model.view import View
from twin.types import BBox, Freshness, Json

GAUGES = "gauges"
LEVEL = "water_level"
ALARMS = ("bd1_m", "bd2_m", "bd3_m")
_FRESH = {Freshness.FRESH: "mới", Freshness.STALE: "cũ", Freshness.MISSING: "mất tín hiệu"}


def flood_bulletin(
    t: Twin,
    *,
    view: View,
    title: str = "",
    situation: str = "",
    layers: Sequence[str] = (),
    bbox: BBox | None = None,
    notes: Sequence[str] = (),
) -> Content:
    """The bulletin at a time.

    Parameters
    ----------
    situation
        What the person who issues it says of the situation.
    layers
        Layers of its map (a depth grid, roads); the gauges lie on top. None: no map.
    bbox
        Area of the map; around the gauges, if not given.
    """
    resolved = t.store.resolve(view)
    assert resolved.at is not None
    assert resolved.known_at is not None
    gauges = {f.fid: f for f in t.store.features(resolved, GAUGES)}
    states = [s for s in t.store.latest(resolved) if s.datastream.layer == GAUGES and s.datastream.key == LEVEL]
    rows = [_row(state, gauges.get(state.datastream.uid)) for state in states]
    above = [row for row in rows if row[3].startswith("trên")]
    silent = sum(state.freshness is not Freshness.FRESH for state in states)
    extent = [shapely.box(bbox.west, bbox.south, bbox.east, bbox.north)] if bbox else _around(gauges.values())
    return Content(
        "flood_bulletin",
        title or "Tình hình mực nước và ngập",
        resolved.at,
        resolved.known_at,
        title_en="Water levels and flooding",
        subtitle=f"Lúc {day_time(resolved.at)}",
        summary=_summary(len(states), len(above), silent),
        facts=(
            ("Trạm mực nước có số liệu mới", f"{len(states) - silent} / {len(states)}"),
            ("Trạm trên mức báo động", str(len(above))),
        ),
        sections=(
            *((Section("Nhận định", (Paragraph(situation),)),) if situation else ()),
            Section("Mực nước tại các trạm", (_table(rows),)),
            *((Section("Ghi chú", tuple(Paragraph(note) for note in notes)),) if notes else ()),
        ),
        data={"gauges": [_fact(state, gauges.get(state.datastream.uid)) for state in states]},
        data_date=max((s.observation.phenomenon_start for s in states if s.observation), default=None),
        map=map_of(t, [*layers, GAUGES], view=resolved, extent=extent, reach_m=6000, title="Bản đồ hiện trạng")
        if layers and extent
        else None,
    )


def _summary(count: int, above: int, silent: int) -> str:
    if not count:
        return "Không có trạm mực nước nào trong dữ liệu."
    if silent == count:
        return f"Cả {count} trạm không có số liệu mới: không xác định được, không được coi là an toàn."
    said = f"Trong {count - silent} trạm có số liệu mới, {above} trạm trên mức báo động."
    return f"{said} {silent} trạm không có số liệu mới: không được coi là an toàn." if silent else said


def _table(rows: Sequence[tuple[str, ...]]) -> Table:
    return Table(
        ("Trạm", "Mực nước (m)", "Lúc", "So với báo động", "Số liệu"),
        tuple(rows),
        widths=(2.6, 1.4, 1.8, 2.6, 1.3),
        numbers=(1,),
        empty="Không có trạm mực nước nào trong dữ liệu.",
    )


def _row(state: DatastreamState, gauge: Feature | None) -> tuple[str, ...]:
    seen, known = state.observation, gauge.properties if gauge else {}
    name = str(known.get("name") or state.datastream.uid)
    if seen is None or not isinstance(seen.result, int | float):
        return (name, "–", "–", "không đủ dữ liệu", _FRESH[state.freshness])
    return (
        name,
        number(seen.result, 2),
        day_time(seen.phenomenon_start),
        "không đủ dữ liệu (số liệu cũ)" if state.freshness is not Freshness.FRESH else _against(seen.result, known),
        _FRESH[state.freshness],
    )


def _against(level_m: float, gauge: Mapping[str, Json]) -> str:
    """The level against the gauge's own alarm levels; there is no level above BĐ3, so that the excess is said."""
    levels = [(f"BĐ{i}", v) for i, k in enumerate(ALARMS, 1) if isinstance(v := gauge.get(k), int | float)]
    if not levels:
        return "trạm không có mức báo động"
    reached = [(name, at) for name, at in levels if level_m >= at]
    name, at = reached[-1] if reached else levels[0]
    return f"{'trên' if reached else 'dưới'} {name} {number(abs(level_m - at), 2, 'm')}"


def _fact(state: DatastreamState, gauge: Feature | None) -> dict[str, Json]:
    seen = state.observation
    result: Json = seen.result if seen is not None and isinstance(seen.result, int | float) else None
    return {
        "gauge": state.datastream.uid,
        "level_m": result,
        "time": seen.phenomenon_start.isoformat() if seen else None,
        "freshness": state.freshness.value,
        "alarms_m": [gauge.properties.get(name) if gauge else None for name in ALARMS],
    }


def _around(gauges: Any) -> list[Any]:
    return [g.geometry for g in gauges if g.geometry is not None]


def bulletin_of(t: Twin, view: View, inputs: Mapping[str, Any]) -> Content:
    """The bulletin from inputs of a request; ParameterError if they are not what it takes."""
    box = inputs.get("bbox")
    if box is not None and not (isinstance(box, list) and len(box) == 4):
        raise ParameterError("not [west, south, east, north]", where="inputs.bbox")
    for name in ("layers", "notes"):
        if not all(isinstance(item, str) for item in inputs.get(name) or []):
            raise ParameterError("not a list of texts", where=f"inputs.{name}")
    return flood_bulletin(
        t,
        view=view,
        title=str(inputs.get("title") or ""),
        situation=str(inputs.get("situation") or ""),
        layers=tuple(inputs.get("layers") or ()),
        bbox=BBox(*box) if box else None,
        notes=tuple(inputs.get("notes") or ()),
    )
