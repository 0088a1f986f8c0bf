"""Passwords: rules by length and a list of the worst, kept with argon2id.

No rules of composition and no expiry by age (NIST SP 800-63B, 5.1.1.2): length and a list of what everybody tries.
"""

from __future__ import annotations

import threading
import unicodedata
from functools import cache
from itertools import pairwise
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from twin.errors import ParameterError

SHORTEST: Final = 12
LONGEST: Final = 256
"""Longest password, so that a request cannot ask for minutes of hashing. [characters]"""

_COMMON: Final = (
    "password", "passw0rd", "matkhau", "mật khẩu", "123456", "1234567890", "qwerty", "qwertyuiop", "asdfghjkl",
    "abc123", "letmein", "welcome", "admin", "administrator", "quantri", "quản trị", "root", "iloveyou", "anhyeuem",
    "emyeuanh", "vietnam", "việt nam", "saigon", "hanoi", "hànội", "binhphuoc", "dongnai", "changeme", "doimatkhau",
    "default", "zxcvbnm", "111111", "000000", "112233", "khongcho", "ubnd", "ioc",
)  # fmt: skip
"""What is tried first; a password must be more than one of these with digits and signs around it."""

_HASHER: Final = PasswordHasher()  # argon2id, RFC 9106's second recommended setting: 64 MiB, 3 passes, 4 lanes
_AT_ONCE: Final = threading.BoundedSemaphore(4)  # 64 MiB each


def check_rules(password: str, *, account: str = "") -> None:
    """Raise ParameterError unless the password may be one. The text never holds it."""
    where = "password"
    if not SHORTEST <= len(password) <= LONGEST:
        raise ParameterError(
            f"a password has {SHORTEST} to {LONGEST} characters; this one has {len(password)}",
            where=where,
            hint="Several words in a row are easy to remember.",
        )
    if len(set(password)) < 5:
        raise ParameterError("the password repeats a few characters only", where=where)
    core = _letters(password)
    known = {_letters(word) for word in _COMMON}
    if core in known or _folded(password) in {_folded(word) for word in _COMMON} or _is_run(_folded(password)):
        raise ParameterError("the password is one that everybody tries first", where=where)
    if account and len(account) > 3 and core == _letters(account):
        raise ParameterError("the password is the account's name", where=where)


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.casefold()).replace("đ", "d")
    return "".join(c for c in plain if not unicodedata.combining(c) and not c.isspace())


def _letters(text: str) -> str:
    """The letters of a password without digits and signs; ``""`` where there are none."""
    return "".join(c for c in _folded(text) if c.isalpha()) or text


def _is_run(text: str) -> bool:
    """Whether each character follows the one before it, up or down, or repeats it."""
    steps = {ord(b) - ord(a) for a, b in pairwise(text)}
    return any(steps <= allowed for allowed in ({1, -9}, {-1, 9}, {0}))  # after 9 comes 0


def make_hash(password: str) -> str:
    """What is kept of a password."""
    with _AT_ONCE:
        return _HASHER.hash(_normal(password))


def matches(kept: str | None, password: str) -> bool:
    """Whether it is the password that was kept. Without one it takes as long and is false."""
    is_real = kept is not None and len(password) <= LONGEST
    nobodys = _nobodys()  # also where it is not needed: made once, it would make the first unknown account slower
    with _AT_ONCE:
        try:
            found = _HASHER.verify(kept if is_real and kept is not None else nobodys, _normal(password[:LONGEST]))
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False
    return found and is_real


def is_weak(kept: str) -> bool:
    """Whether a hash was made with settings that are no longer enough."""
    return _HASHER.check_needs_rehash(kept)


def _normal(password: str) -> str:
    # One keyboard sends a letter with its tone as one character, another as two.
    return unicodedata.normalize("NFKC", password)


@cache
def _nobodys() -> str:
    return _HASHER.hash("nobody's password, to take as long for an account that is none")
