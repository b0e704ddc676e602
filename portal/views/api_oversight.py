"""REST /api/v1: supervision orders and leaders' instructions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from dispatch.service import instructions, supervision, supervision_answers
from dispatch.service.access import ticket_for
from dispatch.service.oversight_queries import (
    InstructionView,
    OrderFilter,
    OrderView,
    instructions_on,
    order_for,
    order_list,
    orders_of,
)
from dispatch.service.urge_notes import urge_unit
from portal.deps import Ctx, Me, Now
from portal.schemas_oversight import InstructIn, InstructionOut, OrderOut, SuperviseIn, WordsIn
from portal.views.api import PROBLEMS

router = APIRouter(tags=["督办与批示"], responses=PROBLEMS)


@router.get("/api/v1/supervision", response_model=list[OrderOut], summary="督办列表")
def orders(
    ctx: Ctx,
    me: Me,
    now: Now,
    show: OrderFilter = OrderFilter.ISSUED,
    after: Annotated[int, Query(ge=0, le=100_000)] = 0,
) -> tuple[OrderView, ...]:
    """Fifty at a time, what runs out first."""
    with ctx.db.read() as session:
        return order_list(session, me.actor, show, after=after, now=now)


@router.get("/api/v1/supervision/{number}", response_model=OrderOut, summary="一件督办")
def one_order(ctx: Ctx, me: Me, number: str) -> OrderView:
    """One order by its number."""
    with ctx.db.read() as session:
        return order_for(session, me.actor, number)


@router.post("/api/v1/tickets/{number}/supervise", response_model=OrderOut, summary="下达督办")
def supervise(ctx: Ctx, me: Me, now: Now, number: str, body: SuperviseIn) -> OrderView:
    """Order the unit in charge, or the one named, to answer in time."""
    with ctx.db.work() as session:
        made = supervision.issue(
            session,
            me.actor,
            number,
            ctx.rules,
            level=body.level,
            demand=body.demand,
            trigger=body.trigger,
            copied_to=body.copied_to,
            due=body.due,
            department=body.department,
            expected=body.version,
            now=now,
        ).number
    return one_order(ctx, me, made)


@router.post("/api/v1/supervision/{number}/answer", response_model=OrderOut, summary="答复督办")
def answer(ctx: Ctx, me: Me, now: Now, number: str, body: WordsIn) -> OrderView:
    """Answer as the unit that was ordered."""
    with ctx.db.work() as session:
        supervision_answers.answer(
            session, me.actor, number, words=body.words, expected=body.version, now=now
        )
    return one_order(ctx, me, number)


@router.post("/api/v1/supervision/{number}/accept", response_model=OrderOut, summary="认定督办答复")
def accept(ctx: Ctx, me: Me, now: Now, number: str, body: WordsIn) -> OrderView:
    """Find the answer in order."""
    with ctx.db.work() as session:
        supervision_answers.accept(
            session, me.actor, number, words=body.words, expected=body.version, now=now
        )
    return one_order(ctx, me, number)


@router.post(
    "/api/v1/supervision/{number}/send-back", response_model=OrderOut, summary="退回督办答复"
)
def send_back(ctx: Ctx, me: Me, now: Now, number: str, body: WordsIn) -> OrderView:
    """Ask for a better answer."""
    with ctx.db.work() as session:
        supervision_answers.send_back(
            session, me.actor, number, ctx.rules, reason=body.words, expected=body.version, now=now
        )
    return one_order(ctx, me, number)


@router.post("/api/v1/supervision/{number}/cancel", response_model=OrderOut, summary="撤销督办")
def cancel(ctx: Ctx, me: Me, now: Now, number: str, body: WordsIn) -> OrderView:
    """Take the order back, with a reason."""
    with ctx.db.work() as session:
        supervision_answers.cancel(
            session, me.actor, number, reason=body.words, expected=body.version, now=now
        )
    return one_order(ctx, me, number)


@router.get(
    "/api/v1/tickets/{number}/supervision", response_model=list[OrderOut], summary="工单的督办"
)
def orders_on(ctx: Ctx, me: Me, number: str) -> tuple[OrderView, ...]:
    """The orders on one ticket, newest first."""
    with ctx.db.read() as session:
        ticket_for(session, me.actor, number)
        return orders_of(session, me.actor, number)


@router.get(
    "/api/v1/tickets/{number}/instructions",
    response_model=list[InstructionOut],
    summary="工单的批示",
)
def instructions_of(ctx: Ctx, me: Me, number: str) -> tuple[InstructionView, ...]:
    """The instructions on one ticket, newest first."""
    with ctx.db.read() as session:
        ticket_for(session, me.actor, number)
        return instructions_on(session, me.actor, number)


@router.post("/api/v1/tickets/{number}/urge-unit", summary="发催办通知")
def urge(ctx: Ctx, me: Me, now: Now, number: str, body: WordsIn) -> dict[str, str]:
    """Urge the unit in writing; the answer is the note's number."""
    with ctx.db.work() as session:
        note = urge_unit(
            session, me.actor, number, words=body.words, expected=body.version, now=now
        )
    return {"number": note}


@router.post("/api/v1/tickets/{number}/instruct", response_model=InstructionOut, summary="批示")
def instruct(ctx: Ctx, me: Me, now: Now, number: str, body: InstructIn) -> InstructionView:
    """Write an instruction on the ticket."""
    with ctx.db.work() as session:
        instructions.give(
            session,
            me.actor,
            number,
            ctx.rules,
            words=body.words,
            due=body.due,
            expected=body.version,
            now=now,
        )
        session.flush()
        return instructions_on(session, me.actor, number)[0]
