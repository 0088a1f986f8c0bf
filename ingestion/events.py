"""Camera events: the layer they stand on, and the newest state of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shapely.geometry.base import BaseGeometry

from sensors.reading import DetectedEvent
from twin.core import Twin
from twin.errors import NotFoundError
from twin.model.layer import Feature, FeatureChange, Field, FieldType, Layer, LayerKind
from twin.model.view import Access
from twin.types import Json, format_time, parse_time

CAMERA_EVENTS = Layer(
    name="camera_events",
    title="Sự kiện camera",
    title_en="Camera events",
    description="What analytic cameras detect, at the camera's place. No face, no name, no plate text.",
    kind=LayerKind.EVENT,
    geometry_type="Point",
    group="events",
    max_age_s=3600.0,
    fields=(
        Field("title", FieldType.STRING, "Đối tượng", "Object"),
        Field("title_en", FieldType.STRING, "Đối tượng (tiếng Anh)", "Object (English)"),
        Field("kind", FieldType.STRING, "Loại sự kiện", "Kind"),
        Field("label", FieldType.STRING, "Nhãn", "Label"),
        Field("camera", FieldType.STRING, "Camera", "Camera"),
        Field("device", FieldType.STRING, "Thiết bị", "Device"),
        Field("score", FieldType.NUMBER, "Độ tin cậy", "Score"),
        Field("observed_at", FieldType.DATETIME, "Trạng thái lúc", "State at"),
        Field("plate_hash", FieldType.STRING, "Mã băm biển số", "Plate hash", access=Access.STAFF),
    ),
)
"""Where camera events go unless the device's property ``event_layer`` names another event layer."""


def ensure_layer(t: Twin) -> None:
    """Create the layer of camera events where it is missing; one that exists stays as it is."""
    try:
        t.store.layer(t.view(), CAMERA_EVENTS.name)
    except NotFoundError:
        t.store.put_layer(CAMERA_EVENTS)


@dataclass(frozen=True, slots=True)
class PlacedEvent:
    """A state of an event with its layer, place and origin."""

    layer: str
    event: DetectedEvent
    place: BaseGeometry | None
    camera: str
    device: str

    def change(self) -> FeatureChange:
        """What is written."""
        properties: dict[str, Json] = {
            **self.event.properties,
            "camera": self.camera,
            "device": self.device,
            "observed_at": format_time(self.event.observed_at),
        }
        return FeatureChange(self.event.fid, self.place, properties, self.event.start, self.event.end)


def changes(t: Twin, layer: str, placed: Iterable[PlacedEvent]) -> list[FeatureChange]:
    """Changes in the order of the states.

    A state older than the one known (delivered late or again) must not undo it: in its place stands what is
    known, which the store counts as a duplicate.
    """
    ordered = sorted(placed, key=lambda p: (p.event.fid, p.event.order))
    known = _known(t, layer, [p.event.fid for p in ordered])
    found = []
    for state in ordered:
        before = known.get(state.event.fid)
        if before is not None and _order(before) >= state.event.order:
            found.append(
                FeatureChange(before.fid, before.geometry, before.properties, before.valid_from, before.valid_to)
            )
        else:
            found.append(state.change())
    return found


def _known(t: Twin, layer: str, fids: Sequence[str]) -> dict[str, Feature]:
    if not fids:
        return {}
    features = t.store.features(t.view(), layer, fids=sorted(set(fids)), interval=(None, None))
    return {feature.fid: feature for feature in features}


def _order(feature: Feature) -> tuple[datetime, bool]:
    observed = feature.properties.get("observed_at")
    moment = parse_time(observed, where="observed_at") if isinstance(observed, str) else feature.recorded_from
    return (moment, feature.valid_to is not None)
