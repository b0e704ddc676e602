"""A report in every form says every word and every number of its document, and nothing else."""

from __future__ import annotations

import io
import re
from html import unescape
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from analytics.document import (
    Chart,
    Column,
    Document,
    Kind,
    Paragraph,
    Row,
    Section,
    Series,
    Shape,
    Table,
)
from analytics.renderers.charts import svg
from analytics.renderers.layout import all_rows, parts
from analytics.renderers.page import fragment
from analytics.renderers.rendering import FORMATS, render
from analytics.renderers.written import made_moment, ordinal, written
from dispatch.domain.errors import InvalidInput

HOSTILE = "#set text(red) *重* <b>住建</b> &amp; =1+1 $x$ \\u{41} {{ 7 * 7 }}"
FORMULA = '=HYPERLINK("http://x","看")'
UNITS = [f"第{ordinal(n)}街道办事处" for n in range(1, 71)]
DAYS = Chart(
    "每日受理量",
    Shape.LINE,
    ["11月16日", "11月17日", "11月18日"],
    [Series("本周", [4100, None, 4350]), Series("上周", [4000, 4100, 4150])],
    "件",
    ([3800, 3800, None], [4600, 4600, None]),
)
KINDS = Chart("诉求类型", Shape.BAR, ["投诉", "求助<i>"], [Series("本周", [5200, 317])], "件")
WHERE = Chart(
    "去向",
    Shape.STACKED,
    ["区县", "区县"],
    [Series("办结", [31, 25]), Series("在办", [5, 4])],
    "件",
)
FIGURES = Table(
    "主要指标",
    [Column("指标"), Column("本周", Kind.PERCENT), Column("变化", Kind.POINTS)],
    [
        Row(["按时办结率", 96.27, -1.03], "/figures/on_time_rate", ["", "/figures/x/rows", ""]),
        Row(["回访满意率", "样本不足", None]),
    ],
    note="不足 30 件的不比较。",
)
LATE = Table(
    "超期单位",
    [
        *(Column("单位"), Column("件数", Kind.COUNT), Column("用时", Kind.DAYS)),
        *(Column("等待", Kind.SECONDS), Column("万人", Kind.NUMBER)),
    ],
    [Row([unit, 1000 + at, at + 0.355, at + 13.44, at / 8]) for at, unit in enumerate(UNITS)],
    Row(["合计", 72415, 34.86, 47.9, 4.31]),
)
CASES = Table("典型案例", [Column("编号"), Column("内容")], [Row(["GD1", FORMULA])])
NOTHING = Table("督办", [Column("工单")], [], empty="本期没有督办事项。")
REPORT = Document(
    title="示范市12345热线周报",
    kind="weekly",
    city="示范市",
    period="2026年11月16日至22日",
    made_at="2026-11-23 08:00",
    headline=f"本周受理 12340 件。{HOSTILE}",
    sections=[
        Section("all", "总体情况", [Paragraph("日均 1762.9 件。", "/tickets"), DAYS, FIGURES]),
        Section("late", "超期情况", [KINDS, LATE, WHERE, CASES, NOTHING]),
    ],
    notes=["按时办结率＝到期前办结÷应办结。"],
)


def words_of(document: Document) -> list[str]:
    """Every word and number that a reader of the report must find."""
    found = [document.title, document.period, document.made_at, document.headline]
    for part in parts(document):
        found.append(part.heading)
        for placed in part.blocks:
            found.append(placed.caption)
            block = placed.block
            if isinstance(block, Paragraph):
                found.append(block.words)
            elif isinstance(block, Table):
                found += [block.note, *(one.heading for one in block.columns if block.rows)]
                found += [
                    written(cell, column.kind)
                    for row in all_rows(block)
                    for cell, column in zip(row.cells, block.columns, strict=True)
                ]
                found += [] if block.rows else [block.empty]
    return [*found, *document.notes]


def squeezed(text: str) -> str:
    """Without spaces: a typesetter breaks lines where it will."""
    return re.sub(r"\s", "", text)


def assert_says(text: str, document: Document) -> None:
    """Each of the document's words stands in the text, in the document's order of blocks."""
    said = squeezed(text)
    missing = [word for word in words_of(document) if squeezed(word) not in said]
    assert missing == []


def test_the_page_says_all_and_needs_nothing_else() -> None:
    page = render(REPORT, "html").decode()
    drawn = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawn) == 3
    assert_says(unescape(re.sub(r"<[^>]+>", "", page)), REPORT)
    for other in ("<b>", "<script", "http-equiv", "<link", "<img", 'href="'):
        assert other not in page
    assert re.findall(r"url\((?!#)", page) == []


def test_links_lead_to_the_hotline_where_its_address_is_given() -> None:
    page = render(REPORT, "html", "https://hotline.example/").decode()
    assert '<a href="https://hotline.example/figures/x/rows">96.27%</a>' in page
    assert '<a href="https://hotline.example/figures/on_time_rate">按时办结率</a>' in page
    inside = str(fragment(REPORT))
    assert '<a href="/tickets">日均 1762.9 件。</a>' in inside
    assert "<html" not in inside
    assert "style=" not in inside  # the portal's content policy allows none


def test_word_says_all_in_the_manner_of_an_office() -> None:
    made = docx.Document(io.BytesIO(render(REPORT, "docx")))
    paragraphs = [one.text for one in made.paragraphs]
    cells = [cell.text for grid in made.tables for row in grid.rows for cell in row.cells]
    assert_says("\n".join([*paragraphs, *cells]), REPORT)
    assert len(made.inline_shapes) == 3
    for grid in made.tables:
        assert grid.rows[0]._tr.get_or_add_trPr().find(qn("w:tblHeader")) is not None
    faces = {
        name: made.styles[name].element.rPr.rFonts.get(qn("w:eastAsia"))
        for name in ("Normal", "Title", "Heading 1")
    }
    assert faces == {"Normal": "仿宋_GB2312", "Title": "方正小标宋简体", "Heading 1": "黑体"}
    assert "PAGE" in made.sections[0].footer.paragraphs[0]._p.xml
    assert made.core_properties.created.isoformat() == "2026-11-23T00:00:00+00:00"


def test_pdf_says_all_with_its_font_inside_and_heads_on_each_page() -> None:
    made = PdfReader(io.BytesIO(render(REPORT, "pdf")))
    pages = [page.extract_text() for page in made.pages]
    assert_says(re.sub(r"— \d+ / \d+ —", "", "".join(pages)), REPORT)
    reached = [squeezed(page) for page in pages if re.search("第.{1,3}街道", squeezed(page))]
    assert len(reached) > 1
    assert all("单位件数用时等待" in page for page in reached)
    resources: list[Any] = [page["/Resources"] for page in made.pages]
    fonts = {font for one in resources for font in one["/Font"].values()}
    assert fonts
    for font in fonts:
        inner = font.get_object()["/DescendantFonts"][0].get_object()
        assert "WenQuanYi" in inner["/BaseFont"]
        assert any(name.startswith("/FontFile") for name in inner["/FontDescriptor"].get_object())


CROWDED = Table(
    "超期工单",
    [Column(name) for name in ("编号", "标题", "单位", "上级", "类别", "地点", "到期", "说明")],
    [
        Row([f"2026111600{at:04}", "小区供暖温度不达标多次反映", *(["某某区住房和城乡建设局"] * 6)])
        for at in range(3)
    ],
)


def test_a_number_is_not_broken_where_running_words_can_give_way() -> None:
    made = Document(
        title="周报",
        kind="weekly",
        city="示范市",
        period="2026年11月16日至22日",
        made_at="2026-11-23 08:00",
        headline="略",
        sections=[Section("late", "超期情况", [CROWDED])],
        notes=[],
    )
    # A number that breaks is two lines, in which nobody finds it again.
    read = "\n".join(
        page.extract_text() for page in PdfReader(io.BytesIO(render(made, "pdf"))).pages
    )
    assert "20261116000002" in read
    grid = docx.Document(io.BytesIO(render(made, "docx"))).tables[0]
    cell = grid.rows[1].cells[0]
    letter = cell.paragraphs[0].runs[0].font.size.pt
    assert cell.width.pt - 6 >= len("20261116000000") * letter / 2
    assert sum(column.width.mm for column in grid.columns) == pytest.approx(156, abs=0.5)


def test_workbook_has_a_sheet_for_each_table_with_numbers_as_numbers() -> None:
    content = render(REPORT, "xlsx")
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    sheets = {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}
    assert list(sheets) == [
        *("正文", "图 1 每日受理量", "表 1 主要指标", "图 2 诉求类型"),
        *("表 2 超期单位", "图 3 去向", "表 3 典型案例", "表 4 督办"),
    ]
    front = "".join(str(row[0]) for row in sheets["正文"])
    for words in (REPORT.headline, "日均 1762.9 件。", "一、总体情况", REPORT.notes[0]):
        assert words in front
    assert sheets["表 1 主要指标"][2:4] == [
        ["按时办结率", 0.9627, -1.03],
        ["回访满意率", "样本不足", "—"],
    ]
    late = sheets["表 2 超期单位"]
    assert late[2] == [UNITS[0], 1000.0, 0.36, 13.4, 0.0]
    assert [row[1] for row in late[2:]] == [*range(1000, 1070), 72415]
    assert sheets["表 3 典型案例"][2] == ["GD1", FORMULA]
    assert sheets["表 4 督办"][2] == ["本期没有督办事项。"]
    assert sheets["图 1 每日受理量"][3] == ["11月17日", "", 4100.0, 3800.0, 4600.0]


@pytest.mark.parametrize("format_", FORMATS)
def test_the_same_report_is_the_same_file(format_: str) -> None:
    small = Document("周报", "weekly", "城", "本周", "刚才", "无。", [Section("a", "一", [DAYS])])
    assert render(small, format_) == render(small, format_)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_report_without_anything_is_still_a_file(format_: str) -> None:
    empty = Chart("无", Shape.LINE, [], [])
    document = Document("空", "weekly", "城", "本周", "", "", [Section("a", "甲", [empty])])
    assert len(render(document, format_)) > 1_000


def test_an_unknown_form_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidInput, match="没有 odt 格式；可用的有：html、docx、pdf、xlsx"):
        render(REPORT, "odt")


def test_charts_write_their_words_as_words() -> None:
    drawn = svg(KINDS)
    assert "求助&lt;i&gt;" in drawn
    assert "5,200" in drawn or "5200" in drawn
    assert "WenQuanYi Micro Hei" in drawn


@pytest.mark.parametrize(
    ("cell", "kind", "words"),
    [
        (None, Kind.COUNT, "—"),
        ("", Kind.TEXT, ""),
        ("样本不足", Kind.PERCENT, "样本不足"),
        (12340, Kind.COUNT, "12340"),
        (96.265, Kind.PERCENT, "96.27%"),
        (0.005, Kind.POINTS, "+0.01"),
        (-0.004, Kind.POINTS, "0.00"),
        (13.45, Kind.SECONDS, "13.5 秒"),
        (2, Kind.DAYS, "2.00 天"),
        (1200.0, Kind.NUMBER, "1200"),
        (0.125, Kind.NUMBER, "0.13"),
    ],
)
def test_cells_are_written_one_way(cell: str | int | float | None, kind: Kind, words: str) -> None:
    assert written(cell, kind) == words


def test_headings_and_moments() -> None:
    assert [ordinal(n) for n in (1, 10, 11, 20, 35)] == ["一", "十", "十一", "二十", "三十五"]
    with pytest.raises(ValueError):
        ordinal(0)
    assert made_moment("2026年11月23日 08:05").isoformat() == "2026-11-23T00:05:00+00:00"
    assert made_moment("刚才").year == 2000
