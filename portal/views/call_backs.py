"""漏接回拨: the list with its figures, what can be done with a row, messages to be written up."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from dispatch.domain.worktime import SHANGHAI
from dispatch.service import call_back_acts, call_back_queries
from dispatch.service.call_back_queries import PAGE, CallBackTab
from portal import schemas_call_backs as schemas
from portal.deps import Ctx, Me, Now
from portal.rendering import render
from portal.views.api import PROBLEMS

router = APIRouter(include_in_schema=False)
api = APIRouter(responses=PROBLEMS)

LIST = "/call-backs"
VOICEMAIL = "voicemail"
DAYS = (1, 7, 30)
SAID = {
    "take": "已认领，系统不会自动拨打；准备好后请按“回拨”",
    "leave": "已放回，有空闲话务员时系统自动回拨",
    "ring": "正在呼叫您的分机，接起后自动拨打来电人",
    "restore": "已恢复，仍按原来的次序回拨",
}

Short = Annotated[str, Query(max_length=20)]
Id = Annotated[int | None, Query(ge=1, le=2**31 - 1)]


@router.get(LIST)
def list_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    show: Short = "",
    days: Annotated[int, Query(ge=1, le=366)] = 1,
    quick: bool = False,
    before: Id = None,
    said: Short = "",
    undo: Id = None,
) -> Response:
    """One tab of the list; what waits is shown whole, what is over for so many days."""
    tab = next((one for one in CallBackTab if one.code == show), CallBackTab.WAITING)
    since = _since(now, days)
    with ctx.db.read() as session:
        listed = (
            ()
            if show == VOICEMAIL
            else call_back_queries.rows(
                session, me.actor, tab, since=since, quick=quick, before=before
            )
        )
        counts = call_back_queries.counts(session, since=since)
        figures = call_back_queries.figures(session, since=since)
        messages = call_back_queries.voicemails(session, me.actor)
    more = listed[-1].id if len(listed) == PAGE and tab is not CallBackTab.WAITING else None
    return render(
        request,
        "call_backs/list.html",
        tab=tab,
        show=VOICEMAIL if show == VOICEMAIL else tab.code,
        tabs=tuple(CallBackTab),
        listed=listed,
        counts=counts,
        figures=figures,
        messages=messages,
        days=days,
        all_days=DAYS,
        quick=quick,
        more=more,
        said=SAID.get(said, ""),
        undo=undo,
        policy=ctx.rules.profile.call_back,
    )


@router.get(f"{LIST}/count")
def count(request: Request, ctx: Ctx, me: Me) -> Response:
    """The badge of the rail."""
    with ctx.db.read() as session:
        return render(
            request, "call_backs/count.html", count=call_back_queries.waiting_count(session)
        )


@router.post(f"{LIST}/{{call_back_id}}/take")
def take(call_back_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """认领."""
    with ctx.db.work() as session:
        call_back_acts.take(session, me.actor, call_back_id, now=now)
    return _back("take")


@router.post(f"{LIST}/{{call_back_id}}/leave")
def leave(call_back_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """放回."""
    with ctx.db.work() as session:
        call_back_acts.leave(session, me.actor, call_back_id, now=now)
    return _back("leave")


@router.post(f"{LIST}/{{call_back_id}}/ring")
def ring(call_back_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """回拨: the person's own telephone rings first."""
    with ctx.db.work() as session:
        asked, call = call_back_acts.ring(session, me.actor, call_back_id, ctx.rules, now=now)
    asked.insist()
    if call is not None:
        ctx.telephones.desk.dial(call)
    return _back("ring")


@router.post(f"{LIST}/{{call_back_id}}/cancel")
def cancel(
    call_back_id: int,
    ctx: Ctx,
    me: Me,
    now: Now,
    reason: Annotated[str, Form(max_length=400)] = "",
) -> Response:
    """取消, with the reason; the page then offers to take it back."""
    with ctx.db.work() as session:
        call_back_acts.cancel(session, me.actor, call_back_id, reason=reason, now=now)
    return RedirectResponse(f"{LIST}?undo={call_back_id}", 303)


@router.post(f"{LIST}/{{call_back_id}}/restore")
def restore(call_back_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """撤销取消."""
    with ctx.db.work() as session:
        call_back_acts.restore(session, me.actor, call_back_id, ctx.rules, now=now)
    return _back("restore")


@router.post("/voicemails/{contact_id}/take")
def take_voicemail(contact_id: int, ctx: Ctx, me: Me) -> Response:
    """Open the message on the agent's own console, to be written up there."""
    with ctx.db.work() as session:
        mine = call_back_acts.take_voicemail(session, me.actor, contact_id)
    return RedirectResponse(f"/agent/contact/{mine}", 303)


@api.get(
    "/api/v1/call-backs",
    response_model=schemas.CallBackPageOut,
    summary="漏接回拨",
    tags=["来电"],
)
def list_call_backs(
    ctx: Ctx,
    me: Me,
    state: Annotated[
        str,
        Query(
            description="分类：waiting、done、got_through、unreached、impossible、cancelled、all",
            pattern="^(waiting|done|got_through|unreached|impossible|cancelled|all)$",
        ),
    ] = "all",
    cursor: Annotated[
        str | None, Query(pattern=r"^\d{1,9}$", description="上一页返回的 next_cursor")
    ] = None,
) -> dict[str, Any]:
    """List call-backs, newest first; those that wait in the order in which they are rung."""
    tab = next(one for one in CallBackTab if one.code == state)
    before = int(cursor) if cursor else None
    with ctx.db.read() as session:
        items = call_back_queries.rows(session, me.actor, tab, before=before)
    more = len(items) == PAGE and tab is not CallBackTab.WAITING
    return {"items": items, "next_cursor": str(items[-1].id) if more else None}


def _since(now: datetime, days: int) -> datetime:
    """The beginning of today, or of the first of so many days."""
    today = datetime.combine(now.astimezone(SHANGHAI).date(), time(), SHANGHAI)
    return today - timedelta(days=days - 1)


def _back(said: str) -> Response:
    return RedirectResponse(f"{LIST}?said={said}", 303)
