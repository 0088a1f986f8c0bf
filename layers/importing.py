"""Files into the twin: read, checked, reported, and stored in one commit or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import shapely
from shapely.geometry.base import BaseGeometry

from layers.grids import convert
from layers.join import Join, join_table
from layers.options import ImportOptions
from layers.plausible import grid_warnings, orient, warnings_about_place
from layers.quality import MISSING_VALUES, Checked, check_rows, read_missing
from layers.readers.opening import opened
from layers.readers.record import Grid, ReadOptions, Row, Table
from layers.readers.registry import Reader
from layers.readers.safety import local_file
from layers.report import CrsReport, ImportReport, RowIssue
from twin.core import Twin
from twin.errors import (
    ConflictError,
    CrsError,
    ForbiddenError,
    FormatError,
    InputError,
    NotFoundError,
    SchemaError,
    TwinError,
)
from twin.geo.crs import describe
from twin.model.layer import Commit, FeatureChange, Field, FieldType, Layer, LayerKind, RasterItem, Source
from twin.model.view import Access
from twin.types import Json

_FILE_ID = frozenset({"id", "fid", "@id"})
_LONGEST_ID = 200

Progress = Callable[[float | None, str, str], None]
"""Gets the share done and what is being done, in Vietnamese and in English; may raise to stop the import."""


def _silent(_: float | None, __: str, ___: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class _Job:
    """What was asked, with defaults filled in."""

    twin: Twin
    path: Path
    name: str
    sha256: str
    layer: str
    crs: str
    id_field: str
    replace: bool
    decision: str
    valid_from: datetime | None
    join: Join | None
    missing: tuple[float, ...]
    unit: str
    wanted: Layer
    titled: bool
    progress: Progress


def import_file(
    t: Twin,
    path: str | Path,
    *,
    layer: str,
    crs: str | None = None,
    id_field: str | None = None,
    replace: bool = False,
    decision: str = "",
    valid_from: datetime | None = None,
    title: str | None = None,
    title_en: str = "",
    fields: Sequence[Field] = (),
    access: Access = Access.STAFF,
    group: str = "imported",
    table: str | None = None,
    x_field: str | None = None,
    y_field: str | None = None,
    join: Join | None = None,
    missing_values: Sequence[float] = MISSING_VALUES,
    unit: str = "",
    name: str | None = None,
    reader: Reader | None = None,
) -> ImportReport:
    """Import a GIS, BIM, raster or table file into a layer and report what became of each row.

    Everything is read and checked before anything is written, and layer, features, provenance and report are one
    commit: an import that fails or is killed leaves the twin as it was.

    Parameters
    ----------
    layer
        Name of the layer; made if it does not exist.
    crs
        Reference system of the file where it names none, or names a wrong one.
    id_field
        Attribute that identifies a feature; a known id gets a new version only if it changed. Without it, a
        feature's id follows from its content, so that the same file twice changes nothing. ``"id"`` means the
        file's own feature ids where no attribute is called so.
    replace
        End what the layer holds and the file lacks, at ``valid_from`` or now.
    decision, valid_from
        Number of the decision that makes the data valid, and from when; without, they hold from now on.
    fields
        Titles, units and access of attributes; types as well where given.
    access, group, title, title_en
        Of a new layer.
    table, x_field, y_field
        Which layer, sheet or object of the file; which columns are east and north.
    join
        A table whose columns are added by a key.
    missing_values
        Numbers that mean "unknown".
    unit
        Unit of a grid's values.
    name
        Name of the file as its sender knows it.
    reader
        What reads the file, instead of the reader of its format.

    Raises
    ------
    FormatError, UnsupportedFormatError
        If the file is not readable or of a kind that is not imported. The refusal is stored as a source.
    CrsError
        If the reference system is missing, unknown or cannot be right.
    ConflictError
        If the layer exists and holds something else.
    ForbiddenError
        If the viewer may not write.
    """
    if not t.viewer.may_write:
        raise ForbiddenError(f"{t.viewer.name} may not change data")
    options = ImportOptions(
        layer, crs or "", id_field or "", replace, decision, valid_from, title or "", title_en, access, group,
        table or "", x_field or "", y_field or "", unit, join,
    )  # fmt: skip
    return import_with(t, path, options, fields=fields, missing_values=missing_values, name=name, reader=reader)


def import_with(
    t: Twin,
    path: str | Path,
    options: ImportOptions,
    *,
    fields: Sequence[Field] = (),
    missing_values: Sequence[float] = MISSING_VALUES,
    name: str | None = None,
    reader: Reader | None = None,
    progress: Progress = _silent,
) -> ImportReport:
    """Import a file with options in a record; everything else is as :func:`import_file` says."""
    if not t.viewer.may_write:
        raise ForbiddenError(f"{t.viewer.name} may not change data")
    source = local_file(path)
    wanted = Layer(
        options.layer, options.title or options.layer, title_en=options.title_en, fields=tuple(fields),
        access=options.access, group=options.group,
    )  # fmt: skip
    progress(0.0, "Đang đọc tệp", "Reading the file")
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    job = _Job(
        t, source, name or source.name, digest, options.layer, options.crs, options.id_field, options.replace,
        options.decision, options.valid_from, options.join, tuple(missing_values), options.unit, wanted,
        bool(options.title), progress,
    )  # fmt: skip
    reading_options = ReadOptions(options.table, options.x_field, options.y_field, job.crs)
    try:
        with opened(source, reading_options, reader=reader) as reading:
            return _import_grid(job, reading) if isinstance(reading, Grid) else _import_table(job, reading)
    except (InputError, ConflictError) as exc:
        _store_refusal(job, exc)
        raise


def _store_refusal(job: _Job, error: TwinError) -> None:
    """Keep that a file was refused and why. It changes no layer, and must not hide the refusal itself."""
    report: dict[str, Json] = {
        "layer": job.layer,
        "file": job.name,
        "sha256": job.sha256,
        "refused": {"kind": error.kind, "message": error.message, "where": error.where, "hint": error.hint},
    }
    try:
        job.twin.store.add_source(_source(job, report, ""))
    except TwinError as exc:
        error.add_note(f"The refusal could not be stored: {exc}")


def _source(job: _Job, report: dict[str, Json], used: str) -> Source:
    return Source(
        "file",
        job.name,
        sha256=job.sha256,
        crs_given=job.crs,
        crs_used=used,
        decision=job.decision,
        actor=job.twin.viewer.name,
        report=report,
    )


# -- tables ---------------------------------------------------------------------------------------------------------


def _import_table(job: _Job, table: Table) -> ImportReport:
    if not table.rows:
        raise FormatError("the file holds no record", where=job.name)
    if not any(r.geometry is not None or r.problem for r in table.rows):
        raise FormatError(
            "the table holds no coordinates",
            where=job.name,
            hint="Name the columns that are coordinates, or join the table to a map by a key.",
        )
    crs, crs_warnings = _crs(job, table.crs, table.format, assumed=table.crs_assumed)
    info = describe(crs.used)
    joined: dict[str, Json] = {}
    if job.join is not None:
        result = join_table(table, job.join)
        table, joined = result.table, result.report
    job.progress(0.4, f"Đang kiểm tra {len(table.rows)} bản ghi", f"Checking {len(table.rows)} records")
    oriented = orient(table.rows, crs.used)
    checked = check_rows(oriented.rows, crs.used)
    checked = _with_missing(checked, table.fields, job.missing)
    if not checked.rows and all(
        "cannot be expressed" in i.reason or "not on Earth" in i.reason for i in checked.rejected
    ):
        raise CrsError(
            f"no coordinate fits {info.code} ({info.name}); {checked.rejected[0].reason}",
            where=job.name,
            hint="Name the reference system the file is in.",
        )
    named, repeated, refused = _name_features(job, checked, info.code, identified=table.identified)
    existing = _existing(job)
    define, clashes = _define(job, existing, table.fields, checked.world)
    others = [s for s in job.twin.store.layers(job.twin.view()) if s.layer.name != job.layer]
    country = str(job.twin.store.info().get("country", ""))
    place = warnings_about_place(checked.world, checked.rows, crs.used, others, country)
    report = ImportReport(
        job.layer, job.name, job.sha256, table.format, table.name,
        rows=len(table.rows), repeated=repeated, repaired=checked.repaired,
        rejected=tuple(sorted([*checked.rejected, *refused], key=lambda i: i.row)),
        crs=crs, warnings=(*crs_warnings, *([oriented.warning] if oriented.warning else []), *place, *clashes),
        notes=(*table.notes, *_missing_notes(checked, table.fields, oriented.rows, job.missing)), joined=joined,
        decision=job.decision, valid_from=job.valid_from,
    )  # fmt: skip
    for path in table.keep if named else ():
        # Before the commit: a file that no feature names is harmless, a name without its file is not.
        job.twin.files.put(path)
    return _write(job, report, named, define, info.code)


def _with_missing(checked: Checked, fields: Sequence[Field], missing: tuple[float, ...]) -> Checked:
    records, _ = read_missing([r.properties for r in checked.rows], fields, missing)
    rows = [replace(row, properties=record) for row, record in zip(checked.rows, records, strict=True)]
    return replace(checked, rows=rows)


def _missing_notes(
    checked: Checked, fields: Sequence[Field], rows: Sequence[Row], missing: tuple[float, ...]
) -> list[str]:
    kept = {r.number for r in checked.rows}
    return read_missing([r.properties for r in rows if r.number in kept], fields, missing)[1]


def _crs(job: _Job, in_file: str, kind: str, *, assumed: bool) -> tuple[CrsReport, list[str]]:
    """Decide on the reference system: the caller's word before the file's, and both before custom."""
    used = job.crs or in_file
    if not used:
        raise CrsError(
            f"this {kind} names no reference system",
            where=job.name,
            hint="Give it, for instance EPSG:9212 (VN-2000 / TM-3 106-15), EPSG:4326, EPSG:28992.",
        )
    info = describe(used)
    written = "" if assumed else in_file
    report = CrsReport(job.crs, written, info.code, assumed and not job.crs, info.operation, info.accuracy_m)
    if not (job.crs and written) or describe(written).code == info.code:
        return report, []
    return report, [
        f"the file says {describe(written).code} ({describe(written).name}); {info.code} was given and used"
    ]


def _name_features(
    job: _Job, checked: Checked, crs: str, *, identified: bool
) -> tuple[list[FeatureChange], int, list[RowIssue]]:
    """Give every row its id; rows that repeat another are counted, rows that contradict one are left out."""
    first: dict[str, tuple[int, str]] = {}
    changes: list[FeatureChange] = []
    refused: list[RowIssue] = []
    repeated = 0
    own = _id_source(job, checked.rows, identified=identified)
    for row in checked.rows:
        content = _content_hash(row, crs)
        fid = content if own is None else _given_id(row, own)
        if not fid:
            refused.append(RowIssue(row.number, f"{job.id_field} is empty"))
        elif len(fid) > _LONGEST_ID:
            refused.append(RowIssue(row.number, f"{job.id_field} has more than {_LONGEST_ID} characters", fid))
        elif fid not in first:
            first[fid] = (row.number, content)
            changes.append(FeatureChange(fid, row.geometry, row.properties, job.valid_from, crs=crs))
        elif first[fid][1] == content:
            repeated += 1
        else:
            refused.append(
                RowIssue(
                    row.number, f"{job.id_field or 'id'} {fid!r} occurs again; it is first in row {first[fid][0]}", fid
                )
            )
    return changes, repeated, refused


def _id_source(job: _Job, rows: Sequence[Row], *, identified: bool) -> str | None:
    """Name of the identifying attribute, ``""`` for the file's own ids, ``None`` for ids by content."""
    if not job.id_field or not rows:
        return "" if identified else None
    if any(job.id_field in r.properties for r in rows):
        return job.id_field
    if job.id_field in _FILE_ID and any(r.fid for r in rows):
        return ""
    known = ", ".join(rows[0].properties) if rows else ""
    raise SchemaError(f"there is no attribute {job.id_field!r}", where=job.name, hint=f"There are: {known}.")


def _given_id(row: Row, attribute: str) -> str:
    if not attribute:
        return row.fid
    value = row.properties.get(attribute)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None or isinstance(value, list | dict) else str(value).strip()


def _content_hash(row: Row, crs: str) -> str:
    digest = hashlib.sha256(crs.encode())
    digest.update(shapely.to_wkb(row.geometry) if row.geometry is not None else b"")
    digest.update(json.dumps(row.properties, sort_keys=True, ensure_ascii=False).encode())
    return digest.hexdigest()[:24]


def _existing(job: _Job) -> Layer | None:
    try:
        return job.twin.store.layer(job.twin.view(), job.layer).layer
    except NotFoundError:
        return None


def _define(
    job: _Job, existing: Layer | None, fields: Sequence[Field], world: Sequence[BaseGeometry]
) -> tuple[Layer, list[str]]:
    """Describe the layer as it will be; an existing one keeps its description and gains attributes."""
    kind = _geometry_type(world)
    described = {f.name: f for f in job.wanted.fields}
    mine = tuple(described.get(f.name, f) for f in fields)
    if existing is None:
        return replace(job.wanted, geometry_type=kind, fields=mine), []
    if existing.kind is not LayerKind.FEATURE:
        raise ConflictError(
            f"layer {job.layer!r} exists and holds {existing.kind}s, not features", hint="Choose another layer name."
        )
    if world and existing.geometry_type not in ("Any", "", kind):
        raise ConflictError(
            f"layer {job.layer!r} exists with geometry {existing.geometry_type}; the file holds "
            f"{kind if kind != 'Any' else 'several kinds'}",
            hint="Choose another layer name.",
        )
    known = {f.name: f for f in existing.fields}
    clashes = [
        f"attribute {f.name} is {known[f.name].type} in the layer and {f.type} in the file"
        for f in mine
        if f.name in known and not _compatible(known[f.name].type, f.type)
    ]
    kept = tuple(described.get(f.name, f) for f in existing.fields)
    fresh = tuple(f for f in mine if f.name not in known)
    title = job.wanted.title if job.titled else existing.title
    return replace(existing, title=title, fields=kept + fresh), clashes


def _compatible(known: FieldType, given: FieldType) -> bool:
    return known is given or known is FieldType.JSON or (known, given) == (FieldType.NUMBER, FieldType.INTEGER)


def _geometry_type(world: Sequence[BaseGeometry]) -> str:
    kinds = {g.geom_type.removeprefix("Multi") for g in world}
    only = kinds.pop() if len(kinds) == 1 else "Any"
    return only if only in ("Point", "LineString", "Polygon") else "Any"


def _write(job: _Job, report: ImportReport, changes: list[FeatureChange], define: Layer, crs: str) -> ImportReport:
    if not changes:
        first = report.rejected[0]
        raise FormatError(
            f"none of the {report.rows} rows can be stored; row {first.row}: {first.reason}", where=job.name
        )
    job.progress(0.8, f"Đang ghi {len(changes)} đối tượng", f"Writing {len(changes)} features")
    ending = (job.valid_from or datetime.now(UTC)) if job.replace else None
    commit = job.twin.store.write_features(
        job.layer,
        changes,
        _source(job, report.before_commit(), crs),
        only_if_changed=True,
        end_missing_at=ending,
        define=define,
    )
    return _after(report, commit)


def _after(report: ImportReport, commit: Commit) -> ImportReport:
    return replace(
        report,
        stored=commit.stored,
        revised=commit.revised,
        duplicate=commit.duplicate,
        ended=commit.ended,
        commit=commit.seq,
        source=commit.source,
    )


# -- grids ----------------------------------------------------------------------------------------------------------


def _import_grid(job: _Job, grid: Grid) -> ImportReport:
    if job.join is not None:
        raise FormatError("a table cannot be joined to a grid", where=job.name)
    crs, crs_warnings = _crs(job, grid.crs, grid.format, assumed=False)
    existing = _existing(job)
    if existing is not None and existing.kind is not LayerKind.RASTER:
        raise ConflictError(
            f"layer {job.layer!r} exists and holds {existing.kind}s, not grids", hint="Choose another layer name."
        )
    job.progress(0.4, "Đang chuyển lưới", "Converting the grid")
    with TemporaryDirectory(prefix="twin-grid-") as folder:
        made = convert(grid, crs.used, Path(folder))
        digest = job.twin.files.put(made.path)
    country = str(job.twin.store.info().get("country", ""))
    item = RasterItem(
        job.layer, digest, crs.used, made.bbox, job.valid_from, None, job.unit, made.minimum, made.maximum,
        {**made.properties, "file": job.name},
    )  # fmt: skip
    report = ImportReport(
        job.layer, job.name, job.sha256, grid.format, grid.name, rows=1, crs=crs,
        warnings=(*crs_warnings, *grid_warnings(made.bbox, crs.used, country)), notes=made.notes,
        grid={
            **made.properties, "minimum": made.minimum, "maximum": made.maximum, "unit": job.unit, "stored_as": digest
        },
        decision=job.decision, valid_from=job.valid_from,
    )  # fmt: skip
    if existing is not None and _holds(job, item):
        return replace(report, duplicate=1)
    define = existing or replace(job.wanted, kind=LayerKind.RASTER, geometry_type="")
    commit = job.twin.store.put_rasters([item], _source(job, report.before_commit(), crs.used), define=[define])
    return _after(report, commit)


def _holds(job: _Job, item: RasterItem) -> bool:
    known = job.twin.store.rasters(job.twin.view(), job.layer, interval=(item.valid_from, item.valid_from))
    return any((k.file, k.valid_from, k.unit) == (item.file, item.valid_from, item.unit) for k in known)
