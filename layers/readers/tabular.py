"""CSV and Excel tables; with coordinates they become points, without they can be joined to a map."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import shapely
from python_calamine import CalamineError, CalamineWorkbook
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from layers.readers.coordinates import as_number, find_coordinates, wkt_column
from layers.readers.record import ReadOptions, Row, Table
from layers.readers.safety import check_members
from layers.readers.values import from_text, typed
from twin.errors import FormatError, ParameterError

_ENCODINGS = ("utf-8-sig", "cp1258")
_SAMPLE = 64 * 1024
_DELIMITERS = ",;\t|"
MAX_BYTES = 2 << 30

Records = list[dict[str, Any]]


def read_csv(path: Path, options: ReadOptions) -> Table:
    """Read a delimited text file; a file without header gets the columns ``c1, c2, …``."""
    records, notes = csv_records(path)
    return _table("CSV", path.stem, records, notes, options)


def read_excel(path: Path, options: ReadOptions) -> Table:
    """Read one sheet of an Excel or OpenDocument workbook."""
    name, records, notes = excel_records(path, options.table)
    return _table("Excel", name, records, notes, options)


def csv_records(path: Path) -> tuple[Records, list[str]]:
    """Rows of a delimited text file with numbers where columns are numbers, and remarks."""
    if path.stat().st_size > MAX_BYTES:
        raise FormatError(f"text tables over {MAX_BYTES >> 30} GiB are not read", where=path.name)
    text, encoding = _decode(path)
    notes = [] if encoding == _ENCODINGS[0] else [f"the file is not UTF-8 and was read as {encoding}"]
    delimiter = _delimiter(text[:_SAMPLE])
    try:
        lines = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(c.strip() for c in row)]
    except csv.Error as exc:
        raise FormatError(f"is not a readable table: {exc}", where=path.name) from exc
    if not lines:
        raise FormatError("the table is empty", where=path.name)
    header, body = _header(lines)
    if header is not lines[0]:
        notes.append(f"the file has no header; its columns are named {header[0]} to {header[-1]}")
    ragged = sum(len(row) > len(header) for row in body)
    if ragged:
        notes.append(f"{ragged} rows have more cells than the header; the surplus is left out")
    rows = [dict(zip(header, [*row, *[""] * (len(header) - len(row))], strict=False)) for row in body]
    return from_text(rows, decimal="," if delimiter == ";" else "."), notes


def excel_records(path: Path, sheet: str = "") -> tuple[str, Records, list[str]]:
    """Name and rows of a sheet, and remarks; the first sheet that holds anything if none is named."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            check_members(packed.infolist(), where=path.name)
    try:
        book = CalamineWorkbook.from_path(str(path))
        if sheet and sheet not in book.sheet_names:
            raise ParameterError(
                f"there is no sheet {sheet!r}", where=path.name, hint=f"There are {', '.join(book.sheet_names)}."
            )
        for name in [sheet] if sheet else book.sheet_names:
            cells = book.get_sheet_by_name(name).to_python()
            if any(any(c != "" for c in row) for row in cells):
                records, notes = _sheet_records(cells)
                others = len(book.sheet_names) - 1
                if others and not sheet:
                    notes.append(f"sheet {name!r} was read; {others} further sheets were not")
                return name, records, notes
    except CalamineError as exc:
        raise FormatError(f"is not a readable workbook: {exc}", where=path.name) from exc
    raise FormatError("the workbook holds no cells", where=path.name)


def _decode(path: Path) -> tuple[str, str]:
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return data.decode("utf-16"), _ENCODINGS[0]
        except UnicodeDecodeError as exc:
            raise FormatError(f"says it is UTF-16 and is not, at byte {exc.start}", where=path.name) from exc
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise FormatError(f"is text in no known encoding ({', '.join(_ENCODINGS)})", where=path.name)


def _delimiter(sample: str) -> str:
    """Take the separator that cuts the first lines into the same, largest number of cells."""
    lines = [line for line in sample.splitlines()[:50] if line.strip()]
    if len(lines) > 1 and len(sample) == _SAMPLE:
        lines.pop()

    def score(delimiter: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        common = max(set(counts), key=counts.count) if counts else 1
        return (counts.count(common) if common > 1 else 0, common)

    return max(_DELIMITERS, key=score)


def _header(lines: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    first = [cell.strip() for cell in lines[0]]
    if first and all(re.fullmatch(r"[+-]?\d+([.,]\d+)?([eE][+-]?\d+)?", cell) for cell in first if cell):
        return [f"c{i + 1}" for i in range(len(first))], lines
    lines[0][:] = _distinct(first)
    return lines[0], lines[1:]


def _distinct(names: Sequence[str]) -> list[str]:
    out: list[str] = []
    for i, name in enumerate(names):
        base = name or f"c{i + 1}"
        candidate, n = base, 1
        while candidate in out:
            n += 1
            candidate = f"{base}_{n}"
        out.append(candidate)
    return out


def _sheet_records(cells: list[list[Any]]) -> tuple[Records, list[str]]:
    """Find the header below title rows: the first row filled as widely as the table, all of it text."""
    widths = [sum(c != "" for c in row) for row in cells]
    usual = max(widths)
    start = next(
        (
            i
            for i, row in enumerate(cells)
            if widths[i] >= max(1, 0.6 * usual) and all(isinstance(c, str) for c in row if c != "")
        ),
        None,
    )
    if start is None:
        header = [f"c{i + 1}" for i in range(len(cells[0]))]
        return _rows(header, cells), [f"the sheet has no header; its columns are named c1 to c{len(header)}"]
    notes = [f"the header was found in row {start + 1}"] if start else []
    return _rows(_distinct([str(c).strip() for c in cells[start]]), cells[start + 1 :]), notes


def _rows(header: list[str], cells: list[list[Any]]) -> Records:
    rows = [dict(zip(header, row, strict=False)) for row in cells if any(c != "" for c in row)]
    columns = {name: [row.get(name, "") for row in rows] for name in header}
    for name, values in columns.items():
        present = [v for v in values if v != ""]
        # Excel keeps every number as a float; a column of whole ones is a column of integers.
        whole = bool(present) and all(isinstance(v, float) and v.is_integer() and abs(v) < 1e15 for v in present)
        as_text = bool(present) and all(isinstance(v, str) for v in present)
        if whole:
            columns[name] = [None if v == "" else int(v) for v in values]
        elif as_text:
            columns[name] = [r[name] for r in from_text([{name: v} for v in values])]
        else:
            columns[name] = [None if v == "" else v for v in values]
    return [{name: columns[name][i] for name in header} for i in range(len(rows))]


def _table(kind: str, name: str, records: Records, notes: list[str], options: ReadOptions) -> Table:
    values = typed(records)
    names = [f.name for f in values.fields]
    remarks = [*notes, *values.notes]
    wkt = None if options.x_field else wkt_column(names, values.records)
    if wkt is not None:
        return _wkt_table(kind, name, values.records, wkt, remarks)
    found = find_coordinates(names, values.records, crs=options.crs, x_field=options.x_field, y_field=options.y_field)
    if found is None:
        rows = tuple(Row(i + 1, None, r) for i, r in enumerate(values.records))
        return Table(kind, name, rows, values.fields, notes=tuple(remarks))
    if found.note:
        remarks.append(found.note)
    rows = tuple(_point_row(i + 1, record, found.x, found.y) for i, record in enumerate(values.records))
    # A table never says its system: what the caller gave is the caller's word, not the file's.
    crs = "" if options.crs else found.crs
    return Table(kind, name, rows, values.fields, crs, found.assumed, tuple(remarks))


def _point_row(number: int, record: dict[str, Any], x_name: str, y_name: str) -> Row:
    x, y = as_number(record.get(x_name)), as_number(record.get(y_name))
    if x is not None and y is not None:
        return Row(number, shapely.Point(x, y), record)
    name = x_name if x is None else y_name
    given = record.get(name)
    why = "is empty" if given in (None, "") else f"holds {given!r}, which is not a number"
    return Row(number, None, record, problem=f"column {name} {why}")


def _wkt_table(kind: str, name: str, records: Sequence[Mapping[str, Any]], column: str, notes: list[str]) -> Table:
    rows = []
    for i, record in enumerate(records):
        rest = {k: v for k, v in record.items() if k != column}
        geometry, problem = _from_wkt(record.get(column))
        rows.append(Row(i + 1, geometry, rest, problem=problem))
    fields = typed([r.properties for r in rows]).fields
    return Table(kind, name, tuple(rows), fields, "", False, tuple(notes))


def _from_wkt(text: Any) -> tuple[BaseGeometry | None, str]:
    if not text:
        return None, "the geometry is empty"
    try:
        made = shapely.from_wkt(str(text).split(";")[-1])
    except ShapelyError as exc:
        return None, f"the geometry cannot be built: {exc}"
    return (None, "the geometry is empty") if made.is_empty else (made, "")
