"""What a file is, told by its content; its name is only used to choose between kinds of text.

Whatever is not on the list is refused. Formats that point elsewhere (virtual datasets, service descriptions,
projects) are not on it.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from twin.errors import FormatError, UnsupportedFormatError

_HEAD = 64 * 1024
_GRID = re.compile(
    rb"\s*(ncols|nrows|xllcorner|xllcenter|yllcorner|yllcenter|cellsize|dx)\s+[-+.\deE]+\s", re.IGNORECASE
)
_DXF = re.compile(rb"(\s*999\r?\n[^\r\n]*\r?\n)*\s*0\r?\n\s*SECTION\s", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")

_SAVE_DXF = "Save it as DXF in the drawing program."
_TO_GEOPACKAGE = "Convert it to a GeoPackage."
_REFUSED: tuple[tuple[re.Pattern[bytes], str, str], ...] = (
    (re.compile(rb"AC10\d\d\x00"), "a DWG drawing", _SAVE_DXF),
    (re.compile(rb"%PDF-"), "a PDF document", "Import the data it was made from."),
    (re.compile(rb"\x89PNG|\xff\xd8\xff|GIF8"), "a picture without a place", "Georeference it as a GeoTIFF."),
    (re.compile(rb"CDF[\x01\x02\x05]|\x89HDF"), "a NetCDF or HDF file", "Convert the grid to a GeoTIFF."),
    (re.compile(rb"Rar!|7z\xbc\xaf|\xfd7zXZ|BZh"), "an archive of a kind that is not opened", "Pack it as zip."),
    (re.compile(rb"fgb\x03"), "a FlatGeobuf file", _TO_GEOPACKAGE),
    (re.compile(rb"PAR1"), "a Parquet file", _TO_GEOPACKAGE),
    (re.compile(rb"\x1aE\xdf\xa3|\x7fELF"), "not a data file", ""),
)

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"SQLite format 3\x00", "geopackage"),
    (b"II*\x00", "geotiff"),
    (b"MM\x00*", "geotiff"),
    (b"II+\x00", "geotiff"),
    (b"MM\x00+", "geotiff"),
    (b"\x00\x00\x27\x0a", "shapefile"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "excel"),
    (b"AutoCAD Binary DXF", "dxf"),
)


def detect(path: Path) -> str:
    """Name the format of a file: the key of its reader, or ``"zip"`` or ``"gzip"``.

    Raises
    ------
    UnsupportedFormatError
        For a format that is known and not read, with what to do instead, and for one that is not known.
    FormatError
        For an empty file.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head.strip():
        raise FormatError("the file is empty", where=path.name)
    return _by_magic(head, path) or _by_text(head, path)


def _by_magic(head: bytes, path: Path) -> str:
    for pattern, what, hint in _REFUSED:
        if pattern.match(head):
            raise UnsupportedFormatError(f"is {what}", where=path.name, hint=hint)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(path)
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")


def _zip_kind(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as packed:
            names = {name.casefold() for name in packed.namelist()}
    except zipfile.BadZipFile as exc:
        raise FormatError(f"the archive is damaged: {exc}", where=path.name) from exc
    if {"xl/workbook.xml", "xl/workbook.bin"} & names or ("mimetype" in names and "content.xml" in names):
        return "excel"
    if "word/document.xml" in names or "ppt/presentation.xml" in names:
        raise UnsupportedFormatError("is an office document, not a table", where=path.name, hint="Save it as Excel.")
    return "zip"


def _by_text(head: bytes, path: Path) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "csv"
    if text.startswith(b"ISO-10303-21;"):
        return "ifc"
    if text[:1] in (b"{", b"["):
        return "json"
    if text.startswith(b"<"):
        raise _refuse_xml(text, path)
    if _DXF.match(text):
        return "dxf"
    if _GRID.match(text):
        return "asciigrid"
    if _CONTROL.search(head) or not _looks_tabular(text):
        raise UnsupportedFormatError(
            "is of no kind that can be imported",
            where=path.name,
            hint="GeoJSON, TopoJSON, GeoPackage, Shapefile (zip), DXF, CityJSON, GeoTIFF, ASCII grid, CSV, Excel and "
            "IFC can.",
        )
    return "csv"


def _looks_tabular(text: bytes) -> bool:
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    return bool(lines) and any(all(d in line for line in lines[:2]) for d in (b",", b";", b"\t", b"|"))


def _refuse_xml(text: bytes, path: Path) -> UnsupportedFormatError:
    lowered = text[:4096].lower()
    if b"<ogrvrtdatasource" in lowered or b"<vrtdataset" in lowered:
        return UnsupportedFormatError(
            "is a virtual dataset that points to other files", where=path.name, hint="Import the data it points to."
        )
    for mark, what in (
        (b"citygml", "CityGML; convert it to CityJSON"),
        (b"ifcxml", "IFC as XML; export the model as IFC4 or IFC4X3_ADD2 (.ifc)"),
        (b"<kml", "KML; convert it to GeoJSON"),
        (b"opengis.net/gml", "GML; convert it to a GeoPackage"),
        (b"<html", "a web page, not the file it may link to"),
    ):
        if mark in lowered:
            return UnsupportedFormatError(f"is {what}", where=path.name)
    return UnsupportedFormatError("is XML of a kind that is not imported", where=path.name)
