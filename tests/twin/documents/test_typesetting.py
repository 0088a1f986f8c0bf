"""Pages: Vietnamese letters, text that is only ever text, bounds of the work."""

from __future__ import annotations

import pypdf
import pypdfium2
import pytest
from document_support import NOW, content, map_of, square_layer
from fontTools.ttLib import TTFont

from twin.core import Twin
from twin.documents.compose import Paper
from twin.documents.content import Paragraph, Section, Table
from twin.documents.fonts import drawable, folders, shown
from twin.documents.register import Issuing, issue
from twin.documents.typeset import Limits, read_pdf, typeset
from twin.errors import FormatError, ParameterError

MARKED = "ạảãàáâậầấẩẫăắằặẳẵóòọõỏôộổỗồốơờớợởỡéèẻẹẽêếềệểễúùụủũưựữửừứíìịỉĩýỳỷỵỹđ"
VIETNAMESE = MARKED + MARKED.upper()


def text_of(t: Twin, digest: str) -> str:
    pdf = pypdfium2.PdfDocument(t.files.path(digest).read_bytes())
    return "\n".join(page.get_textpage().get_text_bounded() for page in pdf)


def test_every_vietnamese_letter_is_in_the_typeface_itself_in_every_weight() -> None:
    for path in sorted(folders()[0].glob("*.ttf")):
        points = set(TTFont(path).getBestCmap())
        assert {letter for letter in VIETNAMESE if ord(letter) not in points} == set(), path.name


def test_every_vietnamese_letter_comes_back_from_the_page(t: Twin) -> None:
    made = content(sections=(Section("Chữ", (Paragraph(" ".join(VIETNAMESE)),)),))
    found = "".join(text_of(t, issue(t, made, now=NOW).pdf).split())
    assert VIETNAMESE in found


def test_only_the_two_typefaces_that_ship_are_in_the_file(t: Twin) -> None:
    made = content(map=map_of(square_layer()), summary="Đặng Thị Ngỡ 1 234,5 m² ≥ 3°")
    pdf = pypdf.PdfReader(t.files.path(issue(t, made, now=NOW).pdf))
    names = {
        str(font.get_object()["/BaseFont"]).split("+")[-1].split("-")[0]
        for page in pdf.pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert names <= {"BeVietnamPro", "Inter"}


EVIL = (
    '#panic("x")', "#sys.inputs", "$x^2$", "*đậm*", "_a_", "= Tiêu đề", '#image("/etc/passwd")', "\\", "`raw`",
    "<label>", "@ref", "// comment", '#read("design.typ")', '"}]}', "<svg onload=alert(1)>", "</svg>", "{{x}}",
)  # fmt: skip


def test_what_people_write_is_shown_as_written(t: Twin) -> None:
    made = content(
        title="#panic() *a*",
        subtitle=EVIL[1],
        facts=tuple((f"{i} {evil}", evil) for i, evil in enumerate(EVIL)),
        sections=(Section(EVIL[0], (Table((EVIL[3], "b"), ((EVIL[6], EVIL[12]),)), *map(Paragraph, EVIL))),),
    )
    found = text_of(t, issue(t, made, now=NOW).pdf).replace("\r\n", "\n")
    for evil in EVIL:
        assert found.count(evil) >= 3, evil


def test_text_that_only_begins_like_a_drawing_is_still_text(t: Twin) -> None:
    made = content(facts=(("<svg", "<svg \u4e2d"),))
    assert "<svg □" in text_of(t, issue(t, made, now=NOW).pdf)


def test_what_the_typefaces_lack_is_a_box_and_turned_writing_is_not_turned() -> None:
    assert shown("Tên 中 😀 \u202eđảo\u202c\x00\n2") == "Tên □ □ đảo\n2"
    assert ord("□") in drawable()


def test_a_long_table_goes_on_over_pages_under_its_head(t: Twin) -> None:
    rows = tuple((str(i), f"Đường Nguyễn Hữu Cảnh đoạn {i}") for i in range(150))
    made = content(sections=(Section("Bảng", (Table(("Số", "Tên đường"), rows),)),))
    digest = issue(t, made, now=NOW).pdf
    pdf = pypdfium2.PdfDocument(t.files.path(digest).read_bytes())
    assert len(pdf) >= 3
    for number, page in enumerate(pdf, 1):
        text = page.get_textpage().get_text_bounded()
        assert "Tên đường" in text
        assert f"Trang {number}/{len(pdf)}" in text


def test_an_empty_table_says_so(t: Twin) -> None:
    made = content(sections=(Section("Bảng", (Table(("Số",), (), empty="Chưa có số liệu."),)),))
    assert "Chưa có số liệu." in text_of(t, issue(t, made, now=NOW).pdf)


@pytest.mark.parametrize("name", ["A4", "A3", "A2", "A1", "A0"])
@pytest.mark.parametrize("landscape", [False, True])
def test_a_map_takes_one_sheet_of_the_size_asked_for(t: Twin, name: str, landscape: bool) -> None:
    paper = Paper(name, landscape)
    made = content(template="layer_map", map=map_of(square_layer()))
    pdf = pypdfium2.PdfDocument(t.files.path(issue(t, made, now=NOW, paper=paper).pdf).read_bytes())
    assert len(pdf) == 1
    assert [side * 25.4 / 72 for side in pdf[0].get_size()] == pytest.approx(paper.mm, abs=0.05)


def test_a_paper_that_there_is_not_is_refused(t: Twin) -> None:
    with pytest.raises(ParameterError, match="'A7' is not a paper size"):
        issue(t, content(), now=NOW, paper=Paper("A7"))
    with pytest.raises(ParameterError, match="only maps"):
        issue(t, content(map=map_of(square_layer())), now=NOW, paper=Paper("A3"))


def test_work_that_takes_too_much_is_stopped_and_said(t: Twin) -> None:
    rows = tuple((str(i), "x" * 200) for i in range(4000))
    made = content(sections=(Section("Bảng", (Table(("Số", "Chữ"), rows),)),))
    with pytest.raises(ParameterError, match=r"more time or memory|took longer"):
        issue(t, made, now=NOW, issuing=Issuing(limits=Limits(cpu_s=1, wall_s=30)))
    with pytest.raises(ParameterError, match=r"more time or memory|broke down"):
        issue(t, made, now=NOW, issuing=Issuing(limits=Limits(memory_bytes=120 << 20)))


def test_a_template_that_fails_says_why() -> None:
    with pytest.raises(ParameterError, match="typesetting the document failed"):
        typeset("document.typ", {"title": "x"}, NOW)


def test_what_is_no_pdf_is_refused() -> None:
    for content_ in (b"", b"GIF89a", b"%PDF-1.7\n" + b"\0" * 1000):
        with pytest.raises(FormatError):
            read_pdf(content_)
