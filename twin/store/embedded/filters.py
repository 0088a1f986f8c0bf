"""Filter expressions on a layer's attributes as SQL with bound values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from twin.errors import SchemaError
from twin.model.layer import Field, FieldType
from twin.model.query import And, Call, Compare, Expression, In, Not, Operand, Or, Path, Value
from twin.store.embedded.database import dump
from twin.types import format_time

_OPERATORS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_CASTS = {FieldType.INTEGER: "DOUBLE", FieldType.NUMBER: "DOUBLE", FieldType.BOOLEAN: "BOOLEAN"}
_TESTS = {"startswith": "starts_with", "endswith": "ends_with", "contains": "contains"}

Sql = tuple[str, list[object]]


def compile_filter(expression: Expression, fields: Sequence[Field], layer: str) -> Sql:
    """SQL over the columns ``fid`` and ``properties``; only ``fields`` (those the viewer sees) may be named."""
    return _Compiler({f.name: f for f in fields}, layer).condition(expression)


class _Compiler:
    def __init__(self, fields: dict[str, Field], layer: str) -> None:
        self.fields = fields
        self.layer = layer

    def condition(self, expression: Expression) -> Sql:
        match expression:
            case Compare(op, left, right):
                return self._compare(op, left, right)
            case In(left, values):
                sql, bound = self.operand(left)
                return f"{sql} IN ({', '.join('?' * len(values))})", [*bound, *map(_literal, values)]
            case And(parts):
                return self._join(" AND ", parts, "true")
            case Or(parts):
                return self._join(" OR ", parts, "false")
            case Not(part):
                sql, bound = self.condition(part)
                return f"NOT ({sql})", bound
            case Call(name, arguments) if name in _TESTS and len(arguments) == 2:
                (left_sql, left_bound), (right_sql, right_bound) = map(self.operand, arguments)
                return f"{_TESTS[name]}({left_sql}, {right_sql})", left_bound + right_bound
            case _:
                raise SchemaError(f"filter {expression} is not supported on features", where=f"layer {self.layer}")

    def _compare(self, op: str, left: Operand, right: Operand) -> Sql:
        (left_sql, left_bound), (right_sql, right_bound) = self.operand(left), self.operand(right)
        for side, other in ((left, right_sql), (right, left_sql)):
            if isinstance(side, Value) and side.value is None:
                return f"{other} IS {'NOT ' if op == 'ne' else ''}NULL", right_bound if side is left else left_bound
        return f"{left_sql} {_OPERATORS[op]} {right_sql}", left_bound + right_bound

    def _join(self, word: str, parts: Sequence[Expression], empty: str) -> Sql:
        compiled = [self.condition(part) for part in parts]
        if not compiled:
            return empty, []
        return "(" + word.join(sql for sql, _ in compiled) + ")", [v for _, bound in compiled for v in bound]

    def operand(self, operand: Operand) -> Sql:
        match operand:
            case Value(value):
                return "?", [_literal(value)]
            case Path(("fid",)):
                return "fid", []
            case Path(parts) if len(parts) == 1 and parts[0] in self.fields:
                field = self.fields[parts[0]]
                text = "json_extract_string(properties, ?)"
                cast = _CASTS.get(field.type)
                return (f"TRY_CAST({text} AS {cast})" if cast else text), [f"$.{dump(field.name)}"]
            case Path(parts):
                raise SchemaError(
                    f"there is no attribute {'.'.join(parts)!r}",
                    where=f"layer {self.layer}",
                    hint=f"Known: {', '.join(sorted(self.fields)) or 'none'}.",
                )
            case _:
                raise SchemaError(f"function {operand.name!r} is not supported on features")


def _literal(value: object) -> object:
    return format_time(value) if isinstance(value, datetime) else value
