"""REST /api/v1: applications of units and the centre's rulings on them."""

from __future__ import annotations

from fastapi import APIRouter

from dispatch.service import api_queries, application_lists, applications, rulings
from dispatch.service.accounts import SignedIn
from dispatch.service.api_queries import TicketRow
from dispatch.service.application_views import ApplicationView
from portal.deps import Ctx, Me, Now, PortalContext
from portal.schemas import ActionIn, TicketOut
from portal.schemas_applications import (
    ApplicationIn,
    ApplicationOut,
    DenyIn,
    GrantIn,
    ResumeIn,
)
from portal.views.api import PROBLEMS

router = APIRouter(tags=["申请与裁定"], responses=PROBLEMS)

OF_TICKET = "/api/v1/tickets/{number}/applications"


@router.get("/api/v1/applications", response_model=list[ApplicationOut], summary="等待裁定的申请")
def waiting(ctx: Ctx, me: Me, now: Now) -> tuple[ApplicationView, ...]:
    """List what waits for a ruling of this role; a unit's own, with what was ruled lately."""
    with ctx.db.read() as session:
        return application_lists.waiting(session, me.actor, ctx.rules.profile.reasons, now=now)


@router.get(OF_TICKET, response_model=list[ApplicationOut], summary="一张工单的申请")
def of_ticket(ctx: Ctx, me: Me, number: str) -> tuple[ApplicationView, ...]:
    """List the applications on one ticket, newest first."""
    return _afterwards(ctx, me, number)


@router.post(
    OF_TICKET,
    response_model=list[ApplicationOut],
    status_code=201,
    summary="提出申请（退单、延期、挂起、承诺办理、终止）",
)
def apply(
    ctx: Ctx, me: Me, now: Now, number: str, body: ApplicationIn
) -> tuple[ApplicationView, ...]:
    """Put a question to the centre; every clock goes on running."""
    with ctx.db.work() as session:
        applications.apply(
            session, me.actor, number, body.form(), ctx.rules, expected=body.version, now=now
        )
    return _afterwards(ctx, me, number)


@router.post(
    OF_TICKET + "/{application_id}/withdraw",
    response_model=list[ApplicationOut],
    summary="撤回申请",
)
def withdraw(
    ctx: Ctx, me: Me, now: Now, number: str, application_id: int, body: ActionIn
) -> tuple[ApplicationView, ...]:
    """Take an application back."""
    with ctx.db.work() as session:
        applications.withdraw(
            session, me.actor, number, application_id, expected=body.version, now=now
        )
    return _afterwards(ctx, me, number)


@router.post(
    OF_TICKET + "/{application_id}/grant",
    response_model=list[ApplicationOut],
    summary="同意申请",
)
def grant(
    ctx: Ctx, me: Me, now: Now, number: str, application_id: int, body: GrantIn
) -> tuple[ApplicationView, ...]:
    """Agree to an application; what was asked for happens now."""
    with ctx.db.work() as session:
        rulings.grant(
            session,
            me.actor,
            number,
            application_id,
            ctx.rules,
            body.terms(),
            expected=body.version,
            now=now,
        )
    return _afterwards(ctx, me, number)


@router.post(
    OF_TICKET + "/{application_id}/deny",
    response_model=list[ApplicationOut],
    summary="驳回申请",
)
def deny(
    ctx: Ctx, me: Me, now: Now, number: str, application_id: int, body: DenyIn
) -> tuple[ApplicationView, ...]:
    """Do not agree to an application; a return denied is denied for good."""
    with ctx.db.work() as session:
        rulings.deny(
            session,
            me.actor,
            number,
            application_id,
            ruling=body.ruling,
            designate=body.designate,
            expected=body.version,
            now=now,
        )
    return _afterwards(ctx, me, number)


@router.post("/api/v1/tickets/{number}/resume", response_model=TicketOut, summary="恢复计时")
def resume(ctx: Ctx, me: Me, now: Now, number: str, body: ResumeIn) -> TicketRow:
    """End a hold before its time."""
    with ctx.db.work() as session:
        rulings.resume(
            session,
            me.actor,
            number,
            ctx.rules,
            reason=body.reason,
            expected=body.version,
            now=now,
        )
    with ctx.db.read() as session:
        return api_queries.one_ticket(session, me.actor, number)


def _afterwards(ctx: PortalContext, me: SignedIn, number: str) -> tuple[ApplicationView, ...]:
    with ctx.db.read() as session:
        ticket = api_queries.one_ticket(session, me.actor, number)
        return application_lists.applications_of(session, ticket.id, ctx.rules.profile.reasons)
