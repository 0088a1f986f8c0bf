"""Layers as JSON, the same for every store."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from twin.model.layer import Field, FieldType, Layer, LayerKind
from twin.model.view import Access
from twin.types import Json


def layer_to_json(layer: Layer) -> dict[str, Json]:
    """Every part of a layer's description."""
    return cast("dict[str, Json]", asdict(layer))


def layer_from_json(body: dict[str, Any]) -> Layer:
    """The layer that :func:`layer_to_json` described."""
    fields = tuple(Field(**{**f, "type": FieldType(f["type"]), "access": Access(f["access"])}) for f in body["fields"])
    return Layer(**{**body, "kind": LayerKind(body["kind"]), "access": Access(body["access"]), "fields": fields})
