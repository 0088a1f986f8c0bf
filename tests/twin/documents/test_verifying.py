"""Genuine, forged, altered, replayed, withdrawn: what a verifier says, with the twin and without it."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pypdf
import pytest
from document_support import NOW, content
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.access import audit
from twin.core import Twin
from twin.documents.canonical import canonical_bytes, sha256
from twin.documents.compose import compose
from twin.documents.content import Content
from twin.documents.keys import keys, published, read_published, revoke, rotate, signing_key
from twin.documents.pades import signature_holds
from twin.documents.register import (
    Issued,
    Issuing,
    document,
    documents,
    issue,
    revoke_document,
    verify_canonical,
    verify_pdf,
    verify_token,
)
from twin.documents.seal import sealed
from twin.documents.token import Token, read_token, sign
from twin.documents.typeset import read_pdf, typeset
from twin.documents.verdict import Outcome, Verdict, judge_canonical, judge_pdf, judge_token
from twin.errors import ConflictError, ForbiddenError, FormatError, NotFoundError, ParameterError
from twin.model.view import CITIZEN, Role, Viewer
from twin.signing import key_id, public_key, to_text

ADDRESS = "https://ioc.example.vn/verify"
HOUR = timedelta(hours=1)


def pdf_of(t: Twin, issued: Issued) -> bytes:
    return t.files.path(issued.pdf).read_bytes()


def offline(t: Twin, pdf: bytes) -> Verdict:
    """Judged as somebody does who has nothing but the file and the published keys."""
    known = read_published(json.loads(json.dumps(published(t).as_dict())))
    return judge_pdf(pdf, known, read=read_pdf, signature=signature_holds)


def with_code(title: str, code: str) -> bytes:
    """A page of somebody's own making that shows a code."""
    from twin.documents.compose import Paper, _how
    from twin.documents.qr import qr_svg

    said = content(title=title).facts_dict()
    data = {
        **{k: said[k] for k in ("title", "subtitle", "banner", "facts", "summary", "sections", "sources")},
        "disclaimer": "", "issuer": "Bản sao số đô thị", "by": "", "id": read_token(code).id, "issued": "23/11/2026",
        "sha": "0" * 64, "key": "0" * 16, "at": "", "known_at": "", "data_date": None, "verify": _how(ADDRESS),
        "qr": qr_svg(f"{ADDRESS}#{code}"), "map": None, "seal": "x", "attachments": {},
        "paper": {"width": Paper().mm[0], "height": Paper().mm[1], "text_pt": 9.0},
    }  # fmt: skip
    return typeset("document.typ", data, NOW)


# -- genuine --------------------------------------------------------------------------------------------------------


def test_a_document_is_valid_by_file_by_code_and_by_canonical_form(t: Twin) -> None:
    issued = issue(t, content(), now=NOW, issuing=Issuing(address=ADDRESS))
    found = verify_pdf(t, pdf_of(t, issued))
    assert found.outcome is Outcome.VALID
    assert found.as_dict()["document"]["facts"] == [["Thửa", "125, tờ 14"], ["Diện tích", "1 234,5 m²"]]
    assert verify_token(t, f"{ADDRESS}#{issued.token.text}").outcome is Outcome.VALID
    reformatted = json.dumps(issued.canonical, indent=4).encode()
    assert verify_canonical(t, issued.token.text, reformatted).outcome is Outcome.VALID


def test_a_document_is_valid_without_the_twin(t: Twin) -> None:
    issued = issue(t, content(), now=NOW)
    found = offline(t, pdf_of(t, issued))
    assert found.outcome is Outcome.VALID
    assert found.canonical == issued.canonical


def test_the_code_on_the_page_is_the_token(t: Twin) -> None:
    issued = issue(t, content(), now=NOW, issuing=Issuing(address=ADDRESS))
    assert read_pdf(pdf_of(t, issued)).codes == (f"{ADDRESS}#{issued.token.text}",)


def test_the_file_carries_the_canonical_form_that_its_hash_is_of(t: Twin) -> None:
    issued = issue(t, content(), now=NOW)
    attached = read_pdf(pdf_of(t, issued)).attachments
    assert sha256(attached["document.json"]) == issued.token.sha256
    assert attached["document.json"] == canonical_bytes(issued.canonical)
    assert attached["token.txt"].decode() == issued.token.text


def test_the_same_content_at_the_same_time_gives_the_same_bytes(t: Twin) -> None:
    first = pdf_of(t, issue(t, content(), now=NOW))
    made = issue(t, content(), now=NOW)
    again = compose(
        content(), None, __import__("twin.documents.compose", fromlist=["Paper"]).Paper(),
        token=made.token, canonical=canonical_bytes(made.canonical), issuer="Bản sao số đô thị", by="nguyen.van.a",
        address="", issued=NOW,
    )  # fmt: skip
    assert sealed(again, made.id, signing_key(t, NOW)) == first
    assert len(documents(t)) == 1


def test_issuing_is_in_the_audit(t: Twin) -> None:
    issued = issue(t, content(), now=NOW)
    acts = audit.search(t.store, object=f"document:{issued.id}")
    assert [(a.action, a.actor, a.details["sha256"]) for a in acts] == [
        ("documents.issue", "nguyen.van.a", issued.token.sha256)
    ]


# -- forged and altered ---------------------------------------------------------------------------------------------


def test_a_document_signed_by_somebody_elses_key_is_of_an_unknown_key(t: Twin) -> None:
    issued = issue(t, content(), now=NOW)
    mine = bytes(range(32))
    token = sign(issued.id, NOW, issued.token.sha256, mine)
    assert verify_token(t, token.text).outcome is Outcome.UNKNOWN_KEY


def test_somebody_elses_signature_under_our_keys_name_is_forged(t: Twin) -> None:
    issued = issue(t, content(), now=NOW)
    other = sign(issued.id, NOW, issued.token.sha256, bytes(range(32)))
    forged = Token(issued.id, NOW, issued.token.key, issued.token.sha256, other.signature)
    found = verify_token(t, forged.text)
    assert found.outcome is Outcome.FORGED
    assert found.as_dict()["document"] is None


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_other_text_of_a_code_is_taken_for_it(data: st.DataObject) -> None:
    private = bytes(range(32))
    token = sign("20261123-0123456789", NOW, "ab" * 32, private).text
    at = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("ABCabc012-_.Z").filter(lambda c: c != token[at]))
    try:
        changed = read_token(token[:at] + letter + token[at + 1 :])
    except FormatError:
        return
    assert not changed.signed_by(public_key(private))


def test_changed_facts_are_altered(t: Twin) -> None:
    issued = issue(t, content(), now=NOW)
    changed = issued.canonical | {"facts": [["Thửa", "126, tờ 14"]]}
    found = verify_canonical(t, issued.token.text, canonical_bytes(changed))
    assert found.outcome is Outcome.ALTERED
    assert found.as_dict()["document"]["facts"][0] == ["Thửa", "125, tờ 14"], "the genuine ones are told"


def test_every_changed_byte_of_a_file_is_seen_without_the_twin(t: Twin) -> None:
    pdf = pdf_of(t, issue(t, content(), now=NOW))
    for at in range(200, len(pdf) - 200, len(pdf) // 12):
        changed = pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]
        assert offline(t, changed).outcome is not Outcome.VALID, at
    assert offline(t, pdf + b"\n").outcome is Outcome.ALTERED


def test_a_page_put_over_a_genuine_file_is_altered(t: Twin) -> None:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf_of(t, issue(t, content(), now=NOW))))
    over = pypdf.PdfReader(io.BytesIO(pdf_of(t, issue(t, content(title="Khác hẳn"), now=NOW))))
    writer.pages[0].merge_page(over.pages[0])
    out = io.BytesIO()
    writer.write(out)
    assert verify_pdf(t, out.getvalue()).outcome is Outcome.ALTERED
    assert offline(t, out.getvalue()).outcome is Outcome.ALTERED


def test_a_genuine_code_on_another_page_shows_whose_it_is(t: Twin) -> None:
    genuine = issue(t, content(title="Trích lục thật"), now=NOW)
    replayed = with_code("Trích lục giả", genuine.token.text)
    found = verify_pdf(t, replayed)
    assert found.outcome is Outcome.ALTERED
    assert found.as_dict()["document"]["title"] == "Trích lục thật"
    assert "thuộc văn bản" in found.text


def test_a_code_of_another_document_over_the_files_own_is_altered(t: Twin) -> None:
    genuine, other = (issue(t, content(title=name), now=NOW) for name in ("Thật", "Của người khác"))
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf_of(t, genuine)))
    page = pypdf.PdfReader(io.BytesIO(pdf_of(t, other))).pages[0]
    writer.pages[0].merge_page(page)
    out = io.BytesIO()
    writer.write(out)
    found = verify_pdf(t, out.getvalue())
    assert found.outcome is Outcome.ALTERED


def test_what_is_no_document_of_ours_is_not_ours(t: Twin) -> None:
    issue(t, content(), now=NOW)
    plain = io.BytesIO()
    writer = pypdf.PdfWriter()
    writer.add_blank_page(200, 200)
    writer.write(plain)
    for pdf in (plain.getvalue(), b"%PDF-1.7 broken", b"GIF89a", b""):
        assert verify_pdf(t, pdf).outcome is Outcome.NOT_OURS
    for text in ("", "TWIN1.x", "https://example.com", "TWIN2" + "a" * 300):
        assert verify_token(t, text).outcome is Outcome.NOT_OURS


def test_a_signature_of_ours_that_the_register_does_not_know_is_not_ours(t: Twin) -> None:
    issue(t, content(), now=NOW)
    token = sign("20261123-0123456789", NOW, "ab" * 32, signing_key(t, NOW))
    found = verify_token(t, token.text)
    assert found.outcome is Outcome.NOT_OURS
    assert "sổ văn bản" in found.text


# -- keys -------------------------------------------------------------------------------------------------------------


def test_what_an_earlier_key_signed_stays_valid_after_the_change(t: Twin) -> None:
    before = issue(t, content(), now=NOW)
    made = rotate(t, NOW + HOUR)
    after = issue(t, content(), now=NOW + 2 * HOUR)
    assert (before.token.key == made.id, after.token.key == made.id) == (False, True)
    for issued in (before, after):
        assert verify_pdf(t, pdf_of(t, issued)).outcome is Outcome.VALID
        assert offline(t, pdf_of(t, issued)).outcome is Outcome.VALID


def test_an_earlier_key_cannot_sign_after_the_change(t: Twin) -> None:
    issued = issue(t, content(), now=NOW)
    stolen = signing_key(t, NOW)
    rotate(t, NOW + HOUR)
    late = sign(issued.id, NOW + 2 * HOUR, issued.token.sha256, stolen)
    assert judge_token(late.text, published(t)).outcome is Outcome.EXPIRED_KEY
    assert t.keys.read(f"sign-{issued.token.key}") is None, "its private half is gone"


def test_a_withdrawn_key_verifies_only_what_it_signed_before(t: Twin) -> None:
    before = issue(t, content(), now=NOW)
    after = issue(t, content(title="Sau khi lộ khóa"), now=NOW + 2 * HOUR)
    revoke(t, before.token.key, NOW + 3 * HOUR, reason="lộ khóa", since=NOW + HOUR)
    early, late = (verify_pdf(t, pdf_of(t, issued)) for issued in (before, after))
    assert (early.outcome, late.outcome) == (Outcome.VALID, Outcome.REVOKED)
    assert "sau này đã bị thu hồi" in early.text
    assert offline(t, pdf_of(t, after)).outcome is Outcome.REVOKED
    assert issue(t, content(), now=NOW + 4 * HOUR).token.key != before.token.key, "a new key is made"


def test_a_key_is_withdrawn_once_for_a_reason_and_never_ahead(t: Twin) -> None:
    name = issue(t, content(), now=NOW).token.key
    with pytest.raises(ParameterError, match="for a reason"):
        revoke(t, name, NOW + HOUR, reason=" ")
    with pytest.raises(ParameterError, match="lies ahead"):
        revoke(t, name, NOW, reason="x", since=NOW + HOUR)
    revoke(t, name, NOW + HOUR, reason="lộ khóa")
    with pytest.raises(ConflictError, match="withdrawn since"):
        revoke(t, name, NOW + 2 * HOUR, reason="lần nữa")
    with pytest.raises(NotFoundError):
        revoke(t, "0" * 16, NOW, reason="x")


def test_a_given_key_signs_and_ends_the_one_before(t: Twin) -> None:
    own = issue(t, content(), now=NOW)
    secret = to_text(bytes(range(32)))
    given_key = issue(t, content(), now=NOW + HOUR, issuing=Issuing(secret=secret))
    assert given_key.token.key == key_id(public_key(bytes(range(32))))
    assert verify_pdf(t, pdf_of(t, own)).outcome is Outcome.VALID
    assert next(key for key in keys(t) if key.id == own.token.key).valid_to == NOW + HOUR
    revoke(t, given_key.token.key, NOW + 2 * HOUR, reason="thử")
    with pytest.raises(ConflictError, match="may not sign"):
        issue(t, content(), now=NOW + 3 * HOUR, issuing=Issuing(secret=secret))


@pytest.mark.parametrize("secret", ["secretsecret", "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----"])
def test_a_wrong_given_key_is_never_quoted(t: Twin, secret: str) -> None:
    with pytest.raises(ParameterError, match="not an Ed25519") as caught:
        issue(t, content(), now=NOW, issuing=Issuing(secret=secret))
    assert "secretsecret" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_lost_private_half_is_said_and_mended_by_a_new_key(t: Twin) -> None:
    name = issue(t, content(), now=NOW).token.key
    t.keys.destroy(f"sign-{name}")
    with pytest.raises(NotFoundError, match=name):
        issue(t, content(), now=NOW + HOUR)
    rotate(t, NOW + HOUR)
    assert issue(t, content(), now=NOW + 2 * HOUR).state == "valid"


def test_published_keys_whose_name_is_not_theirs_are_refused(t: Twin) -> None:
    issue(t, content(), now=NOW)
    said = published(t).as_dict()
    said["keys"][0]["public"] = to_text(public_key(bytes(range(32))))
    with pytest.raises(FormatError, match="is not the one of that name"):
        read_published(said)
    for broken in ({}, {"format": "twin-keys/1"}, [], "x", {"format": "twin-keys/1", "keys": [1]}):
        with pytest.raises(FormatError):
            read_published(broken)


# -- documents withdrawn, and who may ---------------------------------------------------------------------------------


def test_a_withdrawn_document_says_so_with_and_without_the_twin(t: Twin) -> None:
    issued = issue(t, content(), now=NOW)
    revoke_document(t, issued.id, reason="sai diện tích", now=NOW + HOUR)
    assert verify_pdf(t, pdf_of(t, issued)).outcome is Outcome.REVOKED
    assert verify_token(t, issued.token.text).outcome is Outcome.REVOKED
    assert offline(t, pdf_of(t, issued)).outcome is Outcome.REVOKED
    with pytest.raises(ConflictError):
        revoke_document(t, issued.id, reason="lần nữa", now=NOW + HOUR)


@pytest.mark.parametrize("role", [Role.CITIZEN, Role.INTEGRATOR, Role.ADMINISTRATOR])
def test_issuing_takes_the_right(t: Twin, role: Role) -> None:
    with pytest.raises(ForbiddenError):
        issue(t.as_viewer(Viewer("x", role)), content(), now=NOW)


def test_anybody_has_an_extract_of_what_is_public_and_only_of_that(t: Twin) -> None:
    public = content(template="planning_extract", public=True)
    citizen = t.as_viewer(CITIZEN)
    issued = issue(citizen, public, now=NOW)
    assert document(citizen, issued.id) == issued
    assert issued.canonical["by"] is None
    with pytest.raises(ForbiddenError):
        issue(citizen, content(template="planning_extract"), now=NOW)


def test_a_document_of_the_office_is_not_there_for_others(t: Twin) -> None:
    issued = issue(t, content(), now=NOW)
    for viewer in (CITIZEN, Viewer("i", Role.INTEGRATOR)):
        with pytest.raises(NotFoundError, match="there is no document"):
            document(t.as_viewer(viewer), issued.id)
    assert documents(t.as_viewer(CITIZEN)) == []


# -- canonical form ---------------------------------------------------------------------------------------------------


def test_the_canonical_form_is_that_of_rfc_8785() -> None:
    # The example of RFC 8785, section 3.2.2 (numbers and literals), with its result of section 3.2.3.
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/",
        "literals": [None, True, False],
    }
    assert canonical_bytes(value).decode() == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_two_spellings_of_one_word_are_one() -> None:
    assert canonical_bytes({"tên": "Hội An"}) == canonical_bytes({"te\u0302n": "Hô\u0323i An"})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format":"twin-document/1","a":1,"a":2}', "[" * 5000, '{"a":NaN}'])
def test_what_is_no_canonical_form_is_altered_not_an_accident(t: Twin, text: str) -> None:
    issued = issue(t, content(), now=NOW)
    assert judge_canonical(issued.token.text, text.encode(), published(t)).outcome is Outcome.ALTERED


def test_a_template_that_is_none_is_refused() -> None:
    with pytest.raises(ParameterError, match="there is no template"):
        Content("certificate", "Chứng chỉ", NOW, NOW)
