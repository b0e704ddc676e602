"""短信: an outbox. A message is claimed before it is handed over, and every refusal is kept.

The link in a message is not in its row: it is made of the machine's key when the message goes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update

from dispatch.db import Session
from dispatch.domain.errors import ActionNotAllowed, NotFound
from dispatch.domain.judging_terms import MessagePurpose, MessageState
from dispatch.domain.people import Actor
from dispatch.domain.ports import OutgoingText
from dispatch.domain.vocabulary import Role
from dispatch.models.judging import TextMessage
from dispatch.service.access import require_role

LINK = "{link}"
"""Where the link goes in a message's words."""

LEASE = timedelta(minutes=5)
"""A message claimed this long ago whose end nobody wrote down is offered again."""

PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
)
"""How long after each refusal the next try comes; after the last there is none."""

_KEY = "hotline-{}"


@dataclass(frozen=True)
class Claimed:
    """A message this process is to send now; nobody else has it."""

    id: int
    follow_up_id: int | None
    number: str
    words: str

    def with_link(self, link: str) -> OutgoingText:
        """The message as it is handed over."""
        return OutgoingText(_KEY.format(self.id), self.number, self.words.replace(LINK, link))


def queue(
    session: Session,
    *,
    number: str,
    purpose: MessagePurpose,
    words: str,
    ticket_id: int | None = None,
    follow_up_id: int | None = None,
    due_at: datetime,
) -> TextMessage:
    """Put a message into the outbox; it goes out at `due_at` or as soon after as may be."""
    row = TextMessage(
        number=number,
        purpose=purpose.value,
        words=words,
        ticket_id=ticket_id,
        follow_up_id=follow_up_id,
        state=MessageState.WAITING.value,
        due_at=due_at,
    )
    session.add(row)
    session.flush()
    return row


def any_due(session: Session, *, now: datetime) -> bool:
    """Whether a message's time has come, without locking anything."""
    due = select(TextMessage.id).where(
        TextMessage.state == MessageState.WAITING.value, TextMessage.due_at <= now
    )
    return session.scalar(due.limit(1)) is not None


def claim_due(session: Session, *, limit: int, now: datetime) -> list[Claimed]:
    """Take messages whose time has come; each is given to exactly one sender for `LEASE`.

    The due time is moved before anything is sent: a crash in between leaves a message that is
    offered again later with the same key, by which the gateway knows it.
    """
    due = (
        select(TextMessage.id)
        .where(TextMessage.state == MessageState.WAITING.value, TextMessage.due_at <= now)
        .order_by(TextMessage.due_at, TextMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [one for i in list(session.scalars(due)) if (one := _claim(session, i, now))]


def _claim(session: Session, message_id: int, now: datetime) -> Claimed | None:
    row = session.execute(
        update(TextMessage)
        .where(
            TextMessage.id == message_id,
            TextMessage.state == MessageState.WAITING.value,
            TextMessage.due_at <= now,
        )
        .values(tries=TextMessage.tries + 1, claimed_at=now, due_at=now + LEASE, problem="")
        .returning(TextMessage.id, TextMessage.follow_up_id, TextMessage.number, TextMessage.words)
    ).one_or_none()
    return Claimed(*row) if row is not None else None


def sent(session: Session, message_id: int, reference: str, *, now: datetime) -> bool:
    """The gateway took it; False when the row says so already."""
    return _settle(
        session,
        message_id,
        state=MessageState.SENT,
        sent_at=now,
        reference=reference[:80],
        problem="",
    )


def refused(
    session: Session, message_id: int, problem: str, *, permanent: bool, now: datetime
) -> bool:
    """The gateway did not take it: try again later, or give up. Return whether it was given up."""
    tries = session.scalar(select(TextMessage.tries).where(TextMessage.id == message_id)) or 0
    if permanent or tries > len(PAUSES):
        return _settle(session, message_id, state=MessageState.FAILED, problem=problem)
    session.execute(
        update(TextMessage)
        .where(
            TextMessage.id == message_id,
            TextMessage.state == MessageState.WAITING.value,
        )
        .values(due_at=now + PAUSES[max(tries, 1) - 1], problem=problem)
    )
    return False


def drop(session: Session, message_id: int, why: str) -> bool:
    """What it was to say is no longer so: take it back before anybody reads it."""
    return _settle(session, message_id, state=MessageState.WITHDRAWN, problem=why)


def withdraw(session: Session, actor: Actor, message_id: int) -> int | None:
    """撤回 by an administrator before it is sent; return the attempt it belonged to.

    Raises:
        NotFound: there is no such message.
        ActionNotAllowed: it is sent, being sent, or over in another way.
    """
    row = _row(session, actor, message_id)
    if not _settle(
        session, message_id, _IDLE, state=MessageState.WITHDRAWN, problem=f"由{actor.name}撤回"
    ):
        raise ActionNotAllowed("这条短信正在发送、已经发出或已结束，不能撤回")
    return row.follow_up_id


def retry(session: Session, actor: Actor, message_id: int, *, now: datetime) -> None:
    """立即重试 a message that waits for its next try.

    One that was given up stays so: its attempt has ended and a person has taken over.

    Raises:
        NotFound: there is no such message.
        ActionNotAllowed: it does not wait, or is being sent at this moment.
    """
    _row(session, actor, message_id)
    if not _settle(session, message_id, _IDLE, state=MessageState.WAITING, due_at=now):
        raise ActionNotAllowed("这条短信不在等待重试，请刷新页面看最新情况")


def _row(session: Session, actor: Actor, message_id: int) -> TextMessage:
    require_role(actor, Role.ADMIN)
    row = session.get(TextMessage, message_id)
    if row is None:
        raise NotFound("没有找到这条短信")
    return row


_IDLE = or_(TextMessage.claimed_at.is_(None), TextMessage.problem != "")
"""Nobody is handing it over at this moment: never claimed, or the last try was refused."""


def _settle(
    session: Session,
    message_id: int,
    *conditions: ColumnElement[bool],
    state: MessageState,
    **values: object,
) -> bool:
    """Only a message that waits can be sent, given up or taken back, and only once."""
    settled = session.scalar(
        update(TextMessage)
        .where(
            TextMessage.id == message_id,
            TextMessage.state == MessageState.WAITING.value,
            *conditions,
        )
        .values(state=state.value, **values)
        .returning(TextMessage.id)
    )
    return settled is not None
