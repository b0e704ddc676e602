"""The desk: every role's own lists, what runs out next first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.service import application_lists, share_queries, wandering
from dispatch.service.desk_tabs import (
    ASKED,
    AUDIT,
    FOLLOW,
    HELPING,
    REVIEW,
    RULINGS,
    SURE,
    TODO,
    WANDERING,
    Tab,
    tabs_for,
)
from dispatch.service.notice_queries import cards_by_unit
from dispatch.service.oversight_queries import open_orders_by_unit, order_counts
from dispatch.service.queries import Page, TicketCard, desk_counts, desk_page
from dispatch.service.queries_search import units
from dispatch.service.queries_story import follow_ups_of
from dispatch.service.queries_watch import unit_loads
from dispatch.service.review_queries import reviews_of
from portal.deps import Ctx, Me, Now, PortalContext
from portal.rendering import render
from portal.views import desk_routing, desk_rulings
from portal.views.particulars_section import audit_parts
from portal.views.supervision import month_of
from portal.views.ticket_buttons import BUTTONS

router = APIRouter(include_in_schema=False)

WATCH = "watch"
WATCHERS = frozenset({Role.SUPERVISOR, Role.CENTER})
Short = Annotated[str, Query(max_length=120)]


@router.get("/desk")
def desk(
    request: Request,
    ctx: Ctx,
    me: Me,
    now: Now,
    tab: Short = "",
    after: Short = "",
    unit: Short = "",
    done: Short = "",
    number: Short = "",
) -> Response:
    """The reader's tabs with their counts, and the rows of one."""
    tabs = tabs_for(me.actor.role, approver=me.actor.approver)
    values: dict[str, Any] = {
        "tabs": tabs,
        "watching": me.actor.role in WATCHERS,
        "unit": unit,
        "after": after,
        "said": BUTTONS[done].done if done in BUTTONS else "",
        "said_of": number,
        "wanderers": {},
    }
    with ctx.db.read() as session:
        values["orders"] = order_counts(session, me.actor, now=now)
        counts: dict[str, Any] = {**desk_counts(session, me.actor, tabs, rules=ctx.rules, now=now)}
        if RULINGS in tabs or ASKED in tabs:
            waiting = application_lists.waiting_count(session, me.actor)
            counts[RULINGS.key] = waiting
        values["counts"] = counts
        values["tab"] = chosen = _chosen(tabs, tab, me.actor.role, counts)
        if chosen in {RULINGS, ASKED}:
            values["page"] = Page(())
            values |= desk_rulings.waiting(session, ctx, me.actor, now)
            return render(request, "desk/applications.html", **values)
        if chosen is None:
            first, last = month_of("", now)
            values |= {
                "loads": unit_loads(session, me.actor, now=now),
                "cards": cards_by_unit(session, first=first, last=last),
                "owing": open_orders_by_unit(session, me.actor),
            }
            return render(request, "desk/watch.html", **values)
        page = desk_page(
            session, me.actor, chosen, rules=ctx.rules, cursor=after, unit=unit, now=now
        )
        values |= _beside(session, ctx, me.actor, chosen, page.cards, now)
    return render(request, _template(chosen, me.actor.role), page=page, **values)


def _beside(
    session: Session,
    ctx: PortalContext,
    reader: Actor,
    tab: Tab,
    cards: tuple[TicketCard, ...],
    now: datetime,
) -> dict[str, Any]:
    """What a list shows beside its tickets, read for all of them at once."""
    if tab.key == TODO.key:
        offered = units(session)
        names = {unit.code: unit.short_name for unit in offered}
        return {
            "units": offered if reader.role is not Role.SUPERVISOR else [],
            "routing": desk_routing.routing(session, ctx, cards, names, now),
        }
    if tab is SURE:
        return {"routing": desk_routing.sure_rows(session, reader, cards, now)}
    if tab is HELPING:
        return {"own": share_queries.own_shares(session, reader, [card.id for card in cards])}
    if tab is WANDERING:
        found = wandering.find(session, reader, ctx.rules, now=now)
        return {"wanderers": {one.ticket_id: one for one in found}}
    if tab is AUDIT:
        return {"audits": audit_parts(session, ctx, reader, [card.number for card in cards])}
    if tab is REVIEW:
        return {"reviews": reviews_of(session, reader, [card.id for card in cards], now=now)}
    if tab is FOLLOW:
        return {"follow_ups": follow_ups_of(session, [card.id for card in cards])}
    return {}


def _chosen(tabs: tuple[Tab, ...], key: str, role: Role, counts: Mapping[str, Any]) -> Tab | None:
    """The tab asked for, else the first with something in it; None is the supervisor's watch."""
    if role in WATCHERS and (key == WATCH or (not key and role is Role.SUPERVISOR)):
        return None
    asked = next((tab for tab in tabs if tab.key == key), None)
    busy = (tab for tab in tabs if tab.key in counts and counts[tab.key].count)
    return asked or next(busy, tabs[0])


def _template(tab: Tab, role: Role) -> str:
    if tab is AUDIT and role is Role.CENTER:
        return "desk/audit.html"
    special = {
        TODO.key: "desk/todo.html",
        SURE.key: "desk/sure.html",
        HELPING.key: "desk/helping.html",
        FOLLOW.key: "desk/follow.html",
        REVIEW.key: "desk/review.html",
    }
    return special.get(tab.key, "desk/list.html")
