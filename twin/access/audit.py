"""The audit: who did or was refused what, to what, when. Append-only, hash-chained, one appender per store.

An act and its entry are one commit: rooms add :func:`audited` to the operations of the act. Entries hold ids and
hashes, never a personal value or a secret. Actions are ``room.verb`` (``case.act``, ``policy.publish``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, cast

from twin.errors import ParameterError
from twin.model.record import GENESIS, Append, Entry, broken_link
from twin.model.view import Viewer
from twin.store.base import Store
from twin.types import Json

LOG: Final = "audit"
_ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
_BLOCK = 5000

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Id of the request being served; entries written meanwhile carry it."""


class Outcome(StrEnum):
    """How an act ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Act:
    """One entry of the audit."""

    number: int
    time: datetime
    actor: str
    """Id of the person, or the account's name where nobody signed in."""
    name: str
    role: str
    action: str
    object: str
    outcome: Outcome
    request: str
    details: dict[str, Json]
    hash: str


def audited(
    viewer: Viewer,
    action: str,
    object: str,  # noqa: A002  the audit's own word, as in Entry
    *,
    outcome: Outcome = Outcome.DONE,
    details: dict[str, Json] | None = None,
) -> Append:
    """The entry of an act, to be committed together with it.

    Parameters
    ----------
    object
        What was acted on, as ``kind:key`` (``case:7``, ``layer:parcels``).
    details
        Ids, versions, hashes; never a personal value.

    Raises
    ------
    ParameterError
        If the action is not ``room.verb``.
    """
    if not _ACTION.fullmatch(action):
        raise ParameterError(
            f"{action!r} is not an action of the audit", hint="Write room.verb, for instance case.act."
        )
    body: dict[str, Json] = {
        "name": viewer.name,
        "role": viewer.role.value,
        "action": action,
        "outcome": outcome.value,
        "request": request_id.get(),
        "details": details or {},
    }
    if viewer.token:
        body["token"] = viewer.token
    return Append(LOG, body, actor=viewer.person or viewer.name, object=object)


def write(store: Store, viewer: Viewer, action: str, object: str, **more: object) -> None:  # noqa: A002  as above
    """Record an act by itself: a refusal, or something that changed nothing in the store."""
    store.write_records([audited(viewer, action, object, **more)])  # type: ignore[arg-type]


def search(
    store: Store,
    *,
    person: str | None = None,
    object: str | None = None,  # noqa: A002  as above
    action: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Act]:
    """Acts, newest first, by person, object, action and time; ``before`` is a number to go on from."""
    found: list[Act] = []
    last = before
    while len(found) < limit:
        # The log is read backwards in blocks: an action is inside the body, and numbers bound the time.
        block = _block(store, last, person, object, start, end)
        found += [act for act in map(_act, block) if action is None or act.action == action]
        if len(block) < _BLOCK:
            break
        last = block[-1].number
    return found[:limit]


def _block(
    store: Store, before: int | None, person: str | None, what: str | None, start: datetime | None, end: datetime | None
) -> list[Entry]:
    return store.entries(
        LOG, before=before, actor=person, object=what, start=start, end=end, newest_first=True, limit=_BLOCK
    )


def head(store: Store) -> tuple[int, str]:
    """Number and hash of the newest entry; ``(0, GENESIS)`` while there is none."""
    newest = store.entries(LOG, newest_first=True, limit=1)
    return (newest[0].number, newest[0].hash) if newest else (0, GENESIS)


def first_broken(store: Store, *, until: int | None = None) -> int | None:
    """Number of the first entry that is not what was written, or is missing; ``None`` if all hold together."""
    before, number = GENESIS, 0
    while True:
        block = store.entries(LOG, after=number, limit=_BLOCK)
        if until is not None:
            block = [entry for entry in block if entry.number <= until]
        if not block:
            return None
        broken = _gap(block, number) or broken_link(block, before)
        if broken is not None:
            return broken
        before, number = block[-1].hash, block[-1].number


def _gap(block: Sequence[Entry], after: int) -> int | None:
    return next((n for n, entry in enumerate(block, after + 1) if entry.number != n), None)


def _act(entry: Entry) -> Act:
    body = entry.body
    return Act(
        entry.number,
        entry.recorded_at,
        entry.actor,
        str(body.get("name", "")),
        str(body.get("role", "")),
        str(body.get("action", "")),
        entry.object,
        Outcome(str(body.get("outcome", Outcome.DONE))),
        str(body.get("request", "")),
        cast("dict[str, Json]", body.get("details") or {}),
        entry.hash,
    )
