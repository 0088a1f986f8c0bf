"""The smallest PNG writer that map tiles need: 8-bit RGBA (ISO/IEC 15948)."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RGBA = 6


def encode_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Encode an array (rows, columns, 4) of red, green, blue and opacity."""
    rows, columns, _ = pixels.shape
    # Every row begins with its filter type; 0 is none.
    filtered = np.zeros((rows, 1 + columns * 4), dtype=np.uint8)
    filtered[:, 1:] = pixels.reshape(rows, columns * 4)
    header = struct.pack(">IIBBBBB", columns, rows, 8, _RGBA, 0, 0, 0)
    body = zlib.compress(filtered.tobytes(), 6)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, payload: bytes) -> bytes:
    check = zlib.crc32(kind + payload)
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", check)
