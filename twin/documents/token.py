"""The text in a document's QR code: id, date, key, hash of the canonical form, and the signature over all of them.

``TWIN1.<id>.<issued>.<key>.<hash>.<signature>``: the time of issue is UTC to the microsecond, the hash is the
SHA-256 of the canonical form, hash and signature (Ed25519, over everything before the last dot) are base64url
without padding. A QR code may hold it after the ``#`` of an address, so that no server sees it before the
reader's own page does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from twin.errors import FormatError, ParameterError
from twin.signing import from_text, is_signed, key_id, public_key, to_text
from twin.signing import sign as ed25519

_TOKEN = re.compile(
    r"TWIN1\.(?P<id>\d{8}-[0-9A-HJKMNP-TV-Z]{10})\.(?P<issued>\d{8}T\d{6}\.\d{6}Z)\.(?P<key>[0-9a-f]{16})"
    r"\.(?P<hash>[A-Za-z0-9_-]{43})\.(?P<signature>[A-Za-z0-9_-]{86})(?![A-Za-z0-9_-])"
)
_ISSUED = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True)
class Token:
    """What a QR code says."""

    id: str
    issued: datetime
    key: str
    sha256: str
    signature: bytes

    @property
    def text(self) -> str:
        """As it stands in the QR code."""
        return f"{said(self.id, self.issued, self.key, self.sha256)}.{to_text(self.signature)}"

    def signed_by(self, public: bytes) -> bool:
        """Whether the signature is that of a public key (raw, 32 bytes)."""
        message = said(self.id, self.issued, self.key, self.sha256)
        return is_signed(public, message.encode("ascii"), self.signature)


def said(document: str, issued: datetime, key: str, digest: str) -> str:
    """The part of a token that is signed."""
    return f"TWIN1.{document}.{issued.astimezone(UTC).strftime(_ISSUED)}.{key}.{to_text(bytes.fromhex(digest))}"


def sign(document: str, issued: datetime, digest: str, private: bytes) -> Token:
    """The token of a document whose canonical form has a hash."""
    key = key_id(public_key(private))
    signature = ed25519(private, said(document, issued, key, digest).encode("ascii"))
    return Token(document, issued, key, digest, signature)


def find_token(text: str) -> str | None:
    """The token in a text (bare, or in an address), if there is one."""
    found = _TOKEN.search(text)
    return found.group() if found else None


def read_token(text: str) -> Token:
    """A token from its text, or from the address that leads to it; FormatError if it is none."""
    found = _TOKEN.search(text.strip())
    if found is None:
        raise FormatError("this is not the code of a document", hint="It begins with TWIN1.")
    try:
        issued = datetime.strptime(found["issued"], _ISSUED).replace(tzinfo=UTC)
        token = Token(found["id"], issued, found["key"], from_text(found["hash"]).hex(), from_text(found["signature"]))
    except (ValueError, ParameterError) as exc:
        raise FormatError(f"this is not the code of a document: {exc}") from exc
    if token.text != found.group():
        # Unused bits of base64url would let one signature have several spellings.
        raise FormatError("this is not the code of a document: it is not written as codes are")
    return token
