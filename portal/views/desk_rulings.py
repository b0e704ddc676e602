"""The disputed queue: what waits for a ruling beside the catalogue's row and earlier rulings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.terms import ApplicationKind
from dispatch.domain.vocabulary import Role
from dispatch.domain.worktime import SHANGHAI
from dispatch.service import application_lists
from dispatch.service.routing import directory
from portal.deps import PortalContext


def waiting(session: Session, ctx: PortalContext, reader: Actor, now: datetime) -> dict[str, Any]:
    """The rows of the list; who rules also gets what guides the ruling, by application."""
    reasons = ctx.rules.profile.reasons
    listed = application_lists.waiting(session, reader, reasons, now=now)
    if reader.role is Role.DEPARTMENT:
        return {"applications": listed, "earlier": {}, "routes": {}}
    returns = [one for one in listed if one.kind is ApplicationKind.RETURN and one.category_code]
    ways = directory(
        session,
        today=now.astimezone(SHANGHAI).date(),
        categories={one.category_code for one in returns if one.category_code},
    )
    return {
        "applications": listed,
        "earlier": application_lists.earlier_rulings(session, reader, listed, reasons, now=now),
        "routes": {one.id: ways.route(one.category_code, one.division) for one in returns},
    }
