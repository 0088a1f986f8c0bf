"""What a viewer may see, as data that every store compiles into its queries.

The first policy is simple: citizens see public layers and their declared public attributes, staff see all.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.model.layer import Field, Layer
from twin.model.view import Access, Viewer


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

    @property
    def sees_internals(self) -> bool:
        """Whether names of persons and internal reports are shown."""
        return Access.STAFF in self.accesses


def policy_of(viewer: Viewer) -> Policy:
    """The policy of a viewer."""
    if viewer.is_staff:
        return Policy(frozenset(Access))
    return Policy(frozenset({Access.PUBLIC}))
