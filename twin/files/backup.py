"""Backups: the store as of one commit, every file it names, and a list of both with their hashes. No keys.

A backup of a twin with personal data is restored together with its keys and the ledger of deletions, from the twin's
own keys folder or the second place; what was forgotten after the backup was taken is forgotten in what is restored.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from twin.errors import NotFoundError, StorageFullError, StoreError
from twin.files import ledger, registry
from twin.files.blobs import BLOCK, Files, place_in
from twin.files.datakeys import DataKeys, is_key_id
from twin.files.ledger import Mark
from twin.keys import KeyFolder
from twin.store.base import Store
from twin.types import Json, format_time

STORE: Final = "twin.duckdb"
FILES: Final = "twin.files"
MANIFEST: Final = "manifest.json"
_FORMAT: Final = 1
_FULL: Final = frozenset({27, 28, 122})


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds."""

    made: str
    twin: str
    seq: int
    store_sha256: str
    files: dict[str, int]
    """Size of each file by its digest. [bytes]"""
    broken: tuple[str, ...]
    """Files that were damaged or missing already when the backup was taken."""
    keys: int
    """How many keys of personal data were alive."""
    ledger: Mark = field(default=Mark())

    def as_dict(self) -> dict[str, Json]:
        """As JSON."""
        return {
            "format": _FORMAT,
            "made": self.made,
            "twin": self.twin,
            "seq": self.seq,
            "store": {"name": STORE, "sha256": self.store_sha256},
            "files": {**self.files},
            "broken": [*self.broken],
            "keys": self.keys,
            "ledger": {"count": self.ledger.count, "hash": self.ledger.hash},
        }


def copy(store: Store, files: Files, folder: Path) -> list[str]:
    """Copy the store as of one commit and every kept file; digests of those that are damaged.

    Nothing is taken away meanwhile, and a file is kept before the commit that names it: all that the copied store
    names is in the copied folder.
    """
    with files.holding():
        store.backup(folder)
        copies = folder / FILES
        damaged = []
        for blob in files.all():
            target = place_in(copies, blob.digest)
            target.parent.mkdir(parents=True, exist_ok=True)
            if copy_file(place_in(files.folder, blob.digest), target) != blob.digest:
                damaged.append(blob.digest)
    return sorted(damaged)


def describe(copied: Store, folder: Path, damaged: Sequence[str], keys: DataKeys, made: datetime) -> Manifest:
    """Check a copy and say what it holds; its store is to be closed before :func:`write`.

    Raises
    ------
    StoreError
        If the copied store does not hold together.
    """
    problems = copied.check()["problems"]
    if problems:
        raise StoreError(f"the copy in {folder} does not hold together: {problems}")
    files = Files(folder / FILES)
    lost = [item.digest for item in registry.missing(copied, files)]
    return Manifest(
        format_time(made),
        str(copied.info().get("id", "")),
        copied.last_seq(),
        "",
        {blob.digest: blob.size for blob in files.all()},
        (*damaged, *lost),
        copied.count_records("data_key", where={"state": "alive"}),
        ledger.mark(keys.folder),
    )


def write(folder: Path, manifest: Manifest) -> Manifest:
    """Write the list last: a backup without it is not whole."""
    made = Manifest(
        manifest.made, manifest.twin, manifest.seq, _sha256(folder / STORE), manifest.files, manifest.broken,
        manifest.keys, manifest.ledger,
    )  # fmt: skip
    text = json.dumps(made.as_dict(), ensure_ascii=False, indent=1)
    part = folder / f".{MANIFEST}.part"
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / MANIFEST)
    return made


def read(folder: Path) -> Manifest:
    """What a backup says it holds.

    Raises
    ------
    NotFoundError
        If ``folder`` holds no backup.
    StoreError
        If it was not finished, or its list cannot be read.
    """
    if not (folder / STORE).is_file():
        raise NotFoundError(f"{folder} holds no backup", hint="Name the folder that `twin backup` made.")
    try:
        body: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if body["format"] != _FORMAT:
            raise StoreError(f"the backup {folder} is of format {body['format']}, this program reads {_FORMAT}")
        return Manifest(
            body["made"], body["twin"], body["seq"], body["store"]["sha256"], dict(body["files"]),
            tuple(body["broken"]), body["keys"], Mark(**body["ledger"]),
        )  # fmt: skip
    except FileNotFoundError as exc:
        raise StoreError(
            f"the backup {folder} was not finished: it has no {MANIFEST}", hint="Use an older one, or take another."
        ) from exc
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise StoreError(f"the list of the backup {folder} cannot be read: {exc}") from exc


def copy_back(folder: Path, manifest: Manifest, store: Path, files: Path) -> None:
    """Copy a backup to its new place, checking each part against the list.

    Raises
    ------
    StoreError
        If the store or a file is not what the list says, or is missing.
    """
    if copy_file(folder / STORE, store) != manifest.store_sha256:
        raise StoreError(f"the store of the backup {folder} is damaged", hint="Use another backup.")
    broken = []
    for digest in manifest.files:
        target = place_in(files, digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            is_right = copy_file(place_in(folder / FILES, digest), target) == digest
        except FileNotFoundError:
            is_right = False
        if not is_right and digest not in manifest.broken:
            broken.append(digest)
    if broken:
        raise StoreError(
            f"in the backup {folder}, {len(broken)} files are damaged or missing, the first {broken[0]}",
            hint="Take another backup, or bring back the files from an older one.",
        )


def bring_keys(keys: DataKeys, manifest: Manifest, *, given: Path | None) -> bool:
    """Bring the keys of personal data and the ledger of deletions together; whether the ledger is known to be whole.

    They are looked for in ``given``, in the keys folder of the new place, and in the second place; the longest ledger
    counts, and it must hold all that was known when the backup was taken.
    """
    places = [given / "data" if given and (given / "data").is_dir() else given, keys.folder, keys.second]
    found = [place for place in places if place is not None and place.is_dir()]
    longest = max(found, key=lambda place: ledger.mark(place).count, default=None)
    if longest is None or not ledger.covers(longest, manifest.ledger):
        return False
    if longest != keys.folder:
        ledger.copy_on(longest, keys.folder)
    here, deleted = KeyFolder(keys.folder), keys.deleted()
    for place in found:
        there = KeyFolder(place)
        for name in set(there.names()) - set(here.names()) - deleted.keys():
            wrapped = there.read(name)
            if is_key_id(name) and wrapped is not None:
                here.add(name, wrapped)
    return True


def copy_file(source: Path, target: Path) -> str:
    """Copy a file durably; the SHA-256 of what was copied."""
    found = hashlib.sha256()
    try:
        with source.open("rb") as file, target.open("wb") as out:
            while part := file.read(BLOCK):
                found.update(part)
                out.write(part)
            out.flush()
            os.fsync(out.fileno())
    except OSError as exc:
        if exc.errno in _FULL:
            raise StorageFullError(f"the disk holding {target} is full", hint="Free some space and try again.") from exc
        raise
    shutil.copystat(source, target)
    return found.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
