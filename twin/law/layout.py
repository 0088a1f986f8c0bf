"""A rule's content laid out for reading: sheets of columns and rows of words, whatever its kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.law.rule import Kind, Version
from twin.types import Json

_NOT_KNOWN = "–"


def sheets(version: Version) -> list[dict[str, Json]]:
    """Sheets of a version: ``{"title", "title_en", "columns", "rows"}``; none for a text.

    A column is ``{"name", "title", "title_en", "unit"}``, a row maps names of columns to cells ``{"text", "text_en"}``
    with ``confidence`` where it is not the version's, and ``rgb`` where the cell is a colour.
    """
    content = version.content
    if version.kind is Kind.TEXT:
        return []
    if version.kind is Kind.RULE:
        return [_sheet(version, _PARAMETER_COLUMNS, [_parameter(p) for p in content["parameters"]])]
    if version.kind is Kind.CALENDAR:
        return [_sheet(version, content["columns"], [_row(content["columns"], r) for r in content["rows"]])]
    form = {"grid": _grid, "curves": _curves, "rows": _rows}[content["form"]]
    return [_sheet(version, *form(content))]


def words(version: Version) -> dict[str, str]:
    """The text of a rule that is text."""
    content = version.content if version.kind is Kind.TEXT else {}
    return {"text": str(content.get("text", "")), "text_en": str(content.get("text_en", ""))}


def _sheet(version: Version, columns: Sequence[Mapping[str, Any]], rows: Sequence[Json]) -> dict[str, Json]:
    return {
        "title": version.title,
        "title_en": version.title_en,
        "columns": [
            {"name": c["name"], "title": c["title"], "title_en": c["title_en"], "unit": c.get("unit", "")}
            for c in columns
        ],
        "rows": list(rows),
    }


_PARAMETER_COLUMNS = (
    {"name": "title", "title": "Nội dung", "title_en": "Subject"},
    {"name": "value", "title": "Giá trị", "title_en": "Value"},
    {"name": "unit", "title": "Đơn vị", "title_en": "Unit"},
    {"name": "clause", "title": "Điều khoản", "title_en": "Clause"},
    {"name": "note", "title": "Ghi chú", "title_en": "Note"},
)


def _parameter(p: Mapping[str, Any]) -> Json:
    value = _cell(p["value"])
    if p.get("confidence"):
        value["confidence"] = p["confidence"]
    return {
        "title": {"text": p["title"], "text_en": p["title_en"]},
        "value": value,
        "unit": _cell(p.get("unit", "")),
        "clause": _cell(p.get("clause", "")),
        "note": {"text": p.get("note", ""), "text_en": p.get("note_en", "")},
    }


# -- forms ------------------------------------------------------------------------------------------------------


def _rows(content: Mapping[str, Any]) -> tuple[Sequence[Mapping[str, Any]], list[Json]]:
    return content["columns"], [_row(content["columns"], row) for row in content["rows"]]


def _row(columns: Sequence[Mapping[str, Any]], row: Mapping[str, Any]) -> Json:
    cells: dict[str, Json] = {}
    marks = row.get("confidence_of", {})
    for column in columns:
        name = column["name"]
        takes_anything = column.get("role") == "in" and row.get(name) is None
        cell = _cell("") if takes_anything else _chosen(column, row.get(name))
        if name == "rgb" and row.get(name):
            cell["rgb"] = row[name]
        mark = marks.get(name) or row.get("confidence")
        if mark and not takes_anything:
            cell["confidence"] = mark
        cells[name] = cell
    return cells


def _chosen(column: Mapping[str, Any], value: Any) -> dict[str, Json]:
    known = {c["code"]: c for c in column.get("choices", ())}
    listed = value if isinstance(value, list) else [value]
    if known and all(v in known for v in listed):
        return {
            "text": ", ".join(known[v]["title"] for v in listed),
            "text_en": ", ".join(known[v]["title_en"] for v in listed),
        }
    return _cell(value)


def _grid(content: Mapping[str, Any]) -> tuple[Sequence[Mapping[str, Any]], list[Json]]:
    first, *rest = content["axes"]
    values = content["values"]
    heads = [_axis_cells(axis) for axis in rest]
    own = {"name": first["name"], "title": first["title"], "title_en": first["title_en"], "unit": first.get("unit", "")}
    if not heads:
        columns = [own, content["output"]]
        lines: list[Json] = [
            {own["name"]: head, content["output"]["name"]: _cell(value)}
            for head, value in zip(_axis_cells(first), values, strict=True)
        ]
        return columns, lines
    unit = rest[0].get("unit", "")
    across = [
        {
            "name": f"c{n}",
            "title": f"{head['text']} {unit}".strip(),
            "title_en": f"{head['text_en']} {unit}".strip(),
            "unit": content["output"].get("unit", ""),
        }
        for n, head in enumerate(heads[0])
    ]
    rows: list[Json] = [
        {own["name"]: head, **{f"c{n}": _cell(value) for n, value in enumerate(line)}}
        for head, line in zip(_axis_cells(first), values, strict=True)
    ]
    return [own, *across], rows


def _axis_cells(axis: Mapping[str, Any]) -> list[dict[str, Json]]:
    nodes: Sequence[Any] = axis["nodes"]
    if axis["interpolation"] == "choice":
        return [
            {"text": vi, "text_en": en}
            for vi, en in zip(axis.get("labels", nodes), axis.get("labels_en", nodes), strict=True)
        ]
    if axis["interpolation"] == "step":
        ends = [*nodes[1:], None]
        return [
            _range({"ge": low, "lt": high} if n else {"lt": high})
            for n, (low, high) in enumerate(zip(nodes, ends, strict=True))
        ]
    cells = [_cell(node) for node in nodes]
    if axis.get("below") == "clamp":
        cells[0] = _range({"le": nodes[0]})
    if axis.get("above") == "clamp":
        cells[-1] = _range({"ge": nodes[-1]})
    if axis.get("above") == "row":
        cells.append(_range({"gt": nodes[-1]}))
    return cells


def _curves(content: Mapping[str, Any]) -> tuple[Sequence[Mapping[str, Any]], list[Json]]:
    output, unit = content["output"], content["x"].get("unit", "")
    names = {c["code"]: c for c in content["by"]["choices"]}
    columns = [
        output,
        *(
            {"name": c, "title": names[c]["title"], "title_en": names[c]["title_en"], "unit": unit}
            for c in content["curves"]
        ),
    ]
    rows: list[Json] = [
        {output["name"]: _cell(node), **{name: _cell(curve[n]) for name, curve in content["curves"].items()}}
        for n, node in enumerate(content["nodes"])
    ]
    return columns, rows


# -- cells ------------------------------------------------------------------------------------------------------


def _cell(value: Any) -> dict[str, Json]:
    if isinstance(value, Mapping):
        return _range(value)
    if isinstance(value, bool):
        return {"text": "có" if value else "không", "text_en": "yes" if value else "no"}
    if isinstance(value, list):
        return {"text": ", ".join(map(str, value)), "text_en": ", ".join(map(str, value))}
    return {"text": _number(value), "text_en": _number(value, english=True)}


def _range(bounds: Mapping[str, Any]) -> dict[str, Json]:
    low = next((f"{sign} {{}}" for key, sign in (("ge", "≥"), ("gt", ">")) if bounds.get(key) is not None), "")
    high = next((f"{sign} {{}}" for key, sign in (("le", "≤"), ("lt", "<")) if bounds.get(key) is not None), "")
    bottom, top = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))

    def said(*, english: bool) -> str:
        parts = [low.format(_number(bottom, english=english)), high.format(_number(top, english=english))]
        return "; ".join(part for part in parts if part)

    return {"text": said(english=False), "text_en": said(english=True)}


def _number(value: Any, *, english: bool = False) -> str:
    if value is None:
        return _NOT_KNOWN
    if isinstance(value, int | float):
        return f"{value:.10g}" if english else f"{value:.10g}".replace(".", ",")
    return str(value)
