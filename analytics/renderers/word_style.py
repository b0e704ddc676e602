"""The manners of an official paper in Word, after GB/T 9704-2012: fonts, sizes, page and numbers.

Title 小标宋 二号, text 仿宋_GB2312 三号 in lines of 28 pt, first headings 黑体 三号, page number
四号 between dashes. The fonts are named, not embedded: Word on an office's computer has them.
"""

from __future__ import annotations

from typing import Any

from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

TITLE_FONT, TEXT_FONT, HEADING_FONT, NUMBER_FONT = "方正小标宋简体", "仿宋_GB2312", "黑体", "宋体"
LATIN_FONT = "Times New Roman"
TITLE_SIZE, TEXT_SIZE, PAGE_NUMBER_SIZE = Pt(22), Pt(16), Pt(14)
LINE = Pt(28)
TOP, BOTTOM, LEFT, RIGHT = Mm(37), Mm(35), Mm(28), Mm(26)
TEXT_WIDTH = 156
"""Between the margins, in mm."""

CELL_MARGINS = 6
"""Left and right of a cell's words together, in points."""


def prepare(word: Any) -> None:
    """Give an empty document its page, its styles and its page numbers."""
    page = word.sections[0]
    page.page_width, page.page_height = Mm(210), Mm(297)
    page.top_margin, page.bottom_margin = TOP, BOTTOM
    page.left_margin, page.right_margin = LEFT, RIGHT
    page.footer_distance = Mm(25)
    normal = word.styles["Normal"]
    _dress(normal, TEXT_FONT, TEXT_SIZE)
    _spaced(normal.paragraph_format, LINE)
    title = word.styles["Title"]
    _dress(title, TITLE_FONT, TITLE_SIZE)
    _unruled(title)
    title.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _spaced(title.paragraph_format, Pt(34))
    heading = word.styles["Heading 1"]
    _dress(heading, HEADING_FONT, TEXT_SIZE)
    _spaced(heading.paragraph_format, LINE)
    heading.paragraph_format.first_line_indent = 2 * TEXT_SIZE
    _page_number(page.footer.paragraphs[0])


def indented(paragraph: Any) -> None:
    """The first line stands in by two characters."""
    paragraph.paragraph_format.first_line_indent = 2 * TEXT_SIZE


def small(paragraph: Any, size: float, *, font: str = TEXT_FONT, bold: bool = False) -> None:
    """Captions, notes and cells: a smaller letter in single lines."""
    single = paragraph.paragraph_format
    single.line_spacing_rule = WD_LINE_SPACING.SINGLE
    for run in paragraph.runs:
        dress_run(run, font, Pt(size))
        run.bold = bold


def dress_run(run: Any, font: str, size: Any) -> None:
    """Set a run in a Chinese font, with digits and Latin letters in their own."""
    run.font.size = size
    _faces(run._element.get_or_add_rPr(), font)  # noqa: SLF001  python-docx has no East Asian font


def repeat_head(row: Any) -> None:
    """A table's head stands on every page that the table reaches."""
    _row_property(row, "w:tblHeader")


def keep_whole(row: Any) -> None:
    """A row is not torn by the end of a page."""
    _row_property(row, "w:cantSplit")


def shade(cell: Any, colour: str) -> None:
    """Fill a cell."""
    fill = OxmlElement("w:shd")
    fill.set(qn("w:val"), "clear")
    fill.set(qn("w:color"), "auto")
    fill.set(qn("w:fill"), colour)
    cell._tc.get_or_add_tcPr().append(fill)  # noqa: SLF001  python-docx has no shading


def narrow_margins(grid: Any) -> None:
    """Leave the width of a table to its words."""
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(CELL_MARGINS * 10))  # twentieths of a point, half on each side
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    grid._tbl.tblPr.append(margins)  # noqa: SLF001  python-docx has no cell margins


def _row_property(row: Any, name: str) -> None:
    mark = OxmlElement(name)
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)  # noqa: SLF001  python-docx has no such property


def _spaced(form: Any, line: Any) -> None:
    form.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    form.line_spacing = line
    form.space_before = form.space_after = Pt(0)


def _dress(style: Any, font: str, size: Any) -> None:
    style.font.size = size
    style.font.bold = False
    style.font.color.rgb = None
    properties = style.element.get_or_add_rPr()
    _faces(properties, font)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-US")
    language.set(qn("w:eastAsia"), "zh-CN")
    properties.append(language)


def _faces(properties: Any, font: str) -> None:
    faces = properties.get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        faces.attrib.pop(qn(f"w:{theme}"), None)
    for letters in ("ascii", "hAnsi", "cs"):
        faces.set(qn(f"w:{letters}"), LATIN_FONT)
    # Without a named East Asian face Word falls to a Japanese one.
    faces.set(qn("w:eastAsia"), font)


def _unruled(style: Any) -> None:
    properties = style.element.get_or_add_pPr()
    rule = properties.find(qn("w:pBdr"))
    if rule is not None:
        properties.remove(rule)


def _page_number(paragraph: Any) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for kind, words in (("", "— "), ("field", "PAGE"), ("", " —")):
        run = paragraph.add_run() if kind else paragraph.add_run(words)
        if kind:
            for part in ("begin", words, "end"):
                run._element.append(_field_part(part))  # noqa: SLF001  nor fields
        dress_run(run, NUMBER_FONT, PAGE_NUMBER_SIZE)


def _field_part(part: str) -> Any:
    if part in ("begin", "end"):
        mark = OxmlElement("w:fldChar")
        mark.set(qn("w:fldCharType"), part)
        return mark
    code = OxmlElement("w:instrText")
    code.set(qn("xml:space"), "preserve")
    code.text = part
    return code
