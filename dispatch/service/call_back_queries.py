"""The list of call-backs as its reader may see it, its counts, and messages not written up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true

from dispatch.db import Session
from dispatch.domain.call_terms import CallBackKind, CallBackState
from dispatch.domain.calls import CallOutcome, Direction
from dispatch.domain.people import Actor
from dispatch.domain.vocabulary import Disposition, Role
from dispatch.models.catalog import Line
from dispatch.models.contacts import Contact
from dispatch.models.people import Staff
from dispatch.models.telephone import CallBack
from dispatch.service.access import mask_phone

PAGE = 50
QUICKLY = timedelta(minutes=30)
"""What the figure “回拨及时” counts: from the call missed to the talk. P: our own choice."""

_OPEN = (CallBackState.WAITING.value, CallBackState.CALLING.value)


class CallBackTab(Enum):
    """A part of the list; the value is its name in addresses."""

    WAITING = "waiting", "待回拨", _OPEN
    DONE = "done", "已接通", (CallBackState.DONE.value,)
    GOT_THROUGH = "got_through", "自行打通", (CallBackState.GOT_THROUGH.value,)
    UNREACHED = "unreached", "未接通", (CallBackState.UNREACHED.value,)
    IMPOSSIBLE = "impossible", "无法回拨", (CallBackState.IMPOSSIBLE.value,)
    CANCELLED = "cancelled", "已取消", (CallBackState.CANCELLED.value,)
    ALL = "all", "全部", ()

    def __init__(self, code: str, label: str, states: tuple[str, ...]) -> None:
        self.code, self.label, self.states = code, label, states


@dataclass(frozen=True, kw_only=True)
class CallBackRow:
    """One call-back; `number` is as the reader may see it."""

    id: int
    kind: CallBackKind
    state: CallBackState
    number: str
    line: str
    queue: str
    created_at: datetime
    last_missed_at: datetime
    missed_calls: int
    attempts: int
    next_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    claimed_by: str | None
    mine: bool
    note: str
    contact_id: int | None
    answered_contact_id: int | None
    has_voicemail: bool


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of the callers owed a call since a moment: how many, and what became of them."""

    owed: int
    done: int
    quick: int
    got_through: int

    @property
    def served(self) -> int:
        """Who talked with an agent in the end."""
        return self.done + self.got_through


@dataclass(frozen=True, kw_only=True)
class Voicemail:
    """A message nobody has written up yet."""

    contact_id: int
    number: str
    line: str
    at: datetime
    taken_by: str | None
    mine: bool
    recorded: bool


def rows(
    session: Session,
    reader: Actor,
    tab: CallBackTab,
    *,
    since: datetime | None = None,
    quick: bool = False,
    before: int | None = None,
    limit: int = PAGE,
) -> tuple[CallBackRow, ...]:
    """Call-backs of a tab: those that wait in the order of their places, others newest first.

    `since` narrows what is over to callers first missed after that moment; what waits is never
    left out. `quick` keeps those returned within `QUICKLY`.
    """
    query = _listed().where(_in(tab, since))
    if before is not None:
        query = query.where(CallBack.id < before)
    if tab is CallBackTab.WAITING:
        query = query.order_by(CallBack.place_at, CallBack.id)
    else:
        query = query.order_by(CallBack.id.desc())
    if not quick:
        query = query.limit(limit)
    found = [_row(reader, *one) for one in session.execute(query)]
    if quick:
        found = [one for one in found if _was_quick(one.created_at, one.ended_at)]
    return tuple(found[:limit])


def counts(session: Session, *, since: datetime) -> dict[str, int]:
    """How many rows each tab has, by its code."""
    found: dict[str, int] = {}
    for tab in CallBackTab:
        found[tab.code] = (
            session.scalar(select(func.count(CallBack.id)).where(_in(tab, since))) or 0
        )
    return found


def waiting_count(session: Session) -> int:
    """How many people wait to be rung, and messages to be written up: the badge."""
    waiting = select(func.count(CallBack.id)).where(CallBack.state.in_(_OPEN))
    messages = select(func.count(Contact.id)).where(*_unwritten())
    return (session.scalar(waiting) or 0) + (session.scalar(messages) or 0)


def figures(session: Session, *, since: datetime) -> Figures:
    """What became of those first missed since a moment; each figure opens its rows."""
    ended = session.execute(
        select(CallBack.state, CallBack.created_at, CallBack.ended_at).where(
            _in(CallBackTab.ALL, since)
        )
    ).all()
    done = [one for one in ended if one.state == CallBackState.DONE]
    return Figures(
        owed=len(ended),
        done=len(done),
        quick=sum(_was_quick(one.created_at, one.ended_at) for one in done),
        got_through=sum(one.state == CallBackState.GOT_THROUGH for one in ended),
    )


def voicemails(session: Session, reader: Actor) -> tuple[Voicemail, ...]:
    """Messages nobody has written up, the oldest first; an agent sees those of others too."""
    found = session.execute(
        select(Contact, Line.name, Staff.name)
        .outerjoin(Line, Line.number == Contact.line)
        .outerjoin(Staff, Staff.id == Contact.agent_id)
        .where(*_unwritten())
        .order_by(Contact.started_at)
        .limit(PAGE)
    )
    return tuple(
        Voicemail(
            contact_id=contact.id,
            number=_shown(reader, contact.caller, contact.agent_id),
            line=line or contact.line or "",
            at=contact.started_at,
            taken_by=taker,
            mine=contact.agent_id is not None and contact.agent_id == reader.staff_id,
            recorded=bool(contact.voicemail),
        )
        for contact, line, taker in found
    )


def _unwritten() -> Sequence[ColumnElement[bool]]:
    hung_up = Contact.disposition == Disposition.HUNG_UP.value
    return (
        Contact.outcome == CallOutcome.VOICEMAIL.value,
        Contact.direction == Direction.INBOUND.value,
        or_(Contact.disposition.is_(None), hung_up),
    )


def _in(tab: CallBackTab, since: datetime | None) -> ColumnElement[bool]:
    states = CallBack.state.in_(tab.states) if tab.states else true()
    if since is None or tab is CallBackTab.WAITING:
        return states
    return and_(states, CallBack.created_at >= since)


def _listed() -> Select[CallBack, str, str, str | None]:
    return (
        select(CallBack, Line.name, Staff.name, Contact.voicemail)
        .outerjoin(Line, Line.number == CallBack.line)
        .outerjoin(Staff, Staff.id == CallBack.claimed_by_id)
        .outerjoin(Contact, Contact.id == CallBack.contact_id)
    )


def _row(
    reader: Actor, row: CallBack, line: str | None, holder: str | None, voicemail: str | None
) -> CallBackRow:
    return CallBackRow(
        id=row.id,
        kind=CallBackKind(row.kind),
        state=CallBackState(row.state),
        number=_shown(reader, row.number, row.claimed_by_id),
        line=line or row.line or "",
        queue=row.queue,
        created_at=row.created_at,
        last_missed_at=row.last_missed_at,
        missed_calls=row.missed_calls,
        attempts=row.attempts,
        next_at=row.next_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        claimed_by=holder,
        mine=row.claimed_by_id is not None and row.claimed_by_id == reader.staff_id,
        note=row.note,
        contact_id=row.contact_id,
        answered_contact_id=row.answered_contact_id,
        has_voicemail=bool(voicemail),
    )


def _shown(reader: Actor, number: str | None, holder: int | None) -> str:
    """An agent sees the whole number of what is his; the centre's other desks see all."""
    if not number:
        return "未显示号码"
    if reader.role is Role.AGENT and (holder is None or holder != reader.staff_id):
        return mask_phone(number)
    return number


def _was_quick(created_at: datetime, ended_at: datetime | None) -> bool:
    return ended_at is not None and ended_at - created_at <= QUICKLY
