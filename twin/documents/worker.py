"""The process that typesets documents and reads PDFs that others send: bounded, and alone with what it was given.

``python -m twin.documents.worker typeset|read MEMORY_BYTES CPU_S``: the work on standard input, the result on
standard output, status 3 and a sentence if it was refused.
"""

from __future__ import annotations

import base64
import json
import os
import resource
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REFUSED = 3
_LARGEST_OUTPUT = 256 << 20
_PAGES_LOOKED_AT = 3
_DPI = 150
_LONGEST_SIDE_PX = 7200
_ATTACHMENTS = 20


class RefusedError(Exception):
    """What was given cannot be worked on; the text says why."""


def typeset(work: bytes) -> bytes:
    """A document (PDF/A-3b) from a template and its data."""
    import typst  # noqa: PLC0415  each task loads its own library

    from twin.documents.fonts import folders  # noqa: PLC0415

    asked = json.loads(work)
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder) for folder in folders()]
    )
    root = Path(__file__).parent / "typst"
    compiler = typst.Compiler(
        str(root / asked["template"]), root=str(root), font_paths=fonts, sys_inputs={"data": json.dumps(asked["data"])}
    )
    try:
        out = compiler.compile(
            format="pdf",
            pdf_standards=["a-3b"],
            timestamp=datetime.fromtimestamp(asked["timestamp"], UTC),
        )
    except typst.TypstError as exc:
        raise RefusedError(f"{exc.message} {' '.join(exc.hints)}".strip()) from exc
    assert isinstance(out, bytes)
    return out


def read(pdf: bytes) -> bytes:
    """Attachments and QR codes of a PDF, as JSON."""
    import pypdfium2  # noqa: PLC0415  as above

    try:
        with pypdfium2.PdfDocument(pdf) as document:
            found = {
                "attachments": dict(_attachments(document)),
                "codes": [
                    code for page in range(min(len(document), _PAGES_LOOKED_AT)) for code in _codes(document[page])
                ],
            }
    except pypdfium2.PdfiumError as exc:
        raise RefusedError(str(exc)) from exc
    return json.dumps(found).encode()


def _attachments(document: Any) -> Iterator[tuple[str, str]]:
    for index in range(min(document.count_attachments(), _ATTACHMENTS)):
        attachment = document.get_attachment(index)
        yield attachment.get_name(), base64.b64encode(bytes(attachment.get_data())).decode()


def _codes(page: Any) -> list[str]:
    import zxingcpp  # noqa: PLC0415  as above

    scale = min(_DPI / 72, _LONGEST_SIDE_PX / max(*page.get_size(), 1.0))
    image = page.render(scale=scale, grayscale=True).to_numpy()
    if image.ndim == 3:
        image = image[:, :, 0]
    return [
        code.text
        for code in zxingcpp.read_barcodes(image, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    ]


def main(arguments: list[str]) -> int:
    """Do the work that the arguments name."""
    task, memory, cpu = arguments
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu), int(cpu)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_OUTPUT, _LARGEST_OUTPUT))
    if task == "read":
        os.nice(10)  # strangers ask for it; whoever works here comes first
    work = sys.stdin.buffer.read()
    try:
        result = typeset(work) if task == "typeset" else read(work)
    except RefusedError as exc:
        sys.stdout.buffer.write(str(exc).encode())
        return REFUSED
    sys.stdout.buffer.write(result)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
