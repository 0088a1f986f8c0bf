"""Shapes of answers: model objects to the JSON that ``docs/http.md`` describes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from shapely.geometry import mapping
from starlette.responses import Response

from twin.model.layer import Feature, Layer, Source
from twin.model.link import Link
from twin.model.thing import DatastreamState
from twin.model.view import View
from twin.types import BBox, Json, LonLat, format_time

NAME_KEYS = ("name", "ten", "title", "label", "code", "ma", "so_hieu")
"""Attributes that name a feature for people, best first."""


def to_json(body: object) -> bytes:
    """JSON in UTF-8; numbers that JSON lacks become null."""
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except ValueError:
        return json.dumps(_finite(body), ensure_ascii=False, separators=(",", ":")).encode()


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def json_response(
    body: object, *, status: int = 200, media_type: str = "application/json", headers: dict[str, str] | None = None
) -> Response:
    """An answer in JSON; clients ask again before they use a copy."""
    kept = {"cache-control": "no-cache", **(headers or {})}
    return Response(to_json(body), status_code=status, media_type=media_type, headers=kept)


def answered(view: View, body: Mapping[str, Any]) -> Response:
    """An answer that says for which times it holds."""
    return json_response({"at": moment(view.at), "known_at": moment(view.known_at), **body})


def moment(time: datetime | None) -> str | None:
    """A time, or null where it is open or not known."""
    return None if time is None else format_time(time)


def box(value: BBox | None) -> list[float] | None:
    """``[west, south, east, north]``."""
    return None if value is None else list(value.tuple())


def feature_title(feature: Feature, layer: Layer | None = None) -> str:
    """What people call a feature: its label field, a name, or its id."""
    label = layer.style.get("label") if layer is not None else None
    wanted = label.get("field") if isinstance(label, dict) else None
    for key in (wanted, *NAME_KEYS):
        value = feature.properties.get(key) if isinstance(key, str) else None
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value)
    return feature.fid


def geometry(feature: Feature) -> Any:
    """GeoJSON geometry, or null."""
    return None if feature.geometry is None else mapping(feature.geometry)


def position(feature: Feature) -> LonLat | None:
    """A point on the feature; ``None`` where it has no geometry."""
    if feature.geometry is None or feature.geometry.is_empty:
        return None
    point = feature.geometry.representative_point()
    return LonLat(point.x, point.y)


def geojson_feature(feature: Feature) -> dict[str, Any]:
    """A GeoJSON feature; its times stand among the properties."""
    times = {
        "valid_from": moment(feature.valid_from),
        "valid_to": moment(feature.valid_to),
        "recorded_from": moment(feature.recorded_from),
    }
    return {
        "type": "Feature",
        "id": feature.fid,
        "geometry": geometry(feature),
        "properties": {**times, **feature.properties},
    }


def source(value: Source) -> dict[str, Any]:
    """Provenance as shown with a feature."""
    return {
        "id": value.id,
        "kind": value.kind,
        "name": value.name,
        "decision": value.decision,
        "recorded_at": moment(value.recorded_at),
    }


def datastream(state: DatastreamState, place: LonLat | None, thing_name: str = "") -> dict[str, Any]:
    """A datastream with its newest result and how fresh that is."""
    stream, seen = state.datastream, state.observation
    return {
        "id": stream.id,
        "thing": stream.thing,
        "layer": stream.layer,
        "uid": stream.uid,
        "name": thing_name or stream.uid,
        "key": stream.key,
        "title": stream.title,
        "title_en": stream.properties.get("title_en") or "",
        "observed_property": stream.observed_property,
        "unit": stream.unit.symbol,
        "result": None if seen is None else seen.result,
        "time": None if seen is None else moment(seen.phenomenon_end),
        "quality": None if seen is None else seen.quality.label,
        "reason": "" if seen is None else seen.reason,
        "freshness": state.freshness.value,
        "age_s": state.age_s,
        "max_age_s": stream.max_age_s,
        "decimals": stream.properties.get("decimals"),
        "lon": None if place is None else place.lon,
        "lat": None if place is None else place.lat,
    }


def link(value: Link, *, outward: bool, name: str, title: str) -> dict[str, Any]:
    """A link seen from one of its ends."""
    return {
        "rule": value.rule,
        "title": title,
        "layer": value.to_layer if outward else value.from_layer,
        "fid": value.to_fid if outward else value.from_fid,
        "name": name,
        "measure": value.measure,
        "direction": "to" if outward else "from",
    }


def fields(layer: Layer) -> list[dict[str, Json]]:
    """The attributes that the viewer's copy of a layer declares."""
    return [
        {"name": f.name, "type": f.type.value, "title": f.title, "title_en": f.title_en, "unit": f.unit}
        for f in layer.fields
    ]


def union(boxes: Iterable[BBox | None]) -> BBox | None:
    """The box around boxes."""
    known: Sequence[BBox] = [b for b in boxes if b is not None]
    if not known:
        return None
    return BBox(
        min(b.west for b in known),
        min(b.south for b in known),
        max(b.east for b in known),
        max(b.north for b in known),
    )
