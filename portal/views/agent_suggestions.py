"""What the console proposes while the agent types: kept out of the way of the typing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.ports import Suggestion, Suggestions
from dispatch.domain.vocabulary import Urgency
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import alike, form_choices
from dispatch.service.catalogue import category_id
from dispatch.service.routing import route_for
from portal.deps import PortalContext
from portal.views import agent_panel
from portal.views.agent_endings import or_none, suggestions
from portal.views.agent_form import Typed, text_for_model
from portal.views.why import why_of

ANSWERED = 2
"""Closed tickets alike that are shown: the panel must stay in sight."""


def read(
    ctx: PortalContext, session: Session, actor: Actor, typed: Typed, now: datetime
) -> dict[str, Any]:
    """Everything of the panel: proposals and why, the catalogue's row, tickets alike."""
    choices = agent_panel.catalogue(session)
    category = or_none(choices.category, typed.get("category", ""))
    division = or_none(choices.division, typed.get("division", ""))
    found = suggestions(ctx, typed, division)
    shown = _explained(found, category)
    today = now.astimezone(SHANGHAI).date()
    meant = category or (shown.label if shown else None)
    return {
        "near": alike.similar(
            session,
            actor,
            category_id=category_id(session, category) if category else None,
            division=division,
            days=ctx.rules.profile.classifier.same_event_days,
            search=ctx.search,
            content=typed.get("content", ""),
            place=typed.get("place", ""),
            phone=agent_panel.number_of(session, actor, typed),
            now=now,
        ),
        "answered": alike.answered(
            session, actor, ctx.search, text_for_model(typed), category=meant, limit=ANSWERED
        ),
        "found": found,
        "why": why_of(shown) if shown else None,
        "route": route_for(session, meant, division, today=today) if meant else None,
        "units": form_choices.unit_options(session, found, category, division, today=today),
        "category": category,
        "typed": typed,
        "choices": choices,
        "automatic": found.sure and ctx.rules.profile.classifier.auto_dispatch,
        "urgency": _raised(found, typed),
        "named_places": [] if division else choices.places_in(text_for_model(typed)),
    }


def _explained(found: Suggestions, category: str | None) -> Suggestion | None:
    """The proposal that was taken, else the best one."""
    taken = (one for one in found.categories if one.label == category)
    return next(taken, found.categories[0] if found.categories else None)


def _raised(found: Suggestions, typed: Typed) -> Suggestion | None:
    """A higher urgency than the one chosen; a lower one is never proposed."""
    ranks = [urgency.value for urgency in Urgency]
    proposed, chosen = found.urgency, typed.get("urgency", Urgency.ROUTINE.value)
    if proposed is None or proposed.label not in ranks:
        return None
    higher = ranks.index(proposed.label) > ranks.index(chosen) if chosen in ranks else True
    return proposed if higher else None
