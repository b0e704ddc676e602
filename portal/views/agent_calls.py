"""What an agent asks of the telephone system beyond his own telephone."""

from __future__ import annotations

import logging

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from dispatch.domain.call_terms import EmergencyWay
from dispatch.domain.errors import HotlineError, InvalidInput, NotInTalk, TelephonyUnavailable
from dispatch.domain.people import Actor
from dispatch.domain.ports import AgentState
from dispatch.service import (
    colleagues,
    console_queries,
    dialling,
    recording_masks,
    seat_devices,
    third_parties,
)
from portal.deps import Ctx, Me, Now
from portal.views.agent_form import TypedForm

log = logging.getLogger("hotline.portal")
router = APIRouter()


@router.get("/agent/colleagues")
def whom_to_ask(ctx: Ctx, me: Me) -> JSONResponse:
    """Everybody a citizen can be handed to, those who are free first, and the queues."""
    rules = ctx.rules
    with ctx.db.read() as session:
        found = colleagues.colleagues(session, me.actor, rules)
    people = [
        {
            "extension": one.extension,
            "name": one.name,
            "state": one.state.value,
            "label": one.label,
            "free": one.state is AgentState.READY,
        }
        for one in found
    ]
    queues = [{"code": row.code, "label": row.label} for row in rules.profile.calls.queues]
    return JSONResponse({"people": people, "queues": queues})


@router.post("/agent/dial")
def dial(ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> JSONResponse:
    """Click to call: the agent's own telephone rings and answers first, then the number."""
    with ctx.db.work() as session:
        asked, call = dialling.order(
            session,
            me.actor,
            typed.get("number", ""),
            ctx.rules,
            contact_id=_contact(typed) if typed.get("contact_id") else None,
            now=now,
        )
    asked.insist()
    if call is not None:
        ctx.telephones.desk.dial(call)
    return JSONResponse({"number": call.number if call else ""})


@router.post("/agent/emergency")
def emergency(ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> JSONResponse:
    """Bring the citizen to 110, 119, 120 or 122, as the policy says or the other way."""
    contact_id = _contact(typed)
    with ctx.db.work() as session:
        order = third_parties.call_emergency(
            session,
            me.actor,
            contact_id,
            typed.get("line", ""),
            ctx.rules,
            way=_way(typed),
            now=now,
        )
    ctx.telephones.desk.bring_in(order)
    return JSONResponse({"number": order.number, "way": order.way.value, "ring_s": order.ring_s})


@router.post("/agent/join")
def join(ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> JSONResponse:
    """Three talk: bring a colleague or a number to the citizen."""
    contact_id = _contact(typed)
    with ctx.db.work() as session:
        asked, order = third_parties.bring(
            session, me.actor, contact_id, typed.get("number", ""), ctx.rules, now=now
        )
    asked.insist()
    if order is not None:
        ctx.telephones.desk.bring_in(order)
    return JSONResponse({"number": order.number if order else ""})


@router.post("/agent/mask")
def mask(ctx: Ctx, me: Me, now: Now, typed: TypedForm) -> JSONResponse:
    """Silence the recording while the citizen reads out an identity number, or end that."""
    contact_id, on = _contact(typed), typed.get("on") == "yes"
    with ctx.db.work() as session:
        extension = seat_devices.telephone_of(session, me.actor)
        console_queries.contact_view(session, me.actor, contact_id)
        if on:
            recording_masks.begin(session, me.actor, contact_id, now=now)
    try:
        ctx.telephones.desk.mask(extension, on=on)
    except HotlineError:
        # The agent is told that it did not work; the rest of the call is not silenced for it.
        if on:
            with ctx.db.work() as session:
                recording_masks.end(session, me.actor, contact_id, now=now)
        raise
    if not on:
        with ctx.db.work() as session:
            recording_masks.end(session, me.actor, contact_id, now=now)
    return JSONResponse({"on": on})


@router.post("/agent/leaving")
def leaving(ctx: Ctx, me: Me) -> JSONResponse:
    """The page goes away in mid-call: the citizen hears music until it is back."""
    try:
        ctx.telephones.desk.hold_for(_extension(me.actor))
    except NotInTalk:
        return JSONResponse({"held": False})
    return JSONResponse({"held": True})


@router.post("/agent/resume")
def resume(ctx: Ctx, me: Me) -> JSONResponse:
    """A page that has just come up and has no call: give it the one its forerunner lost."""
    try:
        found = ctx.telephones.desk.resume(_extension(me.actor))
    except TelephonyUnavailable as error:
        log.warning("resume %s: %s", me.actor.extension, error)
        found = False
    return JSONResponse({"resumed": found})


def _extension(actor: Actor) -> str:
    if actor.extension is None:
        raise InvalidInput("您的账号没有分机；请联系管理员配置分机")
    return actor.extension


def _contact(typed: dict[str, str]) -> int:
    text = typed.get("contact_id", "")
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise InvalidInput("没有说明是哪一次来电", field="contact_id")
    return int(text)


def _way(typed: dict[str, str]) -> EmergencyWay | None:
    text = typed.get("way", "")
    if not text:
        return None
    try:
        return EmergencyWay(text)
    except ValueError:
        raise InvalidInput("只能选择一键转接或三方通话", field="way") from None
