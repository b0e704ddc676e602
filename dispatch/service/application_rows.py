"""Rows of applications: the one that waits, how it lapses, how it is taken back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import ChangedMeanwhile, NotFound
from dispatch.domain.events import ApplicationWithdrawn
from dispatch.domain.people import Actor
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.terms import ApplicationKind, ApplicationState
from dispatch.models.handling import Application
from dispatch.models.tickets import Ticket


def lapse(session: Session, actor: Actor, ticket: Ticket, why: str, now: datetime) -> None:
    """Let what was asked lapse because the ticket went on without it; `why` is a sentence."""
    waiting = select(Application).where(
        Application.ticket_id == ticket.id, Application.state == ApplicationState.PENDING.value
    )
    for application in session.scalars(waiting).all():
        take_back(session, actor, ticket, application, why, now)


def pending_application(session: Session, ticket: Ticket, application_id: int) -> Application:
    """The application if it still waits; that is certain only while its ticket is locked.

    Raises:
        NotFound: the ticket has no such application.
        ChangedMeanwhile: somebody has ruled on it or taken it back.
    """
    application = session.scalar(
        select(Application)
        .where(Application.id == application_id, Application.ticket_id == ticket.id)
        .execution_options(populate_existing=True)
    )
    if application is None:
        raise NotFound("没有找到这项申请")
    if application.state != ApplicationState.PENDING:
        raise ChangedMeanwhile(
            f"这项{ApplicationKind(application.kind).label}申请已于 "
            f"{to_the_minute(application.ruled_at)} 处理："
            f"{ApplicationState(application.state).label}；您填写的内容已保留，请查看最新情况"
        )
    return application


def take_back(
    session: Session,
    actor: Actor,
    ticket: Ticket,
    application: Application,
    why: str,
    now: datetime,
) -> None:
    """Mark an application as taken back, and say so in the ticket's history."""
    application.state = ApplicationState.WITHDRAWN.value
    application.ruled_at, application.ruling = now, why
    fact = ApplicationWithdrawn(
        at=now,
        ticket_id=ticket.id,
        application_id=application.id,
        application=application.kind,
        reason=why,
    )
    record(session, actor, fact, status=ticket.status)
