"""A report as a workbook: the words on the first sheet, then a sheet for each table and chart."""

from __future__ import annotations

import io
import re
from typing import Any

import xlsxwriter

from analytics.document import Cell, Chart, Column, Document, Kind, Paragraph, Row, Shape, Table
from analytics.renderers.chart_specs import COLOURS
from analytics.renderers.layout import NOTES_TITLE, all_rows, cells, parts, shares, subtitle
from analytics.renderers.written import made_moment, places, rounded, written

A4 = 9
"""Its number among the papers of Excel."""

LONGEST_NAME = 31
"""Characters of a sheet's name, set by the format."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
NUMBERS = {
    Kind.TEXT: "General",
    Kind.COUNT: "0",
    Kind.PERCENT: "0.00%",
    Kind.POINTS: "+0.00;-0.00;0.00",
    Kind.SECONDS: '0.0" 秒"',
    Kind.DAYS: '0.00" 天"',
    Kind.NUMBER: "0.##",
}
_NO_GUESSING = {
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "in_memory": True,
}


def workbook(document: Document, address: str = "") -> bytes:
    """The report as .xlsx: numbers are numbers, a percentage is a share shown in per cent.

    Words are written as words, also those that begin like a formula.
    """
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, _NO_GUESSING)
    book.set_properties(
        {
            "title": document.title,
            "author": document.city,
            "created": made_moment(document.made_at).replace(tzinfo=None),
        }
    )
    _Writer(book, address.rstrip("/")).write(document)
    book.close()
    return out.getvalue()


class _Writer:
    """Sheets of one workbook, with the names and formats that they share."""

    def __init__(self, book: Any, address: str) -> None:
        self.book, self.address = book, address
        self.names: set[str] = set()
        self.formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def write(self, document: Document) -> None:
        front = self._sheet("正文")
        lines: list[tuple[str, dict[str, Any]]] = [
            (document.title, {"bold": True, "font_size": 16}),
            (subtitle(document), {}),
        ]
        lines += [("", {}), (document.headline, {"bold": True, "font_size": 12})]
        for part in parts(document):
            lines += [("", {}), (part.heading, {"bold": True, "font_color": "#1b4b8a"})]
            for placed in part.blocks:
                block = placed.block
                if isinstance(block, Paragraph):
                    lines.append((block.words, {}))
                elif isinstance(block, Chart):
                    name = self._chart_sheet(block, placed.caption)
                    lines.append((f"{placed.caption}：见工作表“{name}”", {"italic": True}))
                else:
                    name = self._table_sheet(block, placed.caption)
                    lines.append((f"{placed.caption}：见工作表“{name}”", {"italic": True}))
        if document.notes:
            lines += [("", {}), (NOTES_TITLE, {"bold": True})]
            lines += [(f"{at}. {note}", {}) for at, note in enumerate(document.notes, start=1)]
        front.set_paper(A4)
        front.fit_to_pages(1, 0)
        front.set_column(0, 0, 110)
        for at, (words, look) in enumerate(lines):
            front.write_string(at, 0, words, self._format(words, text_wrap=True, **look))

    def _sheet(self, wanted: str) -> Any:
        clean = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", wanted).strip(" '") or "表"
        name, again = clean[:LONGEST_NAME], 1
        while name.lower() in self.names:
            again += 1
            name = f"{clean[: LONGEST_NAME - len(str(again)) - 1]} {again}"
        self.names.add(name.lower())
        return self.book.add_worksheet(name)

    def _format(self, words: str = "", **look: Any) -> Any:
        """A format, made once; a word like a formula keeps its quote when it is edited."""
        given = {"valign": "top", "font_name": "微软雅黑", "font_size": 10, **look}
        if words.startswith(FORMULA):
            given["quote_prefix"] = True
        key = tuple(sorted(given.items()))
        if key not in self.formats:
            self.formats[key] = self.book.add_format(given)
        return self.formats[key]

    def _table_sheet(self, table: Table, caption: str) -> str:
        sheet = self._sheet(caption.replace("　", " "))
        self._head(sheet, caption, [column.heading for column in table.columns])
        for place, share in enumerate(shares(table)):
            sheet.set_column(place, place, share + 3)
        last = 1
        for last, row in enumerate(all_rows(table), start=2):
            self._row(sheet, last, table, row)
        if last == 1:
            last = 2
            sheet.write_string(last, 0, table.empty, self._format(table.empty))
        elif table.rows:
            sheet.autofilter(1, 0, 1 + len(table.rows), len(table.columns) - 1)
        if table.note:
            sheet.write_string(last + 1, 0, f"注：{table.note}", self._format())
        return str(sheet.get_name())

    def _head(self, sheet: Any, caption: str, headings: list[str]) -> None:
        sheet.write_string(0, 0, caption, self._format(bold=True, font_size=12))
        look: dict[str, Any] = {"bold": True, "bg_color": "#EAF0F7", "border": 1, "text_wrap": True}
        for place, heading in enumerate(headings):
            sheet.write_string(1, place, heading, self._format(heading, **look))
        sheet.freeze_panes(2, 1)
        sheet.repeat_rows(1)
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)

    def _row(self, sheet: Any, at: int, table: Table, row: Row) -> None:
        bold = row is table.total
        links = [link for _words, _number, link in cells(table, row)]
        for place, (cell, column) in enumerate(zip(row.cells, table.columns, strict=True)):
            self._cell(sheet, at, place, cell, column, bold=bold)
            if self.address and links[place] and isinstance(cell, str):
                url = f"{self.address}{links[place]}"
                sheet.write_url(at, place, url, self._format(cell, font_color="#1b4b8a"), cell)

    def _cell(
        self, sheet: Any, at: int, place: int, cell: Cell, column: Column, *, bold: bool
    ) -> None:
        if cell is None or isinstance(cell, str):
            words = written(cell, column.kind)
            side = "left" if column.kind is Kind.TEXT else "right"
            look = {"border": 1, "bold": bold, "align": side, "text_wrap": True}
            sheet.write_string(at, place, words, self._format(words, **look))
            return
        number = cell
        if column.kind in (Kind.PERCENT, Kind.POINTS, Kind.SECONDS, Kind.DAYS):
            number = float(rounded(cell, places(column.kind)))
        if column.kind is Kind.PERCENT:
            number = round(number / 100, 6)
        shown = self._format(num_format=NUMBERS[column.kind], border=1, bold=bold)
        sheet.write_number(at, place, number, shown)

    def _chart_sheet(self, chart: Chart, caption: str) -> str:
        sheet = self._sheet(caption.partition("（")[0].replace("　", " "))
        name = str(sheet.get_name())
        columns: list[tuple[str, Any]] = [(one.name, one.values) for one in chart.series]
        if chart.band is not None:
            columns += [("正常范围下限", chart.band[0]), ("正常范围上限", chart.band[1])]
        self._head(sheet, caption, ["", *(heading for heading, _values in columns)])
        sheet.set_column(0, len(columns), 16)
        for at, label in enumerate(chart.labels, start=2):
            sheet.write_string(at, 0, label, self._format(label, border=1))
            for place, (_heading, values) in enumerate(columns, start=1):
                if values[at - 2] is not None:
                    sheet.write_number(at, place, values[at - 2], self._format(border=1))
        if chart.labels and columns:  # the format knows no chart of nothing
            sheet.insert_chart(1, len(columns) + 2, self._native(chart, name, columns))
        return name

    def _native(self, chart: Chart, name: str, columns: list[tuple[str, Any]]) -> Any:
        kinds: dict[Shape, dict[str, str]] = {
            Shape.LINE: {"type": "line"},
            Shape.BAR: {"type": "column"},
            Shape.STACKED: {"type": "column", "subtype": "stacked"},
        }
        native = self.book.add_chart(kinds[chart.shape])
        last = len(chart.labels) + 1
        for place, (heading, _values) in enumerate(columns, start=1):
            bound = place > len(chart.series)
            colour = "#9db6d6" if bound else COLOURS[(place - 1) % len(COLOURS)]
            line = {"color": colour, "width": 1 if bound else 2}
            if bound:
                line["dash_type"] = "dash"
            drawn = {"line": line} if chart.shape is Shape.LINE else {"fill": {"color": colour}}
            native.add_series(
                {
                    "name": heading,
                    "categories": [name, 2, 0, last, 0],
                    "values": [name, 2, place, last, place],
                    **drawn,
                }
            )
        native.set_title({"name": chart.name, "name_font": {"size": 12}})
        native.set_legend({"position": "bottom"} if len(columns) > 1 else {"none": True})
        native.set_y_axis({"name": chart.unit, "major_gridlines": {"visible": True}})
        native.set_size({"width": 760, "height": 380})
        native.show_blanks_as("gap")
        return native
