"""The supervisor's words on an agent's console."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from dispatch.service import messages
from portal.deps import Ctx, Me, Now

router = APIRouter(include_in_schema=False)


@router.get("/agent/messages")
def unread(ctx: Ctx, me: Me) -> JSONResponse:
    """What the agent has not seen yet, oldest first."""
    with ctx.db.read() as session:
        waiting = messages.unread(session, me.actor)
    return JSONResponse(
        {
            "messages": [
                {"id": m.id, "from": m.sender, "words": m.words, "at": m.at.isoformat()}
                for m in waiting
            ]
        },
        headers={"Cache-Control": "no-store"},
    )


@router.post("/agent/messages/{message_id}/read")
def read(ctx: Ctx, me: Me, now: Now, message_id: int) -> JSONResponse:
    """The agent has seen it."""
    with ctx.db.work() as session:
        messages.mark_read(session, me.actor, message_id, now=now)
    return JSONResponse({"message": "已读"})
