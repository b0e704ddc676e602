"""督办: the list of orders with its counts, one order, the cards of each unit."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from dispatch.domain.errors import InvalidInput
from dispatch.domain.people import Actor
from dispatch.domain.terms import SupervisionLevel
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import notice_queries, queries_search
from dispatch.service.oversight_queries import (
    PAGE,
    OrderFilter,
    instructions_open,
    open_orders_by_unit,
    order_counts,
    order_for,
    order_list,
)
from dispatch.service.queries_ticket import ticket_view
from portal.deps import Ctx, Me, Now
from portal.rendering import render

router = APIRouter(include_in_schema=False)

Short = Annotated[str, Query(max_length=40)]
Offset = Annotated[int, Query(ge=0, le=100_000)]


@router.get("/supervision")
def orders_page(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    show: Short = "",
    level: Short = "",
    unit: Short = "",
    after: Offset = 0,
) -> Response:
    """Supervision orders under one filter; a unit is shown those it has to answer first."""
    wanted = next((one for one in OrderFilter if one == show), OrderFilter.ISSUED)
    chosen_level = next((one for one in SupervisionLevel if one == level), None)
    with ctx.db.read() as session:
        orders = order_list(
            session, me.actor, wanted, level=chosen_level, unit=unit, after=after, now=now
        )
        counts = order_counts(session, me.actor, now=now)
        waiting = instructions_open(session, me.actor) if _of_centre(me.actor) else ()
    return render(
        request,
        "supervision/orders.html",
        orders=orders,
        counts=counts,
        wanted=wanted,
        level=chosen_level,
        unit=unit,
        after=after,
        more=after + PAGE if len(orders) == PAGE else None,
        instructions=waiting,
    )


@router.get("/supervision/cards")
def cards_page(
    request: Request, ctx: Ctx, me: Me, now: Now, month: Short = "", unit: Short = ""
) -> Response:
    """Yellow and red cards of a month by unit; of one unit, each card with its ticket."""
    first, last = month_of(month, now)
    with ctx.db.read() as session:
        cards = notice_queries.cards_by_unit(session, first=first, last=last)
        listed = queries_search.units(session)
        names = {one.code: one.short_name for one in listed}
        given = (
            notice_queries.cards_given(session, me.actor, unit, first=first, last=last)
            if unit
            else ()
        )
        orders = open_orders_by_unit(session, me.actor)
    return render(
        request,
        "supervision/cards.html",
        cards=sorted(cards.items(), key=lambda row: (-row[1].red, -row[1].yellow, row[0])),
        names=names,
        unit=unit,
        given=given,
        first=first,
        month=f"{first:%Y-%m}",
        orders=orders,
    )


@router.get("/supervision/{number}")
def order_page(request: Request, number: str, ctx: Ctx, me: Me) -> Response:
    """One order with the ticket's history of supervision."""
    with ctx.db.read() as session:
        order = order_for(session, me.actor, number)
        view = ticket_view(session, me.actor, order.ticket)
    story = [entry for entry in view.timeline if entry.kind.startswith(("Supervision", "Urge"))]
    return render(request, "supervision/order.html", o=order, story=story, view=view)


def _of_centre(reader: Actor) -> bool:
    return reader.role in {Role.SUPERVISOR, Role.CENTER, Role.DISPATCHER}


def month_of(typed: str, now: datetime) -> tuple[datetime, datetime]:
    """The first moment of a month, such as "2026-11", and of the month after it."""
    try:
        day = date.fromisoformat(f"{typed}-01") if typed else now.astimezone(SHANGHAI).date()
        first = datetime.combine(day.replace(day=1), time(), SHANGHAI)
        later = (first + timedelta(days=32)).replace(day=1)
    except (ValueError, OverflowError):
        raise InvalidInput("月份的格式应为 2026-11", field="month") from None
    return first, later
