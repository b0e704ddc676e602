"""Replies that a unit pasted from another matter.

The same reply to the same matter is no fault: ten neighbours who call about one burst pipe are
told one thing. Suspicious is the same reply to requests that speak of different things.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zlib import crc32

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.judging_rules import GamingRules
from dispatch.domain.judging_terms import GamingKind
from dispatch.domain.likeness import characters, likeness, pairs
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Part
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service.alike import ALIKE
from dispatch.service.gaming_acts import Suspicion

LOOKED_BACK = timedelta(days=28)
"""So far back lie the replies that one is held against."""

LEAST_SAID = 8
"""Pairs of characters a reply must have beside what stands in every reply."""

NEARLY_AS_LONG = 0.8
"""The shorter of two pasted replies has this share of the longer one's length at least."""

MARKS = 12
COMPARED = 30
"""Replies one is held against in full."""

LEAST_PLACE = 3
"""Characters of a place's name that a reply is searched for."""


@dataclass(frozen=True)
class _Reply:
    ticket_id: int
    number: str
    department_id: int
    category_id: int | None
    main_id: int
    request: str
    place: str
    text: str
    at: datetime
    pairs: frozenset[str]
    characters: frozenset[str]


class _Shelf:
    """A unit's replies, found again by some of their pairs: of thousands only a few are compared.

    Two replies of which nine tenths are the same have nearly the same pairs, and so the same
    `MARKS` smallest ones in any fixed order.
    """

    def __init__(self) -> None:
        self._by_mark: dict[str, list[_Reply]] = {}

    def put(self, reply: _Reply) -> None:
        for mark in _marks(reply):
            self._by_mark.setdefault(mark, []).append(reply)

    def like(self, reply: _Reply) -> list[_Reply]:
        """Those with most marks in common, at most COMPARED."""
        shared: Counter[int] = Counter()
        known: dict[int, _Reply] = {}
        for mark in _marks(reply):
            for other in self._by_mark.get(mark, ()):
                shared[id(other)] += 1
                known[id(other)] = other
        return [known[one] for one, _ in shared.most_common(COMPARED)]


def _marks(reply: _Reply) -> list[str]:
    return heapq.nsmallest(MARKS, reply.pairs, key=lambda pair: (crc32(pair.encode()), pair))


def pasted(session: Session, first: datetime, end: datetime, rules: Rules) -> Iterator[Suspicion]:
    """Replies of the time that are alike, by `gaming.pasted_percent`, to an earlier one of the
    same unit to another matter; each told of once, with the reply most like it."""
    policy = rules.profile.gaming
    by_unit: dict[int, _Shelf] = {}
    for reply in _replies(session, first - LOOKED_BACK, end, policy):
        earlier = by_unit.setdefault(reply.department_id, _Shelf())
        source = _source(reply, earlier.like(reply), policy) if reply.at >= first else None
        if source is not None:
            share, other = source
            yield Suspicion(
                kind=GamingKind.PASTED_REPLY,
                department_id=reply.department_id,
                ticket_id=reply.ticket_id,
                other_ticket_id=other.ticket_id,
                words=(
                    f"答复与工单 {other.number} 的答复 {share * 100:.0f}% 相同，而诉求不是同一件事"
                ),
            )
        earlier.put(reply)


def _replies(
    session: Session, first: datetime, end: datetime, policy: GamingRules
) -> Iterator[_Reply]:
    query = (
        select(Assignment, Ticket)
        .join(Ticket, Ticket.id == Assignment.ticket_id)
        .where(Assignment.completed_at >= first, Assignment.completed_at < end)
        .where(Assignment.part == Part.LEAD.value, Ticket.imported.is_(False))
        .order_by(Assignment.completed_at, Assignment.id)
    )
    for share, ticket in session.execute(query):
        text = share.public_reply or ticket.public_reply
        if share.completed_at is None or len(text) < policy.pasted_least_length:
            continue
        said = pairs(text)
        if len(said) < LEAST_SAID:
            continue
        yield _Reply(
            ticket_id=ticket.id,
            number=ticket.number,
            department_id=share.department_id,
            category_id=ticket.category_id,
            main_id=ticket.merged_into_id or ticket.id,
            request=f"{ticket.title} {ticket.content}",
            place=ticket.place,
            text=text,
            at=share.completed_at,
            pairs=said,
            characters=characters(text),
        )


def _source(
    reply: _Reply, earlier: list[_Reply], policy: GamingRules
) -> tuple[float, _Reply] | None:
    """The earlier reply to another matter that this one is most like, with how much."""
    best: tuple[float, _Reply] | None = None
    for other in earlier:
        lengths = sorted((len(reply.text), len(other.text)))
        if other.main_id == reply.main_id or lengths[0] < NEARLY_AS_LONG * lengths[1]:
            continue
        share = _likeness(reply, other)
        if share * 100 < policy.pasted_percent or (best is not None and share <= best[0]):
            continue
        if _another_matter(reply, other):
            best = share, other
    return best


def _likeness(one: _Reply, other: _Reply) -> float:
    """`domain.likeness` of two replies whose parts are known: thousands are compared."""
    shared = (
        len(mine & theirs) / max(1, min(len(mine), len(theirs)))
        for mine, theirs in ((one.pairs, other.pairs), (one.characters, other.characters))
    )
    return sum(shared) / 2


def _another_matter(reply: _Reply, other: _Reply) -> bool:
    """Whether the two requests speak of different things.

    Within one category one text may rightly answer many (a rule explained, a plan announced),
    unless it names the place of the other ticket.
    """
    if likeness(reply.request, other.request) >= ALIKE:
        return False
    if reply.category_id != other.category_id:
        return True
    place = other.place.strip()
    named = len(place) >= LEAST_PLACE and place in reply.text
    return named and place not in f"{reply.request} {reply.place}"
