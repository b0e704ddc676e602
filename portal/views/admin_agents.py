"""Agents' hours: how long each was ready, talked, wrote up and paused on one day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from dispatch.domain.ports import AgentState
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import seats_past
from portal.deps import Ctx, Now
from portal.rendering import render

router = APIRouter(include_in_schema=False)


@router.get("/admin/agents")
def hours(request: Request, ctx: Ctx, now: Now, day: str = "") -> Response:
    """One day of all agents; today up to this moment."""
    today = now.astimezone(SHANGHAI).date()
    chosen = min(_day(day) or today, today)
    start = datetime.combine(chosen, time(), SHANGHAI)
    end = min(start + timedelta(days=1), now)
    with ctx.db.read() as session:
        figures = seats_past.figures(session, start=start, end=end)
    return render(
        request,
        "admin/agents.html",
        figures=figures,
        states=AgentState,
        day=chosen,
        today=today,
        earlier=chosen - timedelta(days=1),
        later=chosen + timedelta(days=1) if chosen < today else None,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
