"""A supervisor's word to agents: kept until it was seen on the console."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import InvalidInput, NotFound
from dispatch.domain.events import AgentTold
from dispatch.domain.people import Actor
from dispatch.domain.ports import AgentState
from dispatch.domain.vocabulary import Role
from dispatch.models.people import SeatRow, Staff
from dispatch.models.telephone import AgentMessage
from dispatch.service.access import require_role

LONGEST = 300
UNREAD_MOST = 20


@dataclass(frozen=True)
class Message:
    """One message as the agent's console shows it."""

    id: int
    sender: str
    words: str
    at: datetime


def send(
    session: Session, actor: Actor, words: str, *, extension: str = "", now: datetime
) -> tuple[str, ...]:
    """Leave a message for one agent, or for everybody signed in; whom it went to.

    Raises:
        RoleNotAllowed: the actor does not supervise.
        InvalidInput: nothing is said, or too much, or nobody is signed in.
        NotFound: nobody of ours has the extension.
    """
    require_role(actor, Role.SUPERVISOR, Role.CENTER)
    said = words.strip()
    if not said or len(said) > LONGEST:
        raise InvalidInput(f"请填写消息内容，最多 {LONGEST} 个字", field="words")
    people = _addressed(session, extension)
    for person in people:
        row = AgentMessage(from_id=actor.staff_id, to_id=person.id, words=said, at=now)
        session.add(row)
        session.flush()
        told = AgentTold(at=now, message_id=row.id, extension=person.extension or "")
        record(session, actor, told)
    return tuple(person.name for person in people)


def unread(session: Session, actor: Actor) -> tuple[Message, ...]:
    """What the actor has not seen yet, oldest first."""
    rows = session.execute(
        select(AgentMessage, Staff.name)
        .join(Staff, Staff.id == AgentMessage.from_id)
        .where(AgentMessage.to_id == actor.staff_id, AgentMessage.read_at.is_(None))
        .order_by(AgentMessage.at, AgentMessage.id)
        .limit(UNREAD_MOST)
    )
    return tuple(Message(row.id, name, row.words, row.at) for row, name in rows)


def mark_read(session: Session, actor: Actor, message_id: int, *, now: datetime) -> None:
    """Say that the actor has seen a message of his; the first time counts.

    Raises:
        NotFound: he has no such message.
    """
    row = session.get(AgentMessage, message_id, with_for_update=True)
    if row is None or row.to_id != actor.staff_id:
        raise NotFound("没有这条消息")
    row.read_at = row.read_at or now


def _addressed(session: Session, extension: str) -> list[Staff]:
    people = select(Staff).where(Staff.active.is_(True)).order_by(Staff.extension)
    if extension:
        found = session.scalars(people.where(Staff.extension == extension)).all()
        if not found:
            raise NotFound(f"没有分机 {extension} 的话务员")
        return list(found)
    signed_in = people.join(SeatRow, SeatRow.staff_id == Staff.id).where(
        SeatRow.state != AgentState.SIGNED_OUT.value, Staff.role == Role.AGENT.value
    )
    found = session.scalars(signed_in).all()
    if not found:
        raise InvalidInput("现在没有签入的话务员，消息没有发出")
    return list(found)
