"""Vector tiles of layers: projected, clipped, thinned by zoom, with only what the viewer may see.

A tile is named by what it depends on: the layer's revision and description as the viewer sees it, and the
interval between valid times at which the layer changes. Moving the time cursor inside one interval gives the
same name, so the same bytes; an edit gives a new name.
"""

from __future__ import annotations

import hashlib
import math
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import shapely

from layers.mvt import EXTENT, encode_layer
from layers.styles import styled_fields, visible_style
from twin.errors import NotFoundError
from twin.model.layer import Feature, FieldType, Layer, LayerKind
from twin.model.view import View
from twin.store.base import LayerSummary, Store
from twin.types import BBox, Json

MAX_ZOOM = 24
MAX_LATITUDE = 85.0511287798066
"""Where the square Web Mercator map ends. [degrees]"""

BUFFER = 128
"""How far a tile reaches beyond its edge, for strokes and symbols that cross it. [tile units]"""

ALL_ATTRIBUTES_FROM = 14
"""Below this zoom a tile carries only what drawing needs."""

EVENT_WINDOW = timedelta(hours=1)
"""An event stays on the map this long after it ended, unless its layer says ``event_window_s``."""

KEPT_FEATURES = 50_000
"""A layer with more is read by box for every tile."""

_FIRST = datetime(1, 1, 1, tzinfo=UTC)

FloatArray = npt.NDArray[np.float64]
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class TileAddress:
    """A tile of the WebMercatorQuad matrix set: zoom, column from the west, row from the north."""

    zoom: int
    column: int
    row: int

    def __post_init__(self) -> None:
        side = 1 << self.zoom if 0 <= self.zoom <= MAX_ZOOM else 0
        if not (0 <= self.column < side and 0 <= self.row < side):
            raise NotFoundError(f"there is no tile {self.zoom}/{self.row}/{self.column}", where="WebMercatorQuad")

    def box(self, buffer: float = 0.0) -> BBox:
        """Return the box of the tile, widened by ``buffer`` of its width."""
        side = 1 << self.zoom
        north, south = ((self.row - buffer) / side, (self.row + 1 + buffer) / side)
        return BBox(
            max((self.column - buffer) / side * 360 - 180, -180.0),
            _latitude(min(south, 1.0)),
            min((self.column + 1 + buffer) / side * 360 - 180, 180.0),
            _latitude(max(north, 0.0)),
        )


def _latitude(y: float) -> float:
    return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * y))))


@dataclass(frozen=True, slots=True)
class Tile:
    """An encoded tile (``b""``: nothing to draw) and its entity tag."""

    data: bytes
    etag: str


@dataclass
class LruCache(Generic[V]):
    """A cache bounded by the sum of its entries' sizes, safe between threads."""

    capacity: int
    size_of: Callable[[V], int]
    _entries: OrderedDict[str, V] = field(default_factory=OrderedDict)
    _size: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: str) -> V | None:
        """Return what is kept under ``key``."""
        with self._lock:
            value = self._entries.get(key)
            if value is not None:
                self._entries.move_to_end(key)
            return value

    def put(self, key: str, value: V) -> None:
        """Keep a value; the least recently used go."""
        with self._lock:
            old = self._entries.pop(key, None)
            self._size += self.size_of(value) - (0 if old is None else self.size_of(old))
            self._entries[key] = value
            while self._size > self.capacity and self._entries:
                _, gone = self._entries.popitem(last=False)
                self._size -= self.size_of(gone)


def _entry_size(data: bytes) -> int:
    return len(data) + 200


@dataclass(frozen=True, slots=True)
class Drawable:
    """Features ready to be cut into tiles: projected, with their boxes.

    ``geometries`` are in map units: x right from 180° west, y down from the map's upper edge, the whole map is 1.
    """

    geometries: npt.NDArray[Any]
    boxes: FloatArray
    fids: tuple[str, ...]
    properties: tuple[dict[str, Json], ...]

    @property
    def vertices(self) -> int:
        """What it costs to keep."""
        return int(shapely.get_num_coordinates(self.geometries).sum()) + 20 * len(self.fids)


def drawable(features: Sequence[Feature]) -> Drawable:
    """Project features onto the square map."""
    placed = [f for f in features if f.geometry is not None]
    shapes = np.array([f.geometry for f in placed], dtype=object)
    projected = shapely.force_2d(shapely.transform(shapes, _map_units)) if placed else shapes
    boxes = shapely.bounds(projected) if placed else np.zeros((0, 4))
    return Drawable(projected, boxes, tuple(f.fid for f in placed), tuple(f.properties for f in placed))


class TileSource:
    """Makes and keeps the tiles of one store.

    A layer of moderate size is read and projected once for all tiles of one state.
    """

    def __init__(self, store: Store, *, capacity: int = 128 << 20, vertices: int = 5_000_000) -> None:
        self._store = store
        self._tiles: LruCache[bytes] = LruCache(capacity, _entry_size)
        self._breaks: LruCache[list[datetime]] = LruCache(4_000_000, lambda times: len(times) + 10)
        self._drawables: LruCache[Drawable] = LruCache(vertices, lambda d: d.vertices)
        self._reading = threading.Lock()

    def tile(self, view: View, layer: str, address: TileAddress, *, known_etag: str = "") -> Tile | None:
        """Return one tile of a vector layer, or ``None`` if the caller's ``known_etag`` is still right.

        ``view`` must be resolved. Raises :class:`NotFoundError` for a raster layer or one not visible.
        """
        summary = self._store.layer(view, layer)
        if summary.layer.kind is LayerKind.RASTER:
            raise NotFoundError(f"layer {layer!r} holds grids, not features", where="tiles")
        etag = self.state_tag(view, summary)
        if etag == known_etag:
            return None
        key = f"{etag}/{address.zoom}/{address.column}/{address.row}"
        data = self._tiles.get(key)
        if data is None:
            data = self._make(view, summary, etag, address)
            self._tiles.put(key, data)
        return Tile(data, etag)

    def state_tag(self, view: View, summary: LayerSummary) -> str:
        """Text equal for equal content of a layer: description, revision, valid interval, policy."""
        layer = summary.layer
        at = view.at or datetime.now(UTC)
        moments = [at] if layer.kind is not LayerKind.EVENT else [at, at - event_window(layer)]
        times = self._breakpoints(view, summary)
        place = [bisect_right(times, moment) for moment in moments]
        content = repr((layer, summary.revision, place, len(times), self._store.policy_key(view)))
        return hashlib.blake2b(content.encode(), digest_size=12).hexdigest()

    def _breakpoints(self, view: View, summary: LayerSummary) -> list[datetime]:
        key = f"{summary.layer.name}/{summary.revision}/{self._store.policy_key(view)}"
        times = self._breaks.get(key)
        if times is None:
            end = datetime(9999, 1, 1, tzinfo=UTC)
            times = self._store.breakpoints(view, [summary.layer.name], _FIRST, end)
            self._breaks.put(key, times)
        return times

    def _make(self, view: View, summary: LayerSummary, tag: str, address: TileAddress) -> bytes:
        layer = summary.layer
        if not _drawn_at(layer, address.zoom):
            return b""
        if summary.count > KEPT_FEATURES:
            box = address.box(BUFFER / EXTENT)
            found = self._store.features(view, layer.name, bbox=box, interval=_shown_interval(view, layer))
            return encode_tile(layer, drawable(found), address)
        return encode_tile(layer, self._drawable(view, layer, tag), address)

    def _drawable(self, view: View, layer: Layer, tag: str) -> Drawable:
        kept = self._drawables.get(tag)
        if kept is not None:
            return kept
        # A map asks for many tiles of a layer at once: one of them reads it, the others wait for that.
        with self._reading:
            kept = self._drawables.get(tag)
            if kept is None:
                kept = drawable(self._store.features(view, layer.name, interval=_shown_interval(view, layer)))
                self._drawables.put(tag, kept)
        return kept


def _shown_interval(view: View, layer: Layer) -> tuple[datetime, datetime] | None:
    """Events are shown for a while; states at their moment."""
    if layer.kind is not LayerKind.EVENT:
        return None
    at = view.at or datetime.now(UTC)
    return (at - event_window(layer), at)


def event_window(layer: Layer) -> timedelta:
    """How long an event of the layer stays on the map after it ended."""
    seconds = layer.properties.get("event_window_s")
    return timedelta(seconds=seconds) if isinstance(seconds, int | float) else EVENT_WINDOW


def _drawn_at(layer: Layer, zoom: int) -> bool:
    lowest, highest = layer.style.get("minzoom"), layer.style.get("maxzoom")
    low = max(layer.min_zoom, lowest if isinstance(lowest, int | float) else 0)
    return low <= zoom + 1 and (not isinstance(highest, int | float) or zoom < highest)


def encode_tile(layer: Layer, features: Drawable, address: TileAddress) -> bytes:
    """Encode features of one layer into one tile; ``layer`` is the layer as its viewer sees it."""
    geometries, drawn = cut(features, address)
    names = _attributes(layer, address.zoom)
    properties = [_properties(features, i, names) for i in drawn.tolist()]
    return encode_layer(layer.name, geometries, properties)


def _attributes(layer: Layer, zoom: int) -> list[str]:
    styled = styled_fields(visible_style(layer))
    everything = zoom >= ALL_ATTRIBUTES_FROM
    return [
        f.name
        for f in layer.fields
        if f.name in styled or f.name == "name" or (everything and f.type is not FieldType.JSON)
    ]


def _properties(features: Drawable, index: int, names: Sequence[str]) -> dict[str, Json]:
    given = features.properties[index]
    return {**{name: given.get(name) for name in names}, "fid": features.fids[index]}


def cut(features: Drawable, address: TileAddress) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Bring features into a tile's units, clipped and thinned.

    Lines and polygons smaller than half a pixel are dropped. A pixel is 8 units (tiles are shown at 512 px).

    Returns
    -------
    array (m,) of geometries, array (m,) of int
        What remains to be drawn, and its index in the input.
    """
    pixel = EXTENT / 512
    scale = float(1 << address.zoom) * EXTENT
    corner = np.array([address.column, address.row], dtype=np.float64) * EXTENT
    boxes = features.boxes * scale - np.concatenate((corner, corner))
    low, high = -BUFFER, EXTENT + BUFFER
    is_point = np.isin(shapely.get_type_id(features.geometries), (0, 4))
    size = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    inside = (boxes[:, 0] <= high) & (boxes[:, 2] >= low) & (boxes[:, 1] <= high) & (boxes[:, 3] >= low)
    index = np.flatnonzero(inside & (is_point | (size >= pixel / 2)))
    if not index.size:
        return np.zeros(0, dtype=object), index
    boxes, shapes = boxes[index], ~is_point[index]
    placed = shapely.transform(features.geometries[index], lambda c: c * scale - corner)
    crosses = (boxes[:, 0] < low) | (boxes[:, 2] > high) | (boxes[:, 1] < low) | (boxes[:, 3] > high)
    clipped = crosses & shapes
    placed[clipped] = _clip(placed[clipped], low, high)
    placed[shapes] = shapely.simplify(placed[shapes], 1.0 if address.zoom >= 16 else pixel / 3, preserve_topology=False)
    kept = ~shapely.is_empty(placed)
    return placed[kept], index[kept]


def _clip(geometries: npt.NDArray[Any], low: float, high: float) -> npt.NDArray[Any]:
    try:
        return np.asarray(shapely.clip_by_rect(geometries, low, low, high, high))
    except shapely.GEOSException:
        # Rectangle clipping refuses some self-touching polygons; intersecting repaired ones does not.
        window = shapely.box(low, low, high, high)
        return np.asarray(shapely.intersection(shapely.make_valid(geometries), window))


def _map_units(coords: FloatArray) -> FloatArray:
    latitude = np.radians(np.clip(coords[:, 1], -MAX_LATITUDE, MAX_LATITUDE))
    x = coords[:, 0] / 360 + 0.5
    y = 0.5 - np.arcsinh(np.tan(latitude)) / (2 * math.pi)
    return np.column_stack((x, y))
