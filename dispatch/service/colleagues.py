"""Whom an agent can ask or hand a citizen to, and what each of them is doing."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.people import Actor
from dispatch.domain.ports import AgentState
from dispatch.domain.rules import Rules
from dispatch.models.people import SeatRow, Staff
from dispatch.service.seats import view_of

_ORDER = (
    AgentState.READY,
    AgentState.WRAP_UP,
    AgentState.PAUSED,
    AgentState.RINGING,
    AgentState.TALKING,
    AgentState.HELD,
    AgentState.SIGNED_OUT,
)


@dataclass(frozen=True)
class Colleague:
    """Somebody with a telephone: `label` says in words what he is doing."""

    extension: str
    name: str
    state: AgentState
    label: str


def colleagues(session: Session, reader: Actor, rules: Rules) -> tuple[Colleague, ...]:
    """Everybody else with an extension, those who are free first; nobody who is signed out."""
    rows = session.execute(
        select(Staff, SeatRow)
        .join(SeatRow, SeatRow.staff_id == Staff.id)
        .where(Staff.active.is_(True), Staff.extension.is_not(None))
        .where(Staff.id != reader.staff_id)
    )
    found = []
    for staff, seat in rows:
        view = view_of(seat, rules)
        if view.state is not AgentState.SIGNED_OUT:
            found.append(Colleague(staff.extension or "", staff.name, view.state, view.label))
    return tuple(sorted(found, key=lambda one: (_ORDER.index(one.state), one.extension)))
