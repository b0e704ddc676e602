"""热点: what gathers now, what was ruled out, what is over; one with its tickets and hours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from analytics.hot_spot_chance import expected_range
from dispatch.domain.errors import InvalidInput
from dispatch.domain.learning_terms import HotSpotState
from dispatch.service import hot_spot_queries, hot_spots
from dispatch.service.hot_spot_queries import PAGE, HourBar
from portal.deps import Ctx, Me, Now, PortalContext
from portal.rendering import render

router = APIRouter(include_in_schema=False)

LIST = "/hot-spots"
TABS = (HotSpotState.OPEN, HotSpotState.DISMISSED, HotSpotState.OVER)
CARD = 3
"""Hot spots on the pages of others."""

Id = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.get(LIST)
def list_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    show: Annotated[str, Query(max_length=20)] = "",
    before: Id = None,
) -> Response:
    """Hot spots in one state, the newest first."""
    state = next((one for one in TABS if one == show), HotSpotState.OPEN)
    with ctx.db.read() as session:
        listed = hot_spot_queries.hot_spots(session, me.actor, state, before=before)
        counts = hot_spot_queries.counts(session)
        looked = hot_spot_queries.looked_at(session)
    return render(
        request,
        "hot_spots/list.html",
        listed=listed,
        counts=counts,
        state=state,
        tabs=TABS,
        looked=looked,
        rules=ctx.rules.profile.hot_spot,
        more=listed[-1].id if len(listed) == PAGE else None,
    )


@router.get(f"{LIST}/card")
def card(request: Request, ctx: Ctx, me: Me, quiet: bool = False) -> Response:
    """The newest open ones for the pages of others; with `quiet` nothing when there are none."""
    with ctx.db.read() as session:
        spots = hot_spot_queries.hot_spots(session, me.actor, HotSpotState.OPEN, limit=CARD)
        total = hot_spot_queries.counts(session)[HotSpotState.OPEN.value]
    return render(request, "hot_spots/card.html", spots=spots, total=total, quiet=quiet)


@router.get(f"{LIST}/{{spot_id}}")
def spot_page(request: Request, spot_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """One hot spot: its hours beside what is usual, the words it shares, every ticket."""
    return _page(request, ctx, me, now, spot_id)


@router.post(f"{LIST}/{{spot_id}}/dismiss")
def dismiss(
    request: Request,
    spot_id: int,
    ctx: Ctx,
    me: Me,
    now: Now,
    note: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """排除 with a reason; it stays so until it has doubled."""
    try:
        with ctx.db.work() as session:
            hot_spots.dismiss(session, me.actor, spot_id, note=note, now=now)
    except InvalidInput as problem:
        return _page(request, ctx, me, now, spot_id, problem)
    return _to(spot_id)


@router.post(f"{LIST}/{{spot_id}}/restore")
def restore(spot_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """撤销排除."""
    with ctx.db.work() as session:
        hot_spots.restore(session, me.actor, spot_id, now=now)
    return _to(spot_id)


def _page(
    request: Request,
    ctx: PortalContext,
    me: Me,
    now: Now,
    spot_id: int,
    problem: InvalidInput | None = None,
) -> Response:
    with ctx.db.read() as session:
        spot = hot_spot_queries.hot_spot(session, me.actor, spot_id)
        cards = hot_spot_queries.tickets_of(session, me.actor, spot_id)
        callers = hot_spot_queries.callers_of(session, spot_id)
        hours = hot_spot_queries.chart(session, spot_id, now=now)
    return render(
        request,
        "hot_spots/spot.html",
        status_code=422 if problem else 200,
        s=spot,
        cards=cards,
        callers=callers,
        bars=bars(hours, spot.spread),
        hours=len(hours),
        problem=problem,
    )


def bars(hours: Sequence[HourBar], spread: float) -> list[dict[str, Any]]:
    """The hours as the chart draws them: the count, and the most that is usual (95 in 100)."""
    return [
        {
            "at": hour.at,
            "tickets": hour.tickets,
            "usual": hour.usual,
            "most": expected_range(hour.usual, spread)[1],
        }
        for hour in hours
    ]


def _to(spot_id: int) -> Response:
    return RedirectResponse(f"{LIST}/{spot_id}", 303)
