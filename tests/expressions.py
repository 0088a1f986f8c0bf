"""Filter expressions for property tests: how to make them up, and how OData writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from twin.model.query import And, Call, Compare, Expression, In, Literal, Not, Operand, Or, Path, Value

TIMES = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
NUMBERS = st.integers(-(10**17), 10**17) | st.integers(-3, 15) | st.floats(allow_nan=False, allow_infinity=False)
LITERALS: dict[str, st.SearchStrategy[Literal]] = {
    "number": NUMBERS,
    "text": st.text(max_size=12) | st.sampled_from(["good", "1", "name"]),
    "time": TIMES,
    "boolean": st.booleans(),
}
POINTS = st.tuples(st.integers(-180, 180), st.integers(-90, 90)).map(lambda p: Value(f"POINT ({p[0]} {p[1]})"))
DURATIONS = st.integers(0, 10**9).map(lambda n: Call("duration", (Value(float(n)),)))
SHAPES = POINTS.map(lambda p: Call("geography", (p,)))
INTERVALS = st.tuples(TIMES, TIMES).map(lambda p: Call("interval", (Value(min(p)), Value(max(p)))))
_FUNCTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("number", "length", ("text",)),
    ("number", "indexof", ("text", "text")),
    *(("number", name, ("number", "number")) for name in ("add", "sub", "mul", "div", "mod")),
    *(("number", name, ("number",)) for name in ("round", "floor", "ceiling")),
    *(("number", name, ("time",)) for name in ("year", "month", "second", "fractionalseconds", "totaloffsetminutes")),
    ("number", "geo.distance", ("shape", "shape")),
    ("number", "geo.length", ("shape",)),
    *(("text", name, ("text",)) for name in ("tolower", "toupper", "trim")),
    ("text", "concat", ("text", "text")),
    ("text", "substring", ("text", "number")),
    ("text", "substring", ("text", "number", "number")),
    *(("time", name, ("time", "duration")) for name in ("add", "sub")),
    ("time", "now", ()),
    ("duration", "sub", ("time", "time")),
)
_PREDICATES: tuple[tuple[str, tuple[str, ...]], ...] = (
    *((name, ("text", "text")) for name in ("substringof", "startswith", "endswith")),
    *((name, ("shape", "shape")) for name in ("st_within", "geo.intersects", "st_touches", "st_disjoint")),
    *((name, ("time", "time")) for name in ("before", "after", "during", "overlaps", "meets", "starts", "finishes")),
)


_KINDS = ("number", "text", "time", "boolean", "duration", "shape")
_SPECIAL = {"duration": DURATIONS, "shape": SHAPES, "time": INTERVALS}
_OPERATORS = st.sampled_from(("eq", "ne", "lt", "le", "gt", "ge"))
Paths = Mapping[str, Sequence[tuple[str, ...]]]
Draw = Callable[[st.SearchStrategy[Any]], Any]


def _operand_of(draw: Draw, paths: Paths, kind: str, depth: int) -> Operand:
    ways = ["path"] * 2 * bool(paths.get(kind)) + ["literal"] * (kind in LITERALS) + ["special"] * (kind in _SPECIAL)
    way = draw(st.sampled_from([*ways, "null", *["call"] * (2 if depth else 0)]))
    calls = [(name, takes) for gives, name, takes in _FUNCTIONS if gives == kind]
    if way == "call" and calls:
        name, takes = draw(st.sampled_from(calls))
        return Call(name, tuple(_operand_of(draw, paths, taken, depth - 1) for taken in takes))
    if way == "path":
        return Path(draw(st.sampled_from(paths[kind])))
    if way == "literal":
        return Value(draw(LITERALS[kind]))
    return draw(_SPECIAL[kind]) if kind in _SPECIAL else Value(None)


def _expression_of(draw: Draw, paths: Paths, depth: int) -> Expression:
    way = draw(st.sampled_from(["compare", "compare", "in", "call", *(["and", "or", "not"] if depth else [])]))
    if way in {"and", "or"}:
        parts = tuple(_expression_of(draw, paths, depth - 1) for _ in range(draw(st.integers(2, 3))))
        return And(parts) if way == "and" else Or(parts)
    if way == "not":
        return Not(_expression_of(draw, paths, depth - 1))
    if way == "call":
        name, takes = draw(st.sampled_from(_PREDICATES))
        return Call(name, tuple(_operand_of(draw, paths, kind, 1) for kind in takes))
    if way == "in":
        kind = draw(st.sampled_from(sorted(LITERALS)))
        values = draw(st.lists(LITERALS[kind], min_size=1, max_size=3))
        return In(_operand_of(draw, paths, kind, 1), tuple(values))
    left = draw(st.sampled_from(_KINDS))
    right = draw(st.sampled_from((left, left, left, left, *_KINDS)))
    return Compare(draw(_OPERATORS), _operand_of(draw, paths, left, 2), _operand_of(draw, paths, right, 2))


@st.composite
def expressions(draw: Draw, paths: Paths) -> Expression:
    """Conditions over some paths by the kind of what they lead to; now and then kinds are mixed up."""
    return _expression_of(draw, paths, 2)


def written(expression: Expression | Operand) -> str:  # noqa: C901, PLR0911  one return a form
    """The expression as OData text, every part in parentheses."""
    match expression:
        case Path(parts):
            return "/".join(parts)
        case Value(value):
            return _literal(value)
        case Compare(op, left, right):
            return f"{_operand(left)} {op} {_operand(right)}"
        case In(left, values):
            return f"{_operand(left)} in ({','.join(map(_literal, values))})"
        case And(parts):
            return " and ".join(f"({written(part)})" for part in parts)
        case Or(parts):
            return " or ".join(f"({written(part)})" for part in parts)
        case Not(part):
            return f"not ({written(part)})"
        case Call("duration", (Value(seconds),)):
            return f"duration'PT{seconds:.0f}S'"
        case Call("interval", (Value(start), Value(end))):
            return f"{_literal(start)}/{_literal(end)}"
        case Call("geography", (Value(wkt),)):
            return f"geography'{wkt}'"
        case Call(name, (left, right)) if name in {"add", "sub", "mul", "div", "mod"}:
            return f"{_operand(left)} {name} {_operand(right)}"
        case Call(name, arguments):
            return f"{name}({','.join(_operand(a) for a in arguments)})"


def _operand(operand: Operand) -> str:
    return written(operand) if isinstance(operand, Path | Value) else f"({written(operand)})"


def _literal(value: Literal) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case datetime():
            return value.isoformat()
        case str():
            return "'" + value.replace("'", "''") + "'"
