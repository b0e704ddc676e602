"""短信评价链接: a page for one person, one attempt and one answer.

The token names the link and carries a mark made of the machine's key and the link's salt. Neither
token nor mark is stored, so nobody who reads the database can answer for somebody else.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import AlreadyAnswered, LinkExpired, LinkUnusable
from dispatch.domain.events import FollowUpInvited
from dispatch.domain.judging_terms import MessagePurpose
from dispatch.domain.people import SYSTEM
from dispatch.domain.ports import Signer
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import FollowUpMethod, FollowUpState, Status
from dispatch.domain.worktime import SHANGHAI
from dispatch.models.followups import FollowUp
from dispatch.models.judging import SurveyLink
from dispatch.models.people import Department
from dispatch.models.tickets import Ticket
from dispatch.service import followup_rows, text_messages

_TOKEN = re.compile(r"(\d{1,9})-([a-z2-7]{26})")
_LONG_NUMBER = re.compile(r"(?<!\d)(?:1[3-9]\d{9}|\d{15,19}[\dXx]?)(?!\d)")
"""A mobile telephone, an identity card, a bank card; an office's own telephone may be read."""
_WORDS = (
    "【12345热线】您{day}反映的事项，承办单位已经答复。请在{until}前点开链接，"
    "告诉我们是否解决、是否满意：{link} 。不需要输入密码、验证码，也不收费。"
)


@dataclass(frozen=True, kw_only=True)
class SurveyPage:
    """What the page of a link shows: the matter in short, without who and where to reach."""

    number: str
    title: str
    created_at: datetime
    unit: str | None
    reply: str
    expires_at: datetime


def invite(
    session: Session, ticket: Ticket, row: FollowUp, rules: Rules, *, now: datetime
) -> SurveyLink:
    """Make the link of an attempt and put its message into the outbox.

    The caller has locked the ticket. The link is good for `follow_up.link_valid` from now on.
    """
    row.method = FollowUpMethod.LINK.value
    row.state = FollowUpState.SENT.value
    row.called_at = now
    row.number = ticket.phone
    session.add(row)
    session.flush()
    until = rules.link_valid_until(now)
    link = SurveyLink(
        follow_up_id=row.id, salt=secrets.token_hex(16), created_at=now, expires_at=until
    )
    session.add(link)
    opened, ends = ticket.created_at.astimezone(SHANGHAI), until.astimezone(SHANGHAI)
    text_messages.queue(
        session,
        number=ticket.phone or "",
        purpose=MessagePurpose.SURVEY,
        words=_WORDS.format(
            day=f"{opened.month}月{opened.day}日",
            until=f"{ends.month}月{ends.day}日{ends:%H:%M}",
            link=text_messages.LINK,
        ),
        ticket_id=ticket.id,
        follow_up_id=row.id,
        due_at=rules.follow_up_at(now),
    )
    return link


def token_of(session: Session, follow_up_id: int, signer: Signer, *, now: datetime) -> str | None:
    """The token to be sent; None when the attempt is over and nobody may be asked any more."""
    found = session.execute(
        select(SurveyLink, FollowUp, Ticket)
        .join(FollowUp, FollowUp.id == SurveyLink.follow_up_id)
        .join(Ticket, Ticket.id == FollowUp.ticket_id)
        .where(SurveyLink.follow_up_id == follow_up_id)
    ).one_or_none()
    if found is None:
        return None
    link, row, ticket = found
    if not _is_open(row, ticket) or link.expires_at <= now:
        return None
    return f"{link.id}-{signer.sign(_signed_words(link))}"


def was_sent(session: Session, follow_up_id: int, *, now: datetime) -> None:
    """Write into the ticket's history that its requester was invited."""
    row = session.get_one(FollowUp, follow_up_id)
    fact = FollowUpInvited(at=now, ticket_id=row.ticket_id, follow_up_id=row.id)
    record(session, SYSTEM, fact)


def opened(session: Session, token: str, signer: Signer, *, now: datetime) -> SurveyPage:
    """What the page shows; the first look is kept.

    Raises:
        LinkUnusable: forged, or about a matter that is being handled anew.
        LinkExpired: its time is over.
        AlreadyAnswered: by this link, or in another way.
    """
    link = _link(session, token, signer)
    row = session.get_one(FollowUp, link.follow_up_id)
    ticket = session.get_one(Ticket, row.ticket_id)
    _check(session, link, row, ticket, now)
    session.execute(
        update(SurveyLink)
        .where(SurveyLink.id == link.id, SurveyLink.opened_at.is_(None))
        .values(opened_at=now)
    )
    unit = session.scalar(select(Department.name).where(Department.id == ticket.department_id))
    return SurveyPage(
        number=ticket.number,
        title=_short(ticket.title),
        created_at=ticket.created_at,
        unit=unit,
        reply=_short(ticket.public_reply),
        expires_at=link.expires_at,
    )


def taken_up(
    session: Session, token: str, signer: Signer, *, now: datetime
) -> tuple[Ticket, FollowUp]:
    """Lock what a link is about, and use the link up: of two answers at once one goes through.

    Raises:
        LinkUnusable, LinkExpired, AlreadyAnswered: as for `opened`.
    """
    link = _link(session, token, signer)
    ticket, row = followup_rows.lock(session, link.follow_up_id)
    _check(session, link, row, ticket, now)
    mine = session.scalar(
        update(SurveyLink)
        .where(SurveyLink.id == link.id, SurveyLink.used_at.is_(None))
        .values(used_at=now)
        .returning(SurveyLink.id)
    )
    if mine is None:
        raise AlreadyAnswered
    return ticket, row


def run_out(session: Session, *, limit: int, now: datetime) -> list[int]:
    """Attempts whose link has expired without an answer."""
    return list(
        session.scalars(
            select(FollowUp.id)
            .join(SurveyLink, SurveyLink.follow_up_id == FollowUp.id)
            .where(FollowUp.state == FollowUpState.SENT.value, SurveyLink.expires_at <= now)
            .order_by(SurveyLink.expires_at)
            .limit(limit)
        )
    )


def _link(session: Session, token: str, signer: Signer) -> SurveyLink:
    # Telephones capitalise, and people copy a blank along.
    match = _TOKEN.fullmatch(token.strip().lower())
    link = session.get(SurveyLink, int(match[1])) if match else None
    if match is None or link is None or not signer.signed(_signed_words(link), match[2]):
        raise LinkUnusable
    return link


def _signed_words(link: SurveyLink) -> str:
    return f"survey|{link.id}|{link.follow_up_id}|{link.salt}"


def _is_open(row: FollowUp, ticket: Ticket) -> bool:
    return (
        row.state == FollowUpState.SENT.value
        and ticket.status == Status.FOLLOW_UP.value
        and row.round == ticket.round
    )


def _check(
    session: Session, link: SurveyLink, row: FollowUp, ticket: Ticket, now: datetime
) -> None:
    if link.used_at is not None:
        raise AlreadyAnswered
    answered = session.scalar(
        select(FollowUp.method).where(
            FollowUp.ticket_id == ticket.id,
            FollowUp.round == row.round,
            FollowUp.state == FollowUpState.DONE.value,
        )
    )
    if answered is not None:
        how = FollowUpMethod(answered).label
        raise AlreadyAnswered(f"您已经通过“{how}”评价过了，不需要再评价；有新的情况请拨打 12345")
    if link.expires_at <= now:
        raise LinkExpired
    if not _is_open(row, ticket):
        raise LinkUnusable("这件事的办理情况已有变化，这个链接不再使用；查询进度请拨打 12345")


def _short(text: str) -> str:
    """Words for a page that opens without a password, without numbers of persons."""
    return _LONG_NUMBER.sub(lambda found: f"{found[0][:3]}****", text)
