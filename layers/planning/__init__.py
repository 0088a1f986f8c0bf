"""What plans say about a place."""

from layers.planning.answer import ParcelAnswer
from layers.planning.lookup import lookup

__all__ = ["ParcelAnswer", "lookup"]
