"""The agent's telephone: its account, and the seat at the queue."""

from __future__ import annotations

import logging
from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from dispatch.db import Session
from dispatch.domain.errors import InvalidInput, TelephonyUnavailable
from dispatch.domain.people import Actor
from dispatch.domain.ports import AgentState, Seat
from dispatch.domain.rules import Rules
from dispatch.service import seat_devices, seats
from dispatch.service.seat_wishes import BROWSER
from dispatch.service.seats import SeatView
from portal.deps import Ctx, Me, Now, PortalContext
from portal.views.agent_form import TypedForm

log = logging.getLogger("hotline.portal")
router = APIRouter()


@router.get("/agent/softphone")
def softphone(ctx: Ctx, me: Me) -> JSONResponse:
    """Where the page's telephone registers, and its password; never kept by a cache."""
    extension = me.actor.extension
    if extension is None:
        text = "您的账号没有分机号，不能接听电话；手工登记不受影响。请联系管理员配置分机。"
        return _account({"available": False, "message": text})
    if ctx.softphone is None:
        text = "这套系统没有启用电话；手工登记不受影响。"
        return _account({"available": False, "message": text})
    return _account(
        {
            "available": True,
            "ws_url": ctx.softphone.url_for(extension),
            "domain": ctx.softphone.domain,
            "extension": extension,
            "password": ctx.softphone.password_for(extension),
            "name": me.actor.name,
        }
    )


def _account(values: dict[str, object]) -> JSONResponse:
    return JSONResponse(values, headers={"Cache-Control": "no-store"})


@router.get("/agent/seat")
def seat(ctx: Ctx, me: Me) -> JSONResponse:
    """The agent's seat as stored."""
    with ctx.db.read() as session:
        return JSONResponse(_shown(seats.seat_of(session, me.actor, ctx.rules)))


@router.post("/agent/seat")
def take_seat(ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> JSONResponse:
    """Become ready, pause, or sign out; the wish is kept even while the telephone is away."""
    try:
        state = AgentState(typed.get("state", ""))
    except ValueError:
        raise InvalidInput("只能选择就绪、小休或签出", field="state") from None
    with ctx.db.work() as session:
        wish = seats.set_seat(session, me.actor, state, ctx.rules, typed.get("reason", ""), now=now)
        shown = seats.seat_of(session, me.actor, ctx.rules)
    return JSONResponse(_shown(shown, ask_telephone(ctx, wish)))


@router.post("/agent/device")
def ring_elsewhere(ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> JSONResponse:
    """Choose what rings, the browser or one of the centre's telephones, and who answers it."""
    number = typed.get("number", "")
    device = seat_devices.DESK_PHONE if number else BROWSER
    with ctx.db.work() as session:
        wish = seat_devices.set_device(
            session, me.actor, device, number, ctx.desk_phones, ctx.rules, now=now
        )
        auto = typed.get("auto_answer") == "yes"
        seat_devices.set_auto_answer(session, me.actor, auto, now=now)
        shown = seats.seat_of(session, me.actor, ctx.rules)
    return JSONResponse(_shown(shown, ask_telephone(ctx, wish)))


def ask_telephone(ctx: PortalContext, seat: Seat) -> str:
    """Ask for the seat after its wish was committed; the sentence to show when nobody answered."""
    try:
        ctx.seats.apply(seat)
    except TelephonyUnavailable as error:
        log.warning("seat %s: %s", seat.extension, error)
        return str(error)
    return ""


def ready_again(session: Session, actor: Actor, rules: Rules, now: datetime) -> Seat | None:
    """End the wrap-up of a call that is now written up; None when the agent was not in one."""
    return seats.written_up(session, actor, rules, now=now)


def _shown(view: SeatView, message: str = "") -> dict[str, object]:
    return {
        "state": view.state.value,
        "label": view.label,
        "reason": view.reason,
        "wrapping_up": view.wrapping_up,
        "since": view.since.isoformat() if view.since else None,
        "limit_at": view.limit_at.isoformat() if view.limit_at else None,
        "over_limit": view.over_limit,
        "number": view.other_device,
        "auto_answer": view.auto_answer,
        "message": message or view.message,
    }
