"""服务评价: what callers said of the agents right after their talk, agent by agent."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from dispatch.domain.vocabulary import Rating
from dispatch.service import agent_ratings
from portal.deps import Ctx, Me, Now
from portal.rendering import render

router = APIRouter(include_in_schema=False)

SPANS = (7, 30, 90)
"""Days that may be looked at, up to now."""

ANSWERED = "answered"
Extension = Annotated[str, Query(max_length=20)]
Grade = Annotated[str, Query(max_length=30)]


@router.get("/wallboard/ratings")
def ratings(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    days: int = 30,
    extension: Extension = "",
    grade: Grade = "",
    rows: bool = False,
) -> Response:
    """Each agent with the number asked; with `rows` the answers behind one of the numbers."""
    days = days if days in SPANS else SPANS[1]
    since, until = now - timedelta(days=days), now + timedelta(seconds=1)
    wanted = Rating(grade) if grade in set(Rating) else None
    with ctx.db.read() as session:
        agents = agent_ratings.by_agent(session, me.actor, ctx.rules, since=since, until=until)
        listed = (
            agent_ratings.rows(
                session,
                me.actor,
                since=since,
                until=until,
                extension=extension,
                rating=wanted,
                answered_only=grade == ANSWERED,
            )
            if rows
            else []
        )
    return render(
        request,
        "wallboard/ratings.html",
        agents=agents,
        grades=tuple(Rating),
        asks=ctx.rules.profile.agent_rating.ask,
        least=ctx.rules.profile.rating.least,
        days=days,
        spans=SPANS,
        rows=listed,
        open=rows,
        extension=extension,
        grade=grade,
        wanted=wanted,
        most=agent_ratings.ROWS_MOST,
    )
