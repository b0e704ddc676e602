"""Printed sheets: the ticket and the supervision notice; every print is written down."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from fastapi.responses import Response

from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.service.access import log_view, ticket_for
from dispatch.service.oversight_queries import order_for
from dispatch.service.queries_ticket import TicketView, ticket_view
from portal.deps import Ctx, Me, Now
from portal.printed_forms import order_form, ticket_form
from portal.printing import Form, pdf_of

router = APIRouter(include_in_schema=False)


@router.get("/tickets/{number}/print.pdf")
def print_ticket(number: str, ctx: Ctx, me: Me, now: Now) -> Response:
    """工单 as PDF, with what its reader may see."""
    with ctx.db.work() as session:
        view = _look(session, me.actor, number, now)
    form = ticket_form(view, city=ctx.city_name, printed_by=me.actor.name, now=now)
    return _sheet(form, f"ticket-{view.card.number}")


@router.get("/supervision/{number}/print.pdf")
def print_order(number: str, ctx: Ctx, me: Me, now: Now) -> Response:
    """督办通知书 as PDF."""
    with ctx.db.work() as session:
        order = order_for(session, me.actor, number)
        view = _look(session, me.actor, order.ticket, now)
    form = order_form(order, view, city=ctx.city_name, printed_by=me.actor.name, now=now)
    return _sheet(form, order.number)


def _look(session: Session, reader: Actor, number: str, now: datetime) -> TicketView:
    """Read the ticket and write the print down; two prints are two, however soon."""
    log_view(session, reader, ticket_for(session, reader, number).id, "print", now=now)
    return ticket_view(session, reader, number)


def _sheet(form: Form, name: str) -> Response:
    return Response(
        pdf_of(form),
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="{name}.pdf"',
            "Cache-Control": "no-store",
        },
    )
