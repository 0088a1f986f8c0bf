"""The kinds of cases this program brings, and the code they name."""

from __future__ import annotations

from typing import Final

from twin.cases.extension import Extensions
from twin.cases.kind import CaseKind

KINDS: Final[tuple[CaseKind, ...]] = ()
"""Put into a store when first asked for; from then on an administrator's versions count."""

EXTENSIONS: Final = Extensions()
