"""History brought in from elsewhere, or made for a demo: contacts and tickets in bulk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from dispatch.db import Session
from dispatch.domain.calls import CallOutcome, SurveyResult
from dispatch.domain.chain import START, link
from dispatch.domain.deadlines import Clock
from dispatch.domain.vocabulary import (
    Channel,
    Disposition,
    FollowUpMethod,
    FollowUpState,
    Part,
    Rating,
    RequestKind,
    Status,
    Urgency,
    Verdict,
)
from dispatch.models.catalog import Category
from dispatch.models.contacts import Contact
from dispatch.models.followups import FollowUp
from dispatch.models.people import Department, Staff
from dispatch.models.tickets import Assignment, Ticket, TicketEvent
from dispatch.service.numbering import query_code

Row = dict[str, Any]
CHUNK = 5_000


@dataclass(frozen=True, kw_only=True)
class PastContact:
    """A contact that ended before this system knew of it; moments are aware."""

    call_id: str
    started_at: datetime
    caller: str | None = None
    line: str | None = None
    agent: str | None = None
    queued_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    disposition: Disposition | None = None
    ticket_number: str | None = None
    outcome: CallOutcome | None = None


@dataclass(frozen=True, kw_only=True)
class PastTicket:
    """A ticket with a past; `category` and `department` are codes or names."""

    number: str
    created_at: datetime
    status: Status
    channel: Channel = Channel.PHONE
    kind: RequestKind = RequestKind.INQUIRY
    urgency: Urgency = Urgency.ROUTINE
    category: str | None = None
    department: str | None = None
    title: str = ""
    content: str = ""
    place: str = ""
    division: str | None = None
    phone: str | None = None
    requester_name: str = ""
    dispatched_at: datetime | None = None
    acknowledge_by: datetime | None = None
    due_at: datetime | None = None
    warn_at: datetime | None = None
    acknowledged_at: datetime | None = None
    first_contacted_at: datetime | None = None
    completed_at: datetime | None = None
    audited_at: datetime | None = None
    closed_at: datetime | None = None
    solved: Verdict | None = None
    rating: Rating | None = None
    business_environment: bool = False
    confidential: bool = False
    public_reply: str = ""
    clock_rule: str = ""
    breached_at: datetime | None = None
    clock: Clock | None = None
    """The clock of the dispatch, when it was counted here; else only its moments are known."""
    return_by: datetime | None = None
    escalate_at: datetime | None = None
    events: Sequence[tuple[str, datetime, Mapping[str, Any]]] = field(default=())


def is_empty(session: Session) -> bool:
    """Whether no city was founded here yet."""
    return session.scalar(select(Department.id).limit(1)) is None


def known_call_ids(session: Session, ids: Sequence[str]) -> set[str]:
    """Which of these calls are here already."""
    return _known(session, Contact.call_id, ids)


def known_numbers(session: Session, numbers: Sequence[str]) -> set[str]:
    """Which of these ticket numbers are here already."""
    return _known(session, Ticket.number, numbers)


def _known(session: Session, column: Any, values: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for i in range(0, len(values), 500):
        found.update(session.scalars(select(column).where(column.in_(values[i : i + 500]))))
    return found


def add_contacts(
    session: Session, contacts: Sequence[PastContact], import_id: int | None = None
) -> int:
    """Write past contacts; the caller has made sure that none is here already.

    A ticket number that is not here (yet) is kept and joined when that ticket comes.
    """
    tickets = _ids(session, sorted({c.ticket_number for c in contacts if c.ticket_number}))
    agents = {
        extension: id_
        for extension, id_ in session.execute(select(Staff.extension, Staff.id))
        if extension
    }
    rows = [_contact_row(c, tickets, agents) | {"import_id": import_id} for c in contacts]
    for i in range(0, len(rows), CHUNK):
        session.execute(insert(Contact), rows[i : i + CHUNK])
    return len(rows)


def _contact_row(c: PastContact, tickets: dict[str, int], agents: dict[str, int]) -> Row:
    queued = c.queued_at or c.started_at
    outcome = c.outcome
    if outcome is None:
        unanswered = (
            CallOutcome.ABANDONED_IN_QUEUE if c.disposition is Disposition.HUNG_UP else None
        )
        outcome = CallOutcome.ANSWERED if c.answered_at else unanswered
    until = c.answered_at or c.ended_at
    return {
        "call_id": c.call_id,
        "channel": Channel.PHONE.value,
        "direction": "inbound",
        "caller": c.caller,
        "line": c.line,
        "queue": "hotline",
        "agent": c.agent,
        "agent_id": agents.get(c.agent or ""),
        "started_at": c.started_at,
        "queued_at": None if outcome is CallOutcome.ABANDONED_IN_IVR else queued,
        "answered_at": c.answered_at,
        "talk_ended_at": c.ended_at if c.answered_at else None,
        "ended_at": c.ended_at,
        "wait_s": round((until - queued).total_seconds(), 3) if until else None,
        "talk_s": (
            round((c.ended_at - c.answered_at).total_seconds(), 3)
            if c.answered_at and c.ended_at
            else None
        ),
        "outcome": outcome.value if outcome else None,
        "disposition": c.disposition.value if c.disposition else None,
        "disposed_at": c.ended_at if c.disposition else None,
        "ticket_id": tickets.get(c.ticket_number or ""),
        "ticket_ref": None if (c.ticket_number or "") in tickets else c.ticket_number,
        "transfers": [],
        "dtmf": [],
        "imported": True,
    }


def add_tickets(
    session: Session, tickets: Sequence[PastTicket], import_id: int | None = None
) -> int:
    """Write past tickets with one assignment each, and join waiting contacts to them.

    A department or category that nobody knows is added as inactive, so that no row is lost.
    """
    units = _units(session, tickets)
    categories = _categories(session, tickets)
    usual: Row = {"imported": True, "version": 1, "round": 1, "urged": 0, "expectation": ""}
    usual["import_id"] = import_id
    rows = [{**_ticket_row(t, units, categories), **usual} for t in tickets]
    ids: dict[str, int] = {}
    for i in range(0, len(rows), CHUNK):
        part = rows[i : i + CHUNK]
        session.execute(insert(Ticket), part)
        ids.update(_ids(session, [row["number"] for row in part]))
    _add_assignments(session, tickets, units, ids)
    _add_follow_ups(session, tickets, ids)
    _add_events(session, tickets, ids)
    _join_contacts(session, ids)
    return len(rows)


def _ids(session: Session, numbers: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for i in range(0, len(numbers), 500):
        part = numbers[i : i + 500]
        rows = session.execute(select(Ticket.number, Ticket.id).where(Ticket.number.in_(part)))
        found.update((number, id_) for number, id_ in rows)
    return found


def _ticket_row(t: PastTicket, units: dict[str, int], categories: dict[str, int]) -> Row:
    return {
        "number": t.number,
        "query_code": query_code(),
        "channel": t.channel.value,
        "kind": t.kind.value,
        "urgency": t.urgency.value,
        "status": t.status.value,
        "category_id": categories.get(t.category or ""),
        "department_id": units.get(t.department or ""),
        "title": t.title[:120] or t.content[:40] or t.number,
        "content": t.content,
        "place": t.place,
        "division": t.division,
        "phone": t.phone,
        "requester_name": t.requester_name,
        "confidential": t.confidential,
        "reply_wanted": True,
        "business_environment": t.business_environment,
        "created_at": t.created_at,
        "dispatched_at": t.dispatched_at,
        "acknowledge_by": t.acknowledge_by,
        "due_at": t.due_at,
        "warn_at": t.warn_at,
        "acknowledged_at": t.acknowledged_at,
        "first_contacted_at": t.first_contacted_at,
        "completed_at": t.completed_at,
        "audited_at": t.audited_at,
        "closed_at": t.closed_at,
        "breached_at": t.breached_at,
        "solved": t.solved.value if t.solved else None,
        "rating": t.rating.value if t.rating else None,
        "first_solved": t.solved.value if t.solved else None,
        "first_rating": t.rating.value if t.rating else None,
        "public_reply": t.public_reply,
        "clock_rule": t.clock_rule,
        "calendar_version": t.clock.calendar_version if t.clock else "",
        "promised_at": t.due_at,
        "dispatches": 1 if t.dispatched_at else 0,
    }


def _units(session: Session, tickets: Sequence[PastTicket]) -> dict[str, int]:
    known: dict[str, int] = {}
    for unit in session.scalars(select(Department)):
        known.update({unit.name: unit.id, unit.short_name: unit.id, unit.code: unit.id})
    for name in sorted({t.department for t in tickets if t.department} - known.keys()):
        unit = Department(
            code=f"IMPORT-{len(known)}",
            name=name[:80],
            short_name=name[:40],
            tier=2,
            kind="bureau",
            active=False,
        )
        session.add(unit)
        session.flush()
        known[name] = unit.id
        known[unit.code] = unit.id
    return known


def _categories(session: Session, tickets: Sequence[PastTicket]) -> dict[str, int]:
    known: dict[str, int] = {}
    for node in session.scalars(select(Category)):
        known.update({node.name: node.id, node.code: node.id})
    for name in sorted({t.category for t in tickets if t.category} - known.keys()):
        node = Category(code=f"IMPORT-{len(known)}", name=name[:60], level=2, active=False)
        session.add(node)
        session.flush()
        known[name] = node.id
        known[node.code] = node.id
    return known


def _add_assignments(
    session: Session,
    tickets: Sequence[PastTicket],
    units: dict[str, int],
    ids: dict[str, int],
) -> None:
    rows = [
        {
            "ticket_id": ids[t.number],
            "department_id": units[t.department],
            "part": Part.LEAD.value,
            "round": 1,
            "opinion": "",
            "dispatched_at": t.dispatched_at,
            "acknowledge_by": t.acknowledge_by,
            "acknowledged_at": t.acknowledged_at,
            "sign_breached_at": None,
            "first_contacted_at": t.first_contacted_at,
            "warn_at": t.warn_at,
            "due_at": t.due_at,
            "completed_at": t.completed_at,
            "breached_at": t.breached_at,
            "ended_at": t.closed_at or t.audited_at,
            "public_reply": t.public_reply,
            "internal_note": "",
            "clock_rule": t.clock_rule,
            "started_at": t.dispatched_at,
            "promised_at": t.due_at,
            "return_by": t.return_by,
            "escalate_at": t.escalate_at if t.completed_at is None else None,
            **_of_clock(t.clock),
        }
        for t in tickets
        if t.department and t.dispatched_at
    ]
    for row in rows:
        # Rows written in bulk pass by the mapper, which keeps this true everywhere else. What has
        # ended has no next moment; to make a million objects to hear it takes a fifth of the time.
        ended = row["ended_at"] is not None
        row["next_at"] = None if ended else Assignment(**row).next_moment()
    for i in range(0, len(rows), CHUNK):
        session.execute(insert(Assignment), rows[i : i + CHUNK])


def _of_clock(clock: Clock | None) -> Row:
    """The columns that only a counted clock fills; an outside system's limit has none."""
    return {
        "remind_at": clock.remind_at if clock else None,
        "red_at": clock.red_at if clock else None,
        "interim_by": clock.interim_by if clock else None,
        "limit": f"{clock.limit.amount} {clock.limit.unit.value}" if clock else "",
        "calendar_version": clock.calendar_version if clock else "",
    }


def _add_follow_ups(session: Session, tickets: Sequence[PastTicket], ids: dict[str, int]) -> None:
    rows: list[Row] = [_past_follow_up(t, ids[t.number]) for t in tickets if _was_asked(t)]
    # Nobody dials a number out of an old file: who is still to be asked is asked by a person.
    rows += [
        {
            **dict.fromkeys(("called_at", "ended_at", "result", "solved", "rating")),
            "ticket_id": ids[t.number],
            "round": 1,
            "attempt": 1,
            "method": FollowUpMethod.PERSON.value,
            "state": FollowUpState.PENDING.value,
            "due_at": t.audited_at or t.created_at,
            "reached": False,
            "note": "",
        }
        for t in tickets
        if t.status is Status.FOLLOW_UP
    ]
    for i in range(0, len(rows), CHUNK):
        session.execute(insert(FollowUp), rows[i : i + CHUNK])


def _was_asked(t: PastTicket) -> bool:
    # Who was audited and closed without a word was asked and not reached.
    spoke = t.solved is not None or t.rating is not None
    closed = t.audited_at is not None and t.closed_at is not None
    return t.dispatched_at is not None and (spoke or closed)


def _past_follow_up(t: PastTicket, ticket_id: int) -> Row:
    reached = t.solved is not None or t.rating is not None
    result = SurveyResult.COMPLETED if reached else SurveyResult.NO_ANSWER
    return {
        "ticket_id": ticket_id,
        "round": 1,
        "attempt": 1,
        "method": FollowUpMethod.VOICE.value,
        "state": (FollowUpState.DONE if reached else FollowUpState.UNREACHED).value,
        "due_at": t.closed_at or t.created_at,
        "called_at": t.closed_at,
        "ended_at": t.closed_at,
        "result": result.value,
        "reached": reached,
        "solved": t.solved.value if t.solved else None,
        "rating": t.rating.value if t.rating else None,
        "note": "",
    }


def _add_events(session: Session, tickets: Sequence[PastTicket], ids: dict[str, int]) -> None:
    rows: list[Row] = []
    heads: list[Row] = []
    for t in tickets:
        digest = START
        for kind, at, details in t.events:
            row: Row = {
                "kind": kind,
                "at": at,
                "ticket_id": ids[t.number],
                "contact_id": None,
                "actor_id": None,
                "actor_name": "历史数据",
                "actor_role": "system",
                "status": None,
                "details": dict(details),
            }
            digest = link(digest, **row)
            rows.append(row | {"digest": digest})
        heads.append({"id": ids[t.number], "history_digest": digest})
    for i in range(0, len(rows), CHUNK):
        session.execute(insert(TicketEvent), rows[i : i + CHUNK])
    for i in range(0, len(heads), CHUNK):
        session.execute(update(Ticket), heads[i : i + CHUNK])


def _join_contacts(session: Session, ids: dict[str, int]) -> None:
    numbers = list(ids)
    joined: list[Row] = []
    for i in range(0, len(numbers), 500):
        waiting = session.execute(
            select(Contact.id, Contact.ticket_ref).where(
                Contact.ticket_ref.in_(numbers[i : i + 500])
            )
        )
        joined += [
            {"id": contact_id, "ticket_id": ids[number], "ticket_ref": None}
            for contact_id, number in waiting
            if number is not None
        ]
    if joined:
        session.execute(update(Contact), joined)
