"""Resource paths of SensorThings: ``Things(1)/Datastreams(3)/Observations``, properties, ``$value``, ``$ref``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from twin.errors import NotFoundError
from twin.model.entity import KINDS, EntityKind

MAX_SEGMENTS: Final = 12
_SEGMENT: Final = re.compile(r"(?P<name>[A-Za-z]+)(?:\((?P<key>[^()]*)\))?")
_LARGEST: Final = 2**63


@dataclass(frozen=True, slots=True)
class ResourcePath:
    """What a URL asks for.

    ``entities`` is the navigation with keys; ``properties`` the path of a property of the entity it leads to;
    ``value`` asks for the bare value and ``ref`` for links only.
    """

    entities: tuple[tuple[str, int | None], ...]
    kind: EntityKind
    single: bool
    properties: tuple[str, ...] = ()
    value: bool = False
    ref: bool = False


def parse_path(text: str) -> ResourcePath:
    """Read the path below the service root; NotFoundError where it leads nowhere."""
    segments = text.strip("/").split("/")
    if len(segments) > MAX_SEGMENTS:
        raise NotFoundError(f"the path has more than {MAX_SEGMENTS} parts")
    name, key = _segment(segments[0])
    if name not in KINDS:
        raise NotFoundError(f"there is no entity set {name!r}", hint=f"The sets are {', '.join(KINDS)}.")
    path = ResourcePath(((name, key),), KINDS[name], single=key is not None)
    for place, segment in enumerate(segments[1:], start=1):
        if segment == "$ref" and place == len(segments) - 1:
            return ResourcePath(path.entities, path.kind, path.single, ref=True)
        following = _onward(path, segment)
        if following is None:
            return _property(path, segments[place:])
        path = following
    return path


def _onward(path: ResourcePath, segment: str) -> ResourcePath | None:
    """The path one navigation further; ``None`` where the segment is no navigation."""
    name, key = _segment(segment)
    navigation = path.kind.navigation(name)
    if navigation is None:
        return None
    if not path.single:
        raise NotFoundError(f"{path.kind.name} needs an id before /{name}")
    if key is not None and not navigation.many:
        raise NotFoundError(f"{name} takes no id")
    single = key is not None or not navigation.many
    return ResourcePath((*path.entities, (name, key)), KINDS[navigation.target], single)


def _property(path: ResourcePath, segments: list[str]) -> ResourcePath:
    value = segments[-1] == "$value"
    names = segments[:-1] if value else segments
    if not path.single or not names or names[0] not in {"id", "@iot.id", *path.kind.properties}:
        raise NotFoundError(f"{'/'.join(segments)!r} is nothing of {path.kind.name}")
    return ResourcePath(path.entities, path.kind, path.single, properties=tuple(names), value=value)


def _segment(text: str) -> tuple[str, int | None]:
    match = _SEGMENT.fullmatch(text)
    if match is None:
        return text, None
    key = match.group("key")
    if key is None:
        return match.group("name"), None
    if not re.fullmatch(r"-?\d{1,19}", key, re.ASCII) or not -_LARGEST <= int(key) < _LARGEST:
        raise NotFoundError(f"there is no {match.group('name')}({key})", hint="Ids are integers.")
    return match.group("name"), int(key)
