"""Outbound calls: who asked for which number, whether he may, and the order that follows.

A refusal is kept as evidence like a call, so it is told by a value: the caller commits first
and raises then (`Attempt.insist`).
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.call_ports import OutboundCall
from dispatch.domain.call_terms import DialScope
from dispatch.domain.dialling import HOUR, refusal
from dispatch.domain.errors import DialForbidden, InvalidInput
from dispatch.domain.events import DialRefused
from dispatch.domain.numbers import Destination, destination
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.models.people import Staff
from dispatch.models.telephone import DialAttempt
from dispatch.service import trunks
from dispatch.service.seat_devices import telephone_of

LONGEST = 40
DEFAULT_TRUNK = "trunk"
"""The endpoint of the installation's own settings, when no carrier trunk was set by hand."""
DEFAULT_CALLER_ID = "12345"


@dataclass(frozen=True)
class WayOut:
    """Through which endpoint a call leaves, and the number it shows."""

    endpoint: str
    caller_id: str


@dataclass(frozen=True)
class Attempt:
    """Somebody's wish to dial: `refused` is "" when he may."""

    id: int
    destination: Destination | None
    refused: str

    def insist(self) -> Destination:
        """The destination, when it may be dialled.

        Raises:
            DialForbidden: with the rule that forbids it, and when or by whom it is allowed.
        """
        if self.refused or self.destination is None:
            raise DialForbidden(self.refused)
        return self.destination


def attempt(
    session: Session,
    actor: Actor,
    number: str,
    rules: Rules,
    *,
    contact_id: int | None = None,
    call_id: str | None = None,
    way: str = "",
    now: datetime,
) -> Attempt:
    """Ask whether the person may dial the number now, and keep that he asked."""
    # Held until the commit: two clicks at once are still two calls of the hour.
    session.get(Staff, actor.staff_id, with_for_update=True)
    found = destination(number, rules.profile.dialling.area_code)
    earlier = _outside_calls(session, actor, now)
    refused = refusal(rules.profile.calls.dial, actor.role, found, earlier, now) or ""
    row = DialAttempt(
        staff_id=actor.staff_id,
        number=(found.number if found else number)[:LONGEST],
        scope=found.scope.value if found else "",
        country=found.country if found else "",
        allowed=not refused,
        reason=refused[:120],
        contact_id=contact_id,
        call_id=None if refused else call_id,
        way=way,
        at=now,
    )
    session.add(row)
    session.flush()
    if refused:
        fact = DialRefused(
            at=now,
            contact_id=contact_id,
            extension=actor.extension or "",
            scope=row.scope,
            reason=refused,
        )
        record(session, actor, fact)
    return Attempt(row.id, found, refused)


def order(
    session: Session,
    actor: Actor,
    number: str,
    rules: Rules,
    *,
    contact_id: int | None = None,
    way: str = "",
    now: datetime,
) -> tuple[Attempt, OutboundCall | None]:
    """Click to call: the attempt, and the order to give once it is committed.

    Raises:
        InvalidInput: the person has no telephone of his own.
    """
    if actor.extension is None:
        raise InvalidInput("您的账号没有分机，不能外呼；请联系管理员配置分机", field="number")
    call_id = f"dial-{uuid.uuid4().hex}"
    asked = attempt(
        session, actor, number, rules, contact_id=contact_id, call_id=call_id, way=way, now=now
    )
    if asked.destination is None or asked.refused:
        return asked, None
    out = way_out(session, asked.destination)
    call = OutboundCall(
        extension=telephone_of(session, actor),
        number=asked.destination.number,
        trunk=out.endpoint,
        caller_id=out.caller_id,
        channel_id=call_id,
        call_uuid=str(uuid.uuid4()),
    )
    return asked, call


def way_out(session: Session, to: Destination) -> WayOut:
    """How a permitted call leaves; one of our own extensions needs no trunk."""
    if to.scope is DialScope.INTERNAL:
        return WayOut("", DEFAULT_CALLER_ID)
    carrier = trunks.carrier(session)
    if carrier is None:
        return WayOut(DEFAULT_TRUNK, DEFAULT_CALLER_ID)
    return WayOut(endpoint_of(carrier.code), carrier.caller_id)


def endpoint_of(code: str) -> str:
    """How the telephone system names a trunk of the table."""
    return f"trunk-{code}"


def _outside_calls(session: Session, actor: Actor, now: datetime) -> list[datetime]:
    rows = session.scalars(
        select(DialAttempt.at)
        .where(DialAttempt.staff_id == actor.staff_id, DialAttempt.allowed.is_(True))
        .where(DialAttempt.at > now - HOUR)
        .where(DialAttempt.scope.not_in((DialScope.INTERNAL.value, DialScope.EMERGENCY.value)))
    )
    return list(rows)
