"""Urban digital twin: the spatial core. Start with :func:`open`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.core import Twin
    from twin.model.view import Viewer


def open(place: str | Path, viewer: Viewer | None = None) -> Twin:  # noqa: A001  the name is a contract
    """Open a twin at a path; see :func:`twin.core.open_twin`."""
    from twin.core import open_twin  # noqa: PLC0415  `import twin.errors` must not load the store

    return open_twin(place, viewer)
