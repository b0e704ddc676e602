"""Printed sheets as PDF: the ticket (工单) and the supervision notice (督办通知书).

Table-form sheets on A4, in the manner of the printed forms that DB41/T 1860-2019 asks for. Which
boxes there are and in what order is this project's own choice, see docs/operations.md. The font is
embedded as a subset, so a sheet looks the same on every machine. Each page carries the name of who
printed it and when, so that a copy that leaves the house says where it came from.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER, TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

FONT = "WenQuanYi Micro Hei"
Align = Literal[0, 1, 2]
LABEL, WHOLE = 26 * mm, 174 * mm
MARGIN = 18 * mm
LONGEST_PIECE = 400
"""Characters of one table row: a longer text goes on in rows of its own, over several pages."""


@dataclass(frozen=True)
class Pair:
    """Two labelled boxes side by side."""

    left: str
    left_text: str
    right: str
    right_text: str


@dataclass(frozen=True)
class Line:
    """One labelled box over the whole width; `tall` leaves room to write by hand, in mm."""

    label: str
    text: str
    tall: float = 0


@dataclass(frozen=True, kw_only=True)
class Form:
    """A sheet before it is drawn."""

    office: str
    title: str
    number: str
    rows: Sequence[Pair | Line]
    signatures: Sequence[str]
    salutation: str = ""
    closing: Sequence[str] = ()
    printed_by: str
    printed_at: str


def pdf_of(form: Form) -> bytes:
    """Draw the sheet."""
    _load_font()
    story: list[Flowable] = [
        Paragraph(escape(form.office), _style(13, align=TA_CENTER)),
        Spacer(0, 2 * mm),
        Paragraph(escape(form.title), _style(22, align=TA_CENTER)),
        Spacer(0, 3 * mm),
        Paragraph(escape(f"编号：{form.number}"), _style(10.5, align=TA_RIGHT)),
        Spacer(0, 2 * mm),
    ]
    if form.salutation:
        story += [Paragraph(escape(form.salutation), _style(12)), Spacer(0, 2 * mm)]
    story += [part for row in form.rows for part in _drawn(row)]
    if form.signatures:
        story.append(_signatures(form.signatures))
    story.append(Spacer(0, 4 * mm))
    story += [Paragraph(escape(line), _style(11, align=TA_RIGHT)) for line in form.closing]
    sheet = io.BytesIO()
    document = SimpleDocTemplate(
        sheet,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=16 * mm,
        bottomMargin=18 * mm,
        title=f"{form.title} {form.number}",
        author=form.office,
    )

    def mark(canvas: Canvas, _document: object) -> None:
        _mark_page(canvas, form)

    document.build(story, onFirstPage=mark, onLaterPages=mark)
    return sheet.getvalue()


@cache  # reportlab keeps fonts for the whole process; reading the file once is enough
def _load_font() -> None:
    font = files("paperang_p2_fonts_cjk").joinpath("fonts", "wqy-microhei.ttc")
    pdfmetrics.registerFont(TTFont(FONT, str(font), subfontIndex=0))


def _style(size: float, *, align: Align = TA_LEFT) -> ParagraphStyle:
    return ParagraphStyle(
        f"{size}-{align}",
        fontName=FONT,
        fontSize=size,
        leading=size * 1.5,
        alignment=align,
        wordWrap="CJK",
    )


_BOX: list[Any] = [
    ("GRID", (0, 0), (-1, -1), 0.6, colors.black),
    ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ("TOPPADDING", (0, 0), (-1, -1), 4),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
]


def _drawn(row: Pair | Line) -> list[Flowable]:
    if isinstance(row, Pair):
        half = (WHOLE - 2 * LABEL) / 2
        cells = [
            _label(row.left),
            _text(row.left_text),
            _label(row.right),
            _text(row.right_text),
        ]
        return [Table([cells], colWidths=[LABEL, half, LABEL, half], style=_BOX)]
    pieces = _pieces(row.text)
    return [
        Table(
            [[_label(row.label if first else ""), _text(piece)]],
            colWidths=[LABEL, WHOLE - LABEL],
            rowHeights=None if len(pieces) > 1 or not row.tall else [_height(piece, row.tall)],
            style=[*_BOX, ("VALIGN", (1, 0), (1, 0), "TOP" if row.tall else "MIDDLE")],
        )
        for first, piece in ((i == 0, piece) for i, piece in enumerate(pieces))
    ]


def _height(text: str, tall: float) -> float:
    """The height asked for, or what the text needs if that is more; in points."""
    _, needed = _text(text).wrap(WHOLE - LABEL - 12, A4[1])
    return max(tall * mm, float(needed) + 10)


def _pieces(text: str) -> list[str]:
    """The text in rows short enough for a page, broken at the ends of its own lines if it can."""
    pieces = [""]
    for line in text.split("\n"):
        for start in range(0, max(len(line), 1), LONGEST_PIECE):
            part = line[start : start + LONGEST_PIECE]
            if len(pieces[-1]) + len(part) > LONGEST_PIECE or pieces[-1].count("\n") > 15:
                pieces.append(part)
            else:
                pieces[-1] = f"{pieces[-1]}\n{part}" if pieces[-1] else part
    return pieces


def _signatures(names: Sequence[str]) -> Table:
    width = WHOLE / len(names)
    cells = [_text(f"{name}：\n\n\n　　　　　年　　月　　日") for name in names]
    return Table([cells], colWidths=[width] * len(names), rowHeights=[26 * mm], style=_BOX)


def _label(words: str) -> Paragraph:
    return Paragraph(_markup(words), _style(10.5, align=TA_CENTER))


def _text(words: str) -> Paragraph:
    return Paragraph(_markup(words), _style(10.5))


def _markup(words: str) -> str:
    """The text as a paragraph takes it, with its own line breaks and wide spaces."""
    return escape(words).replace("\n", "<br/>").replace("\u3000", "\xa0\xa0\xa0")


def _mark_page(canvas: Canvas, form: Form) -> None:
    """The watermark over the page, and the line at its foot."""
    said = f"{form.printed_by} {form.printed_at}"
    canvas.saveState()
    canvas.setFont(FONT, 20)
    canvas.setFillColor(colors.black, alpha=0.07)
    canvas.translate(A4[0] / 2, A4[1] / 2)
    canvas.rotate(35)
    for height in (-90 * mm, -30 * mm, 30 * mm, 90 * mm):
        canvas.drawCentredString(0, height, f"{said}　　{said}")
    canvas.restoreState()
    canvas.saveState()
    canvas.setFont(FONT, 8)
    canvas.setFillColor(colors.Color(0.35, 0.35, 0.35))
    canvas.drawString(MARGIN, 10 * mm, f"{form.number}　打印：{said}　内部资料，注意保密")
    canvas.drawRightString(A4[0] - MARGIN, 10 * mm, f"第 {canvas.getPageNumber()} 页")
    canvas.restoreState()
