"""Everything a report tells of, read once for one span; the sections only put it into words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from analytics import tallies, topics
from analytics.asking import FollowUpTally, follow_ups
from analytics.facts import dispositions, values
from analytics.left_out import LeftOut, left_out
from analytics.rates import Rate, Value
from analytics.reports import counts, past, queue
from analytics.reports.counts import UnitLine
from analytics.reports.past import Instructed, Ordered, Warned
from analytics.reports.queue import QueueLine
from analytics.reports.rising import RisingTopic, rising
from analytics.reports.spans import Span
from analytics.reports.words import Three
from analytics.rolling import Window, lowest
from analytics.tallies import ClassTally, LineTally, OverdueTicket
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.reporting_terms import ReportKind
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Disposition
from dispatch.service import gaming_queries
from dispatch.service.gaming_queries import FindingView

Key = TypeVar("Key")

OVERDUE = 30
"""Overdue tickets listed; all are counted."""

Counts = Mapping[str, Three]
"""Counts by a code, each beside the span before and the year before."""


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What is known of a span at `made_at` (UTC); counts add up."""

    span: Span
    made_at: datetime
    finished: bool
    city: str
    rules: Rules
    calls: Three
    tickets: Three
    dispatched: Three
    closed: Three
    values: Mapping[str, tuple[Value, Value, Value]]
    """Each figure by its code: of this span, of the one before, of the year before."""
    calls_by_day: Mapping[date, int]
    tickets_by_day: Mapping[date, int]
    dispositions: Mapping[Disposition | None, int]
    kinds: Counts
    channels: Counts
    sources: Counts
    categories: Mapping[int, Three]
    names: Mapping[int, str]
    leaves: Mapping[int, str]
    """Codes of the categories with none below them."""
    rising: Sequence[RisingTopic]
    lines: Sequence[LineTally]
    queues: Sequence[QueueLine]
    agents: int
    worst: Window | None
    classes: Sequence[ClassTally]
    units: Sequence[UnitLine]
    overdue_count: int
    overdue: Sequence[OverdueTicket]
    follow_up: FollowUpTally
    left_out: Sequence[LeftOut]
    instructions: Sequence[Instructed]
    orders: Sequence[Ordered]
    warnings: Sequence[Warned]
    gaming: Sequence[FindingView]

    def rate(self, code: str) -> tuple[Rate, Rate]:
        """A figure that is a rate: of this span and of the one before."""
        now, before, _ = self.values[code]
        if isinstance(now, Rate) and isinstance(before, Rate):
            return now, before
        raise TypeError(f"{code} is no rate")

    @property
    def has_year_ago(self) -> bool:
        """Whether anything at all is known of the same span a year before."""
        totals = (self.calls, self.tickets, self.dispatched, self.closed)
        return self.span.kind is not ReportKind.YEARLY and any(one.year_ago for one in totals)

    @property
    def least(self) -> int:
        """With fewer judged than this, rates are not compared (policy [rating] least)."""
        return self.rules.profile.rating.least

    @property
    def is_empty(self) -> bool:
        """Nothing happened in this span."""
        return not (self.calls.now or self.tickets.now or self.dispatched.now or self.closed.now)

    @property
    def days(self) -> int:
        """Days of the span that have begun."""
        if self.finished:
            return self.span.period.days
        return max(1, min(self.span.period.days, (self.made_at - self.span.period.start).days + 1))


def gather(session: Session, reader: Actor, span: Span, rules: Rules, *, now: datetime) -> Gathered:
    """Read what a report tells of, as it is known at `now`.

    An unfinished span is held against the same part of the others.

    Raises:
        RoleNotAllowed: the reader may not see the figures of the city.
    """
    period = span.period
    before, year_ago = span.before(now), span.year_ago(now)
    spans = (period, before, year_ago)
    moments = (now, before.until or now, year_ago.until or now)
    found = [
        values(session, reader, one, rules, now=at) for one, at in zip(spans, moments, strict=True)
    ]
    totals = [tallies.totals(one) for one in found]
    late = tallies.overdue(session, reader, at=period.end, now=now, limit=OVERDUE)
    opened = [counts.opened(session, reader, one) for one in spans]
    categories = [one.categories for one in opened]
    names = topics.category_names(session)
    rates = {code: value for code, value in found[0].items() if isinstance(value, Rate)}

    return Gathered(
        span=span,
        made_at=now,
        finished=span.finished(now),
        city=tallies.city_name(session),
        rules=rules,
        calls=Three(*(one.calls for one in totals)),
        tickets=Three(*(one.tickets for one in totals)),
        dispatched=Three(*(one.dispatched for one in totals)),
        closed=Three(*(one.closed for one in totals)),
        values={code: (one, found[1][code], found[2][code]) for code, one in found[0].items()},
        calls_by_day=counts.calls_by_day(session, reader, period),
        tickets_by_day=counts.tickets_by_day(session, reader, period),
        dispositions=dispositions(session, reader, period),
        kinds=beside([one.kinds for one in opened]),
        channels=beside([one.channels for one in opened]),
        sources=beside([one.sources for one in opened]),
        categories=beside(categories),
        names=names,
        leaves=topics.leaf_categories(session),
        rising=rising(session, reader, span, categories[0], names, now=now),
        lines=tallies.by_line(session, reader, period),
        queues=queue.queues(session, reader, period, rules, now=now),
        agents=queue.agents(session, reader, period),
        worst=lowest(session, reader, period, rules, least=rules.profile.rating.least),
        classes=tallies.by_class(session, reader, period, now=now),
        units=counts.by_unit(session, reader, period, rules, now=now),
        overdue_count=rates[tallies.OVERDUE].hits,
        overdue=late,
        follow_up=follow_ups(session, reader, period, rules, rates),
        left_out=left_out(session, reader, period, rules, now=now),
        instructions=past.instructions(session, reader, period, now=now),
        orders=past.orders(session, reader, period),
        warnings=past.warnings(session, reader, period),
        gaming=_gaming(session, reader, span),
    )


def beside(found: Sequence[Mapping[Key, int]]) -> dict[Key, Three]:
    """Counts of three spans by the same key; what one lacks is 0. Most of this span first."""
    now, before, year_ago = found
    keys = {*now, *before}
    ranked = sorted(keys, key=lambda key: (-now.get(key, 0), -before.get(key, 0), str(key)))
    return {key: Three(now.get(key, 0), before.get(key, 0), year_ago.get(key, 0)) for key in ranked}


def _gaming(session: Session, reader: Actor, span: Span) -> Sequence[FindingView]:
    # Findings are kept by week, so only a weekly report can tell of them.
    if span.kind is not ReportKind.WEEKLY:
        return ()
    return gaming_queries.of_week(session, reader, span.period.first)
