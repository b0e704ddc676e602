"""A figure's rows as the cells of a file: Chinese headings, moments in the city's time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from analytics.figures import Figure, Subject
from analytics.row_kinds import ContactRow, Row, TicketRow, TimeRow
from analytics.written_values import in_unit
from dispatch.domain.worktime import local

Cell = str | int | float | Decimal | None

_TICKET = (
    *("工单编号", "标题", "状态", "诉求类型", "受理渠道", "事项分类", "承办单位"),
    *("受理时间", "派单时间", "到期时间", "办结时间", "结案时间", "回访"),
)
_CONTACT = (
    *("来电时间", "通话编号", "主叫", "拨打的号码", "话务员"),
    *("等待（秒）", "通话（秒）", "排队结果", "来电结果", "工单编号"),
)
_TIME = ("开始", "结束", "号码或话务员", "拨打的号码", "情况")


def headings(figure: Figure) -> tuple[str, ...]:
    """The headings of a figure's file; of a mean the last is what each row adds."""
    listed = {Subject.CONTACT: _CONTACT, Subject.CALL_BACK: _TIME, Subject.INTERVAL: _TIME}
    own = listed.get(figure.subject, _TICKET)
    return own if figure.is_rate else (*own, f"计入（{figure.form.unit}）")


def cells(figure: Figure, rows: Iterable[Row]) -> Iterator[tuple[Cell, ...]]:
    """The cells of each row, under `headings`."""
    for row in rows:
        own = _cells(row)
        yield own if figure.is_rate else (*own, in_unit(figure, row.counted))


def _cells(row: Row) -> tuple[Cell, ...]:
    if isinstance(row, TicketRow):
        return _ticket(row)
    return _contact(row) if isinstance(row, ContactRow) else _time(row)


def _ticket(row: TicketRow) -> tuple[Cell, ...]:
    return (
        row.number,
        row.title,
        row.status.label,
        row.kind.label,
        row.channel.label,
        row.category,
        row.department,
        *_moments(row.created_at, row.dispatched_at, row.due_at, row.completed_at, row.closed_at),
        row.answer,
    )


def _contact(row: ContactRow) -> tuple[Cell, ...]:
    return (
        *_moments(row.started_at),
        row.call_id,
        row.caller,
        row.line,
        row.agent,
        row.wait_s,
        row.talk_s,
        row.outcome,
        row.disposition,
        row.ticket,
    )


def _time(row: TimeRow) -> tuple[Cell, ...]:
    return (*_moments(row.since, row.until), row.who, row.line, row.state)


def _moments(*moments: datetime | None) -> Iterator[str | None]:
    for moment in moments:
        yield None if moment is None else f"{local(moment):%Y-%m-%d %H:%M:%S}"
