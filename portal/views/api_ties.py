"""REST /api/v1: merging, splitting, linking, urging; the same services as the pages call."""

from __future__ import annotations

from fastapi import APIRouter

from dispatch.service import api_queries, merging, tie_queries, ties, urging
from dispatch.service.accounts import SignedIn
from dispatch.service.api_queries import TicketRow
from dispatch.service.merging import MergedMany
from dispatch.service.tie_queries import Ties
from portal import schemas_ties as schemas
from portal.deps import Ctx, Me, Now, PortalContext
from portal.schemas import NewTicketOut, TicketOut
from portal.views.api import PROBLEMS

router = APIRouter(tags=["关联与并单"], responses=PROBLEMS)


@router.get(
    "/api/v1/tickets/{number}/ties", response_model=schemas.TiesOut, summary="主单、并单与关联"
)
def read_ties(ctx: Ctx, me: Me, now: Now, number: str) -> Ties:
    """Read what the ticket is tied to, and for how many callers it is handled."""
    with ctx.db.read() as session:
        ticket = api_queries.one_ticket(session, me.actor, number)
        return tie_queries.ties_of(
            session, me.actor, ctx.rules, ctx.search, ticket.id, may_merge=False, now=now
        )


@router.post("/api/v1/tickets/{number}/merge", response_model=TicketOut, summary="并入主单")
def merge(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.MergeIn) -> TicketRow:
    """Let the ticket wait for the main one's answer."""
    with ctx.db.work() as session:
        merging.merge(
            session,
            me.actor,
            number,
            body.main,
            reason=body.reason,
            expected=body.version,
            now=now,
        )
    return _afterwards(ctx, me, number)


@router.post(
    "/api/v1/tickets/{number}/merge-in",
    response_model=schemas.MergedManyOut,
    summary="把多张工单并入本单",
)
def merge_in(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.MergeInIn) -> MergedMany:
    """Merge several tickets into this one; those that cannot be are named with the reason."""
    with ctx.db.work() as session:
        return merging.merge_many(
            session, me.actor, body.children, number, reason=body.reason, now=now
        )


@router.post("/api/v1/tickets/{number}/unmerge", response_model=TicketOut, summary="撤销并单")
def unmerge(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.WhyIn) -> TicketRow:
    """Put both tickets back as they were."""
    with ctx.db.work() as session:
        merging.unmerge(
            session, me.actor, number, reason=body.reason, expected=body.version, now=now
        )
    return _afterwards(ctx, me, number)


@router.post(
    "/api/v1/tickets/{number}/split",
    response_model=NewTicketOut,
    status_code=201,
    summary="拆单",
)
def split(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.SplitIn) -> dict[str, object]:
    """Make a part of the request a ticket of its own; return that one."""
    with ctx.db.work() as session:
        part = ties.split(
            session,
            me.actor,
            number,
            content=body.content,
            title=body.title,
            category=body.category,
            reason=body.reason,
            expected=body.version,
            now=now,
        ).number
    with ctx.db.read() as session:
        return {
            "ticket": api_queries.one_ticket(session, me.actor, part),
            "query_code": api_queries.query_code_of(session, me.actor, part),
        }


@router.post("/api/v1/tickets/{number}/link", response_model=schemas.TiesOut, summary="关联")
def link(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.LinkIn) -> Ties:
    """Tie two tickets together."""
    with ctx.db.work() as session:
        ties.link(session, me.actor, number, body.other, note=body.note, now=now)
    return read_ties(ctx, me, now, number)


@router.post("/api/v1/tickets/{number}/unlink", response_model=schemas.TiesOut, summary="取消关联")
def unlink(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.UnlinkIn) -> Ties:
    """Take a tie back that somebody made."""
    with ctx.db.work() as session:
        ties.unlink(session, me.actor, number, body.other, now=now)
    return read_ties(ctx, me, now, number)


@router.post("/api/v1/tickets/{number}/urge", response_model=TicketOut, summary="催办")
def urge(ctx: Ctx, me: Me, now: Now, number: str, body: schemas.UrgeIn) -> TicketRow:
    """Ask again about an open ticket; whoever is to act is told."""
    with ctx.db.work() as session:
        urging.urge(
            session,
            me.actor,
            number,
            contact_id=None,
            note=body.note,
            expected=body.version,
            now=now,
        )
    return _afterwards(ctx, me, number)


def _afterwards(ctx: PortalContext, me: SignedIn, number: str) -> TicketRow:
    with ctx.db.read() as session:
        return api_queries.one_ticket(session, me.actor, number)
