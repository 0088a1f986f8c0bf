"""GeoPackage and Shapefile, read through GDAL once their content has shown what they are."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import pyproj
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyproj.exceptions import CRSError as ProjCrsError

from layers.readers.prj import read_prj
from layers.readers.record import ReadOptions, Row, Table
from layers.readers.values import typed
from twin.errors import FormatError, ParameterError

_SHAPE_PARTS = (".shx", ".dbf")
_VIETNAMESE = re.compile(r"1258")


def read_geopackage(path: Path, options: ReadOptions) -> Table:
    """Read one feature table of a GeoPackage."""
    names = _feature_tables(path)
    name = _choose(names, options.table, path)
    return _read(path, "GeoPackage", name, driver="GPKG", encoding=None, crs=None)


def read_shapefile(path: Path, options: ReadOptions) -> Table:  # noqa: ARG001 - a reader
    """Read a Shapefile; its ``.shx`` and ``.dbf`` must lie beside it."""
    here = {p.suffix.lower() for p in path.parent.iterdir() if p.stem == path.stem}
    missing = [part for part in _SHAPE_PARTS if part not in here]
    if missing:
        raise FormatError(
            f"a Shapefile needs its {' and '.join(missing)} beside it",
            where=path.name,
            hint="Put all parts into a zip.",
        )
    crs, note = read_prj(path)
    table, remark = _read_shapes(path, crs)
    return replace(table, notes=(*([note] if note else []), *([remark] if remark else []), *table.notes))


def _read_shapes(path: Path, crs: str) -> tuple[Table, str]:
    """Read with the declared encoding, else as UTF-8, else as Windows Vietnamese."""

    def read(encoding: str | None, *, recode: bool = False) -> Table:
        return _read(path, "Shapefile", path.stem, driver="ESRI Shapefile", encoding=encoding, crs=crs, recode=recode)

    declared = _declared_encoding(path)
    if declared and not _VIETNAMESE.search(declared):
        return read(None), ""
    if not declared:
        try:
            return read("UTF-8"), "the file does not name its encoding; it was read as UTF-8"
        except UnicodeDecodeError:
            pass  # not UTF-8, then
    return read("ISO-8859-1", recode=True), "text was read as Windows Vietnamese (CP1258)"


def _declared_encoding(path: Path) -> str:
    beside = next((p for p in path.parent.iterdir() if p.stem == path.stem and p.suffix.lower() == ".cpg"), None)
    return beside.read_text(encoding="ascii", errors="replace").strip() if beside else ""


def _feature_tables(path: Path) -> list[str]:
    """Names of the feature tables, from the file's own table of contents."""
    try:
        with sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True) as db:
            found = db.execute(
                "SELECT table_name FROM gpkg_contents WHERE data_type = 'features' ORDER BY 1"
            ).fetchall()
    except sqlite3.Error as exc:
        raise FormatError(f"is a database but not a readable GeoPackage: {exc}", where=path.name) from exc
    names = [str(row[0]) for row in found]
    if not names:
        raise FormatError("the GeoPackage holds no feature table", where=path.name)
    return names


def _choose(names: list[str], wanted: str, path: Path) -> str:
    if wanted in names:
        return wanted
    if not wanted and len(names) == 1:
        return names[0]
    raise ParameterError(
        f"holds the tables {', '.join(names)}" + (f" but no {wanted!r}" if wanted else ""),
        where=path.name,
        hint="Name one of them as the table to read.",
    )


def _read(
    path: Path, kind: str, name: str, *, driver: str, encoding: str | None, crs: str | None, recode: bool = False
) -> Table:
    source = str(path.absolute())
    try:
        info = pyogrio.read_info(source, layer=name, encoding=encoding)
        if info["driver"] != driver:
            raise FormatError(f"opens as {info['driver']}, not as {kind}", where=path.name)
        meta, fids, shapes, columns = pyogrio.raw.read(
            source, layer=name, encoding=encoding, return_fids=True, datetime_as_string=True
        )
    except (DataSourceError, DataLayerError) as exc:
        raise FormatError(f"is not a readable {kind}: {exc}", where=path.name) from exc
    geometries = (
        shapely.from_wkb(shapes, on_invalid="ignore") if shapes is not None else np.full(len(fids), None, dtype=object)
    )
    names = [str(n) for n in meta["fields"]]
    records = _records(names, columns, len(geometries))
    values = typed([{_cp1258(k): _cp1258(v) for k, v in r.items()} for r in records] if recode else records)
    rows = tuple(
        Row(i + 1, geometry, values.records[i], str(fids[i]) if driver == "GPKG" else "", _problem(shapes, i, geometry))
        for i, geometry in enumerate(geometries)
    )
    return Table(kind, name, rows, values.fields, _crs_code(meta["crs"]) if crs is None else crs, notes=values.notes)


def _cp1258(value: Any) -> Any:
    """Decode bytes that were passed through as Latin-1; GDAL's own decoder loses the last letter of each text."""
    return value.encode("latin-1", "replace").decode("cp1258", "replace") if isinstance(value, str) else value


def _records(names: list[str], columns: list[Any], count: int) -> list[dict[str, Any]]:
    lists = [_as_list(column) for column in columns]
    return [{name: column[i] for name, column in zip(names, lists, strict=True)} for i in range(count)]


def _as_list(column: Any) -> list[Any]:
    if np.issubdtype(column.dtype, np.datetime64):
        return [None if np.isnat(v) else str(v) for v in column]
    # pyogrio turns integer columns with gaps into floats.
    if np.issubdtype(column.dtype, np.floating) and np.isnan(column).any():
        rest = column[~np.isnan(column)]
        if len(rest) and column.dtype == np.float64 and np.all(rest == np.floor(rest)) and np.all(np.abs(rest) < 2**53):
            return [None if np.isnan(v) else int(v) for v in column]
    return list(column.tolist())


def _problem(shapes: Any, index: int, geometry: Any) -> str:
    if geometry is None:
        return "" if shapes is None or shapes[index] is None else "the geometry cannot be built"
    return "the geometry is empty" if geometry.is_empty else ""


def _crs_code(text: str | None) -> str:
    """Shorten what GDAL says to a code where one is certain."""
    if not text:
        return ""
    try:
        authority = pyproj.CRS.from_user_input(text).to_authority(min_confidence=100)
    except ProjCrsError:
        return text
    return ":".join(authority) if authority else text
