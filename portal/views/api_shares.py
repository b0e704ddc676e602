"""REST /api/v1: several units, avoidance, batches; the same services as the pages call."""

from __future__ import annotations

from fastapi import APIRouter

from dispatch.service import api_queries, approval, avoidance, batch, shares
from dispatch.service.accounts import SignedIn
from dispatch.service.api_queries import TicketRow
from dispatch.service.batch import Sent
from portal import schemas_shares as schemas
from portal.deps import Ctx, Me, Now, PortalContext
from portal.schemas import ActionIn, CompleteIn, ContactNoteIn, TicketOut
from portal.views.api import PROBLEMS

router = APIRouter(tags=["主办、协办与回避"], responses=PROBLEMS)


@router.post(
    "/api/v1/dispatches", response_model=list[schemas.SentOut], summary="按派单目录批量派单"
)
def send_batch(ctx: Ctx, me: Me, now: Now, body: schemas.BatchIn) -> list[Sent]:
    """Send what the catalogue is sure of; each ticket's result stands for itself."""
    versions = {one.number: one.version for one in body.tickets if one.version is not None}
    with ctx.db.work() as session:
        return batch.batch_dispatch(
            session,
            me.actor,
            [one.number for one in body.tickets],
            ctx.rules,
            expected=versions,
            now=now,
        )


@router.post("/api/v1/tickets/{number}/supporting", response_model=TicketOut, summary="增加协办")
def add_supporting(
    ctx: Ctx, me: Me, now: Now, number: str, body: schemas.SupportingIn
) -> TicketRow:
    """Let another unit help, with a clock of its own."""
    with ctx.db.work() as session:
        shares.add_supporting(
            session,
            me.actor,
            number,
            body.department,
            ctx.rules,
            opinion=body.opinion,
            limit=body.limit,
            expected=body.version,
            now=now,
        )
    return _afterwards(ctx, me, number)


@router.post("/api/v1/tickets/{number}/sub-dispatch", response_model=TicketOut, summary="下派")
def sub_dispatch(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.SubDispatchIn) -> TicketRow:
    """Pass the work to a unit below one's own."""
    with ctx.db.work() as session:
        shares.sub_dispatch(
            session,
            me.actor,
            number,
            body.department,
            ctx.rules,
            opinion=body.opinion,
            expected=body.version,
            now=now,
        )
    return _afterwards(ctx, me, number)


@router.post("/api/v1/tickets/{number}/sign-share", response_model=TicketOut, summary="签收协办")
def sign_share(ctx: Ctx, me: Me, now: Now, number: str, body: ActionIn) -> TicketRow:
    """Sign for one's own unit's share."""
    with ctx.db.work() as session:
        shares.sign_share(session, me.actor, number, expected=body.version, now=now)
    return _afterwards(ctx, me, number)


@router.post("/api/v1/tickets/{number}/reply-share", response_model=TicketOut, summary="答复协办")
def reply_share(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.ShareReplyIn) -> TicketRow:
    """Answer the unit that leads."""
    with ctx.db.work() as session:
        shares.reply_share(
            session,
            me.actor,
            number,
            reply=body.reply,
            internal_note=body.internal_note,
            expected=body.version,
            now=now,
        )
    return _afterwards(ctx, me, number)


@router.post(
    "/api/v1/tickets/{number}/submit-reply", response_model=TicketOut, summary="送单位审批"
)
def submit_reply(ctx: Ctx, me: Me, now: Now, number: str, body: CompleteIn) -> TicketRow:
    """Give the reply to the unit's own leader."""
    with ctx.db.work() as session:
        approval.submit_reply(
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


@router.post("/api/v1/tickets/{number}/approve-reply", response_model=TicketOut, summary="同意答复")
def approve_reply(ctx: Ctx, me: Me, now: Now, number: str, body: ActionIn) -> TicketRow:
    """Sign the reply off; this is the completion."""
    with ctx.db.work() as session:
        approval.approve_reply(session, me.actor, number, ctx.rules, expected=body.version, now=now)
    return _afterwards(ctx, me, number)


@router.post(
    "/api/v1/tickets/{number}/report-progress", response_model=TicketOut, summary="反馈进展"
)
def report_progress(ctx: Ctx, me: Me, now: Now, number: str, body: ContactNoteIn) -> TicketRow:
    """Tell the resident how far it is."""
    with ctx.db.work() as session:
        approval.report_progress(
            session, me.actor, number, note=body.note, expected=body.version, now=now
        )
    return _afterwards(ctx, me, number)


@router.post("/api/v1/tickets/{number}/avoid", response_model=TicketOut, summary="设为回避单位")
def avoid(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.AvoidIn) -> TicketRow:
    """Keep a unit and its family away from the ticket."""
    with ctx.db.work() as session:
        avoidance.avoid(
            session,
            me.actor,
            number,
            body.department,
            body.why,
            note=body.note,
            expected=body.version,
            now=now,
        )
    return _afterwards(ctx, me, number)


def _afterwards(ctx: PortalContext, me: SignedIn, number: str) -> TicketRow:
    with ctx.db.read() as session:
        return api_queries.one_ticket(session, me.actor, number)
