"""Seats as the telephone system is to have them: state, queues by skill, what is rung."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, select, true

from dispatch.db import Session
from dispatch.domain.ports import AgentState, Seat
from dispatch.domain.rules import Rules
from dispatch.domain.seating import asserted_state, memberships
from dispatch.models.people import SeatRow, Staff
from dispatch.models.telephone import StaffSkill

BROWSER = "browser"


def wished_seats(session: Session, rules: Rules, node: str | None = None) -> list[Seat]:
    """Every seat as it should be, for a telephone system that has just come up.

    Asterisk keeps no queue members over a restart that we could trust, so we own them. With
    `node` only the seats of that telephone system and those that belong to none by name.
    """
    rows = select(SeatRow, Staff.name).join(Staff, Staff.id == SeatRow.staff_id)
    rows = rows.where(Staff.active.is_(True)).order_by(SeatRow.extension)
    rows = rows.where(at_node(node))
    skills = skills_by_staff(session)
    return [
        _seat(row, name, skills.get(row.staff_id, {}), rules) for row, name in session.execute(rows)
    ]


def at_node(node: str | None) -> ColumnElement[bool]:
    """The seats of one telephone system; None: of all."""
    return true() if node is None else SeatRow.node.in_(("", node))


def seat_for(session: Session, row: SeatRow, rules: Rules) -> Seat:
    """One seat as it should be."""
    session.flush()
    skills = session.scalars(select(StaffSkill).where(StaffSkill.staff_id == row.staff_id))
    name = session.scalar(select(Staff.name).where(Staff.id == row.staff_id)) or row.extension
    return _seat(row, name, {one.skill: one.penalty for one in skills}, rules)


def skills_by_staff(session: Session) -> dict[int, dict[str, int]]:
    """Skill to penalty, by person."""
    found: dict[int, dict[str, int]] = {}
    for row in session.scalars(select(StaffSkill)):
        found.setdefault(row.staff_id, {})[row.skill] = row.penalty
    return found


def _seat(row: SeatRow, name: str, skills: Mapping[str, int], rules: Rules) -> Seat:
    wish = AgentState(row.state)
    state = asserted_state(wish, AgentState(row.seen or AgentState.READY))
    reason = {AgentState.PAUSED: row.reason, AgentState.WRAP_UP: AgentState.WRAP_UP.label}
    return Seat(
        extension=row.extension,
        name=name,
        state=state,
        reason=reason.get(state, ""),
        queues=memberships(rules, skills),
        rings="" if row.device == BROWSER else row.other_device,
        node=row.node,
    )
