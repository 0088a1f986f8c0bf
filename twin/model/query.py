"""Filter expressions and SensorThings queries as data; each store compiles them with bound values.

``Expression`` is the common form of SensorThings ``$filter``, CQL2 and internal selections.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from twin.types import Json

Literal: TypeAlias = "None | bool | int | float | str | datetime"


@dataclass(frozen=True, slots=True)
class Path:
    """A property by its path: ``("name",)``, ``("properties", "height")``, ``("Datastream", "Thing", "name")``."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Value:
    """A literal; times are aware, geometries are WKT in ``Call("geography", …)``."""

    value: Literal


@dataclass(frozen=True, slots=True)
class Compare:
    """``left op right`` with op one of ``eq ne lt le gt ge``."""

    op: str
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class In:
    """``left`` is one of ``values``."""

    left: Operand
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of them."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the standard by its name: ``startswith``, ``tolower``, ``st_within``, ``year``, ``add`` …."""

    name: str
    arguments: tuple[Operand, ...]


Operand: TypeAlias = "Path | Value | Call"
Expression: TypeAlias = "Compare | In | And | Or | Not | Call"


@dataclass(frozen=True, slots=True)
class EntityQuery:
    """A SensorThings read: a set, or one entity, reached directly or through others.

    ``path`` is the navigation, for instance ``(("Things", 1), ("Datastreams", None))``. ``expand`` holds nested
    queries by navigation name (their own ``path`` is empty).
    """

    path: tuple[tuple[str, int | None], ...]
    filter: Expression | None = None
    order_by: tuple[tuple[Path, bool], ...] = ()
    """Pairs of path and descending."""
    top: int = 100
    skip: int = 0
    count: bool = False
    select: tuple[str, ...] = ()
    expand: tuple[tuple[str, EntityQuery], ...] = ()


@dataclass(frozen=True, slots=True)
class EntityPage:
    """Entities of one set.

    Each entity is a dict with ``"id"`` (int), the standard's property names, and for each expanded navigation
    its :class:`EntityPage` (a set) or dict or ``None`` (a single entity). ``more`` says that further entities exist.
    """

    kind: str
    single: bool
    entities: tuple[dict[str, Json | EntityPage], ...] = field(default=())
    count: int | None = None
    more: bool = False
