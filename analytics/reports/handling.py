"""The units' work: by class, unit within class, and what is overdue."""

from __future__ import annotations

from collections.abc import Iterator

from analytics.document import (
    Block,
    Chart,
    Column,
    Kind,
    Paragraph,
    Row,
    Section,
    Series,
    Shape,
    Table,
)
from analytics.rates import Rate
from analytics.reports.gathered import Gathered
from analytics.reports.tables import cell, rows_link, ticket_link
from analytics.reports.words import CONFIDENTIAL, moment
from analytics.tallies import OVERDUE, SENT
from dispatch.domain.vocabulary import DepartmentKind


def classes(found: Gathered) -> Section:
    """分类办理: classes of units, and each unit beside those of its class only."""
    blocks: list[Block] = [_by_class(found)]
    if found.classes:
        blocks.append(_chart(found))
    blocks += [_units(found, kind) for kind in _kinds(found)]
    return Section("classes", "各类单位办理情况", blocks)


def _by_class(found: Gathered) -> Table:
    def row(name: str, parts: tuple[int, ...], link: str) -> Row:
        return Row((name, sum(parts), *parts), "", (link, link))

    lines = [
        (
            c.kind.label,
            (c.in_time, c.late, c.open, c.overdue),
            rows_link(SENT, found.span.period, tier=c.kind.value),
        )
        for c in found.classes
    ]
    total = tuple(sum(parts[at] for _, parts, _ in lines) for at in range(4))
    return Table(
        "各类单位办理",
        (
            Column("类别"),
            Column(f"{found.span.this}派单", Kind.COUNT),
            Column("按时办结", Kind.COUNT),
            Column("超期办结", Kind.COUNT),
            Column("在办", Kind.COUNT),
            Column("超期在办", Kind.COUNT),
        ),
        [row(*line) for line in lines],
        total=row("合计", total, ""),
        note=f"{found.span.this}派出的工单按其目前的办理状态分列，四项相加等于派单数。",
        empty="本期没有派单。",
    )


def _chart(found: Gathered) -> Chart:
    labels = [one.kind.label for one in found.classes]
    series = (
        Series("按时办结", [one.in_time for one in found.classes]),
        Series("超期办结", [one.late for one in found.classes]),
        Series("在办", [one.open for one in found.classes]),
        Series("超期在办", [one.overdue for one in found.classes]),
    )
    return Chart("各类单位办理", Shape.STACKED, labels, series, unit="件")


def _kinds(found: Gathered) -> Iterator[DepartmentKind]:
    have = {unit.kind for unit in found.units if unit.in_time.judged}
    yield from (kind for kind in DepartmentKind if kind in have)


def _units(found: Gathered, kind: DepartmentKind) -> Table:
    mine = [unit for unit in found.units if unit.kind is kind and unit.in_time.judged]
    ranked = sorted(
        mine,
        key=lambda u: (
            u.in_time.judged < found.least,
            -(u.in_time.percent or 0),
            -u.in_time.judged,
            u.code,
        ),
    )
    rows = [
        Row(
            (
                *(unit.name, unit.in_time.judged, unit.in_time.hits, unit.in_time.missed),
                cell(unit.in_time),
            ),
            "",
            (
                "",
                *(_due(found, part, unit=unit.code) for part in ("judged", "hits", "missed")),
            ),
        )
        for unit in ranked
    ]
    total = sum((unit.in_time for unit in mine), Rate())
    few = sum(unit.in_time.judged < found.least for unit in mine)
    note = "同类单位之间比较，按按时办结率从高到低。"
    if few:
        note += f"应办结不足 {found.least} 件的 {few} 个单位排在最后，不参与比较。"
    return Table(
        f"{kind.label}按时办结",
        (
            Column("单位"),
            Column("应办结", Kind.COUNT),
            Column("按时", Kind.COUNT),
            Column("超期", Kind.COUNT),
            Column("按时办结率", Kind.PERCENT),
        ),
        rows,
        total=Row(
            ("合计", total.judged, total.hits, total.missed, cell(total)),
            "",
            ("", *(_due(found, part, tier=kind.value) for part in ("judged", "hits", "missed"))),
        ),
        note=note,
    )


def _due(found: Gathered, part: str, **more: str) -> str:
    return rows_link("on_time_rate", found.span.period, part, **more)


def overdue(found: Gathered) -> Section:
    """超期清单: how many, whose, and which tickets have waited longest."""
    when = f"{found.span.this}末" if found.finished else "目前"
    late = [unit for unit in found.units if unit.overdue]
    if found.overdue_count:
        words = f"{when}超期未办结 {found.overdue_count:,} 件"
        if late:
            worst = max(late, key=lambda unit: unit.overdue)
            words += f"，涉及 {len(late):,} 个单位，最多的是{worst.name}（{worst.overdue:,} 件）"
        link = rows_link(OVERDUE, found.span.period, "hits")
        blocks: list[Block] = [Paragraph(f"{words}。", link)]
    else:
        blocks = [Paragraph(f"{when}没有超期未办结的工单。")]
    counted = sum(unit.overdue for unit in late)
    rows = [
        Row(
            (unit.name, unit.kind.label, unit.overdue, moment(unit.oldest)),
            rows_link(OVERDUE, found.span.period, "hits", unit=unit.code),
        )
        for unit in sorted(late, key=lambda u: (-u.overdue, u.code))
    ]
    columns = (Column("单位"), Column("类别"), Column("超期件数", Kind.COUNT), Column("最早到期"))
    blocks.append(
        Table(
            "超期工单（按单位）",
            columns,
            rows,
            total=Row(("合计", "", counted, ""), rows_link(OVERDUE, found.span.period, "hits")),
            empty="没有单位有超期未办结的工单。",
        )
    )
    blocks.append(_tickets(found))
    return Section("overdue", "超期未办结", blocks)


def _tickets(found: Gathered) -> Table:
    more = found.overdue_count - len(found.overdue)
    return Table(
        "超期工单（逐件）",
        (Column("工单"), Column("标题"), Column("承办单位"), Column("状态"), Column("到期时间")),
        [
            Row(
                (
                    *(one.number, CONFIDENTIAL if one.confidential else one.title),
                    *(one.department, one.status.label, moment(one.due_at)),
                ),
                ticket_link(one.number),
            )
            for one in found.overdue
        ],
        note=f"按到期时间列出最早的 {len(found.overdue)} 件，另有 {more:,} 件。" if more else "",
        empty="没有超期未办结的工单。",
    )
