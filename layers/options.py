"""What may be said about a file that is imported, in one record for the command, the upload and the job."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from layers.join import Join
from twin.errors import ParameterError
from twin.geo.crs import describe
from twin.model.layer import Layer
from twin.model.view import Access
from twin.types import Json, format_time, parse_time, require_aware


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """Options of an import, as :func:`layers.importing.import_file` describes them.

    Raises
    ------
    ParameterError
        If the layer's name cannot be one.
    CrsError
        If the reference system is unknown.
    TimeError
        If ``valid_from`` has no zone.
    """

    layer: str
    crs: str = ""
    id_field: str = ""
    replace: bool = False
    decision: str = ""
    valid_from: datetime | None = None
    title: str = ""
    title_en: str = ""
    access: Access = Access.STAFF
    group: str = "imported"
    table: str = ""
    x_field: str = ""
    y_field: str = ""
    unit: str = ""
    join: Join | None = None

    def __post_init__(self) -> None:
        Layer(self.layer, self.title or self.layer)
        object.__setattr__(self, "crs", self.crs.strip())
        if self.crs:
            describe(self.crs)
        if self.valid_from is not None:
            object.__setattr__(self, "valid_from", require_aware(self.valid_from, where="valid_from"))

    def as_inputs(self) -> dict[str, Json]:
        """What differs from the defaults, as JSON."""
        out: dict[str, Json] = {"layer": self.layer}
        for option in fields(self)[1:]:
            value = getattr(self, option.name)
            if value != option.default:
                out[option.name] = _json(value)
        return out

    @classmethod
    def of_inputs(cls, inputs: dict[str, Any]) -> ImportOptions:
        """The options again, from JSON."""
        known = {option.name for option in fields(cls)}
        if unknown := sorted(set(inputs) - known):
            raise ParameterError(
                f"an import has no option {unknown[0]!r}", hint=f"There are {', '.join(sorted(known))}."
            )
        if "layer" not in inputs:
            raise ParameterError("an import needs the layer the data goes to", where="layer")
        given = dict(inputs)
        if isinstance(join := given.pop("join", None), dict):
            given["join"] = Join(Path(join["path"]), join["on"], join["key"], tuple(join["sums"]))
        if moment := given.pop("valid_from", None):
            given["valid_from"] = parse_time(moment, where="valid_from")
        if access := given.pop("access", None):
            given["access"] = Access(access)
        return cls(**given)

    def relative_to(self, folder: Path) -> ImportOptions:
        """The same with the joined table's path made absolute."""
        if self.join is None:
            return self
        return replace(self, join=replace(self.join, path=folder / self.join.path))


def _json(value: object) -> Json:
    match value:
        case Join():
            return {"path": str(value.path), "on": value.on, "key": value.key, "sums": list(value.sums)}
        case datetime():
            return format_time(value)
        case Access():
            return value.value
        case bool() | str():
            return value
    raise ParameterError(f"{value!r} is not an option of an import")
