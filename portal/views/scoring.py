"""考核: a month's scores by class and band, and one unit's points ticket by ticket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from analytics import score_counts
from analytics.asking import warned
from analytics.facts import code_for
from analytics.left_out import LeftOut, left_out
from analytics.periods import Period
from analytics.reports.words import percent
from analytics.score_counts import Case
from analytics.scoring import UnitCounts, compare, score, shares
from analytics.scoring_what_if import Changed, recounted
from dispatch.db import Session
from dispatch.domain.errors import InvalidInput, NotFound
from dispatch.domain.judging_terms import Measure
from dispatch.domain.people import SYSTEM
from dispatch.domain.rules import Rules
from dispatch.domain.scoring_rules import ScoringRules
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import accountability_queries, scoring_versions
from portal.deps import Ctx, Me, Now
from portal.rendering import render
from portal.views.supervision import month_of

router = APIRouter(include_in_schema=False)

Short = Annotated[str, Query(max_length=40)]


@dataclass(frozen=True)
class Month:
    """The month looked at; until it is over its scores still move."""

    first: datetime
    after: datetime
    unfinished: bool

    @property
    def name(self) -> str:
        """Such as 2026-10."""
        return f"{self.first:%Y-%m}"

    @property
    def period(self) -> Period:
        """Its days."""
        return Period(self.first.date(), (self.after - timedelta(days=1)).date())


def month_asked(typed: str, now: datetime) -> Month:
    """The month asked for; without one the last that is over.

    Raises:
        InvalidInput: it is no month, or has not begun.
    """
    last = now.astimezone(SHANGHAI).replace(day=1) - timedelta(days=1)
    first, after = month_of(typed or f"{last:%Y-%m}", now)
    if first > now:
        raise InvalidInput(f"{first:%Y-%m} 还没有开始，请选本月或以前的月份", field="month")
    return Month(first, after, after > now)


@router.get("/scoring")
def scores_page(request: Request, ctx: Ctx, me: Me, now: Now, month: Short = "") -> Response:
    """Every unit of a month, class by class; a unit is led to its own points."""
    if me.actor.role is Role.DEPARTMENT:
        with ctx.db.read() as session:
            own = score_counts.unit_code(session, me.actor)
        query = f"?{urlencode({'month': month})}" if month else ""
        return RedirectResponse(f"/scoring/units/{own}{query}", 303)
    chosen = month_asked(month, now)
    with ctx.db.read() as session:
        rules = scoring_versions.rules_at(session, chosen.first)
        counted = score_counts.counts(session, chosen.period, ctx.rules, now=now)
        out = _left_out(session, ctx.rules, rules, chosen.period, counted, now=now)
        warning = warned(session, me.actor, _satisfaction(ctx.rules), chosen.period, ctx.rules)
        talks = accountability_queries.talks_of_month(session, me.actor, chosen.first.date())
    return render(
        request,
        "scoring/scores.html",
        month=chosen,
        rules=rules,
        classes=[one for one in compare(rules, counted) if one.not_compared or one.compared],
        talks=talks,
        out=out,
        percent=percent,
        warning=warning,
        may_summon=me.actor.role is Role.CENTER,
    )


@dataclass(frozen=True)
class Excluded:
    """What exclusions change: the figures with their tickets, and the units' points."""

    figures: tuple[LeftOut, ...]
    units: tuple[Changed, ...]


def _left_out(
    session: Session,
    rules: Rules,
    scored_by: ScoringRules,
    period: Period,
    counted: list[UnitCounts],
    *,
    unit: str = "",
    now: datetime,
) -> Excluded | None:
    """None where nothing was excluded. Whoever asks was checked before: a unit for its own."""
    codes = [code_for(item.measure, rules) for item in scored_by.items]
    figures = left_out(session, SYSTEM, period, rules, codes=codes, unit=unit, now=now)
    if not figures:
        return None
    before = score_counts.counts(session, period, rules, unit=unit, excluded_too=True, now=now)
    return Excluded(tuple(figures), recounted(scored_by, before, counted))


def _satisfaction(rules: Rules) -> str:
    return code_for(Measure.SATISFACTION, rules)


@dataclass(frozen=True)
class Cost:
    """One case and what it cost."""

    case: Case
    points: Decimal


@dataclass(frozen=True)
class Line:
    """One item or deduction of a unit with its cases; they add up to `lost`."""

    label: str
    lost: Decimal
    costs: tuple[Cost, ...]


@router.get("/scoring/units/{code}")
def unit_page(
    request: Request, code: str, ctx: Ctx, me: Me, now: Now, month: Short = ""
) -> Response:
    """One unit's month: each item with the tickets that cost it points."""
    chosen = month_asked(month, now)
    with ctx.db.read() as session:
        score_counts.may_read(session, me.actor, code)
        rules = scoring_versions.rules_at(session, chosen.first)
        counted = score_counts.counts(session, chosen.period, ctx.rules, unit=code, now=now)
        if not counted:
            raise NotFound(f"没有编码为 {code[:40]} 的在用单位")
        found = score(rules, counted[0])
        out = _left_out(session, ctx.rules, rules, chosen.period, counted, unit=code, now=now)
        lines = []
        if found is not None:
            for one in found.items:
                missed = score_counts.missed(
                    session, me.actor, code, one.item.measure, chosen.period, ctx.rules, now=now
                )
                lines.append(_line(one.item.measure.label, one.lost, missed))
            for taken in found.deductions:
                cases = score_counts.cases(
                    session, me.actor, code, taken.deduction.cause, chosen.period
                )
                lines.append(_line(taken.deduction.cause.label, taken.points, cases))
    return render(
        request,
        "scoring/unit.html",
        month=chosen,
        rules=rules,
        unit=counted[0],
        score=found,
        lines=lines,
        out=out,
        percent=percent,
    )


def _line(label: str, lost: Decimal, cases: list[Case]) -> Line:
    parts = zip(cases, shares(lost, len(cases)), strict=True)
    return Line(label, lost, tuple(Cost(case, points) for case, points in parts))
