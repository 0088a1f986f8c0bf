"""Mapbox Vector Tile 2.1 encoding, all geometries of a tile at a time with NumPy.

Written here because encoding is the hot path of the map: a tile of ten thousand parcels is a few passes over
flat coordinate arrays instead of one Python call a vertex. The format is
github.com/mapbox/vector-tile-spec, version 2.1; section numbers below are its.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from twin.types import Json

EXTENT = 4096

IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
Geometries = npt.NDArray[Any]

_POINT, _LINE, _POLYGON = 1, 2, 3
_MVT_TYPE = np.array([_POINT, _LINE, _LINE, _POLYGON, _POINT, _LINE, _POLYGON, 0], dtype=np.int64)
"""Section 4.3.4 type by shapely's type id; collections are not drawn."""

_MOVE_ONE, _LINE_TO, _CLOSE = 1 | 1 << 3, 2, 7 | 1 << 3
"""Section 4.3.1 command integers: id, and count in the bits above."""


def encode_layer(name: str, geometries: Geometries, properties: Sequence[dict[str, Json]]) -> bytes:
    """Encode one layer of a tile.

    Parameters
    ----------
    name
        Layer name.
    geometries : array (n,) of shapely geometries
        In tile units, x right, y down, 0 to :data:`EXTENT`. Points, lines, polygons and their Multi forms;
        what is empty, degenerates on the integer grid, or is of another kind is skipped.
    properties
        Attributes of each: text, number or boolean. ``None`` is left out, anything else written as text.

    Returns
    -------
    bytes
        The tile; empty if nothing could be drawn.
    """
    keys: dict[str, int] = {}
    values: dict[tuple[type, Json], int] = {}
    features: list[bytes] = []
    kinds = _MVT_TYPE[shapely.get_type_id(geometries)]
    commands = encode_geometries(geometries)
    for kind, drawing, attributes in zip(kinds.tolist(), commands, properties, strict=True):
        if drawing:
            tags = _tags(attributes, keys, values)
            features.append(_bytes(2, tags) + _field(3, 0) + _varint(kind) + _bytes(4, drawing))
    if not features:
        return b""
    body = [_field(15, 0), _varint(2), _bytes(1, name.encode())]
    body += [_bytes(2, feature) for feature in features]
    body += [_bytes(3, key.encode()) for key in keys]
    body += [_bytes(4, _value(value)) for _, value in values]
    body += [_field(5, 0), _varint(EXTENT)]
    return _bytes(3, b"".join(body))


def encode_geometries(geometries: Geometries) -> list[bytes]:
    """Packed commands of each geometry (section 4.3); empty where nothing remains to draw."""
    out = [b""] * len(geometries)
    kinds = _MVT_TYPE[shapely.get_type_id(geometries)]
    for kind, encode in ((_POINT, _encode_points), (_LINE, _encode_lines), (_POLYGON, _encode_polygons)):
        chosen = np.flatnonzero(kinds == kind)
        if chosen.size:
            for index, drawing in zip(chosen.tolist(), encode(geometries[chosen]), strict=True):
                out[index] = drawing
    return out


def _encode_points(geometries: Geometries) -> list[bytes]:
    coords, owner = shapely.get_coordinates(geometries, return_index=True)
    cells = np.rint(coords).astype(np.int64)
    count = np.bincount(owner, minlength=len(geometries))
    drawn = count > 0
    length = np.where(drawn, 1 + 2 * count, 0)
    numbers = np.zeros(int(length.sum()), dtype=np.int64)
    start = _starts(length)
    numbers[start[drawn]] = 1 | count[drawn] << 3
    nth = np.arange(len(cells)) - _starts(count)[owner]
    at = start[owner] + 1 + 2 * nth
    numbers[at], numbers[at + 1] = _zigzag(_deltas(cells, owner)).T
    return _split(numbers, length)


def _encode_lines(geometries: Geometries) -> list[bytes]:
    lines, owner = shapely.get_parts(geometries, return_index=True)
    cells, path = _cells(lines)
    return _encode_paths(cells, path, np.asarray(owner, dtype=np.int64), len(geometries), closed=False)


def _encode_polygons(geometries: Geometries) -> list[bytes]:
    polygons, owner = shapely.get_parts(geometries, return_index=True)
    rings, polygon = shapely.get_rings(polygons, return_index=True)
    cells, ring = _cells(rings)
    if not len(cells):
        return [b""] * len(geometries)
    # The vertex that closes a ring is implied by ClosePath (4.3.3.3).
    last = np.append(ring[1:] != ring[:-1], True)
    first = np.insert(last[:-1], 0, True)
    repeats = last & ~first
    cells, ring = cells[~repeats], ring[~repeats]
    area = _areas(cells, ring, len(rings))
    outer = np.insert(polygon[1:] != polygon[:-1], 0, True)
    hollow = np.zeros(len(polygons), dtype=np.bool_)
    hollow[polygon[outer & (area == 0)]] = True
    keep = ((area != 0) & ~hollow[polygon])[ring]
    # Exterior rings have positive area with y down, interior ones negative (4.3.4.4).
    cells = _turned(cells, ring, (area > 0) != outer)
    return _encode_paths(cells[keep], ring[keep], owner[polygon], len(geometries), closed=True)


def _cells(lines: Geometries) -> tuple[IntArray, IntArray]:
    """Vertices on the integer grid with the index of their line; consecutive equal ones are merged."""
    coords, line = shapely.get_coordinates(lines, return_index=True)
    cells = np.rint(coords).astype(np.int64)
    line = np.asarray(line, dtype=np.int64)
    if not len(cells):
        return cells, line
    same = np.all(cells[1:] == cells[:-1], axis=1) & (line[1:] == line[:-1])
    keep = np.insert(~same, 0, True)
    return cells[keep], line[keep]


def _areas(cells: IntArray, ring: IntArray, count: int) -> npt.NDArray[np.float64]:
    """Twice the signed area of each ring (shoelace); zero for rings of fewer than three vertices."""
    size = np.bincount(ring, minlength=count)
    start = _starts(size)
    following = np.arange(1, len(cells) + 1)
    ends = np.append(ring[1:] != ring[:-1], True)
    following[ends] = start[ring[ends]]
    ahead = cells[following]
    cross = cells[:, 0] * ahead[:, 1] - cells[:, 1] * ahead[:, 0]
    return np.bincount(ring, weights=cross, minlength=count).astype(np.float64)


def _turned(cells: IntArray, ring: IntArray, reverse: BoolArray) -> IntArray:
    """Vertices with the rings marked in ``reverse`` running the other way."""
    size = np.bincount(ring, minlength=len(reverse))
    start = _starts(size)
    here = np.arange(len(cells))
    mirrored = 2 * start[ring] + size[ring] - 1 - here
    return np.asarray(cells[np.where(reverse[ring], mirrored, here)])


def _encode_paths(cells: IntArray, path: IntArray, owner: IntArray, count: int, *, closed: bool) -> list[bytes]:
    """Commands of paths in order; ``path`` is each vertex's path, ``owner`` each path's geometry."""
    size = np.bincount(path, minlength=len(owner))
    long_enough = size >= (3 if closed else 2)
    cells, path = cells[long_enough[path]], path[long_enough[path]]
    size = np.where(long_enough, size, 0)
    length = np.where(long_enough, 2 * size + (3 if closed else 2), 0)
    start = _starts(length)
    numbers = np.zeros(int(length.sum()), dtype=np.int64)
    numbers[start[long_enough]] = _MOVE_ONE
    numbers[start[long_enough] + 3] = _LINE_TO | (size[long_enough] - 1) << 3
    if closed:
        numbers[start[long_enough] + length[long_enough] - 1] = _CLOSE
    nth = np.arange(len(cells)) - _starts(size)[path]
    at = start[path] + 1 + 2 * nth + (nth > 0)
    numbers[at], numbers[at + 1] = _zigzag(_deltas(cells, owner[path])).T
    per_owner = np.bincount(owner, weights=length, minlength=count).astype(np.int64)
    return _split(numbers, per_owner)


def _deltas(cells: IntArray, owner: IntArray) -> IntArray:
    """Return the steps from vertex to vertex; each geometry begins at the origin (4.3.2)."""
    previous = np.zeros_like(cells)
    previous[1:] = cells[:-1]
    if len(cells):
        previous[np.insert(owner[1:] != owner[:-1], 0, True)] = 0
    return cells - previous


def _zigzag(values: IntArray) -> IntArray:
    return np.asarray((values << 1) ^ (values >> 63))


def _starts(lengths: IntArray) -> IntArray:
    return np.asarray(np.cumsum(lengths) - lengths)


def _split(numbers: IntArray, lengths: IntArray) -> list[bytes]:
    """Varints of ``numbers`` (non-negative, below 2^35), cut into runs of ``lengths`` numbers."""
    width = np.ones(len(numbers), dtype=np.int64)
    for shift in (7, 14, 21, 28):
        width += numbers >> shift > 0
    place = np.arange(5)
    groups = numbers[:, None] >> (7 * place) & 0x7F
    groups[place < width[:, None] - 1] |= 0x80
    packed = groups[place < width[:, None]].astype(np.uint8).tobytes()
    ends = np.append(0, np.cumsum(width))[np.append(0, np.cumsum(lengths))].tolist()
    return [packed[a:b] for a, b in pairwise(ends)]


# -- protocol buffers ----------------------------------------------------------------------------------------


def _long_varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_VARINTS = tuple(_long_varint(number) for number in range(1 << 14))
"""One and two bytes: nearly every length and index of a tile."""


def _varint(number: int) -> bytes:
    return _VARINTS[number] if number < 1 << 14 else _long_varint(number)


def _field(number: int, wire: int) -> bytes:
    return _varint(number << 3 | wire)


def _bytes(number: int, payload: bytes) -> bytes:
    return _field(number, 2) + _varint(len(payload)) + payload


def _tags(attributes: dict[str, Json], keys: dict[str, int], values: dict[tuple[type, Json], int]) -> bytes:
    tags = bytearray()
    for name, given in attributes.items():
        if given is None:
            continue
        value = given if isinstance(given, str | bool | int | float) else str(given)
        tags += _varint(keys.setdefault(name, len(keys)))
        tags += _varint(values.setdefault((type(value), value), len(values)))
    return bytes(tags)


def _value(value: Json) -> bytes:
    if isinstance(value, str):
        return _bytes(1, value.encode())
    if isinstance(value, bool):
        return _field(7, 0) + _varint(int(value))
    if isinstance(value, int) and abs(value) < 1 << 62:
        return _field(6, 0) + _varint(value << 1 if value >= 0 else (-value << 1) - 1)
    return _field(3, 1) + struct.pack("<d", value)
