"""The leader's page: the week to be read from top to bottom in two minutes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from analytics import sentences
from analytics.periods import shifted, week_of
from analytics.render import percent
from analytics.tallies import UnitTally
from analytics.weekly import RisingTopic, WeeklyReport, weekly
from dispatch.domain.vocabulary import DepartmentKind
from dispatch.domain.worktime import SHANGHAI
from portal.deps import Ctx, Me, Now
from portal.rendering import render

router = APIRouter(include_in_schema=False)

LEADING = (
    "direct_answer_rate",
    "service_level_15s",
    "on_time_rate",
    "resolution_rate",
    "satisfaction_rate",
)
"""The five figures of the leader's page; the report has them all."""

UNITS_PER_CLASS = 5

Week = Annotated[str, Query(max_length=12)]


@router.get("/leader")
def leader(request: Request, ctx: Ctx, me: Me, now: Now, week: Week = "") -> Response:
    """The sentence of the week, five figures, what rises, and who is late."""
    with ctx.db.read() as session:
        report = weekly(session, me.actor, week or this_week(now), ctx.rules, now=now)
    return render(
        request,
        "leader/leader.html",
        leading=LEADING,
        late_by_class=by_class(report.late_units),
        charts=[chart(topic) for topic in report.rising],
        **shown(report, now),
    )


def this_week(now: datetime) -> str:
    """The ISO week that runs now in the city."""
    return week_of(now.astimezone(SHANGHAI).date())


def shown(report: WeeklyReport, now: datetime) -> dict[str, Any]:
    """What every page of a week needs: the report, its words, and the weeks beside it."""
    current = this_week(now)
    return {
        "report": report,
        "headline": sentences.headline(report),
        "sentences": sentences.week(report),
        "changed": sentences.changed,
        "moved": sentences.moved,
        "percent": percent,
        "week_before": shifted(report.week, -1),
        "week_after": shifted(report.week, 1) if report.week < current else "",
        "current_week": current,
    }


def by_class(units: Sequence[UnitTally]) -> list[dict[str, Any]]:
    """Late units under their class, so that like is compared with like."""
    order = list(DepartmentKind)
    ranked = sorted(units, key=lambda unit: order.index(unit.kind))
    found = []
    for kind, members in groupby(ranked, key=lambda unit: unit.kind):
        listed = list(members)
        late = sum(unit.in_time.missed for unit in listed)
        found.append(
            {
                "kind": kind,
                "units": listed[:UNITS_PER_CLASS],
                "more": max(0, len(listed) - UNITS_PER_CLASS),
                "late": late,
            }
        )
    return found


def chart(topic: RisingTopic) -> dict[str, Any]:
    """The days of a topic as the page's script draws them."""
    return {
        "name": topic.category,
        "days": [f"{day.month}月{day.day}日" for day, _ in topic.days],
        "counts": [count for _, count in topic.days],
        "week": 7,
    }
