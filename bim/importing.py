"""Building models into the twin: one feature a building, and the model's own file kept beside it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from bim.placement import GivenPlacement, PlacementSource
from bim.reader import read_placed
from layers.importing import import_file
from layers.readers.record import Reading, ReadOptions
from layers.report import ImportReport
from twin.core import Twin
from twin.errors import NotFoundError
from twin.model.view import Access


def import_model(
    t: Twin,
    path: str | Path,
    *,
    layer: str = "buildings",
    placement: PlacementSource | GivenPlacement | str | None = None,
    crs: str | None = None,
    decision: str = "",
    valid_from: datetime | None = None,
    title: str | None = None,
    title_en: str = "",
    access: Access = Access.STAFF,
    group: str = "buildings",
    name: str | None = None,
) -> ImportReport:
    """Store the buildings of an IFC file as features and keep the file itself.

    A building is known by its GlobalId: a model sent again changes nothing, a revised one gives its building a
    new version. The file lies in the twin's files under the SHA-256 in the feature's ``ifc_file``.

    Parameters
    ----------
    layer
        Made if it does not exist.
    placement, crs
        Force or state where the model stands (see :func:`bim.model.read_model`).
    decision, valid_from
        Number of the decision, for instance the permit, and from when the building holds.
    title, title_en, access, group
        Of a new layer.
    name
        Name of the file as its sender knows it.

    Raises
    ------
    FormatError, UnsupportedFormatError
        The file cannot be read, holds no building, or does not say where it stands.
    ParameterError, CrsError
        ``placement`` or ``crs`` cannot be met.
    ConflictError, ForbiddenError
        See :func:`layers.importing.import_file`.
    """

    def read(file: Path, options: ReadOptions) -> Reading:
        return read_placed(file, placement=placement, crs=options.crs or None, name=name)

    return import_file(
        t,
        path,
        layer=layer,
        crs=crs,
        decision=decision,
        valid_from=valid_from,
        title=title or _title(t, layer),
        title_en=title_en or ("Buildings" if layer == "buildings" else ""),
        access=access,
        group=group,
        name=name,
        reader=read,
    )


def _title(t: Twin, layer: str) -> str | None:
    """Title of a new layer of buildings; ``None`` leaves an existing one as it is."""
    try:
        t.store.layer(t.view(), layer)
    except NotFoundError:
        return "Công trình" if layer == "buildings" else None
    return None
