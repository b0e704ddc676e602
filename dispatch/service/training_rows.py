"""What the classifier may learn from: requests whose category a person settled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, SQLColumnExpression, func, literal, select
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain.learning_terms import Provenance
from dispatch.domain.proposals import text_for_model
from dispatch.domain.vocabulary import Status, Verdict
from dispatch.models.catalog import Category, Division
from dispatch.models.learning import LabelledExample
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket

MOST_TEXTS = 100_000
"""The newest so many requests are learned from; older ones say less of today's city."""


@dataclass(frozen=True)
class TrainingText:
    """A request as the model reads it, what it is as settled, and when it came in.

    `category` is a code; kind and urgency are as registered, which nobody corrects.
    """

    text: str
    category: str
    at: datetime
    provenance: Provenance
    kind: str
    urgency: str


@dataclass(frozen=True)
class CityWords:
    """What a training knows of the city: categories' names and the one above each, by code.

    `places` and `units` are names that say nothing of what a request is about.
    """

    categories: dict[str, str]
    parents: dict[str, str]
    places: tuple[str, ...]
    units: tuple[str, ...]


def city_words(session: Session) -> CityWords:
    """The catalogue's names as they are today."""
    above = aliased(Category)
    tree = select(Category.code, Category.name, above.code).outerjoin(
        above, above.id == Category.parent_id
    )
    rows = session.execute(tree).all()
    units = session.execute(select(Department.name, Department.short_name)).all()
    return CityWords(
        categories={code: name for code, name, _ in rows},
        parents={code: parent for code, _, parent in rows if parent},
        places=tuple(session.scalars(select(Division.name).order_by(Division.code))),
        units=tuple(dict.fromkeys(name for pair in units for name in pair)),
    )


def examples(
    session: Session, *, since: datetime | None = None, most: int = MOST_TEXTS
) -> Iterator[TrainingText]:
    """Settled requests, at most so many of each sort, the newest first; `since` is when they came.

    First those that a person's label settled, the newest label of each; then closed ones that
    were never sent to a second unit and whose requester called them solved: there the category
    as registered was right. What must stay confidential is not learned from: a model carries
    the words it has learned, and so would carry them out of the protected ticket.
    """
    newest = (
        select(func.max(LabelledExample.id))
        .where(LabelledExample.withdrawn_at.is_(None))
        .group_by(LabelledExample.ticket_id)
    )
    settled = (
        _texts(LabelledExample.provenance, since)
        .join(LabelledExample, LabelledExample.ticket_id == Ticket.id)
        .join(Category, Category.id == LabelledExample.category_id)
        .where(LabelledExample.id.in_(newest))
    )
    labelled = select(LabelledExample.ticket_id).where(LabelledExample.withdrawn_at.is_(None))
    registered = (
        _texts(literal(Provenance.REGISTERED.value), since)
        .join(Category, Category.id == Ticket.category_id)
        .where(
            Ticket.status == Status.CLOSED.value,
            Ticket.solved == Verdict.RESOLVED.value,
            Ticket.returns == 0,
            Ticket.dispatches <= 1,
            Ticket.merged_into_id.is_(None),
            Ticket.id.not_in(labelled),
        )
    )
    for query in (settled, registered):
        ordered = query.order_by(Ticket.created_at.desc(), Ticket.id.desc()).limit(most)
        for row in session.execute(ordered).yield_per(1000):
            content, place, code, at, kind, urgency, provenance = row
            text = text_for_model(content, place)
            yield TrainingText(text, code, at, Provenance(provenance), kind, urgency)


def _texts(
    provenance: SQLColumnExpression[str], since: datetime | None
) -> Select[str, str, str, datetime, str, str, str]:
    query = (
        select(
            Ticket.content,
            Ticket.place,
            Category.code,
            Ticket.created_at,
            Ticket.kind,
            Ticket.urgency,
            provenance,
        )
        .select_from(Ticket)
        .where(Ticket.confidential.is_(False))
    )
    return query if since is None else query.where(Ticket.created_at >= since)
