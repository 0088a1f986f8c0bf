"""PDF signatures with a certificate made here, judged by the library's own validator and by ours."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from document_support import NOW, content
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from twin.core import Twin
from twin.documents.keys import published
from twin.documents.pades import pdf_signer, signature_holds
from twin.documents.register import Issuing, issue, verify_pdf
from twin.documents.typeset import read_pdf
from twin.documents.verdict import Outcome, judge_pdf
from twin.errors import ParameterError

PASSWORD = "mat-khau-chung-thu"


def certificate(folder: Path, name: str) -> tuple[Path, bytes]:
    """A PKCS #12 file with a new key and its own certificate; and the certificate as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.COUNTRY_NAME, "VN")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(True, True, False, False, False, True, False, False, False), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{len(list(folder.iterdir()))}.p12"
    locked = serialization.BestAvailableEncryption(PASSWORD.encode())
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"k", key, made, None, locked))
    return path, made.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def signed_by(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    return certificate(tmp_path_factory.mktemp("certificate"), "Sở Xây dựng tỉnh thử")


def signed_pdf(t: Twin, path: Path) -> bytes:
    issued = issue(t, content(), now=NOW, issuing=Issuing(pdf_signer=pdf_signer(path, PASSWORD)))
    return t.files.path(issued.pdf).read_bytes()


def offline(t: Twin, pdf: bytes) -> Outcome:
    return judge_pdf(pdf, published(t), read=read_pdf, signature=signature_holds).outcome


def test_the_validator_of_pdf_signatures_accepts_it(t: Twin, signed_by: tuple[Path, bytes]) -> None:
    reader = PdfFileReader(io.BytesIO(signed_pdf(t, signed_by[0])))
    trusted = ValidationContext(trust_roots=list(load_certs_from_pemder_data(signed_by[1])))
    (signature,) = reader.embedded_signatures
    status = validate_pdf_signature(signature, trusted)
    assert status.bottom_line
    assert status.coverage.name == "ENTIRE_FILE"
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"


def test_a_signed_file_is_valid_with_and_without_the_twin(t: Twin, signed_by: tuple[Path, bytes]) -> None:
    pdf = signed_pdf(t, signed_by[0])
    assert verify_pdf(t, pdf).outcome is Outcome.VALID
    assert offline(t, pdf) is Outcome.VALID


def test_anything_after_the_signature_is_altered(t: Twin, signed_by: tuple[Path, bytes]) -> None:
    pdf = signed_pdf(t, signed_by[0])
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    writer.root["/Added"] = writer.add_object(writer.root["/Pages"])
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    for changed in (out.getvalue(), pdf + b"\n%\n", pdf.replace(b"/Title", b"/Titlo", 1)):
        assert changed != pdf
        assert verify_pdf(t, changed).outcome is Outcome.ALTERED
        assert offline(t, changed) is Outcome.ALTERED


def test_a_signature_by_another_certificate_is_altered(t: Twin, signed_by: tuple[Path, bytes], tmp_path: Path) -> None:
    from dataclasses import replace

    other, _ = certificate(tmp_path, "Người khác")
    named = pdf_signer(signed_by[0], PASSWORD)
    wrong = replace(pdf_signer(other, PASSWORD), certificate_sha256=named.certificate_sha256)
    issued = issue(t, content(), now=NOW, issuing=Issuing(pdf_signer=wrong))
    assert offline(t, t.files.path(issued.pdf).read_bytes()) is Outcome.ALTERED


def test_a_signature_taken_off_is_altered(t: Twin, signed_by: tuple[Path, bytes]) -> None:
    pdf = signed_pdf(t, signed_by[0])
    bare = pdf[: pdf.index(b"%%EOF") + 6]
    assert verify_pdf(t, bare).outcome is Outcome.ALTERED
    assert offline(t, bare) is Outcome.ALTERED


def test_a_wrong_password_or_file_is_refused_and_never_quoted(signed_by: tuple[Path, bytes], tmp_path: Path) -> None:
    empty = tmp_path / "empty.p12"
    empty.write_bytes(b"")
    for path, password in ((signed_by[0], "sai-mat-khau"), (empty, PASSWORD), (tmp_path / "none.p12", PASSWORD)):
        with pytest.raises(ParameterError) as caught:
            pdf_signer(path, password)
        assert password not in str(caught.value)
