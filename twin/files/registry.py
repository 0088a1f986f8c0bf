"""Who refers to which file, and what becomes of files nobody refers to.

A room that keeps a file says so in its own commit (:func:`use`). Besides, the store knows every text in it that can
be a file's name (:meth:`twin.store.base.Store.file_mentions`): a file is collected only if no version of anything
mentions it, however old, for what was known once can be asked again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from twin.files.blobs import Files
from twin.model.record import Drop, Put, RecordOp
from twin.store.base import Store
from twin.types import Json, format_time

FILE: Final = "file"
USE: Final = "file_use"
KEPT: Final = "kept"
GRACE: Final = timedelta(hours=24)
"""How long a file may lie unmentioned: it is kept before the commit that names it."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A file that something refers to and that is not kept."""

    digest: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection took away."""

    files: int
    bytes: int
    kept: int


def use(digest: str, by: str) -> Put:
    """The operation that says who refers to a file (``layer:terrain``, ``case:7``, ``document:…``, ``job:…``)."""
    return Put(USE, f"{digest} {by}", {"digest": digest, "by": by})


def disuse(digest: str, by: str) -> Drop:
    """The operation that says that it no longer does."""
    return Drop(USE, f"{digest} {by}")


def register(digest: str, size: int, *, retention: str, by: str, now: datetime) -> list[RecordOp]:
    """Operations that keep an open (not sealed) file for as long as its class says."""
    return [Put(FILE, digest, file_body(size, retention=retention, sealed=None, since=now)), use(digest, by)]


def file_body(size: int, *, retention: str, sealed: str | None, since: datetime) -> dict[str, Json]:
    """Body of a file's record."""
    return {"size": size, "retention": retention, "sealed": sealed, "state": KEPT, "since": format_time(since)}


def users(store: Store, digest: str) -> list[str]:
    """Who refers to a file."""
    return [str(record.body["by"]) for record in store.records(USE, where={"digest": digest})]


def missing(store: Store, files: Files) -> list[Missing]:
    """Files that are referred to and not kept, and were not forgotten."""
    wanted: dict[str, set[str]] = {}
    for mention in store.file_mentions():
        if mention.is_certain:
            wanted.setdefault(mention.digest, set()).add(mention.by)
    states = {record.key: record.body for record in store.records(FILE)}
    for digest, body in states.items():
        if body.get("state") == KEPT:
            wanted.setdefault(digest, set()).add(f"file:{body.get('retention')}")
    gone = {digest for digest, body in states.items() if body.get("state") != KEPT}
    lost = sorted(digest for digest in wanted.keys() - gone if not files.holds(digest))
    return [Missing(digest, tuple(sorted(wanted[digest]))) for digest in lost]


def orphans(store: Store, files: Files, *, now: datetime, grace: timedelta = GRACE) -> list[str]:
    """Kept files that nothing mentions, older than the grace, and those of which the key was destroyed."""
    states = {record.key: record.body for record in store.records(FILE)}
    forgotten = {digest for digest, body in states.items() if body.get("state") != KEPT}
    # Listed before the mentions are read: what a commit names meanwhile was listed young or is mentioned.
    old = [blob.digest for blob in files.all() if blob.digest in forgotten or blob.written < now - grace]
    mentioned = {mention.digest for mention in store.file_mentions()}
    return sorted(digest for digest in old if digest in forgotten or digest not in mentioned)


def collect(store: Store, files: Files, *, now: datetime | None = None, grace: timedelta = GRACE) -> Collected:
    """Take away what :func:`orphans` finds."""
    moment = now or datetime.now(UTC)
    found = orphans(store, files, now=moment, grace=grace)
    states = {record.key for record in store.records(FILE) if record.body.get("state") != KEPT}
    sizes = {blob.digest: blob.size for blob in files.all()}
    removed = files.remove([d for d in found if d in states])
    removed += files.remove([d for d in found if d not in states], written_before=moment - grace)
    left = len(sizes) - len(removed)
    return Collected(len(removed), _total(sizes, removed), left)


def _total(sizes: dict[str, int], digests: Iterable[str]) -> int:
    return sum(sizes.get(digest, 0) for digest in digests)
