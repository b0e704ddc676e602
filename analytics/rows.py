"""The rows behind a figure: they add up to its count, and of a mean to its sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, and_, false, func, literal

from analytics.conditions import Condition, Definition
from analytics.counting import worked_between
from analytics.facts import READERS, definition
from analytics.figures import BY_CODE, Figure, Subject
from analytics.periods import Period
from analytics.row_kinds import ContactRow, Listing, Row, TicketRow, TimeRow, listing
from analytics.scope import EVERYTHING, Scope
from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.service.access import require_role, visible

__all__ = ["ContactRow", "Part", "Row", "TicketRow", "TimeRow", "every_row", "rows"]

CHUNK = 2_000


class Part(StrEnum):
    """Which rows of a figure; EXCLUDED are those it leaves out."""

    JUDGED = "judged"
    HITS = "hits"
    MISSED = "missed"
    EXCLUDED = "excluded"


def rows(
    session: Session,
    reader: Actor,
    code: str,
    period: Period,
    rules: Rules,
    *,
    part: Part = Part.JUDGED,
    unit: str = "",
    scope: Scope = EVERYTHING,
    offset: int = 0,
    limit: int = 50,
    now: datetime,
) -> Sequence[Row]:
    """The rows behind a figure, newest first; all of them add up to its count."""
    require_role(reader, *READERS)
    mine = replace(scope, unit=unit) if unit else scope
    what = definition(code, period, rules, now, scope=mine)
    query, found = _listed(reader, BY_CODE[code], what, part)
    records = session.execute(query.offset(offset).limit(limit))
    return [_with_worked(found.read(record), what, rules) for record in records]


def every_row(
    session: Session,
    reader: Actor,
    code: str,
    period: Period,
    rules: Rules,
    *,
    part: Part = Part.JUDGED,
    scope: Scope = EVERYTHING,
    now: datetime,
) -> Iterator[Row]:
    """All of them, a few thousand in memory at a time: for files."""
    require_role(reader, *READERS)
    what = definition(code, period, rules, now, scope=scope)
    query, found = _listed(reader, BY_CODE[code], what, part)
    for record in session.execute(query.execution_options(yield_per=CHUNK)):
        yield _with_worked(found.read(record), what, rules)


def _listed(
    reader: Actor, figure: Figure, what: Definition, part: Part
) -> tuple[Select[*tuple[Any, ...]], Listing]:
    found = listing(figure.subject, literal(None) if what.value is None else what.value)
    query = found.query.where(_chosen(what, part))
    if figure.subject in {Subject.TICKET, Subject.ASSIGNMENT}:
        query = query.where(visible(reader))
    return query.order_by(*found.order), found


def _chosen(what: Definition, part: Part) -> Condition:
    if part is Part.EXCLUDED:
        return false() if what.excluded is None else what.excluded
    if part is Part.HITS:
        return and_(what.judged, what.hit)
    if part is Part.MISSED:
        # A hit condition may be unknown (NULL), which is no hit.
        return and_(what.judged, func.coalesce(what.hit, False).is_(False))
    return what.judged


def _with_worked(row: Row, what: Definition, rules: Rules) -> Row:
    """With the working time it adds, which the database does not know."""
    if what.worked is None or not isinstance(row, TicketRow):
        return row
    start, end = getattr(row, what.worked.start.key), getattr(row, what.worked.end.key)
    return replace(row, counted=worked_between(rules, start, end) * 1_000)
