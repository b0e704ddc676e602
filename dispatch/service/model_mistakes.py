"""Where people corrected the model: the tickets behind a category's mistakes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain.learning_terms import Provenance
from dispatch.domain.people import Actor
from dispatch.models.catalog import Category
from dispatch.models.learning import LabelledExample
from dispatch.models.tickets import Ticket
from dispatch.service.access import visible_to

LISTED = 50


@dataclass(frozen=True)
class Mistake:
    """A ticket the model proposed one category for and a person settled in another."""

    number: str
    title: str
    proposed: str
    settled: str
    provenance: Provenance
    model_version: str
    at: datetime


def mistakes(session: Session, reader: Actor, category: str) -> list[Mistake]:
    """Tickets that were taken for this category, or not taken for it, wrongly; newest first."""
    thought, newer = aliased(Category), aliased(LabelledExample)
    later = select(newer.id).where(
        newer.ticket_id == LabelledExample.ticket_id,
        newer.id > LabelledExample.id,
        newer.withdrawn_at.is_(None),
    )
    query = (
        select(Ticket.number, Ticket.title, thought.name, Category.name, LabelledExample)
        .join(LabelledExample, LabelledExample.ticket_id == Ticket.id)
        .join(Category, Category.id == LabelledExample.category_id)
        .join(thought, thought.code == LabelledExample.proposed)
        .where(
            LabelledExample.withdrawn_at.is_(None),
            ~later.exists(),
            thought.id != Category.id,
            (Category.code == category) | (thought.code == category),
        )
        .order_by(LabelledExample.id.desc())
        .limit(LISTED)
    )
    return [
        Mistake(
            number,
            title,
            proposed,
            settled,
            Provenance(label.provenance),
            label.model_version,
            label.at,
        )
        for number, title, proposed, settled, label in session.execute(visible_to(reader, query))
    ]
