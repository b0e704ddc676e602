"""Which telephone of an agent rings, and whether it answers by itself."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from dispatch.bus import record
from dispatch.db import Session
from dispatch.domain.errors import DialForbidden, InvalidInput, RoleNotAllowed
from dispatch.domain.events import SeatChanged
from dispatch.domain.people import Actor
from dispatch.domain.ports import AgentState, Seat
from dispatch.domain.rules import Rules
from dispatch.models.people import SeatRow, Staff
from dispatch.service import seat_rows
from dispatch.service.seat_wishes import BROWSER, seat_for

DESK_PHONE = "desk_phone"
DEVICES = (BROWSER, DESK_PHONE)


def set_device(
    session: Session,
    actor: Actor,
    device: str,
    number: str,
    desk_phones: Collection[str],
    rules: Rules,
    *,
    now: datetime,
) -> Seat:
    """Let the agent's calls ring in his browser, or at one of our own desk telephones.

    Only a telephone the centre itself has set up may be rung, never an outside number: a call
    that somebody's own telephone takes could be neither recorded nor accounted for. The caller
    asks the telephone system for the seat after the commit.

    Raises:
        RoleNotAllowed: the person has no extension.
        InvalidInput: no such device, or the telephone is another agent's.
        DialForbidden: the number is none of our desk telephones.
    """
    if actor.extension is None or actor.staff_id is None:
        raise RoleNotAllowed("您的账号没有分机号，不能选择话机；请联系管理员配置分机")
    if device not in DEVICES:
        raise InvalidInput("请选择浏览器或话机", field="device")
    number = number.strip() if device == DESK_PHONE else ""
    if device == DESK_PHONE:
        _check_free(session, actor, number, desk_phones)
    row = seat_rows.seat_row(session, actor.staff_id, actor.extension, now)
    if seat_rows.in_call(row):
        raise InvalidInput("通话中不能换话机，请在通话结束后再换", field="device")
    if (row.device, row.other_device) != (device, number):
        row.device, row.other_device = device, number
        record(session, actor, SeatChanged(at=now, extension=row.extension, state=row.state))
    return seat_for(session, row, rules)


def telephone_of(session: Session, actor: Actor) -> str:
    """The telephone the agent's calls ring at now.

    Raises:
        RoleNotAllowed: the person has no extension.
    """
    if actor.extension is None:
        raise RoleNotAllowed("您的账号没有分机号，不能使用电话；请联系管理员配置分机")
    row = session.get(SeatRow, actor.staff_id)
    if row is None or row.device == BROWSER or not row.other_device:
        return actor.extension
    return row.other_device


def set_auto_answer(session: Session, actor: Actor, on: bool, *, now: datetime) -> None:
    """Let the agent's telephone take a queue's call by itself, after a tone.

    Raises:
        RoleNotAllowed: the person has no extension.
    """
    if actor.extension is None or actor.staff_id is None:
        raise RoleNotAllowed("您的账号没有分机号，不能设置自动接听；请联系管理员配置分机")
    seat_rows.seat_row(session, actor.staff_id, actor.extension, now).auto_answer = on
    session.flush()


def _check_free(session: Session, actor: Actor, number: str, desk_phones: Collection[str]) -> None:
    if number not in desk_phones:
        raise DialForbidden(f"“{number}”不是本中心的话机，只能选择列出的话机")
    owner = session.scalar(select(Staff.name).where(Staff.extension == number))
    other = session.scalar(
        select(Staff.name)
        .join(SeatRow, SeatRow.staff_id == Staff.id)
        .where(SeatRow.other_device == number, SeatRow.staff_id != actor.staff_id)
        .where(SeatRow.device == DESK_PHONE, SeatRow.state != AgentState.SIGNED_OUT.value)
    )
    taken = other or owner
    if taken is not None and taken != actor.name:
        raise InvalidInput(f"话机 {number} 正由 {taken} 使用，请换一部", field="number")
