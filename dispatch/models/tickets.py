"""Ticket, its assignments to departments, and the append-only history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    DDL,
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    event,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from dispatch.db import Base, UtcDateTime

_TICKING = text("next_at IS NOT NULL")
_URGED = text("urged > 0")


class Ticket(Base):
    """工单: the record of a request. `number` is public, `query_code` the resident's key to it.

    The clock columns mirror the lead department's running assignment; `promised_at` is the due
    time first told to the requester in this round, and never moves. `stated_limit` and
    `statutory_limit` are limits such as "30 working_day" written on this ticket.
    `solved` and `rating` are the requester's last word, `first_solved` and `first_rating` the
    first; both stay. `designated` means the centre ruled who handles it: no return is possible
    any more.
    `history_digest` is the head of the chained history.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        CheckConstraint("round >= 1", name="round_positive"),
        CheckConstraint("status <> 'closed' OR closed_at IS NOT NULL", name="closed_has_time"),
        Index("ix_ticket_status", "status", "due_at"),
        # What hot spots count is read from this index alone.
        Index("ix_ticket_created", "created_at", "category_id", "division"),
        Index("ix_ticket_dispatched", "dispatched_at"),
        Index("ix_ticket_due", "due_at", "completed_at"),
        Index("ix_ticket_closed", "closed_at"),
        Index("ix_ticket_department", "department_id", "status"),
        Index("ix_ticket_phone", "phone", "created_at"),
        Index("ix_ticket_urged", "urged", postgresql_where=_URGED, sqlite_where=_URGED),
        Index(
            "ix_ticket_main",
            "merged_into_id",
            postgresql_where=text("merged_into_id IS NOT NULL"),
            sqlite_where=text("merged_into_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40), unique=True)
    query_code: Mapped[str] = mapped_column(String(12))
    version: Mapped[int] = mapped_column(default=1)
    channel: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(20))
    urgency: Mapped[str] = mapped_column(String(20))
    status: Mapped[str] = mapped_column(String(20))
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"), index=True)
    title: Mapped[str] = mapped_column(String(120))
    content: Mapped[str] = mapped_column(Text)
    expectation: Mapped[str] = mapped_column(Text, default="")
    place: Mapped[str] = mapped_column(String(200), default="")
    division: Mapped[str | None] = mapped_column(String(20), index=True)
    requester_id: Mapped[int | None] = mapped_column(ForeignKey("requester.id"), index=True)
    requester_name: Mapped[str] = mapped_column(String(60), default="")
    phone: Mapped[str | None] = mapped_column(String(40))
    confidential: Mapped[bool] = mapped_column(default=False)
    reply_wanted: Mapped[bool] = mapped_column(default=True)
    business_environment: Mapped[bool] = mapped_column(default=False)
    round: Mapped[int] = mapped_column(default=1)
    urged: Mapped[int] = mapped_column(default=0)
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    dispatched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledge_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_contacted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    warn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    warned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    audited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    clock_rule: Mapped[str] = mapped_column(Text, default="")
    calendar_version: Mapped[str] = mapped_column(String(40), default="")
    public_reply: Mapped[str] = mapped_column(Text, default="")
    solved: Mapped[str | None] = mapped_column(String(20))
    rating: Mapped[str | None] = mapped_column(String(30))
    first_solved: Mapped[str | None] = mapped_column(String(20))
    first_rating: Mapped[str | None] = mapped_column(String(30))
    suggestion: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    imported: Mapped[bool] = mapped_column(default=False)
    import_id: Mapped[int | None] = mapped_column(Integer, index=True)
    """The history import it came with; taking that back removes it."""
    source_level: Mapped[str | None] = mapped_column(String(20))
    stated_limit: Mapped[str | None] = mapped_column(String(40))
    statutory_limit: Mapped[str | None] = mapped_column(String(40))
    statutory_basis: Mapped[str] = mapped_column(Text, default="", server_default="")
    promised_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    interim_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    interim_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    committed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dispatches: Mapped[int] = mapped_column(default=0, server_default="0")
    returns: Mapped[int] = mapped_column(default=0, server_default="0")
    designated: Mapped[bool] = mapped_column(default=False, server_default=false())
    anonymous: Mapped[bool] = mapped_column(default=False, server_default=false())
    difficult: Mapped[bool] = mapped_column(default=False, server_default=false())
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    history_digest: Mapped[str] = mapped_column(String(64), default="", server_default="")


class Assignment(Base):
    """One department's share of one round, with its own clock and reply; old ones are kept.

    `started_at` is the moment its clock counts from, `next_at` the earliest of its moments that
    no sweep has marked yet. `parent_id` is the share of the unit that passed the work down.
    `escalation` is how many steps of the policy's ladder were taken, `escalate_at` the next.
    `basis` says in words why this unit got it: the dispatch catalogue's row, `responsibility`.
    """

    __tablename__ = "assignment"
    __table_args__ = (
        Index("ix_assignment_ticket", "ticket_id"),
        Index("ix_assignment_department", "department_id", "ended_at"),
        Index("ix_assignment_dispatched", "dispatched_at"),
        # The sweep reads only running clocks; closed tickets cost it nothing.
        Index(
            "ix_assignment_next",
            "next_at",
            "ticket_id",
            postgresql_where=_TICKING,
            sqlite_where=_TICKING,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    part: Mapped[str] = mapped_column(String(20))
    round: Mapped[int]
    dispatched_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    opinion: Mapped[str] = mapped_column(Text, default="")
    dispatched_at: Mapped[datetime] = mapped_column(UtcDateTime)
    acknowledge_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    acknowledged_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    sign_breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_contacted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    warn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    warned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    public_reply: Mapped[str] = mapped_column(Text, default="")
    internal_note: Mapped[str] = mapped_column(Text, default="")
    clock_rule: Mapped[str] = mapped_column(Text, default="")
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("assignment.id"), index=True)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    limit: Mapped[str] = mapped_column(String(40), default="", server_default="")
    calendar_version: Mapped[str] = mapped_column(String(40), default="", server_default="")
    promised_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    return_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    remind_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    interim_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    interim_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    interim_breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    red_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    red_carded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    escalate_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    escalation: Mapped[int] = mapped_column(default=0, server_default="0")
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    designated: Mapped[bool] = mapped_column(default=False, server_default=false())
    ended_how: Mapped[str | None] = mapped_column(String(20))
    replied_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    approved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    score: Mapped[int | None]
    basis: Mapped[str] = mapped_column(Text, default="", server_default="")
    responsibility_id: Mapped[int | None] = mapped_column(ForeignKey("responsibility.id"))

    def next_moment(self) -> datetime | None:
        """The earliest moment at which something is due to be marked; None when nothing is."""
        if self.ended_at is not None:
            return None
        waiting: list[datetime | None] = []
        if self.acknowledged_at is None:
            waiting.append(self.remind_at if self.reminded_at is None else None)
            waiting.append(self.acknowledge_by if self.sign_breached_at is None else None)
        if self.completed_at is None:
            waiting.append(self.warn_at if self.warned_at is None else None)
            waiting.append(self.due_at if self.breached_at is None else None)
            waiting.append(self.red_at if self.red_carded_at is None else None)
            waiting.append(self.escalate_at)
            if self.interim_at is None and self.interim_breached_at is None:
                waiting.append(self.interim_by)
        return min((moment for moment in waiting if moment is not None), default=None)


@event.listens_for(Assignment, "before_insert")
@event.listens_for(Assignment, "before_update")
def _set_next(_mapper: Any, _connection: Any, share: Assignment) -> None:
    """Keep `next_at` true whoever changes a share, so that no clock is ever forgotten."""
    share.next_at = share.next_moment()


class TicketEvent(Base):
    """流转记录: history and outbox in one append-only table.

    `digest` chains the rows of one ticket: it is taken over this row and the digest before it.
    """

    __tablename__ = "ticket_event"
    __table_args__ = (
        Index("ix_ticket_event_ticket", "ticket_id", "id"),
        Index("ix_ticket_event_contact", "contact_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contact.id"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    actor_name: Mapped[str] = mapped_column(String(60))
    actor_role: Mapped[str] = mapped_column(String(20))
    status: Mapped[str | None] = mapped_column(String(20))
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    digest: Mapped[str] = mapped_column(String(64), default="", server_default="")


APPEND_ONLY = {
    "sqlite": tuple(
        f"CREATE TRIGGER ticket_event_no_{deed} BEFORE {deed.upper()} ON ticket_event "
        "BEGIN SELECT RAISE(ABORT, 'ticket_event is append-only'); END"
        for deed in ("update", "delete")
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION ticket_event_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'ticket_event is append-only'; END $$",
        "CREATE TRIGGER ticket_event_append_only BEFORE UPDATE OR DELETE ON ticket_event "
        "FOR EACH ROW EXECUTE FUNCTION ticket_event_refuse()",
    ),
}
"""Statements that make the history refuse every change, for each database."""

for _dialect, _statements in APPEND_ONLY.items():
    for _statement in _statements:
        event.listen(
            TicketEvent.__table__,
            "after_create",
            DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )
