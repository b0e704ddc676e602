"""Quality checks as their readers meet them: what is to be scored, what differs, what is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from dispatch.db import Session
from dispatch.domain.errors import NotFound
from dispatch.domain.judging_terms import CheckState, CheckSubject
from dispatch.domain.people import Actor
from dispatch.models.contacts import Contact
from dispatch.models.judging import QualityCheck, QualityScore
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Ticket
from dispatch.service import quality
from dispatch.service.access import require_role
from dispatch.service.quality import OPEN, SCORERS

PAGE = 50
TABS = ("open", "disputed", "done")
"""To be scored by the reader; to be ruled on; done."""


@dataclass(frozen=True)
class Sheet:
    """One person's points by the lines' codes."""

    by: str
    points: dict[str, int]
    total: int
    note: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class CheckView:
    """One check. `sheets` are those the reader may see: none of others' before the check is done
    or in dispute. `agent` is None where the subject is a reply, `unit` where it is a call."""

    id: int
    subject: CheckSubject
    state: CheckState
    week: date
    lines: list[dict[str, Any]]
    contact_id: int | None
    at: datetime | None
    talk_s: float | None
    agent: str | None
    ticket: str | None
    title: str
    content: str
    reply: str
    unit: str | None
    sheets: tuple[Sheet, ...]
    final: int | None
    ruling: str
    ruled_by: str | None
    done_at: datetime | None
    scorer: bool
    """Whether the reader is one of those who score."""
    may_score: bool
    may_rule: bool

    @property
    def most(self) -> int:
        """The sheet's sum."""
        return sum(int(line["points"]) for line in self.lines)


def counts(session: Session, reader: Actor) -> dict[str, int]:
    """How many checks each tab holds for this reader."""
    require_role(reader, *SCORERS)

    def count(what: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(QualityCheck).outerjoin(Contact, _CALL)
        return session.scalar(query.where(what)) or 0

    return {tab: count(_in_tab(tab, reader)) for tab in TABS}


def checks(
    session: Session, reader: Actor, tab: str, *, before: int | None = None
) -> list[CheckView]:
    """The checks of a tab, the newest first."""
    require_role(reader, *SCORERS)
    query = _rows().where(_in_tab(tab, reader))
    if before is not None:
        query = query.where(QualityCheck.id < before)
    rows = session.execute(query.order_by(QualityCheck.id.desc()).limit(PAGE))
    return [_view(session, reader, *row) for row in rows]


def done_between(
    session: Session, reader: Actor, unit: str, *, since: datetime, until: datetime
) -> list[CheckView]:
    """Checks done in the time: of the replies of the unit with this code, "" for the calls."""
    require_role(reader, *SCORERS)
    of_reply = QualityCheck.subject == CheckSubject.REPLY.value
    whose = and_(of_reply, Department.code == unit) if unit else ~of_reply
    query = _rows().where(
        QualityCheck.state == CheckState.DONE.value,
        QualityCheck.done_at >= since,
        QualityCheck.done_at < until,
        whose,
    )
    rows = session.execute(query.order_by(QualityCheck.id.desc()))
    return [_view(session, reader, *row) for row in rows]


def check(session: Session, reader: Actor, check_id: int) -> CheckView:
    """One check, for who scores; an agent gets his own when it is done.

    Raises:
        NotFound: there is none, or it is not for the reader to see.
    """
    query = _rows().where(QualityCheck.id == check_id)
    if reader.role not in SCORERS:
        query = query.where(_own_done(reader))
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("没有找到这件质检，或您无权查看")
    return _view(session, reader, *row)


def next_open(session: Session, reader: Actor) -> int | None:
    """The oldest check the reader may score now."""
    require_role(reader, *SCORERS)
    query = select(QualityCheck.id).outerjoin(Contact, _CALL).where(_in_tab("open", reader))
    return session.scalar(query.order_by(QualityCheck.id).limit(1))


def own_results(session: Session, agent: Actor) -> list[CheckView]:
    """What became of the checks of the agent's own calls, the newest first."""
    rows = session.execute(
        _rows().where(_own_done(agent)).order_by(QualityCheck.id.desc()).limit(PAGE)
    )
    return [_view(session, agent, *row) for row in rows]


_CALL = Contact.id == QualityCheck.contact_id
_AGENT = aliased(Staff)
_RULER = aliased(Staff)


def _in_tab(tab: str, reader: Actor) -> ColumnElement[bool]:
    if tab == "disputed":
        return QualityCheck.state == CheckState.DISPUTED.value
    if tab == "done":
        return QualityCheck.state == CheckState.DONE.value
    mine = exists().where(
        QualityScore.check_id == QualityCheck.id, QualityScore.staff_id == reader.staff_id
    )
    others = or_(Contact.agent_id.is_(None), Contact.agent_id != reader.staff_id)
    return and_(QualityCheck.state.in_(OPEN), ~mine, others)


def _own_done(agent: Actor) -> ColumnElement[bool]:
    return and_(
        QualityCheck.state == CheckState.DONE.value,
        Contact.agent_id == (agent.staff_id or 0),
    )


def _rows() -> Select[
    QualityCheck, Contact | None, str | None, Ticket | None, str | None, str | None
]:
    return (
        select(QualityCheck, Contact, _AGENT.name, Ticket, Department.short_name, _RULER.name)
        .outerjoin(Contact, _CALL)
        .outerjoin(_AGENT, _AGENT.id == Contact.agent_id)
        .outerjoin(Ticket, Ticket.id == func.coalesce(QualityCheck.ticket_id, Contact.ticket_id))
        .outerjoin(Department, Department.id == Ticket.department_id)
        .outerjoin(_RULER, _RULER.id == QualityCheck.ruled_by_id)
    )


def _view(
    session: Session,
    reader: Actor,
    row: QualityCheck,
    contact: Contact | None,
    agent: str | None,
    ticket: Ticket | None,
    unit: str | None,
    ruled_by: str | None,
) -> CheckView:
    state = CheckState(row.state)
    scores = _sheets(session, row, reader)
    mine = any(staff_id == reader.staff_id for staff_id, _ in scores)
    own = contact is not None and contact.agent_id == reader.staff_id
    scorer = reader.role in SCORERS
    open_ = row.state in OPEN
    return CheckView(
        id=row.id,
        subject=CheckSubject(row.subject),
        # One who waits for the second sheet looks like one who waits for the first.
        state=CheckState.FIRST if open_ else state,
        week=row.week,
        lines=row.sheet,
        contact_id=row.contact_id,
        at=contact.started_at if contact else ticket.completed_at if ticket else None,
        talk_s=contact.talk_s if contact else None,
        agent=agent,
        ticket=ticket.number if ticket else None,
        title=ticket.title if ticket else "",
        content=ticket.content if ticket else "",
        reply=ticket.public_reply if ticket and contact is None else "",
        unit=unit if contact is None else None,
        sheets=tuple(sheet for _, sheet in scores),
        final=row.final,
        ruling=row.ruling,
        ruled_by=ruled_by,
        done_at=row.done_at,
        scorer=scorer,
        may_score=scorer and open_ and not mine and not own,
        may_rule=state is CheckState.DISPUTED and quality.may_rule(session, reader, row),
    )


def _sheets(session: Session, row: QualityCheck, reader: Actor) -> Sequence[tuple[int, Sheet]]:
    query = (
        select(QualityScore, Staff.name)
        .join(Staff, Staff.id == QualityScore.staff_id)
        .where(QualityScore.check_id == row.id)
        .order_by(QualityScore.id)
    )
    if row.state in OPEN:
        query = query.where(QualityScore.staff_id == reader.staff_id)
    # Who is checked reads the points and the notes, not who gave them.
    named = reader.role in SCORERS
    return [
        (
            one.staff_id,
            Sheet(name if named else "质检员", dict(one.points), one.total, one.note, one.at),
        )
        for one, name in session.execute(query)
    ]
