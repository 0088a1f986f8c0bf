"""Documents that are asked for: which room puts the content together, and how they are issued here."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from api.settings import Settings
from layers.bulletin import bulletin_of
from layers.cartography import layer_map
from layers.planning.extract import extract
from twin.core import Twin
from twin.documents.content import TEMPLATES, Content
from twin.documents.pades import PdfSigner, pdf_signer
from twin.documents.register import Issued, Issuing
from twin.documents.reports import case_report_of, job_report_of, report_of
from twin.errors import ParameterError
from twin.keys import read_secret
from twin.model.view import View
from twin.types import BBox, Json

Inputs = Mapping[str, Any]
Maker = Callable[[Twin, View, Inputs], Content]


def issuing(settings: Settings) -> Issuing:
    """How documents are issued under these settings; secrets are read now, and kept nowhere else."""
    # Never the address of a request: who asks could then have any address signed into a document.
    public = settings.entry.public_url.rstrip("/")
    key = settings.signing_key
    secret = read_secret(key, environ=os.environ, where="TWIN_SIGNING_KEY") if key else ""
    return Issuing(settings.title, f"{public}/verify" if public else "", secret, _pdf_signer(settings))


def _pdf_signer(settings: Settings) -> PdfSigner | None:
    if not settings.pdf_signer:
        return None
    reference = settings.pdf_signer_password
    password = read_secret(reference, environ=os.environ, where="TWIN_PDF_SIGNER_PASSWORD") if reference else ""
    return pdf_signer(Path(settings.pdf_signer.removeprefix("file:")), password)


def content(t: Twin, template: str, inputs: Inputs, *, view: View, crs: str | None, scale: int | None) -> Content:
    """The content of a template; ParameterError if there is none, or its inputs are not what it takes."""
    if template not in MAKERS:
        raise ParameterError(
            f"there is no template {template!r}", where="template", hint=f"Use one of {', '.join(MAKERS)}."
        )
    maker, known = MAKERS[template]
    for name in inputs:
        if name not in known:
            raise ParameterError(f"{template} takes no {name!r}", where="inputs", hint=f"It takes {', '.join(known)}.")
    placed = {"crs": crs, "scale": scale} if template in ("planning_extract", "layer_map") else {}
    if not placed and (crs or scale):
        raise ParameterError(f"{template} has no map to be scaled", where="scale")
    return maker(t, view, {**inputs, **placed})


def _extract(t: Twin, view: View, inputs: Inputs) -> Content:
    return extract(
        t,
        lon=_number(inputs, "lon"),
        lat=_number(inputs, "lat"),
        parcel=_text(inputs, "parcel"),
        commune=_text(inputs, "commune"),
        area_m2=_number(inputs, "area_m2"),
        view=view,
        crs=inputs["crs"],
        scale=inputs["scale"],
    )


def _layer_map(t: Twin, view: View, inputs: Inputs) -> Content:
    names, box = inputs.get("layers"), inputs.get("bbox")
    if not (isinstance(names, list) and names and all(isinstance(n, str) for n in names)):
        raise ParameterError("a map needs the names of its layers", where="inputs.layers")
    if not (isinstance(box, list) and len(box) == 4 and all(_is_number(v) for v in box)):
        raise ParameterError("a map needs its area", where="inputs.bbox", hint="Give [west, south, east, north].")
    return layer_map(
        t,
        names,
        bbox=BBox(*box),
        view=view,
        title=_text(inputs, "title") or "",
        subtitle=_text(inputs, "subtitle") or "",
        crs=inputs["crs"],
        scale=inputs["scale"],
    )


def _bulletin(t: Twin, view: View, inputs: Inputs) -> Content:
    return bulletin_of(t, view, dict(inputs))


MAKERS: Final[dict[str, tuple[Maker, tuple[str, ...]]]] = {
    "planning_extract": (_extract, ("lon", "lat", "parcel", "commune", "area_m2")),
    "layer_map": (_layer_map, ("layers", "bbox", "title", "subtitle")),
    "flood_bulletin": (_bulletin, ("title", "situation", "layers", "bbox", "notes")),
    "case_report": (lambda t, v, i: case_report_of(t, v, dict(i)), ("case",)),
    "job_report": (lambda t, v, i: job_report_of(t, v, dict(i)), ("job",)),
    "report": (
        lambda t, v, i: report_of(t, v, dict(i)),
        ("title", "subtitle", "summary", "facts", "sections", "sources"),
    ),
}
"""What puts together each template, and the inputs it takes."""


def as_bytes(facts: Mapping[str, Any]) -> bytes:
    """A canonical form that came inside another JSON text."""
    return json.dumps(facts, ensure_ascii=False).encode("utf-8", "surrogatepass")


def templates() -> list[dict[str, Json]]:
    """The templates, as ``GET /app/documents/templates`` lists them."""
    return [
        {
            "name": name,
            "title": TEMPLATES[name].title,
            "title_en": TEMPLATES[name].title_en,
            "banner": TEMPLATES[name].banner,
            "inputs": list(known),
            "papers": ["A4", "A3", "A2", "A1", "A0"] if TEMPLATES[name].full_page_map else ["A4"],
        }
        for name, (_, known) in MAKERS.items()
    ]


def shape(document: Issued) -> dict[str, Json]:
    """A document as answers show it."""
    return {**document.as_dict(), "pdf": f"/app/documents/{document.id}.pdf"}


def _number(inputs: Inputs, name: str) -> float | None:
    value = inputs.get(name)
    if value is not None and not _is_number(value):
        raise ParameterError(f"{value!r} is not a number", where=f"inputs.{name}")
    return cast("float | None", value)


def _text(inputs: Inputs, name: str) -> str | None:
    value = inputs.get(name)
    if value is not None and not isinstance(value, str):
        raise ParameterError(f"{value!r} is not a text", where=f"inputs.{name}")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
