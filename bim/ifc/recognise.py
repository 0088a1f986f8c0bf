"""What a file is, told from its content before any BIM library touches it.

Read are IFC2X3, IFC4 and IFC4X3_ADD2 as plain STEP text. Everything else is refused with its name and what to
export instead, in a sentence that an applicant for a building permit can act on.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from twin.errors import FormatError, NotFoundError, UnsupportedFormatError

READ_SCHEMAS = ("IFC2X3", "IFC4", "IFC4X3_ADD2")

MAX_FILE_BYTES = 1 << 30
"""Larger models are refused: a permit dossier has tens of megabytes. [bytes]"""

_HEAD_BYTES = 1 << 20
_TAIL_BYTES = 1 << 16
_EXPORT_HINT = "Export the model from your program again as IFC4 or IFC4X3_ADD2 (IFC2X3 is read too), as .ifc."
_COMMENT = re.compile(rb"/\*.*?\*/", re.DOTALL)
_FILE_SCHEMA = re.compile(rb"FILE_SCHEMA\s*\(\s*\(\s*'([^']*)'", re.IGNORECASE)

# First bytes of formats that people send instead of IFC.
_FOREIGN: tuple[tuple[bytes, str], ...] = (
    (b"AC10", "an AutoCAD drawing (DWG)"),
    (b"\xd0\xcf\x11\xe0", "a Revit model or an old Office file"),
    (b"%PDF", "a PDF document"),
    (b"glTF", "a binary glTF scene"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\xff\xfeS\x00k\x00e\x00t\x00c\x00h", "a SketchUp model"),
    (b"\xff\xfe\xff\x0eS\x00k\x00e\x00t\x00c\x00h", "a SketchUp model"),
    (b"Salted__", "an encrypted file"),
    (b"-----BEGIN PGP", "an encrypted file"),
    (b"SQLite format 3", "a SQLite database"),
)


def recognise(path: Path) -> str:
    """Return the schema of a readable IFC file, one of :data:`READ_SCHEMAS`.

    Raises
    ------
    NotFoundError
        There is no such file.
    UnsupportedFormatError
        A known format or IFC version that is not read.
    FormatError
        Not recognised, empty, too large, or cut off before its end.
    """
    head, tail, size = _ends(path)
    where = path.name
    if size == 0:
        raise FormatError("the file is empty", where=where, hint=_EXPORT_HINT)
    start = _COMMENT.sub(b"", head.removeprefix(b"\xef\xbb\xbf")).lstrip()
    if not start.upper().startswith(b"ISO-10303-21;"):
        raise _not_step(path, head, start)
    schema = _step_schema(start, where)
    if schema not in READ_SCHEMAS:
        raise _other_schema(schema, where)
    if b"END-ISO-10303-21" not in tail.upper():
        raise FormatError(
            f"the {schema} file is cut off: its closing line END-ISO-10303-21 is missing after {size} bytes",
            where=where,
            hint="The copy or upload was interrupted; send the file again.",
        )
    return schema


def _ends(path: Path) -> tuple[bytes, bytes, int]:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise FormatError(
                f"the file has {size / 1e6:.0f} MB; at most {MAX_FILE_BYTES / 1e6:.0f} MB are read",
                where=path.name,
                hint="Export the architectural model alone, without furniture and entourage.",
            )
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            file.seek(max(0, size - _TAIL_BYTES))
            return head, file.read(_TAIL_BYTES), size
    except FileNotFoundError as exc:
        raise NotFoundError("there is no such file", where=str(path)) from exc
    except OSError as exc:
        reason = exc.strerror or exc
        raise FormatError(f"the file cannot be opened: {reason}", where=str(path)) from exc


def _step_schema(start: bytes, where: str) -> str:
    header = start.split(b"ENDSEC", 1)[0]
    match = _FILE_SCHEMA.search(header)
    if match is None:
        raise FormatError(
            "a STEP file whose header names no schema (FILE_SCHEMA is missing)",
            where=where,
            hint=_EXPORT_HINT,
        )
    return match[1].decode("ascii", "replace").strip().upper().split(" ")[0]


def _other_schema(schema: str, where: str) -> UnsupportedFormatError:
    if re.search(r"_RC\d+$", schema):
        what = f"{schema} is a release candidate of the standard, not a published version"
    elif schema.startswith("IFC"):
        what = f"IFC version {schema} is not read"
    else:
        what = f"this is a STEP file of schema {schema}, not a building model (IFC)"
    return UnsupportedFormatError(what, where=where, hint=_EXPORT_HINT)


def _not_step(path: Path, head: bytes, start: bytes) -> FormatError:
    where = path.name
    found = _foreign_name(path, head, start)
    if found:
        return UnsupportedFormatError(f"this is {found}, which is not read", where=where, hint=_EXPORT_HINT)
    return FormatError("this is not an IFC file: it does not begin with ISO-10303-21", where=where, hint=_EXPORT_HINT)


def _foreign_name(path: Path, head: bytes, start: bytes) -> str:
    if head.startswith(b"PK"):
        return _archive_name(path)
    for magic, name in _FOREIGN:
        if head.startswith(magic):
            return name
    if start.startswith(b"{"):
        return _json_name(start)
    if start.startswith(b"<"):
        is_ifc = re.search(rb"<\w*:?ifcxml|ifcxml", start[:65536], re.IGNORECASE)
        return "IFC as XML (ifcXML)" if is_ifc else "an XML document"
    if start.startswith(b"0") and b"SECTION" in start[:200]:
        return "a DXF drawing"
    return ""


def _json_name(start: bytes) -> str:
    version = re.search(rb'"(?:ifcxVersion|version)"\s*:\s*"([^"]*ifcx[^"]*)"', start, re.IGNORECASE)
    if version:
        return f"an IFC5 file (JSON, version {version[1].decode('ascii', 'replace')[:40]})"
    return "IFC as JSON" if re.search(rb'"type"\s*:\s*"Ifc', start) else "a JSON document"


def _archive_name(path: Path) -> str:
    """Describe a ZIP archive from its table of contents; nothing is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return "a damaged ZIP archive"
    models = [e for e in entries if e.filename.lower().endswith((".ifc", ".ifcxml"))]
    if any(e.flag_bits & 0x1 for e in entries):
        return "an encrypted ZIP archive"
    if models:
        name = models[0].filename.rsplit("/", 1)[-1][:80]
        return f"a ZIP archive holding {name} (unpack it and send the .ifc itself)"
    return "a ZIP archive without an IFC file"
