"""The year as a picture: two lines over the weeks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from reportlab.graphics import renderSVG
from reportlab.graphics.shapes import Circle, Drawing, Line, PolyLine, Rect, String
from reportlab.lib.colors import Color, HexColor

WIDTH, HEIGHT = 760, 400
LEFT, BOTTOM, RIGHT, TOP = 56, 52, 20, 56
F1, UNHEARD, SENT, QUIET, GRID, PAPER = (
    HexColor(c) for c in ("#1d5fa8", "#8ab4dd", "#b3541e", "#5b6470", "#e3e6ea", "#ffffff")
)
FONT = "Helvetica"
LOWEST = 0.0
Anchor = Literal["start", "middle", "end"]


def draw(
    path: Path,
    weeks: Sequence[int],
    f1: Sequence[float],
    unheard: Sequence[float],
    sent: Sequence[float],
    *,
    refused: Sequence[int],
    made: bool,
) -> None:
    """Write the SVG; `refused` are the weeks whose new model did not pass."""
    drawing = Drawing(WIDTH, HEIGHT)
    paper = Rect(0, 0, WIDTH, HEIGHT)
    paper.fillColor = paper.strokeColor = PAPER
    drawing.add(paper)
    across = WIDTH - LEFT - RIGHT
    up = HEIGHT - BOTTOM - TOP
    last = max(weeks)

    def at(week: float, share: float) -> tuple[float, float]:
        return LEFT + across * week / last, BOTTOM + up * (share - LOWEST) / (1 - LOWEST)

    for step in range(11):
        _, y = at(0, step / 10)
        drawing.add(Line(LEFT, y, LEFT + across, y, strokeColor=GRID, strokeWidth=0.6))
        drawing.add(_words(LEFT - 8, y - 4, f"{step * 10} %", "end"))
    for week in range(0, last + 1, 4):
        x, _ = at(week, 0)
        drawing.add(Line(x, BOTTOM, x, BOTTOM - 4, strokeColor=QUIET, strokeWidth=0.6))
        drawing.add(_words(x, BOTTOM - 17, str(week), "middle"))
    drawing.add(_words(LEFT + across / 2, 14, "周（每四周训练一次，通过检验才启用）", "middle"))
    for values, colour in ((f1, F1), (unheard, UNHEARD), (sent, SENT)):
        if not values:
            continue
        corners = [spot for w, value in zip(weeks, values, strict=True) for spot in at(w, value)]
        drawing.add(PolyLine(corners, strokeColor=colour, strokeWidth=2))
    for week in refused:
        x, y = at(week, f1[list(weeks).index(week)])
        drawing.add(Circle(x, y, 4, fillColor=PAPER, strokeColor=F1))
    _legend(drawing, f1, unheard, sent, made=made)
    renderSVG.drawToFile(drawing, str(path))


def _legend(
    drawing: Drawing,
    f1: Sequence[float],
    unheard: Sequence[float],
    sent: Sequence[float],
    *,
    made: bool,
) -> None:
    whose = "生成的诉求" if made else "实际诉求"
    title = f"模型的一年：起步 2,000 条标注，每周 500 条新诉求（{whose}）"
    drawing.add(_words(LEFT, HEIGHT - 22, title, "start", size=14, colour=HexColor("#1c2430")))
    told = (
        (F1, f"宏平均 F1：{f1[0]:.1%} → {f1[-1]:.1%}", LEFT),
        (SENT, f"自动派出：{sent[0]:.1%} → {sent[-1]:.1%}", LEFT + 190),
        *(
            (UNHEARD, f"从未听过的内容：{unheard[0]:.1%} → {unheard[-1]:.1%}", LEFT + 365)
            for _ in unheard[:1]
        ),
    )
    for colour, words, x in told:
        drawing.add(Line(x, HEIGHT - 38, x + 18, HEIGHT - 38, strokeColor=colour, strokeWidth=3))
        drawing.add(_words(x + 24, HEIGHT - 42, words, "start"))
    drawing.add(Circle(LEFT + 585, HEIGHT - 38, 4, fillColor=PAPER, strokeColor=F1))
    drawing.add(_words(LEFT + 595, HEIGHT - 42, "未通过检验", "start"))


def _words(
    x: float, y: float, words: str, anchor: Anchor, *, size: int = 11, colour: Color = QUIET
) -> String:
    return String(x, y, words, textAnchor=anchor, fontName=FONT, fontSize=size, fillColor=colour)
