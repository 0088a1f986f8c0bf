"""Plain HTML pages, every text escaped, style from this server only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Self

from fastapi.responses import HTMLResponse


class Link(str):
    """Text of a cell that leads somewhere."""

    __slots__ = ("href",)
    href: str

    def __new__(cls, text: str, href: str) -> Self:
        """Make a link with its text."""
        made = super().__new__(cls, text)
        made.href = href
        return made


def page(title: str, *parts: str, trail: Sequence[Link] = ()) -> HTMLResponse:
    """A whole page; ``parts`` are HTML made by the functions below."""
    path = " › ".join(anchor(step) for step in trail)
    content = f"""<!doctype html>
<html lang="vi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><link rel="stylesheet" href="/static/pages.css"></head>
<body><header>{path}</header><main><h1>{escape(title)}</h1>{"".join(parts)}</main></body></html>
"""
    return HTMLResponse(content, headers={"cache-control": "no-cache"})


def anchor(link: Link) -> str:
    """A link."""
    return f'<a href="{escape(link.href)}">{escape(link)}</a>'


def paragraph(text: str) -> str:
    """A paragraph of plain text."""
    return f"<p>{escape(text)}</p>" if text else ""


def heading(text: str) -> str:
    """A heading below the page's."""
    return f"<h2>{escape(text)}</h2>"


def code(text: str) -> str:
    """Text as typed."""
    return f'<div class="scroll"><pre>{escape(text)}</pre></div>'


def listing(links: Iterable[Link]) -> str:
    """A list of links."""
    return f"<ul>{''.join(f'<li>{anchor(link)}</li>' for link in links)}</ul>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a cell that is a :class:`Link` leads somewhere."""
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(text: str) -> str:
    return anchor(text) if isinstance(text, Link) else escape(text)
