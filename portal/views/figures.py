"""The rows behind a figure: as many as the figure says."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from analytics import tallies
from analytics.facts import rate
from analytics.figures import BY_CODE, Subject
from analytics.periods import read_period, week_period
from analytics.render import percent
from analytics.rows import Part, rows
from portal.deps import Ctx, Me, Now
from portal.rendering import render
from portal.views.leader import this_week

router = APIRouter(include_in_schema=False)

PAGE = 50

PARTS = {Part.JUDGED: "全部", Part.HITS: "计入分子", Part.MISSED: "未计入分子"}

Day = Annotated[str, Query(max_length=10)]
"""An ISO date; without dates it is this week."""


@router.get("/figures/{code}")
def figure_rows(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    code: str,
    from_: Annotated[str, Query(alias="from", max_length=10)] = "",
    to: Day = "",
    part: Part = Part.JUDGED,
    unit: Annotated[str, Query(max_length=40)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """One page of the rows, newest first, with the figure and its formula above."""
    period = read_period(from_, to) if from_ or to else week_period(this_week(now))
    with ctx.db.read() as session:
        found = rate(session, me.actor, code, period, ctx.rules, unit=unit, now=now)
        listed = rows(
            session,
            me.actor,
            code,
            period,
            ctx.rules,
            part=part,
            unit=unit,
            offset=(page - 1) * PAGE,
            limit=PAGE,
            now=now,
        )
        unit_name = tallies.unit_name(session, unit) if unit else ""
    counts = {Part.JUDGED: found.judged, Part.HITS: found.hits, Part.MISSED: found.missed}
    pages = max(1, -(-counts[part] // PAGE))

    def link(part_: Part = part, page_: int = 1) -> str:
        query = {
            "from": period.first,
            "to": period.last,
            "part": part_.value,
            "unit": unit,
            "page": page_,
        }
        return "?" + urlencode({key: value for key, value in query.items() if value})

    return render(
        request,
        "figures/rows.html",
        figure=BY_CODE[code],
        rate=found,
        percent=percent,
        period=period,
        parts=[(p, word, counts[p]) for p, word in PARTS.items()],
        part=part,
        listed=listed,
        calls=BY_CODE[code].subject is Subject.CONTACT,
        unit_name=unit_name,
        page=page,
        pages=pages,
        link=link,
    )
