"""Joining a table to a map by a key: assessor records to parcels, codes to zones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import file_digest
from pathlib import Path

from layers.readers.opening import opened
from layers.readers.record import ReadOptions, Row, Table
from layers.readers.values import typed
from twin.errors import ParameterError, UnsupportedFormatError
from twin.model.layer import Field
from twin.types import Json


@dataclass(frozen=True, slots=True)
class Join:
    """Which table to join, and how.

    Where several records share a key, the first is taken for every column, except that the numbers of the
    columns in ``sums`` are added up. The report says how many keys that concerns.

    Parameters
    ----------
    path
        CSV or Excel file.
    on
        Column of the key, in the map and in the table.
    key
        Column of the key in the table where it is called otherwise.
    sums
        Columns that are added up over the records of a key.
    """

    path: str | Path
    on: str
    key: str = ""
    sums: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Joined:
    """The table with the columns of the other, and what the join found."""

    table: Table
    report: dict[str, Json]


def join_table(table: Table, join: Join) -> Joined:
    """Add the columns of the joined table to the rows of ``table``."""
    with opened(join.path, ReadOptions(crs="EPSG:4326")) as other:
        if not isinstance(other, Table):
            raise UnsupportedFormatError("only a table can be joined", where=Path(join.path).name)
    key = join.key or join.on
    _require(table, join.on)
    _require(other, key)
    for name in join.sums:
        _require(other, name)
    records = _by_key(other, key)
    names = _names(table, other, key)
    merged = {value: _merge(rows, names, join.sums) for value, rows in records.items()}
    found = [merged.get(_key(row.properties.get(join.on))) for row in table.rows]
    blank: dict[str, Json] = dict.fromkeys(names.values())
    rows = [replace(r, properties={**r.properties, **(add or blank)}) for r, add in zip(table.rows, found, strict=True)]
    return Joined(
        replace(table, rows=tuple(rows), fields=(*table.fields, *_fields(rows, other, names, join.sums))),
        _report(table, other, join, records, found),
    )


def _require(table: Table, name: str) -> None:
    if name not in {f.name for f in table.fields}:
        raise ParameterError(
            f"there is no column {name!r}",
            where=table.name,
            hint=f"The columns are {', '.join(f.name for f in table.fields)}.",
        )


def _key(value: Json) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).strip()


def _by_key(other: Table, key: str) -> dict[str, list[Row]]:
    records: dict[str, list[Row]] = {}
    for row in other.rows:
        value = _key(row.properties.get(key))
        if value:
            records.setdefault(value, []).append(row)
    return records


def _names(table: Table, other: Table, key: str) -> dict[str, str]:
    """Names of the joined columns; one that the map has already is prefixed with the table's name."""
    taken = {f.name for f in table.fields}
    names = {f.name: f.name for f in other.fields if f.name != key}
    return {old: f"{other.name}_{old}" if old in taken else new for old, new in names.items()}


def _merge(rows: Sequence[Row], names: Mapping[str, str], sums: Sequence[str]) -> dict[str, Json]:
    out: dict[str, Json] = {new: rows[0].properties.get(old) for old, new in names.items()}
    for name in sums:
        numbers = [v for r in rows if isinstance(v := r.properties.get(name), int | float)]
        out[names[name]] = sum(numbers) if numbers else None
    return out


def _fields(rows: Sequence[Row], other: Table, names: Mapping[str, str], sums: Sequence[str]) -> list[Field]:
    kinds = {names[f.name]: f.type for f in other.fields if f.name in names}
    # A sum may be a whole number or not; the joined values decide.
    for field in typed([{names[n]: r.properties.get(names[n]) for n in sums} for r in rows]).fields:
        kinds[field.name] = field.type
    return [Field(name, kind) for name, kind in kinds.items()]


def _report(
    table: Table,
    other: Table,
    join: Join,
    records: Mapping[str, Sequence[Row]],
    found: Sequence[Mapping[str, Json] | None],
) -> dict[str, Json]:
    used = {_key(row.properties.get(join.on)) for row in table.rows}
    with Path(join.path).open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    joined = sum(add is not None for add in found)
    return {
        "file": Path(join.path).name,
        "sha256": digest,
        "on": join.on,
        "records": len(other.rows),
        "keys": len(records),
        "records_without_key": len(other.rows) - sum(map(len, records.values())),
        "joined": joined,
        "unmatched": len(table.rows) - joined,
        "keys_without_feature": sum(key not in used for key in records),
        "keys_with_several_records": sum(len(rows) > 1 for rows in records.values()),
        "summed": list(join.sums),
        "rule": "first record of a key; the columns under 'summed' added up over its records",
    }
