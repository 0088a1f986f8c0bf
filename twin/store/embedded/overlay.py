"""Valid time as pieces: what a change over an interval does to what was known before."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Piece:
    """Content holding over ``[start, end)``.

    ``vid`` is the stored version the content stands in, or ``None`` for content of change number ``change``.
    ``content`` is equal for equal content.
    """

    start: int
    end: int
    content: tuple[object, ...]
    vid: int | None = None
    change: int = -1


def overlay(pieces: list[Piece], start: int, end: int, new: Piece | None) -> list[Piece]:
    """Pieces after ``[start, end)`` was said to hold ``new`` (``None``: nothing)."""
    kept: list[Piece] = []
    for piece in pieces:
        if piece.start < start:
            kept.append(replace(piece, end=min(piece.end, start)))
        if piece.end > end:
            kept.append(replace(piece, start=max(piece.start, end)))
    # A piece wholly outside is cut at neither end, and one that spans the change is split in two.
    kept = [p for p in kept if p.start < p.end]
    if new is not None:
        kept.append(new)
    return sorted(kept, key=lambda p: p.start)


def says_the_same(pieces: list[Piece], start: int, end: int, content: tuple[object, ...] | None) -> bool:
    """Whether all of ``[start, end)`` holds that content already (``None``: nothing)."""
    inside = [p for p in pieces if p.start < end and p.end > start]
    if content is None:
        return not inside
    reached = start
    for piece in inside:
        if piece.start > reached or piece.content != content:
            return False
        reached = piece.end
    return bool(inside) and reached >= end
