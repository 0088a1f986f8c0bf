"""What a device key may add: observations of the datastreams of its scope, and nothing nested in them."""

from __future__ import annotations

from api.sta.paths import ResourcePath
from twin.access.tokens import Scope
from twin.errors import ForbiddenError
from twin.model.view import View, Viewer
from twin.store.base import Store
from twin.types import Json


def check_scope(scope: Scope, path: ResourcePath, body: dict[str, Json], store: Store, viewer: Viewer) -> None:
    """Raise ForbiddenError unless the observation is for a datastream of the scope; one text whatever is wrong."""
    number = _datastream(path, body)
    found = [] if number is None else store.datastreams(View(viewer), ids=[number])
    has_nested = any(isinstance(body.get(name), dict) and set(_object(body[name])) != {"@iot.id"} for name in _LINKS)
    if path.kind.name != "Observations" or has_nested or not any(scope.covers(s.layer, s.id) for s in found):
        raise ForbiddenError(
            "this key may not add observations to that datastream",
            where="Datastream",
            hint="The key's scope names its layers and datastreams.",
        )


_LINKS = ("Datastream", "FeatureOfInterest")


def _datastream(path: ResourcePath, body: dict[str, Json]) -> int | None:
    named = [key for name, key in path.entities[:-1] if name == "Datastreams" and key is not None]
    given = _object(body.get("Datastream")).get("@iot.id")
    numbers = {n for n in (*named, given) if n is not None}
    number = next(iter(numbers)) if len(numbers) == 1 else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _object(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
