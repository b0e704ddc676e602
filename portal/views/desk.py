"""The desk: every role's own lists, what runs out next first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from dispatch.db import Session
from dispatch.domain.ports import Suggestion
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import catalogue
from dispatch.service.desk_tabs import AUDIT, FOLLOW, TODO, Tab, tabs_for
from dispatch.service.queries import TicketCard, desk_counts, desk_page
from dispatch.service.queries_search import units
from dispatch.service.queries_story import follow_ups_of
from dispatch.service.queries_watch import live_calls, unit_loads, watched_seats
from portal.deps import Ctx, Me, Now, PortalContext
from portal.rendering import render
from portal.views.agent_form import TEXT_FOR_MODEL
from portal.views.ticket_actions import BUTTONS

router = APIRouter(include_in_schema=False)

WATCH = "watch"
WATCHERS = frozenset({Role.SUPERVISOR, Role.CENTER})
PROPOSED = 3

Short = Annotated[str, Query(max_length=120)]


@dataclass(frozen=True)
class Routing:
    """Where a waiting ticket should go: the catalogue's unit, and the model's opinion."""

    unit: str
    unit_name: str
    proposed: tuple[Suggestion, ...]


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
    tabs = tabs_for(me.actor.role)
    watching = me.actor.role in WATCHERS
    chosen = _chosen(tabs, tab, me.actor.role)
    values: dict[str, Any] = {
        "tabs": tabs,
        "watching": watching,
        "tab": chosen,
        "unit": unit,
        "after": after,
        "said": BUTTONS[done].done if done in BUTTONS else "",
        "said_of": number,
        "units": [],
    }
    with ctx.db.read() as session:
        values["counts"] = desk_counts(session, me.actor, tabs, now=now)
        if chosen is None:
            calls = live_calls(session, now=now)
            values |= {
                "calls": calls,
                "seats": watched_seats(session, calls, now=now),
                "loads": unit_loads(session, me.actor, now=now),
            }
            return render(request, "desk/watch.html", **values)
        page = desk_page(session, me.actor, chosen, cursor=after, unit=unit, now=now)
        if chosen is TODO and me.actor.role is not Role.SUPERVISOR:
            values["units"] = units(session)
        values["routing"] = routing(session, ctx, page.cards, now) if chosen is TODO else {}
        ids = [card.id for card in page.cards]
        values["follow_ups"] = follow_ups_of(session, ids) if chosen is FOLLOW else {}
    return render(request, _template(chosen, me.actor.role), page=page, **values)


def _chosen(tabs: tuple[Tab, ...], key: str, role: Role) -> Tab | None:
    """The tab asked for, else the first; None is the supervisor's watch."""
    if role in WATCHERS and (key == WATCH or (not key and role is Role.SUPERVISOR)):
        return None
    return next((tab for tab in tabs if tab.key == key), tabs[0])


def _template(tab: Tab, role: Role) -> str:
    if tab is AUDIT and role is Role.CENTER:
        return "desk/audit.html"
    special = {TODO.key: "desk/todo.html", FOLLOW.key: "desk/follow.html"}
    return special.get(tab.key, "desk/list.html")


def routing(
    session: Session, ctx: PortalContext, cards: Iterable[TicketCard], now: datetime
) -> Mapping[str, Routing]:
    """Units to offer for waiting tickets, by number; two queries however many they are."""
    _, names = catalogue.names(session)
    lead = catalogue.routes(session, today=now.astimezone(SHANGHAI).date())
    found = {}
    for card in cards:
        code = lead(card.category_code, card.division) if card.category_code else None
        found[card.number] = Routing(
            code or "", names.get(code or "", ""), _opinion(ctx, card, names)
        )
    return found


def _opinion(
    ctx: PortalContext, card: TicketCard, names: Mapping[str, str]
) -> tuple[Suggestion, ...]:
    """What the model said at intake; requests that came without it are asked about now."""
    if card.proposed:
        return tuple(
            Suggestion(code, names[code], probability)
            for code, probability in card.proposed[:PROPOSED]
            if code in names
        )
    text = f"{card.content} {card.place}"[:TEXT_FOR_MODEL]
    return ctx.suggester.suggest(text, division=card.division).departments[:PROPOSED]
