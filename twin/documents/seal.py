"""The seal of a PDF: one Ed25519 signature over all of its bytes, lying inside it.

The file is typeset with a mark of fixed width in its keywords. The seal is the signature over the hash of that
file, written over the mark; put the mark back and the hash is that of the file as it was typeset. So the file
proves by itself that no byte of it was changed.
"""

from __future__ import annotations

import re

from twin.documents.canonical import sha256
from twin.errors import InternalError, ParameterError
from twin.signing import from_text, is_signed, sign, to_text

_WIDTH = 86
MARK = "TWIN1-SEAL-" + "0" * _WIDTH
"""What a file is typeset with where its seal goes."""
_SEAL = re.compile(rb"TWIN1-SEAL-([A-Za-z0-9_-]{86})")


def sealed(pdf: bytes, document: str, private: bytes) -> bytes:
    """The file with its seal; InternalError if it was typeset without a mark."""
    if MARK.encode() not in pdf:
        raise InternalError("the document was typeset without a place for its seal")
    seal = to_text(sign(private, _message(pdf, document)))
    return pdf.replace(MARK.encode(), f"TWIN1-SEAL-{seal}".encode())


def seal_holds(pdf: bytes, document: str, public: bytes) -> bool:
    """Whether the file is, byte by byte, the one that was sealed under a public key."""
    seals = set(_SEAL.findall(pdf))
    if len(seals) != 1:
        return False
    seal = seals.pop()
    bare = pdf.replace(b"TWIN1-SEAL-" + seal, MARK.encode())
    try:
        signature = from_text(seal.decode())
    except ParameterError:
        return False
    return is_signed(public, _message(bare, document), signature)


def _message(bare: bytes, document: str) -> bytes:
    return f"TWIN1-SEAL.{document}.{sha256(bare)}".encode()
