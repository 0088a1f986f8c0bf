"""Is a document genuine? Judged from its code, its canonical form and its bytes with published keys alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from twin.documents.canonical import canonical_bytes, read_canonical, sha256
from twin.documents.keys import PublicKey, Published
from twin.documents.seal import seal_holds
from twin.documents.token import Token, find_token, read_token
from twin.documents.wording import day_time
from twin.errors import FormatError
from twin.types import Json, format_time

DATA_NAME = "document.json"
TOKEN_NAME = "token.txt"  # noqa: S105  a file's name


class Outcome(StrEnum):
    """What came out."""

    VALID = "valid"
    REVOKED = "revoked"
    FORGED = "forged"
    UNKNOWN_KEY = "unknown_key"
    EXPIRED_KEY = "expired_key"
    ALTERED = "altered"
    NOT_OURS = "not_ours"


TEXTS: dict[Outcome, tuple[str, str]] = {
    Outcome.VALID: ("Văn bản thật, không bị sửa.", "The document is genuine and unchanged."),
    Outcome.REVOKED: ("Văn bản đã bị thu hồi.", "The document was withdrawn."),
    Outcome.FORGED: (
        "Chữ ký sai: mã này không do hệ thống ký.",
        "The signature is wrong: this code was not signed by the system.",
    ),
    Outcome.UNKNOWN_KEY: (
        "Văn bản được ký bằng một khoá không có trong danh sách khoá công bố.",
        "The document is signed with a key that is not among those published.",
    ),
    Outcome.EXPIRED_KEY: (
        "Văn bản ghi ngày ký nằm ngoài thời gian khoá được dùng để ký.",
        "The document is dated outside the time in which its key signed.",
    ),
    Outcome.ALTERED: (
        "Nội dung không khớp với văn bản đã ký: đã bị sửa, hoặc mã QR được lấy từ văn bản khác.",
        "The content is not that which was signed: it was altered, or the QR code is another document's.",
    ),
    Outcome.NOT_OURS: (
        "Đây không phải văn bản do hệ thống này cấp.",
        "This is not a document issued by this system.",
    ),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome with the facts of the genuine document, where they are known, for comparing with what one holds."""

    outcome: Outcome
    token: Token | None = None
    canonical: dict[str, Json] | None = None
    notes: tuple[tuple[str, str], ...] = ()
    """Further sentences, Vietnamese and English."""

    @property
    def text(self) -> str:
        """The whole of it in Vietnamese."""
        return " ".join((TEXTS[self.outcome][0], *(vi for vi, _ in self.notes)))

    @property
    def text_en(self) -> str:
        """The whole of it in English."""
        return " ".join((TEXTS[self.outcome][1], *(en for _, en in self.notes)))

    def but(self, outcome: Outcome, *notes: tuple[str, str]) -> Verdict:
        """The same document with another outcome."""
        return replace(self, outcome=outcome, notes=(*self.notes, *notes))

    def as_dict(self) -> dict[str, Json]:
        """The verdict as JSON."""
        return {
            "outcome": self.outcome.value,
            "text": self.text,
            "text_en": self.text_en,
            "document": self._document(),
        }

    def _document(self) -> dict[str, Json] | None:
        if self.token is None:
            return None
        said = {name: (self.canonical or {}).get(name) for name in _SHOWN}
        return {
            "id": self.token.id,
            "issued": format_time(self.token.issued),
            "key": self.token.key,
            "sha256": self.token.sha256,
            **{name: value for name, value in said.items() if value is not None},
        }


_SHOWN = ("template", "title", "title_en", "subtitle", "issuer", "banner", "facts", "at", "known_at", "data_date")


@dataclass(frozen=True, slots=True)
class PdfContents:
    """What was read out of a PDF: the files attached to it, the codes seen on its pages, its signatures' state."""

    attachments: dict[str, bytes] = field(default_factory=dict)
    codes: tuple[str, ...] = ()


class SignatureCheck(Protocol):
    """Whether the bytes after a sealed file are nothing but one PDF signature by a certificate that is named."""

    def __call__(self, pdf: bytes, certificate: str) -> bool:
        """``certificate`` is the SHA-256 of the certificate that the canonical form names."""


def judge_token(text: str, keys: Published) -> Verdict:
    """Judge the code alone: who signed which document, when."""
    try:
        token = read_token(text)
    except FormatError:
        return Verdict(Outcome.NOT_OURS)
    key = keys.key(token.key)
    if key is None:
        return Verdict(Outcome.UNKNOWN_KEY, token)
    if not token.signed_by(key.public):
        return Verdict(Outcome.FORGED)
    return _by_time(Verdict(Outcome.VALID, token), token, key, keys)


def _by_time(verdict: Verdict, token: Token, key: PublicKey, keys: Published) -> Verdict:
    if key.revoked is not None and token.issued >= key.revoked:
        when = day_time(key.revoked)
        return verdict.but(
            Outcome.REVOKED,
            (f"Khoá ký đã bị thu hồi từ {when}; không tin văn bản ghi ngày ký sau đó.",
             f"The key was withdrawn as of {when}; nothing dated later is to be trusted."),
        )  # fmt: skip
    if token.issued < key.valid_from or (key.valid_to is not None and token.issued >= key.valid_to):
        return verdict.but(Outcome.EXPIRED_KEY)
    gone = keys.revoked_documents.get(token.id)
    if gone is not None:
        return verdict.but(Outcome.REVOKED, (f"Thu hồi lúc {day_time(gone)}.", f"Withdrawn at {day_time(gone)}."))
    if key.revoked is not None:
        when = day_time(key.revoked)
        return verdict.but(
            Outcome.VALID,
            (f"Khoá ký sau này đã bị thu hồi ({when}); văn bản ghi ngày ký trước đó. Hãy đối chiếu với nơi cấp.",
             f"The key was withdrawn later ({when}); the document is dated before. Compare with the issuer."),
        )  # fmt: skip
    return verdict


def judge_canonical(token: str, content: bytes, keys: Published) -> Verdict:
    """Judge a canonical form by the code that belongs to it."""
    verdict = judge_token(token, keys)
    if verdict.token is None:
        return verdict
    try:
        facts = read_canonical(content)
        same = sha256(canonical_bytes(facts)) == verdict.token.sha256 and facts.get("id") == verdict.token.id
    except FormatError:
        same = False
    if not same:
        return verdict.but(Outcome.ALTERED) if _sound(verdict) else verdict
    return replace(verdict, canonical=facts)


def judge_pdf(
    pdf: bytes,
    keys: Published,
    *,
    read: Callable[[bytes], PdfContents],
    signature: SignatureCheck,
) -> Verdict:
    """Judge a PDF: its attachments, the codes seen on its pages, and every byte of it.

    A genuine code on a file that is not the one it belongs to is ``altered``; the verdict then names the genuine
    document.
    """
    try:
        found = read(pdf)
    except FormatError:
        return Verdict(Outcome.NOT_OURS, notes=(("Tệp không phải PDF đọc được.", "The file is no readable PDF."),))
    seen = [code for code in map(find_token, found.codes) if code is not None]
    data, own = found.attachments.get(DATA_NAME), found.attachments.get(TOKEN_NAME)
    if data is None or own is None:
        return _only_seen(seen, keys)
    verdict = judge_canonical(own.decode("ascii", "replace"), data, keys)
    if not _sound(verdict) or verdict.token is None:
        return verdict
    other = next((code for code in seen if code != verdict.token.text), None)
    if other is not None:
        return _replayed(other, keys)
    return verdict if _whole(pdf, verdict, keys, signature) else verdict.but(Outcome.ALTERED, _BYTES)


_BYTES = (
    "Tệp này không giống từng byte với tệp đã cấp; hãy tin các thông tin dưới đây, không tin trang giấy.",
    "The file is not byte by byte the one issued; trust the facts below, not the page.",
)
_REPLAY = (
    "Mã QR trên trang là thật nhưng thuộc văn bản nêu dưới đây, không phải tệp này.",
    "The QR code on the page is genuine but belongs to the document named below, not to this file.",
)


def _whole(pdf: bytes, verdict: Verdict, keys: Published, signature: SignatureCheck) -> bool:
    token = verdict.token
    assert token is not None
    key = keys.key(token.key)
    assert key is not None
    certificate = (verdict.canonical or {}).get("pdf_signature")
    if not isinstance(certificate, str):
        return seal_holds(pdf, token.id, key.public)
    # A PDF signature is an update appended to the sealed file; it must cover all, and nothing may follow it.
    end = b"%%EOF"
    ends = [at + len(end) for at in _positions(pdf, end)]
    inner = any(seal_holds(pdf[:stop] + tail, token.id, key.public) for stop in ends[:-1] for tail in (b"", b"\n"))
    return inner and signature(pdf, certificate)


def _positions(content: bytes, what: bytes) -> list[int]:
    found: list[int] = []
    at = content.find(what)
    while at >= 0 and len(found) < 16:
        found.append(at)
        at = content.find(what, at + 1)
    return found


def _only_seen(seen: Sequence[str], keys: Published) -> Verdict:
    for code in seen:
        verdict = judge_token(code, keys)
        if verdict.token is not None and verdict.outcome is not Outcome.UNKNOWN_KEY:
            return verdict.but(Outcome.ALTERED, _REPLAY)
    return judge_token(seen[0], keys) if seen else Verdict(Outcome.NOT_OURS)


def _replayed(code: str, keys: Published) -> Verdict:
    verdict = judge_token(code, keys)
    return verdict.but(Outcome.ALTERED, _REPLAY) if verdict.token is not None else verdict.but(Outcome.ALTERED)


def _sound(verdict: Verdict) -> bool:
    return verdict.outcome in (Outcome.VALID, Outcome.REVOKED, Outcome.EXPIRED_KEY)
