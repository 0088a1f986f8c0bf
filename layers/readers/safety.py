"""What is checked before a file is opened: where it lies, what an archive would unpack to.

Limits are chosen so that a province's largest real deliveries pass and a file made to fill a disk does not.
"""

from __future__ import annotations

import gzip
import re
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from twin.errors import FormatError, InputError, NotFoundError, UnsupportedFormatError

MAX_MEMBERS = 5_000
MAX_UNPACKED = 8 << 30
"""Bytes that an archive may unpack to."""
MAX_RATIO = 300
"""Unpacked over packed size; counted from :data:`RATIO_FROM` on, because small text packs very well."""
RATIO_FROM = 16 << 20
_CHUNK = 1 << 20
_CHAINED = re.compile(r"^\s*(/?vsi|[a-z][a-z0-9+.-]*://|<)|^[A-Za-z_0-9]{2,}:[\"/\\.]", re.IGNORECASE)


def local_file(path: str | Path) -> Path:
    """Check that ``path`` names an ordinary local file and return it absolute.

    Raises
    ------
    InputError
        For names that a GIS library would follow elsewhere: ``/vsicurl/…``, ``http://…``, ``GPKG:…``, XML.
    NotFoundError
        If there is no such file.
    UnsupportedFormatError
        If it is a folder.
    """
    text = str(path)
    if _CHAINED.match(text) or "\0" in text:
        raise InputError(
            f"{_shown(text)} is not the name of a local file",
            hint="Network addresses and chained virtual paths are not opened; download the file first.",
        )
    found = Path(path).absolute()
    if found.is_dir():
        raise UnsupportedFormatError(
            "is a folder", where=found.name, hint="Give one file; put a Shapefile's parts into a zip."
        )
    if not found.exists():
        raise NotFoundError(f"there is no file {_shown(text)}")
    if not found.is_file():
        raise InputError("is not an ordinary file", where=found.name)
    return found


def unpack_zip(archive: Path, into: Path) -> list[Path]:
    """Unpack a zip archive into a folder; every member is judged before any is written.

    Raises
    ------
    FormatError
        If the archive is damaged or encrypted, holds links, names outside itself, too many members, or would
        unpack to far more than its size.
    """
    where = archive.name
    try:
        with zipfile.ZipFile(archive) as packed:
            members = [m for m in packed.infolist() if not m.is_dir()]
            check_members(members, where=where)
            into.mkdir(parents=True, exist_ok=True)
            return [_extract(packed, member, into, where) for member in members]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as exc:
        raise FormatError(f"the archive is damaged or of an unknown kind: {exc}", where=where) from exc


def check_members(members: list[zipfile.ZipInfo], *, where: str) -> None:
    """Refuse an archive whose table of contents is dangerous."""
    if len(members) > MAX_MEMBERS:
        raise FormatError(f"the archive holds {len(members)} files, more than {MAX_MEMBERS}", where=where)
    total = sum(m.file_size for m in members)
    packed = sum(m.compress_size for m in members)
    _check_ratio(total, packed, where)
    names = set()
    for member in members:
        # The name as stored: zipfile already cuts at a NUL and turns the separator of other systems.
        name = member.orig_filename.replace("\\", "/")
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or re.match(r"^[A-Za-z]:", name) or "\0" in name:
            raise FormatError(
                f"member {_shown(name)} points outside the archive", where=where, hint="Pack the files anew."
            )
        if stat.S_ISLNK(member.external_attr >> 16):
            raise FormatError(f"member {_shown(name)} is a link", where=where, hint="Pack the files themselves.")
        if member.flag_bits & 0x1:
            raise FormatError("the archive is encrypted", where=where, hint="Unpack it first.")
        if name.casefold() in names:
            raise FormatError(f"member {_shown(name)} occurs twice", where=where)
        names.add(name.casefold())
        _check_ratio(member.file_size, member.compress_size, f"{where}: {_shown(name)}")


def gunzip(packed: Path, target: Path) -> Path:
    """Unpack a gzip file; :class:`FormatError` if it is damaged or unpacks to far more than its size."""
    size = packed.stat().st_size
    written = 0
    try:
        with gzip.open(packed) as source, target.open("wb") as out:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                _check_ratio(written, size, packed.name)
                out.write(chunk)
    except (gzip.BadGzipFile, zlib.error, EOFError) as exc:
        raise FormatError(f"the gzip file is damaged: {exc}", where=packed.name) from exc
    return target


def _extract(packed: zipfile.ZipFile, member: zipfile.ZipInfo, into: Path, where: str) -> Path:
    target = into.joinpath(*PurePosixPath(member.orig_filename.replace("\\", "/")).parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with packed.open(member) as source, target.open("wb") as out:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > member.file_size:
                raise FormatError("a member is larger than the archive says", where=where)
            out.write(chunk)
    return target


def _check_ratio(unpacked: int, packed: int, where: str) -> None:
    if unpacked > MAX_UNPACKED:
        raise FormatError(f"would unpack to more than {MAX_UNPACKED >> 30} GiB", where=where)
    if unpacked > RATIO_FROM and unpacked > MAX_RATIO * max(packed, 1):
        raise FormatError(
            f"would unpack to more than {MAX_RATIO} times its size", where=where, hint="Unpack it by hand first."
        )


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")
