"""Personal data: sealed under a key per subject (or batch), class and day; forgotten by destroying the key.

A database keeps old pages, and copies of it live long; so no key is ever in the store (:mod:`twin.files.datakeys`). The
store knows of a key who it is for (a keyed hash), its class, its day and what became of it. What was forgotten stays
forgotten in every backup ever taken, for no backup holds a key.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, cast

from twin.errors import ConflictError, NotFoundError, StoreError
from twin.files.blobs import Content, Files, parts_of
from twin.files.classes import known_class
from twin.files.datakeys import DataKeys
from twin.files.ledger import Deletion, deletion
from twin.files.registry import FILE, file_body, use
from twin.files.sealing import read_head, seal, unseal
from twin.model.record import Append, Drop, Expect, Put, Record, RecordOp
from twin.store.base import Store
from twin.types import Json, format_time, parse_time

FORGOTTEN: Final = "forgotten"
"""The log of tombstones: which class, which rule, when; never the value."""
_KEY: Final = "data_key"
_HOLD: Final = "hold"
_ALIVE: Final = "alive"
_DESTROYED: Final = "destroyed"

Audited = Callable[[dict[str, Json]], RecordOp]
"""Makes the audit's entry of a deletion from its details; the audit stands on a higher floor."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was sealed."""

    digest: str
    """Names it (the SHA-256 of what lies on disk)."""
    size: int
    """Of the plain content. [bytes]"""
    key: str


@dataclass(frozen=True, slots=True)
class KeyState:
    """What the store knows of a data key."""

    id: str
    subject: str
    retention: str
    day: str
    created: datetime
    released: datetime | None
    alive: bool


class Vault:
    """Seals, opens and forgets personal data of one twin."""

    def __init__(self, store: Store, files: Files, keys: DataKeys) -> None:
        self.store = store
        self.files = files
        self.keys = keys

    # -- sealing and opening ----------------------------------------------------------------------------------------

    def seal(
        self,
        subject: str,
        content: Content,
        *,
        retention: str,
        by: str,
        now: datetime | None = None,
        most: int | None = None,
    ) -> Sealed:
        """Keep personal content encrypted.

        Parameters
        ----------
        subject
            Whose it is (``case:7``, ``person:…``), or the batch it comes in. It is not kept, only a keyed hash.
        retention
            Class of the data (:mod:`twin.files.retention`).
        by
            What refers to it (``case:7``, ``batch:…``), recorded with it; ``""`` if a later commit will mention it:
            what none has mentioned within a day is collected.
        now
            When it was got; the wall clock's time if not given.
        most
            Largest size taken. [bytes]

        Raises
        ------
        NotFoundError
            If there is no such class.
        TooLargeError
            If the content is larger than ``most``.
        """
        known_class(self.store, retention)
        moment = now or datetime.now(UTC)
        who = self.keys.name_of(subject)
        key_id, key, is_new = self._key_for(who, retention, moment)
        size = 0

        def counted() -> Iterator[bytes]:
            nonlocal size
            for part in parts_of(content):
                size += len(part)
                yield part

        digest = self.files.put(seal(counted(), key, key_id), most=most)
        ops: list[RecordOp] = [Put(FILE, digest, file_body(size, retention=retention, sealed=key_id, since=moment))]
        if by:
            ops.append(use(digest, by))
        if is_new:
            ops.insert(0, Put(_KEY, key_id, _key_body(who, retention, moment), expect=0))
        else:
            # A key that is forgotten at this moment seals nothing more.
            ops.insert(0, Expect(_KEY, key_id, {"state": _ALIVE}))
        self.store.write_records(ops)
        return Sealed(digest, size, key_id)

    def seal_json(self, subject: str, value: Json, *, retention: str, by: str, now: datetime | None = None) -> Sealed:
        """Keep a personal value encrypted."""
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
        return self.seal(subject, text.encode(), retention=retention, by=by, now=now)

    def open(self, digest: str) -> Iterator[bytes] | None:
        """The plain content, part by part; ``None`` if it was forgotten.

        Raises
        ------
        NotFoundError
            If nothing of that name was sealed.
        StoreError
            If its key is not here although it was not forgotten.
        FormatError
            While reading, if the file was changed or cut short.
        """
        try:
            known = self.store.record(FILE, digest).body
        except NotFoundError:
            known = {}
        if known.get("state") == FORGOTTEN:
            return None
        file = self.files.open(digest)
        try:
            head = read_head(file, where=digest)
            key = None if self._is_destroyed(head.key_id) else self.keys.read(head.key_id)
            if key is None:
                file.close()
                self._require_forgotten(head.key_id)
                return None
        except BaseException:
            file.close()
            raise

        def parts() -> Iterator[bytes]:
            with file:
                yield from unseal(file, head, key, where=digest)

        return parts()

    def read(self, digest: str) -> bytes | None:
        """The plain content in one piece; as :meth:`open`."""
        parts = self.open(digest)
        return None if parts is None else b"".join(parts)

    def read_json(self, digest: str) -> Json:
        """A sealed value; ``None`` if it was forgotten."""
        found = self.read(digest)
        return None if found is None else cast("Json", json.loads(found))

    def _key_for(self, who: str, retention: str, moment: datetime) -> tuple[str, bytes, bool]:
        where = {"subject": who, "class": retention, "day": _day(moment), "state": _ALIVE}
        for record in self.store.records(_KEY, where=where):
            key = self.keys.read(record.key)
            if key is not None:
                return record.key, key, False
        return (*self.keys.make(), True)

    def _is_destroyed(self, key_id: str) -> bool:
        try:
            return self.store.record(_KEY, key_id).body.get("state") == _DESTROYED
        except NotFoundError:
            return False

    def _require_forgotten(self, key_id: str) -> None:
        if self._is_destroyed(key_id) or key_id in self.keys.deleted():
            return
        raise StoreError(
            f"the key {key_id} is not in {self.keys.folder}",
            hint="It was not forgotten: bring the keys back from the second place (TWIN_DELETIONS).",
        )

    # -- keys and whose they are --------------------------------------------------------------------------------------

    def key_states(self, *, subject: str | None = None, retention: str | None = None) -> list[KeyState]:
        """Keys that are alive, by subject and class."""
        where: dict[str, Json] = {"state": _ALIVE}
        if subject is not None:
            where["subject"] = self.keys.name_of(subject)
        if retention is not None:
            where["class"] = retention
        return [_state(record) for record in self.store.records(_KEY, where=where)]

    def release(self, subject: str, *, at: datetime | None) -> list[RecordOp]:
        """Operations that say when what the data was for came to its end (``None``: it goes on), to be committed."""
        text = None if at is None else format_time(at)
        found = self.store.records(_KEY, where={"subject": self.keys.name_of(subject), "state": _ALIVE})
        return [Put(_KEY, r.key, {**r.body, "released": text}, expect=r.version) for r in found]

    # -- legal hold ------------------------------------------------------------------------------------------------

    def hold(self, subject: str, reason: str, *, by: str, now: datetime) -> RecordOp:
        """The operation that keeps a subject's data from being forgotten until the hold is lifted."""
        return Put(_HOLD, self.keys.name_of(subject), {"reason": reason, "by": by, "since": format_time(now)})

    def lift(self, subject: str) -> RecordOp:
        """The operation that lifts a hold; NotFoundError if there is none."""
        name = self.keys.name_of(subject)
        self.store.record(_HOLD, name)
        return Drop(_HOLD, name)

    def holds(self) -> Mapping[str, str]:
        """Reasons of the holds there are, by the subject's keyed hash."""
        return {record.key: str(record.body.get("reason", "")) for record in self.store.records(_HOLD)}

    # -- forgetting ----------------------------------------------------------------------------------------------------

    def forget(
        self,
        subject: str,
        *,
        rule: str,
        audit: Audited | None = None,
        now: datetime | None = None,
        retention: str | None = None,
    ) -> int:
        """Forget all there is of a subject (or of one class); how many keys were destroyed.

        Raises
        ------
        ConflictError
            If the subject's data is under a legal hold.
        """
        held = self.holds().get(self.keys.name_of(subject))
        if held is not None:
            raise ConflictError(f"this subject's data is under a legal hold: {held}", hint="Lift the hold first.")
        return self.destroy(self.key_states(subject=subject, retention=retention), rule=rule, audit=audit, now=now)

    def destroy(
        self, states: Sequence[KeyState], *, rule: str, audit: Audited | None = None, now: datetime | None = None
    ) -> int:
        """Destroy keys and leave tombstones; how many.

        The ledger comes first, then the keys, then the store: cut off anywhere, :meth:`carry_on` completes it.
        """
        moment = now or datetime.now(UTC)
        deletions = [deletion(s.id, s.retention, rule, moment) for s in states]
        self.keys.destroy(deletions)
        self._entomb(deletions, audit)
        return len(deletions)

    def carry_on(self, *, audit: Audited | None = None) -> int:
        """Complete deletions that the ledger knows and the store does not (cut off, or undone by a restore)."""
        deleted = self.keys.deleted()
        alive = [r.key for r in self.store.records(_KEY, where={"state": _ALIVE}) if r.key in deleted]
        if alive:
            self.keys.destroy([deleted[key] for key in alive])
            self._entomb([deleted[key] for key in alive], audit)
        return len(alive)

    def _entomb(self, deletions: Sequence[Deletion], audit: Audited | None) -> None:
        if not deletions:
            return
        digests: list[str] = []
        ops: list[RecordOp] = []
        for gone in deletions:
            sealed = self.store.records(FILE, where={"sealed": gone.key})
            digests += [record.key for record in sealed]
            ops += [Put(FILE, r.key, {**r.body, "state": FORGOTTEN}) for r in sealed]
            body: dict[str, Json] = {"class": gone.retention, "state": _DESTROYED, "time": gone.time, "rule": gone.rule}
            ops.append(Put(_KEY, gone.key, body))
            told: dict[str, Json] = {"class": gone.retention, "rule": gone.rule, "time": gone.time}
            ops.append(Append(FORGOTTEN, {**told, "key": gone.key, "files": len(sealed)}, object=gone.retention))
        if audit is not None:
            ops.append(audit({"keys": len(deletions), "files": len(digests), "rule": deletions[0].rule}))
        self.store.write_records(ops)
        # Without their key they are noise already; while somebody copies the folder they stay and are collected later.
        self.files.remove(digests, wait=False)


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def _key_body(who: str, retention: str, moment: datetime) -> dict[str, Json]:
    return {
        "subject": who,
        "class": retention,
        "day": _day(moment),
        "created": format_time(moment),
        "released": None,
        "state": _ALIVE,
    }


def _state(record: Record) -> KeyState:
    body = record.body
    released = body.get("released")
    return KeyState(
        record.key,
        str(body.get("subject", "")),
        str(body.get("class", "")),
        str(body.get("day", "")),
        parse_time(str(body["created"]), where="created"),
        parse_time(str(released), where="released") if released else None,
        body.get("state") == _ALIVE,
    )


def keys_named(states: Iterable[KeyState]) -> dict[str, list[KeyState]]:
    """Keys by class."""
    found: dict[str, list[KeyState]] = {}
    for state in states:
        found.setdefault(state.retention, []).append(state)
    return found
