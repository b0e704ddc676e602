"""Bringing somebody to a talk: 110, 119, 120 and 122 with two keys, a colleague, a number.

国办 12345 与 110 高效对接联动意见（2022）: a clear case is transferred with one key, an unclear one
is talked through by three. Nothing is dialled until an administrator has set the trunk.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.call_ports import BringIn
from dispatch.domain.call_rules import EmergencyRule, row_of
from dispatch.domain.call_terms import DialScope, EmergencyWay, JoinResult
from dispatch.domain.calls import JoinEnded
from dispatch.domain.errors import InvalidInput, NotInTalk
from dispatch.domain.events import BroughtIn, EmergencyCalled
from dispatch.domain.numbers import HOME
from dispatch.domain.people import SYSTEM, Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Disposition, Role
from dispatch.models.contacts import Contact
from dispatch.models.people import Staff
from dispatch.models.telephone import DialAttempt
from dispatch.service import trunks
from dispatch.service.access import require_role
from dispatch.service.console_queries import contact_view
from dispatch.service.dialling import Attempt, attempt, endpoint_of, way_out
from dispatch.service.outcomes import dispose
from dispatch.service.seat_devices import telephone_of

RING_S = 25


def call_emergency(
    session: Session,
    actor: Actor,
    contact_id: int,
    code: str,
    rules: Rules,
    *,
    way: EmergencyWay | None = None,
    now: datetime,
) -> BringIn:
    """The order that brings the citizen to an emergency line; give it after the commit.

    `way` is the rule's own unless the agent chose the other one.

    Raises:
        EmergencyNotSet: no administrator has set the trunk; the message says what to do now.
        NotInTalk: the citizen is not on the line any more.
        InvalidInput: the policy knows no such line.
    """
    require_role(actor, Role.AGENT)
    rule = row_of(rules.profile.calls.emergency, code, "紧急线路")
    extension = _talking(session, actor, contact_id)
    trunk = trunks.emergency(session)
    chosen = way or rule.way
    leg = f"join-{uuid.uuid4().hex}"
    _keep_emergency(session, actor, rule, chosen, contact_id, leg, now)
    return BringIn(
        extension=extension,
        number=rule.code,
        trunk=endpoint_of(trunk.code),
        way=chosen,
        caller_id=trunk.caller_id,
        channel_id=leg,
        ring_s=RING_S,
    )


def _keep_emergency(
    session: Session,
    actor: Actor,
    rule: EmergencyRule,
    way: EmergencyWay,
    contact_id: int,
    leg: str,
    now: datetime,
) -> None:
    session.add(
        DialAttempt(
            staff_id=actor.staff_id,
            number=rule.code,
            scope=DialScope.EMERGENCY.value,
            country=HOME,
            allowed=True,
            contact_id=contact_id,
            call_id=leg,
            way=way.value,
            at=now,
        )
    )
    fact = EmergencyCalled(
        at=now,
        contact_id=contact_id,
        number=rule.code,
        way=way.value,
        extension=actor.extension or "",
    )
    record(session, actor, fact)


def bring(
    session: Session,
    actor: Actor,
    contact_id: int,
    number: str,
    rules: Rules,
    *,
    now: datetime,
) -> tuple[Attempt, BringIn | None]:
    """Three talk: a colleague, or any number the person may dial; the order to give afterwards.

    Raises:
        NotInTalk: the citizen is not on the line any more.
        InvalidInput: an extension nobody has.
    """
    require_role(actor, Role.AGENT)
    extension = _talking(session, actor, contact_id)
    leg = f"join-{uuid.uuid4().hex}"
    way = EmergencyWay.THREE_WAY
    asked = attempt(
        session,
        actor,
        number,
        rules,
        contact_id=contact_id,
        call_id=leg,
        way=way.value,
        now=now,
    )
    if asked.destination is None or asked.refused:
        return asked, None
    if asked.destination.scope is DialScope.INTERNAL:
        _staff_at(session, asked.destination.number)
    out = way_out(session, asked.destination)
    order = BringIn(
        extension=extension,
        number=asked.destination.number,
        trunk=out.endpoint,
        way=way,
        caller_id=out.caller_id if out.endpoint else actor.extension or "",
        channel_id=leg,
        ring_s=RING_S,
    )
    return asked, order


def settle(session: Session, ended: JoinEnded, *, now: datetime) -> None:
    """Write down what came of a leg that was to join a talk; told twice it is written once."""
    row = session.scalar(select(DialAttempt).where(DialAttempt.call_id == ended.call_id))
    if row is None or row.result:
        return
    row.result = ended.result.value
    staff = session.get_one(Staff, row.staff_id)
    fact = BroughtIn(
        at=ended.at,
        contact_id=row.contact_id,
        extension=staff.extension or "",
        number=row.number,
        way=row.way,
        state=ended.result.value,
    )
    record(session, SYSTEM, fact)
    reached = ended.result is JoinResult.ANSWERED
    if reached and row.scope == DialScope.EMERGENCY.value and row.contact_id is not None:
        _transferred(session, staff, row, now)


def _transferred(session: Session, staff: Staff, row: DialAttempt, now: datetime) -> None:
    contact = session.get_one(Contact, row.contact_id)
    if contact.disposition not in {None, Disposition.HUNG_UP.value}:
        return
    actor = Actor(name=staff.name, role=Role.AGENT, staff_id=staff.id, extension=staff.extension)
    dispose(
        session,
        actor,
        contact.id,
        Disposition.TRANSFERRED_OUT,
        note=f"{EmergencyWay(row.way).label} {row.number}，已接通",
        reason_code=row.number,
        now=now,
    )


def _talking(session: Session, actor: Actor, contact_id: int) -> str:
    contact = contact_view(session, actor, contact_id)
    # Whether they talk already the telephone system is asked; its news may be a moment behind.
    if actor.extension is None or not contact.live:
        raise NotInTalk("来电人已经不在线上，不能转接；请按来电号码回拨")
    return telephone_of(session, actor)


def _staff_at(session: Session, extension: str) -> None:
    if session.scalar(select(Staff.id).where(Staff.extension == extension)) is None:
        raise InvalidInput(f"没有分机 {extension}", field="number")
