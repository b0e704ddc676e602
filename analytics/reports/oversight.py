"""What leaders asked for and what came of it, orders, early warnings, and odd figures."""

from __future__ import annotations

from analytics.document import Block, Column, Kind, Paragraph, Row, Section, Table
from analytics.reports.gathered import Gathered
from analytics.reports.tables import ticket_link
from analytics.reports.words import listed, moment
from dispatch.domain.reporting_terms import WarningState
from dispatch.domain.terms import InstructionState


def instructions(found: Gathered) -> Section:
    """批示督办: every instruction that was open in the span, and the orders issued in it."""
    given = found.instructions
    blocks: list[Block] = [Paragraph(_instructed(found))]
    blocks.append(
        Table(
            "领导批示落实",
            (
                Column("批示时间"),
                Column("批示人"),
                Column("批示内容"),
                Column("工单"),
                Column("承办单位"),
                Column("要求反馈"),
                Column("状态"),
                Column("落实情况"),
            ),
            [
                Row(
                    (
                        *(moment(one.given_at), one.given_by, one.words),
                        *(f"{one.ticket} {one.title}", one.unit, moment(one.due_at)),
                        f"{one.state.label}{'（逾期）' if one.late else ''}",
                        one.feedback,
                    ),
                    ticket_link(one.ticket),
                )
                for one in given
            ],
            note="包括此前作出、本期仍未办结的批示。",
            empty="本期没有批示，也没有未办结的批示。",
        )
    )
    blocks.append(
        Table(
            "督办",
            (
                Column("级别"),
                Column("下达", Kind.COUNT),
                Column("已答复", Kind.COUNT),
                Column("逾期未答复", Kind.COUNT),
            ),
            [Row((one.level.label, one.issued, one.answered, one.late)) for one in found.orders],
            total=Row(
                (
                    "合计",
                    sum(one.issued for one in found.orders),
                    sum(one.answered for one in found.orders),
                    sum(one.late for one in found.orders),
                )
            ),
            empty="本期没有下达督办。",
        )
    )
    return Section("instructions", "批示与督办", blocks)


def _instructed(found: Gathered) -> str:
    given = found.instructions
    if not given:
        return "本期没有批示，也没有未办结的批示。"
    new = sum(one.given_at >= found.span.period.start for one in given)
    parts = [f"{found.span.this}新作批示 {new:,} 条，此前未办结 {len(given) - new:,} 条"]
    states = [(state.label, sum(one.state is state for one in given)) for state in InstructionState]
    parts += [f"{label} {count:,} 条" for label, count in states if count]
    if late := sum(one.late for one in given):
        parts.append(f"逾期 {late:,} 条")
    return listed(parts)


def warnings(found: Gathered) -> Section:
    """预警: what was warned of, and what it turned out to be."""
    warned = found.warnings
    if warned:
        states = "、".join(
            f"{state.label} {count:,} 条"
            for state in WarningState
            if (count := sum(one.state is state for one in warned))
        )
        words = f"{found.span.this}发出预警 {len(warned):,} 条：{states}。"
    else:
        words = f"{found.span.this}没有发出预警。"
    table = Table(
        "预警与处置",
        (
            Column("时间"),
            Column("类别"),
            Column("对象"),
            Column("预警内容"),
            Column("件数", Kind.COUNT),
            Column("预期", Kind.NUMBER),
            Column("状态"),
            Column("处置结果"),
        ),
        [
            Row(
                (
                    *(moment(one.found_at), one.kind.label, one.where, one.words, one.count),
                    None if one.expected is None else round(one.expected, 1),
                    *(one.state.label, one.outcome),
                ),
                f"/warnings/{one.id}",
            )
            for one in warned
        ],
        empty="本期没有预警。",
    )
    return Section("warnings", "预警", (Paragraph(words), table))


def gaming(found: Gathered) -> Section:
    """异常指标: what looks made up; those found to be no fault are left out."""
    table = Table(
        "异常指标",
        (Column("情形"), Column("说明"), Column("单位"), Column("工单"), Column("核实")),
        [
            Row(
                (one.kind.label, one.words, one.unit, one.ticket or "多张", one.state.label),
                ticket_link(one.ticket) if one.ticket else "",
            )
            for one in found.gaming
        ],
        note="待核实的不是结论；核实为不属实的不列。",
        empty="本周没有查出异常。",
    )
    return Section("gaming", "异常指标", (table,))
