"""Tables of the law: values by their inputs, with interpolation and behaviour at the ends as data.

A table's content has one of three forms.

``grid``
    ``axes`` and nested ``values``. An axis is ``{"name", "title", "title_en", "unit", "interpolation", "nodes",
    "below", "above"}``. ``interpolation`` is ``linear`` (between nodes; several linear axes give bilinear), ``step``
    (a node is the lower end of a band, included), ``none`` (only at nodes) or ``choice`` (nodes are words). ``below``
    and ``above`` the nodes: ``clamp`` (the end's value), ``outside`` (no answer), and for ``above`` also ``row``
    (a further row of values, for "> 46 m").
``curves``
    ``by`` (a choice), ``x``, ``nodes`` (the results) and ``curves`` (for each choice the inputs at which each node is
    reached); linear in between. ``above`` is ``outside`` or a value, ``above_of`` the same for single curves.
``rows``
    ``columns`` with ``role`` ``in``, ``out`` or ``note``, and ``rows``. A cell of an input is a value, a list of
    values, or a range ``{"ge" | "gt", "le" | "lt"}``; an absent one takes anything. ``pick`` is ``first`` or
    ``highest``.

A cell that is ``null`` (``"–"`` in shipped files) is not known: it has no value and takes part in no interpolation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, Final

from twin.errors import ParameterError, SchemaError
from twin.law.answer import Answer, Basis, Found, How, NotDeterminable, Why
from twin.law.rule import Confidence, Version, weakest

_INTERPOLATIONS: Final = ("linear", "step", "none", "choice")
_RANGE: Final = frozenset({"ge", "gt", "le", "lt"})


@dataclass(frozen=True, slots=True)
class Table:
    """A version of a table, to be asked."""

    version: Version

    @property
    def content(self) -> Mapping[str, Any]:
        """The version's content."""
        return self.version.content

    def value(self, **inputs: float | str | None) -> Answer:
        """The value at these inputs; with several outputs a mapping of them, resting on the weakest.

        Raises
        ------
        ParameterError
            If the table has no such input, a word is none of its choices, or a number is not finite.
        """
        cells = self.cells(**inputs)
        if len(cells) == 1:
            return next(iter(cells.values()))
        found = {name: a for name, a in cells.items() if isinstance(a, Found)}
        if not found:
            return next(iter(cells.values()))
        first, *rest = found.values()
        values = {name: a.value for name, a in found.items()}
        return Found(values, "", first.computed(None, "", *(a.basis for a in rest)).basis)

    def cells(self, **inputs: float | str | None) -> dict[str, Answer]:
        """Each output at these inputs, with its own unit and confidence."""
        self._check(inputs)
        form = self.content["form"]
        if form == "rows":
            return self._rows(inputs)
        missing = [name for name in self.inputs if inputs.get(name) is None]
        name = str(self.content["output"]["name"])
        if missing:
            return {name: self._none(Why.MISSING_INPUT, ", ".join(missing))}
        return {name: self._curve(inputs) if form == "curves" else self._grid(inputs)}

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of its inputs."""
        form = self.content["form"]
        if form == "grid":
            return tuple(axis["name"] for axis in self.content["axes"])
        if form == "curves":
            return self.content["by"]["name"], self.content["x"]["name"]
        return tuple(c["name"] for c in self.content["columns"] if c.get("role", "note") == "in")

    def _check(self, inputs: Mapping[str, float | str | None]) -> None:
        for name, value in inputs.items():
            if name not in self.inputs:
                raise ParameterError(
                    f"the table has no input {name!r}",
                    where=self.version.label,
                    hint=f"Its inputs are {', '.join(self.inputs)}.",
                )
            choices = self._choices(name)
            if value is None:
                continue
            if choices is not None and value not in choices:
                known = ", ".join(map(str, choices))
                raise ParameterError(
                    f"{value!r} is not a choice of {name}", where=self.version.label, hint=f"Use one of {known}."
                )
            if choices is None and not isinstance(value, str) and not math.isfinite(value):
                raise ParameterError(f"{name} is {value}, not a number", where=self.version.label)

    def _choices(self, name: str) -> list[Any] | None:
        form = self.content["form"]
        if form == "grid":
            axis = next(a for a in self.content["axes"] if a["name"] == name)
            return list(axis["nodes"]) if axis["interpolation"] == "choice" else None
        if form == "curves":
            return list(self.content["curves"]) if name == self.content["by"]["name"] else None
        column = next(c for c in self.content["columns"] if c["name"] == name)
        return [c["code"] for c in column["choices"]] if "choices" in column else None

    # -- grid -------------------------------------------------------------------------------------------------

    def _grid(self, inputs: Mapping[str, Any]) -> Answer:
        places: list[list[tuple[int, float]]] = []
        for axis in self.content["axes"]:
            place = _place(axis, inputs[axis["name"]])
            if isinstance(place, Why):
                return self._none(place, f"{axis['name']} = {inputs[axis['name']]}")
            places.append(place)
        total = 0.0
        for corner in product(*places):
            cell = self.content["values"]
            for index, _ in corner:
                cell = cell[index]
            if cell is None:
                return self._none(Why.NOT_GIVEN)
            total += math.prod(weight for _, weight in corner) * cell
        how = How.INTERPOLATED if any(len(place) > 1 for place in places) else How.GIVEN
        return Found(_tidy(total), self._unit(self.content["output"]), Basis.of(self.version), how)

    # -- curves -----------------------------------------------------------------------------------------------

    def _curve(self, inputs: Mapping[str, Any]) -> Answer:
        by, x = (inputs[name] for name in self.inputs)
        curve: Sequence[float | None] = self.content["curves"][by]
        known = [(at, node) for at, node in zip(curve, self.content["nodes"], strict=True) if at is not None]
        if x < known[0][0]:
            return self._none(Why.OUTSIDE, f"{x}")
        basis, unit = Basis.of(self.version), self._unit(self.content["output"])
        if x > known[-1][0]:
            above = self.content.get("above_of", {}).get(by, self.content.get("above", "outside"))
            return self._none(Why.OUTSIDE, f"{x}") if above == "outside" else Found(above, unit, basis)
        for (low, below), (high, over) in pairwise(known):
            if low <= x <= high:
                value = below + (over - below) * (x - low) / (high - low)
                return Found(_tidy(value), unit, basis, How.GIVEN if x in (low, high) else How.INTERPOLATED)
        return Found(known[0][1], unit, basis)

    # -- rows -------------------------------------------------------------------------------------------------

    def _rows(self, inputs: Mapping[str, Any]) -> dict[str, Answer]:
        outs = [c for c in self.content["columns"] if c.get("role", "note") == "out"]
        needed = [name for name in self.inputs if inputs.get(name) is None]
        rows = [row for row in self.content["rows"] if self._fits(row, inputs)]
        sure = [row for row in rows if all(row.get(name) is None for name in needed)]
        if not rows:
            return {c["name"]: self._none(Why.NOT_GIVEN, _said(inputs)) for c in outs}
        if needed and len(rows) != len(sure):
            return {c["name"]: self._narrowed(c["name"], rows, needed) for c in outs}
        if self.content.get("pick", "first") == "highest":
            rows = sorted(rows, key=lambda row: -row[outs[0]["name"]])
        return {c["name"]: self._cell(c, rows[0]) for c in outs}

    def _fits(self, row: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
        return all(
            value is None or row.get(name) is None or matches(row[name], value) for name, value in inputs.items()
        )

    def _narrowed(self, name: str, rows: Sequence[Mapping[str, Any]], needed: Sequence[str]) -> NotDeterminable:
        possible = tuple(dict.fromkeys(row[name] for row in rows if row.get(name) is not None))
        needs = ", ".join(needed)
        return NotDeterminable(Why.MISSING_INPUT, needs, needs, Basis.of(self.version), possible)

    def _cell(self, column: Mapping[str, Any], row: Mapping[str, Any]) -> Answer:
        value = row.get(column["name"])
        if value is None:
            return self._none(Why.NOT_GIVEN)
        basis = Basis.of(self.version, row_confidence(self.version, row, column["name"]))
        return Found(value, self._unit(column), basis)

    # -- parts ------------------------------------------------------------------------------------------------

    def _unit(self, described: Mapping[str, Any]) -> str:
        return str(described.get("unit", ""))

    def _none(self, why: Why, detail: str = "") -> NotDeterminable:
        return NotDeterminable(why, detail, detail, Basis.of(self.version))


def row_confidence(version: Version, row: Mapping[str, Any], column: str = "") -> Confidence:
    """Confidence of a row or one of its cells: its own mark where it has one, else the version's."""
    of_cell = row.get("confidence_of", {}).get(column)
    own = of_cell or row.get("confidence")
    return version.confidence if own is None else Confidence(own)


def rows_confidence(version: Version) -> Confidence:
    """The weakest confidence anywhere in a version's rows."""
    rows = version.content.get("rows", ())
    marks = [version.confidence]
    for row in rows:
        marks += [Confidence(m) for m in (row.get("confidence"), *row.get("confidence_of", {}).values()) if m]
    return weakest(*marks)


def matches(cell: Any, value: Any) -> bool:
    """Whether an input's cell takes a value."""
    if isinstance(cell, Mapping):
        return bool(
            value >= cell.get("ge", -math.inf)
            and value > cell.get("gt", -math.inf)
            and value <= cell.get("le", math.inf)
            and value < cell.get("lt", math.inf)
        )
    return value in cell if isinstance(cell, list) else bool(cell == value)


def _place(axis: Mapping[str, Any], x: Any) -> list[tuple[int, float]] | Why:
    """Indices and weights of the nodes that make up a position on an axis."""
    nodes: Sequence[Any] = axis["nodes"]
    if axis["interpolation"] == "choice":
        return [(nodes.index(x), 1.0)]
    if x < nodes[0]:
        return [(0, 1.0)] if axis.get("below") == "clamp" else Why.OUTSIDE
    low = max(i for i, node in enumerate(nodes) if node <= x)
    if axis["interpolation"] == "step" or x == nodes[low]:
        return [(low, 1.0)]
    return _past(axis) if low == len(nodes) - 1 else _between(axis, low, x)


def _past(axis: Mapping[str, Any]) -> list[tuple[int, float]] | Why:
    last = len(axis["nodes"]) - 1
    ends: dict[str, list[tuple[int, float]]] = {"row": [(last + 1, 1.0)], "clamp": [(last, 1.0)]}
    return ends.get(axis.get("above", ""), Why.OUTSIDE)


def _between(axis: Mapping[str, Any], low: int, x: float) -> list[tuple[int, float]] | Why:
    if axis["interpolation"] == "none":
        return Why.NOT_GIVEN
    nodes = axis["nodes"]
    share = (x - nodes[low]) / (nodes[low + 1] - nodes[low])
    return [(low, 1.0 - share), (low + 1, share)]


def _tidy(value: float) -> float:
    """Without the noise that weights leave in the last digits."""
    return round(value, 9)


def _said(inputs: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in inputs.items() if value is not None)


# -- checking ---------------------------------------------------------------------------------------------------


def check_table(version: Version) -> None:
    """Raise :class:`SchemaError` naming what keeps the content from being a table."""
    where = version.label
    try:
        problems = list(_problems(version.content))
    except (KeyError, TypeError, IndexError, AttributeError) as exc:
        raise SchemaError(f"not a table: {exc!r}", where=where) from exc
    if problems:
        raise SchemaError(problems[0], where=where, hint="See twin/law/tables.py.")


def _problems(content: Mapping[str, Any]) -> Iterator[str]:
    form = content["form"]
    if form == "grid":
        for axis in content["axes"]:
            yield from _axis_problems(axis)
        yield from _shape_problems(content["values"], [_size(a) for a in content["axes"]])
    elif form == "curves":
        for name, curve in content["curves"].items():
            known = [x for x in curve if x is not None]
            if len(curve) != len(content["nodes"]) or len(known) < 2 or any(a >= b for a, b in pairwise(known)):
                yield f"curve {name} does not rise, or has not as many points as there are nodes"
    elif form == "rows":
        yield from _row_problems(content)
    else:
        yield f"{form!r} is not a form of table"


def _axis_problems(axis: Mapping[str, Any]) -> Iterator[str]:
    name, kind, nodes = axis["name"], axis["interpolation"], axis["nodes"]
    if kind not in _INTERPOLATIONS:
        yield f"axis {name}: {kind!r} is not an interpolation"
    if kind != "choice" and not all(_is_number(node) for node in nodes):
        yield f"axis {name}: a node is no number"
    elif not nodes or (kind != "choice" and any(a >= b for a, b in pairwise(nodes))):
        yield f"axis {name}: nodes do not rise"
    if axis.get("below", "outside") not in ("clamp", "outside"):
        yield f"axis {name}: below is {axis['below']!r}"
    if axis.get("above", "outside") not in ("clamp", "outside", "row"):
        yield f"axis {name}: above is {axis['above']!r}"


def _size(axis: Mapping[str, Any]) -> int:
    return len(axis["nodes"]) + (axis.get("above") == "row")


def _shape_problems(values: Any, sizes: Sequence[int]) -> Iterator[str]:
    if not sizes:
        if values is not None and not _is_number(values):
            yield f"value {values!r} is not a number"
    elif not isinstance(values, list) or len(values) != sizes[0]:
        yield f"values have not the shape of the axes: {sizes[0]} wanted in {values!r}"
    else:
        for part in values:
            yield from _shape_problems(part, sizes[1:])


def _row_problems(content: Mapping[str, Any]) -> Iterator[str]:
    names = {c["name"] for c in content["columns"]}
    extra = {"confidence", "confidence_of", "note", "note_en"}
    ins = {c["name"] for c in content["columns"] if c.get("role", "note") == "in"}
    for number, row in enumerate(content["rows"]):
        for name, cell in row.items():
            if name not in names | extra:
                yield f"row {number}: there is no column {name!r}"
            if name in ins and isinstance(cell, Mapping) and not _is_range(cell):
                yield f"row {number}: {cell!r} is not a range"
        for mark in (row.get("confidence"), *row.get("confidence_of", {}).values()):
            if mark is not None and mark not in list(Confidence):
                yield f"row {number}: {mark!r} is not a confidence"


def _is_range(cell: Mapping[str, Any]) -> bool:
    return set(cell) <= _RANGE and all(_is_number(bound) for bound in cell.values())


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
