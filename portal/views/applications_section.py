"""What the application forms and the ruling panel of a ticket's page are drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dispatch.db import Session
from dispatch.domain.conduct import Reason, reasons_for
from dispatch.domain.lifecycle import GRANT, allowed_actions
from dispatch.domain.people import Actor
from dispatch.domain.standing import Option
from dispatch.domain.terms import ApplicationKind, ReasonUse
from dispatch.domain.vocabulary import Action, Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import application_lists, application_queries, merge_rows
from dispatch.service.access import ticket_for
from dispatch.service.application_views import ApplicationView
from dispatch.service.change import running_assignment
from dispatch.service.queries_search import UnitChoice, units
from dispatch.service.queries_ticket import TicketView
from dispatch.service.routing import Route, route_for
from portal.deps import PortalContext


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """The panel of who rules: the question, the catalogue's row, and earlier rulings."""

    application: ApplicationView
    grantable: bool
    route: Route | None
    similar: tuple[ApplicationView, ...]
    merged: int
    latest: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Applications:
    """Everything about applications on one ticket's page for one reader."""

    all: tuple[ApplicationView, ...]
    options: tuple[Option, ...] = ()
    reasons: Mapping[ApplicationKind, tuple[Reason, ...]] = field(default_factory=dict)
    units: tuple[UnitChoice, ...] = ()
    waiting: ApplicationView | None = None
    ruling: Ruling | None = None
    held_until: datetime | None = None
    suggested: tuple[str, str] | None = None

    def option(self, kind: ApplicationKind) -> Option | None:
        """What the unit's rules box says of one kind."""
        return next((option for option in self.options if option.kind is kind), None)

    def offers(self, form: str) -> bool:
        """Whether a form of the lifecycle table has something to act on right now."""
        if form == "resume":
            return self.held_until is not None
        if form == "withdraw-application":
            return self.waiting is not None
        if form == "deny-application" or form.startswith("grant-"):
            ruling = self.ruling
            named = {"deny-application", f"grant-{ruling.application.kind.value}" if ruling else ""}
            return ruling is not None and ruling.grantable and form in named
        return True


def read(
    session: Session, ctx: PortalContext, reader: Actor, view: TicketView, now: datetime
) -> Applications:
    """Applications of the ticket, what the unit may ask for, and what waits for a ruling."""
    reasons = ctx.rules.profile.reasons
    listed = application_lists.applications_of(session, view.card.id, reasons)
    waiting = next((one for one in listed if one.pending), None)
    held = view.card.held_until
    held_until = held if held is not None and held > now else None
    if reader.role is Role.DEPARTMENT:
        options = _options(session, ctx, reader, view, now)
        return Applications(
            all=listed,
            options=options,
            reasons={k: reasons_for(reasons, ReasonUse(k.value)) for k in ApplicationKind},
            units=tuple(u for u in units(session)) if options else (),
            waiting=waiting if options else None,
            held_until=held_until if options else None,
        )
    ruling = None
    if waiting is not None and reader.role in application_lists.RULERS:
        ruling = _ruling(session, ctx, reader, view, waiting, now)
    routing = Action.DISPATCH in allowed_actions(view.card.status, reader.role)
    return Applications(
        all=listed,
        ruling=ruling,
        held_until=held_until,
        suggested=application_lists.suggested_unit(session, view.card.id) if routing else None,
    )


def _options(
    session: Session, ctx: PortalContext, reader: Actor, view: TicketView, now: datetime
) -> tuple[Option, ...]:
    """Of the unit that leads now; others have nothing to ask for."""
    if view.department_id != reader.department_id or not view.card.status.with_department:
        return ()
    ticket = ticket_for(session, reader, view.card.number)
    share = running_assignment(session, ticket)
    if share is None:
        return ()
    return application_queries.options(session, reader, ticket, share, ctx.rules, now)


def _ruling(
    session: Session,
    ctx: PortalContext,
    reader: Actor,
    view: TicketView,
    waiting: ApplicationView,
    now: datetime,
) -> Ruling:
    route = None
    if waiting.kind is ApplicationKind.RETURN and view.card.category_code:
        today = now.astimezone(SHANGHAI).date()
        route = route_for(session, view.card.category_code, view.card.division, today=today)
    ends = waiting.kind is ApplicationKind.TERMINATION
    return Ruling(
        application=waiting,
        grantable=GRANT[waiting.kind] in allowed_actions(view.card.status, reader.role),
        route=route,
        similar=application_lists.earlier_rulings(
            session, reader, [waiting], ctx.rules.profile.reasons, now=now
        )[waiting.id],
        merged=len(merge_rows.waiting_merges(session, view.card.id)) if ends else 0,
    )
