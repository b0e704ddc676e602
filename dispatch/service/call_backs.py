"""漏接回拨: who called in vain is rung back once, and not at all when he got through.

国办函〔2025〕66号: missed calls are returned. Everything here follows from contacts and may be
told again, late or out of order: a contact carries the call-back it counted for, a number has at
most one call-back that is open, and a talk that took place ends it whoever began that talk.
"""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.exc import IntegrityError

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain import numbers
from dispatch.domain.call_terms import CallBackKind, CallBackState
from dispatch.domain.calls import CallOutcome, Direction
from dispatch.domain.counting import limit_due
from dispatch.domain.events import CallBackChanged
from dispatch.domain.people import SYSTEM
from dispatch.domain.rules import Rules
from dispatch.models.contacts import Contact
from dispatch.models.people import Requester
from dispatch.models.telephone import CallBack
from dispatch.service.call_back_numbers import forms_of, obstacle

CALL_ID = re.compile(r"cb-(\d{1,9})-\d+-[0-9a-f]{12}")
"""Our id of a call placed for a call-back: the row, the attempt, and what makes it unique."""

DEFAULT_QUEUE = "hotline"
_OPEN = (CallBackState.WAITING.value, CallBackState.CALLING.value)
_STRONGER = (CallBackKind.REQUESTED, CallBackKind.VOICEMAIL, CallBackKind.MISSED)


def note(session: Session, contact_id: int, rules: Rules, *, now: datetime) -> None:
    """Draw the conclusions from what is known of a contact; belongs to its transaction."""
    contact = session.get_one(Contact, contact_id)
    if contact.direction == Direction.OUTBOUND:
        _placed(session, contact, rules, now)
    elif contact.answered_at is not None:
        _got_through(session, contact)
    elif contact.ended_at is not None and contact.call_back_id is None:
        kind = _owed(contact, rules)
        if kind is not None:
            _owe(session, contact, kind, rules)


def _owed(contact: Contact, rules: Rules) -> CallBackKind | None:
    """What an unanswered call is owed, by how it ended."""
    policy = rules.profile.call_back
    if contact.outcome == CallOutcome.CALL_BACK:
        return CallBackKind.REQUESTED
    if contact.outcome == CallOutcome.VOICEMAIL:
        return CallBackKind.VOICEMAIL
    if not policy.missed:
        return None
    if contact.outcome in {CallOutcome.ABANDONED_IN_QUEUE, CallOutcome.ABANDONED_IN_IVR}:
        # Who hangs up at once has dialled the wrong number, or thought better of it.
        ended = contact.ended_at or contact.started_at
        waited = ended - (contact.queued_at or contact.started_at)
        return CallBackKind.MISSED if waited.total_seconds() >= policy.least_wait_s else None
    lost = {CallOutcome.OVERFLOWED, CallOutcome.CLOSED, CallOutcome.FAILED}
    return CallBackKind.MISSED if contact.outcome in lost else None


def _owe(session: Session, contact: Contact, kind: CallBackKind, rules: Rules) -> None:
    missed_at = contact.ended_at or contact.started_at
    place_at = missed_at
    if kind is CallBackKind.REQUESTED:
        place_at = contact.queued_at or contact.started_at
    number = numbers.canonical(contact.caller or "", rules.profile.dialling.area_code)
    row = CallBack(
        kind=kind.value,
        state=CallBackState.WAITING.value,
        number=number,
        line=contact.line,
        queue=contact.queue or DEFAULT_QUEUE,
        contact_id=contact.id,
        missed_calls=1,
        last_missed_at=missed_at,
        place_at=place_at,
        next_at=missed_at,
        expires_at=limit_due(rules.profile.call_back.expires, rules.calendar, missed_at),
        attempts=0,
        created_at=missed_at,
        note="",
        node=contact.node or "",
    )
    if kind is not CallBackKind.REQUESTED:
        row.next_at = rules.call_back_at(missed_at)
    if why := obstacle(session, number, rules):
        row.state, row.note, row.ended_at = CallBackState.IMPOSSIBLE.value, why, missed_at
    elif talk := talk_since(session, number, contact.started_at, without=contact.id):
        _close(row, talk)
    contact.call_back_id = _file(session, row).id


def _file(session: Session, fresh: CallBack) -> CallBack:
    """Join the call-back that this number has already, or begin one."""
    known = _joined_by(fresh)
    row = session.scalar(known) if known is not None else None
    if row is None:
        try:
            with session.begin_nested():
                session.add(fresh)
        except IntegrityError:
            # Another call of the same number was written at this moment: there is one of it now.
            row = session.scalar(known) if known is not None else None
            if row is None:
                raise
    if row is None:
        tell(session, fresh, fresh.created_at)
        return fresh
    row.missed_calls += 1
    if fresh.last_missed_at > row.last_missed_at:
        row.last_missed_at, row.contact_id = fresh.last_missed_at, fresh.contact_id
        row.expires_at = max(row.expires_at, fresh.expires_at)
    kinds = (CallBackKind(row.kind), CallBackKind(fresh.kind))
    row.kind = min(kinds, key=_STRONGER.index).value
    row.place_at = min(row.place_at, fresh.place_at)
    if fresh.kind == CallBackKind.REQUESTED and row.state == CallBackState.WAITING:
        # He waits for our call now, whatever was planned before.
        row.next_at = min(row.next_at, fresh.next_at)
    tell(session, row, fresh.created_at)
    return row


def _joined_by(fresh: CallBack) -> Select[CallBack] | None:
    same = select(CallBack).where(CallBack.number == fresh.number).with_for_update()
    same = same.execution_options(populate_existing=True)
    if fresh.state == CallBackState.WAITING:
        return same.where(CallBack.state.in_(_OPEN))
    if fresh.state != CallBackState.IMPOSSIBLE:
        # Told late: the talk that answers it has ended the others already.
        same = same.where(CallBack.answered_contact_id == fresh.answered_contact_id)
    elif fresh.number:
        same = same.where(CallBack.state == fresh.state, CallBack.expires_at > fresh.created_at)
    else:
        # Callers who hide their number are not one person.
        return None
    return same.order_by(CallBack.id.desc()).limit(1)


def talk_since(
    session: Session, number: str, since: datetime, *, without: int = 0
) -> Contact | None:
    """The first talk with the number that began after a moment, whoever dialled."""
    return session.scalar(
        select(Contact)
        .where(_with(number), Contact.answered_at >= since)
        .where(Contact.id != without)
        .order_by(Contact.answered_at)
        .limit(1)
    )


def _with(number: str) -> ColumnElement[bool]:
    """He called us, or one of ours dialled him: then the number dialled stands as the line."""
    forms = forms_of(number)
    dialled = and_(Contact.direction == Direction.OUTBOUND.value, Contact.line.in_(forms))
    return or_(Contact.caller.in_(forms), dialled)


def _got_through(session: Session, contact: Contact) -> None:
    """An agent talked with him: nobody rings him any more."""
    outbound = contact.direction == Direction.OUTBOUND
    number = contact.line if outbound else contact.caller
    if not number:
        return
    rows = session.scalars(
        select(CallBack)
        .where(CallBack.number.in_(forms_of(number)), CallBack.state.in_(_OPEN))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for row in rows:
        # A late telling of an early talk does not pay for a call missed after it; but a call
        # first taken for missed, and found answered, was never missed.
        answered = contact.answered_at
        if answered and (answered >= row.last_missed_at or row.contact_id == contact.id):
            close_with(session, row, contact)


def _placed(session: Session, contact: Contact, rules: Rules, now: datetime) -> None:
    """A call of ours to a citizen: one placed for a call-back, or by an agent's own hand."""
    ours = CALL_ID.fullmatch(contact.call_id)
    if ours is None:
        if contact.answered_at is not None:
            _got_through(session, contact)
        return
    # Known by the number in its id even when the row has gone on to another attempt.
    row = session.get(CallBack, int(ours[1]), with_for_update=True, populate_existing=True)
    if row is None:
        return
    contact.call_back_id = row.id
    # Our call is his own, turned round: he is the caller, and the line is the one he dialled.
    contact.caller, contact.line = row.number, row.line
    if contact.requester_id is None:
        known = select(Requester.id).where(Requester.phone == row.number)
        contact.requester_id = session.scalar(known)
    state = CallBackState(row.state)
    if contact.answered_at is not None:
        if state.is_open or state is CallBackState.UNREACHED:
            close_with(session, row, contact)
    elif contact.ended_at is not None and (state, row.call_id) == (
        CallBackState.CALLING,
        contact.call_id,
    ):
        _in_vain(session, row, contact, rules, now)


def _in_vain(
    session: Session, row: CallBack, contact: Contact, rules: Rules, now: datetime
) -> None:
    policy = rules.profile.call_back
    ended = contact.ended_at or now
    if contact.outcome == CallOutcome.OVERFLOWED:
        # He answered and no agent came: that try is not one of his.
        row.attempts = max(row.attempts - 1, 0)
    row.claimed_by_id = None
    row.next_at = rules.call_back_at(limit_due(policy.gap, rules.calendar, ended))
    if row.attempts >= policy.attempts or row.next_at >= row.expires_at:
        row.state, row.ended_at = CallBackState.UNREACHED.value, ended
        row.note = f"已拨 {row.attempts} 次未接通"
    else:
        row.state = CallBackState.WAITING.value
    tell(session, row, ended)


def close_with(session: Session, row: CallBack, talk: Contact) -> None:
    """End a call-back by the talk that took place."""
    _close(row, talk)
    tell(session, row, row.ended_at or row.created_at)


def _close(row: CallBack, talk: Contact) -> None:
    came_by_himself = talk.direction == Direction.INBOUND
    state = CallBackState.GOT_THROUGH if came_by_himself else CallBackState.DONE
    row.state, row.ended_at, row.answered_contact_id = state.value, talk.answered_at, talk.id


def tell(session: Session, row: CallBack, at: datetime) -> None:
    """Record what became of a call-back, for whoever watches the list."""
    session.flush()
    record(session, SYSTEM, CallBackChanged(at=at, call_back_id=row.id, state=row.state))
