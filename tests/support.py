"""Names that tests of several rooms share."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from twin.model.layer import Source
from twin.model.view import CITIZEN, Role, View, Viewer

if TYPE_CHECKING:
    from twin.core import Twin
    from twin.model.record import Entry

STAFF = Viewer("officer", Role.DUTY_OFFICER)
DAY0 = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = Source("user", "test")


def day(number: float) -> datetime:
    """That many days after 2026-01-01T00:00Z."""
    return DAY0 + timedelta(days=number)


def staff(at: datetime | None = None, known_at: datetime | None = None) -> View:
    return View(STAFF, at, known_at)


def citizen(at: datetime | None = None, known_at: datetime | None = None) -> View:
    return View(CITIZEN, at, known_at)


def own_acts(t: Twin) -> list[Entry]:
    """What the room of files put into the audit; a new twin has entries of others already."""
    return [entry for entry in t.store.entries("audit") if str(entry.body["action"]).startswith("files.")]
