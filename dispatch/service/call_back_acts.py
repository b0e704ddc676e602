"""What people do with call-backs: take one, ring it by hand, call it off and take that back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from dispatch.db import Session
from dispatch.domain.call_ports import OutboundCall
from dispatch.domain.call_terms import CallBackState
from dispatch.domain.calls import CallOutcome, Direction
from dispatch.domain.errors import ActionNotAllowed, InvalidInput, NotFound
from dispatch.domain.people import Actor
from dispatch.domain.rules import Rules
from dispatch.domain.vocabulary import Role
from dispatch.models.contacts import Contact
from dispatch.models.telephone import CallBack
from dispatch.service import call_backs, dialling
from dispatch.service.access import require_role
from dispatch.service.call_back_numbers import obstacle
from dispatch.service.call_back_placing import claim

RINGING = (Role.AGENT, Role.FOLLOW_UP, Role.SUPERVISOR, Role.CENTER)


def take(session: Session, actor: Actor, call_back_id: int, *, now: datetime) -> CallBack:
    """认领: it is not rung by itself while this person is at work; he rings it."""
    require_role(actor, *RINGING)
    row = _waiting(session, call_back_id)
    if row.claimed_by_id not in {None, actor.staff_id} and actor.role is Role.AGENT:
        raise ActionNotAllowed("已有同事认领这个回拨；请选另一个，或请班长改派")
    row.claimed_by_id = actor.staff_id
    call_backs.tell(session, row, now)
    return row


def leave(session: Session, actor: Actor, call_back_id: int, *, now: datetime) -> CallBack:
    """放回: anybody may ring it again, the system too."""
    require_role(actor, *RINGING)
    row = _waiting(session, call_back_id)
    if row.claimed_by_id != actor.staff_id and actor.role is Role.AGENT:
        raise ActionNotAllowed("只能放回自己认领的回拨")
    row.claimed_by_id = None
    call_backs.tell(session, row, now)
    return row


def ring(
    session: Session, actor: Actor, call_back_id: int, rules: Rules, *, now: datetime
) -> tuple[dialling.Attempt, OutboundCall | None]:
    """回拨: the person's own telephone first, then the citizen; the dialling rules hold.

    Returns the attempt, to be insisted on after the commit, and the order to be given then.

    Raises:
        ActionNotAllowed: it is being rung, is over, or is another's.
        InvalidInput: the person has no telephone.
    """
    row = take(session, actor, call_back_id, now=now)
    if actor.extension is None:
        raise InvalidInput("您的账号没有分机，不能回拨；请联系管理员配置分机", field="number")
    talk = call_backs.talk_since(session, row.number, row.last_missed_at)
    if talk is not None:
        call_backs.close_with(session, row, talk)
        raise ActionNotAllowed("来电人已经打通，不用再回拨")
    asked = dialling.attempt(
        session, actor, row.number, rules, contact_id=row.contact_id, way="call_back", now=now
    )
    if asked.refused:
        row.claimed_by_id = None
        return asked, None
    order = claim(session, row, rules, by=actor.staff_id, now=now)
    return asked, OutboundCall(
        extension=actor.extension,
        number=order.number,
        trunk=order.trunk,
        caller_id=order.caller_id,
        channel_id=order.channel_id,
        call_uuid=order.call_uuid,
    )


def cancel(
    session: Session, actor: Actor, call_back_id: int, *, reason: str, now: datetime
) -> CallBack:
    """Call it off, with the reason; `restore` takes that back.

    Raises:
        InvalidInput: no reason was given.
        ActionNotAllowed: it is being rung at this moment, or is over.
    """
    require_role(actor, *RINGING)
    if not reason.strip():
        raise InvalidInput("请写明取消的原因，例如：来电人已到窗口办理", field="reason")
    row = _waiting(session, call_back_id)
    row.state, row.ended_at = CallBackState.CANCELLED.value, now
    row.note, row.claimed_by_id = f"{actor.name}：{reason.strip()[:200]}", None
    call_backs.tell(session, row, now)
    return row


def restore(
    session: Session, actor: Actor, call_back_id: int, rules: Rules, *, now: datetime
) -> CallBack:
    """撤销取消: it waits again in its old place.

    Raises:
        ActionNotAllowed: it was not cancelled, its time is over, or another of the number waits.
    """
    require_role(actor, *RINGING)
    row = _locked(session, call_back_id)
    if row.state != CallBackState.CANCELLED:
        raise ActionNotAllowed("只有已取消的回拨可以恢复")
    if row.expires_at <= now:
        raise ActionNotAllowed("这个回拨已过期，请直接拨打该号码")
    if why := obstacle(session, row.number, rules):
        raise ActionNotAllowed(f"不能恢复：{why}")
    open_ = [CallBackState.WAITING.value, CallBackState.CALLING.value]
    another = select(CallBack.id).where(CallBack.number == row.number, CallBack.state.in_(open_))
    if session.scalar(another) is not None:
        raise ActionNotAllowed("这个号码已有另一个待回拨，不用恢复")
    row.state, row.ended_at, row.note = CallBackState.WAITING.value, None, ""
    row.next_at = max(row.next_at, now)
    call_backs.tell(session, row, now)
    return row


def take_voicemail(session: Session, actor: Actor, contact_id: int) -> int:
    """Take a message to write it up on one's own console; return the contact's id.

    Raises:
        NotFound: there is no such message.
        ActionNotAllowed: a colleague has it, or it was written up.
    """
    require_role(actor, Role.AGENT)
    contact = session.get(Contact, contact_id, with_for_update=True, populate_existing=True)
    left_one = contact is not None and contact.outcome == CallOutcome.VOICEMAIL
    if contact is None or not left_one or contact.direction != Direction.INBOUND:
        raise NotFound("没有找到这条留言")
    if contact.agent_id not in {None, actor.staff_id}:
        raise ActionNotAllowed("这条留言已由同事处理")
    contact.agent_id = actor.staff_id
    return contact.id


def _waiting(session: Session, call_back_id: int) -> CallBack:
    row = _locked(session, call_back_id)
    if row.state == CallBackState.CALLING:
        raise ActionNotAllowed("正在回拨这个号码，请等这次呼叫结束")
    if row.state != CallBackState.WAITING:
        raise ActionNotAllowed(f"这个回拨已经是“{CallBackState(row.state).label}”")
    return row


def _locked(session: Session, call_back_id: int) -> CallBack:
    row = session.get(CallBack, call_back_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("没有找到这个回拨")
    return row
