"""Who heard whom: a row for every listening, written before the first sound."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, select

from dispatch.db import Session
from dispatch.domain.call_terms import ListeningKind
from dispatch.domain.calls import ListeningsAlive
from dispatch.domain.errors import RoleNotAllowed
from dispatch.domain.people import Actor
from dispatch.models.people import SeatRow
from dispatch.models.telephone import ListeningLog

LIVE_KINDS = frozenset({ListeningKind.LISTEN, ListeningKind.WHISPER, ListeningKind.BARGE})

_LEG = func.coalesce(ListeningLog.leg_id, ListeningLog.id)


def log(
    session: Session,
    actor: Actor,
    kind: ListeningKind,
    *,
    now: datetime,
    agent_id: int | None = None,
    contact_id: int | None = None,
    recording_id: int | None = None,
    leg_id: int | None = None,
    reason: str = "",
) -> ListeningLog:
    """Write down that the actor hears something; commit it before the first sound.

    A recording played or downloaded, or a transcript read, is over as soon as it was given out:
    its row is closed at once. A live talk stays open until `close`.

    Raises:
        RoleNotAllowed: the system itself, which is nobody who could be asked why.
    """
    if actor.staff_id is None:
        raise RoleNotAllowed("监听和播放录音必须由本人账号进行")
    live = kind in LIVE_KINDS
    row = ListeningLog(
        staff_id=actor.staff_id,
        kind=kind.value,
        agent_id=agent_id,
        contact_id=contact_id,
        recording_id=recording_id,
        leg_id=leg_id,
        at=now,
        until=None if live else now,
        reason=reason.strip(),
    )
    session.add(row)
    session.flush()
    return row


def close(session: Session, listening_id: int, *, at: datetime) -> bool:
    """Say when a listening's leg ended, whatever mode it was in; False when it was over."""
    return _end(session, at, _LEG.in_((listening_id,)))


def close_vanished(session: Session, alive: ListeningsAlive, node: str | None = None) -> None:
    """End the listenings whose telephone leg is gone and whose end nobody told.

    With `node` only those of agents at home there: no node knows of another's calls.
    """
    gone = (ListeningLog.at < alive.at, _LEG.not_in(alive.listening_ids))
    if node is None:
        _end(session, alive.at, *gone)
        return
    here = select(SeatRow.staff_id).where(SeatRow.node.in_(("", node)))
    _end(session, alive.at, *gone, ListeningLog.agent_id.in_(here))


def _end(session: Session, at: datetime, *which: ColumnElement[bool]) -> bool:
    rows = session.scalars(
        select(ListeningLog)
        .where(ListeningLog.until.is_(None), *which)
        .order_by(ListeningLog.id)
        .with_for_update()
    ).all()
    for row in rows:
        row.until = max(at, row.at)
    return bool(rows)
