"""From a path to what the file holds: safety first, then content, then the one reader for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from layers.readers.detect import detect
from layers.readers.jsonfile import read_json
from layers.readers.raster import read_ascii_grid, read_geotiff
from layers.readers.record import Reading, ReadOptions
from layers.readers.registry import Reader, reader_for, register
from layers.readers.safety import gunzip, local_file, unpack_zip
from layers.readers.tabular import read_csv, read_excel
from twin.errors import FormatError, UnsupportedFormatError


def _late(module: str, name: str) -> Reader:
    """A reader whose libraries take most of a second to load, loaded with the first file that needs it."""

    def read(path: Path, options: ReadOptions) -> Reading:
        found: Reader = getattr(import_module(module), name)
        return found(path, options)

    return read


register("json", read_json)
register("geopackage", _late("layers.readers.vector", "read_geopackage"))
register("shapefile", _late("layers.readers.vector", "read_shapefile"))
register("dxf", _late("layers.readers.dxf", "read_dxf"))
register("geotiff", read_geotiff)
register("asciigrid", read_ascii_grid)
register("csv", read_csv)
register("excel", read_excel)

# Members that can stand for an archive, the most telling first.
_PRINCIPAL = (
    "shapefile", "geopackage", "ifc", "geotiff", "asciigrid", "json", "dxf", "excel", "csv",
)  # fmt: skip
_COMPANIONS = frozenset(
    [
        ".shx",
        ".dbf",
        ".prj",
        ".cpg",
        ".sbn",
        ".sbx",
        ".qix",
        ".qmd",
        ".xml",
        ".tfw",
        ".aux",
        ".lic",
        ".txt",
        ".md",
        ".html",
    ]
)


@contextmanager
def opened(path: str | Path, options: ReadOptions | None = None, *, reader: Reader | None = None) -> Iterator[Reading]:
    """Read a file of any kind that is supported.

    What had to be unpacked lies in a folder of its own until the context ends; a :class:`~layers.readers.record.Grid`
    must be used before. ``reader`` takes the place of the one registered for the format.

    Raises
    ------
    FormatError
        If the file is damaged, or an archive is dangerous.
    UnsupportedFormatError
        If it is of a kind that is not read.
    """
    given = options or ReadOptions()
    source = local_file(path)
    with TemporaryDirectory(prefix="twin-import-") as folder:
        work = Path(folder)
        file, kind = _unpacked(source, work)
        read = reader or reader_for(kind)
        yield read(file, replace(given, work=work))


def _unpacked(source: Path, work: Path) -> tuple[Path, str]:
    kind = detect(source)
    if kind == "zip":
        return _principal(unpack_zip(source, work / "zip"), source)
    if kind != "gzip":
        return source, kind
    # The name inside is the name without .gz, so that a .prj beside it is found by the same stem.
    inner = gunzip(source, work / source.name.removesuffix(".gz"))
    kind = detect(inner)
    if kind in ("zip", "gzip"):
        raise UnsupportedFormatError("is an archive within an archive", where=source.name, hint="Unpack it first.")
    _bring_prj(source, inner)
    return inner, kind


def _principal(members: list[Path], archive: Path) -> tuple[Path, str]:
    kinds: dict[str, list[Path]] = {}
    refusals: list[str] = []
    for member in members:
        if member.suffix.lower() in _COMPANIONS or "__MACOSX" in member.parts or member.name.startswith("."):
            continue
        try:
            kinds.setdefault(detect(member), []).append(member)
        except FormatError as exc:
            refusals.append(str(exc))
    for kind in _PRINCIPAL:
        files = kinds.get(kind, [])
        if len(files) > 1:
            raise FormatError(
                f"the archive holds {len(files)} maps: {', '.join(sorted(f.name for f in files)[:10])}",
                where=archive.name,
                hint="Import them one by one.",
            )
        if files:
            _bring_prj(archive, files[0])
            return files[0], kind
    if kinds:
        raise UnsupportedFormatError("is an archive within an archive", where=archive.name, hint="Unpack it first.")
    raise FormatError(
        "the archive holds nothing that can be imported" + (f" ({refusals[0]})" if refusals else ""), where=archive.name
    )


def _bring_prj(archive: Path, inner: Path) -> None:
    """Let a ``.prj`` beside the archive serve the file inside it where that has none."""
    if any(p.suffix.lower() == ".prj" and p.stem == inner.stem for p in inner.parent.iterdir()):
        return
    stems = {archive.stem, inner.stem}
    beside = next((p for p in archive.parent.iterdir() if p.suffix.lower() == ".prj" and p.stem in stems), None)
    if beside is not None:
        inner.with_suffix(".prj").write_bytes(beside.read_bytes())
