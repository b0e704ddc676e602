"""What a supervisor sees of the telephones now: queues, who waits, and every agent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from dispatch.db import Session
from dispatch.domain.call_terms import CallBackState
from dispatch.domain.ports import AgentState
from dispatch.domain.rules import Rules
from dispatch.domain.seating import memberships
from dispatch.domain.vocabulary import Role
from dispatch.models.catalog import Line
from dispatch.models.contacts import Contact
from dispatch.models.people import SeatRow, Staff
from dispatch.models.telephone import CallBack
from dispatch.service import wallboard_corrections
from dispatch.service.access import mask_phone
from dispatch.service.seat_wishes import skills_by_staff
from dispatch.service.seats import view_of
from dispatch.service.wallboard_figures import (
    CONNECTION,
    LIVE_FOR,
    WAITING,
    Share,
    service_figure,
    shares,
    total,
)


@dataclass(frozen=True, kw_only=True)
class QueueTile:
    """One queue now. `agents` counts those who serve it by state, signed out left out."""

    code: str
    label: str
    waiting: int
    longest_since: datetime | None
    service: Share
    agents: Mapping[AgentState, int]
    call_backs: int


@dataclass(frozen=True, kw_only=True)
class WaitingCaller:
    """Somebody in a queue; `position` counts from 1 by arrival, urgent callers may go before."""

    contact_id: int
    caller: str
    line: str
    queue: str
    position: int
    since: datetime
    ringing: str


@dataclass(frozen=True, kw_only=True)
class AgentCard:
    """One agent: the state people see, since when, and what is wrong with it."""

    extension: str
    name: str
    state: AgentState
    label: str
    since: datetime | None
    limit_at: datetime | None
    over_limit: bool
    unreachable: bool
    contact_id: int | None
    caller: str
    queue: str
    queues: tuple[str, ...]

    @property
    def in_talk(self) -> bool:
        """Whether there is a talk to join."""
        return self.state in {AgentState.TALKING, AgentState.HELD}


@dataclass(frozen=True, kw_only=True)
class Wallboard:
    """Everything at one moment."""

    at: datetime
    queues: tuple[QueueTile, ...]
    waiting: tuple[WaitingCaller, ...]
    agents: tuple[AgentCard, ...]
    service: Share
    connection: Share | None
    """None when it was not asked for."""
    call_backs: int
    corrections: int
    """Differences between us and the telephone system found and healed in 24 hours."""

    @property
    def states(self) -> Mapping[AgentState, int]:
        """How many agents are in each state."""
        return Counter(card.state for card in self.agents)


def wallboard(session: Session, rules: Rules, *, quick: bool = False, now: datetime) -> Wallboard:
    """Read everything of the board; callers' numbers are masked.

    `quick` leaves out the rate of 24 hours, which counts a whole day's calls and hardly moves.
    """
    names = {queue.code: queue.label for queue in rules.profile.calls.queues}
    waiting = _waiting(session, names, now)
    agents = _agents(session, rules, names, now)
    service = shares(session, service_figure(rules.profile.service), now=now)
    call_backs = _call_backs(session)
    queues = tuple(
        _tile(code, label, waiting, agents, service.get(code, Share(0, 0)), call_backs)
        for code, label in names.items()
    )
    return Wallboard(
        at=now,
        queues=queues,
        waiting=waiting,
        agents=agents,
        service=total(service),
        connection=None if quick else total(shares(session, CONNECTION, now=now)),
        call_backs=sum(call_backs.values()),
        corrections=wallboard_corrections.count(session, now=now),
    )


def _tile(
    code: str,
    label: str,
    waiting: tuple[WaitingCaller, ...],
    agents: tuple[AgentCard, ...],
    service: Share,
    call_backs: Mapping[str, int],
) -> QueueTile:
    mine = [caller for caller in waiting if caller.queue == label]
    serving = (card for card in agents if label in card.queues)
    return QueueTile(
        code=code,
        label=label,
        waiting=len(mine),
        longest_since=min((caller.since for caller in mine), default=None),
        service=service,
        agents=Counter(c.state for c in serving if c.state is not AgentState.SIGNED_OUT),
        call_backs=call_backs.get(code, 0),
    )


def _waiting(
    session: Session, names: Mapping[str, str], now: datetime
) -> tuple[WaitingCaller, ...]:
    rows = session.execute(
        select(Contact, Line.name, Staff.name)
        .outerjoin(Line, Line.number == Contact.line)
        .outerjoin(Staff, Staff.extension == Contact.ringing)
        .where(WAITING.judged(now))
        .order_by(Contact.queued_at, Contact.id)
    )
    places: Counter[str | None] = Counter()
    found = []
    for contact, line, agent in rows:
        places[contact.queue] += 1
        found.append(
            WaitingCaller(
                contact_id=contact.id,
                caller=mask_phone(contact.caller) if contact.caller else "号码未显示",
                line=line or contact.line or "—",
                queue=names.get(contact.queue or "", contact.queue or "—"),
                position=places[contact.queue],
                since=contact.queued_at or contact.started_at,
                ringing=agent or "",
            )
        )
    return tuple(found)


def _agents(
    session: Session, rules: Rules, names: Mapping[str, str], now: datetime
) -> tuple[AgentCard, ...]:
    """Every agent, and whoever else has taken a seat, by extension: no card ever moves."""
    rows = session.execute(
        select(Staff, SeatRow)
        .outerjoin(SeatRow, SeatRow.staff_id == Staff.id)
        .where(Staff.extension.is_not(None), Staff.active.is_(True))
        .where((Staff.role == Role.AGENT.value) | (SeatRow.state != AgentState.SIGNED_OUT.value))
        .order_by(Staff.extension)
    ).all()
    skills = skills_by_staff(session)
    talks = _talks(session, now)
    return tuple(
        _card(staff, row, rules, names, skills.get(staff.id, {}), talks, now) for staff, row in rows
    )


def _card(
    staff: Staff,
    row: SeatRow | None,
    rules: Rules,
    names: Mapping[str, str],
    skills: Mapping[str, int],
    talks: Mapping[str, Contact],
    now: datetime,
) -> AgentCard:
    served = tuple(names.get(m.queue, m.queue) for m in memberships(rules, skills))
    view = view_of(row, rules) if row is not None else None
    state = view.state if view else AgentState.SIGNED_OUT
    busy = state in {AgentState.RINGING, AgentState.TALKING, AgentState.HELD}
    call = talks.get(staff.extension or "") if busy else None
    return AgentCard(
        extension=staff.extension or "",
        name=staff.name,
        state=state,
        label=view.label if view else state.label,
        since=view.since if view else None,
        limit_at=view.limit_at if view else None,
        over_limit=bool(view and view.limit_at and view.limit_at <= now),
        unreachable=bool(
            view and view.unreachable_since and view.wish is not AgentState.SIGNED_OUT
        ),
        contact_id=call.id if call else None,
        caller=mask_phone(call.caller) if call and call.caller else "",
        queue=names.get(call.queue or "", "") if call else "",
        queues=served,
    )


def _talks(session: Session, now: datetime) -> Mapping[str, Contact]:
    """The call each extension rings with or talks in, the newest of several."""
    contacts = session.scalars(
        select(Contact)
        .where(Contact.ended_at.is_(None), Contact.talk_ended_at.is_(None))
        .where(Contact.started_at > now - LIVE_FOR)
        .order_by(Contact.started_at)
    )
    found: dict[str, Contact] = {}
    for contact in contacts:
        for extension in (contact.agent, contact.ringing):
            if extension:
                found[extension] = contact
    return found


def _call_backs(session: Session) -> Mapping[str, int]:
    states = [state.value for state in CallBackState if state.is_open]
    rows = session.execute(
        select(CallBack.queue, func.count())
        .where(CallBack.state.in_(states))
        .group_by(CallBack.queue)
    )
    return {code: int(many) for code, many in rows}
