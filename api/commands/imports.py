"""``twin import``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.common import BAD, Json, Store, print_json, say, say_table
from twin.errors import InputError, ParameterError, TimeError
from twin.model.view import Access
from twin.types import LOCAL, parse_time

if TYPE_CHECKING:
    from layers import Join

_SHOWN = 10


class RefusedFileError(Exception):
    """A file was read and refused: the answer is bad, the call was right."""

    def __init__(self, error: InputError) -> None:
        super().__init__(str(error))
        self.error = error


def import_(
    file: Annotated[Path, typer.Argument(help="Any GIS, BIM, raster or table file.")],
    *,
    layer: Annotated[str, typer.Option(help="Layer the data goes to; made if it does not exist.")],
    crs: Annotated[str | None, typer.Option(help="Reference system, for instance EPSG:9210.")] = None,
    id_field: Annotated[str | None, typer.Option("--id", help="Attribute that identifies a feature.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="What the file lacks ends at valid-from.")] = False,
    decision: Annotated[str, typer.Option(help="Number of the decision.")] = "",
    valid_from: Annotated[str | None, typer.Option(help="From when it holds: a date (Viet Nam) or RFC 3339.")] = None,
    title: Annotated[str | None, typer.Option(help="Title of a new layer.")] = None,
    title_en: Annotated[str, typer.Option(help="English title of a new layer.")] = "",
    group: Annotated[str, typer.Option(help="Group of a new layer in the layer list.")] = "imported",
    public: Annotated[bool, typer.Option("--public", help="Show a new layer to everybody.")] = False,
    table: Annotated[str | None, typer.Option(help="Layer, sheet or object of a file that holds several.")] = None,
    x_field: Annotated[str | None, typer.Option("--x", help="Column of east or longitude.")] = None,
    y_field: Annotated[str | None, typer.Option("--y", help="Column of north or latitude.")] = None,
    join: Annotated[Path | None, typer.Option(help="A table whose columns are added.")] = None,
    on: Annotated[str, typer.Option(help="Column both share, or MAP=TABLE.")] = "",
    sums: Annotated[str, typer.Option(help="Columns of the joined table to add up, a,b.")] = "",
    unit: Annotated[str, typer.Option(help="Unit of a grid's values.")] = "",
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Import a file and print its report. Exit status 1: rows were rejected, or the file was refused."""
    # The readers' libraries take a second to load.
    from api.commands.carrying import Carrier  # noqa: PLC0415
    from layers.import_job import KIND, inputs_of  # noqa: PLC0415
    from layers.options import ImportOptions  # noqa: PLC0415

    # A name or system that cannot be is a wrong call, not a bad file.
    options = ImportOptions(
        layer,
        crs=crs or "",
        id_field=id_field or "",
        replace=replace,
        decision=decision,
        valid_from=_valid_from(valid_from),
        title=title or "",
        title_en=title_en,
        access=Access.PUBLIC if public else Access.STAFF,
        group=group,
        table=table or "",
        x_field=x_field or "",
        y_field=y_field or "",
        join=_join(join, on, sums),
        unit=unit,
    ).relative_to(Path.cwd())
    carrier = Carrier(
        store,
        KIND.name,
        lambda: inputs_of(options, name=file.name, path=_local(file)),
        f"Nhập {file.name}",
        f"Import {file.name}",
    )
    try:
        report = carrier.result(quiet=as_json)
    except ParameterError:
        raise
    except InputError as exc:
        raise RefusedFileError(exc) from exc
    if as_json:
        print_json(report)
    else:
        _print(report)
    if not report["ok"]:
        raise typer.Exit(BAD)


def _local(file: Path) -> Path:
    """Where the file lies, checked before a job is asked for: the worker starts elsewhere."""
    from layers.readers.safety import local_file  # noqa: PLC0415  as above

    return local_file(file)


def _join(path: Path | None, on: str, sums: str) -> Join | None:
    if path is None:
        return None
    if not on:
        raise ParameterError("a joined table needs the column both share", where="--on")
    from layers import Join  # noqa: PLC0415  as above

    ours, _, theirs = on.partition("=")
    return Join(path, ours, theirs, tuple(name for name in sums.split(",") if name))


def _valid_from(text: str | None) -> datetime | None:
    """A date begins in Viet Nam; a date-time says its zone."""
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=LOCAL)
    except ValueError:
        pass
    try:
        return parse_time(text, where="--valid-from")
    except TimeError as exc:
        raise ParameterError(exc.message, where="--valid-from", hint="Write 2026-11-23, or a time with zone.") from None


def _crs(crs: dict[str, Any]) -> str:
    """What was given, what the file says, what was used, and whether that was only assumed."""
    assumed = " (giả định: không ai nói)" if crs["assumed"] else ""
    return f"đưa vào {crs['given'] or '–'}, trong tệp {crs['in_file'] or '–'}, dùng {crs['used'] or '–'}{assumed}"


def _print(report: dict[str, Any]) -> None:
    rows = [
        ("Tệp", f"{report['file']} ({report['format']})"),
        ("Hệ tọa độ", _crs(report["crs"])),
        ("Số bản ghi", report["rows"]),
        ("Thêm mới", report["stored"]),
        ("Phiên bản mới", report["revised"]),
        ("Đã biết", report["duplicate"]),
        ("Lặp trong tệp", report["repeated"]),
        ("Kết thúc", report["ended"]),
        ("Đã sửa hình", report["repaired"]),
        ("Bị loại", report["rejected"]),
    ]
    say_table([f"Lớp {report['layer']}", ""], rows)
    if joined := report.get("joined"):
        say("Nối với {file} theo {on}: {joined} khớp, {unmatched} không khớp".format_map(joined))
    for warning in report["warnings"]:
        say(f"Cảnh báo: {warning}")
    for issue in report["rejections"][:_SHOWN]:
        say(f"Loại dòng {issue['row']}: {issue['reason']}")
    if report["rejected"] > _SHOWN:
        say(f"… và {report['rejected'] - _SHOWN} dòng nữa (xem --json)")
    for note in report["notes"]:
        say(note)
