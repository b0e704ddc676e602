"""REST /api/v1: what may be done to a ticket; the same services as the pages call."""

from __future__ import annotations

from fastapi import APIRouter

from dispatch.service import (
    api_queries,
    assignment,
    followup,
    followup_ends,
    handling,
    label_examples,
    reviews,
)
from dispatch.service.accounts import SignedIn
from dispatch.service.api_queries import TicketRow
from portal import schemas
from portal.deps import Ctx, Me, Now, PortalContext
from portal.views.api import PROBLEMS

router = APIRouter(tags=["操作"], responses=PROBLEMS)


@router.post("/api/v1/tickets/{number}/dispatch", response_model=schemas.TicketOut, summary="派单")
def dispatch(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.DispatchIn) -> TicketRow:
    """Give the ticket to a department; its clock starts."""
    with ctx.db.work() as session:
        assignment.dispatch(
            session,
            me.actor,
            number,
            body.department,
            ctx.rules,
            opinion=body.opinion,
            category=body.category,
            expected=body.version,
            now=now,
        )
    return _afterwards(ctx, me, number)


@router.post("/api/v1/tickets/{number}/reassign", response_model=schemas.TicketOut, summary="改派")
def reassign(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.ReassignIn) -> TicketRow:
    """Take the ticket from one department and give it to another."""
    with ctx.db.work() as session:
        assignment.reassign(
            session,
            me.actor,
            number,
            body.department,
            ctx.rules,
            reason=body.reason,
            category=body.category,
            expected=body.version,
            now=now,
        )
    return _afterwards(ctx, me, number)


@router.post(
    "/api/v1/tickets/{number}/category", response_model=schemas.TicketOut, summary="更正事项分类"
)
def correct(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.CategoryIn) -> TicketRow:
    """Say what the request really is about; the classifier learns from it."""
    with ctx.db.work() as session:
        label_examples.correct(
            session,
            me.actor,
            number,
            body.category,
            reason=body.reason,
            expected=body.version,
            now=now,
        )
    return _afterwards(ctx, me, number)


@router.post(
    "/api/v1/tickets/{number}/take-back-category",
    response_model=schemas.TicketOut,
    summary="撤销自己对事项分类的更正",
)
def take_back(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.ActionIn) -> TicketRow:
    """Let the category stand as it was before one's own correction."""
    with ctx.db.work() as session:
        label_examples.take_back(session, me.actor, number, expected=body.version, now=now)
    return _afterwards(ctx, me, number)


@router.post(
    "/api/v1/tickets/{number}/acknowledge", response_model=schemas.TicketOut, summary="签收"
)
def acknowledge(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.ActionIn) -> TicketRow:
    """Sign for the ticket."""
    with ctx.db.work() as session:
        assignment.acknowledge(session, me.actor, number, ctx.rules, expected=body.version, now=now)
    return _afterwards(ctx, me, number)


@router.post(
    "/api/v1/tickets/{number}/contact", response_model=schemas.TicketOut, summary="先行联系"
)
def contact(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.ContactNoteIn) -> TicketRow:
    """Write down that the requester was spoken to."""
    with ctx.db.work() as session:
        handling.contact_requester(
            session, me.actor, number, note=body.note, expected=body.version, now=now
        )
    return _afterwards(ctx, me, number)


@router.post("/api/v1/tickets/{number}/complete", response_model=schemas.TicketOut, summary="办结")
def complete(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.CompleteIn) -> TicketRow:
    """Say that it is done, with the reply the requester reads."""
    with ctx.db.work() as session:
        handling.complete(
            session,
            me.actor,
            number,
            ctx.rules,
            public_reply=body.public_reply,
            internal_note=body.internal_note,
            expected=body.version,
            now=now,
        )
    return _afterwards(ctx, me, number)


@router.post(
    "/api/v1/tickets/{number}/pass-audit", response_model=schemas.TicketOut, summary="审核通过"
)
def pass_audit(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.ActionIn) -> TicketRow:
    """Find the reply in order; the follow-up is planned."""
    with ctx.db.work() as session:
        handling.pass_audit(session, me.actor, number, ctx.rules, expected=body.version, now=now)
    return _afterwards(ctx, me, number)


@router.post(
    "/api/v1/tickets/{number}/send-back", response_model=schemas.TicketOut, summary="退回补正"
)
def send_back(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.SendBackIn) -> TicketRow:
    """Ask the department to mend its reply."""
    with ctx.db.work() as session:
        handling.send_back(
            session,
            me.actor,
            number,
            ctx.rules,
            reason_code=body.reason_code,
            reason=body.reason,
            expected=body.version,
            now=now,
        )
    return _afterwards(ctx, me, number)


@router.post(
    "/api/v1/tickets/{number}/follow-up",
    response_model=schemas.TicketOut,
    summary="登记人工回访（由此结案或重办）",
)
def follow_up(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.FollowUpIn) -> TicketRow:
    """Record what the requester said; the ticket closes or starts another round."""
    with ctx.db.work() as session:
        followup.record_by_person(
            session,
            me.actor,
            number,
            ctx.rules,
            reached=body.reached,
            solved=body.solved,
            rating=body.rating,
            note=body.note,
            expected=body.version,
            now=now,
        )
    return _afterwards(ctx, me, number)


@router.post(
    "/api/v1/tickets/{number}/reopen", response_model=schemas.TicketOut, summary="退回重办"
)
def reopen(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.ReasonIn) -> TicketRow:
    """Start another round."""
    with ctx.db.work() as session:
        followup_ends.reopen(
            session, me.actor, number, reason=body.reason, expected=body.version, now=now
        )
    return _afterwards(ctx, me, number)


@router.post(
    "/api/v1/tickets/{number}/review",
    response_model=schemas.TicketOut,
    summary="复核不满意或未解决的评价（退回重办，或维持办理结果）",
)
def review(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.ReviewIn) -> TicketRow:
    """Decide on an unhappy answer; the rating stays as it was given."""
    with ctx.db.work() as session:
        reviews.decide(
            session,
            me.actor,
            number,
            redo=body.redo,
            words=body.words,
            expected=body.version,
            now=now,
        )
    return _afterwards(ctx, me, number)


def _afterwards(ctx: PortalContext, me: SignedIn, number: str) -> TicketRow:
    with ctx.db.read() as session:
        return api_queries.one_ticket(session, me.actor, number)
