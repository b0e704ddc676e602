"""A report as a Word file that an office may send on as it is."""

from __future__ import annotations

import io
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import docx
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm

from analytics.document import Chart, Document, Paragraph, Row, Table
from analytics.renderers import charts
from analytics.renderers.layout import (
    NOTES_TITLE,
    Placed,
    all_rows,
    cells,
    fitted,
    is_number,
    parts,
    shares,
    subtitle,
)
from analytics.renderers.word_style import (
    CELL_MARGINS,
    HEADING_FONT,
    TEXT_FONT,
    TEXT_WIDTH,
    indented,
    keep_whole,
    narrow_margins,
    prepare,
    repeat_head,
    shade,
    small,
)
from analytics.renderers.written import made_moment

HEAD_COLOUR = "EAF0F7"
POINTS_PER_MM = 72 / 25.4


def word(document: Document, address: str = "") -> bytes:
    """The report as .docx. Links are left out: on paper nothing opens."""
    del address
    made = docx.Document()
    prepare(made)
    _describe(made, document)
    made.add_paragraph(document.title, style="Title")
    under = made.add_paragraph(subtitle(document))
    under.alignment = WD_ALIGN_PARAGRAPH.CENTER
    small(under, 12)
    made.add_paragraph()
    indented(made.add_paragraph(document.headline))
    for part in parts(document):
        made.add_paragraph(part.heading, style="Heading 1")
        for placed in part.blocks:
            _add(made, placed)
    if document.notes:
        made.add_paragraph(NOTES_TITLE, style="Heading 1")
        for number, note in enumerate(document.notes, start=1):
            small(made.add_paragraph(f"{number}. {note}"), 10.5)
    out = io.BytesIO()
    made.save(out)
    return _undated(out)


def _undated(saved: io.BytesIO) -> bytes:
    """The file without the hour at which it was packed: the same report is the same file."""
    out = io.BytesIO()
    with ZipFile(saved) as packed, ZipFile(out, "w", ZIP_DEFLATED) as again:
        for name in packed.namelist():
            part = ZipInfo(name)
            part.compress_type = ZIP_DEFLATED
            again.writestr(part, packed.read(name))
    return out.getvalue()


def _describe(made: Any, document: Document) -> None:
    about = made.core_properties
    about.title, about.author = document.title, document.city
    about.subject, about.comments, about.keywords = document.period, "", ""
    about.last_modified_by = document.city
    about.created = about.modified = made_moment(document.made_at).replace(tzinfo=None)
    about.language = "zh-CN"


def _add(made: Any, placed: Placed) -> None:
    block = placed.block
    if isinstance(block, Paragraph):
        indented(made.add_paragraph(block.words))
    elif isinstance(block, Chart):
        _add_chart(made, block, placed.caption)
    else:
        _add_table(made, block, placed.caption)


def _add_chart(made: Any, chart: Chart, caption: str) -> None:
    picture = charts.png(charts.svg(chart))
    frame = made.add_paragraph()
    frame.paragraph_format.keep_with_next = True
    frame.alignment = WD_ALIGN_PARAGRAPH.CENTER
    small(frame, 10.5)  # in exact lines a picture would be cut to one line
    frame.add_run().add_picture(io.BytesIO(picture), width=Mm(TEXT_WIDTH))
    under = made.add_paragraph(caption)
    under.alignment = WD_ALIGN_PARAGRAPH.CENTER
    small(under, 10.5, font=HEADING_FONT)


def _add_table(made: Any, table: Table, caption: str) -> None:
    over = made.add_paragraph(caption)
    over.alignment = WD_ALIGN_PARAGRAPH.CENTER
    over.paragraph_format.keep_with_next = True
    small(over, 10.5, font=HEADING_FONT)
    rows = all_rows(table)
    if not rows:
        small(made.add_paragraph(table.empty), 12)
    else:
        _fill(made.add_table(rows=1 + len(rows), cols=len(table.columns)), table)
    if table.note:
        small(made.add_paragraph(f"注：{table.note}"), 9)


def _letters(table: Table) -> tuple[float, list[float]]:
    """The largest letter, in points, in which nothing breaks, and the columns' shares in it."""
    points = TEXT_WIDTH * POINTS_PER_MM - CELL_MARGINS * len(table.columns)
    wanted = sum(shares(table))
    size = next((size for size in (10.5, 9) if wanted * size / 2 <= points), 7.5)
    return size, fitted(table, points / (size / 2))


def _fill(grid: Any, table: Table) -> None:
    grid.style = "Table Grid"
    grid.alignment = WD_TABLE_ALIGNMENT.CENTER
    grid.autofit = False
    size, weights = _letters(table)
    widths = [Mm(TEXT_WIDTH * weight / sum(weights)) for weight in weights]
    for column, width in zip(grid.columns, widths, strict=True):
        column.width = width
    narrow_margins(grid)
    # A grid's own `cells` is worked out anew at every call: rows are walked once.
    lines = list(grid.rows)
    repeat_head(lines[0])
    for cell, column, width in zip(lines[0].cells, table.columns, widths, strict=True):
        _write(cell, column.heading, width, size, font=HEADING_FONT, middle=True)
        shade(cell, HEAD_COLOUR)
    for line, row in zip(lines[1:], all_rows(table), strict=True):
        keep_whole(line)
        _write_row(line, table, row, widths, size)


def _write_row(line: Any, table: Table, row: Row, widths: list[Any], size: float) -> None:
    bold = row is table.total
    read = cells(table, row)
    for cell, (words, _number, _link), column, width in zip(
        line.cells, read, table.columns, widths, strict=True
    ):
        _write(cell, words, width, size, bold=bold, right=is_number(column))


def _write(
    cell: Any,
    words: str,
    width: Any,
    size: float,
    *,
    font: str = TEXT_FONT,
    bold: bool = False,
    middle: bool = False,
    right: bool = False,
) -> None:
    cell.width = width
    paragraph = cell.paragraphs[0]
    paragraph.add_run(words)
    if middle or right:
        side = WD_ALIGN_PARAGRAPH.CENTER if middle else WD_ALIGN_PARAGRAPH.RIGHT
        paragraph.alignment = side
    small(paragraph, size, font=font, bold=bold)
