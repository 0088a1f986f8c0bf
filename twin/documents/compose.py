"""From content to a PDF: layout on the sheet, map, QR code, attachments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from twin.documents.content import Content, template_of
from twin.documents.map.frame import paper_size
from twin.documents.map.sheet import Sheet, page_map
from twin.documents.qr import qr_svg
from twin.documents.seal import MARK
from twin.documents.token import Token
from twin.documents.typeset import Limits, typeset
from twin.documents.verdict import DATA_NAME, TOKEN_NAME
from twin.documents.wording import day, day_time
from twin.errors import ParameterError
from twin.types import Json

_TEXT_PT = {"A4": 9.0, "A3": 9.5, "A2": 11.0, "A1": 13.0, "A0": 16.0}
_MARGIN = {"A4": 8.0, "A3": 10.0, "A2": 12.0, "A1": 15.0, "A0": 18.0}
_GAP_MM = 5.0


@dataclass(frozen=True, slots=True)
class Paper:
    """A sheet."""

    size: str = "A4"
    landscape: bool = False

    @property
    def mm(self) -> tuple[float, float]:
        """Width and height. [mm]"""
        return paper_size(self.size, landscape=self.landscape)


def draw_map(content: Content, paper: Paper) -> Sheet | None:
    """The document's map, in the room its sheet leaves for it; none if it has none."""
    template = template_of(content.template)
    if content.map is None:
        if template.full_page_map:
            raise ParameterError("a map needs layers and an extent", where="map")
        return None
    text_pt = _TEXT_PT[paper.size] * 0.8
    gutter = _gutter(paper)
    if template.full_page_map:
        width, height = _full(paper)
    else:
        if paper.size != "A4" or paper.landscape:
            raise ParameterError(
                "only maps come on other sheets than standing A4", where="paper", hint="Ask for the template layer_map."
            )
        width, height = 175.0 - 2 * gutter, 110.0
    wanted = content.map
    return page_map(
        wanted.layers,
        wanted.pictures,
        wanted.extent,
        width_mm=width,
        height_mm=height,
        crs=wanted.crs,
        scale=wanted.scale,
        title=wanted.title or "Bản đồ vị trí",
        text_pt=text_pt,
    )


def _gutter(paper: Paper) -> float:
    """Room beside the frame for the grid's figures, as design.typ has it. [mm]"""
    return max(3.6, _TEXT_PT[paper.size] * 0.5)


def _footer(paper: Paper) -> float:
    return 9.0 if paper.size == "A4" else 11.0


def _full(paper: Paper) -> tuple[float, float]:
    """Width and height of the map on a sheet of its own: the rest is margin, figures of the grid, and the panel."""
    wide, high = paper.mm
    margin, gutter = _MARGIN[paper.size], _gutter(paper)
    inner_w, inner_h = wide - 2 * margin, high - 2 * margin - _footer(paper)
    if paper.landscape:
        panel = {"A4": 66.0, "A3": 82.0, "A2": 105.0, "A1": 135.0, "A0": 175.0}[paper.size]
        return _whole(inner_w - panel - _GAP_MM - 2 * gutter), _whole(inner_h - 2 * gutter)
    panel = {"A4": 84.0, "A3": 100.0, "A2": 125.0, "A1": 160.0, "A0": 205.0}[paper.size]
    return _whole(inner_w - 2 * gutter), _whole(inner_h - panel - 2 * gutter)


def _whole(length: float) -> float:
    return float(int(length))


def compose(
    content: Content,
    sheet: Sheet | None,
    paper: Paper,
    *,
    token: Token,
    canonical: bytes,
    issuer: str,
    by: str,
    address: str,
    issued: datetime,
    limits: Limits | None = None,
) -> bytes:
    """The PDF of a document, without its seal."""
    template = template_of(content.template)
    facts = content.facts_dict()
    wide, high = paper.mm
    data: dict[str, Json] = {
        **{name: facts[name] for name in ("title", "subtitle", "banner", "facts", "summary", "sections", "sources")},
        "disclaimer": facts["disclaimer"],
        "issuer": issuer,
        "by": by,
        "id": token.id,
        "issued": day_time(issued),
        "sha": token.sha256,
        "key": token.key,
        "at": day_time(content.at),
        "known_at": day_time(content.known_at),
        "data_date": day(content.data_date) if content.data_date else None,
        "verify": _how(address),
        "qr": qr_svg(f"{address}#{token.text}" if address else token.text),
        "map": cast("Json", sheet.set) if sheet else None,
        "seal": MARK,
        "paper": {
            "width": wide,
            "height": high,
            "landscape": paper.landscape,
            "text_pt": _TEXT_PT[paper.size],
            "margin": _MARGIN[paper.size],
            "footer": _footer(paper),
            "gap": _GAP_MM,
        },
        "attachments": {DATA_NAME: canonical.decode(), TOKEN_NAME: token.text},
    }
    name = "map.typ" if template.full_page_map else "document.typ"
    return typeset(name, data, issued, limits=limits)


def _how(address: str) -> str:
    where = f"tại {address}" if address else "tại trang kiểm tra của hệ thống"
    return f"Kiểm tra: quét mã QR hoặc nộp tệp PDF {where}; ngoại tuyến: twin documents verify."
