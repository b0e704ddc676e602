"""REST /api/v1: the telephones now."""

from __future__ import annotations

from fastapi import APIRouter

from dispatch.service import wallboard
from dispatch.service.wallboard import Wallboard
from portal.deps import Ctx, Now
from portal.schemas_wallboard import WallboardOut
from portal.views.api import PROBLEMS

router = APIRouter(tags=["话务现场"], responses=PROBLEMS)


@router.get("/api/v1/wallboard", response_model=WallboardOut, summary="话务现场")
def board(ctx: Ctx, now: Now) -> Wallboard:
    """Queues, who waits and every agent, the same figures as on the page."""
    with ctx.db.read() as session:
        return wallboard.wallboard(session, ctx.rules, now=now)
