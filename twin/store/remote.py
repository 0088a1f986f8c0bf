"""The store of another process on this machine, through its owner's socket.

One process owns an embedded twin's file. It listens on a unix socket (mode 0600: the same operating-system user
only), and every other process of that user reads and writes through it with the same methods.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import socket
import tempfile
import threading
import time
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from twin.errors import InternalError, StoreBusyError, TwinError
from twin.store.base import Store

_log = logging.getLogger(__name__)
_METHODS = frozenset(
    name for name, value in vars(Store).items() if callable(value) and not name.startswith("_") and name != "close"
)
_LAST_CALL_S = 20.0
_LONGEST = 100
"""Longest socket path that every unix takes. [bytes]"""


def socket_path(twin: Path) -> Path:
    """Where the owner of a twin listens: beside the file, or in the temporary folder if that path is too long."""
    beside = twin.resolve().with_name(twin.name + ".sock")
    if len(os.fsencode(beside)) <= _LONGEST:
        return beside
    digest = hashlib.sha256(os.fsencode(beside)).hexdigest()[:24]
    return Path(tempfile.gettempdir()) / f"twin-{os.getuid()}-{digest}.sock"


class Owner:
    """Listens for other processes on behalf of a store. Use as a context manager.

    Parameters
    ----------
    path
        Where to listen; by default where :func:`connect` looks for the owner of the store's file.
    """

    def __init__(self, store: Store, path: Path | None = None) -> None:
        self.store = store
        self.path = path or socket_path(store.path)
        self._listener: Listener | None = None
        self._stopping = threading.Event()
        self._connections: set[Connection[Any, Any]] = set()
        self._threads: set[threading.Thread] = set()
        # Only a connection's own thread closes it: a second close could hit a descriptor given out anew.
        self._closing = threading.Lock()

    def __enter__(self) -> Self:
        # Whoever owns the file owns the socket; what lies there is left over from a killed owner.
        self.path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._listener = Listener(str(self.path), family="AF_UNIX")
        finally:
            os.umask(before)
        threading.Thread(target=self._accept, name="twin-owner", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        with contextlib.suppress(OSError):
            _poke(self.path)
        if self._listener is not None:
            self._listener.close()
        with self._closing:
            for connection in self._connections:
                _hang_up(connection)
            serving = list(self._threads)
        # What a client asked for last is still being done; the store must not be closed under it.
        deadline = time.monotonic() + _LAST_CALL_S
        for thread in serving:
            thread.join(max(0.0, deadline - time.monotonic()))
        self.path.unlink(missing_ok=True)

    def _accept(self) -> None:
        assert self._listener is not None
        while not self._stopping.is_set():
            try:
                connection = self._listener.accept()
            except (OSError, EOFError) as exc:
                if not self._stopping.is_set():
                    _log.warning("owner socket: %s", exc)
                continue
            with self._closing:
                if self._stopping.is_set():
                    connection.close()
                    return
                self._connections.add(connection)
                thread = threading.Thread(target=self._serve, args=(connection,), name="twin-client", daemon=True)
                self._threads.add(thread)
                thread.start()

    def _serve(self, connection: Connection[Any, Any]) -> None:
        try:
            while True:
                method, args, kwargs = connection.recv()
                connection.send(self._answer(method, args, kwargs))
        except (EOFError, OSError):
            pass  # the client went away
        finally:
            with self._closing:
                self._connections.discard(connection)
                connection.close()
                self._threads.discard(threading.current_thread())

    def _answer(self, method: str, args: tuple[object, ...], kwargs: dict[str, object]) -> tuple[str, object]:
        if method not in _METHODS:
            return "error", InternalError(f"a store has no method {method!r}")
        try:
            return "ok", getattr(self.store, method)(*args, **kwargs)
        except TwinError as exc:
            return "error", exc
        except Exception as exc:  # noqa: BLE001  whatever broke here must reach the caller, not end the thread
            _log.exception("store method %s failed", method)
            return "error", InternalError(f"{method} failed: {type(exc).__name__}: {exc}")


def _poke(path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as poke:
        poke.connect(str(path))


def _hang_up(connection: Connection[Any, Any]) -> None:
    """End both directions; whoever reads from it wakes up and closes."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


class RemoteStore:
    """Every method of :class:`~twin.store.base.Store`, carried out by the owner. One connection a thread."""

    def __init__(self, path: Path, at: Path | None = None) -> None:
        self.path = path
        self._socket = at or socket_path(path)
        self._local = threading.local()
        self._all: list[Connection[Any, Any]] = []
        self._connection()

    def _connection(self) -> Connection[Any, Any]:
        known = getattr(self._local, "connection", None)
        if known is not None:
            return cast("Connection[Any, Any]", known)
        try:
            connection = Client(str(self._socket), family="AF_UNIX")
        except OSError as exc:
            raise StoreBusyError(
                f"another process has {self.path} open and does not answer at {self._socket}",
                hint="Wait for it to end, or stop it; commands go through `twin serve` while it runs.",
            ) from exc
        self._local.connection = connection
        self._all.append(connection)
        return connection

    def _call(self, method: str, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        connection = self._connection()
        try:
            connection.send((method, args, kwargs))
            status, value = connection.recv()
        except (EOFError, OSError) as exc:
            self._local.connection = None
            raise StoreBusyError(
                f"the process that owns {self.path} went away during {method}",
                hint="Start it again and repeat; whether the last write was kept is seen by reading.",
            ) from exc
        if status == "error":
            raise cast("BaseException", value)
        return value

    def __getattr__(self, name: str) -> Any:
        if name not in _METHODS:
            raise AttributeError(name)
        return lambda *args, **kwargs: self._call(name, args, kwargs)

    def close(self) -> None:
        """Close the connections; the owner goes on."""
        for connection in self._all:
            with contextlib.suppress(OSError):
                connection.close()
        self._all.clear()
        self._local = threading.local()


def connect(path: Path, at: Path | None = None) -> Store:
    """The store owned by another process; StoreBusyError if its owner does not answer (at that socket)."""
    return cast("Store", RemoteStore(path, at))
