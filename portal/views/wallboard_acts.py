"""What a supervisor does from the wallboard: each act answers with one sentence."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import JSONResponse

from dispatch.domain.call_terms import ListenMode
from dispatch.domain.errors import HotlineError, NotInTalk
from dispatch.domain.ports import AgentState
from dispatch.service import listening, listening_live, messages, seats
from dispatch.service.listening_live import Listening
from portal.deps import Ctx, Me, Now, PortalContext
from portal.views.agent_phone import ask_telephone

router = APIRouter(include_in_schema=False)

Extension = Annotated[str, Form(pattern=r"^[0-9]{2,6}$")]
Words = Annotated[str, Form(max_length=1_000)]


class After(StrEnum):
    """What becomes of the citizen when his agent is released."""

    QUEUE = "queue"
    END = "end"


@router.post("/wallboard/listen")
def listen(
    ctx: Ctx,
    me: Me,
    now: Now,
    extension: Extension,
    mode: Annotated[ListenMode, Form()] = ListenMode.LISTEN,
    reason: Words = "",
) -> JSONResponse:
    """Ring the supervisor and join him to the talk; its row is kept before the first sound."""
    with ctx.db.work() as session:
        begun = listening_live.begin(session, me.actor, extension, mode, reason=reason, now=now)
    try:
        ctx.telephones.supervising.listen(
            me.actor.extension or "", begun.telephone, mode, begun.channel_id
        )
    except HotlineError:
        # Nothing was heard: the row says so by ending where it began.
        _close(ctx, begun, now)
        raise
    return _answer(f"正在接通您的电话，{mode.label}{begun.agent}", begun)


@router.post("/wallboard/mode")
def change_mode(ctx: Ctx, me: Me, now: Now, mode: Annotated[ListenMode, Form()]) -> JSONResponse:
    """Go on listening in another way."""
    with ctx.db.work() as session:
        before = listening_live.current(session, me.actor)
        changed = listening_live.change(session, me.actor, mode, now=now)
    try:
        ctx.telephones.supervising.change_mode(changed.channel_id, mode)
    except NotInTalk:
        _close(ctx, changed, now)
        raise
    except HotlineError:
        # He goes on as before: the log says so too.
        if before is not None:
            with ctx.db.work() as session:
                listening_live.change(session, me.actor, before.mode, now=ctx.clock())
        raise
    return _answer(f"已转为{mode.label}", changed)


@router.post("/wallboard/stop")
def stop(ctx: Ctx, me: Me, now: Now) -> JSONResponse:
    """End the listening that lasts."""
    with ctx.db.read() as session:
        lasting = listening_live.current(session, me.actor)
    if lasting is not None:
        ctx.telephones.supervising.stop_listening(lasting.channel_id)
        _close(ctx, lasting, ctx.clock())
    return _answer("监听已结束")


@router.post("/wallboard/take-over")
def take_over(ctx: Ctx, me: Me, now: Now, extension: Extension) -> JSONResponse:
    """Give the citizen to the supervisor; the agent writes up what he has heard."""
    with ctx.db.work() as session:
        taken = listening_live.take_over(session, me.actor, extension, now=now)
    ctx.telephones.supervising.take_over(me.actor.extension or "", taken.telephone)
    return _answer(f"正在把{taken.name}的来电人接到您的电话")


@router.post("/wallboard/release")
def release(
    ctx: Ctx,
    me: Me,
    now: Now,
    extension: Extension,
    citizen: Annotated[After, Form()] = After.QUEUE,
) -> JSONResponse:
    """Free an agent's telephone; he is paused first, so that the same call does not come back."""
    with ctx.db.work() as session:
        telephone = listening_live.release(session, me.actor, extension, to=citizen.value, now=now)
        seat = seats.order_seat(session, me.actor, extension, AgentState.PAUSED, ctx.rules, now=now)
    ask_telephone(ctx, seat)
    ctx.telephones.supervising.release(telephone, keep_citizen=citizen is After.QUEUE)
    words = {After.QUEUE: "来电人已回到队首", After.END: "通话已结束"}
    return _answer(f"已释放{seat.name}的话机并置为小休，{words[citizen]}")


@router.post("/wallboard/seat")
def order_seat(
    ctx: Ctx, me: Me, now: Now, extension: Extension, state: Annotated[AgentState, Form()]
) -> JSONResponse:
    """Make an agent ready, pause him or sign him out, also while his page is closed."""
    with ctx.db.work() as session:
        seat = seats.order_seat(session, me.actor, extension, state, ctx.rules, now=now)
    trouble = ask_telephone(ctx, seat)
    return _answer(trouble or f"已将{seat.name}置为{state.label}")


@router.post("/wallboard/message")
def tell(
    ctx: Ctx,
    me: Me,
    now: Now,
    words: Words = "",
    extension: Annotated[str, Form(pattern=r"^([0-9]{2,6})?$")] = "",
) -> JSONResponse:
    """Leave a message on an agent's console, or on everybody's who is signed in."""
    with ctx.db.work() as session:
        told = messages.send(session, me.actor, words, extension=extension, now=now)
    whom = told[0] if extension else f"{len(told)} 位话务员"
    return _answer(f"已发给{whom}")


def _close(ctx: PortalContext, lasting: Listening, at: datetime) -> None:
    with ctx.db.work() as session:
        listening.close(session, lasting.leg, at=at)


def _answer(message: str, lasting: Listening | None = None) -> JSONResponse:
    return JSONResponse(
        {
            "message": message,
            "listening": lasting
            and {
                "mode": lasting.mode.value,
                "agent": lasting.agent,
                "extension": lasting.extension,
                "since": lasting.since.isoformat(),
            },
        }
    )
