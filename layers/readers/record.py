"""The vocabulary that every reader speaks.

A reader gets a local file whose format its content has shown, and gives a :class:`Table` or :class:`Grid`.
It changes nothing, asks no network, and opens nothing but that file and its known companions. Geometries stay
in the coordinates of the file; ``crs`` is what the file itself says and ``""`` where it says nothing. A row that
cannot be read is a row with a ``problem``; a file that cannot be read raises
:class:`~twin.errors.FormatError`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from shapely.geometry.base import BaseGeometry

from twin.model.layer import Field
from twin.types import Json


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a file.

    ``number`` is its place in the file, from 1. ``fid`` is the file's own identifier, ``""`` if it has none
    that means anything outside the file. ``problem`` says why the row cannot be used, ``mended`` what the
    reader had to leave out to make it usable.
    """

    number: int
    geometry: BaseGeometry | None
    properties: dict[str, Json]
    fid: str = ""
    problem: str = ""
    mended: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one collection in a file.

    ``crs_assumed`` says that ``crs`` follows from the format or from column names and is not written in the
    file. ``notes`` are remarks for the import report. ``identified`` says that the rows' ``fid`` names the same
    thing in every file (a GlobalId), so that it is used where the caller names no id. ``keep`` are files that the
    twin keeps beside the features.
    """

    format: str
    name: str
    rows: tuple[Row, ...]
    fields: tuple[Field, ...] = ()
    crs: str = ""
    crs_assumed: bool = False
    notes: tuple[str, ...] = ()
    attribution: str = ""
    identified: bool = False
    keep: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """A raster file that can be opened as it is; ``driver`` is the only one to open it with."""

    format: str
    name: str
    path: Path
    driver: str
    crs: str = ""
    notes: tuple[str, ...] = ()


Reading: TypeAlias = Table | Grid


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the caller knows about a file.

    Parameters
    ----------
    table
        Which layer, sheet or object of a file that holds several.
    x_field, y_field
        Coordinate columns of a table whose names do not tell.
    crs
        Reference system the caller gave; some readers need it to tell axes apart.
    """

    table: str = ""
    x_field: str = ""
    y_field: str = ""
    crs: str = ""
    work: Path | None = field(default=None)
    """A folder of its own for what has to be unpacked."""
