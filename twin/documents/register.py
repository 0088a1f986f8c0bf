"""The register of documents: issued, kept, withdrawn, verified."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

from twin.access.audit import audited
from twin.access.people import names
from twin.cases.sight import sees_everything
from twin.core import Twin
from twin.documents.canonical import FORMAT, canonical_bytes, composed, sha256
from twin.documents.compose import Paper, compose, draw_map
from twin.documents.content import Content
from twin.documents.keys import published, signing_key
from twin.documents.pades import PdfSigner, signature_holds
from twin.documents.seal import sealed
from twin.documents.token import Token, read_token, sign
from twin.documents.typeset import Limits, read_pdf
from twin.documents.verdict import Outcome, Verdict, judge_canonical, judge_pdf, judge_token
from twin.documents.wording import day_time
from twin.errors import ConflictError, ForbiddenError, NotFoundError, ParameterError
from twin.model.record import Body, Put, Record
from twin.model.view import CITIZEN, Right, View, Viewer
from twin.types import LOCAL, BBox, Json, format_time, parse_time

KIND = "document"
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class Issuing:
    """How documents are issued here."""

    issuer: str = "Bản sao số đô thị"
    address: str = ""
    """Of the page that verifies, for the QR code; empty leaves the bare code in it."""
    secret: str = ""
    """The private key that ``TWIN_SIGNING_KEY`` refers to; empty takes the twin's own."""
    pdf_signer: PdfSigner | None = None
    limits: Limits | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A document of the register."""

    id: str
    template: str
    title: str
    issued: datetime
    by: str
    token: Token
    canonical: dict[str, Json]
    pdf: str
    """SHA-256 of the file."""
    state: str
    public: bool
    revoked: dict[str, Json] | None = None
    person: str = ""
    """Id of the person who issued it; ``""`` where nobody signed in."""
    read: tuple[tuple[str, BBox, int], ...] = ()
    """What a public one was drawn from: layers, boxes and how many features anybody saw there."""

    def as_dict(self) -> dict[str, Json]:
        """The document as JSON."""
        return {
            "id": self.id,
            "template": self.template,
            "title": self.title,
            "issued": format_time(self.issued),
            "by": self.by,
            "sha256": self.token.sha256,
            "canonical": self.canonical,
            "token": self.token.text,
            "key": self.token.key,
            "state": self.state,
            "public": self.public,
            "revoked": self.revoked,
            "pdf_sha256": self.pdf,
        }


def issue(
    t: Twin, content: Content, *, now: datetime, paper: Paper | None = None, issuing: Issuing | None = None
) -> Issued:
    """Typeset, sign, keep and register a document. The same content at the same time is the same document.

    Raises
    ------
    ForbiddenError
        If the viewer may not issue it.
    ParameterError
        If it cannot be set: a map that does not fit its paper, too much of it.
    """
    require_issuer(t.viewer, content)
    how, sheet_of_paper = issuing or Issuing(), paper or Paper()
    moment = now.astimezone(UTC)
    private = signing_key(t, moment, given=how.secret)
    sheet = draw_map(content, sheet_of_paper)
    by = _called(t) if t.viewer.is_staff else ""
    facts: dict[str, Json] = {
        "format": FORMAT,
        "issuer": how.issuer,
        "issued": format_time(moment),
        "by": {"name": by, "role": t.viewer.role.value} if by else None,
        **content.facts_dict(),
        "paper": f"{sheet_of_paper.size} {'ngang' if sheet_of_paper.landscape else 'dọc'}",
        "map": sheet.facts if sheet else None,
        "pdf_signature": how.pdf_signer.certificate_sha256 if how.pdf_signer else None,
    }
    facts = cast("dict[str, Json]", composed(facts))
    facts["id"] = _number(moment, facts)
    canonical = canonical_bytes(facts)
    token = sign(str(facts["id"]), moment, sha256(canonical), private)
    known = _known(t, token.id)
    if known is not None and known.token == token:
        return known
    pdf = compose(
        content, sheet, sheet_of_paper,
        token=token, canonical=canonical, issuer=how.issuer, by=by, address=how.address, issued=moment,
        limits=how.limits,
    )  # fmt: skip
    pdf = sealed(pdf, token.id, private)
    if how.pdf_signer:
        pdf = how.pdf_signer.sign(pdf)
    made = Issued(
        token.id, content.template, content.title, moment, by, token, facts, t.files.put(pdf), "valid", content.public,
        person=t.viewer.person, read=content.map.read if content.map and content.public else (),
    )  # fmt: skip
    details: Body = {"template": content.template, "sha256": token.sha256, "key": token.key, "pdf": made.pdf}
    body = _body(made)
    act = audited(t.viewer, "documents.issue", f"document:{made.id}", details=details)
    t.store.write_records([Put(KIND, made.id, body, expect=0), act])
    return made


def _called(t: Twin) -> str:
    """What whoever issues is called: their name, not that of their account."""
    return names(t.store, [t.viewer.person]).get(t.viewer.person, t.viewer.name)


def require_issuer(viewer: Viewer, content: Content) -> None:
    """Raise :class:`ForbiddenError` unless the viewer may issue this.

    Anybody may have an extract of what they see; everything else takes the right to issue documents.
    """
    if content.template != "planning_extract" or not (viewer.is_staff or content.public):
        require_right(viewer)


def require_right(viewer: Viewer) -> None:
    """Raise :class:`ForbiddenError` unless the viewer may issue any document."""
    if not viewer.may(Right.DOCUMENTS):
        raise ForbiddenError(
            "issuing this document takes the right to issue documents",
            where=viewer.role.value,
            hint="Act in another role.",
        )


def _number(moment: datetime, facts: dict[str, Json]) -> str:
    """Day of issue and fifty bits of the content's hash, in letters and figures that are not mistaken."""
    digest = int(sha256(canonical_bytes(facts)), 16)
    tail = "".join(_ALPHABET[digest >> 5 * i & 31] for i in range(10))
    return f"{moment.astimezone(LOCAL):%Y%m%d}-{tail}"


def _body(document: Issued) -> Body:
    return {
        "template": document.template,
        "title": document.title,
        "issued": format_time(document.issued),
        "by": document.by,
        "person": document.person,
        "token": document.token.text,
        "sha256": document.token.sha256,
        "key": document.token.key,
        "canonical": document.canonical,
        "pdf": document.pdf,
        "state": document.state,
        "public": document.public,
        "revoked": document.revoked,
        "read": [[name, list(box.tuple()), count] for name, box, count in document.read],
    }


def _issued(record: Record) -> Issued:
    body = record.body
    return Issued(
        record.key,
        str(body["template"]),
        str(body["title"]),
        parse_time(str(body["issued"]), where="issued"),
        str(body["by"]),
        read_token(str(body["token"])),
        cast("dict[str, Json]", body["canonical"]),
        str(body["pdf"]),
        str(body["state"]),
        bool(body["public"]),
        cast("dict[str, Json] | None", body["revoked"]),
        str(body.get("person", "")),
        tuple((name, BBox(*box), count) for name, box, count in cast("list[Any]", body.get("read") or [])),
    )


def _known(t: Twin, name: str) -> Issued | None:
    try:
        return _issued(t.store.record(KIND, name))
    except NotFoundError:
        return None


def document(t: Twin, name: str) -> Issued:
    """A document that the viewer may see: public, their own, any for an officer from whom the policy hides nothing.

    NotFoundError otherwise.
    """
    found = _known(t, name)
    if found is None or not _seen(t, found):
        raise NotFoundError(f"there is no document {name}")
    return found


def _seen(t: Twin, found: Issued) -> bool:
    viewer = t.viewer
    is_own = viewer.is_staff and bool(viewer.person) and found.person == viewer.person
    return is_own or _sees_all(t) or (found.public and _is_still_public(t, found))


def _is_still_public(t: Twin, found: Issued) -> bool:
    """Whether anybody still sees all that a public document was drawn from: what is restricted later is in none."""
    at, known_at = (parse_time(str(found.canonical[name]), where=name) for name in ("at", "known_at"))
    view = View(CITIZEN, at, known_at)
    try:
        return all(t.store.count_features(view, name, bbox=box) == count for name, box, count in found.read)
    except NotFoundError:
        return False


def _sees_all(t: Twin) -> bool:
    """Whether the viewer sees every document: a document may say what the policy hides from some of the office."""
    return t.viewer.may(Right.DOCUMENTS) and sees_everything(t.store, t.viewer)


def documents(t: Twin, *, template: str = "", limit: int = 100, offset: int = 0) -> list[Issued]:
    """Documents, the newest first: all, or their own of somebody from whom the policy hides a part."""
    where: dict[str, Json] = {"template": template} if template else {}
    if not _sees_all(t):
        where |= {"person": t.viewer.person} if t.viewer.is_staff and t.viewer.person else {"public": True}
    found = t.store.records(KIND, where=where, order="recorded", descending=True, limit=limit, offset=offset)
    return [document for document in map(_issued, found) if _seen(t, document)]


def revoke_document(t: Twin, name: str, *, reason: str, now: datetime) -> Issued:
    """Withdraw a document; whoever verifies it from now on is told so.

    Raises
    ------
    ForbiddenError, ParameterError, ConflictError
        Without the right, without a reason, or if it is withdrawn already.
    """
    require_right(t.viewer)
    document(t, name)
    record = t.store.record(KIND, name)
    found = _issued(record)
    if not reason.strip():
        raise ParameterError("a document is withdrawn for a reason", where="reason", hint="Say why.")
    if found.state == "revoked":
        raise ConflictError(f"the document {name} is withdrawn already")
    revoked: dict[str, Json] = {"at": format_time(now.astimezone(UTC)), "by": _called(t), "reason": reason.strip()}
    body: Body = {**record.body, "state": "revoked", "revoked": revoked}
    act = audited(t.viewer, "documents.revoke", f"document:{name}", details={"reason": reason.strip()})
    t.store.write_records([Put(KIND, name, body, expect=record.version), act])
    return replace(found, state="revoked", revoked=revoked)


# -- verifying ----------------------------------------------------------------------------------------------------


def verify_token(t: Twin, text: str) -> Verdict:
    """Judge a code, and tell what the genuine document of it says."""
    return _with_register(t, judge_token(text, published(t)))


def verify_canonical(t: Twin, token: str, content: bytes) -> Verdict:
    """Judge a canonical form by its code."""
    return _with_register(t, judge_canonical(token, content, published(t)))


def verify_pdf(t: Twin, pdf: bytes, *, limits: Limits | None = None) -> Verdict:
    """Judge a file: by what it holds, and against the one that was issued."""
    found = _with_register(
        t,
        judge_pdf(pdf, published(t), read=lambda content: read_pdf(content, limits=limits), signature=signature_holds),
    )
    known = _known(t, found.token.id) if found.token else None
    if known is not None and found.outcome in (Outcome.VALID, Outcome.REVOKED) and sha256(pdf) != known.pdf:
        return found.but(Outcome.ALTERED)
    return found


def _with_register(t: Twin, verdict: Verdict) -> Verdict:
    """Compare with the register, and add what the genuine document says."""
    token = verdict.token
    if token is None or verdict.outcome is Outcome.UNKNOWN_KEY:
        return verdict
    known = _known(t, token.id)
    if known is None:
        if verdict.outcome in (Outcome.VALID, Outcome.EXPIRED_KEY):
            return verdict.but(Outcome.NOT_OURS, _UNREGISTERED)
        return verdict
    if known.token != token:
        return replace(verdict, canonical=None).but(Outcome.FORGED)
    told = replace(verdict, canonical=known.canonical if _seen(t, known) else _told(verdict, known))
    if known.revoked is not None:
        when = day_time(parse_time(str(known.revoked["at"]), where="revoked"))
        if told.outcome is Outcome.VALID:
            return told.but(Outcome.REVOKED, (f"Thu hồi lúc {when}.", f"Withdrawn at {when}."))
    return told


def _told(verdict: Verdict, known: Issued) -> dict[str, Json] | None:
    """What is said of a document that is not public: what was shown of it, else of what kind it is."""
    if verdict.canonical is not None:
        return verdict.canonical
    return {name: known.canonical.get(name) for name in ("template", "issuer", "banner")}


_UNREGISTERED = (
    "Chữ ký khớp với khóa của hệ thống nhưng sổ văn bản không có số này; hãy hỏi nơi cấp.",
    "The signature is that of the system's key, but the register has no such document; ask the issuer.",
)
