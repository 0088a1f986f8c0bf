"""Secrecy classes of rows, and the rules that say which rows have one.

A rule is data (part of a policy, :mod:`twin.model.policy`). It is judged on the attributes of one version of a
feature: a land-use code, alone or among others (``"ONT+CQP"``, ``["ONT", "CQP"]``), a planning function, or the name of
such land written out. Rules look at every attribute of every layer unless they say otherwise, so that a layer imported
tomorrow is judged too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache
from typing import Any, cast

from twin.errors import SchemaError
from twin.model.layer import Layer
from twin.types import Json

EVERY = "*"
GROUP = "group:"


class Secrecy(IntEnum):
    """How secret a row is, and up to what a person may see (their clearance)."""

    PUBLIC = 0
    INTERNAL = 1
    """Nội bộ."""
    RESTRICTED = 2
    """Quốc phòng, an ninh."""

    @property
    def label(self) -> str:
        """The class as it is written in a policy."""
        return self.name.lower()


def secrecy_of(text: object, where: str) -> Secrecy:
    """The class of that name."""
    for one in Secrecy:
        if text == one.label:
            return one
    raise SchemaError(
        f"{text!r} is not a class of secrecy", where=where, hint=f"Use {', '.join(s.label for s in Secrecy)}."
    )


@dataclass(frozen=True, slots=True)
class Selection:
    """Some layers: ``"*"`` is every one, ``"group:planning"`` a group, anything else a layer's name."""

    chosen: tuple[str, ...] = (EVERY,)
    without: tuple[str, ...] = ()

    def holds(self, layer: Layer) -> bool:
        """Whether the layer is among them."""
        return _among(self.chosen, layer) and not _among(self.without, layer)

    @property
    def all(self) -> bool:
        """Whether every layer is among them, also those to come."""
        return EVERY in self.chosen and not self.without


def _among(chosen: Sequence[str], layer: Layer) -> bool:
    return any(c in (EVERY, layer.name, f"{GROUP}{layer.group}") for c in chosen)


@dataclass(frozen=True, slots=True)
class SecrecyRule:
    """Rows that have a class.

    Parameters
    ----------
    codes
        A value is one of these codes, or a list that holds one; upper and lower case are the same.
    names
        A value is one of these texts, ignoring case and diacritics.
    phrases
        A value holds one of these as whole words, ignoring case and diacritics.
    every
        Every row of the layers has the class: the layers themselves do.
    """

    secrecy: Secrecy
    layers: Selection = field(default_factory=Selection)
    attributes: tuple[str, ...] = (EVERY,)
    codes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    every: bool = False
    title: str = ""
    title_en: str = ""

    def meets(self, properties: Mapping[str, Any]) -> bool:
        """Whether a row with these attributes has the class."""
        wanted, names, phrases = _prepared(self)
        for said in _texts(properties, self.attributes):
            text = _seen(said)
            if wanted and _codes(text, wanted) & wanted:
                return True
            if names or phrases:
                folded = plain(text)
                if folded in names or any(phrase in f" {folded} " for phrase in phrases):
                    return True
        return False


@lru_cache(maxsize=256)
def _prepared(rule: SecrecyRule) -> tuple[frozenset[str], frozenset[str], tuple[str, ...]]:
    """Codes, names and phrases as they are compared."""
    codes = frozenset(unicodedata.normalize("NFC", code).lower() for code in rule.codes)
    return codes, frozenset(map(plain, rule.names)), tuple(f" {plain(phrase)} " for phrase in rule.phrases)


def judge(rules: Sequence[SecrecyRule], properties: Mapping[str, Any]) -> Secrecy:
    """The highest class that any rule gives a row with these attributes."""
    return max((r.secrecy for r in rules if not r.every and r.meets(properties)), default=Secrecy.PUBLIC)


def class_of_layer(rules: Sequence[SecrecyRule], layer: Layer) -> Secrecy:
    """The class that a layer has as a whole."""
    return max((r.secrecy for r in rules if r.every and r.layers.holds(layer)), default=Secrecy.PUBLIC)


def suspicion(rules: Sequence[SecrecyRule]) -> tuple[str, str]:
    """Regular expressions (RE2) that find every row a rule could meet, on attributes as JSON text in lower case.

    The first, of codes, looks at the text as it is; the second, of names and phrases, at the text without diacritics.
    An empty one finds nothing.
    """
    codes = {unicodedata.normalize(form, code.lower()) for r in rules for code in r.codes for form in ("NFC", "NFD")}
    words = {tuple(plain(p).split()) for r in rules for p in (*r.names, *r.phrases)}
    between = f"(?:[^a-z0-9]|{_ESCAPE})+"
    phrases = sorted(between.join(map(re.escape, phrase)) for phrase in words)
    of_codes = f"(?:^|[^a-z]|{_ESCAPE})(?:{'|'.join(sorted(map(re.escape, codes)))})(?:[^a-z]|$)" if codes else ""
    of_words = "|".join(phrases)
    return (f"{of_codes}|{_UNSEEN}" if of_codes else ""), (f"{of_words}|{_UNSEEN}" if of_words else "")


_UNSEEN = "[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\uff01-\uff5e]"
"""Letters of double width and signs that nobody sees: such a text is looked at as it is seen."""

_ESCAPE = r"\\(?:[bfnrt]|u[0-9a-f]{4})"
"""How JSON writes what stands between words although it looks like a letter."""


# -- texts ---------------------------------------------------------------------------------------------------------

_LAND_USE = (
    "luc luk hnk cln rdd rph rsx rsn nts cnt lmu nkh ont odt tsc cqp can dvh dyt dgd dtt dkh dxh dmt dkt dng dsk tmd "
    "skc skk sks skn sct dgt dtl dra dnl dct dpc ddd dbv dch dkv ntd ton tin son mnc mcs cgt pnk bcs dcs ncs nnp chn "
    "lua lnp pnn otc cqa dsn csk scc ccc tvc csd bhk nhk lun coc lnk lnc lnq ddt ddl dsh skx skt tsl tsn rdt"
)
LAND_USE_CODES = frozenset(_LAND_USE.split())
"""Codes that may stand in a list with spaces only: circular 08/2024/TT-BTNMT, annex II, and older ones."""

_BETWEEN = re.compile(r"(?:[^\w\s.]|\.(?!\d)|[\n\r\t])+")
_CODE = re.compile(r"([a-z]{3})\d*")
_FIGURE = re.compile(r"\d+(\.\d+)?|m2|m²|ha|")


def _texts(value: Any, attributes: Sequence[str] = (EVERY,)) -> Iterator[str]:
    """Every text in a value, however deep; at the top only of the attributes named."""
    match value:
        case str():
            yield value
        case list():
            for part in value:
                yield from _texts(part)
        case dict():
            for name, part in value.items():
                if EVERY in attributes or name in attributes:
                    yield from _texts(part)


def _seen(text: str) -> str:
    """A text as a reader sees it: letters of double width as others, without what has no width."""
    if text.isascii():
        return text
    composed = unicodedata.normalize("NFKC", text)
    return "".join(c for c in composed if unicodedata.category(c) != "Cf")


def _codes(text: str, wanted: frozenset[str]) -> set[str]:
    """The codes in a text that is a list of codes (perhaps with areas), in lower case; none if it is anything else."""
    if len(text) > 400:
        return set()
    found: set[str] = set()
    for piece in _BETWEEN.split(unicodedata.normalize("NFC", text).lower()):
        parts = _codes_of(piece.strip(), wanted)
        if parts is None:
            return set()
        found |= parts
    return found


def _codes_of(piece: str, wanted: frozenset[str]) -> set[str] | None:
    """The codes in what stands between two separators; ``None`` if it is no code."""
    if piece in wanted:
        return {piece}
    if _FIGURE.fullmatch(piece):
        return set()
    if code := _CODE.fullmatch(piece):
        return {code.group(1)}
    words = re.split(r"[\s_]+", piece)
    known = LAND_USE_CODES | wanted
    codes = {(c.group(1) if (c := _CODE.fullmatch(w)) else w) for w in words if not _FIGURE.fullmatch(w)}
    return codes if len(words) > 1 and codes <= known else None


def _fold(text: str) -> str:
    """Text without case and diacritics."""
    decomposed = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def plain(text: str) -> str:
    """Words without case, diacritics and marks between them, one space apart."""
    return " ".join(re.findall(r"\w+", _fold(text).replace("_", " ")))


# -- as JSON -------------------------------------------------------------------------------------------------------

_MEMBERS = frozenset(
    {"class", "layers", "except", "attributes", "codes", "names", "phrases", "every", "title", "title_en"}
)


def rule_to_json(rule: SecrecyRule) -> dict[str, Json]:
    """The rule as it stands in a policy."""
    return {
        "class": rule.secrecy.label,
        "layers": list(rule.layers.chosen),
        "except": list(rule.layers.without),
        "attributes": list(rule.attributes),
        "codes": list(rule.codes),
        "names": list(rule.names),
        "phrases": list(rule.phrases),
        "every": rule.every,
        "title": rule.title,
        "title_en": rule.title_en,
    }


def rule_from_json(body: Any, where: str) -> SecrecyRule:
    """The rule in a policy; SchemaError if it is none."""
    said = members(body, _MEMBERS, where)
    every = said.get("every", False)
    if not isinstance(every, bool):
        raise SchemaError(f"every is true or false, not {every!r}", where=where)
    rule = SecrecyRule(
        secrecy_of(said.get("class"), f"{where}.class"),
        Selection(texts(said.get("layers", [EVERY]), f"{where}.layers"), texts(said.get("except"), f"{where}.except")),
        texts(said.get("attributes", [EVERY]), f"{where}.attributes"),
        texts(said.get("codes"), f"{where}.codes"),
        texts(said.get("names"), f"{where}.names"),
        texts(said.get("phrases"), f"{where}.phrases"),
        every,
        str(said.get("title", "")),
        str(said.get("title_en", "")),
    )
    if rule.every == bool(rule.codes or rule.names or rule.phrases):
        raise SchemaError(
            "a rule names codes, names or phrases, or is for every row", where=where, hint='Or write "every": true.'
        )
    if any(not plain(text) for text in (*rule.names, *rule.phrases)):
        raise SchemaError("a name or phrase has at least one letter or digit", where=where)
    wrong = next((code for code in rule.codes if not re.fullmatch(r"\w+", code)), None)
    if wrong is not None:
        raise SchemaError(f"{wrong!r} is not a code", where=where, hint="Letters, digits and _.")
    return rule


def members(body: Any, known: frozenset[str], where: str) -> dict[str, Any]:
    """A JSON object with no members but those known."""
    if not isinstance(body, dict):
        raise SchemaError("is not a JSON object", where=where)
    strange = sorted(set(body) - known)
    if strange:
        raise SchemaError(f"has no member {strange[0]!r}", where=where, hint=f"Known: {', '.join(sorted(known))}.")
    return cast("dict[str, Any]", body)


def texts(value: Any, where: str) -> tuple[str, ...]:
    """A list of texts; none given is none."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(v, str) and v.strip() for v in value):
        raise SchemaError("is not a list of texts", where=where)
    return tuple(value)
