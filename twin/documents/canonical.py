"""The canonical form of a document: one text for equal content (RFC 8785), and its hash."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Mapping
from typing import cast

import rfc8785

from twin.errors import FormatError, ParameterError
from twin.types import Json

FORMAT = "twin-document/1"
LARGEST = 8 << 20
"""More is no document's facts. [bytes]"""
_DEEPEST = 60


def composed(value: Json) -> Json:
    """The same value with every text in Unicode's composed form (NFC), so that one word has one spelling."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, list):
        return [composed(item) for item in value]
    if isinstance(value, dict):
        return {unicodedata.normalize("NFC", name): composed(item) for name, item in value.items()}
    return value


def canonical_bytes(value: Mapping[str, Json]) -> bytes:
    """The canonical form of a document's facts.

    Raises
    ------
    ParameterError
        If a value has none: not finite, an integer beyond 2^53, a text that is no Unicode.
    """
    try:
        return rfc8785.dumps(cast("dict[str, object]", composed(dict(value))))  # type: ignore[arg-type]
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as exc:
        raise ParameterError(f"the document's facts have no canonical form: {exc}") from exc


def read_canonical(content: bytes) -> dict[str, Json]:
    """The facts in a JSON text, however it is spaced.

    Raises
    ------
    FormatError
        If it is not the JSON object of a document, names a member twice, or is too large.
    """
    if len(content) > LARGEST:
        raise FormatError(f"{len(content)} bytes are more than a document's facts take ({LARGEST})")
    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        raise FormatError(f"not the canonical form of a document: {exc}") from exc
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise FormatError("not the canonical form of a document", hint=f"Its member format says {FORMAT}.")
    if _depth(value) > _DEEPEST:
        raise FormatError("not the canonical form of a document: nested too deeply")
    return cast("dict[str, Json]", value)


def sha256(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a member is named twice")
    return value


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not JSON")


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0
