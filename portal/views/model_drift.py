"""Drift by week: whether the model grows unsure, the requests change, people disagree more."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from dispatch.domain.drift import DriftFigure
from dispatch.domain.errors import InvalidInput
from dispatch.service import drift
from dispatch.service.drift import DriftWeek
from dispatch.service.queries import cards_numbered
from portal.deps import Ctx, Me, Now
from portal.rendering import render

router = APIRouter(include_in_schema=False)


@router.get("/model/drift")
def by_week(request: Request, ctx: Ctx, now: Now) -> Response:
    """Twelve weeks, the newest first; all models together in the chart, each in the table."""
    with ctx.db.read() as session:
        weeks = drift.weekly(session, until=now)
    together = [week for week in weeks if not week.version]
    return render(
        request, "model/drift.html", weeks=weeks, together=together, chart=_chart(together)
    )


@router.get("/model/drift/tickets")
def behind(
    request: Request,
    ctx: Ctx,
    me: Me,
    monday: Annotated[str, Query(max_length=10)],
    figure: DriftFigure = DriftFigure.ALL,
    version: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """The tickets that a figure of one week counts."""
    try:
        day = date.fromisoformat(monday)
    except ValueError as problem:
        raise InvalidInput("日期应写成 2026-11-23", field="monday") from problem
    with ctx.db.read() as session:
        numbers = drift.tickets_behind(
            session, me.actor, monday=day, figure=figure, version=version
        )
        cards = cards_numbered(session, me.actor, numbers)
    return render(
        request,
        "model/drift_tickets.html",
        cards=cards,
        figure=figure,
        monday=day,
        version=version,
    )


def _chart(together: list[DriftWeek]) -> dict[str, Any]:
    """Oldest first, as one reads it."""
    ordered = together[::-1]
    return {
        "kind": "weeks",
        "weeks": [f"{week.monday.month}月{week.monday.day}日" for week in ordered],
        "lines": [
            ["平均把握", [week.confidence for week in ordered]],
            ["采用建议", [week.taken_share for week in ordered]],
            ["退单", [week.return_share for week in ordered]],
        ],
    }
