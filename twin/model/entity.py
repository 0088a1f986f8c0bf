"""The entity sets of SensorThings 1.1: their properties and how they lead to one another.

One table drives reading paths, compiling filters, shaping documents and checking what is created.
Source: OGC 18-088, chapter 8.
"""

from __future__ import annotations

from dataclasses import dataclass

from twin.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class Navigation:
    """A way from an entity to others: its name in paths, the set it leads into, whether to many."""

    name: str
    target: str
    many: bool


@dataclass(frozen=True, slots=True)
class EntityKind:
    """An entity set: its name in paths, its properties, and the navigations from it.

    ``required`` are the properties and the single entities without which nothing is created.
    """

    name: str
    single: str
    properties: tuple[str, ...]
    required: tuple[str, ...]
    navigations: tuple[Navigation, ...]

    def navigation(self, name: str) -> Navigation | None:
        """The navigation of that name, if there is one."""
        return next((n for n in self.navigations if n.name == name), None)


def _one(name: str, target: str) -> Navigation:
    return Navigation(name, target, many=False)


def _many(name: str) -> Navigation:
    return Navigation(name, name, many=True)


_PLACE = ("name", "description", "encodingType")

_KINDS = (
    EntityKind(
        "Things",
        "Thing",
        ("name", "description", "properties"),
        ("name", "description"),
        (_many("Locations"), _many("HistoricalLocations"), _many("Datastreams")),
    ),
    EntityKind(
        "Locations",
        "Location",
        (*_PLACE, "location", "properties"),
        (*_PLACE, "location"),
        (_many("Things"), _many("HistoricalLocations")),
    ),
    EntityKind(
        "HistoricalLocations",
        "HistoricalLocation",
        ("time",),
        ("Thing", "Locations"),
        (_one("Thing", "Things"), _many("Locations")),
    ),
    EntityKind(
        "Datastreams",
        "Datastream",
        (
            "name",
            "description",
            "observationType",
            "unitOfMeasurement",
            "phenomenonTime",
            "resultTime",
            "properties",
        ),
        (
            "name",
            "description",
            "observationType",
            "unitOfMeasurement",
            "Thing",
            "Sensor",
            "ObservedProperty",
        ),
        (
            _one("Thing", "Things"),
            _one("Sensor", "Sensors"),
            _one("ObservedProperty", "ObservedProperties"),
            _many("Observations"),
        ),
    ),
    EntityKind(
        "Sensors",
        "Sensor",
        ("name", "description", "encodingType", "metadata", "properties"),
        ("name", "description", "encodingType", "metadata"),
        (_many("Datastreams"),),
    ),
    EntityKind(
        "ObservedProperties",
        "ObservedProperty",
        ("name", "definition", "description", "properties"),
        ("name", "definition", "description"),
        (_many("Datastreams"),),
    ),
    EntityKind(
        "Observations",
        "Observation",
        ("phenomenonTime", "result", "resultTime", "resultQuality", "validTime", "parameters"),
        ("result", "Datastream"),
        (_one("Datastream", "Datastreams"), _one("FeatureOfInterest", "FeaturesOfInterest")),
    ),
    EntityKind(
        "FeaturesOfInterest",
        "FeatureOfInterest",
        (*_PLACE, "feature", "properties"),
        (*_PLACE, "feature"),
        (_many("Observations"),),
    ),
)

KINDS: dict[str, EntityKind] = {kind.name: kind for kind in _KINDS}
"""The eight entity sets by name, in the order of the landing page."""


def entity_kind(name: str) -> EntityKind:
    """The entity set of that name; NotFoundError if there is none."""
    try:
        return KINDS[name]
    except KeyError:
        raise NotFoundError(f"there is no entity set {name!r}", hint=f"The sets are {', '.join(KINDS)}.") from None
