"""The working calendar that the law of a store holds, read anew when its record changes."""

from __future__ import annotations

from datetime import UTC, date, datetime

from twin.errors import NotFoundError
from twin.law.book import working_calendar
from twin.law.calendar import CALENDAR_ID, WorkingCalendar, builtin_calendar
from twin.law.shipped import RECORD
from twin.store.base import Store


class LawCalendar:
    """Gives the calendar in force; whoever counts takes it once for what belongs together."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: tuple[tuple[int, date], WorkingCalendar] | None = None

    def calendar(self) -> WorkingCalendar:
        """The store's calendar; where it holds no law yet, the one that comes with the program."""
        try:
            version = self._store.record(RECORD, CALENDAR_ID).version
        except NotFoundError:
            return builtin_calendar()
        key = version, datetime.now(UTC).date()  # editions begin to hold by date
        if self._known is None or self._known[0] != key:
            self._known = key, working_calendar(self._store)
        return self._known[1]
