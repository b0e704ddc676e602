"""Who does what next in a storm: mostly what his page offers him, sometimes anything at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.lifecycle import GRANT, STEPS, SUPERVISION_STEPS
from dispatch.domain.people import Actor
from dispatch.domain.terms import ApplicationKind, SupervisionState
from dispatch.domain.vocabulary import Action, Part, Role, Status
from dispatch.models.handling import Application
from dispatch.models.oversight import Instruction, Supervision
from dispatch.models.tickets import Assignment, Ticket
from tests.dispatch.storm_acts import BY_TABLE, ON_ORDERS, ON_SHARES, Try
from tests.dispatch.storm_town import StormTown

Act = Callable[[Try], None]

_RARE = {
    Action.AVOID: 0.15,
    Action.LIFT_AVOIDANCE: 0.15,
    Action.URGE: 0.3,
    Action.SUPERVISE: 0.15,
    Action.RESUME: 0.3,
    Action.MERGE: 0.4,
    Action.SPLIT: 0.15,
    Action.INSTRUCT: 0.1,
    Action.ADD_SUPPORTING: 0.7,
}
_RULING = frozenset({*GRANT.values(), Action.DENY_APPLICATION, Action.WITHDRAW_APPLICATION})


@dataclass(frozen=True)
class Standing:
    """Where one ticket stands, as far as choosing goes."""

    number: str
    status: Status
    unit: int | None
    pending: str | None
    helpers: tuple[int, ...]
    ordered: tuple[int | None, ...]
    instructed: bool


def standing(session: Session, number: str) -> Standing:
    """Read it."""
    ticket = session.scalars(select(Ticket).where(Ticket.number == number)).one()
    pending = select(Application.kind).where(
        Application.ticket_id == ticket.id, Application.state == "pending"
    )
    helpers = select(Assignment.department_id).where(
        Assignment.ticket_id == ticket.id,
        Assignment.part != Part.LEAD.value,
        Assignment.ended_at.is_(None),
    )
    waiting = {state.value for state, _ in SUPERVISION_STEPS} & {
        SupervisionState.ISSUED.value,
        SupervisionState.ANSWERED.value,
    }
    ordered = select(Supervision.department_id).where(
        Supervision.ticket_id == ticket.id, Supervision.state.in_(waiting)
    )
    instructed = select(Instruction.id).where(
        Instruction.ticket_id == ticket.id, Instruction.closed_at.is_(None)
    )
    return Standing(
        number,
        Status(ticket.status),
        ticket.department_id,
        session.scalar(pending),
        tuple(session.scalars(helpers)),
        tuple(session.scalars(ordered)),
        session.scalar(instructed.limit(1)) is not None,
    )


def likely(town: StormTown, at: Standing, chance: Random) -> tuple[Act, Actor]:
    """Something the ticket's table allows now, by one of those it names."""
    offered = [
        (action, step.by)
        for (status, action), step in STEPS.items()
        if status is at.status and action in BY_TABLE and _makes_sense(action, at)
    ]
    if not offered:
        action, actor = anything(town, chance)
        return BY_TABLE[action], actor
    weights = [_weight(action) for action, _ in offered]
    ((action, by),) = chance.choices(offered, weights)
    role = chance.choice(sorted(by - {Role.SYSTEM}) or sorted(by))
    unit = at.unit if role is Role.DEPARTMENT else None
    people = town.of(role, unit) or town.everybody
    if action in {Action.APPROVE_REPLY, Action.REJECT_REPLY} and chance.random() < 0.8:
        people = [actor for actor in people if actor.approver] or people
    return BY_TABLE[action], chance.choice(people)


def onward(town: StormTown, at: Standing, chance: Random) -> tuple[Act, Actor]:
    """Something that brings the ticket to another status."""
    steps = {
        action: step
        for (status, action), step in STEPS.items()
        if status is at.status and action in BY_TABLE and step.target not in {status, None}
    }
    for rare in (Action.MERGE, Action.REASSIGN, *_RULING):
        if len(steps) > 1:
            steps.pop(rare, None)
    if not steps:
        return likely(town, at, chance)
    action = chance.choice(list(steps))
    role = chance.choice(sorted(steps[action].by - {Role.SYSTEM}))
    people = town.of(role, at.unit if role is Role.DEPARTMENT else None) or town.everybody
    if action in {Action.APPROVE_REPLY, Action.REJECT_REPLY}:
        people = [actor for actor in people if actor.approver] or people
    elif role is Role.DEPARTMENT and chance.random() < 0.8:
        people = [actor for actor in people if not actor.approver] or people
    return BY_TABLE[action], chance.choice(people)


def beside(town: StormTown, at: Standing, chance: Random) -> tuple[Act, Actor]:
    """Work on a share or an order that hangs on the ticket; without any, something likely."""
    if at.helpers and (not at.ordered or chance.random() < 0.6):
        unit = chance.choice(at.helpers)
        people = [*town.of(Role.DEPARTMENT, unit), town.centre["auditor"]]
        return chance.choice(ON_SHARES), chance.choice(people)
    if at.ordered or at.instructed:
        whose = chance.choice(at.ordered) if at.ordered else None
        answering = town.of(Role.DEPARTMENT, whose) if whose else [town.centre["auditor"]]
        people = [
            *answering,
            town.centre["supervisor"],
            town.centre["director"],
            town.centre["mayor"],
        ]
        return chance.choice(ON_ORDERS), chance.choice(people)
    return likely(town, at, chance)


def anything(town: StormTown, chance: Random) -> tuple[Action, Actor]:
    """Any act of the table by anybody."""
    return chance.choice(list(BY_TABLE)), chance.choice(town.everybody)


def _makes_sense(action: Action, at: Standing) -> bool:
    if action in GRANT.values():
        return at.pending is not None and GRANT[ApplicationKind(at.pending)] is action
    if action in _RULING:
        return at.pending is not None
    return True


def _weight(action: Action) -> float:
    if action in GRANT.values():
        return 4.0
    return _RARE.get(action, 1.0)
