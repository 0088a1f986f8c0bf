"""Ed25519 signatures (RFC 8032) over canonical JSON, as the house uses them for documents and for the audit's head."""

from __future__ import annotations

import base64
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from twin.errors import ParameterError

SIZE = 32
"""Length of a private and of a public key. [bytes]"""


def public_key(private: bytes) -> bytes:
    """The public key of a private one (both raw, 32 bytes)."""
    return _private(private).public_key().public_bytes_raw()


def key_id(public: bytes) -> str:
    """A short name of a public key: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


def sign(private: bytes, message: bytes) -> bytes:
    """The signature (64 bytes) of a message."""
    return _private(private).sign(message)


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature over a message was made with the private key of ``public``."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def to_text(raw: bytes) -> str:
    """Bytes as URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def from_text(text: str) -> bytes:
    """The bytes that :func:`to_text` wrote; ParameterError if it cannot have written them."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raw = b""
    if to_text(raw) != text:
        raise ParameterError(f"{text[:80]!r} is not URL-safe base64")
    return raw


def _private(private: bytes) -> Ed25519PrivateKey:
    if len(private) != SIZE:
        raise ParameterError(f"a private key has {SIZE} bytes, not {len(private)}")
    return Ed25519PrivateKey.from_private_bytes(private)
