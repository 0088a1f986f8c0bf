"""Keys that sign documents: made, changed for another, withdrawn, published.

The private half lies in the twin's key folder, or is given by reference (``TWIN_SIGNING_KEY``); the public half is
a record with the time it may sign in. A key that was changed for another goes on verifying what it signed. One that
was withdrawn verifies only what it signed before the moment of withdrawal.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from twin.access.audit import audited
from twin.core import Twin
from twin.errors import ConflictError, FormatError, NotFoundError, ParameterError, TimeError
from twin.model.record import Body, Put, Record
from twin.signing import SIZE, from_text, key_id, public_key, to_text
from twin.types import Json, format_time, parse_time

KIND = "signing_key"
_FORMAT = "twin-keys/1"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key as everybody may know it; it signs over ``[valid_from, valid_to)``."""

    id: str
    public: bytes
    valid_from: datetime
    valid_to: datetime | None = None
    revoked: datetime | None = None
    reason: str = ""

    def as_dict(self) -> Body:
        """The key as JSON."""
        return {
            "id": self.id,
            "public": to_text(self.public),
            "valid_from": format_time(self.valid_from),
            "valid_to": format_time(self.valid_to) if self.valid_to else None,
            "revoked": format_time(self.revoked) if self.revoked else None,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Published:
    """What a verifier without a twin needs: every key, and the documents that were withdrawn."""

    keys: tuple[PublicKey, ...]
    revoked_documents: dict[str, datetime]

    def key(self, name: str) -> PublicKey | None:
        """A key by its name."""
        return next((key for key in self.keys if key.id == name), None)

    def as_dict(self) -> Body:
        """The file of published keys."""
        return {
            "format": _FORMAT,
            "algorithm": "Ed25519",
            "keys": [dict(key.as_dict()) for key in self.keys],
            "revoked_documents": [{"id": i, "revoked": format_time(t)} for i, t in self.revoked_documents.items()],
        }


def read_published(value: object) -> Published:
    """Published keys from their JSON; FormatError if it is not theirs, or a key's name is not that of its bytes."""
    if not isinstance(value, dict) or value.get("format") != _FORMAT:
        raise FormatError("this is not a file of published keys", hint="Get it with: twin documents keys --json")
    try:
        keys = tuple(_key(item) for item in value["keys"])
        withdrawn = {str(item["id"]): _moment(item, "revoked") for item in value["revoked_documents"]}
    except (KeyError, TypeError, ValueError, AttributeError, TimeError, ParameterError) as exc:
        raise FormatError(f"the file of published keys is damaged: {exc}") from exc
    return Published(keys, withdrawn)


def _key(body: Body) -> PublicKey:
    public = from_text(str(body["public"]))
    if key_id(public) != body["id"]:
        raise FormatError(f"the key {body['id']} is not the one of that name")
    return PublicKey(
        str(body["id"]),
        public,
        _moment(body, "valid_from"),
        _moment(body, "valid_to") if body.get("valid_to") else None,
        _moment(body, "revoked") if body.get("revoked") else None,
        str(body.get("reason") or ""),
    )


def _moment(body: Body, name: str) -> datetime:
    return parse_time(str(body[name]), where=name)


def keys(t: Twin) -> list[PublicKey]:
    """Every key there ever was, the newest first."""
    found = [_key(record.body) for record in t.store.records(KIND)]
    return sorted(found, key=lambda key: (key.valid_from, key.id), reverse=True)


def published(t: Twin) -> Published:
    """What verifies the twin's documents anywhere."""
    withdrawn: dict[str, datetime] = {}
    for record in t.store.records("document", where={"state": "revoked"}):
        revoked = cast("dict[str, Json]", record.body["revoked"])
        withdrawn[record.key] = _moment(revoked, "at")
    return Published(tuple(keys(t)), withdrawn)


def signing_key(t: Twin, now: datetime, *, given: str = "") -> bytes:
    """The key that signs now; the first is made when the first document is issued.

    Parameters
    ----------
    given
        The secret that ``TWIN_SIGNING_KEY`` refers to, if it is set: a PEM, or the 32 bytes as base64url.

    Raises
    ------
    ConflictError
        If the given key was withdrawn or changed for another.
    NotFoundError
        If the private half of the current key is not here.
    """
    if given:
        return _given(t, given, now)
    current = next((key for key in keys(t) if signs(key, now)), None)
    if current is None:
        return _make(t, now, before=[])
    seed = t.keys.read(_name(current.id))
    if seed is None:
        raise NotFoundError(
            f"the private half of the signing key {current.id} is not in {t.keys.folder}",
            hint="Bring the folder back, set TWIN_SIGNING_KEY, or run: twin documents rotate",
        )
    return seed


def signs(key: PublicKey, when: datetime) -> bool:
    """Whether a key may sign at a time."""
    ends = [end for end in (key.valid_to, key.revoked) if end is not None]
    return key.valid_from <= when and all(when < end for end in ends)


def rotate(t: Twin, now: datetime) -> PublicKey:
    """Make a new key that signs from now on; what the one before signed stays valid."""
    before = [record for record in t.store.records(KIND) if signs(_key(record.body), now)]
    made = _make(t, now, before=before)
    return _key(t.store.record(KIND, key_id(public_key(made))).body)


def revoke(t: Twin, name: str, now: datetime, *, reason: str, since: datetime | None = None) -> PublicKey:
    """Withdraw a key: what it signed from ``since`` (now, if not given) on is refused. Its private half is destroyed.

    Raises
    ------
    ParameterError
        If no reason is given, or ``since`` lies ahead.
    ConflictError
        If it was withdrawn before for an earlier moment.
    """
    when = since or now
    if not reason.strip():
        raise ParameterError("a key is withdrawn for a reason", hint="Say what happened.")
    if when > now:
        raise ParameterError(f"{format_time(when)} lies ahead", hint="Withdraw a key at the latest as of now.")
    record = t.store.record(KIND, name)
    key = _key(record.body)
    if key.revoked is not None and key.revoked <= when:
        raise ConflictError(f"the key {name} is withdrawn since {format_time(key.revoked)}")
    gone = replace(key, revoked=when, reason=reason.strip())
    details: Body = {"since": format_time(when), "reason": gone.reason}
    t.store.write_records(
        [
            Put(KIND, name, gone.as_dict(), expect=record.version),
            audited(t.viewer, "documents.revoke_key", f"signing_key:{name}", details=details),
        ]
    )
    t.keys.destroy(_name(name))
    return gone


def _make(t: Twin, now: datetime, *, before: list[Record]) -> bytes:
    private = secrets.token_bytes(SIZE)
    public = public_key(private)
    name = key_id(public)
    t.keys.add(_name(name), private)
    ended = [Put(KIND, old.key, replace(_key(old.body), valid_to=now).as_dict(), expect=old.version) for old in before]
    t.store.write_records(
        [
            *ended,
            Put(KIND, name, PublicKey(name, public, now).as_dict(), expect=0),
            audited(
                t.viewer, "documents.make_key", f"signing_key:{name}", details={"replaces": [o.key for o in before]}
            ),
        ]
    )
    for old in before:
        t.keys.destroy(_name(old.key))
    return private


def _given(t: Twin, secret: str, now: datetime) -> bytes:
    private = read_private(secret)
    public = public_key(private)
    name = key_id(public)
    try:
        known = _key(t.store.record(KIND, name).body)
    except NotFoundError:
        before = [record for record in t.store.records(KIND) if signs(_key(record.body), now)]
        ended = [Put(KIND, o.key, replace(_key(o.body), valid_to=now).as_dict(), expect=o.version) for o in before]
        act = audited(t.viewer, "documents.take_key", f"signing_key:{name}")
        t.store.write_records([*ended, Put(KIND, name, PublicKey(name, public, now).as_dict(), expect=0), act])
        return private
    if not signs(known, now):
        raise ConflictError(
            f"the signing key {name} may not sign any more",
            where="TWIN_SIGNING_KEY",
            hint="Refer to another key.",
        )
    return private


def read_private(secret: str) -> bytes:
    """A private key from its PEM or base64url text; the error never quotes it."""
    wrong = ParameterError(
        "the signing key is not an Ed25519 private key",
        where="TWIN_SIGNING_KEY",
        hint="Give an unencrypted PEM (PKCS 8), or its 32 bytes as base64url.",
    )
    try:
        if "-----BEGIN" in secret:
            private = load_pem_private_key(secret.encode(), password=None)
            if isinstance(private, Ed25519PrivateKey):
                return private.private_bytes_raw()
        elif len(raw := from_text(secret.strip())) == SIZE:
            return raw
    except (ValueError, TypeError, UnsupportedAlgorithm, ParameterError):
        # Neither the error nor its cause may carry the secret.
        raise wrong from None
    raise wrong


def _name(key: str) -> str:
    return f"sign-{key}"
