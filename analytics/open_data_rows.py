"""The requests of a month for open data: read without a word of theirs, places and units coarse."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute

from analytics.open_data import OpenRow
from analytics.periods import Period
from dispatch.db import Session
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Channel, RequestKind, Status, Verdict
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.catalog import Category, Division
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket

Nodes = Mapping[object, tuple[str, object, int]]
"""Key of a node to its name, its parent's key and its level, 1 at the top."""

DISTRICT = 2
"""Level of a district in the tree of divisions; streets are never told."""

UNIT_TIER = 1
"""Units of lower tiers are told as the one above: a street's office says where somebody lives."""

MATTER = 2
"""Level of the narrowest subject that is told."""

DURATIONS = ((1, "1 天内"), (3, "3 天内"), (7, "7 天内"), (15, "15 天内"), (30, "30 天内"))
LONGER = "30 天以上"


def month_of(month: date) -> Period:
    """The whole month that this day is in."""
    return Period(month.replace(day=1), month.replace(day=monthrange(month.year, month.month)[1]))


def rows(session: Session, month: date, rules: Rules) -> Iterator[OpenRow]:
    """The month's requests by creation.

    Confidential ones, and kinds that the policy keeps confidential, are not read.
    """
    period = month_of(month)
    kept_back = [kind.value for kind in rules.profile.confidentiality.default_kinds]
    categories = _nodes(session, Category.id, Category.name, Category.parent_id, Category.level)
    divisions = _nodes(session, Division.code, Division.name, Division.parent, Division.level)
    units = _nodes(session, Department.id, Department.name, Department.parent_id, Department.tier)
    found = session.execute(
        select(
            Ticket.created_at,
            Ticket.channel,
            Ticket.kind,
            Ticket.category_id,
            Ticket.department_id,
            Ticket.division,
            Ticket.status,
            Ticket.due_at,
            Ticket.completed_at,
            Ticket.closed_at,
            Ticket.solved,
        ).where(
            Ticket.created_at >= period.start,
            Ticket.created_at < period.end,
            Ticket.confidential.is_(False),
            Ticket.kind.not_in(kept_back),
        )
    )
    for at, channel, kind, category, unit, division, status, due, done, closed, solved in found:
        yield OpenRow(
            period=at.astimezone(SHANGHAI).date().isoformat(),
            channel=Channel(channel).label,
            kind=RequestKind(kind).label,
            subject=_name_at(categories, category, 1),
            matter=_name_at(categories, category, MATTER),
            unit=_name_at(units, unit, UNIT_TIER),
            district=_name_at(divisions, division, DISTRICT),
            status=_standing(Status(status)),
            duration=_duration(at, closed),
            on_time="" if done is None or due is None else "是" if done <= due else "否",
            solved=Verdict(solved).label if solved else "",
        )


def _nodes(session: Session, *columns: ColumnElement[Any] | InstrumentedAttribute[Any]) -> Nodes:
    return {key: (name, up, level) for key, name, up, level in session.execute(select(*columns))}


def _name_at(nodes: Nodes, key: object, level: int) -> str:
    """The name of the node, or of the one above it that is not deeper than this level."""
    seen: set[object] = set()
    while key in nodes and key not in seen:
        seen.add(key)
        name, up, depth = nodes[key]
        if depth <= level:
            return name
        key = up
    return ""


def _standing(status: Status) -> str:
    if status is Status.MERGED:
        return status.label
    return "已办结" if status.is_final else "办理中"


def _duration(created: datetime, closed: datetime | None) -> str:
    """How long it took in round figures: to the day it would be a mark of the one request."""
    if closed is None:
        return ""
    days = (closed - created).total_seconds() / 86_400
    return next((words for most, words in DURATIONS if days <= most), LONGER)
