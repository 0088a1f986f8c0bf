"""The embedded store: one DuckDB file, owned by one process."""

from __future__ import annotations

from pathlib import Path

from twin.model.view import View
from twin.store.embedded.database import Database
from twin.store.embedded.entity_create import EntityPart
from twin.store.embedded.records import RecordPart
from twin.store.embedded.rehearsal import RehearsalPart
from twin.types import Json


class EmbeddedStore(EntityPart, RehearsalPart, RecordPart):
    """A store in one file. See :class:`twin.store.base.Store` for what it promises.

    Parameters
    ----------
    path
        The file.
    create
        Make a new twin there; otherwise it must exist.

    Raises
    ------
    NoTwinError
        If there is no twin at ``path``.
    StoreBusyError
        If another process has the file open.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.db = Database(path, create=create)
        self.path = path
        self.load_layers()
        self.load_policies()
        self.catch_up()

    def close(self) -> None:
        """Write everything back and release the file."""
        self.db.close()

    def info(self) -> dict[str, Json]:
        """See :meth:`twin.store.base.Store.info`."""
        return self.db.info()

    def put_info(self, changes: dict[str, Json]) -> None:
        """See :meth:`twin.store.base.Store.put_info`."""
        self.db.put_info(changes)

    def resolve(self, view: View) -> View:
        """See :meth:`twin.store.base.Store.resolve`."""
        return self.db.resolve(view)
