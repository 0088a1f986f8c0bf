"""What a document says, as plain data: put together by the room that knows, typeset here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from shapely.geometry.base import BaseGeometry

from twin.documents.map.frame import Frame
from twin.documents.map.symbols import MapLayer, Picture
from twin.errors import ParameterError
from twin.types import BBox, Json, format_time


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of document."""

    name: str
    title: str
    title_en: str
    banner: str = ""
    """What every document of the kind says of itself, under its title."""
    disclaimer: str = ""
    full_page_map: bool = False


TEMPLATES: dict[str, Template] = {
    template.name: template
    for template in (
        Template(
            "planning_extract",
            "Trích thông tin quy hoạch",
            "Extract of planning information",
            "Bản cung cấp thông tin – không phải giấy chứng nhận, không thay thế văn bản của cơ quan có thẩm quyền",
        ),
        Template("layer_map", "Bản đồ", "Map", full_page_map=True),
        Template(
            "flood_bulletin",
            "Bản tin tình hình ngập, lũ",
            "Flood situation bulletin",
            "Hỗ trợ ra quyết định nội bộ – không phải bản tin dự báo",
            "Số liệu và kết quả tính chỉ dùng trong nội bộ để hỗ trợ ra quyết định. Bản tin dự báo, cảnh báo thiên tai "
            "do cơ quan khí tượng thủy văn có thẩm quyền ban hành.",
        ),
        Template("case_report", "Báo cáo hồ sơ", "Case report"),
        Template("job_report", "Báo cáo công việc", "Job report"),
        Template("report", "Báo cáo", "Report"),
    )
}


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; ``tone`` is ``""``, ``strong``, ``note`` or ``warning``."""

    text: str
    tone: str = ""

    def as_dict(self) -> dict[str, Json]:
        """The block as JSON."""
        return {"type": "paragraph", "text": self.text, "tone": self.tone}


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads; ``widths`` are shares, ``numbers`` the columns with lined-up figures."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...] = ()
    numbers: tuple[int, ...] = ()
    empty: str = "Không có dữ liệu."

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.head):
                raise ParameterError(f"a row has {len(row)} cells under {len(self.head)} heads")

    def as_dict(self) -> dict[str, Json]:
        """The block as JSON."""
        return {
            "type": "table",
            "head": list(self.head),
            "rows": [list(row) for row in self.rows],
            "widths": list(self.widths or (1.0,) * len(self.head)),
            "numbers": list(self.numbers),
            "empty": self.empty,
        }


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values, one a line."""

    items: tuple[tuple[str, str], ...]

    def as_dict(self) -> dict[str, Json]:
        """The block as JSON."""
        return {"type": "facts", "items": [[name, value] for name, value in self.items]}


Block: TypeAlias = "Paragraph | Table | Facts"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document under a title."""

    title: str
    blocks: tuple[Block, ...]

    def as_dict(self) -> dict[str, Json]:
        """The section as JSON."""
        return {"title": self.title, "blocks": [block.as_dict() for block in self.blocks]}


@dataclass(frozen=True, slots=True)
class MapContent:
    """The map of a document: what is drawn, and what must be seen of the ground (WGS 84)."""

    layers: tuple[MapLayer, ...]
    extent: tuple[BaseGeometry, ...]
    pictures: Sequence[Callable[[Frame], Picture]] = ()
    """Grids, each painted once the frame is known."""
    crs: str | None = None
    scale: int | None = None
    title: str = ""
    read: tuple[tuple[str, BBox, int], ...] = ()
    """What was read to draw it: layers, the box, and how many features were seen there."""


@dataclass(frozen=True, slots=True)
class Content:
    """Everything a document says."""

    template: str
    title: str
    at: datetime
    known_at: datetime
    title_en: str = ""
    subtitle: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    """The key figures: a person compares these with the paper when a code is looked up."""
    summary: str = ""
    sections: tuple[Section, ...] = ()
    data: dict[str, Json] = field(default_factory=dict)
    """The same for programs; part of what is signed."""
    sources: tuple[str, ...] = ()
    disclaimer: str = ""
    data_date: datetime | None = None
    map: MapContent | None = None
    public: bool = False
    """Whether all of it may be seen by anybody."""

    def __post_init__(self) -> None:
        template_of(self.template)
        if not self.title.strip():
            raise ParameterError("a document has a title", where="title")

    def facts_dict(self) -> dict[str, Json]:
        """What the canonical form says of the content."""
        template = template_of(self.template)
        return {
            "template": self.template,
            "title": self.title,
            "title_en": self.title_en or template.title_en,
            "subtitle": self.subtitle,
            "banner": template.banner,
            "facts": [[name, value] for name, value in self.facts],
            "summary": self.summary,
            "sections": [section.as_dict() for section in self.sections],
            "data": self.data,
            "sources": list(self.sources),
            "disclaimer": self.disclaimer or template.disclaimer,
            "at": format_time(self.at),
            "known_at": format_time(self.known_at),
            "data_date": format_time(self.data_date) if self.data_date else None,
            "public": self.public,
        }


def template_of(name: str) -> Template:
    """A template by its name; ParameterError if there is none."""
    try:
        return TEMPLATES[name]
    except KeyError:
        raise ParameterError(
            f"there is no template {name!r}", where="template", hint=f"Use one of {', '.join(TEMPLATES)}."
        ) from None
