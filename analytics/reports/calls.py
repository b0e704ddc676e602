"""The telephone part of a report: how calls ended, the queue, the numbers dialled."""

from __future__ import annotations

from collections.abc import Iterator

from analytics.document import Block, Cell, Column, Kind, Paragraph, Row, Section, Table
from analytics.figures import BY_CODE
from analytics.rates import Rate
from analytics.reports.gathered import Gathered
from analytics.reports.queue import QUEUE_FIGURES, QueueLine
from analytics.reports.tables import cell, rows_link, share
from analytics.reports.words import listed, moment, moved, number, percent
from analytics.scope import NOTHING
from analytics.tallies import CALLS

LINES = 15
"""Numbers dialled that are listed; the others stand together."""


def calls(found: Gathered) -> Section:
    """话务: connection in every 24 hours, the answer in time, waits, talks, who gave up."""
    blocks: list[Block] = [Paragraph(words) for words in _sentences(found)]
    blocks += [_queues(found), _dispositions(found), _lines(found)]
    return Section("calls", "话务运行", blocks)


def _sentences(found: Gathered) -> Iterator[str]:
    least, last = found.least, found.span.last
    service = found.rules.profile.service
    parts = []
    for code in ("connection_rate", "service_level_rate"):
        now, before = found.rate(code)
        name = BY_CODE[code].name_in(found.rules)
        if now.percent is not None:
            change = moved(now, before, least, last)
            said = f"{name} {percent(now)}（{now.hits:,}/{now.judged:,}）"
            parts.append(f"{said}，{change}" if change else said)
    if parts:
        yield listed(parts)
    if found.worst is not None:
        worst, wanted = found.worst, service.connection_percent
        met, _ = found.rate("connection_24h_rate")
        told = (
            f"每个来电的前 24 小时都达到 {wanted}%"
            if not met.missed
            else f"{met.judged:,} 个来电中有 {met.missed:,} 个的前 24 小时低于 {wanted}%"
        )
        yield (
            f"连续 24 小时接通率最低为 {percent(worst.rate)}"
            f"（{worst.rate.hits:,}/{worst.rate.judged:,}，截至 {moment(worst.until)}）；"
            f"{told}（GB/T 33358）。"
        )
    if found.agents:
        answered = sum(line.rate("connection_rate").hits for line in found.queues)
        yield (
            f"{found.span.this}有 {found.agents:,} 名话务员接听来电，"
            f"人均接听 {answered / found.agents:,.0f} 个。"
        )


def _queues(found: Gathered) -> Table:
    labels = {one.code: one.label for one in found.rules.profile.calls.queues}
    rows = [
        Row(
            _cells(labels.get(line.code, line.code) or "未记录", line),
            "",
            _links(found, queue=line.code or NOTHING),
        )
        for line in found.queues
    ]
    total = QueueLine("", {code: found.values[code][0] for code in QUEUE_FIGURES})
    headings = [
        BY_CODE[code].name_in(found.rules) for code in ("connection_rate", "service_level_rate")
    ]
    return Table(
        "排队与接听",
        (
            Column("队列"),
            Column("进入排队", Kind.COUNT),
            Column("接听", Kind.COUNT),
            *(Column(heading, Kind.PERCENT) for heading in headings),
            Column("放弃", Kind.COUNT),
            Column("放弃率", Kind.PERCENT),
            Column("平均等待（秒）", Kind.SECONDS),
            Column("平均通话（秒）", Kind.SECONDS),
        ),
        rows,
        total=Row(_cells("合计", total), "", _links(found)),
        note="尚在排队的来电不计；平均等待按接听的来电计算。",
        empty="本期没有进入排队的来电。",
    )


def _links(found: Gathered, **more: str) -> tuple[str, ...]:
    """What each cell of a queue's row opens, its name the same as its calls."""
    opened = (
        *(("service_level_rate", "judged"), ("service_level_rate", "judged")),
        *(("connection_rate", "hits"), ("connection_rate", "judged")),
        ("service_level_rate", "judged"),
        *(("abandoned_rate", "hits"), ("abandoned_rate", "judged")),
        *(("mean_wait", "judged"), ("mean_talk", "judged")),
    )
    return tuple(rows_link(code, found.span.period, part, **more) for code, part in opened)


def _cells(name: str, line: QueueLine) -> tuple[Cell, ...]:
    connected, in_time = line.rate("connection_rate"), line.rate("service_level_rate")
    gave_up = line.rate("abandoned_rate")
    return (
        *(name, in_time.judged, connected.hits, cell(connected), cell(in_time)),
        *(gave_up.hits, cell(gave_up)),
        *(number(line.mean(code).seconds) for code in ("mean_wait", "mean_talk")),
    )


def _dispositions(found: Gathered) -> Table:
    # Equal counts stand in an order of their own, whichever engine counted them.
    ended = sorted(found.dispositions.items(), key=lambda item: (-item[1], item[0] or ""))
    rows = [
        Row(
            (ending.label if ending else "尚未登记", count, share(count, found.calls.now)),
            rows_link(CALLS, found.span.period, disposition=ending.value if ending else NOTHING),
        )
        for ending, count in ended
    ]
    return Table(
        "来电结果",
        (Column("结果"), Column("来电", Kind.COUNT), Column("占比", Kind.PERCENT)),
        rows,
        total=Row(
            ("合计", found.calls.now, share(found.calls.now, found.calls.now)),
            rows_link(CALLS, found.span.period),
        ),
    )


def _lines(found: Gathered) -> Table:
    shown, others = found.lines[:LINES], found.lines[LINES:]
    rows = [
        Row(
            (line.number or "未记录", line.name, line.direct.judged, cell(line.direct)),
            rows_link(CALLS, found.span.period, line=line.number or NOTHING),
        )
        for line in shown
    ]
    if others:
        rest = sum((line.direct for line in others), Rate())
        rows.append(Row(("其余", f"{len(others)} 个号码", rest.judged, cell(rest))))
    total = sum((line.direct for line in found.lines), Rate())
    return Table(
        "各号码来电",
        (
            Column("号码"),
            Column("名称"),
            Column("来电", Kind.COUNT),
            Column("直接答复率", Kind.PERCENT),
        ),
        rows,
        total=Row(("合计", "", total.judged, cell(total)), rows_link(CALLS, found.span.period)),
    )
