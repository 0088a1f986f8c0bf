"""The DuckDB file: one owner, one writer at a time, a recorded clock that never runs backwards."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from duckdb.func import SPECIAL

from twin.errors import (
    InternalError,
    NoTwinError,
    ParameterError,
    StorageFullError,
    StoreBusyError,
    StoreError,
    TimeError,
)
from twin.model.policy import Policies
from twin.model.time import from_us, to_us
from twin.model.view import View
from twin.store.embedded.schema import SCHEMA_VERSION, statements, upgrade
from twin.types import Json

_log = logging.getLogger(__name__)
_FULL = ("no space left", "disk quota", "file too large", "could not write all bytes", "max_temp_directory_size")


def wall_us() -> int:
    """The wall clock. [µs since 1970]"""
    return time.time_ns() // 1000


def dump(value: object) -> str:
    """Canonical JSON text: equal content has equal text; ValueError for what is not JSON or not Unicode."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    text.encode()
    return text


class Transaction:
    """An open write: its recorded time, its place among the commits, and what it touched."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, recorded_at: int, seq: int) -> None:
        self.cursor = cursor
        self.recorded_at = recorded_at
        self.seq = seq
        self.source = 0
        self.touched: set[tuple[str, int]] = set()
        self.counts: dict[str, int] = {}
        self.before_commit: list[Callable[[], None]] = []
        self.after_commit: list[Any] = []
        self.policies: Policies | None = None
        """The policies that this commit brings into force."""

    def execute(self, sql: str, values: Sequence[object] = ()) -> duckdb.DuckDBPyConnection:
        """Run one statement with bound values."""
        return self.cursor.execute(sql, list(values))

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self.execute(sql, values).fetchall()

    def append(self, table: str, rows: Sequence[dict[str, object]]) -> None:
        """Append rows given as column → value; all rows have the same columns."""
        if not rows:
            return
        columns = list(rows[0])
        frame = pd.DataFrame({c: pd.Series([r[c] for r in rows], dtype=object) for c in columns})
        view = f"incoming_{table}"
        self.cursor.register(view, frame)
        try:
            names = ", ".join(columns)
            self.cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {view}")
        finally:
            self.cursor.unregister(view)

    def touch(self, kind: str, layer: int = 0) -> None:
        """Remember that this commit touched a layer (0: none)."""
        self.touched.add((kind, layer))

    def next_id(self, table: str, column: str = "id") -> int:
        """The next free integer of a table."""
        return int(self.rows(f"SELECT coalesce(max({column}), 0) + 1 FROM {table}")[0][0])


class Database:
    """Connection, transactions and clock of one twin file."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        if not create and not path.exists():
            raise NoTwinError(f"no twin at {path}", hint=f"Make one with: twin init {path}")
        if create and path.exists():
            raise StoreError(f"{path} exists already", hint="Choose another name, or remove it first.")
        self._connection = _connect(path)
        self._local = threading.local()
        self._write = threading.RLock()
        self._committed = threading.Condition()
        self._open: Transaction | None = None
        self._closed = False
        self._functions: set[str] = set()
        self._adding = threading.Lock()
        if create:
            self._create()
        self._load()

    def _create(self) -> None:
        with _translated(self.path):
            self._connection.execute("BEGIN")
            for statement in statements():
                self._connection.execute(statement)
            self._connection.execute("INSERT INTO meta VALUES ('schema', ?)", [str(SCHEMA_VERSION)])
            self._connection.execute("COMMIT")

    def _load(self) -> None:
        with _translated(self.path):
            self._read_state()

    def _read_state(self) -> None:
        try:
            version = self._connection.execute("SELECT value FROM meta WHERE key = 'schema'").fetchall()
        except duckdb.CatalogException as exc:
            raise StoreError(f"{self.path} is a DuckDB file but not a twin", hint="Make one with: twin init") from exc
        found = int(version[0][0]) if version else 0
        if found != SCHEMA_VERSION:
            self._upgrade(found)
        seq, newest = self._connection.execute(
            "SELECT coalesce(max(seq), 0), coalesce(max(recorded_at), 0) FROM commit_log"
        ).fetchall()[0]
        floor = self._connection.execute("SELECT value FROM meta WHERE key = 'floor'").fetchall()
        self.seq: int = seq
        self.newest: int = newest
        self._floor: int = max(newest, int(floor[0][0]) if floor else 0)

    def _upgrade(self, found: int) -> None:
        steps = upgrade(found)
        if steps is None:
            raise StoreError(
                f"{self.path} has schema version {found}, this program needs {SCHEMA_VERSION}",
                hint="Use the program version that made it, or restore a backup into a new twin.",
            )
        _log.warning("%s: schema version %s is brought to %s", self.path, found, SCHEMA_VERSION)
        self._connection.execute("BEGIN")
        for step in steps:
            self._connection.execute(step)
        self._connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", [str(SCHEMA_VERSION)])
        self._connection.execute("COMMIT")

    # -- reading ----------------------------------------------------------------------------------------------

    def read(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query, on this thread's own cursor (readers never wait for the writer)."""
        if self._closed:
            raise StoreError(f"the twin {self.path} is closed")
        cursor = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self._connection.cursor()
        with _translated(self.path):
            rows: list[tuple[Any, ...]] = cursor.execute(sql, list(values)).fetchall()
            return rows

    def read_frame(self, sql: str, values: Sequence[object] = ()) -> pd.DataFrame:
        """The result of a query as a frame."""
        if self._closed:
            raise StoreError(f"the twin {self.path} is closed")
        with _translated(self.path):
            return self._connection.cursor().execute(sql, list(values)).df()

    def add_function(
        self, name: str, function: Callable[..., float | bool | None], takes: Sequence[str], gives: str
    ) -> None:
        """Let queries call a Python function; SQL NULL goes in and comes out as ``None``."""
        with self._adding:
            if name in self._functions:
                return
            self._connection.create_function(name, function, list(takes), gives, null_handling=SPECIAL)
            self._functions.add(name)

    def resolve(self, view: View) -> View:
        """Pin both times of a View; see :meth:`twin.store.base.Store.resolve`."""
        now = wall_us()
        at = view.at if view.at is not None else from_us(now)
        if view.known_at is None:
            return View(view.viewer, at, from_us(self.newest))
        known = to_us(view.known_at)
        if known > self.newest:
            self._reserve(known, now, view)
        return View(view.viewer, at, view.known_at)

    def _reserve(self, known: int, now: int, view: View) -> None:
        if known > max(now, self._floor):
            raise TimeError(
                f"known_at {view.known_at} lies in the future",
                where="known_at",
                hint="What the twin will know later cannot be answered; leave known_at out for all that is known.",
            )
        if known <= self._floor and self._open is None:
            return
        with self._write:  # waits for an open write; after it, later commits are recorded after `known`
            if known > self._floor:
                cursor = self._connection.cursor()
                with _translated(self.path):
                    cursor.execute("INSERT OR REPLACE INTO meta VALUES ('floor', ?)", [str(known)])
                self._floor = known

    # -- writing ----------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """One commit: everything or nothing. Nested use is a bug."""
        with self._write:
            if self._closed:
                raise StoreError(f"the twin {self.path} is closed")
            if self._open is not None:
                raise InternalError("a commit was begun inside a commit")
            recorded_at = max(wall_us(), self._floor + 1)
            tx = Transaction(self._connection.cursor(), recorded_at, self.seq + 1)
            self._open = tx
            try:
                with _translated(self.path):
                    tx.execute("BEGIN")
                    self._begin_along(tx)
                    yield tx
                    for action in tx.before_commit:
                        action()
                    self._log(tx)
                    tx.execute("COMMIT")
            except BaseException:
                _rollback(tx.cursor)
                raise
            finally:
                self._open = None
                tx.cursor.close()
            for action in tx.after_commit:
                action()
            with self._committed:
                self.seq, self.newest = tx.seq, recorded_at
                self._floor = max(self._floor, recorded_at)
                self._committed.notify_all()

    @contextmanager
    def rehearsal(self) -> Iterator[Transaction]:
        """A write that is taken back: what is done in it can be looked at within, and nothing is kept."""
        with self._aside() as tx:
            try:
                yield tx
            finally:
                _rollback(tx.cursor)

    @contextmanager
    def upkeep(self) -> Iterator[Transaction]:
        """Bring up to date what follows from what was committed; no commit of its own."""
        with self._aside() as tx:
            try:
                yield tx
                tx.execute("COMMIT")
            except BaseException:
                _rollback(tx.cursor)
                raise

    @contextmanager
    def _aside(self) -> Iterator[Transaction]:
        with self._write:
            if self._closed:
                raise StoreError(f"the twin {self.path} is closed")
            if self._open is not None:
                raise InternalError("a commit was begun inside a commit")
            tx = Transaction(self._connection.cursor(), self._floor + 1, self.seq + 1)
            self._open = tx
            try:
                with _translated(self.path):
                    tx.execute("BEGIN")
                    yield tx
            finally:
                self._open = None
                tx.cursor.close()

    @contextmanager
    def along(self, action: Callable[[Transaction], None]) -> Iterator[None]:
        """The next commit of this thread begins with ``action``; if there is none, it gets a commit of its own."""
        self._local.along = action
        try:
            yield
            if getattr(self._local, "along", None) is not None:
                with self.transaction():
                    pass
        finally:
            self._local.along = None

    def _begin_along(self, tx: Transaction) -> None:
        action = getattr(self._local, "along", None)
        if action is not None:
            self._local.along = None
            action(tx)

    def _log(self, tx: Transaction) -> None:
        tx.execute("INSERT INTO commit_log VALUES (?, ?, ?)", [tx.seq, tx.recorded_at, tx.source])
        for kind, layer in sorted(tx.touched):
            tx.execute("INSERT INTO commit_touch VALUES (?, ?, ?, ?)", [tx.seq, kind, layer, tx.recorded_at])

    def wait(self, after: int, timeout_s: float) -> int:
        """Wait for a commit later than ``after``; the newest sequence number."""
        with self._committed:
            self._committed.wait_for(lambda: self.seq > after or self._closed, timeout_s)
            return self.seq

    def noted(self, key: str) -> str:
        """What the store has noted of its own state; ``""`` for nothing."""
        rows = self.read("SELECT value FROM meta WHERE key = ?", [key])
        return str(rows[0][0]) if rows else ""

    @staticmethod
    def note(tx: Transaction, key: str, value: str) -> None:
        """Note something of the store's own state with a commit."""
        tx.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [key, value])

    # -- the file -----------------------------------------------------------------------------------------------

    def info(self) -> dict[str, Json]:
        """What the twin says of itself."""
        rows = self.read("SELECT value FROM meta WHERE key = 'info'")
        return json.loads(rows[0][0]) if rows else {}

    def put_info(self, changes: dict[str, Json]) -> None:
        """Change some of it."""
        merged = {**self.info(), **changes}
        kept = {key: value for key, value in merged.items() if value is not None}
        with self.transaction() as tx:
            tx.execute("INSERT OR REPLACE INTO meta VALUES ('info', ?)", [dump(kept)])
            tx.touch("info")

    def copy_to(self, target: Path) -> None:
        """Copy the file as of the newest commit."""
        with self._write, _translated(self.path):
            cursor = self._connection.cursor()
            cursor.execute("CHECKPOINT")
            _copy_in_child(self.path, target)

    def close(self) -> None:
        """Write everything back and release the file."""
        with self._write:
            if self._closed:
                return
            self._closed = True
            try:
                self._connection.execute("CHECKPOINT")
            except duckdb.Error as exc:
                # The write-ahead log stays and is replayed at the next opening: nothing is lost.
                _log.warning("closing %s without a checkpoint: %s", self.path, exc)
            self._connection.close()
        with self._committed:
            self._committed.notify_all()


def _copy_in_child(source: Path, target: Path) -> None:
    """Copy a file from another process: closing it in this one would drop the lock that keeps others out (POSIX)."""
    program = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"
    done = subprocess.run(  # noqa: S603  our own interpreter and our own words
        [sys.executable, "-I", "-c", program, str(source), str(target)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        target.unlink(missing_ok=True)
        reason = done.stderr.strip().rpartition("\n")[2]
        if "No space left" in reason:
            raise StorageFullError(f"the disk holding {target} is full", hint="Free some space and try again.")
        raise StoreError(f"{source} could not be copied to {target}: {reason}")


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(
            str(path),
            config={
                "memory_limit": "3GB",
                "threads": 2,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "enable_external_access": False,
            },
        )
    except duckdb.IOException as exc:
        if "lock" in str(exc).lower():
            raise StoreBusyError(
                f"another process has {path} open",
                hint="Stop it, or run `twin serve` so that commands go through it.",
            ) from exc
        raise StoreError(f"cannot open {path}: {exc}") from exc
    except duckdb.Error as exc:
        raise StoreError(f"cannot open {path}: {exc}") from exc


def _rollback(cursor: duckdb.DuckDBPyConnection) -> None:
    try:
        cursor.execute("ROLLBACK")
    except duckdb.Error as exc:
        # After a failed COMMIT the transaction is gone already.
        _log.debug("rollback: %s", exc)


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as exc:
        text = str(exc)
        if any(sign in text.lower() for sign in _FULL):
            raise StorageFullError(
                f"the disk holding {path} is full; nothing of this write was kept",
                hint="Free some space and try again.",
            ) from exc
        if "surrogate" in text and "not allowed" in text:
            raise ParameterError("a text holds half a character", hint="Send Unicode.") from exc
        raise StoreError(f"the store failed: {text}") from exc
