"""评价三视图: what residents, media and the platform's checks say of each unit, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from analytics.facts import by_unit, code_for
from analytics.figures import BY_CODE
from analytics.periods import Period, read_period
from analytics.rates import Rate
from dispatch.db import Session
from dispatch.domain.judging_terms import Measure
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import DepartmentKind
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import media_queries, quality_queries, three_views
from dispatch.service.media_queries import MediaView
from dispatch.service.quality_queries import CheckView
from dispatch.service.three_views import CheckTally, MediaTally, UnitName
from portal.deps import Ctx, Me, Now
from portal.rendering import render

router = APIRouter(include_in_schema=False)

USUAL_DAYS = 28
Day = Annotated[str, Query(max_length=10)]


@dataclass(frozen=True)
class Line:
    """One unit in the three views; None where a view has nothing to say."""

    unit: UnitName
    ratings: Rate | None
    media: MediaTally | None
    replies: CheckTally | None


@router.get("/evaluation")
def three(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    from_: Annotated[str, Query(alias="from", max_length=10)] = "",
    to: Day = "",
) -> Response:
    """Every unit somebody said something of, in its class; the usual days are the last 28."""
    today = now.astimezone(SHANGHAI).date()
    usual = Period(today - timedelta(days=USUAL_DAYS - 1), today)
    period = read_period(from_, to) if from_ or to else usual
    rules = ctx.rules
    with ctx.db.read() as session:
        code, lines = _lines(session, me.actor, period, rules, now)
        days = {"first": period.first, "last": period.last}
        unmatched = three_views.media_unmatched(session, me.actor, **days)
        calls = three_views.calls(session, me.actor, since=period.start, until=period.end)
    lines.sort(key=lambda line: (_ORDER.index(line.unit.kind), line.unit.tier, line.unit.code))
    return render(
        request,
        "evaluation/three.html",
        figure=BY_CODE[code],
        period=period,
        classes=[(kind, list(of)) for kind, of in groupby(lines, key=lambda one: one.unit.kind)],
        least=rules.profile.rating.least,
        unmatched=unmatched,
        calls=calls,
    )


@router.get("/evaluation/rows")
def rows(
    request: Request,
    ctx: Ctx,
    me: Me,
    view: Annotated[Literal["media", "quality"], Query()],
    from_: Annotated[str, Query(alias="from", max_length=10)],
    to: Day,
    unit: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """What a count of the three views was counted from; without a unit what is of none."""
    period = read_period(from_, to)
    with ctx.db.read() as session:
        items: Sequence[MediaView] = ()
        checks: Sequence[CheckView] = ()
        if view == "media":
            items = media_queries.published(
                session, me.actor, unit, first=period.first, last=period.last
            )
        else:
            checks = quality_queries.done_between(
                session, me.actor, unit, since=period.start, until=period.end
            )
        names = three_views.units(session, me.actor)
    return render(
        request,
        "evaluation/rows.html",
        items=items,
        checks=checks,
        view=view,
        unit=names[unit].name if unit in names else "",
        period=period,
    )


_ORDER = tuple(DepartmentKind)


def _lines(
    session: Session, reader: Actor, period: Period, rules: Rules, now: datetime
) -> tuple[str, list[Line]]:
    code = code_for(Measure.SATISFACTION, rules)
    ratings = by_unit(session, reader, code, period, rules, now=now)
    media = three_views.media_by_unit(session, reader, first=period.first, last=period.last)
    replies = three_views.replies_by_unit(session, reader, since=period.start, until=period.end)
    units = three_views.units(session, reader)
    said = ratings.keys() | media.keys() | replies.keys()
    return code, [
        Line(units[one], ratings.get(one), media.get(one), replies.get(one)) for one in said
    ]
