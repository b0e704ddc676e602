"""The leader's page: the week to be read from top to bottom in two minutes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from analytics import sentences
from analytics.expected import LEAST_HISTORY
from analytics.facts import code_for, rates
from analytics.periods import Period, shifted, week_of
from analytics.reports.words import percent
from analytics.tallies import UnitTally
from analytics.territory import territory
from analytics.trends import SHOWN, trends
from analytics.weekly import RisingTopic, WeeklyReport, weekly
from dispatch.domain.judging_terms import Measure
from dispatch.domain.reporting_terms import WarningState
from dispatch.domain.vocabulary import DepartmentKind, Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import brief_chain, early_warning_queries
from dispatch.service.brief_queries import BriefFilter, brief_list, briefs_instructed
from dispatch.service.briefs import BriefForm
from dispatch.service.oversight_queries import instructions_by
from dispatch.service.queries_search import units
from dispatch.service.queries_watch import latest_by_unit
from portal.deps import Ctx, Me, Now
from portal.rendering import render
from portal.views.brief_form import close_of_day
from portal.views.ticket_oversight import BUTTONS

router = APIRouter(include_in_schema=False)

LEADING = ("direct_answer_rate", "service_level_rate", "on_time_rate")
"""The first figures of the leader's page; the report has them all."""

SAID = (Measure.RESOLUTION, Measure.SATISFACTION)
"""The two after them: what requesters say, held against the denominator of the city's policy."""

UNITS_PER_CLASS = 5
WARNED = 5
"""Warnings and briefs listed; all of them are one press away."""

Week = Annotated[str, Query(max_length=30)]


@router.get("/leader")
def leader(
    request: Request, ctx: Ctx, me: Me, now: Now, week: Week = "", done: Week = ""
) -> Response:
    """The sentence of the week, five figures, what rises, who is late, and what was asked for."""
    leading = (*LEADING, *(code_for(measure, ctx.rules) for measure in SAID))
    with ctx.figures.reading() as session:
        report = weekly(session, me.actor, week or this_week(now), ctx.rules, now=now)
        month = month_beside(report.period, now)
        months = rates(session, me.actor, month, ctx.rules, codes=leading, now=now)
        found = trends(session, me.actor, ctx.rules, last=report.period.last, now=now)
        ground = territory(session, me.actor, report.period, now=now)
    with ctx.db.read() as session:
        asked = instructions_by(session, me.actor)
        latest = latest_by_unit(session, me.actor, [unit.code for unit in report.late_units], now)
        on_watch = me.actor.role in early_warning_queries.READERS
        warned = (
            early_warning_queries.warning_list(session, me.actor, WarningState.OPEN, limit=WARNED)
            if on_watch
            else ()
        )
        waiting = brief_list(session, me.actor, BriefFilter.SUBMITTED, now=now)[:WARNED]
        instructed = briefs_instructed(session, me.actor, now=now)
        choices = units(session) if me.actor.role is Role.LEADER else []
    return render(
        request,
        "leader/leader.html",
        leading=leading,
        month=month,
        months=months,
        trends=found,
        shown_days=SHOWN,
        least_history=LEAST_HISTORY,
        ground=ground,
        warned=warned,
        waiting=waiting,
        instructed=instructed,
        units=choices,
        late_by_class=by_class(report.late_units),
        charts=[chart(topic) for topic in report.rising],
        asked=asked,
        latest=latest,
        said=BUTTONS[done].done if done in BUTTONS else "",
        **shown(report, now),
    )


@router.post("/leader/instruct")
def instruct(
    ctx: Ctx,
    me: Me,
    now: Now,
    about: Annotated[str, Form(max_length=120)] = "",
    facts: Annotated[str, Form(max_length=1000)] = "",
    words: Annotated[str, Form(max_length=4000)] = "",
    unit: Annotated[str, Form(max_length=40)] = "",
    due: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """批示 on an item that is no ticket: a figure, a topic, a unit. It becomes a brief."""
    with ctx.db.work() as session:
        made = brief_chain.instruct_about(
            session,
            me.actor,
            BriefForm(title=about, facts=facts),
            ctx.rules,
            words=words,
            unit=unit,
            due=close_of_day(due, ctx.rules),
            now=now,
        ).number
    return RedirectResponse(f"/briefs/{made}", 303)


def month_beside(week: Period, now: datetime) -> Period:
    """The month the week ends in, as far as it has come."""
    here = now.astimezone(SHANGHAI).date()
    last = min(week.last, here) if week.first <= here else week.last
    first = last.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return Period(first, following - timedelta(days=1))


def this_week(now: datetime) -> str:
    """The ISO week that runs now in the city."""
    return week_of(now.astimezone(SHANGHAI).date())


def shown(report: WeeklyReport, now: datetime) -> dict[str, Any]:
    """What every page of a week needs: the report, its words, and the weeks beside it."""
    current = this_week(now)
    return {
        "report": report,
        "headline": sentences.headline(report),
        "excluded": sentences.excluded(report),
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
