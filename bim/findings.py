"""What was noticed about a model while reading it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much it matters."""

    INFO = "info"
    WARNING = "warning"
    """The answer may be wrong; a person should look."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark: a stable code, a sentence for people, and the elements it is about (GlobalIds)."""

    code: str
    severity: Severity
    message: str
    elements: tuple[str, ...] = ()
