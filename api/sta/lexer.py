"""Tokens of the OData expressions that SensorThings uses.

The literals differ from plain OData: times stand unquoted and may be intervals (``start/end``), names may
begin with ``@`` (``@iot.id``) and may carry the letters of any language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from twin.errors import ParameterError

MAX_LENGTH: Final = 16_000
"""Longest expression that is read. [characters]"""

_DATE = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?"
# A `+` before an offset arrives as a space when it was not written %2B.
_MOMENT = rf"{_DATE}T{_CLOCK}(?:Z|[+\- ]\d{{2}}:?\d{{2}})?"

_TOKEN: Final = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<geography>geography'(?:[^']|'')*')
  | (?P<duration>duration'[^']*')
  | (?P<text>'(?:[^']|'')*')
  | (?P<interval>{_MOMENT}/{_MOMENT})
  | (?P<moment>{_MOMENT})
  | (?P<date>{_DATE}(?!\d))
  | (?P<clock>{_CLOCK})
  | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<name>@?[^\W\d]\w*(?:\.[^\W\d]\w*)*)
  | (?P<mark>[(),/\-])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A token with its place in the text (from 0); ``kind`` is ``end`` after the last one."""

    kind: str
    text: str
    place: int


def tokens(text: str, *, where: str) -> list[Token]:
    """Cut an expression into tokens, spaces left out; ParameterError at the first unfitting character."""
    if len(text) > MAX_LENGTH:
        raise ParameterError(f"the expression has {len(text)} characters, at most {MAX_LENGTH} are read", where=where)
    found: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ParameterError(
                f"cannot read {text[place : place + 20]!r} at character {place + 1}",
                where=where,
                hint="Texts stand in single quotes, a quote inside is doubled.",
            )
        kind = match.lastgroup or "space"
        if kind != "space":
            found.append(Token(kind, match.group(), place))
        place = match.end()
    found.append(Token("end", "", len(text)))
    return found
