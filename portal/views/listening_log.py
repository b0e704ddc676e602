"""监听台账: every listening and every recording heard; CSV."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from dispatch.domain.errors import InvalidInput
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import listening_queries
from dispatch.service.listening_queries import (
    EXPORT_MOST,
    PAGE,
    ListeningFilter,
    ListeningRow,
)
from portal.deps import Ctx, Me, Now
from portal.rendering import render
from portal.tables import write_csv

router = APIRouter(include_in_schema=False)

HEADINGS = (
    "时间",
    "结束",
    "时长（秒）",
    "方式",
    "监听人",
    "被监听人",
    "分机",
    "来电",
    "工单",
    "原因",
)
Short = Annotated[str, Query(max_length=60)]


@router.get("/wallboard/log")
def log_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    who: Short = "",
    extension: Short = "",
    day: Short = "",
    after: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> Response:
    """Fifty rows, newest first, under the filter."""
    wanted = _filter(who, extension, day)
    with ctx.db.read() as session:
        rows = listening_queries.listening_log(session, me.actor, wanted, offset=after)
        people = listening_queries.listeners(session)
    return render(
        request,
        "wallboard/log.html",
        rows=rows,
        people=people,
        who=who,
        extension=extension,
        day=day,
        after=after,
        more=after + PAGE if len(rows) == PAGE else None,
    )


@router.get("/wallboard/log.csv")
def export(
    ctx: Ctx, me: Me, now: Now, who: Short = "", extension: Short = "", day: Short = ""
) -> Response:
    """The same rows as a file that opens in a spreadsheet."""
    wanted = _filter(who, extension, day)
    with ctx.db.read() as session:
        rows = listening_queries.listening_log(session, me.actor, wanted, limit=EXPORT_MOST)
    return Response(
        write_csv([HEADINGS, *(_cells(row, now) for row in rows)]),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="listening.csv"'},
    )


def _filter(who: str, extension: str, day: str) -> ListeningFilter:
    try:
        chosen = date.fromisoformat(day) if day else None
    except ValueError:
        raise InvalidInput("日期应写成 2026-11-22 这样", field="day") from None
    return ListeningFilter(login=who, extension=extension, day=chosen)


def _cells(row: ListeningRow, now: datetime) -> tuple[str, ...]:
    return (
        _stamp(row.at),
        _stamp(row.until) if row.until else "进行中",
        f"{row.seconds(now):.0f}",
        row.kind.label,
        row.who,
        row.whom,
        row.extension,
        row.call_id,
        row.ticket,
        row.reason,
    )


def _stamp(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
