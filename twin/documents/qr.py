"""The QR code of a document, as a drawing."""

from __future__ import annotations

import io

import segno


def qr_svg(text: str) -> str:
    """A QR code with a quiet zone of four modules; error correction M bears a fold or a stamp's edge."""
    out = io.BytesIO()
    segno.make_qr(text, error="m").save(out, kind="svg", border=4, xmldecl=False, svgns=True, omitsize=True)
    return out.getvalue().decode()
