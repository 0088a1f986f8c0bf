"""SensorThings filters and orders as SQL over the entity relations, every value bound.

A path through a navigation that leads to many holds if it holds for any of them; the whole comparison is then
one ``EXISTS`` over the joined relations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from twin.errors import ParameterError
from twin.model.entity import KINDS
from twin.model.query import And, Call, Compare, Expression, In, Literal, Not, Operand, Or, Path, Value
from twin.model.time import to_us
from twin.store.embedded.entity_sql import COLUMNS, RELATION, STEPS, Kind

_OPERATORS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_ARITHMETIC = {"add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "%"}
_PLACE = re.compile(r"\$(\d+)")
_MAX_STEPS = 6
_DAY_US = 86_400_000_000
_PARTS = {"year": "year", "month": "month", "day": "day", "hour": "hour", "minute": "minute", "second": "second"}
_SPATIAL = {
    "geo.intersects": "intersects", "st_intersects": "intersects", "st_equals": "equals",
    "st_disjoint": "disjoint", "st_touches": "touches", "st_within": "within", "st_overlaps": "overlaps",
    "st_crosses": "crosses", "st_contains": "contains",
}  # fmt: skip


@dataclass(slots=True)
class Values:
    """Values to be bound, in the order of their numbered places."""

    bound: list[object] = field(default_factory=list)
    spatial: bool = False
    """Whether a spatial function is called."""

    def bind(self, value: object) -> str:
        """Add a value; its place in the SQL."""
        self.bound.append(value)
        return f"${len(self.bound)}"

    def used(self, sql: str) -> tuple[str, list[object]]:
        """The statement with the values it refers to, numbered anew: a comparison may have dropped some."""
        order: dict[str, int] = {}
        renumbered = _PLACE.sub(lambda m: f"${order.setdefault(m.group(1), len(order) + 1)}", sql)
        return renumbered, [self.bound[int(number) - 1] for number in order]


@dataclass(frozen=True, slots=True)
class Sql:
    """A compiled operand. ``end`` is the end of an interval; of JSON, ``text`` is JSON."""

    kind: Kind
    text: str
    end: str = ""
    loose: bool = False
    """Whether a number may be taken for the text it is written as."""
    number: str = ""
    """A shorter way to the number of JSON."""


@dataclass(slots=True)
class _Scope:
    """Aliases that one comparison needs beyond the row itself."""

    prefix: str
    aliases: dict[tuple[str, ...], str] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    many: bool = False


class Compiler:
    """Compiles expressions about one entity set, whose rows have the alias ``e``."""

    def __init__(self, kind: str, values: Values, now_us: int) -> None:
        self.kind = kind
        self.values = values
        self.now_us = now_us
        self._scopes = 0

    # -- conditions -----------------------------------------------------------------------------------------

    def condition(self, expression: Expression) -> str:
        """SQL that is true or false, never NULL: nothing but ``eq null`` holds for what is not there."""
        match expression:
            case And(parts):
                return "(" + " AND ".join(map(self.condition, parts)) + ")"
            case Or(parts):
                return "(" + " OR ".join(map(self.condition, parts)) + ")"
            case Not(part):
                return f"(NOT {self.condition(part)})"
            case Compare(op, left, right):
                return self._scoped(lambda scope: self._compare(op, left, right, scope))
            case In(left, literals):
                return self._scoped(lambda scope: self._among(left, literals, scope))
            case Call():
                return self._scoped(lambda scope: self._predicate(expression, scope))

    def _scoped(self, build: Callable[[_Scope], str]) -> str:
        self._scopes += 1
        scope = _Scope(f"n{self._scopes}_")
        sql = f"coalesce({build(scope)}, false)"
        if not scope.tables:
            return sql
        return f"EXISTS (SELECT 1 FROM {', '.join(scope.tables)} WHERE {' AND '.join([*scope.conditions, sql])})"

    def _among(self, left: Operand, literals: Sequence[Literal], scope: _Scope) -> str:
        parts = [self._compare("eq", left, Value(value), scope) for value in literals]
        return "(" + " OR ".join(f"coalesce({part}, false)" for part in parts) + ")"

    def _compare(self, op: str, left: Operand, right: Operand, scope: _Scope) -> str:
        a, b = self.operand(left, scope), self.operand(right, scope)
        if Kind.NULL in {a.kind, b.kind}:
            return _compare_null(op, a, b)
        a, b = _alike(a, b)
        if a.kind is Kind.JSON:
            return _compare_any(op, a, b)
        if a.kind is Kind.TIME and (a.end or b.end):
            return _compare_intervals(op, a, b)
        if a.kind is Kind.GEOMETRY:
            if op not in {"eq", "ne"}:
                raise ParameterError("geometries have no order", where="$filter", hint="Use st_equals or st_within.")
            equal = self._spatial("equals", a, b)
            return equal if op == "eq" else f"(NOT {equal})"
        return _compare_plain(op, a.text, b.text)

    def _predicate(self, call: Call, scope: _Scope) -> str:
        found = self.operand(call, scope)
        if found.kind is not Kind.BOOLEAN:
            raise ParameterError(f"{call.name} is not a condition", where="$filter")
        return found.text

    # -- order ------------------------------------------------------------------------------------------------

    def order(self, path: Path) -> list[str]:
        """SQL keys to sort by a path, the most important first."""
        scope = _Scope("o_")
        found = self.operand(path, scope)
        if scope.many:
            raise ParameterError(f"{'/'.join(path.parts)} leads to many", where="$orderby")
        keys = [found.text]
        if found.kind is Kind.JSON:
            keys = [_as(found, Kind.NUMBER).text, _as(found, Kind.TEXT).text, _as(found, Kind.BOOLEAN).text]
        elif found.end:
            keys = [found.text, found.end]
        if not scope.tables:
            return keys
        source = f"FROM {', '.join(scope.tables)} WHERE {' AND '.join(scope.conditions)}"
        return [f"(SELECT min({key}) {source})" for key in keys]

    # -- operands -----------------------------------------------------------------------------------------------

    def operand(self, operand: Operand, scope: _Scope) -> Sql:
        """Compile a path, a literal or a function."""
        match operand:
            case Path(parts):
                return self._path(parts, scope)
            case Value(value):
                return self._value(value)
            case Call(name, arguments):
                return self._call(name, arguments, scope)

    def _value(self, value: Literal) -> Sql:
        match value:
            case None:
                return Sql(Kind.NULL, "NULL")
            case bool():
                return Sql(Kind.BOOLEAN, self.values.bind(value))
            case int() | float():
                return Sql(Kind.NUMBER, self.values.bind(value))
            case datetime():
                return Sql(Kind.TIME, self.values.bind(to_us(value)))
            case str():
                return Sql(Kind.TEXT, self.values.bind(value))

    def _path(self, parts: tuple[str, ...], scope: _Scope) -> Sql:
        kind, alias, used = self.kind, "e", 0
        while used < len(parts) and (navigation := KINDS[kind].navigation(parts[used])) is not None:
            used += 1
            if used > _MAX_STEPS:
                raise ParameterError(f"path {'/'.join(parts)} has more than {_MAX_STEPS} steps", where="$filter")
            alias = self._step(kind, alias, parts[:used], scope)
            scope.many |= navigation.many
            kind = navigation.target
        column = COLUMNS[kind].get(parts[used]) if used < len(parts) else None
        if column is None:
            raise ParameterError(
                f"{'/'.join(parts)!r} is no property of {kind}",
                where="$filter" if scope.prefix != "o_" else "$orderby",
                hint=f"Known: {', '.join(c for c in COLUMNS[kind])}.",
            )
        sql, end = column.sql.format(e=alias), column.end.format(e=alias)
        inner = parts[used + 1 :]
        if not inner:
            return Sql(column.kind, sql, end, parts[used] == "result", column.number.format(e=alias))
        if column.kind not in {Kind.JSON, Kind.GEOMETRY}:
            raise ParameterError(f"{parts[used]!r} has no parts", where="$filter")
        path = "$" + "".join("." + json.dumps(part, ensure_ascii=False) for part in inner)
        return Sql(Kind.JSON, f"json_extract({sql}, {self.values.bind(path)})")

    def _step(self, kind: str, alias: str, prefix: tuple[str, ...], scope: _Scope) -> str:
        known = scope.aliases.get(prefix)
        if known is not None:
            return known
        step = STEPS[kind, prefix[-1]]
        navigation = KINDS[kind].navigation(prefix[-1])
        assert navigation is not None
        fresh = f"{scope.prefix}{len(scope.aliases)}"
        scope.aliases[prefix] = fresh
        scope.tables.append(f"{RELATION[navigation.target]} {fresh}")
        scope.conditions.append(step.condition.format(p=alias, e=fresh))
        return fresh

    def _call(self, name: str, arguments: tuple[Operand, ...], scope: _Scope) -> Sql:
        if name in {"date_literal", "clock_literal", "duration", "geography", "interval"}:
            return self._constant(name, [a.value for a in arguments if isinstance(a, Value)])
        compiled = [self.operand(a, scope) for a in arguments]
        if name in _ARITHMETIC:
            return _calculate(name, *compiled)
        if name in _INTERVALS:
            first, second = (_as(c, Kind.TIME) for c in compiled)
            return Sql(Kind.BOOLEAN, _INTERVALS[name](first, second))
        if name in _SPATIAL or name in {"st_relate", "geo.distance", "geo.length"}:
            return self._geographic(name, compiled)
        if name in {"now", "mindatetime", "maxdatetime"}:
            edge = {"now": self.now_us, "mindatetime": -62_135_596_800_000_000, "maxdatetime": 253_402_300_799_999_999}
            return Sql(Kind.TIME, str(edge[name]))
        build = _FUNCTIONS.get(name)
        if build is None:
            raise ParameterError(f"function {name!r} is not supported", where="$filter")
        return build(*compiled)

    def _constant(self, name: str, values: Sequence[Any]) -> Sql:
        if name == "geography":
            return Sql(Kind.GEOMETRY, self.values.bind(values[0]))
        if name == "duration":
            return Sql(Kind.DURATION, self.values.bind(round(values[0] * 1e6)))
        if name == "interval":
            start, end = (self.values.bind(to_us(v)) for v in values)
            return Sql(Kind.TIME, start, end)
        if name == "date_literal":
            return Sql(Kind.DATE, self.values.bind(date.fromisoformat(values[0]).toordinal() - 719_163))
        clock = time.fromisoformat(values[0])
        micros = ((clock.hour * 60 + clock.minute) * 60 + clock.second) * 1_000_000 + clock.microsecond
        return Sql(Kind.CLOCK, self.values.bind(micros))

    def _geographic(self, name: str, arguments: Sequence[Sql]) -> Sql:
        shapes = [_as(a, Kind.GEOMETRY) for a in arguments[:2]]
        if name == "geo.length":
            self.values.spatial = True
            return Sql(Kind.NUMBER, f"twin_length({shapes[0].text})")
        if name == "geo.distance":
            self.values.spatial = True
            return Sql(Kind.NUMBER, f"twin_distance({shapes[0].text}, {shapes[1].text})")
        if name == "st_relate":
            self.values.spatial = True
            pattern = _as(arguments[2], Kind.TEXT).text
            return Sql(Kind.BOOLEAN, f"twin_relate({shapes[0].text}, {shapes[1].text}, {pattern})")
        return Sql(Kind.BOOLEAN, self._spatial(_SPATIAL[name], *shapes))

    def _spatial(self, test: str, a: Sql, b: Sql) -> str:
        self.values.spatial = True
        return f"twin_spatial('{test}', {a.text}, {b.text})"


# -- types ------------------------------------------------------------------------------------------------------


def _alike(a: Sql, b: Sql) -> tuple[Sql, Sql]:
    if a.kind is b.kind:
        return a, b
    if a.kind is Kind.JSON:
        return _as(a, b.kind), b
    return a, _as(b, a.kind)


_NULLS = {
    Kind.TEXT: "VARCHAR",
    Kind.GEOMETRY: "VARCHAR",
    Kind.JSON: "JSON",
    Kind.NUMBER: "DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
}


def _as(value: Sql, kind: Kind) -> Sql:
    """The operand as another type, where it can hold one."""
    if value.kind is kind:
        return value
    if value.kind is Kind.NULL:
        return Sql(kind, f"CAST(NULL AS {_NULLS.get(kind, 'BIGINT')})")
    if value.kind is Kind.JSON:
        text = f"json_extract_string({value.text}, '$')"
        types = f"json_type({value.text})"
        if kind is Kind.NUMBER and value.number:
            return Sql(kind, value.number)
        if kind is Kind.NUMBER:
            numeric = f"{types} IN ('BIGINT', 'UBIGINT', 'HUGEINT', 'UHUGEINT', 'DOUBLE', 'DECIMAL')"
            return Sql(kind, f"CASE WHEN {numeric} THEN CAST({text} AS DOUBLE) END")
        if kind is Kind.TEXT:
            # A number compared with a text is compared as it is written.
            other = f"WHEN {types} NOT IN ('NULL', 'OBJECT', 'ARRAY') THEN {_written(text)} " if value.loose else ""
            return Sql(kind, f"CASE WHEN {types} = 'VARCHAR' THEN {text} {other}END")
        if kind is Kind.BOOLEAN:
            return Sql(kind, f"CASE WHEN {types} = 'BOOLEAN' THEN {text} = 'true' END")
    raise ParameterError(f"{value.kind.value} cannot be taken for {kind.value}", where="$filter")


def _written(text: str) -> str:
    """A number's JSON text without ``.0``."""
    return f"regexp_replace({text}, '\\.0$', '')"


def _compare_plain(op: str, a: str, b: str) -> str:
    return f"({a} {_OPERATORS[op]} {b})"


def _compare_null(op: str, a: Sql, b: Sql) -> str:
    known = b if a.kind is Kind.NULL else a
    absent = "true" if known.kind is Kind.NULL else f"{known.text} IS NULL"
    if known.kind is Kind.JSON:
        absent = f"({absent} OR json_type({known.text}) = 'NULL')"
    return {"eq": absent, "ne": f"NOT {absent}"}.get(op, "false")


def _compare_any(op: str, a: Sql, b: Sql) -> str:
    if op in {"eq", "ne"}:
        return _compare_plain(op, f"CAST({a.text} AS VARCHAR)", f"CAST({b.text} AS VARCHAR)")
    pairs = [(_as(a, kind).text, _as(b, kind).text) for kind in (Kind.NUMBER, Kind.TEXT)]
    return "coalesce(" + ", ".join(_compare_plain(op, x, y) for x, y in pairs) + ")"


def _end(value: Sql) -> str:
    return value.end or value.text


def _before(a: Sql, b: Sql) -> str:
    # An interval does not hold its own end; an instant is its own end.
    return f"({_end(a)} < {b.text} OR ({_end(a)} = {b.text} AND {a.text} < {_end(a)}))"


def _compare_intervals(op: str, a: Sql, b: Sql) -> str:
    same = f"({a.text} = {b.text} AND {_end(a)} = {_end(b)})"
    match op:
        case "eq":
            return same
        case "ne":
            return f"(NOT {same})"
        case "lt":
            return _before(a, b)
        case "le":
            return f"({_end(a)} <= {b.text})"
        case "gt":
            return _before(b, a)
        case _:
            return f"({a.text} >= {_end(b)})"


_INTERVALS: dict[str, Callable[[Sql, Sql], str]] = {
    "before": _before,
    "after": lambda a, b: _before(b, a),
    "meets": lambda a, b: f"({_end(a)} = {b.text} OR {a.text} = {_end(b)})",
    "during": lambda a, b: (
        f"({a.text} >= {b.text} AND {_end(a)} <= {_end(b)} AND ({a.text} < {_end(b)} OR {b.text} = {_end(b)}))"
    ),
    "overlaps": lambda a, b: f"(NOT {_before(a, b)} AND NOT {_before(b, a)})",
    "starts": lambda a, b: f"({a.text} = {b.text})",
    "finishes": lambda a, b: f"({_end(a)} = {_end(b)})",
}


def _calculate(name: str, a: Sql, b: Sql) -> Sql:
    sign = _ARITHMETIC[name]
    timed = {Kind.TIME, Kind.DURATION}
    if a.kind in timed or b.kind in timed:
        results = {
            (Kind.TIME, "add", Kind.DURATION): Kind.TIME,
            (Kind.DURATION, "add", Kind.TIME): Kind.TIME,
            (Kind.TIME, "sub", Kind.DURATION): Kind.TIME,
            (Kind.TIME, "sub", Kind.TIME): Kind.DURATION,
            (Kind.DURATION, "add", Kind.DURATION): Kind.DURATION,
            (Kind.DURATION, "sub", Kind.DURATION): Kind.DURATION,
        }
        result = results.get((a.kind, name, b.kind))
        if result is None:
            raise ParameterError(f"{a.kind.value} {name} {b.kind.value} has no meaning", where="$filter")
        # In double, so that no sum can leave the range of whole numbers; times stay exact for 285 years.
        return Sql(result, f"(CAST({a.text} AS DOUBLE) {sign} {b.text})")
    left, right = (f"CAST({_as(x, Kind.NUMBER).text} AS DOUBLE)" for x in (a, b))
    if name in {"div", "mod"}:
        right = f"nullif({right}, 0)"
    return Sql(Kind.NUMBER, f"({left} {sign} {right})")


# -- functions ----------------------------------------------------------------------------------------------------


def _text(template: str, kind: Kind, *takes: Kind) -> Callable[..., Sql]:
    def build(*arguments: Sql) -> Sql:
        texts = [_as(a, wanted).text for a, wanted in zip(arguments, takes, strict=False)]
        return Sql(kind, template.format(*texts))

    return build


def _substring(text: Sql, start: Sql, length: Sql | None = None) -> Sql:
    # Places are cut to 32 bits, the range of SQL's own function.
    place = f"CAST(greatest(0, least(2e9, {_as(start, Kind.NUMBER).text})) AS BIGINT) + 1"
    if length is None:
        return Sql(Kind.TEXT, f"substring({_as(text, Kind.TEXT).text}, {place})")
    count = f"CAST(greatest(0, least(2e9, {_as(length, Kind.NUMBER).text})) AS BIGINT)"
    return Sql(Kind.TEXT, f"substring({_as(text, Kind.TEXT).text}, {place}, {count})")


def _part(name: str) -> Callable[[Sql], Sql]:
    def build(value: Sql) -> Sql:
        if value.kind is Kind.DATE:
            return Sql(Kind.NUMBER, f"{name}(CAST('1970-01-01' AS DATE) + CAST({value.text} AS INTEGER))")
        micros = value.text if value.kind is Kind.CLOCK else _as(value, Kind.TIME).text
        return Sql(Kind.NUMBER, f"{name}(make_timestamp(TRY_CAST({micros} AS BIGINT)))")

    return build


def _time_part(kind: Kind, template: str) -> Callable[[Sql], Sql]:
    return lambda value: Sql(kind, template.format(_as(value, Kind.TIME).text))


_FUNCTIONS: dict[str, Callable[..., Sql]] = {
    "substringof": _text("contains({1}, {0})", Kind.BOOLEAN, Kind.TEXT, Kind.TEXT),
    "startswith": _text("starts_with({0}, {1})", Kind.BOOLEAN, Kind.TEXT, Kind.TEXT),
    "endswith": _text("suffix({0}, {1})", Kind.BOOLEAN, Kind.TEXT, Kind.TEXT),
    "length": _text("length({0})", Kind.NUMBER, Kind.TEXT),
    "indexof": _text("(strpos({0}, {1}) - 1)", Kind.NUMBER, Kind.TEXT, Kind.TEXT),
    "substring": _substring,
    "tolower": _text("lower({0})", Kind.TEXT, Kind.TEXT),
    "toupper": _text("upper({0})", Kind.TEXT, Kind.TEXT),
    "trim": _text("trim({0})", Kind.TEXT, Kind.TEXT),
    "concat": _text("({0} || {1})", Kind.TEXT, Kind.TEXT, Kind.TEXT),
    "round": _text("round({0})", Kind.NUMBER, Kind.NUMBER),
    "floor": _text("floor({0})", Kind.NUMBER, Kind.NUMBER),
    "ceiling": _text("ceil({0})", Kind.NUMBER, Kind.NUMBER),
    **{name: _part(part) for name, part in _PARTS.items()},
    "fractionalseconds": _time_part(Kind.NUMBER, "(((TRY_CAST({0} AS BIGINT) % 1000000) + 1000000) % 1000000 / 1e6)"),
    "totaloffsetminutes": _time_part(Kind.NUMBER, "(CASE WHEN {0} IS NULL THEN NULL ELSE 0 END)"),
    "date": _time_part(Kind.DATE, f"CAST(floor({{0}} / {_DAY_US}.0) AS BIGINT)"),
    "time": _time_part(Kind.CLOCK, f"((TRY_CAST({{0}} AS BIGINT) % {_DAY_US} + {_DAY_US}) % {_DAY_US})"),
}
