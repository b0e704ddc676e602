"""人工回访: the queue, one requester on one screen, the result in three keys, 撤回."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from dispatch.db import Session
from dispatch.domain.calls import SurveyResult
from dispatch.domain.errors import ActionNotAllowed, InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import FollowUpState, Rating, Role, Verdict
from dispatch.service import (
    follow_up_calls,
    follow_up_desk,
    follow_up_undo,
    followup_person,
)
from dispatch.service.follow_up_desk import DeskTab
from dispatch.service.followup_answers import record_answers
from dispatch.service.queries_ticket import look_at, ticket_view
from portal.deps import Ctx, Me, Now, PortalContext
from portal.rendering import render
from portal.views.agent_form import TypedForm
from portal.views.follow_up_form import TOLD, UNREACHED, answers_of

router = APIRouter(include_in_schema=False)

LIST = "/follow-up"
Id = Annotated[int | None, Query(ge=1, le=2**31 - 1)]
Short = Annotated[str, Query(max_length=20)]

SAID = {
    "released": "已放回，其他回访员可以领取",
    "undone": "已撤回，请重新登记",
    "none": "没有等待人工回访的诉求人了",
    "taken": "这件正由其他人回访，或号码正在通话中，请换一件",
}


@router.get(LIST)
def list_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    show: Short = "",
    said: Short = "",
    done: Id = None,
) -> Response:
    """The lists of the desk, what has waited longest first."""
    with ctx.db.read() as session:
        counts = follow_up_desk.counts(session, me.actor, now=now)
        asked = next((tab for tab in DeskTab if tab.value == show), None)
        busy = (tab for tab in DeskTab if counts[tab.value])
        tab = asked or next(busy, DeskTab.DUE)
        return render(
            request,
            "follow_up/list.html",
            tabs=tuple(DeskTab),
            tab=tab,
            counts=counts,
            listed=follow_up_desk.rows(session, me.actor, tab, now=now),
            mine=follow_up_desk.in_hand(session, me.actor),
            may_call=me.actor.role in follow_up_desk.CALLERS,
            said=SAID.get(said, ""),
            undo=_undo(session, me.actor, now),
        )


@router.post(f"{LIST}/next")
def next_one(ctx: Ctx, me: Me, now: Now) -> Response:
    """开始回访: the one in hand, else the one that has waited longest."""
    with ctx.db.work() as session:
        found = follow_up_desk.in_hand(session, me.actor) or _claim(
            ctx, session, me.actor, None, now
        )
    return _to(found) if found else RedirectResponse(f"{LIST}?said=none", 303)


@router.get(f"{LIST}/{{follow_up_id}}")
def person_page(
    request: Request, follow_up_id: int, ctx: Ctx, me: Me, now: Now, said: Short = ""
) -> Response:
    """Everything about one requester on one screen, with the script and the five questions."""
    return _page(request, ctx, me.actor, follow_up_id, now, said=SAID.get(said, ""))


@router.post(f"{LIST}/{{follow_up_id}}/take")
def take(follow_up_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """领取 this one; nobody else gets it meanwhile."""
    with ctx.db.work() as session:
        follow_up_desk.attempt(session, me.actor, follow_up_id)
        found = _claim(ctx, session, me.actor, follow_up_id, now)
    return _to(found) if found else RedirectResponse(f"{LIST}?said=taken", 303)


@router.post(f"{LIST}/{{follow_up_id}}/release")
def release(follow_up_id: int, ctx: Ctx, me: Me) -> Response:
    """放回."""
    with ctx.db.work() as session:
        followup_person.release(session, me.actor, follow_up_id)
    return RedirectResponse(f"{LIST}?said=released", 303)


@router.post(f"{LIST}/{{follow_up_id}}/dial")
def dial(follow_up_id: int, ctx: Ctx, me: Me, now: Now) -> JSONResponse:
    """拨打: the caller's own telephone rings and answers first, then the requester's."""
    with ctx.db.work() as session:
        asked, call = follow_up_calls.ring(session, me.actor, follow_up_id, ctx.rules, now=now)
    asked.insist()
    if call is not None:
        ctx.telephones.desk.dial(call)
    return JSONResponse({"number": call.number if call else ""})


@router.post(f"{LIST}/{{follow_up_id}}/record")
def record(
    request: Request, follow_up_id: int, ctx: Ctx, me: Me, now: Now, typed: TypedForm
) -> Response:
    """登记: the answers, then the next requester opens by itself."""
    try:
        with ctx.db.work() as session:
            follow_up_calls.tie(session, me.actor, follow_up_id)
            record_answers(session, me.actor, follow_up_id, answers_of(typed), ctx.rules, now=now)
    except InvalidInput as problem:
        return _page(request, ctx, me.actor, follow_up_id, now, typed=typed, problem=problem)
    if typed.get("then") == "pause":
        return RedirectResponse(LIST, 303)
    with ctx.db.work() as session:
        following = _claim(ctx, session, me.actor, None, now)
    return _to(following) if following else RedirectResponse(LIST, 303)


@router.post(f"{LIST}/{{follow_up_id}}/undo")
def undo(follow_up_id: int, ctx: Ctx, me: Me, now: Now) -> Response:
    """撤回: the attempt is in the caller's hands again; one opened meanwhile goes back."""
    with ctx.db.work() as session:
        opened = follow_up_desk.in_hand(session, me.actor)
        follow_up_undo.undo(session, me.actor, follow_up_id, now=now)
        if opened is not None:
            followup_person.release(session, me.actor, opened)
    # The requester may be on the line with somebody by now: then he waits in the list.
    try:
        with ctx.db.work() as session:
            _claim(ctx, session, me.actor, follow_up_id, now)
    except ActionNotAllowed:
        return RedirectResponse(f"{LIST}?said=undone", 303)
    return RedirectResponse(f"{LIST}/{follow_up_id}?said=undone", 303)


def _claim(
    ctx: PortalContext, session: Session, actor: Actor, follow_up_id: int | None, now: datetime
) -> int | None:
    row = followup_person.claim(session, actor, ctx.rules, follow_up_id=follow_up_id, now=now)
    return row.id if row is not None else None


def _page(
    request: Request,
    ctx: PortalContext,
    reader: Actor,
    follow_up_id: int,
    now: datetime,
    *,
    typed: dict[str, str] | None = None,
    problem: InvalidInput | None = None,
    said: str = "",
) -> Response:
    values: dict[str, Any] = {"problem": problem, "said": said}
    with ctx.db.work() as session:
        row = follow_up_desk.attempt(session, reader, follow_up_id)
        look_at(session, reader, row.number, "follow_up", now=now)
        if row.mine:
            follow_up_calls.tie(session, reader, follow_up_id)
        view = ticket_view(session, reader, row.number)
        values["undo"] = _undo(session, reader, now)
        values["counts"] = follow_up_desk.counts(session, reader, now=now)
    card = view.card
    acting = row.mine and row.state is FollowUpState.CALLING
    script = follow_up_desk.script(
        ctx.rules,
        card.kind,
        city=ctx.city_name,
        name=view.requester.name,
        title=card.title,
        unit=card.department or "",
        number=card.number,
        created_at=card.created_at,
    )
    return render(
        request,
        "follow_up/person.html",
        status_code=422 if problem else 200,
        row=row,
        v=view,
        card=card,
        acting=acting,
        may_take=reader.role in follow_up_desk.CALLERS and row.state is FollowUpState.PENDING,
        script=script,
        typed=typed if typed is not None else {"reached": "yes", "comment": row.comment},
        told=TOLD,
        verdicts=tuple(Verdict),
        grades=ctx.rules.profile.rating.scale,
        reasons=UNREACHED,
        rounds=ctx.rules.profile.follow_up,
        agent_phone=reader.extension is not None and reader.role is not Role.SUPERVISOR,
        **values,
    )


def _undo(session: Session, actor: Actor, now: datetime) -> dict[str, Any] | None:
    row = follow_up_undo.undoable(session, actor, now=now)
    if row is None or row.ended_at is None:
        return None
    said = [SurveyResult(row.result).label] if row.result and not (row.solved or row.rating) else []
    said += [Verdict(row.solved).label] if row.solved else []
    said += [Rating(row.rating).label] if row.rating else []
    left = int((row.ended_at + follow_up_undo.WITHIN - now).total_seconds())
    return {
        "id": row.id,
        "number": follow_up_desk.attempt(session, actor, row.id).number,
        "said": "，".join(said),
        "left": left,
    }


def _to(follow_up_id: int) -> Response:
    return RedirectResponse(f"{LIST}/{follow_up_id}", 303)
