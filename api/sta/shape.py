"""SensorThings documents: entities with their links, pages with theirs, values and data arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from api.sta.options import Options
from twin.model.entity import EntityKind, Navigation
from twin.model.query import EntityPage
from twin.types import Json, format_time

_SAFE = "(),'/:;@$*=-._~"
_ARRAY = ("id", "phenomenonTime", "resultTime", "result", "resultQuality")
"""Components of a data array where nothing is selected."""


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of one request: the service root, what was asked, and the pinned times."""

    root: str
    path: str
    others: tuple[tuple[str, str], ...]
    """Parameters of the request that are no options, without the times."""
    at: datetime
    known_at: datetime
    feature: Callable[[str, str], str]
    """Address of a thing's feature by layer and feature id."""

    def entity(self, kind: EntityKind, number: int) -> str:
        """Address of an entity."""
        return f"{self.root}/{kind.name}({number})"

    def following(self, path: str, options: Options) -> str:
        """Address of the next page; its times are pinned, so that pages fit together whatever is written."""
        given = {name: text for name, text in options.raw.items() if name not in {"$top", "$skip"}}
        pairs = [
            ("$top", str(options.top)),
            ("$skip", str(options.skip + options.top)),
            *given.items(),
            *self.others,
            ("at", format_time(self.at)),
            ("known_at", format_time(self.known_at)),
        ]
        query = "&".join(f"{quote(name, safe=_SAFE)}={quote(text, safe=_SAFE)}" for name, text in pairs)
        return f"{self.root}/{path}?{query}"


def page_document(page: EntityPage, options: Options, links: Links, *, ref: bool = False) -> dict[str, Json]:
    """The document of a set."""
    document: dict[str, Json] = {}
    if page.count is not None:
        document["@iot.count"] = page.count
    if page.more and options.top:
        document["@iot.nextLink"] = links.following(links.path, options)
    if ref:
        document["value"] = [{"@iot.selfLink": links.entity(options.kind, _number(entity))} for entity in page.entities]
    else:
        document["value"] = [entity_document(entity, options, links) for entity in page.entities]
    return document


def entity_document(entity: Mapping[str, Any], options: Options, links: Links) -> dict[str, Json]:
    """The document of one entity."""
    kind, number = options.kind, _number(entity)
    own = links.entity(kind, number)
    selected = set(options.select)
    document: dict[str, Json] = {}
    if not selected or "id" in selected:
        document["@iot.id"] = number
    if not selected or "@iot.selfLink" in selected:
        document["@iot.selfLink"] = own
    for name in kind.properties:
        if name in entity and (not selected or name in selected):
            document[name] = entity[name]
    if not selected and "@uid" in entity:
        document["@twin.feature"] = links.feature(entity["@layer"], entity["@uid"])
    if not selected and "@position" in entity:
        document["@twin.position"] = entity["@position"]
    for navigation in kind.navigations:
        nested = options.expand.get(navigation.name)
        if nested is not None:
            document.update(_expanded(entity[navigation.name], navigation, nested, own, links))
        if not selected or navigation.name in selected:
            document[f"{navigation.name}@iot.navigationLink"] = f"{own}/{navigation.name}"
    return document


def _expanded(
    found: Any,
    navigation: Navigation,
    options: Options,
    own: str,
    links: Links,
) -> dict[str, Json]:
    name = navigation.name
    if not isinstance(found, EntityPage):
        return {name: None if found is None else entity_document(found, options, links)}
    document: dict[str, Json] = {}
    if found.count is not None:
        document[f"{name}@iot.count"] = found.count
    document[name] = [entity_document(entity, options, links) for entity in found.entities]
    if found.more and options.top:
        document[f"{name}@iot.nextLink"] = links.following(f"{own.removeprefix(links.root + '/')}/{name}", options)
    return document


def data_array_document(page: EntityPage, options: Options, links: Links) -> dict[str, Json]:
    """Observations as arrays, one a datastream; each entity carries its expanded ``Datastream``."""
    components = options.select or _ARRAY
    groups: dict[int, list[Json]] = {}
    for entity in page.entities:
        datastream = entity["Datastream"]
        assert isinstance(datastream, dict)
        groups.setdefault(_number(datastream), []).append([_component(entity, name) for name in components])
    document: dict[str, Json] = {}
    if page.count is not None:
        document["@iot.count"] = page.count
    if page.more and options.top:
        document["@iot.nextLink"] = links.following(links.path, options)
    document["value"] = [
        {
            "Datastream@iot.navigationLink": f"{links.root}/Datastreams({number})",
            "components": list(components),
            "dataArray@iot.count": len(rows),
            "dataArray": rows,
        }
        for number, rows in groups.items()
    ]
    return document


def _component(entity: Mapping[str, Any], name: str) -> Json:
    value: Json = entity.get(name)
    return value


def _number(entity: Mapping[str, Any]) -> int:
    number = entity["id"]
    assert isinstance(number, int)
    return number
