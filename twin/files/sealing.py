"""Sealed streams: a file encrypted in parts, each authenticated, in order, with a marked end.

Each file has a key of its own, derived (HKDF-SHA-256) from its data key and a random salt in the file's head. Part *n*
is AES-256-GCM with the nonce ``n`` (11 bytes, big-endian) followed by ``1`` for the last part and ``0`` for the others;
the head is associated data of every part. So a part cannot be changed, moved, repeated or left out, a file cannot be
cut short or lengthened, and parts of two files cannot be mixed: the construction STREAM of [1]_.

References
----------
.. [1] V. T. Hoang, R. Reyhanitabar, P. Rogaway, D. Vizár, Online Authenticated-Encryption and its Nonce-Reuse
   Misuse-Resistance, CRYPTO 2015, section 7.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from twin.errors import FormatError

MAGIC: Final = b"TWS1"
PART: Final = 1 << 16
"""Plain bytes of a part; the last holds 0 to as many. [bytes]"""
TAG: Final = 16
KEY: Final = 32
_SALT: Final = 16
_KEY_ID: Final = 16
HEAD: Final = len(MAGIC) + _KEY_ID + _SALT


@dataclass(frozen=True, slots=True)
class Head:
    """What stands unencrypted at the beginning of a sealed file: by which data key it was sealed."""

    key_id: str
    salt: bytes

    def encode(self) -> bytes:
        """The bytes of the head."""
        return MAGIC + bytes.fromhex(self.key_id) + self.salt


def read_head(file: BinaryIO, *, where: str) -> Head:
    """The head of a sealed file; FormatError for any other."""
    found = file.read(HEAD)
    if len(found) < HEAD or not found.startswith(MAGIC):
        raise FormatError("this is no sealed file", where=where)
    return Head(found[len(MAGIC) : len(MAGIC) + _KEY_ID].hex(), found[-_SALT:])


def seal(parts: Iterable[bytes], key: bytes, key_id: str) -> Iterator[bytes]:
    """A sealed file, part by part, from plain parts of any size."""
    head = Head(key_id, secrets.token_bytes(_SALT))
    yield head.encode()
    cipher = _cipher(key, head)
    for number, (plain, is_last) in enumerate(_even(parts)):
        yield cipher.encrypt(_nonce(number, is_last=is_last), plain, head.encode())


def unseal(file: BinaryIO, head: Head, key: bytes, *, where: str) -> Iterator[bytes]:
    """The plain parts of a sealed file whose head was read.

    Raises
    ------
    FormatError
        If a part was changed, moved or is missing; what was given before it is right, but not the whole.
    """
    cipher = _cipher(key, head)
    part = file.read(PART + TAG)
    number = 0
    while True:
        following = file.read(PART + TAG)
        try:
            yield cipher.decrypt(_nonce(number, is_last=not following), part, head.encode())
        except (InvalidTag, ValueError) as exc:
            raise FormatError(f"the sealed file was changed or cut short in part {number + 1}", where=where) from exc
        if not following:
            return
        part = following
        number += 1


def _cipher(key: bytes, head: Head) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=KEY, salt=head.salt, info=b"twin sealed file 1").derive(key)
    return AESGCM(derived)


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if is_last else b"\x00")


def _even(parts: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Parts of :data:`PART` bytes, the last one marked (and empty where nothing is left for it)."""
    buffer = bytearray()
    for part in parts:
        buffer += part
        while len(buffer) > PART:
            yield bytes(buffer[:PART]), False
            del buffer[:PART]
    yield bytes(buffer), True
