"""Sealed streams: nothing can be changed, moved, cut or mixed unseen."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import FormatError
from twin.files.sealing import HEAD, PART, TAG, read_head, seal, unseal

KEY, OTHER = bytes(range(32)), bytes(32)
NAME = "00112233445566778899aabbccddeeff"
EDGES = [0, 1, PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 17]


def sealed(content: bytes, key: bytes = KEY) -> bytes:
    return b"".join(seal([content], key, NAME))


def opened(content: bytes, key: bytes = KEY) -> bytes:
    file = io.BytesIO(content)
    head = read_head(file, where="test")
    assert head.key_id == NAME
    return b"".join(unseal(file, head, key, where="test"))


@pytest.mark.parametrize("size", EDGES)
def test_what_is_sealed_opens_to_the_same(size: int) -> None:
    content = bytes(n % 251 for n in range(size))
    made = sealed(content)
    assert opened(made) == content
    # Every part but the last is full, and the last may be empty only where all is.
    parts = max(1, -(-size // PART))
    assert len(made) == HEAD + size + parts * TAG


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_how_the_content_came_makes_no_difference(parts: list[bytes]) -> None:
    assert opened(b"".join(seal(parts, KEY, NAME))) == b"".join(parts)


@given(st.data())
@settings(max_examples=200)
def test_one_changed_bit_anywhere_is_noticed(data: st.DataObject) -> None:
    made = bytearray(sealed(b"Nguyen Van A, 0900 000 000" * 3))
    place = data.draw(st.integers(0, 8 * len(made) - 1))
    made[place // 8] ^= 1 << place % 8
    with pytest.raises((FormatError, AssertionError)):
        opened(bytes(made))


def cut(made: bytes) -> dict[str, bytes]:
    body, whole = made[HEAD:], PART + TAG
    first, second, third = body[:whole], body[whole : 2 * whole], body[2 * whole :]
    head = made[:HEAD]
    return {
        "last part left out": head + first + second,
        "middle part left out": head + first + third,
        "parts exchanged": head + second + first + third,
        "part repeated": head + first + first + second + third,
        "cut inside a part": made[:-1],
        "only the head": head,
        "lengthened": made + b"x",
        "joined to itself": made + body,
    }


@pytest.mark.parametrize("what", list(cut(bytes(4 * PART))))
def test_a_file_that_is_not_whole_is_refused(what: str) -> None:
    made = cut(sealed(bytes(2 * PART + 5)))[what]
    with pytest.raises(FormatError, match="changed or cut short"):
        opened(made)


def test_parts_of_two_files_under_one_key_do_not_mix() -> None:
    one, two = sealed(bytes(PART + 1)), sealed(bytes(PART + 1))
    assert one[HEAD:] != two[HEAD:]
    mixed = one[: HEAD + PART + TAG] + two[HEAD + PART + TAG :]
    with pytest.raises(FormatError, match="in part 2"):
        opened(mixed)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(FormatError, match="in part 1"):
        opened(sealed(b"x"), OTHER)


@pytest.mark.parametrize("content", [b"", b"TWS1", b"no sealed file at all, but long enough for a head"])
def test_any_other_file_is_no_sealed_file(content: bytes) -> None:
    with pytest.raises(FormatError, match="no sealed file"):
        opened(content)
