"""What requesters said, with all three denominators, and what was left out of the figures."""

from __future__ import annotations

from collections.abc import Iterator

from analytics.document import Block, Column, Kind, Paragraph, Row, Section, Table
from analytics.reports.gathered import Gathered
from analytics.reports.tables import cell, rows_link
from analytics.reports.words import CONFIDENTIAL, listed, moment, percent


def follow_up(found: Gathered) -> Section:
    """回访: asked, reached, answered; the same answers held against each."""
    asked = found.follow_up
    blocks: list[Block] = [Paragraph(words) for words in _sentences(found)]
    rows = [
        Row(
            (figure.name, rate.hits, rate.judged, cell(rate), "是" if counts else ""),
            "",
            (
                "",
                rows_link(figure.code, found.span.period, "hits"),
                rows_link(figure.code, found.span.period),
            ),
        )
        for figure, rate, counts in asked.lines
    ]
    blocks.append(
        Table(
            "三种分母",
            (
                Column("指标"),
                Column("分子", Kind.COUNT),
                Column("分母", Kind.COUNT),
                Column("百分比", Kind.PERCENT),
                Column("考核单位用"),
            ),
            rows,
            note="同一批回答按应回访、已接通、已回答三种分母分别计算。",
        )
    )
    return Section("follow_up", "回访与评价", blocks)


def _sentences(found: Gathered) -> Iterator[str]:
    asked = found.follow_up
    if asked.asked:
        yield (
            f"{found.span.this}结案的工单回访 {asked.asked:,} 件，接通 {asked.reached:,} 件，"
            f"作出回答 {asked.answered:,} 件。满意 {asked.of_answered.hits:,} 件："
            f"占应回访的 {percent(asked.of_asked)}、已接通的 {percent(asked.of_reached)}、"
            f"已评价的 {percent(asked.of_answered)}。"
        )
    else:
        yield f"{found.span.this}结案的工单没有回访。"
    if asked.warning:
        yield asked.warning


def left_out(found: Gathered) -> Section:
    """申诉剔除: each figure before and after, and every ticket that was left out."""
    said = listed(
        f"{one.figure.name}剔除 {len(one.tickets):,} 件，"
        f"由 {percent(one.before)} 变为 {percent(one.after)}"
        for one in found.left_out
    )
    words = f"经申诉剔除：{said}" if said else "本期指标没有剔除任何工单。"
    figures = Table(
        "剔除前后",
        (
            Column("指标"),
            Column("剔除前分子", Kind.COUNT),
            Column("剔除前分母", Kind.COUNT),
            Column("剔除前", Kind.PERCENT),
            Column("剔除后分子", Kind.COUNT),
            Column("剔除后分母", Kind.COUNT),
            Column("剔除后", Kind.PERCENT),
            Column("剔除件数", Kind.COUNT),
        ),
        [
            Row(
                (
                    one.figure.name,
                    *(one.before.hits, one.before.judged, cell(one.before)),
                    *(one.after.hits, one.after.judged, cell(one.after)),
                    len(one.tickets),
                ),
                rows_link(one.figure.code, found.span.period, "excluded"),
            )
            for one in found.left_out
        ],
        empty="没有剔除。",
    )
    once = {(one.measure, one.number): one for each in found.left_out for one in each.tickets}
    tickets = Table(
        "剔除的工单",
        (
            Column("工单"),
            Column("标题"),
            Column("单位"),
            Column("考核项"),
            Column("理由"),
            Column("决定人"),
            Column("决定时间"),
        ),
        [
            Row(
                (
                    *(one.number, CONFIDENTIAL if one.confidential else one.title),
                    *(one.unit, one.measure.label),
                    *(one.reason, one.decided_by, moment(one.at)),
                ),
                f"/appeals/{one.appeal}",
            )
            for one in once.values()
        ],
        note="由热线中心两人先后同意。",
        empty="没有剔除。",
    )
    return Section("left_out", "申诉剔除", (Paragraph(words), figures, tickets))
