"""The report of an import: what came in, what became of it, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from twin.types import Json, format_time

LISTED = 1_000
"""How many repaired and rejected rows a stored report names one by one; counts are always complete."""


@dataclass(frozen=True, slots=True)
class RowIssue:
    """What was done with one row, and why. ``area_change_m2`` is what a repair added to the area."""

    row: int
    reason: str
    fid: str = ""
    area_change_m2: float | None = None

    def as_dict(self) -> dict[str, Json]:
        """The issue as JSON."""
        out: dict[str, Json] = {"row": self.row, "reason": self.reason}
        if self.fid:
            out["fid"] = self.fid
        if self.area_change_m2 is not None:
            out["area_change_m2"] = round(self.area_change_m2, 3)
        return out


@dataclass(frozen=True, slots=True)
class CrsReport:
    """Reference system given by the caller, written in the file, and used; how it reaches WGS 84."""

    given: str = ""
    in_file: str = ""
    used: str = ""
    assumed: bool = False
    operation: str = ""
    accuracy_m: float | None = None

    def as_dict(self) -> dict[str, Json]:
        """The reference systems as JSON."""
        return {
            "given": self.given,
            "in_file": self.in_file,
            "used": self.used,
            "assumed": self.assumed,
            "operation": self.operation,
            "accuracy_m": self.accuracy_m,
        }


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. Always: rows = stored + revised + duplicate + repeated + rejected.

    Parameters
    ----------
    rows
        Records in the file (1 for a grid).
    stored, revised, duplicate
        Features that were new, that got a new version, that were known as they are.
    repeated
        Rows that say word for word what an earlier row of the file says.
    ended
        Features that the file no longer holds (with ``replace``).
    repaired, rejected
        Rows whose geometry was mended, and rows that were left out, each with its reason.
    """

    layer: str
    file: str
    sha256: str
    format: str
    table: str = ""
    rows: int = 0
    stored: int = 0
    revised: int = 0
    duplicate: int = 0
    repeated: int = 0
    ended: int = 0
    repaired: tuple[RowIssue, ...] = ()
    rejected: tuple[RowIssue, ...] = ()
    crs: CrsReport = field(default_factory=CrsReport)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    joined: dict[str, Json] = field(default_factory=dict)
    grid: dict[str, Json] = field(default_factory=dict)
    decision: str = ""
    valid_from: datetime | None = None
    commit: int = 0
    source: int = 0

    @property
    def ok(self) -> bool:
        """Whether every row went in."""
        return not self.rejected

    def before_commit(self) -> dict[str, Json]:
        """What is known before the commit; the store adds what the commit did."""
        out: dict[str, Json] = {
            "layer": self.layer,
            "file": self.file,
            "sha256": self.sha256,
            "format": self.format,
            "table": self.table,
            "rows": self.rows,
            "repeated": self.repeated,
            "repaired": len(self.repaired),
            "rejected": len(self.rejected),
            "repairs": [issue.as_dict() for issue in self.repaired[:LISTED]],
            "rejections": [issue.as_dict() for issue in self.rejected[:LISTED]],
            "crs": self.crs.as_dict(),
            "warnings": list(self.warnings),
            "notes": list(self.notes),
            "decision": self.decision,
            "valid_from": format_time(self.valid_from) if self.valid_from else None,
        }
        if self.joined:
            out["joined"] = self.joined
        if self.grid:
            out["grid"] = self.grid
        return out

    def as_dict(self) -> dict[str, Json]:
        """The whole report as JSON."""
        return {
            **self.before_commit(),
            "stored": self.stored,
            "revised": self.revised,
            "duplicate": self.duplicate,
            "ended": self.ended,
            "ok": self.ok,
            "commit": self.commit,
            "source": self.source,
        }
