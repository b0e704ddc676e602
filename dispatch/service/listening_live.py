"""A supervisor's place in live talks: begun, changed, ended, and what lasts now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.call_terms import ListeningKind, ListenMode
from dispatch.domain.errors import InvalidInput, NotFound, NotInTalk, RoleNotAllowed
from dispatch.domain.events import ListeningBegun, TalkReleased
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Role
from dispatch.models.contacts import Contact
from dispatch.models.people import SeatRow, Staff
from dispatch.models.telephone import ListeningLog
from dispatch.service import listening
from dispatch.service.access import require_role
from dispatch.service.seat_wishes import BROWSER

CHANNEL = "listen-"
"""What the ids of listening legs begin with; the number of the first row follows."""


@dataclass(frozen=True)
class Listening:
    """What a supervisor listens to now: `channel_id` is the leg, `mode` how he takes part."""

    channel_id: str
    mode: ListenMode
    agent: str
    extension: str
    telephone: str
    """The extension whose telephone he talks on: his own, or another that rings for him."""
    since: datetime

    @property
    def leg(self) -> int:
        """The number of the row whose telephone leg this is."""
        return int(self.channel_id.removeprefix(CHANNEL))


@dataclass(frozen=True)
class Taken:
    """An agent whose citizen is taken, and the extension of the telephone he talks on."""

    name: str
    telephone: str


def begin(
    session: Session,
    actor: Actor,
    extension: str,
    mode: ListenMode,
    *,
    reason: str = "",
    now: datetime,
) -> Listening:
    """Write down that the actor joins the talk of an extension; commit, then ring him.

    Raises:
        RoleNotAllowed: the actor does not supervise, or has no telephone of his own.
        NotFound: nobody of ours has the extension.
        InvalidInput: it is his own, or no reason is given.
        NotInTalk: the agent talks with nobody.
    """
    agent, contact_id = _target(session, actor, extension)
    if not reason.strip():
        raise InvalidInput("请说明监听原因，它会记入监听台账", field="reason")
    row = listening.log(
        session,
        actor,
        ListeningKind(mode.value),
        now=now,
        agent_id=agent.id,
        contact_id=contact_id,
        reason=reason,
    )
    _tell(session, actor, row, extension, now)
    return _listening(session, row, agent)


def change(session: Session, actor: Actor, mode: ListenMode, *, now: datetime) -> Listening:
    """Write down that the actor goes on in another way; commit, then order it.

    Raises:
        NotInTalk: he listens to nobody now.
    """
    found = _open_row(session, actor)
    if found is None:
        raise NotInTalk("您现在没有在监听，请重新开始")
    old, agent = found
    if old.kind == mode.value:
        return _listening(session, old, agent)
    old.until = max(now, old.at)
    row = listening.log(
        session,
        actor,
        ListeningKind(mode.value),
        now=now,
        agent_id=old.agent_id,
        contact_id=old.contact_id,
        leg_id=old.leg_id or old.id,
        reason=old.reason,
    )
    _tell(session, actor, row, agent.extension or "", now)
    return _listening(session, row, agent)


def take_over(session: Session, actor: Actor, extension: str, *, now: datetime) -> Taken:
    """Write down that the actor takes the citizen from an agent.

    Raises:
        RoleNotAllowed: the actor does not supervise, or has no telephone of his own.
        NotFound: nobody of ours has the extension.
        InvalidInput: it is his own.
        NotInTalk: the agent talks with nobody.
    """
    agent, contact_id = _target(session, actor, extension)
    row = listening.log(
        session,
        actor,
        ListeningKind.TAKE_OVER,
        now=now,
        agent_id=agent.id,
        contact_id=contact_id,
        reason="接管通话",
    )
    _tell(session, actor, row, extension, now)
    return Taken(agent.name, _telephone(session, extension))


def release(session: Session, actor: Actor, extension: str, *, to: str, now: datetime) -> str:
    """Write down that the actor frees an agent's telephone, which may also only ring.

    Returns the extension of that telephone.

    Raises:
        RoleNotAllowed: the actor does not supervise.
        InvalidInput: it is his own.
    """
    require_role(actor, Role.SUPERVISOR, Role.CENTER)
    if extension == actor.extension:
        raise InvalidInput("不能释放自己的话机，请直接挂断", field="extension")
    contact_id = _talk_of(session, extension)
    fact = TalkReleased(at=now, contact_id=contact_id, extension=extension, to=to)
    record(session, actor, fact)
    return _telephone(session, extension)


def current(session: Session, actor: Actor) -> Listening | None:
    """What the actor listens to now."""
    found = _open_row(session, actor)
    return _listening(session, *found) if found else None


def _open_row(session: Session, actor: Actor) -> tuple[ListeningLog, Staff] | None:
    row = session.execute(
        select(ListeningLog, Staff)
        .join(Staff, Staff.id == ListeningLog.agent_id)
        .where(ListeningLog.staff_id == actor.staff_id, ListeningLog.until.is_(None))
        .order_by(ListeningLog.id.desc())
        .limit(1)
    ).first()
    return (row[0], row[1]) if row else None


def _listening(session: Session, row: ListeningLog, agent: Staff) -> Listening:
    return Listening(
        channel_id=f"{CHANNEL}{row.leg_id or row.id}",
        mode=ListenMode(row.kind),
        agent=agent.name,
        extension=agent.extension or "",
        telephone=_telephone(session, agent.extension or ""),
        since=row.at,
    )


def _target(session: Session, actor: Actor, extension: str) -> tuple[Staff, int]:
    require_role(actor, Role.SUPERVISOR, Role.CENTER)
    if actor.extension is None:
        raise RoleNotAllowed("您的账号没有分机号，不能监听；请联系管理员配置分机")
    if extension == actor.extension:
        raise InvalidInput("不能监听自己的分机", field="extension")
    agent = session.scalar(select(Staff).where(Staff.extension == extension))
    if agent is None:
        raise NotFound(f"没有分机 {extension} 的话务员")
    contact_id = _talk_of(session, extension)
    if contact_id is None:
        raise NotInTalk(f"{agent.name}现在没有通话")
    return agent, contact_id


def _telephone(session: Session, extension: str) -> str:
    row = session.scalar(select(SeatRow).where(SeatRow.extension == extension))
    return extension if row is None or row.device == BROWSER else row.other_device


def _talk_of(session: Session, extension: str) -> int | None:
    """The contact an extension talks with; its seat knows best, transfers included."""
    call_id = session.scalar(select(SeatRow.call_id).where(SeatRow.extension == extension))
    mine = Contact.agent == extension
    return session.scalar(
        select(Contact.id)
        .where(or_(mine, Contact.call_id == call_id) if call_id else mine)
        .where(Contact.answered_at.is_not(None), Contact.ended_at.is_(None))
        .order_by(Contact.started_at.desc())
        .limit(1)
    )


def _tell(session: Session, actor: Actor, row: ListeningLog, extension: str, now: datetime) -> None:
    fact = ListeningBegun(
        at=now,
        contact_id=row.contact_id,
        listening_id=row.id,
        mode=row.kind,
        extension=extension,
    )
    record(session, actor, fact)
