"""Live changes: one task waits for commits and hands what each policy may see to its listeners.

However many listen, one thread waits and the changes of a commit are read once for each policy. A listener that
does not keep up loses its queue and is told so by ``gap``; it then reads again what it shows.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from twin.errors import StoreBusyError, TwinError
from twin.model.view import View, Viewer
from twin.store.base import Change, Store

log = logging.getLogger(__name__)

QUEUE = 256
"""Changes a listener may lag behind."""

BATCH = 1000
_WAIT_S = 1.0
_RETRY_S = 1.0


@dataclass(eq=False)
class Listener:
    """One open stream. Used from the event loop only."""

    viewer: Viewer
    queue: deque[Change] = field(default_factory=deque)
    missed: bool = False
    closed: bool = False
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, changes: list[Change]) -> None:
        """Queue changes, or drop everything and remember that something was missed."""
        if len(self.queue) + len(changes) > QUEUE:
            self.queue.clear()
            self.missed = True
        else:
            self.queue.extend(changes)
        self.news.set()

    async def next(self, timeout_s: float) -> tuple[list[Change], bool]:
        """Wait for changes; returns them and whether some were missed (both empty after ``timeout_s``)."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.news.wait(), timeout_s)
        self.news.clear()
        changes, missed = list(self.queue), self.missed
        self.queue.clear()
        self.missed = False
        return changes, missed


class Broadcaster:
    """Waits for commits of a store and tells listeners. Start and stop it in the application's lifespan."""

    def __init__(self, store: Store, *, most: int = 1000) -> None:
        self._store = store
        self._most = most
        self._listeners: set[Listener] = set()
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="live")
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        return len(self._listeners)

    async def start(self) -> None:
        """Begin waiting for commits."""
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.create_task(self._run(self._store.last_seq()))

    async def stop(self) -> None:
        """End every stream and the waiting."""
        self.hang_up()
        if self._task is not None:
            await self._task
        self._pool.shutdown(wait=True)

    def hang_up(self) -> None:
        """End every stream; to be called from the event loop."""
        self._stopping = True
        for listener in self._listeners:
            listener.closed = True
            listener.news.set()

    def hang_up_soon(self) -> None:
        """End every stream, from any thread or signal handler."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.hang_up)

    def require_room(self) -> None:
        """Raise :class:`StoreBusyError` when as many streams are open as allowed."""
        if self._stopping or len(self._listeners) >= self._most:
            raise StoreBusyError("too many live streams are open", where="/live", hint="Try again later.")

    @contextlib.asynccontextmanager
    async def listen(self, viewer: Viewer) -> AsyncIterator[Listener]:
        """Open a stream for a viewer."""
        listener = Listener(viewer)
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def changes(self, view: View, after: int) -> list[Change]:
        """What a view may see after a commit, at most :data:`BATCH`, never splitting a commit."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._read, view, after)

    def _read(self, view: View, after: int) -> list[Change]:
        found = self._store.changes(view, after, limit=BATCH)
        if len(found) == BATCH and found[0].seq != found[-1].seq:
            return [change for change in found if change.seq != found[-1].seq]
        return found

    async def _run(self, seq: int) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping:
            try:
                newest = await loop.run_in_executor(self._pool, self._store.wait_for_commit, seq, _WAIT_S)
                if newest > seq:
                    await self._tell(seq, newest)
                    seq = newest
            except TwinError:
                log.exception("live stream: the store does not answer")
                await asyncio.sleep(_RETRY_S)

    async def _keys(self, viewers: set[Viewer]) -> dict[Viewer, str]:
        """The policy's key of each viewer: those with the same key are told the same."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._pool, lambda: {viewer: self._store.policy_key(View(viewer)) for viewer in viewers}
        )

    async def _tell(self, after: int, newest: int) -> None:
        keys = await self._keys({listener.viewer for listener in self._listeners})
        by_policy: dict[str, list[Listener]] = {}
        for listener in self._listeners:
            if listener.viewer in keys:  # whoever came meanwhile reads from the newest commit on
                by_policy.setdefault(keys[listener.viewer], []).append(listener)
        for listeners in by_policy.values():
            view = View(listeners[0].viewer)
            changes = [c for c in await self.changes(view, after) if c.seq <= newest]
            if changes:
                for listener in listeners:
                    listener.offer(changes)
