"""What SensorThings knows and this service does not do."""

from __future__ import annotations

from twin.errors import TwinError


class NotOfferedError(TwinError):
    """A part of the standard that is not offered; its conformance class is not claimed."""

    kind = "not-offered"
