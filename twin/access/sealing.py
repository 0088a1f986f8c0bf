"""What is kept of secrets and of what tells who somebody is: digests, keyed pseudonyms, sealed texts.

The keys lie in the twin's own folder of keys and are in no backup. A secret of at least 128 random bits is kept as
its SHA-256; a password never comes here (:mod:`twin.access.passwords`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from twin.errors import SignInError
from twin.keys import KeyFolder

_IDENTITY_KEY = "access-identity"
_SEAL_KEY = "access-seal"
_NONCE = 12


def new_secret() -> str:
    """A text of 256 random bits for addresses, cookies and headers."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """SHA-256 of a random secret, in hexadecimal digits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def equal(one: str, other: str) -> bool:
    """Whether two texts are equal, in a time that tells nothing of where they differ."""
    return hmac.compare_digest(one.encode(), other.encode())


def pseudonym(keys: KeyFolder, kind: str, text: str) -> str:
    """Keyed digest (HMAC-SHA-256) of something that tells who somebody is; the same text gives the same digest.

    Case, width and outer spaces do not count.
    """
    plain = unicodedata.normalize("NFKC", text).strip().casefold()
    key = keys.get_or_make(_IDENTITY_KEY)
    return hmac.new(key, f"{kind}\0{plain}".encode(), hashlib.sha256).hexdigest()


def seal(keys: KeyFolder, text: str, *, about: str) -> str:
    """Encrypt a text (AES-256-GCM). ``about`` says what it belongs to and is needed to open it."""
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(keys.get_or_make(_SEAL_KEY)).encrypt(nonce, text.encode(), about.encode())
    return base64.urlsafe_b64encode(nonce + sealed).decode()


def unseal(keys: KeyFolder, sealed: str, *, about: str) -> str:
    """The text that was sealed.

    Raises
    ------
    SignInError
        If it was changed, belongs to something else, or was sealed with a key that is gone.
    """
    try:
        raw = base64.urlsafe_b64decode(sealed)
        key = keys.get_or_make(_SEAL_KEY)
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], about.encode()).decode()
    except (InvalidTag, ValueError) as exc:
        raise SignInError("what was sealed cannot be opened", where=about, hint="Begin again.") from exc
