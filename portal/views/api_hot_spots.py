"""REST /api/v1: hot spots."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from dispatch.domain.learning_terms import HotSpotState
from dispatch.service import hot_spot_queries
from dispatch.service.hot_spot_queries import HotSpotView
from portal.deps import Ctx, Me
from portal.schemas_hot_spots import HotSpotOut
from portal.views.api import PROBLEMS

router = APIRouter(tags=["热点预警"], responses=PROBLEMS)


@router.get("/api/v1/hot-spots", response_model=list[HotSpotOut], summary="热点列表")
def listed(
    ctx: Ctx,
    me: Me,
    state: Annotated[HotSpotState, Query(description="状态")] = HotSpotState.OPEN,
    before: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="只要编号比它小的")] = None,
) -> list[HotSpotOut]:
    """Thirty at a time, the newest first, each with the numbers of its tickets."""
    with ctx.db.read() as session:
        found = hot_spot_queries.hot_spots(session, me.actor, state, before=before)
        return [_out(one, hot_spot_queries.numbers_of(session, me.actor, one.id)) for one in found]


def _out(one: HotSpotView, numbers: list[str]) -> HotSpotOut:
    return HotSpotOut(
        id=one.id,
        state=one.state,
        category=one.category,
        division=one.division,
        place=one.place,
        words=one.words,
        began_at=one.began_at,
        found_at=one.found_at,
        last_at=one.last_at,
        tickets=one.tickets,
        hidden=one.hidden,
        expected=one.expected,
        surprise=one.surprise,
        ended_at=one.ended_at,
        note=one.note,
        numbers=numbers,
    )
