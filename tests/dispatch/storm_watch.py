"""What must hold after every step of a storm, whoever did what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import Database, digest_of
from dispatch.domain.chain import START
from dispatch.domain.lifecycle import STEPS
from dispatch.domain.terms import ApplicationKind, ApplicationState
from dispatch.domain.vocabulary import Part, Role, Status
from dispatch.models.followups import FollowUp
from dispatch.models.handling import Application
from dispatch.models.oversight import Supervision
from dispatch.models.tickets import Assignment, Ticket, TicketEvent
from dispatch.models.ties import TicketMerge
from dispatch.service import followup_rows

JUDGING = frozenset(
    {
        "AuditPassed",
        "SentBack",
        "TicketClosed",
        "TicketReopened",
        "TicketTerminated",
        "FollowUpAnswered",
        "ApplicationGranted",
        "ApplicationDenied",
        "ShareScored",
        "SupervisionRuled",
    }
)
"""Facts no unit may ever be the author of."""

EDGES: dict[tuple[Status, Status | None], frozenset[Role]] = {}
for (_before, _), _step in STEPS.items():
    _edge = (_before, _step.target)
    EDGES[_edge] = EDGES.get(_edge, frozenset()) | _step.by

BEFORE_ANSWER = frozenset(
    {status for status in Status if status.is_open} - {Status.FOLLOW_UP, Status.MERGED}
)


@dataclass
class Seen:
    """What was seen of one ticket at the step before."""

    version: int
    round: int
    urged: int
    dispatches: int
    returns: int
    dispatched_at: datetime | None
    promised_at: datetime | None


@dataclass
class Watch:
    """Looks at the whole town after each step and remembers what may not go back."""

    database: Database
    last_event: int = 0
    heads: dict[int, str] = field(default_factory=lambda: defaultdict(lambda: START))
    statuses: dict[int, Status] = field(default_factory=dict)
    seen: dict[int, Seen] = field(default_factory=dict)
    merged: set[int] = field(default_factory=set)
    shares: dict[int, tuple[datetime | None, ...]] = field(default_factory=dict)

    def look(self, now: datetime) -> None:
        """Read everything and hold it against the rules."""
        with self.database.read() as s:
            tickets = {t.id: t for t in s.scalars(select(Ticket))}
            shares: dict[int, list[Assignment]] = defaultdict(list)
            for share in s.scalars(select(Assignment).order_by(Assignment.id)):
                shares[share.ticket_id].append(share)
            asked = list(s.scalars(select(Application)))
            merges = list(s.scalars(select(TicketMerge)))
            calls = list(s.scalars(select(FollowUp)))
            orders = list(s.scalars(select(Supervision)))
            fresh = select(TicketEvent).where(TicketEvent.id > self.last_event)
            events = list(s.scalars(fresh.order_by(TicketEvent.id)))
        self._history(tickets, events)
        for ticket in tickets.values():
            self._owner(ticket, shares[ticket.id])
            self._clock(ticket, shares[ticket.id])
            self._end(ticket, shares[ticket.id], asked, calls)
            self._never_back(ticket)
        self._merged(tickets, merges)
        self._calls(tickets, calls)
        self._rulings(asked, shares)
        for order in orders:
            assert order.issued_at <= now
            assert (
                order.closed_by_id is None
                or order.closed_by_id != order.answered_by_id
                or (order.state == "cancelled")
            )

    def _history(self, tickets: dict[int, Ticket], events: Sequence[TicketEvent]) -> None:
        """The chain holds, and every change of status is an edge of the table by that role."""
        for event in events:
            self.last_event = event.id
            if event.ticket_id is None:
                continue
            assert event.digest == digest_of(event, self.heads[event.ticket_id]), event.kind
            self.heads[event.ticket_id] = event.digest
            role = Role(event.actor_role)
            assert role is not Role.DEPARTMENT or event.kind not in JUDGING, event.kind
            if event.status is not None:
                self._edge(event, Status(event.status), role)
        for ticket in tickets.values():
            assert ticket.history_digest == self.heads[ticket.id]
            assert self.statuses[ticket.id] == ticket.status, "a status without its event"

    def _edge(self, event: TicketEvent, after: Status, role: Role) -> None:
        assert event.ticket_id is not None
        before = self.statuses.get(event.ticket_id)
        self.statuses[event.ticket_id] = after
        if before is None:
            assert event.kind in {"TicketOpened", "TicketAnswered"}
        elif before is not after:
            by = EDGES.get((before, after)) or EDGES.get((before, None))
            assert by is not None, f"{event.kind}: {before.label} → {after.label}"
            assert role in by, f"{event.kind} by {role.label}: {before.label} → {after.label}"

    def _owner(self, ticket: Ticket, shares: Sequence[Assignment]) -> None:
        """An open ticket is one unit's, or the centre's."""
        status = Status(ticket.status)
        running = [share for share in shares if share.ended_at is None]
        leads = [share for share in running if share.part == Part.LEAD.value]
        if status.with_department or status is Status.COMPLETED:
            assert len(leads) == 1, f"{status.label} with {len(leads)} lead units"
            assert leads[0].department_id == ticket.department_id
            assert leads[0].round == ticket.round
        else:
            assert not running, f"{status.label}, but shares run"
        assert len({share.department_id for share in running}) == len(running)

    def _clock(self, ticket: Ticket, shares: Sequence[Assignment]) -> None:
        """Whoever has it, has it until a moment that the sweep will see."""
        for share in shares:
            assert share.next_at == share.next_moment()
            kept = (share.dispatched_at, share.promised_at)
            assert self.shares.setdefault(share.id, kept) == kept, "a share began anew"
            if share.ended_at is not None:
                assert share.next_at is None
                assert share.ended_how is not None
                continue
            assert share.due_at is not None
            marked = share.breached_at is not None and share.red_carded_at is not None
            assert share.next_at is not None or share.completed_at is not None or marked
            if share.part == Part.LEAD.value:
                assert ticket.due_at == share.due_at, "the ticket shows another due time"
                assert (share.completed_at is None) == Status(ticket.status).with_department
        if Status(ticket.status).with_department:
            assert ticket.due_at is not None
            assert ticket.promised_at is not None

    def _end(
        self,
        ticket: Ticket,
        shares: Sequence[Assignment],
        asked: Sequence[Application],
        calls: Sequence[FollowUp],
    ) -> None:
        """What is finished is finished: no clock, no question, no call is left over."""
        if not Status(ticket.status).is_final:
            assert ticket.closed_at is None
            return
        assert ticket.closed_at is not None
        assert all(share.ended_at is not None for share in shares)
        waiting = [a for a in asked if a.ticket_id == ticket.id and a.state == "pending"]
        assert not waiting, "an application nobody can rule on any more"
        left = [c for c in calls if c.ticket_id == ticket.id and c.state in followup_rows.OPEN]
        assert not left, "somebody would still be asked"

    def _never_back(self, ticket: Ticket) -> None:
        now = Seen(
            ticket.version,
            ticket.round,
            ticket.urged,
            ticket.dispatches,
            ticket.returns,
            ticket.dispatched_at,
            ticket.promised_at,
        )
        before = self.seen.get(ticket.id)
        if Status(ticket.status) is Status.MERGED or ticket.merged_into_id is not None:
            self.merged.add(ticket.id)
            # Its own clock stands in the merge's row, and comes back unchanged when undone.
            kept = before or now
            self.seen[ticket.id] = Seen(
                now.version,
                now.round,
                now.urged,
                now.dispatches,
                now.returns,
                kept.dispatched_at if now.round == kept.round else now.dispatched_at,
                kept.promised_at if now.round == kept.round else now.promised_at,
            )
        else:
            self.seen[ticket.id] = now
        if before is None:
            return
        for name in ("version", "round", "urged", "dispatches", "returns"):
            assert getattr(now, name) >= getattr(before, name), f"{name} fell"
        if ticket.merged_into_id is not None:
            return
        # Whose answer came with another ticket's and did not content him starts a round of his own.
        own_round = ticket.id in self.merged and now.round != before.round
        if before.dispatched_at is not None and not own_round:
            assert now.dispatched_at == before.dispatched_at, "first dispatched anew"
        if before.promised_at is not None and now.round == before.round:
            assert now.promised_at == before.promised_at, "the promise moved"

    def _merged(self, tickets: dict[int, Ticket], merges: Sequence[TicketMerge]) -> None:
        """A merged ticket waits for one that will be answered, and is not merged itself."""
        waiting = {m.child_id: m for m in merges if m.undone_at is None and m.answered_at is None}
        for ticket in tickets.values():
            if Status(ticket.status) is not Status.MERGED:
                assert ticket.id not in waiting, "waits in a merge, but is not merged"
                continue
            assert ticket.merged_into_id is not None
            main = tickets[ticket.merged_into_id]
            assert ticket.id in waiting
            assert waiting[ticket.id].main_id == main.id
            assert Status(main.status) in BEFORE_ANSWER, f"waits for one that is {main.status}"

    def _calls(self, tickets: dict[int, Ticket], calls: Sequence[FollowUp]) -> None:
        """Who waits for the follow-up is in somebody's list or on the line."""
        undone = set(followup_rows.OPEN)
        for ticket in tickets.values():
            waiting = [
                c
                for c in calls
                if c.ticket_id == ticket.id and c.round == ticket.round and c.state in undone
            ]
            assert len(waiting) <= 1
            if Status(ticket.status) is Status.FOLLOW_UP:
                assert waiting, "nobody will ask the requester"

    def _rulings(self, asked: Sequence[Application], shares: dict[int, list[Assignment]]) -> None:
        """Nobody rules on his own request, or on the return of what he dispatched."""
        pending: dict[int, int] = defaultdict(int)
        for one in asked:
            pending[one.ticket_id] += one.state == ApplicationState.PENDING.value
            if one.state not in {ApplicationState.GRANTED.value, ApplicationState.DENIED.value}:
                continue
            assert one.ruled_by_id != one.asked_by_id
            if one.kind == ApplicationKind.RETURN.value:
                (share,) = [x for x in shares[one.ticket_id] if x.id == one.assignment_id]
                assert one.ruled_by_id != share.dispatched_by_id
        assert max(pending.values(), default=0) <= 1
