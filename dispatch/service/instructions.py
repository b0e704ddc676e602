"""批示: what a leader writes on a ticket, who takes charge of it, and what came of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.conduct import TriggerRule
from dispatch.domain.errors import AlreadySupervised, InvalidInput, NotFound, RoleNotAllowed
from dispatch.domain.events import (
    InstructionClosed,
    InstructionGiven,
    InstructionReceived,
    InstructionReported,
)
from dispatch.domain.lifecycle import next_instruction
from dispatch.domain.people import Actor
from dispatch.domain.remaining import to_the_minute
from dispatch.domain.rules import Rules
from dispatch.domain.terms import (
    InstructionAct,
    InstructionState,
    NoticeKind,
    SupervisionTrigger,
)
from dispatch.domain.vocabulary import Action, Role
from dispatch.models.oversight import Instruction
from dispatch.models.tickets import Ticket
from dispatch.service import notices, supervision
from dispatch.service.change import begin, locked
from dispatch.service.supervision import Order

MAX_WORDS = 1000


def give(
    session: Session,
    actor: Actor,
    number: str,
    rules: Rules,
    *,
    words: str,
    due: datetime | None = None,
    expected: int | None = None,
    now: datetime,
) -> Instruction:
    """批示 by a leader; centre and unit are told, and where the policy says so the unit is ordered.

    A `[[trigger]]` row on "instruction" makes it a supervision order as well.
    """
    if not words.strip():
        raise InvalidInput("请写下批示内容", field="words")
    if len(words) > MAX_WORDS:
        raise InvalidInput(f"批示最多 {MAX_WORDS} 个字，请删减后提交", field="words")
    if due is not None and due <= now:
        raise InvalidInput("要求反馈的时间应在现在之后", field="due")
    ticket, _ = begin(session, actor, number, Action.INSTRUCT, expected)
    row = Instruction(
        ticket_id=ticket.id,
        state=InstructionState.GIVEN.value,
        words=words.strip(),
        given_by_id=actor.staff_id,
        given_at=now,
        due_at=due,
    )
    session.add(row)
    session.flush()
    fact = InstructionGiven(at=now, ticket_id=ticket.id, instruction_id=row.id, note=row.words)
    record(session, actor, fact, status=ticket.status)
    until = f"，请于 {to_the_minute(due)} 前反馈" if due else ""
    said = f"领导批示（工单 {ticket.number}{until}）：{row.words}"
    _tell(session, ticket, said, now, role=Role.CENTER)
    if ticket.department_id is not None:
        _tell(session, ticket, said, now, department_id=ticket.department_id)
    _order(session, actor, ticket, row, rules, now)
    return row


def receive(
    session: Session,
    actor: Actor,
    instruction_id: int,
    *,
    expected: int | None = None,
    now: datetime,
) -> Instruction:
    """签收批示: somebody of the centre takes charge of it."""
    row, ticket = _held(session, actor, instruction_id, InstructionAct.RECEIVE, expected)
    row.received_at, row.received_by_id = now, actor.staff_id
    fact = InstructionReceived(at=now, ticket_id=ticket.id, instruction_id=row.id)
    record(session, actor, fact, status=ticket.status)
    said = f"您对工单 {ticket.number} 的批示已由{actor.name}签收"
    _tell(session, ticket, said, now, staff_id=row.given_by_id)
    return row


def report(
    session: Session,
    actor: Actor,
    instruction_id: int,
    *,
    feedback: str,
    expected: int | None = None,
    now: datetime,
) -> Instruction:
    """反馈: the leader is told what came of it."""
    if not feedback.strip():
        raise InvalidInput("请写明落实情况", field="feedback")
    row, ticket = _held(session, actor, instruction_id, InstructionAct.REPORT, expected)
    row.feedback, row.reported_at, row.reported_by_id = feedback.strip(), now, actor.staff_id
    fact = InstructionReported(
        at=now, ticket_id=ticket.id, instruction_id=row.id, note=row.feedback
    )
    record(session, actor, fact, status=ticket.status)
    said = f"您对工单 {ticket.number} 的批示有反馈：{row.feedback}"
    _tell(session, ticket, said, now, staff_id=row.given_by_id)
    return row


def give_back(
    session: Session,
    actor: Actor,
    instruction_id: int,
    *,
    words: str,
    expected: int | None = None,
    now: datetime,
) -> Instruction:
    """退回反馈: the leader wants more; the words stand under the first ones."""
    if not words.strip():
        raise InvalidInput("请写明还要落实什么", field="words")
    row, ticket = _held(session, actor, instruction_id, InstructionAct.GIVE_BACK, expected)
    _own(row, actor)
    row.words = f"{row.words}\n（{to_the_minute(now)} 再批）{words.strip()}"
    fact = InstructionGiven(
        at=now, ticket_id=ticket.id, instruction_id=row.id, note=f"再批：{words.strip()}"
    )
    record(session, actor, fact, status=ticket.status)
    said = f"领导再批（工单 {ticket.number}）：{words.strip()}"
    _tell(session, ticket, said, now, role=Role.CENTER)
    return row


def close(
    session: Session,
    actor: Actor,
    instruction_id: int,
    *,
    expected: int | None = None,
    now: datetime,
) -> Instruction:
    """办结批示: the leader is content, or gives it up."""
    row, ticket = _held(session, actor, instruction_id, InstructionAct.CLOSE, expected)
    _own(row, actor)
    row.closed_at = now
    fact = InstructionClosed(at=now, ticket_id=ticket.id, instruction_id=row.id)
    record(session, actor, fact, status=ticket.status)
    return row


def _held(
    session: Session,
    actor: Actor,
    instruction_id: int,
    act: InstructionAct,
    expected: int | None,
) -> tuple[Instruction, Ticket]:
    """Lock the instruction's ticket, then the instruction, and take the step of the table."""
    about = select(Ticket.number).join(Instruction, Instruction.ticket_id == Ticket.id)
    number = session.scalar(about.where(Instruction.id == instruction_id))
    if number is None:
        raise NotFound("没有找到这条批示，或您无权查看")
    ticket = locked(session, actor, number, expected)
    row = session.get_one(Instruction, instruction_id, with_for_update=True, populate_existing=True)
    row.state = next_instruction(InstructionState(row.state), act, actor.role).value
    ticket.version += 1
    return row, ticket


def _own(row: Instruction, actor: Actor) -> None:
    if row.given_by_id != actor.staff_id:
        raise RoleNotAllowed("批示只能由作出批示的领导本人退回或办结")


def _order(
    session: Session, actor: Actor, ticket: Ticket, row: Instruction, rules: Rules, now: datetime
) -> None:
    rule = _rule(rules)
    if rule is None or not supervision.may_order(ticket):
        return
    wanted = Order(
        level=rule.level,
        trigger=SupervisionTrigger.INSTRUCTION,
        demand=f"按领导批示办理：{row.words}",
        due=row.due_at,
        department_id=ticket.department_id,
    )
    try:
        supervision.order(session, actor, ticket, wanted, rules, now=now)
    except AlreadySupervised:
        # The unit is under an order for this cause already; the notice tells the new words.
        return


def _rule(rules: Rules) -> TriggerRule | None:
    wanted = SupervisionTrigger.INSTRUCTION
    return next((rule for rule in rules.profile.triggers if rule.trigger is wanted), None)


def _tell(
    session: Session,
    ticket: Ticket,
    words: str,
    now: datetime,
    *,
    department_id: int | None = None,
    staff_id: int | None = None,
    role: Role | None = None,
) -> None:
    notices.tell(
        session,
        NoticeKind.INSTRUCTION,
        words,
        ticket_id=ticket.id,
        department_id=department_id,
        staff_id=staff_id,
        role=role,
        now=now,
    )
