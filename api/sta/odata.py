"""``$filter`` and ``$orderby`` of SensorThings read into the twin's expressions.

A descent parser by the precedence of OData 4 (low to high): ``or``, ``and``, ``not``, comparisons, ``add
sub``, ``mul div mod``, minus. ``not`` takes a whole comparison, so that ``not name eq 'x'`` needs no parentheses.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NoReturn, TypeAlias

import shapely
from shapely.errors import ShapelyError

from api.sta.lexer import Token, tokens
from twin.errors import ParameterError
from twin.model.query import And, Call, Compare, Expression, In, Literal, Not, Operand, Or, Path, Value
from twin.types import parse_time

_Node: TypeAlias = "Path | Value | Call | Compare | In | And | Or | Not"

MAX_DEPTH: Final = 40
"""Deepest nesting that is read."""
MAX_CHAIN: Final = 60
"""Longest run of arithmetic operators of one level."""

PREDICATES: Final[dict[str, tuple[int, int]]] = {
    "substringof": (2, 2),
    "startswith": (2, 2),
    "endswith": (2, 2),
    "geo.intersects": (2, 2),
    "st_equals": (2, 2),
    "st_disjoint": (2, 2),
    "st_touches": (2, 2),
    "st_within": (2, 2),
    "st_overlaps": (2, 2),
    "st_crosses": (2, 2),
    "st_intersects": (2, 2),
    "st_contains": (2, 2),
    "st_relate": (3, 3),
    "before": (2, 2),
    "after": (2, 2),
    "meets": (2, 2),
    "during": (2, 2),
    "overlaps": (2, 2),
    "starts": (2, 2),
    "finishes": (2, 2),
}
"""Functions that answer yes or no, with the least and most arguments."""

FUNCTIONS: Final[dict[str, tuple[int, int]]] = {
    **PREDICATES,
    "length": (1, 1),
    "indexof": (2, 2),
    "substring": (2, 3),
    "tolower": (1, 1),
    "toupper": (1, 1),
    "trim": (1, 1),
    "concat": (2, 2),
    "year": (1, 1),
    "month": (1, 1),
    "day": (1, 1),
    "hour": (1, 1),
    "minute": (1, 1),
    "second": (1, 1),
    "fractionalseconds": (1, 1),
    "date": (1, 1),
    "time": (1, 1),
    "totaloffsetminutes": (1, 1),
    "now": (0, 0),
    "mindatetime": (0, 0),
    "maxdatetime": (0, 0),
    "round": (1, 1),
    "floor": (1, 1),
    "ceiling": (1, 1),
    "geo.distance": (2, 2),
    "geo.length": (1, 1),
}
"""Every function that is understood, with the least and most arguments."""

_LONGEST_S: Final = 10_000 * 366 * 86_400.0
_COMPARISONS: Final = {"eq", "ne", "lt", "le", "gt", "ge"}
_CONSTANTS: Final[dict[str, Literal]] = {"true": True, "false": False, "null": None}
_DURATION: Final = re.compile(
    r"(?P<sign>[+-]?)P(?:(?P<d>\d+)D)?(?:T(?=\d)(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?"
)


def parse_filter(text: str) -> Expression:
    """Read a ``$filter``; ParameterError says where it cannot be read."""
    parser = _Parser(text, where="$filter")
    node = parser.expression(parser.disjunction())
    parser.finish()
    return node


def parse_orderby(text: str) -> tuple[tuple[Path, bool], ...]:
    """Read an ``$orderby`` into pairs of path and descending."""
    parser = _Parser(text, where="$orderby")
    terms: list[tuple[Path, bool]] = []
    while True:
        node = parser.primary()
        if not isinstance(node, Path):
            parser.fail("order by a property or a path such as Datastream/name")
        descending = parser.accept("name", "desc") is not None
        if not descending:
            parser.accept("name", "asc")
        terms.append((node, descending))
        if parser.accept("mark", ",") is None:
            break
    parser.finish()
    return tuple(terms)


class _Parser:
    """The tokens of one expression and how far they have been read."""

    def __init__(self, text: str, *, where: str) -> None:
        self._where = where
        self._tokens = tokens(text, where=where)
        self._next = 0
        self._depth = 0

    # -- tokens ---------------------------------------------------------------------------------------------

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._token
        self._next += 1
        return token

    def accept(self, kind: str, *texts: str) -> str | None:
        """Step over the next token if it is one of these."""
        if self._token.kind == kind and self._token.text in texts:
            return self._take().text
        return None

    def fail(self, wanted: str) -> NoReturn:
        """Raise what was wanted, where, and what stands there."""
        token = self._token
        found = f"{token.text!r} at character {token.place + 1}" if token.text else "the end"
        raise ParameterError(f"{found} cannot be read: {wanted}", where=self._where)

    def finish(self) -> None:
        """Require the end of the text."""
        if self._token.kind != "end":
            self.fail("the expression should end here or go on with an operator")

    # -- yes or no -------------------------------------------------------------------------------------------

    def disjunction(self) -> _Node:
        """``a or b or …``."""
        first = self._conjunction()
        if not self._at("or"):
            return first
        parts = [self.expression(first)]
        while self.accept("name", "or"):
            parts.append(self.expression(self._conjunction()))
        return Or(tuple(parts))

    def _conjunction(self) -> _Node:
        first = self._negation()
        if not self._at("and"):
            return first
        parts = [self.expression(first)]
        while self.accept("name", "and"):
            parts.append(self.expression(self._negation()))
        return And(tuple(parts))

    def _at(self, word: str) -> bool:
        return self._token.kind == "name" and self._token.text == word

    def _negation(self) -> _Node:
        if not self._at("not"):
            return self._comparison()
        self._take()
        self._enter()
        node = Not(self.expression(self._negation()))
        self._depth -= 1
        return node

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self.fail(f"nested deeper than {MAX_DEPTH}")

    def _comparison(self) -> _Node:
        left = self._sum()
        if self._token.kind != "name":
            return left
        if self.accept("name", "in"):
            return In(self._operand(left), self._list())
        operator = self.accept("name", *_COMPARISONS)
        if operator is None:
            return left
        return Compare(operator, self._operand(left), self._operand(self._sum()))

    def _list(self) -> tuple[Literal, ...]:
        if self.accept("mark", "(") is None:
            self.fail("`in` needs a list in parentheses")
        values: list[Literal] = []
        while True:
            node = self._unary()
            if not isinstance(node, Value):
                self.fail("a list holds literals only")
            values.append(node.value)
            if self.accept("mark", ",") is None:
                break
        if self.accept("mark", ")") is None:
            self.fail("a list ends with )")
        return tuple(values)

    def expression(self, node: _Node) -> Expression:
        """The node as something that is true or false."""
        if isinstance(node, Path) or (isinstance(node, Value) and isinstance(node.value, bool)):
            return Compare("eq", node, Value(value=True))
        if isinstance(node, Value) or (isinstance(node, Call) and node.name not in PREDICATES):
            self.fail("a condition is missing: what stands before is a value")
        return node

    def _operand(self, node: _Node) -> Operand:
        if not isinstance(node, Path | Value | Call):
            self.fail("a comparison cannot itself be compared or calculated with")
        return node

    # -- values ----------------------------------------------------------------------------------------------

    def _sum(self) -> _Node:
        return self._chain(("add", "sub"), self._product)

    def _product(self) -> _Node:
        return self._chain(("mul", "div", "mod"), self._unary)

    def _chain(self, operators: tuple[str, ...], below: Callable[[], _Node]) -> _Node:
        node = below()
        count = 0
        while operator := self.accept("name", *operators):
            count += 1
            if count > MAX_CHAIN:
                self.fail(f"more than {MAX_CHAIN} operators in a row")
            node = Call(operator, (self._operand(node), self._operand(below())))
        return node

    def _unary(self) -> _Node:
        if self.accept("mark", "-") is None:
            return self.primary()
        self._enter()
        node = self._operand(self._unary())
        self._depth -= 1
        if isinstance(node, Value) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            return Value(-node.value)
        return Call("sub", (Value(0), node))

    def primary(self) -> _Node:
        """A literal, a path, a call, or anything in parentheses."""
        token = self._token
        if token.kind == "name":
            return self._name()
        if self.accept("mark", "("):
            self._enter()
            node = self.disjunction()
            self._depth -= 1
            if self.accept("mark", ")") is None:
                self.fail("a closing parenthesis is missing")
            return node
        if token.kind in {"end", "mark"}:
            self.fail("a property, a literal or a function is missing")
        self._take()
        return self._literal(token)

    def _name(self) -> _Node:
        token = self._take()
        if token.text in _CONSTANTS and self._token.text != "/":
            return Value(_CONSTANTS[token.text])
        if self._token.text == "(":
            return self._call(token)
        parts = [token.text]
        while self.accept("mark", "/"):
            if self._token.kind != "name":
                self.fail("a path goes on with a name")
            parts.append(self._take().text)
        return Path(tuple("id" if part == "@iot.id" else part for part in parts))

    def _call(self, token: Token) -> Call:
        limits = FUNCTIONS.get(token.text)
        if limits is None:
            raise ParameterError(
                f"there is no function {token.text!r}",
                where=self._where,
                hint=f"Known: {', '.join(FUNCTIONS)}.",
            )
        self._take()
        self._enter()
        arguments: list[Operand] = []
        while self._token.text != ")" or arguments:
            arguments.append(self._operand(self._sum()))
            if self.accept("mark", ",") is None:
                break
        if self.accept("mark", ")") is None:
            self.fail("the arguments end with )")
        self._depth -= 1
        least, most = limits
        if not least <= len(arguments) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise ParameterError(f"{token.text} takes {wanted} arguments, not {len(arguments)}", where=self._where)
        return Call(token.text, tuple(arguments))

    def _literal(self, token: Token) -> Value | Call:  # noqa: PLR0911  one return a kind of literal
        text = token.text
        if token.kind == "text":
            return Value(_unquoted(text))
        if token.kind == "number":
            return Value(self._number(text))
        if token.kind == "moment":
            return Value(self._moment(text))
        if token.kind == "interval":
            return self._interval(text)
        if token.kind == "duration":
            return Call("duration", (Value(self._seconds(_unquoted(text.removeprefix("duration")))),))
        if token.kind == "geography":
            return Call("geography", (Value(self._geography(_unquoted(text.removeprefix("geography")))),))
        return Call(f"{token.kind}_literal", (Value(self._calendar(token)),))

    def _interval(self, text: str) -> Call:
        start, end = (self._moment(part) for part in text.split("/"))
        if start > end:
            raise ParameterError(f"interval {text} ends before it starts", where=self._where)
        return Call("interval", (Value(start), Value(end)))

    def _number(self, text: str) -> int | float:
        if text.isascii() and text.isdigit() and len(text) <= 18:
            return int(text)
        value = float(text)
        if not math.isfinite(value):
            raise ParameterError(f"number {text} is too large", where=self._where)
        return value

    def _moment(self, text: str) -> datetime:
        cleaned = text if len(text) < 6 or text[-6] != " " else f"{text[:-6]}+{text[-5:]}"
        return parse_time(cleaned, where=self._where).astimezone(UTC)

    def _calendar(self, token: Token) -> str:
        probe = f"{token.text}T00:00" if token.kind == "date" else f"2000-01-01T{token.text}"
        try:
            moment = datetime.fromisoformat(probe).replace(tzinfo=UTC)
        except ValueError as exc:
            raise ParameterError(f"{token.text!r} is no {token.kind}", where=self._where) from exc
        return moment.date().isoformat() if token.kind == "date" else moment.time().isoformat("microseconds")

    def _seconds(self, text: str) -> float:
        match = _DURATION.fullmatch(text)
        if match is None or not any(match.group(g) for g in "dhms"):
            raise ParameterError(
                f"duration {text!r} cannot be read",
                where=self._where,
                hint="Write duration'P1DT12H' or 'PT15M'.",
            )
        days, hours, minutes, seconds = (float(match.group(g) or 0) for g in "dhms")
        total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
        if total > _LONGEST_S:
            raise ParameterError(f"duration {text!r} is longer than 10,000 years", where=self._where)
        return -total if match.group("sign") == "-" else total

    def _geography(self, text: str) -> str:
        wkt = re.sub(r"^\s*SRID=4326;", "", text)
        try:
            geometry = shapely.from_wkt(wkt)
        except (ShapelyError, ValueError) as exc:
            raise ParameterError(
                f"geography {text!r} is no well-known text",
                where=self._where,
                hint="Write geography'POINT (106.9 11.53)', longitude first.",
            ) from exc
        return str(geometry.wkt)


def _unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'")
