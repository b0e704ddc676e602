"""Pairs of requests of our own: the same event in other words, and what must not be taken for it.

`first` is the ticket there is, `again` another caller of the same event; `other_place` tells of
the same subject elsewhere, `other_subject` of something else at the same place.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from classifier.near_index import Mark, NearIndex
from classifier.near_search import NearSearch
from dispatch.domain.likeness import likeness
from dispatch.domain.ports import TicketText

FIRST = "first"
AGAIN = "again"
FIXTURE = Path(__file__).with_name("same_event.csv")
TODAY = 0.3
"""What two requests must have in common without an index: dispatch.service.alike.ALIKE."""


@dataclass(frozen=True)
class Told:
    """One request of the fixture."""

    event: int
    role: str
    text: str
    place: str
    division: str

    @property
    def bare(self) -> Told:
        """As it is before the fields of place and division are filled in."""
        return replace(self, place="", division="")


@dataclass(frozen=True)
class Quality:
    """How well the same event is found; `without` is what plain likeness finds on the same.

    `recall3` is the share of `again` whose ticket is among the first three offered, `precision`
    the share of right ones among all offers of the pairs, wrong subjects and places included.
    """

    recall3: float
    precision: float
    without_recall: float
    without_precision: float


def told() -> list[Told]:
    """Every request of the fixture."""
    with FIXTURE.open(encoding="utf-8", newline="") as file:
        return [
            Told(int(r["event"]), r["role"], r["text"], r["place"], r["division"])
            for r in csv.DictReader(file)
        ]


def tickets(now: datetime) -> list[TicketText]:
    """The open tickets of the fixture; a ticket's id is its event."""
    return [
        TicketText(one.event, one.text, one.place, one.division, None, now, open=True)
        for one in told()
        if one.role == FIRST
    ]


def indexed(
    folder: Path, rows: list[TicketText], parents: Mapping[str, str | None] | None = None
) -> NearSearch:
    """A search over these tickets."""
    index = NearIndex(folder)
    index.put(rows, [], Mark(origin="test", complete=True))
    index.close()
    known = dict(parents or {})
    return NearSearch(folder, lambda: known)


def measured(search: NearSearch, now: datetime, *, bare: bool = False) -> Quality:
    """Ask for everything but the first of each pair."""
    since = now - timedelta(days=30)
    firsts = {one.event: one for one in told() if one.role == FIRST}
    right = offers = hits = today_right = today = 0
    asked = [one for one in told() if one.role != FIRST]
    for whole in asked:
        one = whole.bare if bare else whole
        near = search.same_event(
            one.text, place=one.place, division=one.division or None, since=since, now=now
        )
        events = [found.ticket_id for found in near if found.ticket_id in firsts]
        hits += one.role == AGAIN and one.event in [found.ticket_id for found in near[:3]]
        right += one.role == AGAIN and one.event in events
        offers += len(events)
        for first in firsts.values():
            same_place = not one.division or one.division == first.division
            if same_place and likeness(one.text, first.text) >= TODAY:
                today += 1
                today_right += one.role == AGAIN and one.event == first.event
    count = len(firsts)
    return Quality(
        hits / count, right / max(1, offers), today_right / count, today_right / max(1, today)
    )
