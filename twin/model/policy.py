"""What a viewer may see, as data that every store compiles into its queries.

The first policy is simple: citizens see public layers and their declared public attributes, staff see all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from twin.model.layer import Field, Layer
from twin.model.view import Access, Viewer
from twin.types import Json


@dataclass(frozen=True, slots=True)
class Policy:
    """The compiled right of one viewer.

    Parameters
    ----------
    accesses
        Values of a layer's or attribute's access the viewer may see.
    """

    accesses: frozenset[Access]

    @property
    def key(self) -> str:
        """Short text equal for viewers who see the same; part of cache keys and ETags."""
        return "+".join(sorted(self.accesses))

    def sees_layer(self, layer: Layer) -> bool:
        """Whether the layer exists for the viewer."""
        return layer.access in self.accesses

    def fields(self, layer: Layer) -> tuple[Field, ...]:
        """The layer's attributes that exist for the viewer."""
        return tuple(f for f in layer.fields if f.access in self.accesses)

    def hidden(self, layer: Layer) -> tuple[str, ...]:
        """Names of the layer's attributes that do not exist for the viewer."""
        return tuple(f.name for f in layer.fields if f.access not in self.accesses)

    def shown(self, layer: Layer) -> Layer:
        """The layer's description without any word of the attributes that do not exist for the viewer."""
        hidden = self.hidden(layer)
        if not hidden:
            return layer
        style, properties = _without(layer.style, hidden), _without(layer.properties, hidden)
        return replace(
            layer, fields=self.fields(layer), style=cast("_Object", style), properties=cast("_Object", properties)
        )

    @property
    def sees_internals(self) -> bool:
        """Whether names of persons and internal reports are shown."""
        return Access.STAFF in self.accesses


_Object = dict[str, Json]


def _without(value: Json, hidden: tuple[str, ...]) -> Json:
    """JSON without the entries that name a hidden attribute, alone or as ``{name}`` in a template."""
    match value:
        case dict():
            # What classifies by a hidden attribute lists its values as classes.
            gone = {*hidden, "classes"} if value.get("by") in hidden else set(hidden)
            return {k: _without(v, hidden) for k, v in value.items() if k not in gone and not _names(v, hidden)}
        case list():
            return [_without(v, hidden) for v in value if not _names(v, hidden)]
        case _:
            return value


def _names(value: Json, hidden: tuple[str, ...]) -> bool:
    return isinstance(value, str) and any(value == name or f"{{{name}}}" in value for name in hidden)


def policy_of(viewer: Viewer) -> Policy:
    """The policy of a viewer."""
    if viewer.is_staff:
        return Policy(frozenset(Access))
    return Policy(frozenset({Access.PUBLIC}))
