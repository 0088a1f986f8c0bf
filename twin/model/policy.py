"""What a viewer may see, as data that every store compiles into its queries.

A :class:`Policies` document holds one rule for each role and the rules that give rows a class of secrecy
(:mod:`twin.model.secrecy`). It is kept as the record ``policy``/``current``. While there is none, :data:`DEFAULT`
holds: citizens see public layers and their public attributes, staff see all, and land of national defence and
security is restricted, for which only citizens lack the clearance.

Whoever may not see a row is answered as if there were none, at every time:

- A version is judged by its own attributes. A version that is superseded or over is hidden as well while a later one of
  the same feature, as the twin knows it now, has a higher class: what became restricted is not found in its past. What
  was restricted and no longer is can be seen from then on.
- An area shows what touches it; a row without geometry is in no area, a grid only where it lies wholly inside.
- A thing, with all it measures, is seen by who may see every version of its feature.
- The policy is that of now, whatever ``known_at``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from twin.errors import SchemaError
from twin.model.layer import Field, Layer
from twin.model.secrecy import (
    Secrecy,
    SecrecyRule,
    Selection,
    class_of_layer,
    judge,
    members,
    rule_from_json,
    rule_to_json,
    secrecy_of,
    texts,
)
from twin.model.view import Access, Role, Viewer
from twin.types import Json

KIND, CURRENT = "policy", "current"
"""Kind and key of the record that holds the policy in force."""

_Object = dict[str, Json]


@dataclass(frozen=True, slots=True)
class RoleRule:
    """What one role may see.

    Parameters
    ----------
    access
        Layers and attributes up to this level.
    clearance
        Rows up to this class.
    area
        GeoJSON polygon in WGS 84; ``None``: everywhere. ``area_layers`` are those it limits.
    hide, show
        Attributes by layer that are hidden although, or shown although not, of the level.
    """

    layers: Selection = field(default_factory=Selection)
    access: Access = Access.PUBLIC
    clearance: Secrecy = Secrecy.PUBLIC
    area: _Object | None = None
    area_layers: Selection = field(default_factory=Selection)
    hide: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    show: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether the role sees everything there is."""
        limited = self.hide or self.area is not None or not self.layers.all
        return not limited and self.access is Access.STAFF and self.clearance is Secrecy.RESTRICTED

    def shape(self) -> BaseGeometry | None:
        """The area."""
        return None if self.area is None else shapely.from_geojson(json.dumps(self.area))

    @property
    def area_key(self) -> str:
        """Short text equal for equal areas; ``""`` for none."""
        return "" if self.area is None else _digest(self.area)


EVERYTHING = RoleRule(access=Access.STAFF, clearance=Secrecy.RESTRICTED)


@dataclass(frozen=True, slots=True)
class Policy:
    """The compiled right of one viewer.

    Parameters
    ----------
    rule
        What their role may see.
    secrecy
        Which rows have a class.
    key
        Short text equal for viewers who see the same; part of cache keys and ETags.
    """

    rule: RoleRule
    secrecy: tuple[SecrecyRule, ...] = ()
    key: str = ""

    def sees_layer(self, layer: Layer) -> bool:
        """Whether the layer exists for the viewer."""
        if not self._admits(layer.access) or not self.rule.layers.holds(layer):
            return False
        return class_of_layer(self.secrecy, layer) <= self.rule.clearance

    def _admits(self, access: Access) -> bool:
        return self.rule.access is Access.STAFF or access is Access.PUBLIC

    def _sees_field(self, layer: Layer, one: Field) -> bool:
        if one.name in self.rule.hide.get(layer.name, ()):
            return False
        return self._admits(one.access) or one.name in self.rule.show.get(layer.name, ())

    def fields(self, layer: Layer) -> tuple[Field, ...]:
        """The layer's attributes that exist for the viewer."""
        return tuple(f for f in layer.fields if self._sees_field(layer, f))

    def hidden(self, layer: Layer) -> tuple[str, ...]:
        """Names of the layer's attributes that do not exist for the viewer."""
        return tuple(f.name for f in layer.fields if not self._sees_field(layer, f))

    def limits_area(self, layer: Layer) -> bool:
        """Whether only a part of the layer's places exists for the viewer."""
        return self.rule.area is not None and self.rule.area_layers.holds(layer)

    def shown(self, layer: Layer) -> Layer:
        """The layer's description without any word of what does not exist for the viewer."""
        hidden = self.hidden(layer)
        style, properties = _without(layer.style, hidden), _without(layer.properties, hidden)
        if self.rule.clearance < Secrecy.RESTRICTED:
            style = self._cleared(style)
        if not hidden and style == layer.style:
            return layer
        return replace(
            layer, fields=self.fields(layer), style=cast("_Object", style), properties=cast("_Object", properties)
        )

    def _cleared(self, style: Json) -> Json:
        """A style whose classes name no value that only hidden rows have."""
        match style:
            case dict():
                return {k: self._cleared_classes(v) if k == "classes" else self._cleared(v) for k, v in style.items()}
            case list():
                return [self._cleared(v) for v in style]
            case _:
                return style

    def _cleared_classes(self, classes: Json) -> Json:
        if not isinstance(classes, list):
            return classes
        kept: list[Json] = []
        for entry in classes:
            value = entry.get("value") if isinstance(entry, dict) else None
            values = value if isinstance(value, list) else [value]
            seen = [v for v in values if judge(self.secrecy, {"": v}) <= self.rule.clearance]
            if len(seen) == len(values):
                kept.append(entry)
            elif seen and isinstance(entry, dict):
                kept.append({**entry, "value": seen})
        return kept

    @property
    def sees_internals(self) -> bool:
        """Whether names of persons are shown, and what is kept about no layer."""
        return self.rule.access is Access.STAFF

    @property
    def sees_everything(self) -> bool:
        """Whether reports, raw messages and instruments that may be about anything are shown."""
        return self.rule.full


def _without(value: Json, hidden: tuple[str, ...]) -> Json:
    """JSON without the entries that name a hidden attribute, alone or as ``{name}`` in a template."""
    if not hidden:
        return value
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


# -- the document ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Policies:
    """What each role may see, and which rows have a class. A role without a rule sees nothing."""

    roles: Mapping[Role, RoleRule]
    secrecy: tuple[SecrecyRule, ...]
    version: int = 0
    """Version of the record it is kept in; 0 is the built-in one."""

    def of(self, viewer: Viewer) -> Policy:
        """The policy of a viewer."""
        rule = self.roles.get(viewer.role, _NOTHING)
        said = [self.version, _rule_to_json(rule), self.secrecy_key]
        return Policy(rule, self.secrecy, _digest(said))

    @property
    def secrecy_key(self) -> str:
        """Short text equal for equal rules of secrecy."""
        return _digest([rule_to_json(r) for r in self.secrecy])

    def areas(self) -> dict[str, BaseGeometry]:
        """Every area, by its key."""
        return {r.area_key: shape for r in self.roles.values() if (shape := r.shape()) is not None}


_NOTHING = RoleRule(layers=Selection(()))

DEFENCE = SecrecyRule(
    Secrecy.RESTRICTED,
    codes=("CQP", "CAN", "DAT_Quocphong", "DAT_Anninh", "DAT_NDD_Quocphong", "DAT_NDD_Anninh"),
    names=("Quốc phòng", "An ninh", "Quốc phòng, an ninh"),
    phrases=(
        "đất quốc phòng", "đất an ninh", "đất quân sự", "dat quocphong", "dat anninh", "ndd quocphong", "ndd anninh",
        "đất cqp",
    ),
    title="Đất quốc phòng, an ninh",
    title_en="Land of national defence and security",
)  # fmt: skip
"""Codes CQP, CAN: circular 08/2024/TT-BTNMT, annex II. Functions: circular 16/2025/TT-BXD, annex I."""

DEFAULT = Policies({role: RoleRule() if role is Role.CITIZEN else EVERYTHING for role in Role}, (DEFENCE,))


def _digest(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def to_json(policies: Policies) -> _Object:
    """The document, without its version."""
    return {
        "roles": {role.value: _rule_to_json(policies.roles[role]) for role in Role if role in policies.roles},
        "secrecy": [rule_to_json(rule) for rule in policies.secrecy],
    }


def _rule_to_json(rule: RoleRule) -> Json:
    return {
        "layers": list(rule.layers.chosen),
        "except": list(rule.layers.without),
        "access": rule.access.value,
        "clearance": rule.clearance.label,
        "area": rule.area,
        "area_layers": list(rule.area_layers.chosen),
        "area_except": list(rule.area_layers.without),
        "hide": {name: list(rule.hide[name]) for name in sorted(rule.hide)},
        "show": {name: list(rule.show[name]) for name in sorted(rule.show)},
    }


_ROLE_MEMBERS = frozenset(
    {"layers", "except", "access", "clearance", "area", "area_layers", "area_except", "hide", "show"}
)


def from_json(body: Any, version: int = 0) -> Policies:
    """The document that :func:`to_json` described.

    Raises
    ------
    SchemaError
        If it is none; the text says where and what.
    """
    said = members(body, frozenset({"roles", "secrecy"}), "policy")
    roles, rules = said.get("roles"), said.get("secrecy")
    if not isinstance(roles, dict) or not isinstance(rules, list):
        raise SchemaError("a policy has roles (an object) and secrecy (a list)", where="policy")
    return Policies(
        {_role(name): _rule_from_json(rule, f"roles.{name}") for name, rule in roles.items()},
        tuple(rule_from_json(rule, f"secrecy[{n}]") for n, rule in enumerate(rules)),
        version,
    )


def _role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError:
        known = ", ".join(role.value for role in Role)
        raise SchemaError(f"{name!r} is not a role", where="roles", hint=f"Known: {known}.") from None


def _rule_from_json(body: Any, where: str) -> RoleRule:
    said = members(body, _ROLE_MEMBERS, where)
    try:
        access = Access(said.get("access", Access.PUBLIC.value))
    except ValueError:
        raise SchemaError(
            f"{said['access']!r} is not an access", where=f"{where}.access", hint="Use public or staff."
        ) from None
    return RoleRule(
        Selection(texts(said.get("layers"), f"{where}.layers"), texts(said.get("except"), f"{where}.except")),
        access,
        secrecy_of(said.get("clearance", Secrecy.PUBLIC.label), f"{where}.clearance"),
        _area(said.get("area"), f"{where}.area"),
        Selection(
            texts(said.get("area_layers", ["*"]), f"{where}.area_layers"),
            texts(said.get("area_except"), f"{where}.area_except"),
        ),
        _attributes(said.get("hide"), f"{where}.hide"),
        _attributes(said.get("show"), f"{where}.show"),
    )


def _attributes(body: Any, where: str) -> dict[str, tuple[str, ...]]:
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise SchemaError("is not an object of attributes by layer", where=where)
    return {name: found for name, value in body.items() if (found := texts(value, f"{where}.{name}"))}


def _area(body: Any, where: str) -> _Object | None:
    if body is None:
        return None
    try:
        shape = shapely.from_geojson(json.dumps(body))
    except (ShapelyError, TypeError, ValueError) as exc:
        raise SchemaError("is no GeoJSON geometry", where=where, hint="Give a Polygon or MultiPolygon.") from exc
    if shape.geom_type not in {"Polygon", "MultiPolygon"} or shape.is_empty:
        raise SchemaError(f"is a {shape.geom_type}, not a polygon with a surface", where=where)
    if not shape.is_valid:
        raise SchemaError(f"is no valid polygon: {shapely.is_valid_reason(shape)}", where=where)
    west, south, east, north = shape.bounds
    if not (west >= -180 and east <= 180 and south >= -90 and north <= 90):
        raise SchemaError(
            "lies outside longitude and latitude", where=where, hint="Give WGS 84: longitude first, then latitude."
        )
    return cast("_Object", body)
