"""专报: one part of the city – a subject, a place, a unit, a line – over any days."""

from __future__ import annotations

from datetime import datetime

from analytics import tallies
from analytics.document import Document
from analytics.document_json import from_json, to_json
from analytics.reports.spans import Span
from analytics.reports.special_part import gather_part
from analytics.reports.special_sections import part_document
from analytics.scope import Scope
from analytics.scope_choices import told
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules


def special(
    session: Session, reader: Actor, span: Span, scope: Scope, rules: Rules, *, now: datetime
) -> Document:
    """Write a report of one part of the city as it is known at `now`.

    Raises:
        RoleNotAllowed: the reader may not see the figures of the city.
        NotFound: a filter names what does not exist, or tickets are not told apart by it.
    """
    about = "、".join(label for _, label in told(session, scope, rules))
    part = gather_part(session, reader, span, scope, about, rules, now)
    city = tallies.city_name(session)
    return from_json(to_json(part_document(part, city)))
