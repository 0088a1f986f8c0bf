"""Query options of SensorThings: read from the URL, nested in ``$expand``, and written back for next links."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from api.sta.errors import NotOfferedError
from api.sta.odata import parse_filter, parse_orderby
from twin.errors import ParameterError
from twin.model.entity import EntityKind, entity_kind
from twin.model.query import EntityQuery, Expression, Path

PAGE: Final = 100
"""Entities on a page where ``$top`` is absent."""
LARGEST_PAGE: Final = 1000
"""What a larger ``$top`` is cut to."""
_LARGEST_SKIP: Final = 2**53
_MAX_EXPAND_DEPTH: Final = 6
_KNOWN: Final = {"$filter", "$orderby", "$top", "$skip", "$count", "$select", "$expand", "$resultFormat"}


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one level; ``raw`` holds their texts as given."""

    kind: EntityKind
    raw: dict[str, str] = field(default_factory=dict)
    filter: Expression | None = None
    order_by: tuple[tuple[Path, bool], ...] = ()
    top: int = PAGE
    skip: int = 0
    count: bool = False
    select: tuple[str, ...] = ()
    expand: dict[str, Options] = field(default_factory=dict)
    data_array: bool = False

    def query(self, path: tuple[tuple[str, int | None], ...] = ()) -> EntityQuery:
        """The store's query."""
        return EntityQuery(
            path,
            filter=self.filter,
            order_by=self.order_by,
            top=self.top,
            skip=self.skip,
            count=self.count,
            select=self.select,
            expand=tuple((name, nested.query()) for name, nested in self.expand.items()),
        )


def read_options(kind: EntityKind, pairs: Iterable[tuple[str, str]]) -> Options:
    """Options of a URL; parameters without ``$`` belong to others and are passed over.

    Raises
    ------
    NotOfferedError
        For an option that is not supported.
    ParameterError
        For one that cannot be read, or is given twice.
    """
    return _read(kind, [(name, text) for name, text in pairs if name.startswith("$")], depth=0)


def _read(kind: EntityKind, pairs: list[tuple[str, str]], *, depth: int) -> Options:
    raw: dict[str, str] = {}
    for name, text in pairs:
        if name not in _KNOWN or (depth and name == "$resultFormat"):
            raise NotOfferedError(f"option {name!r} is not supported", hint=f"Known: {', '.join(sorted(_KNOWN))}.")
        if name in raw:
            raise ParameterError("the option is given twice", where=name)
        raw[name] = text
    return Options(
        kind,
        raw,
        filter=parse_filter(raw["$filter"]) if "$filter" in raw else None,
        order_by=parse_orderby(raw["$orderby"]) if "$orderby" in raw else (),
        top=min(_whole(raw.get("$top"), "$top", PAGE), LARGEST_PAGE),
        skip=_whole(raw.get("$skip"), "$skip", 0),
        count=_truth(raw.get("$count")),
        select=_select(kind, raw.get("$select")),
        expand=_expand(kind, raw.get("$expand"), depth),
        data_array=_result_format(kind, raw.get("$resultFormat")),
    )


def _whole(text: str | None, where: str, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 16 or int(text) > _LARGEST_SKIP:
        raise ParameterError(f"{text!r} is not a whole number from 0 up", where=where)
    return int(text)


def _truth(text: str | None) -> bool:
    if text not in {None, "true", "false"}:
        raise ParameterError(f"{text!r} is neither true nor false", where="$count")
    return text == "true"


def _result_format(kind: EntityKind, text: str | None) -> bool:
    if text is None:
        return False
    if text != "dataArray" or kind.name != "Observations":
        raise NotOfferedError(f"$resultFormat {text!r} is not supported here", hint="dataArray, for Observations.")
    return True


def _select(kind: EntityKind, text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    names = [name.strip() for name in text.split(",")]
    known = {"id", "@iot.id", "@iot.selfLink", *kind.properties, *(n.name for n in kind.navigations)}
    for name in names:
        if name not in known:
            raise ParameterError(
                f"{name!r} is nothing of {kind.name}", where="$select", hint=f"Known: {', '.join(sorted(known))}."
            )
    return tuple("id" if name == "@iot.id" else name for name in names)


def _expand(kind: EntityKind, text: str | None, depth: int) -> dict[str, Options]:
    if text is None:
        return {}
    if depth >= _MAX_EXPAND_DEPTH:
        raise ParameterError(f"nested deeper than {_MAX_EXPAND_DEPTH}", where="$expand")
    found: dict[str, Options] = {}
    for item in _split(text, ","):
        name, nested = _item(kind, item.strip(), depth)
        found[name] = _merged(found[name], nested) if name in found else nested
    return found


def _item(kind: EntityKind, item: str, depth: int) -> tuple[str, Options]:
    """``Datastreams``, ``Datastreams/Sensor`` or ``Datastreams($top=1;$expand=Sensor)``."""
    head, _, inner = item.partition("(")
    if "(" in item and not inner.endswith(")"):
        raise ParameterError(f"{item!r} lacks its closing parenthesis", where="$expand")
    name, slash, rest = head.partition("/")
    navigation = kind.navigation(name)
    if navigation is None:
        raise ParameterError(
            f"{name!r} is no navigation of {kind.name}",
            where="$expand",
            hint=f"Known: {', '.join(n.name for n in kind.navigations)}.",
        )
    target = entity_kind(navigation.target)
    if slash:
        onward = rest + item[len(head) :]
        return name, _read(target, [("$expand", onward)], depth=depth + 1)
    pairs = [_pair(part) for part in _split(inner[:-1], ";") if part.strip()] if inner else []
    return name, _read(target, pairs, depth=depth + 1)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ParameterError(f"{text!r} is no option", where="$expand", hint="Write Datastreams($top=1;$count=true).")
    return name.strip(), value


def _merged(first: Options, second: Options) -> Options:
    """``A/B,A/C``: both expansions; options of their own may stand on one of them only."""
    own = [options for options in (first, second) if set(options.raw) - {"$expand"}]
    if len(own) == 2:
        raise ParameterError("the same navigation has options twice", where="$expand")
    kept = own[0] if own else first
    expand = dict(first.expand)
    for name, nested in second.expand.items():
        expand[name] = _merged(expand[name], nested) if name in expand else nested
    texts = [o.raw["$expand"] for o in (first, second) if "$expand" in o.raw]
    raw = {**kept.raw, **({"$expand": ",".join(texts)} if texts else {})}
    return Options(kept.kind, raw, kept.filter, kept.order_by, kept.top, kept.skip, kept.count, kept.select, expand)


def _split(text: str, mark: str) -> list[str]:
    """Parts between marks that stand outside parentheses and quotes."""
    parts: list[str] = []
    depth, quoted, start = 0, False, 0
    for place, letter in enumerate(text):
        if letter == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif letter == "(":
            depth += 1
        elif letter == ")":
            depth -= 1
        elif letter == mark and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    if depth or quoted:
        raise ParameterError(f"{text!r} has an open parenthesis or quote", where="$expand")
    parts.append(text[start:])
    return parts
