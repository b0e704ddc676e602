"""What hot spots are counted from: the history by hour, the newest tickets, who named a place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

from sqlalchemy import BigInteger, ColumnElement, cast, extract, func, or_, select

from dispatch.db import Session
from dispatch.domain.gatherings import WHOLE_CITY, HourCount, Seen, Series, Trees
from dispatch.models.catalog import Category, Division
from dispatch.models.tickets import Ticket

Node = TypeVar("Node", int, str)

SUBJECT_LEVEL = 2
"""Categories below this level count for the one above them: single details are too rare."""

TEXT = 300
"""Characters of a text that are read: people say early what it is and where."""


def trees(session: Session) -> Trees:
    """For each category and division the nodes its tickets count for, the narrowest first."""
    categories = {
        id_: (parent, level)
        for id_, parent, level in session.execute(
            select(Category.id, Category.parent_id, Category.level)
        )
    }
    divisions = {
        code: (parent, level)
        for code, parent, level in session.execute(
            select(Division.code, Division.parent, Division.level)
        )
    }
    return Trees(
        categories={
            id_: tuple(n for n in _upwards(id_, categories) if categories[n][1] <= SUBJECT_LEVEL)
            for id_ in categories
        },
        divisions={
            "": (WHOLE_CITY,),
            **{
                code: (*(n for n in _upwards(code, divisions) if divisions[n][1] > 1), WHOLE_CITY)
                for code in divisions
            },
        },
    )


def _upwards(node: Node, tree: Mapping[Node, tuple[Node | None, int]]) -> list[Node]:
    path: list[Node] = []
    at: Node | None = node
    while at is not None and at in tree and at not in path:
        path.append(at)
        at = tree[at][0]
    return path


def history(session: Session, *, since: datetime, until: datetime) -> list[HourCount]:
    """Tickets by hour, category and division; one statement, read from one index alone."""
    hour = cast(extract("epoch", Ticket.created_at), BigInteger) // 3600
    rows = session.execute(
        select(hour.label("hour"), Ticket.category_id, Ticket.division, func.count())
        .where(_between(since, until), Ticket.category_id.is_not(None))
        .group_by("hour", Ticket.category_id, Ticket.division)
    )
    return [HourCount(at, what or 0, where or "", n) for at, what, where, n in rows]


def newest(session: Session, *, since: datetime, until: datetime) -> list[Seen]:
    """Tickets after a moment; who was merged into another is a caller too.

    Equal callers are those of one number, or else one person of the register.
    """
    rows = session.execute(
        select(
            Ticket.id,
            Ticket.created_at,
            Ticket.category_id,
            Ticket.division,
            Ticket.phone,
            Ticket.requester_id,
            Ticket.place,
            func.substr(Ticket.content, 1, TEXT),
        )
        .where(_between(since, until), Ticket.category_id.is_not(None))
        .order_by(Ticket.created_at, Ticket.id)
    )
    return [
        Seen(
            ticket_id=id_,
            at=at,
            category_id=what or 0,
            division=where or "",
            caller=caller_of(phone, who, id_),
            text=f"{place} {text}",
        )
        for id_, at, what, where, phone, who, place, text in rows
    ]


def caller_of(phone: str | None, requester_id: int | None, ticket_id: int) -> str:
    """One word for whoever asked, so that the same person counts once; a stranger is his ticket."""
    return phone or (f"r{requester_id}" if requester_id else f"t{ticket_id}")


def named_before(
    session: Session, series: Series, known: Trees, *, since: datetime, until: datetime
) -> int:
    """How many tickets of a category named a place between two moments."""
    query = select(func.count()).select_from(Ticket)
    return session.scalar(query.where(_between(since, until), of_series(series, known))) or 0


def of_series(series: Series, known: Trees) -> ColumnElement[bool]:
    """The condition that a ticket counts for a series."""
    categories = [id_ for id_, up in known.categories.items() if series.category_id in up]
    wanted: ColumnElement[bool] = Ticket.category_id.in_(categories)
    if series.division != WHOLE_CITY:
        parts = [code for code, up in known.divisions.items() if series.division in up]
        wanted &= Ticket.division.in_(parts)
    if series.place:
        wanted &= or_(
            Ticket.place.contains(series.place, autoescape=True),
            func.substr(Ticket.content, 1, TEXT).contains(series.place, autoescape=True),
        )
    return wanted


def _between(since: datetime, until: datetime) -> ColumnElement[bool]:
    return (Ticket.created_at > since) & (Ticket.created_at <= until)
