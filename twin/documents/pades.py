"""The PDF signature (PAdES, baseline B) with a certificate of the office: what readers of PDFs show by themselves.

It is an update appended to the sealed file. The canonical form names the certificate, so that a verifier without
any list of trusted certificates knows which one it must be.
"""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twin.documents.canonical import sha256
from twin.errors import ParameterError

FIELD = "ChuKySo"


@dataclass(frozen=True, slots=True)
class PdfSigner:
    """Signs PDFs with a certificate and its key."""

    signer: Any
    certificate_sha256: str

    def sign(self, pdf: bytes) -> bytes:
        """The file with a PAdES signature over all of it."""
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter  # noqa: PLC0415  only where used
        from pyhanko.sign import fields, signers  # noqa: PLC0415

        meta = signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
            reason="Văn bản do hệ thống cấp",
            certify=True,
            docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        )
        signing = signers.PdfSigner(meta, signer=self.signer)
        out = io.BytesIO()
        asyncio.run(_sign(signing, IncrementalPdfFileWriter(io.BytesIO(pdf)), out))
        return out.getvalue()


async def _sign(signing: Any, writer: Any, out: io.BytesIO) -> None:
    await signing.async_sign_pdf(writer, output=out)


def pdf_signer(path: Path, password: str) -> PdfSigner:
    """The signer of a PKCS #12 file (``.p12``, ``.pfx``) or a PEM with key and certificates.

    Raises
    ------
    ParameterError
        If the file holds no key and certificate that the password opens. The text never holds either.
    """
    from pyhanko.sign.signers import SimpleSigner  # noqa: PLC0415  as above

    secret = password.encode() if password else None
    signer = None
    try:
        content = path.read_bytes()
        if content.startswith(b"-----BEGIN"):
            signer = SimpleSigner.load(str(path), str(path), key_passphrase=secret)  # type: ignore[no-untyped-call]
        else:
            signer = SimpleSigner.load_pkcs12(str(path), passphrase=secret)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as exc:
        raise ParameterError(f"the certificate in {path} cannot be read", where="TWIN_PDF_SIGNER") from exc
    if signer is None or signer.signing_cert is None:
        raise ParameterError(
            f"{path} holds no key with its certificate that the password opens",
            where="TWIN_PDF_SIGNER",
            hint="Give a PKCS #12 file (.p12) or a PEM with both, and TWIN_PDF_SIGNER_PASSWORD by reference.",
        )
    return PdfSigner(signer, sha256(signer.signing_cert.dump()))


def signature_holds(pdf: bytes, certificate: str) -> bool:
    """Whether the file ends with one whole, intact signature by the certificate of that SHA-256, over all of it."""
    from pyhanko.pdf_utils.misc import PdfError  # noqa: PLC0415  as above
    from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415
    from pyhanko.sign.validation.errors import SignatureValidationError  # noqa: PLC0415
    from pyhanko.sign.validation.status import SignatureCoverageLevel  # noqa: PLC0415

    try:
        signatures = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
        if len(signatures) != 1 or sha256(signatures[0].signer_cert.dump()) != certificate:
            return False
        signature = signatures[0]
        signature.compute_integrity_info()
        status = asyncio.run(_integrity(signature))
    except (PdfError, SignatureValidationError, ValueError, OSError):
        return False
    whole = signature.coverage == SignatureCoverageLevel.ENTIRE_FILE
    return whole and bool(status.intact) and bool(status.valid)


async def _integrity(signature: Any) -> Any:
    from pyhanko.sign.validation import async_validate_pdf_signature  # noqa: PLC0415  as above
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415

    # Trust is not asked of any list: the canonical form names the certificate.
    context = ValidationContext(trust_roots=[signature.signer_cert], allow_fetching=False)
    return await async_validate_pdf_signature(signature, signer_validation_context=context)
