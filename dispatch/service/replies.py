"""What the policy's rules say about a public reply, before it is handed in and at the audit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.errors import ReplyNotInOrder
from dispatch.domain.lint import Asked, Finding, check
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import RequestKind
from dispatch.models.catalog import Category
from dispatch.models.tickets import Ticket, TicketEvent
from dispatch.models.ties import Particulars, TicketMerge
from dispatch.service.access import ticket_for, visible_to


@dataclass(frozen=True)
class SentBackLine:
    """One time a reply was sent back: when, by whom, why."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True)
class Audit:
    """A reply as its auditor sees it."""

    text: str
    findings: tuple[Finding, ...]
    sent_back: tuple[SentBackLine, ...]

    @property
    def pieces(self) -> tuple[tuple[str, Finding | None], ...]:
        """The reply in order, cut where a finding marks a passage; no passage twice."""
        marked = sorted((f for f in self.findings if f.end > f.start), key=lambda f: f.start)
        pieces: list[tuple[str, Finding | None]] = []
        done = 0
        for finding in marked:
            if finding.start < done:
                continue
            pieces += [(self.text[done : finding.start], None)]
            pieces += [(self.text[finding.start : finding.end], finding)]
            done = finding.end
        pieces.append((self.text[done:], None))
        return tuple((text, finding) for text, finding in pieces if text)


def asked_of(session: Session, ticket: Ticket) -> Asked:
    """What the ticket's reply answers, and everybody it must not name."""
    return _asked(session, [ticket])[ticket.id]


def _asked(session: Session, tickets: Sequence[Ticket]) -> dict[int, Asked]:
    """The same for several tickets at once, in as many statements as for one.

    One reply goes to all whose tickets wait for this one (并单), so none of them is named in it.
    """
    ids = [ticket.id for ticket in tickets]
    said: dict[int, tuple[str | None, Particulars | None]] = {
        number: (category, more)
        for number, category, more in session.execute(
            select(Ticket.id, Category.name, Particulars)
            .outerjoin(Category, Category.id == Ticket.category_id)
            .outerjoin(Particulars, Particulars.ticket_id == Ticket.id)
            .where(Ticket.id.in_(ids))
        )
    }
    others: dict[int, list[tuple[str, str | None]]] = {}
    for main, name, phone in session.execute(
        select(TicketMerge.main_id, Ticket.requester_name, Ticket.phone)
        .join(Ticket, Ticket.id == TicketMerge.child_id)
        .where(TicketMerge.main_id.in_(ids), TicketMerge.undone_at.is_(None))
    ):
        others.setdefault(main, []).append((name, phone))
    return {
        t.id: _one_asked(t, *said.get(t.id, (None, None)), others.get(t.id, [])) for t in tickets
    }


def _one_asked(
    ticket: Ticket,
    category: str | None,
    more: Particulars | None,
    others: Sequence[tuple[str, str | None]],
) -> Asked:
    phones = [ticket.phone, *(phone for _, phone in others)]
    phones += [more.contact_phone, more.reported_phone] if more else []
    names = [ticket.requester_name, *(name for name, _ in others)]
    return Asked(
        request=" ".join(filter(None, (category, ticket.title, ticket.content, ticket.place))),
        kind=RequestKind(ticket.kind),
        names=tuple(dict.fromkeys(filter(None, names))),
        phones=tuple(dict.fromkeys(filter(None, phones))),
    )


def findings(session: Session, ticket: Ticket, text: str, rules: Rules) -> tuple[Finding, ...]:
    """What the policy's rules say about this reply; what blocks comes first."""
    return check(text, asked_of(session, ticket), rules.profile.lint)


def look_over(
    session: Session, reader: Actor, number: str, text: str, rules: Rules
) -> tuple[Finding, ...]:
    """The same for a reply that is still being written.

    Raises:
        NotFound: there is no such ticket, or the reader may not see it.
    """
    return findings(session, ticket_for(session, reader, number), text, rules)


def require_in_order(
    session: Session, ticket: Ticket, text: str, rules: Rules
) -> tuple[Finding, ...]:
    """Refuse a reply that the rules block; return what they only warn of.

    Raises:
        ReplyNotInOrder: the sentence names each rule, and the passage it is about.
    """
    found = findings(session, ticket, text, rules)
    wrong = [finding for finding in found if finding.blocks]
    if wrong:
        said = "；".join(dict.fromkeys(_sentence(finding, text) for finding in wrong))
        raise ReplyNotInOrder(f"答复不符合规范：{said}。修改后可以再次提交", field="public_reply")
    return found


def audits_of(
    session: Session, reader: Actor, numbers: Sequence[str], rules: Rules
) -> dict[str, Audit]:
    """What an auditor looks at, by number, for those the reader may see: the reply's findings,
    and how often and why it was sent back before, the newest first."""
    wanted = visible_to(reader, select(Ticket).where(Ticket.number.in_(numbers)))
    tickets = session.scalars(wanted).all()
    asked = _asked(session, tickets)
    back: dict[int, list[SentBackLine]] = {}
    for e in session.scalars(
        select(TicketEvent)
        .where(TicketEvent.ticket_id.in_(list(asked)), TicketEvent.kind == "SentBack")
        .order_by(TicketEvent.id.desc())
    ):
        line = SentBackLine(e.at, e.actor_name, str(e.details.get("reason", "")))
        back.setdefault(e.ticket_id or 0, []).append(line)
    return {
        t.number: Audit(
            text=t.public_reply,
            findings=check(t.public_reply, asked[t.id], rules.profile.lint),
            sent_back=tuple(back.get(t.id, ())),
        )
        for t in tickets
    }


def codes_of(found: Iterable[Finding]) -> str:
    """The rules that spoke, for the history: codes, no text."""
    return ",".join(dict.fromkeys(finding.code for finding in found))


def _sentence(finding: Finding, text: str) -> str:
    passage = text[finding.start : finding.end].strip()
    where = f"（“{passage[:30]}”）" if passage else ""
    return f"{finding.sentence}{where}{finding.mark.cited}".rstrip("。")
