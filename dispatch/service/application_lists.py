"""Applications as pages show them: of one ticket, waiting for a ruling, ruled on before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Subquery, and_, func, or_, select

from dispatch.db import Session
from dispatch.domain.conduct import Reason
from dispatch.domain.people import Actor
from dispatch.domain.terms import ApplicationKind, ApplicationState
from dispatch.domain.vocabulary import Role
from dispatch.models.handling import Application
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.service.access import visible
from dispatch.service.application_views import ApplicationView, application_rows, views
from dispatch.service.applications import RULED_BY_CENTRE

LISTED = 100
SIMILAR = 3
RECENT = timedelta(days=30)
GUIDING = timedelta(days=180)
RULERS = frozenset({Role.DISPATCHER, Role.CENTER})


@dataclass(frozen=True)
class WaitingCount:
    """How many applications wait, and the first due time among their tickets."""

    count: int
    next_at: datetime | None


def applications_of(
    session: Session, ticket_id: int, reasons: Iterable[Reason]
) -> tuple[ApplicationView, ...]:
    """What was asked about a ticket that the caller read with its reader's rights; newest first."""
    rows = (
        application_rows().where(Application.ticket_id == ticket_id).order_by(Application.id.desc())
    )
    return views(session, rows, reasons)


def waiting(
    session: Session, reader: Actor, reasons: Iterable[Reason], *, now: datetime
) -> tuple[ApplicationView, ...]:
    """What waits for a ruling, due first on top; a unit also sees what was ruled lately."""
    query = application_rows().where(_scope(reader), visible(reader))
    if reader.role is not Role.DEPARTMENT:
        query = query.where(Application.state == ApplicationState.PENDING.value)
        return views(session, query.order_by(Ticket.due_at, Application.id).limit(LISTED), reasons)
    pending = Application.state == ApplicationState.PENDING.value
    query = query.where(or_(pending, Application.ruled_at > now - RECENT))
    return views(
        session, query.order_by(pending.desc(), Application.id.desc()).limit(LISTED), reasons
    )


def waiting_count(session: Session, reader: Actor) -> WaitingCount:
    """How many applications of this reader's desk wait for a ruling."""
    row = session.execute(
        select(func.count(), func.min(Ticket.due_at))
        .select_from(Application)
        .join(Ticket, Ticket.id == Application.ticket_id)
        .where(Application.state == ApplicationState.PENDING.value, _scope(reader), visible(reader))
    ).one()
    return WaitingCount(row[0], row[1])


def earlier_rulings(
    session: Session,
    reader: Actor,
    asked: Iterable[ApplicationView],
    reasons: Iterable[Reason],
    *,
    now: datetime,
) -> dict[int, tuple[ApplicationView, ...]]:
    """By each application's id, the last rulings on the same question in the same category.

    One query however many were asked about; what was asked half a year ago is too old to guide.
    """
    asked = tuple(asked)
    ranked = _latest(reader, asked, now)
    query = (
        application_rows()
        .join(ranked, ranked.c.id == Application.id)
        .where(ranked.c.place <= SIMILAR + 1)  # one of them may be of the ticket itself
        .order_by(Application.id.desc())
    )
    found = views(session, query, reasons)
    return {
        one.id: tuple(
            other
            for other in found
            if (other.kind, other.category_id) == (one.kind, one.category_id)
            if other.number != one.number
        )[:SIMILAR]
        for one in asked
    }


def _latest(reader: Actor, asked: tuple[ApplicationView, ...], now: datetime) -> Subquery:
    """Ids of rulings on such questions, with their place in each category, the newest first."""
    return (
        select(
            Application.id,
            func.row_number()
            .over(
                partition_by=(Application.kind, Ticket.category_id),
                order_by=Application.id.desc(),
            )
            .label("place"),
        )
        .join(Ticket, Ticket.id == Application.ticket_id)
        .where(
            visible(reader),
            Application.state.in_([ApplicationState.GRANTED.value, ApplicationState.DENIED.value]),
            Application.asked_at > now - GUIDING,
            Application.kind.in_({one.kind.value for one in asked}),
            Ticket.category_id.in_({one.category_id for one in asked if one.category_id}),
        )
        .subquery()
    )


def suggested_unit(session: Session, ticket_id: int) -> tuple[str, str] | None:
    """The unit that the last unit to return the ticket named instead, and its reason."""
    row = session.execute(
        select(Department.short_name, Application.reason)
        .join(Department, Department.id == Application.suggested_id)
        .where(
            Application.ticket_id == ticket_id,
            Application.kind == ApplicationKind.RETURN.value,
            Application.state == ApplicationState.GRANTED.value,
        )
        .order_by(Application.id.desc())
        .limit(1)
    ).first()
    return (row[0], row[1]) if row else None


def _scope(reader: Actor) -> ColumnElement[bool]:
    """A unit's own; what a dispatcher may rule on; everything for the centre."""
    if reader.role is Role.DEPARTMENT:
        return Application.department_id == reader.department_id
    if reader.role is Role.DISPATCHER:
        for_centre = [kind.value for kind in RULED_BY_CENTRE]
        return and_(Application.kind.not_in(for_centre), Application.higher.is_(False))
    return Application.id.is_not(None)
