"""What the models had to do with one ticket: what was proposed, what people made of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.learning_terms import Provenance
from dispatch.domain.people import Actor
from dispatch.models.catalog import Category
from dispatch.models.learning import LabelledExample
from dispatch.models.people import Staff
from dispatch.service import auto_dispatch_queries
from dispatch.service.access import ticket_for
from dispatch.service.auto_dispatch_queries import AutomaticStory


@dataclass(frozen=True)
class Proposed:
    """A category as the model proposed it when the request was taken."""

    code: str
    name: str
    probability: float


@dataclass(frozen=True)
class Decision:
    """A person settled the category."""

    category: str
    provenance: Provenance
    by: str
    at: datetime
    own: bool


@dataclass(frozen=True)
class ModelStory:
    """One ticket's story: the model and its proposals, the judgement, the decisions, newest first.

    `settled` is the code of the category the ticket has now.
    """

    version: str
    proposals: tuple[Proposed, ...]
    settled: str | None
    automatic: AutomaticStory | None
    decisions: tuple[Decision, ...]

    @property
    def taken(self) -> bool | None:
        """Whether the best proposal stands; None while there is nothing to compare."""
        if not self.proposals or self.settled is None:
            return None
        return self.proposals[0].code == self.settled


def story_of(session: Session, reader: Actor, number: str) -> ModelStory | None:
    """The story of a ticket the reader may see; None when no model had to do with it.

    Raises:
        NotFound: there is no such ticket, or the reader may not see it.
    """
    ticket = ticket_for(session, reader, number)
    kept = ticket.suggestion or {}
    listed = [(str(code), float(chance)) for code, chance in kept.get("categories") or []]
    automatic = auto_dispatch_queries.of_ticket(session, number)
    decisions = _decisions(session, reader, ticket.id)
    if not listed and automatic is None and not decisions:
        return None
    codes = {code for code, _ in listed}
    names = dict(
        session.execute(select(Category.code, Category.name).where(Category.code.in_(codes))).all()
    )
    settled = session.scalar(select(Category.code).where(Category.id == ticket.category_id))
    return ModelStory(
        version=str(kept.get("model", "")) or (automatic.model_version if automatic else ""),
        proposals=tuple(Proposed(code, names.get(code, code), p) for code, p in listed),
        settled=settled,
        automatic=automatic,
        decisions=decisions,
    )


def _decisions(session: Session, reader: Actor, ticket_id: int) -> tuple[Decision, ...]:
    rows = session.execute(
        select(LabelledExample, Category.name, Staff.name)
        .join(Category, Category.id == LabelledExample.category_id)
        .outerjoin(Staff, Staff.id == LabelledExample.staff_id)
        .where(LabelledExample.ticket_id == ticket_id, LabelledExample.withdrawn_at.is_(None))
        .order_by(LabelledExample.id.desc())
    )
    return tuple(
        Decision(
            category,
            Provenance(label.provenance),
            by or "",
            label.at,
            own=label.staff_id is not None and label.staff_id == reader.staff_id,
        )
        for label, category, by in rows
    )
