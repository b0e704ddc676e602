"""The weekly report as a page; the same object that the file is made of."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from analytics.weekly import weekly
from portal.deps import Ctx, Me, Now
from portal.rendering import render
from portal.views.leader import Week, shown, this_week

router = APIRouter(include_in_schema=False)


@router.get("/reports/weekly")
def weekly_report(request: Request, ctx: Ctx, me: Me, now: Now, week: Week = "") -> Response:
    """One ISO week, every figure a link to its rows."""
    with ctx.db.read() as session:
        report = weekly(session, me.actor, week or this_week(now), ctx.rules, now=now)
    return render(request, "reports/weekly.html", **shown(report, now))
