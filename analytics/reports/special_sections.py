"""The sections of a special report, out of what is known of its part of the city."""

from __future__ import annotations

from collections.abc import Mapping

from analytics.document import (
    Block,
    Cell,
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
from analytics.figures import BY_CODE
from analytics.rates import Mean, Rate
from analytics.reports.figure_cells import mean_cell
from analytics.reports.named import Named
from analytics.reports.special_part import CASES, Part
from analytics.reports.tables import cell, rows_link
from analytics.reports.words import Three, compared, moment, number, points
from analytics.tallies import OPENED

TOP = 15
"""Lines of a table; the others stand together."""


def part_document(part: Part, city: str) -> Document:
    """The document of a part of the city."""
    span = part.span
    said = (
        f"{part.about or '全市'}：{span.this}受理工单 {part.tickets.now:,} 件，"
        f"{compared(part.tickets, span.last)}；超期未办结"
        f"{f' {len(part.overdue)} 件' if len(part.overdue) < CASES else f'不少于 {CASES} 件'}。"
    )
    labels = [f"{day.month}月{day.day}日" for day in part.by_day]
    line = Series("受理工单", list(part.by_day.values()))
    blocks: list[Block] = [Paragraph(said)]
    if span.period.days > 1:
        blocks.append(Chart("每日受理工单", Shape.LINE, labels, (line,), unit="件"))
    sections = (
        Section("volume", "总体情况", blocks),
        Section("figures", "主要指标", (_figures(part),)),
        Section(
            "where",
            "事项、属地与单位",
            (
                _counted(part, "事项", "category", part.categories),
                _counted(part, "属地", "territory", part.places),
                _counted(part, "承办单位", "unit", part.units),
            ),
        ),
        Section("cases", "工单", (_case_table(part), _overdue_table(part))),
    )
    return Document(
        title=f"{city} 12345 热线专报 {part.about} {span.name}".replace("  ", " ").strip(),
        kind=span.kind.value,
        city=city,
        period=f"{span.period.first} 至 {span.period.last}",
        made_at=moment(part.made_at),
        headline=said,
        sections=sections,
        notes=tuple(_notes(part)),
    )


def _figures(part: Part) -> Table:
    rows = []
    for code, (now, before, _) in part.figures.items():
        figure = BY_CODE[code]
        cells: list[Cell] = [figure.name_in(part.rules)]
        if isinstance(now, Rate) and isinstance(before, Rate):
            least = figure.minimum(part.rules)
            cells += [cell(now), "%", now.judged, cell(before)]
            cells.append(number(points(now, before, least)))
        elif isinstance(now, Mean):
            cells += [mean_cell(figure, now), figure.form.unit, now.n]
            cells += [mean_cell(figure, before), None]
        rows.append(Row(cells, _link(part, code)))
    columns = (
        Column("指标"),
        Column(part.span.this, Kind.NUMBER),
        Column("单位"),
        Column("件数", Kind.COUNT),
        Column(part.span.last, Kind.NUMBER),
        Column("变化（百分点）", Kind.POINTS),
    )
    note = "只列出能按所选条件统计的指标；分母不足最少件数的不作比较。"
    return Table("指标", columns, rows, note=note)


def _link(part: Part, code: str, **more: str) -> str:
    """The rows behind a figure of this part of the city."""
    return rows_link(code, part.span.period, **{**part.scope.chosen, **more})


def _counted(part: Part, heading: str, by: str, found: Mapping[Named, Three]) -> Table:
    listed = [
        (one.name or "未填写", three, _link(part, OPENED, **{by: one.code}) if one.code else "")
        for one, three in found.items()
    ]
    shown, rest = listed[:TOP], listed[TOP:]
    if rest:
        others = [three for _, three, _ in rest]
        shown.append(
            (
                "其余",
                Three(
                    sum(one.now for one in others),
                    sum(one.before for one in others),
                    sum(one.year_ago for one in others),
                ),
                "",
            )
        )
    return Table(
        heading,
        (
            Column(heading),
            Column(part.span.this, Kind.COUNT),
            Column(part.span.last, Kind.COUNT),
            Column("增减", Kind.COUNT),
            Column("上年同期", Kind.COUNT),
        ),
        [
            Row((name, three.now, three.before, three.now - three.before, three.year_ago), opens)
            for name, three, opens in shown
        ],
        total=Row(
            (
                "合计",
                part.tickets.now,
                part.tickets.before,
                part.tickets.now - part.tickets.before,
                part.tickets.year_ago,
            ),
            _link(part, OPENED),
        ),
    )


def _case_table(part: Part) -> Table:
    return Table(
        "最近受理的工单",
        (Column("工单"), Column("标题"), Column("地点"), Column("状态"), Column("受理时间")),
        part.cases,
        note=f"最多列 {CASES} 件；保密工单不列。",
    )


def _overdue_table(part: Part) -> Table:
    return Table(
        "超期未办结的工单",
        (Column("工单"), Column("标题"), Column("承办单位"), Column("到期时间")),
        part.overdue,
        note=f"按到期时间，最多列 {CASES} 件。",
        empty="没有超期未办结的工单。",
    )


def _notes(part: Part) -> list[str]:
    return [
        f"数据截至 {moment(part.made_at)}；按规则方案“{part.rules.profile.label}”计算。",
        *(
            f"{BY_CODE[code].name_in(part.rules)}：{BY_CODE[code].formula}。"
            for code in part.figures
        ),
    ]
