"""One pass over running clocks: remind, warn, breach, card, escalate; safe in several processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Select, select

from dispatch.bus import hold, record
from dispatch.db import Session
from dispatch.domain.events import DeadlineBreached, DeadlineNear, RedCard, SignReminded
from dispatch.domain.people import SYSTEM
from dispatch.domain.rules import Rules
from dispatch.domain.terms import NoticeKind
from dispatch.domain.vocabulary import Part
from dispatch.models.tickets import Assignment, Ticket
from dispatch.service import escalation, notices


@dataclass
class Swept:
    """How many clocks were marked by this pass, and by no other."""

    reminded: int = 0
    unsigned: int = 0
    warned: int = 0
    interim: int = 0
    breached: int = 0
    carded: int = 0
    escalated: int = 0
    unanswered: int = 0

    @property
    def total(self) -> int:
        """How many in all."""
        return sum(getattr(self, f.name) for f in fields(self))


@dataclass(frozen=True)
class _Hand:
    """One share under the sweep's hand."""

    session: Session
    rules: Rules
    ticket: Ticket
    share: Assignment
    now: datetime


def sweep(session: Session, rules: Rules, *, now: datetime, limit: int = 500) -> Swept:
    """Mark clocks whose moment has come; each is marked and told exactly once.

    The claim reads one partial index of running clocks, so closed tickets cost it nothing. The
    tickets are then locked, as every action locks them, leaving out those somebody acts upon:
    a sweep must never be what a person's button collides with. What was claimed is read anew
    under the lock, so a second sweep finds nothing left to mark.
    """
    swept = Swept()
    due = session.scalars(claim(now, limit))
    tickets = session.scalars(
        select(Ticket)
        .where(Ticket.id.in_(set(due)))
        .order_by(Ticket.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    held = {ticket.id: ticket for ticket in tickets}
    shares = session.scalars(
        select(Assignment)
        .where(Assignment.ticket_id.in_(held), Assignment.next_at <= now)
        .order_by(Assignment.next_at, Assignment.id)
        .execution_options(populate_existing=True)
    )
    for ticket in held.values():
        hold(session, ticket)
    for share in shares.all():
        _mark(_Hand(session, rules, held[share.ticket_id], share, now), swept)
    swept.unanswered = escalation.overdue_orders(session, rules, now=now, limit=limit)
    return swept


def claim(now: datetime, limit: int) -> Select[int]:
    """Which tickets have a clock whose moment has come: read from one index, never the tables."""
    return (
        select(Assignment.ticket_id)
        .where(Assignment.next_at <= now)
        .order_by(Assignment.next_at)
        .limit(limit)
    )


def _mark(hand: _Hand, swept: Swept) -> None:
    """Mark what has come of one share, in the order in which it came."""
    share = hand.share
    came: list[tuple[datetime, int, str, Callable[[_Hand], None]]] = []
    for place, (name, moment, waits, act) in enumerate(_moments(share)):
        if waits and moment is not None and moment <= hand.now:
            came.append((moment, place, name, act))
    for _, _, name, act in sorted(came, key=lambda one: one[:2]):
        act(hand)
        setattr(swept, name, getattr(swept, name) + 1)
    # A clock nobody has to mark any more must not be claimed by every pass.
    share.next_at = share.next_moment()


def _moments(
    share: Assignment,
) -> tuple[tuple[str, datetime | None, bool, Callable[[_Hand], None]], ...]:
    unsigned, unfinished = share.acknowledged_at is None, share.completed_at is None
    silent = unfinished and share.interim_at is None and share.interim_breached_at is None
    return (
        ("reminded", share.remind_at, unsigned and share.reminded_at is None, _remind),
        (
            "unsigned",
            share.acknowledge_by,
            unsigned and share.sign_breached_at is None,
            _breach_sign,
        ),
        ("warned", share.warn_at, unfinished and share.warned_at is None, _warn),
        ("interim", share.interim_by, silent, _breach_interim),
        ("breached", share.due_at, unfinished and share.breached_at is None, _breach),
        ("carded", share.red_at, unfinished and share.red_carded_at is None, _card),
        ("escalated", share.escalate_at, unfinished, _escalate),
    )


def _leads(hand: _Hand) -> bool:
    return hand.share.part == Part.LEAD.value


def _remind(hand: _Hand) -> None:
    hand.share.reminded_at = hand.now
    by = hand.share.acknowledge_by
    if by is not None:
        fact = SignReminded(
            at=hand.now,
            ticket_id=hand.ticket.id,
            department_id=hand.share.department_id,
            due_at=by,
        )
        record(hand.session, SYSTEM, fact)
    _tell(hand, NoticeKind.SIGN, f"工单 {hand.ticket.number} 等待签收，请尽快签收")


def _breach_sign(hand: _Hand) -> None:
    hand.share.sign_breached_at = hand.now
    _breached(hand, hand.share.acknowledge_by, "sign")
    _tell(hand, NoticeKind.SIGN, f"工单 {hand.ticket.number} 已超过签收时限，请立即签收")


def _warn(hand: _Hand) -> None:
    hand.share.warned_at = hand.now
    if _leads(hand):
        hand.ticket.warned_at = hand.now
    if hand.share.due_at is not None:
        near = DeadlineNear(
            at=hand.now,
            ticket_id=hand.ticket.id,
            department_id=hand.share.department_id,
            due_at=hand.share.due_at,
        )
        record(hand.session, SYSTEM, near)
    _tell(hand, NoticeKind.YELLOW, f"黄牌：工单 {hand.ticket.number} 临近办理时限")


def _breach_interim(hand: _Hand) -> None:
    hand.share.interim_breached_at = hand.now
    _breached(hand, hand.share.interim_by, "interim")
    _tell(
        hand,
        NoticeKind.INTERIM,
        f"工单 {hand.ticket.number} 应向诉求人反馈进展并告知法定时限，请立即反馈",
    )


def _breach(hand: _Hand) -> None:
    hand.share.breached_at = hand.now
    if _leads(hand):
        hand.ticket.breached_at = hand.now
    _breached(hand, hand.share.due_at, "handle")


def _card(hand: _Hand) -> None:
    hand.share.red_carded_at = hand.now
    if hand.share.due_at is not None:
        card = RedCard(
            at=hand.now,
            ticket_id=hand.ticket.id,
            department_id=hand.share.department_id,
            due_at=hand.share.due_at,
        )
        record(hand.session, SYSTEM, card)
    _tell(hand, NoticeKind.RED, f"红牌：工单 {hand.ticket.number} 已超过办理时限")


def _escalate(hand: _Hand) -> None:
    escalation.climb(hand.session, hand.rules, hand.ticket, hand.share, hand.now)


def _breached(hand: _Hand, due: datetime | None, clock: str) -> None:
    if due is None:
        return
    fact = DeadlineBreached(
        at=hand.now,
        ticket_id=hand.ticket.id,
        department_id=hand.share.department_id,
        due_at=due,
        clock=clock,
    )
    record(hand.session, SYSTEM, fact)


def _tell(hand: _Hand, kind: NoticeKind, words: str) -> None:
    notices.tell(
        hand.session,
        kind,
        words,
        ticket_id=hand.ticket.id,
        department_id=hand.share.department_id,
        now=hand.now,
    )
