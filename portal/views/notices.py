"""Notices: the bell with its count, the list, and marking them read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from dispatch.service import notice_queries
from portal.deps import Ctx, Me, Now
from portal.rendering import render

router = APIRouter(include_in_schema=False)

MAX_ID = 2**31 - 1


@router.get("/notices")
def notices_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    show: Annotated[str, Query(max_length=10)] = "",
    before: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
) -> Response:
    """What the reader, their unit or their role is told of; unread first of all."""
    everything = show == "all"
    with ctx.db.read() as session:
        found = notice_queries.notices_of(session, me.actor, unread=not everything, before=before)
        count = notice_queries.unread_count(session, me.actor)
    more = found[-1].id if len(found) == notice_queries.PAGE else None
    return render(
        request, "notices/notices.html", found=found, count=count, everything=everything, more=more
    )


@router.get("/notices/bell")
def bell(request: Request, ctx: Ctx, me: Me) -> Response:
    """The bell of every page's frame, as it is now."""
    with ctx.db.read() as session:
        count = notice_queries.unread_count(session, me.actor)
    return render(request, "notices/bell.html", count=count)


@router.post("/notices/read")
def read_all(ctx: Ctx, me: Me, now: Now, up_to: Annotated[int, Form(ge=0, le=MAX_ID)]) -> Response:
    """Mark everything read that the page showed."""
    with ctx.db.work() as session:
        notice_queries.mark_all_read(session, me.actor, up_to=up_to, now=now)
    return RedirectResponse("/notices", 303)


@router.post("/notices/{notice_id}/read")
def read_one(notice_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """Mark one read and go to what it is about."""
    if notice_id > MAX_ID:
        notice_id = 0
    with ctx.db.work() as session:
        number = notice_queries.mark_read(session, me.actor, notice_id, now=now)
    return RedirectResponse(f"/tickets/{number}" if number else "/notices", 303)
