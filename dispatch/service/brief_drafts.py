"""要情's first words, written by rules from a ticket, a hot spot or an early warning.

Only what the system knows is said: when, where, how many, who has them, how far they are. Names
and telephone numbers never come in; of a confidential ticket neither title nor place does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.brief_steps import DRAFTERS
from dispatch.domain.people import Actor
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.reporting_terms import BriefLevel, Origin, WarningKind
from dispatch.domain.vocabulary import Status, Urgency
from dispatch.models.catalog import Category, Division
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.service import early_warning_queries, hot_spot_queries
from dispatch.service.access import require_role, ticket_for, visible
from dispatch.service.briefs import MOST_TICKETS, TITLE, BriefForm

UNITS = 5
"""Units named one by one; the others are counted."""

LEVELS = {Urgency.EMERGENCY: BriefLevel.URGENT, Urgency.URGENT: BriefLevel.IMPORTANT}


def from_ticket(session: Session, actor: Actor, number: str) -> BriefForm:
    """From one ticket.

    Raises:
        NotFound: there is none, or the writer may not see it.
    """
    require_role(actor, *DRAFTERS)
    ticket = ticket_for(session, actor, number)
    category = session.get(Category, ticket.category_id) if ticket.category_id else None
    division = session.get(Division, ticket.division) if ticket.division else None
    what = category.name if category else "诉求"
    where = "" if ticket.confidential else f"{division.name if division else ''}{ticket.place}"
    said = f"诉求人反映：{ticket.title}。" if not ticket.confidential else "内容保密，见工单。"
    facts = f"{to_the_minute(ticket.created_at)}，热线受理{where}“{what}”诉求。{said}"
    return BriefForm(
        level=LEVELS.get(Urgency(ticket.urgency), BriefLevel.ORDINARY),
        title=("保密诉求：" + what if ticket.confidential else ticket.title)[:TITLE],
        place=where,
        happened_at=ticket.created_at,
        facts=facts + _progress(session, actor, [number]),
        measures=_informed(session, actor, [number]),
        origin=Origin.TICKET,
        origin_ref=number,
        tickets=(number,),
    )


def from_hot_spot(session: Session, actor: Actor, spot_id: int) -> BriefForm:
    """From a hot spot.

    Raises:
        NotFound: there is none.
    """
    require_role(actor, *DRAFTERS)
    spot = hot_spot_queries.hot_spot(session, actor, spot_id)
    numbers = hot_spot_queries.numbers_of(session, actor, spot_id)[:MOST_TICKETS]
    callers = hot_spot_queries.callers_of(session, spot_id)
    usual = "不到 0.1" if spot.expected < 0.1 else f"约 {spot.expected:.1f}"
    words = f"共同提到{'、'.join(spot.words)}。" if spot.words else ""
    facts = (
        f"{to_the_minute(spot.began_at)}至{to_the_minute(spot.last_at)}，{spot.where}集中反映"
        f"“{spot.category}”{spot.tickets} 件，来电人 {callers} 位，按以往同期{usual} 件。{words}"
    )
    return BriefForm(
        level=BriefLevel.IMPORTANT,
        title=f"{spot.where}集中反映“{spot.category}”"[:TITLE],
        place=spot.where,
        happened_at=spot.began_at,
        facts=facts + _progress(session, actor, numbers),
        measures=_informed(session, actor, numbers),
        origin=Origin.HOT_SPOT,
        origin_ref=str(spot_id),
        tickets=tuple(numbers),
    )


def from_warning(session: Session, actor: Actor, warning_id: int) -> BriefForm:
    """From an early warning.

    Raises:
        NotFound: there is none.
    """
    require_role(actor, *DRAFTERS)
    warning = early_warning_queries.warning_for(session, actor, warning_id)
    numbers = _readable(session, actor, warning.tickets[:MOST_TICKETS])
    surge = warning.kind is WarningKind.SURGE
    return BriefForm(
        level=BriefLevel.IMPORTANT if surge else BriefLevel.ORDINARY,
        title=f"{warning.about}：{warning.kind.label}"[:TITLE],
        place=warning.place,
        happened_at=warning.since,
        facts=warning.words + _progress(session, actor, numbers),
        measures=_informed(session, actor, numbers),
        origin=Origin.WARNING,
        origin_ref=str(warning_id),
        tickets=tuple(numbers),
    )


def _readable(session: Session, actor: Actor, numbers: Sequence[str]) -> list[str]:
    query = select(Ticket.number).where(Ticket.number.in_(numbers), visible(actor))
    return list(session.scalars(query.order_by(Ticket.id.desc())))


def _rows(
    session: Session, actor: Actor, numbers: Sequence[str]
) -> list[tuple[str, str | None, datetime | None]]:
    query = (
        select(Ticket.status, Department.name, Ticket.breached_at)
        .outerjoin(Department, Department.id == Ticket.department_id)
        .where(Ticket.number.in_(numbers), visible(actor))
    )
    return [(status, unit, late) for status, unit, late in session.execute(query)]


def _progress(session: Session, actor: Actor, numbers: Sequence[str]) -> str:
    """其中已办结几件……: how far the tickets are."""
    rows = _rows(session, actor, numbers)
    if not rows:
        return ""
    done = sum(Status(status) in (Status.CLOSED, Status.ANSWERED) for status, _, _ in rows)
    late = sum(breached is not None for _, _, breached in rows)
    words = f"所涉 {len(rows)} 件工单已结案 {done} 件，办理中 {len(rows) - done} 件"
    return words + (f"，其中曾超期 {late} 件。" if late else "。")


def _informed(session: Session, actor: Actor, numbers: Sequence[str]) -> str:
    """已通知的单位: the units that have the tickets, the one with most first."""
    units = Counter(unit for _, unit, _ in _rows(session, actor, numbers) if unit)
    if not units:
        return "尚未派单。"
    named = "、".join(f"{unit}（{count} 件）" for unit, count in units.most_common(UNITS))
    more = f"等 {len(units)} 个单位" if len(units) > UNITS else ""
    return f"已派{named}{more}办理。"
